package alarm

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"doorstep/domain"
	"doorstep/domain/casework"
	"doorstep/domain/ladder"
)

const (
	sosSameCause = time.Hour        // after the answer a further tap is still about that
	sosNag       = 30 * time.Minute // an answered one that nobody resolved reminds its owner
)

// SOSInput is all that an SOS may say; everything is optional and what cannot
// be read is ignored.
type SOSInput struct {
	ID         *domain.ID
	VisitID    *domain.ID
	Note       string
	Lat, Lon   *float64
	Avoid      []domain.ID // e.g. the proprietor, when they are the danger
	OccurredAt string
}

// RaiseSOS raises the alarm. Any staff member; nothing refuses it but 401 and
// 503. While one stands, the same raiser's further taps add to it; a retry that
// names one by the client's id gets that, ended or not. Durable before it is
// answered; the first tier is told in the same transaction.
func (s *Service) RaiseSOS(ctx context.Context, call *casework.Call, in SOSInput) (domain.SOSView, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (domain.SOSView, error) { return raiseOrAdd(tx, call, in) })
}

// raiseOrAdd raises an alarm, or adds to the one that stands.
func raiseOrAdd(tx *casework.Work, call *casework.Call, in SOSInput) (domain.SOSView, error) {
	a := call.Actor
	// Two taps at once are one alarm.
	u, err := tx.LockUser(a.UserID)
	if err != nil {
		return domain.SOSView{}, err
	}
	if in.ID != nil {
		x, err := lockNamed(tx, a, *in.ID, func(x *domain.SOS) bool { return x.RaiserID == a.UserID && x.Source != "duress" })
		switch {
		case err == nil:
			// The reply was lost: that is the same tap, and rings nobody anew.
			return addToSOS(tx, a, x, in, false)
		case !casework.NotFound(err):
			return domain.SOSView{}, err
		}
		in.ID = domain.Ptr(domain.SOSIDFor(a.UserID, *in.ID))
	}
	v, err := visitOfSOS(tx, u, in.VisitID)
	if err != nil {
		return domain.SOSView{}, err
	}
	x, err := standingSOS(tx, a.UserID, v, "tap", "timer")
	if err != nil {
		return domain.SOSView{}, err
	}
	if x != nil {
		return addToSOS(tx, a, x, in, true)
	}
	return raiseSOS(tx, call, u, in, "tap")
}

// lockNamed locks the alarm that has an id, or that the actor raised under an id of their own choice, where it may be theirs. What is
// somebody else's is looked for by the same statements as what nobody has, and not locked. Errors: CodeNotFound.
func lockNamed(tx domain.Tx, a domain.Actor, id domain.ID, may func(*domain.SOS) bool) (*domain.SOS, error) {
	for _, id := range []domain.ID{id, domain.SOSIDFor(a.UserID, id)} {
		x, err := tx.SOS(id)
		if err == nil && may(x) {
			if x, err = tx.LockSOS(id); err == nil && may(x) {
				return x, nil
			}
		}
		if err != nil && !casework.NotFound(err) {
			return nil, err
		}
	}
	return nil, domain.NotFound("SOS")
}

// ReadSOS reads an alarm that the actor may know of, by its id or by the one under which they raised it themselves. Errors: CodeNotFound.
func (s *Service) ReadSOS(ctx context.Context, a domain.Actor, id domain.ID) (*domain.SOS, error) {
	x, err := s.Read.SOS(ctx, a, id)
	if casework.NotFound(err) {
		x, err = s.Read.SOS(ctx, a, domain.SOSIDFor(a.UserID, id))
	}
	return x, err
}

// standingSOS locks what somebody raised and nobody resolved yet, of the same
// cause: one that rings, or one that was answered within the hour and not at
// another visit. Nil when there is none.
func standingSOS(tx *casework.Work, raiser domain.ID, v *domain.Visit, sources ...string) (*domain.SOS, error) {
	open, err := tx.OpenSOS(raiser)
	if err != nil {
		return nil, err
	}
	for i := range open {
		if !domain.Has(sources, open[i].Source) {
			continue
		}
		x, err := tx.LockSOS(open[i].ID)
		if err != nil {
			return nil, err
		}
		elsewhere := v != nil && x.VisitID != nil && v.ID != *x.VisitID
		if domain.SOSMoves.Open("add", x.Status) && (x.Status == "raised" || !elsewhere && tx.Now.Sub(*x.AcknowledgedAt) < sosSameCause) {
			return x, nil
		}
	}
	return nil, nil
}

// addToSOS keeps what a further tap says. While it rings that is enough. Once
// somebody answered, a tap that is new says that help has not come: it rings
// on, past whoever must be avoided, until somebody acknowledges again. A retry
// does so only when it tells to avoid whoever answers.
func addToSOS(tx *casework.Work, a domain.Actor, x *domain.SOS, in SOSInput, fresh bool) (domain.SOSView, error) {
	if !domain.SOSMoves.Open("add", x.Status) {
		return x.View(a), nil
	}
	if !strings.Contains(x.Note, in.Note) {
		x.Note = domain.BoundNote(strings.TrimSpace(x.Note + "\n" + in.Note))
	}
	if in.Lat != nil && in.Lon != nil {
		x.Lat, x.Lon = in.Lat, in.Lon
	}
	for _, id := range in.Avoid {
		if id != x.RaiserID && !domain.Has(x.Avoid, id) && len(x.Avoid) < 100 {
			x.Avoid = append(x.Avoid, id)
		}
	}
	if x.OfferedTo != nil && domain.Has(x.Avoid, *x.OfferedTo) {
		x.OfferedTo = nil
	}
	fresh = fresh || x.OwnerID != nil && domain.Has(x.Avoid, *x.OwnerID)
	reopened := fresh && domain.SOSMoves.Open("reopen", x.Status)
	if reopened {
		if err := tx.Apply(x, "reopen"); err != nil {
			return domain.SOSView{}, err
		}
		x.OwnerID, x.AcknowledgedAt = nil, nil
	}
	// While it rings for somebody it waits for its time; when all who were rung
	// must be avoided, or hear nothing, it is silent, and climbs.
	heard := reopened || x.Status != "raised"
	if !heard {
		var err error
		if heard, err = sosHeard(tx.Svc, tx, x, nil); err != nil {
			return domain.SOSView{}, err
		}
	}
	if reopened || !heard {
		if err := ringSOS(tx, x); err != nil {
			return domain.SOSView{}, err
		}
	}
	x.ChangedAt(tx.Now)
	err := tx.SaveSOS(x)
	return x.View(a), err
}

// SaySafe keeps with an alarm that its raiser says that they are safe. It ends nothing (docs/product.md section 5): who answers reads it
// and makes sure, for the words are the same where the duress code was given. The raiser. CheckCode is asked first. Errors:
// CodeNotFound, CodeState.
func (s *Service) SaySafe(ctx context.Context, call *casework.Call, id domain.ID) (domain.SOSView, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (domain.SOSView, error) {
		x, err := tx.LockSOS(id)
		if err != nil {
			return domain.SOSView{}, casework.MeaningOf(err, "SOS")
		}
		if x.RaiserID != call.Actor.UserID || !x.Sees(call.Actor) {
			return domain.SOSView{}, domain.NotFound("SOS")
		}
		if !domain.SOSMoves.Open("add", x.Status) {
			return domain.SOSView{}, domain.Fail(domain.CodeState, "This alarm has ended.")
		}
		words := domain.SaysSafe(x.Language)
		if !strings.Contains(x.Note, words) {
			x.Note = domain.BoundNote(strings.TrimSpace(x.Note + "\n" + words))
			x.ChangedAt(tx.Now)
			err = tx.SaveSOS(x)
		}
		return x.View(call.Actor), err
	})
}

// ringAll rings whom it has reached so far, who answers for it and to whom it
// is being handed over; the first one leads the round, and where a provider of calls hears of that, it hears of each. Where several
// alarms ring the same people, their phones ring as often as for one, and the ring says how many there are: of many alarms
// each ring of each to everybody would be more than any phone can ring, and than anybody could tell apart.
func ringAll(tx *casework.Work, x *domain.SOS) error {
	ids := slices.Clone(x.Rung)
	for _, id := range []*domain.ID{x.OwnerID, x.OfferedTo} {
		if id != nil && !domain.Has(ids, *id) {
			ids = append(ids, *id)
		}
	}
	users, err := tx.Users(slices.DeleteFunc(ids, func(id domain.ID) bool { return domain.Has(x.Avoid, id) || id == x.RaiserID }))
	if err != nil {
		return err
	}
	beside, err := tx.RingingSOS()
	if err != nil {
		return err
	}
	if x.Rang.V == nil {
		x.Rang.V = map[domain.ID]time.Time{}
	}
	for i := range users {
		u := &users[i]
		if lead := i == 0 && tx.Svc.AlarmGateway; !lead && x.SharesRing(u.ID, beside, tx.Now) {
			continue
		}
		x.Rang.V[u.ID] = tx.Now
		enqueueSOS(tx, x, u, "sos.raised", i == 0, func(n *domain.Notice) { countRinging(n, x, u, beside) })
	}
	return nil
}

// countRinging says in a ring how many alarms ring for its reader.
func countRinging(n *domain.Notice, x *domain.SOS, u *domain.User, beside []domain.Ringing) {
	ringing := 1
	for i := range beside {
		if beside[i].ID != x.ID && beside[i].RingsFor(u.ID) {
			ringing++
		}
	}
	if ringing == 1 {
		return
	}
	n.Title, n.Body = domain.Say("sos.several", u.Language, "")
	n.Body = strings.ReplaceAll(n.Body, "{n}", strconv.Itoa(ringing))
	n.Data.V["ringing"] = strconv.Itoa(ringing)
}

// ringNext lets the oldest alarm that rang beside one that was answered ring at once: its ring may have been left to that one.
func ringNext(tx *casework.Work, x *domain.SOS) error {
	beside, err := tx.RingingSOS()
	if err != nil {
		return err
	}
	for i := range beside {
		o := &beside[i]
		if o.ID != x.ID && slices.ContainsFunc(x.Rung, o.RingsFor) {
			tx.SetDeadline(domain.DueSOS, o.ID, nil, tx.Now)
			break
		}
	}
	return nil
}

func raiseSOS(tx *casework.Work, call *casework.Call, u *domain.User, in SOSInput, source string) (domain.SOSView, error) {
	a := call.Actor
	x := &domain.SOS{Meta: domain.NewMeta(casework.IDOr(tx.Svc, in.ID), tx.Now), RaiserID: u.ID, CentreID: u.CentreID, AreaID: u.AreaID,
		Source: source,
		Note:   in.Note,
		Lat:    in.Lat, Lon: in.Lon,
		Language: u.Language, HeardBy: domain.JSONList[domain.ID]{}, Avoid: domain.Without(in.Avoid, u.ID), RecordedAt: tx.Now}
	if err := tx.Apply(x, "raise"); err != nil {
		return domain.SOSView{}, err
	}
	if in.Lat == nil || in.Lon == nil {
		x.Lat, x.Lon = nil, nil
	}
	zone := time.UTC
	v, err := visitOfSOS(tx, u, in.VisitID)
	if err != nil {
		return domain.SOSView{}, err
	}
	if v != nil {
		x.VisitID, x.JobID, x.CentreID, x.AreaID = &v.ID, &v.JobID, &v.CentreID, &v.AreaID
	}
	if x.CentreID != nil {
		c, err := tx.Centre(*x.CentreID)
		if err != nil {
			return domain.SOSView{}, err
		}
		x.Country, x.DeskPhone, x.AreaID, zone = c.Country, c.Phone, &c.AreaID, c.Location()
	}
	st, err := casework.Stamp(call, in.OccurredAt, zone, tx.Now)
	if err != nil {
		st = casework.At(tx.Now)
	}
	x.OccurredAt, x.ClaimedAt = st.Occurred, st.Claimed
	if err := tx.InsertSOS(x); err != nil {
		return domain.SOSView{}, err
	}
	if err := ringSOS(tx, x); err != nil {
		return domain.SOSView{}, err
	}
	err = tx.SaveSOS(x)
	return x.View(a), err
}

// visitOfSOS finds the visit that an SOS is about: the one named, if it was
// ever theirs, else the one under way.
func visitOfSOS(tx domain.Tx, u *domain.User, named *domain.ID) (*domain.Visit, error) {
	if named != nil {
		v, err := tx.Visit(*named)
		if err == nil && domain.Has(v.EverCrew, u.ID) {
			return v, nil
		}
		if err != nil && !casework.NotFound(err) {
			return nil, err
		}
	}
	return visitUnderWay(tx, u.ID)
}

// visitUnderWay finds the visit that somebody is on now, whatever its plan says: the
// one at which they moved last, for another may have been left open. Nil: none.
func visitUnderWay(tx domain.DiaryTx, user domain.ID) (*domain.Visit, error) {
	visits, err := tx.UnderWayOf(user)
	if err != nil || len(visits) == 0 {
		return nil, err
	}
	last := slices.MaxFunc(visits, func(x, y domain.Visit) int { return x.LastMove().Compare(y.LastMove()) })
	return &last, nil
}

// ladderOf is the centre's own ladder, else the default.
func ladderOf(tx domain.CentreTx, centre *domain.ID) ([]ladder.Tier, error) {
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
func ringSOS(tx *casework.Work, x *domain.SOS, deaf ...domain.ID) error {
	tiers, err := ladderOf(tx, x.CentreID)
	if err != nil {
		return err
	}
	due := ladder.Due(tiers, x.RecordedAt, tx.Now)
	heard, err := sosHeard(tx.Svc, tx, x, deaf)
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
				if u.ID != x.RaiserID && !u.Disabled && !domain.Has(x.Avoid, u.ID) && !domain.Has(x.Rung, u.ID) {
					x.Rung = append(x.Rung, u.ID)
				}
			}
		}
		x.Tier++
		if heard, err = sosHeard(tx.Svc, tx, x, deaf); err != nil {
			return err
		}
	}
	x.Round++
	x.RingsAgain = domain.Ptr(ladder.Next(tiers, x.Tier, x.RecordedAt, tx.Now))
	if err := ringAll(tx, x); err != nil {
		return err
	}
	tx.SetDeadline(domain.DueSOS, x.ID, nil, *x.RingsAgain)
	if heard {
		return nil
	}
	return notifyUnheard(tx, x)
}

// enqueueSOS writes one ring. It is never collapsed, has a queue of its own,
// and waits for nobody's duty. The lead of a round also goes to the webhook of
// a telephony or monitoring provider.
func enqueueSOS(tx *casework.Work, x *domain.SOS, u *domain.User, kind string, lead bool, more ...domain.NoticeOption) {
	key := fmt.Sprintf("%s|%s|%d|%s", kind, x.ID, x.Round, u.ID)
	age := x.RecordedAt.Sub(x.OccurredAt)
	tx.Enqueue(casework.NewNotice(tx.Svc, kind, u.Language, tx.Now, tx.Now.Add(time.Hour), casework.ToUser(u.ID), func(n *domain.Notice) {
		n.High, n.DedupeKey = true, &key
		if kind == "sos.raised" && age >= 2*time.Minute { // it says how old it is
			n.Title, n.Body = domain.Say("sos.late", u.Language, strconv.Itoa(int(age/time.Minute)))
		}
		n.Data.V = map[string]string{"sos_id": x.ID.String(), "round": strconv.Itoa(x.Round), "tier": strconv.Itoa(x.Tier)}
		if lead {
			n.Data.V["lead"] = "1"
		}
		for _, o := range more {
			o(n)
		}
	}))
}

func sosAudience(tx domain.UserTx, x *domain.SOS, audience string) ([]domain.User, error) {
	switch audience {
	case ladder.Proprietor:
		if x.CentreID == nil {
			return nil, nil
		}
		return tx.UsersWith(domain.RoleProprietor, x.CentreID, nil)
	case ladder.Colleague:
		u, err := tx.User(x.RaiserID)
		if err != nil || u.ColleagueID == nil {
			return nil, err
		}
		c, err := tx.User(*u.ColleagueID)
		if err != nil {
			return nil, err
		}
		return []domain.User{*c}, nil
	case ladder.AreaManager:
		if x.AreaID == nil {
			return nil, nil
		}
		out, err := tx.UsersWith(domain.RoleAreaManager, nil, x.AreaID)
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
		out, err := tx.UsersWith(domain.RoleAreaManager, nil, nil)
		if err != nil || x.AreaID == nil {
			return out, err
		}
		more, err := tx.UsersWith(domain.RoleProprietor, nil, x.AreaID)
		return append(out, more...), err
	}
	var out []domain.User
	for _, role := range []domain.Role{domain.RoleAreaManager, domain.RoleAdmin, domain.RoleAgent} {
		users, err := tx.UsersWith(role, nil, nil)
		if err != nil {
			return nil, err
		}
		out = append(out, users...)
	}
	for _, role := range []domain.Role{domain.RoleProprietor, domain.RoleCoordinator, domain.RoleTechnician} {
		centre := x.CentreID
		if centre == nil && role != domain.RoleProprietor {
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

// SOSDue climbs the ladder at its time.
func SOSDue(tx *casework.Work, id domain.ID) error {
	x, err := tx.LockSOS(id)
	switch {
	case casework.NotFound(err):
		return nil
	case err != nil:
		return err
	case domain.SOSMoves.Open("ring", x.Status):
		// A whole round has gone by; what no phone took until now, it did not reach.
		if err = ringSOS(tx, x); err == nil && !x.Reached() {
			err = notifyUnheard(tx, x)
		}
	case domain.SOSMoves.Open("remind", x.Status):
		err = remindSOS(tx, x)
	default:
		return nil
	}
	if err != nil {
		return err
	}
	x.ChangedAt(tx.Now)
	return tx.SaveSOS(x)
}

// remindSOS asks whoever answers to say how it ended.
func remindSOS(tx *casework.Work, x *domain.SOS) error {
	x.Round++
	tx.SetDeadline(domain.DueSOS, x.ID, nil, tx.Now.Add(sosNag))
	owner, err := tx.User(*x.OwnerID)
	if err != nil {
		return err
	}
	enqueueSOS(tx, x, owner, "sos.open", false)
	return nil
}

// SOSAnswer answers an SOS.
type SOSAnswer struct {
	UserID  *domain.ID `json:"user_id"` // of hand-over
	Note    string     `json:"note"`    // of acknowledge
	Words   string     `json:"words"`   // of resolve
	Outcome string     `json:"outcome"` // of resolve: real, false_alarm, test
	// OccurredAt is when it was said; what cannot be read is now, for a time
	// must not keep an alarm ringing.
	OccurredAt string `json:"occurred_at"`
}

// AnswerSOS acknowledges, hands over or resolves an SOS: a human who sees it
// and is not the raiser. Acknowledging stops the ringing at once; whoever it
// is handed to acknowledges in turn, and answers for it from then on. Errors:
// CodeNotFound, CodeForbidden, CodeState, CodeUnprocessable.
func (s *Service) AnswerSOS(ctx context.Context, call *casework.Call, id domain.ID, action string, in SOSAnswer) (domain.SOSView, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (domain.SOSView, error) {
		a := call.Actor
		x, err := lockNamed(tx, a, id, func(x *domain.SOS) bool { return x.Sees(a) })
		if err != nil {
			return domain.SOSView{}, err
		}
		if !x.MayAnswer(a) {
			return domain.SOSView{}, domain.Fail(domain.CodeForbidden, "Somebody else answers an SOS, never who raised it.")
		}
		if action != "acknowledge" && !x.MayEnd(a) && domain.SOSMoves.Open(action, x.Status) {
			return domain.SOSView{}, domain.Fail(domain.CodeForbidden, "Whoever acknowledged it answers for it; an area manager or admin may too.")
		}
		switch action {
		case "acknowledge":
			if err := acknowledgeSOS(tx, x, call, in); err != nil {
				return domain.SOSView{}, err
			}
		case "hand-over":
			if err := domain.SOSMoves.Check(action, x.Status); err != nil {
				return domain.SOSView{}, err
			}
			if in.UserID == nil {
				return domain.SOSView{}, domain.Fail(domain.CodeUnprocessable, "Say to whom.").At("/user_id", "required")
			}
			u, err := tx.User(*in.UserID)
			near := err == nil && (domain.Has(x.Rung, u.ID) || u.Role == domain.RoleAreaManager || u.Role == domain.RoleAdmin ||
				u.Role == domain.RoleAgent ||
				u.CentreID != nil && domain.Same(u.CentreID, x.CentreID))
			if err != nil || !near || u.Disabled || u.ID == x.RaiserID || domain.Has(x.Avoid, u.ID) {
				return domain.SOSView{}, domain.Fail(domain.CodeUnprocessable, "This person cannot take it.").
					At("/user_id", "somebody who was rung, of the centre, or a manager; never the raiser")
			}
			x.OfferedTo = &u.ID
			x.Round++
			enqueueSOS(tx, x, u, "sos.raised", false)
		case "resolve":
			if err := domain.SOSMoves.Check(action, x.Status); err != nil {
				return domain.SOSView{}, err
			}
			if strings.TrimSpace(in.Words) == "" {
				return domain.SOSView{}, domain.Fail(domain.CodeUnprocessable, "Say how it ended.").At("/words", "a few words")
			}
			if in.Outcome == "" {
				in.Outcome = "real"
			}
			if !domain.Has([]string{"real", "false_alarm", "test"}, in.Outcome) {
				return domain.SOSView{}, domain.Fail(domain.CodeUnprocessable, "It was real, a false alarm or a test.").
					At("/outcome", "real, false_alarm or test")
			}
			if domain.SOSMoves.Open("ring", x.Status) {
				if err := ringNext(tx, x); err != nil {
					return domain.SOSView{}, err
				}
			}
			ended := saidAt(call, in.OccurredAt, x.RecordedAt, tx.Now)
			if err := tx.Apply(x, action); err != nil {
				return domain.SOSView{}, err
			}
			x.ResolvedAt, x.ResolvedBy, x.Words, x.Outcome = &ended, &a.UserID, in.Words, in.Outcome
			tx.Disarm(domain.DueSOS, x.ID)
		}
		x.ChangedAt(tx.Now)
		if err = tx.SaveSOS(x); err != nil {
			return domain.SOSView{}, err
		}
		open, err := tx.OpenSOS(x.RaiserID)
		v := x.View(a)
		v.Silent = v.Silent || x.Status != "resolved" && silences(open, a)[x.RaiserID]
		return v, err
	})
}

// saidAt is when something was said by the time that a phone gives: never
// before what it is about, never after now.
func saidAt(call *casework.Call, raw string, from, now time.Time) time.Time {
	st, err := casework.Stamp(call, raw, time.UTC, now)
	if err != nil || st.Occurred.After(now) {
		return now
	}
	if st.Occurred.Before(from) {
		return from
	}
	return st.Occurred
}

func acknowledgeSOS(tx *casework.Work, x *domain.SOS, call *casework.Call, in SOSAnswer) error {
	a := call.Actor
	taking := x.IsOfferedTo(a) && domain.SOSMoves.Open("take-over", x.Status)
	if !taking && !domain.SOSMoves.Open("acknowledge", x.Status) {
		if x.OwnerID != nil && *x.OwnerID == a.UserID {
			return nil // the same tap again
		}
		return domain.Fail(domain.CodeState, "Somebody has acknowledged it already.").With("status", x.Status)
	}
	first := x.Status == "raised"
	action := "acknowledge"
	if taking {
		action = "take-over"
	}
	if err := tx.Apply(x, action); err != nil {
		return err
	}
	x.OwnerID, x.OfferedTo, x.UnheardAt = &a.UserID, nil, nil
	if x.AcknowledgedAt == nil {
		x.AcknowledgedAt = domain.Ptr(saidAt(call, in.OccurredAt, x.RecordedAt, tx.Now))
	}
	if note := strings.TrimSpace(in.Note); note != "" {
		x.Note = domain.BoundNote(strings.TrimSpace(x.Note + "\n" + a.Name + ": " + note))
	}
	tx.SetDeadline(domain.DueSOS, x.ID, nil, tx.Now.Add(sosNag))
	if err := tx.SilenceSOS(x.ID); err != nil {
		return err
	}
	if !first {
		return nil
	}
	if err := ringNext(tx, x); err != nil {
		return err
	}
	x.Round++
	tell := slices.DeleteFunc(slices.Clone(x.Rung), func(id domain.ID) bool { return domain.Has(x.Avoid, id) })
	if x.Source != "duress" {
		tell = append(tell, x.RaiserID)
	}
	users, err := tx.Users(domain.Without(tell, a.UserID))
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
func (s *Service) SetLadder(ctx context.Context, call *casework.Call, centre domain.ID, tiers []ladder.Tier) (domain.Centre, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (domain.Centre, error) {
		c, err := casework.AuthorizeCentre(tx, call.Actor, centre)
		if err != nil {
			return domain.Centre{}, err
		}
		if !call.Actor.Is(domain.RoleAdmin, domain.RoleAreaManager) {
			return domain.Centre{}, domain.Fail(domain.CodeForbidden, "As %s you may not change who is rung.", domain.RoleWords(call.Actor.Role))
		}
		if len(tiers) > 0 {
			if wrong := ladder.Validate(tiers); len(wrong) > 0 {
				e := domain.Fail(domain.CodeUnprocessable, "This ladder would not reach everybody in time.")
				for _, w := range wrong {
					e = e.At("/tiers", w)
				}
				return domain.Centre{}, e
			}
		}
		c.Ladder = tiers
		c.ChangedAt(tx.Now)
		err = tx.SaveCentre(c)
		return *c, err
	})
}

// SetColleague chooses who is rung first beside the proprietor when the caller
// raises an SOS. Everyone for themselves; null for nobody.
func (s *Service) SetColleague(ctx context.Context, call *casework.Call, colleague *domain.ID) (domain.User, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (domain.User, error) {
		u, err := tx.LockUser(call.Actor.UserID)
		if err != nil {
			return domain.User{}, err
		}
		if colleague != nil {
			c, err := tx.User(*colleague)
			if err != nil || c.Disabled || c.ID == u.ID || !call.Actor.Knows(c) {
				return domain.User{}, domain.Fail(domain.CodeUnprocessable, "This person cannot be rung for you.").
					At("/colleague_id", "a colleague of your centre or area")
			}
		}
		u.ColleagueID = colleague
		u.ChangedAt(tx.Now)
		err = tx.SaveUser(u)
		return *u, err
	})
}
