// Package casework moves a case: one job of one household, its visits and the
// contacts about it. A unit of work (Work) opens each case once and saves it once;
// Case.Apply and the tables of domain say what may happen. It does not know who
// reports danger, raises an alarm or reads figures: what they do after a move stands
// in hooks.go.
//
//	access.go            who may see and change a centre or a person
//	capacity.go          how many visits a day takes
//	case.go              Work and Case: opened once, saved once, asked first; what falls due
//	contact_attempts.go  attempts, the verdict, and what follows from it
//	contact_promises.go  who owes a household a call, and by when
//	disputes.go          a contact that stopped or began to count
//	eta.go               when crews are expected, and who may come late
//	hooks.go             what follows a move in other rooms
//	job_history.go       tried steps and the replacement that they propose
//	job_moves.go         cancel, close, reopen, hold, transfer, a disrupted day
//	maintenance.go       visits that come again by a rule
//	notify.go            telling crews, desks and households; the household's link
//	notify_offduty.go    telling people when they are on duty
//	planday.go           places and times of a day
//	registering.go       households, appliances, jobs
//	replay.go            answers of requests that come again
//	safeplan.go          what a safe-visit plan asks before a move
//	service.go           the service that all rooms share, and times as claimed
//	slot_search.go       free slots, and why others are not
//	travel.go            how long the way is
//	visit_completion.go  done is a claim until it is confirmed
//	visit_moves.go       forward moves of a crew
//	visit_schedule.go    schedule, assign, confirm, reschedule, cancel
package casework
