package roads

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"doorstep/cmd/doorstep/roads/osrmtest"
	"doorstep/domain/slots"
)

func TestRoadsComeFromTheEngineOrOverTheGreatCircle(t *testing.T) {
	var asked atomic.Int32
	var ill atomic.Bool
	make := func(address string) *Matrix {
		r, err := New(Config{Speed: 25, OSRM: address, Profile: "driving"}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	site, near, far := slots.Place{Lat: 18.52, Lon: 73.85}, slots.Place{Lat: 18.53, Lon: 73.86}, slots.Place{Lat: 18.6, Lon: 73.9}
	straight := slots.GreatCircle(25)
	ctx := context.Background()

	r := make(osrmtest.New(t, 600, 900, &asked, &ill).URL)
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
	if r.Learn(ctx, site, many); asked.Load() != 2+2*tablesPerSearch {
		t.Errorf("asked %d times for many", asked.Load())
	}
	if r.Minutes(site, many[850]) != 10 || r.Minutes(site, many[0]) == 10 {
		t.Error("not the nearest are asked for")
	}

	// A whole day in tables of 50 on each side; what is known is not asked again.
	r = make(osrmtest.New(t, 600, 600, &asked, &ill).URL)
	asked.Store(0)
	r.LearnAll(ctx, many[:120])
	if asked.Load() != 9 || r.Minutes(many[3], many[110]) != 10 || r.Minutes(many[119], many[0]) != 10 ||
		r.Minutes(many[3], many[3]) != straight(many[3], many[3]) || r.Minutes(many[3], many[130]) == 10 {
		t.Errorf("asked %d times; %v", asked.Load(), r.Minutes(many[3], many[110]))
	}
	if r.LearnAll(ctx, many[:120]); asked.Load() != 9 {
		t.Errorf("asked %d times, also for what is known", asked.Load())
	}
	if r.LearnAll(ctx, many); asked.Load() != 9+tablesPerDay {
		t.Errorf("asked %d times for very many", asked.Load())
	}

	// No road to the first place: the great circle; the others are known.
	r = make(osrmtest.New(t, -1, 900, &asked, &ill).URL)
	r.Learn(ctx, site, []slots.Place{near})
	if r.Minutes(near, site) != 15 || r.Minutes(site, near) != straight(site, near) {
		t.Errorf("without a road: %v %v", r.Minutes(near, site), r.Minutes(site, near))
	}

	// Failures fall back, and after three nothing is asked for a while.
	r = make(osrmtest.New(t, 600, 600, &asked, &ill).URL)
	now := time.Now()
	r.now = func() time.Time { return now }
	ill.Store(true)
	asked.Store(0)
	for range 10 {
		r.Learn(ctx, site, []slots.Place{near})
	}
	if asked.Load() != maxFailures || r.Minutes(site, near) != straight(site, near) {
		t.Errorf("asked a broken engine %d times", asked.Load())
	}
	ill.Store(false)
	if r.Learn(ctx, site, []slots.Place{near}); asked.Load() != maxFailures {
		t.Error("asked while it rests")
	}
	now = now.Add(pauseTime)
	if r.Learn(ctx, site, []slots.Place{near}); r.Minutes(site, near) != 10 {
		t.Error("not asked again after the pause")
	}

	// One that says nothing costs no more than the timeout, one that is gone nothing.
	quiet := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(quiet.Close)
	r = make(quiet.URL)
	r.timeout = 50 * time.Millisecond
	began := time.Now()
	r.LearnAll(ctx, many[:120])
	if r.Learn(ctx, site, []slots.Place{near}); time.Since(began) > time.Second || r.Minutes(site, near) != straight(site, near) {
		t.Errorf("waited %v", time.Since(began))
	}
	for _, wrong := range []Config{{Speed: 0}, {Speed: 25, OSRM: "osrm"}, {Speed: 25, OSRM: "ftp://x"}} {
		if _, err := New(wrong, nil); err == nil {
			t.Errorf("%+v is taken", wrong)
		}
	}
}
