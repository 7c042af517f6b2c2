package phone

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// What became of something that was done.
const (
	Waiting = "waiting" // on the phone
	Done    = "done"
	Claimed = "claimed" // on record, and nothing moved
	Refused = "refused"
)

// Item is one thing that was done, kept until the server answered for it. Its words hold its key, by which it is
// found again on the server.
type Item struct {
	Key       string          `json:"id"`
	What      string          `json:"what"`
	Visit     string          `json:"visit"`
	Job       string          `json:"job"`
	Path      string          `json:"path"`
	Body      json.RawMessage `json:"body,omitempty"` // forgotten once it is answered for
	DependsOn []string        `json:"depends_on,omitempty"`
	State     string          `json:"state"`
	Status    int             `json:"status"`
	Code      string          `json:"code"`
	Claim     string          `json:"claim"`
}

// near is how long before its window a visit can end (docs/product.md section 3).
const near = 2 * time.Hour

// Work does what a technician does at their doors while there is no network: each visit in turn gets its share of
// the time. What is done is dated by the phone's clock.
func (p *Phone) Work(ctx context.Context) error {
	return p.alive(func() error { return p.atWork(ctx) })
}

func (p *Phone) atWork(ctx context.Context) error {
	if p.state.Wiped {
		return errWiped
	}
	from := p.clock()
	if !p.o.RealTime {
		from = from.Add(-p.o.Offline)
	}
	var list []Visit
	for _, v := range p.state.Visits {
		if slices.Contains([]string{"scheduled", "en_route", "arrived", "in_progress"}, v.Status) && len(v.Actions) > 0 {
			list = append(list, v)
		}
	}
	slices.SortFunc(list, func(a, b Visit) int {
		if c := a.WindowStart.Compare(b.WindowStart); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	if len(list) > p.o.Visits {
		list = list[:p.o.Visits]
	}
	if len(list) == 0 {
		return p.nothingToDo()
	}
	share := p.o.Offline / time.Duration(len(list))
	p.say("without network for %v: %d visits to work", p.o.Offline, len(list))
	for i, v := range list {
		d := doing{p: p, v: v, from: from.Add(time.Duration(i) * share), share: share}
		if err := d.visit(ctx); err != nil {
			return err
		}
		p.report.Visits++
	}
	p.report.Queued = len(p.state.Queue)
	return nil
}

// doing is the work at one door.
type doing struct {
	p     *Phone
	v     Visit
	from  time.Time
	share time.Duration
	last  string // key of the move before
}

// visit goes as far as the moves that the visit shows, and its window, allow.
func (d *doing) visit(ctx context.Context) error {
	may := func(action string) bool { return slices.Contains(d.v.Actions, action) }
	if may("plan-seen") {
		if err := d.move(ctx, 0, "plan-seen", nil); err != nil {
			return err
		}
	}
	if d.from.Add(d.p.state.Ahead).Before(d.v.WindowStart.Add(-near)) { // only told that somebody will come
		if err := d.attempt(ctx, 0.2, "phone", "no_answer"); err != nil {
			return err
		}
		return d.step(ctx, 0.5)
	}
	for _, m := range []struct {
		action, after string
		at            float64
	}{{"en-route", "scheduled", 0.02}, {"arrive", "en_route", 0.2}, {"start", "arrived", 0.3}} {
		if m.action == "start" && d.closed() {
			return d.noAccess(ctx)
		}
		if may(m.action) {
			if err := d.move(ctx, m.at, m.action, nil); err != nil {
				return err
			}
		}
	}
	for range 1 + d.p.work.IntN(2) {
		if err := d.step(ctx, 0.4+0.2*d.p.work.Float64()); err != nil {
			return err
		}
	}
	end, said := "complete", map[string]any{"findings": "Found worn.", "work_done": "Part replaced.", "tested": "Ran for ten minutes: works.",
		"parts": []string{"P-100"}}
	if d.p.work.IntN(4) == 0 {
		end, said = "partial", map[string]any{"findings": "A part is missing.", "work_done": "Cleaned."}
	}
	if !may(end) {
		return nil
	}
	return d.move(ctx, 0.9, end, said)
}

// closed reports whether nobody opens: now and then, where there is time to wait.
func (d *doing) closed() bool {
	return d.p.work.IntN(5) == 0 && d.v.Status == "scheduled" && slices.Contains(d.v.Actions, "no-access") && d.share >= 20*time.Minute &&
		!d.from.Add(d.p.state.Ahead).Before(d.v.WindowStart)
}

// noAccess tries what it asks for, and waits.
func (d *doing) noAccess(ctx context.Context) error {
	if err := d.attempt(ctx, 0.4, "phone", "no_answer"); err != nil {
		return err
	}
	if err := d.attempt(ctx, 0.5, "sms", "sent"); err != nil {
		return err
	}
	return d.move(ctx, 0.9, "no-access", nil)
}

func (d *doing) move(ctx context.Context, at float64, action string, said map[string]any) error {
	if said == nil {
		said = map[string]any{}
	}
	key := uuid.NewString()
	said["note"] = mark(key)
	it := &Item{Key: key, What: action, Path: "/v1/visits/" + d.v.ID + "/" + action}
	if action == "plan-seen" { // it takes no words
		said = map[string]any{}
	}
	if d.last != "" {
		it.DependsOn = []string{d.last}
	}
	d.last = key
	return d.keep(ctx, at, it, said)
}

func (d *doing) attempt(ctx context.Context, at float64, channel, outcome string) error {
	key := uuid.NewString()
	said := map[string]any{"channel": channel, "outcome": outcome, "offline": true, "note": mark(key)}
	if channel == "phone" {
		said["ring_seconds"] = 20 + d.p.work.IntN(20)
	}
	it := &Item{Key: key, What: "attempt", Path: "/v1/visits/" + d.v.ID + "/attempts"}
	if d.last != "" {
		it.DependsOn = []string{d.last}
	}
	return d.keep(ctx, at, it, said)
}

func (d *doing) step(ctx context.Context, at float64) error {
	key := uuid.NewString()
	it := &Item{Key: key, What: "step", Path: "/v1/jobs/" + d.v.Job + "/tried-steps"}
	return d.keep(ctx, at, it, map[string]any{"step": "Cleaned the filter. " + mark(key), "result": "failed", "watched_by": "professional"})
}

// keep puts what was done in the queue.
func (d *doing) keep(ctx context.Context, at float64, it *Item, said map[string]any) error {
	when := d.from.Add(time.Duration(at * float64(d.share)))
	if wait := when.Sub(d.p.clock()); d.p.o.RealTime && wait > 0 {
		if err := d.p.o.Sleep(ctx, wait); err != nil {
			return err
		}
	}
	if it.What != "plan-seen" {
		said["occurred_at"] = when.Format(time.RFC3339Nano)
	}
	body, err := json.Marshal(said)
	if err != nil {
		return err
	}
	it.Visit, it.Job, it.Body, it.State = d.v.ID, d.v.Job, body, Waiting
	d.p.state.Queue = append(d.p.state.Queue, it)
	d.p.save()
	return nil
}

// mark is the words by which something is found again.
func mark(key string) string { return "Simulated phone, " + key }
