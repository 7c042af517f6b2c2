package casework

import (
	"strconv"
	"strings"
	"time"

	"doorstep/domain"
	"doorstep/domain/duty"
	"doorstep/domain/reach"
)

// Off duty is off duty (docs/product.md section 5): what is not an SOS waits for
// the reader's next duty, or rings whoever is on duty. Everything stands in
// the inbox at once, for who looks by themselves.

// alwaysRings are notices that cannot wait: a crew on its way to a door over
// which a hold was placed is warned at once, who must not go on is asked to
// call, and whoever owns a call back hears of a danger that a household speaks of.
var alwaysRings = map[string]bool{"flag.live": true, "flag.live_overdue": true, "visit.wait": true, "visit.call_desk": true,
	"call.manager": true, "promise.now": true}

// onDuty is when a person may be rung. Without weekly hours it is when their centre
// may call, and for those of no centre always, but for leave, quiet hours and dates
// with hours of their own; holidays of the centre are free for those whose hours are
// set.
func onDuty(tx *Work, u *domain.User, c *domain.Centre, leaves []domain.Leave) duty.Roster {
	var of *domain.Centre
	var hours domain.JSONList[domain.Shift]
	var dates domain.JSONList[domain.DayHours]
	if !u.RingsAlways {
		hours, dates = u.Hours, u.Exceptions
	}
	if len(hours) > 0 {
		of = c
	}
	r := rosterOf(hours, dates, of)
	if c != nil {
		r.Location = c.Location()
	}
	for _, l := range leaves {
		if l.TechnicianID == u.ID {
			r.Away = append(r.Away, duty.Span{From: l.StartsAt, To: l.EndsAt})
		}
	}
	r.QuietFrom, r.QuietTo = u.QuietFrom, u.QuietTo
	if r.QuietFrom == "" && len(hours) == 0 && !u.RingsAlways && c != nil && u.CentreID != nil && *u.CentreID == c.ID {
		rules := callRules(tx, c.ID)
		r.QuietFrom, r.QuietTo = rules.ClosesAt, rules.OpensAt
	}
	return r
}

// callRules are a centre's rules of calling; the default's where they cannot be read.
func callRules(tx *Work, centre domain.ID) reach.Policy {
	policies, err := tx.Policies(centre)
	if err != nil {
		return reach.Default()
	}
	return EffectivePolicy(policies, tx.Now)
}

// ringsAt is when a notice may ring a person: now, or at their next duty. What
// is about a visit that begins before then does not wait.
func ringsAt(n *domain.Notice, r duty.Roster, starts *time.Time, now time.Time) time.Time {
	if alwaysRings[n.Kind] {
		return now
	}
	next, ok := r.Next(now)
	if !ok { // leave without end: it stands in the inbox for their return
		next = now.AddDate(0, 0, 60)
	}
	if starts != nil && !starts.Before(now.Add(-time.Hour)) && starts.Before(next) {
		return now
	}
	return next
}

// notifyOne rings one person, or lets the notice wait for their next duty.
func notifyOne(tx *Work, n domain.Notice, u *domain.User, c *domain.Centre, leaves []domain.Leave, starts *time.Time) {
	remind(tx, n.Kind, u)
	r := onDuty(tx, u, c, leaves)
	if at := ringsAt(&n, r, starts, tx.Now); at.After(tx.Now) {
		wait(tx, &n, u, starts, at, domain.DueDuty)
	} else if r.On(tx.Now) {
		waitForOthers(tx, &n, u, starts, r)
	}
	tx.Enqueue(n)
}

// waitForOthers lets a notice that is one of many ring somebody on duty together with
// the others.
func waitForOthers(tx *Work, n *domain.Notice, u *domain.User, starts *time.Time, r duty.Roster) {
	switch full := tx.Now.Truncate(time.Hour).Add(time.Hour); {
	case tx.Call == nil || !tx.Call.Bulk || alwaysRings[n.Kind]:
	case tx.Call.Hour && r.On(full):
		wait(tx, n, u, starts, full, domain.DueHour)
	default:
		wait(tx, n, u, starts, tx.Now.Add(bulkSettles), domain.DueDuty)
	}
}

// bulkSettles is how long after the last of many changes whoever they are about
// is rung, once.
const bulkSettles = 2 * time.Second

// wait keeps a notice for the beginning of a duty. Unless it is about a visit
// with a time of its own, it is still good then.
func wait(tx *Work, n *domain.Notice, u *domain.User, starts *time.Time, until time.Time, due domain.DeadlineKind) {
	n.Waits, n.NotBefore = true, until
	if good := until.Add(24 * time.Hour); starts == nil && n.ExpiresAt.Before(good) {
		n.ExpiresAt = good
	}
	tx.SetDeadline(due, u.ID, nil, until)
}

// NotifyOnDuty rings those of a role who are on duty; the others find it in their
// inbox. When nobody is, it waits for each one's next duty.
func NotifyOnDuty(tx *Work, users []domain.User, c *domain.Centre, make func(*domain.User) domain.Notice) error {
	ids := []domain.ID{}
	for i := range users {
		ids = append(ids, users[i].ID)
	}
	leaves, err := tx.LeavesAt(ids, tx.Now)
	if err != nil {
		return err
	}
	on, rosters := map[domain.ID]bool{}, []duty.Roster{}
	for i := range users {
		r := onDuty(tx, &users[i], c, leaves)
		rosters = append(rosters, r)
		if r.On(tx.Now) {
			on[users[i].ID] = true
		}
	}
	for i := range users {
		u := &users[i]
		n := make(u)
		remind(tx, n.Kind, u)
		switch {
		case on[u.ID] || alwaysRings[n.Kind]:
			waitForOthers(tx, &n, u, nil, rosters[i])
		case len(on) > 0:
			n.State = "done"
		default:
			if at := ringsAt(&n, rosters[i], nil, tx.Now); at.After(tx.Now) {
				wait(tx, &n, u, nil, at, domain.DueDuty)
			}
		}
		tx.Enqueue(n)
	}
	return nil
}

// OnDuty are those who are on duty now.
func OnDuty(tx *Work, users []domain.User, c *domain.Centre) ([]domain.User, error) {
	ids := []domain.ID{}
	for i := range users {
		ids = append(ids, users[i].ID)
	}
	leaves, err := tx.LeavesAt(ids, tx.Now)
	if err != nil {
		return nil, err
	}
	out := []domain.User{}
	for i := range users {
		if r := onDuty(tx, &users[i], c, leaves); r.On(tx.Now) {
			out = append(out, users[i])
		}
	}
	return out, nil
}

// severalOf are the kinds that have words of their own for several at once.
var severalOf = map[string]string{"visit.assigned": "visits.assigned", "job.silent": "jobs.silent"}

// DutyBegins hands over what waited: one notice as itself, several as one
// digest.
func DutyBegins(tx *Work, user domain.ID) error {
	u, err := tx.User(user)
	if NotFound(err) || err == nil && u.Disabled {
		return nil
	} else if err != nil {
		return err
	}
	var c *domain.Centre
	if u.CentreID != nil {
		if c, err = tx.Centre(*u.CentreID); err != nil {
			return err
		}
	}
	waiting, err := tx.WaitingNotices(user)
	if err != nil {
		return err
	}
	live := waiting[:0]
	for _, n := range waiting {
		if n.ExpiresAt.After(tx.Now) {
			live = append(live, n)
		} else if err := tx.EndWaiting(n.ID, "expired"); err != nil {
			return err
		}
	}
	if len(live) == 0 {
		return nil
	}
	leaves, err := tx.LeavesOf(user, tx.Now, tx.Now.AddDate(0, 0, 60))
	if err != nil {
		return err
	}
	if r := onDuty(tx, u, c, leaves); !r.On(tx.Now) { // their hours changed meanwhile
		if next, ok := r.Next(tx.Now); ok {
			tx.SetDeadline(domain.DueDuty, user, nil, next)
		}
		return nil
	}
	if len(live) == 1 {
		n := live[0]
		if err := tx.EndWaiting(n.ID, "withdrawn"); err != nil {
			return err
		}
		rings(tx, n)
		return nil
	}
	high, kind := false, severalOf[live[0].Kind]
	for _, n := range live {
		high = high || n.High
		if kind == "" || severalOf[n.Kind] != kind {
			kind = "digest"
		}
		if err := tx.EndWaiting(n.ID, "done"); err != nil {
			return err
		}
	}
	tx.Enqueue(NewNotice(tx.Svc, kind, u.Language, tx.Now, tx.Now.Add(12*time.Hour), ToUser(user), func(n *domain.Notice) {
		n.Title, n.Body = domain.Say(kind, u.Language, "")
		n.Title, n.High = strings.ReplaceAll(n.Title, "{n}", strconv.Itoa(len(live))), high
	}))
	return nil
}

// notifyHome tells a household at a decent hour of its site, which are those in
// which it may be called. What is about a visit that begins soon does not wait.
func (c *Case) notifyHome(n domain.Notice, starts *time.Time) {
	if starts == nil || starts.After(c.Now.Add(domain.ComingHours)) {
		if at := c.decentHour(); at.After(c.Now) {
			n.Waits, n.NotBefore = true, at
			if good := at.Add(24 * time.Hour); starts == nil && n.ExpiresAt.Before(good) {
				n.ExpiresAt = good
			}
			c.Tx.SetDeadline(domain.DueHome, c.Customer.ID, nil, at)
		}
	}
	c.Tx.Enqueue(n)
}

// decentHour is the next instant at which a household may be called; holidays do
// not matter to a message. Where the rules cannot be read it is the default's.
func (c *Case) decentHour() time.Time {
	rules := callRules(c.Tx, c.Job.CentreID)
	r := duty.Roster{Location: c.Site.Location(), QuietFrom: rules.ClosesAt, QuietTo: rules.OpensAt}
	at, ok := r.Next(c.Now)
	if !ok {
		return c.Now
	}
	return at
}

// HomeWakes hands over what waited for a household. Of several about the visits
// of one job only the latest still holds.
func HomeWakes(tx *Work, customer domain.ID) error {
	waiting, err := tx.WaitingNotices(customer)
	if err != nil {
		return err
	}
	latest := map[domain.ID]domain.ID{}
	for _, n := range waiting {
		if n.JobID != nil && strings.HasPrefix(n.Kind, "visit.") {
			latest[*n.JobID] = n.ID
		}
	}
	for _, n := range waiting {
		state := "withdrawn"
		if !n.ExpiresAt.After(tx.Now) {
			state = "expired"
		}
		if err := tx.EndWaiting(n.ID, state); err != nil {
			return err
		}
		if state == "expired" || n.JobID != nil && strings.HasPrefix(n.Kind, "visit.") && latest[*n.JobID] != n.ID {
			continue
		}
		rings(tx, n)
	}
	return nil
}

// rings sends what waited as itself.
func rings(tx *Work, n domain.Notice) {
	n.ID, n.Waits, n.NotBefore, n.DedupeKey, n.CreatedAt = tx.NewID(), false, tx.Now, nil, tx.Now
	n.Data.V["notice_id"] = n.ID.String()
	tx.Enqueue(n)
}

const morningQuarter = 15 * time.Minute // every zone's hours begin on one

// remind lets the next morning look into the queue of somebody who was told of
// something that may wait there.
func remind(tx *Work, kind string, u *domain.User) {
	if (u.Role == domain.RoleAreaManager || u.Role == domain.RoleAdmin) && !strings.HasPrefix(kind, "queue.") {
		tx.SetDeadline(domain.DueMorning, u.ID, nil, tx.Now.Truncate(morningQuarter).Add(morningQuarter))
	}
}
