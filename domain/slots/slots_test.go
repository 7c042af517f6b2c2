package slots

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// drawn is a centre's fortnight out of chance.
func drawn(t *rapid.T, loc *time.Location) (*Judge, []Technician, time.Time, time.Time) {
	day := time.Date(2026, rapid.SampledFrom([]time.Month{3, 10, 11}).Draw(t, "month"), rapid.IntRange(20, 30).Draw(t, "day"), 0, 0, 0, 0, loc)
	n := func(name string, lo, hi int) int { return rapid.IntRange(lo, hi).Draw(t, name) }
	place := func(name string) *Place {
		if n(name+" known", 0, 3) == 0 {
			return nil
		}
		return &Place{18.4 + float64(n(name+" lat", 0, 30))/100, 73.7 + float64(n(name+" lon", 0, 30))/100}
	}
	j := &Judge{Travel: GreatCircle(25), Centre: Centre{Location: loc, WorkingDays: []int{1, 2, 3, 4, 5, 6}},
		Job: Job{Minutes: n("minutes", 1, 24) * 10, Place: place("site"), Two: n("two", 0, 3) == 0}}
	if n("holiday", 0, 2) == 0 {
		j.Centre.Holidays = []string{day.AddDate(0, 0, 1).Format(time.DateOnly)}
	}
	if n("skill", 0, 1) == 0 {
		j.Job.Skill, j.Job.Level = "refrigerator", n("level", 0, 3)
	}
	load := func(name string) (l Load) {
		if n(name+" takes", 0, 2) == 0 {
			l = Load{Most: n(name+" most", 1, 4), Days: map[string]int{}}
			for d := range 5 {
				l.Days[day.AddDate(0, 0, d).Format(time.DateOnly)] = n(name+" has", 0, 5)
			}
		}
		return l
	}
	j.Centre.Load = load("centre")
	if n("stands", 0, 2) == 0 {
		j.Centre.Stands = day.AddDate(0, 0, n("stands on", 0, 3)).Format(time.DateOnly)
	}
	if n("daylight", 0, 3) == 0 {
		j.Job.Light = func(at time.Time) Span {
			y, m, d := at.In(loc).Date()
			return Span{time.Date(y, m, d, 9, 17, 0, 0, loc), time.Date(y, m, d, 17, 3, 0, 0, loc)}
		}
	}
	var people []Technician
	for i := range n("technicians", 1, 5) {
		p := Technician{ID: ID{byte(i + 1)}, Name: fmt.Sprint("T", i), Home: place("home"), Apart: n("apart", 0, 6) == 0,
			Knows: n("knows", 0, 2) == 0}
		if n("skilled", 0, 4) > 0 {
			p.Skills = []string{"washing_machine", "refrigerator"}
			if level := n("has level", 0, 3); level > 0 {
				p.Levels = map[string]int{"refrigerator": level, "oven": 3}
			}
		}
		p.Load = load("technician")
		if n("has hours", 0, 4) > 0 {
			for w := range time.Weekday(7) {
				if n("works", 0, 5) > 0 {
					p.Weekly = append(p.Weekly, Shift{w, fmt.Sprintf("%02d:%02d", n("from", 3, 10), n("half", 0, 1)*30), "13:00"},
						Shift{w, "14:00", fmt.Sprintf("%02d:00", n("to", 15, 24))})
				}
			}
		}
		if n("exception", 0, 3) == 0 {
			some := []Shift{{From: "10:10", To: "12:00"}, {From: "15:00", To: "21:00"}}
			p.Dates = map[string][]Shift{day.AddDate(0, 0, n("on", 0, 2)).Format(time.DateOnly): some[:n("shifts", 0, 2)]}
		}
		if n("leave", 0, 3) == 0 {
			from := day.Add(time.Duration(n("leave from", 0, 48)) * time.Hour)
			p.Away = []Span{{from, from.Add(time.Duration(n("leave hours", 1, 30)) * time.Hour)}}
		}
		at := day.Add(time.Duration(n("first", 0, 20)) * time.Hour)
		for range n("visits", 0, 8) {
			end := at.Add(time.Duration(n("long", 2, 30)*5+n("odd", 0, 4)) * time.Minute)
			p.Diary = append(p.Diary, Booking{Span: Span{at, end}, Place: place("visit"), Kept: n("kept", 0, 5) == 0})
			at = end.Add(time.Duration(n("gap", 0, 400)) * time.Minute)
		}
		people = append(people, p)
	}
	return j, people, day, day.AddDate(0, 0, 3)
}

// broken says which hard rule a visit breaks, told anew and slowly: it shares
// nothing with the judge but the input.
func broken(j *Judge, p *Technician, start time.Time) string {
	loc, end := j.Centre.Location, start.Add(time.Duration(j.Job.Minutes)*time.Minute)
	date := start.In(loc).Format("2006-01-02")
	if j.Job.Light != nil {
		if l := j.Job.Light(start); start.Before(l.From) || end.After(l.To) {
			return "daylight"
		}
	}
	if p.Apart || j.Job.Skill != "" && !strings.Contains(strings.Join(p.Skills, " "), j.Job.Skill) {
		return "apart or skill"
	}
	if !j.Job.Two && !level(j, p) {
		return "level"
	}
	if c := j.Centre.Load; c.Most > 0 && c.Days[date] >= c.Most && j.Centre.Stands != date || p.Load.Most > 0 &&
		p.Load.Days[date] >= p.Load.Most {
		return "capacity"
	}
	if slices.Contains(j.Centre.Holidays, date) {
		return "holiday"
	}
	for _, a := range p.Away {
		if start.Before(a.To) && a.From.Before(end) {
			return "leave"
		}
	}
	other, excepted := p.Dates[date]
	works := !excepted && len(p.Weekly) == 0 && start.In(loc).Weekday() != time.Sunday
	shifts := p.Weekly
	if excepted {
		shifts = other
	}
	for _, s := range shifts {
		last := end.In(loc).Add(-time.Nanosecond)
		if (excepted || s.Weekday == start.In(loc).Weekday()) && s.From <= start.In(loc).Format("15:04") && last.Format("2006-01-02") == date &&
			last.Format("15:04") < s.To {
			works = true
		}
	}
	if !works {
		return "hours"
	}
	for _, b := range p.Diary {
		way := 0.0
		if b.Place != nil && j.Job.Place != nil {
			way = math.Ceil(j.Travel(*b.Place, *j.Job.Place)) * 60
		}
		if start.Before(b.To) && b.From.Before(end) {
			return "overlap"
		}
		if !b.To.After(start) && start.Sub(b.To).Seconds() < way-leeway.Seconds() && nearest(p.Diary, b, start, end) {
			return "way there"
		}
		if !b.From.Before(end) && b.From.Sub(end).Seconds() < way-leeway.Seconds() && nearest(p.Diary, b, start, end) {
			return "way on"
		}
	}
	return ""
}

// level reports whether somebody has what the job asks of one of the crew.
func level(j *Judge, p *Technician) bool {
	has := p.Levels["refrigerator"]
	if has == 0 {
		has = 2
	}
	return j.Job.Skill == "" || slices.Contains(p.Skills, "refrigerator") && has >= j.Job.Level
}

// nearest reports whether nothing stands between a booking and the visit.
func nearest(diary []Booking, b Booking, start, end time.Time) bool {
	for _, o := range diary {
		if !b.To.After(start) && !o.To.After(start) && o.To.After(b.To) || !b.From.Before(end) && !o.From.Before(end) && o.From.Before(b.From) {
			return false
		}
	}
	return true
}

func TestNoSlotBreaksAHardRuleAndExplainAgrees(t *testing.T) {
	zones := []*time.Location{zone(t, "Asia/Kolkata"), zone(t, "Europe/London")}
	rapid.Check(t, func(rt *rapid.T) {
		j, people, from, to := drawn(rt, rapid.SampledFrom(zones).Draw(rt, "zone"))
		grid := Grid{From: rapid.IntRange(0, 9).Draw(rt, "grid from") * 60, To: rapid.IntRange(14, 24).Draw(rt, "grid to") * 60,
			Minutes: rapid.SampledFrom([]int{60, 90, 120, 240}).Draw(rt, "window")}
		spans := grid.Windows(j.Centre.Location, from, to)
		o := Options{From: from, To: to, Explain: true}
		found := j.Search(spans, people, o)
		if !reflect.DeepEqual(found, j.Search(spans, people, o)) {
			rt.Fatal("the same question has another answer")
		}
		if len(found) != len(spans) {
			rt.Fatalf("%d windows explained, not %d", len(found), len(spans))
		}
		for i, w := range found {
			if i > 0 && w.Score > found[i-1].Score {
				rt.Fatal("windows do not come best first")
			}
			said := map[int]bool{}
			for k, offer := range w.Offers {
				if k > 0 && offer.Score > w.Offers[k-1].Score {
					rt.Fatal("technicians do not come best first")
				}
				if offer.Start.Before(w.From) || !offer.Start.Before(w.To) || len(offer.Crew) != map[bool]int{false: 1, true: 2}[j.Job.Two] ||
					offer.Parts.sum() != offer.Score {
					rt.Fatalf("offer %+v in %v", offer, w.Span)
				}
				if !slices.ContainsFunc(offer.Crew, func(p int) bool { return level(j, &people[p]) }) {
					rt.Fatalf("nobody of %v has level %d", offer.Crew, j.Job.Level)
				}
				for _, p := range offer.Crew {
					said[p] = true
					if rule := broken(j, &people[p], offer.Start); rule != "" {
						rt.Fatalf("%v of %s breaks the rule %s", offer.Start, people[p].Name, rule)
					}
					if why := j.Of(&people[p], offer.Start); why != "" {
						rt.Fatalf("offered at %v, refused for %s", offer.Start, why)
					}
				}
			}
			for _, no := range w.Refused {
				if said[no.Technician] {
					rt.Fatal("offered and refused at once")
				}
				said[no.Technician] = true
				p := &people[no.Technician]
				team := j.Job.Two && (no.Reason == Plan || no.Reason == Skill && j.Of(p, w.From) == "")
				if team && no.Reason == Skill && slices.ContainsFunc(people, func(o Technician) bool { return level(j, &o) }) {
					rt.Fatal("somebody with the level is there, and the skill is refused")
				}
				if why := j.Of(p, w.From); why != no.Reason && !team {
					rt.Fatalf("explained as %s, refused for %s", no.Reason, why)
				}
				if no.Reason != Plan && j.Words(p, w.From, no.Reason) == "" {
					rt.Fatalf("%s has no words", no.Reason)
				}
				for at := w.From; at.Before(w.To) && !team; at = at.Add(step) {
					if rule := broken(j, p, at); rule == "" {
						rt.Fatalf("%s can begin at %v and is refused for %s", p.Name, at, no.Reason)
					}
				}
			}
			if len(said) != len(people) {
				rt.Fatalf("%d of %d are answered", len(said), len(people))
			}
		}
	})
}

func TestJudgeRefusesWhatIsBrokenAndNothingElse(t *testing.T) {
	loc := zone(t, "Europe/London")
	rapid.Check(t, func(rt *rapid.T) {
		j, people, from, _ := drawn(rt, loc)
		for range 50 {
			at := from.Add(time.Duration(rapid.IntRange(0, 4*24*60).Draw(rt, "minute")) * time.Minute)
			for i := range people {
				if why, rule := j.Of(&people[i], at), broken(j, &people[i], at); (why == "") != (rule == "") {
					rt.Fatalf("%v: judged %q, broken %q", at, why, rule)
				}
			}
		}
	})
}

func TestWindowsKeepTheirWallClockOverAChangeOfTheClocks(t *testing.T) {
	day := Grid{From: 0, To: 24 * 60, Minutes: 120}
	for _, tc := range []struct {
		zone, date string
		first      []time.Duration // real lengths of the first windows
		n          int
	}{
		{"Europe/London", "2027-03-27", []time.Duration{2 * time.Hour, 2 * time.Hour}, 12},
		{"Europe/London", "2027-03-28", []time.Duration{time.Hour, 2 * time.Hour}, 12},     // 01:00-02:00 does not exist
		{"Europe/London", "2026-10-25", []time.Duration{3 * time.Hour, 2 * time.Hour}, 12}, // 01:00-02:00 exists twice
		{"Asia/Kolkata", "2027-03-28", []time.Duration{2 * time.Hour, 2 * time.Hour}, 12},
	} {
		loc := zone(t, tc.zone)
		from, _ := time.ParseInLocation(time.DateOnly, tc.date, loc)
		got := day.Windows(loc, from, from.AddDate(0, 0, 1))
		if len(got) != tc.n {
			t.Fatalf("%s %s: %d windows", tc.zone, tc.date, len(got))
		}
		for i, w := range got {
			if f, to := w.From.In(loc).Format("15:04"), w.To.In(loc).Format("15:04"); f != fmt.Sprintf("%02d:00", 2*i) ||
				to != fmt.Sprintf("%02d:00", (2*i+2)%24) {
				t.Errorf("%s %s: window %d is %s-%s", tc.zone, tc.date, i, f, to)
			}
		}
		for i, want := range tc.first {
			if long := got[i].To.Sub(got[i].From); long != want {
				t.Errorf("%s %s: window %d is %v long, not %v", tc.zone, tc.date, i, long, want)
			}
		}
	}
	// An hour's window in the hour that does not exist is left out.
	loc := zone(t, "Europe/London")
	gap := time.Date(2027, 3, 28, 0, 0, 0, 0, loc)
	for _, w := range (Grid{From: 0, To: 180, Minutes: 60}).Windows(loc, gap, gap.AddDate(0, 0, 1)) {
		if w.From.In(loc).Format("15:04") == "01:00" {
			t.Error("a window in the hour that does not exist")
		}
	}
	// By day nothing is shorter or longer, and the hours are the same.
	for _, w := range DefaultGrid.Windows(loc, gap.AddDate(0, 0, -1), gap.AddDate(0, 0, 2)) {
		if w.To.Sub(w.From) != 2*time.Hour || w.From.In(loc).Hour()%2 != 0 {
			t.Errorf("window %v", w)
		}
	}
}

func TestHoursOverAChangeOfTheClocks(t *testing.T) {
	loc := zone(t, "Europe/London")
	j := &Judge{Centre: Centre{Location: loc}, Travel: GreatCircle(25), Job: Job{Minutes: 60}}
	night := Technician{Name: "Ravi", Weekly: []Shift{{time.Sunday, "01:00", "03:00"}}}
	utc := func(s string) time.Time { at, _ := time.Parse(time.RFC3339, s); return at }
	for _, tc := range []struct {
		at   string
		want Reason
	}{
		{"2026-10-24T23:30:00Z", Hours}, {"2026-10-25T00:00:00Z", ""}, // the first 01:00
		{"2026-10-25T01:00:00Z", ""}, // the second
		{"2026-10-25T02:00:00Z", ""}, {"2026-10-25T02:30:00Z", Hours},
		{"2027-03-28T00:30:00Z", Hours}, {"2027-03-28T01:00:00Z", ""}, // 02:00, the first instant of the shift
		{"2027-03-28T01:30:00Z", Hours},
	} {
		if got := j.Of(&night, utc(tc.at)); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.at, got, tc.want)
		}
	}
}

func TestTheWay(t *testing.T) {
	loc := zone(t, "Asia/Kolkata")
	at := func(h, m int) time.Time { return time.Date(2027, 3, 1, h, m, 0, 0, loc) }
	near, far := &Place{18.52, 73.85}, &Place{18.52, 73.95} // 10.5 km, with streets 14.8 km, 36 min
	j := &Judge{Centre: Centre{Location: loc}, Travel: GreatCircle(25), Job: Job{Minutes: 60, Place: far}}
	p := Technician{Name: "Ravi", Diary: []Booking{{Span: Span{at(10, 0), at(11, 0)}, Place: near},
		{Span: Span{at(14, 0), at(15, 0)}, Place: near}}}
	for start, want := range map[time.Time]Reason{at(11, 0): Way, at(11, 5): Way, at(11, 6): "", at(11, 36): "", at(12, 54): "",
		at(12, 55): Way, at(13, 30): Overlap, at(9, 0): Way, at(8, 54): ""} {
		if got := j.Of(&p, start); got != want {
			t.Errorf("%v: %q, want %q", start, got, want)
		}
	}
	if w := j.Words(&p, at(11, 0), Way); w != "Ravi needs 36 min on the way from a visit that ends at 11:00." {
		t.Error(w)
	}
	j.Job.Place = nil // unknown is never no
	if got := j.Of(&p, at(11, 0)); got != "" {
		t.Errorf("refused for %s where the place is unknown", got)
	}
	w := j.Search([]Span{{at(11, 0), at(12, 0)}}, []Technician{p}, Options{From: at(0, 0), To: at(24, 0)})
	if len(w) != 1 || w[0].Offers[0].Minutes != nil || w[0].Offers[0].Parts.Travel != 20 {
		t.Errorf("%+v", w)
	}
}

func TestLevels(t *testing.T) {
	loc := zone(t, "Asia/Kolkata")
	at := time.Date(2027, 3, 1, 10, 0, 0, 0, loc)
	who := func(name string, level int) Technician {
		p := Technician{ID: ID{name[0]}, Name: name, Skills: []string{"washing_machine"}}
		if level > 0 {
			p.Levels = map[string]int{"washing_machine": level}
		}
		return p
	}
	none, helper, plain, expert := Technician{Name: "Zoya", Skills: []string{"oven"}}, who("Ravi", Helper), who("Meena", 0),
		who("Sunil", Expert)
	for _, tc := range []struct {
		asks    int
		refused []*Technician
	}{{0, []*Technician{&none}}, {1, []*Technician{&none}}, {2, []*Technician{&none, &helper}}, {3, []*Technician{&none, &helper, &plain}}} {
		j := &Judge{Centre: Centre{Location: loc}, Job: Job{Skill: "washing_machine", Level: tc.asks, Minutes: 60}}
		for _, p := range []*Technician{&none, &helper, &plain, &expert} {
			if got := j.Of(p, at); (got == Skill) != slices.Contains(tc.refused, p) {
				t.Errorf("level %d asked of %s: %q", tc.asks, p.Name, got)
			}
		}
	}
	j := &Judge{Centre: Centre{Location: loc}, Travel: GreatCircle(25), Job: Job{Skill: "washing_machine", Level: Expert, Minutes: 60}}
	for p, want := range map[*Technician]string{&none: "Zoya does not have the skill washing_machine.",
		&helper: "Ravi has washing_machine at level 1; this job asks for 3.",
		&plain:  "Meena has washing_machine at level 2; this job asks for 3."} {
		if got := j.Words(p, at, Skill); got != want {
			t.Error(got)
		}
	}
	// Of two people one has the level, and both the skill.
	j.Job.Two = true
	window := []Span{{at, at.Add(2 * time.Hour)}}
	search := func(people ...Technician) Window {
		return j.Search(window, people, Options{From: at, To: at.Add(24 * time.Hour), Explain: true})[0]
	}
	w := search(helper, plain, expert, none)
	if len(w.Offers) != 2 || len(w.Refused) != 1 || w.Refused[0] != (Refused{3, Skill}) {
		t.Errorf("%+v", w)
	}
	for _, o := range w.Offers {
		if !slices.Contains(o.Crew, 2) {
			t.Errorf("a crew without the expert: %v", o.Crew)
		}
	}
	if w := search(helper, plain); len(w.Offers) != 0 || len(w.Refused) != 2 || w.Refused[0].Reason != Skill || w.Refused[1].Reason != Skill {
		t.Errorf("without an expert: %+v", w)
	}
}

func TestCapacity(t *testing.T) {
	loc := zone(t, "Europe/London")
	at := func(s string) time.Time { x, _ := time.Parse(time.RFC3339, s); return x }
	p := Technician{Name: "Ravi", Load: Load{Most: 1, Days: map[string]int{"2027-06-02": 1}}}
	j := &Judge{Centre: Centre{Location: loc, Load: Load{Most: 2, Days: map[string]int{"2027-06-01": 2, "2027-06-03": 3}}},
		Job: Job{Minutes: 60}}
	for _, tc := range []struct {
		at, stands string
		want       Reason
		words      string
	}{
		{"2027-06-01T10:00:00Z", "", Capacity, "The centre takes 2 visits on 2027-06-01 and has 2."},
		{"2027-06-01T10:00:00Z", "2027-06-01", "", ""}, // it stands there already
		{"2027-05-31T22:30:00Z", "", "", ""},           // 23:30 in London
		{"2027-05-31T23:30:00Z", "", Capacity, "The centre takes 2 visits on 2027-06-01 and has 2."},
		{"2027-06-02T10:00:00Z", "", Capacity, "Ravi takes 1 visit on 2027-06-02 and has 1."},
		{"2027-06-02T10:00:00Z", "2027-06-02", Capacity, "Ravi takes 1 visit on 2027-06-02 and has 1."},
		{"2027-06-03T10:00:00Z", "2027-06-02", Capacity, "The centre takes 2 visits on 2027-06-03 and has 3."}, // a bound that was lowered
		{"2027-06-04T10:00:00Z", "", "", ""},
	} {
		j.Centre.Stands = tc.stands
		if got := j.Of(&p, at(tc.at)); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.at, got, tc.want)
		} else if got != "" && j.Words(&p, at(tc.at), got) != tc.words {
			t.Errorf("%s: %s", tc.at, j.Words(&p, at(tc.at), got))
		}
	}
}

// BenchmarkSearch is 14 days × 40 technicians × 300 visits a day.
func BenchmarkSearch(b *testing.B) {
	loc := zone(b, "Asia/Kolkata")
	from := time.Date(2027, 3, 1, 9, 0, 0, 0, loc)
	j := &Judge{Centre: Centre{Location: loc, Holidays: []string{"2027-03-10"}}, Travel: GreatCircle(25),
		Job: Job{Skill: "refrigerator", Minutes: 60, Place: &Place{18.52, 73.85}}}
	people := make([]Technician, 40)
	for i := range people {
		p := &people[i]
		p.ID, p.Name, p.Skills, p.Home, p.Knows = ID{byte(i)}, "T", []string{"washing_machine", "refrigerator"},
			&Place{18.5 + float64(i)/200, 73.8}, i%9 == 0
		for w := range time.Weekday(7) {
			p.Weekly = append(p.Weekly, Shift{w, "08:00", "13:00"}, Shift{w, "14:00", "20:00"})
		}
		for day := range 14 {
			visits := 7 + (i+day)%2 // 300 a day in all
			for v := range visits {
				at := time.Date(2027, 3, 1+day, 8, 0, 0, 0, loc).Add(time.Duration(v*85+i%20) * time.Minute)
				p.Diary = append(p.Diary, Booking{Span: Span{at, at.Add(time.Hour)}, Place: &Place{18.5 + float64((i*7+v*13)%40)/400,
					73.8 + float64((i*3+v*5)%40)/400}})
			}
		}
	}
	spans := DefaultGrid.Windows(loc, from, from.AddDate(0, 0, 14))
	for _, explain := range []bool{false, true} {
		b.Run(fmt.Sprintf("explain=%v", explain), func(b *testing.B) {
			n := 0
			for b.Loop() {
				n = 0
				for _, w := range j.Search(spans, people, Options{From: from, To: from.AddDate(0, 0, 14), Explain: explain, Most: 5}) {
					n += len(w.Offers)
				}
			}
			b.ReportMetric(float64(n), "offers")
			b.ReportMetric(float64(len(spans)), "windows")
		})
	}
}

// TestShiftsAreThoseThatAreJudged: what is listed as a shift can be worked to
// its last minute, and not a minute more, also when the clocks change.
func TestShiftsAreThoseThatAreJudged(t *testing.T) {
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	week := []Shift{{time.Sunday, "13:00", "18:00"}, {time.Sunday, "00:30", "09:00"}}
	for name, c := range map[string]struct {
		day  time.Time
		t    Technician
		c    Centre
		want []string
	}{
		"a break": {time.Date(2027, 3, 21, 12, 0, 0, 0, london), Technician{Weekly: week}, Centre{},
			[]string{"00:30-09:00", "13:00-18:00"}},
		"another day": {time.Date(2027, 3, 22, 12, 0, 0, 0, london), Technician{Weekly: week}, Centre{}, nil},
		"a date": {time.Date(2027, 3, 22, 12, 0, 0, 0, london),
			Technician{Weekly: week, Dates: map[string][]Shift{"2027-03-22": {{From: "10:00", To: "24:00"}}}}, Centre{}, []string{"10:00-00:00"}},
		"a date off": {time.Date(2027, 3, 21, 12, 0, 0, 0, london), Technician{Weekly: week, Dates: map[string][]Shift{"2027-03-21": {}}},
			Centre{}, nil},
		"a holiday":     {time.Date(2027, 3, 21, 12, 0, 0, 0, london), Technician{Weekly: week}, Centre{Holidays: []string{"2027-03-21"}}, nil},
		"a working day": {time.Date(2027, 3, 22, 12, 0, 0, 0, london), Technician{}, Centre{WorkingDays: []int{1}}, []string{"00:00-00:00"}},
		"none":          {time.Date(2027, 3, 21, 12, 0, 0, 0, london), Technician{}, Centre{WorkingDays: []int{1}}, nil},
		"in the gap": {time.Date(2027, 3, 28, 12, 0, 0, 0, london), Technician{Weekly: []Shift{{time.Sunday, "01:30", "09:00"}}}, Centre{},
			[]string{"02:00-09:00"}},
		"twice": {time.Date(2027, 10, 31, 12, 0, 0, 0, london), Technician{Weekly: []Shift{{time.Sunday, "00:30", "01:30"}}}, Centre{},
			[]string{"00:30-01:30"}},
	} {
		c.c.Location = london
		var got []string
		for _, s := range c.c.Shifts(&c.t, c.day) {
			got = append(got, s.From.In(london).Format("15:04")+"-"+s.To.In(london).Format("15:04"))
			j := Judge{Job: Job{Minutes: int(s.To.Sub(s.From).Minutes())}, Centre: c.c}
			if r := j.Of(&c.t, s.From); r != "" {
				t.Errorf("%s: %v is refused for %s", name, got, r)
			}
			if len(c.t.Weekly) == 0 {
				continue
			}
			if j.Job.Minutes++; j.Of(&c.t, s.From) != Hours {
				t.Errorf("%s: a minute after %v is worked", name, got)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
