package repo

import (
	"context"
	"slices"
	"time"

	"doorstep/domain"
)

func (r *reader) PlanFacts(ctx context.Context, visits []domain.Visit,
	plans map[domain.ID][]string) (map[domain.ID]domain.PlanFacts, error) {
	out := map[domain.ID]domain.PlanFacts{}
	jobs := []domain.ID{}
	var called []domain.ID
	phone := func(v *domain.Visit) bool { return slices.Contains(plans[v.ID], "phone_first") }
	for i := range visits {
		v := &visits[i]
		if v.Status.Unfinished() {
			jobs = append(jobs, v.JobID)
		}
		if v.Status.Unfinished() && phone(v) {
			called = append(called, v.JobID)
		}
	}
	if len(jobs) == 0 {
		return out, nil
	}
	type placed struct {
		JobID domain.ID
		Zone  string
		Lat   *float64
		Lon   *float64
	}
	in := r.db.in("jobs.id", jobs)
	sites, err := list[placed](ctx, r, r.db.table("x").
		Raw("SELECT jobs.id AS job_id, sites.zone, sites.lat, sites.lon FROM jobs JOIN sites ON sites.id = jobs.site_id WHERE "+in.SQL,
			in.Vars...))
	if err != nil {
		return nil, err
	}
	type spoken struct {
		JobID      domain.ID
		OccurredAt time.Time
	}
	var calls []spoken
	if len(called) > 0 {
		of := r.db.in("job_id", called)
		if calls, err = list[spoken](ctx, r, r.db.table("x").Raw("SELECT job_id, occurred_at FROM attempts WHERE "+of.SQL+
			" AND channel = 'phone' AND outcome = 'reached' AND discounted = '' ORDER BY occurred_at DESC LIMIT 1000", of.Vars...)); err != nil {
			return nil, err
		}
	}
	for i := range visits {
		v := &visits[i]
		if !v.Status.Unfinished() {
			continue
		}
		f := domain.PlanFacts{Site: &domain.Site{Zone: "UTC"}}
		for _, s := range sites {
			if s.JobID == v.JobID {
				f.Site = &domain.Site{Zone: s.Zone, Lat: s.Lat, Lon: s.Lon}
			}
		}
		for _, c := range calls {
			if c.JobID == v.JobID && phone(v) {
				f.Spoken = append(f.Spoken, c.OccurredAt)
			}
		}
		out[v.ID] = f
	}
	return out, nil
}
