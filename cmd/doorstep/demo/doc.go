// Package demo fills an empty store with a brand of two areas, four centres and
// some twelve days of work, and runs it with fake phones and a clock that can
// be moved.
//
//	advance.go   moving the clock
//	brand.go     Fill: the whole brand
//	calendar.go  what happens when
//	clock.go     the clock
//	data.go      names, places and faults
//	days.go      the days of a centre
//	order.go     one job, and what can be done with it
//	reports.go   reports of danger
//	staff.go     people
//	start.go     Start: the server, the page and its phones
package demo
