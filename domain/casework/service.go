package casework

import (
	"context"
	"errors"
	"sync"
	"time"

	"doorstep/domain"
	"doorstep/domain/slots"
)

// Service holds the use cases. Cmd wires it once; its fields are not changed
// afterwards.
type Service struct {
	Store domain.Store
	Read  domain.Reader
	// Now is the clock of every rule; Wall is the clock of sessions and
	// tokens, which stay on wall time also when a demo moves Now.
	Now   func() time.Time
	Wall  func() time.Time
	NewID func() domain.ID
	// HashPassword and CheckPassword are argon2id; CheckPassword with an
	// empty hash takes as long and answers false.
	HashPassword  func(password string) (string, error)
	CheckPassword func(hash, password string) bool
	// CommonPassword reports whether a password is one of the first that somebody
	// would try; own are names of its person.
	CommonPassword func(password string, own []string) bool
	// ParsePhone reads a number as dialled in a country and gives E.164.
	ParsePhone func(raw, country string) (string, error)
	// PhoneOfIDToken proves whose number somebody has, by a token of Firebase; nil: there is no such sign-in.
	PhoneOfIDToken func(ctx context.Context, idToken string) (phone string, err error)
	// Recur lists the dates of maintenance.
	Recur   Recurrence
	Keys    domain.KeyRing
	BaseURL string // of customer links, without a trailing slash
	Files   domain.EvidenceFiles
	// TextGateway reports whether a message webhook is configured: then the
	// last notice can go out to a household without a device.
	TextGateway bool
	// AlarmGateway reports whether an alarm webhook is configured: then whoever has
	// a phone number hears an SOS without a device.
	AlarmGateway bool

	// NoPlanTimers leaves phones in peace that fall silent between two visits:
	// for brands whose technicians do not tell of each move, and for the demo.
	NoPlanTimers bool

	// ManyWriters: transactions of different jobs do not wait for each other, as those of SQLite's one writer do.
	ManyWriters bool

	Roads   Roads      // how long the way is; nil: the great circle
	Windows slots.Grid // arrival windows of a day; zero: the default

	Inflight sync.Map // requests with an Idempotency-Key that run
}

// Call is one request as the use cases see it.
type Call struct {
	Actor domain.Actor
	// Key and Hash are the Idempotency-Key and a digest of method, path and
	// body; both empty for operations that have none.
	Key, Hash string
	Status    int // of the answer, stored with it
	// Encode writes the answer as its reader is shown it; nil: nobody reads it.
	Encode func(reader domain.Actor, answer any) ([]byte, error)
	SentAt *time.Time // the device's clock when it sent
	// Bulk is one of many that are asked for at once, such as the rows of an
	// import: who is told of several is rung once, and within Hour at its end.
	Bulk, Hour bool
	// DryRun lets everything happen but the commit; Told lists then whom the
	// move would tell of what.
	DryRun bool
	Told   []domain.Notice
	// Answer is what to send: stored by an earlier request when Replayed.
	Answer   *domain.Replay
	Replayed bool
}

// Headed is what carries id and version for Location and ETag.
type Headed interface{ Head() (domain.ID, int64) }

// Instant is now, as it is stored.
func (s *Service) Instant() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }

// When is what a client says of the time of what happened; see Stamp.
type When struct {
	OccurredAt string `json:"occurred_at"`
}

// EntryTime is a fact's time as judged, as claimed, and as learned.
type EntryTime struct {
	Occurred time.Time
	Claimed  *time.Time
	Recorded time.Time
}

// Stamp corrects a claimed time by the device's clock: rules judge
// occurred_at + (received − sent_at), at most recorded_at; both are kept
// (docs/product.md section 8).
func Stamp(call *Call, raw string, loc *time.Location, now time.Time) (EntryTime, error) {
	st := EntryTime{Occurred: now, Recorded: now}
	if raw == "" {
		return st, nil
	}
	at, err := domain.ParseInstant(raw, loc, "/occurred_at")
	if err != nil {
		return st, err
	}
	st.Claimed = domain.Ptr(at)
	if call.SentAt != nil {
		at = at.Add(now.Sub(*call.SentAt))
	}
	if at.After(now) {
		at = now
	}
	if epoch := time.Unix(0, 0); at.Before(epoch) { // a device's clock may be anywhere
		at = epoch
	}
	st.Occurred = at.UTC().Truncate(time.Microsecond)
	return st, nil
}

// At is the time of what happens now.
func At(now time.Time) EntryTime { return EntryTime{Occurred: now, Recorded: now} }

// NotFound reports whether what was looked for is not there, or not to be seen.
func NotFound(err error) bool {
	var e *domain.Error
	return errors.As(err, &e) && e.Kind == domain.KindNotFound
}

// WorkingDay is how far a crew's next and last visit are looked for.
const WorkingDay = 12 * time.Hour

// Later is the later one of two instants.
func Later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
