package domain

import (
	"slices"
	"time"

	"doorstep/domain/slots"
)

const (
	slotHeldFor  = 10 * time.Minute // while a household decides (section 6)
	slotNotice   = 2 * time.Hour    // before a window that a household may choose
	slotLinkDays = 7                // ahead, on the page
	slotLinkMost = 6                // windows on the page, two of a day at most
)

// SlotHold keeps a time of one technician for a household that has chosen it
// and not taken it yet. To all others they are busy then, until it expires.
type SlotHold struct {
	ID           ID
	JobID        ID
	TechnicianID ID
	WindowStart  time.Time
	WindowEnd    time.Time
	StartsAt     time.Time
	EndsAt       time.Time
	CreatedAt    time.Time
	ExpiresAt    time.Time
}

// HeldSlot is a window that is kept for the household.
type HeldSlot struct {
	WindowStart time.Time `json:"window_start"`
	WindowEnd   time.Time `json:"window_end"`
	Until       time.Time `json:"until"`
}

// FreeSlot is a window that the household can choose. It does not say who
// would come.
type FreeSlot struct{ WindowStart, WindowEnd time.Time }

// heldSlot is what is kept for a job now, and who would come.
func heldSlot(tx *Work, job ID) (*HeldSlot, []SlotHold, error) {
	rows, err := tx.SlotHoldsOf(job)
	if err != nil {
		return nil, nil, err
	}
	rows = slices.DeleteFunc(rows, func(h SlotHold) bool { return !tx.Now.Before(h.ExpiresAt) })
	if len(rows) == 0 {
		return nil, nil, nil
	}
	return &HeldSlot{rows[0].WindowStart, rows[0].WindowEnd, rows[0].ExpiresAt}, rows, nil
}

// linkSlots adds to the page what the household can choose. Where nobody may
// be sent it offers nothing, and does not say why.
func linkSlots(d *Case, p *LinkPage) error {
	if !p.CanAnotherTime {
		return nil
	}
	var err error
	if p.Held, _, err = heldSlot(d.tx, d.job.ID); err != nil {
		return err
	}
	open := *d
	open.holds = slices.DeleteFunc(slices.Clone(d.holds), func(h Hold) bool { return h.Kind == HoldUnreachable }) // its own choice lifts it
	if open.mayBook(false) != nil {
		p.Held = nil
		return nil
	}
	look, err := searchIn(&open, movable(p.Visit), 0, d.now.Add(slotNotice), d.now.Add(slotNotice).AddDate(0, 0, slotLinkDays))
	if err != nil {
		return err
	}
	found := slices.DeleteFunc(look.found(slots.Options{Most: 1}), func(w slots.Window) bool {
		v := movable(p.Visit)
		return v != nil && v.WindowStart.Equal(w.From)
	})
	p.Free = variety(found, d.site.Location())
	slices.SortFunc(p.Free, func(a, b FreeSlot) int { return a.WindowStart.Compare(b.WindowStart) })
	return nil
}

// variety chooses among free windows, best first, so that a household that
// works in the mornings finds an evening: what the list has least of comes
// next, by part of the day, then by day, of which it shows two at most.
func variety(found []slots.Window, loc *time.Location) []FreeSlot {
	var out []FreeSlot
	days, parts := map[string]int{}, map[int]int{}
	taken := make([]bool, len(found))
	for len(out) < slotLinkMost {
		best, least := -1, [2]int{}
		for i, w := range found {
			local := w.From.In(loc)
			n := [2]int{parts[partOfDay(local)], days[local.Format(time.DateOnly)]}
			if !taken[i] && n[1] < 2 && (best < 0 || slices.Compare(n[:], least[:]) < 0) {
				best, least = i, n
			}
		}
		if best < 0 {
			break
		}
		taken[best] = true
		local := found[best].From.In(loc)
		parts[partOfDay(local)]++
		days[local.Format(time.DateOnly)]++
		out = append(out, FreeSlot{found[best].From.UTC(), found[best].To.UTC()})
	}
	return out
}

// partOfDay is morning, afternoon from 12 and evening from 16 on, as
// docs/product.md section 4 parts a day.
func partOfDay(local time.Time) int {
	switch h := local.Hour(); {
	case h < 12:
		return 0
	case h < 16:
		return 1
	}
	return 2
}

// movable is the visit that another time moves; nil: a new one is made.
func movable(v *Visit) *Visit {
	if v == nil || v.Status != VisitScheduled {
		return nil
	}
	return v
}

// anotherSlot keeps the window that the household names, takes what is kept,
// or both at once.
func anotherSlot(k *request) error {
	if j := k.job; j.Status.Ended() || j.Status == JobResolved || k.visit != nil && k.visit.Status.UnderWay() {
		return Fail(CodeState, "There is nothing to be moved now.")
	}
	if k.in.Window != "" {
		if err := holdSlot(k); err != nil {
			return err
		}
	}
	if !k.in.Take {
		return nil
	}
	k.kept = nil
	return takeSlot(k)
}

func slotGone() *Error {
	return Fail(CodeOverlap, "This time is not free any more. Please choose another one.")
}

// holdSlot keeps a window for the household, which it names by its start. A
// former choice is let go.
func holdSlot(k *request) error {
	start, err := ParseInstant(k.in.Window, k.site.Location(), "/window_start")
	if err != nil || start.Before(k.now) || start.After(k.now.AddDate(0, 3, 0)) {
		return Fail(CodeUnprocessable, "Please choose a window within the next three months.").
			At("/window_start", "the start of a window that was offered")
	}
	if err := k.mayBook(false); err != nil {
		return Fail(CodeState, "No time can be booked right now. Please call us.")
	}
	look, err := searchIn(k.Case, movable(k.visit), 0, start, start.Add(time.Minute))
	if err != nil {
		return err
	}
	found := look.found(slots.Options{})
	if len(found) == 0 || !found[0].From.Equal(start) {
		return slotGone()
	}
	best := found[0].Offers[0]
	for _, f := range found[0].Offers { // who would have come comes, where they can
		if k.visit != nil && sameCrew(look.crew(f), k.visit.Crew) {
			best = f
			break
		}
	}
	v := &Visit{WindowStart: found[0].From.UTC(), WindowEnd: found[0].To.UTC(), PlannedStart: best.Start.UTC(),
		PlannedMinutes: look.out.PlannedMinutes, Crew: look.crew(best)}
	if old := movable(k.visit); old != nil {
		v.PredecessorID = &old.ID
	}
	if err := checkCrew(k.Case, v, v.Crew); err != nil { // once more, with the technicians locked
		if refusal(err) {
			return slotGone()
		}
		return err
	}
	if err := k.tx.DropSlotHolds(k.job.ID); err != nil {
		return err
	}
	until := k.now.Add(slotHeldFor)
	for _, id := range v.Crew {
		if err := k.tx.InsertSlotHold(&SlotHold{ID: k.tx.NewID(), JobID: k.job.ID, TechnicianID: id, WindowStart: v.WindowStart,
			WindowEnd: v.WindowEnd,
			StartsAt:  v.PlannedStart, EndsAt: v.PlannedEnd(), CreatedAt: k.now, ExpiresAt: until}); err != nil {
			return err
		}
	}
	k.tx.setDeadline(DueSlotHold, k.job.ID, &k.job.ID, until)
	k.kept, k.done = &HeldSlot{v.WindowStart, v.WindowEnd, until}, "slot-held"
	return nil
}

// takeSlot schedules what is kept for the household: the visit ahead moves
// there, or a new one is made. Its own choice is its agreement.
func takeSlot(k *request) error {
	held, rows, err := heldSlot(k.tx, k.job.ID)
	if err != nil {
		return err
	}
	if held == nil {
		return slotGone()
	}
	crew := []ID{}
	for i := range rows {
		crew = append(crew, rows[i].TechnicianID)
	}
	in := ScheduleInput{WindowStart: held.WindowStart.Format(time.RFC3339Nano), WindowEnd: held.WindowEnd.Format(time.RFC3339Nano),
		PlannedStart:   rows[0].StartsAt.Format(time.RFC3339Nano),
		PlannedMinutes: int(rows[0].EndsAt.Sub(rows[0].StartsAt).Minutes()), Crew: &crew, Reason: byCustomer, chosen: k.how()}
	if k.contact != nil {
		in.chosenIn = &k.contact.ID
	}
	next := &Visit{Meta: newMeta(k.tx.NewID(), k.now)}
	for i := range k.visits { // the calendar entry belongs to the job
		next.Sequence = max(next.Sequence, k.visits[i].Sequence+1)
	}
	if err := k.tx.DropSlotHolds(k.job.ID); err != nil {
		return err
	}
	k.tx.Disarm(DueSlotHold, k.job.ID)
	if old := movable(k.visit); old != nil {
		next.PredecessorID = &old.ID
		err = succeed(k.move(), k.call, next, in)
	} else {
		err = book(k.call, k.Case, next, in, "visit.scheduled")
	}
	if refusal(err) {
		return Fail(CodeState, "This time cannot be booked any more. Please choose another one.")
	}
	k.done = "slot-taken"
	return err
}

// slotHoldDue lets go what a household has not taken.
func slotHoldDue(tx *Work, job ID) error {
	if held, _, err := heldSlot(tx, job); err != nil || held != nil {
		return err
	}
	return tx.DropSlotHolds(job)
}
