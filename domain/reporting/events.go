package reporting

import (
	"context"
	"slices"
	"sync"
	"time"

	"doorstep/domain"
)

// Event is what one listener is told: ids only (docs/product.md section 12).
type Event struct {
	Mark    domain.Mark `json:"-"`
	Kind    string      `json:"kind"`
	ID      domain.ID   `json:"id"`
	Version int64       `json:"version"`
	// Last of its mark: only then may a listener resume behind it.
	Last bool `json:"-"`
}

const (
	streamPause    = 300 * time.Millisecond // between two looks, while anybody listens
	streamPage     = 500                    // changes a look reads
	streamCatchUp  = 2000                   // changes a resumed stream reads; behind more it starts anew
	streamBacklog  = 64                     // batches a listener may be behind
	streamCentres  = time.Minute            // how long the area of a centre is believed
	streamDeadline = 5 * time.Second
	streamMost     = 2000 // listeners of a replica
	streamEach     = 8    // of a user
)

// ChangeFeed tells listeners what changed. One of them looks for all: while nobody
// listens nothing runs.
type ChangeFeed struct {
	read domain.Reader
	wall func() time.Time

	mu        sync.Mutex
	listeners map[*Listener]struct{}
	ends      context.CancelFunc // of the look-out; nil when there is none
	running   sync.WaitGroup
	at        domain.Mark // up to here everybody was told
	closed    bool
	areas     map[domain.ID]areaOf
}

type areaOf struct {
	area  domain.ID
	until time.Time
}

// NewChangeFeed makes a feed; wall is the clock of streams.
func NewChangeFeed(read domain.Reader, wall func() time.Time) *ChangeFeed {
	return &ChangeFeed{read: read, wall: wall, listeners: map[*Listener]struct{}{}, areas: map[domain.ID]areaOf{}}
}

// Listener gets what changes in its actor's scope: Missed first, then what
// comes from C. C is closed when the server stops or the listener fell behind;
// it may come again then, with its last mark.
type Listener struct {
	C      <-chan []Event
	Start  domain.Mark // where the stream begins
	Missed []Event     // since the mark it came with
	// Lost: what it missed is not known any more, so that it has to read
	// everything anew.
	Lost  bool
	feed  *ChangeFeed
	out   chan []Event
	actor domain.Actor
	from  domain.Mark // what lies before is told by Missed, or was told already
}

// Listen begins a stream for an actor, behind a mark when there is one. All
// staff, each the own scope. Errors: CodeThrottled, CodeUnavailable.
func (f *ChangeFeed) Listen(ctx context.Context, a domain.Actor, after *domain.Mark) (*Listener, error) {
	head, err := f.read.LastChange(ctx)
	if err != nil {
		return nil, err
	}
	l := &Listener{feed: f, out: make(chan []Event, streamBacklog), actor: a}
	l.C = l.out
	if err := f.join(l, head); err != nil {
		return nil, err
	}
	switch {
	case after == nil:
	case after.After(head): // of another database, or of this one before it was restored
		l.Lost = true
	case after.After(l.Start): // of a replica that looked later
		f.mu.Lock()
		l.Start, l.from = *after, *after
		f.mu.Unlock()
	default:
		if err := f.catchUp(ctx, l, *after); err != nil {
			l.Close()
			return nil, err
		}
	}
	return l, nil
}

// join puts a listener among the others.
func (f *ChangeFeed) join(l *Listener, head domain.Mark) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	mine := 0
	for o := range f.listeners {
		if o.actor.UserID == l.actor.UserID {
			mine++
		}
	}
	switch {
	case f.closed:
		return domain.Fail(domain.CodeUnavailable, "The server is stopping.")
	case mine >= streamEach:
		e := domain.Fail(domain.CodeThrottled, "At most %d streams of events at a time.", streamEach)
		e.RetryAfter = 15 * time.Second
		e.Quota = &domain.Quota{Name: "streams", Most: streamEach, Window: e.RetryAfter}
		return e
	case len(f.listeners) >= streamMost:
		return domain.Fail(domain.CodeUnavailable, "This server has as many streams of events as it can hold.")
	}
	if f.ends == nil {
		f.at = head
		ctx, cancel := context.WithCancel(context.Background())
		f.ends = cancel
		f.running.Go(func() { f.look(ctx) })
	}
	l.Start, l.from = f.at, f.at
	f.listeners[l] = struct{}{}
	return nil
}

// catchUp reads for one listener what lies between a mark and its start.
func (f *ChangeFeed) catchUp(ctx context.Context, l *Listener, after domain.Mark) error {
	first := after
	for read := 0; ; {
		changes, err := f.read.Changes(ctx, after, streamPage)
		if err != nil {
			return err
		}
		page := len(changes)
		changes = slices.DeleteFunc(changes, func(c domain.FeedChange) bool { return c.After(l.from) })
		about, err := f.about(ctx, changes)
		if err != nil {
			return err
		}
		l.Missed = append(l.Missed, about.told(l.actor, changes)...)
		if read += len(changes); read > streamCatchUp {
			l.Missed, l.Lost = nil, true
			return nil
		}
		if page < streamPage || len(changes) < page {
			l.Start = first
			return nil
		}
		after = changes[len(changes)-1].Mark
	}
}

// Become gives the listener another scope, after the user was changed.
func (l *Listener) Become(a domain.Actor) {
	l.feed.mu.Lock()
	defer l.feed.mu.Unlock()
	l.actor = a
}

// Close ends a stream; the last one ends the look-out too.
func (l *Listener) Close() {
	l.feed.mu.Lock()
	defer l.feed.mu.Unlock()
	l.feed.drop(l)
	if len(l.feed.listeners) == 0 && l.feed.ends != nil {
		l.feed.ends()
		l.feed.ends = nil
	}
}

// drop takes a listener out, under the lock.
func (f *ChangeFeed) drop(l *Listener) {
	if _, ok := f.listeners[l]; ok {
		delete(f.listeners, l)
		close(l.out)
	}
}

// Close ends all streams and waits for the look-out: the server stops.
func (f *ChangeFeed) Close() {
	f.mu.Lock()
	f.closed = true
	for l := range f.listeners {
		f.drop(l)
	}
	if f.ends != nil {
		f.ends()
		f.ends = nil
	}
	f.mu.Unlock()
	f.running.Wait()
}

// Listeners counts the streams.
func (f *ChangeFeed) Listeners() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.listeners)
}

// look reads what changed, for everybody, until ctx ends. A database that
// does not answer delays events and loses none.
func (f *ChangeFeed) look(ctx context.Context) {
	every := time.NewTicker(streamPause)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
		for more := true; more && ctx.Err() == nil; {
			within, cancel := context.WithTimeout(ctx, streamDeadline)
			more = f.once(within, ctx)
			cancel()
		}
	}
}

// once tells everybody one page of changes, and whether there may be more.
func (f *ChangeFeed) once(ctx, alive context.Context) bool {
	f.mu.Lock()
	after := f.at
	f.mu.Unlock()
	changes, err := f.read.Changes(ctx, after, streamPage)
	if err != nil || len(changes) == 0 {
		return false
	}
	about, err := f.about(ctx, changes)
	if err != nil {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if alive.Err() != nil { // perhaps another look-out has begun
		return false
	}
	f.at = changes[len(changes)-1].Mark
	for l := range f.listeners {
		batch := slices.DeleteFunc(about.told(l.actor, changes), func(e Event) bool { return !e.Mark.After(l.from) })
		if len(batch) == 0 {
			continue
		}
		select {
		case l.out <- batch:
		default:
			f.drop(l)
		}
	}
	return len(changes) == streamPage
}

// about reads what the scope of some changes depends on, once for everybody.
func (f *ChangeFeed) about(ctx context.Context, changes []domain.FeedChange) (*concern, error) {
	out := &concern{crews: map[domain.ID][]domain.ID{}, alarms: map[domain.ID]*domain.SOS{}, areas: map[domain.ID]domain.ID{}}
	var jobs, alarms []domain.ID
	var err error
	for _, c := range changes {
		for _, it := range c.Items {
			switch it.Kind {
			case domain.ChangedJob:
				jobs = append(jobs, it.ID)
			case domain.ChangedAlarm:
				alarms = append(alarms, it.ID)
			}
		}
		if c.CentreID != nil {
			if out.areas[*c.CentreID], err = f.area(ctx, *c.CentreID); err != nil {
				return nil, err
			}
		}
	}
	if len(jobs) > 0 {
		if out.crews, err = f.read.CrewsOfJobs(ctx, jobs); err != nil {
			return nil, err
		}
	}
	if len(alarms) > 0 {
		rows, err := f.read.AlarmsByID(ctx, alarms)
		if err != nil {
			return nil, err
		}
		for i := range rows {
			out.alarms[rows[i].ID] = &rows[i]
		}
	}
	return out, nil
}

// told lists what an actor learns of some changes.
func (f *concern) told(a domain.Actor, changes []domain.FeedChange) []Event {
	var out []Event
	for i := range changes {
		c, first := &changes[i], len(out)
		for k := range c.Items {
			if it := &c.Items[k]; domain.Streamed[it.Kind] && f.shows(a, c, it) {
				out = append(out, Event{Mark: c.Mark, Kind: it.Kind, ID: it.ID, Version: it.Version})
			}
		}
		if n := len(out); n > first {
			out[n-1].Last = true
		}
	}
	return out
}

// concern is what scope depends on besides the change itself.
type concern struct {
	crews  map[domain.ID][]domain.ID // by job
	alarms map[domain.ID]*domain.SOS
	areas  map[domain.ID]domain.ID // by centre
}

// shows reports whether an actor may know of a change: as they may read the thing
// itself (docs/product.md section 2), and who leaves a crew learns that they did.
func (f *concern) shows(a domain.Actor, c *domain.FeedChange, it *domain.ChangedItem) bool {
	if it.Kind == domain.ChangedAlarm {
		x := f.alarms[it.ID]
		return x != nil && x.Sees(a)
	}
	s := a.Scope()
	switch {
	case s.All:
		return true
	case a.Role == domain.RoleTechnician:
		return domain.Has(it.People, a.UserID) || it.Kind == domain.ChangedJob && domain.Has(f.crews[it.ID], a.UserID)
	case (it.Kind == domain.ChangedPromise || it.Kind == domain.ChangedLeave) && domain.Has(it.People, a.UserID):
		return true
	case c.CentreID == nil:
		return false
	case len(s.AreaIDs) > 0:
		return domain.Has(s.AreaIDs, f.areas[*c.CentreID])
	}
	return s.CentreID != (domain.ID{}) && s.CentreID == *c.CentreID
}

func (f *ChangeFeed) area(ctx context.Context, centre domain.ID) (domain.ID, error) {
	now := f.wall()
	f.mu.Lock()
	known, ok := f.areas[centre]
	f.mu.Unlock()
	if ok && now.Before(known.until) {
		return known.area, nil
	}
	v, err := f.read.Centre(ctx, domain.Scope{All: true}, centre)
	if err != nil {
		return domain.ID{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.areas[centre] = areaOf{v.AreaID, now.Add(streamCentres)}
	return v.AreaID, nil
}
