package accounts

import (
	"context"

	"doorstep/domain"
	"doorstep/domain/casework"
)

// LogExport writes down that somebody takes a file with data of people, before they
// get it. job is nil where it is about many.
func LogExport(ctx context.Context, s *Service, a domain.Actor, what string, job *domain.ID) error {
	return s.InWork(ctx, nil, func(tx *casework.Work) error {
		return casework.LogSecurity(tx, domain.SecurityEvent{Kind: domain.SecurityExport, ActorID: &a.UserID, JobID: job, Detail: what})
	})
}

// SecurityLog lists the security log, newest first. Admins alone. Errors:
// CodeForbidden.
func SecurityLog(ctx context.Context, s *Service, a domain.Actor, f domain.SecurityFilter, p domain.Page) ([]domain.SecurityEvent, error) {
	if err := mustAdmin(a, "reads the security log"); err != nil {
		return nil, err
	}
	return s.Read.SecurityLog(ctx, f, p)
}
