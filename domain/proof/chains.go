package proof

import (
	"context"
	"errors"

	"doorstep/domain"
)

// Verify proves the hash chains of all jobs and names the first bad row of
// each broken one; progress is called after each page of jobs.
func (s *Service) Verify(ctx context.Context, progress func(jobs, facts int)) ([]domain.ChainFault, error) {
	faults := []domain.ChainFault{}
	var after *domain.ID
	jobs, facts := 0, 0
	for {
		page, err := s.Read.JobsToVerify(ctx, after, 500)
		if err != nil {
			return nil, err
		}
		for i := range page {
			rows, err := s.Read.EntriesOf(ctx, page[i].ID)
			if err != nil {
				f, err := s.unreadable(ctx, page[i].ID, err)
				if err != nil {
					return nil, err
				}
				faults, jobs = append(faults, f), jobs+1
				continue
			}
			f := domain.VerifyChain(&page[i], rows)
			if f != nil {
				// A server may have appended between the two reads: only what is
				// still wrong when read again is broken.
				j, err := s.Read.Job(ctx, domain.Scope{All: true}, page[i].ID)
				if err != nil {
					return nil, err
				}
				if rows, err = s.Read.EntriesOf(ctx, j.ID); err != nil {
					return nil, err
				}
				if j.Seq < int64(len(rows)) && j.Seq > page[i].Seq {
					rows = rows[:j.Seq]
				}
				f = domain.VerifyChain(j, rows)
			}
			if f != nil {
				faults = append(faults, *f)
			}
			jobs, facts = jobs+1, facts+len(rows)
		}
		if progress != nil {
			progress(jobs, facts)
		}
		if len(page) < 500 {
			return faults, nil
		}
		after = &page[len(page)-1].ID
	}
}

// unreadable finds the first row of a job that cannot be read at all; a
// database that is gone stays an error.
func (s *Service) unreadable(ctx context.Context, job domain.ID, why error) (domain.ChainFault, error) {
	var e *domain.Error
	if errors.As(why, &e) && e.Kind == domain.KindUnavailable {
		return domain.ChainFault{}, why
	}
	for seq := int64(0); ; seq++ {
		rows, err := s.Read.Timeline(ctx, domain.Scope{All: true}, job, seq, 1)
		if err != nil {
			return domain.ChainFault{JobID: job, Seq: seq + 1, Why: "it cannot be read"}, nil
		}
		if len(rows) == 0 {
			return domain.ChainFault{}, why
		}
	}
}
