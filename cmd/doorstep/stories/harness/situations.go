package harness

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"doorstep/cmd/doorstep/app"
	"doorstep/cmd/doorstep/stories/harness/bodies"
	"doorstep/domain"
)

func (h *Harness) Invite(by *Client, login string, body Object, want int) Object {
	h.Helper()
	if body == nil {
		body = Object{}
	}
	return by.Send("POST", fmt.Sprintf("/v1/users/%s/invite", h.People[login].ID), body, want)
}

func (h *Harness) UserVersion(login string) int64 {
	h.Helper()
	var v int64
	h.Must(h.DB.InTx(h.Context(), func(tx domain.Tx) error {
		u, err := tx.User(h.People[login].ID)
		if err == nil {
			v = u.Version
		}
		return err
	}))
	return v
}

// second makes one more admin.
func (h *Harness) AddColleague(login string, of *Client) *Client {
	h.Helper()
	h.Must(h.DB.InTx(h.Context(), func(tx domain.Tx) error {
		u, err := tx.User(of.ID)
		if err != nil {
			return err
		}
		n := *u
		n.ID, n.Login, n.Version, n.Name = uuid.Must(uuid.NewV7()), login, 1, "New "+login
		h.Adopt(n)
		return tx.InsertUser(&n)
	}))
	return h.As(login)
}

func Zone(name string) *time.Location {
	loc, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return loc
}

const TelephonySecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func (h *Harness) Crew(logins ...string) Object {
	ids := []string{}
	for _, l := range logins {
		ids = append(ids, h.People[l].ID.String())
	}
	return Object{"crew": ids}
}

// WorkUntil walks a visit to its end.
func (h *Harness) WorkUntil(login string, visit Object, end string, body Object) Object {
	h.Helper()
	p := h.As(login)
	for _, action := range []string{"en-route", "arrive", "start"} {
		p.Send("POST", Path("/v1/visits/%s/", visit)+action, nil, 200)
		h.Clock.Advance(5 * time.Minute)
	}
	said := Object{}
	if end == "complete" {
		said = Object{"work_done": "repaired", "tested": "works"}
	}
	for k, v := range body {
		said[k] = v
	}
	return p.Send("POST", Path("/v1/visits/%s/", visit)+end, said, 200)
}

var PNG = []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")

func (p *Client) Upload(flag any, media string, body []byte, want int) Object {
	p.Harness.Helper()
	return p.Send("POST", fmt.Sprintf("/v1/flags/%v/evidence", flag), string(body), want, "Content-Type", media)
}

// Chunk is the headers of a chunk of an upload from a byte on.
func Chunk(at int) []string {
	return []string{"Content-Type", "application/offset+octet-stream", "Upload-Offset", strconv.Itoa(at), "Tus-Resumable", "1.0.0"}
}

// VisitToday schedules a visit later today, when the technician is free.
func (h *Harness) VisitToday(job Object, login string) Object {
	h.Helper()
	for from := h.Clock.Now().Truncate(time.Minute).Add(10 * time.Minute); ; from = from.Add(10 * time.Minute) {
		out, res := h.As("kiran").Raw("POST", Path("/v1/jobs/%s/visits", job), Object{"window_start": from, "window_end": from.Add(time.Hour),
			"planned_minutes": 5, "crew": h.Crew(login)["crew"]})
		switch {
		case res.StatusCode == 201:
			return Parsed(h, out)
		case from.After(h.Clock.Now().Add(10 * time.Hour)):
			h.Fatalf("%s has no time today: %s", login, out)
		}
	}
}

// ReportAgainst lets a household report a technician at level 3 and gives the
// keep-away that came of it.
func (h *Harness) ReportAgainst(login string) Object {
	h.Helper()
	_, job := h.Household(h.As("kiran"), nil)
	h.As(login).EnRoute(h.VisitToday(job, login)) // they are about to meet
	h.CustomerPage(job).Submit("report", 303, "what", "threatened", "who", h.People[login].ID.String(), "note",
		"canary-narrative")
	list := Items(h.As("maya").Send("GET", "/v1/keep-aways", nil, 200))
	if len(list) == 0 {
		h.Fatal("nobody is kept away")
	}
	return list[len(list)-1]
}

// InboxBodies lists what the inbox of a person holds of a title, newest first.
func (h *Harness) InboxBodies(login, title string) (bodies []string) {
	h.Helper()
	h.Settle()
	for _, n := range Items(h.As(login).Send("GET", "/v1/inbox", nil, 200)) {
		if n["title"] == title {
			bodies = append(bodies, n["body"].(string))
		}
	}
	return bodies
}

func (p *Client) Flag(id any, want int) Object {
	p.Harness.Helper()
	return p.Send("GET", fmt.Sprintf("/v1/flags/%v", id), nil, want)
}

func (p *Client) MoveFlag(id any, action string, body Object, want int) Object {
	p.Harness.Helper()
	return p.Send("POST", fmt.Sprintf("/v1/flags/%v/%s", id, action), OrEmpty(body), want)
}

const TitleLiveReport = "Urgent: open the queue now" // of a report of what happens now

func OrEmpty(o Object) Object {
	if o == nil {
		return Object{}
	}
	return o
}

func (h *Harness) EntryKinds(job Object) []string {
	h.Helper()
	kinds := []string{}
	for _, f := range Items(h.As("maya").Send("GET", Path("/v1/jobs/%s/timeline?limit=200", job), nil, 200)) {
		kinds = append(kinds, f["kind"].(string))
	}
	return kinds
}

// Compliment is a completed visit of a technician for which the household gave
// thanks, on a job of its own.
func (h *Harness) Compliment(login, text string) (visit, thanks Object) {
	h.Helper()
	desk := h.As("kiran")
	_, job := h.Household(desk, nil)
	visit = h.Visit(desk, job, h.Clock.Now().Add(time.Hour), login)
	h.As(login).CompleteVisit(visit)
	h.CustomerPage(job).Submit("done", 303)
	h.CustomerPage(job).Submit("thanks", 303, "text", text)
	for _, o := range Items(desk.Send("GET", "/v1/thanks?status=waiting&limit=200", nil, 200)) {
		if o["visit_id"] == visit["id"] {
			return visit, o
		}
	}
	h.Fatal("the thank-you does not wait")
	return nil, nil
}

func DefaultRules() Object {
	return Object{"opens_at": "08:00", "closes_at": "19:00", "min_ring_seconds": 20, "doorstep_meters": 200, "min_attempts": 3,
		"min_channels":    2,
		"min_day_parts":   2,
		"day_part_bounds": []int{12, 16}, "gap_minutes": 120, "span_hours": 24, "last_notice_hours": 24, "max_calls_per_day": 2,
		"close_after_days": 7, "reopen_days": 30, "late_fact_hours": 72}
}

// Kolkata is an instant in the centre's zone, 2027-03-dd hh:mm.
func Kolkata(day, hour, minute int) time.Time {
	return time.Date(2027, 3, day, hour, minute, 0, 0, time.FixedZone("IST", 19800))
}

// AskLeave requests leave for oneself.
func (p *Client) AskLeave(from, to string, want int) Object {
	p.Harness.Helper()
	return p.Send("POST", "/v1/technicians/"+p.ID.String()+"/leave", Object{"starts_at": from, "ends_at": to, "kind": "annual",
		"note": "a wedding"}, want)
}

// SetDailyLimit sets how many visits a day the centre takes; 0 for no bound.
func (h *Harness) SetDailyLimit(n int) Object {
	h.Helper()
	asha, centre := h.As("asha"), "/v1/centres/"+h.Centre.String()
	return asha.Send("PATCH", centre, Object{"max_visits_per_day": n}, 200, "If-Match",
		fmt.Sprintf(`"%v"`, asha.Send("GET", centre, nil, 200)["version"]))
}

// HouseholdAt is a household with a job at a place some kilometres north of the
// centre.
func (h *Harness) HouseholdAt(desk *Client, km float64, category string) (customer, job Object) {
	h.Helper()
	customer, _ = h.Household(desk, Object{"sites": []Object{{"address": fmt.Sprintf("%d Far Lane", h.households.Load()),
		"postal_code": "411001", "zone": "Asia/Kolkata",
		"lat": 18.5204 + km/111.2, "lon": 73.8567}}})
	return customer, desk.Send("POST", "/v1/jobs", Object{"customer_id": customer["id"], "fault": "does not cool", "category": category}, 201)
}

func (h *Harness) PlanDay(by *Client, date string) Object {
	h.Helper()
	return by.Send("POST", "/v1/centres/"+h.Centre.String()+"/plan", Object{"date": date}, 201)
}

// AddTechnician adds a technician of the centre.
func (h *Harness) AddTechnician(login string) string {
	h.Helper()
	u := domain.User{Meta: domain.Meta{ID: uuid.Must(uuid.NewV7()), Version: 1, CreatedAt: h.Clock.Now(), UpdatedAt: h.Clock.Now()},
		Login: login, Name: strings.ToUpper(login[:1]) + login[1:] + " Surname",
		Role: domain.RoleTechnician, CentreID: &h.Centre, Language: "en", PasswordHash: passwordHash(),
		Skills: domain.JSONList[string]{"refrigerator"}}
	for d := range 7 {
		u.Hours = append(u.Hours, domain.Shift{Weekday: d, From: "08:00", To: "20:00"})
	}
	h.Must(h.DB.InTx(h.Context(), func(tx domain.Tx) error {
		c, err := tx.Centre(h.Centre)
		if err != nil {
			return err
		}
		u.AreaID = &c.AreaID
		return tx.InsertUser(&u)
	}))
	h.Adopt(u)
	return u.ID.String()
}

// SafePlan puts a household under a safe-visit plan: a report that directs no
// person, and its release.
func (h *Harness) SafePlan(job Object, plan ...string) {
	h.Helper()
	maya := h.As("maya")
	h.As("noor").CreateFlag(bodies.FlagCreate{JobID: String(job["id"]), Kind: "unsafe_premises", Level: 2})
	h.ReleaseHold(maya, job, plan...)
}

// ReadyToRelease triages what was reported of a job and lets its reporters say what
// the next person there must know.
func (h *Harness) ReadyToRelease(by *Client, job Object) {
	h.Helper()
	h.mayCome("flag.stated")
	h.mayCome("flag.triaged")
	for _, f := range Items(by.Send("GET", Path("/v1/flags?job_id=%s", job), nil, 200)) {
		if f["status"] == "reported" {
			by.MoveFlag(f["id"], "triage", nil, 200)
		}
		if f["next_person_due_at"] != nil && f["next_person_at"] == nil && f["decided_at"] == nil && f["status"] != "withdrawn" {
			for login, u := range h.People {
				if f["reporter_id"] == u.ID.String() {
					h.As(login).MoveFlag(f["id"], "next-person", Object{"words": "the dog is tied up"}, 200)
				}
			}
		}
	}
}

// UntilClosed lets the time pass after which a resolved job closes by itself; where the brand asks its household whether it is
// done, it reaches nobody.
func (h *Harness) UntilClosed() {
	h.Helper()
	h.Advance(25 * time.Hour)
	for _, c := range Items(h.As("gita").Send("GET", "/v1/completion-checks", nil, 200)) {
		if c["status"] == "open" {
			h.As("gita").Send("POST", Path("/v1/completion-checks/%s/answer", c), Object{"result": "not_reached"}, 200)
		}
	}
	h.Advance(49 * time.Hour)
}

// Decide triages, reviews and decides a report.
func (h *Harness) Decide(by string, flag any, outcome string) {
	h.Helper()
	for _, kind := range []string{"flag.triaged", "flag.reviewed", "flag.decided"} {
		h.mayCome(kind)
	}
	p := h.As(by)
	p.MoveFlag(flag, "triage", nil, 200)
	p.MoveFlag(flag, "review", nil, 200)
	p.MoveFlag(flag, "decide", Object{"outcome": outcome, "reasons": "heard both"}, 200)
}

// ReleaseHold releases a hold with a plan, after all that has to be before.
func (h *Harness) ReleaseHold(by *Client, job Object, plan ...string) {
	h.Helper()
	h.ReadyToRelease(by, job)
	safety := func(o Object) bool {
		return slices.ContainsFunc(o["holds"].([]any), func(x any) bool { return x.(Object)["kind"] == "safety" })
	}
	held := safety(h.As("root").Send("GET", Path("/v1/jobs/%s", job), nil, 200))
	body := Object{"plan": plan, "reason": "talked it over", "confirmed_by": "the owner"}
	out := by.Send("POST", Path("/v1/jobs/%s/safety-release", job), body, 200)
	if held && !safety(out) || !held && slices.Contains(out["plan"].([]any), any(plan[0])) {
		return
	}
	h.mayCome("hold.second") // two people decide of it
	second := "noor"
	if by.Login == second {
		second = "maya"
	}
	h.As(second).Send("POST", Path("/v1/jobs/%s/safety-release", job), body, 200)
}

func Queue(p *Client) map[string]Object {
	p.Harness.Helper()
	out := map[string]Object{}
	for _, it := range Items(p.Send("GET", "/v1/queue", nil, 200)) {
		out[it["kind"].(string)] = it
	}
	return out
}

// MoveQueued carries out a move of an item as its form would: asked first, where that can be, which leaves no trace.
func (p *Client) MoveQueued(it Object, n int, body Object, want int) {
	h, to := p.Harness, it["moves"].([]any)[n].(Object)["to"].(string)
	h.Helper()
	if op, _ := h.Contract.Find("POST", to); op.Asked {
		before := h.SettledTables()
		p.Send("POST", to, body, want, "Doorstep-Dry-Run", "true")
		if now := h.DumpTables(); now != before {
			h.Errorf("asking POST %s first left a trace: %s", to, FirstDifference(before, now))
		}
	}
	p.Send("POST", to, body, want)
}

// SettledTables is DumpTables once what was sent is recorded.
func (h *Harness) SettledTables() (dump string) {
	h.Helper()
	for now := h.DumpTables(); now != dump; now = h.DumpTables() {
		h.Settle()
		dump = h.DumpTables()
	}
	return dump
}

// FirstDifference is the first line in which two dumps differ.
func FirstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return x[i] + "\nis now " + y[i]
		}
	}
	return "a row more or less"
}

// Slots asks for the arrival windows of a job.
func (p *Client) Slots(job Object, query ...string) Object {
	p.Harness.Helper()
	q := url.Values{}
	for i := 0; i+1 < len(query); i += 2 {
		q.Set(query[i], query[i+1])
	}
	return p.Send("GET", Path("/v1/jobs/%s/slots?", job)+q.Encode(), nil, 200)
}

var freeWindow = regexp.MustCompile(`name="window" value="([^"]+)"`)

// TryVisit schedules and notes whether it won.
func (h *Harness) TryVisit(by *Client, job, b Object, wins []bool, lost []Object, i int) {
	out, res := by.Raw("POST", Path("/v1/jobs/%s/visits", job), b)
	if wins[i] = res.StatusCode == 201; !wins[i] {
		lost[i] = Parsed(h, out)
	}
}

const TitleSOS = "Urgent: open the app now"

func (h *Harness) SetPhone(login, number string) {
	h.Helper()
	h.mayCome("account.changed") // to whose number it is
	root := h.As("root")
	at := "/v1/users/" + h.People[login].ID.String()
	user := root.Send("GET", at, nil, 200)
	root.Send("PATCH", at, Object{"phone": number}, 200, "If-Match", fmt.Sprintf(`"%v"`, user["version"]))
}

// UnreachableHousehold tries by the book until the hold stands.
func UnreachableHousehold(h *Harness) (job Object) {
	h.mayCome("job.unreachable") // taken back where the household is reached before it is sent
	desk, asha := h.As("kiran"), h.As("asha")
	_, job = h.Household(desk, nil)
	desk.Attempt(job, bodies.AttemptCreate{Channel: "phone", Outcome: "no_answer", RingSeconds: 30, Grade: "recorded"}) // Mon 09:00
	h.Clock.Advance(4 * time.Hour)
	asha.Attempt(job, bodies.AttemptCreate{Channel: "sms", Outcome: "delivered"}) // 13:00
	h.Clock.Advance(27 * time.Hour)
	if v := desk.Verdict(job); v["verdict"] != "trying" {
		h.Fatalf("two attempts are %v: %v", v["verdict"], v["explanation"])
	}
	desk.Attempt(job, bodies.AttemptCreate{Channel: "phone", Outcome: "switched_off"}) // Tue 16:00
	h.Expect("kiran", "Last notice ready")
	if v := desk.Verdict(job); v["verdict"] != "trying" || len(v["missing"].([]any)) == 0 {
		h.Fatalf("without a last notice the verdict is %v, missing %v", v["verdict"], v["missing"])
	}
	link := desk.Send("GET", Path("/v1/jobs/%s/link", job), nil, 200)
	if !strings.Contains(link["text"].(string), link["share_url"].(string)) {
		h.Fatalf("the ready text has no link: %v", link)
	}
	desk.Attempt(job, bodies.AttemptCreate{Channel: "sms", Outcome: "sent", LastNotice: true})
	if v := desk.Verdict(job); v["verdict"] != "last_notice" {
		h.Fatalf("after the last notice the verdict is %v, missing %v", v["verdict"], v["missing"])
	}
	h.Advance(24*time.Hour + time.Minute)
	if v := desk.Verdict(job); v["verdict"] != "unreachable" {
		h.Fatalf("24 h later the verdict is %v, missing %v", v["verdict"], v["missing"])
	}
	h.Expect("asha", "Household not reached")
	h.Expect("kiran", "Household not reached")
	return job
}

// SecondServer serves the same database and gives where.
func (h *Harness) SecondServer() string {
	h.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	h.Must(err)
	w := h.Config
	w.BaseURL = h.URL
	second, err := app.New(h.Context(), h.DB, w)
	h.Must(err)
	go func() { _ = second.HTTP.Serve(ln) }()
	h.Cleanup(func() {
		end, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = second.HTTP.Drain(end)
	})
	return "http://" + ln.Addr().String()
}

// ArrivedVisit takes Ravi to a door: a visit of 60 minutes planned at 09:10.
func (h *Harness) ArrivedVisit() (visit Object) {
	h.Helper()
	desk := h.As("kiran")
	_, job := h.Household(desk, nil)
	visit = h.Visit(desk, job, h.Clock.Now().Add(10*time.Minute), "ravi")
	h.Clock.Advance(10 * time.Minute)
	h.As("ravi").Arrive(visit)
	return visit
}

// DumpTables is every row of the database as text, in an order of its own, as PostgreSQL moves a row that is written; but for
// what the queue writes down about itself in its own time: who leads it, and that a job has ended.
func (h *Harness) DumpTables() string {
	h.Helper()
	tables := "SELECT name FROM sqlite_master WHERE type = 'table'"
	if h.DB.Pool() != nil {
		tables = "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'"
	}
	var all []string
	for _, table := range h.Column(tables) {
		if table == "river_leader" || table == "river_queue" || table == "river_client" {
			continue
		}
		rows, err := h.DB.SQL().QueryContext(h.Context(), `SELECT * FROM "`+table+`"`)
		h.Must(err)
		names, err := rows.Columns()
		h.Must(err)
		for rows.Next() {
			values := make([]any, len(names))
			for i := range values {
				values[i] = new(any)
			}
			h.Must(rows.Scan(values...))
			row := ""
			for i, v := range values {
				if table == "river_job" && (names[i] == "state" || names[i] == "finalized_at") {
					continue
				}
				switch x := (*v.(*any)).(type) {
				case []byte:
					row += fmt.Sprintf("%s.%s=%s\n", table, names[i], x)
				default:
					row += fmt.Sprintf("%s.%s=%v\n", table, names[i], x)
				}
			}
			all = append(all, row)
		}
		h.Must(rows.Err())
		h.Must(rows.Close())
	}
	slices.Sort(all)
	return strings.Join(all, "")
}

// CallRecord fills an attempt by phone as a native app tells it: the number dialled, the
// start and the digest of the call log's entry. It takes as long as the call.
func (h *Harness) CallRecord(job any, in bodies.AttemptCreate) bodies.AttemptCreate {
	h.Helper()
	everything := domain.Scope{All: true}
	id, err := uuid.Parse(idOf(job))
	h.Must(err)
	j, err := h.DB.Reader().Job(h.Context(), everything, id)
	h.Must(err)
	c, err := h.DB.Reader().Customer(h.Context(), everything, j.CustomerID)
	h.Must(err)
	in.Channel = "phone"
	for i := range c.Contacts {
		p := &c.Contacts[i]
		if in.Address == "" && len(p.Phones) > 0 && (in.ContactID == "" || in.ContactID == p.ID.String()) {
			in.Address = p.Phones[0]
		}
	}
	start := h.Clock.Now().UTC().Truncate(time.Second)
	sum := sha256.Sum256(fmt.Appendf(nil, "%s|%s|%d", in.Address, start.Format(time.RFC3339), in.RingSeconds))
	in.OccurredAt, in.EvidenceDigest = start.Format(time.RFC3339), hex.EncodeToString(sum[:])
	h.Clock.Advance(time.Duration(in.RingSeconds) * time.Second)
	return in
}

// AtTheDoor is a try at the door of a job, with the place as the phone takes it there.
func (h *Harness) AtTheDoor(job any) bodies.AttemptCreate {
	h.Helper()
	id, err := uuid.Parse(idOf(job))
	h.Must(err)
	everything := domain.Scope{All: true}
	j, err := h.DB.Reader().Job(h.Context(), everything, id)
	h.Must(err)
	c, err := h.DB.Reader().Customer(h.Context(), everything, j.CustomerID)
	h.Must(err)
	at := c.Site(j.SiteID)
	return bodies.AttemptCreate{Channel: "doorstep", Outcome: "nobody_home", Lat: *at.Lat, Lon: *at.Lon, AccuracyM: 10}
}
