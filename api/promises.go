package api

import (
	"context"
	"time"

	"github.com/gofiber/fiber/v2"

	"doorstep/api/web"
	"doorstep/domain"
	"doorstep/domain/casework"
)

func mountPromises(a *App, s *web.Server) {
	svc, read := a.Service, a.Service.Read

	s.Handle("POST", "/v1/jobs/{id}/promises", byID("job", "/v1/promises", fiber.StatusCreated,
		func(ctx context.Context, call *casework.Call, id domain.ID, in casework.PromiseInput) error {
			_, err := svc.MakePromise(ctx, call, id, in)
			return err
		}))
	list := func(c *fiber.Ctx, f domain.PromiseFilter) error {
		if st := c.Query("status"); st != "" {
			f.Status = []domain.PromiseStatus{domain.PromiseStatus(st)}
		}
		var err error
		if f.OwnerID, err = web.QueryID(c, "owner_id"); err != nil {
			return err
		}
		return listOf(c, func(p domain.Page) ([]domain.Promise, error) {
			return read.Promises(c.UserContext(), actorOf(c), f, p)
		}, func(v domain.Promise) (time.Time, domain.ID) { return v.CreatedAt, v.ID }, func(rows []domain.Promise) ([]domain.PromiseView, error) {
			out := make([]domain.PromiseView, len(rows))
			for i := range rows {
				out[i] = rows[i].View(actorOf(c))
			}
			return out, nil
		})
	}
	s.Handle("GET", "/v1/jobs/{id}/promises", func(c *fiber.Ctx) error {
		id, err := web.PathID(c, "id", "job")
		if err != nil {
			return err
		}
		if _, err := read.Job(c.UserContext(), actorOf(c).Scope(), id); err != nil {
			return err
		}
		return list(c, domain.PromiseFilter{JobID: &id})
	})
	s.Handle("GET", "/v1/promises", func(c *fiber.Ctx) error {
		var f domain.PromiseFilter
		var err error
		if f.JobID, err = web.QueryID(c, "job_id"); err != nil {
			return err
		}
		return list(c, f)
	})
	s.Handle("GET", "/v1/promises/{id}", get("promise", func(c *fiber.Ctx, ac domain.Actor, id domain.ID) (domain.PromiseView, error) {
		p, err := read.Promise(c.UserContext(), ac, id)
		if err != nil {
			return domain.PromiseView{}, err
		}
		return p.View(ac), nil
	}))
	s.Handle("POST", "/v1/promises/{id}/keep", byID("promise", "", fiber.StatusOK, func(ctx context.Context, call *casework.Call, id domain.ID,
		in casework.KeepInput) error {
		_, err := svc.KeepPromise(ctx, call, id, in)
		return err
	}))
	s.Handle("POST", "/v1/promises/{id}/hand-over", byID("promise", "", fiber.StatusOK,
		func(ctx context.Context, call *casework.Call, id domain.ID, in casework.HandOverInput) error {
			_, err := svc.HandOver(ctx, call, id, in)
			return err
		}))
}
