package domain

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"
)

// Work is one unit of work: a transaction with the instant that all of it is
// judged by, the request that it answers, and the jobs that it locked. What
// changed of them is saved once, at its end (see inWork).
type Work struct {
	Tx
	Now  time.Time
	Call *Call // nil: nobody asked for it, it was due

	jobs []*lockedJob
	svc  *Service
}

// NewID makes an id.
func (w *Work) NewID() ID { return w.svc.NewID() }

// errDryRun rolls a unit of work back that was only asked for.
var errDryRun = errors.New("dry run")

// Enqueue keeps notices for the commit; a dry run says which they would be.
func (w *Work) Enqueue(notices ...Notice) {
	if w.Call != nil && w.Call.DryRun {
		w.Call.Told = append(w.Call.Told, notices...)
	}
	w.Tx.Enqueue(notices...)
}

// lockedJob is a job under its lock and as it was when it was read.
type lockedJob struct {
	job *Job
	was Job
	c   *Case // once its case was opened
}

func (w *Work) locked(id ID) *lockedJob {
	for _, l := range w.jobs {
		if l.job.ID == id {
			return l
		}
	}
	return nil
}

// keep notes a job whose row is locked; it is saved at the end.
func (w *Work) keep(j *Job) *Job {
	if l := w.locked(j.ID); l != nil {
		return l.job
	}
	w.jobs = append(w.jobs, &lockedJob{job: j, was: asItIs(j)})
	return j
}

// asItIs copies a job, and of what it points to what is changed in place.
func asItIs(j *Job) Job {
	out := *j
	if r := j.Replacement.V; r != nil {
		out.Replacement.V = ptr(*r)
	}
	return out
}

// LockJob locks a job once; whoever asks again gets the same object.
func (w *Work) LockJob(id ID) (*Job, error) {
	if l := w.locked(id); l != nil {
		return l.job, nil
	}
	j, err := w.Tx.LockJob(id)
	if err != nil {
		return nil, err
	}
	return w.keep(j), nil
}

// LockVisit locks a visit and, before it, its job.
func (w *Work) LockVisit(id ID) (*Job, *Visit, error) {
	j, v, err := w.Tx.LockVisit(id)
	if err != nil {
		return nil, nil, err
	}
	return w.keep(j), v, nil
}

// InsertJob writes a new job; what happens to it afterwards is saved at the end.
func (w *Work) InsertJob(j *Job) error {
	if err := w.Tx.InsertJob(j); err != nil {
		return err
	}
	w.keep(j)
	return nil
}

// save writes the jobs that changed. One on which nothing changed moves no
// version either: whoever follows it would learn of a report that says nothing
// there.
func (w *Work) save() error {
	for _, l := range w.jobs {
		if reflect.DeepEqual(l.was, *l.job) {
			continue
		}
		l.job.UpdatedAt = w.Now
		if err := w.SaveJob(l.job); err != nil {
			return err
		}
		l.was = asItIs(l.job)
	}
	return nil
}

// entry appends to a job's timeline.
func (w *Work) entry(j *Job, a Actor, kind string, visit *ID, st EntryTime, payload any) {
	body, err := json.Marshal(payload)
	if err != nil || payload == nil {
		body = []byte("{}")
	}
	f := &Entry{ID: w.NewID(), Kind: kind, VisitID: visit, ActorRole: a.Role,
		OccurredAt: st.occurred, ClaimedAt: st.claimed, RecordedAt: st.recorded, Payload: body}
	if a.Role != RoleSystem && a.UserID != (ID{}) { // of a household: who wrote it down for a caller
		f.ActorID = ptr(a.UserID)
	}
	j.Append(f)
	w.Append(f)
}

// Case is one job under its lock with what the rules need to know of it. It is
// opened once (openCase) and its job is saved once, with the unit of work that
// it belongs to.
type Case struct {
	tx   *Work
	now  time.Time
	said EntryTime // of what is said to have happened; now, unless somebody claims another time

	job       *Job
	customer  *Customer
	site      *Site
	centre    *Centre
	holds     []Hold
	plan      JSONList[string]
	planSince time.Time   // facts from before it are not judged by the plan
	spoken    []time.Time // with the household by phone, where the plan asks
	held      *Hold       // the open safety hold, if any
	roads     Roads       // how long the way is; nil: the great circle
	// technicians that were read anyway, with their leave from now on.
	crew   map[ID]*User
	leaves []Leave

	closeAfter int  // days of the policy in force, once the verdict was computed
	folded     bool // the household's many contacts are one case, so nobody else is rung
	ending     bool // the job ends in this transaction
	disrupted  bool // its visit stands and has to move, however full the centre's other day is
	approved   bool // the area manager confirms a safety-critical job unreachable
}

// VisitCase is a case with the visit that a move is about.
type VisitCase struct {
	*Case
	visit *Visit
}

// on is the case with a visit that a move is about.
func (c *Case) on(v *Visit) *VisitCase { return &VisitCase{c, v} }

// openCase reads what the rules need to know of a locked job, once a unit of
// work.
func openCase(tx *Work, j *Job) (*Case, error) {
	l := tx.locked(j.ID)
	if l != nil && l.c != nil {
		return l.c, nil
	}
	c := &Case{tx: tx, now: tx.Now, said: at(tx.Now), job: j, roads: tx.svc.Roads}
	var err error
	if c.customer, err = tx.Customer(j.CustomerID); err != nil {
		return nil, err
	}
	if c.site = c.customer.site(j.SiteID); c.site == nil {
		c.site = &Site{ID: j.SiteID, Zone: "UTC"}
	}
	if c.centre, err = tx.Centre(j.CentreID); err != nil {
		return nil, err
	}
	if c.holds, err = tx.HoldsOver(j, true); err != nil {
		return nil, err
	}
	if err := c.readPlan(); err != nil {
		return nil, err
	}
	for i := range c.holds {
		if h := &c.holds[i]; h.Kind == HoldSafety && h.LiftedAt == nil && (c.held == nil || h.Since.Before(c.held.Since)) {
			c.held = h
		}
	}
	if l != nil {
		l.c = c
	}
	return c, nil
}

// inWork begins a transaction, lets fn do its work, and saves what changed. fn
// may run again.
func (s *Service) inWork(ctx context.Context, call *Call, fn func(tx *Work) error) error {
	return s.Store.InTx(ctx, func(tx Tx) error {
		w := &Work{Tx: tx, Now: s.instant(), Call: call, svc: s}
		if err := fn(w); err != nil {
			return err
		}
		return w.save()
	})
}

// run is one use case in one transaction; the answer is stored with the
// effect, and a repeated key gets that answer (docs/product.md section 8).
func run[T any](ctx context.Context, s *Service, call *Call, fn func(tx *Work) (T, error)) (T, error) {
	var out T
	if call.Key != "" {
		mark := call.Actor.UserID.String() + "|" + call.Key
		if _, busy := s.inflight.LoadOrStore(mark, struct{}{}); busy {
			return out, Fail(CodeIdemInFlight, "The first request with this key is still running.")
		}
		defer s.inflight.Delete(mark)
	}
	err := s.inWork(ctx, call, func(tx *Work) error {
		call.Told = nil
		v, err := fn(tx)
		if err != nil {
			return err
		}
		if err := tx.save(); err != nil { // the answer tells of the job's version
			return err
		}
		out = v
		if call.DryRun {
			// A read sends what was gathered, so that the database refuses as it would.
			if _, err := tx.Replay(call.Actor.UserID, call.Key); err != nil {
				return err
			}
			return errDryRun
		}
		answer := &Replay{ActorID: call.Actor.UserID, Key: call.Key, Hash: call.Hash, Standing: call.Actor.standing(), Status: call.Status,
			CreatedAt: tx.Now}
		if answer.Body, err = json.Marshal(shownTo(call.Actor, v)); err != nil {
			return err
		}
		if h, ok := any(v).(Headed); ok {
			id, version := h.Head()
			answer.Head = fmt.Sprintf("%s %d", id, version)
		}
		call.Answer = answer
		if call.Key != "" {
			tx.PutReplay(*answer)
		}
		return nil
	})
	if errors.Is(err, errDryRun) {
		return out, nil
	}
	if err == nil || call.Key == "" || call.DryRun {
		return out, err
	}
	// The key is looked up only when something refused: a first request, which
	// is nearly every one, spares the question, and a second one cannot commit
	// because its key is there.
	replayed, rerr := s.replay(ctx, call)
	if rerr == nil && replayed {
		rerr = s.mayReadAgain(ctx, call.Actor, out, call.Answer)
	}
	if rerr != nil {
		err, call.Answer, call.Replayed = rerr, nil, false
	} else if replayed {
		err = nil
	}
	return out, err
}

// entry appends to the job's timeline: what somebody says at the time that
// they say it happened, what the system does now.
func (c *Case) entry(a Actor, kind string, visit *ID, payload any) {
	c.entryAt(c.when(a), a, kind, visit, payload)
}

// entryAt is entry at a time that is neither: of a due time, of what was learned late.
func (c *Case) entryAt(st EntryTime, a Actor, kind string, visit *ID, payload any) {
	c.tx.entry(c.job, a, kind, visit, st, payload)
}

// when is the time of what an actor does with the case.
func (c *Case) when(a Actor) EntryTime {
	if a.Role == RoleSystem {
		return at(c.now)
	}
	return c.said
}

// stamp judges when what is said happened, by the clock of the device that
// said it.
func (c *Case) stamp(call *Call, occurredAt string) (err error) {
	c.said, err = stamp(call, occurredAt, c.site.Location(), c.now)
	return err
}

// jobView is the job as an actor is shown it, with the version that it has once
// its changes are saved.
func (c *Case) jobView(a Actor) (JobView, error) {
	if err := c.tx.save(); err != nil {
		return JobView{}, err
	}
	return NewJobView(a, c.job, c.holds, c.now), nil
}
