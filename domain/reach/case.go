package reach

import (
	"time"

	"github.com/google/uuid"
)

// Directions, channels, outcomes and grades of an attempt, as docs/product.md section 4 names them.
const (
	Outbound = "outbound"
	Inbound  = "inbound"

	Phone    = "phone"
	SMS      = "sms"
	WhatsApp = "whatsapp"
	Push     = "push"
	Email    = "email"
	Doorstep = "doorstep"

	Reached      = "reached"
	NoAnswer     = "no_answer"
	Busy         = "busy"
	SwitchedOff  = "switched_off"
	OutOfNetwork = "out_of_network"
	WrongNumber  = "wrong_number"
	Voicemail    = "voicemail"
	Sent         = "sent"
	Delivered    = "delivered"
	Read         = "read"
	NobodyHome   = "nobody_home"
	Refused      = "refused"
	Hostile      = "hostile"
	CutOff       = "cut_off" // they spoke until the line went dead

	Proven   = "proven"
	Recorded = "recorded"
	Declared = "declared"
)

// The verdicts of docs/product.md section 4. `untried`: nobody tried. `trying`: somebody did, and it is not enough or the
// last notice is not out. `last_notice`: enough was tried and the notice runs, or something else than silence is
// missing. `unreachable`: the notice ran out. The fifth, `reached`, is spelled like the outcome: there was contact and no
// counting attempt since.
const (
	Untried     = "untried"
	Trying      = "trying"
	LastNotice  = "last_notice"
	Unreachable = "unreachable"
)

// channels is in the order in which sentences name them.
var channels = [...]string{Phone, SMS, WhatsApp, Push, Email, Doorstep}

// Calendar is when the centre works, in the zone of the site (docs/product.md section 4, "counts inside").
type Calendar struct {
	// Location is the zone of the site; nil reads as UTC.
	Location *time.Location
	// WorkingDays is indexed by time.Weekday.
	WorkingDays [7]bool
	// Holidays are local dates as "2026-11-22".
	Holidays map[string]bool
}

// Number is one of the household's phone numbers in E.164. Pass all of them, also those called wrong: Judge itself
// strikes them, and needs them to tell which number an attempt without an address went to.
type Number struct {
	ContactID uuid.UUID
	Address   string
}

// Attempt is one fact of docs/product.md section 4. OccurredAt is the instant the rules judge (section 8).
type Attempt struct {
	ID        uuid.UUID
	Direction string
	Channel   string
	Outcome   string
	// ContactID is the person the attempt was for; Nil when unknown.
	ContactID uuid.UUID
	// Address is the number or address used. Empty reads as the only number of that contact, if it has just one.
	Address string
	// By is who tried; Nil (the system, unknown) never makes a second person.
	By         uuid.UUID
	OccurredAt time.Time
	// RecordedAt is when we learned of it; zero reads as at once.
	RecordedAt  time.Time
	RingSeconds *int
	Grade       string
	// DistanceM is the distance of a doorstep to the site in metres; nil means unknown, which is never "no".
	DistanceM *float64
	// PlaceReason is why a doorstep was far off or has no place.
	PlaceReason string
	// Unreadable marks a message to somebody who uses no messages.
	Unreadable bool
	// LastNotice marks the message that was sent as the last notice.
	LastNotice bool
	// CapExempt marks a call that is outside the daily number: since arrival, or asked for.
	CapExempt bool
	// OfJob marks one that was judged when the daily number was that of its job alone.
	OfJob bool
	// Discounted, when not empty, is the sentence why the fact stands for nothing at present (disputed, struck, ...).
	// It neither counts nor is contact, nor does it strike a number.
	Discounted string
}

// Case is everything a verdict depends on. Attempts may stand in any order.
type Case struct {
	Attempts []Attempt
	Numbers  []Number
	// CallsElsewhere are the calls about other jobs of the household, which use up its day.
	CallsElsewhere []time.Time
	// VoiceOnly households get one more spoken attempt, and a try at the second contact, instead of a written notice.
	VoiceOnly bool
	// SecondContact is the other person to try; Nil when there is none.
	SecondContact uuid.UUID
	JobCreatedAt  time.Time
	// SafetyCritical jobs never become unreachable without AreaManagerApproved.
	SafetyCritical      bool
	AreaManagerApproved bool
	// ConfirmedVisitAhead keeps the household from being unreachable (section 3).
	ConfirmedVisitAhead bool
	Policy              Policy
	Calendar            Calendar
	Now                 time.Time
}

// Excluded is an attempt that does not count, and why, in words (docs/product.md section 4).
type Excluded struct {
	ID  uuid.UUID `json:"id"`
	Why string    `json:"why"`
}

// Verdict is the explained answer of `GET /v1/jobs/{id}/reachability` (docs/product.md sections 4 and 12). Instants are UTC.
// Lists are in order of (occurred_at, id) and never null.
type Verdict struct {
	Verdict      string      `json:"verdict"`
	Counts       []uuid.UUID `json:"counts"`
	DoesNotCount []Excluded  `json:"does_not_count"`
	// Missing says in words what stands between the case and `unreachable`; empty when reached or unreachable.
	Missing []string `json:"missing"`
	// NextAllowed is, for each channel, the first instant from now on at which a new attempt keeps hours, working
	// days, the daily number of calls and the gap; null when there is none within 60 days. The last notice itself is
	// not bound by it.
	NextAllowed map[string]*time.Time `json:"next_allowed"`
	// LastNoticeSentAt and LastNoticeEndsAt are set once enough was tried and the notice (for a voice-only household
	// what replaces it) is out.
	LastNoticeSentAt *time.Time `json:"last_notice_sent_at"`
	LastNoticeEndsAt *time.Time `json:"last_notice_ends_at"`
	// UnreachableSince is when the notice ran out; set only when unreachable.
	UnreachableSince *time.Time `json:"unreachable_since"`
	LastContactAt    *time.Time `json:"last_contact_at"`
	// FirstCountingAt is the first counting attempt since the last contact: where customer time starts (section 3).
	FirstCountingAt *time.Time `json:"first_counting_at"`
	// EnoughAt is the instant of the attempt that made it enough.
	EnoughAt      *time.Time `json:"enough_at"`
	PolicyVersion string     `json:"policy_version"`
	// Explanation is the verdict in one to three plain sentences.
	Explanation string `json:"explanation"`
}
