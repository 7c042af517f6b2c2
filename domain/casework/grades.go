package casework

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"doorstep/domain"
	"doorstep/domain/reach"
)

const (
	liveWithin   = 10 * time.Minute // how late what is told as it happens may be received
	doorAccuracy = 100              // metres
	sitting      = 15 * time.Minute // between two facts that one person types one after the other
)

// CallDigest is the evidence of a call: SHA-256 in hex over "number|start|seconds",
// the number in E.164 and the start in RFC 3339, UTC, whole seconds.
func CallDigest(number string, start time.Time, seconds int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s|%s|%d", number, start.UTC().Format("2006-01-02T15:04:05Z"), seconds))
	return hex.EncodeToString(sum[:])
}

// judgeGrade says how good the evidence of a new attempt is, whatever the client
// claims (docs/product.md section 4), and why evidence that came was not taken.
func judgeGrade(c *Case, a *domain.Attempt, in *AttemptInput) (err error) {
	a.Grade = reach.Declared
	switch {
	case in.Receipt:
		a.Grade = reach.Proven
		return nil
	case a.Channel == reach.Phone && a.EvidenceDigest != "":
		a.GradeWhy, err = callWhy(c, a)
	case a.Channel == reach.Doorstep && a.Lat != nil:
		a.GradeWhy, err = doorWhy(c, a)
	case a.EvidenceDigest != "" || in.Grade == reach.Proven || in.Grade == reach.Recorded:
		a.GradeWhy = "no evidence that the server can check came with it"
		return nil
	default:
		return nil
	}
	if err == nil && a.GradeWhy == "" {
		a.Grade = reach.Recorded
	}
	return err
}

// callWhy is why a call's record is not taken; empty: it is. The same record twice is
// the same call, and no attempt of its own.
func callWhy(c *Case, a *domain.Attempt) (string, error) {
	seconds := a.CallSeconds
	if seconds == nil {
		seconds = a.RingSeconds
	}
	known := slices.ContainsFunc(c.Customer.Contacts, func(p domain.Contact) bool { return slices.Contains(p.Phones, a.Address) })
	switch {
	case a.ClaimedAt == nil || seconds == nil || a.Address == "":
		return "its call record lacks number, start or length", nil
	case !known:
		return "its call record is of a number that is not known as the household's", nil
	case !c.Customer.Proves(a.Address, c.Job.ID, c.Now):
		return "its call record is of a number that our staff changed and the household has not confirmed", nil
	case !strings.EqualFold(a.EvidenceDigest, CallDigest(a.Address, *a.ClaimedAt, *seconds)):
		return "the digest of its call record does not fit number, start and length", nil
	case time.Duration(*seconds)*time.Second > a.RecordedAt.Sub(a.OccurredAt):
		return "its call record is longer than the time since it began", nil
	case a.RingSeconds != nil && *a.RingSeconds > *seconds:
		return "it rang longer than its call record lasts", nil
	}
	a.EvidenceDigest = strings.ToLower(a.EvidenceDigest)
	used, err := c.Tx.DigestUsed(a.EvidenceDigest)
	if err != nil || !used {
		return "", err
	}
	a.Barred = "its call record was already told as another attempt: the same call counts once"
	return a.Barred, nil
}

// doorWhy is why a place at the door is not taken; empty: it is.
func doorWhy(c *Case, a *domain.Attempt) (string, error) {
	policies, err := c.Tx.Policies(c.Job.CentreID)
	if err != nil {
		return "", err
	}
	switch bound := EffectivePolicy(policies, c.Now).DoorstepMeters; {
	case a.AccuracyM == nil || *a.AccuracyM > doorAccuracy:
		return fmt.Sprintf("its place is not known to be accurate to %d m", doorAccuracy), nil
	case a.DistanceM == nil:
		return "the place of the home is not known", nil
	case *a.DistanceM > bound:
		return "its place is not at the door", nil
	case a.RecordedAt.Sub(a.OccurredAt) > liveWithin:
		return fmt.Sprintf("its place was received more than %d minutes later", int(liveWithin.Minutes())), nil
	}
	return "", nil
}

// judgeSitting makes a history that one person types in one sitting one attempt: of
// those said to have happened earlier and received one after the other, the first
// received stands. What a crew's phone sends as offline, oldest first, stands as it came.
func judgeSitting(call *Call, c *Case, a *domain.Attempt, offline bool) error {
	if a.ByID == nil || !mayCount(a) || a.RecordedAt.Sub(a.OccurredAt) <= liveWithin {
		return nil
	}
	list, err := c.Tx.AttemptsOf(c.Job.ID)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(slices.Clone(list), func(o domain.Attempt) bool { return o.ByID == nil || *o.ByID != *a.ByID })
	a.Offline = offline && call.Actor.Role == domain.RoleTechnician && call.SentAt != nil && a.ClaimedAt != nil &&
		!a.ClaimedAt.After(*call.SentAt) &&
		!slices.ContainsFunc(list, func(o domain.Attempt) bool { return o.OccurredAt.After(a.OccurredAt) })
	if a.Offline || a.Barred != "" {
		return nil
	}
	for i := range list {
		o := &list[i]
		if mayCount(o) && !o.Offline && o.RecordedAt.Sub(o.OccurredAt) > liveWithin && a.RecordedAt.Sub(o.RecordedAt) <= sitting &&
			!o.OccurredAt.Equal(a.OccurredAt) {
			a.Barred = "it was typed in one sitting with that of " + o.OccurredAt.In(c.Site.Location()).Format("Mon 2 Jan 15:04") +
				": a history told at once is one attempt"
			return nil
		}
	}
	return nil
}

// mayCount reports whether an attempt is one by its outcome.
func mayCount(a *domain.Attempt) bool {
	return a.Direction == reach.Outbound && !a.Contact() && a.Outcome != reach.Busy && a.Outcome != reach.Voicemail &&
		a.Outcome != reach.WrongNumber && a.Outcome != reach.Sent
}
