package api

import (
	"context"
	"time"

	"github.com/gofiber/fiber/v2"

	"doorstep/api/web"
	"doorstep/domain"
	"doorstep/domain/casework"
	"doorstep/domain/customers"
)

func mountDisputes(a *App, s *web.Server) {
	svc, read := a.Service, a.Service.Read

	s.Handle("POST", "/v1/attempts/{id}/dispute", byID("attempt", "/v1/disputes", fiber.StatusCreated,
		func(ctx context.Context, call *casework.Call, id domain.ID, in customers.DisputeInput) error {
			_, err := svc.Customers.DisputeAttempt(ctx, call, id, in)
			return err
		}))
	s.Handle("POST", "/v1/visits/{id}/dispute", byID("visit", "/v1/disputes", fiber.StatusCreated,
		func(ctx context.Context, call *casework.Call, id domain.ID, in customers.DisputeInput) error {
			_, err := svc.Customers.DisputeVisit(ctx, call, id, in)
			return err
		}))
	s.Handle("POST", "/v1/attempts/{id}/decide", byID("attempt", "", fiber.StatusOK, func(ctx context.Context, call *casework.Call,
		id domain.ID,
		in customers.DecisionInput) error {
		_, err := svc.Customers.DecideAttempt(ctx, call, id, in)
		return err
	}))
	s.Handle("POST", "/v1/disputes/{id}/decide", byID("dispute", "", fiber.StatusOK, func(ctx context.Context, call *casework.Call,
		id domain.ID,
		in customers.DecisionInput) error {
		_, err := svc.Customers.DecideDispute(ctx, call, id, in)
		return err
	}))
	s.Handle("GET", "/v1/disputes", func(c *fiber.Ctx) error {
		var f domain.DisputeFilter
		if st := c.Query("status"); st != "" {
			f.Status = []domain.DisputeStatus{domain.DisputeStatus(st)}
		}
		var err error
		if f.JobID, err = web.QueryID(c, "job_id"); err != nil {
			return err
		}
		return listOf(c, func(p domain.Page) ([]domain.Dispute, error) {
			return read.Disputes(c.UserContext(), actorOf(c).Scope(), f, p)
		}, func(v domain.Dispute) (time.Time, domain.ID) { return v.CreatedAt, v.ID }, func(rows []domain.Dispute) ([]domain.DisputeView, error) {
			out := make([]domain.DisputeView, len(rows))
			for i := range rows {
				out[i] = rows[i].View(actorOf(c))
			}
			return out, nil
		})
	})
	s.Handle("GET", "/v1/disputes/{id}", get("dispute", func(c *fiber.Ctx, ac domain.Actor, id domain.ID) (domain.DisputeView, error) {
		v, err := read.Dispute(c.UserContext(), ac.Scope(), id)
		if err != nil {
			return domain.DisputeView{}, err
		}
		return v.View(ac), nil
	}))
	s.Handle("POST", "/v1/visits/{id}/confirm-done", byID("visit", "", fiber.StatusOK,
		func(ctx context.Context, call *casework.Call, id domain.ID, in casework.ConfirmDoneInput) error {
			_, err := svc.ConfirmDone(ctx, call, id, in)
			return err
		}))
	s.Handle("POST", "/v1/jobs/{id}/voice", byID("job", "", fiber.StatusOK, func(ctx context.Context, call *casework.Call, id domain.ID,
		in customers.VoiceInput) error {
		_, err := svc.Customers.OnBehalfOf(ctx, call, id, in)
		return err
	}))
	s.Handle("GET", "/v1/completion-checks", func(c *fiber.Ctx) error {
		// The brand asks; the centre that did the work does not learn whom.
		if !actorOf(c).Is(domain.RoleAgent, domain.RoleAdmin) {
			return domain.Fail(domain.CodeForbidden, "The brand's agents ask about completions, not the centre.")
		}
		return listOf(c, func(p domain.Page) ([]domain.DoneCheck, error) {
			return read.DoneChecks(c.UserContext(), actorOf(c).Scope(), c.Query("status"), p)
		}, func(v domain.DoneCheck) (time.Time, domain.ID) { return v.CreatedAt, v.ID }, func(rows []domain.DoneCheck) ([]domain.DoneCheckView,
			error) {
			out := make([]domain.DoneCheckView, len(rows))
			for i := range rows {
				out[i] = rows[i].View(actorOf(c))
			}
			return out, nil
		})
	})
	s.Handle("POST", "/v1/completion-checks/{id}/answer", byID("check", "", fiber.StatusOK,
		func(ctx context.Context, call *casework.Call, id domain.ID, in customers.CheckInput) error {
			_, err := svc.Customers.AnswerCheck(ctx, call, id, in)
			return err
		}))
}
