package domain

import (
	"time"

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

// PlanFacts is what a plan, and when the moves of a crew open, are judged by besides the crew and who has seen it.
type PlanFacts struct {
	Site   *Site
	Spoken []time.Time // when somebody of the household was reached by phone
}

// Zone is that of the site; UTC where it is not known.
func (f PlanFacts) Zone() *time.Location {
	if f.Site == nil {
		return time.UTC
	}
	return f.Site.Location()
}

// civilDay is taken for daylight where the place is unknown, local time: the
// sun may stand shorter there, and nobody is told that it does.
var civilDay = [2]string{"07:00", "18:00"}

// Light is what of the local day of an instant counts as daylight at a site,
// and how that is known, in words. No daylight at all is from and to alike.
func (s *Site) Light(at time.Time) (from, to time.Time, words string) {
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

// InDaylight refuses a planned time that is not all in daylight.
func (s *Site) InDaylight(v *Visit, plan []string) error {
	from, to, words := s.Light(v.PlannedStart)
	if v.PlannedStart.Before(from) || v.PlannedEnd().After(to) {
		return Fail(CodePlan, "The plan of this household asks for daylight; %s.", words).With("plan", plan).At("/planned_start", "in daylight")
	}
	return nil
}

// SetsOut refuses to set out at an instant what the plan does not permit,
// beside its crew.
func (f PlanFacts) SetsOut(v *Visit, plan []string, at time.Time) error {
	for _, p := range plan {
		switch p {
		case "daylight":
			if err := f.Site.InDaylight(v, plan); err != nil {
				return err
			}
			if _, to, words := f.Site.Light(v.PlannedStart); at.After(to) {
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
	if len(plan) == 0 || v.SetOut() || f.Site == nil || f.SetsOut(v, plan, now) == nil {
		return actions
	}
	out := JSONList[string]{}
	for _, action := range actions {
		if !VisitMoveOf(action).Plan.asksCrew() {
			out = append(out, action)
		}
	}
	return out
}

// PlanInForce is the safe-visit plan of the safety hold released last. A hazard
// that was settled says no more than that, so it takes nothing from what was
// asked for another reason.
func PlanInForce(holds []Hold) JSONList[string] {
	if h := PlanHold(holds); h != nil {
		return h.Plan
	}
	return JSONList[string]{}
}

// PlanHold is the released hold whose plan binds; nil when none does.
func PlanHold(holds []Hold) *Hold {
	var last *Hold
	settled := func(h *Hold) bool { return h.Fixable && len(h.Plan) == 1 && h.Plan[0] == "hazard_removed" }
	for i := range holds {
		h := &holds[i]
		switch {
		case h.Kind != HoldSafety || h.LiftedAt == nil || len(h.Plan) == 0:
		case last == nil, settled(last) && !settled(h):
			last = h
		case settled(h) && !settled(last):
		case !h.LiftedAt.Before(*last.LiftedAt):
			last = h
		}
	}
	return last
}
