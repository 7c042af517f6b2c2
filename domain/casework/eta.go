package casework

import (
	"strings"
	"time"

	"doorstep/domain"
)

// Jeopardy: a visit that will be late is known before it is, from where the
// technician's day stands (docs/product.md section 6). Desk and household are told
// once, with the time that is expected now.

const (
	dayAhead   = 12 * time.Hour // of a running day
	checkAgain = time.Minute    // at least, between two looks at one visit
)

// ETA is when a visit is reached, as the day stands.
type ETA struct {
	visit   *domain.Visit
	Arrival time.Time
}

// RunningDay reckons when the scheduled visits of a technician's day are
// reached: the visit under way ends as planned from when it began, or now when
// that is over; then the ways and the planned lengths. A day in which nobody
// has moved yet tells nothing: ok is false. Visits come by planned start.
func RunningDay(day []domain.Visit, place func(*domain.Visit) domain.Point, way func(from, to domain.Point) float64, home domain.Point,
	now time.Time) (out []ETA, ok bool) {
	free, at := now, home
	var left time.Time // when the place was left
	for i := range day {
		v := &day[i]
		var ended *time.Time
		switch {
		case v.EndedAt != nil && (v.ArrivedAt != nil || v.StartedAt != nil || v.Status == domain.VisitCompleted ||
			v.Status == domain.VisitPartial ||
			v.Status == domain.VisitNoAccess):
			ended = v.EndedAt
		case v.Status.UnderWay():
			ok = true
		}
		if ended != nil {
			ok = true
			if ended.After(left) {
				left, at = *ended, place(v)
			}
		}
	}
	if !ok {
		return nil, false
	}
	for i := range day {
		v := &day[i]
		if !v.Status.UnderWay() {
			continue
		}
		begun := v.StartedAt
		if begun == nil {
			begun = v.ArrivedAt
		}
		ends := now
		if begun == nil { // on the way
			way := way(at, place(v))
			set := now
			if v.EnRouteAt != nil {
				set = *v.EnRouteAt
			}
			arrives := Later(set.Add(time.Duration(way)*time.Minute), now)
			begun = domain.Ptr(Later(arrives, v.WindowStart))
		}
		ends = Later(begun.Add(time.Duration(v.PlannedMinutes)*time.Minute), ends)
		free, at = Later(free, ends), place(v)
	}
	for i := range day {
		v := &day[i]
		if v.Status != domain.VisitScheduled {
			continue
		}
		way := way(at, place(v))
		arrival := Later(free, now).Add(time.Duration(way) * time.Minute)
		out = append(out, ETA{v, arrival})
		free, at = Later(arrival, v.PlannedStart).Add(time.Duration(v.PlannedMinutes)*time.Minute), place(v)
	}
	return out, true
}

// dayFollows looks at a crew's day anew when one of its visits moves.
func dayFollows(tx *Work, v *domain.Visit) {
	if v.PlannedStart.After(tx.Now.Add(dayAhead)) {
		return
	}
	for _, id := range v.Crew {
		tx.SetDeadline(domain.DueDay, id, nil, tx.Now)
	}
}

// etasOfDay reckons the day of a technician from what is stored.
func etasOfDay(tx *Work, technician domain.ID) ([]ETA, error) {
	day, err := tx.DayOf(technician, tx.Now.Add(-dayAhead), tx.Now.Add(dayAhead))
	if err != nil || len(day) == 0 {
		return nil, err
	}
	u, err := tx.User(technician)
	if err != nil {
		return nil, err
	}
	jobs := make([]domain.ID, len(day))
	for i := range day {
		jobs[i] = day[i].JobID
	}
	places, err := tx.PlacesOf(jobs)
	if err != nil {
		return nil, err
	}
	out, _ := RunningDay(day, func(v *domain.Visit) domain.Point { return places[v.JobID] },
		func(from, to domain.Point) float64 { return Way(tx.Svc, from, to) },
		domain.Point{Lat: u.HomeLat, Lon: u.HomeLon}, tx.Now)
	return out, nil
}

// RecomputeETAs sets for each visit ahead when to look at it: now when it will be
// late, else when it could be at the earliest.
func RecomputeETAs(tx *Work, technician domain.ID) error {
	day, err := etasOfDay(tx, technician)
	if NotFound(err) {
		return nil
	}
	for _, e := range day {
		lookAt(tx, e)
	}
	return err
}

func lookAt(tx *Work, e ETA) {
	due := tx.Now
	if spare := e.visit.WindowEnd.Sub(e.Arrival); spare >= 0 {
		due = tx.Now.Add(max(spare, checkAgain))
	}
	if due.Before(e.visit.WindowEnd) {
		tx.SetDeadline(domain.DueJeopardy, e.visit.ID, &e.visit.JobID, due)
	}
}

// JeopardyDue tells desk and household, once for each visit, that it will be
// late. Not under a safety hold or a plan that permits no visit: nobody comes.
func JeopardyDue(m *VisitCase) error {
	v := m.Visit
	if v.Status != domain.VisitScheduled || m.Held != nil || domain.PlanPermits.Unmet(m.Plan, nil, nil) != "" || !m.Now.Before(v.WindowEnd) {
		return nil
	}
	var worst *ETA
	for _, id := range v.Crew {
		day, err := etasOfDay(m.Tx, id)
		if err != nil {
			return err
		}
		for i := range day {
			if e := &day[i]; e.visit.ID == v.ID && (worst == nil || e.Arrival.After(worst.Arrival)) {
				worst = e
			}
		}
	}
	if worst == nil {
		return nil
	}
	if !worst.Arrival.After(v.WindowEnd) {
		lookAt(m.Tx, *worst)
		return nil
	}
	told, err := m.Tx.EntriesOfKind(m.Job.ID, "visit.late_expected")
	if err != nil {
		return err
	}
	for i := range told {
		if told[i].VisitID != nil && *told[i].VisitID == v.ID {
			return nil
		}
	}
	// People are told a time that a clock shows.
	at := worst.Arrival.Add(5*time.Minute - time.Second).Truncate(5 * time.Minute)
	m.Entry(domain.System, "visit.late_expected", &v.ID, map[string]any{"expected_at": at, "window_end": v.WindowEnd})
	clock := at.In(m.Site.Location()).Format("15:04")
	expectedAt := func(n *domain.Notice) { n.Body = strings.ReplaceAll(n.Body, "{at}", clock) }
	expires := Later(at, v.WindowEnd)
	users, err := m.Tx.UsersWith(domain.RoleCoordinator, &m.Job.CentreID, nil)
	if err != nil {
		return err
	}
	err = NotifyOnDuty(m.Tx, users, m.Centre, func(u *domain.User) domain.Notice {
		return NewNotice(m.Tx.Svc, "visit.late_desk", u.Language, m.Now, expires, ToUser(u.ID), m.about("visit.late_desk", v, u.Language),
			expectedAt)
	})
	if err != nil {
		return err
	}
	language := m.Customer.LanguageOf(m.Job.ContactID)
	m.Tx.Enqueue(NewNotice(m.Tx.Svc, "visit.late", language, m.Now, expires, m.about("visit.late", v, language), expectedAt,
		func(n *domain.Notice) {
			n.CustomerID, n.WithLink = &m.Customer.ID, true
		}))
	return nil
}
