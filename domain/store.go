package domain

import (
	"context"
	"time"
)

// Store runs transactions; domain begins them and nobody else.
//
// fn's reads see its own writes, except of what is only buffered for commit:
// entries, notices, queue jobs, deadlines and the replay row. An error from fn
// rolls everything back. Constraint violations come back as *Error
// (CodeOverlap, CodeDuplicate, …); a database that is gone as CodeUnavailable.
//
// Writes may be gathered and sent with the next read or the commit, so a
// violation may come back from a later call or from InTx; it undoes the
// transaction also when fn passes over it. fn may be run again when another
// transaction was in the way: it starts from what it reads.
type Store interface {
	InTx(ctx context.Context, fn func(Tx) error) error
	Reader() Reader
}

// ReplayTx keeps the answers of requests with an Idempotency-Key.
type ReplayTx interface {
	// Replay finds the stored answer for an idempotency key, or nil.
	Replay(actor ID, key string) (*Replay, error)
	PutReplay(Replay) // buffered; a key used meanwhile fails the commit with CodeIdemInFlight
}

// CentreTx keeps areas and centres.
type CentreTx interface {
	Area(id ID) (*Area, error)
	InsertArea(*Area) error
	SaveArea(*Area) error
	Centre(id ID) (*Centre, error)
	CentreServing(postalCode string) (*Centre, error) // CodeNotFound when none
	// LockCentre makes those wait who book where a centre takes a number of
	// visits a day. It comes after jobs and before technicians.
	LockCentre(id ID) (*Centre, error)
	InsertCentre(*Centre) error
	SaveCentre(*Centre) error
}

// UserTx keeps people.
type UserTx interface {
	User(id ID) (*User, error)
	LockUser(id ID) (*User, error)
	Users(ids []ID) ([]User, error) // in the order asked; absent ones are left out
	UserByLogin(login string) (*User, error)
	UsersByPhone(phone string) ([]User, error) // disabled ones too
	InsertUser(*User) error
	SaveUser(*User) error
	// UsersWith lists enabled users of a role in a centre or an area; nil
	// means any. Area matches the user's own area or that of their centre.
	UsersWith(role Role, centre, area *ID) ([]User, error)
	LockTechnicians(ids []ID) ([]User, error) // in id order; absent ones are left out
}

// AccountTx keeps sessions, ways to set a password, and failed tries.
type AccountTx interface {
	InsertSession(*Session) error
	LockSession(tokenHash string) (*Session, error)
	SessionByID(id ID) (*Session, error)
	SaveSession(*Session) error
	RevokeFamily(family ID, at time.Time) error
	RevokeSessionsOf(user ID, at time.Time) error
	HasSession(user ID, at time.Time) (bool, error) // one that is neither revoked nor expired
	SessionRevoked(family ID) (bool, error)         // the family began and was revoked
	InsertInvitation(*Invitation) error
	LockInvitation(tokenHash string) (*Invitation, error)
	SpendInvitations(user ID, at time.Time) error                            // all that were not used
	InvitationsOf(user ID, since time.Time, limit int) ([]Invitation, error) // made since then, newest first
	// LockThrottle gives an empty row where there was none.
	LockThrottle(key string) (*Throttle, error)
	SaveThrottle(*Throttle) error
	InsertSecurityEvent(*SecurityEvent) error
}

// DiaryTx keeps what a technician's time is taken by.
type DiaryTx interface {
	// LockDiary locks technicians in id order, as LockTechnicians, and reads
	// with them what bears on a visit from one instant to another: of each
	// diary what meets it and what comes right before and after it, no further
	// off than DiaryReach, and who is kept apart from the customer.
	// Leaves that end after leavesFrom are given as well; slot holds that have
	// expired by then are not.
	LockDiary(ids []ID, customer ID, from, to, leavesFrom time.Time) (*Diary, error)
	// ReadDiary reads the same of all enabled technicians of a centre without
	// locking them, and who of them was with the customer before.
	ReadDiary(centre, customer ID, from, to, now time.Time) (*Diary, error)
	// Taken lists what stands in a centre's days, by planned start in [from,
	// to), and the visit also in any state.
	Taken(centre, also ID, from, to, now time.Time) ([]BookedCapacity, error)
	BusyBetween(technician ID, from, to time.Time) ([]Visit, error) // unfinished, overlapping
	UnderWayOf(technician ID) ([]Visit, error)                      // en route, arrived or in progress, whenever planned
	// DayOf lists the visits of a technician's crews with a window that begins
	// in [from, to), of any state, by planned start.
	DayOf(technician ID, from, to time.Time) ([]Visit, error)
	PlacesOf(jobs []ID) (map[ID]Point, error) // of the jobs' sites; unknown ones with nil
	SlotHoldsOf(job ID) ([]SlotHold, error)   // expired or not, by technician
	InsertSlotHold(*SlotHold) error
	DropSlotHolds(job ID) error
	InsertDayPlan(*DayPlan) error
	LockDayPlan(id ID) (*DayPlan, error)
	SaveDayPlan(*DayPlan) error
	InsertFeed(*Feed) error
	RevokeFeeds(user ID, at time.Time) error
}

// LeaveTx keeps leave.
type LeaveTx interface {
	// LeavesOf and LeavesAt give what is approved; LeaveRequestsOf what waits to
	// be.
	LeavesOf(technician ID, from, to time.Time) ([]Leave, error)
	LeavesAt(users []ID, at time.Time) ([]Leave, error) // that have not ended
	LeaveRequestsOf(user ID, from, to time.Time) ([]Leave, error)
	Leave(id ID) (*Leave, error)
	LockLeave(id ID) (*Leave, error)
	InsertLeave(*Leave) error
	SaveLeave(*Leave) error
}

// CustomerTx keeps customers, their appliances and maintenance.
type CustomerTx interface {
	Customer(id ID) (*Customer, error) // with contacts and sites
	LockCustomer(id ID) (*Customer, error)
	InsertCustomer(*Customer) error // with contacts and sites
	SaveCustomer(*Customer) error   // replaces contacts and sites by id; absent ones are removed if nothing uses them
	// CustomersByPhone finds households by a number; struck: also those from which it was struck, for reports.
	CustomersByPhone(phone string, struck bool) ([]ID, error)
	// LikeHouseholds lists up to ten others that may be the same household and of which
	// nobody has said so: those over which something lies, or with open jobs.
	LikeHouseholds(c *Customer, open bool) ([]ID, error)
	// PairHouseholds notes what is known of two rows: same, asked or different.
	PairHouseholds(one, other ID, state, why string, decided bool) error
	// HouseholdPair is what is known of two rows, and whether somebody decided it; empty: nothing.
	HouseholdPair(one, other ID) (state string, decided bool, err error)
	JobsOfHouseholds(customers ...ID) ([]ID, error) // of any state, by id
	// MoveHousehold lets all that names one household name another one, but for its jobs, which the
	// caller saves, and keeps in moved what that was; what lies over either lies over both.
	MoveHousehold(part, into ID, moved *HouseholdMoved) error
	// PartHousehold undoes that; jobs are those that go back. Where nothing lies over the two, they
	// are strangers again.
	PartHousehold(part, into ID, moved *HouseholdMoved, jobs []ID) error
	InsertHouseholdMerge(*HouseholdMerge) error
	LockHouseholdMerge(customer ID) (*HouseholdMerge, error) // in force; CodeNotFound when none
	SaveHouseholdMerge(*HouseholdMerge) error
	LockHouseholdQuestion(id ID) (*HouseholdQuestion, error)
	HouseholdQuestionsOf(customer ID) ([]HouseholdQuestion, error) // that wait, by created_at
	InsertHouseholdQuestion(*HouseholdQuestion) error
	SaveHouseholdQuestion(*HouseholdQuestion) error
	Appliance(id ID) (*Appliance, error)
	InsertAppliance(*Appliance) error
	SaveAppliance(*Appliance) error
	LockMaintenance(id ID) (*Maintenance, error)
	// MaintenanceOf lists those of a customer, latest first, at most 100; it
	// locks nothing.
	MaintenanceOf(customer ID) ([]Maintenance, error)
	InsertMaintenance(*Maintenance) error
	SaveMaintenance(*Maintenance) error
}

// JobTx keeps jobs, their holds, timeline and tried steps.
type JobTx interface {
	Job(id ID) (*Job, error)
	LockJob(id ID) (*Job, error)
	JobByRef(ref string) (*Job, error)
	JobByTicket(ref string) (*Job, error) // as written, else in capitals or small letters
	InsertJob(*Job) error
	SaveJob(*Job) error
	OpenJobsOf(customer ID) ([]Job, error) // not closed, not cancelled; by id
	LatestJobOf(customer ID) (*Job, error) // by opened_at; CodeNotFound when none
	LatestJobBySerial(serial string, since time.Time, not ID) (*Job, error)
	// HoldsOver lists the holds on a job together with the safety holds on
	// its customer and site; lifted ones included when all is true.
	HoldsOver(j *Job, all bool) ([]Hold, error)
	Hold(id ID) (*Hold, error)
	InsertHold(*Hold) error
	SaveHold(*Hold) error
	// HoldStep notes how far an overdue hold has climbed; one that was lifted
	// meanwhile stays as it is.
	HoldStep(id ID, step int) error
	Append(*Entry) // after Job.Append
	EntriesOfKind(job ID, kind string) ([]Entry, error)
	Step(id ID) (*StepRecord, error)
	StepsOf(jobs []ID) ([]StepRecord, error) // by occurred_at; without withdrawn ones
	InsertStep(*StepRecord) error
	SaveStep(*StepRecord) error
	InsertDisruption(*Disruption) error
}

// VisitTx keeps visits and what was asked about their completion.
type VisitTx interface {
	Visit(id ID) (*Visit, error)
	LockVisit(id ID) (*Job, *Visit, error) // locks the visit's job, then the visit
	InsertVisit(*Visit) error              // also its assignments; overlap → CodeOverlap
	SaveVisit(*Visit) error                // also its assignments; overlap → CodeOverlap
	VisitsOfJob(job ID) ([]Visit, error)   // by window_start
	// UnfinishedOfCustomer lists unfinished visits of a customer (and site,
	// when given) in every centre.
	UnfinishedOfCustomer(customer ID) ([]Visit, error)
	VisitsOfCentreDay(centre ID, from, to time.Time) ([]Visit, error) // status scheduled, window_start in [from,to)
	Claim(actor ID, key string) (*Claim, error)                       // CodeNotFound when none
	ClaimByID(id ID) (*Claim, error)
	OpenClaims(actor ID, cause string) ([]Claim, error) // oldest first; of any cause when it is empty
	SaveClaim(*Claim) error                             // status and decision
	InsertClaim(*Claim) error                           // CodeIdemInFlight when the key was used meanwhile
	DoneCheck(id ID) (*DoneCheck, error)
	DoneCheckOf(visit ID) (*DoneCheck, error)
	InsertDoneCheck(*DoneCheck) error
	SaveDoneCheck(*DoneCheck) error
}

// ContactTx keeps attempts, what is disputed of them, promises and policies.
type ContactTx interface {
	Attempt(id ID) (*Attempt, error)
	InsertAttempt(*Attempt) error // CodeDuplicate on the id
	SaveAttempt(*Attempt) error   // discounted and told_at only
	AttemptsOf(job ID) ([]Attempt, error)
	CallsElsewhere(customer, job ID) ([]Attempt, error) // our capped calls to a household, all its rows, about its other jobs, by time
	DigestUsed(digest string) (bool, error)             // by any attempt
	AttemptsByLink(link ID) ([]Attempt, error)          // by job, then time
	// MarkNotified notes when the customer first learned of the job's outbound
	// attempts and of the visits that ended; with a visit, of that one only.
	MarkNotified(job ID, visit *ID, at time.Time) error
	Dispute(id ID) (*Dispute, error)
	DisputeOfAttempt(attempt ID) (*Dispute, error) // not withdrawn
	DisputesOf(job ID) ([]Dispute, error)
	InsertDispute(*Dispute) error // CodeDuplicate when the entry is disputed already
	SaveDispute(*Dispute) error
	Promise(id ID) (*Promise, error)
	PromisesDue(customer ID) ([]Promise, error)  // open and broken ones
	LastPromiseOf(customer ID) (*Promise, error) // CodeNotFound when none
	PromisesOf(owner ID) ([]Promise, error)      // open and broken ones
	PromisesOfJob(job ID) ([]Promise, error)
	// NotReached counts the households that told since an instant that they could not
	// reach a centre.
	NotReached(centre ID, since time.Time) (int, error)
	InboundSince(customer ID, from, to time.Time) (int, error) // different moments at which the customer got in touch, both ends included
	InsertPromise(*Promise) error
	SavePromise(*Promise) error
	InsertLoggedContact(*LoggedContact) error
	LoggedContact(id ID) (*LoggedContact, error)
	MatchContact(id ID) error             // a household was found
	Policies(centre ID) ([]Policy, error) // the brand's and this centre's, newest first
	PutPolicy(*Policy) error
}

// AlarmTx keeps SOS and visit timers.
type AlarmTx interface {
	SOS(id ID) (*SOS, error)
	LockSOS(id ID) (*SOS, error)
	OpenSOS(raiser ID) ([]SOS, error) // not resolved, oldest first
	// RingingSOS lists those that nobody has answered, oldest first, 1000 at most; one that cannot be read is not among them, so
	// that it stands in the way of no other.
	RingingSOS() ([]Ringing, error)
	InsertSOS(*SOS) error
	SaveSOS(*SOS) error
	SilenceSOS(id ID) error // rings that were not sent yet never are
	// PutSOSPoints keeps points of an alarm's trail; of an instant that is there
	// the first one stays. SOSPoints counts them.
	PutSOSPoints([]SOSPoint) error
	SOSPoints(sos ID) (int, error)
	Ring(key string) (*Notice, error)            // by its DedupeKey
	KeepSOSCall(SOSCall) (fresh bool, err error) // the same word about a call is kept once
	HushReport(id ID) error
	AnyDevice(users []ID) (bool, error) // that can be pushed to
	LockDrill(id ID) (*Drill, error)
	InsertDrill(*Drill) error
	SaveDrill(*Drill) error
	HomeSafe(user ID) (*HomeSafe, error) // CodeNotFound for who never asked
	InsertHomeSafe(*HomeSafe) error
	SaveHomeSafe(h *HomeSafe, desk *ID) error // desk: the centre whose desk it concerns now or did before
	TimersOf(visit ID) ([]Timer, error)
	// LastMoveOf is when the server last learned of a move of somebody's visits
	// with a window since an instant; nil when it has not.
	LastMoveOf(technician ID, since time.Time) (*time.Time, error)
	LockTimer(id ID) (*Timer, error)
	LockTimerOf(visit, user ID) (*Timer, error)
	InsertTimer(*Timer) error
	SaveTimer(*Timer) error
}

// SafetyTx keeps reports and what follows from them.
type SafetyTx interface {
	Flag(id ID) (*Flag, error)
	LockFlag(id ID) (*Flag, error)
	InsertFlag(*Flag) error
	SaveFlag(*Flag) error
	FlagsOfVisit(visit ID) ([]Flag, error)
	FlagsOfCustomer(customer ID) ([]Flag, error)
	InsertReceivedStop(*ReceivedStop) error
	ReceivedStops(visit ID) ([]ReceivedStop, error) // by received_at
	ReceivedStop(id ID) (*ReceivedStop, error)      // CodeNotFound once it was carried out
	DeleteReceivedStop(id ID) error
	PartyToReport(user ID) (bool, error)                   // an open report was raised by them or is about them
	ReportsAbout(user ID, since time.Time) ([]Flag, error) // lodged since then
	PartiesTo(user ID) ([]Flag, error)                     // the open reports to which they are a party
	LockStandDown(id ID) (*StandDown, error)
	StandDownOf(flag ID) (*StandDown, error) // CodeNotFound when none
	InsertStandDown(*StandDown) error
	SaveStandDown(*StandDown) error
	Exclusions(customer ID) ([]Exclusion, error) // in force
	InsertExclusion(*Exclusion) error
	LockExclusion(id ID) (*Exclusion, error)
	SaveExclusion(*Exclusion) error
	EvidenceOf(flag ID) ([]Evidence, error) // by created_at
	InsertEvidence(*Evidence) error
	SaveEvidence(*Evidence) error // that it was removed
	LockAftercare(id ID) (*Aftercare, error)
	AftercareOf(flag ID) ([]Aftercare, error) // by step
	InsertAftercare(*Aftercare) error
	SaveAftercare(*Aftercare) error
	CoolOffOf(after ID) (*CoolOff, error)      // a report, or an abusive call
	CoolOffOfVisit(visit ID) (*CoolOff, error) // the last one
	InsertCoolOff(*CoolOff) error
	SaveCoolOff(*CoolOff) error
}

// AdvisoryTx keeps advisories and appeals.
type AdvisoryTx interface {
	Advisory(id ID) (*Advisory, error)
	LockAdvisory(id ID) (*Advisory, error)
	AdvisoriesOf(customer ID) ([]Advisory, error) // approved ones, expired in the meantime or not
	InsertAdvisory(*Advisory) error
	SaveAdvisory(*Advisory) error
	Appeal(id ID) (*Appeal, error)
	AppealsOf(advisory ID) ([]Appeal, error) // by created_at
	InsertAppeal(*Appeal) error
	SaveAppeal(*Appeal) error
	InsertAdvisoryReads([]AdvisoryRead) error
}

// ThanksTx keeps thanks.
type ThanksTx interface {
	LockThanks(id ID) (*Thanks, error)
	ThanksOfVisit(visit ID) (given bool, err error)
	ThanksOfJob(job ID) ([]Thanks, error)
	InsertThanks(*Thanks) error // also to whom of the crew it goes
	SaveThanks(*Thanks) error
	// UndeliveredThanks lists to whom thanks still have to go: all of one, or
	// what is approved for some people.
	UndeliveredThanks(id *ID, users []ID) ([]ThanksFor, error)
	DeliverThanks(to ThanksFor, at time.Time) (fresh bool, err error) // once
}

// NoticeTx keeps notices. All but reads are buffered and written in one go at commit.
type NoticeTx interface {
	// CrewNotices lists visit.assigned and visit.unassigned notices of a visit,
	// oldest first, those of this transaction not included.
	CrewNotices(visit ID) ([]Notice, error)
	Enqueue(...Notice)                                // rows and one queue job for all of the transaction
	WithdrawNotices(visit ID, kinds ...string) error  // pending or done ones vanish from inboxes
	WithdrawJobNotices(job ID, kinds ...string) error // the same of those about no visit
	WaitingNotices(reader ID) ([]Notice, error)       // of a user or a household, by created_at
	EndWaiting(id ID, state string) error
	Notice(id ID) (*Notice, error)
	SaveNoticeSeen(n *Notice) error
}

// DeviceTx keeps devices.
type DeviceTx interface {
	Device(id ID) (*Device, error)
	PutDevice(*Device) error
	DropDevice(id ID, why string, at time.Time) error
	SaveDeviceHealth(*Device) error
	SaveDeviceCredential(*Device) error
	SaveDeviceLoss(*Device) error // when it was lost, and wiped
	// SealDevicesOf makes all devices of a user such as were lost.
	SealDevicesOf(user ID, at time.Time) error
	DeviceSynced(session ID, at time.Time) error
	DevicesOfSession(session ID) ([]Device, error) // pushed to or not
	PutSealedRequest(*SealedRequest) error         // the same key again changes nothing
	SealedRequestsOf(device ID) (int, error)       // how many there are
	// DropDevicesOf ends pushes to all devices of a user, or to those that were
	// registered in one session.
	DropDevicesOf(user ID, session *ID, why string, at time.Time) error
	// DropToken ends pushes to a token but by one installation. Two who register
	// one token at once come one after the other.
	DropToken(token string, but ID, why string, at time.Time) error
	DevicesOf(user ID) ([]Device, error) // pushed to, the longest not refreshed first
	DevicesOfLink(link ID) (live []ID, ever int, err error)
	// HeldByUser reports whether an installation or a token is pushed to for a
	// user.
	HeldByUser(installation ID, token string) (bool, error)
	CustomerDevices(customer ID) ([]Device, error)
}

// LinkTx keeps the links of customers.
type LinkTx interface {
	LinkRequest(id ID) (*LinkRequest, error)
	LinkRequestsOf(job ID) ([]LinkRequest, error) // by created_at
	InsertLinkRequest(*LinkRequest) error
	SaveLinkRequest(*LinkRequest) error
	LinkOfJob(job ID) (*Link, error)     // not revoked, read by no staff; CodeNotFound
	ReadLinkOfJob(job ID) (*Link, error) // not revoked, read by staff; CodeNotFound
	LinkByHash(hash string) (*Link, error)
	InsertLink(*Link) error
	SaveLink(*Link) error
	// UseFormKey spends a one-time form key; false when it was spent before.
	UseFormKey(hash string, link ID, at time.Time) (bool, error)
}

// ImportTx keeps imports: what they changed, and what was answered for them.
type ImportTx interface {
	LockImport(id ID) (*Import, error)
	InsertImport(*Import) error
	SaveImport(*Import) error
	InsertImportChange(*ImportChange) error
	// ImportChanges lists up to n that were not taken back, the last first, from below a line.
	ImportChanges(id ID, below, n int) ([]ImportChange, error)
	MarkUndone(change ID) error
	// ToldOfImport lists notices about its jobs, or one of them, that were made since it
	// began and reached a technician or a household, at most 200; Who is empty.
	ToldOfImport(i *Import, job *ID) ([]ImportTold, error)
	// DropPending withdraws what nobody was told yet of a job since an instant.
	DropPending(job ID, since time.Time) error
	ImportAnswers(centre ID) ([]ImportAnswer, error) // by At
	PutImportAnswer(*ImportAnswer) error             // over one about the same
	DropImportAnswers(centre ID, about string) error // about "": all
}

// ClockTx keeps what is due. Arming and disarming are buffered.
type ClockTx interface {
	Arm(Deadline) // replaces an open deadline of the same kind and subject
	Disarm(kind DeadlineKind, subject ID)
	// ClaimDue marks up to n due deadlines done and returns them; on
	// PostgreSQL rows claimed by another replica are skipped.
	ClaimDue(now time.Time, n int, kinds ...DeadlineKind) ([]Deadline, error) // with kinds, of those only
	// Purge deletes up to n rows of a kind (idempotency, deadlines, form_keys,
	// sessions, invitations, security_log, import_changes …) that have been of no use since before an instant,
	// and tells how many there were.
	Purge(kind string, before time.Time, n int) (int, error)
}

// SyncTx tells which phones do not have what changed.
type SyncTx interface {
	// PhonesBehind begins a round, unless one began within every: the technicians whose phones show what changed since
	// the last one, with the last change of each, and who waited for now.
	PhonesBehind(now time.Time, every time.Duration) ([]PhoneBehind, error)
	SyncLater(person ID, at time.Time) error // in a round from then on
}

// FileTx writes files of visits.
type FileTx interface {
	VisitFiles(visit ID) ([]VisitFile, error) // by created_at
	InsertVisitFile(*VisitFile) error
	SaveVisitFile(*VisitFile) error
	VisitFileParts(file ID) ([]VisitFilePart, error) // by from_byte
	InsertVisitFilePart(*VisitFilePart) error
	DropVisitFileParts(file ID) error
	FilesOfHome(job ID) ([]VisitFile, error) // what the household may have removed, of all visits of the job
}

// Tx is one transaction. Locks are taken in one order: jobs by id, each with the
// visit that is meant, the centre, technicians by id. Load methods answer CodeNotFound; the Lock variants
// lock the row on PostgreSQL (SQLite has one writer anyway).
//
// Insert methods that name an existing id fail with CodeDuplicate. Save
// methods demand the version the object was read at, raise it by one in the
// object and in the row, set updated_at as given in the object, and fail with
// CodeStale when the row has moved on.
type Tx interface {
	ReplayTx
	FileTx
	CentreTx
	UserTx
	AccountTx
	DiaryTx
	LeaveTx
	CustomerTx
	JobTx
	VisitTx
	ContactTx
	AlarmTx
	SafetyTx
	AdvisoryTx
	ThanksTx
	NoticeTx
	DeviceTx
	LinkTx
	ImportTx
	ClockTx
	SyncTx
}

// PeopleReader reads people and places.
type PeopleReader interface {
	Areas(ctx context.Context, s Scope, p Page) ([]Area, error)
	Area(ctx context.Context, s Scope, id ID) (*Area, error)
	Centres(ctx context.Context, s Scope, p Page) ([]Centre, error)
	Centre(ctx context.Context, s Scope, id ID) (*Centre, error)
	Users(ctx context.Context, s Scope, f UserFilter, p Page) ([]User, error)
	User(ctx context.Context, s Scope, id ID) (*User, error)
	// Principal loads who a token speaks for; it is the one read before a
	// scope exists.
	Principal(ctx context.Context, id ID) (*User, error)
	// Throttles gives the rows of these keys that are there; nobody is known yet.
	Throttles(ctx context.Context, keys []string) ([]Throttle, error)
	DeputyFor(ctx context.Context, user ID) ([]ID, error) // areas whose manager named them
	// SecurityLog is by (created_at, id), newest first; it has no scope.
	SecurityLog(ctx context.Context, f SecurityFilter, p Page) ([]SecurityEvent, error)
	Leaves(ctx context.Context, s Scope, f LeaveFilter, p Page) ([]Leave, error)
	// Taken is that of Tx, of a centre in the scope.
	Taken(ctx context.Context, s Scope, centre ID, from, to, now time.Time) ([]BookedCapacity, error)
	// LeavesBetween are the approved ones of a centre's technicians that overlap
	// a time.
	LeavesBetween(ctx context.Context, s Scope, centre ID, from, to time.Time) ([]Leave, error)
}

// CustomerReader reads customers.
type CustomerReader interface {
	Customers(ctx context.Context, s Scope, f CustomerFilter, p Page) ([]Customer, error)
	Customer(ctx context.Context, s Scope, id ID) (*Customer, error)
	// HomeHistories gives households of a scope by id, and how many visits of that scope were made there, stood before a closed
	// door, or were missed by us.
	HomeHistories(ctx context.Context, s Scope, ids []ID) (map[ID]HomeHistory, error)
	Appliances(ctx context.Context, s Scope, customer *ID, serial string, p Page) ([]Appliance, error)
	Appliance(ctx context.Context, s Scope, id ID) (*Appliance, error)
	Maintenance(ctx context.Context, s Scope, id ID) (*Maintenance, error)
	Maintenances(ctx context.Context, s Scope, f MaintenanceFilter, p Page) ([]Maintenance, error)
}

// CaseReader reads jobs, visits and what happened to them.
type CaseReader interface {
	Jobs(ctx context.Context, s Scope, f JobFilter, p Page) ([]Job, error)
	Job(ctx context.Context, s Scope, id ID) (*Job, error)
	// JobsHandedOver lists jobs outside an area manager's areas over which a
	// safety hold stands for a report that was passed on to them, by
	// (created_at, id). FlagsBehind gives the reports behind holds by id; whoever
	// asks judges what of them is shown.
	JobsHandedOver(ctx context.Context, a Actor, p Page) ([]Job, error)
	// HoldsOfJobs gives open holds (job, customer and site ones) by job id,
	// and the safe-visit plan in force: that of the latest released safety
	// hold over the job.
	HoldsOfJobs(ctx context.Context, jobs []Job) (map[ID][]Hold, map[ID][]string, error)
	Visits(ctx context.Context, s Scope, f VisitFilter, p Page) ([]Visit, error) // by (window_start, id)
	Visit(ctx context.Context, s Scope, id ID) (*Visit, error)
	// HoldsOfVisits gives by visit id what HoldsOfJobs gives of its job.
	HoldsOfVisits(ctx context.Context, visits []Visit) (map[ID][]Hold, map[ID][]string, error)
	// PlanFacts gives by visit id what the crew's moves are judged by beside crew and plan: the site of those
	// that have not ended, and calls where the plan asks for one.
	PlanFacts(ctx context.Context, visits []Visit, plans map[ID][]string) (map[ID]PlanFacts, error)
	Attempts(ctx context.Context, s Scope, job ID, p Page) ([]Attempt, error) // by (occurred_at, id)
	AttemptsByID(ctx context.Context, s Scope, ids []ID) (map[ID]Attempt, error)
	Timeline(ctx context.Context, s Scope, job ID, afterSeq int64, limit int) ([]Entry, error)
	EntriesOfKind(ctx context.Context, s Scope, job ID, kind string) ([]Entry, error)
	Steps(ctx context.Context, s Scope, jobs []ID) ([]StepRecord, error) // by occurred_at
	Thanks(ctx context.Context, a Actor, status string, p Page) ([]Thanks, error)
	Claims(ctx context.Context, s Scope, status string, p Page) ([]Claim, error)
	Disputes(ctx context.Context, s Scope, f DisputeFilter, p Page) ([]Dispute, error)
	Dispute(ctx context.Context, s Scope, id ID) (*Dispute, error)
	LinkRequests(ctx context.Context, s Scope, f LinkRequestFilter, p Page) ([]LinkRequest, error)
	DoneChecks(ctx context.Context, s Scope, status string, p Page) ([]DoneCheck, error)
	// Promises lists those in the scope; a technician sees their own.
	Promises(ctx context.Context, a Actor, f PromiseFilter, p Page) ([]Promise, error)
	Promise(ctx context.Context, a Actor, id ID) (*Promise, error)
	Imports(ctx context.Context, s Scope, centre *ID, p Page) ([]Import, error) // the newest first
	PoliciesOf(ctx context.Context, centre ID) ([]Policy, error)                // the brand's and this centre's, newest first
	Policies(ctx context.Context, s Scope, p Page) ([]Policy, error)
	LinkByHash(ctx context.Context, hash string) (*Link, error)
	// JobBriefs gives what a board says of jobs in a scope, by id.
	JobBriefs(ctx context.Context, s Scope, ids []ID) (map[ID]JobBrief, error)
}

// SafetyReader reads reports and what follows from them.
type SafetyReader interface {
	Flags(ctx context.Context, a Actor, f FlagFilter, p Page) ([]Flag, error)
	// ReportsSince lists reports about households and by them, whoever sees them, for patterns.
	ReportsSince(ctx context.Context, since time.Time) ([]Flag, error)
	Flag(ctx context.Context, a Actor, id ID) (*Flag, error)
	// HouseholdQuestions lists those of the actor's areas and reports, and late ones.
	HouseholdQuestions(ctx context.Context, a Actor, status string, p Page) ([]HouseholdQuestion, error)
	FlagsBehind(ctx context.Context, ids []ID) (map[ID]Flag, error)
	// Exclusions, by (since, id), are those that Actor.SeesExclusion lets them
	// see. What came of a report by phone number alone is not listed to its
	// reporter: it would tell them that the number is a customer's.
	Exclusions(ctx context.Context, a Actor, p Page) ([]ExclusionWithFlag, error)
	// StandDowns, by (since, id), are those that Actor.SeesExclusion lets them
	// see.
	StandDowns(ctx context.Context, a Actor, p Page) ([]StandDownWithFlag, error)
	Evidence(ctx context.Context, flag ID) ([]Evidence, error) // of a flag that the caller may see whole
	// EvidenceFiles tells which of some file names belong to a row that was not
	// removed.
	EvidenceFiles(ctx context.Context, names []string) ([]string, error)
	VisitFiles(ctx context.Context, visit ID) ([]VisitFile, error) // by created_at; whoever may see them is judged above
	// of now. AdvisoryReads by (created_at, id).
	Advisories(ctx context.Context, a Actor, status string, now time.Time, p Page) ([]Advisory, error)
	// CoolOffsTaken tells of which reports the pause was taken.
	CoolOffsTaken(ctx context.Context, flags []ID) ([]ID, error)
	OpenAppeals(ctx context.Context, advisories []ID) (map[ID]Appeal, error)
	AdvisoryReads(ctx context.Context, a Actor, advisory ID, p Page) ([]AdvisoryRead, error)
	// Aftercares are those that the actor may know of, by (due_at, id).
	Aftercares(ctx context.Context, a Actor, status string, p Page) ([]Aftercare, error)
	AftercareCounts(ctx context.Context, a Actor, f ReportFilter, now time.Time) ([]AftercareCount, error)
	// WatchedCentres counts each centre of the actor's areas; Reporters lists
	// who reported in them, the latest first; Diaries their visits.
	WatchedCentres(ctx context.Context, a Actor, f ReportFilter) ([]CentreCount, error)
	Reporters(ctx context.Context, a Actor, f ReportFilter, limit int) ([]Reporter, error)
	OptOuts(ctx context.Context, a Actor, f ReportFilter) ([]OptOuts, error) // by technician, those of a centre together
	Diaries(ctx context.Context, technicians []ID, from, to time.Time) ([]DiaryEntry, error)
}

// AlarmReader reads SOS and visit timers.
type AlarmReader interface {
	SOSs(ctx context.Context, a Actor, open bool, p Page) ([]SOS, error) // newest first
	SOS(ctx context.Context, a Actor, id ID) (*SOS, error)
	UnheardSOS(ctx context.Context) ([]SOS, error) // that ring and that nobody hears
	// SOSTrail lists where the phone of an alarm was, newest first; CodeNotFound for who
	// may not know of the alarm.
	SOSTrail(ctx context.Context, a Actor, id ID, p Page) ([]SOSPoint, error)
	SOSTrailLength(ctx context.Context, id ID) (int, error) // how many points there are; for who sees the alarm
	// SilentSOSs are the open ones that these people raised in silence, whoever asks.
	SilentSOSs(ctx context.Context, raisers []ID) ([]SOS, error)
	AlarmsByID(ctx context.Context, ids []ID) ([]SOS, error)        // in no order
	Drills(ctx context.Context, centre ID, p Page) ([]Drill, error) // newest first
	HomeSafe(ctx context.Context, user ID) (*HomeSafe, error)
	// AskingHomeSafes are those of a centre's people for whom the desk is asked to call.
	AskingHomeSafes(ctx context.Context, s Scope, centre ID, p Page) ([]HomeSafe, error)
	// AskingTimers are those of a centre for which the desk is asked to call.
	AskingTimers(ctx context.Context, s Scope, centre ID, p Page) ([]Timer, error)
	Timers(ctx context.Context, s Scope, visit ID) ([]Timer, error) // a technician their own
}

// ReportReader reads figures.
type ReportReader interface {
	// ReachabilityCounts gives a row for each centre in the scope, without the
	// clock; JobClockInputs the jobs opened in the period, by (opened_at, id).
	ReachabilityCounts(ctx context.Context, s Scope, f ReportFilter) ([]ReachabilityRow, error)
	JobClockInputs(ctx context.Context, s Scope, f ReportFilter, p Page) ([]JobClockInput, error)
	JobClockInput(ctx context.Context, s Scope, job ID) (*JobClockInput, error)
	// SafetyCounts gives a row for each centre in the scope, without the rate.
	SafetyCounts(ctx context.Context, s Scope, f ReportFilter) ([]SafetyRow, error)
	// PayableVisits are those of a technician by (window_start, id).
	PayableVisits(ctx context.Context, s Scope, technician ID, f ReportFilter, p Page) ([]PayableVisit, error)
	// Loads gives a row for each technician with a visit in the period, by
	// name.
	Loads(ctx context.Context, s Scope, f ReportFilter) ([]TechnicianLoad, error)
}

// PlanReader reads days and feeds.
type PlanReader interface {
	DayPlan(ctx context.Context, s Scope, id ID) (*DayPlan, error)
	// DayAround reads what the plan of a day needs of visits in the scope and
	// of technicians between two instants; now is when kept times are judged.
	DayAround(ctx context.Context, s Scope, visits []Visit, technicians []ID, from, to, now time.Time) (DayAround, error)
	FeedByHash(ctx context.Context, hash string) (*Feed, error)
	FeedOf(ctx context.Context, user ID) (*Feed, error) // not revoked
	// FeedVisits lists visits in whose crew somebody is or was, with a window
	// that begins in [from, to), by window_start; at most n of each.
	FeedVisits(ctx context.Context, technician ID, from, to time.Time, n int) ([]FeedVisit, error)
}

// NoticeReader reads inboxes and devices.
type NoticeReader interface {
	Inbox(ctx context.Context, user ID, unseen bool, p Page) ([]Notice, error) // newest first
	Devices(ctx context.Context, user ID) ([]Device, error)                    // pushed to, or that can call for help, and not wiped
	SessionDevices(ctx context.Context, session ID) ([]Device, error)
	Sessions(ctx context.Context, user ID, at time.Time) ([]Session, error) // the last of each family that goes on
	DevicesOfCentre(ctx context.Context, centre ID) ([]Device, error)       // of its people, oldest first
	Device(ctx context.Context, installation ID) (*Device, error)
	// SealedRequests are what lost devices of a user told, newest first; for who may read it.
	SealedRequests(ctx context.Context, user ID, p Page) ([]SealedRequest, error)
}

// ChangeReader reads what changed, for everybody: each is told what lies in their scope.
type ChangeReader interface {
	// Changes lists what changed behind a mark, in order, as far as every
	// earlier transaction has ended: nothing comes before it any more.
	Changes(ctx context.Context, after Mark, limit int) ([]FeedChange, error)
	// ChangesOf lists like Changes what a technician's phone shows.
	ChangesOf(ctx context.Context, person ID, after Mark, limit int) ([]FeedChange, error)
	LastChange(ctx context.Context) (Mark, error)                    // where Changes would end now
	CrewsOfJobs(ctx context.Context, jobs []ID) (map[ID][]ID, error) // the present crews of their visits
}

// ProofReader reads chains.
type ProofReader interface {
	// JobsToVerify walks jobs in id order for verify.
	JobsToVerify(ctx context.Context, after *ID, limit int) ([]Job, error)
	EntriesOf(ctx context.Context, job ID) ([]Entry, error)
}

// Reader answers plain reads. Every method demands a Scope; what lies outside
// it is CodeNotFound or left out.
type Reader interface {
	PeopleReader
	CustomerReader
	CaseReader
	SafetyReader
	AlarmReader
	ReportReader
	PlanReader
	NoticeReader
	ChangeReader
	ProofReader

	Ping(ctx context.Context) error
	NextDeadline(ctx context.Context) (*time.Time, error)
}

// Outbox is what the delivery workers need of the store. Between the commit and them travel the ids of notices and nothing else, so
// that no queue holds what a notice says.
type Outbox interface {
	// Deliveries loads pending notices with their devices; unknown, withdrawn
	// and done ones are left out.
	Deliveries(ctx context.Context, ids []ID) ([]Delivery, error)
	// Record writes dispatches, marks tokens dropped and sets the notices'
	// states, in one transaction.
	Record(ctx context.Context, r DeliveryRecord) error
	// PendingNotices counts what is not yet done and not expired at now.
	PendingNotices(ctx context.Context, now time.Time) (int, error)
}

// DeliveryRecord is the outcome of one run of a delivery job.
type DeliveryRecord struct {
	Dispatches []Dispatch
	Drop       map[ID]string // installation → why
	States     map[ID]string // notice → state
	At         time.Time
}
