// Package domain is the product: its words, lifecycles, policies and use
// cases. It imports the standard library and google/uuid only; storage,
// HTTP, queue and push are rooms of their own.
package domain

import (
	"context"
	"errors"
	"sync"
	"time"

	"doorstep/domain/slots"
)

// Service holds the use cases. Cmd wires it once; its fields are not changed
// afterwards.
type Service struct {
	Store Store
	Read  Reader
	// Now is the clock of every rule; Wall is the clock of sessions and
	// tokens, which stay on wall time also when a demo moves Now.
	Now   func() time.Time
	Wall  func() time.Time
	NewID func() ID
	// HashPassword and CheckPassword are argon2id; CheckPassword with an
	// empty hash takes as long and answers false.
	HashPassword  func(password string) (string, error)
	CheckPassword func(hash, password string) bool
	// ParsePhone reads a number as dialled in a country and gives E.164.
	ParsePhone func(raw, country string) (string, error)
	// Recur lists the dates of maintenance.
	Recur   Recurrence
	Keys    KeyRing
	Tries   *Tries // failed ones, as far as this replica knows
	BaseURL string // of customer links, without a trailing slash
	Files   EvidenceFiles
	// TextGateway reports whether a message webhook is configured: then the
	// last notice can go out to a household without a device.
	TextGateway bool
	// AlarmGateway reports whether an alarm webhook is configured: then whoever has
	// a phone number hears an SOS without a device.
	AlarmGateway bool

	// NoPlanTimers leaves phones in peace that fall silent between two visits:
	// for brands whose technicians do not tell of each move, and for the demo.
	NoPlanTimers bool

	Roads   Roads      // how long the way is; nil: the great circle
	Windows slots.Grid // arrival windows of a day; zero: the default

	inflight sync.Map
	planning sync.Mutex // one search for a day's plan at a time
}

// Call is one request as the use cases see it.
type Call struct {
	Actor Actor
	// Key and Hash are the Idempotency-Key and a digest of method, path and
	// body; both empty for operations that have none.
	Key, Hash string
	Status    int        // of the answer, stored with it
	SentAt    *time.Time // the device's clock when it sent
	// DryRun lets everything happen but the commit; Told lists then whom the
	// move would tell of what.
	DryRun bool
	Told   []Notice
	// Answer is what to send: stored by an earlier request when Replayed.
	Answer   *Replay
	Replayed bool
}

// Headed is what carries id and version for Location and ETag.
type Headed interface{ Head() (ID, int64) }

// replay finds the answer of an earlier request with the same key. Use cases
// that commit in several transactions ask for it first.
func (s *Service) replay(ctx context.Context, call *Call) (found bool, err error) {
	if call.DryRun {
		return false, Fail(CodeInternal, "This takes several transactions; it cannot be asked first.")
	}
	if call.Key == "" {
		return false, nil
	}
	err = s.Store.InTx(ctx, func(tx Tx) error {
		old, err := tx.Replay(call.Actor.UserID, call.Key)
		if err != nil || old == nil || s.instant().Sub(old.CreatedAt) >= 7*24*time.Hour {
			return err
		}
		if old.Hash != call.Hash {
			return Fail(CodeIdemMismatch, "This Idempotency-Key belongs to another request.")
		}
		if old.Standing != call.Actor.standing() {
			return answerWithheld()
		}
		found, call.Answer, call.Replayed = true, old, true
		return nil
	})
	return found, err
}

// instant is now, as it is stored.
func (s *Service) instant() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }

// When is what a client says of the time of a fact; see stamp.
type When struct {
	OccurredAt string `json:"occurred_at"`
}

// EntryTime is a fact's time as judged, as claimed, and as learned.
type EntryTime struct {
	occurred time.Time
	claimed  *time.Time
	recorded time.Time
}

// stamp corrects a claimed time by the device's clock: rules judge
// occurred_at + (received − sent_at), at most recorded_at; both are kept
// (docs/product.md section 8).
func stamp(call *Call, raw string, loc *time.Location, now time.Time) (EntryTime, error) {
	st := EntryTime{occurred: now, recorded: now}
	if raw == "" {
		return st, nil
	}
	at, err := ParseInstant(raw, loc, "/occurred_at")
	if err != nil {
		return st, err
	}
	st.claimed = ptr(at)
	if call.SentAt != nil {
		at = at.Add(now.Sub(*call.SentAt))
	}
	if at.After(now) {
		at = now
	}
	if epoch := time.Unix(0, 0); at.Before(epoch) { // a device's clock may be anywhere
		at = epoch
	}
	st.occurred = at.UTC().Truncate(time.Microsecond)
	return st, nil
}

// at is the time of what happens now.
func at(now time.Time) EntryTime { return EntryTime{occurred: now, recorded: now} }

// notFound reports whether what was looked for is not there, or not to be seen.
func notFound(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Kind == KindNotFound
}

// newID takes the client's id or makes one.
func (s *Service) idOr(client *ID) ID {
	if client != nil && *client != (ID{}) {
		return *client
	}
	return s.NewID()
}

// IfVersion refuses a PATCH that was made from another version.
func ifVersion(m Meta, want int64) error {
	if m.Version != want {
		return Fail(CodeStale, "The present version is %d; you changed version %d.", m.Version, want)
	}
	return nil
}
