package domain

import (
	"context"
	"time"
)

// aftercareAfter is when somebody who was harmed is looked after, counted from
// when we learned of it (docs/product.md section 5).
var aftercareAfter = []time.Duration{24 * time.Hour, 7 * 24 * time.Hour, 14 * 24 * time.Hour, 28 * 24 * time.Hour}

const aftercareLevel = 2 // from this level of a report on

// aftercareSteps is who is told of a conversation, how long after it was due;
// it stops the moment somebody has had it. The lateness is the manager's.
var aftercareSteps = []struct {
	After time.Duration
	To    string // owner, deputy, managers, admins
}{
	{-4 * time.Hour, "owner"},
	{0, "deputy"},
	{24 * time.Hour, "managers"},
	{48 * time.Hour, "admins"},
}

// Aftercare is one conversation that a manager owes to somebody who was
// harmed. Its note is for those who look after them.
type Aftercare struct {
	Meta
	FlagID   ID         `json:"flag_id"`
	PersonID ID         `json:"person_id"`
	AreaID   *ID        `json:"area_id"`
	Step     int        `json:"step"` // 1 to 4
	DueAt    time.Time  `json:"due_at"`
	OwnerID  ID         `json:"owner_id"`
	Status   string     `json:"status"` // open, done, stopped
	Rung     int        `json:"-"`      // steps of the ladder taken
	LateAt   *time.Time `json:"late_at"`
	DoneAt   *time.Time `json:"done_at"`
	DoneBy   *ID        `json:"done_by"`
	Note     string     `json:"note"`
}

// AftercareView is one as answered: with what this caller may do now.
type AftercareView struct {
	Aftercare
	Actions JSONList[string] `json:"actions"`
}

// AftercareCount is one manager in GET /v1/reports/aftercare.
type AftercareCount struct {
	OwnerID  ID     `json:"owner_id"`
	Owner    string `json:"owner"`
	Due      int    `json:"due"`
	InTime   int    `json:"in_time"`
	Late     int    `json:"late"`
	OpenLate int    `json:"open_late"`
	Stopped  int    `json:"stopped"`
}

// AftercareDefinitions says what each figure counts, for people.
var AftercareDefinitions = map[string]string{
	"due":       "Conversations due in the period that this manager owes to somebody who was harmed; those that the person wanted no more of are left out.",
	"in_time":   "Of these, those that were had until they were due.",
	"late":      "Of these, those that were not had when they were due, whoever had them then.",
	"open_late": "Of the late ones, those that nobody has had yet.",
	"stopped":   "Conversations of the period that the person wanted no more of; they count for nobody.",
}

// View shows a conversation to an actor: the note only to managers.
func (x Aftercare) View(a Actor) AftercareView {
	v := AftercareView{Aftercare: x, Actions: JSONList[string]{}}
	if a.UserID == x.PersonID || a.Role != RoleAreaManager {
		v.Note = ""
	}
	switch {
	case a.UserID == x.PersonID:
		v.Actions = AftercareMoves.of(x.Status, "stop")
	case x.mayHold(a):
		v.Actions = AftercareMoves.of(x.Status, "done")
	}
	return v
}

// mayHold tells who may have the conversation: its owner, the area's managers
// and their deputies, and the admins once it is late.
func (x *Aftercare) mayHold(a Actor) bool {
	switch {
	case a.UserID == x.PersonID:
		return false
	case a.UserID == x.OwnerID:
		return true
	case a.Role == RoleAreaManager:
		return x.AreaID != nil && has(a.Scope().AreaIDs, *x.AreaID)
	}
	return a.Role == RoleAdmin && x.LateAt != nil
}

// Sees reports whether the actor may know of it; f is the report it comes of.
func (x *Aftercare) Sees(a Actor, f *Flag) bool {
	if f.SubjectID != nil && *f.SubjectID == a.UserID {
		return false
	}
	return a.UserID == x.PersonID || x.mayHold(a)
}

// careFor owes conversations to who reported harm at level 2 and above: its
// reporter's manager, or, where that one is involved, somebody else.
func careFor(tx *Work, f *Flag) error {
	if f.Level < aftercareLevel || f.ReporterID == nil {
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
	area := f.AreaID
	if person.AreaID != nil {
		area = person.AreaID
	} else if person.CentreID != nil {
		c, err := tx.Centre(*person.CentreID)
		if err != nil {
			return err
		}
		area = &c.AreaID
	}
	owner, err := careOwner(tx, f, area)
	if err != nil || owner == nil {
		return err
	}
	for i, after := range aftercareAfter {
		x := &Aftercare{Meta: newMeta(tx.NewID(), tx.Now), FlagID: f.ID, PersonID: person.ID, AreaID: area, Step: i + 1,
			DueAt: f.RecordedAt.Add(after), OwnerID: owner.ID}
		if err := tx.apply(x, "plan"); err != nil {
			return err
		}
		if err := tx.InsertAftercare(x); err != nil {
			return err
		}
		tx.setDeadline(DueAftercare, x.ID, nil, x.nextRing())
	}
	return offerBreak(tx, f, person)
}

// careOwner is a manager of the person's area who had no part in it, else a
// deputy, else an admin.
func careOwner(tx UserTx, f *Flag, area *ID) (*User, error) {
	var all []User
	if area != nil {
		managers, err := tx.UsersWith(RoleAreaManager, nil, area)
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
	admins, err := tx.UsersWith(RoleAdmin, nil, nil)
	if err != nil {
		return nil, err
	}
	all = append(all, admins...)
	for i := range all {
		if !all[i].Disabled && !f.involves(all[i].ID) {
			return &all[i], nil
		}
	}
	return nil, nil
}

// nextRing is when the next step of the ladder is due.
func (x *Aftercare) nextRing() time.Time { return x.DueAt.Add(aftercareSteps[x.Rung].After) }

// aftercareDue takes the next step of a conversation that nobody has had.
func aftercareDue(tx *Work, id ID) error {
	x, err := tx.LockAftercare(id)
	if notFound(err) || err == nil && (!AftercareMoves.open("ring", x.Status) || x.Rung >= len(aftercareSteps)) {
		return nil
	} else if err != nil {
		return err
	}
	f, err := tx.Flag(x.FlagID)
	if err != nil {
		return err
	}
	step := aftercareSteps[x.Rung]
	if step.After >= 0 && x.LateAt == nil {
		x.LateAt = ptr(x.DueAt)
	}
	x.Rung++
	x.changedAt(tx.Now)
	if err := tx.SaveAftercare(x); err != nil {
		return err
	}
	if x.Rung < len(aftercareSteps) {
		tx.setDeadline(DueAftercare, x.ID, nil, x.nextRing())
	}
	owner, err := tx.User(x.OwnerID)
	if err != nil {
		return err
	}
	var to []User
	kind := "aftercare.late"
	switch step.To {
	case "owner":
		to, kind = []User{*owner}, "aftercare.due"
	case "deputy":
		to = []User{*owner}
		if owner.DeputyID != nil {
			deputy, err := tx.User(*owner.DeputyID)
			if err != nil {
				return err
			}
			to = append(to, *deputy)
		}
	case "managers":
		if x.AreaID != nil {
			if to, err = tx.UsersWith(RoleAreaManager, nil, x.AreaID); err != nil {
				return err
			}
		}
	default:
		if to, err = tx.UsersWith(RoleAdmin, nil, nil); err != nil {
			return err
		}
	}
	fit := []User{}
	for _, u := range to {
		if !u.Disabled && !f.involves(u.ID) {
			fit = append(fit, u)
		}
	}
	return notifyOnDuty(tx, fit, nil, func(u *User) Notice {
		return tx.svc.notice(kind, u.Language, tx.Now, tx.Now.Add(7*24*time.Hour), toUser(u.ID))
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
func (s *Service) MoveAftercare(ctx context.Context, call *Call, id ID, action string, in AftercareInput) (AftercareView, error) {
	return run(ctx, s, call, func(tx *Work) (AftercareView, error) {
		a := call.Actor
		x, err := tx.LockAftercare(id)
		if err != nil {
			return AftercareView{}, err
		}
		f, err := tx.Flag(x.FlagID)
		if err != nil {
			return AftercareView{}, err
		}
		switch {
		case !x.Sees(a, f):
			return AftercareView{}, NotFound("conversation")
		case action == "stop" && a.UserID != x.PersonID:
			return AftercareView{}, Fail(CodeForbidden, "Only the person it is for says that they want no more of it.")
		case action == "done" && !x.mayHold(a):
			return AftercareView{}, Fail(CodeForbidden, "A manager notes that the conversation was had.")
		}
		if err := AftercareMoves.check(action, x.Status); err != nil {
			return AftercareView{}, err
		}
		st, err := stamp(call, in.OccurredAt, time.UTC, tx.Now)
		if err != nil {
			return AftercareView{}, err
		}
		if action == "done" {
			if err := tx.apply(x, "done"); err != nil {
				return AftercareView{}, err
			}
			x.DoneAt, x.DoneBy, x.Note = &st.occurred, &a.UserID, in.Note
			tx.Disarm(DueAftercare, x.ID)
			x.changedAt(tx.Now)
			err := tx.SaveAftercare(x)
			return x.View(a), err
		}
		all, err := tx.AftercareOf(x.FlagID)
		if err != nil {
			return AftercareView{}, err
		}
		for i := range all {
			o := &all[i]
			if o.ID == x.ID {
				o = x
			}
			if !AftercareMoves.open(action, o.Status) {
				continue
			}
			if err := tx.apply(o, "stop"); err != nil {
				return AftercareView{}, err
			}
			o.DoneAt, o.DoneBy = &st.occurred, &a.UserID
			tx.Disarm(DueAftercare, o.ID)
			o.changedAt(tx.Now)
			if err := tx.SaveAftercare(o); err != nil {
				return AftercareView{}, err
			}
		}
		return x.View(a), nil
	})
}

// AftercareReport counts the conversations that managers owe. Area manager,
// admin. Errors: CodeForbidden, CodeUnprocessable.
func (s *Service) AftercareReport(ctx context.Context, a Actor, f ReportFilter) ([]AftercareCount, error) {
	if !a.Is(RoleAreaManager, RoleAdmin) {
		return nil, Fail(CodeForbidden, "As %s you may not read this report.", roleWords(a.Role))
	}
	if err := reportPeriod(f.From, f.To); err != nil {
		return nil, err
	}
	return s.Read.AftercareCounts(ctx, a, f, s.instant())
}

// queuedAftercare are the conversations, from their reminder on, that the actor may
// have; a manager's queue names neither the report nor what was said before.
func queuedAftercare(s *Service, ctx context.Context, a Actor, now time.Time) ([]QueueItem, error) {
	rows, err := s.Read.Aftercares(ctx, a, "open", Page{Limit: waiting.Limit})
	if err != nil {
		return nil, err
	}
	named := make([]ID, 0, 2*len(rows))
	for i := range rows {
		named = append(named, rows[i].PersonID, rows[i].OwnerID)
	}
	people, err := peopleOf(s, ctx, named)
	if err != nil {
		return nil, err
	}
	var out []QueueItem
	for i := range rows {
		x := &rows[i]
		if now.Before(x.DueAt.Add(aftercareSteps[0].After)) || !x.mayHold(a) {
			continue
		}
		it := QueueItem{Kind: "aftercare", ID: x.ID, Title: "Talk with a colleague", Since: x.CreatedAt, DueAt: &x.DueAt,
			Default: "It stays owed; the lateness is counted and rings deputy, managers and admins."}
		if person, ok := people[x.PersonID]; ok {
			it.Known = append(it.Known, person.Name)
		}
		if owner, ok := people[x.OwnerID]; ok && x.OwnerID != a.UserID {
			it.Known = append(it.Known, "Owed by "+owner.Name)
		}
		it.Moves = append(it.Moves, move("We talked", Operation{"doneAftercare", x.ID},
			QueueField{Name: "note", Label: "A short note, for managers only", Type: "text", Options: JSONList[string]{}}))
		out = append(out, it)
	}
	return out, nil
}
