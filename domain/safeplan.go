package domain

import (
	"time"

	"doorstep/domain/reach"
	"doorstep/domain/sun"
)

// What a safe-visit plan asks (docs/product.md section 5, "Re-dispatch lock"):
//
//	two_people      two in the crew, when it is chosen and until both arrived
//	daylight        from sunrise to sunset at that place and date
//	phone_first     somebody of the household was spoken to by phone that day
//	carry_in        handed over at the door, repaired at the centre
//	hazard_removed  settled when it was released: who confirmed it is on record
//	remote_only, no_visit  nobody is sent

// PlanFacts is what a plan is judged by besides the crew and who has seen it.
type PlanFacts struct {
	Site   *Site
	Spoken []time.Time // when somebody of the household was reached by phone
}

// spoke reports whether an attempt is a conversation by phone, whoever rang.
func (a *Attempt) spoke() bool {
	return a.Channel == reach.Phone && a.Outcome == reach.Reached && a.Discounted == ""
}

// civilDay is taken for daylight where the place is unknown, local time: the
// sun may stand shorter there, and nobody is told that it does.
var civilDay = [2]string{"07:00", "18:00"}

// light is what of the local day of an instant counts as daylight at a site,
// and how that is known, in words. No daylight at all is from and to alike.
func (s *Site) light(at time.Time) (from, to time.Time, words string) {
	local := at.In(s.Location())
	clock := func(hhmm string) time.Time {
		c, _ := time.Parse("15:04", hhmm)
		return time.Date(local.Year(), local.Month(), local.Day(), c.Hour(), c.Minute(), 0, 0, local.Location())
	}
	if s.Lat == nil || s.Lon == nil {
		return clock(civilDay[0]), clock(civilDay[1]), "the place is not known precisely, so daylight is taken as " + civilDay[0] + " to " +
			civilDay[1]
	}
	rise, set, light := sun.Day(*s.Lat, *s.Lon, local)
	switch light {
	case sun.Always:
		return clock("00:00"), clock("00:00").AddDate(0, 0, 1), "the sun does not set there on " + local.Format("2 Jan")
	case sun.Never:
		return clock("12:00"), clock("12:00"), "the sun does not rise there on " + local.Format("2 Jan")
	default: // it rises and sets
	}
	return rise, set, "the sun stands there from " + rise.Format("15:04") + " to " + set.Format("15:04") + " on " + local.Format("2 Jan")
}

// inDaylight refuses a planned time that is not all in daylight.
func (s *Site) inDaylight(v *Visit, plan []string) error {
	from, to, words := s.light(v.PlannedStart)
	if v.PlannedStart.Before(from) || v.PlannedEnd().After(to) {
		return Fail(CodePlan, "The plan of this household asks for daylight; %s.", words).With("plan", plan).At("/planned_start", "in daylight")
	}
	return nil
}

// setsOut refuses to set out at an instant what the plan does not permit,
// beside its crew.
func (f PlanFacts) setsOut(v *Visit, plan []string, at time.Time) error {
	for _, p := range plan {
		switch p {
		case "daylight":
			if err := f.Site.inDaylight(v, plan); err != nil {
				return err
			}
			if _, to, words := f.Site.light(v.PlannedStart); at.After(to) {
				return Fail(CodePlan, "The plan of this household asks for daylight, and it is too late; %s.", words).With("plan", plan)
			}
		case "phone_first":
			loc, spoken := f.Site.Location(), false
			day := v.PlannedStart.In(loc).Format(time.DateOnly)
			for _, t := range f.Spoken {
				spoken = spoken || !t.After(at) && t.In(loc).Format(time.DateOnly) == day
			}
			if !spoken {
				return Fail(CodePlan, "The plan asks to speak with the household by phone on the day, before setting out.").With("plan", plan)
			}
		}
	}
	return nil
}

// Withhold leaves out of a visit's actions what the plan would refuse now.
func (f PlanFacts) Withhold(v *Visit, plan []string, actions JSONList[string], now time.Time) JSONList[string] {
	if len(plan) == 0 || v.setOut() || f.Site == nil || f.setsOut(v, plan, now) == nil {
		return actions
	}
	out := JSONList[string]{}
	for _, action := range actions {
		if !visitMoveOf(action).Plan.asksCrew() {
			out = append(out, action)
		}
	}
	return out
}

// planFacts reads what the plan in force asks for.
func (d *Case) planFacts() PlanFacts { return PlanFacts{d.site, d.spoken} }

// readPlan notes what the plan in force is judged by.
func (d *Case) readPlan() error {
	d.plan = PlanInForce(d.holds)
	for _, h := range d.holds {
		if h.Kind == HoldSafety && h.LiftedAt != nil && len(h.Plan) > 0 && (d.planSince.IsZero() || h.Since.Before(d.planSince)) {
			d.planSince = h.Since
		}
	}
	if !has(d.plan, "phone_first") {
		return nil
	}
	attempts, err := d.tx.AttemptsOf(d.job.ID)
	if err != nil {
		return err
	}
	for i := range attempts {
		if attempts[i].spoke() {
			d.spoken = append(d.spoken, attempts[i].OccurredAt)
		}
	}
	return nil
}

// planPermits checks what a safe-visit plan demands of a booking. A crew may
// still be empty: then nobody goes.
func (d *Case) planPermits(v *Visit, crew []ID) error {
	if p := PlanPermits.unmet(d.plan, crew, nil); p != "" {
		return d.noVisit(p)
	}
	if has(d.plan, "two_people") && len(crew) == 1 {
		return Fail(CodePlan, "The plan of this household asks for two people.").With("plan", d.plan).At("/crew", "two technicians")
	}
	if has(d.plan, "daylight") {
		return d.site.inDaylight(v, d.plan)
	}
	return nil
}

// planKept refuses a forward move while the plan is not kept. What happened
// before there was one is a late fact, and not refused.
func (m *VisitCase) planKept(action string) error {
	v, plan := m.visit, m.plan
	if len(plan) == 0 || m.before(m.planSince) {
		return nil
	}
	switch p := visitMoveOf(action).planUnmet(plan, v); p {
	case "":
	case "plan-seen":
		return Fail(CodePlan, "The whole crew accepts the safe-visit plan first (plan-seen).").With("plan", plan)
	case "two_people":
		return Fail(CodePlan, "The plan of this household asks for two people.").With("plan", plan).At("/crew", "two technicians")
	case "carry_in":
		return Fail(CodePlan, "The plan of this household is carry-in: the appliance is handed over at the door and repaired at the centre.").
			With("plan", plan)
	default:
		return m.noVisit(p)
	}
	if !v.setOut() {
		return m.planFacts().setsOut(v, plan, m.said.occurred)
	}
	return nil
}

// before reports whether a move is a late fact from before an instant. It is not
// when it claims a time before the visit was planned, or long before its
// window: no clock that is wrong, and no wish, opens a door that is held.
func (m *VisitCase) before(since time.Time) bool {
	at := m.said.occurred
	return at.Before(since) && !at.Before(m.visit.CreatedAt) && !at.Before(m.visit.WindowStart.Add(-workingDay))
}

// waitForCompany takes a visit back from its way when the plan is no longer
// kept without who just left it: it waits for somebody to go with who stays.
func waitForCompany(m *VisitCase) error {
	v := m.visit
	if len(v.Crew) > 0 && (!has(m.plan, "two_people") || len(v.Crew) > 1) || !v.Status.UnderWay() {
		return nil
	}
	if err := m.tx.apply(v, "wait"); err != nil {
		return err
	}
	v.EnRouteAt = nil
	if err := each(crewLeft, m); err != nil {
		return err
	}
	notifyCrew(m.Case, v, v.Crew, "visit.wait")
	return nil
}

// forbidAhead lets the visits of a household fall away at once when the plan
// with which a hold was released permits none.
func forbidAhead(d *Case, visits []Visit) {
	if PlanPermits.unmet(d.plan, nil, nil) == "" {
		return
	}
	for i := range visits {
		if v := &visits[i]; v.Status == VisitScheduled {
			d.tx.setDeadline(DueHeldCancel, v.ID, &v.JobID, d.now)
		}
	}
}
