package domain

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// StepRecord is one try at mending, so that nobody has to ask for it again
// (docs/product.md section 4, "Tell it once"). A correction changes the row; what
// it said before stays in the timeline.
type StepRecord struct {
	Meta
	JobID        ID         `json:"job_id"`
	Step         string     `json:"step"`
	Result       string     `json:"result"`     // worked, failed, unclear
	WatchedBy    string     `json:"watched_by"` // nobody, household, professional
	Note         string     `json:"note"`
	RepeatOf     *ID        `json:"repeat_of"` // the first record of the same step, when it was asked for again
	RepeatReason string     `json:"repeat_reason"`
	ViaID        *ID        `json:"-"` // the contact in which the household said it
	WithdrawnAt  *time.Time `json:"-"` // said by somebody else; it is no record then
	ByID         *ID        `json:"by_id"`
	ByRole       Role       `json:"by_role"`
	OccurredAt   time.Time  `json:"occurred_at"`
	ClaimedAt    *time.Time `json:"claimed_at"`
	RecordedAt   time.Time  `json:"recorded_at"`
}

// StepView is a step with how often it is recorded.
type StepView struct {
	StepRecord
	Times int `json:"times"`
}

// The words a step may use.
var (
	stepResults = []string{"worked", "failed", "unclear"}
	stepWatch   = []string{"nobody", "household", "professional"}
)

// StepInput records a step.
type StepInput struct {
	ID           *ID    `json:"id"`
	Step         string `json:"step"`
	Result       string `json:"result"`
	WatchedBy    string `json:"watched_by"` // default nobody
	Note         string `json:"note"`
	RepeatReason string `json:"repeat_reason"`
	OccurredAt   string `json:"occurred_at"`
}

// StepChange corrects a record; what is absent stays.
type StepChange struct {
	Step       *string `json:"step"`
	Result     *string `json:"result"`
	WatchedBy  *string `json:"watched_by"`
	Note       *string `json:"note"`
	Reason     string  `json:"reason"`
	OccurredAt string  `json:"occurred_at"`
	via        *ID     // the contact in which the household said it
}

// check refuses a step that says nothing or knows no such result.
func (r *StepRecord) check() error {
	switch {
	case StepMark(r.Step) == "" || len([]rune(r.Step)) > 500:
		return Fail(CodeUnprocessable, "Say in words what was tried.").At("/step", "1 to 500 characters with a letter or digit")
	case !has(stepResults, r.Result):
		return Fail(CodeUnprocessable, "Say what came of it.").At("/result", "worked, failed or unclear")
	case !has(stepWatch, r.WatchedBy):
		return Fail(CodeUnprocessable, "Say who watched.").At("/watched_by", "nobody, household or professional")
	}
	return nil
}

// sameStep lists the records of the same step.
func sameStep(steps []StepRecord, mark string) []StepRecord {
	var out []StepRecord
	for _, r := range steps {
		if StepMark(r.Step) == mark {
			out = append(out, r)
		}
	}
	return out
}

// repeats bounds how far back the jobs go that a job repeats.
const repeats = 10

// sameFault lists the job and those that it repeats on the same serial for
// the same household: what was told for one of them is told for all.
func sameFault(j *Job, load func(ID) (*Job, error)) ([]ID, error) {
	out := []ID{j.ID}
	for before := j.RepeatOf; before != nil && len(out) < repeats && !has(out, *before); {
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

// stepsKnown lists all that was tried for the fault, oldest first.
func stepsKnown(tx JobTx, j *Job) ([]StepRecord, error) {
	jobs, err := sameFault(j, tx.Job)
	if err != nil {
		return nil, err
	}
	return tx.StepsOf(jobs)
}

// authorizeForHistory locks a job for somebody who may add to its passport: any
// staff who reach it but the admin.
func authorizeForHistory(tx *Work, a Actor, job ID) (*Job, *Case, error) {
	j, err := authorizeJob(tx, a, job)
	if err != nil {
		return nil, nil, err
	}
	if a.Role == RoleAdmin {
		return nil, nil, Fail(CodeForbidden, "As admin you may not write into a job's passport.")
	}
	d, err := openCase(tx, j)
	return j, d, err
}

// RecordStep writes down a try. The crew, coordinator, proprietor, area
// manager, agent. Errors: CodeStepRecorded with the earlier record when the
// step is known and no reason is given; CodeUnprocessable, CodeDuplicate.
func (s *Service) RecordStep(ctx context.Context, call *Call, job ID, in StepInput) (StepView, error) {
	return run(ctx, s, call, func(tx *Work) (StepView, error) {
		j, d, err := authorizeForHistory(tx, call.Actor, job)
		if err != nil {
			return StepView{}, err
		}
		if err := d.stamp(call, in.OccurredAt); err != nil {
			return StepView{}, err
		}
		if in.WatchedBy == "" {
			in.WatchedBy = "nobody"
		}
		r := StepRecord{Meta: newMeta(s.idOr(in.ID), tx.Now), Step: strings.TrimSpace(in.Step), Result: in.Result, WatchedBy: in.WatchedBy,
			Note: strings.TrimSpace(in.Note)}
		if err := r.check(); err != nil {
			return StepView{}, err
		}
		known, err := stepsKnown(tx, j)
		if err != nil {
			return StepView{}, err
		}
		same := sameStep(known, StepMark(r.Step))
		if in.ID != nil {
			if old, err := tx.Step(r.ID); err == nil {
				return StepView{*old, len(same)}, sameOr(old.JobID == j.ID && old.Step == r.Step && old.Result == r.Result &&
					old.WatchedBy == r.WatchedBy, "tried step")
			} else if !notFound(err) {
				return StepView{}, err
			}
		}
		if reason := strings.TrimSpace(in.RepeatReason); len(same) > 0 {
			if reason == "" {
				return StepView{}, Fail(CodeStepRecorded, "This was tried already. Do not ask the household again without a reason.").
					At("/repeat_reason", "why it has to be tried again").With("earlier", StepView{same[len(same)-1], len(same)})
			}
			r.RepeatOf, r.RepeatReason = &same[0].ID, reason
		}
		stepTried(tx, j, call.Actor, &r, d.said)
		if err := tx.InsertStep(&r); err != nil {
			return StepView{}, err
		}
		if err := proposeReplacement(tx, j, append(known, r)); err != nil {
			return StepView{}, err
		}
		return StepView{r, len(same) + 1}, nil
	})
}

// stepTried completes a record and appends its entry; the caller inserts it.
func stepTried(tx *Work, j *Job, a Actor, r *StepRecord, st EntryTime) {
	r.JobID, r.ByRole, r.OccurredAt, r.ClaimedAt, r.RecordedAt = j.ID, a.Role, st.occurred, st.claimed, st.recorded
	if a.UserID != (ID{}) { // of a household: who wrote it down for a caller
		r.ByID = ptr(a.UserID)
	}
	tx.entry(j, a, "step.tried", nil, st, map[string]any{"step_id": r.ID, "step": r.Step, "result": r.Result, "watched_by": r.WatchedBy,
		"note":      r.Note,
		"repeat_of": r.RepeatOf, "repeat_reason": r.RepeatReason})
}

// listedSteps makes records of the steps that came with a job and are not
// known yet: what a household tried before it called asks nobody for a
// reason. A result in other words is kept as the note of an unclear one.
func listedSteps(tx *Work, j *Job, a Actor, known []StepRecord) []StepRecord {
	var fresh []StepRecord
	for _, t := range j.TriedSteps {
		r := StepRecord{Meta: newMeta(tx.NewID(), tx.Now), Step: strings.TrimSpace(t.What), Result: strings.ToLower(strings.TrimSpace(t.Result)),
			WatchedBy: t.WatchedBy}
		if !has(stepResults, r.Result) {
			r.Result, r.Note = "unclear", strings.TrimSpace(t.Result)
		}
		if r.check() != nil || len(sameStep(known, StepMark(r.Step))) > 0 {
			continue
		}
		st := at(tx.Now)
		if t.At.Year() >= 1970 && t.At.Before(tx.Now) {
			st.occurred = t.At.UTC().Truncate(time.Microsecond)
		}
		stepTried(tx, j, a, &r, st)
		known, fresh = append(known, r), append(fresh, r)
	}
	return fresh
}

// addListedSteps makes records of what a job's list has gained; a record stays
// when the list loses it.
func addListedSteps(tx *Work, j *Job, a Actor) error {
	known, err := stepsKnown(tx, j)
	if err != nil {
		return err
	}
	fresh := listedSteps(tx, j, a, known)
	if err := insertSteps(tx, fresh); err != nil {
		return err
	}
	return proposeReplacement(tx, j, append(known, fresh...))
}

func insertSteps(tx JobTx, steps []StepRecord) error {
	for i := range steps {
		if err := tx.InsertStep(&steps[i]); err != nil {
			return err
		}
	}
	return nil
}

// CorrectStep corrects a record. Who may record one. Errors: CodeNotFound,
// CodeUnprocessable.
func (s *Service) CorrectStep(ctx context.Context, call *Call, id ID, in StepChange) (StepView, error) {
	return run(ctx, s, call, func(tx *Work) (StepView, error) {
		r, err := tx.Step(id)
		if err != nil {
			return StepView{}, err
		}
		j, d, err := authorizeForHistory(tx, call.Actor, r.JobID)
		if notFound(err) {
			return StepView{}, NotFound("tried step")
		} else if err != nil {
			return StepView{}, err
		}
		if err := d.stamp(call, in.OccurredAt); err != nil {
			return StepView{}, err
		}
		if r, err = tx.Step(id); err != nil { // as it is under the lock
			return StepView{}, err
		}
		if err := correctStep(tx, j, call.Actor, r, in, d.said); err != nil {
			return StepView{}, err
		}
		known, err := stepsKnown(tx, j)
		if err != nil {
			return StepView{}, err
		}
		return StepView{*r, len(sameStep(known, StepMark(r.Step)))}, nil
	})
}

// correctStep changes a record and lets what follows from it follow.
func correctStep(tx *Work, j *Job, a Actor, r *StepRecord, in StepChange, st EntryTime) error {
	var changes []Change
	for _, f := range []struct {
		name string
		at   *string
		want *string
	}{{"step", &r.Step, in.Step}, {"result", &r.Result, in.Result}, {"watched_by", &r.WatchedBy, in.WatchedBy}, {"note", &r.Note, in.Note}} {
		if f.want != nil {
			changes = changeOf(changes, f.name, f.at, strings.TrimSpace(*f.want))
		}
	}
	if err := r.check(); err != nil {
		return err
	}
	j.changedAt(tx.Now)
	if len(changes) == 0 {
		return nil
	}
	historyCorrected(tx, j, a, corrected{StepID: &r.ID, Changes: changes, Reason: in.Reason, Via: in.via}, st)
	r.changedAt(tx.Now)
	if err := tx.SaveStep(r); err != nil {
		return err
	}
	known, err := stepsKnown(tx, j)
	if err != nil {
		return err
	}
	return proposeReplacement(tx, j, known)
}

// Change is one field of a passport before and after its correction.
type Change struct {
	Field string `json:"field"`
	Old   string `json:"old"`
	New   string `json:"new"`
}

// change sets a field and notes what it was.
func changeOf(list []Change, field string, at *string, to string) []Change {
	if *at == to {
		return list
	}
	list = append(list, Change{field, *at, to})
	*at = to
	return list
}

// corrected is the payload of the fact passport.corrected.
type corrected struct {
	StepID  *ID      `json:"step_id"`
	Changes []Change `json:"changes"`
	Reason  string   `json:"reason"`
	Via     *ID      `json:"via"` // the contact in which the household said it
}

// factPassportCorrected is the kind of the entry of a correction.
const factPassportCorrected = "passport.corrected"

// historyCorrected appends the entry of a correction that changed something.
func historyCorrected(tx *Work, j *Job, a Actor, c corrected, st EntryTime) {
	if len(c.Changes) > 0 {
		tx.entry(j, a, factPassportCorrected, nil, st, c)
	}
}

// storyChanges is what differs between two states of a job's own words.
func storyChanges(was, is *Job) []Change {
	old := *was
	return changeOf(changeOf(nil, "fault", &old.Fault, is.Fault), "what_matters", &old.WhatMatters, is.WhatMatters)
}

// handleCorrection is the household's own correction: of what it says, where blank
// clears only what matters. A step that is recorded on the job has its result
// corrected; another one is added.
func handleCorrection(k *request) error {
	tx, j, was, now := k.tx, k.job, *k.job, k.now
	r := StepRecord{Meta: newMeta(k.tx.NewID(), now), Result: k.in.Result, WatchedBy: "household", ViaID: k.via()}
	said := false
	for _, f := range []struct {
		pointer string
		raw     *string
		to      *string
		blank   bool // means something
	}{{"/fault", k.in.Fault, &j.Fault, false}, {"/what_matters", k.in.WhatMatters, &j.WhatMatters, true},
		{"/step", k.in.Step, &r.Step, false}} {
		if f.raw == nil {
			continue
		}
		text := strings.TrimSpace(strings.ReplaceAll(*f.raw, "\r\n", "\n"))
		if len([]rune(text)) > 500 {
			return Fail(CodeUnprocessable, "This is too long.").At(f.pointer, "at most 500 characters")
		}
		if text != "" || f.blank {
			*f.to, said = text, true
		}
	}
	if !said {
		return Fail(CodeUnprocessable, "Nothing was written.").At("/fault", "a few words").At("/step", "a few words")
	}
	historyCorrected(tx, j, k.actor, corrected{Changes: storyChanges(&was, j), Via: k.via()}, k.said)
	if r.Step == "" {
		return nil
	}
	if err := r.check(); err != nil {
		return err
	}
	known, err := stepsKnown(tx, j)
	if err != nil {
		return err
	}
	for _, same := range slices.Backward(sameStep(known, StepMark(r.Step))) {
		if same.JobID == j.ID {
			return correctStep(tx, j, k.actor, &same, StepChange{Result: &r.Result, via: k.via()}, k.said)
		}
	}
	stepTried(tx, j, k.actor, &r, k.said)
	if err := tx.InsertStep(&r); err != nil {
		return err
	}
	return proposeReplacement(tx, j, append(known, r))
}

// via is the contact in which something was asked.
func (k *request) via() *ID {
	if k.contact == nil {
		return nil
	}
	return &k.contact.ID
}

// undoCorrections takes out what a stranger wrote by contacts that were theirs: a
// field that still reads as they left it reads as before, their steps are no
// records, and thanks that nobody has yet go no further.
func undoCorrections(k *request, via map[ID]bool) error {
	tx, j, now := k.tx, k.job, k.now
	theirs := func(id *ID) bool { return id != nil && via[*id] }
	facts, err := tx.FactsOfKind(j.ID, factPassportCorrected)
	if err != nil {
		return err
	}
	steps, err := tx.StepsOf([]ID{j.ID})
	if err != nil {
		return err
	}
	at := at(now)
	for i := len(facts) - 1; i >= 0; i-- {
		var c corrected
		if json.Unmarshal(facts[i].Payload, &c) != nil || !theirs(c.Via) {
			continue
		}
		var back []Change
		for _, f := range c.Changes {
			switch {
			case c.StepID != nil:
				for n := range steps {
					if r := &steps[n]; r.ID == *c.StepID && f.Field == "result" && r.Result == f.New {
						back = changeOf(back, f.Field, &r.Result, f.Old)
						r.changedAt(now)
						if err := tx.SaveStep(r); err != nil {
							return err
						}
					}
				}
			case f.Field == "fault" && j.Fault == f.New:
				back = changeOf(back, f.Field, &j.Fault, f.Old)
			case f.Field == "what_matters" && j.WhatMatters == f.New:
				back = changeOf(back, f.Field, &j.WhatMatters, f.Old)
			}
		}
		historyCorrected(tx, j, System, corrected{StepID: c.StepID, Changes: back, Reason: "said by somebody else"}, at)
	}
	for i := range steps {
		if r := &steps[i]; theirs(r.ViaID) {
			r.WithdrawnAt = &now
			tx.entry(j, System, "step.withdrawn", nil, at, map[string]any{"step_id": r.ID, "because": "said by somebody else"})
			r.changedAt(now)
			if err := tx.SaveStep(r); err != nil {
				return err
			}
		}
	}
	known, err := stepsKnown(tx, j)
	if err != nil {
		return err
	}
	if err := proposeReplacement(tx, j, known); err != nil {
		return err
	}
	return undoThanks(tx, j, via)
}

// JobHistory is what every new voice reads first (docs/product.md section 4). It
// holds nothing of reports, holds, exclusions, numbers or addresses.
type JobHistory struct {
	JobID       ID                       `json:"job_id"`
	Fault       string                   `json:"fault"`
	WhatMatters string                   `json:"what_matters"`
	Language    string                   `json:"language"`
	VoiceOnly   bool                     `json:"voice_only"`
	TriedSteps  JSONList[HistoryStep]    `json:"tried_steps"`
	Contacts    HistoryContacts          `json:"contacts"`
	Proposal    *Proposal                `json:"proposal"`
	Promises    JSONList[HistoryPromise] `json:"promises"` // those still to be kept
	Visits      JSONList[HistoryVisit]   `json:"visits"`
	EarlierJobs JSONList[EarlierJob]     `json:"earlier_jobs"`
	Corrections JSONList[CorrectionView] `json:"corrections"`
}

// HistoryStep is a step with everything that was said of it.
type HistoryStep struct {
	ID         ID                   `json:"id"`
	Step       string               `json:"step"`
	Result     string               `json:"result"`
	WatchedBy  string               `json:"watched_by"`
	Note       string               `json:"note"`
	JobID      ID                   `json:"job_id"`
	ByRole     Role                 `json:"by_role"`
	ByName     string               `json:"by_name"`
	OccurredAt time.Time            `json:"occurred_at"`
	RecordedAt time.Time            `json:"recorded_at"`
	Times      int                  `json:"times"`
	Repeats    JSONList[StepRepeat] `json:"repeats"`
}

// StepRepeat is a further record of a step.
type StepRepeat struct {
	ID         ID        `json:"id"`
	Reason     string    `json:"reason"`
	Result     string    `json:"result"`
	WatchedBy  string    `json:"watched_by"`
	Note       string    `json:"note"`
	ByRole     Role      `json:"by_role"`
	ByName     string    `json:"by_name"`
	OccurredAt time.Time `json:"occurred_at"`
}

// HistoryPromise is what somebody still owes the household.
type HistoryPromise struct {
	ID       ID            `json:"id"`
	Kind     string        `json:"kind"`
	What     string        `json:"what"`
	Owner    string        `json:"owner"` // a first name
	DueAt    time.Time     `json:"due_at"`
	Status   PromiseStatus `json:"status"`
	Contacts int           `json:"contacts"` // how often the household asked
}

// HistoryContacts counts what the fault cost the household.
type HistoryContacts struct {
	Inbound    int `json:"inbound"`     // it had to make contact
	AskedAgain int `json:"asked_again"` // for a recorded step
}

// HistoryVisit is a visit, short. A visit that was stopped reads ended_early:
// why is nobody's to read here.
type HistoryVisit struct {
	ID          ID               `json:"id"`
	WindowStart time.Time        `json:"window_start"`
	EndedAt     *time.Time       `json:"ended_at"`
	Status      string           `json:"status"`
	Crew        JSONList[string] `json:"crew"` // first names
	Findings    string           `json:"findings"`
	WorkDone    string           `json:"work_done"`
	Parts       JSONList[string] `json:"parts"`
	Tested      string           `json:"tested"`
}

// EarlierJob is one on the same serial that the reader may see.
type EarlierJob struct {
	ID       ID         `json:"id"`
	OpenedAt time.Time  `json:"opened_at"`
	EndedAt  *time.Time `json:"ended_at"`
	Status   JobStatus  `json:"status"`
	Result   string     `json:"result"`
	WorkDone string     `json:"work_done"`
}

// CorrectionView is one change of one field.
type CorrectionView struct {
	At     time.Time `json:"at"`
	ByRole Role      `json:"by_role"`
	ByName string    `json:"by_name"`
	StepID *ID       `json:"step_id"`
	Change
}

// JobHistory gathers a job's passport. Who sees the job. Errors: CodeNotFound.
func (s *Service) JobHistory(ctx context.Context, a Actor, id ID) (JobHistory, error) {
	j, err := s.Read.Job(ctx, a.Scope(), id)
	if err != nil {
		return JobHistory{}, err
	}
	all := Scope{All: true}
	customer, err := s.Read.Customer(ctx, all, j.CustomerID)
	if err != nil {
		return JobHistory{}, err
	}
	jobs, err := sameFault(j, func(id ID) (*Job, error) { return s.Read.Job(ctx, all, id) })
	if err != nil {
		return JobHistory{}, err
	}
	steps, err := s.Read.Steps(ctx, all, jobs)
	if err != nil {
		return JobHistory{}, err
	}
	attempts, err := s.Read.Attempts(ctx, all, j.ID, Page{})
	if err != nil {
		return JobHistory{}, err
	}
	facts, err := s.Read.FactsOfKind(ctx, all, j.ID, factPassportCorrected)
	if err != nil {
		return JobHistory{}, err
	}
	var earlier []Job
	if j.Serial != "" {
		if earlier, err = s.Read.Jobs(ctx, a.Scope(), JobFilter{Serial: j.Serial}, Page{Limit: 50}); err != nil {
			return JobHistory{}, err
		}
		earlier = slices.DeleteFunc(earlier, func(o Job) bool { return o.ID == j.ID || o.OpenedAt.After(j.OpenedAt) })
	}
	told := []ID{j.ID}
	for i := range earlier {
		told = append(told, earlier[i].ID)
	}
	visits, err := s.Read.Visits(ctx, all, VisitFilter{JobIDs: told}, Page{})
	if err != nil {
		return JobHistory{}, err
	}
	promises, err := s.Read.Promises(ctx, System, PromiseFilter{Status: []PromiseStatus{PromiseOpen, PromiseBroken}, JobID: &j.ID}, Page{})
	if err != nil {
		return JobHistory{}, err
	}
	names, err := s.firstNames(ctx, steps, facts, visits, promises)
	if err != nil {
		return JobHistory{}, err
	}
	zone := time.UTC
	if site := customer.site(j.SiteID); site != nil {
		zone = site.Location()
	}
	p := JobHistory{JobID: j.ID, Fault: j.Fault, WhatMatters: j.WhatMatters, Language: customer.Language, VoiceOnly: customer.VoiceOnly(),
		TriedSteps: historySteps(steps, names), Proposal: j.proposal(steps, zone)}
	for i := range attempts {
		if attempts[i].Direction == "inbound" && attempts[i].Discounted == "" {
			p.Contacts.Inbound++
		}
	}
	for i := range steps {
		if steps[i].JobID == j.ID && steps[i].RepeatOf != nil {
			p.Contacts.AskedAgain++
		}
	}
	workDone := map[ID]string{}
	for i := range visits {
		v := &visits[i]
		if v.JobID != j.ID {
			if v.WorkDone != "" {
				workDone[v.JobID] = v.WorkDone
			}
			continue
		}
		if status := historyStatus(v.Status); status != "" {
			pv := HistoryVisit{ID: v.ID, WindowStart: v.WindowStart, EndedAt: v.EndedAt, Status: status, Findings: v.Findings, WorkDone: v.WorkDone,
				Parts: v.Parts, Tested: v.Tested}
			for _, c := range v.Crew {
				pv.Crew = append(pv.Crew, names[c])
			}
			p.Visits = append(p.Visits, pv)
		}
	}
	for _, o := range promises {
		p.Promises = append(p.Promises, HistoryPromise{o.ID, o.Kind, o.What, names[o.OwnerID], o.DueAt, o.Status, o.Contacts})
	}
	for i := range earlier {
		o := &earlier[i]
		p.EarlierJobs = append(p.EarlierJobs, EarlierJob{o.ID, o.OpenedAt, o.EndedAt, o.Status, o.EndReason, workDone[o.ID]})
	}
	for i := range facts {
		f := &facts[i]
		var c corrected
		if len(f.Payload) == 0 || json.Unmarshal(f.Payload, &c) != nil {
			continue // erased
		}
		v := CorrectionView{At: f.RecordedAt, ByRole: f.ActorRole, StepID: c.StepID}
		if f.ActorID != nil {
			v.ByName = names[*f.ActorID]
		}
		for _, v.Change = range c.Changes {
			p.Corrections = append(p.Corrections, v)
		}
	}
	return p, nil
}

// historyStatus is a visit's status for the passport; empty leaves it out:
// nobody came, and nobody was to.
func historyStatus(st VisitStatus) string {
	switch st {
	case VisitScheduled, VisitRescheduled, VisitCancelled:
		return ""
	case VisitStopped:
		return "ended_early"
	default: // the others read as they are
	}
	return string(st)
}

// firstNames of everybody whom a passport names.
func (s *Service) firstNames(ctx context.Context, steps []StepRecord, facts []Entry, visits []Visit,
	promises []Promise) (map[ID]string, error) {
	var ids []ID
	for i := range steps {
		if steps[i].ByID != nil {
			ids = append(ids, *steps[i].ByID)
		}
	}
	for i := range facts {
		if facts[i].ActorID != nil {
			ids = append(ids, *facts[i].ActorID)
		}
	}
	for i := range visits {
		ids = append(ids, visits[i].Crew...)
	}
	for i := range promises {
		ids = append(ids, promises[i].OwnerID)
	}
	if len(ids) == 0 {
		return nil, nil
	}
	users, err := s.Read.Users(ctx, Scope{All: true}, UserFilter{IDs: ids}, Page{})
	names := map[ID]string{}
	for i := range users {
		names[users[i].ID] = users[i].FirstName()
	}
	return names, err
}

// historySteps folds the records of one step into one, oldest first.
func historySteps(steps []StepRecord, names map[ID]string) JSONList[HistoryStep] {
	out := JSONList[HistoryStep]{}
	place := map[string]int{}
	for i := range steps {
		r := &steps[i]
		name := ""
		if r.ByID != nil {
			name = names[*r.ByID]
		}
		mark := StepMark(r.Step)
		if k, ok := place[mark]; ok {
			out[k].Times++
			out[k].Repeats = append(out[k].Repeats, StepRepeat{r.ID, r.RepeatReason, r.Result, r.WatchedBy, r.Note, r.ByRole, name, r.OccurredAt})
			continue
		}
		place[mark] = len(out)
		out = append(out, HistoryStep{r.ID, r.Step, r.Result, r.WatchedBy, r.Note, r.JobID, r.ByRole, name, r.OccurredAt, r.RecordedAt, 1, nil})
	}
	return out
}

// Replacement is the path that failed tries propose. It blocks nothing.
type Replacement struct {
	Since     time.Time    `json:"since"`
	Status    string       `json:"status"` // proposed, accepted, declined, withdrawn
	Steps     JSONList[ID] `json:"steps"`  // the failed tries
	Reason    string       `json:"reason"`
	DecidedAt *time.Time   `json:"decided_at"`
	DecidedBy Role         `json:"decided_by"`
}

// replacementProposed reports whether a replacement waits for its answer.
func (j *Job) replacementProposed() bool {
	return j.Replacement.V != nil && j.Replacement.V.Status == "proposed"
}

// ReplacementDue is the rule: three failed tries, of which a professional
// watched at least one, propose the replacement path (docs/product.md section 4).
// It gives the failed tries.
func ReplacementDue(steps []StepRecord) (failed []ID, due bool) {
	watched := false
	for i := range steps {
		if steps[i].Result == "failed" {
			failed = append(failed, steps[i].ID)
			watched = watched || steps[i].WatchedBy == "professional"
		}
	}
	return failed, watched && len(failed) >= replacementAfter
}

// proposeReplacement proposes the replacement, once a (re)opening, and takes an
// unanswered proposal back when a correction proves its tries wrong.
func proposeReplacement(tx *Work, j *Job, steps []StepRecord) error {
	failed, due := ReplacementDue(steps)
	r := j.Replacement.V
	opened := j.OpenedAt
	if j.ReopenedAt != nil {
		opened = *j.ReopenedAt
	}
	switch {
	case j.replacementProposed() && !due:
		if err := tx.apply(r, "withdraw"); err != nil {
			return err
		}
		tx.entry(j, System, "replacement.withdrawn", nil, at(tx.Now), map[string]any{"steps": failed})
	case j.replacementProposed():
		r.Steps = failed
	case due && !j.Status.Ended() && (r == nil || r.Status == "withdrawn" || r.Since.Before(opened)):
		r = &Replacement{Since: tx.Now, Steps: failed}
		if err := tx.apply(r, "propose"); err != nil {
			return err
		}
		j.Replacement.V = r
		tx.entry(j, System, "replacement.proposed", nil, at(tx.Now), map[string]any{"steps": failed})
		c, err := openCase(tx, j)
		if err != nil {
			return err
		}
		return notifyStaff(c, nil, "replacement.proposed", RoleProprietor, RoleCoordinator)
	}
	return nil
}

// Proposal is the replacement as the passport shows it, with its reasons in
// words.
type Proposal struct {
	Since     time.Time        `json:"since"`
	Because   JSONList[string] `json:"because"`
	Status    string           `json:"status"`
	Reason    string           `json:"reason"`
	DecidedAt *time.Time       `json:"decided_at"`
	DecidedBy Role             `json:"decided_by"`
}

// proposal is the replacement as the job's history shows it, with its reasons.
func (j *Job) proposal(steps []StepRecord, zone *time.Location) *Proposal {
	r := j.Replacement.V
	if r == nil || r.Status == "withdrawn" {
		return nil
	}
	p := &Proposal{Since: r.Since, Status: r.Status, Reason: r.Reason, DecidedAt: r.DecidedAt, DecidedBy: r.DecidedBy}
	for i := range steps {
		if t := &steps[i]; has(r.Steps, t.ID) {
			p.Because = append(p.Because, fmt.Sprintf("%s: %s on %s, watched by %s", t.Step, t.Result, t.OccurredAt.In(zone).Format("2 Jan 2006"),
				watchWords[t.WatchedBy]))
		}
	}
	return p
}

var watchWords = map[string]string{"nobody": "nobody", "household": "the household", "professional": "a professional"}

// ReplacementAnswer accepts or declines the proposed replacement.
type ReplacementAnswer struct {
	Decision   string `json:"decision"` // accepted, declined
	Reason     string `json:"reason"`
	OccurredAt string `json:"occurred_at"`
}

// AnswerReplacement answers the proposal. Proprietor, area manager, agent.
// Errors: CodeState without an open proposal, CodeUnprocessable.
func (s *Service) AnswerReplacement(ctx context.Context, call *Call, job ID, in ReplacementAnswer) (JobView, error) {
	return s.onJob(ctx, call, job, "replacement", in.OccurredAt, func(m *Case) error {
		j := m.job
		switch {
		case !has([]string{"accepted", "declined"}, in.Decision):
			return Fail(CodeUnprocessable, "The replacement is accepted or declined.").At("/decision", "accepted or declined")
		case in.Decision == "declined" && strings.TrimSpace(in.Reason) == "":
			return Fail(CodeUnprocessable, "Say why the replacement is declined.").At("/reason", "a few words")
		case !j.replacementProposed():
			return Fail(CodeState, "No replacement is proposed.")
		}
		r := j.Replacement.V
		if err := m.tx.apply(r, "answer", in.Decision); err != nil {
			return err
		}
		r.Reason, r.DecidedAt, r.DecidedBy = in.Reason, ptr(m.said.occurred), call.Actor.Role
		m.entry(call.Actor, "replacement.answered", nil, map[string]any{"decision": in.Decision, "reason": in.Reason})
		return nil
	})
}
