package customers

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"doorstep/domain"
	"doorstep/domain/casework"
)

// StepView is a step with how often it is recorded.
type StepView struct {
	domain.StepRecord
	Times int `json:"times"`
}

// StepInput records a step.
type StepInput struct {
	ID           *domain.ID `json:"id"`
	Step         string     `json:"step"`
	Result       string     `json:"result"`
	WatchedBy    string     `json:"watched_by"` // default nobody
	Note         string     `json:"note"`
	RepeatReason string     `json:"repeat_reason"`
	OccurredAt   string     `json:"occurred_at"`
}

// StepChange corrects a record; what is absent stays.
type StepChange struct {
	Step       *string    `json:"step"`
	Result     *string    `json:"result"`
	WatchedBy  *string    `json:"watched_by"`
	Note       *string    `json:"note"`
	Reason     string     `json:"reason"`
	OccurredAt string     `json:"occurred_at"`
	via        *domain.ID // the contact in which the household said it
}

// authorizeForHistory locks a job for somebody who may add to its history: any
// staff who reach it but the admin.
func authorizeForHistory(tx *casework.Work, a domain.Actor, job domain.ID) (*domain.Job, *casework.Case, error) {
	j, err := casework.AuthorizeJob(tx, a, job)
	if err != nil {
		return nil, nil, err
	}
	if a.Role == domain.RoleAdmin {
		return nil, nil, domain.Fail(domain.CodeForbidden, "As admin you may not write into a job's passport.")
	}
	c, err := casework.OpenCase(tx, j)
	return j, c, err
}

// RecordStep writes down a try. The crew, coordinator, proprietor, area
// manager, agent. Errors: CodeStepRecorded with the earlier record when the
// step is known and no reason is given; CodeClaimKept of who was in the crew then; CodeUnprocessable, CodeDuplicate.
func (s *Service) RecordStep(ctx context.Context, call *casework.Call, job domain.ID, in StepInput) (StepView, error) {
	out, err := casework.Run(ctx, s.Service, call, func(tx *casework.Work) (StepView, error) {
		j, c, err := authorizeForHistory(tx, call.Actor, job)
		if err != nil {
			return StepView{}, err
		}
		if err := c.Stamp(call, in.OccurredAt); err != nil {
			return StepView{}, err
		}
		if in.WatchedBy == "" {
			in.WatchedBy = "nobody"
		}
		r := domain.StepRecord{Meta: domain.NewMeta(casework.IDOr(s.Service, in.ID), tx.Now), Step: strings.TrimSpace(in.Step), Result: in.Result,
			WatchedBy: in.WatchedBy,
			Note:      strings.TrimSpace(in.Note)}
		if err := r.Check(); err != nil {
			return StepView{}, err
		}
		known, err := casework.StepsKnown(tx, j)
		if err != nil {
			return StepView{}, err
		}
		same := casework.SameStep(known, j.Category, r.Step)
		if in.ID != nil {
			if old, err := tx.Step(r.ID); err == nil {
				return StepView{*old, len(same)}, casework.SameOr(old.JobID == j.ID && old.Step == r.Step && old.Result == r.Result &&
					old.WatchedBy == r.WatchedBy)
			} else if !casework.NotFound(err) {
				return StepView{}, err
			}
		}
		if reason := strings.TrimSpace(in.RepeatReason); len(same) > 0 {
			if reason == "" {
				return StepView{}, domain.Fail(domain.CodeStepRecorded, "This was tried already. Do not ask the household again without a reason.").
					At("/repeat_reason", "why it has to be tried again").With("earlier", StepView{same[len(same)-1], len(same)})
			}
			r.RepeatOf, r.RepeatReason = &same[0].ID, reason
		}
		casework.StepTried(tx, j, call.Actor, &r, c.Said)
		if err := tx.InsertStep(&r); err != nil {
			return StepView{}, err
		}
		if err := casework.ProposeReplacement(tx, j, append(known, r)); err != nil {
			return StepView{}, err
		}
		return StepView{r, len(same) + 1}, nil
	})
	if casework.NotFound(err) {
		err = casework.KeepLate(ctx, s.Service, call, domain.ID{}, job, "tried-steps", in.OccurredAt, map[string]any{"step": in.Step,
			"result": in.Result, "watched_by": in.WatchedBy, "note": in.Note}, err)
	}
	return out, err
}

// CorrectStep corrects a record. Who may record one. Errors: CodeNotFound,
// CodeUnprocessable.
func (s *Service) CorrectStep(ctx context.Context, call *casework.Call, id domain.ID, in StepChange) (StepView, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (StepView, error) {
		r, err := tx.Step(id)
		if err != nil {
			return StepView{}, err
		}
		j, c, err := authorizeForHistory(tx, call.Actor, r.JobID)
		if casework.NotFound(err) {
			return StepView{}, domain.NotFound("tried step")
		} else if err != nil {
			return StepView{}, err
		}
		if err := c.Stamp(call, in.OccurredAt); err != nil {
			return StepView{}, err
		}
		if r, err = tx.Step(id); err != nil { // as it is under the lock
			return StepView{}, err
		}
		if err := correctStep(tx, j, call.Actor, r, in, c.Said); err != nil {
			return StepView{}, err
		}
		known, err := casework.StepsKnown(tx, j)
		if err != nil {
			return StepView{}, err
		}
		return StepView{*r, len(casework.SameStep(known, j.Category, r.Step))}, nil
	})
}

// correctStep changes a record and lets what follows from it follow.
func correctStep(tx *casework.Work, j *domain.Job, a domain.Actor, r *domain.StepRecord, in StepChange, st casework.EntryTime) error {
	var changes []casework.Change
	for _, f := range []struct {
		name string
		at   *string
		want *string
	}{{"step", &r.Step, in.Step}, {"result", &r.Result, in.Result}, {"watched_by", &r.WatchedBy, in.WatchedBy}, {"note", &r.Note, in.Note}} {
		if f.want != nil {
			changes = casework.ChangeOf(changes, f.name, f.at, strings.TrimSpace(*f.want))
		}
	}
	if err := r.Check(); err != nil {
		return err
	}
	j.ChangedAt(tx.Now)
	if len(changes) == 0 {
		return nil
	}
	casework.HistoryCorrected(tx, j, a, casework.Corrected{StepID: &r.ID, Changes: changes, Reason: in.Reason, Via: in.via}, st)
	r.ChangedAt(tx.Now)
	if err := tx.SaveStep(r); err != nil {
		return err
	}
	known, err := casework.StepsKnown(tx, j)
	if err != nil {
		return err
	}
	return casework.ProposeReplacement(tx, j, known)
}

// handleCorrection is the household's own correction: of what it says, where blank
// clears only what matters. A step that is recorded on the job has its result
// corrected; another one is added.
func handleCorrection(k *Request) error {
	tx, j, was, now := k.Tx, k.Job, *k.Job, k.Now
	r := domain.StepRecord{Meta: domain.NewMeta(k.Tx.NewID(), now), Result: k.In.Result, WatchedBy: "household", ViaID: k.via()}
	said := false
	for _, f := range []struct {
		pointer string
		raw     *string
		to      *string
		blank   bool // means something
	}{{"/fault", k.In.Fault, &j.Fault, false}, {"/what_matters", k.In.WhatMatters, &j.WhatMatters, true},
		{"/step", k.In.Step, &r.Step, false}} {
		if f.raw == nil {
			continue
		}
		text := strings.TrimSpace(strings.ReplaceAll(*f.raw, "\r\n", "\n"))
		if len([]rune(text)) > 500 {
			return domain.Fail(domain.CodeUnprocessable, "This is too long.").At(f.pointer, "at most 500 characters")
		}
		if text != "" || f.blank {
			*f.to, said = text, true
		}
	}
	if !said {
		return domain.Fail(domain.CodeUnprocessable, "Nothing was written.").At("/fault", "a few words").At("/step", "a few words")
	}
	casework.HistoryCorrected(tx, j, k.Actor, casework.Corrected{Changes: casework.StoryChanges(&was, j), Via: k.via()}, k.Said)
	if r.Step == "" {
		return nil
	}
	if err := r.Check(); err != nil {
		return err
	}
	known, err := casework.StepsKnown(tx, j)
	if err != nil {
		return err
	}
	for _, same := range slices.Backward(casework.SameStep(known, j.Category, r.Step)) {
		if same.JobID == j.ID {
			return correctStep(tx, j, k.Actor, &same, StepChange{Result: &r.Result, via: k.via()}, k.Said)
		}
	}
	casework.StepTried(tx, j, k.Actor, &r, k.Said)
	if err := tx.InsertStep(&r); err != nil {
		return err
	}
	return casework.ProposeReplacement(tx, j, append(known, r))
}

// via is the contact in which something was asked.
func (k *Request) via() *domain.ID {
	if k.contact == nil {
		return nil
	}
	return &k.contact.ID
}

// undoCorrections takes out what a stranger wrote by contacts that were theirs: a
// field that still reads as they left it reads as before, their steps are no
// records, and thanks that nobody has yet go no further.
func undoCorrections(k *Request, via map[domain.ID]bool) error {
	tx, j, now := k.Tx, k.Job, k.Now
	theirs := func(id *domain.ID) bool { return id != nil && via[*id] }
	facts, err := tx.EntriesOfKind(j.ID, casework.EntryHistoryCorrected)
	if err != nil {
		return err
	}
	steps, err := tx.StepsOf([]domain.ID{j.ID})
	if err != nil {
		return err
	}
	at := casework.At(now)
	for i := len(facts) - 1; i >= 0; i-- {
		var c casework.Corrected
		if json.Unmarshal(facts[i].Payload, &c) != nil || !theirs(c.Via) {
			continue
		}
		var back []casework.Change
		for _, f := range c.Changes {
			switch {
			case c.StepID != nil:
				for n := range steps {
					if r := &steps[n]; r.ID == *c.StepID && f.Field == "result" && r.Result == f.New {
						back = casework.ChangeOf(back, f.Field, &r.Result, f.Old)
						r.ChangedAt(now)
						if err := tx.SaveStep(r); err != nil {
							return err
						}
					}
				}
			case f.Field == "fault" && j.Fault == f.New:
				back = casework.ChangeOf(back, f.Field, &j.Fault, f.Old)
			case f.Field == "what_matters" && j.WhatMatters == f.New:
				back = casework.ChangeOf(back, f.Field, &j.WhatMatters, f.Old)
			}
		}
		casework.HistoryCorrected(tx, j, domain.System, casework.Corrected{StepID: c.StepID, Changes: back, Reason: "said by somebody else"}, at)
	}
	for i := range steps {
		if r := &steps[i]; theirs(r.ViaID) {
			r.WithdrawnAt = &now
			tx.Entry(j, domain.System, "step.withdrawn", nil, at, map[string]any{"step_id": r.ID, "because": "said by somebody else"})
			r.ChangedAt(now)
			if err := tx.SaveStep(r); err != nil {
				return err
			}
		}
	}
	known, err := casework.StepsKnown(tx, j)
	if err != nil {
		return err
	}
	if err := casework.ProposeReplacement(tx, j, known); err != nil {
		return err
	}
	return undoThanks(tx, j, via)
}

// JobHistory is what every new voice reads first (docs/product.md section 4). It
// holds nothing of reports, holds, exclusions, numbers or addresses.
type JobHistory struct {
	JobID       domain.ID                       `json:"job_id"`
	Fault       string                          `json:"fault"`
	WhatMatters string                          `json:"what_matters"`
	Language    string                          `json:"language"`
	VoiceOnly   bool                            `json:"voice_only"`
	TriedSteps  domain.JSONList[HistoryStep]    `json:"tried_steps"`
	Contacts    HistoryContacts                 `json:"contacts"`
	Proposal    *domain.Proposal                `json:"proposal"`
	Promises    domain.JSONList[HistoryPromise] `json:"promises"` // those still to be kept
	Visits      domain.JSONList[HistoryVisit]   `json:"visits"`
	EarlierJobs domain.JSONList[EarlierJob]     `json:"earlier_jobs"`
	Corrections domain.JSONList[CorrectionView] `json:"corrections"`
}

// HistoryStep is a step with everything that was said of it.
type HistoryStep struct {
	ID         domain.ID                   `json:"id"`
	Step       string                      `json:"step"`
	Result     string                      `json:"result"`
	WatchedBy  string                      `json:"watched_by"`
	Note       string                      `json:"note"`
	JobID      domain.ID                   `json:"job_id"`
	ByRole     domain.Role                 `json:"by_role"`
	ByName     string                      `json:"by_name"`
	OccurredAt time.Time                   `json:"occurred_at"`
	RecordedAt time.Time                   `json:"recorded_at"`
	Times      int                         `json:"times"`
	Repeats    domain.JSONList[StepRepeat] `json:"repeats"`
}

// StepRepeat is a further record of a step.
type StepRepeat struct {
	ID         domain.ID   `json:"id"`
	Reason     string      `json:"reason"`
	Result     string      `json:"result"`
	WatchedBy  string      `json:"watched_by"`
	Note       string      `json:"note"`
	ByRole     domain.Role `json:"by_role"`
	ByName     string      `json:"by_name"`
	OccurredAt time.Time   `json:"occurred_at"`
}

// HistoryPromise is what somebody still owes the household.
type HistoryPromise struct {
	ID       domain.ID            `json:"id"`
	Kind     string               `json:"kind"`
	What     string               `json:"what"`
	Owner    string               `json:"owner"` // a first name
	DueAt    time.Time            `json:"due_at"`
	Status   domain.PromiseStatus `json:"status"`
	Contacts int                  `json:"contacts"` // how often the household asked
}

// HistoryContacts counts what the fault cost the household.
type HistoryContacts struct {
	Inbound    int `json:"inbound"`     // it had to make contact
	AskedAgain int `json:"asked_again"` // for a recorded step
}

// HistoryVisit is a visit, short. A visit that was stopped reads ended_early:
// why is nobody's to read here.
type HistoryVisit struct {
	ID          domain.ID               `json:"id"`
	WindowStart time.Time               `json:"window_start"`
	EndedAt     *time.Time              `json:"ended_at"`
	Status      string                  `json:"status"`
	Crew        domain.JSONList[string] `json:"crew"` // first names
	Findings    string                  `json:"findings"`
	WorkDone    string                  `json:"work_done"`
	Parts       domain.JSONList[string] `json:"parts"`
	Tested      string                  `json:"tested"`
}

// EarlierJob is one on the same serial that the reader may see.
type EarlierJob struct {
	ID       domain.ID        `json:"id"`
	OpenedAt time.Time        `json:"opened_at"`
	EndedAt  *time.Time       `json:"ended_at"`
	Status   domain.JobStatus `json:"status"`
	Result   string           `json:"result"`
	WorkDone string           `json:"work_done"`
}

// CorrectionView is one change of one field.
type CorrectionView struct {
	At     time.Time   `json:"at"`
	ByRole domain.Role `json:"by_role"`
	ByName string      `json:"by_name"`
	StepID *domain.ID  `json:"step_id"`
	casework.Change
}

// historySources are the rows of which a job's history is made.
type historySources struct {
	job      *domain.Job
	customer *domain.Customer
	steps    []domain.StepRecord // of all jobs about the fault
	attempts []domain.Attempt
	facts    []domain.Entry // corrections
	earlier  []domain.Job   // on the same serial
	visits   []domain.Visit // of the job and of the earlier ones
	promises []domain.Promise
	names    map[domain.ID]string // first names of all whom they name
}

// JobHistory gathers what a new voice reads first. Who sees the job. Errors: CodeNotFound.
func (s *Service) JobHistory(ctx context.Context, a domain.Actor, id domain.ID) (JobHistory, error) {
	h, err := s.readHistory(ctx, a, id)
	if err != nil {
		return JobHistory{}, err
	}
	j, customer, zone := h.job, h.customer, time.UTC
	if site := customer.Site(j.SiteID); site != nil {
		zone = site.Location()
	}
	p := JobHistory{JobID: j.ID, Fault: j.Fault, WhatMatters: j.WhatMatters, Language: customer.Language, VoiceOnly: customer.VoiceOnly(),
		TriedSteps: historySteps(j.Category, h.steps, h.names), Contacts: h.contacts(), Proposal: j.Proposal(h.steps, zone),
		EarlierJobs: h.earlierJobs(), Corrections: h.corrections()}
	for i := range h.visits {
		v := &h.visits[i]
		if status := historyStatus(v.Status); v.JobID == j.ID && status != "" {
			pv := HistoryVisit{ID: v.ID, WindowStart: v.WindowStart, EndedAt: v.EndedAt, Status: status, Findings: v.Findings, WorkDone: v.WorkDone,
				Parts: v.Parts, Tested: v.Tested}
			for _, c := range v.Crew {
				pv.Crew = append(pv.Crew, h.names[c])
			}
			p.Visits = append(p.Visits, pv)
		}
	}
	for _, o := range h.promises {
		p.Promises = append(p.Promises, HistoryPromise{o.ID, o.Kind, o.What, h.names[o.OwnerID], o.DueAt, o.Status, o.Contacts})
	}
	return p, nil
}

func (s *Service) readHistory(ctx context.Context, a domain.Actor, id domain.ID) (*historySources, error) {
	j, err := s.Read.Job(ctx, a.Scope(), id)
	if err != nil {
		return nil, err
	}
	h := &historySources{job: j}
	all := domain.Scope{All: true}
	if h.customer, err = s.Read.Customer(ctx, all, j.CustomerID); err != nil {
		return nil, err
	}
	jobs, err := casework.SameFault(j, func(id domain.ID) (*domain.Job, error) { return s.Read.Job(ctx, all, id) })
	if err != nil {
		return nil, err
	}
	if h.steps, err = s.Read.Steps(ctx, all, jobs); err != nil {
		return nil, err
	}
	if h.attempts, err = s.Read.Attempts(ctx, all, j.ID, domain.Page{}); err != nil {
		return nil, err
	}
	if h.facts, err = s.Read.EntriesOfKind(ctx, all, j.ID, casework.EntryHistoryCorrected); err != nil {
		return nil, err
	}
	if j.Serial != "" {
		if h.earlier, err = s.Read.Jobs(ctx, a.Scope(), domain.JobFilter{Serial: j.Serial}, domain.Page{Limit: 50}); err != nil {
			return nil, err
		}
		h.earlier = slices.DeleteFunc(h.earlier, func(o domain.Job) bool { return o.ID == j.ID || o.OpenedAt.After(j.OpenedAt) })
	}
	told := []domain.ID{j.ID}
	for i := range h.earlier {
		told = append(told, h.earlier[i].ID)
	}
	if h.visits, err = s.Read.Visits(ctx, all, domain.VisitFilter{JobIDs: told}, domain.Page{}); err != nil {
		return nil, err
	}
	if h.promises, err = s.Read.Promises(ctx, domain.System, domain.PromiseFilter{Status: []domain.PromiseStatus{domain.PromiseOpen,
		domain.PromiseBroken}, JobID: &j.ID}, domain.Page{}); err != nil {
		return nil, err
	}
	h.names, err = s.firstNames(ctx, h.steps, h.facts, h.visits, h.promises)
	return h, err
}

func (h *historySources) contacts() (n HistoryContacts) {
	for i := range h.attempts {
		if h.attempts[i].Direction == "inbound" && h.attempts[i].Discounted == "" {
			n.Inbound++
		}
	}
	for i := range h.steps {
		if h.steps[i].JobID == h.job.ID && h.steps[i].RepeatOf != nil {
			n.AskedAgain++
		}
	}
	return n
}

func (h *historySources) earlierJobs() (out domain.JSONList[EarlierJob]) {
	workDone := map[domain.ID]string{}
	for i := range h.visits {
		if v := &h.visits[i]; v.WorkDone != "" {
			workDone[v.JobID] = v.WorkDone
		}
	}
	for i := range h.earlier {
		o := &h.earlier[i]
		out = append(out, EarlierJob{o.ID, o.OpenedAt, o.EndedAt, o.Status, o.EndReason, workDone[o.ID]})
	}
	return out
}

func (h *historySources) corrections() (out domain.JSONList[CorrectionView]) {
	for i := range h.facts {
		f := &h.facts[i]
		var c casework.Corrected
		if len(f.Payload) == 0 || json.Unmarshal(f.Payload, &c) != nil {
			continue // erased
		}
		v := CorrectionView{At: f.RecordedAt, ByRole: f.ActorRole, StepID: c.StepID}
		if f.ActorID != nil {
			v.ByName = h.names[*f.ActorID]
		}
		for _, v.Change = range c.Changes {
			out = append(out, v)
		}
	}
	return out
}

// historyStatus is a visit's status for the history; empty leaves it out:
// nobody came, and nobody was to.
func historyStatus(st domain.VisitStatus) string {
	switch st {
	case domain.VisitScheduled, domain.VisitRescheduled, domain.VisitCancelled:
		return ""
	case domain.VisitStopped:
		return "ended_early"
	default: // the others read as they are
	}
	return string(st)
}

// firstNames of everybody whom a history names.
func (s *Service) firstNames(ctx context.Context, steps []domain.StepRecord, facts []domain.Entry, visits []domain.Visit,
	promises []domain.Promise) (map[domain.ID]string, error) {
	var ids []domain.ID
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
	users, err := s.Read.Users(ctx, domain.Scope{All: true}, domain.UserFilter{IDs: ids}, domain.Page{})
	names := map[domain.ID]string{}
	for i := range users {
		names[users[i].ID] = users[i].FirstName()
	}
	return names, err
}

// historySteps folds the records of one step into one, oldest first.
func historySteps(category string, steps []domain.StepRecord, names map[domain.ID]string) domain.JSONList[HistoryStep] {
	out := domain.JSONList[HistoryStep]{}
	place := map[string]int{}
	for i := range steps {
		r := &steps[i]
		name := ""
		if r.ByID != nil {
			name = names[*r.ByID]
		}
		mark := domain.StepKey(category, r.Step)
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

// ReplacementAnswer accepts or declines the proposed replacement.
type ReplacementAnswer struct {
	Decision   string `json:"decision"` // accepted, declined
	Reason     string `json:"reason"`
	OccurredAt string `json:"occurred_at"`
}

// AnswerReplacement answers the proposal. Proprietor, area manager, agent.
// Errors: CodeState without an open proposal, CodeUnprocessable.
func (s *Service) AnswerReplacement(ctx context.Context, call *casework.Call, job domain.ID, in ReplacementAnswer) (domain.JobView, error) {
	return s.OnJob(ctx, call, job, "replacement", in.OccurredAt, func(m *casework.Case) error {
		j := m.Job
		switch {
		case !domain.Has([]string{"accepted", "declined"}, in.Decision):
			return domain.Fail(domain.CodeUnprocessable, "The replacement is accepted or declined.").At("/decision", "accepted or declined")
		case in.Decision == "declined" && strings.TrimSpace(in.Reason) == "":
			return domain.Fail(domain.CodeUnprocessable, "Say why the replacement is declined.").At("/reason", "a few words")
		case !j.ReplacementProposed():
			return domain.Fail(domain.CodeState, "No replacement is proposed.")
		}
		r := j.Replacement.V
		if err := m.Tx.Apply(r, "answer", in.Decision); err != nil {
			return err
		}
		r.Reason, r.DecidedAt, r.DecidedBy = in.Reason, domain.Ptr(m.Said.Occurred), call.Actor.Role
		m.Entry(call.Actor, "replacement.answered", nil, map[string]any{"decision": in.Decision, "reason": in.Reason})
		if in.Decision != "accepted" {
			return nil
		}
		owner, on, err := casework.ChooseOwner(m)
		if err != nil {
			return err
		}
		return casework.MakePromise(m, call.Actor, &domain.Promise{Meta: domain.NewMeta(m.Tx.NewID(), m.Now), Kind: domain.PromiseCallBack,
			Source: domain.FromStaff, What: "The replacement was accepted: say when and how it comes.", MadeBy: &call.Actor.UserID,
			DueAt: on.Add(m.Now, domain.PromiseDue)}, owner)
	})
}
