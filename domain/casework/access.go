package casework

import (
	"doorstep/domain"
)

// AuthorizeCentre loads a centre that the actor may see.
func AuthorizeCentre(tx domain.CentreTx, a domain.Actor, id domain.ID) (*domain.Centre, error) {
	c, err := tx.Centre(id)
	if err != nil {
		return nil, err
	}
	if !a.Reaches(c.ID, c.AreaID) {
		return nil, domain.NotFound("centre")
	}
	return c, nil
}

// AuthorizeUser finds a user whom the actor may see. Errors: CodeNotFound.
func AuthorizeUser(tx domain.UserTx, a domain.Actor, id domain.ID) (*domain.User, error) {
	u, err := tx.LockUser(id)
	if err != nil {
		return nil, err
	}
	var centre, area domain.ID
	if u.CentreID != nil {
		centre = *u.CentreID
	}
	if u.AreaID != nil {
		area = *u.AreaID
	}
	if u.ID != a.UserID && (a.Role == domain.RoleTechnician || !a.Reaches(centre, area)) {
		return nil, domain.NotFound("user")
	}
	return u, nil
}

// AuthorizeJob locks a job that the actor may see: a technician while in the crew
// of one of its visits.
func AuthorizeJob(tx *Work, a domain.Actor, id domain.ID) (*domain.Job, error) {
	j, err := tx.LockJob(id)
	if err != nil {
		return nil, err
	}
	switch {
	case a.Role == domain.RoleCustomer:
		if j.ID != a.JobID {
			return nil, domain.NotFound("job")
		}
	case a.Role == domain.RoleTechnician:
		visits, err := tx.VisitsOfJob(id)
		if err != nil {
			return nil, err
		}
		for i := range visits {
			if domain.Has(visits[i].Crew, a.UserID) {
				return j, nil
			}
		}
		return nil, domain.NotFound("job")
	case !a.Reaches(j.CentreID, j.AreaID):
		return nil, domain.NotFound("job")
	}
	return j, nil
}
