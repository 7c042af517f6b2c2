package api_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/nyaruka/phonenumbers"

	"doorstep"
	"doorstep/api"
	"doorstep/api/sheet"
	"doorstep/api/web"
	"doorstep/domain"
	"doorstep/domain/accounts"
	"doorstep/domain/casework"
	"doorstep/domain/usecases"
	"doorstep/repo"
	"doorstep/repo/repotest"
)

// door is a server over a real database with one job and a visit on Tuesday
// 24 November 2026, 10 to 12; it is Sunday, 09:00 in Kolkata.
type door struct {
	t       *testing.T
	db      *repo.DB
	s       *usecases.All
	server  *web.Server
	tokens  *web.Tokens
	now     time.Time
	desk    domain.Actor
	deskTok string
	centre  domain.ID
	job     domain.ID
	visit   domain.ID
	page    string // /c/{token}
	base    string
}

func openDoor(t *testing.T) *door {
	t.Helper()
	db := repotest.Open(t, repo.SQLite)
	keys, err := domain.NewKeyRing(strings.Repeat("k", 32))
	if err != nil {
		t.Fatal(err)
	}
	d := &door{t: t, db: db, now: time.Date(2026, 11, 22, 3, 30, 0, 0, time.UTC)}
	d.s = usecases.New(&casework.Service{Store: db, Read: db.Reader(), Now: func() time.Time { return d.now }, Wall: time.Now,
		NewID:          func() domain.ID { return uuid.Must(uuid.NewV7()) },
		CommonPassword: func(string, []string) bool { return false },
		HashPassword:   func(string) (string, error) { return "hash", nil },
		CheckPassword:  func(string, string) bool { return false },
		ParsePhone: func(raw, country string) (string, error) {
			n, err := phonenumbers.Parse(raw, country)
			if err == nil && !phonenumbers.IsValidNumber(n) {
				err = errors.New("not valid")
			}
			return phonenumbers.Format(n, phonenumbers.E164), err
		}, Keys: keys})
	contract, err := web.LoadContract(doorstep.OpenAPI)
	d.must(err)
	d.tokens, err = web.NewTokens(strings.Repeat("t", 32), "doorstep", "doorstep", time.Hour)
	d.must(err)
	app := api.NewApp(d.s, d.tokens)
	d.server = web.New(web.Config{Log: slog.New(slog.DiscardHandler), Contract: contract, Authenticate: app.Authenticate})
	app.Mount(d.server, &api.Demo{Now: func() time.Time { return d.now }, Phones: func() []api.DemoPhone {
		return []api.DemoPhone{{Login: "ravi", Pushes: []api.DemoPush{{Title: "Older", At: d.now.Add(-time.Hour)},
			{Title: "Newer <b>", At: d.now}}}, {Login: "customer"}}
	}, Advance: func(_ context.Context, by time.Duration) (time.Time, int, error) {
		d.now = d.now.Add(by)
		return d.now, 3, nil
	}, Users: []api.DemoUser{{Login: "ravi", Password: "ravi-demo", Role: "technician", Name: "Ravi Kumar"}}, CustomerLink: "/c/demo"})

	ln, err := net.Listen("tcp", "127.0.0.1:0")
	d.must(err)
	go func() { _ = d.server.Serve(ln) }()
	t.Cleanup(func() { _ = d.server.Drain(context.Background()) })
	d.base = "http://" + ln.Addr().String()
	ctx, admin := context.Background(), &casework.Call{Actor: domain.Actor{Role: domain.RoleAdmin}}
	area, err := d.s.Accounts.CreateArea(ctx, admin, accounts.AreaInput{Name: p("Pune")})
	d.must(err)
	c, err := d.s.Accounts.CreateCentre(ctx, admin, accounts.CentreInput{AreaID: &area.ID, Name: p("Shivaji Nagar Service"),
		Zone:    p("Asia/Kolkata"),
		Country: p("IN"), Phone: p("020 2567 0000")})
	d.must(err)
	d.centre = c.ID
	user := func(login, name string, role domain.Role) domain.User {
		u, err := d.s.Accounts.CreateUser(ctx, admin, accounts.UserInput{Login: &login, Name: &name, Role: &role, CentreID: &c.ID})
		d.must(err)
		return u
	}
	ravi, meera := user("ravi", "Ravi Kumarsurname", domain.RoleTechnician), user("meera", "Meera Desk", domain.RoleCoordinator)
	d.desk = domain.Actor{UserID: meera.ID, Role: meera.Role, CentreID: c.ID, AreaID: area.ID}
	d.deskTok, _, err = d.tokens.Issue(web.Claims{UserID: meera.ID, Role: string(meera.Role), Epoch: meera.Epoch})
	d.must(err)
	h, err := d.s.CreateCustomer(ctx, d.call(), casework.CustomerInput{Name: p("Lata Householdname"), Language: p("hi"),
		Contacts: &[]casework.ContactInput{{Name: "Lata Householdname", Phones: []string{"98765 43210"}}},
		Sites:    &[]casework.SiteInput{{Address: "12 Secret Road", Zone: "Asia/Kolkata"}}})
	d.must(err)
	j, err := d.s.CreateJob(ctx, d.call(), casework.JobInput{CustomerID: &h.ID, Fault: p("Dead")})
	d.must(err)
	v, err := d.s.Schedule(ctx, d.call(), j.ID, casework.ScheduleInput{WindowStart: "2026-11-24T10:00", WindowEnd: "2026-11-24T12:00",
		Crew: &[]domain.ID{ravi.ID}})
	d.must(err)
	d.job, d.visit = j.ID, v.ID
	d.page = d.link(j.ID)
	return d
}

func (d *door) call() *casework.Call { return &casework.Call{Actor: d.desk} }

func (d *door) link(job domain.ID) string {
	d.t.Helper()
	l, err := d.s.Customers.DeliveredLink(context.Background(), job)
	d.must(err)
	url, _ := d.s.Customers.LinkURL(l)
	return url
}

func p[T any](v T) *T { return &v }

func (d *door) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

type answer struct {
	status int
	body   string
	header http.Header
}

func (d *door) do(method, path, body string, headers ...string) answer {
	d.t.Helper()
	r, err := http.NewRequest(method, d.base+path, strings.NewReader(body))
	d.must(err)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	d.must(err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	d.must(err)
	return answer{res.StatusCode, string(b), res.Header}
}

func (d *door) get(path string) answer {
	d.t.Helper()
	return d.do("GET", path, "", "Accept-Language", "en")
}

func (d *door) post(action string, form url.Values) answer {
	d.t.Helper()
	return d.do("POST", d.page+"/"+action, form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Accept-Language", "en")
}

var formKey = regexp.MustCompile(`name="form_key" value="([^"]+)"`)

func (d *door) key() url.Values {
	d.t.Helper()
	m := formKey.FindStringSubmatch(d.get(d.page).body)
	if m == nil {
		d.t.Fatal("the page has no form key")
	}
	return url.Values{"form_key": {m[1]}}
}

func (d *door) follow(a answer) answer {
	d.t.Helper()
	if a.status != http.StatusSeeOther {
		d.t.Fatalf("%d %s", a.status, a.body)
	}
	return d.get(a.header.Get("Location"))
}

func (d *door) seen() *domain.Visit {
	d.t.Helper()
	v, err := d.s.Read.Visit(context.Background(), domain.Scope{All: true}, d.visit)
	d.must(err)
	return v
}

func (d *door) says(a answer, status int, words ...string) {
	d.t.Helper()
	if a.status != status {
		d.t.Fatalf("%d: %s", a.status, a.body)
	}
	for _, w := range words {
		if !strings.Contains(a.body, w) {
			d.t.Errorf("does not say %q: %s", w, a.body)
		}
	}
}

// everything counts and sums up the tables that an action could touch.
func (d *door) everything() string {
	d.t.Helper()
	var b bytes.Buffer
	for _, table := range []string{"jobs", "visits", "facts", "attempts", "notices", "links", "form_keys", "deadlines", "devices",
		"idempotency"} {
		rows, err := d.db.SQL().Query("SELECT * FROM " + table + " ORDER BY 1, 2")
		d.must(err)
		names, err := rows.Columns()
		d.must(err)
		for rows.Next() {
			cells, ptrs := make([]any, len(names)), make([]any, len(names))
			for i := range cells {
				ptrs[i] = &cells[i]
			}
			d.must(rows.Scan(ptrs...))
			fmt.Fprintln(&b, table, cells)
		}
		d.must(rows.Err())
		_ = rows.Close()
	}
	return b.String()
}

func TestCustomerReadsThePage(t *testing.T) {
	d := openDoor(t)
	before := d.everything()
	for range 50 {
		d.says(d.get(d.page), 200)
	}
	d.says(d.do("HEAD", d.page, ""), 200)
	d.says(d.get(d.page+"?done=confirm&lang=xx"), 200)
	d.says(d.get(d.page+"/visit.ics"), 200)
	if d.everything() != before || !strings.Contains(before, "visit.scheduled") {
		t.Error("reading changed something")
	}
	a := d.get(d.page)
	d.says(a, 200, `lang="en"`, "Does this time suit you?", "Tuesday, 24 November", "10:00 to 12:00", "Ravi", "Shivaji Nagar Service", "tel:")
	for _, secret := range []string{"Kumarsurname", "Householdname", "Secret", "43210", "9876"} {
		if strings.Contains(a.body, secret) {
			t.Errorf("the page says %s", secret)
		}
	}
	for name, want := range map[string]string{"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex",
		"Content-Security-Policy": "style-src 'sha256-", "Content-Type": "text/html; charset=utf-8", "X-Content-Type-Options": "nosniff"} {
		if !strings.Contains(a.header.Get(name), want) {
			t.Errorf("%s: %s", name, a.header.Get(name))
		}
	}
	if strings.Contains(a.body, "<script") || len(a.body) > 20_000 {
		t.Error("the page needs a script, or is large")
	}
	d.says(d.do("GET", d.page, "", "Accept-Language", "fr"), 200, `lang="hi"`, "मंगलवार, 24 नवंबर")
	d.says(d.get(d.page+"?lang=hi"), 200, `lang="hi"`, `/confirm?lang=hi"`)
}

func TestCustomerConfirms(t *testing.T) {
	d := openDoor(t)
	form := d.key()
	first := d.post("confirm", form)
	d.says(d.follow(first), 200, `role="status">Thank you. Your visit is confirmed.`, "Your visit is confirmed</h1>")
	if d.seen().Confirmation != domain.ConfirmConfirmed {
		t.Error("not confirmed")
	}
	before := d.everything()
	d.says(d.follow(d.post("confirm", form)), 200, "That was done already")
	if d.everything() != before {
		t.Error("a spent key did something")
	}
	d.says(d.post("cancel", form), 409, "out of date") // the Back button: nobody must believe that it is cancelled
	if d.seen().Confirmation != domain.ConfirmConfirmed {
		t.Error("a stale form cancelled")
	}
	ics := d.get(d.page + "/visit.ics")
	d.says(ics, 200, "STATUS:CONFIRMED\r\n", "DTSTART:20261124T043000Z")
	if got := ics.header.Get("Content-Type"); !strings.HasPrefix(got, "text/calendar; charset=utf-8") {
		t.Error(got)
	}
	for _, secret := range []string{"Secret", "Householdname", "LOCATION", "/c/"} {
		if strings.Contains(ics.body, secret) {
			t.Errorf("the calendar says %s", secret)
		}
	}
}

func TestCustomerAsksForAnotherTime(t *testing.T) {
	d := openDoor(t)
	form := d.key()
	form.Set("part", "soon")
	form.Set("date", "2031-01-01")
	form.Set("note", "<b>gate 2</b>")
	before := d.everything()
	d.says(d.post("another-time", form), 422, `role="alert"`, `aria-describedby="date-err"`, `value="2031-01-01"`, "&lt;b&gt;gate 2&lt;/b&gt;",
		"<details class=\"another\" open>")
	long := d.key()
	long.Set("note", strings.Repeat("न", 501))
	d.says(d.post("call-me", long), 422, `id="note-err"`)
	if d.everything() != before {
		t.Error("a refused wish changed something")
	}
	form.Set("date", "2026-11-26")
	form.Set("part", "evening")
	d.says(d.follow(d.post("another-time", form)), 200, "We have your wish", "You asked for another time</h1>")
	d.says(d.follow(d.post("call-me", d.key())), 200, "We will call you.")
}

func TestCustomerCancels(t *testing.T) {
	d := openDoor(t)
	stale := d.key()
	d.says(d.follow(d.post("cancel", d.key())), 200, `role="status">The visit is cancelled.`)
	d.says(d.post("confirm", stale), 409, `role="alert">This page was out of date`, "The visit is cancelled</h1>", "Another time")
	d.says(d.post("confirm", url.Values{"form_key": {"forged.0.x"}}), 409, "This page was out of date")
	d.says(d.post("confirm", url.Values{}), 409)
	d.says(d.get(d.page+"/visit.ics"), 200, "STATUS:CANCELLED")
}

func TestDeadLinksAreOnePage(t *testing.T) {
	d := openDoor(t)
	unknown := d.get("/c/" + strings.Repeat("x", 43))
	d.says(unknown, 404, "This link does not work")
	same := func(what string, a answer) {
		t.Helper()
		if a.status != 404 || a.body != unknown.body {
			t.Errorf("%s: %d %s", what, a.status, a.body)
		}
		for name := range unknown.header {
			if name != "X-Request-Id" && name != "Date" && a.header.Get(name) != unknown.header.Get(name) {
				t.Errorf("%s: %s: %s, not %s", what, name, a.header.Get(name), unknown.header.Get(name))
			}
		}
	}
	same("long", d.get("/c/"+strings.Repeat("y", 500)))
	form := d.key()
	d.now = d.now.AddDate(0, 2, 0)
	same("expired", d.get(d.page))
	same("expired post", d.post("confirm", form))
	same("expired calendar", d.get(d.page+"/visit.ics"))
	d.now = d.now.AddDate(0, -2, 0)
	d.says(d.post("wrong-person", d.key()), 200, "Thank you", "no longer works")
	same("revoked", d.get(d.page))
	same("revoked post", d.post("confirm", form))
	if fresh := d.link(d.job); fresh == d.page || d.get(fresh).status != 200 {
		t.Error("staff have no fresh link")
	}
}

func TestCustomerPageWithoutVisit(t *testing.T) {
	d := openDoor(t)
	j, err := d.s.Read.Job(context.Background(), d.desk.Scope(), d.job)
	d.must(err)
	next, err := d.s.CreateJob(context.Background(), d.call(), casework.JobInput{CustomerID: &j.CustomerID, Fault: p("Other")})
	d.must(err)
	d.page = d.link(next.ID)
	d.says(d.get(d.page), 200, "No visit is planned yet", `<details class="another main" open>`)
	d.says(d.get(d.page+"/visit.ics"), 404)
	form := d.key()
	form.Set("date", "2026-11-26")
	form.Set("part", "any")
	d.says(d.follow(d.post("another-time", form)), 200, "We have your wish")
}

// Under a safety hold the page neither confirms nor says why.
func TestCustomerPageUnderAHold(t *testing.T) {
	d := openDoor(t)
	form := d.key()
	now := d.now
	d.must(d.db.InTx(context.Background(), func(tx domain.Tx) error {
		j, err := tx.LockJob(d.job)
		if err != nil {
			return err
		}
		return tx.InsertHold(&domain.Hold{ID: uuid.New(), Kind: domain.HoldSafety, JobID: &j.ID, CustomerID: &j.CustomerID, Since: now,
			Reason: "confidential", By: "area_manager"})
	}))
	d.says(d.get(d.page), 200, "Your visit is being arranged")
	a := d.post("confirm", form)
	d.says(a, 409, "Your visit is being arranged")
	if low := strings.ToLower(a.body); strings.Contains(low, "safety") || strings.Contains(low, "hold") ||
		strings.Contains(low, "confidential") {
		t.Error(a.body)
	}
}

func TestCustomerDevice(t *testing.T) {
	d := openDoor(t)
	path := d.page + "/devices/" + uuid.NewString()
	put := func(path, body string) answer { return d.do("PUT", path, body, "Content-Type", "application/json") }
	d.says(put(path, `{"token":"abc","platform":"web","language":"hi"}`), 200, `"platform":"web"`)
	d.says(put(path, `{"token":"abc","platform":"toaster"}`), 400)
	d.says(put(d.page+"/devices/1", `{"token":"abc","platform":"web"}`), 404)
	d.says(put("/c/unknown/devices/"+uuid.NewString(), `{"token":"abc","platform":"web"}`), 404)
	d.must(d.db.InTx(context.Background(), func(tx domain.Tx) error {
		j, err := tx.Job(d.job)
		if err != nil {
			return err
		}
		devices, err := tx.CustomerDevices(j.CustomerID)
		if err == nil && (len(devices) != 1 || devices[0].LinkID == nil) {
			t.Errorf("%+v", devices)
		}
		return err
	}))
}

func TestDemoPage(t *testing.T) {
	d := openDoor(t)
	a := d.get("/demo")
	d.says(a, 200, `src="/demo/app.js"`, "Newer &lt;b&gt;", "ravi-demo", `data-advance="26h"`, `href="/c/demo"`, "<noscript>",
		"Ravi Kumar, technician")
	if strings.Index(a.body, "Newer") > strings.Index(a.body, "Older") {
		t.Error("the newest push is not first")
	}
	if csp := a.header.Get("Content-Security-Policy"); !strings.Contains(csp, "script-src 'self'") || strings.Contains(csp, "unsafe") {
		t.Error(csp)
	}
	js := d.get("/demo/app.js")
	d.says(js, 200, "/demo/phones")
	if js.header.Get("Content-Type") != "text/javascript; charset=utf-8" {
		t.Error(js.header.Get("Content-Type"))
	}
	d.says(d.get("/demo/phones"), 200,
		`{"now":"2026-11-22T03:30:00Z","phones":[{"login":"ravi","pushes":[{"title":"Newer \u003cb\u003e","body":"","data":{},"at":"2026-11-22T03:30:00Z"}`, `{"login":"customer","pushes":[]}`)
	clock := func(advance string) answer {
		return d.do("POST", "/demo/clock", `{"advance":"`+advance+`"}`, "Content-Type", "application/json")
	}
	d.says(clock("26h"), 200, `{"now":"2026-11-23T05:30:00Z","done":3}`)
	for _, bad := range []string{"0s", "-1h", "2161h", "tomorrow", "10", "1d"} {
		d.says(clock(bad), 422, `"/advance"`)
	}
	d.says(clock("x"), 400)
}

func TestImportOverHTTP(t *testing.T) {
	d := openDoor(t)
	send := func(query, media, key, body string) answer {
		return d.do("POST", "/v1/imports/jobs"+query, body, "Authorization", "Bearer "+d.deskTok, "Content-Type", media, "Idempotency-Key", key)
	}
	csv := "Ticket;Customer;Mobile;Date of visit;Slot\nT-1;Uma;98765 00000;25/11/2026;10:00-12:00\nT-2;Om;12;;\n"
	d.says(send("?preview=true", "text/csv", "a", csv), 200, `"preview":true`, `"created":1`, `"rejected":1`)
	first := send("", "text/csv", "b", csv)
	d.says(first, 200, `"preview":false`, `"created":1`, `{"column":"Mobile","reason":`, `"Ticket":"external_ref"`)
	again := send("", "text/csv", "b", csv)
	d.says(again, 200)
	if again.body != first.body || again.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("not replayed: %s", again.body)
	}
	d.says(send("", "text/csv", "c", csv), 200, `"unchanged":1`)
	d.says(send("", "text/csv", "d", "Name\nUma\n"), 422)
	d.says(send("", "text/csv", "e", "Ref\n\"open\n"), 200, `"rejected":1`, `"line":2`, "quote")
	d.says(send("", "text/csv", "i", "Ref\n\"open\nT-2\n"), 422, "Line 2")
	d.says(send("", sheet.MediaXLSX, "f", "no workbook"), 422)
	d.says(send("", "application/json", "g", "{}"), 415)
	d.says(send("?centre_id="+uuid.NewString(), "text/csv", "h", csv), 422, "/centre_id")
}
