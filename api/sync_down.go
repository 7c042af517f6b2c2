package api

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/gofiber/fiber/v2"

	"doorstep/api/web"
	"doorstep/domain"
	"doorstep/domain/casework"
	"doorstep/domain/customers"
	"doorstep/domain/decisions"
	"doorstep/domain/reach"
)

// syncRows is how many changes one look at the feed reads; behind more there is another page.
const syncRows = 1000

// inboxMost bounds the notices that a phone holds.
const inboxMost = 200

// syncCursor is how far a phone has read. It carries no rights: what it leads to is read under its holder's scope.
type syncCursor struct {
	User  domain.ID    `json:"u"`
	From  *domain.Mark `json:"f,omitempty"` // what changed since; nil: the whole picture
	To    domain.Mark  `json:"t"`           // up to here
	Day   string       `json:"d"`           // on which From was read
	ToDay string       `json:"e"`           // and To
	After string       `json:"a,omitempty"` // what was sent of it
	At    int64        `json:"w"`           // when it was given, Unix time
}

// syncDown is an answer to GET /v1/sync.
type syncDown struct {
	AsOf     *time.Time             `json:"as_of"`
	Full     bool                   `json:"full"`
	Visits   []syncVisit            `json:"visits"`
	Promises []domain.PromiseView   `json:"promises"`
	Inbox    []decisions.NoticeView `json:"inbox"`
	Me       *syncMe                `json:"me"`
	Lists    *domain.Choices        `json:"lists"`
	Gone     []syncGone             `json:"gone"`
	Cursor   string                 `json:"cursor"`
	More     bool                   `json:"more"`
}

type syncMe struct {
	User     userView             `json:"user"`
	Leave    []domain.LeaveView   `json:"leave"`
	HomeSafe *domain.HomeSafeView `json:"home_safe"` // null: they never asked for it
	Zone     string               `json:"zone"`      // of their centre
	Help     syncHelp             `json:"help"`
}

// syncHelp is whom a phone calls by itself when an SOS finds no network for data.
type syncHelp struct {
	EmergencyNumber string           `json:"emergency_number"`
	People          []syncHelpPerson `json:"people"` // the proprietors, the colleague that they chose, the centre
}

type syncHelpPerson struct {
	Name  string `json:"name"`
	Role  string `json:"role"`
	Phone string `json:"phone"`
}

type syncGone struct {
	Kind   string    `json:"kind"`
	ID     domain.ID `json:"id"`
	Reason string    `json:"reason"`
}

// syncVisit is what is read at one door; each part as its own operation shows it.
type syncVisit struct {
	Visit           domain.VisitView        `json:"visit"`
	Job             domain.JobView          `json:"job"`
	History         customers.JobHistory    `json:"history"`
	Customer        *domain.Customer        `json:"customer"`
	Appliance       *domain.Appliance       `json:"appliance"`
	Reachability    reach.Verdict           `json:"reachability"`
	Timer           *domain.TimerView       `json:"timer"`
	DoorWords       *syncDoorWords          `json:"door_words"`
	CompleteOffline bool                    `json:"complete_offline"`
	Missing         domain.JSONList[string] `json:"missing"`
}

// syncDoorWords are what is said at the door of a visit. A phone has them before their day, for in the morning it may have no network; it
// shows them on the day alone.
type syncDoorWords struct {
	YouSay     domain.DoorWord `json:"you_say"`
	TheyAnswer domain.DoorWord `json:"they_answer"`
	From       time.Time       `json:"from"`
	Until      time.Time       `json:"until"`
}

// syncPart is one thing of an answer before it is shown: with its place in the order, or gone.
type syncPart struct {
	rank    int // the gone first, then oneself, what is next, what is owed, what was told
	at      time.Time
	id      domain.ID
	gone    *syncGone
	lists   bool
	visit   *domain.Visit
	promise *domain.Promise
	notice  *domain.Notice
}

func (p *syncPart) key() string {
	return fmt.Sprintf("%d%s%s", p.rank, p.at.UTC().Format("20060102150405.000000"), p.id)
}

// phone reads for the technician who asks.
type phone struct {
	app   *App
	c     *fiber.Ctx
	actor domain.Actor
	now   time.Time
	old   domain.Briefcase // of the cursor
	days  domain.Briefcase
	again bool // more has changed than one look reads
}

// mountSyncDown serves GET /v1/sync: technicians, their own.
func mountSyncDown(a *App, s *web.Server) {
	s.Handle("GET", "/v1/sync", web.Compressed(func(c *fiber.Ctx) error {
		limit, err := web.Limit(c)
		if err != nil {
			return err
		}
		if !actorOf(c).Is(domain.RoleTechnician) {
			return domain.Fail(domain.CodeForbidden, "As %s you are in no crew.", domain.RoleWords(actorOf(c).Role))
		}
		zone, ok := zoneOf(c, actorOf(c).CentreID)
		if !ok {
			zone = time.UTC
		}
		p := phone{app: a, c: c, actor: actorOf(c), now: a.Service.Instant()}
		cur, err := p.cursor(zone)
		if err != nil {
			return err
		}
		parts, err := p.parts(cur)
		if err != nil {
			return err
		}
		return p.send(cur, parts, limit)
	}))
}

// cursor reads where the phone stands and sets how far this answer goes.
func (p *phone) cursor(zone *time.Location) (*syncCursor, error) {
	const day = time.DateOnly
	head, err := p.app.Service.Read.LastChange(p.c.UserContext())
	if err != nil {
		return nil, err
	}
	wall, today := p.app.Service.Wall(), p.now.In(zone).Format(day)
	cur := syncCursor{User: p.actor.UserID, To: head, Day: today, ToDay: today, At: wall.Unix()}
	if raw := p.c.Query("cursor"); raw != "" {
		cur = syncCursor{}
		if err := web.DecodeCursor(raw, &cur); err != nil {
			return nil, err
		}
		if cur.User != p.actor.UserID || wall.Sub(time.Unix(cur.At, 0)) > domain.FeedKept || cur.To.After(head) {
			return nil, domain.Fail(domain.CodeCursorGone, "The cursor is more than 30 days old, or of another phone's user.")
		}
		if cur.After == "" { // a new look
			from := cur.To
			cur.From, cur.Day, cur.ToDay = &from, cur.ToDay, today
		}
	}
	for _, d := range []struct {
		text string
		days *domain.Briefcase
	}{{cur.Day, &p.old}, {cur.ToDay, &p.days}} {
		midnight, err := time.ParseInLocation(day, d.text, zone)
		if err != nil {
			return nil, web.Malformed("#/query/cursor", "must be a cursor as it was sent")
		}
		*d.days = domain.BriefcaseOf(midnight)
	}
	return &cur, nil
}

// parts lists what the answer tells of.
func (p *phone) parts(cur *syncCursor) ([]syncPart, error) {
	if cur.From == nil {
		return p.whole()
	}
	rows, err := p.app.Service.Read.ChangesOf(p.c.UserContext(), p.actor.UserID, *cur.From, syncRows)
	if err != nil {
		return nil, err
	}
	if cur.After == "" {
		cur.To = *cur.From
		if p.again = len(rows) == syncRows; len(rows) > 0 {
			cur.To = rows[len(rows)-1].Mark
		}
	}
	rows = slices.DeleteFunc(rows, func(r domain.FeedChange) bool { return r.After(cur.To) })
	if len(rows) == 0 && cur.Day == cur.ToDay {
		return nil, nil
	}
	return p.since(rows, cur.Day != cur.ToDay)
}

func (p *phone) whole() ([]syncPart, error) {
	visits, err := p.visits()
	if err != nil {
		return nil, err
	}
	promises, err := p.promises()
	if err != nil {
		return nil, err
	}
	notices, err := p.notices()
	if err != nil {
		return nil, err
	}
	out := []syncPart{{rank: 1}, {rank: 2, lists: true}}
	for i := range visits {
		out = append(out, partOfVisit(&visits[i]))
	}
	for i := range promises {
		out = append(out, partOfPromise(&promises[i]))
	}
	for i := range notices {
		out = append(out, partOfNotice(&notices[i]))
	}
	return out, nil
}

func partOfVisit(v *domain.Visit) syncPart {
	return syncPart{rank: 3, at: v.WindowStart, id: v.ID, visit: v}
}

func partOfPromise(o *domain.Promise) syncPart {
	return syncPart{rank: 4, at: o.CreatedAt, id: o.ID, promise: o}
}

func partOfNotice(n *domain.Notice) syncPart {
	return syncPart{rank: 5, at: n.CreatedAt, id: n.ID, notice: n}
}

func gone(kind string, id domain.ID, why string) syncPart {
	return syncPart{id: id, gone: &syncGone{kind, id, why}}
}

// touched is what some changes are about.
type touched struct {
	visits, jobs, customers, promises, notices map[domain.ID]bool
	all, me, lists                             bool
}

// touches gathers them; what was or is this technician's own is true.
func (p *phone) touches(rows []domain.FeedChange) touched {
	t := touched{visits: map[domain.ID]bool{}, jobs: map[domain.ID]bool{}, customers: map[domain.ID]bool{}, promises: map[domain.ID]bool{},
		notices: map[domain.ID]bool{}}
	for i := range rows {
		for _, it := range rows[i].Items {
			own := domain.Has(it.People, p.actor.UserID)
			switch it.Kind {
			case domain.ChangedVisit, domain.ChangedVisitTimer:
				t.visits[it.ID] = t.visits[it.ID] || own
			case domain.ChangedJob:
				t.jobs[it.ID], t.customers[it.Of] = true, true
			case domain.ChangedCustomer:
				t.customers[it.ID] = true
			case domain.ChangedPromise:
				t.promises[it.ID] = t.promises[it.ID] || own
				t.customers[it.Of] = true // its history shows it
			case domain.ChangedNotice:
				t.notices[it.ID] = t.notices[it.ID] || own
			case domain.ChangedLeave, domain.ChangedHomeSafe:
				t.me = t.me || own
			case domain.ChangedUser:
				t.me, t.lists, t.all = t.me || own, t.lists || own, t.all || own // the language may be another
			case domain.ChangedRules:
				t.all, t.me = true, true
			}
		}
	}
	return t
}

// since lists what some changes, and the days that passed, made of the picture.
func (p *phone) since(rows []domain.FeedChange, nextDay bool) ([]syncPart, error) {
	t, out := p.touches(rows), []syncPart{}
	if t.me || nextDay {
		out = append(out, syncPart{rank: 1})
	}
	if t.lists {
		out = append(out, syncPart{rank: 2, lists: true})
	}
	for _, list := range []func(touched, bool) ([]syncPart, error){p.visitsSince, p.promisesSince, p.noticesSince} {
		more, err := list(t, nextDay)
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	return out, nil
}

func (p *phone) visitsSince(t touched, nextDay bool) (out []syncPart, err error) {
	if len(t.visits)+len(t.jobs)+len(t.customers) == 0 && !t.all && !nextDay {
		return nil, nil
	}
	visits, err := p.visits()
	if err != nil {
		return nil, err
	}
	here := map[domain.ID]bool{}
	for i := range visits {
		v := &visits[i]
		_, itself := t.visits[v.ID]
		here[v.ID] = true
		if itself || t.all || t.jobs[v.JobID] || t.customers[v.CustomerID] || p.old.Gone(v, p.actor.UserID) != "" {
			out = append(out, partOfVisit(v))
		}
	}
	ctx, read, scope := p.c.UserContext(), p.app.Service.Read, p.actor.Scope()
	for id, own := range t.visits {
		if here[id] || !own {
			continue
		}
		here[id] = true
		v, err := read.Visit(ctx, scope, id)
		switch {
		case domainKind(err) == domain.KindNotFound:
			out = append(out, gone("visit", id, domain.GoneReassigned))
		case err != nil:
			return nil, err
		case !p.old.Lacks(v):
			out = append(out, gone("visit", id, p.days.Gone(v, p.actor.UserID)))
		}
	}
	if nextDay {
		past, err := read.Visits(ctx, scope, domain.VisitFilter{TechnicianID: &p.actor.UserID, From: &p.old.From, To: &p.days.From},
			domain.Page{})
		if err != nil {
			return nil, err
		}
		for i := range past {
			v := &past[i]
			if why := p.days.Gone(v, p.actor.UserID); why != "" && !here[v.ID] && p.old.Gone(v, p.actor.UserID) == "" {
				out = append(out, gone("visit", v.ID, why))
			}
		}
	}
	return out, nil
}

func (p *phone) promisesSince(t touched, _ bool) (out []syncPart, err error) {
	if len(t.promises) == 0 {
		return nil, nil
	}
	promises, err := p.promises()
	if err != nil {
		return nil, err
	}
	for i := range promises {
		if _, changed := t.promises[promises[i].ID]; changed {
			out = append(out, partOfPromise(&promises[i]))
			delete(t.promises, promises[i].ID)
		}
	}
	for id, own := range t.promises {
		if !own {
			continue
		}
		why := domain.GoneEnded
		if _, err := p.app.Service.Read.Promise(p.c.UserContext(), p.actor, id); domainKind(err) == domain.KindNotFound {
			why = domain.GoneReassigned
		} else if err != nil {
			return nil, err
		}
		out = append(out, gone("promise", id, why))
	}
	return out, nil
}

func (p *phone) noticesSince(t touched, nextDay bool) (out []syncPart, err error) {
	if len(t.notices) == 0 && !nextDay && !t.lists {
		return nil, nil
	}
	notices, err := p.inbox(p.old)
	if err != nil {
		return nil, err
	}
	for i := range notices {
		n := &notices[i]
		own := t.notices[n.ID]
		delete(t.notices, n.ID)
		switch kept := !n.CreatedAt.Before(noticesFrom(p.days)); {
		case kept && (own || t.lists): // in another language, it may be
			out = append(out, partOfNotice(n))
		case !kept:
			out = append(out, gone("notice", n.ID, domain.GoneEnded))
		}
	}
	for id, own := range t.notices {
		if own {
			out = append(out, gone("notice", id, domain.GoneEnded))
		}
	}
	return out, nil
}

// visits are those of the briefcase.
func (p *phone) visits() ([]domain.Visit, error) {
	ctx, read, scope, me := p.c.UserContext(), p.app.Service.Read, p.actor.Scope(), p.actor.UserID
	out, err := read.Visits(ctx, scope, domain.VisitFilter{TechnicianID: &me, From: &p.days.From, To: &p.days.To}, domain.Page{})
	if err != nil {
		return nil, err
	}
	underWay := []domain.VisitStatus{domain.VisitEnRoute, domain.VisitArrived, domain.VisitInProgress}
	for _, f := range []domain.VisitFilter{{To: &p.days.From}, {From: &p.days.To}} { // their day may be another
		f.TechnicianID, f.Status = &me, underWay
		rows, err := read.Visits(ctx, scope, f, domain.Page{})
		if err != nil {
			return nil, err
		}
		out = append(out, rows...)
	}
	return slices.DeleteFunc(out, func(v domain.Visit) bool { return p.days.Gone(&v, me) != "" }), nil
}

// promises are those that the technician still has to keep.
func (p *phone) promises() ([]domain.Promise, error) {
	return p.app.Service.Read.Promises(p.c.UserContext(), p.actor, domain.PromiseFilter{OwnerID: &p.actor.UserID,
		Status: []domain.PromiseStatus{domain.PromiseOpen, domain.PromiseBroken}}, domain.Page{})
}

func (p *phone) notices() ([]domain.Notice, error) { return p.inbox(p.days) }

// noticesFrom is since when a phone holds notices.
func noticesFrom(days domain.Briefcase) time.Time {
	return days.From.Add(24*time.Hour - domain.InboxKept)
}

func (p *phone) inbox(days domain.Briefcase) ([]domain.Notice, error) {
	rows, err := p.app.Service.Read.Inbox(p.c.UserContext(), p.actor.UserID, false, domain.Page{Limit: inboxMost})
	return slices.DeleteFunc(rows, func(n domain.Notice) bool { return n.CreatedAt.Before(noticesFrom(days)) }), err
}

// send shows one page of the parts, behind what was sent already.
func (p *phone) send(cur *syncCursor, parts []syncPart, limit int) error {
	slices.SortFunc(parts, func(a, b syncPart) int { return cmp.Compare(a.key(), b.key()) })
	parts = slices.DeleteFunc(parts, func(s syncPart) bool { return s.key() <= cur.After })
	out := syncDown{Full: cur.From == nil, Visits: []syncVisit{}, Promises: []domain.PromiseView{}, Inbox: []decisions.NoticeView{},
		Gone: []syncGone{}}
	if len(parts) > limit {
		parts, out.More = parts[:limit], true
	}
	if err := p.show(parts, &out); err != nil {
		return err
	}
	asked := *cur
	switch {
	case out.More:
		cur.After = parts[len(parts)-1].key()
	default:
		cur.After, out.More = "", p.again
		if cur.From != nil && (*cur.From != cur.To || cur.Day != cur.ToDay) {
			cur.At = p.app.Service.Wall().Unix()
		}
		cur.From, cur.Day = nil, cur.ToDay
	}
	// The tag is of what is shown and of the day, not of when it was asked; weak, as the answer may be compressed.
	tagged, err := json.Marshal(struct {
		syncDown
		After, Day string
	}{out, asked.After, cur.ToDay})
	if err != nil {
		return err
	}
	p.c.Set(fiber.HeaderCacheControl, "private, no-cache")
	if web.Unchanged(p.c, "W/"+web.ContentTag(tagged)) {
		return p.c.SendStatus(fiber.StatusNotModified)
	}
	out.AsOf, out.Cursor = &p.now, web.EncodeCursor(cur)
	return p.c.JSON(out)
}

// show reads what the parts of a page show. What is out of sight since it was listed is left out: the next answer tells of it.
func (p *phone) show(parts []syncPart, out *syncDown) error {
	var visits []domain.Visit
	var notices []domain.Notice
	for i := range parts {
		switch s := &parts[i]; {
		case s.gone != nil:
			out.Gone = append(out.Gone, *s.gone)
		case s.visit != nil:
			visits = append(visits, *s.visit)
		case s.promise != nil:
			out.Promises = append(out.Promises, s.promise.View(p.actor))
		case s.notice != nil:
			notices = append(notices, *s.notice)
		default:
			if err := p.showMe(s.lists, out); err != nil {
				return err
			}
		}
	}
	inbox, err := p.app.Service.Decisions.Inbox(p.c.UserContext(), p.actor, notices)
	if err != nil {
		return err
	}
	out.Inbox = append(out.Inbox, inbox...)
	return p.showVisits(visits, out)
}

func (p *phone) showMe(lists bool, out *syncDown) error {
	ctx, read, me := p.c.UserContext(), p.app.Service.Read, p.actor.UserID
	u, err := read.User(ctx, p.actor.Scope(), me)
	if err != nil {
		return err
	}
	if lists {
		out.Lists = domain.ChoicesIn(u.Language, casework.OutcomesOf)
		return nil
	}
	rows, err := read.Leaves(ctx, domain.Scope{All: true}, domain.LeaveFilter{UserID: &me}, domain.Page{})
	if err != nil {
		return err
	}
	out.Me = &syncMe{User: viewUser(p.actor, *u), Leave: []domain.LeaveView{}}
	h, err := read.HomeSafe(ctx, me)
	if err == nil {
		out.Me.HomeSafe = domain.Ptr(h.View())
	} else if domainKind(err) != domain.KindNotFound {
		return err
	}
	if err := p.showHelp(u, out.Me); err != nil {
		return err
	}
	for i := range rows {
		if rows[i].EndsAt.After(p.days.From) {
			out.Me.Leave = append(out.Me.Leave, rows[i].View(p.actor, p.now))
		}
	}
	return nil
}

func (p *phone) showHelp(u *domain.User, me *syncMe) error {
	ctx, read := p.c.UserContext(), p.app.Service.Read
	centre, err := read.Centre(ctx, p.actor.Scope(), p.actor.CentreID)
	if err != nil {
		return err
	}
	me.Zone, me.Help = centre.Zone, syncHelp{domain.EmergencyNumber(centre.Country), []syncHelpPerson{}}
	add := func(name, role, phone string) {
		if phone != "" {
			me.Help.People = append(me.Help.People, syncHelpPerson{name, role, phone})
		}
	}
	// Beyond what a technician is shown of others: the number of who is rung for them anyhow.
	filter := domain.UserFilter{Role: domain.RoleProprietor, CentreID: &centre.ID}
	helpers, err := read.Users(ctx, domain.Scope{All: true}, filter, domain.Page{})
	if err != nil {
		return err
	}
	if u.ColleagueID != nil {
		colleague, err := read.User(ctx, domain.Scope{All: true}, *u.ColleagueID)
		if err == nil {
			helpers = append(helpers, *colleague)
		} else if domainKind(err) != domain.KindNotFound {
			return err
		}
	}
	for i := range helpers {
		if h := &helpers[i]; !h.Disabled && h.ID != u.ID {
			add(h.Name, string(h.Role), h.Phone)
		}
	}
	add(centre.Name, "centre", centre.Phone)
	return nil
}

func (p *phone) showVisits(visits []domain.Visit, out *syncDown) error {
	views, err := p.app.visitViews(p.c, visits)
	if err != nil {
		return err
	}
	ofJob := map[domain.ID]*syncVisit{}
	for i := range views {
		job := views[i].JobID
		if ofJob[job] == nil {
			var v syncVisit
			switch err := p.showJob(job, &v); {
			case domainKind(err) == domain.KindNotFound:
				continue
			case err != nil:
				return err
			}
			ofJob[job] = &v
		}
		v := *ofJob[job]
		v.Visit = views[i].VisitView
		timers, err := p.app.Service.Read.Timers(p.c.UserContext(), p.actor.Scope(), views[i].ID)
		if err != nil && domainKind(err) != domain.KindNotFound {
			return err
		}
		for k := range timers {
			v.Timer = domain.Ptr(timers[k].View(p.actor))
		}
		v.DoorWords = p.doorWords(&views[i].Visit, &v)
		out.Visits = append(out.Visits, v)
	}
	return nil
}

// doorWords are those of a visit in whose crew the phone's owner is; nil: it has none.
func (p *phone) doorWords(v *domain.Visit, of *syncVisit) *syncDoorWords {
	held := slices.ContainsFunc(of.Job.Holds, func(h domain.Hold) bool {
		return h.Kind == domain.HoldSafety && h.LiftedAt == nil
	})
	if !domain.Has(v.Crew, p.actor.UserID) || !v.HasDoorWords(held) {
		return nil
	}
	loc := time.UTC
	if site := of.Customer.Site(of.Job.SiteID); site != nil {
		loc = site.Location()
	}
	words := p.app.Service.Keys.DoorWords(v.ID, v.Crew)
	from, until := v.DoorDay(loc)
	return &syncDoorWords{words.Crew, words.Household, from, until}
}

// showJob reads what stands behind a visit.
func (p *phone) showJob(id domain.ID, v *syncVisit) error {
	ctx, svc, read, scope := p.c.UserContext(), p.app.Service, p.app.Service.Read, p.actor.Scope()
	j, err := read.Job(ctx, scope, id)
	if err != nil {
		return err
	}
	jobs, err := p.app.jobViews(p.c, []domain.Job{*j})
	if err != nil {
		return err
	}
	v.Job = jobs[0]
	if v.Customer, err = read.Customer(ctx, scope, j.CustomerID); err != nil {
		return err
	}
	if j.ApplianceID != nil {
		if v.Appliance, err = read.Appliance(ctx, scope, *j.ApplianceID); err != nil {
			return err
		}
	}
	if v.History, err = svc.Customers.JobHistory(ctx, p.actor, id); err != nil {
		return err
	}
	v.Missing = domain.MissingOffline(j, v.Customer)
	v.CompleteOffline = len(v.Missing) == 0
	v.Reachability, err = svc.Reachability(ctx, p.actor, id)
	return err
}
