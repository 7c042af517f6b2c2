package contact

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"doorstep/cmd/doorstep/app"
	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/notifications"
	"doorstep/repo/repotest"
)

// texts is the operator's gateway for written messages.
type texts struct {
	mu   sync.Mutex
	sent []string
}

func (g *texts) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sent = append(g.sent, string(body))
}

// with gives those of the texts that hold words.
func (g *texts) with(h *harness.Harness, words string) (out []string) {
	h.Settle()
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, t := range g.sent {
		if strings.Contains(t, words) {
			out = append(out, t)
		}
	}
	return out
}

// onEachEngineWithTexts runs a story on every engine, with a message webhook.
func onEachEngineWithTexts(t *testing.T, tell func(h *harness.Harness, g *texts)) {
	t.Parallel()
	for _, engine := range repotest.Engines(t) {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			g := &texts{}
			server := httptest.NewServer(g)
			t.Cleanup(server.Close)
			tell(harness.New(t, engine, func(w *app.Config) {
				var err error
				if w.Text, err = notifications.NewWebhook(server.URL, "whsec_"+strings.Repeat("c2VjcmV0", 4), nil); err != nil {
					t.Fatal(err)
				}
			}), g)
		})
	}
}

// Who reads a link gets another one than the system delivers, and is named on the
// timeline each time. Sending shows it to nobody.
func TestReadingALinkIsOnRecord(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned")
		h.MayIgnore("visit.offered")
		desk, ravi := h.As("kiran"), h.As("ravi")
		_, job := h.Household(desk, nil)
		h.Visit(desk, job, harness.Monday.Add(24*time.Hour), "ravi")
		own := h.DeliveredLink(job)
		read := desk.Send("GET", path("/v1/jobs/%s/link", job), nil, 200)
		again := ravi.Send("GET", path("/v1/jobs/%s/link", job), nil, 200)
		if read["share_url"] == own || again["share_url"] != read["share_url"] || again["read_at"] != read["read_at"] {
			t.Errorf("staff read %v and %v; the system delivers %s", read, again, own)
		}
		var by []any
		for _, e := range items(desk.Send("GET", path("/v1/jobs/%s/timeline", job), nil, 200)) {
			if e["kind"] == "link.read" {
				by = append(by, e["by_id"])
			}
		}
		if len(by) != 2 || by[0] != desk.ID.String() || by[1] != ravi.ID.String() {
			t.Errorf("the timeline names as readers %v", by)
		}
		desk.Send("POST", path("/v1/jobs/%s/link/send", job), nil, 409)
		h.ReadPage(ravi, job).RegisterDevice("ravi's browser")
		desk.Send("POST", path("/v1/jobs/%s/link/send", job), nil, 409) // that device may be his
		h.CustomerPage(job).RegisterDevice("family")
		sent, _ := desk.Raw("POST", path("/v1/jobs/%s/link/send", job), nil)
		if !strings.Contains(string(sent), `"sent_by":["device"]`) || strings.Contains(string(sent), "/c/") {
			t.Errorf("sent: %s", sent)
		}
		if got := h.ExpectOn("family", "Your repair").Data["link"]; got != own {
			t.Errorf("the household's device gets %v", got)
		}
		if got := h.ExpectOn("ravi's browser", "Your repair").Data["link"]; got != read["share_url"] {
			t.Errorf("a device that proves nothing gets %v", got)
		}
	})
}

// A device that was registered by a link which staff had read takes pushes, and is
// the household's for nothing: a text goes out all the same.
func TestADeviceByAReadLinkProvesNothing(t *testing.T) {
	onEachEngineWithTexts(t, func(h *harness.Harness, g *texts) {
		h.Ignores("job.share", "visit.assigned")
		h.MayIgnore("visit.offered")
		desk, ravi := h.As("kiran"), h.As("ravi")
		_, job := h.Household(desk, nil)
		h.Visit(desk, job, harness.Monday.Add(24*time.Hour), "ravi")
		h.ReadPage(ravi, job).RegisterDevice("ravi's browser")
		if sent := desk.Send("POST", path("/v1/jobs/%s/link/send", job), nil, 200); fmt.Sprint(sent["sent_by"]) != "[message]" {
			t.Errorf("sent: %v", sent)
		}
		if got := g.with(h, h.DeliveredLink(job)); len(got) == 0 {
			t.Errorf("no text has the household's link: %v", g.with(h, ""))
		}
		h.CustomerPage(job).RegisterDevice("family")
		before := len(g.with(h, ""))
		desk.Send("POST", path("/v1/jobs/%s/link/send", job), nil, 200)
		if after := len(g.with(h, "")); after != before {
			t.Errorf("the household has a device, and got %d texts", after-before)
		}
	})
}
