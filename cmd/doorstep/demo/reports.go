package demo

import (
	"slices"
	"time"

	"doorstep/domain"
	"doorstep/domain/casework"
	"doorstep/domain/safety"
)

// reports are incident reports at every stage in one area, and what follows
// from them. Each centre keeps an open safety hold.
func (b *builder) reports(c, d *centre) {
	b.reported(c, d)
	b.provisional(c)
	b.triaged(d)
	b.underReview(c)
	b.upheld(d)
	b.notUpheld(c)
	b.unclear(d)
	b.withdrawn(c)
}

// been is a visit of a past day; unless it was the last one, the job stays
// open.
func (b *builder) been(c *centre, day, slot int, last bool) *order {
	o := b.open(c, c.clockOn(day-1, 10, 5*slot), home{two: true})
	b.plan(o, day, slot, 1)
	b.schedule(o, o.created.Add(8*time.Minute), true, true)
	if last {
		b.complete(o, false)
	} else {
		b.unfinished(o)
	}
	return o
}

// raise reports; the id is there once the report was made.
func (b *builder) raise(o *order, at time.Time, by func() *worker, visit bool, kind string, level int, note string) *domain.ID {
	id := new(domain.ID)
	b.at(at, "reporting", func() error {
		in := safety.FlagInput{JobID: &o.job, Kind: kind, Level: &level, Note: note}
		if visit {
			in.JobID, in.VisitID = nil, &o.visit
		}
		f, err := b.svc.Safety.RaiseFlag(b.ctx, by().call(), in)
		*id = f.ID
		return err
	})
	return id
}

func (b *builder) decide(id *domain.ID, at time.Time, by *worker, action string, in domain.FlagDecision) {
	b.at(at, action+" of a report", func() error {
		_, err := b.svc.Safety.MoveFlag(b.ctx, by.call(), *id, action, in)
		return err
	})
}

func (b *builder) release(o *order, at time.Time, by *worker, in safety.ReleaseInput) {
	b.at(at, "releasing", func() error {
		if slices.Contains(in.Plan, "hazard_removed") {
			in.ConfirmedBy = o.customer.Name
		}
		_, err := b.svc.Safety.SafetyRelease(b.ctx, by.call(), o.job, in)
		return err
	})
}

// reported is a report of a short while ago, by the desk, and one since yesterday
// that is overdue.
func (b *builder) reported(c, d *centre) {
	calm := b.open(c, c.clockOn(-2, 12, 40), home{two: true})
	b.raise(calm, b.now.Add(-35*time.Minute), calm.desk, false, "verbal_abuse", 1, "Shouted and swore at the desk about the waiting time.")
	late := b.been(d, -1, 0, true)
	b.raise(late, d.clockOn(-1, 12, 40), late.tech, true, "unsafe_premises", 1, "Bare wires in the stairwell, the light does not work.")
}

// provisional: the technician stopped the visit and left.
func (b *builder) provisional(c *centre) {
	stopped := b.open(c, c.clockOn(-3, 11, 20), home{two: true})
	b.plan(stopped, -1, 4, 1)
	b.schedule(stopped, stopped.created.Add(8*time.Minute), true, true)
	b.setOut(stopped)
	b.at(stopped.window.Add(11*time.Minute), "stopping", func() error {
		_, err := b.svc.Safety.Stop(b.ctx, stopped.tech().call(), stopped.visit, safety.StopInput{})
		return err
	})
}

// triaged: the hold stands.
func (b *builder) triaged(c *centre) {
	threat := b.been(c, -1, 2, false)
	id := b.raise(threat, threat.window.Add(90*time.Minute), threat.tech, true, "threat", 3,
		"Said he knows where I live when I named the price of the part.")
	b.decide(id, threat.window.Add(105*time.Minute), c.managers[0], "triage", domain.FlagDecision{})
}

// underReview: the hold stands, and the next visit waits for its release.
func (b *builder) underReview(c *centre) {
	review := b.been(c, -3, 1, false)
	if slot, crew := c.free(4, 2, review.fault.category, 1, review.tech().ID); crew != nil {
		b.visits++
		next := *review
		next.window, next.crew = c.clockOn(4, openings[slot], 0), crew
		b.at(review.window.Add(70*time.Minute), "scheduling the next visit", func() error {
			wanted := ids(crew)
			_, err := b.svc.Schedule(b.ctx, review.coordinator.call(), review.job,
				casework.ScheduleInput{WindowStart: next.window.Format(time.RFC3339), WindowEnd: next.windowEnd().Format(time.RFC3339), Crew: &wanted})
			return err
		})
	}
	id := b.raise(review, review.window.Add(95*time.Minute), review.tech, true, "sexual_harassment", 2,
		"Remarks about my body all the time, blocked the door once.")
	b.decide(id, review.window.Add(2*time.Hour), c.managers[1], "triage", domain.FlagDecision{})
	b.decide(id, c.clockOn(-2, 10, 30), c.managers[1], "review", domain.FlagDecision{})
}

// upheld: released with a plan of two people in daylight, who come soon.
func (b *builder) upheld(c *centre) {
	upheld := b.open(c, c.clockOn(-6, 10, 15), home{two: true})
	b.plan(upheld, -5, 2, 1)
	b.schedule(upheld, upheld.created.Add(8*time.Minute), true, true)
	b.partial(upheld)
	id := b.raise(upheld, upheld.window.Add(80*time.Minute), upheld.tech, true, "intoxication", 2,
		"Drunk, came close and would not let me pack my tools.")
	b.decide(id, upheld.window.Add(2*time.Hour), c.managers[0], "triage", domain.FlagDecision{})
	b.decide(id, c.clockOn(-4, 10, 0), c.managers[0], "review", domain.FlagDecision{})
	b.decide(id, c.clockOn(-4, 15, 0), c.managers[0], "decide", domain.FlagDecision{Outcome: "upheld",
		Reasons: "Two accounts agree; the customer's own call confirms it."})
	b.release(upheld, c.clockOn(-4, 15, 30), c.managers[0], safety.ReleaseInput{Plan: []string{"two_people", "daylight"},
		Reason: "The daughter will be there."})
	b.at(c.clockOn(-3, 9, 45), "parts have come", func() error {
		_, err := b.svc.ReleaseJob(b.ctx, upheld.coordinator.call(), upheld.job, casework.JobMoveInput{Kind: string(domain.HoldParts),
			Reason: "delivered"})
		return err
	})
	if slot, crew := c.free(2, 1, upheld.fault.category, 2, upheld.tech().ID); crew != nil && openings[slot] <= 16 {
		b.visits++
		b.at(c.clockOn(-3, 10, 0), "scheduling under a plan", func() error {
			upheld.window, upheld.crew = c.clockOn(2, openings[slot], 0), crew
			two := ids(crew)
			v, err := b.svc.Schedule(b.ctx, upheld.coordinator.call(), upheld.job,
				casework.ScheduleInput{WindowStart: upheld.window.Format(time.RFC3339), WindowEnd: upheld.windowEnd().Format(time.RFC3339),
					Crew: &two, Contact: upheld.agreed()})
			upheld.visit = v.ID
			return err
		})
		b.at(c.clockOn(-1, 18, 40), "reading the plan", func() error {
			_, err := b.svc.PlanSeen(b.ctx, upheld.tech().call(), upheld.visit, casework.ReasonInput{})
			return err
		})
	}
}

// notUpheld: released, but a call comes first from now on.
func (b *builder) notUpheld(c *centre) {
	fair := b.been(c, -5, 3, false)
	id := b.raise(fair, fair.window.Add(90*time.Minute), fair.tech, true, "discrimination", 2, "Asked for somebody from another community.")
	b.decide(id, fair.window.Add(2*time.Hour), c.managers[0], "triage", domain.FlagDecision{})
	b.decide(id, c.clockOn(-4, 11, 0), c.managers[0], "decide", domain.FlagDecision{Outcome: "not_upheld",
		Reasons: "The recording shows that the customer asked for a Marathi or English speaker, politely."})
	b.release(fair, c.clockOn(-4, 11, 10), c.managers[0], safety.ReleaseInput{Plan: []string{"phone_first"},
		Reason: "A call beforehand clears up the language."})
}

// unclear: a dog, which the desk settles with the customer.
func (b *builder) unclear(c *centre) {
	dog := b.been(c, -4, 4, true)
	id := b.raise(dog, dog.window.Add(85*time.Minute), dog.tech, true, "animal", 2, "The dog was loose and snapped at my leg.")
	b.decide(id, dog.window.Add(2*time.Hour), c.managers[1], "triage", domain.FlagDecision{})
	b.decide(id, c.clockOn(-3, 12, 0), c.managers[1], "decide", domain.FlagDecision{Outcome: "unclear",
		Reasons: "The household says the dog was tied up; nobody else saw it."})
	b.release(dog, c.clockOn(-3, 12, 30), dog.coordinator, safety.ReleaseInput{Plan: []string{"hazard_removed"},
		Reason: "The dog stays with a neighbour during visits."})
}

// withdrawn: by the reporter.
func (b *builder) withdrawn(c *centre) {
	sorry := b.been(c, -2, 5, true)
	id := b.raise(sorry, sorry.window.Add(80*time.Minute), sorry.tech, true, "verbal_abuse", 1, "Called me useless.")
	no := false
	b.at(c.clockOn(-1, 9, 20), "withdrawing a report", func() error {
		_, err := b.svc.Safety.MoveFlag(b.ctx, sorry.tech().call(), *id, "withdraw",
			domain.FlagDecision{Pressure: &no, Reasons: "He called and apologised."})
		return err
	})
}
