package demo

import (
	"time"

	"doorstep/domain"
	"doorstep/domain/accounts"
	"doorstep/domain/casework"
	"doorstep/domain/customers"
	"doorstep/domain/reach"
	"doorstep/domain/safety"
)

// work fills a centre's days.
func (b *builder) work(c *centre) {
	if c == b.centres[0] {
		b.customer(c)
	}
	// The past: most visits went well.
	for day := -pastDays; day < 0; day++ {
		for i := range pastVisits {
			o := b.open(c, c.clockOn(day-1-i%3, 9+i, 7*i), home{two: i == 3})
			if !b.plan(o, day, i, 1) {
				continue
			}
			b.schedule(o, o.created.Add(12*time.Minute), i != 2, i%2 == 0)
			if i == 2 {
				b.assign(o, o.created.Add(2*time.Hour))
			}
			switch {
			case i == 1 && day == -2:
				// Nobody sets out: the clock calls it missed.
			case i == 3 && day%3 == 0:
				b.noAccess(o)
			case i == 4 && day == -4:
				b.partial(o)
			case i == 4 && day == -1:
				b.cancel(o, o.window.Add(-3*time.Hour))
			default:
				if i%2 == 1 {
					b.confirm(o, o.created.Add(4*time.Hour))
				}
				b.complete(o, i != 0)
			}
		}
	}
	// Today, at whatever hour it is: over, under way or ahead.
	for i := range todayVisits {
		o := b.open(c, b.desk(c, -1-i%3), home{two: i == 5})
		if !b.plan(o, 0, i, 1) {
			continue
		}
		b.schedule(o, o.created.Add(9*time.Minute), true, i%3 == 0)
		over := !o.windowEnd().Add(16 * time.Minute).After(b.now)
		switch {
		case i == 7 && over: // missed
		case i == 5:
			b.noAccess(o)
		default:
			if i%3 == 1 {
				b.confirm(o, o.created.Add(40*time.Minute))
			}
			b.complete(o, false)
		}
	}
	// The days to come.
	for day := 1; day <= comingDays; day++ {
		for i := range nextVisits {
			o := b.open(c, b.desk(c, -i%4), home{two: i == 4})
			if !b.plan(o, day, i+day, 1) {
				continue
			}
			b.schedule(o, o.created.Add(15*time.Minute), i != 2 || day%2 == 0, i%3 == 0)
			switch {
			case i == 1:
				b.confirm(o, o.created.Add(30*time.Minute))
			case i == 4 && day == 1:
				b.byLink(o, o.created.Add(25*time.Minute), customers.LinkAction{Action: "confirm"})
			case i == 4 && day == 2:
				b.byLink(o, o.created.Add(25*time.Minute), customers.LinkAction{Action: "another-time", Date: c.clockOn(5, 12, 0).Format("2006-01-02"),
					Part: "morning", Note: "Mornings suit us better."})
			case i == 4 && day == 3:
				b.byLink(o, o.created.Add(25*time.Minute), customers.LinkAction{Action: "call-me", Note: "Please call after six."})
			case i == 4 && day == 4:
				b.cancel(o, o.created.Add(35*time.Minute))
			case i == 5 && day == 1:
				b.decline(o, o.created.Add(30*time.Minute))
			case i == 5 && day == 2:
				b.reschedule(o, o.created.Add(30*time.Minute))
			}
		}
	}
	b.waiting(c)
	b.leave(c)
}

// customer is the customer whose link the demo hands out.
func (b *builder) customer(c *centre) {
	o := b.open(c, c.clockOn(-1, 16, 40), home{two: true})
	b.plan(o, 1, 1, 1)
	b.schedule(o, o.created.Add(10*time.Minute), true, false)
	b.at(o.created.Add(15*time.Minute), "registering the customer's phone", func() (err error) {
		b.brand.SampleJobID, b.brand.SampleVisitID = o.job, o.visit
		if b.brand.CustomerLink, err = b.link(o.job); err != nil {
			return err
		}
		token, err := b.token(o.job)
		if err != nil {
			return err
		}
		call := &casework.Call{}
		if call.Actor, err = b.svc.Customers.LinkActor(b.ctx, token); err != nil {
			return err
		}
		_, err = b.svc.Accounts.PutDevice(b.ctx, call, installation(b.brand.CustomerLogin),
			accounts.DeviceInput{Token: "demo:" + b.brand.CustomerLogin,
				Platform: "web", Language: "en"})
		return err
	})
}

// waiting are the jobs without a visit ahead, one or two of each kind.
func (b *builder) waiting(c *centre) {
	day := c.clockOn
	for i := range 4 { // nobody tried yet
		b.open(c, b.desk(c, -i%2), home{two: i == 1})
	}
	for i := range 3 { // tried, not enough
		o := b.open(c, day(-2-i, 10, 15*i), home{two: true, voiceOnly: i == 2})
		b.attempt(o, day(-1, 10, 20+i), o.desk, false, casework.AttemptInput{Channel: reach.Phone, Outcome: reach.Busy}, 0)
		b.attempt(o, day(-1, 14, 30+i), o.desk, false, rang(26+i), 0)
		if i == 1 {
			b.attempt(o, day(-1, 17, 10), o.desk, false, casework.AttemptInput{Channel: reach.Phone, Outcome: reach.Voicemail}, 1)
		}
	}
	for i := range 2 { // enough; the last notice runs
		o := b.open(c, day(-4, 11, 30*i), home{two: i == 0})
		b.attempt(o, day(-2, 10, 20+i), o.desk, false, rang(28), 0)
		b.attempt(o, day(-2, 16, 30+i), o.desk, false, delivered("Please call us about your repair."), 0)
		b.attempt(o, day(-1, 12, 10+i), o.desk, false, rang(33), 1)
		b.attempt(o, b.latest(c).Add(time.Duration(-i)*time.Minute), o.desk, false, lastNotice(), 0)
	}
	for i := range 2 { // unreachable since yesterday
		o := b.open(c, day(-6, 12, 20*i), home{two: true})
		b.attempt(o, day(-4, 10, 20+i), o.desk, false, rang(28), 0)
		b.attempt(o, day(-3, 14, 30+i), o.desk, false, delivered("Please call us about your repair."), 0)
		b.attempt(o, day(-3, 17, 45+i), o.desk, false, rang(24), 1)
		b.attempt(o, day(-2, 10, 5+i), func() *worker { return c.proprietor }, false, rang(35), 0)
		b.attempt(o, day(-2, 10, 40+i), o.desk, false, lastNotice(), 0)
	}
	// Unreachable after a closed door: the visit ahead falls away.
	o := b.open(c, day(-6, 15, 0), home{two: true})
	if b.plan(o, -4, 3, 1) {
		b.schedule(o, day(-6, 15, 20), true, false)
		b.noAccess(o)
		b.attempt(o, day(-3, 10, 10), o.desk, false, rang(29), 0)
		b.attempt(o, day(-2, 17, 20), o.desk, false, rang(30), 1)
		b.attempt(o, day(-2, 17, 50), o.desk, false, lastNotice(), 0)
	}
	// Back after weeks of silence, and waiting at their own wish.
	wish := b.open(c, day(-3, 11, 5), home{})
	b.at(day(-2, 9, 30), "holding", func() error {
		_, err := b.svc.HoldJob(b.ctx, wish.coordinator.call(), wish.job, casework.JobMoveInput{Kind: string(domain.HoldCustomerRequest),
			Reason: "travelling until next week", DueAt: day(6, 10, 0).Format(time.RFC3339),
			Contact: &casework.AttemptInput{Direction: reach.Inbound, Channel: "phone", Outcome: "reached"}})
		return err
	})
	called := b.open(c, day(-3, 9, 50), home{two: true, priority: "high"})
	b.attempt(called, day(-2, 11, 15), called.desk, false, rang(22), 0)
	b.at(day(-1, 13, 5), "being called", func() error {
		_, err := b.svc.Safety.LogContact(b.ctx, called.coordinator.call(), safety.ContactByPhone{Phone: called.phone(0),
			Note: "Will be home all week."})
		return err
	})
	gone := b.open(c, day(-4, 17, 0), home{})
	b.at(day(-3, 10, 0), "cancelling the job", func() error {
		_, err := b.svc.CancelJob(b.ctx, gone.coordinator.call(), gone.job, casework.JobMoveInput{Reason: "works again by itself"})
		return err
	})
}

// leave has somebody ask for a day off that waits for the proprietor's word.
func (b *builder) leave(c *centre) {
	who := c.technicians[len(c.technicians)-1]
	day := c.today.AddDate(0, 0, 16)
	b.at(b.now.Add(-95*time.Minute), "asking for leave", func() error {
		_, err := b.svc.Accounts.AddLeave(b.ctx, who.call(), who.ID, accounts.LeaveInput{StartsAt: day.Format(time.RFC3339),
			EndsAt: day.AddDate(0, 0, 1).
				Format(time.RFC3339), Kind: "annual", Note: "A wedding in the family"})
		return err
	})
}
