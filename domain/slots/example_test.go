package slots_test

import (
	"fmt"
	"time"

	"doorstep/domain/slots"
)

// Ravi's visit ends at eleven, 23 minutes of way off: he can be there at half past eleven. Asha has not the skill.
func ExampleJudge_Of() {
	day := time.Date(2026, time.November, 23, 0, 0, 0, 0, time.UTC)
	at := func(hour, minute int) time.Time { return day.Add(time.Duration(hour*60+minute) * time.Minute) }
	home, other := &slots.Place{Lat: 28.60, Lon: 77.20}, &slots.Place{Lat: 28.66, Lon: 77.20}
	j := slots.Judge{Job: slots.Job{Skill: "oven", Minutes: 60, Place: home}, Centre: slots.Centre{Location: time.UTC},
		Travel: slots.GreatCircle(slots.DefaultSpeed)}
	ravi := &slots.Technician{Name: "Ravi", Skills: []string{"oven"},
		Weekly: []slots.Shift{{Weekday: time.Monday, From: "09:00", To: "17:00"}},
		Diary:  []slots.Booking{{Span: slots.Span{From: at(10, 0), To: at(11, 0)}, Place: other}}}
	asha := &slots.Technician{Name: "Asha", Skills: []string{"washer"}}
	for _, try := range []struct {
		who *slots.Technician
		at  time.Time
	}{{ravi, at(11, 30)}, {ravi, at(10, 30)}, {ravi, at(16, 30)}, {asha, at(11, 30)}} {
		why := j.Of(try.who, try.at)
		fmt.Printf("%s at %s: %q\n", try.who.Name, try.at.Format("15:04"), why)
		if why != "" {
			fmt.Println("  ", j.Words(try.who, try.at, why))
		}
	}
	// Output:
	// Ravi at 11:30: ""
	// Ravi at 10:30: "overlap"
	//    Ravi has another visit in this time.
	// Ravi at 16:30: "hours"
	//    Ravi works 09:00-17:00 on Monday.
	// Asha at 11:30: "skill"
	//    Asha does not have the skill oven.
}

// A day in windows of two hours, none of them over noon.
func ExampleGrid_Windows() {
	day := time.Date(2026, time.November, 23, 0, 0, 0, 0, time.UTC)
	for _, w := range slots.DefaultGrid.Windows(time.UTC, day, day.AddDate(0, 0, 1)) {
		fmt.Print(w.From.Format("15:04"), "-", w.To.Format("15:04"), " ")
	}
	// Output: 08:00-10:00 10:00-12:00 12:00-14:00 14:00-16:00 16:00-18:00 18:00-20:00
}

// Who can come, best first: it counts how much the way of the day grows, and whether they know the household.
func ExampleJudge_Search() {
	day := time.Date(2026, time.November, 23, 0, 0, 0, 0, time.UTC)
	people := []slots.Technician{{ID: slots.ID{1}, Name: "Ravi", Skills: []string{"oven"}},
		{ID: slots.ID{2}, Name: "Asha", Skills: []string{"oven"}, Knows: true},
		{ID: slots.ID{3}, Name: "Noor", Skills: []string{"oven"}, Away: []slots.Span{{From: day, To: day.AddDate(0, 0, 1)}}}}
	j := slots.Judge{Job: slots.Job{Skill: "oven", Minutes: 60}, Centre: slots.Centre{Location: time.UTC},
		Travel: slots.GreatCircle(slots.DefaultSpeed)}
	window := slots.Span{From: day.Add(10 * time.Hour), To: day.Add(12 * time.Hour)}
	found := j.Search([]slots.Span{window}, people, slots.Options{From: day, To: day.AddDate(0, 0, 1), Explain: true})
	for _, o := range found[0].Offers {
		fmt.Println(people[o.Crew[0]].Name, o.Start.Format("15:04"), o.Parts.Continuity)
	}
	for _, r := range found[0].Refused {
		fmt.Println(people[r.Technician].Name, r.Reason)
	}
	// Output:
	// Asha 10:00 20
	// Ravi 10:00 0
	// Noor leave
}
