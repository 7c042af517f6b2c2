package demo

import (
	"fmt"
	"strings"
	"time"

	"doorstep/domain"
	"doorstep/domain/alarm"
	"doorstep/domain/casework"
	"doorstep/domain/customers"
	"doorstep/domain/reach"
)

// order is one job of the demo on its way.
type order struct {
	c           *centre
	fault       faultData
	coordinator *worker
	created     time.Time
	customer    domain.NewHousehold
	job         domain.ID
	visit       domain.ID
	window      time.Time // its start
	crew        []*worker
}

func (o *order) tech() *worker { return o.crew[0] }

func (o *order) phone(contact int) string {
	p := o.customer.Contacts
	return p[min(contact, len(p)-1)].Phones[0]
}

// home is how a customer of the demo differs from the common one.
type home struct {
	two, voiceOnly bool
	priority       string
}

// open registers customer, appliance and job at a time, by the desk or by an
// agent of the brand.
func (b *builder) open(c *centre, at time.Time, h home) *order {
	fault := sampleFaults[b.faults%len(sampleFaults)]
	b.faults++
	b.jobs++
	c.households++
	n := c.households
	o := &order{c: c, fault: fault, coordinator: c.coordinators[n%2], created: at}
	by := o.coordinator
	if n%4 == 3 {
		by = b.agents[n/4%2]
	}
	where := c.places[n%len(c.places)]
	first, last := c.first[(n*7)%len(c.first)], c.last[(n*4+n/len(c.last))%len(c.last)]
	language := "en"
	switch {
	case n%10 < c.hindi:
		language = "hi"
	case n%10 < c.hindi+c.marathi:
		language = "mr"
	}
	contacts := []casework.ContactInput{{Name: first + " " + last, Relation: "self", Phones: []string{b.number(c.country)}, Language: language,
		VoiceOnly: h.voiceOnly}}
	if h.two || n%5 == 0 {
		contacts = append(contacts, casework.ContactInput{Name: c.first[(n*3+1)%len(c.first)] + " " + last,
			Relation: sampleRelations[n%len(sampleRelations)],
			Phones:   []string{b.number(c.country)}, Language: language, VoiceOnly: h.voiceOnly})
	}
	door := 1 + b.rng.IntN(90)
	for b.homes[fmt.Sprint(door, where.street)] { // two households of one address would be one
		door++
	}
	b.homes[fmt.Sprint(door, where.street)] = true
	lat, lon := where.lat+(b.rng.Float64()-.5)*.004, where.lon+(b.rng.Float64()-.5)*.004
	sites := []casework.SiteInput{{Label: "home", Address: fmt.Sprintf("%d %s", door, where.street),
		Landmark: sampleLandmarks[n%len(sampleLandmarks)], PostalCode: where.code, Zone: c.zone}}
	if n%6 != 0 { // some places are not on the map
		sites[0].Lat, sites[0].Lon = &lat, &lon
	}
	steps := []domain.TriedStep{}
	if n%3 != 0 {
		steps = append(steps, domain.TriedStep{What: fault.tried, At: at.Add(-20 * time.Hour).UTC(), WatchedBy: "nobody", Result: fault.result})
	}
	matters, priority, cover := "", "normal", "warranty"
	if n%3 == 1 {
		matters = sampleMatters[n/3%len(sampleMatters)]
	}
	var value *int64
	if n%4 == 0 {
		minor := int64(600_00 + n%9*150_00)
		cover, value = "chargeable", &minor
	}
	if h.priority != "" {
		priority = h.priority
	} else if strings.HasPrefix(matters, "Insulin") {
		priority = "urgent"
	}
	serial := fmt.Sprintf("%s%07d", strings.ToUpper(fault.brand[:2]), 1204000+b.jobs*37)
	bought := at.AddDate(-1-n%4, -n%11, 0).Format("2006-01-02")
	ref := fmt.Sprintf("%s-%05d", strings.ToUpper(c.short[:3]), 20000+n)
	b.at(at, "registering", func() (err error) {
		if o.customer, err = b.svc.CreateCustomer(b.ctx, by.call(), casework.CustomerInput{Name: &contacts[0].Name, Language: &language,
			Country: &c.country, Contacts: &contacts, Sites: &sites}); err != nil {
			return err
		}
		site := o.customer.Sites[0].ID
		appliance, err := b.svc.CreateAppliance(b.ctx, by.call(), casework.ApplianceInput{CustomerID: &o.customer.ID, SiteID: &site,
			Category: &fault.category,
			Brand:    &fault.brand, Model: &fault.model, Serial: &serial, PurchasedOn: &bought})
		if err != nil {
			return err
		}
		job, err := b.svc.CreateJob(b.ctx, by.call(), casework.JobInput{CustomerID: &o.customer.ID, CentreID: &c.id, ApplianceID: &appliance.ID,
			ExternalRef: &ref,
			Fault:       &fault.words, TriedSteps: &steps, WhatMatters: &matters, Priority: &priority, Cover: &cover, ValueMinor: value})
		o.job = job.ID
		return err
	})
	return o
}

// agreed is a call in which the customer said yes.
func (o *order) agreed() *casework.AttemptInput {
	return &casework.AttemptInput{Channel: reach.Phone, Outcome: reach.Reached, Address: o.phone(0)}
}

// plan books a visit for an order on a day: false when nobody is free.
func (b *builder) plan(o *order, day, slot int, crew int, not ...domain.ID) bool {
	slot, o.crew = o.c.free(day, slot, o.fault.category, crew, not...)
	if o.crew == nil {
		return false
	}
	o.window = o.c.clockOn(day, openings[slot], 0)
	b.visits++
	return true
}

// schedule makes the visit of an order; assigned reports whether it has its crew
// from the beginning, agreed whether the customer said yes in the same call.
func (b *builder) schedule(o *order, at time.Time, assigned, agreed bool) {
	minutes := 40 + 5*(b.visits%4)
	b.at(at, "scheduling", func() error {
		in := casework.ScheduleInput{WindowStart: o.window.Format(time.RFC3339), WindowEnd: o.windowEnd().Format(time.RFC3339),
			PlannedMinutes: minutes}
		if assigned {
			crew := ids(o.crew)
			in.Crew = &crew
		}
		if agreed {
			in.Contact = o.agreed()
		}
		v, err := b.svc.Schedule(b.ctx, o.coordinator.call(), o.job, in)
		o.visit = v.ID
		return err
	})
}

func (o *order) windowEnd() time.Time {
	w := o.window
	return time.Date(w.Year(), w.Month(), w.Day(), w.Hour()+2, 0, 0, 0, o.c.loc)
}

func ids(crew []*worker) []domain.ID {
	out := make([]domain.ID, len(crew))
	for i, w := range crew {
		out[i] = w.ID
	}
	return out
}

func (b *builder) assign(o *order, at time.Time) {
	b.at(at, "assigning", func() error {
		_, err := b.svc.Assign(b.ctx, o.coordinator.call(), o.visit, casework.CrewInput{Crew: ids(o.crew)})
		return err
	})
}

func (b *builder) confirm(o *order, at time.Time) {
	b.at(at, "confirming", func() error {
		_, err := b.svc.Confirm(b.ctx, o.coordinator.call(), o.visit, casework.ConfirmInput{Contact: o.agreed()})
		return err
	})
}

// byLink is what a customer does on its page.
func (b *builder) byLink(o *order, at time.Time, act customers.LinkAction) {
	b.at(at, act.Action+" by link", func() error {
		token, err := b.token(o.job)
		if err != nil {
			return err
		}
		page, err := b.svc.Customers.OpenLink(b.ctx, token)
		if err != nil {
			return err
		}
		act.FormKey = page.FormKey
		_, err = b.svc.Customers.LinkAct(b.ctx, token, act)
		return err
	})
}

func (b *builder) link(job domain.ID) (string, error) {
	var url string
	err := b.svc.Store.InTx(b.ctx, func(tx domain.Tx) error {
		l, err := tx.LinkOfJob(job)
		if err == nil {
			url, _ = b.svc.Customers.LinkURL(l)
		}
		return err
	})
	return url, err
}

func (b *builder) token(job domain.ID) (string, error) {
	url, err := b.link(job)
	return url[strings.LastIndexByte(url, '/')+1:], err
}

// move makes a crew's forward move.
func (b *builder) move(o *order, at time.Time, action string, in casework.MoveInput) {
	b.at(at, action, func() error {
		_, err := b.svc.Advance(b.ctx, o.tech().call(), o.visit, action, in)
		if err == nil && (action == "en-route" || action == "arrive") {
			// Nobody plays the day on: the crews are not asked whether they are well.
			_, err = b.svc.Alarm.AnswerTimer(b.ctx, o.tech().call(), o.visit, "extend", alarm.TimerInput{Minutes: 240})
		}
		return err
	})
}

// setOut is en-route, arrive and start, a few minutes into the window.
func (b *builder) setOut(o *order) {
	b.move(o, o.window.Add(-20*time.Minute), "en-route", casework.MoveInput{})
	b.move(o, o.window.Add(4*time.Minute), "arrive", casework.MoveInput{})
}

// complete carries the visit to its end. A resolved job closes by itself after
// 72 hours: none may do so right after the demo has begun.
func (b *builder) complete(o *order, closes bool) {
	b.setOut(o)
	b.move(o, o.window.Add(9*time.Minute), "start", casework.MoveInput{})
	end := o.window.Add(time.Duration(50+b.rng.IntN(25)) * time.Minute)
	if left := end.Add(72 * time.Hour).Sub(b.now); left > -2*time.Minute && left < 30*time.Minute {
		end = end.Add(32 * time.Minute)
	}
	f := o.fault
	parts := []string{}
	if f.part != "" {
		parts = append(parts, f.part)
	}
	b.move(o, end, "complete", casework.MoveInput{Findings: &f.findings, WorkDone: &f.work, Parts: &parts, Tested: &f.test})
	if closes {
		b.at(o.c.nextMorning(end), "closing", func() error {
			says := &casework.AttemptInput{Direction: reach.Inbound, Channel: reach.Phone, Outcome: reach.Reached, Address: o.phone(0)}
			_, err := b.svc.ConfirmDone(b.ctx, o.coordinator.call(), o.visit, casework.ConfirmDoneInput{Contact: says})
			if err == nil {
				_, err = b.svc.Close(b.ctx, o.coordinator.call(), o.job, casework.JobMoveInput{Reason: "customer's word"})
			}
			return err
		})
	}
}

// attempt records one try of somebody to reach the customer.
func (b *builder) attempt(o *order, at time.Time, by func() *worker, visit bool, in casework.AttemptInput, contact int) {
	b.at(at, "trying to reach", func() error {
		if in.Channel != reach.Doorstep {
			in.Address = o.phone(contact)
			if in.RingSeconds != nil { // as the phone's call log has it
				start := at.Add(-time.Duration(*in.RingSeconds) * time.Second)
				in.OccurredAt, in.EvidenceDigest = start.Format(time.RFC3339), casework.CallDigest(in.Address, start, *in.RingSeconds)
			}
		} else if site := o.customer.Sites[0]; site.Lat != nil {
			lat, lon := *site.Lat+.0004, *site.Lon
			in.Lat, in.Lon, in.AccuracyM = &lat, &lon, domain.Ptr(9.0)
		} else {
			in.PlaceReason = "the place is not on the map"
		}
		var v *domain.ID
		if visit {
			v = &o.visit
		}
		_, err := b.svc.RecordAttempt(b.ctx, by().call(), &o.job, v, in)
		return err
	})
}

func (o *order) desk() *worker { return o.coordinator }

func rang(seconds int) casework.AttemptInput {
	return casework.AttemptInput{Channel: reach.Phone, Outcome: reach.NoAnswer, RingSeconds: &seconds}
}

// delivered is a message that the gateway says has come.
func delivered(text string) casework.AttemptInput {
	return casework.AttemptInput{Channel: reach.SMS, Outcome: reach.Delivered, Note: text}
}

func lastNotice() casework.AttemptInput {
	return casework.AttemptInput{Channel: reach.WhatsApp, Outcome: reach.Sent, LastNotice: true, Note: "ready text of the link"}
}

// noAccess is a closed door, as the rules want it: arrived, waited, called,
// wrote.
func (b *builder) noAccess(o *order) {
	b.setOut(o)
	w := o.window
	b.attempt(o, w.Add(8*time.Minute), o.tech, true, rang(31), 0)
	b.attempt(o, w.Add(9*time.Minute), o.tech, true, delivered("I am at your door."), 0)
	b.attempt(o, w.Add(15*time.Minute), o.tech, true, casework.AttemptInput{Channel: reach.Doorstep, Outcome: reach.NobodyHome}, 0)
	b.move(o, w.Add(17*time.Minute), "no-access", casework.MoveInput{Note: "Waited, bell works, no light inside."})
}

// unfinished is a visit after which another one is needed.
func (b *builder) unfinished(o *order) {
	b.setOut(o)
	b.move(o, o.window.Add(55*time.Minute), "partial", casework.MoveInput{Findings: &o.fault.findings, Note: "The part is not on the van."})
}

// partial is an unfinished visit after which the job waits for parts.
func (b *builder) partial(o *order) {
	b.unfinished(o)
	b.at(o.window.Add(75*time.Minute), "waiting for parts", func() error {
		_, err := b.svc.HoldJob(b.ctx, o.coordinator.call(), o.job, casework.JobMoveInput{Kind: string(domain.HoldParts),
			Reason: "ordered: " + o.fault.part, DueAt: o.c.clockOn(4, 18, 0).Format(time.RFC3339)})
		return err
	})
}

func (b *builder) cancel(o *order, at time.Time) {
	b.at(at, "cancelling", func() error {
		_, err := b.svc.Cancel(b.ctx, o.coordinator.call(), o.visit, casework.ReasonInput{Reason: "the household is away"})
		return err
	})
}

func (b *builder) decline(o *order, at time.Time) {
	b.at(at, "declining", func() error {
		_, err := b.svc.Decline(b.ctx, o.tech().call(), o.visit, casework.ReasonInput{Reason: "sick"})
		return err
	})
}

// reschedule moves a visit a day on, for another technician if need be.
func (b *builder) reschedule(o *order, at time.Time) {
	slot, crew := o.c.free(3, 2, o.fault.category, 1)
	if crew == nil {
		return
	}
	b.visits++
	b.at(at, "rescheduling", func() error {
		o.window, o.crew = o.c.clockOn(3, openings[slot], 0), crew
		next := ids(crew)
		v, err := b.svc.Reschedule(b.ctx, o.coordinator.call(), o.visit, casework.ScheduleInput{WindowStart: o.window.Format(time.RFC3339),
			WindowEnd: o.windowEnd().Format(time.RFC3339),
			Crew:      &next, Contact: o.agreed(), Reason: "the household asked for another day"})
		o.visit = v.ID
		return err
	})
}
