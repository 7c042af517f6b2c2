package repo

import (
	"context"
	"time"

	"gorm.io/gorm/clause"

	"doorstep/domain"
)

// watched is the condition that a row lies in the areas that an actor watches.
func (r *reader) watched(a domain.Actor, column string) clause.Expr {
	switch a.Role {
	case domain.RoleAdmin:
		return clause.Expr{SQL: "1 = 1"}
	case domain.RoleAreaManager:
		return r.db.in(column, a.Scope().AreaIDs)
	case domain.RoleTechnician, domain.RoleCoordinator, domain.RoleProprietor, domain.RoleAgent, domain.RoleCustomer, domain.RoleSystem:
	}
	return never
}

// WatchedCentres counts what a centre's own people reported: what a customer
// says of them tells nothing of whether they dare to report.
func (r *reader) WatchedCentres(ctx context.Context, a domain.Actor, f domain.ReportFilter) ([]domain.CentreCount, error) {
	in := r.watched(a, "centres.area_id")
	args := []any{f.From, f.To, f.From, f.To, a.UserID}
	return list[domain.CentreCount](ctx, r, r.db.table("x").
		Raw(`SELECT centres.id AS centre_id, centres.name AS name, coalesce(v.n, 0) AS visits, coalesce(g.n, 0) AS reports,
		coalesce(g.withdrawn, 0) AS withdrawn, coalesce(g.pressed, 0) AS under_pressure
		FROM centres
		LEFT JOIN (SELECT centre_id, count(*) AS n FROM visits WHERE status IN ('completed', 'partial', 'no_access', 'stopped_unsafe') AND window_start >= ? AND window_start < ? GROUP BY centre_id) v
			ON v.centre_id = centres.id
		LEFT JOIN (SELECT users.centre_id AS centre_id, count(*) AS n, sum(CASE WHEN flags.status = 'withdrawn' THEN 1 ELSE 0 END) AS withdrawn,
			sum(CASE WHEN flags.status = 'withdrawn' AND flags.pressure THEN 1 ELSE 0 END) AS pressed
			FROM flags JOIN users ON users.id = flags.reporter_id WHERE NOT flags.by_customer AND flags.level >= 1 AND flags.recorded_at >= ? AND flags.recorded_at < ?
				AND (flags.subject_id IS NULL OR flags.subject_id <> ?) GROUP BY users.centre_id) g
			ON g.centre_id = centres.id
		WHERE `+in.SQL+" ORDER BY centres.name, centres.id LIMIT 1000", append(args, in.Vars...)...))
}

func (r *reader) Reporters(ctx context.Context, a domain.Actor, f domain.ReportFilter, limit int) ([]domain.Reporter, error) {
	in := r.watched(a, "centres.area_id")
	args := append([]any{f.From, f.To, a.UserID}, in.Vars...)
	return list[domain.Reporter](ctx, r, r.db.table("x").
		Raw(`SELECT users.id AS user_id, users.name AS name, users.centre_id AS centre_id, users.home_lat AS home_lat, users.home_lon AS home_lon, first.recorded_at AS since
		FROM flags first JOIN users ON users.id = first.reporter_id AND users.role = 'technician' JOIN centres ON centres.id = users.centre_id
		WHERE NOT first.by_customer AND first.level >= 1 AND first.recorded_at >= ? AND first.recorded_at < ? AND (first.subject_id IS NULL OR first.subject_id <> ?) AND `+in.SQL+`
			AND NOT EXISTS (SELECT 1 FROM flags e WHERE e.reporter_id = first.reporter_id AND NOT e.by_customer AND e.level >= 1 AND e.recorded_at >= ? AND (e.recorded_at < first.recorded_at OR e.recorded_at = first.recorded_at AND e.id < first.id)
				AND (e.subject_id IS NULL OR e.subject_id <> ?))
		ORDER BY first.recorded_at DESC, first.id LIMIT 0 + ?`, append(args, f.From, a.UserID, limit)...))
}

func (r *reader) Diaries(ctx context.Context, technicians []domain.ID, from, to time.Time) ([]domain.DiaryEntry, error) {
	in := r.db.in("d.technician_id", technicians)
	return list[domain.DiaryEntry](ctx, r, r.db.table("x").
		Raw(`SELECT d.technician_id AS technician_id, d.window_start AS window_start, jobs.cover AS cover, jobs.value_minor AS value_minor, sites.lat AS lat, sites.lon AS lon
		FROM assignments d JOIN jobs ON jobs.id = d.job_id JOIN sites ON sites.id = jobs.site_id JOIN visits ON visits.id = d.visit_id
		WHERE `+in.SQL+" AND d.current AND d.window_start >= ? AND d.window_start < ? AND visits.status NOT IN ('rescheduled', 'cancelled') ORDER BY d.window_start, d.visit_id", append(append([]any{}, in.Vars...), from, to)...))
}

func (r *reader) OptOuts(ctx context.Context, a domain.Actor, f domain.ReportFilter) ([]domain.OptOuts, error) {
	in := r.watched(a, "centres.area_id")
	return list[domain.OptOuts](ctx, r, r.db.table("x").Raw(`SELECT users.id AS user_id, users.name AS name, users.centre_id AS centre_id,
		sum(CASE WHEN flags.by_customer THEN 0 ELSE 1 END) AS by_them, sum(CASE WHEN flags.by_customer THEN 1 ELSE 0 END) AS by_households
		FROM exclusions JOIN flags ON flags.id = exclusions.flag_id JOIN users ON users.id = exclusions.user_id
		JOIN centres ON centres.id = users.centre_id WHERE flags.kind = ? AND exclusions.since >= ? AND exclusions.since < ? AND `+in.SQL+`
		GROUP BY users.id, users.name, users.centre_id ORDER BY users.centre_id, users.id LIMIT 5000`,
		append([]any{domain.OptOutKind, f.From, f.To}, in.Vars...)...))
}
