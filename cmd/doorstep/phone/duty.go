package phone

import (
	"fmt"
	"time"
)

// NothingToDo is why there was no day to simulate: the server lost nothing, there was no visit to work.
type NothingToDo struct{ Why string }

func (n NothingToDo) Error() string { return n.Why }

// shift is working time by the centre's clock.
type shift struct {
	Weekday  int    `json:"weekday"`
	From, To string // HH:MM
}

// me is what the phone needs to know of who holds it.
type me struct {
	User struct {
		Hours      []shift `json:"hours"`
		Exceptions []struct {
			Date  string  `json:"date"`
			Hours []shift `json:"hours"`
		} `json:"exceptions"`
	} `json:"user"`
	Leave []struct {
		StartsAt time.Time `json:"starts_at"`
		EndsAt   time.Time `json:"ends_at"`
		Status   string    `json:"status"`
	} `json:"leave"`
	Zone string `json:"zone"`
}

// offDuty says why somebody does not work at an instant; empty: they do, or it is not known.
func (m *me) offDuty(at time.Time) string {
	for _, l := range m.Leave {
		if l.Status == "approved" && !at.Before(l.StartsAt) && at.Before(l.EndsAt) {
			return "on leave until " + l.EndsAt.Format("2006-01-02 15:04 MST")
		}
	}
	loc, err := time.LoadLocation(m.Zone)
	if err != nil || len(m.User.Hours) == 0 && len(m.User.Exceptions) == 0 {
		return ""
	}
	local := at.In(loc)
	clock, today := local.Format("15:04"), m.User.Hours
	other := false
	for _, x := range m.User.Exceptions {
		if x.Date == local.Format(time.DateOnly) {
			today, other = x.Hours, true
		}
	}
	for _, s := range today {
		if (other || s.Weekday == int(local.Weekday())) && s.From <= clock && clock < s.To {
			return ""
		}
	}
	return fmt.Sprintf("off duty: it is %s %s in %s", local.Weekday(), clock, loc)
}

// nothingToDo is why no visit can be worked.
func (p *Phone) nothingToDo() error {
	if p.state.Me != nil {
		if why := p.state.Me.offDuty(p.clock().Add(p.state.Ahead)); why != "" {
			return NothingToDo{fmt.Sprintf("%s is %s, and has no visit to work; nothing was tried, so nothing was lost", p.o.Login, why)}
		}
	}
	return NothingToDo{p.o.Login + " has no visit to work: let a desk book some first (--desk-login)"}
}
