package planning

import (
	"fmt"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
)

// What one import, plan or disruption gives a technician rings them once; the
// inbox keeps each.
func TestManyChangesAtOnceRingOnce(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		desk := h.As("kiran")
		zone := harness.Zone("Asia/Kolkata")
		inbox := func(login, title string) int { t.Helper(); return len(h.InboxBodies(login, title)) }
		load := func(day time.Time, refs string) {
			t.Helper()
			csv := "Ticket,Customer,Mobile,Address,Date,Slot,Engineer\n"
			for i := range 5 {
				csv += fmt.Sprintf("%s-%d,Flood %s %d,98210002%02d,%d Road,%s,%02d:00-%02d:00,Ravi Surname\n", refs, i, refs, i, i+10*int(refs[0]-'A'),
					i,
					day.In(zone).Format("02/01/2006"), 8+2*i, 9+2*i)
			}
			csv += fmt.Sprintf("%s-9,Flood %s 9,98210003%02d,9 Road,%s,10:00-11:00,Meena Surname\n", refs, refs, int(refs[0]), day.In(zone).
				Format("02/01/2006"))
			if out := desk.Send("POST", "/v1/imports/jobs?preview=false", csv, 200, "Content-Type", "text/csv"); out["created"] != 6.0 {
				t.Fatalf("imported: %v", out)
			}
		}
		load(tuesday, "A")
		h.Settle()
		if h.Pushes("ravi", "5 new visits")+h.Pushes("ravi", "New visit") != 0 {
			t.Error("a phone rings before all is there")
		}
		h.Advance(5 * time.Second)
		h.Expect("ravi", "5 new visits")
		h.Expect("meena", "New visit")
		if n, m := h.Pushes("ravi", "New visit"), inbox("ravi", "New visit"); n != 0 || m != 5 {
			t.Errorf("Ravi is rung %d times more, the inbox has %d", n, m)
		}
		// The day moves: once more.
		desk.Send("POST", "/v1/centres/"+h.Centre.String()+"/disruption", object{"date": "2027-03-02", "reason": "flood"}, 201)
		h.Advance(5 * time.Second)
		h.Expect("ravi", "5 new visits")
		h.Expect("meena", "New visit")
		// At night it waits for the duty, and is one then too.
		h.Clock.Set(time.Date(2027, 3, 4, 18, 0, 0, 0, time.UTC)) // 23:30
		h.MayIgnore("visit.missed_desk", "visit.missed", "digest")
		h.Settle()
		load(time.Date(2027, 3, 8, 6, 0, 0, 0, time.UTC), "B")
		h.Advance(time.Minute)
		if n := h.Pushes("ravi", "5 new visits"); n != 2 {
			t.Errorf("rung %d times at night", n)
		}
		h.Advance(9 * time.Hour)
		h.Expect("ravi", "5 new visits")
		h.Expect("meena", "New visit")
	})
}
