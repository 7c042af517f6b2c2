package domain

import (
	"slices"
	"testing"
	"time"
)

// TestBriefcase walks every state of a visit on every day around a phone's.
func TestBriefcase(t *testing.T) {
	zone := time.FixedZone("IST", 19800)
	me, other := ID{1}, ID{2}
	b := BriefcaseOf(time.Date(2027, 3, 1, 0, 0, 0, 0, zone))
	for _, status := range VisitStatuses {
		for day := -3; day <= 10; day++ {
			v := Visit{Status: status, Crew: JSONList[ID]{me}, WindowStart: time.Date(2027, 3, 1+day, 0, 0, 0, 0, zone).UTC()}
			inside, over := day >= -1 && day <= 7, status == VisitCancelled || status == VisitRescheduled
			want := GoneEnded
			switch {
			case over:
			case status.UnderWay() || inside:
				want = ""
			case status == VisitScheduled:
				want = GoneLeftScope
			}
			if got := b.Gone(&v, me); got != want {
				t.Errorf("%s, day %d: %q, want %q", status, day, got, want)
			}
			if got := b.Gone(&v, other); got != GoneReassigned {
				t.Errorf("%s, day %d, of another: %q", status, day, got)
			}
			if got := b.Lacks(&v); got != (day > 7 && !status.UnderWay()) {
				t.Errorf("%s, day %d: lacking is %v", status, day, got)
			}
		}
	}
}

func TestMissingOffline(t *testing.T) {
	lat := 18.5
	whole := func() (*Job, *Customer) {
		return &Job{SiteID: ID{1}, Fault: "it leaks"}, &Customer{Sites: []Site{{ID: ID{1}, Address: "1 Lane", Lat: &lat, Lon: &lat}},
			Contacts: []Contact{{Phones: JSONList[string]{"+911"}}}}
	}
	for missing, take := range map[string]func(*Job, *Customer){
		"":            func(*Job, *Customer) {},
		"address":     func(_ *Job, c *Customer) { c.Sites[0].Address = "" },
		"coordinates": func(_ *Job, c *Customer) { c.Sites[0].Lat = nil },
		"phone":       func(_ *Job, c *Customer) { c.Contacts[0].InvalidPhones = JSONList[string]{"+911"} },
		"fault":       func(j *Job, _ *Customer) { j.Fault = "" },
	} {
		j, c := whole()
		take(j, c)
		if got := MissingOffline(j, c); len(got) > 1 || slices.Contains(got, "") || len(got) == 1 != (missing != "") || missing != "" &&
			got[0] != missing {
			t.Errorf("without %q: %v", missing, got)
		}
	}
	if got := MissingOffline(&Job{Fault: "x"}, &Customer{}); !slices.Equal(got, []string{"address", "coordinates", "phone"}) {
		t.Errorf("of nothing: %v", got)
	}
}
