package alarm

import (
	"context"
	"fmt"
	"time"

	"doorstep/domain"
	"doorstep/domain/casework"
)

// DrillInput says when.
type DrillInput struct {
	At string `json:"at"`
}

// PlanDrill plans a drill of a centre. Proprietor, area manager. Errors: CodeNotFound,
// CodeForbidden, CodeUnprocessable.
func (s *Service) PlanDrill(ctx context.Context, call *casework.Call, centre domain.ID, in DrillInput) (domain.Drill, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (domain.Drill, error) {
		c, err := casework.AuthorizeCentre(tx, call.Actor, centre)
		if err != nil {
			return domain.Drill{}, err
		}
		if !call.Actor.Is(domain.RoleProprietor, domain.RoleAreaManager) {
			return domain.Drill{}, domain.Fail(domain.CodeForbidden, "As %s you may not plan a drill.", domain.RoleWords(call.Actor.Role))
		}
		at, err := domain.ParseInstant(in.At, c.Location(), "/at")
		if err != nil {
			return domain.Drill{}, err
		}
		if !at.After(tx.Now) || at.After(tx.Now.Add(domain.DrillAhead)) {
			return domain.Drill{}, domain.Fail(domain.CodeUnprocessable, "Say a time within the next 60 days.").
				At("/at", "after now, at most 60 days ahead")
		}
		d := &domain.Drill{Meta: domain.NewMeta(tx.NewID(), tx.Now), CentreID: c.ID, AreaID: c.AreaID, ByID: call.Actor.UserID, At: at}
		if err := tx.Apply(d, "plan"); err != nil {
			return domain.Drill{}, err
		}
		tx.SetDeadline(domain.DueDrill, d.ID, nil, at)
		return *d, tx.InsertDrill(d)
	})
}

// CancelDrill takes a planned drill back. Proprietor, area manager. Errors: CodeNotFound, CodeForbidden, CodeState once it
// rang.
func (s *Service) CancelDrill(ctx context.Context, call *casework.Call, id domain.ID) error {
	return s.InWork(ctx, call, func(tx *casework.Work) error {
		d, err := tx.LockDrill(id)
		if err != nil {
			return casework.MeaningOf(err, "drill")
		}
		if !call.Actor.Reaches(d.CentreID, d.AreaID) {
			return domain.NotFound("drill")
		}
		if !call.Actor.Is(domain.RoleProprietor, domain.RoleAreaManager) {
			return domain.Fail(domain.CodeForbidden, "As %s you may not cancel a drill.", domain.RoleWords(call.Actor.Role))
		}
		if err := tx.Apply(d, "cancel"); err != nil {
			return err
		}
		tx.Disarm(domain.DueDrill, d.ID)
		d.ChangedAt(tx.Now)
		return tx.SaveDrill(d)
	})
}

// DrillHeard says when somebody heard it.
type DrillHeard struct {
	OccurredAt string `json:"occurred_at"`
}

// HearDrill is somebody saying that their phone rang; it answers no SOS. What was said offline counts by its time, also once the
// drill has ended. Errors: CodeNotFound for who was not rung, CodeState for a time after its end.
func (s *Service) HearDrill(ctx context.Context, call *casework.Call, id domain.ID, in DrillHeard) (domain.Drill, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (domain.Drill, error) {
		d, err := tx.LockDrill(id)
		if err != nil {
			return domain.Drill{}, casework.MeaningOf(err, "drill")
		}
		p := d.Person(call.Actor.UserID)
		if p == nil {
			return domain.Drill{}, domain.NotFound("drill")
		}
		if p.Result != "heard" {
			st, err := casework.Stamp(call, in.OccurredAt, time.UTC, tx.Now)
			if err != nil {
				return domain.Drill{}, err
			}
			if st.Occurred.Before(d.At) || d.Status == "ended" && !st.Occurred.Before(d.At.Add(domain.DrillLasts)) {
				return domain.Drill{}, domain.Fail(domain.CodeState, "The drill rang for %d minutes, and this is another time.",
					int(domain.DrillLasts.Minutes())).With("status", d.Status)
			}
			if err := tx.Apply(d, "hear"); err != nil {
				return domain.Drill{}, err
			}
			p.Result = "heard"
			d.ChangedAt(tx.Now)
			if err := tx.SaveDrill(d); err != nil {
				return domain.Drill{}, err
			}
		}
		own := *d
		own.People = domain.JSONList[domain.DrillPerson]{*p}
		return own, nil
	})
}

// DrillDue rings a drill, and a quarter of an hour later tells how it went.
func DrillDue(tx *casework.Work, id domain.ID) error {
	d, err := tx.LockDrill(id)
	if casework.NotFound(err) || err == nil && (d.Status == "ended" || d.Status == "cancelled") {
		return nil
	} else if err != nil {
		return err
	}
	if d.Status == "planned" {
		err = ringDrill(tx, d)
	} else {
		err = endDrill(tx, d)
	}
	if err != nil {
		return err
	}
	d.ChangedAt(tx.Now)
	return tx.SaveDrill(d)
}

func drillKey(d *domain.Drill, user domain.ID) string {
	return fmt.Sprintf("sos.drill|%s|%s", d.ID, user)
}

// ringDrill rings whoever of the centre is on duty now, and nobody else.
func ringDrill(tx *casework.Work, d *domain.Drill) error {
	c, err := tx.Centre(d.CentreID)
	if err != nil {
		return err
	}
	for _, role := range []domain.Role{domain.RoleTechnician, domain.RoleCoordinator, domain.RoleProprietor} {
		users, err := tx.UsersWith(role, &d.CentreID, nil)
		if err != nil {
			return err
		}
		on, err := casework.OnDuty(tx, users, c)
		if err != nil {
			return err
		}
		for i := range on {
			u := &on[i]
			if u.Disabled {
				continue
			}
			key := drillKey(d, u.ID)
			tx.Enqueue(casework.NewNotice(tx.Svc, "sos.drill", u.Language, tx.Now, tx.Now.Add(domain.DrillLasts), casework.ToUser(u.ID),
				func(n *domain.Notice) {
					n.High, n.DedupeKey, n.Data.V = true, &key, map[string]string{"drill_id": d.ID.String()}
				}))
			d.People = append(d.People, domain.DrillPerson{UserID: u.ID, Result: "waiting"})
		}
	}
	tx.SetDeadline(domain.DueDrill, d.ID, nil, tx.Now.Add(domain.DrillLasts))
	return tx.Apply(d, "ring")
}

// endDrill says of each who did not answer how far the ring came, and tells the
// proprietors.
func endDrill(tx *casework.Work, d *domain.Drill) error {
	heard := 0
	for i := range d.People {
		p := &d.People[i]
		if p.Result == "heard" {
			heard++
			continue
		}
		n, err := tx.Ring(drillKey(d, p.UserID))
		if err != nil {
			return err
		}
		switch n.State {
		case "done":
			p.Result = "unanswered"
		case "no_device":
			p.Result = "no_device"
		default:
			p.Result = "not_taken"
		}
	}
	owners, err := tx.UsersWith(domain.RoleProprietor, &d.CentreID, nil)
	if err != nil {
		return err
	}
	for i := range owners {
		u := &owners[i]
		if err := casework.NotifyUser(tx, u.ID, "drill.ended", func(n *domain.Notice) {
			n.Title, n.Body = domain.Say("drill.ended", u.Language, fmt.Sprintf("%d / %d", heard, len(d.People)))
			n.Data.V = map[string]string{"drill_id": d.ID.String()}
		}); err != nil {
			return err
		}
	}
	return tx.Apply(d, "end")
}
