// Package casework moves a case: one job of one household, its visits and the
// contacts about it. A unit of work (Work) opens each case once and saves it once;
// Case.Apply and the tables of domain say what may happen. It does not know who
// reports danger, raises an alarm or reads figures: what they do after a move stands
// in hooks.go.
//
//	access.go             who may see a centre, a person, a job
//	appliances.go         appliances of a household
//	capacity.go           how many visits a day takes
//	case.go               Work and Case: opened once, saved once, asked first; what falls due
//	centre_hours.go       when somebody of a centre could go
//	claims.go             what a crew told of too late
//	contact_attempts.go   attempts, the verdict, and what follows from it
//	contact_promises.go   who owes a household a call, and by when
//	customers.go          households: contacts, sites, languages
//	disputes.go           a contact that stopped or began to count
//	eta.go                when crews are expected, and who may come late
//	grades.go             how good the evidence of an attempt is, and what is no attempt of its own
//	hooks.go              what follows a move in other rooms
//	input.go              what can be read of an input, and what is refused
//	job_history.go        tried steps and the replacement that they propose
//	job_moves.go          cancel, close, reopen, hold, transfer, a disrupted day
//	jobs.go               registering and changing jobs; a job as it is shown
//	link.go               making the household's link
//	maintenance.go        visits that come again by a rule
//	maintenance_dates.go  which days they are, and what of them to warn of
//	numbers.go            what staff change of a household's numbers
//	struck_numbers.go     numbers found to be wrong, and how they come back
//	notify.go             telling crews, desks and households
//	notify_offduty.go     when staff and households may be rung
//	replay.go             answers of requests that come again, and who may read them
//	safeplan.go           what a safe-visit plan asks before a move
//	service.go            the service that all rooms share, and times as claimed
//	silence.go            households that wait for a word, and centres that nobody reaches
//	slot_search.go        free slots, and why others are not
//	sync_pushes.go        which phones are told to sync by a push that shows nothing
//	travel.go             how long the way is
//	visit.go              the way of every move on a visit; what it says to the job
//	visit_completion.go   done is a claim until it is confirmed
//	visit_crew.go         who goes: assign, decline, plan seen, and what refuses it
//	promise_owner_left.go promises of somebody who leaves find other owners
//	visit_give_back.go    visits of somebody who leaves: counted at once, then one transaction each
//	visit_missed.go       visits that nobody moved, or that were held until their time
//	visit_moves.go        forward moves of a crew, and taking them back
//	visit_schedule.go     schedule, confirm, reschedule, cancel
package casework
