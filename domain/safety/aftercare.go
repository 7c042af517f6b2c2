package safety

import (
	"context"
	"time"

	"doorstep/domain"
	"doorstep/domain/casework"
)

// aftercareAfter is when somebody who was harmed is looked after, counted from
// when we learned of it (docs/product.md section 5).
var aftercareAfter = []time.Duration{24 * time.Hour, 7 * 24 * time.Hour, 14 * 24 * time.Hour, 28 * 24 * time.Hour}

// AftercareDefinitions says what each figure counts, for people.
var AftercareDefinitions = map[string]string{
	"due":       "Conversations due in the period that this manager owes to somebody who was harmed; those that the person wanted no more of are left out.",
	"in_time":   "Of these, those that were had until they were due.",
	"late":      "Of these, those that were not had when they were due, whoever had them then.",
	"open_late": "Of the late ones, those that nobody has had yet.",
	"stopped":   "Conversations of the period that the person wanted no more of; they count for nobody.",
}

// careFor owes conversations to who reported harm at level 2 and above: its
// reporter's manager, or, where that one is involved, somebody else.
func careFor(tx *casework.Work, f *domain.Flag) error {
	if f.Level < domain.AftercareLevel || f.ReporterID == nil {
		return nil
	}
	there, err := tx.AftercareOf(f.ID)
	if err != nil || len(there) > 0 {
		return err
	}
	person, err := tx.User(*f.ReporterID)
	if err != nil {
		return err
	}
	area, err := areaOf(tx, person)
	if err != nil {
		return err
	}
	if area == nil {
		area = f.AreaID
	}
	owner, err := careOwner(tx, f, area)
	if err != nil || owner == nil {
		return err
	}
	for i, after := range aftercareAfter {
		x := &domain.Aftercare{Meta: domain.NewMeta(tx.NewID(), tx.Now), FlagID: f.ID, PersonID: person.ID, AreaID: area, Step: i + 1,
			DueAt: f.RecordedAt.Add(after), OwnerID: owner.ID}
		if err := tx.Apply(x, "plan"); err != nil {
			return err
		}
		if err := tx.InsertAftercare(x); err != nil {
			return err
		}
		tx.SetDeadline(domain.DueAftercare, x.ID, nil, x.NextRing())
	}
	var of map[string]string
	if f.ReportedBy(person.ID) { // somebody else does not learn of which report it is
		of = map[string]string{"flag_id": f.ID.String()}
	}
	offerBreak(tx, person, f.RecordedAt.Add(domain.CoolOffWithin), of)
	return nil
}

// areaOf is the area that somebody works in; nil where there is none.
func areaOf(tx domain.CentreTx, person *domain.User) (*domain.ID, error) {
	if person.AreaID != nil || person.CentreID == nil {
		return person.AreaID, nil
	}
	c, err := tx.Centre(*person.CentreID)
	if err != nil {
		return nil, err
	}
	return &c.AreaID, nil
}

// careOwner is a manager of the person's area who had no part in it, else a
// deputy, else an admin.
func careOwner(tx domain.UserTx, f *domain.Flag, area *domain.ID) (*domain.User, error) {
	var all []domain.User
	if area != nil {
		managers, err := tx.UsersWith(domain.RoleAreaManager, nil, area)
		if err != nil {
			return nil, err
		}
		all = managers
		for _, u := range managers {
			if u.DeputyID == nil {
				continue
			}
			deputy, err := tx.User(*u.DeputyID)
			if err != nil {
				return nil, err
			}
			all = append(all, *deputy)
		}
	}
	admins, err := tx.UsersWith(domain.RoleAdmin, nil, nil)
	if err != nil {
		return nil, err
	}
	all = append(all, admins...)
	for i := range all {
		if !all[i].Disabled && !f.Involves(all[i].ID) {
			return &all[i], nil
		}
	}
	return nil, nil
}

// AftercareDue takes the next step of a conversation that nobody has had.
func AftercareDue(tx *casework.Work, id domain.ID) error {
	x, err := tx.LockAftercare(id)
	if casework.NotFound(err) || err == nil && (!domain.AftercareMoves.Open("ring", x.Status) || x.Rung >= len(domain.AftercareSteps)) {
		return nil
	} else if err != nil {
		return err
	}
	f, err := tx.Flag(x.FlagID)
	if err != nil {
		return err
	}
	step := domain.AftercareSteps[x.Rung]
	if step.After >= 0 && x.LateAt == nil {
		x.LateAt = domain.Ptr(x.DueAt)
	}
	x.Rung++
	x.ChangedAt(tx.Now)
	if err := tx.SaveAftercare(x); err != nil {
		return err
	}
	if x.Rung < len(domain.AftercareSteps) {
		tx.SetDeadline(domain.DueAftercare, x.ID, nil, x.NextRing())
	}
	owner, err := tx.User(x.OwnerID)
	if err != nil {
		return err
	}
	var to []domain.User
	kind := "aftercare.late"
	switch step.To {
	case "owner":
		to, kind = []domain.User{*owner}, "aftercare.due"
	case "deputy":
		to = []domain.User{*owner}
		if owner.DeputyID != nil {
			deputy, err := tx.User(*owner.DeputyID)
			if err != nil {
				return err
			}
			to = append(to, *deputy)
		}
	case "managers":
		if x.AreaID != nil {
			if to, err = tx.UsersWith(domain.RoleAreaManager, nil, x.AreaID); err != nil {
				return err
			}
		}
	default:
		if to, err = tx.UsersWith(domain.RoleAdmin, nil, nil); err != nil {
			return err
		}
	}
	fit := []domain.User{}
	for _, u := range to {
		if !u.Disabled && !f.Involves(u.ID) {
			fit = append(fit, u)
		}
	}
	return casework.NotifyOnDuty(tx, fit, nil, func(u *domain.User) domain.Notice {
		return casework.NewNotice(tx.Svc, kind, u.Language, tx.Now, tx.Now.Add(7*24*time.Hour), casework.ToUser(u.ID))
	})
}

// AftercareInput ends one conversation.
type AftercareInput struct {
	Note       string `json:"note"` // of done, short
	OccurredAt string `json:"occurred_at"`
}

// MoveAftercare notes that the conversation was had (done: its owner, the
// area's managers, an admin once it is late), or that the person wants no more
// of them (stop: they alone, for all that are ahead). Errors: CodeNotFound,
// CodeForbidden, CodeState.
func (s *Service) MoveAftercare(ctx context.Context, call *casework.Call, id domain.ID, action string,
	in AftercareInput) (domain.AftercareView, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (domain.AftercareView, error) {
		a := call.Actor
		x, err := tx.LockAftercare(id)
		if err != nil {
			return domain.AftercareView{}, err
		}
		f, err := tx.Flag(x.FlagID)
		if err != nil {
			return domain.AftercareView{}, err
		}
		switch {
		case !x.Sees(a, f):
			return domain.AftercareView{}, domain.NotFound("conversation")
		case action == "stop" && a.UserID != x.PersonID:
			return domain.AftercareView{}, domain.Fail(domain.CodeForbidden, "Only the person it is for says that they want no more of it.")
		case action == "done" && !x.MayHold(a):
			return domain.AftercareView{}, domain.Fail(domain.CodeForbidden, "A manager notes that the conversation was had.")
		}
		if err := domain.AftercareMoves.Check(action, x.Status); err != nil {
			return domain.AftercareView{}, err
		}
		st, err := casework.Stamp(call, in.OccurredAt, time.UTC, tx.Now)
		if err != nil {
			return domain.AftercareView{}, err
		}
		if action == "done" {
			if err := tx.Apply(x, "done"); err != nil {
				return domain.AftercareView{}, err
			}
			x.DoneAt, x.DoneBy, x.Note = &st.Occurred, &a.UserID, in.Note
			tx.Disarm(domain.DueAftercare, x.ID)
			x.ChangedAt(tx.Now)
			err := tx.SaveAftercare(x)
			return x.View(a), err
		}
		all, err := tx.AftercareOf(x.FlagID)
		if err != nil {
			return domain.AftercareView{}, err
		}
		for i := range all {
			o := &all[i]
			if o.ID == x.ID {
				o = x
			}
			if !domain.AftercareMoves.Open(action, o.Status) {
				continue
			}
			if err := tx.Apply(o, "stop"); err != nil {
				return domain.AftercareView{}, err
			}
			o.DoneAt, o.DoneBy = &st.Occurred, &a.UserID
			tx.Disarm(domain.DueAftercare, o.ID)
			o.ChangedAt(tx.Now)
			if err := tx.SaveAftercare(o); err != nil {
				return domain.AftercareView{}, err
			}
		}
		return x.View(a), nil
	})
}
