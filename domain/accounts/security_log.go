package accounts

import (
	"context"
	"time"

	"doorstep/domain"
	"doorstep/domain/casework"
)

// logSecurity writes a line of the security log in the transaction of what it tells of.
func logSecurity(tx *casework.Work, e domain.SecurityEvent) error {
	e.ID, e.CreatedAt = tx.NewID(), tx.Svc.Wall().UTC().Truncate(time.Microsecond)
	return tx.InsertSecurityEvent(&e)
}

// LogExport writes down that somebody takes a file with data of people, before they
// get it. job is nil where it is about many.
func LogExport(ctx context.Context, s *Service, a domain.Actor, what string, job *domain.ID) error {
	return s.InWork(ctx, nil, func(tx *casework.Work) error {
		return logSecurity(tx, domain.SecurityEvent{Kind: domain.SecurityExport, ActorID: &a.UserID, JobID: job, Detail: what})
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
