package domain

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"
)

// itoa writes a number.
func itoa(n int) string { return strconv.Itoa(n) }

// urgent notices wake a phone; the others may wait for it.
var urgent = map[string]bool{"visit.assigned": true, "visit.unassigned": true, "visit.cancelled": true, "visit.call_desk": true,
	"call.manager": true, "visit.wait": true,
	"visit.needs_someone": true, "visit.late_desk": true, "visit.late": true, "day.freed": true, "hold.area": true, "flag.triage": true,
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
	return dayWords(f, language) + ", " + f.Format("15:04") + "-" + t.Format("15:04")
}

func dayWords(local time.Time, language string) string {
	if strings.HasPrefix(language, "hi") {
		return hindiDays[local.Weekday()] + " " + strconv.Itoa(local.Day()) + " " + hindiMonths[local.Month()-1]
	}
	return local.Format("Mon 2 Jan")
}

var (
	hindiDays   = [...]string{"रविवार", "सोमवार", "मंगलवार", "बुधवार", "गुरुवार", "शुक्रवार", "शनिवार"}
	hindiMonths = [...]string{"जनवरी", "फ़रवरी", "मार्च", "अप्रैल", "मई", "जून", "जुलाई", "अगस्त", "सितंबर", "अक्टूबर", "नवंबर", "दिसंबर"}
)

// noticeOption changes a notice before it is sent.
type noticeOption func(*Notice)

// toUser addresses a notice to a member of staff.
func toUser(id ID) noticeOption { return func(n *Notice) { n.UserID = &id } }

// notice makes a notice of a kind in a language, good until it expires.
func (s *Service) notice(kind, language string, now, expires time.Time, opts ...noticeOption) Notice {
	n := Notice{ID: s.NewID(), Kind: kind, Language: language, High: urgent[kind], CreatedAt: now, NotBefore: now, ExpiresAt: expires,
		State: "pending"}
	for _, o := range opts {
		o(&n)
	}
	if n.Title == "" {
		n.Title, n.Body = say(kind, language, "")
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
func (d *Case) about(kind string, v *Visit, language string) noticeOption {
	return func(n *Notice) {
		n.JobID = &d.job.ID
		when := ""
		if v != nil {
			n.VisitID = &v.ID
			when = WindowWords(v.WindowStart, v.WindowEnd, d.site.Location(), language)
		}
		n.Title, n.Body = say(kind, language, when)
	}
}

// expiry of a notice about a visit is its window's end, not FCM's 28 days.
func expiry(v *Visit, now time.Time) time.Time {
	if v != nil && v.WindowEnd.After(now.Add(time.Hour)) {
		return v.WindowEnd
	}
	return now.Add(24 * time.Hour)
}

// notifyCrew tells technicians about a visit; flapping of assignments is folded
// in notifyCrewChange.
func notifyCrew(d *Case, v *Visit, crew []ID, kind string) {
	for _, id := range crew {
		u, leaves := d.crew[id], d.leaves
		if u == nil {
			var err error
			if u, err = d.tx.User(id); err != nil {
				continue
			}
			if leaves, err = d.tx.LeavesAt([]ID{id}, d.now); err != nil {
				continue
			}
		}
		var starts *time.Time
		if v != nil {
			starts = &v.WindowStart
			if v.Status.UnderWay() {
				starts = &d.now
			}
		}
		notifyOne(d.tx, d.tx.svc.notice(kind, u.Language, d.now, expiry(v, d.now), toUser(id), d.about(kind, v, u.Language)), u, d.centre, leaves,
			starts)
	}
}

// notifyCrewChange tells who came and who went. The first change for a person
// is told at once; further ones inside a minute wait for its end and then one
// notice says what came of it (docs/product.md section 3).
func notifyCrewChange(m *VisitCase, before []ID) error {
	told, err := m.tx.CrewNotices(m.visit.ID)
	if err != nil {
		return err
	}
	wait := false
	tell := func(id ID, kind string) {
		for i := range told {
			n := &told[i]
			if *n.UserID == id && m.now.Sub(n.CreatedAt) < crewFlapping && n.CreatedAt.After(m.visit.CreatedAt) {
				wait = true
				return
			}
		}
		notifyCrew(m.Case, m.visit, []ID{id}, kind)
	}
	for _, id := range m.visit.Crew {
		if !has(before, id) {
			tell(id, "visit.assigned")
		}
	}
	for _, id := range before {
		if !has(m.visit.Crew, id) {
			tell(id, "visit.unassigned")
		}
	}
	if stay := staying(m.visit.Crew, before); !wait && len(stay) > 0 {
		notifyCrew(m.Case, m.visit, stay, "visit.crew_changed")
	}
	if wait {
		m.tx.setDeadline(DueCrewTold, m.visit.ID, &m.visit.JobID, m.now.Add(crewFlapping))
	}
	return nil
}

// staying are those of a crew who were in it before; none when nobody came or
// went.
func staying(crew, before []ID) []ID {
	stay := slices.DeleteFunc(slices.Clone(crew), func(id ID) bool { return !has(before, id) })
	if len(stay) == len(crew) && len(stay) == len(before) {
		return nil
	}
	return stay
}

// settleCrew tells each person who was told something else than what is true
// now; it runs at the end of a flapping minute.
func settleCrew(m *VisitCase) error {
	told, err := m.tx.CrewNotices(m.visit.ID)
	if err != nil {
		return err
	}
	last := map[ID]string{}
	for i := range told {
		last[*told[i].UserID] = told[i].Kind
	}
	for _, id := range m.visit.EverCrew {
		in := has(m.visit.Crew, id)
		switch {
		case in && last[id] != "visit.assigned":
			notifyCrew(m.Case, m.visit, []ID{id}, "visit.assigned")
		case !in && last[id] == "visit.assigned":
			notifyCrew(m.Case, m.visit, []ID{id}, "visit.unassigned")
		}
	}
	return nil
}

// customerKind is the household's wording where it differs from the crew's.
var customerKind = map[string]string{"visit.cancelled": "visit.cancelled_home"}

// notifyCustomer tells the household; the worker adds the link at sending and
// chooses device, webhook or ready text.
func notifyCustomer(d *Case, v *Visit, kind string) {
	if k, ok := customerKind[kind]; ok {
		kind = k
	}
	language := d.customer.LanguageOf(d.job.ContactID)
	d.tx.Enqueue(d.tx.svc.notice(kind, language, d.now, expiry(v, d.now), d.about(kind, v, language), func(n *Notice) {
		n.CustomerID, n.WithLink = &d.customer.ID, true
	}))
}

// notifyStaff tells everybody of the roles in the job's centre, or its area for
// area managers and their deputies.
func notifyStaff(d *Case, v *Visit, kind string, roles ...Role) error {
	for _, role := range roles {
		var centre, area *ID
		if role == RoleAreaManager {
			area = &d.job.AreaID
		} else {
			centre = &d.job.CentreID
		}
		users, err := d.tx.UsersWith(role, centre, area)
		if err != nil {
			return err
		}
		err = notifyOnDuty(d.tx, users, d.centre, func(u *User) Notice {
			return d.tx.svc.notice(kind, u.Language, d.now, expiry(v, d.now), toUser(u.ID), d.about(kind, v, u.Language))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// notifyUser tells one member of staff something that is about no visit; it
// stands for a week.
func notifyUser(tx *Work, id ID, kind string, opts ...noticeOption) error {
	u, err := tx.User(id)
	if err != nil {
		return err
	}
	var c *Centre
	if u.CentreID != nil {
		if c, err = tx.Centre(*u.CentreID); err != nil {
			return err
		}
	}
	leaves, err := tx.LeavesAt([]ID{u.ID}, tx.Now)
	if err != nil {
		return err
	}
	notifyOne(tx, tx.svc.notice(kind, u.Language, tx.Now, tx.Now.Add(7*24*time.Hour), append(opts, toUser(u.ID))...), u, c, leaves, nil)
	return nil
}

// SeenNotice marks an inbox notice as seen by its reader: accepted by a push
// service is not seen by a person.
func (s *Service) SeenNotice(ctx context.Context, call *Call, id ID) (Notice, error) {
	return run(ctx, s, call, func(tx *Work) (Notice, error) {
		n, err := tx.Notice(id)
		if err != nil {
			return Notice{}, err
		}
		if n.UserID == nil || *n.UserID != call.Actor.UserID {
			return Notice{}, NotFound("notice")
		}
		if n.SeenAt == nil {
			n.SeenAt = &tx.Now
			if err := tx.SaveNoticeSeen(id, tx.Now); err != nil {
				return Notice{}, err
			}
		}
		return *n, nil
	})
}

// DeviceInput registers an installation for pushes.
type DeviceInput struct {
	Token    string `json:"token"`
	Platform string `json:"platform"`
	Language string `json:"language"`
}

// PutDevice registers or refreshes an installation of the signed-in user, or
// of a household through its link. An installation, and a push token, belong to
// whoever registered them last. A user's longest unused device gives way to a
// new one; a link takes no more than its number, so that a stranger who has it
// cannot push the household's own phone out. Errors: CodeTooMany,
// CodeUnauthenticated for a session that was ended.
func (s *Service) PutDevice(ctx context.Context, call *Call, installation ID, in DeviceInput) (Device, error) {
	return run(ctx, s, call, func(tx *Work) (Device, error) {
		d := Device{InstallationID: installation, Token: in.Token, Platform: in.Platform, Language: in.Language, CreatedAt: tx.Now,
			UpdatedAt: tx.Now}
		old, err := tx.Device(installation)
		if err == nil {
			d.CreatedAt = old.CreatedAt
		} else if !notFound(err) {
			return Device{}, err
		}
		if call.Actor.Role == RoleCustomer {
			err = deviceOfLink(tx, call.Actor, &d)
		} else {
			err = deviceOfUser(tx, call.Actor, &d)
		}
		if err != nil {
			return Device{}, err
		}
		if err := tx.DropToken(d.Token, d.InstallationID, "another owner", tx.Now); err != nil {
			return Device{}, err
		}
		return d, tx.PutDevice(&d)
	})
}

func deviceOfLink(tx Tx, a Actor, d *Device) error {
	j, err := tx.Job(a.JobID)
	if err != nil {
		return err
	}
	l, err := tx.LinkOfJob(j.ID)
	if err != nil {
		return err
	}
	taken, err := tx.HeldByUser(d.InstallationID, d.Token)
	if err == nil && taken { // a link is read by many; what a member of staff is rung on is theirs
		err = Fail(CodeDuplicate, "This device is registered elsewhere.")
	}
	if err != nil {
		return err
	}
	live, ever, err := tx.DevicesOfLink(l.ID)
	if err == nil && !has(live, d.InstallationID) && (len(live) >= devicesOfLink || ever >= devicesOfLinkEver) {
		err = Fail(CodeTooMany, "%d devices are registered with this link already.", len(live))
	}
	d.CustomerID, d.LinkID = &j.CustomerID, &l.ID
	return err
}

func deviceOfUser(tx *Work, a Actor, d *Device) error {
	// One row orders all devices of a user, and the end of their sessions.
	if _, err := tx.LockUser(a.UserID); err != nil {
		return err
	}
	d.UserID = &a.UserID
	if a.Session != (ID{}) {
		d.SessionID = &a.Session
		revoked, err := tx.SessionRevoked(a.Session)
		if err != nil {
			return err
		}
		if revoked {
			return Fail(CodeUnauthenticated, "You have signed out; sign in again.")
		}
	}
	devices, err := tx.DevicesOf(a.UserID)
	if err != nil {
		return err
	}
	devices = slices.DeleteFunc(devices, func(o Device) bool { return o.InstallationID == d.InstallationID })
	for i := 0; i <= len(devices)-devicesOfUser; i++ {
		if err := tx.DropDevice(devices[i].InstallationID, "too many", tx.Now); err != nil {
			return err
		}
	}
	return nil
}

// DeleteDevice ends pushes to an installation of the caller; an unknown one
// is no error.
func (s *Service) DeleteDevice(ctx context.Context, call *Call, installation ID) error {
	return s.inWork(ctx, nil, func(tx *Work) error {
		d, err := tx.Device(installation)
		if notFound(err) {
			return nil
		} else if err != nil {
			return err
		}
		if d.UserID == nil || *d.UserID != call.Actor.UserID {
			return nil
		}
		return tx.DropDevice(installation, "signed out", s.instant())
	})
}
