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

func mountLinkRequests(a *App, s *web.Server) {
	svc := a.Service
	s.Handle("GET", "/v1/link-requests", func(c *fiber.Ctx) error {
		if actorOf(c).Role != domain.RoleAreaManager {
			return domain.Fail(domain.CodeForbidden, "What households asked is decided outside the centre, by the area manager.")
		}
		var f domain.LinkRequestFilter
		if st := c.Query("status"); st != "" {
			f.Status = []string{st}
		}
		var err error
		if f.JobID, err = web.QueryID(c, "job_id"); err != nil {
			return err
		}
		return listOf(c, func(p domain.Page) ([]domain.LinkRequest, error) {
			return svc.Customers.LinkRequests(c.UserContext(), actorOf(c), f, p)
		}, func(r domain.LinkRequest) (time.Time, domain.ID) { return r.CreatedAt, r.ID },
			func(rows []domain.LinkRequest) ([]domain.LinkRequestView, error) {
				out := make([]domain.LinkRequestView, len(rows))
				for i := range rows {
					out[i] = rows[i].View()
				}
				return out, nil
			})
	})
	s.Handle("POST", "/v1/link-requests/{id}/decide", byID("link request", "", fiber.StatusOK, func(ctx context.Context, call *casework.Call,
		id domain.ID, in customers.LinkRequestDecision) error {
		_, err := svc.Customers.DecideLinkRequest(ctx, call, id, in)
		return err
	}))
}
