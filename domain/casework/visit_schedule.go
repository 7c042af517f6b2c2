package casework

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"doorstep/domain"
)

// ScheduleInput makes a visit, or its successor. Times without an offset are
// read in the site's zone.
type ScheduleInput struct {
	ID             *domain.ID    `json:"id"`
	WindowStart    string        `json:"window_start"`
	WindowEnd      string        `json:"window_end"`
	PlannedStart   string        `json:"planned_start"`   // default: window_start
	PlannedMinutes int           `json:"planned_minutes"` // default: 60
	Crew           *[]domain.ID  `json:"crew"`
	AttemptID      *domain.ID    `json:"attempt_id"` // the contact in which the customer agreed
	Contact        *AttemptInput `json:"contact"`    // the same, recorded with this move
	Said           string        `json:"said"`       // phone, message, in_person; default: as the contact shows
	Reason         string        `json:"reason"`
	OccurredAt     string        `json:"occurred_at"`
	// disruption moves a visit whatever its job waits for; safety still refuses.
	disruption bool
	// Chosen is how the household chose this time itself (link, voice), which
	// is its agreement; ChosenIn the contact.
	Chosen   string
	ChosenIn *domain.ID
}

// RefuseHeld is CodeOnHold, with the safety hold and what can be done instead.
func (c *Case) RefuseHeld() error {
	return domain.Fail(domain.CodeOnHold, "A safety hold stands over this household. The area manager releases it with a plan.").
		With("hold", map[string]any{"id": c.Held.ID, "kind": c.Held.Kind, "since": c.Held.Since, "due_at": c.Held.DueAt}).
		With("alternative", "Repair by phone, collection of the appliance, or ask the area manager for a release.")
}

// MayBook refuses schedule and reschedule as the table says; a disruption
// moves visits that stand already, whatever the job itself waits for.
func (c *Case) MayBook(disruption bool) error {
	move := domain.JobMoveOf("schedule")
	if c.Held != nil {
		return c.RefuseHeld()
	}
	if h := domain.Refusing(move.Holds, c.Holds); h != nil && !disruption {
		return domain.Fail(domain.CodeOnHold, "The job is on hold (%s).", h.Kind).
			With("hold", map[string]any{"id": h.ID, "kind": h.Kind, "since": h.Since})
	}
	if p := move.Plan.Unmet(c.Plan, nil, nil); p != "" {
		return c.noVisit(p)
	}
	return nil
}

func (c *Case) noVisit(p string) error {
	return domain.Fail(domain.CodePlan, "The plan of this household permits no visit (%s).", p).With("plan", c.Plan)
}

// Times reads and checks the window and the planned time.
func (in *ScheduleInput) Times(v *domain.Visit, loc *time.Location, now time.Time) error {
	var err error
	if v.WindowStart, err = domain.ParseInstant(in.WindowStart, loc, "/window_start"); err != nil {
		return err
	}
	if v.WindowEnd, err = domain.ParseInstant(in.WindowEnd, loc, "/window_end"); err != nil {
		return err
	}
	v.PlannedStart = v.WindowStart
	if in.PlannedStart != "" {
		if v.PlannedStart, err = domain.ParseInstant(in.PlannedStart, loc, "/planned_start"); err != nil {
			return err
		}
	}
	v.PlannedMinutes = in.PlannedMinutes
	if v.PlannedMinutes == 0 {
		v.PlannedMinutes = 60
	}
	switch {
	case !v.WindowEnd.After(v.WindowStart):
		return domain.Fail(domain.CodeUnprocessable, "The window ends before it starts.").At("/window_end", "after window_start")
	case v.WindowEnd.Sub(v.WindowStart) > 12*time.Hour:
		return domain.Fail(domain.CodeUnprocessable, "A window of more than 12 hours is no appointment.").
			At("/window_end", "at most 12 h after window_start")
	case !v.WindowEnd.After(now):
		return domain.Fail(domain.CodeUnprocessable, "The window is over already.").At("/window_end", "in the future")
	case v.WindowStart.After(now.AddDate(1, 0, 0)):
		return domain.Fail(domain.CodeUnprocessable, "The window is more than a year ahead.").At("/window_start", "within a year")
	case v.PlannedStart.Before(v.WindowStart) || v.PlannedStart.After(v.WindowEnd):
		return domain.Fail(domain.CodeUnprocessable, "The planned start lies outside the window.").
			At("/planned_start", "between window_start and window_end")
	case v.PlannedMinutes < 5 || v.PlannedMinutes > 720:
		return domain.Fail(domain.CodeUnprocessable, "A visit takes 5 to 720 minutes.").At("/planned_minutes", "5 to 720")
	}
	return nil
}

// ProveContact gives the contact that proves what a customer said, not older than
// since: the one that is named, or recorded now.
func ProveContact(call *Call, c *Case, attempt *domain.ID, contact *AttemptInput, since time.Time) (*domain.Attempt, error) {
	if contact != nil {
		made, err := AddAttempt(call, c, nil, *contact)
		if err != nil {
			return nil, err
		}
		if !made.Speaks() {
			return nil, domain.Fail(domain.CodeUnprocessable, "Nobody agreed in this attempt.").
				At("/contact/outcome", "reached, or an inbound contact")
		}
		return made, nil
	}
	if attempt != nil {
		a, err := c.Tx.Attempt(*attempt)
		if err != nil || a.JobID != c.Job.ID || !a.Speaks() || a.OccurredAt.Before(since) {
			return nil, domain.Fail(domain.CodeUnprocessable, "In this attempt the customer did not agree.").
				At("/attempt_id", "a contact on this job that is recent enough, neither refused nor hostile")
		}
		return a, nil
	}
	return nil, domain.Fail(domain.CodePreconditionMissing,
		"Name the contact in which the customer agreed: attempt_id, or contact to record it now.").
		At("/attempt_id", "a contact on this job")
}

// agreement finds the contact in which the household agreed to the time of a visit:
// the one that is named or recorded now, else one that says this time. One contact is
// agreement to one time. No contact: nobody agreed yet, which talked tells apart
// from a household that was not even spoken with.
func agreement(call *Call, c *Case, v *domain.Visit, attempt *domain.ID, contact *AttemptInput,
	since time.Time) (agreed *domain.Attempt, talked bool, err error) {
	attempts, err := c.Tx.AttemptsOf(c.Job.ID)
	if err != nil {
		return nil, false, err
	}
	if contact == nil && attempt == nil {
		for i := len(attempts) - 1; i >= 0; i-- {
			a := &attempts[i]
			if !a.Agrees() || a.OccurredAt.Before(since) {
				continue
			}
			if talked = true; a.AgreesTo(v.WindowStart, v.WindowEnd) {
				return a, true, nil
			}
		}
		return nil, talked, nil
	}
	if contact != nil && contact.AgreedTo == nil && (&domain.Attempt{Direction: contact.Direction, Outcome: contact.Outcome}).Agrees() {
		said := *contact
		said.AgreedTo, contact = &Window{v.WindowStart.Format(time.RFC3339Nano), v.WindowEnd.Format(time.RFC3339Nano)}, &said
	}
	a, err := ProveContact(call, c, attempt, contact, since)
	if err != nil {
		return nil, false, err
	}
	other := a.AgreedStart != nil && !a.AgreesTo(v.WindowStart, v.WindowEnd)
	if a.AgreedStart == nil {
		visits, err := c.Tx.VisitsOfJob(c.Job.ID)
		if err != nil {
			return nil, false, err
		}
		for i := range visits {
			o := &visits[i]
			other = other || o.ID != v.ID && o.AgreedID != nil && *o.AgreedID == a.ID &&
				!(o.WindowStart.Equal(v.WindowStart) && o.WindowEnd.Equal(v.WindowEnd))
		}
	}
	switch {
	case !a.Agrees():
		return nil, false, domain.Fail(domain.CodeUnprocessable, "This contact was about something else than the time of a visit.").
			At("/attempt_id", "the contact in which the household agreed to this time")
	case other:
		return nil, false, domain.Fail(domain.CodeUnprocessable, "In this contact the household agreed to another time.").
			At("/attempt_id", "the contact in which the household agreed to this time")
	}
	return a, true, nil
}

// saidHow is how an agreement was said: as the contact shows, or as who names it says,
// where the contact leaves that open.
func saidHow(a *domain.Attempt, said string) (string, error) {
	was := a.Said()
	if said == "" || said == was || a.Channel == "whatsapp" && was == domain.SaidMessage && said == domain.SaidPhone {
		return cmp.Or(said, was), nil
	}
	return "", domain.Fail(domain.CodeUnprocessable, "The contact shows that it was said by %s.", was).At("/said", was)
}

// Schedule makes a visit. Staff of the centre, area manager, agent; the
// technician of the job for themselves, with the contact in which the customer
// agreed. Errors: CodeOnHold, CodeOverlap, CodeTooFar, CodeCapacity, CodeExcluded,
// CodePlan, CodeHours, CodeSkill, CodeUnprocessable, CodePreconditionMissing; with the first three
// but CodeOnHold come slots that are free instead.
func (s *Service) Schedule(ctx context.Context, call *Call, job domain.ID, in ScheduleInput) (domain.VisitView, error) {
	out, err := Run(ctx, s, call, func(tx *Work) (domain.VisitView, error) {
		j, err := AuthorizeJob(tx, call.Actor, job)
		if err != nil {
			return domain.VisitView{}, err
		}
		c, err := OpenCase(tx, j)
		if err != nil {
			return domain.VisitView{}, err
		}
		v := &domain.Visit{Meta: domain.NewMeta(IDOr(s, in.ID), tx.Now)}
		if in.ID != nil {
			if old, err := tx.Visit(v.ID); err == nil {
				if err := in.Times(v, c.Site.Location(), tx.Now); err != nil {
					return domain.VisitView{}, err
				}
				if old.JobID != j.ID || !old.WindowStart.Equal(v.WindowStart) || !old.WindowEnd.Equal(v.WindowEnd) ||
					!old.PlannedStart.Equal(v.PlannedStart) ||
					old.PlannedMinutes != v.PlannedMinutes || in.Crew != nil && !slices.Equal(*in.Crew, []domain.ID(old.Crew)) {
					return domain.VisitView{}, domain.IDTaken()
				}
				return c.View(call.Actor, old), nil
			} else if !NotFound(err) {
				return domain.VisitView{}, err
			}
		}
		if err := domain.CheckJob(call.Actor, "schedule", j); err != nil {
			return domain.VisitView{}, err
		}
		if err := c.Stamp(call, in.OccurredAt); err != nil {
			return domain.VisitView{}, err
		}
		earlier, err := tx.VisitsOfJob(j.ID)
		if err != nil {
			return domain.VisitView{}, err
		}
		for i := range earlier { // the calendar entry belongs to the job
			v.Sequence = max(v.Sequence, earlier[i].Sequence+1)
		}
		if err := Book(call, c, v, in, "visit.scheduled"); err != nil {
			return domain.VisitView{}, err
		}
		return c.View(call.Actor, v), nil
	})
	return out, withSlots(ctx, s, call.Actor, job, SlotQuery{Minutes: in.PlannedMinutes}, err)
}

// Book checks every rule and writes a new visit on the job.
func Book(call *Call, c *Case, v *domain.Visit, in ScheduleInput, kind string) error {
	j := c.Job
	if err := in.Times(v, c.Site.Location(), c.Now); err != nil {
		return err
	}
	agreed, talked, err := agreement(call, c, v, in.AttemptID, in.Contact, c.Now.Add(-domain.FactTooOld))
	if err != nil {
		return err
	}
	if call.Actor.Role == domain.RoleTechnician {
		if in.Crew == nil {
			in.Crew = &[]domain.ID{call.Actor.UserID}
		}
		if len(*in.Crew) != 1 || (*in.Crew)[0] != call.Actor.UserID {
			return domain.Fail(domain.CodeForbidden, "A technician schedules for themselves only.").At("/crew", "yourself")
		}
		if !talked {
			return domain.Fail(domain.CodePreconditionMissing,
				"Name the contact in which the customer agreed: attempt_id, or contact to record it now.").
				At("/attempt_id", "a contact on this job")
		}
	}
	if err := c.MayBook(in.disruption); err != nil {
		return err
	}
	if call.Actor.Role == domain.RoleAgent && in.Crew != nil && (v.PredecessorID == nil && len(*in.Crew) > 0) {
		return domain.Fail(domain.CodeForbidden, "An agent schedules; the centre assigns.").At("/crew", "leave it out")
	}
	v.JobID, v.CentreID, v.AreaID, v.CustomerID = j.ID, j.CentreID, j.AreaID, j.CustomerID
	if err := c.Tx.Apply(v, "schedule"); err != nil {
		return err
	}
	v.Confirmation, v.CountsAgainst = domain.ConfirmAwaiting, "nobody"
	if in.Crew != nil {
		v.Crew = *in.Crew
	}
	v.EverCrew = append(v.EverCrew, v.Crew...)
	if agreed != nil {
		said, err := saidHow(agreed, in.Said)
		if err != nil {
			return err
		}
		v.Agree(&agreed.ID, said, howOf(agreed.Channel))
	}
	switch in.Chosen {
	case "":
	case "voice":
		v.Agree(in.ChosenIn, domain.SaidPhone, "call")
	case domain.ReadLink: // done, and no agreement
		v.Confirmation, v.ConfirmedHow = domain.ConfirmConfirmed, domain.ReadLink
	default:
		v.Agree(in.ChosenIn, domain.SaidOwnLink, "link")
	}
	c.disrupted = in.disruption
	if err := CheckCrew(c, v, v.Crew); err != nil {
		return err
	}
	if len(v.Crew) == 0 && !c.disrupted {
		if err := refuseClosed(c, v); err != nil {
			return err
		}
	}
	if err := c.Tx.InsertVisit(v); err != nil {
		return err
	}
	if j.Status == domain.JobOpen || j.Status == domain.JobResolved {
		if err := c.Tx.Apply(j, "follow", string(domain.JobScheduled)); err != nil {
			return err
		}
		c.Tx.Disarm(domain.DueCloseResolved, j.ID)
	}
	c.Entry(call.Actor, kind, &v.ID, map[string]any{"window_start": v.WindowStart, "window_end": v.WindowEnd,
		"planned_start":   v.PlannedStart,
		"planned_minutes": v.PlannedMinutes, "crew": v.Crew, "predecessor_id": v.PredecessorID,
		"agreed":            v.Agreed(),
		"agreed_attempt_id": v.AgreedID, "agreed_said": v.AgreedSaid})
	c.Tx.SetDeadline(domain.DueMissed, v.ID, &j.ID, v.WindowEnd.Add(domain.MissedAfter))
	if j.SilentSince != nil {
		watchSilence(c.Tx, j.ID)
	}
	dayFollows(c.Tx, v)
	NotifyCrew(c, v, v.Crew, "visit.assigned")
	if in.Chosen != "link" && in.Chosen != domain.ReadLink { // who chose it has it before them
		NotifyCustomer(c, v, "visit.offered")
	}
	return nil
}

func howOf(channel string) string {
	switch channel {
	case "phone", "doorstep":
		return "call"
	}
	return "message"
}

// ConfirmInput confirms a visit; staff name the contact that proves it.
type ConfirmInput struct {
	AttemptID  *domain.ID    `json:"attempt_id"`
	Contact    *AttemptInput `json:"contact"`
	Said       string        `json:"said"` // as of ScheduleInput
	OccurredAt string        `json:"occurred_at"`
	Via        *domain.ID    // the contact of a household that confirms itself
}

// Confirm records that the customer agreed to the time: the customer by link,
// or staff with the contact that proves it. Errors: CodeState after the
// window, CodePreconditionMissing without a contact.
func (s *Service) Confirm(ctx context.Context, call *Call, id domain.ID, in ConfirmInput) (domain.VisitView, error) {
	return s.OnVisit(ctx, call, id, "confirm", in.OccurredAt, func(m *VisitCase) error {
		return ConfirmVisit(m, call, in)
	})
}

// ConfirmVisit records that the household agreed to the time.
func ConfirmVisit(m *VisitCase, call *Call, in ConfirmInput) error {
	if !m.Said.Occurred.Before(m.Visit.WindowEnd) {
		return domain.Fail(domain.CodeState, "The window of this visit is over.")
	}
	how, said, via := "link", domain.SaidOwnLink, in.Via
	if call.Actor.Role == domain.RoleCustomer && call.Actor.UserID != (domain.ID{}) {
		how, said = "call", domain.SaidPhone // a desk writes it down for a caller
	}
	if call.Actor.Role != domain.RoleCustomer {
		proof, _, err := agreement(call, m.Case, m.Visit, in.AttemptID, in.Contact, m.Visit.CreatedAt)
		if err != nil {
			return err
		}
		if proof == nil {
			return domain.Fail(domain.CodePreconditionMissing,
				"Name the contact in which the customer agreed: attempt_id, or contact to record it now.").
				At("/attempt_id", "a contact on this job")
		}
		if said, err = saidHow(proof, in.Said); err != nil {
			return err
		}
		how, via = howOf(proof.Channel), &proof.ID
	}
	if m.Visit.Confirmation == domain.ConfirmConfirmed {
		return nil
	}
	m.Visit.Agree(via, said, how)
	m.Entry(call.Actor, "visit.confirmed", &m.Visit.ID, map[string]any{"how": how, "agreed_attempt_id": via,
		"agreed_start": m.Visit.AgreedStart,
		"agreed_end":   m.Visit.AgreedEnd, "said": said})
	m.Visit.ChangedAt(m.Now)
	if err := m.Tx.SaveVisit(m.Visit); err != nil {
		return err
	}
	NotifyCrew(m.Case, m.Visit, m.Visit.Crew, "visit.confirmed")
	if said != domain.SaidOwnLink { // so it is understood; the page asks whether it is so
		NotifyCustomer(m.Case, m.Visit, "visit.understood")
	}
	return nil
}

// Reschedule moves a visit to another time as a linked successor. Who and
// errors as Schedule.
func (s *Service) Reschedule(ctx context.Context, call *Call, id domain.ID, in ScheduleInput) (domain.VisitView, error) {
	out, err := onVisitTo(ctx, s, call, id, in.ID, "reschedule", in.OccurredAt, func(m *VisitCase) error {
		old, in := m.Visit, in // the transaction may run again
		if in.Crew != nil && call.Actor.Role == domain.RoleAgent {
			return domain.Fail(domain.CodeForbidden, "An agent reschedules; the centre assigns.").At("/crew", "leave it out")
		}
		if in.Crew == nil {
			in.Crew = domain.Ptr(slices.Clone([]domain.ID(old.Crew)))
		}
		if in.PlannedMinutes == 0 {
			in.PlannedMinutes = old.PlannedMinutes
		}
		next := &domain.Visit{Meta: domain.NewMeta(IDOr(s, in.ID), m.Now), PredecessorID: &old.ID, Sequence: old.Sequence + 1}
		err := Succeed(m, call, next, in)
		m.Visit = next
		return err
	})
	return out, withSlotsFor(ctx, s, call.Actor, id, err)
}

// Succeed ends a visit as rescheduled and books its successor.
func Succeed(m *VisitCase, call *Call, next *domain.Visit, in ScheduleInput) error {
	old := m.Visit
	if err := m.Tx.Apply(old, "reschedule"); err != nil {
		return err
	}
	old.SuccessorID, old.EndedAt, old.EndReason = &next.ID, domain.Ptr(m.Said.Occurred), in.Reason
	if nobodyCame(m, call.Actor) {
		old.CountsAgainst = "brand"
	}
	old.ChangedAt(m.Now)
	if err := m.Tx.SaveVisit(old); err != nil {
		return err
	}
	m.Tx.Disarm(domain.DueMissed, old.ID)
	m.Tx.Disarm(domain.DueHeldCancel, old.ID)
	if err := m.Tx.WithdrawNotices(old.ID, "visit.offered"); err != nil {
		return err
	}
	if err := Book(call, m.Case, next, in, "visit.rescheduled"); err != nil {
		return err
	}
	gone := []domain.ID{}
	for _, id := range old.Crew {
		if !domain.Has(next.Crew, id) {
			gone = append(gone, id)
		}
	}
	NotifyCrew(m.Case, old, gone, "visit.unassigned")
	if err := derive(m.Tx, m.Job, next); err != nil {
		return err
	}
	return visitMoved(m.Case, old)
}

// Cancel ends a visit that has not begun. The customer by link; coordinator,
// proprietor, area manager, agent, with a reason.
func (s *Service) Cancel(ctx context.Context, call *Call, id domain.ID, in ReasonInput) (domain.VisitView, error) {
	return s.OnVisit(ctx, call, id, "cancel", in.OccurredAt, func(m *VisitCase) error {
		if strings.TrimSpace(in.Reason) == "" && call.Actor.Role != domain.RoleCustomer {
			return domain.Fail(domain.CodeUnprocessable, "Say why the visit is cancelled.").At("/reason", "a few words")
		}
		return CancelVisit(m, call.Actor, in.Reason, "nobody")
	})
}

// nobodyCame reports whether one of ours ends a visit whose window has begun, for which the household waits, and at which
// nobody has arrived: before it is called missed. What the household wishes by its own link is its own; what staff say that
// it wished, by voice or by a link that they have read, speaks for us.
func nobodyCame(m *VisitCase, a domain.Actor) bool {
	byStaff := a.Role == domain.RoleCustomer && (a.UserID != (domain.ID{}) || a.Unproven)
	ours := a.Role == domain.RoleTechnician || a.Is(domain.Staff...) || byStaff
	return ours && m.Held == nil && !m.Now.Before(m.Visit.WindowStart) && m.Visit.ArrivedAt == nil
}

// CancelVisit ends a visit that has not begun.
func CancelVisit(m *VisitCase, a domain.Actor, reason, against string) error {
	v := m.Visit
	if nobodyCame(m, a) {
		against = "brand"
	}
	if err := m.Tx.Apply(v, "cancel"); err != nil {
		return err
	}
	v.EndedAt, v.EndReason, v.CountsAgainst = domain.Ptr(m.when(a).Occurred), reason, against
	if a.Role == domain.RoleCustomer {
		v.Confirmation, v.ConfirmedHow = domain.ConfirmDeclined, "link"
		if a.UserID != (domain.ID{}) {
			v.ConfirmedHow = "call"
		}
	}
	m.Tx.Disarm(domain.DueMissed, v.ID)
	m.Tx.Disarm(domain.DueHeldCancel, v.ID)
	m.Entry(a, "visit.cancelled", &v.ID, map[string]any{"reason": reason})
	if err := m.Tx.WithdrawNotices(v.ID, "visit.offered"); err != nil {
		return err
	}
	if err := SaveVisit(m); err != nil {
		return err
	}
	NotifyCrew(m.Case, v, v.Crew, "visit.cancelled")
	if a.Role == domain.RoleCustomer {
		if a.UserID != (domain.ID{}) { // a desk says that they did
			NotifyCustomer(m.Case, v, "visit.cancelled")
		}
		return NotifyStaff(m.Case, v, "visit.cancelled_by_customer", domain.RoleCoordinator)
	}
	NotifyCustomer(m.Case, v, "visit.cancelled")
	return nil
}
