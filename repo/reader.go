package repo

import (
	"context"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"doorstep/domain"
)

// cursorField names the time by which each list pages, with the id behind
// it; a cursor is these two of the last item. Lists go up in time, except
// flags and inbox, which go down.
var cursorField = map[string]string{
	"areas": "created_at", "centres": "created_at", "users": "created_at", "leaves": "created_at", "customers": "created_at",
	"appliances": "created_at",
	"policies":   "created_at", "jobs": "opened_at", "visits": "window_start", "attempts": "occurred_at", "flags": "created_at",
	"inbox":  "created_at",
	"thanks": "created_at", "disputes": "created_at", "promises": "created_at", "done_checks": "created_at", "link_requests": "created_at",
	"exclusions": "since", "keep_aways": "since",
	"advisories": "created_at", "advisory_reads": "created_at", "aftercare": "due_at",
	"maintenance": "created_at", "security_log": "created_at",
	"claims": "recorded_at", "household_questions": "created_at", "imports": "created_at",
}

// reader answers from committed rows, each call for itself.
type reader struct {
	db *DB
	carrier
}

var _ domain.Reader = (*reader)(nil)

// Reader answers plain reads.
func (db *DB) Reader() domain.Reader { return db.reader() }

func (db *DB) reader() *reader {
	if db.pool != nil {
		return &reader{db, pgReader{db.pool}}
	}
	return &reader{db, sqliteReader{db.reads}}
}

func (r *reader) Ping(ctx context.Context) error { return r.db.Ping(ctx) }

// scoped begins a query of the rows in a scope.
func (r *reader) scoped(s domain.Scope, table string) *gorm.DB {
	q := r.db.table(table)
	where, err := r.db.within(s, table)
	if err != nil {
		_ = q.AddError(err)
		return q
	}
	return q.Where(where)
}

// paged reads a page of a table's rows in a scope.
func paged[T any](ctx context.Context, r *reader, q *gorm.DB, table string, p domain.Page) ([]T, error) {
	return list[T](ctx, r, q.Clauses(pageOf(p, table, false)...))
}

// byDue orders what waits for a decision, the most overdue first.
var byDue = map[string]string{
	"flags": "due_at IS NULL, due_at, level DESC, id", "disputes": "due_at, id", "link_requests": "due_at, id", "promises": "due_at, id",
	"household_questions": "due_at, id",
	"jobs":                "(SELECT MIN(h.due_at) FROM holds h WHERE h.kind = 'safety' AND h.lifted_at IS NULL AND (h.job_id = jobs.id OR h.customer_id = jobs.customer_id OR h.site_id = jobs.site_id)), opened_at, id",
}

func pageOf(p domain.Page, table string, desc bool) []clause.Expression {
	out := page(p, cursorField[table], "id", desc)
	if p.ByDue {
		out[len(out)-2] = clause.OrderBy{Expression: clause.Expr{SQL: byDue[table]}}
	}
	return out
}

func (r *reader) Areas(ctx context.Context, s domain.Scope, p domain.Page) ([]domain.Area, error) {
	return paged[domain.Area](ctx, r, r.scoped(s, "areas"), "areas", p)
}

func (r *reader) Area(ctx context.Context, s domain.Scope, id domain.ID) (*domain.Area, error) {
	return one[domain.Area](ctx, r, "area", r.scoped(s, "areas").Where("id = ?", id))
}

func (r *reader) Centres(ctx context.Context, s domain.Scope, p domain.Page) ([]domain.Centre, error) {
	return paged[domain.Centre](ctx, r, r.scoped(s, "centres"), "centres", p)
}

func (r *reader) Centre(ctx context.Context, s domain.Scope, id domain.ID) (*domain.Centre, error) {
	return one[domain.Centre](ctx, r, "centre", r.scoped(s, "centres").Where("id = ?", id))
}

func (r *reader) Users(ctx context.Context, s domain.Scope, f domain.UserFilter, p domain.Page) ([]domain.User, error) {
	q := r.scoped(s, "users")
	if f.Role != "" {
		q = q.Where("role = ?", f.Role)
	}
	if f.CentreID != nil {
		q = q.Where("centre_id = ?", *f.CentreID)
	}
	if f.AreaID != nil {
		q = inArea(q, *f.AreaID)
	}
	if f.Skill != "" {
		q = q.Where(r.db.holding("skills", f.Skill))
	}
	if len(f.IDs) > 0 {
		q = q.Where(r.db.in("id", f.IDs))
	}
	return paged[domain.User](ctx, r, q, "users", p)
}

func (r *reader) User(ctx context.Context, s domain.Scope, id domain.ID) (*domain.User, error) {
	return one[domain.User](ctx, r, "user", r.scoped(s, "users").Where("id = ?", id))
}

func (r *reader) Principal(ctx context.Context, id domain.ID) (*domain.User, error) {
	return one[domain.User](ctx, r, "user", r.db.table("users").Where("id = ?", id))
}

func (r *reader) DeputyFor(ctx context.Context, user domain.ID) ([]domain.ID, error) {
	type area struct{ AreaID domain.ID }
	rows, err := list[area](ctx, r, r.db.table("users").
		Where("deputy_id = ? AND role = 'area_manager' AND NOT disabled AND area_id IS NOT NULL", user).Order("area_id"))
	out := []domain.ID{}
	for i, row := range rows {
		if i == 0 || row.AreaID != rows[i-1].AreaID {
			out = append(out, row.AreaID)
		}
	}
	return out, err
}

func (r *reader) Leaves(ctx context.Context, s domain.Scope, f domain.LeaveFilter, p domain.Page) ([]domain.Leave, error) {
	q := r.scoped(s, "leaves")
	if f.UserID != nil {
		q = q.Where("technician_id = ?", *f.UserID)
	}
	if f.CentreID != nil {
		q = q.Where("technician_id IN (SELECT id FROM users WHERE users.centre_id = ?)", *f.CentreID)
	}
	if f.Status != "" {
		q = q.Where("status = ?", f.Status)
	}
	return paged[domain.Leave](ctx, r, q, "leaves", p)
}

// customers reads customers with their people and places: three statements
// whatever their number.
func (r *reader) customers(ctx context.Context, q *gorm.DB) ([]domain.Customer, error) {
	rows, err := list[customerRow](ctx, r, q)
	if err != nil {
		return nil, err
	}
	at := make([]domain.ID, len(rows))
	for i := range rows {
		at[i] = rows[i].ID
	}
	steps, join, err := customerSteps(r.db, r.db.in("customer_id", at))
	if err != nil {
		return nil, err
	}
	if len(rows) > 0 {
		if err := r.send(ctx, steps...); err != nil {
			return nil, translate(err)
		}
	}
	return join(rows), nil
}

func (r *reader) Customers(ctx context.Context, s domain.Scope, f domain.CustomerFilter, p domain.Page) ([]domain.Customer, error) {
	q, at, id := r.walk(s, "customers")
	if f.Part != nil {
		q = q.Where("customers.id = ?", *f.Part)
	} else {
		q = q.Where("customers.merged_into_id IS NULL")
	}
	if f.Phone != "" {
		q = q.Where(byPhone, f.Phone)
	}
	if f.Query != "" {
		q = r.found(q, s, f)
	}
	return r.customers(ctx, q.Clauses(page(p, at, id, false)...))
}

func (r *reader) Customer(ctx context.Context, s domain.Scope, id domain.ID) (*domain.Customer, error) {
	list, err := r.customers(ctx, r.scoped(s, "customers").Where("id = "+whole, id, id).Limit(1))
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, domain.NotFound("customer")
	}
	if list[0].ID != id {
		list[0].MergedInto = &list[0].ID
	}
	return &list[0], nil
}

func (r *reader) HomeHistories(ctx context.Context, s domain.Scope, ids []domain.ID) (map[domain.ID]domain.HomeHistory, error) {
	out := map[domain.ID]domain.HomeHistory{}
	if len(ids) == 0 {
		return out, nil
	}
	rows, err := r.customers(ctx, r.scoped(s, "customers").Where(r.db.in("id", ids)))
	if err != nil {
		return nil, err
	}
	for i := range rows {
		out[rows[i].ID] = domain.HomeHistory{Customer: rows[i]}
	}
	type count struct {
		CustomerID domain.ID
		Status     domain.VisitStatus
		N          int
	}
	counts, err := list[count](ctx, r, r.scoped(s, "visits").Select("customer_id, status, count(*) AS n").Where(r.db.in("customer_id", ids)).
		Where("status IN ('completed', 'partial', 'no_access', 'stopped_unsafe', 'missed')").Group("customer_id, status"))
	for _, c := range counts {
		h, ok := out[c.CustomerID]
		if !ok {
			continue
		}
		switch c.Status {
		case domain.VisitMissed:
			h.Missed += c.N
		case domain.VisitNoAccess:
			h.Visits, h.NoAccess = h.Visits+c.N, h.NoAccess+c.N
		default:
			h.Visits += c.N
		}
		out[c.CustomerID] = h
	}
	return out, err
}

func (r *reader) Appliances(ctx context.Context, s domain.Scope, customer *domain.ID, serial string,
	p domain.Page) ([]domain.Appliance, error) {
	q := r.scoped(s, "appliances")
	if customer != nil {
		q = q.Where("customer_id = "+whole, *customer, *customer)
	}
	if serial != "" {
		q = q.Where("serial = ?", serial)
	}
	return paged[domain.Appliance](ctx, r, q, "appliances", p)
}

func (r *reader) Appliance(ctx context.Context, s domain.Scope, id domain.ID) (*domain.Appliance, error) {
	return one[domain.Appliance](ctx, r, "appliance", r.scoped(s, "appliances").Where("id = ?", id))
}

func (r *reader) Jobs(ctx context.Context, s domain.Scope, f domain.JobFilter, p domain.Page) ([]domain.Job, error) {
	q := r.scoped(s, "jobs")
	if len(f.Status) > 0 {
		q = q.Where(inText(r.db, "status", f.Status))
	}
	if f.CentreID != nil {
		q = q.Where("centre_id = ?", *f.CentreID)
	}
	if f.CustomerID != nil {
		q = q.Where("customer_id = "+whole, *f.CustomerID, *f.CustomerID)
	}
	if f.Phone != "" {
		q = q.Where("customer_id IN (SELECT customer_id FROM contact_phones WHERE phone = ? AND NOT struck)", f.Phone)
	}
	if f.ExternalRef != "" {
		q = q.Where("external_ref = ?", f.ExternalRef)
	}
	if f.Serial != "" {
		q = q.Where("serial = ?", f.Serial)
	}
	if f.Hold != "" {
		q = heldCustomers(q, "holds.kind = ? AND holds.lifted_at IS NULL", f.Hold)
	}
	if f.Reachability != "" {
		q = q.Where("verdict = ?", f.Reachability)
	}
	return paged[domain.Job](ctx, r, q, "jobs", p)
}

func (r *reader) Job(ctx context.Context, s domain.Scope, id domain.ID) (*domain.Job, error) {
	return one[domain.Job](ctx, r, "job", r.scoped(s, "jobs").Where("id = ?", id))
}

// place is what holds look at: a job with its customer.
type place struct{ ID, CustomerID, SiteID domain.ID }

// holdsOver reads the holds over places, by job: open ones of all kinds, and
// of the lifted those that left a plan.
func (r *reader) holdsOver(ctx context.Context, places []place) (map[domain.ID][]domain.Hold, error) {
	if len(places) == 0 {
		return map[domain.ID][]domain.Hold{}, nil
	}
	jobs, customers, sites := make([]domain.ID, len(places)), make([]domain.ID, len(places)), make([]domain.ID, len(places))
	for i, p := range places {
		jobs[i], customers[i], sites[i] = p.ID, p.CustomerID, p.SiteID
	}
	j, c, w := r.db.in("job_id", jobs), r.db.in("customer_id", customers), r.db.in("site_id", sites)
	read, holds, err := query[domain.Hold](r.db.table("holds").Where("("+j.SQL+" OR "+c.SQL+" OR "+r.db.ofHouseholds(c)+" OR "+w.SQL+
		") AND "+telling, j.Vars[0], c.Vars[0], c.Vars[0], w.Vars[0]).Order("since, id"))
	if err != nil {
		return nil, err
	}
	pairs, found, err := r.db.readPairs(customers)
	if err == nil {
		err = translate(r.send(ctx, read, pairs))
	}
	if err != nil {
		return nil, err
	}
	return share(*holds, places, *found), nil
}

// telling holds are the open ones and, of the lifted, those that may have left
// a plan.
const telling = "(lifted_at IS NULL OR kind = 'safety')"

// share gives each place the holds over it.
func share(holds []domain.Hold, places []place, pairs []pair) map[domain.ID][]domain.Hold {
	out := make(map[domain.ID][]domain.Hold, len(places))
	is := func(a *domain.ID, b domain.ID) bool { return a != nil && *a == b }
	for _, p := range places {
		for _, h := range holds {
			if is(h.JobID, p.ID) || is(h.CustomerID, p.CustomerID) || is(h.SiteID, p.SiteID) ||
				h.CustomerID != nil && slices.Contains(pairs, pair{p.CustomerID, *h.CustomerID}) {
				out[p.ID] = append(out[p.ID], h)
			}
		}
	}
	return out
}

// standing splits holds into the open ones and the plan that the safety hold
// released last left in force.
func standing(holds []domain.Hold) (open []domain.Hold, plan []string) {
	for i := range holds {
		if holds[i].LiftedAt == nil {
			open = append(open, holds[i])
		}
	}
	return open, domain.PlanInForce(holds)
}

func (r *reader) HoldsOfJobs(ctx context.Context, jobs []domain.Job) (map[domain.ID][]domain.Hold, map[domain.ID][]string, error) {
	places := make([]place, len(jobs))
	for i := range jobs {
		places[i] = place{jobs[i].ID, jobs[i].CustomerID, jobs[i].SiteID}
	}
	over, err := r.holdsOver(ctx, places)
	if err != nil {
		return nil, nil, err
	}
	open, plans := map[domain.ID][]domain.Hold{}, map[domain.ID][]string{}
	for id, holds := range over {
		o, plan := standing(holds)
		if len(o) > 0 {
			open[id] = o
		}
		if len(plan) > 0 {
			plans[id] = plan
		}
	}
	return open, plans, nil
}

func (r *reader) Visits(ctx context.Context, s domain.Scope, f domain.VisitFilter, p domain.Page) ([]domain.Visit, error) {
	q, window, id := r.walk(s, "visits")
	byKey := true // it walks the index of its order
	if mine := s.TechnicianID; f.TechnicianID != nil && mine == (domain.ID{}) {
		q, window, id = diary(q, *f.TechnicianID)
	} else if f.TechnicianID != nil && *f.TechnicianID != mine {
		q, byKey = q.Where("visits.id IN ("+myVisits+")", *f.TechnicianID), false
	}
	if f.CentreID != nil {
		q = q.Where("visits.centre_id = ?", *f.CentreID)
	}
	if f.JobID != nil {
		q = q.Where("visits.job_id = ?", *f.JobID)
	}
	if len(f.JobIDs) > 0 {
		q = q.Where(r.db.in("visits.job_id", f.JobIDs))
	}
	if f.From != nil {
		q = q.Where(window+" >= ?", *f.From)
	}
	if f.To != nil {
		q = q.Where(window+" < ?", *f.To)
	}
	if len(f.Status) > 0 {
		q = q.Where(inText(r.db, "visits.status", f.Status))
	}
	read, found, err := query[domain.Visit](q.Clauses(page(p, window, id, false)...))
	if err != nil {
		return nil, err
	}
	read.byKey = byKey
	return *found, translate(r.send(ctx, read))
}

func (r *reader) Visit(ctx context.Context, s domain.Scope, id domain.ID) (*domain.Visit, error) {
	return one[domain.Visit](ctx, r, "visit", r.scoped(s, "visits").Where("visits.id = ?", id))
}

func (r *reader) HoldsOfVisits(ctx context.Context, visits []domain.Visit) (map[domain.ID][]domain.Hold, map[domain.ID][]string, error) {
	open, plans := map[domain.ID][]domain.Hold{}, map[domain.ID][]string{}
	if len(visits) == 0 {
		return open, plans, nil
	}
	jobs, customers := make([]domain.ID, len(visits)), make([]domain.ID, len(visits))
	for i := range visits {
		jobs[i], customers[i] = visits[i].JobID, visits[i].CustomerID
	}
	of, c, j := r.db.in("job_id", jobs), r.db.in("customer_id", customers), r.db.in("id", jobs)
	// As an array it is known before the holds are looked for, so that each
	// has an index; below an OR, PostgreSQL would read all holds there ever were.
	sites := "site_id IN (SELECT site_id FROM jobs WHERE " + j.SQL + ")"
	if r.db.pool != nil {
		sites = "site_id = ANY(ARRAY(SELECT site_id FROM jobs WHERE " + j.SQL + "))"
	}
	read, found, err := known[domain.Hold](r.db, "holds of visits", func(q *gorm.DB) *gorm.DB {
		return q.Where("("+of.SQL+" OR "+c.SQL+" OR "+r.db.ofHouseholds(c)+" OR "+sites+") AND "+telling, of.Vars[0], c.Vars[0], c.Vars[0],
			j.Vars[0]).Order("since, id")
	}, "holds", of.Vars[0], c.Vars[0], c.Vars[0], j.Vars[0])
	if err != nil {
		return nil, nil, err
	}
	pairs, others, err := r.db.readPairs(customers)
	if err == nil {
		err = r.send(ctx, read, pairs)
	}
	if err != nil {
		return nil, nil, translate(err)
	}
	holds := *found
	if len(holds) == 0 { // nearly always none, and then nobody need know whose site is whose
		return open, plans, nil
	}
	places, err := list[place](ctx, r, r.db.table("jobs").Where(j))
	if err != nil {
		return nil, nil, err
	}
	over := share(holds, places, *others)
	for i := range visits {
		v := &visits[i]
		o, plan := standing(over[v.JobID])
		if len(o) > 0 {
			open[v.ID] = o
		}
		if len(plan) > 0 {
			plans[v.ID] = plan
		}
	}
	return open, plans, nil
}

func (r *reader) Attempts(ctx context.Context, s domain.Scope, job domain.ID, p domain.Page) ([]domain.Attempt, error) {
	return paged[domain.Attempt](ctx, r, r.scoped(s, "attempts").Where("job_id = ?", job), "attempts", p)
}

func (r *reader) AttemptsByID(ctx context.Context, s domain.Scope, ids []domain.ID) (map[domain.ID]domain.Attempt, error) {
	out := map[domain.ID]domain.Attempt{}
	if len(ids) == 0 {
		return out, nil
	}
	rows, err := list[domain.Attempt](ctx, r, r.scoped(s, "attempts").Where(r.db.in("id", ids)))
	for i := range rows {
		out[rows[i].ID] = rows[i]
	}
	return out, err
}

func (r *reader) Timeline(ctx context.Context, s domain.Scope, job domain.ID, afterSeq int64, limit int) ([]domain.Entry, error) {
	if limit < 1 || limit > maxPage {
		limit = maxPage
	}
	return list[domain.Entry](ctx, r, r.scoped(s, "facts").Where("job_id = ? AND seq > ?", job, afterSeq).Order("seq").Limit(limit))
}

// flags begins a query of the flags that an actor may see or is heard about:
// Actor.SeesFlag and Actor.Hears in SQL, so that pages come out full.
func (r *reader) flags(a domain.Actor) *gorm.DB {
	q := r.db.table("flags").Where("kind <> ?", domain.OptOutKind) // which is no report
	if a.UserID == (domain.ID{}) {
		_ = q.AddError(errNoScope)
		return q
	}
	uninvolved := r.db.holding("involved", a.UserID.String())
	office := func(sql string, args ...any) (string, []any) {
		return "reporter_id = ? OR (level > 0 AND NOT (" + uninvolved.SQL + ") AND " + sql + ")",
			append(append([]any{a.UserID}, uninvolved.Vars...), args...)
	}
	seen, args := "reporter_id = ?", []any{a.UserID}
	switch a.Role {
	case domain.RoleAreaManager:
		in, told := r.db.in("area_id", a.Scope().AreaIDs), r.db.holding("handlers", a.UserID.String())
		seen, args = office("("+in.SQL+" OR "+told.SQL+")", append(in.Vars, told.Vars...)...)
	case domain.RoleAdmin:
		seen, args = office("(with_admins OR area_id IS NULL)")
	case domain.RoleProprietor:
		seen, args = office("level >= 2 AND subject_id IS NULL AND NOT by_customer AND centre_id = ?", a.CentreID)
	case domain.RoleTechnician, domain.RoleCoordinator, domain.RoleAgent, domain.RoleCustomer, domain.RoleSystem: // their own
	}
	return q.Where("(("+seen+") AND (subject_id IS NULL OR subject_id <> ?) OR subject_id = ? AND told_at IS NOT NULL)",
		append(args, a.UserID, a.UserID)...)
}

// Flags lists the newest first, by (created_at, id).
func (r *reader) Flags(ctx context.Context, a domain.Actor, f domain.FlagFilter, p domain.Page) ([]domain.Flag, error) {
	q := r.flags(a)
	if len(f.Status) > 0 {
		q = q.Where(inText(r.db, "status", f.Status))
	}
	if f.JobID != nil {
		q = q.Where("job_id = ?", *f.JobID)
	}
	if f.CustomerIDs != nil {
		q = q.Where(r.db.in("customer_id", f.CustomerIDs))
	}
	rows, err := list[domain.Flag](ctx, r, q.Clauses(pageOf(p, "flags", true)...))
	out := rows[:0]
	for i := range rows {
		if whole, brief := a.SeesFlag(&rows[i]); whole || brief || a.Hears(&rows[i]) {
			out = append(out, rows[i])
		}
	}
	return out, err
}

func (r *reader) ReportsSince(ctx context.Context, since time.Time) ([]domain.Flag, error) {
	return list[domain.Flag](ctx, r, r.db.table("flags").Where("created_at >= ? AND customer_id IS NOT NULL", since).Order("created_at, id"))
}

func (r *reader) Flag(ctx context.Context, a domain.Actor, id domain.ID) (*domain.Flag, error) {
	f, err := one[domain.Flag](ctx, r, "flag", r.flags(a).Where("id = ?", id))
	if err != nil {
		return nil, err
	}
	if whole, brief := a.SeesFlag(f); !whole && !brief && !a.Hears(f) {
		return nil, domain.NotFound("flag")
	}
	return f, nil
}

func (r *reader) Exclusions(ctx context.Context, a domain.Actor, p domain.Page) ([]domain.ExclusionWithFlag, error) {
	if a.UserID == (domain.ID{}) {
		return nil, errNoScope
	}
	seen, args := "reporter_id = ? AND phone = ''", []any{a.UserID}
	if a.Role == domain.RoleAreaManager {
		in := r.db.in("area_id", a.Scope().AreaIDs)
		told := r.db.holding("handlers", a.UserID.String())
		seen, args = seen+" OR level > 0 AND ("+in.SQL+" OR "+told.SQL+")", append(append(args, in.Vars...), told.Vars...)
	}
	q := r.db.table("exclusions").Where("EXISTS (SELECT 1 FROM flags WHERE flags.id = exclusions.flag_id AND ("+seen+
		") AND (subject_id IS NULL OR subject_id <> ?))", append(args, a.UserID)...)
	rows, err := paged[domain.Exclusion](ctx, r, q, "exclusions", p)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	of, err := flagsOf(ctx, r, rows, func(x *domain.Exclusion) domain.ID { return x.FlagID })
	if err != nil {
		return nil, err
	}
	out := make([]domain.ExclusionWithFlag, 0, len(rows))
	for _, x := range rows {
		if f := of[x.FlagID]; a.SeesExclusion(&f) {
			out = append(out, domain.ExclusionWithFlag{Exclusion: x, Flag: f})
		}
	}
	return out, nil
}

// Inbox lists the newest first, by (created_at, id).
func (r *reader) Inbox(ctx context.Context, user domain.ID, unseen bool, p domain.Page) ([]domain.Notice, error) {
	q := r.db.table("notices").Where("user_id = ? AND state <> 'withdrawn'", user)
	if unseen {
		q = q.Where("seen_at IS NULL")
	}
	return list[domain.Notice](ctx, r, q.Clauses(page(p, cursorField["inbox"], "id", true)...))
}

func (r *reader) Policies(ctx context.Context, s domain.Scope, p domain.Page) ([]domain.Policy, error) {
	return paged[domain.Policy](ctx, r, r.scoped(s, "policies"), "policies", p)
}

func (r *reader) Devices(ctx context.Context, user domain.ID) ([]domain.Device, error) {
	return list[domain.Device](ctx, r, r.db.table("devices").
		Where("user_id = ? AND wiped_at IS NULL AND (dropped_at IS NULL OR credential_hash <> '')", user).Order("created_at, installation_id"))
}

func (r *reader) SessionDevices(ctx context.Context, session domain.ID) ([]domain.Device, error) {
	return list[domain.Device](ctx, r, r.db.table("devices").Where("session_id = ?", session).Order("installation_id"))
}

func (r *reader) Sessions(ctx context.Context, user domain.ID, at time.Time) ([]domain.Session, error) {
	return list[domain.Session](ctx, r, r.db.table("sessions").
		Where("user_id = ? AND used_at IS NULL AND revoked_at IS NULL AND expires_at > ?", user, at).Order("created_at, id"))
}

func (r *reader) Device(ctx context.Context, installation domain.ID) (*domain.Device, error) {
	return one[domain.Device](ctx, r, "device", r.db.table("devices").Where("installation_id = ?", installation))
}

func (r *reader) DevicesOfCentre(ctx context.Context, centre domain.ID) ([]domain.Device, error) {
	return list[domain.Device](ctx, r, r.db.table("devices").Where(`lost_at IS NULL AND (dropped_at IS NULL OR credential_hash <> '') AND
		user_id IN (SELECT id FROM users WHERE centre_id = ?)`, centre).Order("created_at, installation_id"))
}

func (r *reader) LinkByHash(ctx context.Context, hash string) (*domain.Link, error) {
	return one[domain.Link](ctx, r, "link", r.db.table("links").Where("token_hash = ?", hash))
}

func (r *reader) JobsToVerify(ctx context.Context, after *domain.ID, limit int) ([]domain.Job, error) {
	q := r.db.table("jobs")
	if after != nil {
		q = q.Where("id > ?", *after)
	}
	return list[domain.Job](ctx, r, q.Order("id").Limit(limit))
}

func (r *reader) EntriesOf(ctx context.Context, job domain.ID) ([]domain.Entry, error) {
	return list[domain.Entry](ctx, r, r.db.table("facts").Where("job_id = ?", job).Order("seq"))
}

func (r *reader) NextDeadline(ctx context.Context) (*time.Time, error) {
	type due struct{ DueAt time.Time }
	rows, err := list[due](ctx, r, r.db.table("deadlines").Where("done_at IS NULL").Order("due_at, id").Limit(1))
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return &rows[0].DueAt, nil
}
