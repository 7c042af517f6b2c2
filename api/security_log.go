package api

import (
	"time"

	"github.com/gofiber/fiber/v2"

	"doorstep/api/web"
	"doorstep/domain"
	"doorstep/domain/accounts"
)

func mountSecurityLog(a *App, s *web.Server) {
	s.Handle("GET", "/v1/security-log", func(c *fiber.Ctx) error {
		f := domain.SecurityFilter{Kind: domain.SecurityKind(c.Query("kind"))}
		var err error
		if f.UserID, err = web.QueryID(c, "user_id"); err != nil {
			return err
		}
		return listOf(c, func(p domain.Page) ([]domain.SecurityEvent, error) {
			return accounts.SecurityLog(c.UserContext(), a.Service.Accounts, actorOf(c), f, p)
		}, func(e domain.SecurityEvent) (time.Time, domain.ID) { return e.CreatedAt, e.ID }, asIs[domain.SecurityEvent])
	})
}
