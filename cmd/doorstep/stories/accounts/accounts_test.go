package accounts

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"doorstep/cmd/doorstep/app"
	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
	"doorstep/domain"
	"doorstep/notifications"
	"doorstep/repo/repotest"
)

// gateway is the other end of the message webhook.
type gateway struct {
	mu    sync.Mutex
	texts []object
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var text object
	_ = json.Unmarshal(body, &text)
	g.mu.Lock()
	g.texts = append(g.texts, text)
	g.mu.Unlock()
	w.WriteHeader(http.StatusOK)
}

// codes are those in the texts so far.
func (g *gateway) codes() (out []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, t := range g.texts {
		raw, _ := json.Marshal(t)
		out = append(out, codePattern.FindAllString(string(raw), -1)...)
	}
	return out
}

// codePattern is a whole code and no part of an id.
var codePattern = regexp.MustCompile(`\b[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}\b`)

// texting wires a message webhook and keeps the log.
func texting(t *testing.T, log io.Writer) (*gateway, func(*app.Config)) {
	g := &gateway{}
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	return g, func(w *app.Config) {
		var err error
		if w.Text, err = notifications.NewWebhook(server.URL, "whsec_"+strings.Repeat("c2VjcmV0", 4), nil); err != nil {
			t.Fatal(err)
		}
		w.Log = slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
}

// redeem sets a password with a code.
func redeem(h *harness.Harness, code, password string, want int) {
	h.Helper()
	h.Anonymous().Send("POST", "/v1/auth/reset", object{"token": code, "password": password}, want)
}

func signIn(h *harness.Harness, login, password string, want int) object {
	h.Helper()
	return h.Anonymous().Send("POST", "/v1/auth/login", object{"login": login, "password": password}, want)
}

// TestACodeGoesToItsPersonAlone: whoever asks for it, and whatever it is for,
// the code that sets a password is in the text to its person and in the data of
// the push to their own phone; it is in no other answer, no push's words, no
// browser, no log and no row.
func TestACodeGoesToItsPersonAlone(t *testing.T) {
	t.Parallel()
	for _, engine := range repotest.Engines(t) {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			log := &harness.OperatorLog{}
			g, wire := texting(t, log)
			h := harness.New(t, engine, wire)
			h.Ignores("account.code", "account.reset")
			ravi := h.As("ravi")
			h.Must(h.DB.InTx(t.Context(), func(tx domain.Tx) error {
				for _, login := range []string{"ravi", "meena", "kiran"} {
					u, err := tx.LockUser(h.People[login].ID)
					if err != nil {
						return err
					}
					u.Phone = "+9198765432" + fmt.Sprint(10+len(login))
					if err := tx.SaveUser(u); err != nil {
						return err
					}
				}
				return nil
			}))
			browser := uuid.NewString()
			ravi.Send("PUT", "/v1/devices/"+browser, object{"token": "browser:ravi", "platform": "web"}, 200)
			answers := []string{}
			for _, by := range []string{"asha", "maya", "root"} {
				for _, to := range []string{"ravi", "meena", "kiran"} {
					for _, body := range []any{nil, object{"reset": true}} {
						out, res := h.As(by).Raw("POST", fmt.Sprintf("/v1/users/%s/invite", h.People[to].ID), body, "Idempotency-Key",
							"k"+to+fmt.Sprint(body))
						if res.StatusCode != 201 {
							t.Fatalf("%s invites %s: %d %s", by, to, res.StatusCode, out)
						}
						again, _ := h.As(by).Raw("POST", fmt.Sprintf("/v1/users/%s/invite", h.People[to].ID), body, "Idempotency-Key",
							"k"+to+fmt.Sprint(body))
						answers = append(answers, string(out), string(again), res.Header.Get("Location"))
					}
				}
			}
			h.Settle()
			codes := g.codes()
			if len(codes) != 18 {
				t.Fatalf("%d codes in texts, want 18: %v", len(codes), g.texts)
			}
			for _, p := range h.Phones.Messages() {
				for name, word := range map[string]string{"title": p.Title, "body": p.Body} {
					if codePattern.MatchString(word) {
						t.Errorf("the %s of a push holds a code: %q", name, word)
					}
				}
				data, _ := json.Marshal(p.Data)
				has := codePattern.MatchString(string(data))
				if own := strings.HasPrefix(p.Token, "phone:") && p.Data["kind"] == domain.NoticeAccountCode; has != own {
					t.Errorf("a push of %s to %s: holds a code %v, want %v", p.Data["kind"], p.Token, has, own)
				}
			}
			inbox, _ := ravi.Raw("GET", "/v1/inbox", nil)
			answers = append(answers, string(inbox), strings.Join(log.Lines(""), ""), h.DumpTables())
			for _, code := range codes {
				for _, text := range answers {
					if strings.Contains(text, code) || strings.Contains(text, strings.ReplaceAll(code, "-", "")) {
						i := strings.Index(text, code)
						t.Errorf("a code stands in %.400s", text[max(0, i-200):])
					}
				}
			}
			// It works, once, as people copy it; texts go out side by side.
			first := slices.IndexFunc(g.texts, func(text object) bool { return text["data"].(object)["to"] == "+919876543214" }) // Ravi's number
			codes = codePattern.FindAllString(harness.String(g.texts[first]["data"].(object)["body"]), 1)
			redeem(h, strings.ToLower(strings.ReplaceAll(codes[0], "-", " ")), "correct horse battery 1", 204)
			redeem(h, codes[0], "correct horse battery 2", 422)
			signIn(h, "ravi", "correct horse battery 1", 200)
		})
	}
}

// dropDevices takes away what reaches somebody: there is no message webhook.
func dropDevices(h *harness.Harness, logins ...string) {
	h.Helper()
	h.Must(h.DB.InTx(h.Context(), func(tx domain.Tx) error {
		for _, l := range logins {
			if err := tx.DropDevicesOf(h.People[l].ID, nil, "lost", h.Clock.Now()); err != nil {
				return err
			}
		}
		return nil
	}))
}

// TestACodeIsHandedOverOnlyBeforeTheFirstSignIn: whoever may invite hands a
// first code over where nothing reaches the person; it works once, within 24 h,
// and not after a sign-in. Afterwards an admin hands over, says how the person
// was recognised, and the person is told.
func TestACodeIsHandedOverOnlyBeforeTheFirstSignIn(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		dropDevices(h, "ravi", "meena", "kiran", "noor")
		asha, maya, root := h.As("asha"), h.As("maya"), h.As("root")
		for _, by := range []*harness.Client{asha, maya, root} {
			out := h.Invite(by, "ravi", nil, 201)
			if out["purpose"] != "invite" || !codePattern.MatchString(harness.String(out["code"])) || len(out["sent_by"].([]any)) != 0 {
				h.Errorf("%s: %v", by.Login, out)
			}
			if until, err := time.Parse(time.RFC3339, harness.String(out["expires_at"])); err != nil || time.Until(until) > 24*time.Hour ||
				time.Until(until) < 23*time.Hour {
				h.Errorf("a handed over code is good until %v", out["expires_at"])
			}
		}
		// Two codes, a sign-in with the old password: both are over.
		lost, second := harness.String(h.Invite(asha, "meena", nil, 201)["code"]), harness.String(h.Invite(asha, "meena", nil, 201)["code"])
		h.As("meena")
		redeem(h, lost, "correct horse battery 1", 422)
		redeem(h, second, "correct horse battery 1", 422)
		// One that is used works once and ends the others.
		first, other := harness.String(h.Invite(asha, "kiran", nil, 201)["code"]), harness.String(h.Invite(root, "kiran", nil, 201)["code"])
		redeem(h, first, "correct horse battery 1", 204)
		redeem(h, first, "correct horse battery 2", 422)
		redeem(h, other, "correct horse battery 2", 422)
		signIn(h, "kiran", "correct horse battery 1", 200)
		// Who has signed in gets none from those who lead them, and no sign tells
		// that an admin's would be refused.
		for _, by := range []*harness.Client{asha, maya, root} {
			for _, body := range []any{nil, object{"reset": true}} {
				out, res := by.Raw("POST", fmt.Sprintf("/v1/users/%s/invite", h.People["meena"].ID), body)
				if res.StatusCode != 409 || codePattern.Match(out) {
					h.Errorf("%s: %d %s", by.Login, res.StatusCode, out)
				}
			}
		}
		for _, by := range []*harness.Client{asha, maya} {
			h.Invite(by, "meena", object{"in_person": true, "note": "I know her"}, 403)
			h.Invite(by, "ravi", object{"in_person": true, "note": "I know him"}, 403)
		}
		for _, note := range []string{"", "  \t"} {
			h.Invite(root, "meena", object{"in_person": true, "note": note}, 422)
		}
		out := h.Invite(root, "meena", object{"in_person": true, "note": "showed her identity card"}, 201)
		redeem(h, harness.String(out["code"]), "correct horse battery 3", 204)
		in := signIn(h, "meena", "correct horse battery 3", 200)
		resets := in["resets"].([]any)
		if len(resets) != 1 || resets[0].(object)["by"] != "Root Surname" || resets[0].(object)["used"] != true {
			h.Errorf("the next sign-in tells of %v", resets)
		}
		meena := h.SignedIn("meena", harness.String(in["access_token"]))
		kinds := map[string]int{}
		for _, n := range items(meena.Send("GET", "/v1/inbox", nil, 200)) {
			kinds[harness.String(n["kind"])]++
		}
		if kinds["account.reset"] != 1 || kinds["account.password_set"] != 1 {
			h.Errorf("the inbox tells of %v", kinds)
		}
		// On record, for admins and for oneself.
		id := h.People["meena"].ID
		for _, who := range []*harness.Client{root, meena} {
			records := items(who.Send("GET", fmt.Sprintf("/v1/users/%s/invitations", id), nil, 200))
			if len(records) != 3 || records[0]["note"] != "showed her identity card" || records[0]["created_by"] != root.ID.String() ||
				records[0]["used_at"] == nil {
				h.Errorf("%s reads the record %v", who.Login, records)
			}
		}
		for _, who := range []*harness.Client{asha, maya, h.As("gita")} {
			who.Send("GET", fmt.Sprintf("/v1/users/%s/invitations", id), nil, 404)
		}
	})
}

// TestTheOwnerIsToldOfEveryReset: on their phone at once, off duty or not, in
// their inbox, and by every sign-in of the next 30 days, whoever signs in.
func TestTheOwnerIsToldOfEveryReset(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.As("ravi")
		h.Clock.Set(harness.Monday.Add(-6 * time.Hour)) // 03:00 at night
		out := h.Invite(h.As("asha"), "ravi", object{"reset": true}, 201)
		if out["code"] != nil || fmt.Sprint(out["sent_by"]) != "[device]" {
			h.Errorf("%v", out)
		}
		told := h.Expect("ravi", "A new password was asked for")
		code := h.Expect("ravi", "A code to set your password")
		if told.Data["code"] != "" || !codePattern.MatchString(code.Data["code"]) {
			h.Errorf("told %v, code %v", told.Data, code.Data)
		}
		redeem(h, code.Data["code"], "correct horse battery 1", 204)
		for range 2 { // whoever signs in first takes it from nobody
			resets := signIn(h, "ravi", "correct horse battery 1", 200)["resets"].([]any)
			if len(resets) != 1 || resets[0].(object)["by"] != "Asha Surname" || resets[0].(object)["used"] != true {
				h.Errorf("a sign-in tells of %v", resets)
			}
		}
	})
}

// TestAPartyToAReportChangesNobodysAccount: whoever is in an open report about
// our own people can neither reset, disable, move, re-role, re-name nor re-phone
// anybody, the judge included; the refusals are byte for byte the same for
// everybody, and nothing has changed. In a report about a household that holds
// for who decides it.
func TestAPartyToAReportChangesNobodysAccount(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("account.changed", "flag.triage", "visit.assigned")
		ravi, maya, root, gita := h.As("ravi"), h.As("maya"), h.As("root"), h.As("gita")
		h.Must(h.DB.InTx(h.Context(), func(tx domain.Tx) error { // a second admin, who is in nothing
			u, err := tx.User(h.People["root"].ID)
			if err != nil {
				return err
			}
			second := *u
			second.ID, second.Login = uuid.Must(uuid.NewV7()), "second.root"
			h.Adopt(second)
			return tx.InsertUser(&second)
		}))
		_, job := h.Household(h.As("kiran"), nil)
		// Ravi reports Maya, the manager of the area; Noor may decide. Gita reports
		// the admin.
		ravi.CreateFlag(bodies.FlagCreate{JobID: harness.String(visitedJob(h, job, "ravi")), Kind: "discrimination", Level: 2, Note: "x",
			SubjectID: maya.ID.String()})
		gita.CreateFlag(bodies.FlagCreate{JobID: harness.String(job["id"]), Kind: "discrimination", Level: 2, Note: "x",
			SubjectID: root.ID.String()})
		asha := h.As("asha")
		asha.CreateFlag(bodies.FlagCreate{JobID: harness.String(job["id"]), Kind: "threat", Level: 2, Note: "x",
			SubjectID: h.People["kiran"].ID.String()})
		accounts := func() string {
			out := []string{}
			for _, line := range strings.Split(h.DumpTables(), "\n") {
				if strings.HasPrefix(line, "users.") || strings.HasPrefix(line, "invitations.") {
					out = append(out, line)
				}
			}
			return strings.Join(out, "\n")
		}
		before := accounts()
		ops := map[string]object{"disable": {"disabled": true}, "role": {"role": "agent"}, "move": {"centre_id": h.OtherCentre},
			"phone": {"phone": "+919812345679"}, "login": {"login": "taken.over"}}
		may := map[string][]string{"maya": {"disable"}, "root": {"disable", "role", "move", "phone", "login"}, "asha": nil}
		for by, list := range may {
			said := map[string]string{}
			for _, to := range []string{"ravi", "meena", "kiran", "noor", "asha", "gita", "maya", "root", "ravi2", "second.root"} {
				if to == by {
					continue
				}
				for _, op := range append(slices.Clone(list), "invite") {
					method, address, body := "PATCH", fmt.Sprintf("/v1/users/%s", h.People[to].ID), any(ops[op])
					if op == "invite" {
						method, address, body = "POST", address+"/invite", object{"reset": true}
					}
					out, res := h.As(by).Raw(method, address, body, "If-Match", fmt.Sprintf(`"%d"`, h.UserVersion(to)))
					if res.StatusCode == 404 { // not theirs to see
						continue
					}
					var problem object
					_ = json.Unmarshal(out, &problem)
					delete(problem, "instance")
					plain, _ := json.Marshal(problem)
					if res.StatusCode != 403 {
						h.Errorf("%s %s %s: %d %s", by, op, to, res.StatusCode, out)
					}
					if op == "invite" && by != "root" && strings.Contains(string(plain), "invite") { // who never could
						continue
					}
					if said[op] == "" {
						said[op] = string(plain)
					} else if said[op] != string(plain) {
						h.Errorf("%s %s: %q for some, %q for %s", by, op, said[op], plain, to)
					}
				}
			}
		}
		root.Send("POST", "/v1/users", object{"login": "puppet", "name": "Puppet", "role": "area_manager", "area_id": areaID(h, "Pune")}, 403)
		if after := accounts(); after != before {
			h.Error("an account has changed")
		}
		// Another admin does it, but for who is in a report.
		other := h.As("second.root")
		other.Send("PATCH", fmt.Sprintf("/v1/users/%s", h.People["meena"].ID), ops["phone"], 200, "If-Match",
			fmt.Sprintf(`"%d"`, h.UserVersion("meena")))
		other.Send("PATCH", fmt.Sprintf("/v1/users/%s", h.People["ravi"].ID), ops["disable"], 403, "If-Match",
			fmt.Sprintf(`"%d"`, h.UserVersion("ravi")))
		h.Invite(other, "ravi", object{"in_person": true, "note": "showed a card"}, 403)
	})
}

// TestWhoReportsAHouseholdLeavesItsJudgeAlone: and goes on with everybody else.
func TestWhoReportsAHouseholdLeavesItsJudgeAlone(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.triage", "hold.area")
		maya := h.As("maya")
		_, job := h.Household(h.As("kiran"), nil)
		maya.CreateFlag(bodies.FlagCreate{JobID: harness.String(job["id"]), Kind: "threat", Level: 2, Note: "x"})
		disable := func(login string, want int) {
			h.Helper()
			maya.Send("PATCH", fmt.Sprintf("/v1/users/%s", h.People[login].ID), object{"disabled": true}, want, "If-Match",
				fmt.Sprintf(`"%d"`, h.UserVersion(login)))
		}
		disable("noor", 403)
		disable("meena", 200)
	})
}

// visitedJob gives a technician a visit of a job, so that they see it.
func visitedJob(h *harness.Harness, job object, login string) any {
	h.Helper()
	h.Visit(h.As("kiran"), job, harness.Monday.Add(30*time.Hour), login)
	return job["id"]
}

func areaID(h *harness.Harness, name string) any {
	h.Helper()
	for _, a := range items(h.As("root").Send("GET", "/v1/areas", nil, 200)) {
		if a["name"] == name {
			return a["id"]
		}
	}
	return nil
}

// TestAStoredAnswerIsForWhoMayReadIt: after a change of role, centre or area a
// repeated key gives nothing back, whatever was made with it; with the same
// standing it does, after a new password too.
func TestAStoredAnswerIsForWhoMayReadIt(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.triage", "visit.assigned")
		desk := h.As("kiran")
		customer, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(5*time.Hour), "ravi")
		secret := "narrative-" + uuid.NewString()
		type sent struct {
			who, path string
			body      object
			key       string
		}
		list := []sent{
			{"ravi", path("/v1/jobs/%s/attempts", job), object{"channel": "phone", "outcome": "no_answer", "note": secret}, ""},
			{"ravi", path("/v1/jobs/%s/tried-steps", job), object{"step": secret, "result": "failed"}, ""},
			{"ravi", "/v1/flags", object{"phone": "+919811100077", "kind": "verbal_abuse", "level": 1, "note": secret}, ""},
			{"ravi", path("/v1/visits/%s/en-route", visit), object{}, ""},
			{"kiran", "/v1/customers", object{"name": secret}, ""},
			{"kiran", "/v1/jobs", object{"customer_id": customer["id"], "fault": secret, "category": "refrigerator"}, ""},
			{"kiran", path("/v1/jobs/%s/promises", job), object{"what": secret}, ""},
			{"ravi", path("/v1/visits/%s/flags", visit), object{"kind": "verbal_abuse", "level": 1, "note": secret}, ""},
			{"maya", "/v1/flags", object{"job_id": job["id"], "kind": "verbal_abuse", "level": 1, "note": secret}, ""},
		}
		for i := range list {
			s := &list[i]
			s.key = uuid.NewString()
			out, res := h.As(s.who).Raw("POST", s.path, s.body, "Idempotency-Key", s.key)
			if res.StatusCode >= 300 {
				h.Fatalf("%s %s: %d %s", s.who, s.path, res.StatusCode, out)
			}
			again, res := h.As(s.who).Raw("POST", s.path, s.body, "Idempotency-Key", s.key)
			if res.Header.Get("Idempotency-Replayed") != "true" || string(again) != string(out) {
				h.Errorf("%s %s is not repeated: %d %s", s.who, s.path, res.StatusCode, again)
			}
		}
		london := uuid.MustParse(harness.String(areaID(h, "London")))
		for _, login := range []string{"ravi", "kiran", "maya"} { // no party to a report would be moved
			h.Must(h.DB.InTx(h.Context(), func(tx domain.Tx) error {
				u, err := tx.LockUser(h.People[login].ID)
				if err != nil {
					return err
				}
				switch login {
				case "ravi":
					u.Role = domain.RoleCoordinator
				case "kiran":
					u.CentreID, u.AreaID = &h.OtherCentre, nil
				default:
					u.AreaID = &london
				}
				u.Epoch++
				return tx.SaveUser(u)
			}))
			h.People[login].Token = ""
		}
		withheld := 0
		for _, s := range list {
			out, res := h.As(s.who).Raw("POST", s.path, s.body, "Idempotency-Key", s.key)
			var problem object
			_ = json.Unmarshal(out, &problem)
			if res.StatusCode < 400 || strings.Contains(string(out), secret) {
				h.Errorf("%s %s after the change: %d %s", s.who, s.path, res.StatusCode, out)
			}
			if problem["code"] == "answer_withheld" {
				withheld++
			}
		}
		if withheld < len(list)-1 { // a new job is refused before its key is looked at: its household is not in sight
			h.Errorf("%d of %d say that they were done", withheld, len(list))
		}
	})
}

// registerDevices puts n devices one after the other.
func registerDevices(h *harness.Harness, by *harness.Client, base string, n int, want ...int) {
	h.Helper()
	for i := range n {
		status := 200
		if i < len(want) {
			status = want[i]
		}
		by.Send("PUT", base+uuid.NewString(), object{"token": fmt.Sprintf("token-%s-%d-%s", by.Login, i, uuid.NewString()),
			"platform": "android"},
			status)
	}
}

func tokensOf(h *harness.Harness, of string) []string {
	h.Helper()
	return h.Column("SELECT token FROM devices WHERE dropped_at IS NULL AND " + of + " ORDER BY token")
}

// TestDevicesAreBounded: of a user the longest unused gives way; a link takes
// ten, however often it is tried, and the household's own stays.
func TestDevicesAreBounded(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		ravi := h.As("ravi")
		mine := fmt.Sprintf("user_id = '%s'", ravi.ID)
		h.Clock.Set(harness.Monday.Add(time.Second))
		registerDevices(h, ravi, "/v1/devices/", 5)
		h.Clock.Set(harness.Monday.Add(time.Minute))
		last := uuid.NewString()
		ravi.Send("PUT", "/v1/devices/"+last, object{"token": "the newest", "platform": "android"}, 200)
		registerDevices(h, ravi, "/v1/devices/", 7)
		if got := tokensOf(h, mine); len(got) != 10 || slices.Contains(got, "phone:ravi") || !slices.Contains(got, "the newest") {
			h.Errorf("%d devices of a user: %v", len(got), got)
		}
		ravi.Send("PUT", "/v1/devices/"+last, object{"token": "refreshed", "platform": "android"}, 200) // one that is there costs none
		if got := tokensOf(h, mine); len(got) != 10 || !slices.Contains(got, "refreshed") {
			h.Errorf("%d devices after a refresh: %v", len(got), got)
		}
		desk := h.As("kiran")
		_, job := h.Household(desk, nil)
		link := strings.TrimPrefix(h.DeliveredLink(job), h.URL) + "/devices/"
		nobody := h.Anonymous()
		own := uuid.NewString()
		nobody.Send("PUT", link+own, object{"token": "the household's", "platform": "web"}, 200)
		taken := 0
		for range 40 {
			out, res := nobody.Raw("PUT", link+uuid.NewString(), object{"token": uuid.NewString(), "platform": "web"})
			switch {
			case res.StatusCode == 200:
				taken++
			case res.StatusCode != 409 || !strings.Contains(string(out), "too_many"):
				h.Fatalf("%d %s", res.StatusCode, out)
			}
		}
		if got := tokensOf(h, "link_id IS NOT NULL"); taken != 9 || len(got) != 10 || !slices.Contains(got, "the household's") {
			h.Errorf("%d more taken, %d live: %v", taken, len(got), got)
		}
		nobody.Send("PUT", link+own, object{"token": "the household's, refreshed", "platform": "web"}, 200)
		// Dead ones make room, but not for ever.
		for range 12 {
			h.Must(h.DB.InTx(h.Context(), func(tx domain.Tx) error {
				for _, id := range h.Column("SELECT installation_id FROM devices WHERE dropped_at IS NULL AND link_id IS NOT NULL") {
					if err := tx.DropDevice(uuid.MustParse(id), "dead", h.Clock.Now().Add(time.Hour)); err != nil {
						return err
					}
				}
				return nil
			}))
			for range 12 {
				nobody.Raw("PUT", link+uuid.NewString(), object{"token": uuid.NewString(), "platform": "web"})
			}
		}
		if n := len(h.Column("SELECT token FROM devices WHERE link_id IS NOT NULL")); n > 60 {
			h.Errorf("a link has %d rows", n)
		}
	})
}

// TestAPushTokenHasOneOwnerAndEndsWithTheSession: whoever registers it last has
// it; it ends with the logout of the session in which it was registered, with a
// new password, with being disabled or moved; nothing registers after the logout.
func TestAPushTokenHasOneOwnerAndEndsWithTheSession(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		root := h.As("root")
		session := func(login string) (*harness.Client, string) {
			in := signIn(h, login, harness.Password, 200)
			return h.SignedIn(login, harness.String(in["access_token"])), harness.String(in["refresh_token"])
		}
		put := func(p *harness.Client, token string, want int) {
			h.Helper()
			p.Send("PUT", "/v1/devices/"+uuid.NewString(), object{"token": token, "platform": "android"}, want)
		}
		of := func(login string) string {
			return strings.Join(tokensOf(h, fmt.Sprintf("user_id = '%s'", h.People[login].ID)), " ")
		}
		ravi, first := session("ravi")
		meena, _ := session("meena")
		put(ravi, "shared", 200)
		put(meena, "shared", 200)
		if of("ravi") != "phone:ravi" || of("meena") != "phone:meena shared" {
			h.Errorf("ravi has %s, meena %s", of("ravi"), of("meena"))
		}
		h.Must(h.DB.InTx(h.Context(), func(tx domain.Tx) error { return tx.DropDevicesOf(h.People["ravi"].ID, nil, "x", h.Clock.Now()) }))
		tablet, second := session("ravi")
		put(ravi, "of the phone", 200)
		put(tablet, "of the tablet", 200)
		refreshed := h.Anonymous().Send("POST", "/v1/auth/refresh", object{"refresh_token": first}, 200)
		h.Anonymous().Send("POST", "/v1/auth/logout", object{"refresh_token": refreshed["refresh_token"]}, 204)
		if of("ravi") != "of the tablet" {
			h.Errorf("after the phone's logout: %s", of("ravi"))
		}
		put(ravi, "of the phone", 401) // its access token is still good for minutes
		h.Anonymous().Send("POST", "/v1/auth/logout", object{"refresh_token": second}, 204)
		if of("ravi") != "" {
			h.Errorf("after both logouts: %s", of("ravi"))
		}
		meena.Send("POST", "/v1/auth/password", object{"old_password": harness.Password, "password": "correct horse battery 1"}, 204)
		if of("meena") != "" {
			h.Errorf("after a new password: %s", of("meena"))
		}
		for login, body := range map[string]object{"kiran": {"disabled": true}, "asha": {"role": "coordinator"},
			"kiran2": {"centre_id": h.Centre}} {
			if of(login) == "" {
				h.Fatalf("%s has no device", login)
			}
			root.Send("PATCH", fmt.Sprintf("/v1/users/%s", h.People[login].ID), body, 200, "If-Match", fmt.Sprintf(`"%d"`, h.UserVersion(login)))
			if of(login) != "" {
				h.Errorf("%v leaves %s", body, of(login))
			}
		}
	})
}

// TestFormsOfALinkOutliveItsSecret: where the link secret was replaced and the
// former one is not kept, an open page's form is stale, a new one works once, and
// a key that nobody signed opens nothing.
func TestFormsOfALinkOutliveItsSecret(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned", "visit.confirmed")
		desk := h.As("kiran")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(30*time.Hour), "ravi")
		link := strings.TrimPrefix(h.DeliveredLink(job), h.URL)
		key := func(base string) string {
			h.Helper()
			page, _ := h.Through(base).Anonymous().Raw("GET", link, nil)
			found := harness.FormKey.FindSubmatch(page)
			if found == nil {
				h.Fatalf("the page offers nothing:\n%s", page)
			}
			return string(found[1])
		}
		old := key(h.URL)
		h.Config.Secrets.LinkSecret = strings.Repeat("another secret ", 3)
		second := h.SecondServer()
		nobody := h.Through(second).Anonymous()
		confirm := func(key string) int {
			h.Helper()
			_, res := nobody.Raw("POST", link+"/confirm", "form_key="+url.QueryEscape(key), "Content-Type", "application/x-www-form-urlencoded")
			return res.StatusCode
		}
		fresh := key(second)
		parts := strings.Split(fresh, ".")
		for _, forged := range []string{parts[0] + "." + parts[1] + ".", "AAAAAAAAAAAAAAAAAAAAAA." + parts[1] + ".", "." + parts[1] + ".", old} {
			if got := confirm(forged); got != 409 {
				t.Errorf("the key %q: %d", forged, got)
			}
		}
		if got := desk.Send("GET", path("/v1/visits/%s", visit), nil, 200)["confirmation"]; got != "awaiting" {
			t.Fatalf("a forged key made it %v", got)
		}
		if got := confirm(fresh); got != 303 {
			t.Errorf("the new form: %d", got)
		}
	})
}

// TestAReportFixesItsParties: whoever is party to an open report keeps role,
// place, phone and login until it is decided, by whomever; wrong values are told
// alike for everybody, and the owner hears of a new number.
func TestAReportFixesItsParties(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.triage", "visit.assigned")
		ravi, root, maya, noor := h.As("ravi"), h.As("root"), h.As("maya"), h.As("noor")
		patch := func(by *harness.Client, login string, body object, want int) object {
			h.Helper()
			return by.Send("PATCH", fmt.Sprintf("/v1/users/%s", h.People[login].ID), body, want, "If-Match",
				fmt.Sprintf(`"%d"`, h.UserVersion(login)))
		}
		_, job := h.Household(h.As("kiran"), nil)
		visitedJob(h, job, "ravi")
		ravi.CreateFlag(bodies.FlagCreate{JobID: harness.String(job["id"]), Kind: "discrimination", Level: 2, Note: "x",
			SubjectID: maya.ID.String()})
		for _, body := range []object{{"phone": "+919812345671"}, {"login": "locked.out"}, {"centre_id": h.OtherCentre}, {"role": "agent"},
			{"disabled": true}} {
			patch(root, "ravi", body, 403)
		}
		for _, login := range []string{"ravi", "meena"} { // a wrong value beside it tells nothing
			patch(root, login, object{"disabled": true, "phone": "zz"}, 422)
		}
		// The accused chooses no judge, and puts none off duty.
		patch(maya, "maya", object{"deputy_id": noor.ID}, 403)
		noors := fmt.Sprintf("/v1/users/%s", noor.ID)
		maya.Send("PUT", noors+"/roster", object{"hours": []object{{"weekday": 0, "from": "03:00", "to": "03:01"}}}, 403)
		maya.Send("POST", noors+"/leave", object{"starts_at": "2027-03-02T00:00:00Z", "ends_at": "2027-05-01T00:00:00Z", "kind": "other"}, 403)
		// Who is in none goes on, and the owner is told of a new number.
		patch(noor, "noor", object{"deputy_id": h.People["maya2"].ID}, 200)
		meena := h.As("meena")
		patch(root, "meena", object{"phone": "+919812345672"}, 200)
		h.Expect("meena", "Your account was changed")
		meena.Send("GET", "/v1/me", nil, 200)
	})
}

// TestAPrivateNoteLocksNobody: a report of level 0 is never more than a note.
func TestAPrivateNoteLocksNobody(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("account.code")
		root := h.As("root")
		h.As("ravi").CreateFlag(bodies.FlagCreate{Phone: "+919800000042", Kind: "other", Level: 0, SubjectID: root.ID.String()})
		h.Invite(root, "meena", nil, 201)
		root.Send("POST", "/v1/users", object{"login": "new.agent", "name": "New Agent", "role": "agent"}, 201)
	})
}

// TestAReportMovesNoVersion: a report that changes nothing of a job moves neither
// its version nor its time, and tells nobody who follows it.
func TestAReportMovesNoVersion(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.live", "flag.triage", "visit.assigned")
		desk, maya := h.As("kiran"), h.As("maya")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(30*time.Hour), "ravi")
		state := func() string {
			h.Helper()
			j := desk.Send("GET", path("/v1/jobs/%s", job), nil, 200)
			v := desk.Send("GET", path("/v1/visits/%s", visit), nil, 200)
			changes := h.Column(`SELECT items FROM changes WHERE items LIKE '%"job"%' OR items LIKE '%"visit"%' OR items LIKE '%"customer"%'`)
			return fmt.Sprint(j["version"], j["updated_at"], v["version"], v["updated_at"], len(changes))
		}
		h.Clock.Advance(time.Minute)
		before := state()
		for _, report := range []object{
			{"kind": "other", "level": 0, "note": "a note"},
			{"kind": "other", "level": 0, "note": "about one of us", "subject_id": maya.ID},
			{"kind": "discrimination", "level": 1, "note": "about one of us", "subject_id": maya.ID},
			{"kind": "discrimination", "level": 2, "note": "about one of us", "subject_id": maya.ID},
			{"kind": "threat", "level": 3, "note": "about one of us", "subject_id": h.People["kiran"].ID},
		} {
			report["visit_id"] = visit["id"]
			h.As("ravi").Send("POST", "/v1/flags", report, 201)
			if after := state(); after != before {
				t.Errorf("%v moves %s to %s", report, before, after)
			}
		}
		h.As("gita").CreateFlag(bodies.FlagCreate{JobID: harness.String(job["id"]), Kind: "discrimination", Level: 2, Note: "x",
			SubjectID: maya.ID.String()})
		if after := state(); after != before {
			t.Errorf("a report on the job moves %s to %s", before, after)
		}
	})
}

// TestAStoredAnswerFollowsItsJob: what was made on a job is not given again to a
// centre from which the job was taken.
func TestAStoredAnswerFollowsItsJob(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("promise.yours")
		desk, maya := h.As("kiran"), h.As("maya")
		second := h.As("root").Send("POST", "/v1/centres", object{"area_id": areaID(h, "Pune"), "name": "Second", "zone": "Asia/Kolkata",
			"country": "IN"}, 201)
		_, job := h.Household(desk, nil)
		secret := "words-" + uuid.NewString()
		type sent struct {
			path string
			body object
			key  string
		}
		list := []sent{
			{"/v1/jobs/%s/promises", object{"what": secret}, ""},
			{"/v1/jobs/%s/attempts", object{"channel": "phone", "outcome": "no_answer", "note": secret}, ""},
			{"/v1/jobs/%s/voice", object{"action": "call-me", "note": secret}, ""},
			{"/v1/jobs/%s/tried-steps", object{"step": secret, "result": "failed"}, ""},
			{"/v1/jobs/%s/hold", object{"kind": "parts", "reason": secret}, ""},
			{"/v1/jobs/%s/release", object{"kind": "parts", "reason": secret}, ""},
		}
		for i := range list {
			s := &list[i]
			s.key = uuid.NewString()
			if out, res := desk.Raw("POST", path(s.path, job), s.body, "Idempotency-Key", s.key); res.StatusCode >= 300 {
				h.Fatalf("%s: %d %s", s.path, res.StatusCode, out)
			}
			if out, res := desk.Raw("POST", path(s.path, job), s.body, "Idempotency-Key", s.key); res.Header.Get("Idempotency-Replayed") != "true" {
				t.Errorf("%s is not given again: %d %s", s.path, res.StatusCode, out)
			}
		}
		maya.Send("POST", path("/v1/jobs/%s/transfer", job), object{"centre_id": second["id"]}, 200)
		desk.Send("GET", path("/v1/jobs/%s", job), nil, 404)
		for _, s := range list {
			out, res := desk.Raw("POST", path(s.path, job), s.body, "Idempotency-Key", s.key)
			if res.StatusCode != 409 && res.StatusCode != 404 || strings.Contains(string(out), secret) {
				t.Errorf("%s after the transfer: %d %s", s.path, res.StatusCode, out)
			}
		}
	})
}

// TestALinkTakesNoDeviceOfStaff: neither by the installation nor by the token.
func TestALinkTakesNoDeviceOfStaff(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		desk, ravi := h.As("kiran"), h.As("ravi")
		_, job := h.Household(desk, nil)
		link := strings.TrimPrefix(h.DeliveredLink(job), h.URL) + "/devices/"
		own := uuid.NewString()
		ravi.Send("PUT", "/v1/devices/"+own, object{"token": "ravi's", "platform": "android"}, 200)
		nobody := h.Anonymous()
		nobody.Send("PUT", link+own, object{"token": "a stranger's", "platform": "web"}, 409)
		nobody.Send("PUT", link+uuid.NewString(), object{"token": "ravi's", "platform": "web"}, 409)
		nobody.Send("PUT", link+uuid.NewString(), object{"token": "the household's", "platform": "web"}, 200)
		if got := tokensOf(h, fmt.Sprintf("user_id = '%s'", ravi.ID)); !slices.Contains(got, "ravi's") {
			t.Errorf("ravi is left with %v", got)
		}
	})
}
