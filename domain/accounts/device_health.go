package accounts

import (
	"context"
	"slices"
	"strings"
	"time"

	"doorstep/domain"
	"doorstep/domain/casework"
)

// HealthInput is what a phone says of itself.
type HealthInput struct {
	Battery       *int   `json:"battery"`
	Charging      bool   `json:"charging"`
	Notifications string `json:"notifications"`
	Alarms        string `json:"alarms"`
	Background    string `json:"background"`
	Sound         string `json:"sound"`
	QueueLength   int    `json:"queue_length"`
	QueueOldest   string `json:"queue_oldest"`
	AppVersion    string `json:"app_version"`
}

// PutDeviceHealth keeps what an installation of the caller says of itself, and answers
// how to mend what is wrong with it. Everyone for their own. Errors: CodeNotFound,
// CodeInvalid.
func PutDeviceHealth(ctx context.Context, s *Service, call *casework.Call, installation domain.ID,
	in HealthInput) (domain.DeviceView, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (domain.DeviceView, error) {
		u, err := tx.LockUser(call.Actor.UserID)
		if err != nil {
			return domain.DeviceView{}, err
		}
		d, err := tx.Device(installation)
		if err != nil {
			return domain.DeviceView{}, casework.MeaningOf(err, "device")
		}
		if d.UserID == nil || *d.UserID != u.ID || d.DroppedAt != nil {
			return domain.DeviceView{}, domain.NotFound("device")
		}
		h := &domain.DeviceHealth{Battery: in.Battery, Charging: in.Charging, Notifications: in.Notifications, Alarms: in.Alarms,
			Background: in.Background, Sound: in.Sound, QueueLength: in.QueueLength, AppVersion: strings.TrimSpace(in.AppVersion)}
		if in.QueueOldest != "" {
			st, err := casework.Stamp(call, in.QueueOldest, time.UTC, tx.Now)
			if err != nil {
				return domain.DeviceView{}, err
			}
			h.QueueOldest = &st.Occurred
		}
		d.Health.V, d.HealthAt = h, &tx.Now
		if err := tx.SaveDeviceHealth(d); err != nil {
			return domain.DeviceView{}, err
		}
		if u.Role == domain.RoleTechnician {
			tx.SetDeadline(domain.DuePhone, u.ID, nil, tx.Now)
		}
		return d.View(u.Language, tx.Now), nil
	})
}

// PhoneDue tells a technician and their desk, an hour before the next visit and once a
// day, that none of their phones will ring; then it looks again when that may have
// changed. Phones that never told of their health are not judged.
func PhoneDue(tx *casework.Work, user domain.ID) error {
	u, err := tx.User(user)
	if casework.NotFound(err) || err == nil && (u.Disabled || u.CentreID == nil) {
		return nil
	} else if err != nil {
		return err
	}
	devices, err := tx.DevicesOf(user)
	if err != nil {
		return err
	}
	p := domain.PhoneOf(u, devices, tx.Now)
	if !p.Known {
		return nil
	}
	again := p.LastContact.Add(domain.PhoneSilentAfter + time.Second) // when it will be out of touch
	if p.Rings && again.After(tx.Now) {
		tx.SetDeadline(domain.DuePhone, user, nil, again)
		return nil
	}
	visits, err := tx.BusyBetween(user, tx.Now, tx.Now.Add(24*time.Hour))
	if err != nil {
		return err
	}
	visits = slices.DeleteFunc(visits, func(v domain.Visit) bool { return v.Status != domain.VisitScheduled || v.WindowStart.Before(tx.Now) })
	again = tx.Now.Add(12 * time.Hour)
	if len(visits) > 0 {
		next := slices.MinFunc(visits, func(a, b domain.Visit) int { return a.WindowStart.Compare(b.WindowStart) })
		if tell := next.WindowStart.Add(-domain.PhoneAskedBefore); tell.After(tx.Now) {
			again = tell
		} else if err := tellOfPhone(tx, u, &next); err != nil {
			return err
		} else {
			again = next.WindowStart.Add(time.Second)
		}
	}
	if tx.Now.Sub(*p.LastContact) < phoneForgotten {
		tx.SetDeadline(domain.DuePhone, user, nil, again)
	}
	return nil
}

// phoneForgotten is how long a phone that says nothing more is asked about.
const phoneForgotten = 7 * 24 * time.Hour

func tellOfPhone(tx *casework.Work, u *domain.User, v *domain.Visit) error {
	c, err := tx.Centre(*u.CentreID)
	if err != nil {
		return err
	}
	day := tx.Now.In(c.Location()).Format(time.DateOnly)
	about := func(kind, to, language string) domain.NoticeOption {
		return func(n *domain.Notice) {
			n.Title, n.Body = domain.Say(kind, language, casework.WindowWords(v.WindowStart, v.WindowEnd, c.Location(), language))
			n.ExpiresAt, n.DedupeKey = v.WindowEnd, domain.Ptr(strings.Join([]string{kind, u.ID.String(), day, to}, "|"))
			n.Data.V = map[string]string{"user_id": u.ID.String()}
		}
	}
	if err := casework.NotifyUser(tx, u.ID, "phone.mend", about("phone.mend", u.ID.String(), u.Language)); err != nil {
		return err
	}
	for _, role := range []domain.Role{domain.RoleCoordinator, domain.RoleProprietor} {
		users, err := tx.UsersWith(role, u.CentreID, nil)
		if err != nil {
			return err
		}
		if err := casework.NotifyOnDuty(tx, users, c, func(to *domain.User) domain.Notice {
			return casework.NewNotice(tx.Svc, "phone.will_not_ring", to.Language, tx.Now, v.WindowEnd, casework.ToUser(to.ID),
				about("phone.will_not_ring", to.ID.String(), to.Language))
		}); err != nil {
			return err
		}
	}
	return nil
}

// Phones lists the phones of a centre's people, those that will not ring first.
// Coordinator, proprietor, area manager, admin. Errors: CodeNotFound, CodeForbidden.
func Phones(ctx context.Context, s *Service, a domain.Actor, centre domain.ID) ([]domain.Phone, error) {
	if _, err := s.Read.Centre(ctx, a.Scope(), centre); err != nil {
		return nil, err
	}
	if !a.Is(domain.RoleCoordinator, domain.RoleProprietor, domain.RoleAreaManager, domain.RoleAdmin) {
		return nil, domain.Fail(domain.CodeForbidden, "As %s you may not read how the phones of others are.", domain.RoleWords(a.Role))
	}
	users, err := s.Read.Users(ctx, a.Scope(), domain.UserFilter{CentreID: &centre}, domain.Page{Limit: phonesMost})
	if err != nil {
		return nil, err
	}
	devices, err := s.Read.DevicesOfCentre(ctx, centre)
	if err != nil {
		return nil, err
	}
	of := map[domain.ID][]domain.Device{}
	for i := range devices {
		of[*devices[i].UserID] = append(of[*devices[i].UserID], devices[i])
	}
	drills, err := s.Read.Drills(ctx, centre, domain.Page{Limit: drillsRead})
	if err != nil {
		return nil, err
	}
	tested, now := map[domain.ID]time.Time{}, s.Instant()
	for i := range drills {
		for _, p := range drills[i].People {
			if p.Result == "heard" && drills[i].At.After(tested[p.UserID]) {
				tested[p.UserID] = drills[i].At
			}
		}
	}
	out := []domain.Phone{}
	for i := range users {
		if !users[i].Disabled {
			p := domain.PhoneOf(&users[i], of[users[i].ID], now)
			if at, ok := tested[p.UserID]; ok {
				p.TestedAt = &at
			}
			p.Untested = p.TestedAt == nil || now.Sub(*p.TestedAt) > domain.PhoneTested
			out = append(out, p)
		}
	}
	rank := func(p *domain.Phone) int {
		switch {
		case !p.Rings:
			return 0
		case len(p.Faults) > 0:
			return 1
		}
		return 2
	}
	slices.SortStableFunc(out, func(a, b domain.Phone) int {
		if d := rank(&a) - rank(&b); d != 0 {
			return d
		}
		return strings.Compare(a.Name, b.Name)
	})
	return out, nil
}

// drillsRead is more drills than a centre has in a month.
const drillsRead = 60

// phonesMost is more people than a centre has.
const phonesMost = 500
