// Package domain is the product's words: its nouns, the lifecycles as tables, its
// errors and the ports to storage. It imports the standard library and
// google/uuid only and holds no use case: those stand in the rooms below it, by
// subject (usecases lists them), and the pure rules in small packages of plain
// types.
//
// What may happen:
//
//	lifecycle.go       who may move a visit, a job, a report, from which state
//	moves.go           the same of holds, alarms, timers, disputes, promises, leave …
//	apply.go           the only writer of a state
//	advisory.go        warning markers, and their table
//	errors.go          what a refusal carries
//	codes.go           every refusal, with what to do
//	guard.go           why a crew could not meet a guard; what a repair is tested with
//	policy.go          the product's figures; a centre's policy of reachability
//	danger.go          words of danger in what a household says
//	deadline.go        what falls due
//	safeplan.go        what a safe-visit plan asks before a move
//	user_fields.go     who sees which field of people
//
// The nouns:
//
//	aftercare.go       conversations that are owed after harm
//	attempt.go         one try of a contact, and what came of it
//	briefcase.go       which visits a technician's phone holds, and what it lacks
//	choices.go         the lists that a phone offers, in its language
//	claim.go           what a crew told of too late
//	cooloff.go         a pause after a hard visit
//	customer.go        customers, their contacts, sites and appliances
//	day_plan.go        who goes where on a day, as proposed
//	device_health.go   whether a phone rings, and how to mend it
//	device.go          a phone or browser that pushes go to
//	diary.go           what stands in the days of technicians
//	dispute.go         "that is not so"; "is it done?"
//	disruption.go      one move of a centre's day
//	events.go          what changed, for whoever listens
//	evidence.go        files of a report
//	exclusion.go       a member of staff and a household who are kept apart
//	feed.go            a technician's calendar
//	figures.go         rows of the reports
//	filters.go         what lists are asked for
//	flag.go            a report of danger
//	household_action.go  what a household does by its link, and for whom it speaks
//	import.go          an import of a table, what it changed, what was answered for it
//	invitation.go      a code that sets a password
//	job.go             a job and its holds
//	job_history.go     tried steps, a proposed replacement
//	leave.go           leave
//	link.go            the household's link
//	link_request.go    what was asked by a link that staff had read
//	maintenance.go     visits that come again by a rule
//	number_change.go   what staff changed of a household's numbers, and from when it proves something
//	notice.go          one thing to tell one audience, and its delivery
//	pattern.go         what several mild reports say together; our own failures before a report
//	people.go          roles, areas, centres, users, who reaches what
//	promise.go         who owes a household what, by when
//	entry_kinds.go     what the entries of a timeline carry, by kind
//	push_kinds.go      what an app can count on of each kind of push
//	replay.go          an answer that is kept for a repeated request
//	sealed_request.go  what a lost device told that is about no visit
//	silence.go         how long a household may wait for a word
//	skill.go           skills and their levels
//	security_log.go    what of security happened, for admins
//	sos.go             an SOS, whom it rings and how
//	stand_down.go      somebody of ours who goes nowhere until a report is decided
//	stop.go            a stop that was received and waits for its job
//	texts.go           the languages, and what is said in each (texts/xx.json)
//	thanks.go          thanks of a household
//	throttle.go        failed tries
//	timeline.go        entries and their hash chain
//	door_words.go      the two words that are said at a door
//	drill.go           phones are tried before they are needed
//	home_safe.go       who wants to be asked whether they came home
//	timer.go           the timer of who is inside
//	visit.go           a visit
//	visit_file.go      photos, signatures and recordings of a visit
//
// What all need:
//
//	store.go           the ports: what storage does for the domain
//	values.go          ids, versions, lists, points
//	instant.go         times as people write them
//	keys.go            secrets that rotate
//	normalize_step.go  the same step in other words
//	step_words.go      the usual steps in the words used for them; what words say came of one
//	household_merge.go     two rows that became one household, and back
//	household_question.go  whether two rows are one household
//	phrasebook.go      sentences of the rules in their reader's language
//	place_key.go       the same address in other words
//	place_likeness.go  what may be the same address, and is asked about
//	wait.go            how long a wait at a household's request counts
//	words.go           what notices and calls say
package domain
