package api

import (
	"context"
	"time"

	"github.com/gofiber/fiber/v2"

	"doorstep/api/web"
	"doorstep/domain"
	"doorstep/domain/casework"
	"doorstep/domain/decisions"
)

func mountInbox(a *App, s *web.Server) {
	svc, read := a.Service, a.Service.Read

	s.Handle("GET", "/v1/inbox", func(c *fiber.Ctx) error {
		return listOf(c, func(p domain.Page) ([]domain.Notice, error) {
			return read.Inbox(c.UserContext(), actorOf(c).UserID, c.Query("unseen") == "true", p)
		}, func(v domain.Notice) (time.Time, domain.ID) { return v.CreatedAt, v.ID }, func(rows []domain.Notice) ([]decisions.NoticeView, error) {
			return svc.Decisions.Inbox(c.UserContext(), actorOf(c), rows)
		})
	})
	s.Handle("POST", "/v1/inbox/{id}/seen", byID("notice", "", fiber.StatusOK, func(ctx context.Context, call *casework.Call, id domain.ID,
		_ struct{}) error {
		_, err := svc.Decisions.SeenNotice(ctx, call, id)
		return err
	}))
}
