package casework

import (
	"context"

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

// ActorOf is a member of staff as an actor, with the areas for which they stand in.
func ActorOf(ctx context.Context, s *Service, u *domain.User) (domain.Actor, error) {
	a := domain.Actor{UserID: u.ID, Name: u.Name, Language: u.Language, Role: u.Role}
	if u.CentreID != nil {
		a.CentreID = *u.CentreID
	}
	if u.AreaID != nil {
		a.AreaID = *u.AreaID
	}
	var err error
	if u.Role == domain.RoleAreaManager {
		a.Deputises, err = s.Read.DeputyFor(ctx, u.ID)
	}
	return a, err
}

// AtDesk reports whether somebody answers where the household of a job calls: they are of
// its centre, or manage its area.
func AtDesk(a domain.Actor, j *domain.Job) bool {
	return !a.Is(domain.RoleAgent, domain.RoleAdmin) && a.Reaches(j.CentreID, j.AreaID)
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
