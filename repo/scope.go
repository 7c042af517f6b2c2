package repo

import (
	"errors"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"doorstep/domain"
)

var errNoScope = errors.New("repo: a read without a scope")

// never is the scope of what a caller may not see at all.
var never = clause.Expr{SQL: "1 = 0"}

// mine are the visits in whose crew a technician is; job and visit scopes
// start from them.
const (
	myJobs   = "SELECT job_id FROM assignments WHERE technician_id = ? AND current"
	myVisits = "SELECT visit_id FROM assignments WHERE technician_id = ? AND current"
)

// seen begins the question whether a centre sees a customer.
const seen = "SELECT 1 FROM customer_centres seen WHERE seen.customer_id = "

// within turns a scope into the condition on the rows of a table, after
// docs/product.md section 2. Only walk, below, does so too; a scope that says
// nothing is an error, never everything.
func (db *DB) within(s domain.Scope, table string) (clause.Expression, error) {
	var none domain.ID
	areas := slices.DeleteFunc(slices.Clone(s.AreaIDs), func(id domain.ID) bool { return id == none })
	var is clause.Expr
	switch {
	case s.All:
		return clause.Expr{SQL: "1 = 1"}, nil
	case s.TechnicianID != none:
		is = ofTechnician(s, table)
	case s.CentreID != none:
		is = ofCentre(s.CentreID, table)
	case len(areas) > 0:
		is = db.ofAreas(areas, table)
	case s.JobID != none:
		is = ofJob(s.JobID, table)
	default:
		return nil, errNoScope
	}
	if is.SQL == "" {
		return nil, errors.New("repo: no scope is defined for " + table)
	}
	return is, nil
}

func is(sql string, args ...any) clause.Expr { return clause.Expr{SQL: sql, Vars: args} }

// ofTechnician is what a technician sees: what their visits are about.
func ofTechnician(s domain.Scope, table string) clause.Expr {
	switch table {
	case "areas":
		return is("id = (SELECT area_id FROM centres WHERE id = ?)", s.CentreID)
	case "centres":
		return is("id = ?", s.CentreID)
	case "users":
		return is("(id = ? OR id IN (SELECT technician_id FROM assignments WHERE current AND visit_id IN ("+myVisits+")))", s.TechnicianID,
			s.TechnicianID)
	case "leaves":
		return is("technician_id = ?", s.TechnicianID)
	case "customers":
		return is("id IN (SELECT customer_id FROM jobs WHERE id IN ("+myJobs+"))", s.TechnicianID)
	case "appliances":
		return is("customer_id IN (SELECT customer_id FROM jobs WHERE id IN ("+myJobs+"))", s.TechnicianID)
	case "jobs":
		return is("id IN ("+myJobs+")", s.TechnicianID)
	case "visits":
		return is("EXISTS (SELECT 1 FROM assignments mine WHERE mine.visit_id = visits.id AND mine.technician_id = ? AND mine.current)",
			s.TechnicianID)
	case "claims":
		return is("actor_id = ?", s.TechnicianID)
	case "attempts", "facts", "links", "disputes", "tried_steps":
		return is("job_id IN ("+myJobs+")", s.TechnicianID)
	case "policies":
		return is("(centre_id IS NULL OR centre_id = ?)", s.CentreID)
	}
	return clause.Expr{}
}

// ofCentre is what the desk of a centre sees.
func ofCentre(id domain.ID, table string) clause.Expr {
	switch table {
	case "areas":
		return is("id = (SELECT area_id FROM centres WHERE id = ?)", id)
	case "centres":
		return is("id = ?", id)
	case "users", "jobs":
		return is("centre_id = ?", id)
	case "visits":
		return is("visits.centre_id = ?", id)
	case "promises", "thanks", "day_plans", "maintenance", "imports", "claims":
		return is("centre_id = ?", id)
	case "leaves":
		return is("technician_id IN (SELECT id FROM users WHERE centre_id = ?)", id)
	case "customers":
		return is("EXISTS ("+seen+"customers.id AND seen.centre_id = ?)", id)
	case "appliances":
		return is("EXISTS ("+seen+"appliances.customer_id AND seen.centre_id = ?)", id)
	case "attempts", "facts", "links", "disputes", "tried_steps":
		return is("job_id IN (SELECT id FROM jobs WHERE centre_id = ?)", id)
	case "policies":
		return is("(centre_id IS NULL OR centre_id = ?)", id)
	}
	return clause.Expr{}
}

// ofAreas is what who answers for areas sees.
func (db *DB) ofAreas(areas []domain.ID, table string) clause.Expr {
	in := db.in("area_id", areas)
	if len(areas) == 1 { // nearly always; then the index also gives the order
		in = is("area_id = ?", areas[0])
	}
	arg := in.Vars[0]
	centres := "SELECT id FROM centres WHERE " + in.SQL
	switch table {
	case "areas":
		return db.in("id", areas)
	case "centres", "jobs", "visits", "done_checks", "link_requests", "promises", "thanks", "day_plans", "maintenance", "imports", "claims":
		return in
	case "users":
		return is("("+in.SQL+" OR centre_id IN ("+centres+"))", arg, arg)
	case "leaves":
		return is("technician_id IN (SELECT id FROM users WHERE "+in.SQL+" OR centre_id IN ("+centres+"))", arg, arg)
	case "customers":
		return is("EXISTS ("+seen+"customers.id AND seen.centre_id IN ("+centres+"))", arg)
	case "appliances":
		return is("EXISTS ("+seen+"appliances.customer_id AND seen.centre_id IN ("+centres+"))", arg)
	case "attempts", "facts", "links", "disputes", "tried_steps":
		return is("job_id IN (SELECT id FROM jobs WHERE "+in.SQL+")", arg)
	case "policies":
		return is("(centre_id IS NULL OR centre_id IN ("+centres+"))", arg)
	}
	return clause.Expr{}
}

// ofJob is what a household sees by the link of its job.
func ofJob(id domain.ID, table string) clause.Expr {
	switch table {
	case "jobs":
		return is("id = ?", id)
	case "visits":
		return is("visits.job_id = ?", id)
	case "attempts", "facts", "links", "disputes", "tried_steps", "claims":
		return is("job_id = ?", id)
	case "customers":
		return is("id = (SELECT customer_id FROM jobs WHERE id = ?)", id)
	case "appliances":
		return is("id = (SELECT appliance_id FROM jobs WHERE id = ?)", id)
	}
	return never
}

// walk begins a list in a scope, with the columns by which it pages. Two lists
// are walked in the order of another table's index, and there the join is the
// scope: saying it twice misleads the planner.
func (r *reader) walk(s domain.Scope, table string) (q *gorm.DB, at, id string) {
	var none domain.ID
	switch {
	case s.All:
	case table == "visits" && s.TechnicianID != none:
		return diary(r.db.table("visits"), s.TechnicianID)
	case table == "customers" && s.TechnicianID == none && s.CentreID != none:
		return r.db.table("customers").Joins("JOIN customer_centres seen ON seen.customer_id = customers.id AND seen.centre_id = ?", s.CentreID),
			"seen.created_at", "seen.customer_id"
	}
	return r.scoped(s, table), table + "." + cursorField[table], table + ".id"
}

// diary keeps the visits of a technician, in the order of their assignments.
func diary(q *gorm.DB, technician domain.ID) (_ *gorm.DB, at, id string) {
	return q.Joins("JOIN assignments diary ON diary.visit_id = visits.id AND diary.current AND diary.technician_id = ?", technician),
		"diary.window_start", "diary.visit_id"
}

// page bounds a list by (column, id).
func page(p domain.Page, column, id string, desc bool) []clause.Expression {
	var out []clause.Expression
	order, than := clause.OrderBy{}, ">"
	if desc {
		than = "<"
	}
	if p.AfterAt != nil && p.AfterID != nil {
		out = append(out, clause.Where{Exprs: []clause.Expression{clause.Expr{SQL: "(" + column + ", " + id + ") " + than + " (?, ?)",
			Vars: []any{*p.AfterAt, *p.AfterID}}}})
	}
	for _, name := range []string{column, id} {
		order.Columns = append(order.Columns, clause.OrderByColumn{Column: clause.Column{Name: name}, Desc: desc})
	}
	limit := p.Limit
	if limit < 1 || limit > maxPage {
		limit = maxPage
	}
	return append(out, order, clause.Limit{Limit: &limit})
}

// maxPage bounds a list whose caller does not.
const maxPage = 1000
