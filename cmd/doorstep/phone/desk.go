package phone

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/google/uuid"
)

// Book registers so many households as the desk and books a visit of the technician at each, in the time that the
// phone will be without network, or as near to it as their day allows.
func (p *Phone) Book(ctx context.Context, n int) error {
	desk, err := p.reader(ctx, p.o.DeskLogin, p.o.DeskPassword)
	if err != nil {
		return err
	}
	b := booking{p: p, desk: desk}
	if err := b.made(ctx, http.MethodGet, "/v1/centres/"+p.state.Centre, nil, &b.centre); err != nil {
		return err
	}
	var whole struct {
		AsOf time.Time `json:"as_of"`
		Me   *me       `json:"me"`
	}
	a, err := p.signed(ctx, http.MethodGet, "/v1/sync?limit=1", nil, nil)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(a.body, &whole); err != nil {
		return fmt.Errorf("GET /v1/sync: %w", err)
	}
	b.now = whole.AsOf
	if whole.Me != nil {
		if why := whole.Me.offDuty(b.now); why != "" {
			return NothingToDo{fmt.Sprintf("%s is %s: %s can book nothing for now", p.o.Login, why, p.o.DeskLogin)}
		}
	}
	for i := range n {
		if err := b.one(ctx, i); err != nil {
			return err
		}
		p.report.Booked++
	}
	p.say("%s booked %d visits of %s", p.o.DeskLogin, n, p.o.Login)
	return nil
}

type booking struct {
	p      *Phone
	desk   *reader
	centre struct{ Zone, Country string }
	now    time.Time // the server's
	next   time.Duration
}

// bookedMinutes is how long a visit is planned.
const bookedMinutes = 5

// one registers a household, a job and a visit. Windows reach from the hours that passed to those that come, so that
// what is done without network lies in them.
func (b *booking) one(ctx context.Context, i int) error {
	number := fmt.Sprintf("+9170000%05d", rand.IntN(100_000)) // #nosec G404 -- no secret
	if b.centre.Country == "GB" {
		number = fmt.Sprintf("+447700900%03d", rand.IntN(1000)) // #nosec G404 -- no secret
	}
	var customer, job struct{ ID string }
	if err := b.made(ctx, http.MethodPost, "/v1/customers", map[string]any{"name": fmt.Sprintf("Simulated household %d", i+1),
		"contacts": []any{map[string]any{"name": "Sim Contact", "phones": []string{number}}},
		"sites": []any{map[string]any{"address": fmt.Sprintf("%d Simulated Street, house %d", i+1, rand.IntN(1_000_000)), // #nosec G404
			"zone": b.centre.Zone, "lat": 18.5204, "lon": 73.8567}}}, &customer); err != nil {
		return err
	}
	if err := b.made(ctx, http.MethodPost, "/v1/jobs", map[string]any{"customer_id": customer.ID, "fault": "does not start (simulated)"},
		&job); err != nil {
		return err
	}
	var last error
	for ; b.next < 14*time.Hour; b.next += bookedMinutes * time.Minute {
		planned := b.now.Add(-min(b.p.o.Offline, 11*time.Hour)).Add(b.next).Truncate(time.Minute)
		if b.next >= b.p.o.Offline+45*time.Minute { // no place there: earlier today
			planned = b.now.Add(-b.next).Truncate(time.Minute)
		}
		first := planned
		if at := b.now.Add(-min(b.p.o.Offline, 11*time.Hour)); at.Before(first) {
			first = at.Truncate(time.Minute)
		}
		if planned.Before(b.now.Add(-11 * time.Hour)) {
			break
		}
		err := b.made(ctx, http.MethodPost, "/v1/jobs/"+job.ID+"/visits", map[string]any{"window_start": first.Format(time.RFC3339),
			"window_end": b.now.Add(time.Hour).Truncate(time.Minute).Format(time.RFC3339), "planned_start": planned.Format(time.RFC3339),
			"planned_minutes": bookedMinutes, "crew": []string{b.p.state.User}}, nil)
		if err == nil {
			b.next += bookedMinutes * time.Minute
			return nil
		}
		last = err
	}
	return fmt.Errorf("no time is left for visit %d of %s: %w", i+1, b.p.o.Login, last)
}

func (b *booking) made(ctx context.Context, method, path string, body, out any) error {
	var raw []byte
	var key string
	if body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			return err
		}
		key = uuid.NewString()
	}
	a, err := b.desk.ask(ctx, method, path, raw, key)
	if err != nil {
		return err
	}
	if !a.done() {
		return fmt.Errorf("%s %s: %d %s %s", method, path, a.status, a.code, a.words())
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(a.body, out)
}
