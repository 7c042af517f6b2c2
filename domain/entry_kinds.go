package domain

// EntryKind is one kind of entries of a job's timeline, with the keys that its payload
// may hold (FactPayload in openapi.yaml types them).
type EntryKind struct {
	Kind string
	Keys string
}

// Keys that several kinds carry.
const (
	moveKeys    = "note reason guard_met findings work_done parts tested"
	bookingKeys = "window_start window_end planned_start planned_minutes crew predecessor_id agreed agreed_attempt_id agreed_said"
	askedKeys   = "request_id action status via due_at"
	disputeKeys = "dispute_id attempt_id subject claim reason due_at default"
	fileKeys    = "file_id kind asked agreed digest taken_at"
)

// EntryKinds lists all kinds, by name. A kind is never removed: entries are kept.
var EntryKinds = []EntryKind{
	{"attempt.disputed", disputeKeys},
	{"attempt.recorded", "attempt_id direction channel outcome grade ring_seconds contact_id agreed_start agreed_end"},
	{"case.opened", "promise_id owner_id due_at contacts"},
	{"claim.decided", "claim_id status reasons witness moved by_default"},
	{"contact.call_me", "note"},
	{"contact.could_not_reach", "note"},
	{"device.proven", ""},
	{"dispute.decided", "dispute_id attempt_id subject decision reasons by_default"},
	{"dispute.replaced", "dispute_id attempt_id subject decision"},
	{"file.declined", fileKeys},
	{"file.kept", fileKeys},
	{"files.removed", "files via"},
	{"hold.lifted", "hold_id kind reason because"},
	{"hold.placed", "hold_id kind reason due_at attempt_id declared counts policy_version"},
	{"hold.released", "kind plan confirmed_by"},
	{"household.merged", "customer_id part_id"},
	{"household.parted", "customer_id part_id"},
	{"household.told", "notice channel"},
	{"job.cancelled", "reason"},
	{"job.changed", "id external_ref customer_id site_id contact_id appliance_id centre_id category skill_level serial fault tried_steps " +
		"what_matters note priority safety_critical cover value_minor occurred_at reason"},
	{"job.closed", "reason"},
	{"job.registered", "centre_id repeat_of priority"},
	{"job.reopened", "reason original_clock"},
	{"job.silent", "since"},
	{"job.transferred", "from to reason"},
	{"link.acted", askedKeys},
	{"link.read", ""},
	{"link.request_kept", askedKeys},
	{"link.request_settled", askedKeys},
	{"link.revoked", "because number_struck"},
	{"link.sent", "by"},
	{"link.undone", "contacts"},
	{"maintenance.stopped", ""},
	{"number.changed", "request_id due_at"},
	{"number.denied", "request_id due_at"},
	{"number.given_back", "because"},
	{"passport.corrected", "step_id changes reason via"},
	{"promise.broken", "promise_id owner_id"},
	{"promise.handed_over", "promise_id from to reason due_at"},
	{"promise.kept", "promise_id attempt_id late"},
	{"promise.made", "promise_id kind source what owner_id due_at"},
	{"replacement.answered", "decision reason"},
	{"replacement.proposed", "steps"},
	{"replacement.withdrawn", "steps"},
	{"step.tried", "step_id step result watched_by note repeat_of repeat_reason"},
	{"step.withdrawn", "step_id because"},
	{"verdict.changed", "verdict was policy_version"},
	{"visit.another_time_asked", "date part note"},
	{"visit.arrived", "note"},
	{"visit.arrived_anyway", "crew note"},
	{"visit.assigned", "crew was reason"},
	{"visit.cancelled", "reason"},
	{"visit.claimed", "claim_id action status note reason findings work_done parts tested occurred_at channel outcome direction step result what watched_by ring_seconds"},
	{"visit.completed", moveKeys},
	{"visit.confirmed", "how agreed_attempt_id agreed_start agreed_end said"},
	{"visit.corrected", "findings work_done parts tested"},
	{"visit.declined", "reason"},
	{"visit.disputed", disputeKeys},
	{"visit.done_confirmed", "how"},
	{"visit.en_route", "note"},
	{"visit.end_code_wrong", ""},
	{"visit.freed", "crew was"},
	{"visit.late_expected", "expected_at window_end"},
	{"visit.missed", "window_end"},
	{"visit.missed_withdrawn", "because"},
	{"visit.no_access", moveKeys},
	{"visit.not_answered", "check_id"},
	{"visit.partial", moveKeys},
	{"visit.plan_seen", ""},
	{"visit.planned", "planned_start was"},
	{"visit.rescheduled", bookingKeys},
	{"visit.sampled", "check_id"},
	{"visit.scheduled", bookingKeys},
	{"visit.started", "note"},
	{"visit.stopped", "crew"},
	{"visit.taken_back", "status en_route_at arrived_at started_at reason"},
	{"visit.undone", "status confirmation"},
	{"visit.word_wrong", ""},
}

// EntryKindOf finds a kind; nil: there is none of that name.
func EntryKindOf(kind string) *EntryKind {
	for i := range EntryKinds {
		if EntryKinds[i].Kind == kind {
			return &EntryKinds[i]
		}
	}
	return nil
}
