// Package slots finds arrival windows for a job and says for every technician
// why a time is possible or not (docs/product.md section 6). One rule, Judge.Of,
// answers who searches and who books, so that both always agree. It is pure:
// it knows time and its own plain types only.
//
// It plans no day: who drives where in which order is dayplan's. It neither
// books nor keeps a time.
//
//	judge.go    Judge.Of, the hard rules of one technician at one instant, and their words
//	shifts.go   the hours of a day: the week, or what was said of the date
//	search.go   windows of a day, and who can come in each, best first
package slots
