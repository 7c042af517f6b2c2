package duty_test

import (
	"fmt"
	"time"

	"doorstep/domain/duty"
)

// What comes in on a Friday evening waits until Monday, and an hour of duty later it is ten.
func ExampleRoster() {
	r := duty.Roster{Location: time.UTC, Holidays: map[string]bool{"2026-11-21": true}}
	for day := time.Monday; day <= time.Saturday; day++ {
		r.Shifts = append(r.Shifts, duty.Shift{Weekday: day, From: "09:00", To: "18:00"})
	}
	friday := time.Date(2026, time.November, 20, 19, 30, 0, 0, time.UTC) // the Saturday is a holiday
	next, _ := r.Next(friday)
	fmt.Println(r.On(friday), next.Format("Mon 15:04"), r.Add(friday, time.Hour).Format("Mon 15:04"))
	// Output: false Mon 09:00 Mon 10:00
}
