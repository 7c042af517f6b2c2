package api

import (
	"context"
	"time"

	"github.com/gofiber/fiber/v2"

	"doorstep/api/web"
	"doorstep/domain"
	"doorstep/domain/casework"
	"doorstep/domain/safety"
)

func mountFlags(a *App, s *web.Server) {
	svc, read := a.Service, a.Service.Read

	s.Handle("POST", "/v1/visits/{id}/flags", byID("visit", "/v1/flags", fiber.StatusCreated,
		func(ctx context.Context, call *casework.Call, id domain.ID, in safety.FlagInput) error {
			in.VisitID = &id
			_, err := svc.Safety.RaiseFlag(ctx, call, in)
			return err
		}))
	s.Handle("POST", "/v1/flags", create("/v1/flags", func(ctx context.Context, call *casework.Call, in safety.FlagInput) error {
		_, err := svc.Safety.RaiseFlag(ctx, call, in)
		return err
	}))
	s.Handle("GET", "/v1/flags", func(c *fiber.Ctx) error {
		var f domain.FlagFilter
		var err error
		if st := c.Query("status"); st != "" {
			f.Status = []domain.FlagStatus{domain.FlagStatus(st)}
		}
		if f.JobID, err = web.QueryID(c, "job_id"); err != nil {
			return err
		}
		return listOf(c, func(p domain.Page) ([]domain.Flag, error) { return read.Flags(c.UserContext(), actorOf(c), f, p) },
			func(v domain.Flag) (time.Time, domain.ID) { return v.CreatedAt, v.ID },
			func(rows []domain.Flag) ([]any, error) {
				flags := make([]*domain.Flag, len(rows))
				for i := range rows {
					flags[i] = &rows[i]
				}
				return a.showFlags(c, flags...)
			})
	})
	s.Handle("GET", "/v1/patterns", func(c *fiber.Ctx) error {
		items, err := svc.Safety.Patterns(c.UserContext(), actorOf(c))
		if err != nil {
			return err
		}
		return c.JSON(fiber.Map{"items": items})
	})
	s.Handle("GET", "/v1/flags/{id}", func(c *fiber.Ctx) error {
		id, err := web.PathID(c, "id", "flag")
		if err != nil {
			return err
		}
		f, err := read.Flag(c.UserContext(), actorOf(c), id)
		if err != nil {
			return err
		}
		views, err := a.showFlags(c, f)
		if err != nil {
			return err
		}
		return web.JSON(c, fiber.StatusOK, views[0], f.Version)
	})
	for _, action := range []string{"triage", "review", "decide", "withdraw"} {
		s.Handle("POST", "/v1/flags/{id}/"+action, byID("flag", "", fiber.StatusOK, func(ctx context.Context, call *casework.Call, id domain.ID,
			in domain.FlagDecision) error {
			_, err := svc.Safety.MoveFlag(ctx, call, id, action, in)
			return err
		}))
	}
	s.Handle("POST", "/v1/flags/{id}/next-person", byID("flag", "", fiber.StatusOK, func(ctx context.Context, call *casework.Call,
		id domain.ID,
		in safety.NextPersonInput) error {
		_, err := svc.Safety.SayForNextPerson(ctx, call, id, in)
		return err
	}))
	s.Handle("POST", "/v1/flags/{id}/statement", byID("flag", "", fiber.StatusOK, func(ctx context.Context, call *casework.Call, id domain.ID,
		in safety.StatementInput) error {
		_, err := svc.Safety.GiveStatement(ctx, call, id, in)
		return err
	}))
}

// showFlags sends the whole to those who may see it, to the person it is about
// what they may know, else the brief.
func (a *App) showFlags(c *fiber.Ctx, flags ...*domain.Flag) ([]any, error) {
	actor := actorOf(c)
	var whole []*domain.Flag
	for _, f := range flags {
		if all, _ := actor.SeesFlag(f); all {
			whole = append(whole, f)
		}
	}
	views, err := a.Service.Safety.ShowFlags(c.UserContext(), actor, whole...)
	if err != nil {
		return nil, err
	}
	out := make([]any, len(flags))
	for i, f := range flags {
		if len(views) > 0 && views[0].ID == f.ID {
			out[i], views = views[0], views[1:]
		} else if out[i], err = a.showInPart(c, actor, f); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (a *App) showInPart(c *fiber.Ctx, actor domain.Actor, f *domain.Flag) (any, error) {
	if actor.Hears(f) {
		return safety.NewFlagHearing(actor, f), nil
	}
	b := domain.FlagBrief{ID: f.ID, JobID: f.JobID, Since: f.RecordedAt, Plan: domain.JSONList[string]{}}
	if f.JobID != nil {
		job, err := a.Service.Read.Job(c.UserContext(), domain.Scope{All: true}, *f.JobID)
		if err != nil {
			return nil, err
		}
		holds, plans, err := a.Service.Read.HoldsOfJobs(c.UserContext(), []domain.Job{*job})
		if err != nil {
			return nil, err
		}
		for _, h := range holds[job.ID] {
			b.Hold = b.Hold || h.Kind == domain.HoldSafety
		}
		b.Plan = plans[job.ID]
	}
	return b, nil
}
