package demo

import (
	"container/heap"
	"fmt"
	"slices"
	"time"

	"doorstep/domain"
)

// event is something that happens at a time.
type event struct {
	at   time.Time
	seq  int
	what string
	do   func() error
}

type events []event

func (e events) Len() int { return len(e) }

func (e events) Less(i, j int) bool {
	if !e[i].at.Equal(e[j].at) {
		return e[i].at.Before(e[j].at)
	}
	return e[i].seq < e[j].seq
}

func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }

func (e *events) Push(x any) { *e = append(*e, x.(event)) }

func (e *events) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}

// at plans something; what lies after now does not happen.
func (b *builder) at(t time.Time, what string, do func() error) {
	if !t.After(b.now) {
		b.planned++
		heap.Push(&b.events, event{t, b.planned, what, do})
	}
}

// run lets everything happen, what falls due in between included.
func (b *builder) run() error {
	for b.events.Len() > 0 {
		e := heap.Pop(&b.events).(event)
		if err := b.settle(e.at); err != nil {
			return err
		}
		b.clock.Set(e.at)
		if err := e.do(); err != nil {
			return fmt.Errorf("%s at %s: %w", e.what, e.at.Format(time.RFC3339), err)
		}
	}
	if err := b.settle(b.now); err != nil {
		return err
	}
	return b.quiet(20 * time.Minute)
}

// settle carries out what falls due until then, each at its own time.
func (b *builder) settle(until time.Time) error {
	for {
		next, err := b.svc.Read.NextDeadline(b.ctx)
		if err != nil {
			return err
		}
		if next == nil || next.After(until) {
			b.clock.Set(until)
			return nil
		}
		if next.After(b.clock.Now()) {
			b.clock.Set(*next)
		}
		if _, err := b.svc.Clock.Tick(b.ctx); err != nil {
			return err
		}
	}
}

// quiet puts off what falls due soon, so that nothing changes by itself while
// a newcomer looks around.
func (b *builder) quiet(d time.Duration) error {
	return b.svc.Store.InTx(b.ctx, func(tx domain.Tx) error {
		soon, err := tx.ClaimDue(b.now.Add(d), 1000)
		for _, dl := range soon {
			dl.ID, dl.DoneAt, dl.DueAt = b.svc.NewID(), nil, dl.DueAt.Add(d)
			tx.Arm(dl)
		}
		return err
	})
}

// clockOn is a wall-clock time of the centre, days from today.
func (c *centre) clockOn(day, hour, minute int) time.Time {
	return time.Date(c.today.Year(), c.today.Month(), c.today.Day()+day, hour, minute, 0, 0, c.loc)
}

// desk is some time of a day at which the desk is staffed; on a day that is
// not that far yet, of the day before.
func (b *builder) desk(c *centre, day int) time.Time {
	day = min(day, 0)
	t := c.clockOn(day, 9, b.rng.IntN(9*60))
	if t.After(b.now.Add(-time.Hour)) {
		t = c.clockOn(min(day, -1), 9, b.rng.IntN(9*60))
	}
	return t
}

// latest is the last time of the day's middle that lies an hour or more back.
func (b *builder) latest(c *centre) time.Time {
	limit := b.now.Add(-time.Hour)
	if t := c.clockOn(0, 18, 0); !t.After(limit) {
		return t
	}
	if t := c.clockOn(0, 10, 0); !t.After(limit) {
		return limit
	}
	return c.clockOn(-1, 18, 0)
}

// free finds a technician with the skill who works and has nothing yet in a
// slot of the day, and books him. The search begins at the wanted slot.
func (c *centre) free(day, slot int, category string, crew int, not ...domain.ID) (int, []*worker) {
	weekday := int(c.clockOn(day, 12, 0).Weekday())
	for i := range openings {
		s := (slot + i) % len(openings)
		var found []*worker
		for k := range c.technicians {
			t := c.technicians[(k+c.turn)%len(c.technicians)]
			works := slices.ContainsFunc(t.Hours, func(h domain.Shift) bool { return h.Weekday == weekday })
			if !works || !slices.Contains(t.Skills, category) || c.taken[booking{t.ID, day, s}] || slices.Contains(not, t.ID) {
				continue
			}
			if found = append(found, t); len(found) == crew {
				break
			}
		}
		if len(found) == crew {
			for _, t := range found {
				c.taken[booking{t.ID, day, s}] = true
			}
			c.turn++
			return s, found
		}
	}
	return slot, nil
}

func (c *centre) nextMorning(t time.Time) time.Time {
	y, m, d := t.In(c.loc).Date()
	return time.Date(y, m, d+1, 9, 40, 0, 0, c.loc)
}
