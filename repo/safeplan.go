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
	asks := func(v *domain.Visit) bool {
		return v.Status.Unfinished() && (slices.Contains(plans[v.ID], "daylight") || slices.Contains(plans[v.ID], "phone_first"))
	}
	for i := range visits {
		if asks(&visits[i]) {
			jobs = append(jobs, visits[i].JobID)
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
	of := r.db.in("job_id", jobs)
	calls, err := list[spoken](ctx, r, r.db.table("x").Raw("SELECT job_id, occurred_at FROM attempts WHERE "+of.SQL+
		" AND channel = 'phone' AND outcome = 'reached' AND discounted = '' ORDER BY occurred_at DESC LIMIT 1000", of.Vars...))
	if err != nil {
		return nil, err
	}
	for i := range visits {
		v := &visits[i]
		if !asks(v) {
			continue
		}
		f := domain.PlanFacts{Site: &domain.Site{Zone: "UTC"}}
		for _, s := range sites {
			if s.JobID == v.JobID {
				f.Site = &domain.Site{Zone: s.Zone, Lat: s.Lat, Lon: s.Lon}
			}
		}
		for _, c := range calls {
			if c.JobID == v.JobID {
				f.Spoken = append(f.Spoken, c.OccurredAt)
			}
		}
		out[v.ID] = f
	}
	return out, nil
}
