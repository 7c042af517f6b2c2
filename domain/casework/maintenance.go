package casework

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"doorstep/domain"
	"doorstep/domain/slots"
)

const (
	maintenanceAhead = 30 * 24 * time.Hour
	maintenanceKept  = 30 * 24 * time.Hour // in the list of jobs
	maintenanceChunk = 10                  // jobs in one transaction
	wallLayout       = "2006-01-02T15:04"
)

// Recurrence lists dates of a rule of RFC 5545, in wall-clock time that is
// written as UTC: those after one time and not after another, at most n, in
// order. An error says what is wrong with the rule.
type Recurrence func(rule string, zone *time.Location, start, after, until time.Time, n int) ([]time.Time, error)

// MaintenanceInput makes or changes a maintenance; what is absent stays.
type MaintenanceInput struct {
	ID             *domain.ID `json:"id"`
	CustomerID     *domain.ID `json:"customer_id"`
	SiteID         *domain.ID `json:"site_id"`
	ApplianceID    *domain.ID `json:"appliance_id"`
	CentreID       *domain.ID `json:"centre_id"`
	RRule          *string    `json:"rrule"`
	DTStart        *string    `json:"dtstart"`
	Fault          *string    `json:"fault"`
	Category       *string    `json:"category"`
	PlannedMinutes *int       `json:"planned_minutes"`
	WindowMinutes  *int       `json:"window_minutes"`
}

func mayMaintain(a domain.Actor) error {
	if !a.Is(domain.Staff...) {
		return domain.Fail(domain.CodeForbidden, "As %s you may not arrange maintenance.", domain.RoleWords(a.Role))
	}
	return nil
}

// wallInstant is the instant of a local time as RFC 5545 section 3.3.5 reads
// it: a time that exists twice is the first of both, one that does not exist
// is told by the clock before the gap.
func wallInstant(wall time.Time, loc *time.Location) time.Time {
	by := func(near time.Time) time.Time {
		_, offset := near.In(loc).Zone()
		return wall.Add(-time.Duration(offset) * time.Second)
	}
	before, after := by(wall.Add(-24*time.Hour)), by(wall.Add(24*time.Hour))
	same := func(t time.Time) bool { return t.In(loc).Format(wallLayout) == wall.Format(wallLayout) }
	if !same(before) && same(after) {
		return after
	}
	return before
}

func wallNow(now time.Time, loc *time.Location) time.Time {
	t, _ := time.Parse(wallLayout, now.In(loc).Format(wallLayout))
	return t
}

// checkMaintenance judges what a maintenance says.
func checkMaintenance(s *Service, m *domain.Maintenance, now time.Time) error {
	start, err := time.Parse(wallLayout, m.DTStart)
	if err != nil {
		return domain.Fail(domain.CodeUnprocessable, "Say when it is first, in local time.").At("/dtstart", "YYYY-MM-DDTHH:MM without an offset")
	}
	loc := domain.Location(m.Zone)
	if today := wallNow(now, loc); start.Before(today.AddDate(-1, 0, 0)) || start.After(today.AddDate(1, 0, 0)) {
		return domain.Fail(domain.CodeUnprocessable, "The first date is too far away.").At("/dtstart", "within a year")
	}
	dates, err := s.Recur(m.RRule, loc, start, start.Add(-time.Minute), start.AddDate(5, 0, 0), 1)
	if err != nil {
		return domain.Fail(domain.CodeUnprocessable, "This rule cannot be kept: %s.", err).
			At("/rrule", "a rule of RFC 5545 section 3.3.10, such as FREQ=MONTHLY;INTERVAL=6")
	}
	if len(dates) == 0 {
		return domain.Fail(domain.CodeUnprocessable, "This rule has no date.").At("/rrule", "a rule with a date in the next years")
	}
	switch {
	case strings.TrimSpace(m.Fault) == "":
		return domain.Fail(domain.CodeUnprocessable, "Say what is to be done.").At("/fault", "a few words")
	case m.PlannedMinutes < 5 || m.PlannedMinutes > 720:
		return domain.Fail(domain.CodeUnprocessable, "A visit takes 5 to 720 minutes.").At("/planned_minutes", "5 to 720")
	case m.WindowMinutes < 15 || m.WindowMinutes > 720:
		return domain.Fail(domain.CodeUnprocessable, "A window lasts 15 to 720 minutes.").At("/window_minutes", "15 to 720")
	}
	return nil
}

func (in *MaintenanceInput) apply(m *domain.Maintenance) {
	Set(&m.Fault, in.Fault)
	Set(&m.Category, in.Category)
	Set(&m.PlannedMinutes, in.PlannedMinutes)
	Set(&m.WindowMinutes, in.WindowMinutes)
	if in.RRule != nil {
		m.RRule = strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(*in.RRule)), "RRULE:")
	}
	if in.DTStart != nil {
		m.DTStart = strings.TrimSpace(*in.DTStart)
	}
}

// CreateMaintenance arranges maintenance for a household that the caller
// sees. Coordinator and proprietor for their centre, area manager, agent.
// Errors: CodeUnprocessable.
func (s *Service) CreateMaintenance(ctx context.Context, call *Call, in MaintenanceInput) (domain.MaintenanceView, error) {
	if err := mayMaintain(call.Actor); err != nil {
		return domain.MaintenanceView{}, err
	}
	if in.ApplianceID != nil {
		ap, err := s.Read.Appliance(ctx, call.Actor.Scope(), *in.ApplianceID)
		if err != nil {
			return domain.MaintenanceView{}, MeaningIfAbsent(err, "appliance", "/appliance_id")
		}
		if in.CustomerID == nil {
			in.CustomerID = &ap.CustomerID
		}
		if in.CustomerID != nil && *in.CustomerID != ap.CustomerID {
			return domain.MaintenanceView{}, domain.Fail(domain.CodeUnprocessable, "The household has no such appliance.").
				At("/appliance_id", "an appliance of the customer")
		}
		if in.SiteID == nil {
			in.SiteID = ap.SiteID
		}
		if in.Category == nil {
			in.Category = &ap.Category
		}
	}
	if in.CustomerID == nil {
		return domain.MaintenanceView{}, domain.Fail(domain.CodeUnprocessable, "Name the appliance, or the household.").
			At("/appliance_id", "required without customer_id")
	}
	if _, err := s.Read.Customer(ctx, call.Actor.Scope(), *in.CustomerID); err != nil {
		return domain.MaintenanceView{}, MeaningIfAbsent(err, "customer", "/customer_id")
	}
	return Run(ctx, s, call, func(tx *Work) (domain.MaintenanceView, error) {
		c, err := LockHousehold(tx, *in.CustomerID)
		if err != nil {
			return domain.MaintenanceView{}, MeaningIfAbsent(err, "customer", "/customer_id")
		}
		m := domain.Maintenance{Meta: domain.NewMeta(IDOr(s, in.ID), tx.Now), CustomerID: c.ID, ApplianceID: in.ApplianceID, PlannedMinutes: 60,
			WindowMinutes: 120, CreatedBy: call.Actor.UserID}
		if err := tx.Apply(&m, "arrange"); err != nil {
			return domain.MaintenanceView{}, err
		}
		if len(c.Sites) == 0 {
			return domain.MaintenanceView{}, domain.Fail(domain.CodeUnprocessable, "The household has no site yet.").
				At("/site_id", "add a site to the customer first")
		}
		site := &c.Sites[0]
		if in.SiteID != nil {
			if site = c.Site(*in.SiteID); site == nil {
				return domain.MaintenanceView{}, domain.Fail(domain.CodeUnprocessable, "The household has no such site.").
					At("/site_id", "a site of the customer")
			}
		}
		m.SiteID, m.Zone = site.ID, site.Zone
		centre, err := centreForJob(tx, call.Actor, in.CentreID, site)
		if err != nil {
			return domain.MaintenanceView{}, err
		}
		m.CentreID, m.AreaID = centre.ID, centre.AreaID
		in.apply(&m)
		if err := checkMaintenance(s, &m, tx.Now); err != nil {
			return domain.MaintenanceView{}, err
		}
		if old, err := tx.LockMaintenance(m.ID); err == nil {
			if !call.Actor.Reaches(old.CentreID, old.AreaID) {
				return domain.MaintenanceView{}, domain.IDTaken()
			}
			if err := SameOr(old.CustomerID == m.CustomerID && old.RRule == m.RRule && old.DTStart == m.DTStart &&
				old.Fault == m.Fault); err != nil {
				return domain.MaintenanceView{}, err
			}
			return MaintenanceView(s, old, centre, tx.Now)
		} else if !NotFound(err) {
			return domain.MaintenanceView{}, err
		}
		tx.SetDeadline(domain.DueMaintenance, m.ID, nil, tx.Now)
		if err := tx.InsertMaintenance(&m); err != nil {
			return domain.MaintenanceView{}, err
		}
		return maintenanceView(tx, &m)
	})
}

// authorizeMaintenance locks one that the actor may see and change.
func authorizeMaintenance(tx *Work, a domain.Actor, id domain.ID, action string) (*domain.Maintenance, error) {
	m, err := tx.LockMaintenance(id)
	if err != nil {
		return nil, err
	}
	if !a.Reaches(m.CentreID, m.AreaID) {
		return nil, domain.NotFound("maintenance")
	}
	if err := mayMaintain(a); err != nil {
		return nil, err
	}
	return m, domain.MaintenanceMoves.Check(action, m.Status)
}

// PatchMaintenance changes what of a maintenance is still to come; dates that
// have their job keep it. Who as CreateMaintenance. Errors: CodeStale,
// CodeUnprocessable, CodeState.
func (s *Service) PatchMaintenance(ctx context.Context, call *Call, id domain.ID, version int64,
	in MaintenanceInput) (domain.MaintenanceView, error) {
	return Run(ctx, s, call, func(tx *Work) (domain.MaintenanceView, error) {
		m, err := authorizeMaintenance(tx, call.Actor, id, "change")
		if err != nil {
			return domain.MaintenanceView{}, err
		}
		if in.CustomerID != nil || in.SiteID != nil || in.ApplianceID != nil || in.CentreID != nil {
			return domain.MaintenanceView{}, domain.Fail(domain.CodeUnprocessable, "Household, appliance and centre do not change here.").
				At("/customer_id", "end it and arrange another one")
		}
		if err := IfVersion(m.Meta, version); err != nil {
			return domain.MaintenanceView{}, err
		}
		in.apply(m)
		if err := checkMaintenance(s, m, tx.Now); err != nil {
			return domain.MaintenanceView{}, err
		}
		tx.SetDeadline(domain.DueMaintenance, m.ID, nil, tx.Now)
		m.ChangedAt(tx.Now)
		if err := tx.SaveMaintenance(m); err != nil {
			return domain.MaintenanceView{}, err
		}
		return maintenanceView(tx, m)
	})
}

// EndMaintenance ends a maintenance at the household's word; jobs ahead whose
// visit has not begun are cancelled with it. Who as CreateMaintenance.
// Errors: CodeState, CodeUnprocessable.
func (s *Service) EndMaintenance(ctx context.Context, call *Call, id domain.ID, in ReasonInput) (domain.MaintenanceView, error) {
	if found, err := s.Replay(ctx, call); found || err != nil {
		return domain.MaintenanceView{}, err
	}
	if strings.TrimSpace(in.Reason) == "" {
		return domain.MaintenanceView{}, domain.Fail(domain.CodeUnprocessable, "Say why it ends.").At("/reason", "a few words")
	}
	var jobs domain.JSONList[domain.Maintaining]
	err := s.InWork(ctx, nil, func(tx *Work) error {
		m, err := authorizeMaintenance(tx, call.Actor, id, "end")
		if err == nil {
			jobs = m.Jobs
		}
		return err
	})
	if err != nil {
		return domain.MaintenanceView{}, err
	}
	for _, j := range jobs {
		if j.At.Before(s.Instant()) {
			continue
		}
		_, err := s.CancelJob(ctx, &Call{Actor: call.Actor, Bulk: true}, j.JobID, JobMoveInput{Reason: in.Reason})
		if err != nil && !domain.IsCode(err, domain.CodeState) && !domain.IsCode(err,
			domain.CodeNotFound) { // begun, ended or handed to another centre
			return domain.MaintenanceView{}, err
		}
	}
	return Run(ctx, s, call, func(tx *Work) (domain.MaintenanceView, error) {
		m, err := authorizeMaintenance(tx, call.Actor, id, "end")
		if err != nil {
			return domain.MaintenanceView{}, err
		}
		if err := tx.Apply(m, "end"); err != nil {
			return domain.MaintenanceView{}, err
		}
		m.EndReason = in.Reason
		tx.Disarm(domain.DueMaintenance, m.ID)
		m.ChangedAt(tx.Now)
		if err := tx.SaveMaintenance(m); err != nil {
			return domain.MaintenanceView{}, err
		}
		return maintenanceView(tx, m)
	})
}

// maintenanceView is MaintenanceView for whoever sets a rule: it also warns of
// hours at which nobody works.
func maintenanceView(tx *Work, m *domain.Maintenance) (domain.MaintenanceView, error) {
	c, err := tx.Centre(m.CentreID)
	if err != nil {
		return domain.MaintenanceView{}, err
	}
	v, err := MaintenanceView(tx.Svc, m, c, tx.Now)
	if err != nil || len(v.Next) == 0 {
		return v, err
	}
	judge := &slots.Judge{Centre: slots.Centre{Location: c.Location(), WorkingDays: c.WorkingDays}, Job: slots.Job{Minutes: m.PlannedMinutes}}
	window := slots.Span{From: v.Next[0].At, To: v.Next[0].At.Add(time.Duration(m.WindowMinutes) * time.Minute)}
	why, _, err := closedIn(tx, judge, c, window)
	if why != "" {
		v.Warnings = append(v.Warnings, "Nobody of the centre works at that time: its jobs come without a visit.")
	}
	return v, err
}

// Maintain makes the jobs of the dates that are near enough, each once: a
// job's id comes of the maintenance and its date.
func Maintain(tx *Work, id domain.ID) error {
	m, err := tx.LockMaintenance(id)
	if NotFound(err) || err == nil && !domain.MaintenanceMoves.Open("generate", m.Status) {
		return nil
	} else if err != nil {
		return err
	}
	loc := domain.Location(m.Zone)
	start, err := time.Parse(wallLayout, m.DTStart)
	if err != nil {
		return err
	}
	after := wallNow(tx.Now, loc)
	if done, err := time.Parse(wallLayout, m.Through); err == nil && done.After(after) {
		after = done
	}
	horizon := wallNow(tx.Now.Add(maintenanceAhead), loc)
	centre, err := tx.Centre(m.CentreID)
	if err != nil {
		return err
	}
	dates, err := datesOf(tx.Svc, m, centre, after, horizon, maintenanceChunk)
	if err != nil {
		return err
	}
	for _, d := range dates {
		after, m.Through = d.wall, d.wall.Format(wallLayout)
		if d.leftOut {
			continue
		}
		at := wallInstant(d.comes, loc)
		job := uuid.NewSHA1(m.ID, []byte(m.Through))
		if err := maintainOnce(tx, m, job, at, d.why != ""); err != nil {
			return err
		}
		m.Jobs = append(m.Jobs, domain.Maintaining{At: at, JobID: job})
	}
	m.Jobs = slices.DeleteFunc(m.Jobs, func(j domain.Maintaining) bool { return j.At.Before(tx.Now.Add(-maintenanceKept)) })
	due := tx.Now // more of them at once
	if len(dates) < maintenanceChunk {
		next, err := tx.Svc.Recur(m.RRule, loc, start, after, after.AddDate(5, 0, 0), 1)
		if err != nil {
			return err
		}
		if len(next) == 0 {
			if err := tx.Apply(m, "run-out"); err != nil {
				return err
			}
			m.EndReason = "the rule has no more dates"
		} else {
			due = Later(wallInstant(next[0], loc).Add(-maintenanceAhead), tx.Now.Add(time.Hour))
		}
	}
	if domain.MaintenanceMoves.Open("generate", m.Status) {
		tx.SetDeadline(domain.DueMaintenance, m.ID, nil, due)
	}
	m.ChangedAt(tx.Now)
	return tx.SaveMaintenance(m)
}

// maintainOnce makes the job of one date, with a visit that has nobody yet;
// under a hold that forbids visits, or at a time at which nobody works or no
// more visits are taken, the job waits without one. A household is told that a
// date moved.
func maintainOnce(tx *Work, m *domain.Maintenance, id domain.ID, at time.Time, moved bool) error {
	if _, err := tx.Job(id); err == nil || !NotFound(err) {
		return err
	}
	_, err := RegisterJob(tx, &Call{Actor: domain.System}, JobInput{ID: &id, CustomerID: &m.CustomerID, SiteID: &m.SiteID,
		ApplianceID: m.ApplianceID,
		CentreID:    &m.CentreID, Category: &m.Category, Fault: &m.Fault})
	if err != nil {
		return err
	}
	j, err := tx.LockJob(id)
	if err != nil {
		return err
	}
	c, err := OpenCase(tx, j)
	if err != nil {
		return err
	}
	if c.MayBook(false) != nil {
		return nil
	}
	v := &domain.Visit{Meta: domain.NewMeta(tx.NewID(), tx.Now)}
	in := ScheduleInput{WindowStart: at.Format(time.RFC3339), WindowEnd: at.Add(time.Duration(m.WindowMinutes) * time.Minute).
		Format(time.RFC3339), PlannedMinutes: m.PlannedMinutes}
	if err := Book(&Call{Actor: domain.System}, c, v, in, "visit.scheduled"); domain.IsCode(err,
		domain.CodeCapacity) || domain.IsCode(err, domain.CodeHours) {
		return nil
	} else if err != nil {
		return err
	}
	if moved {
		NotifyCustomer(c, v, "maintenance.moved")
	}
	return nil
}
