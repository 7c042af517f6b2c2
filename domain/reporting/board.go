package reporting

import (
	"cmp"
	"context"
	"slices"
	"time"

	"doorstep/domain"
	"doorstep/domain/alarm"
	"doorstep/domain/casework"
	"doorstep/domain/decisions"
	"doorstep/domain/slots"
)

// Board is a centre's day or week as its desk looks at it, in one read
// (docs/product.md section 9, "dispatch board"). Lists are bounded; More names
// those that hold more than fits.
type Board struct {
	Now         time.Time                     `json:"now"`
	From        time.Time                     `json:"from"`
	To          time.Time                     `json:"to"`
	Centre      BoardCentre                   `json:"centre"`
	Technicians domain.JSONList[BoardPerson]  `json:"technicians"`
	Visits      domain.JSONList[BoardVisit]   `json:"visits"`
	ToSchedule  domain.JSONList[BoardJob]     `json:"to_schedule"` // open, nobody goes yet
	Reaching    domain.JSONList[BoardJob]     `json:"reaching"`    // being tried, or unreachable
	Parts       domain.JSONList[BoardJob]     `json:"parts"`       // waiting for parts
	Promises    domain.JSONList[BoardPromise] `json:"promises"`    // open until the period's end, and late ones
	Alarms      domain.JSONList[BoardAlarm]   `json:"alarms"`      // open ones that the viewer may know of
	// LeaveRequests wait for approval, whenever they are for.
	LeaveRequests domain.JSONList[BoardRequest] `json:"leave_requests"`
	More          domain.JSONList[string]       `json:"more"`
}

// BoardCentre is whose board it is; times are shown in its zone.
type BoardCentre struct {
	ID   domain.ID `json:"id"`
	Name string    `json:"name"`
	Zone string    `json:"zone"`
}

// BoardPerson is a row of the board.
type BoardPerson struct {
	ID     domain.ID                     `json:"id"`
	Name   string                        `json:"name"`
	Skills domain.JSONList[string]       `json:"skills"`
	Hours  domain.JSONList[domain.Shift] `json:"hours"`
	Away   domain.JSONList[BoardLeave]   `json:"away"` // when, not why
	// Works is when visits may lie by their hours, their own dates, the working days
	// and the holidays; leave is not taken off.
	Works domain.JSONList[BoardSpan] `json:"works"`
}

// BoardSpan is a stretch of time.
type BoardSpan struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// BoardLeave is when somebody does not work.
type BoardLeave struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// BoardRequest is leave that somebody asks for.
type BoardRequest struct {
	ID      domain.ID               `json:"id"`
	Name    string                  `json:"name"`
	Kind    string                  `json:"kind"`
	From    time.Time               `json:"from"`
	To      time.Time               `json:"to"`
	Actions domain.JSONList[string] `json:"actions"`
}

// BoardVisit is a card on the board.
type BoardVisit struct {
	domain.JobBrief
	ID             domain.ID                  `json:"id"`
	Version        int64                      `json:"version"`
	Status         domain.VisitStatus         `json:"status"`
	Confirmation   domain.Confirmation        `json:"confirmation"`
	WindowStart    time.Time                  `json:"window_start"`
	WindowEnd      time.Time                  `json:"window_end"`
	PlannedStart   time.Time                  `json:"planned_start"`
	PlannedMinutes int                        `json:"planned_minutes"`
	Crew           domain.JSONList[domain.ID] `json:"crew"`
	Trouble        string                     `json:"trouble"` // away: somebody of the crew does not work then; not_set_off: it should have begun; empty
	Holds          domain.JSONList[string]    `json:"holds"`   // kinds
	Plan           domain.JSONList[string]    `json:"plan"`
	Actions        domain.JSONList[string]    `json:"actions"`
}

// BoardJob is a job that waits for something.
type BoardJob struct {
	domain.JobBrief
	Version  int64                   `json:"version"`
	Status   domain.JobStatus        `json:"status"`
	Verdict  string                  `json:"reachability"`
	OpenedAt time.Time               `json:"opened_at"`
	Holds    domain.JSONList[string] `json:"holds"`
	Actions  domain.JSONList[string] `json:"actions"`
}

// BoardPromise is a word given to a household.
type BoardPromise struct {
	domain.JobBrief
	ID     domain.ID            `json:"id"`
	What   string               `json:"what"`
	Status domain.PromiseStatus `json:"status"`
	DueAt  time.Time            `json:"due_at"`
	Owner  string               `json:"owner"`
}

// BoardAlarm is an open SOS, or a timer for which the desk is asked to call.
type BoardAlarm struct {
	Kind     string                               `json:"kind"` // sos, timer
	ID       domain.ID                            `json:"id"`
	VisitID  *domain.ID                           `json:"visit_id"`
	Raiser   string                               `json:"raiser"`
	Status   string                               `json:"status"`
	RaisedAt time.Time                            `json:"raised_at"`
	Known    domain.JSONList[string]              `json:"known"` // for who may answer: who, how to call them, where
	Moves    domain.JSONList[decisions.QueueMove] `json:"moves"`
	Actions  domain.JSONList[string]              `json:"actions"`
}

const (
	boardVisits = 3000 // 300 a day for a week fit
	boardPeople = 200
	boardList   = 100
)

// Board reads a centre's board. Coordinator and proprietor of the centre, area
// manager, agent. Errors: CodeForbidden, CodeNotFound, CodeUnprocessable.
func (s *Service) Board(ctx context.Context, a domain.Actor, centre domain.ID, from, to time.Time) (*Board, error) {
	scope := a.Scope()
	c, err := s.Read.Centre(ctx, scope, centre)
	if err != nil {
		return nil, err
	}
	if !a.Is(domain.RoleCoordinator, domain.RoleProprietor, domain.RoleAreaManager, domain.RoleAgent) {
		return nil, domain.Fail(domain.CodeForbidden, "As %s you have no dispatch board.", domain.RoleWords(a.Role))
	}
	if to.Year() > 9999 {
		return nil, domain.Fail(domain.CodeUnprocessable, "There is no board of that day.").At("#/query/date", "a date before 9999-12-24")
	}
	now := s.Instant()
	b := &Board{Now: now, From: from, To: to, Centre: BoardCentre{c.ID, c.Name, c.Zone}, Technicians: domain.JSONList[BoardPerson]{},
		Visits: domain.JSONList[BoardVisit]{}, ToSchedule: domain.JSONList[BoardJob]{},
		Reaching: domain.JSONList[BoardJob]{}, Parts: domain.JSONList[BoardJob]{}, Promises: domain.JSONList[BoardPromise]{},
		Alarms:        domain.JSONList[BoardAlarm]{},
		LeaveRequests: domain.JSONList[BoardRequest]{}, More: domain.JSONList[string]{}}
	rules := &slots.Judge{Centre: slots.Centre{Location: c.Location(), Holidays: c.Holidays, WorkingDays: c.WorkingDays}}
	people, err := s.boardPeople(ctx, scope, &rules.Centre, b)
	if err != nil {
		return nil, err
	}
	rows, err := s.readBoardRows(ctx, a, b)
	if err != nil {
		return nil, err
	}
	for i := range rows.visits {
		holds, plan := rows.visitHolds[rows.visits[i].ID], rows.visitPlans[rows.visits[i].ID]
		v := domain.Ptr(rows.visits[i].Shown(holds))
		b.Visits = append(b.Visits, BoardVisit{JobBrief: rows.briefs[v.JobID], ID: v.ID, Version: v.Version, Status: v.Status,
			Confirmation: v.Confirmation, WindowStart: v.WindowStart,
			WindowEnd: v.WindowEnd, PlannedStart: v.PlannedStart, PlannedMinutes: v.PlannedMinutes, Crew: v.Crew,
			Trouble: trouble(rules, people, v, now), Holds: kindsOnIt(holds),
			Plan: plan, Actions: domain.VisitActions(a, v, holds, plan, c.Location(), now)})
	}
	for _, l := range rows.lists {
		for i := range l.jobs {
			j := &l.jobs[i]
			holds := rows.jobHolds[j.ID]
			*l.out = append(*l.out, BoardJob{JobBrief: rows.briefs[j.ID], Version: j.Version, Status: j.Status, Verdict: j.Verdict,
				OpenedAt: j.OpenedAt,
				Holds:    kindsOnIt(holds), Actions: domain.JobActions(a, j, holds, rows.jobPlans[j.ID], now)})
		}
	}
	if err := s.boardLeave(ctx, a, scope, b); err != nil {
		return nil, err
	}
	return b, s.boardWords(ctx, a, b, rows.promises, rows.briefs)
}

// boardRows are the visits, jobs and promises of a board, and what hangs on
// them by id.
type boardRows struct {
	visits     []domain.Visit
	visitHolds map[domain.ID][]domain.Hold
	visitPlans map[domain.ID][]string
	lists      []boardJobs
	jobHolds   map[domain.ID][]domain.Hold
	jobPlans   map[domain.ID][]string
	promises   []domain.Promise
	briefs     map[domain.ID]domain.JobBrief // by job
}

// boardJobs are the jobs that go into one list of the board.
type boardJobs struct {
	out  *domain.JSONList[BoardJob]
	jobs []domain.Job
}

func (s *Service) readBoardRows(ctx context.Context, a domain.Actor, b *Board) (*boardRows, error) {
	scope, rows := a.Scope(), &boardRows{}
	visits, err := s.Read.Visits(ctx, scope, domain.VisitFilter{CentreID: &b.Centre.ID, From: &b.From, To: &b.To},
		domain.Page{Limit: boardVisits + 1})
	if err != nil {
		return nil, err
	}
	rows.visits = slices.DeleteFunc(bounded(b, "visits", visits, boardVisits), func(v domain.Visit) bool {
		return v.Status == domain.VisitRescheduled || v.Status == domain.VisitCancelled
	})
	if rows.visitHolds, rows.visitPlans, err = s.Read.HoldsOfVisits(ctx, rows.visits); err != nil {
		return nil, err
	}
	if rows.lists, err = s.boardLists(ctx, scope, b); err != nil {
		return nil, err
	}
	var jobs []domain.Job
	for _, l := range rows.lists {
		jobs = append(jobs, l.jobs...)
	}
	if rows.jobHolds, rows.jobPlans, err = s.Read.HoldsOfJobs(ctx, jobs); err != nil {
		return nil, err
	}
	promises, err := s.Read.Promises(ctx, a, domain.PromiseFilter{Status: []domain.PromiseStatus{domain.PromiseOpen, domain.PromiseBroken},
		CentreID: &b.Centre.ID},
		domain.Page{Limit: boardList + 1})
	if err != nil {
		return nil, err
	}
	rows.promises = bounded(b, "promises", promises, boardList)
	ids := make([]domain.ID, 0, len(rows.visits)+len(jobs)+len(rows.promises))
	for i := range rows.visits {
		ids = append(ids, rows.visits[i].JobID)
	}
	for i := range jobs {
		ids = append(ids, jobs[i].ID)
	}
	for i := range rows.promises {
		ids = append(ids, rows.promises[i].JobID)
	}
	rows.briefs, err = s.Read.JobBriefs(ctx, scope, ids)
	return rows, err
}

// boardLists reads the jobs that wait for something.
func (s *Service) boardLists(ctx context.Context, scope domain.Scope, b *Board) ([]boardJobs, error) {
	centre := &b.Centre.ID
	open := []domain.JobStatus{domain.JobOpen, domain.JobScheduled, domain.JobInProgress}
	var lists []boardJobs
	for _, l := range []struct {
		name string
		f    domain.JobFilter
		out  *domain.JSONList[BoardJob]
	}{
		{"to_schedule", domain.JobFilter{CentreID: centre, Status: []domain.JobStatus{domain.JobOpen}}, &b.ToSchedule},
		{"reaching", domain.JobFilter{CentreID: centre, Status: open, Reachability: "unreachable"}, &b.Reaching},
		{"reaching", domain.JobFilter{CentreID: centre, Status: open, Reachability: "last_notice"}, &b.Reaching},
		{"reaching", domain.JobFilter{CentreID: centre, Status: open, Reachability: "trying"}, &b.Reaching},
		{"parts", domain.JobFilter{CentreID: centre, Status: open, Hold: string(domain.HoldParts)}, &b.Parts},
	} {
		jobs, err := s.Read.Jobs(ctx, scope, l.f, domain.Page{Limit: boardList + 1})
		if err != nil {
			return nil, err
		}
		lists = append(lists, boardJobs{l.out, bounded(b, l.name, jobs, boardList)})
	}
	return lists, nil
}

// boardLeave adds the leave that the centre's people ask for.
func (s *Service) boardLeave(ctx context.Context, a domain.Actor, scope domain.Scope, b *Board) error {
	if !a.Is(domain.Desk...) {
		return nil
	}
	asked, err := s.Read.Leaves(ctx, scope, domain.LeaveFilter{CentreID: &b.Centre.ID, Status: domain.LeaveMoves.Start},
		domain.Page{Limit: boardList + 1})
	if err != nil {
		return err
	}
	asked = bounded(b, "leave_requests", asked, boardList)
	ids := make([]domain.ID, 0, len(asked))
	for i := range asked {
		ids = append(ids, asked[i].TechnicianID)
	}
	people, err := decisions.PeopleOf(ctx, s.Service, ids)
	if err != nil {
		return err
	}
	for _, l := range asked {
		if b.Now.Before(l.EndsAt) {
			b.LeaveRequests = append(b.LeaveRequests, BoardRequest{ID: l.ID, Name: people[l.TechnicianID].Name, Kind: l.Kind, From: l.StartsAt,
				To: l.EndsAt, Actions: l.View(a, b.Now).Actions})
		}
	}
	slices.SortStableFunc(b.LeaveRequests, func(x, y BoardRequest) int { return x.From.Compare(y.From) })
	return nil
}

// bounded keeps what fits and notes when there is more.
func bounded[T any](b *Board, name string, rows []T, most int) []T {
	if len(rows) <= most {
		return rows
	}
	if !domain.Has(b.More, name) {
		b.More = append(b.More, name)
	}
	return rows[:most]
}

func kindsOnIt(holds []domain.Hold) domain.JSONList[string] {
	out := domain.JSONList[string]{}
	for i := range holds {
		if k := string(holds[i].Kind); !domain.Has(out, k) {
			out = append(out, k)
		}
	}
	return out
}

// trouble says what a desk should look at before a visit is missed: somebody
// who does not work then, for whatever reason, or who has not set off.
func trouble(rules *slots.Judge, people map[domain.ID]*slots.Technician, v *domain.Visit, now time.Time) string {
	if v.Status != domain.VisitScheduled || len(v.Crew) == 0 || !now.Before(v.WindowEnd) {
		return ""
	}
	for _, id := range v.Crew {
		if t := people[id]; t == nil {
			return "away" // of another centre by now, or disabled
		} else if why, _ := rules.OffDuty(t, slots.Span{From: v.PlannedStart, To: v.PlannedEnd()}); why != "" {
			return "away"
		}
	}
	if !now.Before(v.PlannedStart) {
		return "not_set_off"
	}
	return ""
}

// boardPeople reads the rows of the board, and when each of them works.
func (s *Service) boardPeople(ctx context.Context, scope domain.Scope, open *slots.Centre,
	b *Board) (map[domain.ID]*slots.Technician, error) {
	people, err := s.Read.Users(ctx, scope, domain.UserFilter{Role: domain.RoleTechnician, CentreID: &b.Centre.ID},
		domain.Page{Limit: boardPeople + 1})
	if err != nil {
		return nil, err
	}
	people = bounded(b, "technicians", people, boardPeople)
	people = slices.DeleteFunc(people, func(u domain.User) bool { return u.Disabled })
	slices.SortStableFunc(people, func(x, y domain.User) int { return cmp.Compare(x.Name, y.Name) })
	leaves, err := s.Read.LeavesBetween(ctx, scope, b.Centre.ID, b.From, b.To)
	if err != nil {
		return nil, err
	}
	out := map[domain.ID]*slots.Technician{}
	for i := range people {
		out[people[i].ID] = &slots.Technician{ID: people[i].ID, Weekly: casework.ShiftsOf(&people[i]), Dates: casework.DatesOf(&people[i])}
	}
	away := map[domain.ID]domain.JSONList[BoardLeave]{}
	for _, l := range leaves {
		away[l.TechnicianID] = append(away[l.TechnicianID], BoardLeave{l.StartsAt, l.EndsAt})
		if t := out[l.TechnicianID]; t != nil {
			t.Away = append(t.Away, slots.Span{From: l.StartsAt, To: l.EndsAt})
		}
	}
	for _, u := range people {
		p := BoardPerson{ID: u.ID, Name: u.Name, Skills: u.Skills, Hours: u.Hours, Away: away[u.ID], Works: domain.JSONList[BoardSpan]{}}
		for day := b.From.In(open.Location); day.Before(b.To); day = day.AddDate(0, 0, 1) {
			for _, at := range open.Shifts(out[u.ID], day) {
				p.Works = append(p.Works, BoardSpan{at.From.UTC(), at.To.UTC()})
			}
		}
		if p.Away == nil {
			p.Away = domain.JSONList[BoardLeave]{}
		}
		b.Technicians = append(b.Technicians, p)
	}
	return out, nil
}

// boardWords adds promises and alarms with the names of those concerned.
func (s *Service) boardWords(ctx context.Context, a domain.Actor, b *Board, promises []domain.Promise,
	briefs map[domain.ID]domain.JobBrief) error {
	alarms, err := s.Read.SOSs(ctx, a, true, domain.Page{Limit: boardList + 1})
	if err != nil {
		return err
	}
	alarms = bounded(b, "alarms", alarms, boardList)
	var ids []domain.ID
	for i := range promises {
		ids = append(ids, promises[i].OwnerID)
	}
	for i := range alarms {
		ids = append(ids, alarms[i].RaiserID)
	}
	var asking []domain.Timer
	if a.Is(domain.Desk...) {
		if asking, err = s.Read.AskingTimers(ctx, a.Scope(), b.Centre.ID, domain.Page{Limit: boardList + 1}); err != nil {
			return err
		}
		asking = bounded(b, "alarms", asking, boardList)
	}
	var home []domain.HomeSafe
	if a.Is(domain.Desk...) {
		if home, err = s.Read.AskingHomeSafes(ctx, a.Scope(), b.Centre.ID, domain.Page{Limit: boardList + 1}); err != nil {
			return err
		}
		home = bounded(b, "alarms", home, boardList)
	}
	for i := range asking {
		ids = append(ids, asking[i].UserID)
	}
	for i := range home {
		ids = append(ids, home[i].UserID)
	}
	names := map[domain.ID]*domain.User{}
	if len(ids) > 0 {
		// Who sees a promise or an alarm learns whose it is, in any centre.
		people, err := s.Read.Users(ctx, domain.Scope{All: true}, domain.UserFilter{IDs: ids}, domain.Page{Limit: 3 * boardList})
		if err != nil {
			return err
		}
		for i := range people {
			names[people[i].ID] = &people[i]
		}
	}
	var ringing []domain.ID
	for i := range alarms {
		ringing = append(ringing, alarms[i].RaiserID)
	}
	for i := range asking {
		ringing = append(ringing, asking[i].UserID)
	}
	for i := range home {
		ringing = append(ringing, home[i].UserID)
	}
	silent, err := alarm.Silent(ctx, s.Service, a, ringing...)
	if err != nil {
		return err
	}
	for i := range promises {
		if p := &promises[i]; p.DueAt.Before(b.To) {
			b.Promises = append(b.Promises, BoardPromise{JobBrief: briefs[p.JobID], ID: p.ID, What: p.What, Status: p.Status, DueAt: p.DueAt,
				Owner: nameIn(names, p.OwnerID)})
		}
	}
	slices.SortStableFunc(b.Promises, func(x, y BoardPromise) int { return x.DueAt.Compare(y.DueAt) })
	for i := range alarms {
		x := &alarms[i]
		it := BoardAlarm{Kind: "sos", ID: x.ID, VisitID: x.VisitID, Raiser: nameIn(names, x.RaiserID), Status: x.Status, RaisedAt: x.OccurredAt,
			Known: domain.JSONList[string]{}, Moves: domain.JSONList[decisions.QueueMove]{}, Actions: x.View(a).Actions}
		if raiser := names[x.RaiserID]; raiser != nil && x.MayAnswer(a) {
			whole, err := decisions.ItemOfSOS(ctx, s.Service, a, x, raiser, silent[raiser.ID])
			if err != nil {
				return err
			}
			it.Known, it.Moves = append(it.Known, whole.Known...), append(it.Moves, whole.Moves...)
		}
		b.Alarms = append(b.Alarms, it)
	}
	for i := range asking {
		if u := names[asking[i].UserID]; u != nil && u.ID != a.UserID {
			it, err := s.alarmOfTimer(ctx, a, &asking[i], u, silent[u.ID])
			if err != nil {
				return err
			}
			b.Alarms = append(b.Alarms, it)
		}
	}
	for i := range home {
		if u := names[home[i].UserID]; u != nil && u.ID != a.UserID {
			b.Alarms = append(b.Alarms, alarmOfHome(&home[i], u, silent[u.ID]))
		}
	}
	return nil
}

// alarmOfHome asks the desk to call somebody who did not say that they are home.
func alarmOfHome(h *domain.HomeSafe, u *domain.User, silent bool) BoardAlarm {
	it := BoardAlarm{Kind: "home_safe", ID: h.ID, Raiser: u.Name, Status: h.Status, RaisedAt: h.UpdatedAt,
		Actions: domain.JSONList[string]{"spoken"},
		Known: domain.JSONList[string]{u.Name + ", " + domain.RoleWords(u.Role), alarm.CallOf(u, silent),
			"They wanted to be asked whether they came home and have not answered. Without your word an SOS follows."},
		Moves: domain.JSONList[decisions.QueueMove]{decisions.Move("spoken", "I spoke with them",
			decisions.Operation{Name: "spokenHomeSafe", ID: u.ID})}}
	if silent {
		it.Known = append(it.Known, alarm.NotOpenly)
	}
	return it
}

func nameIn(people map[domain.ID]*domain.User, id domain.ID) string {
	if u := people[id]; u != nil {
		return u.Name
	}
	return ""
}

// alarmOfTimer asks the desk to call somebody, by name and number.
func (s *Service) alarmOfTimer(ctx context.Context, a domain.Actor, t *domain.Timer, u *domain.User, silent bool) (BoardAlarm, error) {
	it := BoardAlarm{Kind: "timer", ID: t.ID, VisitID: &t.VisitID, Raiser: u.Name, Status: t.Status, RaisedAt: t.UpdatedAt,
		Moves: domain.JSONList[decisions.QueueMove]{}, Actions: t.View(a).Actions}
	it.Known = domain.JSONList[string]{u.Name + ", " + domain.RoleWords(u.Role), alarm.CallOf(u, silent),
		"A visit runs long and they have not answered. Without your word an SOS follows."}
	if silent {
		it.Known = append(it.Known, alarm.NotOpenly)
	}
	v, err := s.Read.Visit(ctx, a.Scope(), t.VisitID)
	if err != nil {
		return it, err
	}
	place, err := decisions.PlaceOfSOS(ctx, s.Service, &domain.SOS{CentreID: &t.CentreID, JobID: &v.JobID, VisitID: &v.ID})
	if err != nil {
		return it, err
	}
	it.Known = append(it.Known, place.Known...)
	if domain.Has(it.Actions, "spoken") {
		whom := decisions.QueueField{Name: "user_id", Type: "fixed", Options: domain.JSONList[string]{u.ID.String()}, Required: true}
		it.Moves = append(it.Moves, decisions.Move("spoken", "I spoke with them", decisions.Operation{Name: "spokenTimer", ID: v.ID}, whom))
	}
	return it, nil
}
