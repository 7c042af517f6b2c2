package customers

import (
	"testing"
	"time"

	"doorstep/domain/slots"
)

// The best windows are all mornings; a household is still offered the rest of
// the day, and more than two days.
func TestVariety(t *testing.T) {
	day := time.Date(2027, 3, 2, 0, 0, 0, 0, time.UTC)
	var found []slots.Window
	for _, hours := range [][]int{{8, 10}, {12, 14, 16, 18}} {
		for d := range 5 {
			for _, h := range hours {
				from := day.AddDate(0, 0, d).Add(time.Duration(h) * time.Hour)
				found = append(found, slots.Window{Span: slots.Span{From: from, To: from.Add(2 * time.Hour)}})
			}
		}
	}
	got := variety(found, time.UTC)
	parts, days := map[int]int{}, map[int]int{}
	for _, f := range got {
		parts[partOfDay(f.WindowStart)]++
		days[f.WindowStart.Day()]++
	}
	if len(got) != slotLinkMost || parts[0] != 2 || parts[1] != 2 || parts[2] != 2 || len(days) < 3 {
		t.Errorf("%v: parts %v, days %v", got, parts, days)
	}
	if got[0] != (FreeSlot{found[0].From, found[0].To}) {
		t.Errorf("the best is not offered first: %v", got[0])
	}
	if got := variety(found[:3], time.UTC); len(got) != 3 {
		t.Errorf("of three windows: %v", got)
	}
	if got := variety(nil, time.UTC); len(got) != 0 {
		t.Errorf("of none: %v", got)
	}
}
