package safety

import (
	"cmp"
	"context"
	"strings"
	"time"

	"doorstep/domain"
	"doorstep/domain/casework"
	"doorstep/domain/reach"
)

// ContactByPhone logs a contact by phone number alone.
type ContactByPhone struct {
	ID         *domain.ID `json:"id"`
	Phone      string     `json:"phone"`
	Direction  string     `json:"direction"` // default inbound
	Channel    string     `json:"channel"`   // default phone
	Outcome    string     `json:"outcome"`   // default reached
	Note       string     `json:"note"`
	OccurredAt string     `json:"occurred_at"`
	Flag       *FlagInput `json:"flag"` // kind, level, note
}

// Accepted is the one answer of a blind report.
type Accepted struct {
	ID         domain.ID `json:"id"`
	Status     string    `json:"status"`
	OccurredAt time.Time `json:"occurred_at"`
	RecordedAt time.Time `json:"recorded_at"`
	TellCaller string    `json:"tell_caller"` // in the recorder's language; empty: we had called
}

// LogContact receives a contact by phone number alone. Any staff member. One row is
// written, whether the number is known or not, so that neither the answer nor its time
// tells; what follows is carried out right after (ContactDue).
func (s *Service) LogContact(ctx context.Context, call *casework.Call, in ContactByPhone) (Accepted, error) {
	in.Direction = cmp.Or(in.Direction, reach.Inbound)
	in.Channel = cmp.Or(in.Channel, reach.Phone)
	in.Outcome = cmp.Or(in.Outcome, reach.Reached)
	if in.Flag != nil {
		if err := in.Flag.check(); err != nil {
			return Accepted{}, err
		}
	}
	where, err := casework.LocaleDefaults(ctx, s.Service, call.Actor)
	if err != nil {
		return Accepted{}, err
	}
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (Accepted, error) {
		phone, err := casework.Phone(s.Service, in.Phone, where.Country, "/phone")
		if err != nil {
			return Accepted{}, err
		}
		if phone == "" {
			return Accepted{}, domain.Fail(domain.CodeUnprocessable, "Say which number.").At("/phone", "a phone number")
		}
		if !domain.Has(casework.OutcomesOf[in.Channel], in.Outcome) || in.Channel == reach.Doorstep {
			return Accepted{}, domain.Fail(domain.CodeUnprocessable, "%s cannot come of %s.", in.Outcome, in.Channel).
				At("/outcome", strings.Join(casework.OutcomesOf[in.Channel], ", "))
		}
		st, err := casework.Stamp(call, in.OccurredAt, domain.Location(where.Zone), tx.Now)
		if err != nil {
			return Accepted{}, err
		}
		words := ""
		if in.Direction == reach.Inbound {
			by, err := tx.User(call.Actor.UserID)
			if err != nil {
				return Accepted{}, err
			}
			words = domain.TellCaller(by.Language)
		}
		if in.ID != nil {
			old, err := tx.LoggedContact(*in.ID)
			if err == nil {
				return Accepted{old.ID, "accepted", old.OccurredAt, old.RecordedAt, words},
					casework.SameOr(old.Phone == phone && old.Outcome == in.Outcome && old.ByID == call.Actor.UserID)
			} else if !casework.NotFound(err) {
				return Accepted{}, err
			}
		}
		x := domain.LoggedContact{ID: casework.IDOr(s.Service, in.ID), Phone: phone, Direction: in.Direction, Channel: in.Channel,
			Outcome: in.Outcome, Note: in.Note, ByID: call.Actor.UserID, OccurredAt: st.Occurred, ClaimedAt: st.Claimed, RecordedAt: tx.Now}
		if call.Actor.AreaID != (domain.ID{}) {
			x.AreaID = &call.Actor.AreaID
		}
		if in.Flag != nil {
			x.Flag.V = &domain.ContactFlag{Kind: in.Flag.Kind, Level: *in.Flag.Level, Note: in.Flag.Note}
		}
		if err := tx.InsertLoggedContact(&x); err != nil {
			return Accepted{}, err
		}
		tx.SetDeadline(domain.DueContact, x.ID, nil, tx.Now)
		return Accepted{x.ID, "accepted", x.OccurredAt, x.RecordedAt, words}, nil
	})
}

// ContactDue carries out what follows from a contact by phone number: an attempt on an
// open job of each household that has the number, which counts on all of theirs
// (docs/product.md section 2), and the report that came with it.
func ContactDue(ctx context.Context, tx *casework.Work, id domain.ID) error {
	x, err := tx.LoggedContact(id)
	if casework.NotFound(err) {
		return nil
	} else if err != nil {
		return err
	}
	by, err := tx.User(x.ByID)
	if err != nil {
		return err
	}
	a, err := casework.ActorOf(ctx, tx.Svc, by)
	if err != nil {
		return err
	}
	st := casework.EntryTime{Occurred: x.OccurredAt, Claimed: x.ClaimedAt, Recorded: x.RecordedAt}
	if err := logOnHouseholds(tx, &casework.Call{Actor: a}, x, st); err != nil || x.Flag.V == nil {
		return err
	}
	f := &domain.Flag{Kind: x.Flag.V.Kind, Level: x.Flag.V.Level, Note: x.Flag.V.Note, Phone: x.Phone}
	return flagByPhone(tx, a, f, st)
}

// calledBy are the households whose number it is; where it is nobody's, and called us, those from which it was struck.
func calledBy(tx *casework.Work, x *domain.LoggedContact) (customers []domain.ID, struck bool, err error) {
	customers, err = tx.CustomersByPhone(x.Phone, false)
	if err != nil || len(customers) > 0 || x.Direction != reach.Inbound || x.Outcome == reach.WrongNumber {
		return customers, false, err
	}
	customers, err = tx.CustomersByPhone(x.Phone, true)
	return customers, true, err
}

// logOnHouseholds records a contact on an open job of each household with its number, on
// the first of them under its id.
func logOnHouseholds(tx *casework.Work, call *casework.Call, x *domain.LoggedContact, st casework.EntryTime) error {
	customers, struck, err := calledBy(tx, x)
	if err != nil {
		return err
	}
	id := x.ID
	if _, err := tx.Attempt(id); err == nil { // another contact has it
		id = tx.NewID()
	} else if !casework.NotFound(err) {
		return err
	}
	for _, customer := range customers {
		open, err := tx.OpenJobsOf(customer)
		if err != nil {
			return err
		}
		if len(open) == 0 {
			continue
		}
		// An outbound try belongs to the latest job; inbound ones spread, from a job of
		// which whoever took it answers, if there is one.
		first := open[0]
		for i := range open {
			if x.Direction == reach.Outbound && open[i].OpenedAt.After(first.OpenedAt) ||
				x.Direction == reach.Inbound && casework.AtDesk(call.Actor, &open[i]) && !casework.AtDesk(call.Actor, &first) {
				first = open[i]
			}
		}
		j, err := tx.LockJob(first.ID)
		if err != nil {
			return err
		}
		c, err := casework.OpenCase(tx, j)
		if err != nil {
			return err
		}
		if struck {
			if wrong, err := casework.FoundWrong(c, x.Phone); err != nil {
				return err
			} else if !wrong { // the number itself said that it is not the household's
				continue
			}
		}
		if _, err := casework.AddAttempt(call, c, nil, casework.AttemptInput{ID: domain.Ptr(id), Direction: x.Direction, Address: x.Phone,
			Channel: x.Channel, Outcome: x.Outcome, Note: x.Note, Blind: true, At: &st}); err != nil {
			return err
		}
		id = tx.NewID()
		if !x.Matched {
			x.Matched = true
			if err := tx.MatchContact(x.ID); err != nil {
				return err
			}
		}
	}
	return nil
}
