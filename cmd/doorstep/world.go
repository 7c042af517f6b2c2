package main

import (
	"container/heap"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"doorstep/domain"
	"doorstep/domain/reach"
	"doorstep/domain/slots"
)

// demoPassword opens every account of the demo.
const demoPassword = "doorstep-demo-2026"

// World is what the demo tells about itself.
type World struct {
	Users         []WorldUser
	CustomerLink  string // of a household with a visit ahead that awaits its confirmation
	CustomerLogin string // names that household's phone
	SampleJobID   domain.ID
	SampleVisitID domain.ID // the visit ahead
}

// WorldUser is an account of the demo.
type WorldUser struct {
	Role     string `json:"role"`
	Name     string `json:"name"`
	Login    string `json:"login"`
	Password string `json:"password"`
	Centre   string `json:"centre"`
	Area     string `json:"area"`
}

// Clock is the product's clock: the wall's with an offset, or one that stands
// still. It is safe for concurrent use.
type Clock struct {
	mu     sync.Mutex
	still  bool
	at     time.Time     // when still
	offset time.Duration // when it runs
}

func newClock() *Clock { return &Clock{} }

// Now reads the clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.still {
		return c.at
	}
	return time.Now().Add(c.offset).UTC().Round(0)
}

// Set stops the clock at t.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.still, c.at = true, t.UTC()
}

// Advance moves the clock on, whether it runs or stands.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at, c.offset = c.at.Add(d), c.offset+d
}

// borrow lets somebody move the clock and put it back as it was: one that ran
// runs on as if nothing had happened.
func (c *Clock) borrow() (giveBack func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	still, at, offset := c.still, c.at, c.offset
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.still, c.at, c.offset = still, at, offset
	}
}

// How the demo's days are filled. Numbers are for each centre.
const (
	pastDays    = 5
	comingDays  = 6
	pastVisits  = 5  // a day
	todayVisits = 12 // at whatever hour the demo starts
	nextVisits  = 6  // a day
)

// buildWorld fills an empty store with the demo's people, households and some
// twelve days of work around the clock's now. Everything but the accounts comes
// about through the use cases, at its own time by the clock, and what falls
// due in between happens: facts, chains, holds and verdicts are what they
// would be in a real centre. Nothing falls due in the ten minutes after now.
// The clock is given back as it was.
func buildWorld(ctx context.Context, svc *domain.Service, clock *Clock, progress io.Writer) (*World, error) {
	b := &builder{ctx: ctx, svc: svc, clock: clock, now: clock.Now(), rng: rand.New(rand.NewPCG(2026, 11)),
		world: &World{CustomerLogin: "customer"}}
	defer clock.borrow()()
	began := time.Now()
	clock.Set(b.now.AddDate(0, 0, -pastDays-6))
	if err := b.people(); err != nil {
		return nil, err
	}
	for _, c := range b.centres {
		b.work(c)
	}
	for i := range demoAreas {
		b.reports(b.centres[2*i], b.centres[2*i+1])
	}
	_, _ = fmt.Fprintf(progress, "building the demo: %d centres, %d people, %d jobs, %d visits\n", len(b.centres), len(b.world.Users), b.jobs,
		b.visits)
	if err := b.run(); err != nil {
		return nil, err
	}
	_, _ = fmt.Fprintf(progress, "built in %.1f s\n", time.Since(began).Seconds())
	return b.world, nil
}

// builder plans what happens and then lets it happen in order of time.
type builder struct {
	ctx     context.Context
	svc     *domain.Service
	clock   *Clock
	now     time.Time
	rng     *rand.Rand
	world   *World
	centres []*centre
	agents  []*worker
	events  events
	planned int
	jobs    int
	visits  int
	numbers int
	faults  int
}

// centre is one centre of the demo with its people.
type centre struct {
	centreData
	id           domain.ID
	loc          *time.Location
	today        time.Time // local midnight
	proprietor   *worker
	coordinators []*worker
	technicians  []*worker
	managers     []*worker // of the area
	taken        map[booking]bool
	turn         int
	households   int
}

// worker is one member of staff.
type worker struct {
	domain.User
	actor domain.Actor
}

// call is a request by that person.
func (w *worker) call() *domain.Call { return &domain.Call{Actor: w.actor} }

// booking is a technician's slot of a day.
type booking struct {
	technician domain.ID
	day, slot  int
}

// openings are the windows that households are offered: two hours each.
var openings = []int{8, 10, 12, 14, 16, 18}

// event is something that happens at a time.
type event struct {
	at   time.Time
	seq  int
	what string
	do   func() error
}

type events []event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	if !e[i].at.Equal(e[j].at) {
		return e[i].at.Before(e[j].at)
	}
	return e[i].seq < e[j].seq
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}

// at plans something; what lies after now does not happen.
func (b *builder) at(t time.Time, what string, do func() error) {
	if !t.After(b.now) {
		b.planned++
		heap.Push(&b.events, event{t, b.planned, what, do})
	}
}

// run lets everything happen, what falls due in between included.
func (b *builder) run() error {
	for b.events.Len() > 0 {
		e := heap.Pop(&b.events).(event)
		if err := b.settle(e.at); err != nil {
			return err
		}
		b.clock.Set(e.at)
		if err := e.do(); err != nil {
			return fmt.Errorf("%s at %s: %w", e.what, e.at.Format(time.RFC3339), err)
		}
	}
	if err := b.settle(b.now); err != nil {
		return err
	}
	return b.quiet(20 * time.Minute)
}

// settle carries out what falls due until then, each at its own time.
func (b *builder) settle(until time.Time) error {
	for {
		next, err := b.svc.Read.NextDeadline(b.ctx)
		if err != nil {
			return err
		}
		if next == nil || next.After(until) {
			b.clock.Set(until)
			return nil
		}
		if next.After(b.clock.Now()) {
			b.clock.Set(*next)
		}
		if _, err := b.svc.Tick(b.ctx); err != nil {
			return err
		}
	}
}

// quiet puts off what falls due soon, so that nothing changes by itself while
// a newcomer looks around.
func (b *builder) quiet(d time.Duration) error {
	return b.svc.Store.InTx(b.ctx, func(tx domain.Tx) error {
		soon, err := tx.ClaimDue(b.now.Add(d), 1000)
		for _, dl := range soon {
			dl.ID, dl.DoneAt, dl.DueAt = b.svc.NewID(), nil, dl.DueAt.Add(d)
			tx.Arm(dl)
		}
		return err
	})
}

// people makes areas, centres, accounts and their phones: what a real
// deployment bootstraps with.
func (b *builder) people() error {
	hash, err := b.svc.HashPassword(demoPassword)
	if err != nil {
		return err
	}
	at := b.clock.Now().UTC().Truncate(time.Microsecond)
	meta := func() domain.Meta {
		return domain.Meta{ID: b.svc.NewID(), Version: 1, CreatedAt: at, UpdatedAt: at}
	}
	return b.svc.Store.InTx(b.ctx, func(tx domain.Tx) error {
		b.world.Users, b.centres, b.agents, b.numbers = nil, nil, nil, 0 // the transaction may run again
		areas := map[string]domain.ID{}
		managers := map[string][]*worker{}
		add := func(u domain.User, centre, area string) (*worker, error) {
			u.Meta, u.PasswordHash, u.Language = meta(), hash, "en"
			u.Login = strings.ToLower(strings.NewReplacer(" ", ".", "'", "").Replace(u.Name))
			if err := tx.InsertUser(&u); err != nil {
				return nil, err
			}
			device := domain.Device{InstallationID: installation(u.Login), UserID: &u.ID, Token: "demo:" + u.Login, Platform: "android",
				Language: "en", CreatedAt: at, UpdatedAt: at}
			if err := tx.PutDevice(&device); err != nil {
				return nil, err
			}
			w := &worker{User: u, actor: domain.Actor{UserID: u.ID, Name: u.Name, Role: u.Role}}
			if u.CentreID != nil {
				w.actor.CentreID = *u.CentreID
			}
			if u.AreaID != nil {
				w.actor.AreaID = *u.AreaID
			}
			b.world.Users = append(b.world.Users, WorldUser{string(u.Role), u.Name, u.Login, demoPassword, centre, area})
			return w, nil
		}
		for i, name := range demoAreas {
			area := domain.Area{Meta: meta(), Name: name}
			if err := tx.InsertArea(&area); err != nil {
				return err
			}
			areas[name] = area.ID
			second, err := add(domain.User{Name: demoManagers[i][1], Role: domain.RoleAreaManager, AreaID: &area.ID,
				Phone: b.number(demoCentres[2*i].country)}, "", name)
			if err != nil {
				return err
			}
			first, err := add(domain.User{Name: demoManagers[i][0], Role: domain.RoleAreaManager, AreaID: &area.ID, DeputyID: &second.ID,
				Phone: b.number(demoCentres[2*i].country)}, "", name)
			if err != nil {
				return err
			}
			managers[name] = []*worker{first, second}
		}
		for _, data := range demoCentres {
			loc, err := time.LoadLocation(data.zone)
			if err != nil {
				return err
			}
			c := &centre{centreData: data, loc: loc, managers: managers[data.area], taken: map[booking]bool{}}
			y, m, d := b.now.In(loc).Date()
			c.today = time.Date(y, m, d, 0, 0, 0, 0, loc)
			area := areas[data.area]
			row := domain.Centre{Meta: meta(), AreaID: area, Name: data.name, Zone: data.zone, Country: data.country, Phone: data.phone,
				PostalCodes: data.codes,
				WorkingDays: domain.JSONList[int]{0, 1, 2, 3, 4, 5, 6}, Holidays: holidays(data.country, c.today)}
			if err := tx.InsertCentre(&row); err != nil {
				return err
			}
			c.id = row.ID
			user := func(name string, role domain.Role) domain.User {
				return domain.User{Name: name, Role: role, CentreID: &row.ID, AreaID: &area, Phone: b.number(data.country)}
			}
			for i, name := range data.technicians {
				u := user(name, domain.RoleTechnician)
				u.Skills, u.Hours = skills(i), rota(i)
				if i < 2 { // the first is whom others ask, the second learns
					u.SkillLevels.V = domain.Levels{u.Skills[0]: slots.Expert - 2*i}
				}
				u.RingsAlways = true // a newcomer sees pushes at any hour
				home := data.places[(2*i+1)%len(data.places)]
				u.HomeLat, u.HomeLon = &home.lat, &home.lon
				w, err := add(u, data.name, data.area)
				if err != nil {
					return err
				}
				c.technicians = append(c.technicians, w)
			}
			for _, name := range data.coordinators {
				w, err := add(user(name, domain.RoleCoordinator), data.name, data.area)
				if err != nil {
					return err
				}
				c.coordinators = append(c.coordinators, w)
			}
			if c.proprietor, err = add(user(data.proprietor, domain.RoleProprietor), data.name, data.area); err != nil {
				return err
			}
			b.centres = append(b.centres, c)
		}
		for i, name := range demoAgents {
			w, err := add(domain.User{Name: name, Role: domain.RoleAgent, Phone: b.number(demoCentres[2*i].country)}, "", "")
			if err != nil {
				return err
			}
			b.agents = append(b.agents, w)
		}
		for i, name := range demoAdmins {
			if _, err := add(domain.User{Name: name, Role: domain.RoleAdmin, Phone: b.number(demoCentres[2*i].country)}, "", ""); err != nil {
				return err
			}
		}
		order := func(u WorldUser) int { return slices.Index(domain.Roles, domain.Role(u.Role)) }
		slices.SortStableFunc(b.world.Users, func(x, y WorldUser) int { return order(x) - order(y) })
		return nil
	})
}

// installation is the same for a login in every demo.
func installation(login string) domain.ID {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("doorstep:demo:"+login))
}

// number gives out phone numbers: in Britain of the range kept for drama
// (07700 900000 to 900999), in India, which has none, plain ones.
func (b *builder) number(country string) string {
	b.numbers++
	if country == "GB" {
		return fmt.Sprintf("+447700900%03d", b.numbers%1000)
	}
	return fmt.Sprintf("+9170000%05d", 10000+b.numbers)
}

var categories = []string{"refrigerator", "washing_machine", "air_conditioner", "water_purifier", "microwave", "oven", "dishwasher"}

// skills leaves out two categories for each technician, others for the next.
func skills(i int) domain.JSONList[string] {
	var out domain.JSONList[string]
	for k, c := range categories {
		if k != i && k != i+1 {
			out = append(out, c)
		}
	}
	return out
}

// rota is five days a week, begun on another day by each technician, so that
// four or five of six work on any day; the first and the fourth work wide
// hours all week.
func rota(i int) domain.JSONList[domain.Shift] {
	var out domain.JSONList[domain.Shift]
	for d := range 7 {
		switch {
		case i%3 == 0:
			out = append(out, domain.Shift{Weekday: d, From: "06:00", To: "22:00"})
		case (d-i+7)%7 < 5:
			out = append(out, domain.Shift{Weekday: d, From: "08:00", To: "13:00"}, domain.Shift{Weekday: d, From: "13:30", To: "20:30"})
		}
	}
	return out
}

// holidays are real ones, but none near today: the demo shows a day of work.
func holidays(country string, today time.Time) domain.JSONList[string] {
	days := []string{"01-26", "05-01", "08-15", "10-02"}
	if country == "GB" {
		days = []string{"01-01", "12-25", "12-26"}
	}
	out := domain.JSONList[string]{}
	for year := today.Year(); year <= today.Year()+1; year++ {
		for _, d := range days {
			day, err := time.ParseInLocation("2006-01-02", fmt.Sprintf("%d-%s", year, d), today.Location())
			if err == nil && day.Sub(today).Abs() > 15*24*time.Hour {
				out = append(out, day.Format("2006-01-02"))
			}
		}
	}
	return out
}

// clockOn is a wall-clock time of the centre, days from today.
func (c *centre) clockOn(day, hour, minute int) time.Time {
	return time.Date(c.today.Year(), c.today.Month(), c.today.Day()+day, hour, minute, 0, 0, c.loc)
}

// desk is some time of a day at which the desk is staffed; on a day that is
// not that far yet, of the day before.
func (b *builder) desk(c *centre, day int) time.Time {
	day = min(day, 0)
	t := c.clockOn(day, 9, b.rng.IntN(9*60))
	if t.After(b.now.Add(-time.Hour)) {
		t = c.clockOn(min(day, -1), 9, b.rng.IntN(9*60))
	}
	return t
}

// latest is the last time of the day's middle that lies an hour or more back.
func (b *builder) latest(c *centre) time.Time {
	limit := b.now.Add(-time.Hour)
	if t := c.clockOn(0, 18, 0); !t.After(limit) {
		return t
	}
	if t := c.clockOn(0, 10, 0); !t.After(limit) {
		return limit
	}
	return c.clockOn(-1, 18, 0)
}

// free finds a technician with the skill who works and has nothing yet in a
// slot of the day, and books him. The search begins at the wanted slot.
func (c *centre) free(day, slot int, category string, crew int, not ...domain.ID) (int, []*worker) {
	weekday := int(c.clockOn(day, 12, 0).Weekday())
	for i := range openings {
		s := (slot + i) % len(openings)
		var found []*worker
		for k := range c.technicians {
			t := c.technicians[(k+c.turn)%len(c.technicians)]
			works := slices.ContainsFunc(t.Hours, func(h domain.Shift) bool { return h.Weekday == weekday })
			if !works || !slices.Contains(t.Skills, category) || c.taken[booking{t.ID, day, s}] || slices.Contains(not, t.ID) {
				continue
			}
			if found = append(found, t); len(found) == crew {
				break
			}
		}
		if len(found) == crew {
			for _, t := range found {
				c.taken[booking{t.ID, day, s}] = true
			}
			c.turn++
			return s, found
		}
	}
	return slot, nil
}

// order is one job of the demo on its way.
type order struct {
	c           *centre
	fault       faultData
	coordinator *worker
	created     time.Time
	customer    domain.Customer
	job         domain.ID
	visit       domain.ID
	window      time.Time // its start
	crew        []*worker
}

func (o *order) tech() *worker { return o.crew[0] }

func (o *order) phone(contact int) string {
	p := o.customer.Contacts
	return p[min(contact, len(p)-1)].Phones[0]
}

// home is how a household of the demo differs from the common one.
type home struct {
	two, voiceOnly bool
	priority       string
}

// open registers household, appliance and job at a time, by the desk or by an
// agent of the brand.
func (b *builder) open(c *centre, at time.Time, h home) *order {
	fault := demoFaults[b.faults%len(demoFaults)]
	b.faults++
	b.jobs++
	c.households++
	n := c.households
	o := &order{c: c, fault: fault, coordinator: c.coordinators[n%2], created: at}
	by := o.coordinator
	if n%4 == 3 {
		by = b.agents[n/4%2]
	}
	where := c.places[n%len(c.places)]
	first, last := c.first[(n*7)%len(c.first)], c.last[(n*4+n/len(c.last))%len(c.last)]
	language := "en"
	if n%10 < c.hindi {
		language = "hi"
	}
	contacts := []domain.ContactInput{{Name: first + " " + last, Relation: "self", Phones: []string{b.number(c.country)}, Language: language,
		VoiceOnly: h.voiceOnly}}
	if h.two || n%5 == 0 {
		contacts = append(contacts, domain.ContactInput{Name: c.first[(n*3+1)%len(c.first)] + " " + last,
			Relation: demoRelations[n%len(demoRelations)],
			Phones:   []string{b.number(c.country)}, Language: language, VoiceOnly: h.voiceOnly})
	}
	door := 1 + b.rng.IntN(90)
	lat, lon := where.lat+(b.rng.Float64()-.5)*.004, where.lon+(b.rng.Float64()-.5)*.004
	sites := []domain.SiteInput{{Label: "home", Address: fmt.Sprintf("%d %s", door, where.street),
		Landmark: demoLandmarks[n%len(demoLandmarks)], PostalCode: where.code, Zone: c.zone}}
	if n%6 != 0 { // some places are not on the map
		sites[0].Lat, sites[0].Lon = &lat, &lon
	}
	steps := []domain.TriedStep{}
	if n%3 != 0 {
		steps = append(steps, domain.TriedStep{What: fault.tried, At: at.Add(-20 * time.Hour).UTC(), WatchedBy: "nobody", Result: fault.result})
	}
	matters, priority, cover := "", "normal", "warranty"
	if n%3 == 1 {
		matters = demoMatters[n/3%len(demoMatters)]
	}
	var value *int64
	if n%4 == 0 {
		minor := int64(600_00 + n%9*150_00)
		cover, value = "chargeable", &minor
	}
	if h.priority != "" {
		priority = h.priority
	} else if strings.HasPrefix(matters, "Insulin") {
		priority = "urgent"
	}
	serial := fmt.Sprintf("%s%07d", strings.ToUpper(fault.brand[:2]), 1204000+b.jobs*37)
	bought := at.AddDate(-1-n%4, -n%11, 0).Format("2006-01-02")
	ref := fmt.Sprintf("%s-%05d", strings.ToUpper(c.short[:3]), 20000+n)
	b.at(at, "registering", func() (err error) {
		if o.customer, err = b.svc.CreateCustomer(b.ctx, by.call(), domain.CustomerInput{Name: &contacts[0].Name, Language: &language,
			Country: &c.country, Contacts: &contacts, Sites: &sites}); err != nil {
			return err
		}
		site := o.customer.Sites[0].ID
		appliance, err := b.svc.CreateAppliance(b.ctx, by.call(), domain.ApplianceInput{CustomerID: &o.customer.ID, SiteID: &site,
			Category: &fault.category,
			Brand:    &fault.brand, Model: &fault.model, Serial: &serial, PurchasedOn: &bought})
		if err != nil {
			return err
		}
		job, err := b.svc.CreateJob(b.ctx, by.call(), domain.JobInput{CustomerID: &o.customer.ID, CentreID: &c.id, ApplianceID: &appliance.ID,
			ExternalRef: &ref,
			Fault:       &fault.words, TriedSteps: &steps, WhatMatters: &matters, Priority: &priority, Cover: &cover, ValueMinor: value})
		o.job = job.ID
		return err
	})
	return o
}

// agreed is a call in which the household said yes.
func (o *order) agreed() *domain.AttemptInput {
	return &domain.AttemptInput{Channel: reach.Phone, Outcome: reach.Reached, Address: o.phone(0)}
}

// plan books a visit for an order on a day: false when nobody is free.
func (b *builder) plan(o *order, day, slot int, crew int, not ...domain.ID) bool {
	slot, o.crew = o.c.free(day, slot, o.fault.category, crew, not...)
	if o.crew == nil {
		return false
	}
	o.window = o.c.clockOn(day, openings[slot], 0)
	b.visits++
	return true
}

// schedule makes the visit of an order; assigned says whether it has its crew
// from the beginning, agreed whether the household said yes in the same call.
func (b *builder) schedule(o *order, at time.Time, assigned, agreed bool) {
	minutes := 40 + 5*(b.visits%4)
	b.at(at, "scheduling", func() error {
		in := domain.ScheduleInput{WindowStart: o.window.Format(time.RFC3339), WindowEnd: o.windowEnd().Format(time.RFC3339),
			PlannedMinutes: minutes}
		if assigned {
			crew := ids(o.crew)
			in.Crew = &crew
		}
		if agreed {
			in.Contact = o.agreed()
		}
		v, err := b.svc.Schedule(b.ctx, o.coordinator.call(), o.job, in)
		o.visit = v.ID
		return err
	})
}

func (o *order) windowEnd() time.Time {
	w := o.window
	return time.Date(w.Year(), w.Month(), w.Day(), w.Hour()+2, 0, 0, 0, o.c.loc)
}

func ids(crew []*worker) []domain.ID {
	out := make([]domain.ID, len(crew))
	for i, w := range crew {
		out[i] = w.ID
	}
	return out
}

func (b *builder) assign(o *order, at time.Time) {
	b.at(at, "assigning", func() error {
		_, err := b.svc.Assign(b.ctx, o.coordinator.call(), o.visit, domain.CrewInput{Crew: ids(o.crew)})
		return err
	})
}

func (b *builder) confirm(o *order, at time.Time) {
	b.at(at, "confirming", func() error {
		_, err := b.svc.Confirm(b.ctx, o.coordinator.call(), o.visit, domain.ConfirmInput{Contact: o.agreed()})
		return err
	})
}

// byLink is what a household does on its page.
func (b *builder) byLink(o *order, at time.Time, act domain.LinkAction) {
	b.at(at, act.Action+" by link", func() error {
		token, err := b.token(o.job)
		if err != nil {
			return err
		}
		page, err := b.svc.OpenLink(b.ctx, token)
		if err != nil {
			return err
		}
		act.FormKey = page.FormKey
		_, err = b.svc.LinkAct(b.ctx, token, act)
		return err
	})
}

func (b *builder) link(job domain.ID) (string, error) {
	var url string
	err := b.svc.Store.InTx(b.ctx, func(tx domain.Tx) error {
		l, err := tx.LinkOfJob(job)
		if err == nil {
			url, _ = b.svc.LinkURL(l)
		}
		return err
	})
	return url, err
}

func (b *builder) token(job domain.ID) (string, error) {
	url, err := b.link(job)
	return url[strings.LastIndexByte(url, '/')+1:], err
}

// move makes a crew's forward move.
func (b *builder) move(o *order, at time.Time, action string, in domain.MoveInput) {
	b.at(at, action, func() error {
		_, err := b.svc.Advance(b.ctx, o.tech().call(), o.visit, action, in)
		if err == nil && (action == "en-route" || action == "arrive") {
			// Nobody plays the world on: its crews are not asked whether they are well.
			_, err = b.svc.AnswerTimer(b.ctx, o.tech().call(), o.visit, "extend", domain.TimerInput{Minutes: 240})
		}
		return err
	})
}

// setOut is en-route, arrive and start, a few minutes into the window.
func (b *builder) setOut(o *order) {
	b.move(o, o.window.Add(-20*time.Minute), "en-route", domain.MoveInput{})
	b.move(o, o.window.Add(4*time.Minute), "arrive", domain.MoveInput{})
}

// complete carries the visit to its end. A resolved job closes by itself after
// 72 hours: none may do so right after the demo has begun.
func (b *builder) complete(o *order, closes bool) {
	b.setOut(o)
	b.move(o, o.window.Add(9*time.Minute), "start", domain.MoveInput{})
	end := o.window.Add(time.Duration(50+b.rng.IntN(25)) * time.Minute)
	if left := end.Add(72 * time.Hour).Sub(b.now); left > -2*time.Minute && left < 30*time.Minute {
		end = end.Add(32 * time.Minute)
	}
	f := o.fault
	parts := []string{}
	if f.part != "" {
		parts = append(parts, f.part)
	}
	b.move(o, end, "complete", domain.MoveInput{Findings: &f.findings, WorkDone: &f.work, Parts: &parts, Tested: &f.test})
	if closes {
		b.at(o.c.nextMorning(end), "closing", func() error {
			_, err := b.svc.Close(b.ctx, o.coordinator.call(), o.job, domain.JobMoveInput{Reason: "customer's word"})
			return err
		})
	}
}

func (c *centre) nextMorning(t time.Time) time.Time {
	y, m, d := t.In(c.loc).Date()
	return time.Date(y, m, d+1, 9, 40, 0, 0, c.loc)
}

// attempt records one try of somebody to reach the household.
func (b *builder) attempt(o *order, at time.Time, by func() *worker, visit bool, in domain.AttemptInput, contact int) {
	b.at(at, "trying to reach", func() error {
		if in.Channel != reach.Doorstep {
			in.Address = o.phone(contact)
		} else if site := o.customer.Sites[0]; site.Lat != nil {
			lat, lon := *site.Lat+.0004, *site.Lon
			in.Lat, in.Lon = &lat, &lon
		} else {
			in.PlaceReason = "the place is not on the map"
		}
		var v *domain.ID
		if visit {
			v = &o.visit
		}
		_, err := b.svc.RecordAttempt(b.ctx, by().call(), &o.job, v, in)
		return err
	})
}

func (o *order) desk() *worker { return o.coordinator }

func rang(seconds int) domain.AttemptInput {
	return domain.AttemptInput{Channel: reach.Phone, Outcome: reach.NoAnswer, RingSeconds: &seconds}
}

// delivered is a message with the gateway's report as evidence.
func delivered(text string) domain.AttemptInput {
	sum := sha256.Sum256([]byte(text))
	return domain.AttemptInput{Channel: reach.SMS, Outcome: reach.Delivered, Grade: reach.Recorded, EvidenceDigest: hex.EncodeToString(sum[:]),
		Note: text}
}

func lastNotice() domain.AttemptInput {
	return domain.AttemptInput{Channel: reach.WhatsApp, Outcome: reach.Sent, LastNotice: true, Note: "ready text of the link"}
}

// noAccess is a closed door, as the rules want it: arrived, waited, called,
// wrote.
func (b *builder) noAccess(o *order) {
	b.setOut(o)
	w := o.window
	b.attempt(o, w.Add(8*time.Minute), o.tech, true, rang(31), 0)
	b.attempt(o, w.Add(9*time.Minute), o.tech, true, delivered("I am at your door."), 0)
	b.attempt(o, w.Add(15*time.Minute), o.tech, true, domain.AttemptInput{Channel: reach.Doorstep, Outcome: reach.NobodyHome}, 0)
	b.move(o, w.Add(17*time.Minute), "no-access", domain.MoveInput{Note: "Waited, bell works, no light inside."})
}

// work fills a centre's days.
func (b *builder) work(c *centre) {
	if c == b.centres[0] {
		b.customer(c)
	}
	// The past: most visits went well.
	for day := -pastDays; day < 0; day++ {
		for i := range pastVisits {
			o := b.open(c, c.clockOn(day-1-i%3, 9+i, 7*i), home{two: i == 3})
			if !b.plan(o, day, i, 1) {
				continue
			}
			b.schedule(o, o.created.Add(12*time.Minute), i != 2, i%2 == 0)
			if i == 2 {
				b.assign(o, o.created.Add(2*time.Hour))
			}
			switch {
			case i == 1 && day == -2:
				// Nobody sets out: the clock calls it missed.
			case i == 3 && day%3 == 0:
				b.noAccess(o)
			case i == 4 && day == -4:
				b.partial(o)
			case i == 4 && day == -1:
				b.cancel(o, o.window.Add(-3*time.Hour))
			default:
				if i%2 == 1 {
					b.confirm(o, o.created.Add(4*time.Hour))
				}
				b.complete(o, i != 0)
			}
		}
	}
	// Today, at whatever hour it is: over, under way or ahead.
	for i := range todayVisits {
		o := b.open(c, b.desk(c, -1-i%3), home{two: i == 5})
		if !b.plan(o, 0, i, 1) {
			continue
		}
		b.schedule(o, o.created.Add(9*time.Minute), true, i%3 == 0)
		over := !o.windowEnd().Add(16 * time.Minute).After(b.now)
		switch {
		case i == 7 && over: // missed
		case i == 5:
			b.noAccess(o)
		default:
			if i%3 == 1 {
				b.confirm(o, o.created.Add(40*time.Minute))
			}
			b.complete(o, false)
		}
	}
	// The days to come.
	for day := 1; day <= comingDays; day++ {
		for i := range nextVisits {
			o := b.open(c, b.desk(c, -i%4), home{two: i == 4})
			if !b.plan(o, day, i+day, 1) {
				continue
			}
			b.schedule(o, o.created.Add(15*time.Minute), i != 2 || day%2 == 0, i%3 == 0)
			switch {
			case i == 1:
				b.confirm(o, o.created.Add(30*time.Minute))
			case i == 4 && day == 1:
				b.byLink(o, o.created.Add(25*time.Minute), domain.LinkAction{Action: "confirm"})
			case i == 4 && day == 2:
				b.byLink(o, o.created.Add(25*time.Minute), domain.LinkAction{Action: "another-time", Date: c.clockOn(5, 12, 0).Format("2006-01-02"),
					Part: "morning", Note: "Mornings suit us better."})
			case i == 4 && day == 3:
				b.byLink(o, o.created.Add(25*time.Minute), domain.LinkAction{Action: "call-me", Note: "Please call after six."})
			case i == 4 && day == 4:
				b.cancel(o, o.created.Add(35*time.Minute))
			case i == 5 && day == 1:
				b.decline(o, o.created.Add(30*time.Minute))
			case i == 5 && day == 2:
				b.reschedule(o, o.created.Add(30*time.Minute))
			}
		}
	}
	b.waiting(c)
	b.leave(c)
}

// customer is the household whose link the demo hands out.
func (b *builder) customer(c *centre) {
	o := b.open(c, c.clockOn(-1, 16, 40), home{two: true})
	b.plan(o, 1, 1, 1)
	b.schedule(o, o.created.Add(10*time.Minute), true, false)
	b.at(o.created.Add(15*time.Minute), "registering the customer's phone", func() (err error) {
		b.world.SampleJobID, b.world.SampleVisitID = o.job, o.visit
		if b.world.CustomerLink, err = b.link(o.job); err != nil {
			return err
		}
		call := &domain.Call{Actor: domain.Actor{Role: domain.RoleCustomer, JobID: o.job, Name: "customer"}}
		_, err = b.svc.PutDevice(b.ctx, call, installation(b.world.CustomerLogin), domain.DeviceInput{Token: "demo:" + b.world.CustomerLogin,
			Platform: "web", Language: "en"})
		return err
	})
}

// unfinished is a visit after which another one is needed.
func (b *builder) unfinished(o *order) {
	b.setOut(o)
	b.move(o, o.window.Add(55*time.Minute), "partial", domain.MoveInput{Findings: &o.fault.findings, Note: "The part is not on the van."})
}

// partial is an unfinished visit after which the job waits for parts.
func (b *builder) partial(o *order) {
	b.unfinished(o)
	b.at(o.window.Add(75*time.Minute), "waiting for parts", func() error {
		_, err := b.svc.HoldJob(b.ctx, o.coordinator.call(), o.job, domain.JobMoveInput{Kind: string(domain.HoldParts),
			Reason: "ordered: " + o.fault.part, DueAt: o.c.clockOn(4, 18, 0).Format(time.RFC3339)})
		return err
	})
}

func (b *builder) cancel(o *order, at time.Time) {
	b.at(at, "cancelling", func() error {
		_, err := b.svc.Cancel(b.ctx, o.coordinator.call(), o.visit, domain.ReasonInput{Reason: "the household is away"})
		return err
	})
}

func (b *builder) decline(o *order, at time.Time) {
	b.at(at, "declining", func() error {
		_, err := b.svc.Decline(b.ctx, o.tech().call(), o.visit, domain.ReasonInput{Reason: "sick"})
		return err
	})
}

// reschedule moves a visit a day on, for another technician if need be.
func (b *builder) reschedule(o *order, at time.Time) {
	slot, crew := o.c.free(3, 2, o.fault.category, 1)
	if crew == nil {
		return
	}
	b.visits++
	b.at(at, "rescheduling", func() error {
		o.window, o.crew = o.c.clockOn(3, openings[slot], 0), crew
		next := ids(crew)
		v, err := b.svc.Reschedule(b.ctx, o.coordinator.call(), o.visit, domain.ScheduleInput{WindowStart: o.window.Format(time.RFC3339),
			WindowEnd: o.windowEnd().Format(time.RFC3339),
			Crew:      &next, Contact: o.agreed(), Reason: "the household asked for another day"})
		o.visit = v.ID
		return err
	})
}

// waiting are the jobs without a visit ahead, one or two of each kind.
func (b *builder) waiting(c *centre) {
	day := c.clockOn
	for i := range 4 { // nobody tried yet
		b.open(c, b.desk(c, -i%2), home{two: i == 1})
	}
	for i := range 3 { // tried, not enough
		o := b.open(c, day(-2-i, 10, 15*i), home{two: true, voiceOnly: i == 2})
		b.attempt(o, day(-1, 10, 20+i), o.desk, false, domain.AttemptInput{Channel: reach.Phone, Outcome: reach.Busy}, 0)
		b.attempt(o, day(-1, 14, 30+i), o.desk, false, rang(26+i), 0)
		if i == 1 {
			b.attempt(o, day(-1, 17, 10), o.desk, false, domain.AttemptInput{Channel: reach.Phone, Outcome: reach.Voicemail}, 1)
		}
	}
	for i := range 2 { // enough; the last notice runs
		o := b.open(c, day(-4, 11, 30*i), home{two: i == 0})
		b.attempt(o, day(-2, 10, 20+i), o.desk, false, rang(28), 0)
		b.attempt(o, day(-2, 16, 30+i), o.desk, false, delivered("Please call us about your repair."), 0)
		b.attempt(o, day(-1, 12, 10+i), o.desk, false, rang(33), 1)
		b.attempt(o, b.latest(c).Add(time.Duration(-i)*time.Minute), o.desk, false, lastNotice(), 0)
	}
	for i := range 2 { // unreachable since yesterday
		o := b.open(c, day(-6, 12, 20*i), home{two: true})
		b.attempt(o, day(-4, 10, 20+i), o.desk, false, rang(28), 0)
		b.attempt(o, day(-3, 14, 30+i), o.desk, false, delivered("Please call us about your repair."), 0)
		b.attempt(o, day(-3, 17, 45+i), o.desk, false, rang(24), 1)
		b.attempt(o, day(-2, 10, 5+i), func() *worker { return c.proprietor }, false, rang(35), 0)
		b.attempt(o, day(-2, 10, 40+i), o.desk, false, lastNotice(), 0)
	}
	// Unreachable after a closed door: the visit ahead falls away.
	o := b.open(c, day(-6, 15, 0), home{two: true})
	if b.plan(o, -4, 3, 1) {
		b.schedule(o, day(-6, 15, 20), true, false)
		b.noAccess(o)
		b.attempt(o, day(-3, 10, 10), o.desk, false, rang(29), 0)
		b.attempt(o, day(-2, 17, 20), o.desk, false, rang(30), 1)
		b.attempt(o, day(-2, 17, 50), o.desk, false, lastNotice(), 0)
	}
	// Back after weeks of silence, and waiting at their own wish.
	wish := b.open(c, day(-3, 11, 5), home{})
	b.at(day(-2, 9, 30), "holding", func() error {
		_, err := b.svc.HoldJob(b.ctx, wish.coordinator.call(), wish.job, domain.JobMoveInput{Kind: string(domain.HoldCustomerRequest),
			Reason: "travelling until next week", DueAt: day(6, 10, 0).Format(time.RFC3339)})
		return err
	})
	called := b.open(c, day(-3, 9, 50), home{two: true, priority: "high"})
	b.attempt(called, day(-2, 11, 15), called.desk, false, rang(22), 0)
	b.at(day(-1, 13, 5), "being called", func() error {
		_, err := b.svc.LogContact(b.ctx, called.coordinator.call(), domain.ContactByPhone{Phone: called.phone(0),
			Note: "Will be home all week."})
		return err
	})
	gone := b.open(c, day(-4, 17, 0), home{})
	b.at(day(-3, 10, 0), "cancelling the job", func() error {
		_, err := b.svc.CancelJob(b.ctx, gone.coordinator.call(), gone.job, domain.JobMoveInput{Reason: "works again by itself"})
		return err
	})
}

// leave has somebody ask for a day off that waits for the proprietor's word.
func (b *builder) leave(c *centre) {
	who := c.technicians[len(c.technicians)-1]
	day := c.today.AddDate(0, 0, 16)
	b.at(b.now.Add(-95*time.Minute), "asking for leave", func() error {
		_, err := b.svc.AddLeave(b.ctx, who.call(), who.ID, domain.LeaveInput{StartsAt: day.Format(time.RFC3339), EndsAt: day.AddDate(0, 0, 1).
			Format(time.RFC3339), Kind: "annual", Note: "A wedding in the family"})
		return err
	})
}

// reports are incident reports at every stage in one area, and what follows
// from them. Each centre keeps an open safety hold.
func (b *builder) reports(c, d *centre) {
	// been is a visit of a past day; unless it was the last one, the job stays
	// open.
	been := func(c *centre, day, slot int, last bool) *order {
		o := b.open(c, c.clockOn(day-1, 10, 5*slot), home{two: true})
		b.plan(o, day, slot, 1)
		b.schedule(o, o.created.Add(8*time.Minute), true, true)
		if last {
			b.complete(o, false)
		} else {
			b.unfinished(o)
		}
		return o
	}
	raise := func(o *order, at time.Time, by func() *worker, visit bool, kind string, level int, note string) *domain.ID {
		id := new(domain.ID)
		b.at(at, "reporting", func() error {
			in := domain.FlagInput{JobID: &o.job, Kind: kind, Level: &level, Note: note}
			if visit {
				in.JobID, in.VisitID = nil, &o.visit
			}
			f, err := b.svc.RaiseFlag(b.ctx, by().call(), in)
			*id = f.ID
			return err
		})
		return id
	}
	decide := func(id *domain.ID, at time.Time, by *worker, action string, in domain.FlagDecision) {
		b.at(at, action+" of a report", func() error {
			_, err := b.svc.MoveFlag(b.ctx, by.call(), *id, action, in)
			return err
		})
	}
	release := func(o *order, at time.Time, by *worker, in domain.ReleaseInput) {
		b.at(at, "releasing", func() error {
			if slices.Contains(in.Plan, "hazard_removed") {
				in.ConfirmedBy = o.customer.Name
			}
			_, err := b.svc.SafetyRelease(b.ctx, by.call(), o.job, in)
			return err
		})
	}
	first, second := c.managers[0], c.managers[1]

	// Reported a short while ago, by the desk, and one since yesterday that is
	// overdue.
	calm := b.open(c, c.clockOn(-2, 12, 40), home{two: true})
	raise(calm, b.now.Add(-35*time.Minute), calm.desk, false, "verbal_abuse", 1, "Shouted and swore at the desk about the waiting time.")
	late := been(d, -1, 0, true)
	raise(late, d.clockOn(-1, 12, 40), late.tech, true, "unsafe_premises", 1, "Bare wires in the stairwell, the light does not work.")

	// Provisional: the technician stopped the visit and left.
	stopped := b.open(c, c.clockOn(-3, 11, 20), home{two: true})
	b.plan(stopped, -1, 4, 1)
	b.schedule(stopped, stopped.created.Add(8*time.Minute), true, true)
	b.setOut(stopped)
	b.at(stopped.window.Add(11*time.Minute), "stopping", func() error {
		_, err := b.svc.Stop(b.ctx, stopped.tech().call(), stopped.visit, domain.StopInput{})
		return err
	})

	// Triaged, the hold stands.
	threat := been(d, -1, 2, false)
	id := raise(threat, threat.window.Add(90*time.Minute), threat.tech, true, "threat", 3,
		"Said he knows where I live when I named the price of the part.")
	decide(id, threat.window.Add(105*time.Minute), first, "triage", domain.FlagDecision{})

	// Under review, the hold stands, and the next visit waits for its release.
	review := been(c, -3, 1, false)
	if slot, crew := c.free(4, 2, review.fault.category, 1, review.tech().ID); crew != nil {
		b.visits++
		next := *review
		next.window, next.crew = c.clockOn(4, openings[slot], 0), crew
		b.at(review.window.Add(70*time.Minute), "scheduling the next visit", func() error {
			wanted := ids(crew)
			_, err := b.svc.Schedule(b.ctx, review.coordinator.call(), review.job,
				domain.ScheduleInput{WindowStart: next.window.Format(time.RFC3339), WindowEnd: next.windowEnd().Format(time.RFC3339), Crew: &wanted})
			return err
		})
	}
	id = raise(review, review.window.Add(95*time.Minute), review.tech, true, "sexual_harassment", 2,
		"Remarks about my body all the time, blocked the door once.")
	decide(id, review.window.Add(2*time.Hour), second, "triage", domain.FlagDecision{})
	decide(id, c.clockOn(-2, 10, 30), second, "review", domain.FlagDecision{})

	// Upheld: released with a plan of two people in daylight, who come soon.
	upheld := b.open(d, d.clockOn(-6, 10, 15), home{two: true})
	b.plan(upheld, -5, 2, 1)
	b.schedule(upheld, upheld.created.Add(8*time.Minute), true, true)
	b.partial(upheld)
	id = raise(upheld, upheld.window.Add(80*time.Minute), upheld.tech, true, "intoxication", 2,
		"Drunk, came close and would not let me pack my tools.")
	decide(id, upheld.window.Add(2*time.Hour), first, "triage", domain.FlagDecision{})
	decide(id, d.clockOn(-4, 10, 0), first, "review", domain.FlagDecision{})
	decide(id, d.clockOn(-4, 15, 0), first, "decide", domain.FlagDecision{Outcome: "upheld",
		Reasons: "Two accounts agree; the customer's own call confirms it."})
	release(upheld, d.clockOn(-4, 15, 30), first, domain.ReleaseInput{Plan: []string{"two_people", "daylight"},
		Reason: "The daughter will be there."})
	b.at(d.clockOn(-3, 9, 45), "parts have come", func() error {
		_, err := b.svc.ReleaseJob(b.ctx, upheld.coordinator.call(), upheld.job, domain.JobMoveInput{Kind: string(domain.HoldParts),
			Reason: "delivered"})
		return err
	})
	if slot, crew := d.free(2, 1, upheld.fault.category, 2, upheld.tech().ID); crew != nil && openings[slot] <= 16 {
		b.visits++
		b.at(d.clockOn(-3, 10, 0), "scheduling under a plan", func() error {
			upheld.window, upheld.crew = d.clockOn(2, openings[slot], 0), crew
			two := ids(crew)
			v, err := b.svc.Schedule(b.ctx, upheld.coordinator.call(), upheld.job,
				domain.ScheduleInput{WindowStart: upheld.window.Format(time.RFC3339), WindowEnd: upheld.windowEnd().Format(time.RFC3339),
					Crew: &two, Contact: upheld.agreed()})
			upheld.visit = v.ID
			return err
		})
		b.at(d.clockOn(-1, 18, 40), "reading the plan", func() error {
			_, err := b.svc.PlanSeen(b.ctx, upheld.tech().call(), upheld.visit, domain.ReasonInput{})
			return err
		})
	}

	// Not upheld: released, but a call comes first from now on.
	fair := been(c, -5, 3, false)
	id = raise(fair, fair.window.Add(90*time.Minute), fair.tech, true, "discrimination", 2, "Asked for somebody from another community.")
	decide(id, fair.window.Add(2*time.Hour), first, "triage", domain.FlagDecision{})
	decide(id, c.clockOn(-4, 11, 0), first, "decide", domain.FlagDecision{Outcome: "not_upheld",
		Reasons: "The recording shows that the customer asked for a Marathi or English speaker, politely."})
	release(fair, c.clockOn(-4, 11, 10), first, domain.ReleaseInput{Plan: []string{"phone_first"},
		Reason: "A call beforehand clears up the language."})

	// Unclear: a dog, which the desk settles with the household.
	dog := been(d, -4, 4, true)
	id = raise(dog, dog.window.Add(85*time.Minute), dog.tech, true, "animal", 2, "The dog was loose and snapped at my leg.")
	decide(id, dog.window.Add(2*time.Hour), second, "triage", domain.FlagDecision{})
	decide(id, d.clockOn(-3, 12, 0), second, "decide", domain.FlagDecision{Outcome: "unclear",
		Reasons: "The household says the dog was tied up; nobody else saw it."})
	release(dog, d.clockOn(-3, 12, 30), dog.coordinator, domain.ReleaseInput{Plan: []string{"hazard_removed"},
		Reason: "The dog stays with a neighbour during visits."})

	// Withdrawn by the reporter.
	sorry := been(c, -2, 5, true)
	id = raise(sorry, sorry.window.Add(80*time.Minute), sorry.tech, true, "verbal_abuse", 1, "Called me useless.")
	no := false
	b.at(c.clockOn(-1, 9, 20), "withdrawing a report", func() error {
		_, err := b.svc.MoveFlag(b.ctx, sorry.tech().call(), *id, "withdraw",
			domain.FlagDecision{Pressure: &no, Reasons: "He called and apologised."})
		return err
	})
}
