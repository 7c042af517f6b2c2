// Package repotest opens throw-away databases for tests and holds the
// conformance suite that every engine has to pass.
//
//	afterwards.go        advisories and care after a report
//	ahead.go             what is read with the lock of a job, and when it is void
//	alarms.go            SOS, timers and promises; the feed of changes
//	claims.go            what a crew told of too late
//	cluster_unix.go      a throw-away PostgreSQL
//	deadlines.go         deadlines: claimed once, beside requests
//	exclusion.go         the database lets nobody into a crew who is kept away
//	feed.go              whose phone shows what a transaction changed
//	household_merges.go  two households that become one, and back
//	households.go        rows of one household, and what may be one
//	imports.go           what an import changed, whom it reached, what was answered
//	link_requests.go     what was asked by links that staff had read
//	lend.go              databases that tests borrow, wiped in between
//	open.go              opening an empty database of an engine
//	planning.go          plans of a day, maintenance, boards
//	process_linux.go     a server that ends with the tests
//	process_unix.go      the same on other systems
//	races.go             versions, and visits that overlap
//	reading.go           reads of contacts, disputes, reports; locks
//	roundtrip.go         what is written is read back: all kinds of objects, in order
//	roundtrip_jobs.go    of customers, jobs, visits, disputes, entries
//	roundtrip_outbox.go  of notices and replays
//	roundtrip_people.go  of areas, centres, users, leave, sessions, devices
//	roundtrip_safety.go  of holds, SOS, timers, reports, evidence
//	scopes.go            who sees which rows; filters and pages
//	stops.go             a stop that waited for no lock
//	suite.go             Run: the whole suite
//	sweep.go             what is forgotten, also when it is cut short
//	telling.go           notices: told once, withdrawn, delivered
//	transactions.go      what an ended, refused or repeated transaction leaves
//	world.go             a small brand, and helpers to write and compare
package repotest
