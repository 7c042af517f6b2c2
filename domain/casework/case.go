package casework

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"doorstep/domain"
)

// Work is one unit of work: a transaction with the instant that all of it is
// judged by, the request that it answers, and the jobs that it locked. What
// changed of them is saved once, at its end (see InWork).
type Work struct {
	domain.Tx
	Now  time.Time
	Call *Call // nil: nobody asked for it, it was due

	jobs []*lockedJob
	Svc  *Service
}

// NewID makes an id.
func (w *Work) NewID() domain.ID { return w.Svc.NewID() }

// errDryRun rolls a unit of work back that was only asked for.
var errDryRun = errors.New("dry run")

// InsertCustomer keeps a new household, whichever way it comes in.
func (w *Work) InsertCustomer(c *domain.Customer) error {
	if err := w.Tx.InsertCustomer(c); err != nil {
		return err
	}
	return HouseholdKept(w, c)
}

// SaveCustomer keeps what changed of a household.
func (w *Work) SaveCustomer(c *domain.Customer) error {
	if err := numbersChanged(w, c); err != nil {
		return err
	}
	if err := w.Tx.SaveCustomer(c); err != nil {
		return err
	}
	return HouseholdKept(w, c)
}

// Enqueue keeps notices for the commit; a dry run says which they would be.
func (w *Work) Enqueue(notices ...domain.Notice) {
	if w.Call != nil && w.Call.DryRun {
		w.Call.Told = append(w.Call.Told, notices...)
	}
	w.Tx.Enqueue(notices...)
}

// lockedJob is a job under its lock and as it was when it was read.
type lockedJob struct {
	job *domain.Job
	was domain.Job
	c   *Case // once its case was opened
}

func (w *Work) locked(id domain.ID) *lockedJob {
	for _, l := range w.jobs {
		if l.job.ID == id {
			return l
		}
	}
	return nil
}

// keep notes a job whose row is locked; it is saved at the end.
func (w *Work) keep(j *domain.Job) *domain.Job {
	if l := w.locked(j.ID); l != nil {
		return l.job
	}
	w.jobs = append(w.jobs, &lockedJob{job: j, was: asItIs(j)})
	return j
}

// asItIs copies a job, and of what it points to what is changed in place.
func asItIs(j *domain.Job) domain.Job {
	out := *j
	if r := j.Replacement.V; r != nil {
		out.Replacement.V = domain.Ptr(*r)
	}
	return out
}

// LockJob locks a job once; whoever asks again gets the same object.
func (w *Work) LockJob(id domain.ID) (*domain.Job, error) {
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
func (w *Work) LockVisit(id domain.ID) (*domain.Job, *domain.Visit, error) {
	j, v, err := w.Tx.LockVisit(id)
	if err != nil {
		return nil, nil, err
	}
	return w.keep(j), v, nil
}

// InsertJob writes a new job; what happens to it afterwards is saved at the end.
func (w *Work) InsertJob(j *domain.Job) error {
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

// Entry appends to a job's timeline.
func (w *Work) Entry(j *domain.Job, a domain.Actor, kind string, visit *domain.ID, st EntryTime, payload any) {
	body, err := json.Marshal(payload)
	if err != nil || payload == nil {
		body = []byte("{}")
	}
	f := &domain.Entry{ID: w.NewID(), Kind: kind, VisitID: visit, ActorRole: a.Role,
		OccurredAt: st.Occurred, ClaimedAt: st.Claimed, RecordedAt: st.Recorded, Payload: body}
	if a.Role != domain.RoleSystem && a.UserID != (domain.ID{}) { // of a household: who wrote it down for a caller
		f.ActorID = domain.Ptr(a.UserID)
	}
	j.Append(f)
	w.Append(f)
}

// Case is one job under its lock with what the rules need to know of it. It is
// opened once (OpenCase) and its job is saved once, with the unit of work that
// it belongs to.
type Case struct {
	Tx   *Work
	Now  time.Time
	Said EntryTime // of what is said to have happened; now, unless somebody claims another time

	Job       *domain.Job
	Customer  *domain.Customer
	Site      *domain.Site
	Centre    *domain.Centre
	Holds     []domain.Hold
	Plan      domain.JSONList[string]
	planSince time.Time    // facts from before it are not judged by the plan
	spoken    []time.Time  // with the household by phone, where the plan asks
	Held      *domain.Hold // the open safety hold, if any
	Roads     Roads        // how long the way is; nil: the great circle
	// technicians that were read anyway, with their leave from now on.
	crew   map[domain.ID]*domain.User
	leaves []domain.Leave

	closeAfter int  // days of the policy in force, once the verdict was computed
	Grouped    bool // the household's many contacts are one case, so nobody else is rung
	Ending     bool // the job ends in this transaction
	stopped    bool // a stop that had been received was carried out when the case was opened
	disrupted  bool // its visit stands and has to move, however full the centre's other day is
	approved   bool // the area manager confirms a safety-critical job unreachable
}

// VisitCase is a case with the visit that a move is about.
type VisitCase struct {
	*Case
	Visit *domain.Visit
}

// On is the case with a visit that a move is about.
func (c *Case) On(v *domain.Visit) *VisitCase { return &VisitCase{c, v} }

// OpenCase reads what the rules need to know of a locked job, once a unit of
// work.
func OpenCase(tx *Work, j *domain.Job) (*Case, error) {
	l := tx.locked(j.ID)
	if l != nil && l.c != nil {
		return l.c, nil
	}
	c := &Case{Tx: tx, Now: tx.Now, Said: At(tx.Now), Job: j, Roads: tx.Svc.Roads}
	var err error
	if c.Customer, err = tx.Customer(j.CustomerID); err != nil {
		return nil, err
	}
	if c.Site = c.Customer.Site(j.SiteID); c.Site == nil {
		c.Site = &domain.Site{ID: j.SiteID, Zone: "UTC"}
	}
	if c.Centre, err = tx.Centre(j.CentreID); err != nil {
		return nil, err
	}
	if c.Holds, err = tx.HoldsOver(j, true); err != nil {
		return nil, err
	}
	if err := c.readPlan(); err != nil {
		return nil, err
	}
	for i := range c.Holds {
		if h := &c.Holds[i]; h.Kind == domain.HoldSafety && h.LiftedAt == nil && (c.Held == nil || h.Since.Before(c.Held.Since)) {
			c.Held = h
		}
	}
	if l == nil {
		return c, nil
	}
	l.c = c
	for _, h := range slices.Clone(c.Holds) { // carrying a stop out changes them
		if !h.Pending() {
			continue
		}
		stopped, err := StopReceived(c, *h.StoppedVisitID)
		if err != nil {
			return nil, err
		}
		c.stopped = c.stopped || stopped
	}
	return c, nil
}

// OpenVisit locks a visit with its job and opens its case. Errors: CodeNotFound.
func OpenVisit(tx *Work, id domain.ID) (*VisitCase, error) {
	j, v, err := tx.LockVisit(id)
	if err != nil {
		return nil, err
	}
	c, err := OpenCase(tx, j)
	if err != nil {
		return nil, err
	}
	if c.stopped { // it was read before that
		if v, err = tx.Visit(id); err != nil {
			return nil, err
		}
	}
	return c.On(v), nil
}

// LogSecurity writes a line of the security log in the transaction of what it tells of.
func LogSecurity(tx *Work, e domain.SecurityEvent) error {
	e.ID, e.CreatedAt = tx.NewID(), tx.Svc.Wall().UTC().Truncate(time.Microsecond)
	return tx.InsertSecurityEvent(&e)
}

// InWork begins a transaction, lets fn do its work, and saves what changed. fn
// may run again.
func (s *Service) InWork(ctx context.Context, call *Call, fn func(tx *Work) error) error {
	return s.Store.InTx(ctx, func(tx domain.Tx) error {
		w := &Work{Tx: tx, Now: s.Instant(), Call: call, Svc: s}
		if err := fn(w); err != nil {
			return err
		}
		return w.save()
	})
}

// Run is one use case in one transaction; the answer is stored with the
// effect, and a repeated key gets that answer (docs/product.md section 8).
func Run[T any](ctx context.Context, s *Service, call *Call, fn func(tx *Work) (T, error)) (T, error) {
	var out T
	if call.Key != "" {
		mark := call.Actor.UserID.String() + "|" + call.Key
		if _, busy := s.Inflight.LoadOrStore(mark, struct{}{}); busy {
			return out, domain.Fail(domain.CodeIdemInFlight, "The first request with this key is still running.")
		}
		defer s.Inflight.Delete(mark)
	}
	err := s.InWork(ctx, call, func(tx *Work) error {
		call.Told = nil
		v, err := fn(tx)
		if err != nil {
			return err
		}
		if err := tx.save(); err != nil { // the answer tells of the job's version
			return err
		}
		out = v
		answer := &domain.Replay{ActorID: call.Actor.UserID, Key: call.Key, Hash: call.Hash, Standing: call.Actor.Standing(), Status: call.Status,
			CreatedAt: tx.Now, Body: []byte{}}
		if call.Encode != nil {
			if answer.Body, err = call.Encode(call.Actor, v); err != nil {
				return err
			}
		}
		if h, ok := any(v).(Headed); ok {
			id, version := h.Head()
			answer.Head = fmt.Sprintf("%s %d", id, version)
		}
		call.Answer = answer
		if call.DryRun {
			// A read sends what was gathered, so that the database refuses as it would.
			if _, err := tx.Replay(call.Actor.UserID, call.Key); err != nil {
				return err
			}
			return errDryRun
		}
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
	replayed, rerr := s.Replay(ctx, call)
	if rerr == nil && replayed {
		rerr = mayReadAgain(ctx, s, call.Actor, out, call.Answer)
	}
	if rerr != nil {
		err, call.Answer, call.Replayed = rerr, nil, false
	} else if replayed {
		err = nil
	}
	return out, err
}

// Entry appends to the job's timeline: what somebody says at the time that
// they say it happened, what the system does now.
func (c *Case) Entry(a domain.Actor, kind string, visit *domain.ID, payload any) {
	c.EntryAt(c.when(a), a, kind, visit, payload)
}

// EntryAt is entry at a time that is neither: of a due time, of what was learned late.
func (c *Case) EntryAt(st EntryTime, a domain.Actor, kind string, visit *domain.ID, payload any) {
	c.Tx.Entry(c.Job, a, kind, visit, st, payload)
}

// when is the time of what an actor does with the case.
func (c *Case) when(a domain.Actor) EntryTime {
	if a.Role == domain.RoleSystem {
		return At(c.Now)
	}
	return c.Said
}

// Stamp judges when what is said happened, by the clock of the device that
// said it.
func (c *Case) Stamp(call *Call, occurredAt string) (err error) {
	c.Said, err = Stamp(call, occurredAt, c.Site.Location(), c.Now)
	return err
}

// JobView is the job as an actor is shown it, with the version that it has once
// its changes are saved.
func (c *Case) JobView(a domain.Actor) (domain.JobView, error) {
	if err := c.Tx.save(); err != nil {
		return domain.JobView{}, err
	}
	return NewJobView(a, c.Job, c.Holds, c.Now), nil
}

// Apply is Apply at the instant of the unit of work.
func (w *Work) Apply(x domain.Subject, action string, to ...string) error {
	return domain.Apply(x, action, w.Now, to...)
}

// SetDeadline sets a due time; an open one of the same kind and subject gives way.
func (w *Work) SetDeadline(kind domain.DeadlineKind, subject domain.ID, job *domain.ID, due time.Time) {
	w.Arm(domain.Deadline{ID: w.NewID(), Kind: kind, SubjectID: subject, JobID: job, DueAt: due})
}
