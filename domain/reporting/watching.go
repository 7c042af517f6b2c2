package reporting

import (
	"context"
	"time"

	"doorstep/domain"
	"doorstep/domain/geo"
	"doorstep/domain/watch"
)

// WatchedCentre is one centre in GET /v1/reports/suppression. Below the
// smallest sample its figures are null.
type WatchedCentre struct {
	CentreID domain.ID `json:"centre_id"`
	Centre   string    `json:"centre"`
	watch.Judged
	Figures *watch.Centre `json:"figures"`
}

// WatchedPerson is one reporter in GET /v1/reports/suppression: their diary
// after their first report of the period against before. Below the smallest
// sample its figures are null.
type WatchedPerson struct {
	UserID   domain.ID `json:"user_id"`
	Name     string    `json:"name"`
	CentreID domain.ID `json:"centre_id"`
	Since    time.Time `json:"since"`
	Days     int       `json:"days"` // compared on each side
	watch.Judged
	Before *watch.Half `json:"before"`
	After  *watch.Half `json:"after"`
}

// SuppressionReport is what asks somebody to look.
type SuppressionReport struct {
	From        time.Time                       `json:"from"`
	To          time.Time                       `json:"to"`
	Centres     domain.JSONList[WatchedCentre]  `json:"centres"`
	People      domain.JSONList[WatchedPerson]  `json:"people"`
	OptOuts     domain.JSONList[domain.OptOuts] `json:"opt_outs"` // skewed by technician
	Definitions map[string]string               `json:"definitions"`
}

const watchedPeople = 500 // at most, the latest reporters first

// Suppression looks for suppressed reports and for reprisals. Area manager,
// deputy, admin; never the centre. Errors: CodeForbidden, CodeUnprocessable.
func (s *Service) Suppression(ctx context.Context, a domain.Actor, f domain.ReportFilter) (SuppressionReport, error) {
	out := SuppressionReport{From: f.From, To: f.To, Definitions: watch.Definitions}
	if !a.Is(domain.RoleAreaManager, domain.RoleAdmin) {
		return out, domain.Fail(domain.CodeForbidden, "As %s you may not read this report.", domain.RoleWords(a.Role))
	}
	if err := reportPeriod(f.From, f.To); err != nil {
		return out, err
	}
	now := s.Instant()
	centres, err := s.Read.WatchedCentres(ctx, a, f)
	if err != nil {
		return out, err
	}
	var all watch.Centre
	for i := range centres {
		all.Visits += centres[i].Visits
		all.Reports += centres[i].Reports
	}
	for i := range centres {
		c := &centres[i]
		row := WatchedCentre{CentreID: c.CentreID, Centre: c.Name, Judged: watch.JudgeCentre(c.Counts(), all)}
		if row.Verdict != watch.TooFew {
			row.Figures = domain.Ptr(c.Counts())
		}
		out.Centres = append(out.Centres, row)
	}
	wishes, err := s.Read.OptOuts(ctx, a, f)
	if err != nil {
		return out, err
	}
	out.OptOuts = skewed(wishes)
	people, err := s.Read.Reporters(ctx, a, f, watchedPeople)
	if err != nil || len(people) == 0 {
		return out, err
	}
	ids := make([]domain.ID, len(people))
	for i := range people {
		ids[i] = people[i].UserID
	}
	diaries, err := s.Read.Diaries(ctx, ids, f.From.Add(-watch.Span), f.To.Add(watch.Span))
	if err != nil {
		return out, err
	}
	jobs := map[domain.ID][]watch.Job{}
	home := map[domain.ID]*domain.Reporter{}
	for i := range people {
		home[people[i].UserID] = &people[i]
	}
	for _, e := range diaries {
		h := home[e.TechnicianID]
		jobs[e.TechnicianID] = append(jobs[e.TechnicianID], watch.Job{At: e.WindowStart, Chargeable: e.Cover == "chargeable", Value: e.ValueMinor,
			Km: distanceKm(h.HomeLat, h.HomeLon, e.Lat, e.Lon)})
	}
	for i := range people {
		p := &people[i]
		row := WatchedPerson{UserID: p.UserID, Name: p.Name, CentreID: p.CentreID, Since: p.Since,
			Days: int(watch.Days(p.Since, now) / (24 * time.Hour))}
		var before, after watch.Half
		row.Judged, before, after = watch.JudgePerson(p.Since, now, jobs[p.UserID])
		if row.Verdict != watch.TooFew && row.Verdict != watch.TooEarly {
			row.Before, row.After = &before, &after
		}
		out.People = append(out.People, row)
	}
	return out, nil
}

// skewed keeps who stands out: three wishes and more, and at least half of all of their
// centre.
func skewed(wishes []domain.OptOuts) (out domain.JSONList[domain.OptOuts]) {
	of := map[domain.ID]int{}
	for _, w := range wishes {
		of[w.CentreID] += w.ByThem + w.ByHouseholds
	}
	for _, w := range wishes {
		if n := w.ByThem + w.ByHouseholds; n >= 3 && 2*n >= of[w.CentreID] {
			out = append(out, w)
		}
	}
	return out
}

// distanceKm is the great circle between two places; nil where one is unknown.
func distanceKm(lat1, lon1, lat2, lon2 *float64) *float64 {
	if lat1 == nil || lon1 == nil || lat2 == nil || lon2 == nil {
		return nil
	}
	return domain.Ptr(geo.Metres(*lat1, *lon1, *lat2, *lon2) / 1000)
}
