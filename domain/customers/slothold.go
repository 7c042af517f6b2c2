package customers

import (
	"slices"
	"time"

	"doorstep/domain"
	"doorstep/domain/casework"
	"doorstep/domain/slots"
)

const (
	slotHeldFor  = 10 * time.Minute // while a household decides (section 6)
	slotNotice   = 2 * time.Hour    // before a window that a household may choose
	slotLinkDays = 7                // ahead, on the page
	slotLinkMost = 6                // windows on the page, two of a day at most
)

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
func heldSlot(tx *casework.Work, job domain.ID) (*HeldSlot, []domain.SlotHold, error) {
	rows, err := tx.SlotHoldsOf(job)
	if err != nil {
		return nil, nil, err
	}
	rows = slices.DeleteFunc(rows, func(h domain.SlotHold) bool { return !tx.Now.Before(h.ExpiresAt) })
	if len(rows) == 0 {
		return nil, nil, nil
	}
	return &HeldSlot{rows[0].WindowStart, rows[0].WindowEnd, rows[0].ExpiresAt}, rows, nil
}

// linkSlots adds to the page what the household can choose. Where nobody may
// be sent it offers nothing, and does not say why.
func linkSlots(c *casework.Case, p *LinkPage) error {
	if !p.CanAnotherTime {
		return nil
	}
	var err error
	if p.Held, _, err = heldSlot(c.Tx, c.Job.ID); err != nil {
		return err
	}
	open := *c
	if !p.Link.Read() { // its own choice lifts it, and by another link a choice is no contact
		open.Holds = slices.DeleteFunc(slices.Clone(c.Holds), func(h domain.Hold) bool { return h.Kind == domain.HoldUnreachable })
	}
	if open.MayBook(false) != nil {
		p.Held = nil
		return nil
	}
	look, err := casework.SearchIn(&open, movable(p.Visit), 0, c.Now.Add(slotNotice), c.Now.Add(slotNotice).AddDate(0, 0, slotLinkDays))
	if err != nil {
		return err
	}
	found := slices.DeleteFunc(look.Found(slots.Options{Most: 1}), func(w slots.Window) bool {
		v := movable(p.Visit)
		return v != nil && v.WindowStart.Equal(w.From)
	})
	p.Free = variety(found, c.Site.Location())
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
func movable(v *domain.Visit) *domain.Visit {
	if v == nil || v.Status != domain.VisitScheduled {
		return nil
	}
	return v
}

// anotherSlot keeps the window that the household names, takes what is kept,
// or both at once.
func anotherSlot(k *Request) error {
	if j := k.Job; j.Status.Ended() || j.Status == domain.JobResolved || k.Visit != nil && k.Visit.Status.UnderWay() {
		return domain.Fail(domain.CodeState, "There is nothing to be moved now.")
	}
	if k.In.Window != "" {
		if err := holdSlot(k); err != nil {
			return err
		}
	}
	if !k.In.Take {
		return nil
	}
	k.kept = nil
	return takeSlot(k)
}

func slotGone() *domain.Error {
	return domain.Fail(domain.CodeOverlap, "This time is not free any more. Please choose another one.")
}

// holdSlot keeps a window for the household, which it names by its start. A
// former choice is let go.
func holdSlot(k *Request) error {
	start, err := domain.ParseInstant(k.In.Window, k.Site.Location(), "/window_start")
	if err != nil || start.Before(k.Now) || start.After(k.Now.AddDate(0, 3, 0)) {
		return domain.Fail(domain.CodeUnprocessable, "Please choose a window within the next three months.").
			At("/window_start", "the start of a window that was offered")
	}
	if err := k.MayBook(false); err != nil {
		return domain.Fail(domain.CodeState, "No time can be booked right now. Please call us.")
	}
	look, err := casework.SearchIn(k.Case, movable(k.Visit), 0, start, start.Add(time.Minute))
	if err != nil {
		return err
	}
	found := look.Found(slots.Options{})
	if len(found) == 0 || !found[0].From.Equal(start) {
		return slotGone()
	}
	best := found[0].Offers[0]
	for _, f := range found[0].Offers { // who would have come comes, where they can
		if k.Visit != nil && casework.SameCrew(look.Crew(f), k.Visit.Crew) {
			best = f
			break
		}
	}
	v := &domain.Visit{WindowStart: found[0].From.UTC(), WindowEnd: found[0].To.UTC(), PlannedStart: best.Start.UTC(),
		PlannedMinutes: look.Out.PlannedMinutes, Crew: look.Crew(best)}
	if old := movable(k.Visit); old != nil {
		v.PredecessorID = &old.ID
	}
	if err := casework.CheckCrew(k.Case, v, v.Crew); err != nil { // once more, with the technicians locked
		if Refusal(err) {
			return slotGone()
		}
		return err
	}
	if err := k.Tx.DropSlotHolds(k.Job.ID); err != nil {
		return err
	}
	until := k.Now.Add(slotHeldFor)
	for _, id := range v.Crew {
		if err := k.Tx.InsertSlotHold(&domain.SlotHold{ID: k.Tx.NewID(), JobID: k.Job.ID, TechnicianID: id, WindowStart: v.WindowStart,
			WindowEnd: v.WindowEnd,
			StartsAt:  v.PlannedStart, EndsAt: v.PlannedEnd(), CreatedAt: k.Now, ExpiresAt: until}); err != nil {
			return err
		}
	}
	k.Tx.SetDeadline(domain.DueSlotHold, k.Job.ID, &k.Job.ID, until)
	k.kept, k.done = &HeldSlot{v.WindowStart, v.WindowEnd, until}, "slot-held"
	return nil
}

// takeSlot schedules what is kept for the household: the visit ahead moves
// there, or a new one is made. Its own choice is its agreement.
func takeSlot(k *Request) error {
	held, rows, err := heldSlot(k.Tx, k.Job.ID)
	if err != nil {
		return err
	}
	if held == nil {
		return slotGone()
	}
	crew := []domain.ID{}
	for i := range rows {
		crew = append(crew, rows[i].TechnicianID)
	}
	in := casework.ScheduleInput{WindowStart: held.WindowStart.Format(time.RFC3339Nano), WindowEnd: held.WindowEnd.Format(time.RFC3339Nano),
		PlannedStart:   rows[0].StartsAt.Format(time.RFC3339Nano),
		PlannedMinutes: int(rows[0].EndsAt.Sub(rows[0].StartsAt).Minutes()), Crew: &crew, Reason: byCustomer, Chosen: k.How()}
	if k.readByStaff() {
		in.Chosen = domain.ReadLink
	}
	if k.contact != nil {
		in.ChosenIn = &k.contact.ID
	}
	next := &domain.Visit{Meta: domain.NewMeta(k.Tx.NewID(), k.Now)}
	for i := range k.Visits { // the calendar entry belongs to the job
		next.Sequence = max(next.Sequence, k.Visits[i].Sequence+1)
	}
	if err := k.Tx.DropSlotHolds(k.Job.ID); err != nil {
		return err
	}
	k.Tx.Disarm(domain.DueSlotHold, k.Job.ID)
	if old := movable(k.Visit); old != nil {
		next.PredecessorID = &old.ID
		err = casework.Succeed(k.move(), k.call, next, in)
	} else {
		err = casework.Book(k.call, k.Case, next, in, "visit.scheduled")
	}
	if Refusal(err) {
		return domain.Fail(domain.CodeState, "This time cannot be booked any more. Please choose another one.")
	}
	k.done, k.next = "slot-taken", next
	return err
}

// SlotHoldDue lets go what a household has not taken.
func SlotHoldDue(tx *casework.Work, job domain.ID) error {
	if held, _, err := heldSlot(tx, job); err != nil || held != nil {
		return err
	}
	return tx.DropSlotHolds(job)
}
