package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/phone"
	"doorstep/cmd/doorstep/stories/harness"
)

// TestPhoneAgainstAnEmptyServer: the desk books first, the report is one JSON object, and what the
// flags say wrong is exit 2.
func TestPhoneAgainstAnEmptyServer(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.MayIgnore("visit.assigned", "replacement.proposed", "visit.no_access_desk", "visit.late_desk", "timer.ping", "timer.no_signal")
		h.Clock.Set(harness.Monday.Add(4 * time.Hour))
		file := filepath.Join(t.TempDir(), "password")
		h.Must(os.WriteFile(file, []byte(harness.Password+"\n"), 0o600))
		args := []string{"phone", "--server", h.URL, "--login", "ravi", "--password-file", file, "--visits", "2", "--offline", "1h"}
		code, out, errs := command(append(args, "--desk-login", "kiran", "--json")...)
		var r phone.Report
		if err := json.Unmarshal([]byte(out), &r); err != nil || code != 0 || errs != "" {
			t.Fatalf("exit %d, %v: %s %s", code, err, out, errs)
		}
		if r.Booked != 2 || r.Visits != 2 || r.Done < 8 || r.Done != r.Queued || !r.OK() {
			t.Errorf("%+v", r)
		}
		// Its visits are done: there is nothing to work.
		code, out, errs = command(append(args, "--lies", "5%")...)
		if code != 1 || !strings.Contains(out, "ravi has no visit to work") || !strings.Contains(errs, "did not come out") {
			t.Errorf("exit %d: %s %s", code, out, errs)
		}
		for _, wrong := range [][]string{{"--loss", "120%"}, {"--loss", "60%", "--lies", "40%"}, {"--visits", "0"}, {"--delay", "-1s"}} {
			if code, _, errs := command(append(args, wrong...)...); code != 2 || errs == "" {
				t.Errorf("%v: exit %d, %s", wrong, code, errs)
			}
		}
	})
}
