// Package harness is what stories are told with: the whole app on a temporary
// database, a clock that the story moves, and fake phones. A story fails on
// each push that it neither expects nor ignores by its kind.
//
//	answers.go        reading what was answered
//	customer_page.go  the page of a customer
//	harness.go        Harness, its pushes and its clock; OnEachEngine runs a story on every engine
//	norace.go         how slow tests run without the race detector
//	operator_log.go   what the operator reads
//	race.go           how slow they run under it
//	situations.go     what many stories begin with
//	typed.go          the operations that most stories use, with bodies and answers of package bodies
package harness
