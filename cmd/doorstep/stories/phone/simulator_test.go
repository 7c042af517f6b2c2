package phone

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"doorstep/cmd/doorstep/phone"
	"doorstep/cmd/doorstep/stories/harness"
)

// bad is a network as it is in a cellar: a third is lost, a portal lies, answers are cut, the app is killed.
var bad = phone.Network{Loss: 0.3, Lies: 0.1, Cut: 0.05, Killed: 0.05, Delay: 2 * time.Second}

// simulated is a simulated phone of ravi, whose waits take no time.
func simulated(h *harness.Harness, change ...func(*phone.Options)) *phone.Phone {
	o := phone.Options{Server: h.URL, Login: "ravi", Password: harness.Password, DeskLogin: "kiran", DeskPassword: harness.Password,
		Visits: 8, Offline: 3 * time.Hour, Batch: 7, Seed: 5, Now: h.Clock.Now,
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}
	for _, c := range change {
		c(&o)
	}
	return phone.New(o)
}

// doors books visits of ravi, one after the other from Monday on.
func doors(h *harness.Harness, n int) (visits []object) {
	h.Helper()
	h.MayIgnore(noise...)
	h.MayIgnore("visit.no_access_desk", "timer.ping", "job.reached", "visits.assigned", "visit.stopped_desk", "visit.unconfirmed",
		"replacement.proposed")
	desk := h.As("kiran")
	for i := range n {
		_, job := h.Household(desk, nil)
		at := harness.Monday.Add(time.Duration(22*i) * time.Minute)
		visits = append(visits, desk.Send("POST", path("/v1/jobs/%s/visits", job), object{"window_start": harness.Monday.Format(time.RFC3339),
			"window_end": harness.Monday.Add(4 * time.Hour).Format(time.RFC3339), "planned_start": at.Format(time.RFC3339), "planned_minutes": 15,
			"crew": []any{h.People["ravi"].ID}}, 201))
	}
	return visits
}

// goes takes steps of a phone's day; each has to end well.
func goes(h *harness.Harness, steps ...func(context.Context) error) {
	h.Helper()
	for _, step := range steps {
		visible(h)
		h.Must(step(h.Context()))
	}
}

// wellEnded fails unless the phone and the server agree.
func wellEnded(h *harness.Harness, p *phone.Phone) *phone.Report {
	h.Helper()
	goes(h, p.Compare)
	r := p.Report()
	if !r.OK() || r.Unseen > 0 || p.Queued() > 0 {
		var said strings.Builder
		r.Print(&said)
		h.Errorf("%d wait still: %s", p.Queued(), said.String())
	}
	return r
}

// TestADayOnABadNetworkEndsWell: eight doors in three hours without network, then a third is lost, some
// answers come from a portal, some are cut, and the app is killed between sending and answer.
func TestADayOnABadNetworkEndsWell(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		visits := doors(h, 8)
		p := simulated(h, func(o *phone.Options) { o.Network = bad })
		goes(h, p.SignIn, p.SyncDown)
		if n := len(p.Holds()); n != 8 {
			t.Fatalf("%d visits came down", n)
		}
		h.Clock.Set(harness.Monday.Add(3 * time.Hour))
		goes(h, p.Work, p.SyncUp, p.SyncDown)
		r := wellEnded(h, p)
		n := &r.Network
		if r.Visits != 8 || r.Queued < 30 || r.Done != r.Queued || r.Replayed == 0 || r.Retried == 0 ||
			slices.Contains([]int{n.RequestsLost, n.AnswersLost, n.Lies, n.Cut, n.Killed}, 0) || n.Delayed < time.Minute/2 {
			t.Errorf("the day: %+v", r)
		}
		for _, v := range visits {
			if got := h.As("kiran").Visit(v); !slices.Contains([]string{"completed", "partial", "no_access"}, string(got.Status)) ||
				got.ArrivedAt.Before(harness.Monday) || got.ArrivedAt.After(harness.Monday.Add(3*time.Hour)) {
				t.Errorf("a visit is %s, arrived at %v", got.Status, got.ArrivedAt)
			}
		}
	})
}

// TestAClockThreeDaysWrong, before or behind, moves nothing to another day.
func TestAClockThreeDaysWrong(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		visits := doors(h, 2)
		for i, off := range []time.Duration{-72 * time.Hour, 72 * time.Hour} {
			p := simulated(h, func(o *phone.Options) { o.ClockOff, o.Visits, o.Offline = off, 1, time.Hour })
			goes(h, p.SignIn, p.SyncDown)
			h.Clock.Set(harness.Monday.Add(time.Duration(i+1) * time.Hour))
			goes(h, p.Work, p.SyncUp, p.SyncDown)
			if r := wellEnded(h, p); r.Done != r.Queued {
				t.Errorf("%v off: %+v", off, r)
			}
		}
		var arrived []time.Time
		for _, v := range visits {
			got := h.As("kiran").Visit(v)
			arrived = append(arrived, got.ArrivedAt)
		}
		slices.SortFunc(arrived, time.Time.Compare)
		for i, want := range []time.Duration{12 * time.Minute, 72 * time.Minute} {
			if got := arrived[i].Sub(harness.Monday); got != want {
				t.Errorf("arrived %v after nine, want %v", got, want)
			}
		}
	})
}

// TestTwoPhonesAtTheSameDoors work the same doors and send at once: each thing stands there once, by one of them.
func TestTwoPhonesAtTheSameDoors(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		visits := doors(h, 3)
		var phones []*phone.Phone
		for i := range 2 {
			p := simulated(h, func(o *phone.Options) { o.Network, o.Seed = phone.Network{Loss: 0.2}, uint64(i) })
			goes(h, p.SignIn, p.SyncDown)
			phones = append(phones, p)
		}
		h.Clock.Set(harness.Monday.Add(3 * time.Hour))
		var sent sync.WaitGroup
		for _, p := range phones {
			goes(h, p.Work)
			sent.Go(func() {
				if err := p.SyncUp(h.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		sent.Wait()
		done := 0
		for _, p := range phones {
			goes(h, p.SyncDown)
			r := wellEnded(h, p)
			done += r.Done
			if r.Done+r.Claimed+len(r.Refused) != r.Queued {
				t.Errorf("not each has an answer: %+v", r)
			}
		}
		if both := phones[0].Report().Queued + phones[1].Report().Queued; done >= both {
			t.Errorf("of %d things at the same doors %d were taken", both, done)
		}
		for _, v := range visits {
			if got := h.As("kiran").Visit(v); got.EndedAt.IsZero() {
				t.Errorf("a visit is %s", got.Status)
			}
		}
	})
}

// TestGivenAwayWhileOffline: reassigned, cancelled, moved and held in the hours without network. What was done is kept as claims
// or stands, and the phone erases the homes that are not its own any more.
func TestGivenAwayWhileOffline(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		visits := doors(h, 4)
		p := simulated(h, func(o *phone.Options) { o.Network = bad })
		goes(h, p.SignIn, p.SyncDown)
		h.Clock.Set(harness.Monday.Add(3 * time.Hour))
		desk := h.As("kiran")
		desk.Send("POST", path("/v1/visits/%s/assign", visits[0]), h.Crew("meena"), 200)
		desk.Send("POST", path("/v1/visits/%s/cancel", visits[1]), object{"reason": "moved away"}, 200)
		at := harness.Monday.Add(28 * time.Hour)
		moved := desk.Send("POST", path("/v1/visits/%s/reschedule", visits[2]), object{"window_start": at.Format(time.RFC3339),
			"window_end": at.Add(2 * time.Hour).Format(time.RFC3339), "crew": []any{h.People["ravi"].ID}}, 201)
		h.As("asha").Send("POST", "/v1/flags", object{"job_id": visits[3]["job_id"], "kind": "threat", "level": 3, "note": "x"}, 201)
		h.MayIgnore("flag.live", "flag.next_person", "hold.area", "visit.held", "visit.unassigned", "visit.moved_ours")
		goes(h, p.Work, p.SyncUp, p.SyncDown)
		r := wellEnded(h, p)
		if r.Claimed < 6 || r.Gone["reassigned"] != 1 || r.Gone["ended"] < 2 || len(r.Refused) > 0 || r.Done+r.Claimed != r.Queued {
			t.Errorf("the day: %+v", r)
		}
		holds := p.Holds()
		for i, gone := range []bool{true, true, true, false} {
			if _, here := holds[harness.String(visits[i]["id"])]; here == gone {
				t.Errorf("visit %d is on the phone: %v", i, here)
			}
		}
		if _, here := holds[harness.String(moved["id"])]; !here {
			t.Error("the moved visit is not on the phone")
		}
	})
}

// through is a client that lets a story look at each answer of an operation.
type through func(method, address string)

func (f through) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := http.DefaultTransport.RoundTrip(r)
	if err == nil {
		f(r.Method, r.URL.Path)
	}
	return res, err
}

// TestAPhoneReportedLostInMidQueue: the first upload moved visits, the rest goes up sealed as claims, and the phone is empty.
func TestAPhoneReportedLostInMidQueue(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		doors(h, 4)
		h.MayIgnore("visit.claimed")
		h.As("asha")
		var p *phone.Phone
		uploads := 0
		p = simulated(h, func(o *phone.Options) {
			o.Network = bad
			o.HTTP = &http.Client{Transport: through(func(method, address string) {
				if method != "POST" || address != "/v1/sync" {
					return
				}
				if uploads++; uploads == 1 {
					h.As("asha").Send("POST", "/v1/users/"+h.People["ravi"].ID.String()+"/devices/"+p.Installation()+"/lost", nil, 200)
				}
			})}
		})
		goes(h, p.SignIn, p.SyncDown)
		h.Clock.Set(harness.Monday.Add(3 * time.Hour))
		goes(h, p.Work)
		visible(h)
		if err := p.SyncUp(h.Context()); err == nil || !p.Wiped() {
			t.Fatalf("not wiped: %v", err)
		}
		r := wellEnded(h, p)
		if r.Done == 0 || r.Claimed < 3 || r.Sealed == 0 || len(p.Holds()) > 0 || p.Installation() != "" {
			t.Errorf("the day: %+v", r)
		}
		if err := p.SignIn(h.Context()); err == nil {
			t.Error("a wiped phone signs in as before")
		}
	})
}

// before stands before the server and changes what passes: the body of an upload, and the answer to a sync.
func before(h *harness.Harness, request func(method string, body object) object, answer func(method string, body object)) string {
	target, err := url.Parse(h.URL)
	h.Must(err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ModifyResponse = func(res *http.Response) error {
		if res.Request.URL.Path != "/v1/sync" || res.StatusCode != 200 {
			return nil
		}
		var body object
		if err := json.NewDecoder(res.Body).Decode(&body); err != nil {
			return err
		}
		answer(res.Request.Method, body)
		out, err := json.Marshal(body)
		res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(out)), int64(len(out))
		res.Header.Set("Content-Length", strconv.Itoa(len(out)))
		return err
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/sync" {
			r.Header.Del("Accept-Encoding") // what is compressed cannot be changed
		}
		if r.Method == "POST" && r.URL.Path == "/v1/sync" {
			var body object
			_ = json.NewDecoder(r.Body).Decode(&body) // the phone sends JSON
			out, _ := json.Marshal(request(r.Method, body))
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(out)), int64(len(out))
		}
		proxy.ServeHTTP(w, r)
	}))
	h.Cleanup(s.Close)
	return s.URL
}

// maybe lists what an answer has of a kind; nothing: it is another answer.
func maybe(body object, list string) (out []object) {
	all, _ := body[list].([]any)
	for _, it := range all {
		out = append(out, it.(object))
	}
	return out
}

func asSent(_ string, body object) object { return body }

// TestANewerServer: fields, values of enums, codes and whole lists that the phone does not know are passed over.
func TestANewerServer(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		doors(h, 2)
		newer := before(h, asSent, func(_ string, body object) {
			body["weather"] = []any{object{"id": "1", "is": "rain"}}
			for _, v := range maybe(body, "visits") {
				v["robots"] = object{"on": true}
				visit := v["visit"].(object)
				visit["mood"], visit["actions"] = "calm", append(visit["actions"].([]any), "teleport")
			}
			if gone, ok := body["gone"].([]any); ok {
				body["gone"] = append(gone, object{"kind": "robot", "id": "r1", "reason": "scrapped"},
					object{"kind": "visit", "id": "none", "reason": "melted"})
			}
			for _, a := range maybe(body, "responses") {
				a["carbon"] = 0.1
			}
		})
		p := simulated(h, func(o *phone.Options) { o.Server = newer })
		goes(h, p.SignIn, p.SyncDown)
		h.Clock.Set(harness.Monday.Add(3 * time.Hour))
		goes(h, p.Work, p.SyncUp, p.SyncDown)
		if r := wellEnded(h, p); r.Done != r.Queued || r.Queued == 0 {
			t.Errorf("the day: %+v", r)
		}
	})
}

// TestAnOlderServer is named in words, and what was done is kept.
func TestAnOlderServer(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		doors(h, 1)
		unknown := map[string]bool{}
		target, err := url.Parse(h.URL)
		h.Must(err)
		proxy := httputil.NewSingleHostReverseProxy(target)
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if unknown[r.Method+" "+r.URL.Path] {
				r.URL.Path = "/v1/no-such-thing"
			}
			proxy.ServeHTTP(w, r)
		}))
		h.Cleanup(s.Close)
		p := simulated(h, func(o *phone.Options) { o.Server = s.URL })
		goes(h, p.SignIn, p.SyncDown)
		h.Clock.Set(harness.Monday.Add(3 * time.Hour))
		goes(h, p.Work)
		for _, operation := range []string{"GET /v1/sync", "POST /v1/sync"} {
			unknown[operation] = true
		}
		for what, err := range map[string]error{"GET /v1/sync": p.SyncDown(h.Context()), "POST /v1/sync": p.SyncUp(h.Context())} {
			if err == nil || !strings.Contains(err.Error(), "older than this phone") || !strings.Contains(err.Error(), what) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if p.Queued() == 0 || p.Queued() != p.Report().Queued || len(p.Holds()) != 1 {
			t.Errorf("%d of %d are kept", p.Queued(), p.Report().Queued)
		}
		clear(unknown) // it was updated
		goes(h, p.SyncUp, p.SyncDown)
		wellEnded(h, p)
	})
}

// TestABrokenServerIsFound: one that swallows what it accepted, one that does a thing twice, and one that tells of nothing that is gone.
func TestABrokenServerIsFound(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		doors(h, 2)
		_, job := h.Household(h.As("kiran"), nil)
		h.Visit(h.As("kiran"), job, harness.Monday.Add(7*time.Hour), "ravi") // too far ahead for more than a call
		swallowed, repeated := 0, 0
		var hidden []any
		swallows := before(h, func(_ string, body object) object {
			for i, r := range maybe(body, "requests") {
				if strings.HasSuffix(harness.String(r["path"]), "/tried-steps") && swallowed == 0 {
					hidden, swallowed = []any{i, r}, 1
					body["requests"] = slices.Delete(body["requests"].([]any), i, i+1)
					break
				}
			}
			return body
		}, func(_ string, body object) {
			if hidden != nil && body["responses"] != nil {
				body["responses"] = slices.Insert(body["responses"].([]any), hidden[0].(int), any(object{"id": hidden[1].(object)["id"],
					"status": 201, "replayed": false, "etag": "", "retry_after": nil, "body": object{}}))
				hidden = nil
			}
		})
		repeats := before(h, func(_ string, body object) object {
			for _, r := range maybe(body, "requests") {
				if strings.HasSuffix(harness.String(r["path"]), "/attempts") && repeated == 0 {
					again := maps.Clone(r)
					again["id"], repeated = "another-key", 1
					body["requests"] = append(body["requests"].([]any), again)
					break
				}
			}
			return body
		}, func(_ string, body object) {
			if list, ok := body["responses"].([]any); ok && list[len(list)-1].(object)["id"] == "another-key" {
				body["responses"] = list[:len(list)-1]
			}
		})
		silent := before(h, asSent, func(_ string, body object) {
			if body["gone"] != nil {
				body["gone"] = []any{}
			}
		})
		h.Clock.Set(harness.Monday.Add(3 * time.Hour))
		found := map[string]*phone.Report{}
		for _, broken := range []struct{ what, at string }{{"swallows", swallows}, {"repeats", repeats}, {"silent", silent}} {
			p := simulated(h, func(o *phone.Options) { o.Server, o.Batch, o.Seed = broken.at, 200, 3 })
			goes(h, p.SignIn, p.SyncDown)
			if broken.what == "silent" {
				h.As("kiran").Send("POST", path("/v1/jobs/%s/cancel", job), object{"reason": "moved away"}, 200)
				goes(h, p.SyncDown, p.Compare)
			} else {
				goes(h, p.Work, p.SyncUp, p.SyncDown, p.Compare)
			}
			found[broken.what] = p.Report()
		}
		for what, list := range map[string][]string{"swallows": found["swallows"].Lost, "repeats": found["repeats"].Doubled} {
			if found[what].OK() || len(list) != 1 {
				t.Errorf("%s: %v, %+v", what, list, found[what])
			}
		}
		if stays := found["silent"].Stays; found["silent"].OK() || len(stays) < 2 {
			t.Errorf("silent: %v", stays)
		}
	})
}
