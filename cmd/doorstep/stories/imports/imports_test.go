package imports

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"doorstep/cmd/doorstep/stories/harness"
)

const heading = "Ticket,Customer,Mobile,Address,Product,Complaint,Date,From,To,Technician\n"

// tuesday is the day after the stories begin, in the words of a sheet.
const tuesday = "02/03/2027"

// sends imports rows as somebody, and gives the report.
func sends(c *harness.Client, query string, rows ...string) object {
	c.Harness.Helper()
	return c.Send("POST", "/v1/imports/jobs?"+query, heading+strings.Join(rows, "\n")+"\n", 200, "Content-Type", "text/csv")
}

// outcomes are those of the rows, with the kinds of questions and what was left out.
func outcomes(report object) string {
	var out []string
	for _, i := range list(report, "items") {
		s := harness.String(i["outcome"])
		for _, q := range list(i, "questions") {
			s += " " + harness.String(q["kind"])
		}
		for _, l := range list(i, "left_out") {
			s += " -" + harness.String(l["column"])
		}
		for _, e := range list(i, "errors") {
			s += " !" + harness.String(e["column"])
		}
		out = append(out, s)
	}
	return strings.Join(out, "; ")
}

func list(o object, key string) (out []object) {
	all, _ := o[key].([]any)
	for _, x := range all {
		out = append(out, x.(object))
	}
	return out
}

func is(h *harness.Harness, what string, got, want any) {
	h.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		h.Errorf("%s: %v, want %v", what, got, want)
	}
}

func job(c *harness.Client, ref string) object {
	c.Harness.Helper()
	found := items(c.Send("GET", "/v1/jobs?external_ref="+strings.ReplaceAll(ref, " ", "%20"), nil, 200))
	if len(found) != 1 {
		c.Harness.Fatalf("%d jobs %s", len(found), ref)
	}
	return found[0]
}

func household(c *harness.Client, ref string) object {
	return c.Send("GET", path("/v1/customers/%s", object{"id": job(c, ref)["customer_id"]}), nil, 200)
}

func visits(c *harness.Client, ref string) []object {
	return items(c.Send("GET", "/v1/visits?job_id="+harness.String(job(c, ref)["id"]), nil, 200))
}

// A row lands, asks or is refused; a cell that is not needed to reach the household refuses nothing.
func TestARowHasThreeEnds(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned")
		desk := h.As("kiran")
		first := sends(desk, "preview=false", "A-1,Lata Joshi,9822000001,1 Lane,,Leaks,"+tuesday+",10:00,12:00,Ravi Surname",
			"A-2,Uma Rao,9822000002,2 Lane,,Leaks,"+tuesday+",10:00,12:00,Ravi Surname", // he is at A-1
			"A-3,,9822000003,3 Lane,,Leaks,,,,")
		is(h, "first", outcomes(first), "created; created -Technician; rejected !Customer")
		is(h, "the day to look at", first["day"], "2027-03-02")
		if v := visits(desk, "A-2"); len(v) != 1 || len(v[0]["crew"].([]any)) != 0 {
			t.Errorf("the visit of A-2: %v", v)
		}
		second := sends(desk, "preview=false", "A-1,Om Sethi,9822000009,9 Hill,,Smoke,,,,", // the ticket of somebody else
			"A-4,Anil Joshi,9822000001,1 Lane,,Hums,,,,",                                   // Lata's number
			"A-5,Ira,9822000005,5 Lane,,Hums,,,,", "A-5,Mona,9822000006,6 Lane,,Drips,,,,") // one ticket, two families
		is(h, "second", outcomes(second), "asks ticket; asks household; created; asks ticket")
		is(h, "counts", []any{second["created"], second["asks"], second["rejected"]}, "[1 3 0]")
		if asked := list(second, "questions"); len(asked) != 3 || asked[0]["kind"] != "ticket" || asked[2]["kind"] != "household" {
			t.Errorf("the worst first: %v", asked)
		}
		is(h, "A-1 is still Lata's", household(desk, "A-1")["name"], "Lata Joshi")
		is(h, "A-5 is the first one's", household(desk, "A-5")["name"], "Ira")
		if n := len(items(desk.Send("GET", "/v1/jobs?external_ref=A-4", nil, 200))); n != 0 {
			t.Error("a row that asks became a job")
		}
	})
}

// Answers are kept with the centre: of one row, or of all alike; the same file sent again uses them.
func TestAnswersAreUsed(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		desk := h.As("kiran")
		sends(desk, "preview=false", "B-1,Lata Joshi,9822000011,1 Lane,,Leaks,,,,")
		rows := []string{"B-1,Om Sethi,9822000019,9 Hill,,Smoke,,,,", "B-2,Anil Joshi,9822000011,1 Lane,,Hums,,,,",
			"B-3,Asha Joshi,9822000011,1 Lane,,Hums,,,,"}
		asked := list(sends(desk, "preview=true", rows...), "questions")
		answer := func(about, with string, code int) object {
			return desk.Send("POST", "/v1/imports/answers", object{"answers": []object{{about: asked[0]["alike"], "answer": with}}}, code)
		}
		answer("id", "perhaps", 200)
		again := list(sends(desk, "preview=true", rows...), "questions")
		if words := harness.String(again[0]["words"]); !strings.Contains(words, "“perhaps” is none of the answers") {
			t.Errorf("a question says of a wrong answer: %s", words)
		}
		answer("id", "another", 200)
		desk.Send("POST", "/v1/imports/answers", object{"answers": []object{{"alike": asked[1]["alike"], "answer": "this"},
			{"id": asked[2]["ids"].([]any)[0], "answer": "leave_out"}}}, 200)
		desk.Send("POST", "/v1/imports/answers", object{"answers": []object{{"answer": "this"}}}, 422)
		is(h, "as answered", outcomes(sends(desk, "preview=false", rows...)), "created; created; unchanged -")
		is(h, "another household's", household(desk, "B-1 (2)")["name"], "Om Sethi")
		is(h, "the same household", job(desk, "B-2")["customer_id"], job(desk, "B-1")["customer_id"])
		is(h, "and again", outcomes(sends(desk, "preview=false", rows...)), "unchanged; unchanged; unchanged -")
		is(h, "answers", len(items(desk.Send("GET", "/v1/imports/answers", nil, 200))), 3)
		is(h, "of another centre", len(items(h.As("kiran2").Send("GET", "/v1/imports/answers", nil, 200))), 0)
		desk.Send("DELETE", "/v1/imports/answers?about="+harness.String(asked[0]["alike"]), nil, 204)
		is(h, "without one", len(items(desk.Send("GET", "/v1/imports/answers", nil, 200))), 2)
		desk.Send("DELETE", "/v1/imports/answers", nil, 204)
		is(h, "without all", len(items(desk.Send("GET", "/v1/imports/answers", nil, 200))), 0)
		is(h, "asks again", outcomes(sends(desk, "preview=false", rows...)), "asks ticket; unchanged; asks household")
	})
}

// A number that lost something is asked for where the row has no other: with the whole number as the answer, with what it may be
// parted into, or without one. Beside another it is kept in the note; a known job is not held up by it.
func TestADoubtfulNumberIsAskedFor(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		desk := h.As("kiran")
		rows := []string{"N-1,Lata Joshi,982200007,1 Lane,,Leaks,,,,", "N-2,Uma Rao,25550140 (O),,,Leaks,,,,",
			"N-3,Om Sethi,98220000739822000074,3 Lane,,Leaks,,,,", "N-4,Ira Das,982200007 / 9822000075,4 Lane,,Leaks,,,,",
			"N-5,Mona Rao,98220000761,5 Lane,,Leaks,,,,", "N-6,Asha Rao,982200008 call first,6 Lane,,Leaks,,,,"}
		shown := sends(desk, "preview=true", rows...)
		is(h, "shown", outcomes(shown), "asks phone; asks phone; asks phone; created -Mobile; created -Mobile; asks phone")
		asked := map[string]object{}
		for _, q := range list(shown, "questions") {
			asked[harness.String(q["cell"])] = q
			is(h, "takes a number", []any{q["kind"], q["column"], q["takes"]}, "[phone Mobile phone]")
		}
		answer := func(cell, with string) {
			desk.Send("POST", "/v1/imports/answers", object{"answers": []object{{"alike": asked[cell]["alike"], "answer": with}}}, 200)
		}
		answer("982200007", "98220 00072")
		answer("25550140 (O)", "2555")
		answer("98220000739822000074", "split")
		answer("982200008 call first", "leave_out")
		landed := sends(desk, "preview=false", rows...)
		is(h, "landed", outcomes(landed), "created -Mobile; asks phone; created; created -Mobile; created -Mobile; created -Mobile")
		if words := harness.String(list(list(landed, "items")[1], "questions")[0]["words"]); !strings.Contains(words,
			"“2555” is none of the answers") {
			t.Error(words)
		}
		phones := func(ref string) any { return household(desk, ref)["contacts"].([]any)[0].(object)["phones"] }
		is(h, "as typed", phones("N-1"), "[+919822000072]")
		is(h, "two", phones("N-3"), "[+919822000073 +919822000074]")
		is(h, "the good one", phones("N-4"), "[+919822000075]")
		is(h, "none", phones("N-6"), "[]")
		for ref, note := range map[string]string{"N-1": "Mobile: 982200007", "N-4": "Mobile: 982200007 / 9822000075",
			"N-6": "Mobile: 982200008 call first"} {
			is(h, "the note of "+ref, job(desk, ref)["note"], note)
		}
		is(h, "again", outcomes(sends(desk, "preview=false", rows...)),
			"unchanged -Mobile; asks phone; unchanged; unchanged -Mobile; unchanged -Mobile; unchanged -Mobile")
		h.Advance(25 * time.Hour)
		if _, err := h.Server.Service.Clock.Retention(h.Context()); err != nil {
			t.Fatal(err)
		}
		is(h, "answers that are no numbers", len(items(desk.Send("GET", "/v1/imports/answers", nil, 200))), 3)
		is(h, "a known job asks no more", outcomes(sends(desk, "preview=false", rows[0])), "unchanged -Mobile")
	})
}

// What another centre knows, or what is held, is told by no question.
func TestAQuestionTellsNothingOfOtherCentres(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.MayIgnore("household.asked")
		there, here := h.As("kiran2"), h.As("kiran")
		is(h, "there", outcomes(sends(there, "preview=false", "C-1,Lata Joshi,+919822000021,1 Lane,,Leaks,,,,")), "created")
		is(h, "there it asks", outcomes(sends(there, "preview=true", "C-4,Anil Rao,+919822000021,1 Hill,,Hums,,,,")), "asks household")
		row := sends(here, "preview=true", "C-2,Anil Rao,+919822000021,1 Hill,,Hums,,,,", "C-3,Nobody Known,9822000029,1 Hill,,Hums,,,,")
		is(h, "the number of another centre's household", outcomes(row), "created; created")
		one, other := list(row, "items")[0], list(row, "items")[1]
		is(h, "as if it were not known", one["may_be_known"], other["may_be_known"])
	})
}

// The preview says what was read, what of a known job would change, and keeps nothing.
func TestThePreviewSaysWhatWouldChange(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned", "visit.unassigned")
		desk := h.As("kiran")
		sends(desk, "preview=false", "D-1,Lata Joshi,9822000031,1 Lane,,Leaks,"+tuesday+",10:00,12:00,Ravi Surname")
		corrected := "D-1,Lata Joshi,9822000032,1 Lane,,Leaks badly," + tuesday + ",14:00,16:00,Meena Surname"
		shown := sends(desk, "preview=true", corrected)
		row := list(shown, "items")[0]
		is(h, "outcome", outcomes(shown), "updated")
		read := row["read"].(object)
		is(h, "read", []any{read["name"], read["phones"], read["when"], read["technician"]},
			"[Lata Joshi [+919822000032] Tuesday 2 March 2027, 14:00 to 16:00 Meena Surname]")
		var fields []string
		for _, c := range list(row, "changes") {
			fields = append(fields, fmt.Sprintf("%s: %s > %s", c["field"], c["from"], c["to"]))
		}
		is(h, "changes", strings.Join(fields, "\n"), strings.Join([]string{"phones: +919822000031 > +919822000032, +919822000031",
			"visit: Tuesday 2 March 2027, 10:00 to 12:00 > Tuesday 2 March 2027, 14:00 to 16:00",
			"technician: Ravi Surname > Meena Surname", "fault: Leaks > Leaks badly"}, "\n"))
		is(h, "nothing was kept", job(desk, "D-1")["fault"], "Leaks")
		is(h, "no import", len(items(desk.Send("GET", "/v1/imports", nil, 200))), 1)
		landed := sends(desk, "preview=false", corrected)
		is(h, "landed", []any{outcomes(landed), len(list(list(landed, "items")[0], "changes"))}, "[updated 4]")
		to := desk.Send("POST", path("/v1/jobs/%s/attempts", job(desk, "D-1")), object{"channel": "sms", "outcome": "sent"}, 201)
		is(h, "the corrected number is called first", to["address"], "+919822000032")
		is(h, "the same file", outcomes(sends(desk, "preview=false", corrected)), "unchanged")
	})
}

// What the sheet did not change since it was last imported changes nothing, whatever was edited here in between; what both changed
// is asked.
func TestWhatBothChangedIsAsked(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned", "visit.unassigned")
		desk := h.As("kiran")
		h.AddTechnician("asif")
		meena := []any{h.People["meena"].ID.String()}
		row := func(fault, hours, who string) string {
			return "Q-1,Lata Joshi,9822000091,1 Lane,," + fault + "," + tuesday + "," + hours + "," + who
		}
		sends(desk, "preview=false", row("Leaks", "10:00,12:00", "Ravi Surname"))
		j := job(desk, "Q-1")
		desk.Send("PATCH", path("/v1/jobs/%s", j), object{"fault": "Leaks at the hinge"}, 200, "If-Match", fmt.Sprintf("\"%v\"", j["version"]))
		desk.Send("POST", path("/v1/visits/%s/assign", visits(desk, "Q-1")[0]), object{"crew": meena}, 200)
		is(h, "the sheet of yesterday", outcomes(sends(desk, "preview=false", row("Leaks", "10:00,12:00", "Ravi Surname"))), "unchanged")
		both := row("Leaks badly", "10:00,12:00", "Asif Surname")
		asked := sends(desk, "preview=false", both)
		is(h, "both", outcomes(asked), "asks change")
		is(h, "nothing was changed", []any{job(desk, "Q-1")["fault"], visits(desk, "Q-1")[0]["crew"]}, "[Leaks at the hinge "+fmt.Sprint(meena)+
			"]")
		for _, with := range []string{"sheet", "leave_out"} { // first the fault, then who comes
			q := list(asked, "questions")[0]
			desk.Send("POST", "/v1/imports/answers", object{"answers": []object{{"id": q["ids"].([]any)[0], "answer": with}}}, 200)
			asked = sends(desk, "preview=false", both)
		}
		is(h, "answered", outcomes(asked), "updated")
		is(h, "the fault of the sheet, the crew of here", []any{job(desk, "Q-1")["fault"], visits(desk, "Q-1")[0]["crew"]},
			"[Leaks badly "+fmt.Sprint(meena)+"]")
		is(h, "again", outcomes(sends(desk, "preview=false", both)), "unchanged")
	})
}

// To move what the household confirmed is asked.
func TestAConfirmedVisitIsNotMovedUnasked(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned", "visit.confirmed")
		desk := h.As("kiran")
		sends(desk, "preview=false", "E-1,Lata Joshi,9822000041,1 Lane,,Leaks,"+tuesday+",10:00,12:00,Ravi Surname")
		h.Advance(time.Minute)
		desk.Send("POST", path("/v1/visits/%s/confirm", visits(desk, "E-1")[0]),
			object{"contact": object{"channel": "phone", "outcome": "reached"}}, 200)
		moved := "E-1,Lata Joshi,9822000041,1 Lane,,Leaks badly," + tuesday + ",15:00,17:00,Ravi Surname"
		report := sends(desk, "preview=false", moved)
		is(h, "asks", outcomes(report), "asks change")
		is(h, "and changed nothing", job(desk, "E-1")["fault"], "Leaks")
		q := list(report, "questions")[0]
		desk.Send("POST", "/v1/imports/answers", object{"answers": []object{{"id": q["ids"].([]any)[0], "answer": "leave_out"}}}, 200)
		is(h, "without the time", outcomes(sends(desk, "preview=false", moved)), "updated -Date")
		is(h, "the visit stays", len(visits(desk, "E-1")), 1)
		is(h, "the rest landed", job(desk, "E-1")["fault"], "Leaks badly")
	})
}

// Within an hour, and while nobody was told, an import is taken back; once somebody was, it says who.
func TestAnImportIsUndone(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned")
		desk := h.As("kiran")
		sends(desk, "preview=false", "F-1,Lata Joshi,9822000051,1 Lane,,Leaks,,,,")
		before := household(desk, "F-1")
		rows := []string{"F-1,Lata Joshi,9822000052,1 Lane,,Smokes,,,,", "F-2,Uma Rao,9822000053,2 Lane,,Hums," + tuesday + ",10:00,12:00,"}
		made := sends(desk, "preview=false", rows...)
		is(h, "made", outcomes(made), "updated; created")
		at := path("/v1/imports/%s/undo", made)
		h.As("kiran2").Send("POST", at, object{}, 404)
		h.As("ravi").Send("POST", at, object{}, 403)
		undone := desk.Send("POST", at, object{}, 200)
		is(h, "undone", []any{undone["taken_back"], len(list(undone, "kept")), undone["import"].(object)["state"]}, "[2 0 undone]")
		is(h, "the fault is back", job(desk, "F-1")["fault"], "Leaks")
		is(h, "the number is back", fmt.Sprint(household(desk, "F-1")["contacts"]), fmt.Sprint(before["contacts"]))
		is(h, "the ticket is free", len(items(desk.Send("GET", "/v1/jobs?external_ref=F-2", nil, 200))), 0)
		desk.Send("POST", at, object{}, 409)
		is(h, "and lands again", outcomes(sends(desk, "preview=false", rows...)), "updated; created")

		told := sends(desk, "preview=false", "F-3,Ira,9822000054,3 Lane,,Hums,"+tuesday+",10:00,12:00,Ravi Surname",
			"F-4,Om,9822000055,4 Lane,,Hums,,,,")
		h.Advance(time.Minute)
		h.Settle()
		at = path("/v1/imports/%s/undo", told)
		refused := desk.Send("POST", at, object{}, 409)
		is(h, "refused", refused["code"], "already_told")
		if said := fmt.Sprint(refused["errors"]); !strings.Contains(said, "Ravi Surname was told of F-3") {
			t.Errorf("whom it reached: %s", said)
		}
		is(h, "whom it reached", list(desk.Send("GET", path("/v1/imports/%s", told), nil, 200), "told")[0]["who"], "Ravi Surname")
		part := desk.Send("POST", at, object{"partly": true}, 200)
		is(h, "in part", []any{part["taken_back"], list(part, "kept")[0]["external_ref"]}, "[1 F-3]")

		late := sends(desk, "preview=false", "F-5,Mona,9822000056,5 Lane,,Hums,,,,")
		h.Advance(61 * time.Minute)
		desk.Send("POST", path("/v1/imports/%s/undo", late), object{}, 409)
	})
}

// What somebody changed since an import stays when it is undone.
func TestUndoKeepsWhatPeopleDidSince(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		desk := h.As("kiran")
		sends(desk, "preview=false", "G-1,Lata Joshi,9822000061,1 Lane,,Leaks,,,,")
		made := sends(desk, "preview=false", "G-1,Lata Joshi,9822000061,1 Lane,refrigerator,Smokes,,,,",
			"G-2,Uma Rao,9822000062,2 Lane,,Hums,,,,")
		j := job(desk, "G-1")
		desk.Send("PATCH", path("/v1/jobs/%s", j), object{"fault": "Burns"}, 200, "If-Match", fmt.Sprintf("\"%v\"", j["version"]))
		desk.Send("POST", path("/v1/jobs/%s/attempts", job(desk, "G-2")), object{"channel": "phone", "outcome": "no_answer"}, 201)
		undone := desk.Send("POST", path("/v1/imports/%s/undo", made), object{}, 200)
		is(h, "taken back", []any{undone["taken_back"], list(undone, "kept")[0]["external_ref"]}, "[1 G-2]")
		is(h, "what was written since", []any{job(desk, "G-1")["fault"], job(desk, "G-1")["category"]}, "[Burns ]")
		is(h, "what was noted on", job(desk, "G-2")["status"], "open")
	})
}

// An import is a record that can be asked for while it runs; two at once, or one begun again, double nothing.
func TestAnImportIsARecord(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		desk, boss := h.As("kiran"), h.As("asha")
		var rows []string
		for i := range 60 {
			rows = append(rows, fmt.Sprintf("H-%d,Family %c%c,98220001%02d,%d Lane,,Leaks,,,,", i, 'A'+i%26, 'a'+i/26, i, i))
		}
		id := uuid.NewString()
		first := harness.Beside(func() object { return sends(desk, "preview=false&id="+id, rows...) })
		second := harness.Beside(func() object { return sends(boss, "preview=false", rows...) })
		one, two := h.Await(first), h.Await(second)
		is(h, "each row once", one["created"].(float64)+two["created"].(float64), 60)
		is(h, "none refused", one["rejected"].(float64)+two["rejected"].(float64), 0)
		kept := desk.Send("GET", "/v1/imports/"+id, nil, 200)
		is(h, "the record", []any{kept["state"], kept["rows"], kept["rows_done"]}, "[done 60 60]")
		h.As("kiran2").Send("GET", "/v1/imports/"+id, nil, 404)
		// The same id with the same file goes on; with another it is another import's.
		is(h, "again", sends(desk, "preview=false&id="+id, rows...)["unchanged"], 60)
		desk.Send("POST", "/v1/imports/jobs?preview=false&id="+id, heading+rows[0]+"\n", 409, "Content-Type", "text/csv")
		logged := items(h.As("root").Send("GET", "/v1/security-log?kind=import", nil, 200))
		if len(logged) != 2 || slices.ContainsFunc(logged, func(e object) bool {
			return !strings.Contains(harness.String(e["detail"]),
				"60 rows")
		}) {
			t.Errorf("the security log: %v", logged)
		}
	})
}

// The template's headings are read, and it names the technicians.
func TestTheTemplateIsRead(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		desk := h.As("kiran")
		csv, res := desk.Raw("GET", "/v1/imports/template?format=csv", nil)
		if res.StatusCode != 200 {
			t.Fatalf("%d %s", res.StatusCode, csv)
		}
		cells := map[string]string{"Ticket": "T-1", "Customer": "Lata Joshi", "Mobile": "9822000071", "Address": "1 Lane",
			"Visit Date": "2027-03-02",
			"From Time":  "14:00", "To Time": "16:00"}
		var row []string
		for _, heading := range strings.Split(strings.TrimSpace(string(csv)), ",") {
			row = append(row, cells[heading])
		}
		report := desk.Send("POST", "/v1/imports/jobs?preview=true", string(csv)+strings.Join(row, ",")+"\n", 200, "Content-Type", "text/csv")
		is(h, "read", outcomes(report), "created")
		is(h, "each heading", len(report["mapping"].(object)), len(row))
		book, res := desk.Raw("GET", "/v1/imports/template?format=xlsx", nil)
		media := res.Header.Get("Content-Type")
		if res.StatusCode != 200 || !strings.Contains(media, "spreadsheetml") {
			t.Fatalf("%d %s", res.StatusCode, media)
		}
		empty := desk.Send("POST", "/v1/imports/jobs?preview=true", string(book), 200, "Content-Type", media)
		is(h, "an empty workbook", empty["rows"], 0)
	})
}

// Five brands' sheets, as each makes them: what lands, asks and is refused of each.
func TestSheetsOfFiveBrands(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		desk := h.As("kiran")
		for name, want := range brandSheets {
			text, err := os.ReadFile(filepath.Join("testdata", name))
			h.Must(err)
			report := desk.Send("POST", "/v1/imports/jobs?preview=true", string(text), 200, "Content-Type", "text/csv")
			is(h, name, outcomes(report), want)
		}
	})
}

// brandSheets are what becomes of each row: the outcome, kinds of questions, columns left out (-) and wrong (!).
var brandSheets = map[string]string{
	"coldly.csv": "created; created; created; asks phone",
	"whirlwell.csv": "created -Engineer; created -Serial Number -Engineer; created; created -Time Slot; rejected !Status; " +
		"asks household",
	"samta.tsv.csv": "created; created -Till; created; asks ticket",
	"zenith.csv":    "rejected -slot !call_id; created -phone -slot; created; rejected !customer_name",
	"homely.csv":    "created; created; created -Start -Allotted To",
}

// TestWhatStaffSayAmongThemselvesIsNotTheHouseholds: remarks and what no column is known for stand in the job's note,
// which its page does not show; what staff wrote there since stays.
func TestWhatStaffSayAmongThemselvesIsNotTheHouseholds(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned")
		h.MayIgnore("visits.assigned")
		desk, ravi := h.As("kiran"), h.As("ravi")
		const table = "Ticket,Customer,Mobile,Address,Complaint,Remarks,Dealer,Date,From,To,Technician\n"
		row := "N-1,Lata Joshi,9822000081,1 Lane,Leaks,argues a lot,canary stores,02/03/2027,10:00,12:00,Ravi Surname\n"
		send := func() string {
			return outcomes(desk.Send("POST", "/v1/imports/jobs?preview=false", table+row, 200, "Content-Type", "text/csv"))
		}
		is(h, "the row", send(), "created")
		one := job(desk, "N-1")
		is(h, "the note", one["note"], "argues a lot\nDealer: canary stores")
		is(h, "the fault", one["fault"], "Leaks")
		is(h, "the technician reads it", job(ravi, "N-1")["note"], one["note"])
		for _, page := range []string{h.CustomerPage(one).Read(), fmt.Sprint(desk.Send("GET", path("/v1/jobs/%s/passport", one), nil, 200))} {
			if strings.Contains(page, "argues") || strings.Contains(page, "canary") {
				h.Errorf("the household reads %s", page)
			}
		}
		desk.Send("PATCH", path("/v1/jobs/%s", one), object{"note": "ring the neighbour"}, 200, "If-Match", fmt.Sprintf("\"%v\"", one["version"]))
		is(h, "the row again", send(), "unchanged")
		is(h, "what staff wrote", job(desk, "N-1")["note"], "ring the neighbour")
	})
}
