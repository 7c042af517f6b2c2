package contract

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/domain"
	"doorstep/repo"
)

var updateFields = flag.Bool("update-fields", false, "write testdata/fields.txt anew; read the difference before you commit it")

// personal are the keys that say something of a person, wherever they stand.
var personal = strings.Fields(
	`login name phone phones email address landmark occupant lat lon home_lat home_lon quiet_from quiet_to hours exceptions rings_always
	colleague_id deputy_id language relation voice_only note words reason reasons statement told told_by kind level reporter_id reporter subject_id subject behaviour
	precautions narrative crew ever_crew technician technician_id technicians user_id owner_id raiser_id raiser raised_by text share_url what_matters fault actor_id
	acknowledged_by handlers involved recorded_by decided_by created_by place contact contacts`)

// viewers are who reads: what they are to the technician and the household of
// the world, and their login.
var viewers = []struct{ relation, login string }{
	{"crew", "ravi"}, {"colleague", "tara"}, {"technician", "meena"}, {"coordinator", "kiran"}, {"proprietor", "asha"},
	{"area_manager", "maya"}, {"agent", "gita"}, {"admin", "root"},
	{"other_technician", "ravi2"}, {"other_coordinator", "kiran2"}, {"other_proprietor", "asha2"}, {"other_manager", "maya2"},
	{"other_manager", "noor2"}, // one of them is passed a late report
}

// TestFieldsOfPeople reads every resource as everybody and compares, field by
// field, who is shown what of people with testdata/fields.txt: role × relation ×
// field. A new resource or field of people has no row there and fails, until
// somebody has judged who may see it.
func TestFieldsOfPeople(t *testing.T) {
	t.Parallel()
	h := harness.New(t, repo.SQLite) // what is shown is decided above the database
	h.Ignores("call.manager", "dispute.opened", "flag.live", "flag.overdue", "flag.passed_on", "flag.triage", "leave.asked", "link.verify",
		"note.waiting", "promise.late", "queue.morning", "sos.raised", "thanks.waiting", "visit.assigned", "visit.claimed", "visit.missed_desk",
		"visit.needs_someone", "visit.unassigned")
	h.MayIgnore("sos.call_yourself", "sos.unheard") // where phones are slow to take a ring
	ids := oneOfEach(h)
	h.AddTechnician("tara")
	_, job := h.Household(h.As("kiran"), nil)
	h.Visit(h.As("kiran"), job, harness.Monday.Add(80*time.Hour), "ravi", "tara")
	h.Must(h.DB.InTx(t.Context(), func(tx domain.Tx) error {
		for i, login := range slices.Sorted(maps.Keys(h.People)) {
			u, err := tx.LockUser(h.People[login].ID)
			if err != nil {
				return err
			}
			lat := 18.5 + float64(i)/100
			u.HomeLat, u.HomeLon, u.Phone, u.QuietFrom, u.QuietTo, u.RingsAlways = &lat, &lat, fmt.Sprintf("+9198765%05d", i), "22:00", "06:00", true
			if u.Role == domain.RoleTechnician {
				u.ColleagueID = &h.People["meena"].ID
				u.Exceptions = domain.JSONList[domain.DayHours]{{Date: "2027-05-01",
					Hours: domain.JSONList[domain.Stretch]{{From: "10:00", To: "12:00"}}}}
			}
			if err := tx.SaveUser(u); err != nil {
				return err
			}
		}
		return nil
	}))
	seen := map[string]map[string]bool{} // operation and field → who
	for _, op := range h.Contract.Operations() {
		if op.Method != "GET" || !strings.HasPrefix(op.Path, "/v1/") || op.Path == "/v1/events" || strings.HasSuffix(op.Path, "evidence-pack") ||
			strings.HasSuffix(op.Path, "{evidence_id}") || strings.HasSuffix(op.Path, "{file_id}") || op.Path == "/v1/imports/template" {
			continue
		}
		address := strings.ReplaceAll(op.Path, "{id}", strings.ToLower(harness.String(ids[strings.Split(op.Path, "/")[2]])))
		for _, v := range viewers {
			out, res := h.As(v.login).Raw("GET", address, nil)
			if res.StatusCode != 200 {
				continue
			}
			var answer any
			h.Must(json.Unmarshal(out, &answer))
			fieldsIn(answer, op.Path, h.People[v.login].ID.String(), false, func(field string, self bool) {
				if seen[field] == nil {
					seen[field] = map[string]bool{}
				}
				who := v.relation
				if self {
					who = "self"
				}
				seen[field][who] = true
			})
		}
	}
	order := []string{"self"}
	for _, v := range viewers {
		order = append(order, v.relation)
	}
	order = slices.Compact(order)
	var rows strings.Builder
	for _, field := range slices.Sorted(maps.Keys(seen)) {
		who := slices.DeleteFunc(slices.Clone(order), func(r string) bool { return !seen[field][r] })
		fmt.Fprintf(&rows, "%s: %s\n", field, strings.Join(who, " "))
	}
	golden := filepath.Join("testdata", "fields.txt")
	if *updateFields {
		h.Must(os.MkdirAll("testdata", 0o755))
		h.Must(os.WriteFile(golden, []byte(rows.String()), 0o644))
	}
	want, err := os.ReadFile(golden)
	h.Must(err)
	if len(seen) < 100 {
		t.Fatalf("only %d fields were walked", len(seen))
	}
	have, should := strings.Split(rows.String(), "\n"), strings.Split(string(want), "\n")
	for _, line := range have {
		if !slices.Contains(should, line) {
			t.Errorf("is shown, and not so in %s: %s", golden, line)
		}
	}
	for _, line := range should {
		if !slices.Contains(have, line) {
			t.Errorf("in %s, and not shown so: %s", golden, line)
		}
	}
}

// fieldsIn names the fields of people that hold something, as the path to them;
// in an object that is the reader themselves they are their own.
func fieldsIn(v any, path, reader string, self bool, found func(field string, self bool)) {
	switch v := v.(type) {
	case []any:
		for _, one := range v {
			fieldsIn(one, path+"[]", reader, self, found)
		}
	case map[string]any:
		self := self || v["id"] == reader
		for key, value := range v {
			if slices.Contains(personal, key) && !empty(value) {
				found(path+" "+key, self)
			}
			fieldsIn(value, path+"."+key, reader, self, found)
		}
	}
}

func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case bool:
		return !v
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

// TestAnswersShowTheSameOfPeople: what a change answers shows of somebody what a
// read would, also when it is given again.
func TestAnswersShowTheSameOfPeople(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		id := h.People["ravi"].ID
		h.Must(h.DB.InTx(t.Context(), func(tx domain.Tx) error {
			u, err := tx.LockUser(id)
			if err != nil {
				return err
			}
			lat := 18.5
			u.HomeLat, u.HomeLon, u.QuietFrom, u.QuietTo = &lat, &lat, "22:00", "06:00"
			return tx.SaveUser(u)
		}))
		hours := []object{{"weekday": 1, "from": "08:00", "to": "20:00"}}
		for _, login := range []string{"kiran", "asha", "maya", "root"} {
			for path, body := range map[string]object{"/v1/technicians/%s/hours": {"hours": hours},
				"/v1/technicians/%s/skills": {"skills": []string{"refrigerator"}}, "/v1/users/%s/roster": {"hours": hours}} {
				out, res := h.As(login).Raw("PUT", fmt.Sprintf(path, id), body)
				if res.StatusCode != 200 {
					continue
				}
				for _, key := range []string{"home_lat", "quiet_from"} {
					if shown := strings.Contains(string(out), `"`+key+`"`); shown != (login == "root") {
						t.Errorf("PUT %s as %s shows %s: %v", path, login, key, shown)
					}
				}
			}
		}
	})
}
