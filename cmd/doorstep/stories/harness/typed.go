package harness

import (
	"cmp"
	"encoding/json"
	"fmt"

	"doorstep/cmd/doorstep/stories/harness/bodies"
)

// ask makes one request, demands the status and reads the answer as T.
func ask[T any](p *Client, method, path string, body any, want int) (out T) {
	p.Harness.Helper()
	raw, res := p.Raw(method, path, body)
	if res.StatusCode != want {
		p.Harness.Fatalf("%s %s as %s: %d, want %d: %s", method, path, p.Login, res.StatusCode, want, raw)
	}
	p.Harness.Must(json.Unmarshal(raw, &out))
	return out
}

// optional is a body that may be left out.
func optional[T any](body []T) any {
	if len(body) == 0 {
		return nil
	}
	return body[0]
}

// idOf is the id of an object as it was answered, or the id itself.
func idOf(v any) string {
	switch v := v.(type) {
	case Object:
		return fmt.Sprint(v["id"])
	case bodies.Job:
		return v.ID
	case bodies.Visit:
		return v.ID
	case bodies.StoppedVisit:
		return v.ID
	case bodies.SOS:
		return v.ID
	case bodies.Attempt:
		return v.ID
	case bodies.RaisedFlag:
		return v.ID
	}
	return fmt.Sprint(v)
}

func (p *Client) Job(job any) bodies.Job {
	p.Harness.Helper()
	return ask[bodies.Job](p, "GET", "/v1/jobs/"+idOf(job), nil, 200)
}

func (p *Client) ScheduleVisit(job any, in bodies.Schedule) bodies.Visit {
	p.Harness.Helper()
	return ask[bodies.Visit](p, "POST", "/v1/jobs/"+idOf(job)+"/visits", in, 201)
}

func (p *Client) Visit(visit any) bodies.Visit {
	p.Harness.Helper()
	return ask[bodies.Visit](p, "GET", "/v1/visits/"+idOf(visit), nil, 200)
}

// move carries out a move of a visit.
func (p *Client) move(visit any, name string, body any) bodies.Visit {
	p.Harness.Helper()
	return ask[bodies.Visit](p, "POST", "/v1/visits/"+idOf(visit)+"/"+name, body, 200)
}

func (p *Client) AssignVisit(visit any, in bodies.CrewInput) bodies.Visit {
	p.Harness.Helper()
	return p.move(visit, "assign", in)
}

func (p *Client) ConfirmVisit(visit any, in ...bodies.Confirm) bodies.Visit {
	p.Harness.Helper()
	return p.move(visit, "confirm", optional(in))
}

func (p *Client) CancelVisit(visit any, in bodies.CancelVisit) bodies.Visit {
	p.Harness.Helper()
	return p.move(visit, "cancel", in)
}

func (p *Client) EnRoute(visit any, in ...bodies.Move) bodies.Visit {
	p.Harness.Helper()
	return p.move(visit, "en-route", optional(in))
}

func (p *Client) Arrive(visit any, in ...bodies.Move) bodies.Visit {
	p.Harness.Helper()
	return p.move(visit, "arrive", optional(in))
}

func (p *Client) StartVisit(visit any, in ...bodies.Move) bodies.Visit {
	p.Harness.Helper()
	return p.move(visit, "start", optional(in))
}

// CompleteVisit ends a visit as done, with what its guard asks for where the
// story does not say it: an arrival, the work, the test.
func (p *Client) CompleteVisit(visit any, in ...bodies.Finish) bodies.Visit {
	p.Harness.Helper()
	var said bodies.Finish
	if len(in) > 0 {
		said = in[0]
	}
	if v := p.Visit(visit); v.ArrivedAt.IsZero() && v.StartedAt.IsZero() && said.Reason == "" {
		said.Reason = "phone_broken" // tells the household of no arrival and starts no timer
	}
	said.WorkDone, said.Tested = cmp.Or(said.WorkDone, "repaired"), cmp.Or(said.Tested, "works")
	return p.move(visit, "complete", said)
}

func (p *Client) StopVisit(visit any, in ...bodies.Stop) bodies.StoppedVisit {
	p.Harness.Helper()
	return ask[bodies.StoppedVisit](p, "POST", "/v1/visits/"+idOf(visit)+"/stop", optional(in), 200)
}

// Attempt writes down that a household was tried to be reached. A call that claims to be recorded comes with the record of
// the phone, which takes as long as it rang.
func (p *Client) Attempt(job any, in bodies.AttemptCreate) bodies.Attempt {
	p.Harness.Helper()
	if in.Grade == bodies.AttemptCreateGradeRecorded && in.Channel == "phone" && in.EvidenceDigest == "" {
		in = p.Harness.CallRecord(job, in)
	}
	return ask[bodies.Attempt](p, "POST", "/v1/jobs/"+idOf(job)+"/attempts", in, 201)
}

func (p *Client) FlagVisit(visit any, in bodies.VisitFlagCreate) bodies.RaisedFlag {
	p.Harness.Helper()
	return ask[bodies.RaisedFlag](p, "POST", "/v1/visits/"+idOf(visit)+"/flags", in, 201)
}

func (p *Client) CreateFlag(in bodies.FlagCreate) bodies.RaisedFlag {
	p.Harness.Helper()
	return ask[bodies.RaisedFlag](p, "POST", "/v1/flags", in, 201)
}

func (p *Client) RaiseSOS(in ...bodies.SOSRaise) bodies.SOS {
	p.Harness.Helper()
	return ask[bodies.SOS](p, "POST", "/v1/sos", optional(in), 201)
}

func (p *Client) SOS(sos any) bodies.SOS {
	p.Harness.Helper()
	return ask[bodies.SOS](p, "GET", "/v1/sos/"+idOf(sos), nil, 200)
}

func (p *Client) AcknowledgeSOS(sos any, in ...bodies.SOSAcknowledge) bodies.SOS {
	p.Harness.Helper()
	return ask[bodies.SOS](p, "POST", "/v1/sos/"+idOf(sos)+"/acknowledge", optional(in), 200)
}

func (p *Client) ResolveSOS(sos any, in bodies.SOSResolve) bodies.SOS {
	p.Harness.Helper()
	return ask[bodies.SOS](p, "POST", "/v1/sos/"+idOf(sos)+"/resolve", in, 200)
}
