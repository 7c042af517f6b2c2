package repo

import (
	"context"
	"time"

	"doorstep/domain"
)

func (t *tx) InsertDayPlan(p *domain.DayPlan) error { return t.insert("day_plans", p) }

func (t *tx) LockDayPlan(id domain.ID) (*domain.DayPlan, error) {
	return single[domain.DayPlan](t, "plan", lock(t.table("day_plans").Where("id = ?", id)))
}

func (t *tx) SaveDayPlan(p *domain.DayPlan) error { return t.save("day_plans", &p.Meta, p) }

func (t *tx) DayOf(technician domain.ID, from, to time.Time) ([]domain.Visit, error) {
	return t.visitsFrom(t.table("visits").
		Where("id IN (SELECT visit_id FROM assignments WHERE technician_id = ? AND current AND window_start >= ? AND window_start < ?)",
			technician, from, to).Order("planned_start, id"))
}

// spot is where a job is.
type spot struct {
	ID       domain.ID
	Lat, Lon *float64
}

func (t *tx) PlacesOf(jobs []domain.ID) (map[domain.ID]domain.Point, error) {
	rows, err := all[spot](t, t.table("jobs").Select("jobs.id, sites.lat, sites.lon").Joins("JOIN sites ON sites.id = jobs.site_id").
		Where(t.db.in("jobs.id", jobs)))
	out := make(map[domain.ID]domain.Point, len(rows))
	for _, r := range rows {
		out[r.ID] = domain.Point{Lat: r.Lat, Lon: r.Lon}
	}
	return out, err
}

func (t *tx) InsertFeed(f *domain.Feed) error { return t.insert("feeds", f) }

func (t *tx) RevokeFeeds(user domain.ID, at time.Time) error {
	return t.exec("UPDATE feeds SET revoked_at = ?, updated_at = ?, version = version + 1 WHERE user_id = ? AND revoked_at IS NULL", at, at,
		user)
}

func (r *reader) DayPlan(ctx context.Context, s domain.Scope, id domain.ID) (*domain.DayPlan, error) {
	return one[domain.DayPlan](ctx, r, "plan", r.scoped(s, "day_plans").Where("id = ?", id))
}

// mostFaces bounds how many completed visits of a day's customers are read.
const mostFaces = 1000

func (r *reader) DayAround(ctx context.Context, s domain.Scope, visits []domain.Visit, technicians []domain.ID, from, to,
	now time.Time) (out domain.DayAround, err error) {
	if len(visits) > 0 {
		jobs, customers, sites := make([]domain.ID, len(visits)), make([]domain.ID, len(visits)), []domain.ID{}
		for i := range visits {
			jobs[i], customers[i] = visits[i].JobID, visits[i].CustomerID
		}
		if out.Jobs, err = list[domain.Job](ctx, r, r.scoped(s, "jobs").Where(r.db.in("id", jobs)).Order("id")); err != nil {
			return out, err
		}
		for i := range out.Jobs {
			sites = append(sites, out.Jobs[i].SiteID)
		}
		if out.Sites, err = list[domain.Site](ctx, r, r.db.table("sites").Where(r.db.in("id", sites)).Order("id")); err != nil {
			return out, err
		}
		of := r.db.in("customer_id", customers)
		if out.Excluded, err = list[domain.Exclusion](ctx, r, r.db.table("exclusions").Where("("+of.SQL+" OR "+r.db.ofHouseholds(of)+
			") AND lifted_at IS NULL", of.Vars[0], of.Vars[0]).Order("since, id")); err != nil {
			return out, err
		}
		if out.Excluded, err = r.forAll(ctx, out.Excluded, customers); err != nil {
			return out, err
		}
		if out.Known, err = list[domain.FamiliarCrew](ctx, r, r.db.table("visits").
			Where("job_id IN (SELECT id FROM jobs WHERE "+of.SQL+") AND status = 'completed'", of.Vars...).Order("ended_at DESC, id").
			Limit(mostFaces)); err != nil {
			return out, err
		}
	}
	if len(technicians) == 0 {
		return out, nil
	}
	if out.Leaves, err = list[domain.Leave](ctx, r, r.db.table("leaves").Where(r.db.in("technician_id", technicians)).
		Where("status = 'approved' AND ends_at > ? AND starts_at < ?", from, to).Order("starts_at, id")); err != nil {
		return out, err
	}
	if out.Busy, err = list[domain.Busy](ctx, r, busyOf(r.db.table("assignments"), r.db.in("assignments.technician_id", technicians), to,
		from)); err != nil {
		return out, err
	}
	if out.Reserved, err = list[domain.SlotHold](ctx, r, r.db.table("slot_holds").Where(r.db.in("technician_id", technicians)).
		Where("ends_at > ? AND starts_at < ? AND expires_at > ?", from, to, now).Order("starts_at, id")); err != nil {
		return out, err
	}
	out.KeptAway, err = list[domain.StandDown](ctx, r, r.db.table("keep_aways").Where(r.db.in("user_id", technicians)).
		Where("lifted_at IS NULL").Order("since, id"))
	return out, err
}

func (r *reader) FeedByHash(ctx context.Context, hash string) (*domain.Feed, error) {
	return one[domain.Feed](ctx, r, "calendar", r.db.table("feeds").Where("token_hash = ?", hash))
}

func (r *reader) FeedOf(ctx context.Context, user domain.ID) (*domain.Feed, error) {
	return one[domain.Feed](ctx, r, "calendar", r.db.table("feeds").Where("user_id = ? AND revoked_at IS NULL", user))
}

func (r *reader) FeedVisits(ctx context.Context, technician domain.ID, from, to time.Time, n int) ([]domain.FeedVisit, error) {
	type entry struct{ VisitID domain.ID }
	ids, current := []domain.ID{}, map[domain.ID]bool{}
	for _, still := range []string{"current", "NOT current"} { // as the two indexes are
		rows, err := list[entry](ctx, r, r.db.table("assignments").
			Where("technician_id = ? AND "+still+" AND window_start >= ? AND window_start < ?", technician, from, to).
			Order("window_start, visit_id").Limit(n))
		if err != nil {
			return nil, err
		}
		for _, e := range rows {
			ids, current[e.VisitID] = append(ids, e.VisitID), still == "current"
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	visits, err := list[domain.Visit](ctx, r, r.db.table("visits").Where(r.db.in("id", ids)).Order("window_start, id"))
	if err != nil {
		return nil, err
	}
	jobs := make([]domain.ID, len(visits))
	for i := range visits {
		jobs[i] = visits[i].JobID
	}
	type about struct {
		ID                   domain.ID
		Category, PostalCode string
	}
	rows, err := list[about](ctx, r, r.db.table("jobs").Select("jobs.id, jobs.category, sites.postal_code").
		Joins("JOIN sites ON sites.id = jobs.site_id").Where(r.db.in("jobs.id", jobs)))
	if err != nil {
		return nil, err
	}
	of := map[domain.ID]about{}
	for _, a := range rows {
		of[a.ID] = a
	}
	out := make([]domain.FeedVisit, len(visits))
	for i, v := range visits {
		out[i] = domain.FeedVisit{Visit: v, Current: current[v.ID], Category: of[v.JobID].Category, PostalCode: of[v.JobID].PostalCode}
	}
	return out, nil
}
