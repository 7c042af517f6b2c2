package phone

import (
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"doorstep/cmd/doorstep/app"
	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/repo/repotest"
)

// TestPhonesThatComeBackGiveWayToAnSOS: while all places are taken a sync is asked to come later, each at another
// time, and an SOS, also inside a batch, is taken at once.
func TestPhonesThatComeBackGiveWayToAnSOS(t *testing.T) {
	t.Parallel()
	for _, engine := range repotest.Engines(t) {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			h := harness.New(t, engine, func(c *app.Config) { c.Limits.Syncs = 1 })
			h.Ignores("sos.raised")
			h.MayIgnore("sos.call_yourself", "sos.unheard", "sos.open")
			ravi, meena := h.As("ravi"), h.As("meena")
			meena.Send("GET", "/v1/sync", nil, 200)
			_, job := h.Household(h.As("kiran"), nil)
			// The first look at the wall's clock, that of ravi's sync, takes as long as the story wants.
			var looked atomic.Bool
			began, goOn := make(chan struct{}), make(chan struct{})
			wall := h.Server.Service.Wall
			h.Server.Service.Wall = func() time.Time {
				if looked.CompareAndSwap(false, true) {
					close(began)
					<-goOn
				}
				return wall()
			}
			slow := harness.Beside(func() object { return ravi.Send("GET", "/v1/sync", nil, 200) })
			<-began
			batch := func(requests ...object) object {
				return object{"device_time": h.Clock.Now().Format(time.RFC3339), "requests": requests}
			}
			step := request("step", "POST", path("/v1/jobs/%s/tried-steps", job), object{"step": "x", "result": "failed"})
			waits := map[string]bool{}
			for range 2 {
				for method, body := range map[string]any{"GET": nil, "POST": batch(step)} {
					_, res := meena.Raw(method, "/v1/sync", body)
					after, _ := strconv.Atoi(res.Header.Get("Retry-After"))
					if res.StatusCode != 503 || after < 2 || after > 30 {
						t.Errorf("%s: %d, Retry-After %d", method, res.StatusCode, after)
					}
					waits[res.Header.Get("Retry-After")] = true
				}
			}
			if len(waits) == 1 {
				t.Errorf("all are to come again at the same time: %v", waits)
			}
			at := time.Now()
			got := harness.List(meena.Send("POST", "/v1/sync", batch(step, request("sos", "POST", "/v1/sos", object{"note": "help"})), 200),
				"responses")
			if got[1]["status"] != 201.0 {
				t.Errorf("an SOS in a batch: %v", got[1])
			}
			meena.Send("POST", "/v1/sos", object{"note": "help"}, 201)
			if took := time.Since(at); took > harness.Slowness*5*time.Second {
				t.Errorf("both took %v", took)
			}
			close(goOn)
			h.Await(slow)
			meena.Send("GET", "/v1/sync", nil, 200)
		})
	}
}
