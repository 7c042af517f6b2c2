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
}

// LogContact records a contact by phone number alone. Any staff member; the
// answer is the same whether the number is known or not. An inbound contact
// counts on all open jobs of the household (docs/product.md section 2).
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
		if in.ID != nil {
			if old, found, err := loggedBefore(tx, *in.ID, phone, in.Outcome); found || err != nil {
				return old, err
			}
		}
		out := Accepted{ID: casework.IDOr(s.Service, in.ID), Status: "accepted", OccurredAt: st.Occurred, RecordedAt: tx.Now}
		known, err := logOnHouseholds(tx, call, out.ID, phone, in)
		if err != nil {
			return out, err
		}
		if !known {
			stray := domain.UnmatchedContact{ID: out.ID, Phone: phone, Direction: in.Direction, Channel: in.Channel, Outcome: in.Outcome,
				Note: in.Note,
				ByID: call.Actor.UserID, OccurredAt: st.Occurred, RecordedAt: tx.Now}
			if call.Actor.AreaID != (domain.ID{}) {
				stray.AreaID = &call.Actor.AreaID
			}
			if err := tx.InsertUnmatchedContact(&stray); err != nil {
				return out, err
			}
		}
		if in.Flag != nil {
			f := &domain.Flag{Kind: in.Flag.Kind, Level: *in.Flag.Level, Note: in.Flag.Note}
			if _, err := flagByPhone(tx, call, f, FlagInput{Phone: phone, OccurredAt: in.OccurredAt}, where.Country); err != nil {
				return out, err
			}
		}
		return out, nil
	})
}

// loggedBefore finds the contact that was logged under the client's id: the
// first fact of a report carries it, known number or not.
func loggedBefore(tx *casework.Work, id domain.ID, phone, outcome string) (_ Accepted, found bool, _ error) {
	if old, err := tx.Attempt(id); err == nil {
		return Accepted{old.ID, "accepted", old.OccurredAt, old.RecordedAt}, true,
			casework.SameOr(old.Address == phone && old.Outcome == outcome, "contact")
	} else if !casework.NotFound(err) {
		return Accepted{}, false, err
	}
	if old, err := tx.UnmatchedContact(id); err == nil {
		return Accepted{old.ID, "accepted", old.OccurredAt, old.RecordedAt}, true,
			casework.SameOr(old.Phone == phone && old.Outcome == outcome, "contact")
	} else if !casework.NotFound(err) {
		return Accepted{}, false, err
	}
	return Accepted{}, false, nil
}

// logOnHouseholds records a contact on an open job of each household with this
// number, on the first of them under this id. It reports whether there is one.
func logOnHouseholds(tx *casework.Work, call *casework.Call, id domain.ID, phone string, in ContactByPhone) (known bool, err error) {
	customers, err := tx.CustomersByPhone(phone)
	if err != nil {
		return false, err
	}
	for _, customer := range customers {
		open, err := tx.OpenJobsOf(customer)
		if err != nil {
			return known, err
		}
		if len(open) == 0 {
			continue
		}
		// An outbound try belongs to the latest job; inbound ones spread.
		first := open[0]
		for i := range open {
			if in.Direction == reach.Outbound && open[i].OpenedAt.After(first.OpenedAt) {
				first = open[i]
			}
		}
		j, err := tx.LockJob(first.ID)
		if err != nil {
			return known, err
		}
		c, err := casework.OpenCase(tx, j)
		if err != nil {
			return known, err
		}
		if known {
			id = tx.NewID()
		}
		known = true
		if _, err := casework.AddAttempt(call, c, nil, casework.AttemptInput{ID: domain.Ptr(id), Direction: in.Direction, Address: phone,
			Channel: in.Channel,
			Outcome: in.Outcome,
			Note:    in.Note, OccurredAt: in.OccurredAt}); err != nil {
			return known, err
		}
	}
	return known, nil
}
