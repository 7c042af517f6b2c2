package intake_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/nyaruka/phonenumbers"

	"doorstep/domain"
	"doorstep/domain/accounts"
	"doorstep/domain/casework"
	"doorstep/domain/intake"
	"doorstep/domain/usecases"
	"doorstep/repo"
	"doorstep/repo/repotest"
)

// centreWorld is one centre with Ravi and Sunil, on Sunday 22 November 2026,
// 09:00 in Kolkata.
type centreWorld struct {
	t      *testing.T
	db     *repo.DB
	s      *usecases.All
	now    time.Time
	centre domain.ID
	other  domain.ID
	area   domain.ID
	people map[string]domain.Actor
}

func newCentreWorld(t *testing.T, db *repo.DB) *centreWorld {
	t.Helper()
	keys, err := domain.NewKeyRing(strings.Repeat("k", 32))
	if err != nil {
		t.Fatal(err)
	}
	w := &centreWorld{t: t, db: db, now: time.Date(2026, 11, 22, 3, 30, 0, 0, time.UTC), people: map[string]domain.Actor{}}
	w.s = usecases.New(&casework.Service{Store: db, Read: db.Reader(), Now: func() time.Time { return w.now }, Wall: time.Now,
		NewID:          func() domain.ID { return uuid.Must(uuid.NewV7()) },
		CommonPassword: func(string, []string) bool { return false },
		HashPassword:   func(p string) (string, error) { return "hash", nil },
		CheckPassword:  func(hash, p string) bool { return false },
		ParsePhone: func(raw, country string) (string, error) {
			n, err := phonenumbers.Parse(raw, country)
			if err == nil && !phonenumbers.IsValidNumber(n) {
				err = errors.New("not valid")
			}
			return phonenumbers.Format(n, phonenumbers.E164), err
		}, Keys: keys, BaseURL: "https://doorstep.test"})
	ctx, admin := context.Background(), &casework.Call{Actor: domain.Actor{Role: domain.RoleAdmin}}
	area, err := w.s.Accounts.CreateArea(ctx, admin, accounts.AreaInput{Name: p("Pune")})
	w.must(err)
	w.area = area.ID
	centre := func(name string) domain.ID {
		c, err := w.s.Accounts.CreateCentre(ctx, admin, accounts.CentreInput{AreaID: &area.ID, Name: &name, Zone: p("Asia/Kolkata"),
			Country:     p("IN"),
			PostalCodes: &[]string{"411005"}, Phone: p("020 2567 0000")})
		w.must(err)
		return c.ID
	}
	w.centre, w.other = centre("Shivaji Nagar"), centre("Kothrud")
	for login, role := range map[string]domain.Role{"ravi": domain.RoleTechnician, "sunil": domain.RoleTechnician,
		"meera": domain.RoleCoordinator, "asha": domain.RoleProprietor} {
		w.user(login, strings.ToUpper(login[:1])+login[1:]+" Kumar", role, &w.centre, nil)
	}
	w.user("anil", "Anil Rao", domain.RoleAreaManager, nil, &area.ID)
	w.user("agent", "Agent Shah", domain.RoleAgent, nil, nil)
	return w
}

func p[T any](v T) *T { return &v }

func (w *centreWorld) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *centreWorld) user(login, name string, role domain.Role, centre, area *domain.ID) {
	w.t.Helper()
	u, err := w.s.Accounts.CreateUser(context.Background(), &casework.Call{Actor: domain.Actor{Role: domain.RoleAdmin}},
		accounts.UserInput{Login: &login, Name: &name, Role: &role, CentreID: centre, AreaID: area, Skills: &[]string{"refrigerator"}})
	w.must(err)
	a := domain.Actor{UserID: u.ID, Name: name, Role: role, AreaID: w.area}
	if centre != nil {
		a.CentreID = *centre
	}
	w.people[login] = a
}

// table reads a heading and rows with | between the cells.
func table(lines ...string) intake.ImportInput {
	var rows []intake.ImportRow
	for i, line := range lines {
		rows = append(rows, intake.ImportRow{Line: i + 1, Cells: strings.Split(line, "|")})
	}
	return intake.ImportInput{File: &intake.File{Sheets: []intake.Sheet{{Rows: rows}}}}
}

func (w *centreWorld) imports(who string, in intake.ImportInput) (intake.ImportReport, error) {
	w.t.Helper()
	return w.s.Intake.ImportJobs(context.Background(), &casework.Call{Actor: w.people[who], Status: 200}, in)
}

func (w *centreWorld) outcomes(in intake.ImportInput, want ...string) intake.ImportReport {
	w.t.Helper()
	r, err := w.imports("meera", in)
	w.must(err)
	var got []string
	for _, item := range r.Items {
		s := item.Outcome
		for _, e := range item.Errors {
			s += " " + e.Column + ": " + e.Reason
		}
		for _, q := range item.Questions {
			s += " " + q.Kind + ": " + q.Words
		}
		for _, l := range item.LeftOut {
			s += " left " + l.Column + ": " + l.Why
		}
		got = append(got, s)
	}
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || !strings.HasPrefix(got[i], want[i]) {
			w.t.Fatalf("outcomes %q, want %q", got, want)
		}
	}
	if r.Created+r.Updated+r.Unchanged+r.Asks+r.Rejected != r.Rows || r.Rows != len(r.Items) {
		w.t.Fatalf("counts %+v", r)
	}
	return r
}

// everything is the whole content of the database, but for stored answers.
func (w *centreWorld) everything() string {
	w.t.Helper()
	list := `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'search_index%' ORDER BY name`
	if w.db.Kind() != repo.SQLite {
		list = `SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' ORDER BY 1`
	}
	column := func(query string) (out []string) {
		rows, err := w.db.SQL().Query(query)
		w.must(err)
		defer rows.Close()
		names, err := rows.Columns()
		w.must(err)
		for rows.Next() {
			cells, ptrs := make([]any, len(names)), make([]any, len(names))
			for i := range cells {
				ptrs[i] = &cells[i]
			}
			w.must(rows.Scan(ptrs...))
			if len(names) == 1 {
				out = append(out, fmt.Sprint(cells[0]))
			} else {
				out = append(out, fmt.Sprintf("%v", cells))
			}
		}
		w.must(rows.Err())
		return out
	}
	var b strings.Builder
	for _, name := range column(list) {
		switch name {
		case "idempotency", "imports", "import_changes", "security_log": // that it was asked, and who asked
		default:
			fmt.Fprintln(&b, name, column(`SELECT * FROM "`+name+`" ORDER BY 1, 2`))
		}
	}
	return b.String()
}

func (w *centreWorld) job(ref string) *domain.Job {
	w.t.Helper()
	jobs, err := w.s.Read.Jobs(context.Background(), domain.Scope{All: true}, domain.JobFilter{ExternalRef: ref}, domain.Page{Limit: 2})
	w.must(err)
	if len(jobs) != 1 {
		w.t.Fatalf("%d jobs %s", len(jobs), ref)
	}
	return &jobs[0]
}

func (w *centreWorld) visits(ref string) []domain.Visit {
	w.t.Helper()
	id := w.job(ref).ID
	visits, err := w.s.Read.Visits(context.Background(), domain.Scope{All: true}, domain.VisitFilter{JobID: &id}, domain.Page{Limit: 50})
	w.must(err)
	return visits
}

func (w *centreWorld) customer(ref string) *domain.Customer {
	w.t.Helper()
	c, err := w.s.Read.Customer(context.Background(), domain.Scope{All: true}, w.job(ref).CustomerID)
	w.must(err)
	return c
}

func eachImport(t *testing.T, test func(t *testing.T, w *centreWorld)) {
	repotest.Each(t, func(t *testing.T, db *repo.DB) { test(t, newCentreWorld(t, db)) })
}

const importHeading = "Job No|Customer|Mobile|Address|Pincode|Product|Brand|Serial No|Complaint|Date of visit|Slot|Engineer"

func TestImportTwiceChangesNothing(t *testing.T) {
	eachImport(t, func(t *testing.T, w *centreWorld) {
		in := table(importHeading,
			"BR-1|Lata Joshi|98765 43210 / 020 2567 1234|12 MG Road|411005|Refrigerator|Coldly|sn-1|Does not cool|24/11/2026|10:00-12:00|Ravi Kumar",
			"BR-2|Lata Joshi|9876543210|12, M.G. Road|411005|refrigerator|Coldly|SN-2|Leaks||| ",
			"BR-3|Mohan|9876543219|7 Lane||||| No spin|25-11-26|2-4 pm|sunil",
			"BR-4|Lata Joshi|+91 98765 43210|99 New Street|411006|refrigerator||SN-1|Again||| ")
		r := w.outcomes(in, "created", "created", "created", "created")
		if r.Mapping["Job No"] != "external_ref" || r.Mapping["Slot"] != "from" || r.Mapping["Engineer"] != "technician" {
			t.Errorf("mapping %v", r.Mapping)
		}
		v := w.visits("BR-1")
		if len(v) != 1 || !v[0].WindowStart.Equal(time.Date(2026, 11, 24, 4, 30, 0, 0, time.UTC)) || len(v[0].Crew) != 1 ||
			v[0].Crew[0] != w.people["ravi"].UserID || *r.Items[0].VisitID != v[0].ID {
			t.Errorf("visits %+v", v)
		}
		lata := w.customer("BR-1")
		if lata.ID != w.job("BR-2").CustomerID || lata.ID == w.job("BR-3").CustomerID || lata.ID != w.job("BR-4").CustomerID {
			t.Error("households are told apart by number and name")
		}
		if len(lata.Sites) != 2 || len(lata.Contacts) != 1 || strings.Join(lata.Contacts[0].Phones, " ") != "+919876543210 +912025671234" {
			t.Errorf("household %+v", lata)
		}
		if a, b := w.job("BR-1"), w.job("BR-4"); *a.ApplianceID != *b.ApplianceID || *b.RepeatOf != a.ID || a.Serial != "SN-1" ||
			a.Category != "refrigerator" {
			t.Errorf("the same serial number is the same appliance: %+v %+v", a, b)
		}
		before := w.everything()
		if !strings.Contains(before, "BR-4") || !strings.Contains(before, "job.registered") {
			t.Fatalf("the content is not read: %s", before)
		}
		w.now = w.now.Add(time.Hour)
		again := w.outcomes(in, "unchanged", "unchanged", "unchanged", "unchanged")
		if *again.Items[0].JobID != *r.Items[0].JobID || *again.Items[0].VisitID != v[0].ID {
			t.Error("the rows do not name job and visit")
		}
		if after := w.everything(); after != before {
			t.Errorf("the same file changed something:\n%s\n%s", before, after)
		}
		faults, err := w.s.Proof.Verify(context.Background(), nil)
		if err != nil || len(faults) > 0 {
			t.Errorf("timeline: %v %v", faults, err)
		}
	})
}

func TestImportPreviewKeepsNothing(t *testing.T) {
	eachImport(t, func(t *testing.T, w *centreWorld) {
		in := table(importHeading, "BR-1|Lata|9876543210|12 MG Road|411005|refrigerator|||Dead|24/11/2026|10-12|ravi",
			"BR-1|Lata|9876543210|||||||| ", "BR-2||9876543210|||||||| ", "BR-3|Uma|12|||||||| ")
		in.Preview = true
		before := w.everything()
		r := w.outcomes(in, "created", "asks ticket: This ticket stands in line 2 already", "rejected Customer: is missing",
			"rejected Mobile: is not a phone number")
		if r.Items[0].JobID != nil || r.Items[0].VisitID != nil || !r.Preview {
			t.Errorf("a preview names what does not exist: %+v", r.Items[0])
		}
		if w.everything() != before {
			t.Error("a preview changed something")
		}
		in.Preview = false
		w.outcomes(in, "created", "asks", "created", "rejected") // BR-2 is of BR-1's household now, by number alone
	})
}

func TestImportMovesVisits(t *testing.T) {
	eachImport(t, func(t *testing.T, w *centreWorld) {
		row := func(window, crew, fault string) intake.ImportInput {
			return table("Ref|Name|Phone|Address|Category|Fault|Date|From|To|Technician", "J-1|Lata|9876543210|12 MG Road|refrigerator|"+fault+"|"+
				strings.ReplaceAll(window, " ", "|")+"|"+crew)
		}
		w.outcomes(row("24/11/2026 10 12", "", "Dead"), "created")
		w.outcomes(row("24/11/2026 10 12", "ravi", "Dead"), "updated") // assigned
		w.outcomes(row("24/11/2026 14 16", "", "Quite dead"), "updated")
		v := w.visits("J-1")
		if len(v) != 2 || v[0].Status != domain.VisitRescheduled || v[1].Status != domain.VisitScheduled || v[1].Sequence != 1 ||
			len(v[1].Crew) != 1 || w.job("J-1").Fault != "Quite dead" {
			t.Fatalf("visits %+v", v)
		}
		w.outcomes(row("24/11/2026 14 16", "sunil", "Quite dead"), "updated")
		// A time that cannot be had is left out, and the rest of the row lands.
		w.outcomes(row("24/11/2026 10 12", "", "Other"), "updated left Date: The visit was moved away")
		w.outcomes(row("21/11/2026 10 12", "", "Otherwise"), "updated left To: The window is over")
		if v := w.visits("J-1"); len(v) != 2 || w.job("J-1").Fault != "Otherwise" {
			t.Errorf("what could not be had changed the visit: %+v", v)
		}
		if _, err := w.s.Cancel(context.Background(), &casework.Call{Actor: w.people["meera"]}, w.visits("J-1")[1].ID,
			casework.ReasonInput{Reason: "asked"}); err != nil {
			t.Fatal(err)
		}
		w.outcomes(row("21/11/2026 10 12", "", "Quite dead"), "updated") // the file says nothing new of the time
		w.outcomes(row("24/11/2026 14 16", "", "Dead for good"), "updated")
		if v := w.visits("J-1"); len(v) != 2 || v[1].Status != domain.VisitCancelled {
			t.Errorf("a new fault made a visit: %+v", v)
		}
		w.outcomes(row("26/11/2026 10 12", "ravi", "Quite dead"), "updated")
		if v := w.visits("J-1"); len(v) != 3 || v[2].Sequence != 2 {
			t.Errorf("the calendar's sequence goes on: %+v", v)
		}
		if _, err := w.s.CancelJob(context.Background(), &casework.Call{Actor: w.people["meera"]}, w.job("J-1").ID,
			casework.JobMoveInput{Reason: "bought new"}); err != nil {
			t.Fatal(err)
		}
		w.outcomes(row("26/11/2026 10 12", "ravi", "Dead again"), "rejected Ref: The job is cancelled")
		w.outcomes(row("  ", "", "Quite dead"), "unchanged")
	})
}

// TestImportLeavesWhatStaffEdited: a row changes what the file changed since
// it was last imported, and nothing that staff changed meanwhile.
func TestImportLeavesWhatStaffEdited(t *testing.T) {
	eachImport(t, func(t *testing.T, w *centreWorld) {
		ctx, desk := context.Background(), &casework.Call{Actor: w.people["meera"]}
		row := func(fault, priority, mobile, window, crew string) intake.ImportInput {
			return table("Ref|Name|Phone|Address|Category|Fault|Priority|Date|From|To|Technician",
				"J-1|Lata|"+mobile+"|12 MG Road|refrigerator|"+fault+"|"+priority+"|"+strings.ReplaceAll(window, " ", "|")+"|"+crew)
		}
		both, one := "9876543210 / 9876543211", "9876543210"
		w.outcomes(row("Dead", "normal", both, "24/11/2026 10 12", "ravi"), "created")
		j := w.job("J-1")
		_, err := w.s.PatchJob(ctx, desk, j.ID, j.Version, casework.JobInput{Fault: p("Compressor hums, does not start"), Priority: p("urgent")})
		w.must(err)
		v := w.visits("J-1")[0]
		_, err = w.s.Assign(ctx, desk, v.ID, casework.CrewInput{Crew: []domain.ID{w.people["sunil"].UserID}})
		w.must(err)
		lata := w.customer("J-1")
		contact := lata.Contacts[0]
		_, err = w.s.PatchCustomer(ctx, desk, lata.ID, lata.Version,
			casework.CustomerInput{Contacts: &[]casework.ContactInput{{ID: &contact.ID, Name: contact.Name, Phones: contact.Phones[:1]}}})
		w.must(err)

		before := w.everything()
		r := w.outcomes(row("Dead", "normal", both, "24/11/2026 10 12", "ravi"), "unchanged")
		if after := w.everything(); after != before {
			t.Errorf("the same file undid what staff did:\n%s\n%s", before, after)
		}
		if r.Items[0].VisitID == nil || *r.Items[0].VisitID != v.ID {
			t.Errorf("the row names the visit %v", r.Items[0].VisitID)
		}
		is := func(fault, priority, crew string) {
			t.Helper()
			j, visits := w.job("J-1"), w.visits("J-1")
			last := visits[len(visits)-1]
			if j.Fault != fault || j.Priority != priority || len(last.Crew) != 1 || last.Crew[0] != w.people[crew].UserID {
				t.Errorf("fault %q, priority %s, crew %v of %d visits", j.Fault, j.Priority, last.Crew, len(visits))
			}
		}
		is("Compressor hums, does not start", "urgent", "sunil")
		// The file changed what staff changed too: that is asked.
		answered := func(report intake.ImportReport, with string) {
			t.Helper()
			given := intake.AnswerInput{ID: report.Questions[0].IDs[0], Answer: with}
			_, err := w.s.Intake.AnswerImport(ctx, desk, intake.AnswersInput{Answers: []intake.AnswerInput{given}})
			w.must(err)
		}
		changed := row("Dead", "high", both, "24/11/2026 10 12", "ravi")
		answered(w.outcomes(changed, "asks change: This was changed here since the last sheet, and in the sheet. Here it is “urgent”."), "sheet")
		w.outcomes(changed, "updated")
		is("Compressor hums, does not start", "high", "sunil")
		w.outcomes(row("Dead", "high", both, "24/11/2026 14 16", "ravi"), "updated") // it moves the visit, its crew stays
		is("Compressor hums, does not start", "high", "sunil")
		changed = row("Dead, smells", "high", both, "24/11/2026 14 16", "ravi")
		answered(w.outcomes(changed,
			"asks change: This was changed here since the last sheet, and in the sheet. Here it is “Compressor hums, does not start”."),
			intake.LeaveOut)
		w.outcomes(changed, "unchanged")
		w.outcomes(row("Dead", "high", both, "24/11/2026 14 16", "ravi"), // an old sheet
			"asks change: This was changed here since the last sheet, and in the sheet. Here it is “Compressor hums, does not start”.")
		is("Compressor hums, does not start", "high", "sunil")
		changed = row("Dead, smells of fire", "high", both, "24/11/2026 14 16", "ravi")
		answered(w.outcomes(changed,
			"asks change: This was changed here since the last sheet, and in the sheet. Here it is “Compressor hums, does not start”."), "sheet")
		w.outcomes(changed, "updated")
		w.outcomes(row("Dead, smells", "high", both, "24/11/2026 14 16", "sunil"), "updated") // of the sheet's own words there is no question
		is("Dead, smells", "high", "sunil")
		w.outcomes(row("Dead, smells", "high", both, "24/11/2026 14 16", "ravi"), "updated") // it names another one now
		is("Dead, smells", "high", "ravi")
		if c := w.customer("J-1"); len(c.Contacts[0].Phones) != 1 {
			t.Errorf("a number that staff removed is back: %v", c.Contacts[0].Phones)
		}
		w.outcomes(row("Dead, smells", "high", one+" / 9876543299", "24/11/2026 14 16", "ravi"), "updated") // new numbers are added
		if c := w.customer("J-1"); len(c.Contacts[0].Phones) != 2 {
			t.Errorf("numbers %v", c.Contacts[0].Phones)
		}

		// Staff moved the visit; the file that still has the old time does not
		// move it back, and who is to go is heard all the same.
		visits := w.visits("J-1")
		next, err := w.s.Reschedule(ctx, desk, visits[len(visits)-1].ID, casework.ScheduleInput{WindowStart: "2026-11-26T10:00",
			WindowEnd: "2026-11-26T12:00"})
		w.must(err)
		w.outcomes(row("Dead, smells", "high", one, "25/11/2026 10 12", "ravi"),
			"asks change: The visit was set here to Thursday 26 November 2026, 10:00 to 12:00, since the last sheet.")
		w.outcomes(row("Dead, smells", "high", one, "24/11/2026 14 16", "ravi"), "unchanged")
		w.outcomes(row("Dead, smells", "high", one, "24/11/2026 14 16", "sunil"), "updated")
		is("Dead, smells", "high", "sunil")
		if visits := w.visits("J-1"); visits[len(visits)-1].ID != next.ID || visits[len(visits)-1].Status != domain.VisitScheduled {
			t.Errorf("visits %+v", visits)
		}
		for _, digest := range w.job("J-1").Imported.V {
			if len(digest) != 16 {
				t.Errorf("what is kept of a cell: %q", digest)
			}
		}
	})
}

func TestImportKeepsTheRules(t *testing.T) {
	eachImport(t, func(t *testing.T, w *centreWorld) {
		head := "Ref|Name|Phone|Address|Category|Date|From|To|Technician"
		w.outcomes(table(head, "A|Lata|9876543210|x|refrigerator|24/11/2026|10|12|ravi", "B|Uma|9876543211|y|refrigerator|24/11/2026|10|12|ravi",
			"C|Uma|9876543211|y|washing_machine|24/11/2026|14|16|ravi",
			"D|Uma|9876543211|y||29/11/2026|10|12|ravi", "E|Uma|9876543211|y||24/11/2026|10|12|"),
			"created", "created left Technician: Ravi has another visit", "created left Technician: Ravi does not have the skill",
			"created left Technician: Sunday is not a working day of the centre. left From: The centre does not work", "created")
		for ref, want := range map[string]int{"B": 1, "C": 1, "D": 0} {
			if v := w.visits(ref); len(v) != want || want == 1 && len(v[0].Crew) > 0 {
				t.Errorf("%s has visits %+v", ref, v)
			}
		}
		if _, err := w.s.HoldJob(context.Background(), &casework.Call{Actor: w.people["meera"]}, w.job("E").ID,
			casework.JobMoveInput{Kind: "parts"}); err != nil {
			t.Fatal(err)
		}
		w.outcomes(table(head, "E|Uma|9876543211|y||24/11/2026|12|14|"), "unchanged left Date: The job is on hold (parts)")
		w.outcomes(table(head, "A|Lata|98|||24/11/2026||12|", "F|Lata|9876543210|x||||| "),
			"rejected Phone: is not a phone number that can be dialled", "created")
		foreign := table(head, "A|Lata|9876543210|x||||| ")
		foreign.CentreID = &w.other
		r, err := w.imports("anil", foreign)
		if err != nil || r.Rejected != 1 || !strings.Contains(r.Items[0].Errors[0].Reason, "another centre") {
			t.Errorf("%+v %v", r, err)
		}
		if r, err := w.imports("agent", func() intake.ImportInput {
			in := table(head, "G|Om|9876543212|z||24/11/2026|10|12|sunil")
			in.CentreID = &w.centre
			return in
		}()); err != nil || r.Created != 1 || r.Items[0].LeftOut[0].Column != "Technician" || len(w.visits("G")[0].Crew) > 0 {
			t.Errorf("an agent assigned: %+v %v", r, err)
		}
	})
}

// TestImportNamesTheColumnOfTheFile: what is wrong is said of the column in
// which it stands, also where one column holds two things.
func TestImportNamesTheColumnOfTheFile(t *testing.T) {
	eachImport(t, func(t *testing.T, w *centreWorld) {
		one := func(head, cells, want string) {
			t.Helper()
			w.now = w.now.Add(time.Millisecond)
			r := w.outcomes(table("Job No|Customer|Mobile|Address|"+head, fmt.Sprintf("N%d|Lata|9876543210|x|%s", w.now.UnixMilli(), cells)), "")
			said := ""
			for _, e := range r.Items[0].Errors {
				said += e.Column + ": " + e.Reason + "\n"
			}
			for _, l := range r.Items[0].LeftOut {
				said += l.Column + ": " + l.Why + "\n"
			}
			if !strings.HasPrefix(said, want) {
				t.Errorf("%s %s: %s, want %s", head, cells, said, want)
			}
		}
		// One column for both times.
		one("Visit date|Time", "21/11/2026|10:00-12:00", "Time: The window is over already")
		// Day and time in one cell.
		one("Start|End", "2026-11-21T10:00|2026-11-21T12:00", "End: The window is over already")
		w.outcomes(table("Job No|Customer|Mobile|Address|Visit date|Time", "N|Lata|9876543210|x|24/11/2026|10:00-12:00"), "created")
	})
}

func TestImportDoesNotOverwriteTheHousehold(t *testing.T) {
	eachImport(t, func(t *testing.T, w *centreWorld) {
		head := "Ref|Name|Phone|Address|Landmark|Pincode"
		in := table(head, "A|Lata|9876543210|12 MG Road|temple|411005", "B|Lata|9876543210|12 MG Road|school|411006",
			"C|LATA|98765 43210|12 mg road||")
		w.outcomes(in, "created", "created", "created")
		w.outcomes(in, "unchanged", "unchanged", "unchanged")
		w.outcomes(table(head, "A|Lata|9876543210 or 9876500000|12 MG Road||"), "updated")
		w.outcomes(table(head, "A|Anita|9876500000|12 MG Road||"), "updated") // another person of the same job
		w.outcomes(table(head, "A|Anita|9876500000|12 MG Road||"), "unchanged")
		w.outcomes(in, "unchanged", "unchanged", "unchanged")
		c := w.customer("A")
		if c.Name != "Lata" || len(c.Contacts) != 2 || len(c.Sites) != 1 || c.Sites[0].Landmark != "temple" ||
			c.Sites[0].PostalCode != "411005" || len(c.Contacts[0].Phones) != 2 {
			t.Errorf("%+v", c)
		}
	})
}

func TestImportWhoMay(t *testing.T) {
	eachImport(t, func(t *testing.T, w *centreWorld) {
		one := table("Ref|Name", "R-1|Lata")
		with := func(id *domain.ID) intake.ImportInput { in := one; in.CentreID = id; return in }
		elsewhere := uuid.New()
		for _, c := range []struct {
			who    string
			centre *domain.ID
			code   domain.Code
		}{
			{"meera", nil, ""}, {"asha", &w.centre, ""}, {"anil", &w.centre, ""}, {"agent", &w.centre, ""},
			{"meera", &w.other, domain.CodeUnprocessable}, {"anil", nil, domain.CodeUnprocessable}, {"agent", nil, domain.CodeUnprocessable},
			{"anil", &elsewhere, domain.CodeUnprocessable},
			{"ravi", nil, domain.CodeForbidden},
		} {
			if _, err := w.imports(c.who, with(c.centre)); c.code == "" && err != nil || c.code != "" && !domain.IsCode(err, c.code) {
				t.Errorf("%s: %v, want %q", c.who, err, c.code)
			}
		}
		for _, bad := range []intake.ImportInput{table("Name|Phone", "Lata|9876543210"),
			table(append([]string{"Ref|Name"}, slices.Repeat([]string{"R-1|Lata"}, intake.MaxImportRows+1)...)...)} {
			if _, err := w.imports("meera", bad); !domain.IsCode(err, domain.CodeUnprocessable) {
				t.Errorf("%v", err)
			}
		}
	})
}

// A repeated key answers what the first one did, and does nothing.
func TestImportIsReplayed(t *testing.T) {
	eachImport(t, func(t *testing.T, w *centreWorld) {
		in := table("Ref|Name|Fault", "R-1|Lata|Dead")
		send := func(key, hash string, in intake.ImportInput) (*casework.Call, error) {
			call := &casework.Call{Actor: w.people["meera"], Key: key, Hash: hash, Status: 200,
				Encode: func(_ domain.Actor, answer any) ([]byte, error) { return json.Marshal(answer) }}
			_, err := w.s.Intake.ImportJobs(context.Background(), call, in)
			return call, err
		}
		first, err := send("k", "h", in)
		w.must(err)
		before := w.everything()
		again, err := send("k", "h", table("Ref|Name|Fault", "R-1|Lata|Other"))
		w.must(err)
		var a, b intake.ImportReport
		w.must(json.Unmarshal(first.Answer.Body, &a))
		w.must(json.Unmarshal(again.Answer.Body, &b))
		if !again.Replayed || a.Created != 1 || b.Created != 1 || w.everything() != before {
			t.Errorf("%+v %+v", a, b)
		}
		if _, err := send("k", "other", in); !domain.IsCode(err, domain.CodeIdemMismatch) {
			t.Errorf("%v", err)
		}
		var wg sync.WaitGroup
		errs := make(chan error, 8)
		for range 8 {
			wg.Go(func() {
				_, err := send("race", "h", table("Ref|Name|Fault", "R-2|Uma|Dead"))
				errs <- err
			})
		}
		wg.Wait()
		close(errs)
		for err := range errs {
			if err != nil && !domain.IsCode(err, domain.CodeIdemInFlight) {
				t.Errorf("%v", err)
			}
		}
		w.job("R-2")
	})
}

// Two desks import the same file at once: each job exists once.
func TestImportRace(t *testing.T) {
	eachImport(t, func(t *testing.T, w *centreWorld) {
		in := table("Ref|Name|Phone|Date|From|To", "R-1|Lata|9876543210|24/11/2026|10|12", "R-2|Uma|9876543211|24/11/2026|10|12",
			"R-3|Om|9876543212|24/11/2026|10|12")
		var wg sync.WaitGroup
		reports := make([]intake.ImportReport, 4)
		for i := range reports {
			wg.Go(func() {
				var err error
				if reports[i], err = w.s.Intake.ImportJobs(context.Background(), &casework.Call{Actor: w.people["meera"], Status: 200},
					in); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		created, rejected := 0, 0
		for _, r := range reports {
			created, rejected = created+r.Created, rejected+r.Rejected
		}
		if created != 3 || rejected != 0 {
			t.Errorf("%+v", reports)
		}
		for _, ref := range []string{"R-1", "R-2", "R-3"} {
			if n := len(w.visits(ref)); n != 1 {
				t.Errorf("%s has %d visits", ref, n)
			}
		}
	})
}

// A preview refuses what the rows before it take, as the import would.
func TestImportPreviewSeesItsOwnRows(t *testing.T) {
	eachImport(t, func(t *testing.T, w *centreWorld) {
		in := table(importHeading, "BR-1|Lata|9876543210|12 MG Road|411005|refrigerator|||Dead|24/11/2026|10-12|ravi",
			"BR-2|Uma|9876543211|14 MG Road|411005|refrigerator|||Dead|24/11/2026|10-12|ravi",
			"BR-3|Tara|9876543212|16 MG Road|411005|refrigerator|||Dead|24/11/2026|12-14|ravi")
		in.Preview = true
		r := w.outcomes(in, "created", "created left Engineer", "created")
		if got := r.Items[1].LeftOut[0].Why; !strings.Contains(got, "has another visit in this time, by line 2") {
			t.Errorf("refused with %q", got)
		}
		in.Preview = false
		w.outcomes(in, "created", "created left Engineer", "created")
	})
}

// What a job asks of a skill, and what it brings, may stand in the file.
func TestImportOfLevelAndValue(t *testing.T) {
	eachImport(t, func(t *testing.T, w *centreWorld) {
		row := func(level, value string) intake.ImportInput {
			return table("Ref|Name|Phone|Address|Category|Fault|Level needed|Value in paise", "J-1|Lata|9876543210|12 MG Road|refrigerator|Dead|"+
				level+"|"+value)
		}
		is := func(level int, value *int64) {
			t.Helper()
			if j := w.job("J-1"); j.SkillLevel != level || (j.ValueMinor == nil) != (value == nil) || value != nil && *j.ValueMinor != *value {
				t.Errorf("level %d, value %v", j.SkillLevel, j.ValueMinor)
			}
		}
		w.outcomes(row("", "-"), "created")
		is(1, nil)
		w.outcomes(row("3", "१२५०००"), "updated")
		is(3, p(int64(125000)))
		w.outcomes(row("3", "125000"), "unchanged")
		j := w.job("J-1")
		_, err := w.s.PatchJob(context.Background(), &casework.Call{Actor: w.people["meera"]}, j.ID, j.Version,
			casework.JobInput{SkillLevel: p(2), ValueMinor: p(int64(5))})
		w.must(err)
		w.outcomes(row("3", "125000"), "unchanged") // what staff edited stays
		is(2, p(int64(5)))
		const asks = "change: This was changed here since the last sheet, and in the sheet. Here it is “"
		w.outcomes(row("1", "0"), "asks "+asks+"2”. "+asks+"5”.")
		is(2, p(int64(5)))
	})
}
