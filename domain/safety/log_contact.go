package safety

import (
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
	if in.Direction == "" {
		in.Direction = reach.Inbound
	}
	if in.Channel == "" {
		in.Channel = reach.Phone
	}
	if in.Outcome == "" {
		in.Outcome = reach.Reached
	}
	if in.Flag != nil {
		if err := in.Flag.check(); err != nil {
			return Accepted{}, err
		}
	}
	where, err := s.LocaleDefaults(ctx, call.Actor)
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
		out := Accepted{ID: casework.IDOr(s.Service, in.ID), Status: "accepted", OccurredAt: st.Occurred, RecordedAt: tx.Now}
		if in.ID != nil { // the first fact of a report carries the client's id, known number or not
			if old, err := tx.Attempt(*in.ID); err == nil {
				return Accepted{old.ID, out.Status, old.OccurredAt, old.RecordedAt}, casework.SameOr(old.Address == phone && old.Outcome == in.Outcome,
					"contact")
			} else if !casework.NotFound(err) {
				return out, err
			}
			if old, err := tx.UnmatchedContact(*in.ID); err == nil {
				return Accepted{old.ID, out.Status, old.OccurredAt, old.RecordedAt}, casework.SameOr(old.Phone == phone && old.Outcome == in.Outcome,
					"contact")
			} else if !casework.NotFound(err) {
				return out, err
			}
		}
		customers, err := tx.CustomersByPhone(phone)
		if err != nil {
			return out, err
		}
		known := false
		for _, customer := range customers {
			open, err := tx.OpenJobsOf(customer)
			if err != nil {
				return out, err
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
				return out, err
			}
			c, err := casework.OpenCase(tx, j)
			if err != nil {
				return out, err
			}
			id := out.ID
			if known {
				id = s.NewID() // a second household with this number
			}
			known = true
			if _, err := casework.RecordAttempt(call, c, nil, casework.AttemptInput{ID: &id, Direction: in.Direction, Address: phone,
				Channel: in.Channel,
				Outcome: in.Outcome,
				Note:    in.Note, OccurredAt: in.OccurredAt}); err != nil {
				return out, err
			}
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
