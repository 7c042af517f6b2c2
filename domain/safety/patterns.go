package safety

import (
	"context"
	"time"

	"doorstep/domain"
	"doorstep/domain/casework"
)

// Patterns lists what shows in the mild reports of the last 90 days. Area manager, deputy,
// admin (what has reached them); nobody sees one in which they have a part. Errors: CodeForbidden.
func (s *Service) Patterns(ctx context.Context, a domain.Actor) (domain.JSONList[domain.Pattern], error) {
	if !a.Is(domain.RoleAreaManager, domain.RoleAdmin) {
		return nil, domain.Fail(domain.CodeForbidden, "As %s you do not triage reports.", domain.RoleWords(a.Role))
	}
	now := s.Instant()
	reports, err := s.Read.ReportsSince(ctx, now.Add(-domain.PatternWithin))
	if err != nil {
		return nil, err
	}
	out := domain.JSONList[domain.Pattern]{}
	for _, p := range domain.Patterns(reports, now) {
		if p.SeenBy(a) {
			out = append(out, p)
		}
	}
	return out, nil
}

// OwnFailures is what went wrong on our side with a household before the time of a report,
// for whoever decides about it; nil for others.
func OwnFailures(ctx context.Context, s *casework.Service, a domain.Actor, f *domain.Flag) ([]domain.OwnFailure, error) {
	if f.CustomerID == nil || !a.AnswersFor(f) {
		return nil, nil
	}
	all := domain.Scope{All: true}
	jobs, err := s.Read.Jobs(ctx, all, domain.JobFilter{CustomerID: f.CustomerID}, domain.Page{Limit: 100})
	if err != nil || len(jobs) == 0 {
		return []domain.OwnFailure{}, err
	}
	ids := make([]domain.ID, len(jobs))
	for i := range jobs {
		ids[i] = jobs[i].ID
	}
	from, to := f.OccurredAt.Add(-domain.PatternWithin-24*time.Hour), f.OccurredAt
	visits, err := s.Read.Visits(ctx, all, domain.VisitFilter{JobIDs: ids, From: &from, To: &to}, domain.Page{Limit: 200})
	return domain.OwnFailures(jobs, visits, f.OccurredAt), err
}
