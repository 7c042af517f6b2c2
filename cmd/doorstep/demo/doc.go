// Package demo fills an empty store with a brand of two areas, four centres and
// some twelve days of work, and runs it with fake phones and a clock that can
// be moved.
//
//   - start.go, advance.go: [Start], the page's phones, moving the clock
//   - clock.go: the [Clock]
//   - brand.go: [Fill]
//   - staff.go, order.go, days.go, reports.go: people, one order and what can be
//     done with it, the days of a centre, reports
//   - calendar.go: what happens when; data.go: names, places and faults
package demo
