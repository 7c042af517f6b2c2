package casework

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"doorstep/domain"
)

// GiveBack lets go of the visits of a technician who no longer goes for a
// centre. Those ahead are due at once, each in a transaction of its own, by job;
// the desk is told of them together, and of those under way, which stay. It
// gives the number of both. REQUIRES: their row is locked, so that nobody books
// them meanwhile.
func GiveBack(tx *Work, u *domain.User, centre domain.ID) (ahead, underWay int, err error) {
	visits, err := tx.BusyBetween(u.ID, tx.Now.AddDate(-1, 0, 0), tx.Now.AddDate(2, 0, 0))
	if err != nil {
		return 0, 0, err
	}
	slices.SortFunc(visits, func(a, b domain.Visit) int { return slices.Compare(a.JobID[:], b.JobID[:]) })
	for i := range visits {
		switch v := &visits[i]; {
		case v.Status == domain.VisitScheduled:
			ahead++
			tx.SetDeadline(domain.DueGiveBack, v.ID, &v.JobID, tx.Now)
		case v.Status.UnderWay():
			underWay++
		}
	}
	c, err := tx.Centre(centre)
	if err != nil {
		return 0, 0, err
	}
	for _, said := range []struct {
		kind string
		n    int
	}{{"visits.given_back", ahead}, {"visits.left_under_way", underWay}} {
		if said.n == 0 {
			continue
		}
		for _, role := range []domain.Role{domain.RoleProprietor, domain.RoleCoordinator} {
			users, err := tx.UsersWith(role, &centre, nil)
			if err != nil {
				return 0, 0, err
			}
			users = slices.DeleteFunc(users, func(o domain.User) bool { return o.ID == u.ID || tx.Call != nil && o.ID == tx.Call.Actor.UserID })
			err = NotifyOnDuty(tx, users, c, func(o *domain.User) domain.Notice {
				return NewNotice(tx.Svc, said.kind, o.Language, tx.Now, tx.Now.Add(24*time.Hour), ToUser(o.ID), counted(said.kind, o.Language, said.n))
			})
			if err != nil {
				return 0, 0, err
			}
		}
	}
	if ahead > 0 && !u.Disabled {
		err = NotifyUser(tx, u.ID, "visits.no_longer_yours", counted("visits.no_longer_yours", u.Language, ahead))
	}
	return ahead, underWay, err
}

// counted says a number in the words of a kind.
func counted(kind, language string, n int) domain.NoticeOption {
	return func(o *domain.Notice) {
		o.Title, o.Body = domain.Say(kind, language, "")
		o.Title, o.Body = strings.ReplaceAll(o.Title, "{n}", strconv.Itoa(n)), strings.ReplaceAll(o.Body, "{n}", strconv.Itoa(n))
	}
}

// GiveBackDue takes out of a crew ahead whoever no longer goes for the centre of
// the job. Who stays is told, and the household, once nobody is left.
func GiveBackDue(m *VisitCase) error {
	v := m.Visit
	if v.Status != domain.VisitScheduled {
		return nil
	}
	users, err := m.Tx.Users(v.Crew)
	if err != nil {
		return err
	}
	stay := []domain.ID{}
	for i := range users {
		if users[i].GoesFor(m.Job.CentreID) {
			stay = append(stay, users[i].ID)
		}
	}
	if len(stay) == len(v.Crew) {
		return nil
	}
	if err := domain.CheckVisit(domain.System, "free", v); err != nil {
		return err
	}
	m.Tx.Call = &Call{Actor: domain.System, Bulk: true} // it is one of all that somebody gave back
	before := slices.Clone(v.Crew)
	m.SetCrew(stay)
	// Why they do not come is nobody's business in a household's timeline.
	m.Entry(domain.System, "visit.freed", &v.ID, map[string]any{"crew": v.Crew, "was": before})
	if err := SaveVisit(m); err != nil {
		return err
	}
	NotifyCrew(m.Case, v, stay, "visit.crew_changed")
	if len(stay) == 0 {
		NotifyCustomer(m.Case, v, "visit.other_technician")
	}
	return nil
}
