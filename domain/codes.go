package domain

// The codes. Their pages are served at /problems/{code}.
var (
	CodeMalformed = code("malformed", KindMalformed, "Malformed request",
		"The request does not have the shape the contract asks for: a wrong type, an unknown or repeated key, a missing field, or text that is not valid UTF-8 JSON.", "Compare the request with openapi.yaml; errors[] points at each offending value.", "window_start: must be a date and time")
	CodeIdempotencyKey = code("idempotency_key_required", KindMalformed, "Idempotency-Key missing or malformed",
		"This POST must carry an Idempotency-Key, so that a retry after a lost reply cannot act twice.",
		"Send a fresh UUID in Idempotency-Key, and the same one when you retry.", "Send Idempotency-Key (1 to 255 characters).")
	CodeUnauthenticated = code("unauthenticated", KindUnauthenticated, "Not signed in",
		"The access token is missing, expired, malformed or signed by an unknown key; or the account was disabled or changed.",
		"Sign in again, or refresh the token.", "The access token has expired.")
	CodeDeviceLost = code("device_lost", KindUnauthenticated, "The device was reported lost",
		"Somebody reported this device lost, or its user's account ended: its sessions and its credential have ended. With its credential it may upload its queue once more (POST /v1/sync).",
		"Upload the queue if that was not done, then erase everything that the app holds; a new installation can be signed in on.",
		"This device was reported lost.")
	CodeSyncTooOld = code("sync_too_old", KindUnauthenticated, "Not synced for 72 hours",
		"A phone that holds a day's homes must ask what changed. This one has not for 72 hours, so its session does nothing more but an SOS and a stop.",
		"Sign in again, register the phone, send its queue, and sync.", "This device has not synced for 72 hours; sign in again.")
	CodeIDTokenInvalid = code("id_token_invalid", KindUnauthenticated, "No ID token of Firebase",
		"The token is not well formed, is signed by somebody else, or is no ID token.", "Send the ID token of the signed-in Firebase user.",
		"The ID token is not one of Firebase.")
	CodeIDTokenExpired = code("id_token_expired", KindUnauthenticated, "ID token expired", "An ID token is good for an hour.",
		"Take a fresh one from the Firebase SDK (getIdToken(true)) and send that.", "The ID token has expired; take a fresh one.")
	CodeIDTokenRevoked = code("id_token_revoked", KindUnauthenticated, "ID token revoked",
		"The Firebase session was ended, or its account deleted, after this token was given.", "Sign in with Firebase again.",
		"The Firebase session of this token was ended; sign in with Firebase again.")
	CodeIDTokenProject = code("id_token_project", KindUnauthenticated, "Another Firebase project",
		"The token is for another project than this server's.",
		"Build the app with the Firebase configuration of this brand.", "The ID token is of another Firebase project.")
	CodeAccountDisabled = code("account_disabled", KindUnauthenticated, "Account disabled",
		"The Firebase account, or the member of staff with this number, was disabled.", "Ask the proprietor or the area manager.",
		"The account with this number was disabled.")
	CodeNumberUnknown = code("number_unknown", KindUnauthenticated, "No account with this number",
		"No member of staff, or more than one, has the phone number that Firebase verified.",
		"Ask an admin to put the number into your account, or sign in with login and password.", "Nobody here has this number.")
	CodeFirebaseOff = code("firebase_off", KindNotFound, "No sign-in with Firebase", "This server has no Firebase project.",
		"Sign in with login and password.", "This server takes no sign-in with Firebase.")
	CodeBadCredentials = code("bad_credentials", KindUnauthenticated, "Login or password wrong",
		"The login and password do not belong together.",
		"Check both; after several failures wait as long as Retry-After says, or ask for a reset.", "Login or password is wrong.")
	CodeForbidden = code("forbidden", KindForbidden, "Not your move", "You may see this, but your role may not do this with it.",
		"The object's actions list what you may do now; ask somebody whose role may.", "A technician cannot assign visits.")
	CodeNotFound = code("not_found", KindNotFound, "Not found",
		"It does not exist, or it is outside your scope; the answer is the same for both.", "Check the id and with whom you are signed in.",
		"There is no such visit, or it is outside what you may see.")
	CodeMethod = code("method_not_allowed", KindMethod, "Method not allowed", "This address exists, but not with this method.",
		"See openapi.yaml for the methods of this path.", "GET is not offered here.")
	CodeState = code("wrong_state", KindConflict, "Not possible in this state",
		"The lifecycle has no such move from the present state.", "Read the object again; its actions list what is possible now.",
		"A completed visit cannot be cancelled.")
	CodeClaimKept = code("claim_kept", KindConflict, "Kept, and nothing moved",
		"What you did is on record with its time. The visit had been given to somebody else or had ended before it was sent, so nothing moved.",
		"Do not send it again; your desk has been told.", "The visit is not yours any more. What you did at 10:05 is kept.")
	CodeDependsOn = code("depends_on", KindDependency, "Something before it is not done",
		"A request of a batch depends on another one that failed, or that has not arrived yet.",
		"Keep it, and send it again with or after the other one.", "It depends on a request that is not done yet.")
	CodeOnHold = code("held", KindConflict, "A hold forbids it",
		"An open hold on the job, the customer or the site refuses this move.",
		"See holds[] of the job. A safety hold is released only by the area manager with a safe-visit plan; contact lifts unreachable.",
		"A safety hold refuses new visits until the area manager releases it with a plan.")
	CodeOverlap = code("overlap", KindConflict, "The technician is busy then",
		"The technician already has a visit in this time. Nobody is in two places.", "Choose another time or another technician.",
		"The technician has another visit in this time.")
	CodeCapacity = code("capacity_full", KindConflict, "No more visits that day",
		"The centre, or the technician, takes a number of visits a day, and that day has as many. slots lists what is free instead.",
		"Choose another day, or another technician who takes more.", "The centre takes 60 visits on 2026-11-23 and has 60.")
	CodeTooMany = code("too_many", KindConflict, "No more of these", "There are as many as there may be.",
		"Remove one that is not used any more, or use one that is there.", "10 devices are registered with this link already.")
	CodeAnswerWithheld = code("answer_withheld", KindConflict, "Done, but not shown again",
		"The request was done the first time it was sent. Its answer was for somebody in another place or role than you have now, or about what you may not see any more.", "Do not send it again; read what you need anew.", "This was done when it was sent first. Its answer is not shown to you any more.")
	CodeTold = code("already_told", KindConflict, "Somebody was told already",
		"A technician or a household was told of what this would take back.",
		"errors[] lists who was told of what. Call them, or take back only what nobody was told of: partly.",
		"Ravi was told of BR-1: New visit.")
	CodeTooFar = code("too_far", KindConflict, "The way is too long",
		"The technician cannot be there in time from the visit before, or is late for the one after. slots lists what is free instead.",
		"Choose another time or another technician.", "Ravi needs 36 min on the way from a visit that ends at 11:00.")
	CodeExcluded = code("not_available", KindConflict, "Not available", "This technician is not available for this visit.",
		"Choose somebody else.", "This technician is not available for this visit.")
	CodePlan = code("plan_not_met", KindConflict, "The safe-visit plan is not met",
		"The household has a safe-visit plan and this move does not keep it.",
		"Read the plan on the job; add the second technician, stay in daylight, or let every crew member accept it with plan-seen.",
		"The plan asks for two people.")
	CodeDuplicate = code("already_exists", KindConflict, "Already exists with other content",
		"An object with this id, login or reference exists and differs from what was sent.", "Read the existing one, or use another id.",
		"external_ref BR-1 belongs to another job.")
	CodeIdemInFlight = code("idempotency_in_flight", KindConflict, "The first request is still running",
		"A request with this Idempotency-Key is being worked on.",
		"Wait a second and retry with the same key; you will get the first one's answer.", "The same request is still in flight.")
	CodeIdemMismatch = code("idempotency_mismatch", KindUnprocessable, "Key used for another request",
		"This Idempotency-Key was used for another path or body.", "Use a fresh key for a new request.",
		"This key belongs to a different request.")
	CodeStale = code("version_mismatch", KindPrecondition, "Changed meanwhile",
		"If-Match names another version than the present one.", "Read it again, look at what changed, and repeat with the new ETag.",
		"The present version is 4.")
	CodeIfMatch = code("if_match_required", KindPreconditionRequired, "If-Match missing",
		"PATCH must say which version it changes, so that nobody's change is overwritten unseen.", "Send the ETag you read as If-Match.",
		"Send If-Match with the ETag.")
	CodeCursorGone = code("cursor_gone", KindGone, "Begin anew",
		"The cursor is older than what changed is kept, or was given to somebody else.",
		"Forget what the phone has and ask without a cursor.", "The cursor is more than 30 days old.")
	CodeTooLarge = code("too_large", KindTooLarge, "Body too large", "The body is larger than this operation takes.",
		"Send less: JSON up to 256 KiB, imports and evidence up to 10 MiB, files of visits in chunks of 256 KiB, forms up to 8 KiB.",
		"The body is larger than 256 KiB.")
	CodeMedia = code("unsupported_media_type", KindMedia, "Media type not taken", "The operation takes another Content-Type.",
		"Send application/json (imports: text/csv or XLSX; evidence: a photo or recording; chunks: application/offset+octet-stream; pages: a form).", "Send application/json.")
	CodeUnprocessable = code("unprocessable", KindUnprocessable, "Cannot be done as asked",
		"The request is well formed, but a value means nothing we can do.", "errors[] points at each value and says what is expected.",
		"window_end must be after window_start")
	CodeTimeGap = code("time_does_not_exist", KindUnprocessable, "This local time does not exist",
		"The clocks are put forward over it that night.", "Send the time with an offset, or choose another.",
		"2027-03-28T01:30 does not exist in Europe/London.")
	CodeTimeFold = code("time_is_ambiguous", KindUnprocessable, "This local time exists twice",
		"The clocks are put back over it that night.", "Send the time with one of the two offsets that are listed.",
		"2026-10-25T01:30 is +01:00 or +00:00 in Europe/London.")
	CodeHours = code("outside_hours", KindUnprocessable, "Outside working hours",
		"The technician does not work then: weekly hours, leave or holiday.", "Choose a time inside the hours, or another technician.",
		"Ravi does not work on Sunday.")
	CodeSkill = code("skill_missing", KindUnprocessable, "Skill missing",
		"The technician does not have the skill that the job's category asks for.", "Choose a technician with the skill.",
		"The job asks for refrigerator.")
	CodeStepRecorded = code("step_recorded", KindConflict, "This step was tried already",
		"The household has told it once: the step is recorded for this fault, with what came of it. earlier is the record.",
		"Read the record. If it must be tried again, send repeat_reason; the repeat is kept and counted.",
		"This was tried already. Do not ask the household again without a reason.")
	CodePreconditionMissing = code("guard_not_met", KindConflict, "Something must happen first",
		"The move needs a fact that is not there yet.", "The detail says which; record it, or give the reason why it could not be done.",
		"No access needs one call and one message to the household since arrival.")
	CodeThrottled = code("throttled", KindThrottled, "Too many tries",
		"Too many failed tries from this address or for this account.", "Wait as long as Retry-After says.", "Try again in 30 seconds.")
	CodeRateLimited = code("rate_limited", KindThrottled, "Too many requests",
		"More requests came from this user or this address than this server answers.",
		"Wait as long as Retry-After says. RateLimit says on each answer how many are left.",
		"More than 1200 requests in 60 seconds. Go on in 1 seconds.")
	CodeUnavailable = code("unavailable", KindUnavailable, "For the moment unavailable",
		"The database does not answer, or the server is stopping.",
		"Retry after Retry-After with the same Idempotency-Key; nothing is done twice.", "The database does not answer.")
	CodeInternal = code("internal", KindInternal, "A defect on our side",
		"Something broke that should not; it is logged under the request id.",
		"Retry with the same Idempotency-Key; if it stays, send us the request id (instance).", "Something broke on our side.")
)
