// Package reporting is figures and lists that are put together for a page: the
// board, reports, feeds, what changed. It moves nothing.
//
//	board.go          the dispatch board
//	events.go         what changed, for whom
//	feed.go           a technician's calendar
//	payable.go        visits that are paid
//	reachability.go   reachability and the clock of jobs
//	safetyreport.go   reports of danger and conversations after them, counted
//	service.go        the use cases
//	servicereport.go  the report of a service centre
//	watching.go       whether reports are suppressed or avenged
package reporting
