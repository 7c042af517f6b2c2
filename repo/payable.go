package repo

import (
	"context"
	"slices"

	"doorstep/domain"
)

// PayableVisits reads the visits in whose crew a technician is, or was until a
// pause or until they were kept apart, and those that ended as stopped in whose
// crew they ever were, with what their rows depend on: four statements a page. A centre reads of those to which they went for it, wherever
// the job is now.
func (r *reader) PayableVisits(ctx context.Context, s domain.Scope, technician domain.ID, f domain.ReportFilter,
	p domain.Page) ([]domain.PayableVisit, error) {
	lost, err := r.lostVisits(ctx, technician)
	if err != nil {
		return nil, err
	}
	taken := r.db.in("visits.id", lost)
	q := r.db.table("visits").
		Where(`(EXISTS (SELECT 1 FROM assignments mine WHERE mine.visit_id = visits.id AND mine.technician_id = ? AND mine.current)
		OR EXISTS (SELECT 1 FROM cool_offs WHERE cool_offs.visit_id = visits.id AND cool_offs.user_id = ? AND cool_offs.accepted)
		OR EXISTS (SELECT 1 FROM claims WHERE claims.visit_id = visits.id AND claims.actor_id = ?
			AND claims.status IN ('open', 'taken', 'declined'))
		OR visits.status = 'stopped_unsafe' AND EXISTS (SELECT 1 FROM assignments once WHERE once.visit_id = visits.id AND once.technician_id = ?)
		OR `+taken.SQL+`)`, append([]any{technician, technician, technician, technician}, taken.Vars...)...).
		Where("window_start >= ? AND window_start < ?", f.From, f.To)
	if s.TechnicianID != technician { // their own diary is theirs, also where the visit is another's now
		centres, err := r.db.within(s, "centres")
		if err != nil {
			return nil, err
		}
		q = q.Where(`EXISTS (SELECT 1 FROM assignments went
			WHERE went.visit_id = visits.id AND went.technician_id = ? AND went.centre_id IN (?))`, technician, r.db.table("centres").Select("id").Where(centres))
	}
	visits, err := paged[domain.Visit](ctx, r, q, "visits", p)
	if err != nil || len(visits) == 0 {
		return []domain.PayableVisit{}, err
	}
	ids := make([]domain.ID, len(visits))
	for i := range visits {
		ids[i] = visits[i].ID
	}
	type grounds struct {
		ID                                   domain.ID
		ExternalRef                          *string
		Proven, FlaggedSelf, AreaHold, Pause bool
		Current, Waiting, Claimed            bool
		Declined, Refused                    bool
		Unasked, Unanswered                  bool
		Reported, Decided                    bool
	}
	in := r.db.in("visits.id", ids)
	rows, err := list[grounds](ctx, r, r.db.table("x").Raw(`SELECT visits.id AS id, jobs.external_ref AS external_ref,
		(EXISTS (SELECT 1 FROM attempts t WHERE t.visit_id = visits.id AND t.direction = 'outbound' AND t.grade IN ('proven', 'recorded') AND t.discounted = ''
				AND visits.arrived_at IS NOT NULL AND t.occurred_at >= visits.arrived_at AND (t.rules < 3 OR t.channel = 'doorstep' AND EXISTS (
				SELECT 1 FROM facts a WHERE a.visit_id = visits.id AND a.kind = 'visit.arrived' AND a.recorded_at <= t.occurred_at)))
			OR EXISTS (SELECT 1 FROM disputes d WHERE d.visit_id = visits.id AND d.subject = 'no_access' AND d.status = 'upheld')) AS proven,
		EXISTS (SELECT 1 FROM flags g WHERE g.visit_id = visits.id AND g.level >= 1 AND g.reporter_id = ?) AS flagged_self,
		EXISTS (SELECT 1 FROM flags g JOIN assignments c ON c.visit_id = g.visit_id AND c.technician_id = g.reporter_id
			WHERE g.visit_id = visits.id AND g.level >= 2 AND g.subject_id IS NULL) AS area_hold,
		(EXISTS (SELECT 1 FROM cool_offs o WHERE o.visit_id = visits.id AND o.user_id = ? AND o.accepted)
			AND NOT EXISTS (SELECT 1 FROM assignments a WHERE a.visit_id = visits.id AND a.technician_id = ? AND a.current)) AS pause,
		EXISTS (SELECT 1 FROM assignments a WHERE a.visit_id = visits.id AND a.technician_id = ? AND a.current) AS current,
		EXISTS (SELECT 1 FROM claims k WHERE k.visit_id = visits.id AND k.actor_id = ? AND k.status = 'open') AS waiting,
		EXISTS (SELECT 1 FROM claims k WHERE k.visit_id = visits.id AND k.actor_id = ? AND k.status = 'taken') AS claimed,
		EXISTS (SELECT 1 FROM claims k WHERE k.visit_id = visits.id AND k.actor_id = ? AND k.status = 'declined' AND k.cause = 'own_word') AS declined,
		EXISTS (SELECT 1 FROM claims k WHERE k.visit_id = visits.id AND k.actor_id = ? AND k.status = 'declined') AS refused,
		(EXISTS (SELECT 1 FROM done_checks d WHERE d.visit_id = visits.id AND d.status = 'open')
			OR EXISTS (SELECT 1 FROM deadlines d WHERE d.kind = 'sample' AND d.subject_id = visits.id AND d.done_at IS NULL)) AS unasked,
		EXISTS (SELECT 1 FROM done_checks d WHERE d.visit_id = visits.id AND d.status = 'not_answered') AS unanswered,
		EXISTS (SELECT 1 FROM flags g WHERE g.visit_id = visits.id AND g.status IN ('reported', 'triaged', 'under_review')) AS reported,
		EXISTS (SELECT 1 FROM flags g WHERE g.visit_id = visits.id AND g.status IN ('upheld', 'not_upheld', 'unclear')) AS decided
		FROM visits JOIN jobs ON jobs.id = visits.job_id WHERE `+in.SQL, append([]any{technician, technician, technician, technician, technician,
		technician, technician, technician},
		in.Vars...)...))
	if err != nil {
		return nil, err
	}
	at := map[domain.ID]grounds{}
	for _, f := range rows {
		at[f.ID] = f
	}
	out := make([]domain.PayableVisit, len(visits))
	for i := range visits {
		f := at[visits[i].ID]
		out[i] = domain.PayableVisit{Visit: visits[i], ExternalRef: f.ExternalRef, Proven: f.Proven, FlaggedSelf: f.FlaggedSelf,
			AreaHold: f.AreaHold, Pause: f.Pause, Waiting: f.Waiting, Claimed: f.Claimed,
			Declined: f.Declined, Refused: f.Refused && !f.Current && !f.Claimed, Unasked: f.Unasked,
			Unanswered: f.Unanswered, Reported: f.Reported, Decided: f.Decided,
			Taken: !f.Current && slices.Contains(lost, visits[i].ID)}
	}
	return out, nil
}

// lostVisits are those that somebody lost because they are kept from a customer, or
// from all.
func (r *reader) lostVisits(ctx context.Context, technician domain.ID) ([]domain.ID, error) {
	away, err := list[domain.StandDown](ctx, r, r.db.table("keep_aways").Where("user_id = ?", technician))
	if err != nil {
		return nil, err
	}
	apart, err := list[domain.Exclusion](ctx, r, r.db.table("exclusions").Where("user_id = ?", technician))
	var out []domain.ID
	for i := range away {
		out = append(out, away[i].Visits...)
	}
	for i := range apart {
		out = append(out, apart[i].Visits...)
	}
	return out, err
}
