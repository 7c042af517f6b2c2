// Package repo keeps the domain's objects in a database: an embedded SQLite
// file or PostgreSQL 15 and later, behind the same interfaces.
//
// GORM builds every statement. Which field of the domain's structs is which
// column is said in columns.go, and what carries the statements is ours
// (flight.go), because round trips to PostgreSQL decide speed: writes wait
// until the next read or the commit and travel with it.
//
// How a transaction travels:
//
//	ahead.go       what is read with the lock of a job, before anybody asks for it
//	bounds.go      how long PostgreSQL may wait, rest and be silent
//	bundle.go      rows of several tables around a job, in one statement
//	columns.go     fields of structs and columns of tables
//	convoy.go      PostgreSQL: transactions that commit together
//	dial_linux.go  when a silent connection is given up, on Linux
//	dial_other.go  the same on other systems
//	errors.go      constraints and codes of databases as errors of the domain
//	events.go      what a transaction changed, for GET /v1/events
//	flight.go      statements of one round trip
//	form.go        a statement built once and filled many times
//	migrate.go     bringing the schema up to date, and comparing it
//	open.go        opening a database, and closing it
//	pgid.go        ids as PostgreSQL sends them
//	replicas.go    which servers are there, and what a monitor asks
//	ride.go        SQLite: transactions that share one commit
//	scope.go       which rows an actor may see, as SQL
//	search.go      what households are looked for by
//	traces.go      SQLite: whether what was read still stands
//	tx.go          transactions: begun, run again, ended; the helpers of every write
//	sqlite_dialect.go how statements are spelled for SQLite
//	wal.go         SQLite: moving the log into the file, beside the writers
//
// Rows by subject:
//
//	advisories.go   advisories, appeals, and who read them
//	aftercare.go    conversations after harm, cool-offs
//	board.go        what a board shows of jobs, leave and load
//	capacity.go     booked visits and kept times of a centre
//	claims.go       what a crew told of too late
//	contact.go      attempts, unmatched contacts, policies
//	customers.go    customers, their contacts, sites and appliances
//	disputes.go     disputes, checks of visits said to be done, when a customer learned of them
//	evidence.go     photos and recordings of reports, files of visits
//	flags.go        reports, stops received, who stands down
//	household_merges.go  two households that became one, and back
//	households.go   rows of one household, and what may be one
//	job_history.go  steps tried, entries of a kind, thanks
//	jobs.go         jobs and their holds
//	maintenance.go  recurring visits
//	links.go        what was asked by links that staff had read
//	notices.go      what goes with a commit: entries, notices, deadlines, replays; devices and links; what is forgotten
//	outbox.go       what is delivered, and what became of it
//	payable.go      the payable visits of a technician
//	people.go       areas, centres, users, leave, sessions, invitations
//	plans.go        plans of a day, calendar feeds
//	promises.go     promises
//	queue.go        jobs of the delivery queue, inserted with the commit
//	reader.go       plain reads, each in a scope
//	reports.go      counts and histories for reports
//	safeplan.go     what the items of a safe-visit plan are judged by
//	imports.go       imports: what they changed, what was answered for them
//	security_log.go  the security log
//	slots.go        diaries, and times that are kept for a customer
//	sos.go          SOS, and what became of its rings
//	throttles.go    failed guesses that are counted
//	timers.go       visit timers
//	visits.go       visits, their crews, exclusions
//	watching.go     whether reports are suppressed
package repo
