package api

import (
	"context"

	"github.com/gofiber/fiber/v2"

	"doorstep/api/web"
	"doorstep/domain"
	"doorstep/domain/accounts"
	"doorstep/domain/casework"
)

func mountUsers(a *App, s *web.Server) {
	svc, read := a.Service, a.Service.Read

	s.Handle("GET", "/v1/users", func(c *fiber.Ctx) error {
		f := domain.UserFilter{Role: domain.Role(c.Query("role"))}
		var err error
		if f.CentreID, err = web.QueryID(c, "centre_id"); err != nil {
			return err
		}
		if f.AreaID, err = web.QueryID(c, "area_id"); err != nil {
			return err
		}
		return a.listUsers(c, f)
	})
	s.Handle("POST", "/v1/users", create("/v1/users", func(ctx context.Context, call *casework.Call, in accounts.UserInput) error {
		_, err := svc.Accounts.CreateUser(ctx, call, in)
		return err
	}))
	s.Handle("GET", "/v1/users/{id}", get("user", func(c *fiber.Ctx, ac domain.Actor, id domain.ID) (userView, error) {
		u, err := read.User(c.UserContext(), ac.Scope(), id)
		if err != nil {
			return userView{}, err
		}
		return viewUser(ac, *u), nil
	}))
	s.Handle("PATCH", "/v1/users/{id}", patch("user", func(ctx context.Context, call *casework.Call, id domain.ID, version int64,
		in accounts.UserInput) error {
		_, err := svc.Accounts.PatchUser(ctx, call, id, version, in)
		a.forgetAll() // a deputy may see more or less now
		return err
	}))
	s.Handle("POST", "/v1/users/{id}/invite", a.invite)
	s.Handle("GET", "/v1/users/{id}/invitations", func(c *fiber.Ctx) error {
		id, err := web.PathID(c, "id", "user")
		if err != nil {
			return err
		}
		rows, err := svc.Accounts.Invitations(c.UserContext(), actorOf(c), id)
		if err != nil {
			return err
		}
		return web.List(c, rows, "")
	})
	s.Handle("PUT", "/v1/users/{id}/roster", byID("user", "", fiber.StatusOK, func(ctx context.Context, call *casework.Call, id domain.ID,
		in roster) error {
		_, err := svc.Accounts.SetRoster(ctx, call, id, in.Hours)
		return err
	}))
	s.Handle("PUT", "/v1/me/quiet", func(c *fiber.Ctx) error {
		in, err := decode[accounts.QuietInput](c)
		if err != nil {
			return err
		}
		return write(c, fiber.StatusOK, "", func(ctx context.Context, call *casework.Call) error {
			_, err := svc.Accounts.SetQuiet(ctx, call, in)
			return err
		})
	})
	s.Handle("PUT", "/v1/me/colleague", func(c *fiber.Ctx) error {
		in, err := decode[struct {
			ColleagueID *domain.ID `json:"colleague_id"`
		}](c)
		if err != nil {
			return err
		}
		return write(c, fiber.StatusOK, "", func(ctx context.Context, call *casework.Call) error {
			_, err := svc.Alarm.SetColleague(ctx, call, in.ColleagueID)
			return err
		})
	})
}

// listUsers sends a page of users as the caller may see them.
func (a *App) listUsers(c *fiber.Ctx, f domain.UserFilter) error {
	actor := actorOf(c)
	return listOf(c, func(p domain.Page) ([]domain.User, error) {
		return a.Service.Read.Users(c.UserContext(), actor.Scope(), f, p)
	},
		metaKey(func(v domain.User) domain.Meta { return v.Meta }), func(rows []domain.User) ([]userView, error) {
			out := make([]userView, len(rows))
			for i := range rows {
				out[i] = viewUser(actor, rows[i])
			}
			return out, nil
		})
}

type roster struct {
	Hours domain.JSONList[domain.Shift] `json:"hours"`
}

// invited adds the code at sending where it is handed over: it is derived anew
// and never stored.
type invited struct {
	accounts.Invited
	Code string `json:"code,omitempty"`
}

func (a *App) invite(c *fiber.Ctx) error {
	id, err := web.PathID(c, "id", "user")
	if err != nil {
		return err
	}
	in, err := decode[accounts.InviteInput](c)
	if err != nil {
		return err
	}
	call, err := callOf(c, fiber.StatusCreated)
	if err != nil {
		return err
	}
	out, err := a.Service.Accounts.Invite(c.UserContext(), call, id, in)
	if err != nil {
		return err
	}
	if call.Replayed {
		c.Set(web.HeaderReplayed, "true")
		if err := web.DecodeJSON(call.Answer.Body, &out); err != nil {
			return err
		}
	}
	answer := invited{Invited: out}
	if out.ByHand() {
		answer.Code = a.Service.Accounts.InvitationCode(out.ID)
	}
	return c.Status(fiber.StatusCreated).JSON(answer)
}
