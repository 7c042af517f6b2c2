package api

import (
	"context"
	"time"

	"github.com/gofiber/fiber/v2"

	"doorstep/api/web"
	"doorstep/domain"
)

func metaKey[T any](meta func(T) domain.Meta) func(T) (time.Time, domain.ID) {
	return func(v T) (time.Time, domain.ID) { m := meta(v); return m.CreatedAt, m.ID }
}

func (a *App) mountPeople(s *web.Server) {
	svc, read := a.Service, a.Service.Read

	s.Handle("GET", "/v1/areas", func(c *fiber.Ctx) error {
		return listOf(c, func(p domain.Page) ([]domain.Area, error) { return read.Areas(c.UserContext(), actorOf(c).Scope(), p) },
			metaKey(func(v domain.Area) domain.Meta { return v.Meta }), asIs)
	})
	s.Handle("POST", "/v1/areas", create("/v1/areas", func(ctx context.Context, call *domain.Call, in domain.AreaInput) error {
		_, err := svc.CreateArea(ctx, call, in)
		return err
	}))
	s.Handle("GET", "/v1/areas/{id}", get("area", func(c *fiber.Ctx, ac domain.Actor, id domain.ID) (*domain.Area, error) {
		return read.Area(c.UserContext(), ac.Scope(), id)
	}))
	s.Handle("PATCH", "/v1/areas/{id}", patch("area", func(ctx context.Context, call *domain.Call, id domain.ID, version int64,
		in domain.AreaInput) error {
		if _, err := read.Area(ctx, call.Actor.Scope(), id); err != nil {
			return err
		}
		_, err := svc.PatchArea(ctx, call, id, version, in)
		return err
	}))

	s.Handle("GET", "/v1/centres", func(c *fiber.Ctx) error {
		return listOf(c, func(p domain.Page) ([]domain.Centre, error) {
			return read.Centres(c.UserContext(), actorOf(c).Scope(), p)
		},
			metaKey(func(v domain.Centre) domain.Meta { return v.Meta }), asIs)
	})
	s.Handle("POST", "/v1/centres", create("/v1/centres", func(ctx context.Context, call *domain.Call, in domain.CentreInput) error {
		_, err := svc.CreateCentre(ctx, call, in)
		return err
	}))
	s.Handle("GET", "/v1/centres/{id}", get("centre", func(c *fiber.Ctx, ac domain.Actor, id domain.ID) (*domain.Centre, error) {
		return read.Centre(c.UserContext(), ac.Scope(), id)
	}))
	s.Handle("PATCH", "/v1/centres/{id}", patch("centre", func(ctx context.Context, call *domain.Call, id domain.ID, version int64,
		in domain.CentreInput) error {
		_, err := svc.PatchCentre(ctx, call, id, version, in)
		a.forgetAll() // its zone may be another one
		return err
	}))
	s.Handle("PUT", "/v1/centres/{id}/policy", byID("centre", "", fiber.StatusOK, func(ctx context.Context, call *domain.Call, id domain.ID,
		in policyPut) error {
		_, err := svc.PutPolicy(ctx, call, &id, in.Rules, in.EffectiveFrom)
		return err
	}))
	s.Handle("POST", "/v1/centres/{id}/disruption", byID("centre", "", fiber.StatusCreated,
		func(ctx context.Context, call *domain.Call, id domain.ID, in domain.DisruptionInput) error {
			_, err := svc.Disrupt(ctx, call, id, in)
			return err
		}))

	users := func(c *fiber.Ctx, f domain.UserFilter) error {
		a := actorOf(c)
		return listOf(c, func(p domain.Page) ([]domain.User, error) { return read.Users(c.UserContext(), a.Scope(), f, p) },
			metaKey(func(v domain.User) domain.Meta { return v.Meta }), func(rows []domain.User) ([]domain.UserView, error) {
				out := make([]domain.UserView, len(rows))
				for i := range rows {
					out[i] = rows[i].ShownTo(a)
				}
				return out, nil
			})
	}
	s.Handle("GET", "/v1/users", func(c *fiber.Ctx) error {
		f := domain.UserFilter{Role: domain.Role(c.Query("role"))}
		var err error
		if f.CentreID, err = web.QueryID(c, "centre_id"); err != nil {
			return err
		}
		if f.AreaID, err = web.QueryID(c, "area_id"); err != nil {
			return err
		}
		return users(c, f)
	})
	s.Handle("POST", "/v1/users", create("/v1/users", func(ctx context.Context, call *domain.Call, in domain.UserInput) error {
		_, err := svc.CreateUser(ctx, call, in)
		return err
	}))
	s.Handle("GET", "/v1/users/{id}", get("user", func(c *fiber.Ctx, ac domain.Actor, id domain.ID) (domain.UserView, error) {
		u, err := read.User(c.UserContext(), ac.Scope(), id)
		if err != nil {
			return domain.UserView{}, err
		}
		return u.ShownTo(ac), nil
	}))
	s.Handle("PATCH", "/v1/users/{id}", patch("user", func(ctx context.Context, call *domain.Call, id domain.ID, version int64,
		in domain.UserInput) error {
		_, err := svc.PatchUser(ctx, call, id, version, in)
		a.forgetAll() // a deputy may see more or less now
		return err
	}))
	s.Handle("POST", "/v1/users/{id}/invite", a.invite)
	s.Handle("GET", "/v1/users/{id}/invitations", func(c *fiber.Ctx) error {
		id, err := web.PathID(c, "id", "user")
		if err != nil {
			return err
		}
		rows, err := svc.Invitations(c.UserContext(), actorOf(c), id)
		if err != nil {
			return err
		}
		return web.List(c, rows, "")
	})

	s.Handle("GET", "/v1/technicians", func(c *fiber.Ctx) error {
		f := domain.UserFilter{Role: domain.RoleTechnician, Skill: c.Query("skill")}
		var err error
		if f.CentreID, err = web.QueryID(c, "centre_id"); err != nil {
			return err
		}
		return users(c, f)
	})
	technician := func(c *fiber.Ctx) (*domain.User, error) {
		id, err := web.PathID(c, "id", "technician")
		if err != nil {
			return nil, err
		}
		u, err := read.User(c.UserContext(), actorOf(c).Scope(), id)
		if err == nil && u.Role != domain.RoleTechnician {
			err = domain.NotFound("technician")
		}
		return u, err
	}
	type hours struct {
		Hours      domain.JSONList[domain.Shift]     `json:"hours"`
		Exceptions *domain.JSONList[domain.DayHours] `json:"exceptions,omitempty"`
		// MaxVisitsPerDay 0 takes the bound away.
		MaxVisitsPerDay *int `json:"max_visits_per_day"`
	}
	type roster struct {
		Hours domain.JSONList[domain.Shift] `json:"hours"`
	}
	type skills struct {
		Skills domain.JSONList[string] `json:"skills"`
		Levels domain.Levels           `json:"skill_levels"`
	}
	type skillsPut struct {
		Skills []domain.Skill `json:"skills"`
	}
	s.Handle("GET", "/v1/technicians/{id}/hours", func(c *fiber.Ctx) error {
		u, err := technician(c)
		if err != nil {
			return err
		}
		return web.JSON(c, fiber.StatusOK, hours{u.Hours, &u.Exceptions, u.MaxVisitsPerDay}, u.Version)
	})
	s.Handle("PUT", "/v1/technicians/{id}/hours", byID("technician", "", fiber.StatusOK,
		func(ctx context.Context, call *domain.Call, id domain.ID, in hours) error {
			_, err := svc.SetHours(ctx, call, id, in.Hours, in.Exceptions, in.MaxVisitsPerDay)
			return err
		}))
	s.Handle("GET", "/v1/technicians/{id}/skills", func(c *fiber.Ctx) error {
		u, err := technician(c)
		if err != nil {
			return err
		}
		return web.JSON(c, fiber.StatusOK, skills{u.Skills, u.AllLevels()}, u.Version)
	})
	s.Handle("PUT", "/v1/technicians/{id}/skills", byID("technician", "", fiber.StatusOK,
		func(ctx context.Context, call *domain.Call, id domain.ID, in skillsPut) error {
			_, err := svc.SetSkills(ctx, call, id, in.Skills)
			return err
		}))
	s.Handle("PUT", "/v1/me/quiet", func(c *fiber.Ctx) error {
		in, err := decode[domain.QuietInput](c)
		if err != nil {
			return err
		}
		return write(c, fiber.StatusOK, "", func(ctx context.Context, call *domain.Call) error {
			_, err := svc.SetQuiet(ctx, call, in)
			return err
		})
	})
	s.Handle("PUT", "/v1/users/{id}/roster", byID("user", "", fiber.StatusOK, func(ctx context.Context, call *domain.Call, id domain.ID,
		in roster) error {
		_, err := svc.SetRoster(ctx, call, id, in.Hours)
		return err
	}))
}
