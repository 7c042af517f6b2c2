package repo

import (
	"context"
	"time"

	"doorstep/domain"
)

func (r *reader) JobBriefs(ctx context.Context, s domain.Scope, ids []domain.ID) (map[domain.ID]domain.JobBrief, error) {
	out := map[domain.ID]domain.JobBrief{}
	if len(ids) == 0 {
		return out, nil
	}
	jobs, err := list[domain.Job](ctx, r, r.scoped(s, "jobs").Where(r.db.in("id", ids)))
	if err != nil {
		return nil, err
	}
	customers := make([]domain.ID, len(jobs))
	for i := range jobs {
		customers[i] = jobs[i].CustomerID
	}
	type named struct {
		ID   domain.ID
		Name string
	}
	rows, err := list[named](ctx, r, r.db.table("customers").Where(r.db.in("id", customers)))
	if err != nil {
		return nil, err
	}
	names := make(map[domain.ID]string, len(rows))
	for _, c := range rows {
		names[c.ID] = c.Name
	}
	for i := range jobs {
		j := &jobs[i]
		b := domain.JobBrief{JobID: j.ID, Customer: names[j.CustomerID], Category: j.Category, Priority: j.Priority,
			SafetyCritical: j.SafetyCritical, CustomerID: j.CustomerID, SiteID: j.SiteID, CentreID: j.CentreID}
		if j.ExternalRef != nil {
			b.Ref = *j.ExternalRef
		}
		out[j.ID] = b
	}
	return out, nil
}

func (r *reader) LeavesBetween(ctx context.Context, s domain.Scope, centre domain.ID, from, to time.Time) ([]domain.Leave, error) {
	return list[domain.Leave](ctx, r, r.scoped(s, "leaves").
		Where("technician_id IN (SELECT id FROM users WHERE users.centre_id = ?) AND status = 'approved' AND starts_at < ? AND ends_at > ?",
			centre, to, from).
		Order("starts_at, id").Limit(maxPage))
}

func (r *reader) Loads(ctx context.Context, s domain.Scope, f domain.ReportFilter) ([]domain.TechnicianLoad, error) {
	seen := r.scoped(s, "visits").Select("id, centre_id, planned_minutes").
		Where("visits.window_start >= ? AND visits.window_start < ? AND visits.status NOT IN ('rescheduled', 'cancelled', 'missed')", f.From,
			f.To)
	if f.CentreID != nil {
		seen = seen.Where("visits.centre_id = ?", *f.CentreID)
	}
	return list[domain.TechnicianLoad](ctx, r, r.db.table("").Table("(?) AS v", seen).
		Joins("JOIN assignments a ON a.visit_id = v.id AND a.current JOIN users u ON u.id = a.technician_id").
		Select("v.centre_id AS centre_id, u.id AS technician_id, u.name AS technician, count(*) AS visits, sum(v.planned_minutes) AS minutes").
		Group("v.centre_id, u.id, u.name").Order("u.name, u.id, v.centre_id").Limit(maxPage))
}
