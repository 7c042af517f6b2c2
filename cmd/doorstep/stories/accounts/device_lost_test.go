package accounts

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
	"doorstep/domain"
)

// devices lists somebody's own devices by installation.
func devices(who *harness.Client) map[string]object {
	who.Harness.Helper()
	out := map[string]object{}
	for _, d := range harness.List(who.Send("GET", "/v1/me/devices", nil, 200), "items") {
		out[harness.String(d["installation_id"])] = d
	}
	return out
}

// code is that of a refusal.
func code(who *harness.Client, method, address string, body any, want int, headers ...string) string {
	who.Harness.Helper()
	return harness.String(who.Send(method, address, body, want, headers...)["code"])
}

func (p *phone) sync(want int, more bool, requests ...object) object {
	p.Harness.Helper()
	return p.calls("POST", "/v1/sync", object{"device_time": p.Harness.Clock.Now().Format(time.RFC3339), "more": more, "requests": requests},
		want)
}

// TestALostPhoneIsEndedInOneTap: one of two phones of a technician; the other goes on.
// What the lost one asks is an order to wipe.
func TestALostPhoneIsEndedInOneTap(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		mine, lost := signedInOn(h, "ravi"), signedInOn(h, "ravi")
		lost.Send("GET", "/v1/sync", nil, 200)
		list := devices(mine.Client)
		here, there := list[mine.id], list[lost.id]
		if here["current"] != true || there["current"] != false || there["credential"] != true || there["synced_at"] == nil ||
			here["synced_at"] != nil || len(harness.List(there, "sessions")) != 1 || there["lost_at"] != nil {
			t.Fatalf("two phones: %v, %v", here, there)
		}
		lose := "/v1/me/devices/" + lost.id + "/lost"
		h.As("meena").Send("POST", lose, nil, 404)
		for range 2 {
			if got := mine.Send("POST", lose, nil, 200); got["sealed"] != true {
				t.Errorf("reported lost: %v", got)
			}
		}
		if d := devices(mine.Client)[lost.id]; d["lost_at"] == nil || len(harness.List(d, "sessions")) != 0 || d["credential"] != false {
			t.Errorf("the lost one: %v", d)
		}
		if got := strings.Join(tokensOf(h, fmt.Sprintf("user_id = '%s'", h.People["ravi"].ID)), " "); strings.Contains(got, lost.id) {
			t.Errorf("pushes go to %s", got)
		}
		put := object{"token": "again", "platform": "android"}
		for what, got := range map[string]string{
			"its session":         code(lost.Client, "GET", "/v1/visits", nil, 401),
			"an SOS":              code(lost.Client, "POST", "/v1/sos", nil, 401),
			"its refresh":         code(h.Anonymous(), "POST", "/v1/auth/refresh", object{"refresh_token": lost.refresh}, 401),
			"its credential":      code(h.Anonymous(), "POST", "/v1/sos", nil, 401, "Authorization", "Device "+lost.credential),
			"asking what changed": code(h.Anonymous(), "GET", "/v1/sync", nil, 401, "Authorization", "Device "+lost.credential),
			"registering anew":    code(h.As("meena"), "PUT", "/v1/devices/"+lost.id, put, 401),
		} {
			if got != "device_lost" {
				t.Errorf("%s: %s", what, got)
			}
		}
		mine.Send("GET", "/v1/sync", nil, 200)
		if got := h.Column("SELECT count(*) FROM security_log WHERE kind = 'device_lost' AND detail = '" + lost.id + "'"); got[0] != "1" {
			t.Errorf("%s lines in the security log", got[0])
		}
	})
}

// TestOneWhoseSignInIsNotKnownEndsThemAll: it was registered before that was kept.
func TestOneWhoseSignInIsNotKnownEndsThemAll(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		mine, lost := signedInOn(h, "ravi"), signedInOn(h, "ravi")
		h.Must(h.DB.InTx(h.Context(), func(tx domain.Tx) error {
			d, err := tx.Device(uuid.MustParse(lost.id))
			if err != nil {
				return err
			}
			d.SessionID = nil
			return tx.PutDevice(d)
		}))
		mine.Send("POST", "/v1/me/devices/"+lost.id+"/lost", nil, 200)
		for _, p := range []*phone{mine, lost} {
			p.Send("GET", "/v1/visits", nil, 401)
			refresh(h, p.refresh, 401)
		}
	})
}

// TestTheQueueOfALostPhone comes once more: reports are reports, what was done is kept as
// claims, nothing moves; then it is told to wipe, and asks no more.
func TestTheQueueOfALostPhone(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned", "visit.claimed", "flag.triage", "sos.raised", "hold.area")
		h.MayIgnore("sos.call_yourself", "sos.unheard", "flag.live", "visit.stopped", "claim.decided", "timer.ping", "visit.needs_someone")
		desk := h.As("kiran")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(time.Hour), "ravi")
		_, second := h.Household(desk, nil)
		other := h.Visit(desk, second, harness.Monday.Add(4*time.Hour), "ravi")
		ravi := signedInOn(h, "ravi")
		h.Clock.Set(harness.Monday.Add(2 * time.Hour))
		at := func(m int) string {
			return harness.Monday.Add(time.Hour + time.Duration(m)*time.Minute).Format(time.RFC3339)
		}
		kept := func(id, address string, body object, before ...string) object {
			return object{"id": id, "method": "POST", "path": address, "body": body, "depends_on": append([]string{}, before...)}
		}
		ravi.Send("POST", harness.Path("/v1/visits/%s/en-route", visit), object{"occurred_at": at(0)}, 200)
		h.As("asha").Send("POST", "/v1/users/"+h.People["ravi"].ID.String()+"/devices/"+ravi.id+"/lost", nil, 200) // in mid-queue

		first := ravi.sync(200, true,
			kept("there", harness.Path("/v1/visits/%s/arrive", visit), object{"occurred_at": at(10)}),
			kept("done", harness.Path("/v1/visits/%s/complete", visit), object{"occurred_at": at(40), "work_done": "new belt", "tested": "works"},
				"there"),
			kept("fine", harness.Path("/v1/visits/%s/timer/fine", visit), object{"code": "4711"}),
			kept("step", harness.Path("/v1/jobs/%s/tried-steps", job), object{"step": "Cleaned the filter", "result": "failed",
				"occurred_at": at(20)}),
			kept("away", "/v1/leave/"+uuid.NewString()+"/withdraw", object{"reason": "as asked"}),
			kept("silence", "/v1/sos/"+uuid.NewString()+"/acknowledge", nil),
			kept("seen", "/v1/inbox/"+uuid.NewString()+"/seen", nil),
			kept("leave", "/v1/technicians/"+h.People["ravi"].ID.String()+"/leave", object{"kind": "annual", "starts_at": "2027-03-15T08:00",
				"ends_at": "2027-03-15T20:00", "code": "4711"}))
		answered := func(of object) map[string]int {
			out := map[string]int{}
			for _, a := range harness.List(of, "responses") {
				out[harness.String(a["id"])] = int(a["status"].(float64))
			}
			return out
		}
		want := map[string]int{"there": 409, "done": 409, "fine": 409, "step": 409, "away": 409, "silence": 409, "leave": 409, "seen": 403}
		if got := answered(first); !maps.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
		if first["wipe"] != false {
			t.Error("told to wipe while more of its queue follows")
		}
		last := []object{kept("danger", harness.Path("/v1/visits/%s/stop", other), object{"note": "a knife", "occurred_at": at(50)}),
			kept("report", harness.Path("/v1/visits/%s/flags", visit), object{"kind": "threat", "level": 3, "note": "shouted"}),
			kept("done", harness.Path("/v1/visits/%s/complete", visit), object{"occurred_at": at(40), "work_done": "new belt", "tested": "works"}),
			kept("help", "/v1/sos", object{"note": "help"})}
		got := ravi.sync(200, false, last...)
		want = map[string]int{"danger": 201, "report": 201, "done": 409, "help": 201}
		if answers := answered(got); !maps.Equal(answers, want) || got["wipe"] != true {
			t.Errorf("%v, want %v and wipe: %v", answers, want, got["wipe"])
		}
		if a, b := desk.Visit(visit).Status, desk.Visit(other).Status; a != "en_route" || b != "scheduled" {
			t.Errorf("the visits moved to %s and %s", a, b)
		}
		var claims []string
		for _, c := range harness.List(h.As("maya").Send("GET", "/v1/claims?status=open", nil, 200), "items") {
			claims = append(claims, fmt.Sprint(c["action"], " ", c["cause"]))
		}
		slices.Sort(claims)
		if want := []string{"arrive device_lost", "complete device_lost", "timer/fine device_lost",
			"tried-steps device_lost"}; !slices.Equal(claims,
			want) {
			t.Errorf("claims: %v, want %v", claims, want)
		}
		// What is about no visit is read by the area manager, who hears of it once.
		sealed := "/v1/users/" + h.People["ravi"].ID.String() + "/sealed-requests"
		var told []string
		for _, r := range harness.List(h.As("maya").Send("GET", sealed, nil, 200), "items") {
			told = append(told, fmt.Sprint(r["operation"], " ", r["body"].(object)["starts_at"], " ", r["body"].(object)["code"]))
		}
		slices.Sort(told)
		if want := []string{"acknowledgeSOS <nil> <nil>", "createLeave 2027-03-15T08:00 <nil>", "withdrawLeave <nil> <nil>"}; !slices.Equal(told,
			want) {
			t.Errorf("kept for managers: %v, want %v", told, want)
		}
		for _, manager := range []string{"maya", "noor"} {
			h.Expect(manager, "A lost phone told something")
		}
		for login, status := range map[string]int{"asha": 403, "kiran": 403, "maya2": 404} {
			h.As(login).Send("GET", sealed, nil, status)
		}
		if n := h.Column("SELECT count(*) FROM facts WHERE CAST(payload AS text) LIKE '%4711%'"); n[0] != "0" {
			t.Error("a code stands on the timeline")
		}
		if got := harness.String(ravi.sync(401, false, last...)["code"]); got != "device_lost" {
			t.Errorf("a second time: %s", got)
		}
		if devices(h.As("ravi"))[ravi.id] != nil {
			t.Error("a wiped phone is still listed")
		}
		for _, id := range h.Column("SELECT id FROM claims WHERE cause = 'device_lost' ORDER BY CASE action WHEN 'complete' THEN 1 ELSE 0 END") {
			took := h.As("maya").Send("POST", "/v1/claims/"+id+"/decide", object{"decision": "take", "reasons": "she says so",
				"witness": "Mrs Kapoor"},
				200)
			if took["status"] != "taken" || took["moved"] != (took["action"] == "complete") {
				t.Errorf("taken: %v", took)
			}
		}
	})
}

// TestAPartyToAReportEndsNobodyElsesDevice: the answer is the same for them, for whoever
// never may, and where there is no such device; their own they end.
func TestAPartyToAReportEndsNobodyElsesDevice(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.triage")
		h.MayIgnore("flag.live", "hold.area", "flag.overdue")
		meena := signedInOn(h, "meena")
		lose := func(login, of, installation string) (string, int) {
			h.Helper()
			out, res := h.As(login).Raw("POST", "/v1/users/"+h.People[of].ID.String()+"/devices/"+installation+"/lost", nil)
			said := string(out)
			if at := strings.Index(said, `"instance"`); at >= 0 { // the id of the request
				said = said[:at] + said[at+strings.Index(said[at:], ",")+1:]
			}
			return said, res.StatusCode
		}
		never, status := lose("kiran", "meena", meena.id)
		if status != 403 {
			t.Fatalf("the desk: %d %s", status, never)
		}
		_, job := h.Household(h.As("kiran"), nil)
		h.As("asha").CreateFlag(bodies.FlagCreate{JobID: harness.String(job["id"]), Kind: "threat", Level: 2, Note: "x"})
		for _, at := range []string{meena.id, uuid.NewString()} {
			if said, status := lose("asha", "meena", at); status != 403 || said != never {
				t.Errorf("a party to a report: %d %s, others %s", status, said, never)
			}
		}
		if _, status := lose("asha2", "meena", meena.id); status != 404 {
			t.Errorf("another centre's: %d", status)
		}
		asha := signedInOn(h, "asha")
		asha.Send("POST", "/v1/me/devices/"+asha.id+"/lost", nil, 200)
		if said, status := lose("maya", "meena", meena.id); status != 200 {
			t.Errorf("the area manager: %d %s", status, said)
		}
		meena.Send("GET", "/v1/visits", nil, 401)
	})
}

// TestAPhoneThatDoesNotSyncIsLocked after 72 hours, but for an SOS and a stop; after a new
// sign-in its queue is taken. One that never synced holds nothing, and is not locked.
func TestAPhoneThatDoesNotSyncIsLocked(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned", "sos.raised", "hold.area")
		h.MayIgnore("sos.call_yourself", "sos.unheard", "flag.triage", "visit.stopped", "flag.live", "visit.unassigned")
		desk := h.As("kiran")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(time.Hour), "ravi")
		ravi, meena := signedInOn(h, "ravi"), signedInOn(h, "meena")
		ravi.Send("GET", "/v1/sync", nil, 200)
		wall(h, 71*time.Hour)
		ravi.Send("GET", "/v1/visits", nil, 200)
		ravi.Send("GET", "/v1/sync", nil, 200)
		wall(h, 71*time.Hour+73*time.Hour)
		meena.Send("GET", "/v1/visits", nil, 200)
		batch := object{"device_time": h.Clock.Now().Format(time.RFC3339), "requests": []object{{"id": "go", "method": "POST",
			"path": harness.Path("/v1/visits/%s/en-route", visit), "body": object{}}}}
		for what, got := range map[string]string{
			"a list":      code(ravi.Client, "GET", "/v1/visits", nil, 401),
			"a sync":      code(ravi.Client, "GET", "/v1/sync", nil, 401),
			"a batch":     code(ravi.Client, "POST", "/v1/sync", batch, 401),
			"its refresh": code(h.Anonymous(), "POST", "/v1/auth/refresh", object{"refresh_token": ravi.refresh}, 401),
		} {
			if got != "sync_too_old" {
				t.Errorf("%s: %s", what, got)
			}
		}
		ravi.Send("POST", "/v1/sos", nil, 201)
		ravi.calls("POST", "/v1/sos", nil, 201)
		ravi.signsIn(h, "ravi")
		if got := harness.List(ravi.Send("POST", "/v1/sync", batch, 200), "responses"); got[0]["status"] != 200.0 {
			t.Errorf("its queue: %v", got)
		}
		ravi.Send("GET", "/v1/visits", nil, 200)
		ravi.Send("POST", harness.Path("/v1/visits/%s/stop", visit), nil, 200)
	})
}

// TestThePhoneOfAnEndedAccount is sealed like a lost one: what was done is not lost with the account, and nothing of a home stays on it.
func TestThePhoneOfAnEndedAccount(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned", "visit.claimed", "sos.raised")
		h.MayIgnore("sos.call_yourself", "sos.unheard", "visit.needs_someone", "visits.left_under_way", "visits.given_back")
		desk := h.As("kiran")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(time.Hour), "ravi")
		ravi, other := signedInOn(h, "ravi"), signedInOn(h, "ravi")
		h.Clock.Set(harness.Monday.Add(2 * time.Hour))
		at := harness.Monday.Add(70 * time.Minute).Format(time.RFC3339)
		ravi.Send("POST", harness.Path("/v1/visits/%s/en-route", visit), object{"occurred_at": at}, 200)
		user := "/v1/users/" + h.People["ravi"].ID.String()
		admin := h.As("root")
		admin.Send("PATCH", user, object{"disabled": true}, 200, "If-Match", fmt.Sprintf(`"%d"`, h.UserVersion("ravi")))

		for what, got := range map[string]string{
			"its session": code(ravi.Client, "GET", "/v1/visits", nil, 401),
			"its refresh": code(h.Anonymous(), "POST", "/v1/auth/refresh", object{"refresh_token": ravi.refresh}, 401),
			"an SOS":      code(h.Anonymous(), "POST", "/v1/sos", nil, 401, "Authorization", "Device "+ravi.credential),
		} {
			if got != "device_lost" {
				t.Errorf("%s: %s", what, got)
			}
		}
		got := ravi.sync(200, false,
			object{"id": "there", "method": "POST", "path": harness.Path("/v1/visits/%s/arrive", visit), "body": object{"occurred_at": at}},
			object{"id": "help", "method": "POST", "path": "/v1/sos", "body": object{"note": "help"}})
		answers := harness.List(got, "responses")
		if len(answers) != 2 || answers[0]["status"] != 409. || answers[1]["status"] != 201. || got["wipe"] != true {
			t.Errorf("its queue: %v", got)
		}
		if n := h.Column("SELECT count(*) FROM claims WHERE action = 'arrive' AND status = 'open'"); n[0] != "1" {
			t.Errorf("%s claims of what was done", n[0])
		}
		seen := object{"id": "seen", "method": "POST", "path": "/v1/inbox/" + uuid.NewString() + "/seen"}
		if got := harness.String(ravi.sync(401, false, seen)["code"]); got != "device_lost" {
			t.Errorf("a second time: %s", got)
		}
		if got := other.sync(200, false, seen); got["wipe"] != true {
			t.Errorf("their other phone: %v", got)
		}

		// The account is opened again: a phone begins anew, under another installation.
		admin.Send("PATCH", user, object{"disabled": false}, 200, "If-Match", fmt.Sprintf(`"%d"`, h.UserVersion("ravi")))
		again := signedInOn(h, "ravi")
		again.Send("GET", "/v1/sync", nil, 200)
	})
}
