package casework

import (
	"strings"

	"doorstep/domain"
)

// SameOr is nil for a repeated create, else CodeDuplicate.
func SameOr(same bool, what string) error {
	if same {
		return nil
	}
	return domain.Fail(domain.CodeDuplicate, "Another %s has this id.", what)
}

// Set sets a field that is given.
func Set[T any](dst *T, src *T) {
	if src != nil {
		*dst = *src
	}
}

// Phone reads a number as dialled in a country. Errors: CodeUnprocessable at the pointer.
func Phone(s *Service, raw, country, pointer string) (string, error) {
	if strings.TrimSpace(raw) == "" {
		return "", nil
	}
	e164, err := s.ParsePhone(raw, country)
	if err != nil {
		return "", domain.Fail(domain.CodeUnprocessable, "This is not a phone number that can be dialled.").
			At(pointer, "a valid number, best as +… in E.164")
	}
	return e164, nil
}

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
