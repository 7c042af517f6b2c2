package casework

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"doorstep/domain"
)

// GiveBack lets go of the visits of a technician who no longer goes for a
// centre. Those ahead, and those to which they are on the way, are due at once, each in a transaction of its own, by job;
// the desk is told of them together, and of those where they are inside, which stay. It
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
		case v.Status == domain.VisitScheduled, v.Status == domain.VisitEnRoute:
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

// GiveBackDue takes out of a crew ahead, or on its way, whoever no longer goes for the centre of
// the job. Who stays is told, and the household, once nobody is left or nobody is on the way any more.
func GiveBackDue(m *VisitCase) error {
	v := m.Visit
	onTheWay := v.Status == domain.VisitEnRoute
	if v.Status != domain.VisitScheduled && !onTheWay {
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
	if err := WaitForCompany(m); err != nil {
		return err
	}
	turnedBack := onTheWay && v.Status == domain.VisitScheduled
	if turnedBack {
		m.Tx.SetDeadline(domain.DueMissed, v.ID, &m.Job.ID, v.WindowEnd.Add(domain.MissedAfter))
		if err := m.Tx.WithdrawNotices(v.ID, "visit.en_route"); err != nil {
			return err
		}
	}
	// Why they do not come is nobody's business in a household's timeline.
	m.Entry(domain.System, "visit.freed", &v.ID, map[string]any{"crew": v.Crew, "was": before})
	if err := SaveVisit(m); err != nil {
		return err
	}
	if !turnedBack { // else they read that they wait for company
		NotifyCrew(m.Case, v, stay, "visit.crew_changed")
	}
	if len(stay) == 0 || turnedBack {
		NotifyCustomer(m.Case, v, "visit.other_technician")
	}
	return nil
}
