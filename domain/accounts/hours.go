package accounts

import (
	"context"
	"fmt"
	"regexp"

	"doorstep/domain"
	"doorstep/domain/casework"
)

// SetHours replaces a technician's weekly hours and, unless they are nil, the
// exceptions from them and how many visits a day they take (0: as many as
// fit). Coordinator, proprietor, area manager, admin. Errors: CodeUnprocessable.
func (s *Service) SetHours(ctx context.Context, call *casework.Call, id domain.ID, hours []domain.Shift,
	exceptions *domain.JSONList[domain.DayHours], most *int) (domain.User, error) {
	return s.setTechnician(ctx, call, id, func(u *domain.User) error {
		u.Hours, u.RingsAlways = hours, false
		if exceptions != nil {
			u.Exceptions = *exceptions
		}
		if err := setMost(&u.MaxVisitsPerDay, most); err != nil {
			return err
		}
		if err := checkHours(hours); err != nil {
			return err
		}
		return checkExceptions(u.Exceptions)
	})
}

func checkExceptions(days []domain.DayHours) error {
	seen := map[string]bool{}
	for i, d := range days {
		p := fmt.Sprintf("/exceptions/%d", i)
		if !domain.DateShape(d.Date) || seen[d.Date] {
			return domain.Fail(domain.CodeUnprocessable, "An exception is for a date, once.").At(p+"/date", "YYYY-MM-DD, each once")
		}
		seen[d.Date] = true
		shifts := make([]domain.Shift, len(d.Hours))
		for k, h := range d.Hours {
			shifts[k] = domain.Shift{From: h.From, To: h.To}
		}
		if checkHours(shifts) != nil {
			return domain.Fail(domain.CodeUnprocessable, "The hours of an exception run from an earlier to a later HH:MM and do not overlap.").
				At(p+"/hours", "from before to, HH:MM")
		}
	}
	return nil
}

var clockPattern = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$`)

// checkHours refuses shifts that overlap or end before they begin.
func checkHours(hours []domain.Shift) error {
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

// QuietInput sets the hours in which only an SOS rings; both empty for none.
type QuietInput struct {
	QuietFrom string `json:"quiet_from"`
	QuietTo   string `json:"quiet_to"`
	// RingsAlways asks to be rung outside the weekly hours too; a new roster
	// takes it back.
	RingsAlways bool `json:"rings_always"`
}

func checkQuiet(from, to string) error {
	if (from == "") != (to == "") || from != "" && (!clockPattern.MatchString(from) || !clockPattern.MatchString(to) || from == to) {
		return domain.Fail(domain.CodeUnprocessable, "Quiet hours run from one HH:MM to another; leave both empty for none.").
			At("/quiet_from", "HH:MM, and quiet_to")
	}
	return nil
}

// SetQuiet sets the own quiet hours. Everyone for themselves; they are local to
// their centre, else UTC.
func (s *Service) SetQuiet(ctx context.Context, call *casework.Call, in QuietInput) (domain.User, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (domain.User, error) {
		if err := checkQuiet(in.QuietFrom, in.QuietTo); err != nil {
			return domain.User{}, err
		}
		u, err := tx.LockUser(call.Actor.UserID)
		if err != nil {
			return domain.User{}, err
		}
		u.QuietFrom, u.QuietTo, u.RingsAlways = in.QuietFrom, in.QuietTo, in.RingsAlways
		u.ChangedAt(tx.Now)
		err = tx.SaveUser(u)
		return *u, err
	})
}

// SetRoster replaces the weekly hours of anybody: proprietor for their centre,
// area manager for the area, admin. Errors: CodeUnprocessable.
func (s *Service) SetRoster(ctx context.Context, call *casework.Call, id domain.ID, hours []domain.Shift) (domain.User, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (domain.User, error) {
		u, err := casework.AuthorizeUser(tx, call.Actor, id)
		if err != nil {
			return domain.User{}, err
		}
		if !call.Actor.Is(domain.RoleProprietor, domain.RoleAreaManager, domain.RoleAdmin) {
			return domain.User{}, domain.Fail(domain.CodeForbidden, "As %s you may not set rosters.", domain.RoleWords(call.Actor.Role))
		}
		if err := checkHours(hours); err != nil {
			return domain.User{}, err
		}
		if u.Role != domain.RoleTechnician { // who decides is not put off duty by who is reported
			if err := mayChangeAccount(tx, call.Actor, u); err != nil {
				return domain.User{}, err
			}
		}
		u.Hours, u.RingsAlways = hours, false
		u.ChangedAt(tx.Now)
		err = tx.SaveUser(u)
		return *u, err
	})
}

// visitsADay bounds what can be set as a number of visits a day.
const visitsADay = 10000

// setMost sets how many visits a day somebody takes; 0 takes the bound away.
func setMost(dst **int, most *int) error {
	switch {
	case most == nil:
	case *most < 0 || *most > visitsADay:
		return domain.Fail(domain.CodeUnprocessable, "A number of visits a day is 1 to %d, or 0 for no bound.", visitsADay).
			At("/max_visits_per_day", "0 to 10000")
	case *most == 0:
		*dst = nil
	default:
		*dst = most
	}
	return nil
}
