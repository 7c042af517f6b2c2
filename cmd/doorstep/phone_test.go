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
		if code != 3 || !strings.Contains(errs, "ravi has no visit to work") || !strings.Contains(errs, "let a desk book some first") {
			t.Errorf("exit %d: %s %s", code, out, errs)
		}
		for _, wrong := range [][]string{{"--loss", "120%"}, {"--loss", "60%", "--lies", "40%"}, {"--visits", "0"}, {"--delay", "-1s"}} {
			if code, _, errs := command(append(args, wrong...)...); code != 2 || errs == "" {
				t.Errorf("%v: exit %d, %s", wrong, code, errs)
			}
		}
	})
}

// TestPhoneOffDuty: nobody works at night, which is no loss; a desk cannot book then either.
func TestPhoneOffDuty(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Clock.Set(harness.Monday.Add(13 * time.Hour)) // 22:00 there
		args := []string{"phone", "--server", h.URL, "--login", "ravi", "--password", harness.Password, "--visits", "2"}
		for _, more := range [][]string{nil, {"--desk-login", "kiran"}} {
			code, out, errs := command(append(args, more...)...)
			if code != 3 || !strings.Contains(errs, "ravi is off duty: it is Monday 22:00") || strings.Contains(out+errs, "LOST") ||
				strings.Contains(out+errs, "do not agree") {
				t.Errorf("%v: exit %d: %s %s", more, code, out, errs)
			}
		}
		h.As("ravi").Send("POST", "/v1/users/"+h.People["ravi"].ID.String()+"/leave", map[string]any{"kind": "sick",
			"starts_at": h.Clock.Now().Format(time.RFC3339), "ends_at": h.Clock.Now().Add(24 * time.Hour).Format(time.RFC3339)}, 201)
		h.MayIgnore("leave.sick", "digest")
		if code, _, errs := command(args...); code != 3 || !strings.Contains(errs, "ravi is on leave until") {
			t.Errorf("on leave: exit %d: %s", code, errs)
		}
	})
}

// TestTheExampleLosesSomething: what --help and the paper show as a bad network is one.
func TestTheExampleLosesSomething(t *testing.T) {
	const example = "--offline 3h --loss 30% --visits 8 --seed 2"
	paper, err := os.ReadFile("../../docs/phone.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"docs/phone.md": string(paper), "--help": (&phoneCmd{}).Help()} {
		if !strings.Contains(text, example) {
			t.Errorf("%s shows another example", name)
		}
	}
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.MayIgnore("visit.assigned", "replacement.proposed", "visit.no_access_desk", "visit.late_desk", "timer.ping", "timer.no_signal",
			"visits.assigned")
		h.Clock.Set(harness.Monday.Add(4 * time.Hour))
		code, out, errs := command(append([]string{"phone", "--server", h.URL, "--login", "ravi", "--password", harness.Password, "--json",
			"--desk-login", "kiran"}, strings.Fields(example)...)...)
		var r phone.Report
		if err := json.Unmarshal([]byte(out), &r); err != nil || code != 0 {
			t.Fatalf("exit %d, %v: %s %s", code, err, out, errs)
		}
		if r.Network.RequestsLost == 0 || r.Network.AnswersLost == 0 || r.Network.Retries == 0 || !r.OK() {
			t.Errorf("the network: %+v", r.Network)
		}
	})
}
