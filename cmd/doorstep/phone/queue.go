package phone

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// What one upload takes at most (docs/phone.md, "Up").
const (
	mostInBatch    = 200
	mostBatchBytes = 256 << 10
)

// answers are to POST /v1/sync.
type answers struct {
	Responses []struct {
		ID         string          `json:"id"`
		Status     int             `json:"status"`
		Replayed   bool            `json:"replayed"`
		RetryAfter *int            `json:"retry_after"`
		Body       json.RawMessage `json:"body"`
	} `json:"responses"`
	Wipe bool `json:"wipe"`
}

// SyncUp sends what was done until the server has answered for all of it.
func (p *Phone) SyncUp(ctx context.Context) error {
	return p.alive(func() error { return p.up(ctx) })
}

func (p *Phone) up(ctx context.Context) error {
	for r := (retry{}); p.Queued() > 0; {
		batch, body := p.batch(false)
		a, err := p.signed(ctx, http.MethodPost, "/v1/sync", body, nil)
		if err != nil {
			return err
		}
		p.report.Batches++
		switch {
		case a.code == "device_lost":
			return p.lost(ctx)
		case a.status == http.StatusNotFound:
			return Older{"POST /v1/sync"}
		case !a.done():
			return fmt.Errorf("POST /v1/sync: %d %s %s", a.status, a.code, a.words())
		}
		left := p.Queued()
		after, _, err := p.answered(batch, a)
		if err != nil {
			return err
		}
		p.say("sent %d, %d left", len(batch), p.Queued())
		if p.Queued() < left && after == 0 {
			r = retry{}
		} else if err := p.again(ctx, &r, after); err != nil {
			return err
		}
	}
	return nil
}

// batch is the next upload: in order, as many as it takes. A sealed one reports whether more follows.
func (p *Phone) batch(sealed bool) (batch []*Item, body []byte) {
	type request struct {
		ID        string          `json:"id"`
		Method    string          `json:"method"`
		Path      string          `json:"path"`
		Body      json.RawMessage `json:"body"`
		DependsOn []string        `json:"depends_on,omitempty"`
	}
	out := struct {
		DeviceTime string    `json:"device_time"`
		More       bool      `json:"more,omitempty"`
		Requests   []request `json:"requests"`
	}{DeviceTime: p.clock().Format(time.RFC3339Nano), Requests: []request{}}
	size := 0
	for _, it := range p.state.Queue {
		if it.State != Waiting {
			continue
		}
		if size += len(it.Body) + len(it.Path) + 200; len(batch) == p.o.Batch || len(batch) > 0 && size > mostBatchBytes {
			out.More = sealed
			break
		}
		if p.sent[it.Key]++; p.sent[it.Key] > 1 {
			p.report.Retried++
		}
		p.report.Sent++
		batch = append(batch, it)
		out.Requests = append(out.Requests, request{it.Key, http.MethodPost, it.Path, it.Body, it.DependsOn})
	}
	body, _ = json.Marshal(&out)
	return batch, body
}

// answered settles each request of a batch. after is how long the server asks to wait with what is left.
func (p *Phone) answered(batch []*Item, a *answer) (after time.Duration, wipe bool, err error) {
	var got answers
	if err := json.Unmarshal(a.body, &got); err != nil {
		return 0, false, fmt.Errorf("POST /v1/sync: %w", err)
	}
	if len(got.Responses) != len(batch) {
		return 0, false, fmt.Errorf("POST /v1/sync: %d answers to %d requests", len(got.Responses), len(batch))
	}
	over := map[string]bool{}
	for i, it := range batch {
		r := &got.Responses[i]
		if r.ID != it.Key {
			return 0, false, fmt.Errorf("POST /v1/sync: answer %d is to %s, not to %s", i, r.ID, it.Key)
		}
		var problem struct {
			Code    string
			Detail  string
			ClaimID string `json:"claim_id"`
		}
		if r.Status >= http.StatusBadRequest {
			_ = json.Unmarshal(r.Body, &problem) // what cannot be read says nothing
		}
		it.Status, it.Code, it.Claim = r.Status, problem.Code, problem.ClaimID
		switch {
		case r.Status >= 200 && r.Status < 300:
			it.State = Done
			p.report.Done++
			if r.Replayed {
				p.report.Replayed++
			}
		case r.Status == http.StatusFailedDependency, r.Status == http.StatusUnauthorized, r.Status == http.StatusTooManyRequests,
			r.Status >= http.StatusInternalServerError, problem.Code == "idempotency_in_flight":
			if r.RetryAfter != nil {
				after = max(after, time.Duration(*r.RetryAfter)*time.Second)
			}
			continue
		case problem.Code == "claim_kept":
			it.State, over[it.Key] = Claimed, true
			p.report.Claimed++
			p.say("  %s is kept as a claim", it.What)
		default:
			it.State, over[it.Key] = Refused, true
			p.report.Refused = append(p.report.Refused, Refusal{it.What, r.Status, problem.Code, problem.Detail})
			p.say("  %s is refused: %s %s", it.What, problem.Code, problem.Detail)
		}
		it.Body = nil
	}
	p.release(over)
	p.save()
	return after, got.Wipe, nil
}

// release lets what waited for a request that will never be done be judged by itself.
func (p *Phone) release(over map[string]bool) {
	for _, it := range p.state.Queue {
		kept := it.DependsOn[:0]
		for _, id := range it.DependsOn {
			if !over[id] {
				kept = append(kept, id)
			}
		}
		it.DependsOn = kept
	}
}

// lost is what a phone does that was reported lost: it sends its queue once with the credential, then erases everything.
func (p *Phone) lost(ctx context.Context) error {
	p.say("this phone was reported lost: %d of its queue go up sealed, then it is wiped", p.Queued())
	p.report.Lost401 = true
	for r := (retry{}); p.Queued() > 0; {
		batch, body := p.batch(true)
		a, err := p.insist(ctx, http.MethodPost, "/v1/sync", body, map[string]string{"Authorization": "Device " + p.state.Credential})
		if err != nil {
			return err
		}
		if !a.done() { // an earlier upload was the last one
			break
		}
		after, wipe, err := p.answered(batch, a)
		if err != nil {
			return err
		}
		p.report.Batches++
		p.report.Sealed += len(batch)
		if wipe {
			break
		}
		if err := p.again(ctx, &r, after); err != nil {
			return err
		}
	}
	// What the simulator compares later is no part of the phone.
	p.report.sealed = p.state.Queue
	p.erase()
	p.state = state{Wiped: true}
	p.state.empty()
	p.save()
	p.report.Wiped = true
	return errWiped
}
