package api

import (
	"context"

	"github.com/gofiber/fiber/v2"

	"doorstep/api/web"
	"doorstep/domain"
	"doorstep/domain/accounts"
	"doorstep/domain/casework"
)

func mountLeave(a *App, s *web.Server) {
	svc, read := a.Service, a.Service.Read

	leaves := func(c *fiber.Ctx, scope domain.Scope, f domain.LeaveFilter) error {
		f.Status = c.Query("status")
		return listOf(c, func(p domain.Page) ([]domain.Leave, error) {
			return read.Leaves(c.UserContext(), scope, f, p)
		}, metaKey(func(v domain.Leave) domain.Meta { return v.Meta }), func(rows []domain.Leave) ([]domain.LeaveView, error) {
			out := make([]domain.LeaveView, len(rows))
			for i := range rows {
				out[i] = rows[i].View(actorOf(c), svc.Now())
			}
			return out, nil
		})
	}
	s.Handle("GET", "/v1/leave", func(c *fiber.Ctx) error {
		if actorOf(c).Is(domain.RoleAgent) { // nobody's leave is an agent's to look through
			return domain.Fail(domain.CodeForbidden, "As agent you may not list leave.")
		}
		centre, err := web.QueryID(c, "centre_id")
		if err != nil {
			return err
		}
		return leaves(c, actorOf(c).Scope(), domain.LeaveFilter{CentreID: centre})
	})
	for _, action := range []string{"approve", "decline", "withdraw"} {
		s.Handle("POST", "/v1/leave/{id}/"+action, byID("leave", "", fiber.StatusOK, func(ctx context.Context, call *casework.Call, id domain.ID,
			in accounts.LeaveMove) error {
			_, err := svc.Accounts.MoveLeave(ctx, call, id, action, in)
			return err
		}))
	}
	s.Handle("GET", "/v1/users/{id}/leave", func(c *fiber.Ctx) error {
		id, err := web.PathID(c, "id", "user")
		if err != nil {
			return err
		}
		scope := actorOf(c).Scope()
		if id == actorOf(c).UserID {
			scope = domain.Scope{All: true} // one's own
		} else if actorOf(c).Is(domain.RoleAgent) {
			return domain.Fail(domain.CodeForbidden, "As agent you see your own leave only.")
		}
		if _, err := read.User(c.UserContext(), scope, id); err != nil {
			return err
		}
		return leaves(c, scope, domain.LeaveFilter{UserID: &id})
	})
	s.Handle("POST", "/v1/users/{id}/leave", byID("user", "", fiber.StatusCreated, func(ctx context.Context, call *casework.Call, id domain.ID,
		in accounts.LeaveInput) error {
		_, err := svc.Accounts.AddUserLeave(ctx, call, id, in)
		return err
	}))
	s.Handle("GET", "/v1/technicians/{id}/leave", func(c *fiber.Ctx) error {
		if actorOf(c).Is(domain.RoleAgent) {
			return domain.Fail(domain.CodeForbidden, "As agent you may not list leave.")
		}
		id, err := web.PathID(c, "id", "technician")
		if err != nil {
			return err
		}
		u, err := read.User(c.UserContext(), actorOf(c).Scope(), id)
		if err != nil {
			return err
		}
		if u.Role != domain.RoleTechnician {
			return domain.NotFound("technician")
		}
		return leaves(c, actorOf(c).Scope(), domain.LeaveFilter{UserID: &id})
	})
	s.Handle("POST", "/v1/technicians/{id}/leave", byID("technician", "", fiber.StatusCreated,
		func(ctx context.Context, call *casework.Call, id domain.ID, in accounts.LeaveInput) error {
			_, err := svc.Accounts.AddLeave(ctx, call, id, in)
			return err
		}))
}
