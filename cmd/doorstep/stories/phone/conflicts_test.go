package phone

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
	"doorstep/domain"
)

var update = flag.Bool("update", false, "write the table of conflicts in docs/phone.md")

// act is what a technician does at a door without network: a request at a moment, after those of first.
type act struct {
	name, address string // of the address: %s is the visit, or the job
	job           bool
	first         []string
	under         bool // the crew was at the door before it lost the network, and is asked whether they are well
	body          object
}

var acts = []act{
	{name: "`en-route`", address: "/v1/visits/%s/en-route"},
	{name: "`arrive`", address: "/v1/visits/%s/arrive", first: []string{"en-route"}},
	{name: "`start`", address: "/v1/visits/%s/start", first: []string{"en-route", "arrive"}},
	{name: "`complete`", address: "/v1/visits/%s/complete", first: []string{"en-route", "arrive", "start"},
		body: object{"work_done": "repaired", "tested": "works"}},
	{name: "`partial`", address: "/v1/visits/%s/partial", first: []string{"en-route", "arrive", "start"},
		body: object{"findings": "a part is missing"}},
	{name: "`no-access`", address: "/v1/visits/%s/no-access", first: []string{"en-route", "arrive"},
		body: object{"reason": "gate_refused", "note": "the guard"}},
	{name: "`decline`", address: "/v1/visits/%s/decline", body: object{"reason": "sick"}},
	{name: "a tried step", address: "/v1/jobs/%s/tried-steps", job: true, first: []string{"en-route", "arrive"},
		body: object{"step": "Cleaned the filter", "result": "failed", "watched_by": "professional"}},
	{name: "an attempt", address: "/v1/visits/%s/attempts", first: []string{"en-route"},
		body: object{"channel": "phone", "outcome": "no_answer"}},
	{name: "a report", address: "/v1/visits/%s/flags", first: []string{"en-route", "arrive"},
		body: object{"kind": "verbal_abuse", "level": 1, "note": "shouted"}},
	{name: "`stop`", address: "/v1/visits/%s/stop", first: []string{"en-route", "arrive"}, body: object{"kind": "threat", "level": 3}},
	{name: "an SOS", address: "/v1/sos", body: object{"note": "help"}},
	{name: "`timer/fine`", address: "/v1/visits/%s/timer/fine", under: true},
	{name: "`timer/not-ok`", address: "/v1/visits/%s/timer/not-ok", under: true},
	{name: "`timer/extend`", address: "/v1/visits/%s/timer/extend", under: true, body: object{"minutes": 30}},
}

// back gives a visit that is under way back to the desk, which changes none at the door.
func back(h *harness.Harness, visit object) {
	if h.As("kiran").Visit(visit).Status == "arrived" {
		h.As("kiran").Send("POST", path("/v1/visits/%s/take-back", visit), object{"reason": "the wrong crew"}, 200)
	}
}

// change is what happened meanwhile to the visit of n.
type change struct {
	what string
	mate bool // two are in the crew
	make func(h *harness.Harness, n int, visit object, phone string)
}

var changes = []change{
	{"given to others", false, func(h *harness.Harness, n int, visit object, _ string) {
		back(h, visit)
		h.As("kiran").Send("POST", path("/v1/visits/%s/assign", visit), h.Crew(other(h, n)), 200)
	}},
	{"cancelled", false, func(h *harness.Harness, _ int, visit object, _ string) {
		back(h, visit)
		h.As("kiran").Send("POST", path("/v1/visits/%s/cancel", visit), object{"reason": "moved away"}, 200)
	}},
	{"moved to another day, still theirs", false, func(h *harness.Harness, n int, visit object, _ string) {
		back(h, visit)
		at := harness.Monday.Add(28 * time.Hour)
		body := h.Crew(doer(n))
		body["window_start"], body["window_end"] = at.Format(time.RFC3339), at.Add(2*time.Hour).Format(time.RFC3339)
		h.As("kiran").Send("POST", path("/v1/visits/%s/reschedule", visit), body, 201)
	}},
	{"held for safety", false, func(h *harness.Harness, _ int, visit object, _ string) {
		h.As("asha").CreateFlag(bodies.FlagCreate{JobID: harness.String(visit["job_id"]), Kind: "threat", Level: 3, Note: "x"})
	}},
	{"done by the other of the crew", true, func(h *harness.Harness, n int, visit object, _ string) {
		for _, move := range []string{"en-route", "arrive", "start"} {
			if move != "start" && h.As("kiran").Visit(visit).Status == "arrived" {
				continue
			}
			h.As(mate(n)).Send("POST", path("/v1/visits/%s/", visit)+move, nil, 200)
		}
		h.As(mate(n)).Send("POST", path("/v1/visits/%s/complete", visit), object{"work_done": "repaired", "tested": "works"}, 200)
	}},
	{"their account ended", false, func(h *harness.Harness, n int, _ object, _ string) {
		h.As("maya").Send("PATCH", "/v1/users/"+h.People[doer(n)].ID.String(), object{"disabled": true}, 200, "If-Match",
			fmt.Sprintf(`"%d"`, h.UserVersion(doer(n))))
	}},
	{"the phone reported lost", false, func(h *harness.Harness, n int, _ object, phone string) {
		h.As("asha").Send("POST", "/v1/users/"+h.People[doer(n)].ID.String()+"/devices/"+phone+"/lost", nil, 200)
	}},
	{"an SOS of the other of the crew", true, func(h *harness.Harness, n int, visit object, _ string) {
		h.As(mate(n)).Send("POST", "/v1/sos", object{"visit_id": visit["id"]}, 201)
	}},
}

func doer(n int) string { return fmt.Sprintf("doer%c", 'a'+n) }
func mate(n int) string { return fmt.Sprintf("mate%c", 'a'+n) }

// other is somebody whom the visit can be given to.
func other(h *harness.Harness, n int) string {
	login := fmt.Sprintf("else%c", 'a'+n)
	if h.People[login] == nil {
		h.AddTechnician(login)
	}
	return login
}

// outcome is a cell of the table: the answer, what is kept, and what becomes of the visit on the phone.
type outcome struct{ answer, kept, then string }

// entryWords say what an entry of the timeline keeps of an act; the verdict and the words of a claim follow from it.
var entryWords = map[string]string{"visit.en_route": "the move", "visit.arrived": "the move", "visit.started": "the move",
	"visit.completed": "the move", "visit.partial": "the move", "visit.no_access": "the move", "visit.declined": "the move",
	"visit.stopped": "the move", "visit.arrived_anyway": "where they are", "step.tried": "the step", "attempt.recorded": "the attempt",
	"hold.placed": "a hold", "verdict.changed": "", "visit.claimed": ""}

// conflicts plays one change against every act, which was done before or after it.
func conflicts(t *testing.T, c *change, after bool) []outcome {
	h := harness.New(t, "sqlite")
	for kind := range domain.Words {
		h.MayIgnore(kind)
	}
	desk := h.As("kiran")
	type one struct {
		phone             *handset
		installation, key string
		visit             object
	}
	all := make([]one, len(acts))
	for n := range acts {
		h.AddTechnician(doer(n))
		crew := []string{doer(n)}
		if c.mate {
			h.AddTechnician(mate(n))
			crew = append(crew, mate(n))
		}
		_, job := h.Household(desk, nil)
		o := one{phone: phoneOf(h, doer(n)), installation: uuid.NewString(), visit: h.Visit(desk, job, harness.Monday.Add(time.Hour), crew...)}
		o.phone.who.Send("PUT", "/v1/devices/"+o.installation, object{"token": "token " + o.installation, "platform": "android"}, 200)
		o.key = harness.String(o.phone.who.Send("POST", "/v1/devices/"+o.installation+"/credential", nil, 201)["credential"])
		o.phone.sync(50)
		all[n] = o
	}
	changed := harness.Monday.Add(2 * time.Hour)
	h.Clock.Set(changed.Add(-75 * time.Minute))
	for n := range all {
		if acts[n].under {
			for _, move := range []string{"en-route", "arrive"} {
				all[n].phone.who.Send("POST", path("/v1/visits/%s/", all[n].visit)+move, nil, 200)
			}
		}
	}
	h.Advance(75 * time.Minute) // five minutes after the ping
	for n := range all {
		c.make(h, n, all[n].visit, all[n].installation)
	}
	h.Clock.Set(changed.Add(55 * time.Minute))
	done := changed.Add(-30 * time.Minute)
	if after {
		done = changed.Add(5 * time.Minute)
	}
	var out []outcome
	for n, a := range acts {
		o := all[n]
		send := func(r object) object {
			body := object{"device_time": h.Clock.Now().Format(time.RFC3339), "requests": []any{r}}
			raw, res := o.phone.who.Raw("POST", "/v1/sync", body)
			if got := harness.Parsed(h, raw); res.StatusCode == 401 && got["code"] == "device_lost" {
				body["more"] = true
				raw, res = h.Anonymous().Raw("POST", "/v1/sync", body, "Authorization", "Device "+o.key)
			}
			got := harness.Parsed(h, raw)
			if res.StatusCode != 200 {
				return object{"status": float64(res.StatusCode), "body": got}
			}
			return harness.List(got, "responses")[0]
		}
		for i, move := range a.first {
			send(request(uuid.NewString(), "POST", path("/v1/visits/%s/", o.visit)+move,
				object{"occurred_at": done.Add(time.Duration(i) * time.Minute).Format(time.RFC3339)}))
		}
		job := object{"id": o.visit["job_id"]}
		count := func(table, column string, id any) int {
			return len(h.Column(fmt.Sprintf("SELECT id FROM %s WHERE %s = '%s'", table, column, id)))
		}
		raiser := h.People[doer(n)].ID
		timer := func() []string {
			return h.Column(fmt.Sprintf("SELECT status FROM timers WHERE visit_id = '%s' AND user_id = '%s'", o.visit["id"], raiser))
		}
		entries, of, asked := h.EntryKinds(job), o.visit, timer()
		claims, reports, alarms := count("claims", "visit_id", o.visit["id"]), count("flags", "reporter_id", raiser),
			count("sos", "raiser_id", raiser)
		if a.job {
			of = job
		}
		body := maps.Clone(a.body)
		if body == nil {
			body = object{}
		}
		body["occurred_at"] = done.Add(20 * time.Minute).Format(time.RFC3339)
		address := a.address
		if strings.Contains(address, "%s") {
			address = path(address, of)
		}
		got := send(request(uuid.NewString(), "POST", address, body))
		var cell outcome
		cell.answer = fmt.Sprint(got["status"])
		if said, ok := got["body"].(object); ok && said["code"] != nil {
			cell.answer += fmt.Sprintf(" `%v`", said["code"])
		}
		var kept []string
		for _, kind := range h.EntryKinds(job)[len(entries):] {
			words, known := entryWords[kind]
			if !known {
				words = "`" + kind + "`"
			}
			if words != "" {
				kept = append(kept, words)
			}
		}
		if count("claims", "visit_id", o.visit["id"]) > claims {
			kept = append(kept, "a claim")
		}
		if count("flags", "reporter_id", raiser) > reports {
			kept = append(kept, "a report")
		}
		now := timer()
		if slices.Equal(asked, []string{"pinged"}) && (slices.Equal(now, []string{"armed"}) || slices.Equal(now, []string{"ended"})) {
			kept = append(kept, "the answer")
		}
		if count("sos", "raiser_id", raiser) > alarms {
			kept = append(kept, "an alarm")
		}
		cell.kept = strings.Join(kept, ", ")
		cell.then = then(h, o.phone, o.visit)
		out = append(out, cell)
	}
	return out
}

// then is what the next sync makes of the visit on the phone.
func then(h *harness.Harness, p *handset, visit object) string {
	visible(h)
	raw, res := p.who.Raw("GET", "/v1/sync?limit=100&cursor="+p.cursor, nil)
	got := harness.Parsed(h, raw)
	if res.StatusCode != 200 {
		return fmt.Sprintf("%d `%v`", res.StatusCode, got["code"])
	}
	for _, g := range harness.List(got, "gone") {
		if g["id"] == visit["id"] {
			return fmt.Sprintf("erase: `%v`", g["reason"])
		}
	}
	return "stays"
}

// TestConflictsAreAsThePaperSays: each thing that a phone did without network against each thing that happened meanwhile.
func TestConflictsAreAsThePaperSays(t *testing.T) {
	if !*update {
		harness.Long(t)
	}
	var table strings.Builder
	table.WriteString("| meanwhile | what was done | answer where it was done before that | and where after | the visit on the phone |\n" +
		"| --- | --- | --- | --- | --- |\n")
	played := make([][2][]outcome, len(changes))
	t.Run("played", func(t *testing.T) { // side by side: they mostly wait
		for i := range 2 * len(changes) {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				played[i/2][i%2] = conflicts(t, &changes[i/2], i%2 == 1)
			})
		}
	})
	if t.Failed() {
		return
	}
	for i := range changes {
		c, cells := &changes[i], played[i]
		type row struct {
			acts          string
			before, after outcome
		}
		var rows []row
		for n := range acts {
			r := row{acts[n].name, cells[0][n], cells[1][n]}
			at := slices.IndexFunc(rows, func(o row) bool { return o.before == r.before && o.after == r.after })
			if at < 0 {
				rows = append(rows, r)
			} else {
				rows[at].acts += ", " + r.acts
			}
		}
		for _, r := range rows {
			then := r.before.then
			if r.after.then != then {
				then += "; " + r.after.then
			}
			fmt.Fprintf(&table, "| %s | %s | %s | %s | %s |\n", c.what, r.acts, r.before.words(), r.after.words(), then)
		}
	}
	const file, begin, end = "../../../../docs/phone.md", "<!-- conflicts -->\n", "<!-- end of conflicts -->"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(text), begin)
	was, tail, too := strings.Cut(rest, end)
	if !ok || !too {
		t.Fatalf("%s has no place for the table", file)
	}
	if was == table.String() {
		return
	}
	if *update {
		if err := os.WriteFile(file, []byte(head+begin+table.String()+end+tail), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	is := strings.Split(table.String(), "\n")
	for _, row := range strings.Split(was, "\n") {
		if !slices.Contains(is, row) {
			t.Errorf("docs/phone.md says, and it is not so:\n%s", row)
		}
	}
	for _, row := range is {
		if !strings.Contains(was, row) {
			t.Errorf("docs/phone.md does not say:\n%s", row)
		}
	}
}

func (o outcome) words() string {
	if o.kept == "" {
		return o.answer + ": nothing is kept"
	}
	return o.answer + ": " + o.kept
}
