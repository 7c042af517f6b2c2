package safety

import (
	"doorstep/domain"
	"doorstep/domain/casework"
)

// householdKept follows each change of a household: what lies over another row of it lies over
// this one's visits from now on.
func householdKept(tx *casework.Work, c *domain.Customer) error {
	if c.Version == 1 {
		return nil // it has no visits yet
	}
	return underHolds(tx, c.ID)
}

// underHolds lets the visits of a household that turned out to be held keep their slot until
// their window, as those of the row that was reported.
func underHolds(tx *casework.Work, customer domain.ID) error {
	visits, err := tx.UnfinishedOfCustomer(customer)
	if err != nil || len(visits) == 0 {
		return err
	}
	holds, err := tx.HoldsOver(&domain.Job{CustomerID: customer}, false)
	if err != nil {
		return err
	}
	for _, h := range holds {
		if h.Kind != domain.HoldSafety {
			continue
		}
		for i := range visits {
			if v := &visits[i]; v.Status == domain.VisitScheduled {
				tx.SetDeadline(domain.DueHeldCancel, v.ID, &v.JobID, casework.Later(v.WindowStart, tx.Now))
			}
		}
		break
	}
	return nil
}
