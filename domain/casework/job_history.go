package casework

import (
	"strings"
	"time"

	"doorstep/domain"
)

// SameStep lists the records of the same step of an appliance, also in other words.
func SameStep(steps []domain.StepRecord, category, step string) []domain.StepRecord {
	var out []domain.StepRecord
	mark := domain.StepKey(category, step)
	for _, r := range steps {
		if domain.StepKey(category, r.Step) == mark {
			out = append(out, r)
		}
	}
	return out
}

// repeats bounds how far back the jobs go that a job repeats.
const repeats = 10

// SameFault lists the job and those that it repeats on the same serial for
// the same household: what was told for one of them is told for all.
func SameFault(j *domain.Job, load func(domain.ID) (*domain.Job, error)) ([]domain.ID, error) {
	out := []domain.ID{j.ID}
	for before := j.RepeatOf; before != nil && len(out) < repeats && !domain.Has(out, *before); {
		o, err := load(*before)
		if err != nil {
			return nil, err
		}
		if o.CustomerID != j.CustomerID {
			break
		}
		out, before = append(out, o.ID), o.RepeatOf
	}
	return out, nil
}

// StepsKnown lists all that was tried for the fault, oldest first.
func StepsKnown(tx domain.JobTx, j *domain.Job) ([]domain.StepRecord, error) {
	jobs, err := SameFault(j, tx.Job)
	if err != nil {
		return nil, err
	}
	return tx.StepsOf(jobs)
}

// StepTried completes a record and appends its entry; the caller inserts it.
func StepTried(tx *Work, j *domain.Job, a domain.Actor, r *domain.StepRecord, st EntryTime) {
	r.JobID, r.ByRole, r.OccurredAt, r.ClaimedAt, r.RecordedAt = j.ID, a.Role, st.Occurred, st.Claimed, st.Recorded
	if a.UserID != (domain.ID{}) { // of a household: who wrote it down for a caller
		r.ByID = domain.Ptr(a.UserID)
	}
	tx.Entry(j, a, "step.tried", nil, st, map[string]any{"step_id": r.ID, "step": r.Step, "result": r.Result, "watched_by": r.WatchedBy,
		"note":      r.Note,
		"repeat_of": r.RepeatOf, "repeat_reason": r.RepeatReason})
}

// listedSteps makes records of the steps that came with a job and are not
// known yet: what a household tried before it called asks nobody for a
// reason. What came of it is told by its outcome, else read from the words, which
// stay as the note.
func listedSteps(tx *Work, j *domain.Job, a domain.Actor, known []domain.StepRecord) []domain.StepRecord {
	var fresh []domain.StepRecord
	for _, t := range j.TriedSteps {
		r := domain.StepRecord{Meta: domain.NewMeta(tx.NewID(), tx.Now), Step: strings.TrimSpace(t.What),
			Result: t.Outcome, WatchedBy: t.WatchedBy}
		if words := strings.TrimSpace(t.Result); !domain.Has(domain.StepResults, strings.ToLower(words)) {
			r.Note = words
		}
		if r.Result == "" {
			r.Result = domain.ReadResult(t.Result)
		}
		if r.Check() != nil || len(SameStep(known, j.Category, r.Step)) > 0 {
			continue
		}
		st := At(tx.Now)
		if t.At.Year() >= 1970 && t.At.Before(tx.Now) {
			st.Occurred = t.At.UTC().Truncate(time.Microsecond)
		}
		StepTried(tx, j, a, &r, st)
		known, fresh = append(known, r), append(fresh, r)
	}
	return fresh
}

// addListedSteps makes records of what a job's list has gained; a record stays
// when the list loses it.
func addListedSteps(tx *Work, j *domain.Job, a domain.Actor) error {
	known, err := StepsKnown(tx, j)
	if err != nil {
		return err
	}
	fresh := listedSteps(tx, j, a, known)
	if err := insertSteps(tx, fresh); err != nil {
		return err
	}
	return ProposeReplacement(tx, j, append(known, fresh...))
}

func insertSteps(tx domain.JobTx, steps []domain.StepRecord) error {
	for i := range steps {
		if err := tx.InsertStep(&steps[i]); err != nil {
			return err
		}
	}
	return nil
}

// Change is one field of a job's history before and after its correction.
type Change struct {
	Field string `json:"field"`
	Old   string `json:"old"`
	New   string `json:"new"`
}

// ChangeOf sets a field and notes what it was.
func ChangeOf(list []Change, field string, at *string, to string) []Change {
	if *at == to {
		return list
	}
	list = append(list, Change{field, *at, to})
	*at = to
	return list
}

// Corrected is the payload of the entry passport.corrected.
type Corrected struct {
	StepID  *domain.ID `json:"step_id"`
	Changes []Change   `json:"changes"`
	Reason  string     `json:"reason"`
	Via     *domain.ID `json:"via"` // the contact in which the household said it
}

// EntryHistoryCorrected is the kind of the entry of a correction.
const EntryHistoryCorrected = "passport.corrected"

// HistoryCorrected appends the entry of a correction that changed something.
func HistoryCorrected(tx *Work, j *domain.Job, a domain.Actor, c Corrected, st EntryTime) {
	if len(c.Changes) > 0 {
		tx.Entry(j, a, EntryHistoryCorrected, nil, st, c)
	}
}

// StoryChanges is what differs between two states of a job's own words.
func StoryChanges(was, is *domain.Job) []Change {
	old := *was
	return ChangeOf(ChangeOf(nil, "fault", &old.Fault, is.Fault), "what_matters", &old.WhatMatters, is.WhatMatters)
}

// ReplacementDue is the rule: three failed tries, of which a professional
// watched at least one, ours or the household's own, propose the replacement path (docs/product.md section 4).
// It gives the failed tries.
func ReplacementDue(steps []domain.StepRecord) (failed []domain.ID, due bool) {
	watched := false
	for i := range steps {
		if steps[i].Result == "failed" {
			failed = append(failed, steps[i].ID)
			watched = watched || steps[i].WatchedBy == "professional" || steps[i].WatchedBy == domain.WatchOwn
		}
	}
	return failed, watched && len(failed) >= domain.ReplacementAfter
}

// ProposeReplacement proposes the replacement, once a (re)opening, and takes an
// unanswered proposal back when a correction proves its tries wrong.
func ProposeReplacement(tx *Work, j *domain.Job, steps []domain.StepRecord) error {
	failed, due := ReplacementDue(steps)
	r := j.Replacement.V
	opened := j.OpenedAt
	if j.ReopenedAt != nil {
		opened = *j.ReopenedAt
	}
	switch {
	case j.ReplacementProposed() && !due:
		if err := tx.Apply(r, "withdraw"); err != nil {
			return err
		}
		tx.Entry(j, domain.System, "replacement.withdrawn", nil, At(tx.Now), map[string]any{"steps": failed})
	case j.ReplacementProposed():
		r.Steps = failed
	case due && !j.Status.Ended() && (r == nil || r.Status == "withdrawn" || r.Since.Before(opened)):
		r = &domain.Replacement{Since: tx.Now, Steps: failed}
		if err := tx.Apply(r, "propose"); err != nil {
			return err
		}
		j.Replacement.V = r
		tx.Entry(j, domain.System, "replacement.proposed", nil, At(tx.Now), map[string]any{"steps": failed})
		c, err := OpenCase(tx, j)
		if err != nil {
			return err
		}
		return NotifyStaff(c, nil, "replacement.proposed", domain.RoleProprietor, domain.RoleCoordinator)
	}
	return nil
}
