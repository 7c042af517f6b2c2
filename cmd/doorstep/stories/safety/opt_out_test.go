package safety

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
	"doorstep/domain"
)

// TestNobodySaysWhyTheyDoNotMeetAgain: a technician opts out of a home, and a household
// of somebody who has been there; both are answered alike and read as a report does.
func TestNobodySaysWhyTheyDoNotMeetAgain(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.triage", "job.nobody_left", "visit.assigned", "visit.needs_someone")
		desk, ravi, meena, maya := h.As("kiran"), h.As("ravi"), h.As("meena"), h.As("maya")
		window := func(after time.Duration, who *harness.Client) object {
			return object{"window_start": harness.Monday.Add(after), "window_end": harness.Monday.Add(after + time.Hour),
				"crew": []string{who.ID.String()}}
		}
		_, job := h.Household(desk, nil)
		been := h.Visit(desk, job, harness.Monday.Add(time.Hour), "ravi")
		ahead := h.Visit(desk, job, harness.Monday.Add(50*time.Hour), "ravi")
		optOut := path("/v1/visits/%s/opt-out", been)
		desk.Send("POST", optOut, object{"user_id": ravi.ID}, 422) // he has not been there
		desk.Send("POST", optOut, nil, 422)
		meena.Send("POST", optOut, nil, 404)
		h.WorkUntil("ravi", been, "complete", nil)
		ravi.Send("POST", optOut, object{"user_id": ravi.ID}, 403) // never written down by whom it concerns
		own := ravi.Send("POST", optOut, nil, 200)
		asked := desk.Send("POST", optOut, object{"user_id": ravi.ID}, 200)
		if fmt.Sprint(own) != fmt.Sprint(asked) {
			t.Errorf("answered %v and %v", own, asked)
		}
		// Of a report as of a wish the centre reads the same.
		_, other := h.Household(desk, nil)
		there := h.Visit(desk, other, harness.Monday.Add(26*time.Hour), "meena")
		h.Decide("maya", meena.FlagVisit(there, bodies.VisitFlagCreate{Kind: "verbal_abuse", Level: 1, Note: "canary"}).ID, "upheld")
		said := func(job object, who *harness.Client) string {
			out := desk.Send("POST", path("/v1/jobs/%s/visits", job), window(74*time.Hour, who), 409)
			return strings.ReplaceAll(fmt.Sprint(out["code"], out["detail"], out["errors"]), who.Login, "")
		}
		if a, b := said(job, ravi), said(other, meena); !strings.EqualFold(strings.ReplaceAll(a, "Ravi", ""),
			strings.ReplaceAll(b, "Meena", "")) {
			t.Errorf("a wish reads %s, a report %s", a, b)
		}
		if got := desk.Send("GET", path("/v1/visits/%s", ahead), nil, 200); len(got["crew"].([]any)) != 0 {
			t.Errorf("the visit ahead is still %v's", got["crew"])
		}
		// One's own are visible to oneself, to nobody else, and no report.
		if got := items(ravi.Send("GET", "/v1/exclusions", nil, 200)); len(got) != 1 {
			t.Errorf("he reads %v of his own", got)
		}
		for _, p := range []*harness.Client{desk, maya, h.As("asha")} {
			for _, list := range []string{"/v1/exclusions", "/v1/flags"} {
				out, _ := p.Raw("GET", list, nil)
				if strings.Contains(string(out), domain.OptOutKind) || strings.Contains(string(out), ravi.ID.String()) {
					t.Errorf("%s reads %s", p.Login, out)
				}
			}
		}
		// Nobody is left of the centre: who triages hears it.
		h.WorkUntil("meena", h.Visit(desk, job, h.Clock.Now().Add(time.Hour), "meena"), "complete", nil)
		mine := items(desk.Send("GET", "/v1/visits?job_id="+harness.String(job["id"]), nil, 200))
		for _, v := range mine {
			if strings.Contains(fmt.Sprint(v["crew"]), meena.ID.String()) {
				meena.Send("POST", path("/v1/visits/%s/opt-out", v), nil, 200)
			}
		}
		h.Told("Nobody of a centre can go to a household", map[string]int{"maya": 1, "noor": 1, "asha": 0, "kiran": 0})
		// Skewed by technician it shows to the area manager, by number alone.
		for range 2 {
			_, third := h.Household(desk, nil)
			ravi.Send("POST", path("/v1/visits/%s/opt-out", h.Visit(desk, third, h.Clock.Now().Add(24*time.Hour), "ravi")), nil, 200)
		}
		report := maya.Send("GET", "/v1/reports/suppression?from=2027-02-01&to=2027-03-31", nil, 200)["opt_outs"].([]any)
		if len(report) != 1 || report[0].(object)["by_them"] != 3.0 || report[0].(object)["by_households"] != 1.0 {
			t.Errorf("the area manager reads %v", report)
		}
		// It ends as it began.
		ravi.Send("POST", optOut, object{"again": true}, 200)
		said(job, ravi) // the household's stands
		// By the desk, the proprietor and an agent nothing comes of it, and they are answered as ever.
		for _, p := range []*harness.Client{desk, h.As("asha"), h.As("gita")} {
			if out := p.Send("POST", optOut, object{"user_id": ravi.ID, "again": true}, 200); out["again"] != true {
				t.Errorf("%s is answered %v", p.Login, out)
			}
			if code := said(job, ravi); !strings.Contains(code, "not_available") {
				t.Errorf("after %s said so it reads %s", p.Login, code)
			}
		}
		maya.Send("POST", optOut, object{"user_id": ravi.ID, "again": true}, 200)
		desk.Send("POST", path("/v1/jobs/%s/visits", job), window(74*time.Hour, ravi), 201)
	})
}

var anyID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`)

// TestTheCentreCannotTellWhatWasReported walks every kind at each level, before the hold, under it,
// and after its release: what centre, agent, colleague and household read of job, visits, crew, timeline,
// slots, pay and changes, and how they are answered who send the reporter there again, is the same for all
// kinds and levels from 2 until the decision, and as before the report below that.
func TestTheCentreCannotTellWhatWasReported(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.live", "flag.triage", "hold.area", "hold.released", "visit.assigned", "visit.needs_someone")
		desk, asha, ravi, meena := h.As("kiran"), h.As("asha"), h.As("ravi"), h.As("meena")
		reads := func(job object, visits ...object) string {
			var all []string
			read := func(p *harness.Client, at string) {
				out, res := p.Raw("GET", at, nil)
				all = append(all, p.Login, fmt.Sprint(res.StatusCode), res.Header.Get("ETag"), string(out))
			}
			for _, p := range []*harness.Client{desk, asha, h.As("gita"), meena} {
				for _, at := range []string{"/v1/jobs/%s", "/v1/jobs/%s/timeline", "/v1/jobs/%s/passport", "/v1/visits?job_id=%s",
					"/v1/jobs/%s/slots?from=2027-12-06&to=2027-12-06"} {
					read(p, path(at, job))
				}
			}
			pay, _ := asha.Raw("GET", fmt.Sprintf("/v1/technicians/%s/payable?from=2027-03-01&to=2027-12-31&limit=200", ravi.ID), nil)
			for _, v := range visits {
				for _, r := range items(harness.Parsed(h, pay)) {
					if r["visit_id"] == v["id"] {
						all = append(all, fmt.Sprint(r["payable"], r["counted"], r["why"]))
					}
				}
				all = append(all, h.Column(fmt.Sprintf("SELECT CAST(version AS text) FROM visits WHERE id = '%s'", v["id"]))...)
			}
			all = append(all, h.CustomerPage(job).Read())
			text := anyID.ReplaceAllString(strings.Join(all, "\n"), "id")
			text = regexp.MustCompile(`"(hash|prev_hash|cursor|next_cursor|external_ref|address)":"[^"]*"|[A-Z]{2,4}-[0-9A-Z]{4,}`).
				ReplaceAllString(text, "")
			text = regexp.MustCompile(`(name="form_key" value=)"[^"]*"|/c/[^"/ ]+`).ReplaceAllString(text, "key")
			text = regexp.MustCompile(`(Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day,? \d+ \w+|\d\d:\d\d|"(lat|lon|travel_minutes)":[\d.]+`).
				ReplaceAllString(text, "then")
			return regexp.MustCompile(`2027-\d\d-\d\dT?[\d:.]*Z?`).ReplaceAllString(text, "then")
		}
		sent := func(visit object) string { // the reporter, there again, for whoever asks
			var all []string
			for _, p := range []*harness.Client{desk, asha} {
				out, res := p.Raw("POST", path("/v1/visits/%s/assign", visit), h.Crew("ravi"))
				o := harness.Parsed(h, out)
				all = append(all, fmt.Sprint(res.StatusCode, o["code"], o["detail"], o["errors"]))
			}
			return strings.Join(all, "\n")
		}
		want := map[string]string{}
		alike := func(stage, of, got string) {
			h.Helper()
			if want[stage] == "" {
				want[stage] = got
			}
			if got != want[stage] {
				a, b := strings.Split(got, "\n"), strings.Split(want[stage], "\n")
				for i := range a {
					if i >= len(b) || a[i] != b[i] {
						t.Fatalf("%s, %s shows:\n%s\nothers\n%s", stage, of, a[i], strings.Join(b[min(i, len(b)-1):min(i+1, len(b))], ""))
					}
				}
				t.Fatalf("%s, %s shows less", stage, of)
			}
		}
		kinds := slices.Concat(domain.PersonFlagKinds, domain.FixableFlagKinds, []string{"other"})
		for k, kind := range kinds {
			for level := range 5 {
				of := fmt.Sprintf("%s of level %d", kind, level)
				_, job := h.Household(desk, nil)
				n := time.Duration(k*5 + level)
				at := harness.Monday.Add(48*time.Hour + (n/6)*24*time.Hour + (n%6)*100*time.Minute + 10*time.Minute)
				visit := h.Visit(desk, job, at, "ravi")
				next := h.Visit(desk, job, at.Add(30*24*time.Hour), "ravi")
				before := reads(job, visit, next)
				ravi.FlagVisit(visit, bodies.VisitFlagCreate{Kind: bodies.VisitFlagCreateKind(kind), Level: level, Note: "canary"})
				if level < 2 {
					want["below 2"] = before
					alike("below 2", of, reads(job, visit, next))
					alike("sent again below 2", of, sent(next))
					continue
				}
				alike("held", of, reads(job, visit, next))
				alike("sent again under the hold", of, sent(next))
				h.ReleaseHold(h.As("maya"), job, "phone_first")
				alike("released", of, reads(job, visit, next))
				alike("sent again after the release", of, sent(next))
			}
		}
		if !strings.Contains(want["sent again after the release"], "not_available") ||
			strings.Contains(want["sent again below 2"], "not_available") {
			t.Errorf("sent again they are answered %q", want)
		}
	})
}
