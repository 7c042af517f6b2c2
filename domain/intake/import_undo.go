package intake

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"doorstep/domain"
	"doorstep/domain/casework"
)

// UndoInput takes an import back; with Partly what nobody was told of, though somebody
// was told of the rest.
type UndoInput struct {
	Partly bool `json:"partly"`
}

// ImportUndone is what came of taking an import back.
type ImportUndone struct {
	Import    domain.ImportView          `json:"import"`
	TakenBack int                        `json:"taken_back"` // jobs
	Kept      domain.JSONList[NotUndone] `json:"kept"`
}

// NotUndone is a job that stays as the import left it, and why.
type NotUndone struct {
	Line        int       `json:"line"`
	JobID       domain.ID `json:"job_id"`
	ExternalRef string    `json:"external_ref"`
	Why         string    `json:"why"`
}

const undoReason = "The import was undone."

// quiet tells nobody: what is taken back was told to nobody.
type quiet struct{ domain.Tx }

func (quiet) Enqueue(...domain.Notice) {}

// UndoImport takes a whole import back, job by job: those that it made are cancelled and give
// their reference back, for a fact is not unmade; what it changed is set back where nobody
// changed it since. Whoever imports, within UndoImportWithin, as long as no technician and no household was told.
// Errors: CodeNotFound, CodeState, CodeTold.
func (s *Service) UndoImport(ctx context.Context, call *casework.Call, id domain.ID, in UndoInput) (ImportUndone, error) {
	if done, err := s.Replay(ctx, call); done || err != nil {
		return ImportUndone{}, err
	}
	var i *domain.Import
	err := s.InWork(ctx, nil, func(tx *casework.Work) (err error) {
		if i, err = s.importOf(tx, call.Actor, id); err != nil {
			return err
		}
		return mayUndo(tx, i, in.Partly)
	})
	if err != nil {
		return ImportUndone{}, err
	}
	out := ImportUndone{Kept: domain.JSONList[NotUndone]{}}
	for below := MaxImportLine; ; {
		var list []domain.ImportChange
		if err := s.InWork(ctx, nil, func(tx *casework.Work) (err error) {
			list, err = tx.ImportChanges(id, below, 50)
			return err
		}); err != nil {
			return out, err
		}
		for n := range list {
			below = list[n].Line
			ref, why, err := s.undoRow(ctx, call, i, &list[n])
			if err != nil {
				return out, err // what was taken back stays so; asked again, it goes on
			}
			if why == "" {
				out.TakenBack++
			} else {
				out.Kept = append(out.Kept, NotUndone{Line: below, JobID: list[n].JobID, ExternalRef: ref, Why: why})
			}
		}
		if len(list) == 0 {
			break
		}
	}
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (ImportUndone, error) {
		i, err := tx.LockImport(id)
		if err != nil {
			return out, err
		}
		i.UndoneAt, i.UndoneBy = domain.Ptr(tx.Now), domain.Ptr(call.Actor.UserID)
		i.ChangedAt(tx.Now)
		out.Import = i.View(tx.Now)
		out.Import.Version++
		return out, tx.SaveImport(i)
	})
}

// MaxImportLine lies below no line of a sheet.
const MaxImportLine = 1 << 30

// mayUndo refuses what is over, and what somebody was told of.
func mayUndo(tx *casework.Work, i *domain.Import, partly bool) error {
	v := i.View(tx.Now)
	switch {
	case v.State == "undone":
		return domain.Fail(domain.CodeState, "The import was undone already.")
	case v.State == "running":
		return domain.Fail(domain.CodeState, "The import still runs.")
	case v.UndoUntil == nil:
		return domain.Fail(domain.CodeState, "An import is undone within an hour; change its jobs one by one.")
	}
	list, err := told(tx, i, nil)
	if err != nil || len(list) == 0 || partly {
		return err
	}
	e := domain.Fail(domain.CodeTold, "Somebody was told of this import. Call them, or take back the rest.")
	for n, x := range list {
		e = e.At(fmt.Sprintf("/told/%d", n), fmt.Sprintf("%s was told of %s: %s", x.Who, x.ExternalRef, x.Title))
	}
	return e
}

// undoRow takes back what one row did, or says why it stays.
func (s *Service) undoRow(ctx context.Context, call *casework.Call, i *domain.Import, c *domain.ImportChange) (ref, why string, err error) {
	err = s.InWork(ctx, &casework.Call{Actor: call.Actor, Bulk: true}, func(tx *casework.Work) error {
		ref, why = "", ""
		job, err := tx.Job(c.JobID)
		if err != nil {
			return err
		}
		h, err := tx.LockCustomer(job.CustomerID)
		if err != nil {
			return err
		}
		j, err := tx.LockJob(c.JobID)
		if err != nil {
			return err
		}
		if j.ExternalRef != nil {
			ref = *j.ExternalRef
		}
		list, err := told(tx, i, &j.ID)
		if err != nil {
			return err
		}
		if len(list) > 0 {
			why = list[0].Who + " was told: " + list[0].Title
			return nil
		}
		tx.Tx = quiet{tx.Tx}
		if err := tx.DropPending(j.ID, i.CreatedAt); err != nil {
			return err
		}
		undo := setBack
		if c.Created {
			undo = unmake
		}
		if why, err = undo(tx, call.Actor, j, h, c); err != nil || why != "" {
			return errors.Join(err, keepIf(why))
		}
		return tx.MarkUndone(c.ID)
	})
	var e *domain.Error
	switch {
	case errors.Is(err, errKept):
		return ref, why, nil
	case errors.As(err, &e) && (e.Kind == domain.KindConflict || e.Kind == domain.KindUnprocessable || e.Kind == domain.KindForbidden):
		return ref, e.Message, nil
	}
	return ref, why, err
}

// errKept rolls back what was begun with a job that stays.
var errKept = errors.New("the job stays")

func keepIf(why string) error {
	if why != "" {
		return errKept
	}
	return nil
}

// unmake cancels a job that the import made, and gives its reference back.
func unmake(tx *casework.Work, a domain.Actor, j *domain.Job, h *domain.Customer, c *domain.ImportChange) (string, error) {
	if j.Seq != c.Became.V.Seq {
		return "Something was noted on it since.", nil
	}
	m, err := casework.OpenCase(tx, j)
	if err != nil {
		return "", err
	}
	m.Ending = true
	if _, err := casework.CancelVisits(m, a, undoReason); err != nil {
		return "", err
	}
	if err := casework.EndJob(m, a, "cancel", undoReason); err != nil {
		return "", err
	}
	j.ExternalRef, j.Imported = nil, domain.JSON[map[string]string]{}
	if c.Was.V.Contacts == nil && c.Was.V.Sites == nil { // a household that the import registered stays, without a job
		return "", nil
	}
	return "", householdBack(tx, h, c)
}

// setBack gives a known job the fields that it had, those that nobody changed since.
func setBack(tx *casework.Work, a domain.Actor, j *domain.Job, h *domain.Customer, c *domain.ImportChange) (string, error) {
	if j.Status.Ended() {
		return "The job has ended since.", nil
	}
	was, became := &c.Was.V, &c.Became.V
	var in casework.JobInput
	back(&j.Category, was.Category, became.Category, &in.Category)
	back(&j.Serial, was.Serial, became.Serial, &in.Serial)
	back(&j.Fault, was.Fault, became.Fault, &in.Fault)
	back(&j.WhatMatters, was.WhatMatters, became.WhatMatters, &in.WhatMatters)
	back(&j.Note, was.Note, became.Note, &in.Note)
	back(&j.Priority, was.Priority, became.Priority, &in.Priority)
	back(&j.Cover, was.Cover, became.Cover, &in.Cover)
	back(&j.SafetyCritical, was.SafetyCritical, became.SafetyCritical, &in.SafetyCritical)
	back(&j.SkillLevel, was.SkillLevel, became.SkillLevel, &in.SkillLevel)
	if sameValue(j.ValueMinor, became.ValueMinor) {
		j.ValueMinor, in.ValueMinor = was.ValueMinor, was.ValueMinor
	}
	back(&j.SiteID, was.SiteID, became.SiteID, &in.SiteID)
	if sameValue(j.ContactID, became.ContactID) {
		j.ContactID, in.ContactID = was.ContactID, was.ContactID
	}
	if sameValue(j.ApplianceID, became.ApplianceID) {
		j.ApplianceID, in.ApplianceID = was.ApplianceID, was.ApplianceID
	}
	j.Imported.V = was.Said
	tx.Entry(j, a, "job.changed", nil, casework.At(tx.Now), in)
	if err := visitBack(tx, a, j, c); err != nil {
		return "", err
	}
	m, err := casework.OpenCase(tx, j)
	if err != nil {
		return "", err
	}
	if _, err := m.JobView(a); err != nil { // the job is saved: what it does not name any more may go
		return "", err
	}
	return "", householdBack(tx, h, c)
}

// back sets a field to what it was unless somebody changed it since; said is told to the timeline.
func back[T comparable](now *T, was, became T, said **T) {
	if *now == became && was != became {
		*now, *said = was, &was
	}
}

// visitBack moves the visit to where it stood, or cancels one that the import booked.
func visitBack(tx *casework.Work, a domain.Actor, j *domain.Job, c *domain.ImportChange) error {
	was, became := &c.Was.V, &c.Became.V
	moved := !sameValue(was.VisitID, became.VisitID)
	if became.VisitID == nil || !moved && slices.Equal(was.Crew, became.Crew) {
		return nil
	}
	visits, err := tx.VisitsOfJob(j.ID)
	if err != nil {
		return err
	}
	v := toCome(visits)
	if v == nil || v.ID != *became.VisitID || !v.WindowStart.Equal(became.WindowStart) || !slices.Equal([]domain.ID(v.Crew), became.Crew) {
		return nil // somebody changed it since
	}
	m, err := casework.OpenCase(tx, j)
	if err != nil {
		return err
	}
	on := m.On(v)
	switch {
	case was.VisitID == nil:
		return casework.CancelVisit(on, a, undoReason, "nobody")
	case !moved:
		return casework.AssignCrew(on, a, was.Crew, undoReason)
	}
	crew := was.Crew
	next := &domain.Visit{Meta: domain.NewMeta(tx.NewID(), tx.Now), PredecessorID: &v.ID, Sequence: v.Sequence + 1}
	return casework.Succeed(on, &casework.Call{Actor: a}, next, casework.ScheduleInput{WindowStart: was.WindowStart.Format(time.RFC3339),
		WindowEnd: was.WindowEnd.Format(time.RFC3339), Crew: &crew, PlannedMinutes: was.Minutes, Reason: undoReason})
}

// householdBack takes from a household what the import added or changed, where it still stands so.
func householdBack(tx *casework.Work, h *domain.Customer, c *domain.ImportChange) error {
	people := restored(h.Contacts, c.Was.V.Contacts, c.Became.V.Contacts, func(p domain.Contact) domain.ID { return p.ID })
	places := restored(h.Sites, c.Was.V.Sites, c.Became.V.Sites, func(x domain.Site) domain.ID { return x.ID })
	if sameValue(people, h.Contacts) && sameValue(places, h.Sites) {
		return nil
	}
	h.Contacts, h.Sites = people, places
	h.ChangedAt(tx.Now)
	return tx.SaveCustomer(h)
}

// restored gives of what is there now what stood before, where it is still as the import left it.
func restored[T any](now, was, became []T, id func(T) domain.ID) []T {
	find := func(list []T, of T) (T, bool) {
		n := slices.IndexFunc(list, func(x T) bool { return id(x) == id(of) })
		if n < 0 {
			var none T
			return none, false
		}
		return list[n], true
	}
	out := []T{}
	for _, x := range now {
		left, known := find(became, x)
		before, stood := find(was, x)
		switch {
		case !known || !sameValue(x, left): // not of this import, or changed since
			out = append(out, x)
		case stood:
			out = append(out, before)
		}
	}
	return out
}

// sameValue compares what is read and written.
func sameValue(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}
