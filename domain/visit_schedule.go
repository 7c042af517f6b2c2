package domain

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"doorstep/domain/reach"
	"doorstep/domain/slots"
)

// ScheduleInput makes a visit, or its successor. Times without an offset are
// read in the site's zone.
type ScheduleInput struct {
	ID             *ID           `json:"id"`
	WindowStart    string        `json:"window_start"`
	WindowEnd      string        `json:"window_end"`
	PlannedStart   string        `json:"planned_start"`   // default: window_start
	PlannedMinutes int           `json:"planned_minutes"` // default: 60
	Crew           *[]ID         `json:"crew"`
	AttemptID      *ID           `json:"attempt_id"` // the contact in which the customer agreed
	Contact        *AttemptInput `json:"contact"`    // the same, recorded with this move
	Reason         string        `json:"reason"`
	OccurredAt     string        `json:"occurred_at"`
	// disruption moves a visit whatever its job waits for; safety still refuses.
	disruption bool
	// chosen is how the household chose this time itself (link, voice), which
	// is its agreement; chosenIn the contact.
	chosen   string
	chosenIn *ID
}

// refuseHeld is CodeOnHold, with the safety hold and what can be done instead.
func (d *Case) refuseHeld() error {
	return Fail(CodeOnHold, "A safety hold stands over this household. The area manager releases it with a plan.").
		With("hold", map[string]any{"id": d.held.ID, "kind": d.held.Kind, "since": d.held.Since, "due_at": d.held.DueAt}).
		With("alternative", "Repair by phone, collection of the appliance, or ask the area manager for a release.")
}

// mayBook refuses schedule and reschedule as the table says; a disruption
// moves visits that stand already, whatever the job itself waits for.
func (d *Case) mayBook(disruption bool) error {
	move := jobMoveOf("schedule")
	if d.held != nil {
		return d.refuseHeld()
	}
	if h := refusing(move.Holds, d.holds); h != nil && !disruption {
		return Fail(CodeOnHold, "The job is on hold (%s).", h.Kind).With("hold", map[string]any{"id": h.ID, "kind": h.Kind, "since": h.Since})
	}
	if p := move.Plan.unmet(d.plan, nil, nil); p != "" {
		return d.noVisit(p)
	}
	return nil
}

func (d *Case) noVisit(p string) error {
	return Fail(CodePlan, "The plan of this household permits no visit (%s).", p).With("plan", d.plan)
}

// times reads and checks the window and the planned time.
func (in *ScheduleInput) times(v *Visit, loc *time.Location, now time.Time) error {
	var err error
	if v.WindowStart, err = ParseInstant(in.WindowStart, loc, "/window_start"); err != nil {
		return err
	}
	if v.WindowEnd, err = ParseInstant(in.WindowEnd, loc, "/window_end"); err != nil {
		return err
	}
	v.PlannedStart = v.WindowStart
	if in.PlannedStart != "" {
		if v.PlannedStart, err = ParseInstant(in.PlannedStart, loc, "/planned_start"); err != nil {
			return err
		}
	}
	v.PlannedMinutes = in.PlannedMinutes
	if v.PlannedMinutes == 0 {
		v.PlannedMinutes = 60
	}
	switch {
	case !v.WindowEnd.After(v.WindowStart):
		return Fail(CodeUnprocessable, "The window ends before it starts.").At("/window_end", "after window_start")
	case v.WindowEnd.Sub(v.WindowStart) > 12*time.Hour:
		return Fail(CodeUnprocessable, "A window of more than 12 hours is no appointment.").At("/window_end", "at most 12 h after window_start")
	case !v.WindowEnd.After(now):
		return Fail(CodeUnprocessable, "The window is over already.").At("/window_end", "in the future")
	case v.WindowStart.After(now.AddDate(1, 0, 0)):
		return Fail(CodeUnprocessable, "The window is more than a year ahead.").At("/window_start", "within a year")
	case v.PlannedStart.Before(v.WindowStart) || v.PlannedStart.After(v.WindowEnd):
		return Fail(CodeUnprocessable, "The planned start lies outside the window.").At("/planned_start", "between window_start and window_end")
	case v.PlannedMinutes < 5 || v.PlannedMinutes > 720:
		return Fail(CodeUnprocessable, "A visit takes 5 to 720 minutes.").At("/planned_minutes", "5 to 720")
	}
	return nil
}

// Works reports whether a technician's week covers [from, to) in the zone of
// their centre; the sentence says why not. A technician without recorded hours
// works on the centre's working days.
func Works(u *User, c *Centre, leaves []Leave, from, to time.Time) (bool, string) {
	j := &slots.Judge{Centre: slots.Centre{Location: c.Location(), Holidays: c.Holidays, WorkingDays: c.WorkingDays}}
	r, why := j.OffDuty(&slots.Technician{Name: u.FirstName(), Weekly: shiftsOf(u), Dates: datesOf(u), Away: awayOf(leaves)},
		slots.Span{From: from, To: to})
	return r == "", why
}

// crewFits refuses a crew by its number and by the safe-visit plan.
func (d *Case) crewFits(v *Visit, crew []ID) error {
	for i, id := range crew {
		if has(crew[:i], id) {
			return Fail(CodeUnprocessable, "A technician stands twice in the crew.").At(fmt.Sprintf("/crew/%d", i), "each once")
		}
	}
	if len(crew) > 4 {
		return Fail(CodeUnprocessable, "A crew has at most four technicians.").At("/crew", "0 to 4")
	}
	return d.planPermits(v, crew)
}

// rulesFor are the rules by which a crew for a visit is judged, as a search for
// slots does.
func rulesFor(d *Case, v *Visit, crew []ID) *slots.Judge {
	rules := rules(d, v.PlannedMinutes)
	rules.Job.Two = rules.Job.Two || len(crew) > 1
	return rules
}

// checkCrew holds the hard rules of assignment: the plan, the centre's number
// of visits a day, and what judgeCrew judges. It locks the technicians, so that
// two bookers of one technician wait for each other, and before them the centre,
// where it takes a number of visits a day.
func checkCrew(d *Case, v *Visit, crew []ID) error {
	if err := d.crewFits(v, crew); err != nil {
		return err
	}
	rules := rulesFor(d, v, crew)
	if d.disrupted {
		rules.Centre.Load.Most = 0
	} else if d.centre.MaxVisitsPerDay != nil {
		c, err := d.tx.LockCentre(d.job.CentreID)
		if err != nil {
			return err
		}
		rules.Centre.Load.Most = dailyMost(c.MaxVisitsPerDay)
	}
	taken := func() ([]BookedCapacity, error) {
		from, to := d.centre.days(v.PlannedStart, v.PlannedStart)
		var also ID
		if v.PredecessorID != nil {
			also = *v.PredecessorID
		}
		return d.tx.Taken(d.job.CentreID, also, from, to, d.now)
	}
	if len(crew) == 0 {
		if rules.Centre.Load.Most == 0 {
			return nil
		}
		all, err := taken()
		if err != nil {
			return err
		}
		if d.load(rules, all, v); rules.Full(v.PlannedStart) {
			return d.refuses(rules, &slots.Technician{}, v.PlannedStart, slots.Capacity)
		}
		return nil
	}
	sorted := slices.Clone(crew)
	slices.SortFunc(sorted, func(a, b ID) int { return slices.Compare(a[:], b[:]) })
	diary, err := d.tx.LockDiary(sorted, d.customer.ID, v.PlannedStart, v.PlannedEnd(), d.now)
	if err != nil {
		return err
	}
	users := diary.Technicians
	d.leaves = diary.Leaves
	for i := range users {
		if d.crew == nil {
			d.crew = map[ID]*User{}
		}
		d.crew[users[i].ID] = &users[i]
	}
	if rules.Centre.Load.Most > 0 || anyBounded(users) {
		if diary.Taken, err = taken(); err != nil {
			return err
		}
		d.load(rules, diary.Taken, v)
	}
	return d.judgeCrew(rules, diary, v, crew)
}

// judgeCrew judges each of a crew, and their skills together, by what a diary
// says of them.
func (d *Case) judgeCrew(rules *slots.Judge, diary *Diary, v *Visit, crew []ID) error {
	users := diary.Technicians
	var team []*slots.Technician
	for i := range users {
		team = append(team, &slots.Technician{Skills: users[i].Skills, Levels: users[i].SkillLevels.V})
	}
	for i, id := range crew {
		at := fmt.Sprintf("/crew/%d", i)
		k := slices.IndexFunc(users, func(u User) bool { return u.ID == id })
		if k < 0 || users[k].Disabled || users[k].Role != RoleTechnician || users[k].CentreID == nil || *users[k].CentreID != d.job.CentreID {
			return Fail(CodeUnprocessable, "There is no such technician in the centre of the job.").
				At(at, "an enabled technician of the job's centre")
		}
		t := d.candidate(diary, &users[k], v)
		why := rules.Of(&t, v.PlannedStart)
		if why == "" && !rules.Skilled(team...) {
			why = slots.Skill
		}
		if why != "" {
			e := d.refuses(rules, &t, v.PlannedStart, why)
			for n := range e.Fields {
				e.Fields[n].Pointer = at
			}
			return e
		}
	}
	return nil
}

// refuseHoliday refuses a visit without a crew on a day on which nobody could
// be assigned to it.
func refuseHoliday(d *Case, v *Visit) error {
	rules, nobody := rules(d, v.PlannedMinutes), &slots.Technician{}
	why, _ := rules.OffDuty(nobody, slots.Span{From: v.PlannedStart, To: v.PlannedEnd()})
	if why != slots.Holiday {
		return nil
	}
	return d.refuses(rules, nobody, v.PlannedStart, why)
}

// agrees reports whether a customer can have agreed in a contact: refusing and
// hostile words are contact, and no agreement.
func (a *Attempt) agrees() bool {
	return a.Contact() && a.Outcome != reach.Refused && a.Outcome != reach.Hostile && a.Discounted == ""
}

// proof finds or records the contact, not older than since, that shows the
// customer agreed.
func proof(call *Call, d *Case, attempt *ID, contact *AttemptInput, since time.Time) (*Attempt, error) {
	if contact != nil {
		made, err := recordAttempt(call, d, nil, *contact)
		if err != nil {
			return nil, err
		}
		if !made.agrees() {
			return nil, Fail(CodeUnprocessable, "Nobody agreed in this attempt.").At("/contact/outcome", "reached, or an inbound contact")
		}
		return made, nil
	}
	if attempt != nil {
		a, err := d.tx.Attempt(*attempt)
		if err != nil || a.JobID != d.job.ID || !a.agrees() || a.OccurredAt.Before(since) {
			return nil, Fail(CodeUnprocessable, "In this attempt the customer did not agree to the visit.").
				At("/attempt_id", "a contact on this job that is recent enough, neither refused nor hostile")
		}
		return a, nil
	}
	if d.job.LastContactAt != nil && !d.job.LastContactAt.Before(since) {
		attempts, err := d.tx.AttemptsOf(d.job.ID)
		if err != nil {
			return nil, err
		}
		for i := len(attempts) - 1; i >= 0; i-- {
			if a := &attempts[i]; a.agrees() && !a.OccurredAt.Before(since) {
				return a, nil
			}
		}
	}
	return nil, Fail(CodePreconditionMissing, "Name the contact in which the customer agreed: attempt_id, or contact to record it now.").
		At("/attempt_id", "a contact on this job")
}

// Schedule makes a visit. Staff of the centre, area manager, agent; the
// technician of the job for themselves, with the contact in which the customer
// agreed. Errors: CodeOnHold, CodeOverlap, CodeTooFar, CodeCapacity, CodeExcluded,
// CodePlan, CodeHours, CodeSkill, CodeUnprocessable, CodePreconditionMissing; with the first three
// but CodeOnHold come slots that are free instead.
func (s *Service) Schedule(ctx context.Context, call *Call, job ID, in ScheduleInput) (VisitView, error) {
	out, err := run(ctx, s, call, func(tx *Work) (VisitView, error) {
		j, err := authorizeJob(tx, call.Actor, job)
		if err != nil {
			return VisitView{}, err
		}
		d, err := openCase(tx, j)
		if err != nil {
			return VisitView{}, err
		}
		v := &Visit{Meta: newMeta(s.idOr(in.ID), tx.Now)}
		if in.ID != nil {
			if old, err := tx.Visit(v.ID); err == nil {
				if err := in.times(v, d.site.Location(), tx.Now); err != nil {
					return VisitView{}, err
				}
				if old.JobID != j.ID || !old.WindowStart.Equal(v.WindowStart) || !old.WindowEnd.Equal(v.WindowEnd) ||
					!old.PlannedStart.Equal(v.PlannedStart) ||
					old.PlannedMinutes != v.PlannedMinutes || in.Crew != nil && !slices.Equal(*in.Crew, []ID(old.Crew)) {
					return VisitView{}, Fail(CodeDuplicate, "Another visit has this id.")
				}
				return d.view(call.Actor, old), nil
			} else if !notFound(err) {
				return VisitView{}, err
			}
		}
		if err := CheckJob(call.Actor, "schedule", j); err != nil {
			return VisitView{}, err
		}
		if err := d.stamp(call, in.OccurredAt); err != nil {
			return VisitView{}, err
		}
		earlier, err := tx.VisitsOfJob(j.ID)
		if err != nil {
			return VisitView{}, err
		}
		for i := range earlier { // the calendar entry belongs to the job
			v.Sequence = max(v.Sequence, earlier[i].Sequence+1)
		}
		if err := book(call, d, v, in, "visit.scheduled"); err != nil {
			return VisitView{}, err
		}
		return d.view(call.Actor, v), nil
	})
	return out, s.withSlots(ctx, call.Actor, job, SlotQuery{Minutes: in.PlannedMinutes}, err)
}

// book checks every rule and writes a new visit on the job.
// the job.
func book(call *Call, d *Case, v *Visit, in ScheduleInput, kind string) error {
	j := d.job
	var agreed *Attempt
	var err error
	if call.Actor.Role == RoleTechnician {
		if in.Crew == nil {
			in.Crew = &[]ID{call.Actor.UserID}
		}
		if len(*in.Crew) != 1 || (*in.Crew)[0] != call.Actor.UserID {
			return Fail(CodeForbidden, "A technician schedules for themselves only.").At("/crew", "yourself")
		}
		if agreed, err = proof(call, d, in.AttemptID, in.Contact, d.now.Add(-factTooOld)); err != nil {
			return err
		}
	} else if in.AttemptID != nil || in.Contact != nil {
		if agreed, err = proof(call, d, in.AttemptID, in.Contact, d.now.Add(-factTooOld)); err != nil {
			return err
		}
	}
	if err := d.mayBook(in.disruption); err != nil {
		return err
	}
	if call.Actor.Role == RoleAgent && in.Crew != nil && (v.PredecessorID == nil && len(*in.Crew) > 0) {
		return Fail(CodeForbidden, "An agent schedules; the centre assigns.").At("/crew", "leave it out")
	}
	if err := in.times(v, d.site.Location(), d.now); err != nil {
		return err
	}
	v.JobID, v.CentreID, v.AreaID, v.CustomerID = j.ID, j.CentreID, j.AreaID, j.CustomerID
	if err := d.tx.apply(v, "schedule"); err != nil {
		return err
	}
	v.Confirmation, v.CountsAgainst = ConfirmAwaiting, "nobody"
	if in.Crew != nil {
		v.Crew = *in.Crew
	}
	v.EverCrew = append(v.EverCrew, v.Crew...)
	if agreed != nil {
		v.Confirmation, v.ConfirmedHow, v.AgreedID = ConfirmConfirmed, howOf(agreed.Channel), &agreed.ID
	}
	if in.chosen != "" {
		v.Confirmation, v.ConfirmedHow, v.AgreedID = ConfirmConfirmed, "link", in.chosenIn
		if in.chosen == "voice" {
			v.ConfirmedHow = "call"
		}
	}
	d.disrupted = in.disruption
	if err := checkCrew(d, v, v.Crew); err != nil {
		return err
	}
	if len(v.Crew) == 0 && !d.disrupted {
		if err := refuseHoliday(d, v); err != nil {
			return err
		}
	}
	if err := d.tx.InsertVisit(v); err != nil {
		return err
	}
	if j.Status == JobOpen || j.Status == JobResolved {
		if err := d.tx.apply(j, "follow", string(JobScheduled)); err != nil {
			return err
		}
		d.tx.Disarm(DueCloseResolved, j.ID)
	}
	d.entry(call.Actor, kind, &v.ID, map[string]any{"window_start": v.WindowStart, "window_end": v.WindowEnd,
		"planned_start":   v.PlannedStart,
		"planned_minutes": v.PlannedMinutes, "crew": v.Crew, "predecessor_id": v.PredecessorID, "agreed": agreed != nil || in.chosen != ""})
	d.tx.setDeadline(DueMissed, v.ID, &j.ID, v.WindowEnd.Add(missedAfter))
	dayFollows(d.tx, v)
	notifyCrew(d, v, v.Crew, "visit.assigned")
	if in.chosen != "link" { // who chose it has it before them
		notifyCustomer(d, v, "visit.offered")
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

// view is a visit as an actor is shown it.
func (d *Case) view(a Actor, v *Visit) VisitView {
	actions := d.planFacts().Withhold(v, d.plan, VisitActions(a, v, d.holds, d.plan, d.now), d.now)
	return VisitView{Visit: *v, Plan: d.plan, Actions: actions}
}

// CrewInput assigns a visit; an empty crew unassigns it.
type CrewInput struct {
	Crew         []ID   `json:"crew"`
	PlannedStart string `json:"planned_start"` // inside the visit's window; empty: as it stands
	Reason       string `json:"reason"`
	OccurredAt   string `json:"occurred_at"`
}

// onVisit loads and locks job and visit, checks scope, role and state, and
// gives the move a stamped time; fn does the rest and the job is saved after.
// The answer is m.v, which a reschedule sets to the successor.
func (s *Service) onVisit(ctx context.Context, call *Call, id ID, action, occurredAt string,
	fn func(*VisitCase) error) (VisitView, error) {
	return s.onVisitTo(ctx, call, id, nil, action, occurredAt, fn)
}

// onVisitTo is onVisit for a reschedule whose client named the successor.
func (s *Service) onVisitTo(ctx context.Context, call *Call, id ID, successor *ID, action, occurredAt string,
	fn func(*VisitCase) error) (VisitView, error) {
	return run(ctx, s, call, func(tx *Work) (VisitView, error) {
		j, v, err := tx.LockVisit(id)
		if err != nil {
			return VisitView{}, err
		}
		if !call.Actor.sees(v) {
			return VisitView{}, NotFound("visit")
		}
		d, err := openCase(tx, j)
		if err != nil {
			return VisitView{}, err
		}
		if action == "reschedule" && successor != nil && v.SuccessorID != nil && *v.SuccessorID == *successor {
			next, err := tx.Visit(*successor) // the retry of a move that was made
			if err != nil {
				return VisitView{}, err
			}
			return d.view(call.Actor, next), nil
		}
		if err := CheckVisit(call.Actor, action, v); err != nil {
			return VisitView{}, err
		}
		if err := d.stamp(call, occurredAt); err != nil {
			return VisitView{}, err
		}
		m := d.on(v)
		if d.held != nil && visitMoveOf(action).Holds.refuses(HoldSafety) && !m.before(d.held.Since) {
			return VisitView{}, d.refuseHeld()
		}
		if err := fn(m); err != nil {
			return VisitView{}, err
		}
		return d.view(call.Actor, m.visit), nil
	})
}

// sees reports whether the visit is in the actor's scope.
func (a Actor) sees(v *Visit) bool {
	switch a.Role {
	case RoleTechnician:
		return has(v.Crew, a.UserID)
	case RoleCustomer:
		return v.JobID == a.JobID
	default: // the others by their centres
	}
	return a.reaches(v.CentreID, v.AreaID)
}

// saveVisit stores the visit and derives the job's status from all of its
// visits (docs/product.md section 3).
func saveVisit(m *VisitCase) error {
	m.visit.changedAt(m.now)
	if err := m.tx.SaveVisit(m.visit); err != nil {
		return err
	}
	if err := each(visitSaved, m); err != nil {
		return err
	}
	dayFollows(m.tx, m.visit)
	if err := derive(m.tx, m.job, m.visit); err != nil {
		return err
	}
	return visitMoved(m.Case, m.visit)
}

// tell sends the notices that a row of the table names.
func tell(m *VisitCase, action string) error {
	row := visitMoveOf(action)
	if row.Household != "" {
		notifyCustomer(m.Case, m.visit, row.Household)
	}
	if row.Desk == "" {
		return nil
	}
	return notifyStaff(m.Case, m.visit, row.Desk, row.DeskRoles...)
}

// derive recomputes the job's status; changed, when given, stands in for its
// stored row.
func derive(tx *Work, j *Job, changed *Visit) error {
	if j.Status.Ended() {
		return nil
	}
	visits, err := tx.VisitsOfJob(j.ID)
	if err != nil {
		return err
	}
	for i := range visits {
		if changed != nil && visits[i].ID == changed.ID {
			visits[i] = *changed
		}
	}
	was := j.Status
	if err := tx.apply(j, "follow", string(DeriveJobStatus(j, visits))); err != nil {
		return err
	}
	switch {
	case j.Status == JobResolved && was != JobResolved:
		j.ResolvedAt = ptr(tx.Now)
		tx.setDeadline(DueCloseResolved, j.ID, &j.ID, tx.Now.Add(closeResolvedAfter))
	case was == JobResolved && j.Status != JobResolved:
		j.ResolvedAt = nil
		tx.Disarm(DueCloseResolved, j.ID)
	}
	return nil
}

// DeriveJobStatus is the rule of docs/product.md section 3: one under way, else
// one scheduled, else completed since the last (re)opening, else open.
func DeriveJobStatus(j *Job, visits []Visit) JobStatus {
	if j.Status.Ended() {
		return j.Status
	}
	opened := j.OpenedAt
	if j.ReopenedAt != nil {
		opened = *j.ReopenedAt
	}
	out := JobOpen
	for i := range visits {
		v := &visits[i]
		switch {
		case v.Status.UnderWay():
			return JobInProgress
		case v.Status == VisitScheduled:
			out = JobScheduled
		case v.Status == VisitCompleted && !v.Disputed && v.EndedAt != nil && !v.EndedAt.Before(opened) && out == JobOpen:
			out = JobResolved
		}
	}
	return out
}

// Assign sets the crew of a visit. Coordinator, proprietor, area manager.
// Errors as Schedule.
func (s *Service) Assign(ctx context.Context, call *Call, id ID, in CrewInput) (VisitView, error) {
	out, err := s.onVisit(ctx, call, id, "assign", in.OccurredAt, func(m *VisitCase) error {
		if in.PlannedStart == "" {
			return assign(m, call.Actor, in.Crew, in.Reason)
		}
		start, err := ParseInstant(in.PlannedStart, m.site.Location(), "/planned_start")
		if err != nil {
			return err
		}
		return assignAt(m, call.Actor, in.Crew, start, in.Reason)
	})
	return out, s.withSlotsFor(ctx, call.Actor, id, err)
}

// assign sets the crew of a visit and tells who came and who went.
func assign(m *VisitCase, a Actor, crew []ID, reason string) error {
	if err := checkCrew(m.Case, m.visit, crew); err != nil {
		return err
	}
	before := slices.Clone(m.visit.Crew)
	m.setCrew(crew)
	m.entry(a, "visit.assigned", &m.visit.ID, map[string]any{"crew": m.visit.Crew, "was": before, "reason": reason})
	if err := saveVisit(m); err != nil {
		return err
	}
	return notifyCrewChange(m, before)
}

// assignAt is assign with another beginning inside the window, which is what
// the household was promised.
func assignAt(m *VisitCase, a Actor, crew []ID, start time.Time, reason string) error {
	was := m.visit.PlannedStart
	switch {
	case start.Equal(was):
	case start.Before(m.now):
		return Fail(CodeUnprocessable, "The planned start is over.").At("/planned_start", "a time to come")
	case start.Before(m.visit.WindowStart) || start.After(m.visit.WindowEnd):
		return Fail(CodeUnprocessable, "The planned start lies outside the window.").At("/planned_start", "inside the window, or reschedule")
	}
	m.visit.PlannedStart = start
	if err := assign(m, a, crew, reason); err != nil || start.Equal(was) {
		return err
	}
	m.entry(a, "visit.planned", &m.visit.ID, map[string]any{"planned_start": start, "was": was})
	dayFollows(m.tx, m.visit)
	return nil
}

// setCrew sets who goes, and forgets who of the others had seen the plan.
func (m *VisitCase) setCrew(crew []ID) {
	m.visit.Crew = append(JSONList[ID]{}, crew...)
	for _, id := range crew {
		if !has(m.visit.EverCrew, id) {
			m.visit.EverCrew = append(m.visit.EverCrew, id)
		}
	}
	seen := JSONList[ID]{}
	for _, id := range m.visit.PlanSeen {
		if has(crew, id) {
			seen = append(seen, id)
		}
	}
	m.visit.PlanSeen = seen
}

// ReasonInput carries a reason, and for decline which of the four.
type ReasonInput struct {
	Reason     string `json:"reason"`
	Note       string `json:"note"`
	OccurredAt string `json:"occurred_at"`
}

// Decline gives a visit back. The assigned technician; reason unsafe, sick,
// conflict or other. Their figures are untouched.
func (s *Service) Decline(ctx context.Context, call *Call, id ID, in ReasonInput) (VisitView, error) {
	return s.onVisit(ctx, call, id, "decline", in.OccurredAt, func(m *VisitCase) error {
		if !has([]string{"unsafe", "sick", "conflict", "other"}, in.Reason) {
			return Fail(CodeUnprocessable, "Say why: unsafe, sick, conflict or other.").At("/reason", "unsafe, sick, conflict or other")
		}
		m.setCrew(without(m.visit.Crew, call.Actor.UserID))
		if err := waitForCompany(m); err != nil {
			return err
		}
		// An unsafe decline is a safety word: it reaches proprietor and area
		// manager by notice, not the timeline.
		said := in.Reason
		if said == "unsafe" {
			said = "other"
		}
		m.entry(call.Actor, "visit.declined", &m.visit.ID, map[string]any{"reason": said})
		if err := saveVisit(m); err != nil {
			return err
		}
		roles := []Role{RoleProprietor, RoleCoordinator}
		if err := notifyStaff(m.Case, m.visit, "visit.needs_someone", roles...); err != nil {
			return err
		}
		if in.Reason == "unsafe" {
			return notifyStaff(m.Case, m.visit, "visit.declined_unsafe", RoleAreaManager)
		}
		return nil
	})
}

// ConfirmInput confirms a visit; staff name the contact that proves it.
type ConfirmInput struct {
	AttemptID  *ID           `json:"attempt_id"`
	Contact    *AttemptInput `json:"contact"`
	OccurredAt string        `json:"occurred_at"`
}

// Confirm records that the customer agreed to the time: the customer by link,
// or staff with the contact that proves it. Errors: CodeState after the
// window, CodePreconditionMissing without a contact.
func (s *Service) Confirm(ctx context.Context, call *Call, id ID, in ConfirmInput) (VisitView, error) {
	return s.onVisit(ctx, call, id, "confirm", in.OccurredAt, func(m *VisitCase) error {
		return confirm(m, call, in)
	})
}

// confirm records that the household agreed to the time.
func confirm(m *VisitCase, call *Call, in ConfirmInput) error {
	if !m.said.occurred.Before(m.visit.WindowEnd) {
		return Fail(CodeState, "The window of this visit is over.")
	}
	how := "link"
	if call.Actor.Role == RoleCustomer && call.Actor.UserID != (ID{}) {
		how = "call" // a desk writes it down for a caller
	}
	if call.Actor.Role != RoleCustomer {
		proof, err := proof(call, m.Case, in.AttemptID, in.Contact, m.visit.CreatedAt)
		if err != nil {
			return err
		}
		how, m.visit.AgreedID = howOf(proof.Channel), &proof.ID
	}
	if m.visit.Confirmation == ConfirmConfirmed {
		return nil
	}
	m.visit.Confirmation, m.visit.ConfirmedHow = ConfirmConfirmed, how
	m.entry(call.Actor, "visit.confirmed", &m.visit.ID, map[string]any{"how": how})
	m.visit.changedAt(m.now)
	if err := m.tx.SaveVisit(m.visit); err != nil {
		return err
	}
	notifyCrew(m.Case, m.visit, m.visit.Crew, "visit.confirmed")
	return nil
}

// Reschedule moves a visit to another time as a linked successor. Who and
// errors as Schedule.
func (s *Service) Reschedule(ctx context.Context, call *Call, id ID, in ScheduleInput) (VisitView, error) {
	out, err := s.onVisitTo(ctx, call, id, in.ID, "reschedule", in.OccurredAt, func(m *VisitCase) error {
		old, in := m.visit, in // the transaction may run again
		if in.Crew != nil && call.Actor.Role == RoleAgent {
			return Fail(CodeForbidden, "An agent reschedules; the centre assigns.").At("/crew", "leave it out")
		}
		if in.Crew == nil {
			in.Crew = ptr(slices.Clone([]ID(old.Crew)))
		}
		if in.PlannedMinutes == 0 {
			in.PlannedMinutes = old.PlannedMinutes
		}
		next := &Visit{Meta: newMeta(s.idOr(in.ID), m.now), PredecessorID: &old.ID, Sequence: old.Sequence + 1}
		err := succeed(m, call, next, in)
		m.visit = next
		return err
	})
	return out, s.withSlotsFor(ctx, call.Actor, id, err)
}

// succeed ends a visit as rescheduled and books its successor.
func succeed(m *VisitCase, call *Call, next *Visit, in ScheduleInput) error {
	old := m.visit
	if err := m.tx.apply(old, "reschedule"); err != nil {
		return err
	}
	old.SuccessorID, old.EndedAt, old.EndReason = &next.ID, ptr(m.said.occurred), in.Reason
	old.changedAt(m.now)
	if err := m.tx.SaveVisit(old); err != nil {
		return err
	}
	m.tx.Disarm(DueMissed, old.ID)
	m.tx.Disarm(DueHeldCancel, old.ID)
	if err := m.tx.WithdrawNotices(old.ID, "visit.offered"); err != nil {
		return err
	}
	if err := book(call, m.Case, next, in, "visit.rescheduled"); err != nil {
		return err
	}
	gone := []ID{}
	for _, id := range old.Crew {
		if !has(next.Crew, id) {
			gone = append(gone, id)
		}
	}
	notifyCrew(m.Case, old, gone, "visit.unassigned")
	if err := derive(m.tx, m.job, next); err != nil {
		return err
	}
	return visitMoved(m.Case, old)
}

// Cancel ends a visit that has not begun. The customer by link; coordinator,
// proprietor, area manager, agent, with a reason.
func (s *Service) Cancel(ctx context.Context, call *Call, id ID, in ReasonInput) (VisitView, error) {
	return s.onVisit(ctx, call, id, "cancel", in.OccurredAt, func(m *VisitCase) error {
		if strings.TrimSpace(in.Reason) == "" && call.Actor.Role != RoleCustomer {
			return Fail(CodeUnprocessable, "Say why the visit is cancelled.").At("/reason", "a few words")
		}
		return cancelVisit(m, call.Actor, in.Reason, "nobody")
	})
}

// cancelVisit ends a visit that has not begun.
func cancelVisit(m *VisitCase, a Actor, reason, against string) error {
	v := m.visit
	if err := m.tx.apply(v, "cancel"); err != nil {
		return err
	}
	v.EndedAt, v.EndReason, v.CountsAgainst = ptr(m.when(a).occurred), reason, against
	if a.Role == RoleCustomer {
		v.Confirmation, v.ConfirmedHow = ConfirmDeclined, "link"
		if a.UserID != (ID{}) {
			v.ConfirmedHow = "call"
		}
	}
	m.tx.Disarm(DueMissed, v.ID)
	m.tx.Disarm(DueHeldCancel, v.ID)
	m.entry(a, "visit.cancelled", &v.ID, map[string]any{"reason": reason})
	if err := m.tx.WithdrawNotices(v.ID, "visit.offered"); err != nil {
		return err
	}
	if err := saveVisit(m); err != nil {
		return err
	}
	notifyCrew(m.Case, v, v.Crew, "visit.cancelled")
	if a.Role == RoleCustomer {
		return notifyStaff(m.Case, v, "visit.cancelled_by_customer", RoleCoordinator)
	}
	notifyCustomer(m.Case, v, "visit.cancelled")
	return nil
}

// PlanSeen records that a crew member accepts the safe-visit plan. Errors:
// CodePreconditionMissing without a plan.
func (s *Service) PlanSeen(ctx context.Context, call *Call, id ID, in ReasonInput) (VisitView, error) {
	return s.onVisit(ctx, call, id, "plan-seen", in.OccurredAt, func(m *VisitCase) error {
		if len(m.plan) == 0 {
			return Fail(CodePreconditionMissing, "No plan is in force for this household.")
		}
		if has(m.visit.PlanSeen, call.Actor.UserID) {
			return nil
		}
		m.visit.PlanSeen = append(m.visit.PlanSeen, call.Actor.UserID)
		m.entry(call.Actor, "visit.plan_seen", &m.visit.ID, nil)
		m.visit.changedAt(m.now)
		return m.tx.SaveVisit(m.visit)
	})
}
