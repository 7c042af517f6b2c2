package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"doorstep/domain/slots"
)

// engine is a road engine that answers every table with one way, out and back.
func engine(t *testing.T, out, back float64, asked *atomic.Int32, ill *atomic.Bool) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if ill.Load() {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		n := strings.Count(r.URL.Path, ";") + 1
		query, _ := url.ParseQuery(strings.ReplaceAll(r.URL.RawQuery, ";", "%3B")) // OSRM's lists, which Go's queries do not take
		if !strings.HasPrefix(r.URL.Path, "/table/v1/driving/") || query.Get("annotations") != "duration" || n > 100 {
			t.Errorf("asked for %s", r.URL)
		}
		rows := [][]any{}
		if from, to := query.Get("sources"), query.Get("destinations"); from != "" && to != "" { // a whole day
			for range strings.Split(from, ";") {
				row := []any{}
				for range strings.Split(to, ";") {
					row = append(row, out)
				}
				rows = append(rows, row)
			}
			if len(strings.Split(from, ";"))+len(strings.Split(to, ";")) != n {
				t.Errorf("asked for %s", r.URL)
			}
		} else if from == "0" {
			row := []any{0.0}
			for range n - 1 {
				row = append(row, out)
			}
			rows = append(rows, row)
		} else {
			rows = append(rows, []any{0.0})
			for range n - 1 {
				rows = append(rows, []any{back})
			}
		}
		if out < 0 && len(rows[0]) > 1 {
			rows[0][1] = nil // no road
		}
		_ = json.NewEncoder(w).Encode(obj{"code": "Ok", "durations": rows})
	}))
	t.Cleanup(s.Close)
	return s
}

func TestRoadsComeFromTheEngineOrOverTheGreatCircle(t *testing.T) {
	var asked atomic.Int32
	var ill atomic.Bool
	make := func(address string) *roads {
		r, err := roadFlags{Speed: 25, OSRM: address, Profile: "driving"}.roads(slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		return r.(*roads)
	}
	site, near, far := slots.Place{Lat: 18.52, Lon: 73.85}, slots.Place{Lat: 18.53, Lon: 73.86}, slots.Place{Lat: 18.6, Lon: 73.9}
	straight := slots.GreatCircle(25)
	ctx := context.Background()

	r := make(engine(t, 600, 900, &asked, &ill).URL)
	if r.Minutes(site, near) != straight(site, near) {
		t.Error("a way that nobody asked for")
	}
	r.Learn(ctx, site, []slots.Place{near, far})
	if r.Minutes(site, near) != 10 || r.Minutes(near, site) != 15 || r.Minutes(far, site) != 15 ||
		r.Minutes(near, far) != straight(near, far) {
		t.Errorf("learned %v %v", r.Minutes(site, near), r.Minutes(near, site))
	}
	if r.Learn(ctx, site, []slots.Place{near, far}); asked.Load() != 2 {
		t.Errorf("asked %d times, also for what is known", asked.Load())
	}
	many := []slots.Place{}
	for i := range 1000 {
		many = append(many, slots.Place{Lat: 18.5, Lon: 73 + float64(i)/1000})
	}
	if r.Learn(ctx, site, many); asked.Load() != 2+2*roadTables {
		t.Errorf("asked %d times for many", asked.Load())
	}
	if r.Minutes(site, many[850]) != 10 || r.Minutes(site, many[0]) == 10 {
		t.Error("not the nearest are asked for")
	}

	// A whole day in tables of 50 on each side; what is known is not asked again.
	r = make(engine(t, 600, 600, &asked, &ill).URL)
	asked.Store(0)
	r.LearnAll(ctx, many[:120])
	if asked.Load() != 9 || r.Minutes(many[3], many[110]) != 10 || r.Minutes(many[119], many[0]) != 10 ||
		r.Minutes(many[3], many[3]) != straight(many[3], many[3]) || r.Minutes(many[3], many[130]) == 10 {
		t.Errorf("asked %d times; %v", asked.Load(), r.Minutes(many[3], many[110]))
	}
	if r.LearnAll(ctx, many[:120]); asked.Load() != 9 {
		t.Errorf("asked %d times, also for what is known", asked.Load())
	}
	if r.LearnAll(ctx, many); asked.Load() != 9+roadDay {
		t.Errorf("asked %d times for very many", asked.Load())
	}

	// No road to the first place: the great circle; the others are known.
	r = make(engine(t, -1, 900, &asked, &ill).URL)
	r.Learn(ctx, site, []slots.Place{near})
	if r.Minutes(near, site) != 15 || r.Minutes(site, near) != straight(site, near) {
		t.Errorf("without a road: %v %v", r.Minutes(near, site), r.Minutes(site, near))
	}

	// Failures fall back, and after three nothing is asked for a while.
	r = make(engine(t, 600, 600, &asked, &ill).URL)
	now := time.Now()
	r.now = func() time.Time { return now }
	ill.Store(true)
	asked.Store(0)
	for range 10 {
		r.Learn(ctx, site, []slots.Place{near})
	}
	if asked.Load() != roadFailures || r.Minutes(site, near) != straight(site, near) {
		t.Errorf("asked a broken engine %d times", asked.Load())
	}
	ill.Store(false)
	if r.Learn(ctx, site, []slots.Place{near}); asked.Load() != roadFailures {
		t.Error("asked while it rests")
	}
	now = now.Add(roadPause)
	if r.Learn(ctx, site, []slots.Place{near}); r.Minutes(site, near) != 10 {
		t.Error("not asked again after the pause")
	}

	// One that says nothing costs no more than the patience, one that is gone nothing.
	quiet := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(quiet.Close)
	r = make(quiet.URL)
	r.patience = 50 * time.Millisecond
	began := time.Now()
	r.LearnAll(ctx, many[:120])
	if r.Learn(ctx, site, []slots.Place{near}); time.Since(began) > time.Second || r.Minutes(site, near) != straight(site, near) {
		t.Errorf("waited %v", time.Since(began))
	}
	for _, wrong := range []roadFlags{{Speed: 0}, {Speed: 25, OSRM: "osrm"}, {Speed: 25, OSRM: "ftp://x"}} {
		if _, err := wrong.roads(nil); err == nil {
			t.Errorf("%+v is taken", wrong)
		}
	}
}

func TestWindowsAreConfigured(t *testing.T) {
	g, err := roadFlags{Window: 60, Opens: "09:00", Closes: "24:00"}.windows()
	if err != nil || g != (slots.Grid{From: 540, To: 1440, Minutes: 60}) {
		t.Errorf("%+v %v", g, err)
	}
	for _, wrong := range []roadFlags{{Window: 60, Opens: "nine", Closes: "20:00"}, {Window: 5, Opens: "09:00", Closes: "20:00"},
		{Window: 120, Opens: "19:00", Closes: "20:00"}} {
		if _, err := wrong.windows(); err == nil {
			t.Errorf("%+v is taken", wrong)
		}
	}
}

// TestTheRoadIsLongerThanItLooks: what the engine said counts for who searches
// and for who books.
func TestTheRoadIsLongerThanItLooks(t *testing.T) {
	stories(t, func(h *harness) {
		h.ignores("visit.assigned")
		var asked atomic.Int32
		var ill atomic.Bool
		r, err := roadFlags{Speed: 25, OSRM: engine(t, 3000, 3000, &asked, &ill).URL, Profile: "driving"}.roads(slog.New(slog.DiscardHandler))
		h.must(err)
		h.house.service.Roads = r
		desk, ravi := h.as("kiran"), h.people["ravi"].id.String()
		_, first := h.household(desk, nil)
		_, second := h.household(desk, obj{"sites": []obj{{"address": "2 Lane", "postal_code": "411001", "zone": "Asia/Kolkata", "lat": 18.521,
			"lon": 73.857}}})
		at := time.Date(2027, 3, 3, 10, 0, 0, 0, domainZone("Asia/Kolkata"))
		h.visit(desk, first, at, "ravi") // until 11:00
		for _, w := range items(desk.slots(second, "explain", "true", "from", at.Format(time.RFC3339), "to", at.Add(4*time.Hour).
			Format(time.RFC3339))) {
			for _, o := range list(w, "offers") {
				if start := instantOf(t, o["planned_start"]); o["crew"].([]any)[0] == ravi && start.Before(at.Add(110*time.Minute)) {
					t.Errorf("offered at %v, before he can be there", start)
				}
			}
		}
		if asked.Load() == 0 {
			t.Fatal("the engine was not asked")
		}
		b := obj{"window_start": at.Format(time.RFC3339), "window_end": at.Add(2 * time.Hour).Format(time.RFC3339),
			"planned_start": at.Add(75 * time.Minute).Format(time.RFC3339), "crew": []string{ravi}}
		no := desk.send("POST", path("/v1/jobs/%s/visits", second), b, 409)
		if no["code"] != "too_far" || no["reason"] != "travel" ||
			no["detail"] != "Ravi needs 50 min on the way from a visit that ends at 11:00." || len(list(no, "slots")) == 0 {
			t.Errorf("%v", no)
		}
		b["planned_start"] = at.Add(80 * time.Minute).Format(time.RFC3339)
		desk.send("POST", path("/v1/jobs/%s/visits", second), b, 201)
		if fmt.Sprint(items(desk.slots(second))) == "[]" {
			t.Error("nothing is offered")
		}
	})
}
