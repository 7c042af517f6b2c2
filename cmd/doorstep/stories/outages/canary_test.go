package outages

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
)

// canaries plants a word in every confidential field of safety and wellbeing,
// drives every flow, and looks for them wherever they do not belong: pushes,
// pages, the log, metrics, exports, timelines, problem documents, and what
// those read who must not know (docs/product.md sections 2 and 5).
func canaries(d *day) {
	s := d.serve("--log-format", "json")
	words := map[string]string{}
	plant := func(what string) string {
		words[what] = "canary" + strings.ReplaceAll(what, " ", "")
		return words[what]
	}
	desk, ravi, meena, maya, noor, root, asha := d.As("kiran"), d.As("ravi"), d.As("meena"), d.As("maya"), d.As("noor"), d.As("root"),
		d.As("asha")
	problems := []string{}
	refused := func(p *harness.Client, method, path string, body any) {
		d.Helper()
		out, res := p.Raw(method, path, body)
		if res.StatusCode < 400 {
			d.Errorf("%s %s as %s is not refused: %d", method, path, p.Login, res.StatusCode)
		}
		problems = append(problems, string(out))
	}
	_, job := d.Household(desk, nil)
	visit := desk.Send("POST", path("/v1/jobs/%s/visits", job), bookedAt(d, 1, "ravi"), 201)
	link := desk.Send("GET", path("/v1/jobs/%s/link", job), nil, 200)["share_url"].(string)
	link = link[strings.Index(link, "/c/"):]

	// A report of danger, to the end.
	flag := ravi.FlagVisit(visit, bodies.VisitFlagCreate{Kind: "threat", Level: 3, Note: plant("narrative")})
	id := flag.ID
	ravi.Upload(id, "image/png", append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"), plant("evidence")...), 201)
	refused(desk, "POST", path("/v1/jobs/%s/visits", job), bookedAt(d, 2, "meena"))
	refused(meena, "GET", "/v1/flags/"+id, nil)
	refused(asha, "POST", "/v1/flags/"+id+"/triage", object{})
	maya.Send("POST", "/v1/flags/"+id+"/triage", object{"reasons": plant("triage reasons")}, 200)
	maya.Send("POST", "/v1/flags/"+id+"/review", nil, 200)
	maya.Send("POST", "/v1/flags/"+id+"/decide", object{"outcome": "upheld", "reasons": plant("decision reasons")}, 200)
	d.ReadyToRelease(maya, job)
	maya.Send("POST", path("/v1/jobs/%s/safety-release", job), object{"plan": []string{"two_people"}, "reason": plant("release reason")}, 200)
	d.As("noor").Send("POST", path("/v1/jobs/%s/safety-release", job),
		object{"plan": []string{"two_people"}, "reason": plant("second reason")}, 200)
	refused(desk, "POST", path("/v1/jobs/%s/visits", job), bookedAt(d, 2, "ravi")) // kept apart
	for _, x := range items(maya.Send("GET", "/v1/exclusions", nil, 200)) {
		ravi.Send("POST", path("/v1/exclusions/%s/consent", x), nil, 200)
		maya.Send("POST", path("/v1/exclusions/%s/lift", x), object{"reason": plant("lifting")}, 200)
	}
	for _, x := range items(maya.Send("GET", "/v1/aftercare?status=open", nil, 200))[:1] {
		maya.Send("POST", path("/v1/aftercare/%s/done", x), object{"note": plant("aftercare note")}, 200)
	}

	// A report about one of ours, and his side.
	about := d.As("gita").CreateFlag(bodies.FlagCreate{JobID: harness.String(job["id"]), Kind: "discrimination", Level: 2,
		Note: plant("about a colleague"), SubjectID: meena.ID.String()})
	id = about.ID
	maya.Send("POST", "/v1/flags/"+id+"/triage", nil, 200)
	maya.Send("POST", "/v1/flags/"+id+"/review", object{"told": "Please tell how the talk went."}, 200)
	meena.Send("POST", "/v1/flags/"+id+"/statement", object{"text": plant("his side")}, 200)
	maya.Send("POST", "/v1/flags/"+id+"/decide", object{"outcome": "unclear", "reasons": plant("reasons about a colleague")}, 200)
	own := ravi.CreateFlag(bodies.FlagCreate{Phone: "+919811100099", Kind: "verbal_abuse", Level: 1, Note: plant("phone report")})
	ravi.Send("POST", path("/v1/flags/%s/withdraw", own), object{"pressure": true, "reasons": plant("withdrawal")}, 200)

	// An advisory, an alarm.
	advisory := maya.Send("POST", "/v1/advisories", object{"job_id": job["id"], "subject": "person", "precautions": plant("precautions"),
		"behaviour":  plant("behaviour"),
		"expires_on": time.Now().AddDate(0, 2, 0).Format("2006-01-02")}, 201)
	root.Send("POST", path("/v1/advisories/%s/approve", advisory), object{"told": false, "not_told_reason": plant("why not told")}, 200)
	noor.Send("POST", path("/v1/advisories/%s/appeal", advisory), object{"words": plant("appeal")}, 200)
	refused(desk, "GET", path("/v1/advisories/%s", advisory), nil)
	sos := ravi.RaiseSOS(bodies.SOSRaise{Note: plant("cry for help")})
	asha.AcknowledgeSOS(sos)
	asha.ResolveSOS(sos, bodies.SOSResolve{Words: plant("how it ended"), Outcome: "real"})
	d.until("pushes", func() bool { return d.Phones.Requests() >= 10 })

	// Where none of it belongs.
	found := map[string]string{"problem documents": strings.Join(problems, "\n")}
	for _, m := range d.Phones.Messages() {
		found["pushes"] += fmt.Sprintln(m.Title, m.Body, m.Data)
	}
	readAround(d, found, job, visit, link)
	res, err := http.Get(s.metrics + "/metrics")
	d.Must(err)
	numbers, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	d.Must(err)
	found["metrics"] = string(numbers)
	if code := s.terminate(); code != 0 {
		d.Errorf("exit %d", code)
	}
	found["log"] = s.log.String()
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if len(found[name]) < 50 {
			d.Errorf("%s: nothing was looked at: %q", name, found[name])
		}
		for _, what := range slices.Sorted(maps.Keys(words)) {
			// An SOS is for whoever was rung; nobody else's list holds it.
			if i := strings.Index(found[name], words[what]); i >= 0 {
				d.Errorf("%s: the %s stands there: %.300s", name, what, found[name][max(0, i-200):])
			}
		}
	}
	if len(words) < 18 {
		d.Errorf("only %d words were planted", len(words))
	}
}

// readAround adds what others read, where none of it belongs.
func readAround(d *day, found map[string]string, job, visit object, link string) {
	desk, ravi, meena, maya, root, asha := d.As("kiran"), d.As("ravi"), d.As("meena"), d.As("maya"), d.As("root"), d.As("asha")
	read := func(name string, p *harness.Client, path string) {
		d.Helper()
		out, res := p.Raw("GET", path, nil)
		if res.StatusCode != 200 {
			d.Errorf("%s: %d %s", path, res.StatusCode, out)
		}
		found[name] += string(out)
	}
	read("the household's page", d.Harness.Anonymous(), link)
	read("the household's page in Hindi", d.Harness.Anonymous(), link+"?lang=hi")
	for _, p := range []*harness.Client{desk, asha, meena, maya, root} { // a timeline tells nobody, not even who may know
		if p != meena {
			read("the timeline", p, path("/v1/jobs/%s/timeline", job))
		}
	}
	for _, p := range []*harness.Client{desk, asha, meena} {
		for _, list := range []string{"/v1/jobs", "/v1/visits", "/v1/flags", "/v1/inbox", "/v1/exclusions", "/v1/promises"} {
			if p == meena && list == "/v1/flags" {
				continue // his own statement stands there
			}
			read("what "+p.Login+" reads", p, list)
		}
	}
	for _, job := range []string{"passport", "reachability", "clock"} {
		read("the job as the desk reads it", desk, path("/v1/jobs/%s/"+job, object{"id": visit["job_id"]}))
	}
	for _, report := range []string{"reachability?format=csv", "safety?format=csv", "safety"} {
		read("reports", asha, "/v1/reports/"+report)
	}
	read("the payable export", asha, fmt.Sprintf("/v1/technicians/%s/payable?format=csv", ravi.ID))
}
