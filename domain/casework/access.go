package casework

import (
	"fmt"
	"regexp"
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
func (s *Service) Phone(raw, country, pointer string) (string, error) {
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

var clockPattern = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$`)

// CheckHours refuses shifts that overlap or end before they begin.
func CheckHours(hours []domain.Shift) error {
	for i, h := range hours {
		p := fmt.Sprintf("/hours/%d", i)
		if h.Weekday < 0 || h.Weekday > 6 {
			return domain.Fail(domain.CodeUnprocessable, "A weekday is 0 (Sunday) to 6 (Saturday).").At(p+"/weekday", "0 to 6")
		}
		if !clockPattern.MatchString(h.From) || !clockPattern.MatchString(h.To) || h.From >= h.To {
			return domain.Fail(domain.CodeUnprocessable, "A shift runs from an earlier to a later HH:MM of one day.").At(p, "from before to, HH:MM")
		}
		for _, o := range hours[:i] {
			if o.Weekday == h.Weekday && o.From < h.To && h.From < o.To {
				return domain.Fail(domain.CodeUnprocessable, "Two shifts overlap.").At(p, "shifts of one day must not overlap")
			}
		}
	}
	return nil
}

// MayChangeAccount refuses a party to an open report what would silence, or
// turn into them, another party, whoever decides included (docs/product.md,
// Trust): password, phone, login, role, place, being disabled. Who is in a report
// about our own people changes nobody's account, so that a refusal for one name
// tells nothing of that name. Errors: CodeForbidden.
func MayChangeAccount(tx domain.SafetyTx, a domain.Actor, target *domain.User) error {
	if a.UserID == (domain.ID{}) || a.UserID == target.ID { // the command line; one's own
		return nil
	}
	reports, err := tx.PartiesTo(a.UserID)
	if err != nil {
		return err
	}
	other := domain.Actor{UserID: target.ID, Role: target.Role}
	if target.CentreID != nil {
		other.CentreID = *target.CentreID
	}
	if target.AreaID != nil {
		other.AreaID = *target.AreaID
	}
	for i := range reports {
		f := &reports[i]
		if f.Conduct() || other.AnswersFor(f) || f.Involves(target.ID) {
			return AccountRefused()
		}
	}
	return nil
}

// AccountRefused is the one answer to a change of an account that is not theirs to make.
func AccountRefused() error {
	return domain.Fail(domain.CodeForbidden, "You cannot change this account for now. Ask the area manager, or another one, or an admin.")
}
