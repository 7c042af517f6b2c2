// Package api turns requests into calls of use cases and their answers into
// JSON, problems and pages. It decides nothing about the product. A resource is a
// file, with its requests, handlers and answers. Plumbing that knows no resource
// is in web, tables are in sheet, templates and scripts in pages.
//
//	app_links.go       which apps may open the links of households
//	advisories.go      proposing, approving, appealing and ending advisories
//	aftercare.go       conversations owed after harm, cool-offs, whether reports are suppressed
//	app.go             the App: what it holds, and every mount
//	areas.go           areas
//	attempts.go        attempts to reach a customer, and contacts nobody could match yet
//	auth.go            signing in and out, fresh tokens, passwords
//	board.go           the day of a centre, as JSON and as a page
//	calendar.go        one visit as a calendar file, for the customer
//	centres.go         centres, and a day on which one cannot work
//	compliments.go     thanks from customers, and their moderation
//	customer_page.go   the page behind a customer's link, and what its forms do
//	customers.go       customers with contacts and sites, appliances
//	demo.go            the demo's page and the phones on it
//	desk.go            /, the pages of staff: their files
//	devices.go         registering a device for pushes, and taking it out
//	disputes.go        disputes, checks of visits said to be done, what a caller asks for
//	events.go          /v1/events: what changed, as a stream
//	evidence.go        photos and recordings of a report
//	evidence_packs.go  the evidence pack of a job
//	exclusions.go      who is kept away from a customer
//	flags.go           reports of danger, and as much of them as the reader may see
//	handlers.go        the forms that most handlers have: create, get, patch, list, a move by id
//	household_questions.go  whether two rows are one household
//	imports.go         importing jobs from CSV and XLSX
//	inbox.go           the notices of whoever is signed in
//	job_history.go     what is known of a job's appliance, steps tried, replacement
//	jobs.go            jobs, their moves, timeline and verdict
//	keep_aways.go      people who stand down while a report about them is looked at
//	leave.go           leave: asked for, decided, withdrawn
//	link_requests.go   what was asked by links that staff had read
//	maintenance.go     recurring visits to an appliance
//	payable.go         the payable visits of a technician
//	plans.go           a day's plan, a sick day, the calendar feed of a technician
//	policies.go        the brand's policy and a centre's own
//	principals.go      who is signed in, and how long that is believed
//	promises.go        promises to customers
//	queue.go           what waits for a decision, with the address of each move
//	reports.go         figures and lists, as JSON and as CSV
//	security_log.go    the security log, for admins
//	session.go         the sessions of pages, in cookies
//	slots.go           which arrival windows can be offered
//	sos.go             raising an SOS, answering it, ending it
//	static.go          pages of staff and their scripts
//	stop.go            stop: refused for nothing that its body says
//	sync.go            what a phone kept while it had no network, in one request
//	sync_down.go       what a technician's phone shows, whole and then what changed
//	technician_app.go  /app, the technician's app: its files
//	technicians.go     technicians, their hours and skills
//	timers.go          visit timers, and the two codes
//	users.go           accounts of staff, and their invitations
//	user_view.go       a member of staff as their reader is shown them
//	visit_files.go     photos, signatures and recordings of a visit, as they arrive
//	visits.go          visits: lists, and every move
//	visits_json.go     a list of visits written as encoding/json would write it, faster
package api
