package phone

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// Visit is one that the phone shows. What the phone does not know of it is kept as it came, and passed over.
type Visit struct {
	ID          string          `json:"id"`
	Job         string          `json:"job"`
	Customer    string          `json:"customer"`
	Status      string          `json:"status"`
	Actions     []string        `json:"actions"`
	WindowStart time.Time       `json:"window_start"`
	Plan        []string        `json:"plan"`
	Screen      json.RawMessage `json:"screen"` // what is shown of it, but for the customer
}

// picture is an answer to GET /v1/sync. Fields that this phone does not know are none of its business.
type picture struct {
	AsOf     time.Time         `json:"as_of"`
	Full     bool              `json:"full"`
	Visits   []json.RawMessage `json:"visits"`
	Promises []json.RawMessage `json:"promises"`
	Inbox    []json.RawMessage `json:"inbox"`
	Me       *me               `json:"me"`
	Gone     []struct {
		Kind, ID, Reason string
	} `json:"gone"`
	Cursor string `json:"cursor"`
	More   bool   `json:"more"`
}

// SyncDown asks until there is nothing new.
func (p *Phone) SyncDown(ctx context.Context) error {
	return p.alive(func() error { return p.down(ctx) })
}

func (p *Phone) down(ctx context.Context) error {
	cursor := p.state.Cursor // of the next page; of a whole picture it is not saved before the last
	for {
		headers := map[string]string{}
		if p.state.ETag != "" && cursor == p.state.Cursor {
			headers["If-None-Match"] = p.state.ETag
		}
		a, err := p.signed(ctx, http.MethodGet, "/v1/sync?cursor="+url.QueryEscape(cursor), nil, headers)
		if err != nil {
			return err
		}
		p.report.Down++
		switch {
		case a.status == http.StatusNotModified:
			return nil
		case a.status == http.StatusGone:
			p.say("the cursor is gone: the picture begins anew, the queue stays")
			p.erase()
			p.save()
			cursor = ""
			continue
		case a.code == "device_lost":
			return p.lost(ctx)
		case a.status == http.StatusNotFound:
			return Older{"GET /v1/sync"}
		case !a.done():
			return fmt.Errorf("GET /v1/sync: %d %s %s", a.status, a.code, a.words())
		}
		var got picture
		if err := json.Unmarshal(a.body, &got); err != nil {
			return fmt.Errorf("GET /v1/sync: %w", err)
		}
		p.state.Ahead = got.AsOf.Sub(p.clock())
		if got.Me != nil {
			p.state.Me = got.Me
		}
		nothing := got.Cursor == cursor
		cursor = got.Cursor
		if err := p.take(&got); err != nil {
			return err
		}
		if !got.Full || !got.More {
			p.state.Cursor, p.state.ETag = got.Cursor, a.header.Get("ETag")
			p.save()
		}
		if !got.More && nothing {
			return nil
		}
	}
}

// take keeps a page: a thing replaces what was kept under its id, what is gone is erased with all that is personal.
func (p *Phone) take(got *picture) error {
	if got.Full && p.whole == nil { // the first page: it replaces what was kept
		p.whole = map[string]Visit{}
		p.state.Promises, p.state.Inbox = map[string]json.RawMessage{}, map[string]json.RawMessage{}
	}
	for _, raw := range got.Visits {
		v, home, err := readVisit(raw)
		if err != nil {
			return err
		}
		p.state.Homes[v.Customer] = home
		if got.Full {
			p.whole[v.ID] = v
		} else {
			p.state.Visits[v.ID] = v
		}
	}
	for list, into := range map[*[]json.RawMessage]map[string]json.RawMessage{&got.Promises: p.state.Promises, &got.Inbox: p.state.Inbox} {
		for _, raw := range *list {
			var it struct{ ID string }
			if err := json.Unmarshal(raw, &it); err != nil || it.ID == "" {
				return errors.Join(errors.New("something without an id came down"), err)
			}
			into[it.ID] = raw
		}
	}
	for _, g := range got.Gone {
		p.report.Gone[g.Reason]++
		switch g.Kind {
		case "visit":
			if _, here := p.state.Visits[g.ID]; here {
				p.say("visit %s is gone: %s", g.ID, g.Reason)
			}
			delete(p.state.Visits, g.ID)
			p.report.gone = append(p.report.gone, g.ID)
		case "promise":
			delete(p.state.Promises, g.ID)
		case "notice":
			delete(p.state.Inbox, g.ID)
		}
	}
	if got.Full && !got.More {
		p.state.Visits, p.whole = p.whole, nil
	}
	if p.whole == nil {
		p.forget()
	}
	return nil
}

// forget erases the homes that no visit names any more.
func (p *Phone) forget() {
	named := map[string]bool{}
	for _, v := range p.state.Visits {
		named[v.Customer] = true
	}
	for id, home := range p.state.Homes {
		if named[id] {
			delete(p.erased, id)
		} else {
			p.erased[id] = personal(home)
			delete(p.state.Homes, id)
		}
	}
}

// personal are a home's numbers and addresses.
func personal(home json.RawMessage) (out []string) {
	var c struct {
		ID       string
		Contacts []struct{ Phones []string }
		Sites    []struct{ Address string }
	}
	_ = json.Unmarshal(home, &c) // the shape may have grown; what is not read is looked for by the customer's id
	out = append(out, c.ID)
	for _, x := range c.Contacts {
		out = append(out, x.Phones...)
	}
	for _, s := range c.Sites {
		out = append(out, s.Address)
	}
	return out
}

// readVisit reads what the phone works with off a visit as it came.
func readVisit(raw json.RawMessage) (v Visit, home json.RawMessage, err error) {
	parts := map[string]json.RawMessage{}
	if err := json.Unmarshal(raw, &parts); err != nil {
		return v, nil, err
	}
	var of struct {
		ID          string    `json:"id"`
		JobID       string    `json:"job_id"`
		CustomerID  string    `json:"customer_id"`
		Status      string    `json:"status"`
		Actions     []string  `json:"actions"`
		WindowStart time.Time `json:"window_start"`
		Plan        []string  `json:"plan"`
	}
	if err := json.Unmarshal(parts["visit"], &of); err != nil || of.ID == "" {
		return v, nil, errors.Join(errors.New("a visit without an id came down"), err)
	}
	home = parts["customer"]
	delete(parts, "customer")
	screen, err := json.Marshal(parts)
	return Visit{of.ID, of.JobID, of.CustomerID, of.Status, of.Actions, of.WindowStart, of.Plan, screen}, home, err
}

// erase forgets everything but the queue.
func (p *Phone) erase() {
	for id, home := range p.state.Homes {
		p.erased[id] = personal(home)
	}
	p.state.empty()
	p.whole = nil
}
