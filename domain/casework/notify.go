package casework

import (
	"slices"
	"strings"
	"time"

	"doorstep/domain"
)

// urgent notices wake a phone; the others may wait for it.
var urgent = map[string]bool{"visit.assigned": true, "visit.unassigned": true, "visit.cancelled": true, "visit.call_desk": true,
	"call.manager": true, "visit.wait": true,
	"visit.move_undone":   true,
	"visit.needs_someone": true, "visit.late_desk": true, "visit.late": true, "visit.word_wrong": true, "day.freed": true,
	"visits.given_back":     true,
	"visits.left_under_way": true, "hold.area": true, "flag.triage": true,
	"flag.overdue": true, "visit.en_route": true, "visit.arrived": true, "visit.missed": true, "promise.yours": true, "promise.late": true}

// collapse groups kinds of which only the latest matters on a phone; FCM
// keeps at most four keys a device.
func collapse(kind string) string {
	switch {
	case strings.HasPrefix(kind, "visit."):
		return "visit"
	case strings.HasPrefix(kind, "job."), strings.HasPrefix(kind, "hold."):
		return "job"
	}
	return ""
}

// WindowWords says a window for people: in the zone of the place, in the
// language.
func WindowWords(from, to time.Time, loc *time.Location, language string) string {
	f, t := from.In(loc), to.In(loc)
	return domain.DayWords(f, language) + ", " + f.Format("15:04") + "-" + t.Format("15:04")
}

// ToUser addresses a notice to a member of staff.
func ToUser(id domain.ID) domain.NoticeOption { return func(n *domain.Notice) { n.UserID = &id } }

// NewNotice makes a notice of a kind in a language, good until it expires.
func NewNotice(s *Service, kind, language string, now, expires time.Time, opts ...domain.NoticeOption) domain.Notice {
	n := domain.Notice{ID: s.NewID(), Kind: kind, Language: language, High: urgent[kind], CreatedAt: now, NotBefore: now, ExpiresAt: expires,
		State: "pending"}
	for _, o := range opts {
		o(&n)
	}
	if n.Title == "" {
		n.Title, n.Body = domain.Say(kind, language, "")
	}
	if n.Data.V == nil {
		n.Data.V = map[string]string{}
	}
	n.Data.V["kind"], n.Data.V["notice_id"] = kind, n.ID.String()
	if n.JobID != nil {
		n.Data.V["job_id"] = n.JobID.String()
	}
	if n.VisitID != nil {
		n.Data.V["visit_id"] = n.VisitID.String()
		if c := collapse(kind); c != "" {
			n.CollapseKey = c + "-" + n.VisitID.String()[24:]
		}
	}
	return n
}

// about sets the visit and the window in words.
func (c *Case) about(kind string, v *domain.Visit, language string) domain.NoticeOption {
	return func(n *domain.Notice) {
		n.JobID = &c.Job.ID
		when := ""
		if v != nil {
			n.VisitID = &v.ID
			when = WindowWords(v.WindowStart, v.WindowEnd, c.Site.Location(), language)
		}
		n.Title, n.Body = domain.Say(kind, language, when)
	}
}

// expiry of a notice about a visit is its window's end, not FCM's 28 days.
func expiry(v *domain.Visit, now time.Time) time.Time {
	if v != nil && v.WindowEnd.After(now.Add(time.Hour)) {
		return v.WindowEnd
	}
	return now.Add(24 * time.Hour)
}

// NotifyCrew tells technicians about a visit; flapping of assignments is folded
// in NotifyCrewChange.
func NotifyCrew(c *Case, v *domain.Visit, crew []domain.ID, kind string) {
	for _, id := range crew {
		u, leaves := c.crew[id], c.leaves
		if u == nil {
			var err error
			if u, err = c.Tx.User(id); err != nil {
				continue
			}
			if leaves, err = c.Tx.LeavesAt([]domain.ID{id}, c.Now); err != nil {
				continue
			}
		}
		var starts *time.Time
		if v != nil {
			starts = &v.WindowStart
			if v.Status.UnderWay() {
				starts = &c.Now
			}
		}
		notifyOne(c.Tx, NewNotice(c.Tx.Svc, kind, u.Language, c.Now, expiry(v, c.Now), ToUser(id), c.about(kind, v, u.Language)), u, c.Centre,
			leaves,
			starts)
	}
}

// NotifyCrewChange tells who came and who went. The first change for a person
// is told at once; further ones inside a minute wait for its end and then one
// notice says what came of it (docs/product.md section 3).
func NotifyCrewChange(m *VisitCase, before []domain.ID) error {
	told, err := m.Tx.CrewNotices(m.Visit.ID)
	if err != nil {
		return err
	}
	wait := false
	tell := func(id domain.ID, kind string) {
		for i := range told {
			n := &told[i]
			if *n.UserID == id && m.Now.Sub(n.CreatedAt) < domain.CrewFlapping && n.CreatedAt.After(m.Visit.CreatedAt) {
				wait = true
				return
			}
		}
		NotifyCrew(m.Case, m.Visit, []domain.ID{id}, kind)
	}
	for _, id := range m.Visit.Crew {
		if !domain.Has(before, id) {
			tell(id, "visit.assigned")
		}
	}
	for _, id := range before {
		if !domain.Has(m.Visit.Crew, id) {
			tell(id, "visit.unassigned")
		}
	}
	if stay := staying(m.Visit.Crew, before); !wait && len(stay) > 0 {
		NotifyCrew(m.Case, m.Visit, stay, "visit.crew_changed")
	}
	if wait {
		m.Tx.SetDeadline(domain.DueCrewTold, m.Visit.ID, &m.Visit.JobID, m.Now.Add(domain.CrewFlapping))
	}
	return nil
}

// staying are those of a crew who were in it before; none when nobody came or
// went.
func staying(crew, before []domain.ID) []domain.ID {
	stay := slices.DeleteFunc(slices.Clone(crew), func(id domain.ID) bool { return !domain.Has(before, id) })
	if len(stay) == len(crew) && len(stay) == len(before) {
		return nil
	}
	return stay
}

// SettleCrew tells each person who was told something else than what is true
// now; it runs at the end of a flapping minute.
func SettleCrew(m *VisitCase) error {
	told, err := m.Tx.CrewNotices(m.Visit.ID)
	if err != nil {
		return err
	}
	last := map[domain.ID]string{}
	for i := range told {
		last[*told[i].UserID] = told[i].Kind
	}
	for _, id := range m.Visit.EverCrew {
		in := domain.Has(m.Visit.Crew, id)
		switch {
		case in && last[id] != "visit.assigned":
			NotifyCrew(m.Case, m.Visit, []domain.ID{id}, "visit.assigned")
		case !in && last[id] == "visit.assigned":
			NotifyCrew(m.Case, m.Visit, []domain.ID{id}, "visit.unassigned")
		}
	}
	return nil
}

// customerKind is the household's wording where it differs from the crew's.
var customerKind = map[string]string{"visit.cancelled": "visit.cancelled_home"}

// NotifyCustomer tells the household; the worker adds the link at sending and
// chooses device, webhook or ready text.
func NotifyCustomer(c *Case, v *domain.Visit, kind string) {
	if k, ok := customerKind[kind]; ok {
		kind = k
	}
	language := c.Customer.LanguageOf(c.Job.ContactID)
	var starts *time.Time
	words := kind
	if v != nil {
		starts = &v.WindowStart
		if kind == "visit.offered" && v.AgreedSaid != "" && v.AgreedSaid != domain.SaidOwnLink { // staff say so, and it can say no
			words = "visit.understood"
		}
	}
	c.notifyHome(NewNotice(c.Tx.Svc, kind, language, c.Now, expiry(v, c.Now), c.about(words, v, language), func(n *domain.Notice) {
		n.CustomerID, n.WithLink = &c.Customer.ID, true
	}), starts)
}

// SomebodyIsThere reports whether somebody of ours is with the household, or with the one
// whose hold lies over it, or on the way there, for whichever job. A visit that nobody
// ended counts for a while only.
func (c *Case) SomebodyIsThere() (bool, error) {
	homes := []domain.ID{c.Customer.ID}
	if c.Held != nil && c.Held.CustomerID != nil && *c.Held.CustomerID != c.Customer.ID {
		homes = append(homes, *c.Held.CustomerID)
	}
	for _, home := range homes {
		visits, err := c.Tx.UnfinishedOfCustomer(home)
		if err != nil || slices.ContainsFunc(visits, func(v domain.Visit) bool {
			return v.Status.UnderWay() && c.Now.Before(v.ThereUntil())
		}) {
			return true, err
		}
	}
	return false, nil
}

// NotifyStaff tells everybody of the roles in the job's centre, or its area for
// area managers and their deputies.
func NotifyStaff(c *Case, v *domain.Visit, kind string, roles ...domain.Role) error {
	if kind == "visit.needs_someone" && c.nobodyIsSent() {
		return nil // the hold was told, and its end is
	}
	return notifyStaffOf(c, c.Centre, v, kind, roles...)
}

// notifyStaffOf tells everybody of the roles in a centre, or its area for area managers and their deputies.
func notifyStaffOf(c *Case, of *domain.Centre, v *domain.Visit, kind string, roles ...domain.Role) error {
	for _, role := range roles {
		var centre, area *domain.ID
		if role == domain.RoleAreaManager {
			area = &of.AreaID
		} else {
			centre = &of.ID
		}
		users, err := c.Tx.UsersWith(role, centre, area)
		if err != nil {
			return err
		}
		err = NotifyOnDuty(c.Tx, users, of, func(u *domain.User) domain.Notice {
			return NewNotice(c.Tx.Svc, kind, u.Language, c.Now, expiry(v, c.Now), ToUser(u.ID), c.about(kind, v, u.Language))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// nobodyIsSent reports whether a safety hold or a plan that permits no visit stands, so
// that nobody could be chosen.
func (c *Case) nobodyIsSent() bool {
	for i := range c.Holds {
		if h := &c.Holds[i]; h.Kind == domain.HoldSafety && h.LiftedAt == nil {
			return true
		}
	}
	return domain.Has(c.Plan, "no_visit") || domain.Has(c.Plan, "remote_only")
}

// NotifyUser tells one member of staff something that is about no visit; it
// stands for a week.
func NotifyUser(tx *Work, id domain.ID, kind string, opts ...domain.NoticeOption) error {
	u, err := tx.User(id)
	if err != nil {
		return err
	}
	var c *domain.Centre
	if u.CentreID != nil {
		if c, err = tx.Centre(*u.CentreID); err != nil {
			return err
		}
	}
	leaves, err := tx.LeavesAt([]domain.ID{u.ID}, tx.Now)
	if err != nil {
		return err
	}
	notifyOne(tx, NewNotice(tx.Svc, kind, u.Language, tx.Now, tx.Now.Add(7*24*time.Hour), append(opts, ToUser(u.ID))...), u, c, leaves, nil)
	return nil
}
