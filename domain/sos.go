package domain

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"doorstep/domain/ladder"
)

// SOS is one cry for help. It is a row before it is answered; a ladder rings
// tier by tier until a human who is not the raiser acknowledges (docs/product.md
// section 5). It is no fact of a job's timeline: only those who were rung, the
// raiser and the managers above see it.
type SOS struct {
	Meta
	RaiserID       ID           `json:"raiser_id"`
	CentreID       *ID          `json:"centre_id"`
	AreaID         *ID          `json:"area_id"`
	VisitID        *ID          `json:"visit_id"`
	JobID          *ID          `json:"job_id"`
	Country        string       `json:"-"`
	DeskPhone      string       `json:"-"`      // of the centre
	Language       string       `json:"-"`      // of the raiser
	Source         string       `json:"source"` // tap, timer, duress
	Note           string       `json:"note"`
	Lat            *float64     `json:"lat"`
	Lon            *float64     `json:"lon"`
	Avoid          JSONList[ID] `json:"-"` // whom it must not reach
	OccurredAt     time.Time    `json:"occurred_at"`
	ClaimedAt      *time.Time   `json:"claimed_at"`
	RecordedAt     time.Time    `json:"recorded_at"`
	Status         string       `json:"status"` // raised, acknowledged, resolved
	Tier           int          `json:"tier"`   // how many tiers of the ladder have begun
	Round          int          `json:"round"`  // how often it rang
	Rung           JSONList[ID] `json:"-"`
	HeardBy        JSONList[ID] `json:"-"`          // of whom a device or gateway took the latest ring
	UnheardAt      *time.Time   `json:"-"`          // since when it is known that nobody hears it; nil: somebody does
	OwnerID        *ID          `json:"owner_id"`   // who acknowledged
	OfferedTo      *ID          `json:"offered_to"` // to whom it is being handed over
	AcknowledgedAt *time.Time   `json:"acknowledged_at"`
	ResolvedAt     *time.Time   `json:"resolved_at"`
	ResolvedBy     *ID          `json:"resolved_by"`
	Outcome        string       `json:"outcome"` // real, false_alarm, test
	Words          string       `json:"words"`
}

// SOSView is an SOS as answered.
type SOSView struct {
	SOS
	AgeSeconds      int64            `json:"age_seconds"` // at the time the server learned of it
	EmergencyNumber string           `json:"emergency_number"`
	Disclaimer      string           `json:"disclaimer"`
	Reached         bool             `json:"reached"`
	Advice          string           `json:"advice"` // to the raiser, while nobody was reached
	Silent          bool             `json:"silent"` // they are not to be called openly; to the raiser always false
	Actions         JSONList[string] `json:"actions"`
}

// sosNoteMost is how long a note may grow by further taps, in characters.
const sosNoteMost = 4000

const (
	sosSameCause = time.Hour        // after the answer a further tap is still about that
	sosNag       = 30 * time.Minute // an answered one that nobody resolved reminds its owner
)

// disclaimer stands in every answer.
const disclaimer = "Doorstep is not a police or monitored service. In danger call the emergency number first."

// emergencyNumbers by country (ISO 3166-1 alpha-2); 112 works in most others.
var emergencyNumbers = map[string]string{"IN": "112", "GB": "999", "US": "911", "CA": "911", "AU": "000", "NZ": "111", "JP": "110",
	"SG": "999", "AE": "999", "ZA": "10111"}

// EmergencyNumber of a country.
func EmergencyNumber(country string) string {
	if n, ok := emergencyNumbers[country]; ok {
		return n
	}
	return "112"
}

// View shows an SOS to an actor.
func (x SOS) View(a Actor) SOSView {
	v := SOSView{SOS: x, AgeSeconds: int64(x.RecordedAt.Sub(x.OccurredAt) / time.Second), EmergencyNumber: EmergencyNumber(x.Country),
		Disclaimer: disclaimer, Reached: x.reached(), Actions: JSONList[string]{}}
	v.Silent = x.Source == "duress" && x.Status != "resolved" && a.UserID != x.RaiserID
	if a.UserID == x.RaiserID && x.Source != "duress" && x.Status == "raised" && !v.Reached {
		v.Advice = x.advice(x.Language)
	}
	switch {
	case !x.mayAnswer(a):
	case x.isOfferedTo(a) && SOSMoves.open("take-over", x.Status):
		v.Actions = JSONList[string]{"acknowledge"}
	case x.mayEnd(a):
		v.Actions = SOSMoves.of(x.Status, "acknowledge", "hand-over", "resolve")
	default:
		v.Actions = SOSMoves.of(x.Status, "acknowledge")
	}
	return v
}

// Sees reports whether an actor may know of an SOS: who was rung, whoever
// answers for the place, and the raiser unless it was raised in silence. Whom
// it must not reach never does.
func (x *SOS) Sees(a Actor) bool {
	switch {
	case has(x.Avoid, a.UserID):
		return false
	case a.UserID == x.RaiserID:
		return x.Source != "duress"
	case has(x.Rung, a.UserID), x.isOfferedTo(a), x.OwnerID != nil && *x.OwnerID == a.UserID, a.Role == RoleAdmin:
		return true
	case a.Role == RoleAreaManager:
		return x.AreaID != nil && has(a.Scope().AreaIDs, *x.AreaID)
	case a.Role == RoleProprietor:
		return x.CentreID != nil && *x.CentreID == a.CentreID
	}
	return false
}

// isOfferedTo reports whether an SOS was handed over to the actor.
func (x *SOS) isOfferedTo(a Actor) bool { return x.OfferedTo != nil && *x.OfferedTo == a.UserID }

// mayEnd: whoever answers for it, and the managers above.
func (x *SOS) mayEnd(a Actor) bool {
	return x.OwnerID != nil && *x.OwnerID == a.UserID || a.Is(RoleAreaManager, RoleAdmin)
}

// mayAnswer: a human who sees it and is not the raiser.
func (x *SOS) mayAnswer(a Actor) bool { return a.UserID != x.RaiserID && x.Sees(a) }

// SOSInput is all that an SOS may say; everything is optional and what cannot
// be read is ignored.
type SOSInput struct {
	ID         *ID
	VisitID    *ID
	Note       string
	Lat, Lon   *float64
	Avoid      []ID // e.g. the proprietor, when they are the danger
	OccurredAt string
}

// RaiseSOS raises the alarm. Any staff member; nothing refuses it but 401 and
// 503. While one stands, the same raiser's further taps add to it; a retry that
// names one by the client's id gets that, ended or not. Durable before it is
// answered; the first tier is told in the same transaction.
func (s *Service) RaiseSOS(ctx context.Context, call *Call, in SOSInput) (SOSView, error) {
	return run(ctx, s, call, func(tx *Work) (SOSView, error) {
		a := call.Actor
		// Two taps at once are one alarm.
		u, err := tx.LockUser(a.UserID)
		if err != nil {
			return SOSView{}, err
		}
		if in.ID != nil {
			x, err := tx.LockSOS(*in.ID)
			switch {
			case err == nil && x.RaiserID == a.UserID && x.Source != "duress":
				// The reply was lost: that is the same tap, and rings nobody anew.
				return addToSOS(tx, a, x, in, false)
			case err != nil && !notFound(err):
				return SOSView{}, err
			}
		}
		v, err := visitOfSOS(tx, u, in.VisitID)
		if err != nil {
			return SOSView{}, err
		}
		x, err := standingSOS(tx, a.UserID, v, "tap", "timer")
		if err != nil {
			return SOSView{}, err
		}
		if x != nil {
			return addToSOS(tx, a, x, in, true)
		}
		return raiseSOS(tx, call, u, in, "tap")
	})
}

// standingSOS locks what somebody raised and nobody resolved yet, of the same
// cause: one that rings, or one that was answered within the hour and not at
// another visit. Nil when there is none.
func standingSOS(tx *Work, raiser ID, v *Visit, sources ...string) (*SOS, error) {
	open, err := tx.OpenSOS(raiser)
	if err != nil {
		return nil, err
	}
	for i := range open {
		if !has(sources, open[i].Source) {
			continue
		}
		x, err := tx.LockSOS(open[i].ID)
		if err != nil {
			return nil, err
		}
		elsewhere := v != nil && x.VisitID != nil && v.ID != *x.VisitID
		if SOSMoves.open("add", x.Status) && (x.Status == "raised" || !elsewhere && tx.Now.Sub(*x.AcknowledgedAt) < sosSameCause) {
			return x, nil
		}
	}
	return nil, nil
}

// addToSOS keeps what a further tap says. While it rings that is enough. Once
// somebody answered, a tap that is new says that help has not come: it rings
// on, past whoever must be avoided, until somebody acknowledges again. A retry
// does so only when it tells to avoid whoever answers.
func addToSOS(tx *Work, a Actor, x *SOS, in SOSInput, fresh bool) (SOSView, error) {
	if !SOSMoves.open("add", x.Status) {
		return x.View(a), nil
	}
	if !strings.Contains(x.Note, in.Note) {
		x.Note = boundNote(strings.TrimSpace(x.Note + "\n" + in.Note))
	}
	if in.Lat != nil && in.Lon != nil {
		x.Lat, x.Lon = in.Lat, in.Lon
	}
	for _, id := range in.Avoid {
		if id != x.RaiserID && !has(x.Avoid, id) && len(x.Avoid) < 100 {
			x.Avoid = append(x.Avoid, id)
		}
	}
	if x.OfferedTo != nil && has(x.Avoid, *x.OfferedTo) {
		x.OfferedTo = nil
	}
	fresh = fresh || x.OwnerID != nil && has(x.Avoid, *x.OwnerID)
	reopened := fresh && SOSMoves.open("reopen", x.Status)
	if reopened {
		if err := tx.apply(x, "reopen"); err != nil {
			return SOSView{}, err
		}
		x.OwnerID, x.AcknowledgedAt = nil, nil
	}
	// While it rings for somebody it waits for its time; when all who were rung
	// must be avoided, or hear nothing, it is silent, and climbs.
	heard := reopened || x.Status != "raised"
	if !heard {
		var err error
		if heard, err = sosHeard(tx.svc, tx, x, nil); err != nil {
			return SOSView{}, err
		}
	}
	if reopened || !heard {
		if err := ringSOS(tx, x); err != nil {
			return SOSView{}, err
		}
	}
	x.changedAt(tx.Now)
	err := tx.SaveSOS(x)
	return x.View(a), err
}

// boundNote keeps how it began and the newest words.
func boundNote(note string) string {
	const begin, cut = 1000, "\n[...]\n"
	r := []rune(note)
	if len(r) <= sosNoteMost {
		return note
	}
	return string(r[:begin]) + cut + string(r[len(r)-(sosNoteMost-begin-len(cut)):])
}

// ringAll rings whom it has reached so far, who answers for it and to whom it
// is being handed over; the first one leads the round.
func ringAll(tx *Work, x *SOS) error {
	ids := slices.Clone(x.Rung)
	for _, id := range []*ID{x.OwnerID, x.OfferedTo} {
		if id != nil && !has(ids, *id) {
			ids = append(ids, *id)
		}
	}
	users, err := tx.Users(slices.DeleteFunc(ids, func(id ID) bool { return has(x.Avoid, id) || id == x.RaiserID }))
	if err != nil {
		return err
	}
	for i := range users {
		enqueueSOS(tx, x, &users[i], "sos.raised", i == 0)
	}
	return nil
}

func raiseSOS(tx *Work, call *Call, u *User, in SOSInput, source string) (SOSView, error) {
	a := call.Actor
	x := &SOS{Meta: newMeta(tx.svc.idOr(in.ID), tx.Now), RaiserID: u.ID, CentreID: u.CentreID, AreaID: u.AreaID, Source: source,
		Note: in.Note,
		Lat:  in.Lat, Lon: in.Lon,
		Language: u.Language, HeardBy: JSONList[ID]{}, Avoid: without(in.Avoid, u.ID), RecordedAt: tx.Now}
	if err := tx.apply(x, "raise"); err != nil {
		return SOSView{}, err
	}
	if in.ID != nil {
		if _, err := tx.SOS(*in.ID); err == nil {
			x.ID = tx.NewID() // an id that is taken does not stand in the way
		} else if !notFound(err) {
			return SOSView{}, err
		}
	}
	if in.Lat == nil || in.Lon == nil {
		x.Lat, x.Lon = nil, nil
	}
	zone := time.UTC
	v, err := visitOfSOS(tx, u, in.VisitID)
	if err != nil {
		return SOSView{}, err
	}
	if v != nil {
		x.VisitID, x.JobID, x.CentreID, x.AreaID = &v.ID, &v.JobID, &v.CentreID, &v.AreaID
	}
	if x.CentreID != nil {
		c, err := tx.Centre(*x.CentreID)
		if err != nil {
			return SOSView{}, err
		}
		x.Country, x.DeskPhone, x.AreaID, zone = c.Country, c.Phone, &c.AreaID, c.Location()
	}
	st, err := stamp(call, in.OccurredAt, zone, tx.Now)
	if err != nil {
		st = at(tx.Now)
	}
	x.OccurredAt, x.ClaimedAt = st.occurred, st.claimed
	if err := tx.InsertSOS(x); err != nil {
		return SOSView{}, err
	}
	if err := ringSOS(tx, x); err != nil {
		return SOSView{}, err
	}
	err = tx.SaveSOS(x)
	return x.View(a), err
}

// visitOfSOS finds the visit that an SOS is about: the one named, if it was
// ever theirs, else the one under way.
func visitOfSOS(tx Tx, u *User, named *ID) (*Visit, error) {
	if named != nil {
		v, err := tx.Visit(*named)
		if err == nil && has(v.EverCrew, u.ID) {
			return v, nil
		}
		if err != nil && !notFound(err) {
			return nil, err
		}
	}
	return visitUnderWay(tx, u.ID)
}

// visitUnderWay finds the visit that somebody is on now, whatever its plan says: the
// one at which they moved last, for another may have been left open. Nil: none.
func visitUnderWay(tx DiaryTx, user ID) (*Visit, error) {
	visits, err := tx.UnderWayOf(user)
	if err != nil || len(visits) == 0 {
		return nil, err
	}
	last := slices.MaxFunc(visits, func(x, y Visit) int { return x.lastMove().Compare(y.lastMove()) })
	return &last, nil
}

// lastMove is the latest of setting out, arrival and start.
func (v *Visit) lastMove() time.Time {
	var last time.Time
	for _, at := range []*time.Time{v.EnRouteAt, v.ArrivedAt, v.StartedAt} {
		if at != nil && at.After(last) {
			last = *at
		}
	}
	return last
}

// ladderOf is the centre's own ladder, else the default.
func ladderOf(tx CentreTx, centre *ID) ([]ladder.Tier, error) {
	if centre == nil {
		return ladder.Default(), nil
	}
	c, err := tx.Centre(*centre)
	if err != nil {
		return nil, err
	}
	if len(c.Ladder) > 0 {
		return c.Ladder, nil
	}
	return ladder.Default(), nil
}

// ringSOS rings whoever it is time to ring, and sets the next time. A tier that
// nobody can hear falls through to the next at once; deaf are those whom the
// last ring could not reach. The caller saves.
func ringSOS(tx *Work, x *SOS, deaf ...ID) error {
	tiers, err := ladderOf(tx, x.CentreID)
	if err != nil {
		return err
	}
	due := ladder.Due(tiers, x.RecordedAt, tx.Now)
	heard, err := sosHeard(tx.svc, tx, x, deaf)
	if err != nil {
		return err
	}
	for x.Tier < len(tiers) && (x.Tier < due || !heard) {
		for _, audience := range tiers[x.Tier].To {
			users, err := sosAudience(tx, x, audience)
			if err != nil {
				return err
			}
			for _, u := range users {
				if u.ID != x.RaiserID && !u.Disabled && !has(x.Avoid, u.ID) && !has(x.Rung, u.ID) {
					x.Rung = append(x.Rung, u.ID)
				}
			}
		}
		x.Tier++
		if heard, err = sosHeard(tx.svc, tx, x, deaf); err != nil {
			return err
		}
	}
	x.Round++
	if err := ringAll(tx, x); err != nil {
		return err
	}
	tx.setDeadline(DueSOS, x.ID, nil, ladder.Next(tiers, x.Tier, x.RecordedAt, tx.Now))
	if heard {
		return nil
	}
	return notifyUnheard(tx, x)
}

// enqueueSOS writes one ring. It is never collapsed, has a queue of its own,
// and waits for nobody's duty. The lead of a round also goes to the webhook of
// a telephony or monitoring provider.
func enqueueSOS(tx *Work, x *SOS, u *User, kind string, lead bool) {
	key := fmt.Sprintf("%s|%s|%d|%s", kind, x.ID, x.Round, u.ID)
	age := x.RecordedAt.Sub(x.OccurredAt)
	tx.Enqueue(tx.svc.notice(kind, u.Language, tx.Now, tx.Now.Add(time.Hour), toUser(u.ID), func(n *Notice) {
		n.High, n.DedupeKey = true, &key
		if kind == "sos.raised" && age >= 2*time.Minute { // it says how old it is
			n.Title, n.Body = say("sos.late", u.Language, itoa(int(age/time.Minute)))
		}
		n.Data.V = map[string]string{"sos_id": x.ID.String(), "round": itoa(x.Round), "tier": itoa(x.Tier)}
		if lead {
			n.Data.V["lead"] = "1"
		}
	}))
}

func sosAudience(tx UserTx, x *SOS, audience string) ([]User, error) {
	switch audience {
	case ladder.Proprietor:
		if x.CentreID == nil {
			return nil, nil
		}
		return tx.UsersWith(RoleProprietor, x.CentreID, nil)
	case ladder.Colleague:
		u, err := tx.User(x.RaiserID)
		if err != nil || u.ColleagueID == nil {
			return nil, err
		}
		c, err := tx.User(*u.ColleagueID)
		if err != nil {
			return nil, err
		}
		return []User{*c}, nil
	case ladder.AreaManager:
		if x.AreaID == nil {
			return nil, nil
		}
		out, err := tx.UsersWith(RoleAreaManager, nil, x.AreaID)
		if err != nil {
			return nil, err
		}
		for _, u := range slices.Clone(out) {
			if u.DeputyID != nil {
				d, err := tx.User(*u.DeputyID)
				if err != nil {
					return nil, err
				}
				out = append(out, *d)
			}
		}
		return out, nil
	case ladder.Managers:
		out, err := tx.UsersWith(RoleAreaManager, nil, nil)
		if err != nil || x.AreaID == nil {
			return out, err
		}
		more, err := tx.UsersWith(RoleProprietor, nil, x.AreaID)
		return append(out, more...), err
	}
	var out []User
	for _, role := range []Role{RoleAreaManager, RoleAdmin, RoleAgent} {
		users, err := tx.UsersWith(role, nil, nil)
		if err != nil {
			return nil, err
		}
		out = append(out, users...)
	}
	for _, role := range []Role{RoleProprietor, RoleCoordinator, RoleTechnician} {
		centre := x.CentreID
		if centre == nil && role != RoleProprietor {
			continue
		}
		users, err := tx.UsersWith(role, centre, nil)
		if err != nil {
			return nil, err
		}
		out = append(out, users...)
	}
	return out, nil
}

// sosDue climbs the ladder at its time.
func sosDue(tx *Work, id ID) error {
	x, err := tx.LockSOS(id)
	switch {
	case notFound(err):
		return nil
	case err != nil:
		return err
	case SOSMoves.open("ring", x.Status):
		// A whole round has gone by; what no phone took until now, it did not reach.
		if err = ringSOS(tx, x); err == nil && !x.reached() {
			err = notifyUnheard(tx, x)
		}
	case SOSMoves.open("remind", x.Status):
		err = remindSOS(tx, x)
	default:
		return nil
	}
	if err != nil {
		return err
	}
	x.changedAt(tx.Now)
	return tx.SaveSOS(x)
}

// remindSOS asks whoever answers to say how it ended.
func remindSOS(tx *Work, x *SOS) error {
	x.Round++
	tx.setDeadline(DueSOS, x.ID, nil, tx.Now.Add(sosNag))
	owner, err := tx.User(*x.OwnerID)
	if err != nil {
		return err
	}
	enqueueSOS(tx, x, owner, "sos.open", false)
	return nil
}

// SOSAnswer answers an SOS.
type SOSAnswer struct {
	UserID  *ID    `json:"user_id"` // of hand-over
	Note    string `json:"note"`    // of acknowledge
	Words   string `json:"words"`   // of resolve
	Outcome string `json:"outcome"` // of resolve: real, false_alarm, test
	// OccurredAt is when it was said; what cannot be read is now, for a time
	// must not keep an alarm ringing.
	OccurredAt string `json:"occurred_at"`
}

// AnswerSOS acknowledges, hands over or resolves an SOS: a human who sees it
// and is not the raiser. Acknowledging stops the ringing at once; whoever it
// is handed to acknowledges in turn, and answers for it from then on. Errors:
// CodeNotFound, CodeForbidden, CodeState, CodeUnprocessable.
func (s *Service) AnswerSOS(ctx context.Context, call *Call, id ID, action string, in SOSAnswer) (SOSView, error) {
	return run(ctx, s, call, func(tx *Work) (SOSView, error) {
		a := call.Actor
		x, err := tx.LockSOS(id)
		if err != nil {
			return SOSView{}, err
		}
		if !x.Sees(a) {
			return SOSView{}, NotFound("SOS")
		}
		if !x.mayAnswer(a) {
			return SOSView{}, Fail(CodeForbidden, "Somebody else answers an SOS, never who raised it.")
		}
		if action != "acknowledge" && !x.mayEnd(a) && SOSMoves.open(action, x.Status) {
			return SOSView{}, Fail(CodeForbidden, "Whoever acknowledged it answers for it; an area manager or admin may too.")
		}
		switch action {
		case "acknowledge":
			if err := acknowledgeSOS(tx, x, call, in); err != nil {
				return SOSView{}, err
			}
		case "hand-over":
			if err := SOSMoves.check(action, x.Status); err != nil {
				return SOSView{}, err
			}
			if in.UserID == nil {
				return SOSView{}, Fail(CodeUnprocessable, "Say to whom.").At("/user_id", "required")
			}
			u, err := tx.User(*in.UserID)
			near := err == nil && (has(x.Rung, u.ID) || u.Role == RoleAreaManager || u.Role == RoleAdmin || u.Role == RoleAgent ||
				u.CentreID != nil && same(u.CentreID, x.CentreID))
			if err != nil || !near || u.Disabled || u.ID == x.RaiserID || has(x.Avoid, u.ID) {
				return SOSView{}, Fail(CodeUnprocessable, "This person cannot take it.").
					At("/user_id", "somebody who was rung, of the centre, or a manager; never the raiser")
			}
			x.OfferedTo = &u.ID
			x.Round++
			enqueueSOS(tx, x, u, "sos.raised", false)
		case "resolve":
			if err := SOSMoves.check(action, x.Status); err != nil {
				return SOSView{}, err
			}
			if strings.TrimSpace(in.Words) == "" {
				return SOSView{}, Fail(CodeUnprocessable, "Say how it ended.").At("/words", "a few words")
			}
			if in.Outcome == "" {
				in.Outcome = "real"
			}
			if !has([]string{"real", "false_alarm", "test"}, in.Outcome) {
				return SOSView{}, Fail(CodeUnprocessable, "It was real, a false alarm or a test.").At("/outcome", "real, false_alarm or test")
			}
			ended := saidAt(call, in.OccurredAt, x.RecordedAt, tx.Now)
			if err := tx.apply(x, action); err != nil {
				return SOSView{}, err
			}
			x.ResolvedAt, x.ResolvedBy, x.Words, x.Outcome = &ended, &a.UserID, in.Words, in.Outcome
			tx.Disarm(DueSOS, x.ID)
		}
		x.changedAt(tx.Now)
		if err = tx.SaveSOS(x); err != nil {
			return SOSView{}, err
		}
		open, err := tx.OpenSOS(x.RaiserID)
		v := x.View(a)
		v.Silent = v.Silent || x.Status != "resolved" && silences(open, a)[x.RaiserID]
		return v, err
	})
}

// saidAt is when something was said by the time that a phone gives: never
// before what it is about, never after now.
func saidAt(call *Call, raw string, from, now time.Time) time.Time {
	st, err := stamp(call, raw, time.UTC, now)
	if err != nil || st.occurred.After(now) {
		return now
	}
	if st.occurred.Before(from) {
		return from
	}
	return st.occurred
}

func acknowledgeSOS(tx *Work, x *SOS, call *Call, in SOSAnswer) error {
	a := call.Actor
	taking := x.isOfferedTo(a) && SOSMoves.open("take-over", x.Status)
	if !taking && !SOSMoves.open("acknowledge", x.Status) {
		if x.OwnerID != nil && *x.OwnerID == a.UserID {
			return nil // the same tap again
		}
		return Fail(CodeState, "Somebody has acknowledged it already.").With("status", x.Status)
	}
	first := x.Status == "raised"
	action := "acknowledge"
	if taking {
		action = "take-over"
	}
	if err := tx.apply(x, action); err != nil {
		return err
	}
	x.OwnerID, x.OfferedTo, x.UnheardAt = &a.UserID, nil, nil
	if x.AcknowledgedAt == nil {
		x.AcknowledgedAt = ptr(saidAt(call, in.OccurredAt, x.RecordedAt, tx.Now))
	}
	if note := strings.TrimSpace(in.Note); note != "" {
		x.Note = boundNote(strings.TrimSpace(x.Note + "\n" + a.Name + ": " + note))
	}
	tx.setDeadline(DueSOS, x.ID, nil, tx.Now.Add(sosNag))
	if err := tx.SilenceSOS(x.ID); err != nil {
		return err
	}
	if !first {
		return nil
	}
	x.Round++
	tell := slices.DeleteFunc(slices.Clone(x.Rung), func(id ID) bool { return has(x.Avoid, id) })
	if x.Source != "duress" {
		tell = append(tell, x.RaiserID)
	}
	users, err := tx.Users(without(tell, a.UserID))
	if err != nil {
		return err
	}
	for i := range users {
		enqueueSOS(tx, x, &users[i], "sos.taken", false)
	}
	return nil
}

// SetLadder sets a centre's own ladder; none takes back the default. Admin,
// area manager. Errors: CodeUnprocessable with a sentence for each fault.
func (s *Service) SetLadder(ctx context.Context, call *Call, centre ID, tiers []ladder.Tier) (Centre, error) {
	return run(ctx, s, call, func(tx *Work) (Centre, error) {
		c, err := authorizeCentre(tx, call.Actor, centre)
		if err != nil {
			return Centre{}, err
		}
		if !call.Actor.Is(RoleAdmin, RoleAreaManager) {
			return Centre{}, Fail(CodeForbidden, "As %s you may not change who is rung.", roleWords(call.Actor.Role))
		}
		if len(tiers) > 0 {
			if wrong := ladder.Validate(tiers); len(wrong) > 0 {
				e := Fail(CodeUnprocessable, "This ladder would not reach everybody in time.")
				for _, w := range wrong {
					e = e.At("/tiers", w)
				}
				return Centre{}, e
			}
		}
		c.Ladder = tiers
		c.changedAt(tx.Now)
		err = tx.SaveCentre(c)
		return *c, err
	})
}

// SetColleague chooses who is rung first beside the proprietor when the caller
// raises an SOS. Everyone for themselves; null for nobody.
func (s *Service) SetColleague(ctx context.Context, call *Call, colleague *ID) (User, error) {
	return run(ctx, s, call, func(tx *Work) (User, error) {
		u, err := tx.LockUser(call.Actor.UserID)
		if err != nil {
			return User{}, err
		}
		if colleague != nil {
			c, err := tx.User(*colleague)
			if err != nil || c.Disabled || c.ID == u.ID || u.CentreID != nil && !same(c.CentreID, u.CentreID) && c.Role.OfCentre() {
				return User{}, Fail(CodeUnprocessable, "This person cannot be rung for you.").At("/colleague_id", "a colleague of your centre or area")
			}
		}
		u.ColleagueID = colleague
		u.changedAt(tx.Now)
		err = tx.SaveUser(u)
		return *u, err
	})
}
