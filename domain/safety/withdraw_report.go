package safety

import (
	"slices"
	"strings"
	"time"

	"doorstep/domain"
	"doorstep/domain/casework"
	"doorstep/domain/customers"
)

// A household may take its report about our people back, on its page or by
// voice, until it is decided (docs/product.md section 5). The page answers the same
// whether there was a report or not, for others hold that phone too, and asks
// nothing but one line that may stay empty.
//
// Below level 3, by the link, the report ends with it. At level 3 and 4 it only
// says so to whoever decides, who may know what it is to be asked to take
// something back: the keep-away ends by the decision alone. What a desk writes
// down for a caller never ends a report, for it may be the centre's own. Home
// and person stay apart until an area manager lifts that, to which the
// household consents by taking back.

// handleWithdrawReport notes it on the household's open reports of the job.
func handleWithdrawReport(k *customers.Request) error {
	if err := casework.NoteFits(k.In.Note); err != nil {
		return err
	}
	reports, err := reportsOfCustomer(k)
	if err != nil {
		return err
	}
	for i := range reports {
		f := &reports[i]
		ends := k.By == nil && !f.Severe()
		if !f.Status.Open() || f.WithdrawnAt != nil && !ends { // said before
			continue
		}
		if k.By != nil && f.Involves(k.By.UserID) { // nobody writes it down about themselves, nor learns here that there is a report
			continue
		}
		f.WithdrawnAt, f.WithdrawnWords = domain.Ptr(k.Said.Occurred), strings.TrimSpace(k.In.Note)
		if ends {
			if err := k.Tx.Apply(f, "withdraw"); err != nil {
				return err
			}
			setDue(k.Tx, f, false)
			if err := settleConduct(k.Tx, k.Actor, f); err != nil {
				return err
			}
			if err := consentOfCustomer(k, f, domain.Ptr(k.Said.Occurred)); err != nil {
				return err
			}
		}
		f.ChangedAt(k.Now)
		if err := k.Tx.SaveFlag(f); err != nil {
			return err
		}
		if err := notifyHandlers(k.Tx, f, "flag.withdrawn"); err != nil {
			return err
		}
	}
	return nil
}

// reportsOfCustomer are the customer's own reports on the job, locked.
func reportsOfCustomer(k *customers.Request) ([]domain.Flag, error) {
	all, err := k.Tx.FlagsOfCustomer(k.Customer.ID)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(f domain.Flag) bool { return !f.ByCustomer || f.JobID == nil || *f.JobID != k.Job.ID })
	for i := range all {
		f, err := k.Tx.LockFlag(all[i].ID)
		if err != nil {
			return nil, err
		}
		all[i] = *f
	}
	return all, nil
}

// consentOfCustomer notes or takes back the customer's consent to meet the person
// of its report again.
func consentOfCustomer(k *customers.Request, f *domain.Flag, at *time.Time) error {
	apart, err := k.Tx.Exclusions(k.Customer.ID)
	if err != nil {
		return err
	}
	for i := range apart {
		if x := &apart[i]; x.FlagID == f.ID {
			x.ConsentedAt = at
			if err := k.Tx.SaveExclusion(x); err != nil {
				return err
			}
		}
	}
	return nil
}

// undoTakenBack opens the reports again that a stranger took back by a link:
// at the very moment of a contact by it. What a desk wrote down stays.
func undoTakenBack(k *customers.Request, contacts []domain.Attempt) error {
	reports, err := reportsOfCustomer(k)
	if err != nil {
		return err
	}
	for i := range reports {
		f := &reports[i]
		if f.WithdrawnAt == nil || !f.Status.Open() && f.Status != domain.FlagWithdrawn ||
			!slices.ContainsFunc(contacts, func(a domain.Attempt) bool { return a.OccurredAt.Equal(*f.WithdrawnAt) }) {
			continue
		}
		f.WithdrawnAt, f.WithdrawnWords = nil, ""
		if f.Status == domain.FlagWithdrawn {
			if err := k.Tx.Apply(f, "undo-withdraw"); err != nil {
				return err
			}
			f.DueAt, f.Step = domain.Ptr(k.Now.Add(triageTime(f.Level))), 0
			armFlag(k.Tx, f)
			if err := consentOfCustomer(k, f, nil); err != nil {
				return err
			}
			if err := notifyHandlers(k.Tx, f, "flag.triage"); err != nil {
				return err
			}
		}
		f.ChangedAt(k.Now)
		if err := k.Tx.SaveFlag(f); err != nil {
			return err
		}
	}
	return nil
}
