package domain

import (
	"context"
	"time"

	"doorstep/domain/geo"
	"doorstep/domain/watch"
)

// WatchedCentre is one centre in GET /v1/reports/suppression. Below the
// smallest sample its figures are null.
type WatchedCentre struct {
	CentreID ID     `json:"centre_id"`
	Centre   string `json:"centre"`
	watch.Judged
	Figures *watch.Centre `json:"figures"`
}

// WatchedPerson is one reporter in GET /v1/reports/suppression: their diary
// after their first report of the period against before. Below the smallest
// sample its figures are null.
type WatchedPerson struct {
	UserID   ID        `json:"user_id"`
	Name     string    `json:"name"`
	CentreID ID        `json:"centre_id"`
	Since    time.Time `json:"since"`
	Days     int       `json:"days"` // compared on each side
	watch.Judged
	Before *watch.Half `json:"before"`
	After  *watch.Half `json:"after"`
}

// SuppressionReport is what asks somebody to look.
type SuppressionReport struct {
	From        time.Time               `json:"from"`
	To          time.Time               `json:"to"`
	Centres     JSONList[WatchedCentre] `json:"centres"`
	People      JSONList[WatchedPerson] `json:"people"`
	Definitions map[string]string       `json:"definitions"`
}

// CentreCount is a centre with what is counted of it.
type CentreCount struct {
	CentreID                                  ID
	Name                                      string
	Visits, Reports, Withdrawn, UnderPressure int
}

// counts are a centre's figures as the rules of watch take them.
func (c *CentreCount) counts() watch.Centre {
	return watch.Centre{Visits: c.Visits, Reports: c.Reports, Withdrawn: c.Withdrawn, UnderPressure: c.UnderPressure}
}

// Reporter is a technician with their first report of a period.
type Reporter struct {
	UserID   ID
	Name     string
	CentreID ID
	HomeLat  *float64
	HomeLon  *float64
	Since    time.Time
}

// DiaryEntry is one visit in a technician's diary.
type DiaryEntry struct {
	TechnicianID ID
	WindowStart  time.Time
	Cover        string
	ValueMinor   *int64
	Lat, Lon     *float64
}

const watchedPeople = 500 // at most, the latest reporters first

// Suppression looks for suppressed reports and for reprisals. Area manager,
// deputy, admin; never the centre. Errors: CodeForbidden, CodeUnprocessable.
func (s *Service) Suppression(ctx context.Context, a Actor, f ReportFilter) (SuppressionReport, error) {
	out := SuppressionReport{From: f.From, To: f.To, Definitions: watch.Definitions}
	if !a.Is(RoleAreaManager, RoleAdmin) {
		return out, Fail(CodeForbidden, "As %s you may not read this report.", roleWords(a.Role))
	}
	if err := reportPeriod(f.From, f.To); err != nil {
		return out, err
	}
	now := s.instant()
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
		row := WatchedCentre{CentreID: c.CentreID, Centre: c.Name, Judged: watch.JudgeCentre(c.counts(), all)}
		if row.Verdict != watch.TooFew {
			row.Figures = ptr(c.counts())
		}
		out.Centres = append(out.Centres, row)
	}
	people, err := s.Read.Reporters(ctx, a, f, watchedPeople)
	if err != nil || len(people) == 0 {
		return out, err
	}
	ids := make([]ID, len(people))
	for i := range people {
		ids[i] = people[i].UserID
	}
	diaries, err := s.Read.Diaries(ctx, ids, f.From.Add(-watch.Span), f.To.Add(watch.Span))
	if err != nil {
		return out, err
	}
	jobs := map[ID][]watch.Job{}
	home := map[ID]*Reporter{}
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

// distanceKm is the great circle between two places; nil where one is unknown.
func distanceKm(lat1, lon1, lat2, lon2 *float64) *float64 {
	if lat1 == nil || lon1 == nil || lat2 == nil || lon2 == nil {
		return nil
	}
	return ptr(geo.Metres(*lat1, *lon1, *lat2, *lon2) / 1000)
}
