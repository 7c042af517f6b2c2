package phone

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// reader reads what the server has, over a network that loses nothing.
type reader struct {
	p     *Phone
	token string
}

func (p *Phone) reader(ctx context.Context, name, password string) (*reader, error) {
	r := &reader{p: p}
	t, err := login(name, password, func(body []byte) (*answer, error) { return r.ask(ctx, http.MethodPost, "/v1/auth/login", body, "") })
	r.token = t.AccessToken
	return r, err
}

// ask sends one request; "later" is waited for.
func (r *reader) ask(ctx context.Context, method, path string, body []byte, key string) (*answer, error) {
	headers := map[string]string{}
	if r.token != "" {
		headers["Authorization"] = "Bearer " + r.token
	}
	if key != "" {
		headers["Idempotency-Key"] = key
	}
	for range 10 {
		a, err := exchange(ctx, r.p.o.HTTP, r.p.o.Server, method, path, body, headers)
		if err != nil {
			return nil, err
		}
		if a.ofContract(); a.status != http.StatusTooManyRequests && a.status != http.StatusServiceUnavailable {
			return a, nil
		}
		if err := r.p.o.Sleep(ctx, max(time.Second, a.retryAfter())); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("%s %s: the server is too busy", method, path)
}

// list reads all pages of a list. seen: the reader may.
func (r *reader) list(ctx context.Context, path string) (items []json.RawMessage, seen bool, err error) {
	for cursor := ""; ; {
		a, err := r.ask(ctx, http.MethodGet, path+"?limit=200&cursor="+url.QueryEscape(cursor), nil, "")
		switch {
		case err != nil:
			return nil, false, err
		case a.status == http.StatusNotFound || a.status == http.StatusForbidden:
			return nil, false, nil
		case !a.done():
			return nil, false, fmt.Errorf("GET %s: %d %s %s", path, a.status, a.code, a.words())
		}
		var page struct {
			Items      []json.RawMessage `json:"items"`
			NextCursor string            `json:"next_cursor"`
		}
		if err := json.Unmarshal(a.body, &page); err != nil {
			return nil, false, fmt.Errorf("GET %s: %w", path, err)
		}
		items = append(items, page.Items...)
		if cursor = page.NextCursor; cursor == "" {
			return items, true, nil
		}
	}
}

// Compare holds what the phone did, each once, against what the server says, and what the phone shows against what a
// new one would. It reads as the technician, or as the desk, where one was named.
func (p *Phone) Compare(ctx context.Context) error {
	own, err := p.reader(ctx, p.o.Login, p.o.Password)
	if err != nil {
		return err
	}
	by := own
	if p.o.DeskLogin != "" {
		if by, err = p.reader(ctx, p.o.DeskLogin, p.o.DeskPassword); err != nil {
			return err
		}
	}
	queue := p.state.Queue
	if p.state.Wiped {
		queue = p.report.sealed
	}
	if err := p.compareQueue(ctx, by, own, queue); err != nil {
		return err
	}
	if p.state.Wiped {
		p.leaks()
		return nil
	}
	return p.comparePicture(ctx, own)
}

// facts are what the server has of a job.
type facts struct {
	seen   bool
	moves  []json.RawMessage // of the timeline
	claims []json.RawMessage
	tries  []json.RawMessage
}

func (r *reader) facts(ctx context.Context, job string) (*facts, error) {
	entries, seen, err := r.list(ctx, "/v1/jobs/"+job+"/timeline")
	if err != nil || !seen {
		return &facts{}, err
	}
	f := &facts{seen: true}
	for _, raw := range entries {
		var e struct{ Kind string }
		if err := json.Unmarshal(raw, &e); err != nil {
			return nil, err
		}
		if e.Kind == "visit.claimed" {
			f.claims = append(f.claims, raw)
		} else {
			f.moves = append(f.moves, raw)
		}
	}
	f.tries, _, err = r.list(ctx, "/v1/jobs/"+job+"/attempts")
	return f, err
}

// count is how often something stands there.
func count(in []json.RawMessage, what string) (n int) {
	for _, raw := range in {
		if bytes.Contains(raw, []byte(what)) {
			n++
		}
	}
	return n
}

func (p *Phone) compareQueue(ctx context.Context, by, own *reader, queue []*Item) error {
	jobs := map[string]*facts{}
	var claims []json.RawMessage
	for _, it := range queue {
		f := jobs[it.Job]
		if f == nil {
			var err error
			if f, err = by.facts(ctx, it.Job); err != nil {
				return err
			}
			jobs[it.Job] = f
		}
		switch {
		case f.seen:
			p.compareItem(it, f)
		case it.State == Claimed: // the home is somebody else's by now, the claim is still one's own
			if claims == nil {
				var err error
				if claims, _, err = own.list(ctx, "/v1/claims"); err != nil {
					return err
				}
			}
			if count(claims, it.Claim) == 0 {
				p.report.Lost = append(p.report.Lost, it.words()+": its claim is not there")
			}
		default:
			p.report.Unseen++
		}
	}
	return nil
}

func (it *Item) words() string {
	return fmt.Sprintf("%s of visit %s (%s, %s)", it.What, it.Visit, it.Key, it.State)
}

func (p *Phone) compareItem(it *Item, f *facts) {
	of := mark(it.Key)
	moved, claimed := count(f.moves, of), count(f.claims, of)
	switch it.What {
	case "attempt":
		moved = count(f.tries, of)
	case "plan-seen": // it takes no words, and a second time is as the first
		moved = min(1, count(f.moves, `"visit.plan_seen"`))
	}
	report := &p.report
	switch {
	case moved > 1 || claimed > 1:
		report.Doubled = append(report.Doubled, fmt.Sprintf("%s: %d times", it.words(), max(moved, claimed)))
	case it.State == Refused && moved+claimed > 0:
		report.Unexpected = append(report.Unexpected, it.words()+": it is there")
	case it.State == Done && moved == 0, it.State == Claimed && claimed == 0, it.State == Waiting && moved+claimed == 0:
		report.Lost = append(report.Lost, it.words()+": it is not there")
	case it.State == Claimed && moved > 0:
		report.Unexpected = append(report.Unexpected, it.words()+": it moved")
	}
}

// comparePicture finds what a phone that was set up just now would not show, or only it.
func (p *Phone) comparePicture(ctx context.Context, own *reader) error {
	for tries := 0; ; tries++ { // something may change between the two, or be on its way
		fresh := New(Options{Server: p.o.Server, HTTP: p.o.HTTP, Now: p.o.Now, Sleep: p.o.Sleep})
		fresh.state.Access = own.token
		if err := fresh.SyncDown(ctx); err != nil {
			return err
		}
		stays, missing := differ(&p.state, &fresh.state)
		if len(stays)+len(missing) == 0 || tries == 5 {
			p.report.Stays, p.report.Missing = append(p.report.Stays, stays...), append(p.report.Missing, missing...)
			p.leaks()
			return nil
		}
		if err := p.o.Sleep(ctx, time.Second); err != nil {
			return err
		}
		if err := p.SyncDown(ctx); err != nil {
			return err
		}
	}
}

func differ(here, fresh *state) (stays, missing []string) {
	for id := range here.Visits {
		if _, ok := fresh.Visits[id]; !ok {
			stays = append(stays, "visit "+id)
		}
	}
	for id := range here.Homes {
		if _, ok := fresh.Homes[id]; !ok {
			stays = append(stays, "customer "+id)
		}
	}
	for id, v := range fresh.Visits {
		if w, ok := here.Visits[id]; !ok {
			missing = append(missing, "visit "+id)
		} else if v.Status != w.Status || !v.WindowStart.Equal(w.WindowStart) {
			missing = append(missing, fmt.Sprintf("visit %s as it is now: %s, not %s", id, v.Status, w.Status))
		}
	}
	for _, lists := range []struct {
		kind        string
		here, fresh map[string]json.RawMessage
	}{{"promise", here.Promises, fresh.Promises}, {"notice", here.Inbox, fresh.Inbox}} {
		for id := range lists.here {
			if _, ok := lists.fresh[id]; !ok {
				stays = append(stays, lists.kind+" "+id)
			}
		}
		for id := range lists.fresh {
			if _, ok := lists.here[id]; !ok {
				missing = append(missing, lists.kind+" "+id)
			}
		}
	}
	slices.Sort(stays)
	slices.Sort(missing)
	return stays, missing
}

// leaks looks for what was erased in all that the phone saved: ids, numbers and addresses of homes.
func (p *Phone) leaks() {
	var held strings.Builder
	for _, home := range p.state.Homes {
		held.Write(home)
	}
	for customer, words := range p.erased {
		for _, w := range words {
			quoted, _ := json.Marshal(w)
			quoted = bytes.Trim(quoted, `"`)
			if len(w) > 5 && bytes.Contains(p.saved, quoted) && !strings.Contains(held.String(), string(quoted)) {
				p.report.Stays = append(p.report.Stays, "something personal of customer "+customer)
				break
			}
		}
	}
}
