package alarm

import (
	"context"
	"time"

	"doorstep/domain"
	"doorstep/domain/casework"
)

// HomeSafeInput asks to be asked, or answers.
type HomeSafeInput struct {
	By         string `json:"by"`   // of asking
	Code       string `json:"code"` // where one was set
	OccurredAt string `json:"occurred_at"`
}

// AskHomeSafe keeps when the caller wants to be asked whether they came home; an
// earlier wish is replaced. CheckCode is asked first, for a later time also answers a
// ping. Technician. Errors: CodeForbidden, CodeUnprocessable.
func (s *Service) AskHomeSafe(ctx context.Context, call *casework.Call, in HomeSafeInput) (domain.HomeSafeView, error) {
	if !call.Actor.Is(domain.RoleTechnician) {
		return domain.HomeSafeView{}, domain.Fail(domain.CodeForbidden, "As %s you are not asked whether you came home.",
			domain.RoleWords(call.Actor.Role))
	}
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (domain.HomeSafeView, error) {
		u, h, err := homeSafeOf(tx, call.Actor.UserID)
		if err != nil && !casework.NotFound(err) {
			return domain.HomeSafeView{}, err
		}
		zone := time.UTC
		if u.CentreID != nil {
			c, err := tx.Centre(*u.CentreID)
			if err != nil {
				return domain.HomeSafeView{}, err
			}
			zone = c.Location()
		}
		by, err := domain.ParseInstant(in.By, zone, "/by")
		if err != nil {
			return domain.HomeSafeView{}, err
		}
		if !by.After(tx.Now) || by.After(tx.Now.Add(domain.HomeSafeAhead)) {
			return domain.HomeSafeView{}, domain.Fail(domain.CodeUnprocessable, "Say a time within the next 24 hours.").
				At("/by", "after now, at most 24 hours ahead")
		}
		var desk *domain.ID
		if h != nil {
			desk = deskOf(u, h)
		}
		action, save := "again", func(h *domain.HomeSafe) error { return tx.SaveHomeSafe(h, desk) }
		if h == nil {
			action, save = "ask", tx.InsertHomeSafe
			h = &domain.HomeSafe{Meta: domain.NewMeta(tx.NewID(), tx.Now), UserID: u.ID}
		} else {
			h.ChangedAt(tx.Now)
		}
		if err := tx.Apply(h, action); err != nil {
			return domain.HomeSafeView{}, err
		}
		h.ByAt, h.AskedAt, h.PingedAt, h.EndedAt = by, tx.Now, nil, nil
		tx.SetDeadline(domain.DueHomeSafe, u.ID, nil, by)
		return h.View(), save(h)
	})
}

// HomeSafeDone ends it: the caller is home, or takes the wish back. What was said
// offline counts by its time: before the wish it is about an earlier one. It ends no
// SOS. CheckCode is asked first. Errors: CodeNotFound, CodeState.
func (s *Service) HomeSafeDone(ctx context.Context, call *casework.Call, in HomeSafeInput) (domain.HomeSafeView, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (domain.HomeSafeView, error) {
		u, h, err := homeSafeOf(tx, call.Actor.UserID)
		if err != nil {
			return domain.HomeSafeView{}, casework.MeaningOf(err, "wish to be asked")
		}
		st, err := casework.Stamp(call, in.OccurredAt, time.UTC, tx.Now)
		if err != nil {
			return domain.HomeSafeView{}, err
		}
		if st.Occurred.Before(h.AskedAt) {
			return domain.HomeSafeView{}, domain.Fail(domain.CodeState, "You asked for another time after that.").With("status", h.Status)
		}
		if err := domain.HomeSafeMoves.Check("done", h.Status); err != nil {
			return domain.HomeSafeView{}, err
		}
		return endHomeSafe(tx, u, h, "done", st.Occurred)
	})
}

// HomeSafeNotOK answers the ping: they are not well, and the alarm is raised at once;
// as with RaiseSOS nothing refuses it.
func (s *Service) HomeSafeNotOK(ctx context.Context, call *casework.Call, in SOSInput) (domain.SOSView, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (domain.SOSView, error) {
		out, err := raiseOrAdd(tx, call, in)
		if err != nil {
			return out, err
		}
		u, h, err := homeSafeOf(tx, call.Actor.UserID)
		if casework.NotFound(err) || err == nil && !domain.HomeSafeMoves.Open("not-ok", h.Status) {
			return out, nil
		} else if err == nil {
			_, err = endHomeSafe(tx, u, h, "not-ok", tx.Now)
		}
		return out, err
	})
}

// deskOf is the centre whose desk is asked to call somebody; nil: none is.
func deskOf(u *domain.User, h *domain.HomeSafe) *domain.ID {
	if h.Status != "desk_asked" {
		return nil
	}
	return u.CentreID
}

// HomeSafeSpoken is what the desk says after its call.
type HomeSafeSpoken struct {
	OccurredAt string `json:"occurred_at"`
}

// SpokeAtHome puts off the alarm of somebody whom the desk was asked to call and spoke with: they are asked again half an hour
// later, for only they know whether they are home. Coordinator, proprietor, area manager of their centre; never oneself. It ends no
// SOS. Errors: CodeNotFound, CodeForbidden, CodeState, CodeUnprocessable.
func (s *Service) SpokeAtHome(ctx context.Context, call *casework.Call, user domain.ID, in HomeSafeSpoken) (domain.HomeSafeView, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (domain.HomeSafeView, error) {
		u, h, err := homeSafeOf(tx, user)
		if err != nil && !casework.NotFound(err) {
			return domain.HomeSafeView{}, err
		}
		if u == nil || u.CentreID == nil || u.AreaID == nil || !call.Actor.Reaches(*u.CentreID, *u.AreaID) {
			return domain.HomeSafeView{}, domain.NotFound("user")
		}
		if !call.Actor.Is(domain.Desk...) || u.ID == call.Actor.UserID {
			return domain.HomeSafeView{}, domain.Fail(domain.CodeForbidden, "As %s you may not say for somebody else that they are well.",
				domain.RoleWords(call.Actor.Role))
		}
		if h == nil || !domain.HomeSafeMoves.Open("spoken", h.Status) {
			return domain.HomeSafeView{}, domain.Fail(domain.CodeState, "Nobody asked you to call them about coming home.")
		}
		st, err := casework.Stamp(call, in.OccurredAt, time.UTC, tx.Now)
		if err != nil {
			return domain.HomeSafeView{}, err
		}
		desk := deskOf(u, h)
		if err := tx.Apply(h, "spoken"); err != nil {
			return domain.HomeSafeView{}, err
		}
		again := st.Occurred.Add(domain.HomeSafeSpoken)
		if soonest := tx.Now.Add(domain.HomeSafeStep); again.Before(soonest) {
			again = soonest
		}
		h.ByAt, h.PingedAt = again, nil
		h.ChangedAt(tx.Now)
		tx.SetDeadline(domain.DueHomeSafe, u.ID, nil, again)
		return domain.HomeSafeView{HomeSafe: *h, Actions: domain.JSONList[string]{}}, tx.SaveHomeSafe(h, desk)
	})
}

func endHomeSafe(tx *casework.Work, u *domain.User, h *domain.HomeSafe, action string, at time.Time) (domain.HomeSafeView, error) {
	desk := deskOf(u, h)
	if err := tx.Apply(h, action); err != nil {
		return domain.HomeSafeView{}, err
	}
	h.EndedAt = &at
	tx.Disarm(domain.DueHomeSafe, u.ID)
	h.ChangedAt(tx.Now)
	return h.View(), tx.SaveHomeSafe(h, desk)
}

// homeSafeOf locks somebody, and finds their wish.
func homeSafeOf(tx *casework.Work, user domain.ID) (*domain.User, *domain.HomeSafe, error) {
	u, err := tx.LockUser(user)
	if err != nil {
		return nil, nil, err
	}
	h, err := tx.HomeSafe(user)
	return u, h, err
}

// HomeSafeDue takes the steps of a wish whose time has come.
func HomeSafeDue(tx *casework.Work, user domain.ID) error {
	u, h, err := homeSafeOf(tx, user)
	if casework.NotFound(err) || err == nil && !domain.Has(domain.HomeSafeRuns, h.Status) {
		return nil
	} else if err != nil {
		return err
	}
	if u.Disabled {
		_, err := endHomeSafe(tx, u, h, "lapse", tx.Now)
		return err
	}
	again, desk := true, deskOf(u, h)
	switch h.Status {
	case "asked":
		err = tx.Apply(h, "ping")
		h.PingedAt = &tx.Now
		tx.Enqueue(casework.NewNotice(tx.Svc, "home_safe.ping", u.Language, tx.Now, tx.Now.Add(2*domain.HomeSafeStep), casework.ToUser(u.ID),
			func(n *domain.Notice) { n.High = true }))
	case "pinged":
		if err = tx.Apply(h, "ask-desk"); err == nil {
			desk = deskOf(u, h)
			err = askDeskToCall(tx, u)
		}
	default:
		again = false
		if err = tx.Apply(h, "alarm"); err == nil {
			var v *domain.Visit
			if v, err = visitOfSOS(tx, u, nil); err == nil {
				_, err = alarmOfTimer(tx, u, v)
			}
		}
	}
	if err != nil {
		return err
	}
	if again {
		tx.SetDeadline(domain.DueHomeSafe, u.ID, nil, tx.Now.Add(domain.HomeSafeStep))
	}
	h.ChangedAt(tx.Now)
	return tx.SaveHomeSafe(h, desk)
}

// askDeskToCall asks whoever of somebody's desk is on duty, else the proprietors.
func askDeskToCall(tx *casework.Work, u *domain.User) error {
	if u.CentreID == nil {
		return nil
	}
	c, err := tx.Centre(*u.CentreID)
	if err != nil {
		return err
	}
	desk, err := tx.UsersWith(domain.RoleCoordinator, u.CentreID, nil)
	if err != nil {
		return err
	}
	owners, err := tx.UsersWith(domain.RoleProprietor, u.CentreID, nil)
	if err != nil {
		return err
	}
	told, err := casework.OnDuty(tx, append(desk, owners...), c)
	if err != nil {
		return err
	}
	if len(told) == 0 {
		told = owners
	}
	for i := range told {
		if to := &told[i]; to.ID != u.ID && !to.Disabled {
			tx.Enqueue(casework.NewNotice(tx.Svc, "home_safe.call", to.Language, tx.Now, tx.Now.Add(time.Hour), casework.ToUser(to.ID),
				func(n *domain.Notice) { n.High, n.Data.V = true, map[string]string{"user_id": u.ID.String()} }))
		}
	}
	return nil
}
