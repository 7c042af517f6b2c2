package contact

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/domain"

	"github.com/google/uuid"
)

// TestACallAtTheWrongDesk: whoever takes it, its own desk calls back, and whoever took it
// says so: the same words for every number. Who answers for the job promises by themselves.
func TestACallAtTheWrongDesk(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.MayIgnore("promise.late")
		kiran := h.As("kiran")
		wrong := []string{"gita", "kiran2", "asha2", "ravi2", "maya2", "root"}
		for i, login := range append(wrong, "kiran", "asha", "maya", "ravi") {
			p := h.As(login)
			customer, job := h.Household(kiran, nil)
			h.CustomerPage(job).RegisterDevice("home:" + login)
			number := customer["contacts"].([]any)[0].(object)["phones"].([]any)[0]
			known := p.Send("POST", "/v1/contacts", object{"phone": number, "note": "please call me back"}, 202)
			unknown := p.Send("POST", "/v1/contacts", object{"phone": "+919899999999", "note": "please call me back"}, 202)
			if a, b := known["tell_caller"], unknown["tell_caller"]; a != b || !strings.Contains(harness.String(a), "calls back") {
				h.Errorf("%s tells %v and %v", login, a, b)
			}
			h.Settle()
			if got := kiran.Verdict(job)["verdict"]; got != "reached" {
				h.Errorf("%s: the verdict is %v", login, got)
			}
			list := items(kiran.Send("GET", path("/v1/jobs/%s/promises", job), nil, 200))
			if i >= len(wrong) {
				if len(list) != 0 {
					h.Errorf("%s answers for it, and made %v", login, list)
				}
				continue
			}
			h.Expect("kiran", "Please call back")
			h.ExpectOn("home:"+login, "Kiran will call you")
			if len(list) != 1 || list[0]["owner_id"] != kiran.ID.String() || list[0]["what"] != "please call me back" ||
				!harness.Instant(t, list[0]["due_at"]).Equal(h.Clock.Now().Add(2*time.Hour)) {
				t.Fatalf("%s took it: %v", login, list)
			}
			// A second call is the same promise; our own call back keeps it.
			p.Send("POST", "/v1/contacts", object{"phone": number}, 202)
			h.Settle()
			kiran.Send("POST", path("/v1/jobs/%s/attempts", job), object{"channel": "phone", "outcome": "reached"}, 201)
			if got := kiran.Send("GET", path("/v1/promises/%s", list[0]), nil, 200); got["status"] != "kept" || got["contacts"] != 2.0 {
				h.Errorf("%s: %v", login, got)
			}
		}
		called := h.As("gita").Send("POST", "/v1/contacts", object{"phone": "+919899999999", "direction": "outbound"}, 202)
		if got := called["tell_caller"]; got != "" {
			h.Errorf("we had called, and say %q", got)
		}
		// An agent who finds the job and records the call there is no other than by number.
		_, job := h.Household(kiran, nil)
		h.As("gita").Send("POST", path("/v1/jobs/%s/attempts", job), object{"channel": "phone", "outcome": "reached",
			"direction": "inbound"}, 201)
		h.Expect("kiran", "Please call back")
	})
}

// watched is the store, with the names of what a transaction asks and writes.
type watched struct {
	domain.Store
	calls *[]string
}

type watchedTx struct {
	domain.Tx
	calls *[]string
}

func (w watched) InTx(ctx context.Context, fn func(domain.Tx) error) error {
	return w.Store.InTx(ctx, func(tx domain.Tx) error { return fn(watchedTx{tx, w.calls}) })
}

func (w watchedTx) note(what string) { *w.calls = append(*w.calls, what) }

func (w watchedTx) User(id domain.ID) (*domain.User, error) { w.note("user"); return w.Tx.User(id) }
func (w watchedTx) LoggedContact(id domain.ID) (*domain.LoggedContact, error) {
	w.note("contact")
	return w.Tx.LoggedContact(id)
}
func (w watchedTx) InsertLoggedContact(x *domain.LoggedContact) error {
	w.note("insert contact")
	return w.Tx.InsertLoggedContact(x)
}
func (w watchedTx) Attempt(id domain.ID) (*domain.Attempt, error) {
	w.note("attempt")
	return w.Tx.Attempt(id)
}
func (w watchedTx) CustomersByPhone(phone string, struck bool) ([]domain.ID, error) {
	w.note("customers")
	return w.Tx.CustomersByPhone(phone, struck)
}
func (w watchedTx) LockJob(id domain.ID) (*domain.Job, error) {
	w.note("job")
	return w.Tx.LockJob(id)
}
func (w watchedTx) Arm(d domain.Deadline)           { w.note("deadline"); w.Tx.Arm(d) }
func (w watchedTx) PutReplay(r domain.Replay)       { w.note("replay"); w.Tx.PutReplay(r) }
func (w watchedTx) Enqueue(n ...domain.Notice)      { w.note("notice"); w.Tx.Enqueue(n...) }
func (w watchedTx) InsertFlag(f *domain.Flag) error { w.note("flag"); return w.Tx.InsertFlag(f) }

// TestABlindContactTakesTheSameTime: a contact or a report of a known number and an unknown one are answered from
// the same statements and leave the same rows; what follows for a household comes after
// the answer, once, also where the clock is killed in between.
func TestABlindContactTakesTheSameTime(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.live", "flag.triage", "hold.area", "promise.yours")
		kiran, gita := h.As("kiran"), h.As("gita")
		customer, job := h.Household(kiran, nil)
		number := customer["contacts"].([]any)[0].(object)["phones"].([]any)[0]
		h.Settle()
		rows := func() map[string]int {
			n := map[string]int{}
			for _, line := range strings.Split(h.DumpTables(), "\n") {
				name, _, _ := strings.Cut(line, "=")
				n[name]++
			}
			return n
		}
		store := h.Server.Service.Store
		var asked [2][]string
		var left [2]map[string]int
		ids := []string{uuid.NewString(), uuid.NewString()}
		blind := func(insert string, send func(i int, phone any)) {
			h.Helper()
			asked, left = [2][]string{}, [2]map[string]int{}
			for i, phone := range []any{number, "+919899999999"} {
				before := rows()
				h.Server.Service.Store = watched{store, &asked[i]}
				send(i, phone)
				h.Server.Service.Store = store
				left[i] = rows()
				for name, n := range before {
					left[i][name] -= n
				}
			}
			if !slices.Equal(asked[0], asked[1]) || !slices.Contains(asked[0], insert) {
				h.Errorf("known: %v, unknown: %v", asked[0], asked[1])
			}
			for name, n := range left[0] {
				if left[1][name] != n {
					h.Errorf("%s grows by %d and by %d", name, n, left[1][name])
				}
			}
		}
		for level := range 5 {
			var reports [2]any
			blind("flag", func(i int, phone any) {
				reports[i] = gita.Send("POST", "/v1/flags", object{"phone": phone, "kind": "threat", "level": level, "note": "y"}, 201)["id"]
			})
			if got := h.Column("SELECT id FROM holds"); len(got) != max(0, level-2) {
				h.Errorf("level %d: %d holds before the clock", level, len(got))
			}
			h.Settle()
			if got := h.Column("SELECT id FROM holds"); len(got) != max(0, level-1) {
				h.Errorf("level %d: %d holds after it", level, len(got))
			}
			for i, customer := range []any{customer["id"], nil} {
				of := h.Column(fmt.Sprintf("SELECT coalesce(CAST(customer_id AS text), '') FROM flags WHERE id = '%v'", reports[i]))
				if len(of) != 1 || (of[0] == "") == (customer != nil) {
					h.Errorf("level %d: the report of %v is about %v", level, customer, of)
				}
			}
		}
		blind("insert contact", func(i int, phone any) {
			gita.Send("POST", "/v1/contacts", object{"id": ids[i], "phone": phone, "note": "call me",
				"flag": object{"kind": "verbal_abuse", "level": 2, "note": "shouted"}}, 202)
		})
		if n := len(items(kiran.Send("GET", path("/v1/jobs/%s/attempts", job), nil, 200))); n != 0 {
			h.Errorf("before the clock the job has %d attempts", n)
		}
		h.Settle()
		h.Settle()
		made := items(kiran.Send("GET", path("/v1/jobs/%s/attempts", job), nil, 200))
		made = slices.DeleteFunc(made, func(a object) bool { return a["id"] != ids[0] })
		if len(made) != 1 || made[0]["by_id"] != gita.ID.String() || made[0]["note"] != "call me" {
			h.Errorf("carried out: %v", made)
		}
		if flags := items(gita.Send("GET", "/v1/flags", nil, 200)); len(flags) != 12 {
			h.Errorf("%d reports", len(flags))
		}
		// The same again, under the same id, is the same contact.
		gita.Send("POST", "/v1/contacts", object{"id": ids[0], "phone": number, "note": "call me"}, 202)
		h.Settle()
		if p := items(kiran.Send("GET", path("/v1/jobs/%s/promises", job), nil, 200)); len(p) != 1 || p[0]["contacts"] != 1.0 {
			h.Errorf("promised: %v", p)
		}
	})
}

// TestAContactStandsThoughNobodyIsThereToCallBack: want of somebody who could own the
// call back refuses no fact, and holds up no clock.
func TestAContactStandsThoughNobodyIsThereToCallBack(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.MayIgnore("call.manager", "queue.morning")
		root := h.As("root")
		customer, job := h.Household(h.As("kiran"), nil)
		number := customer["contacts"].([]any)[0].(object)["phones"].([]any)[0]
		for _, login := range []string{"kiran", "asha", "maya", "noor", "gita", "gita2"} {
			root.Send("PATCH", "/v1/users/"+h.People[login].ID.String(), object{"disabled": true}, 200, "If-Match",
				fmt.Sprintf(`"%d"`, h.UserVersion(login)))
		}
		root.Send("POST", "/v1/contacts", object{"phone": number, "note": "please call"}, 202)
		h.Settle()
		if got := h.Column("SELECT direction FROM attempts"); len(got) != 1 || got[0] != "inbound" {
			h.Errorf("recorded: %v", got)
		}
		if got := h.Column("SELECT id FROM deadlines WHERE kind = 'contact' AND done_at IS NULL"); len(got) != 0 {
			h.Errorf("%d are due for ever", len(got))
		}
		if got := root.Send("GET", path("/v1/jobs/%s/reachability", job), nil, 200)["verdict"]; got != "reached" {
			h.Errorf("the verdict is %v", got)
		}
	})
}
