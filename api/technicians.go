package api

import (
	"context"

	"github.com/gofiber/fiber/v2"

	"doorstep/api/web"
	"doorstep/domain"
	"doorstep/domain/accounts"
	"doorstep/domain/casework"
)

func mountTechnicians(a *App, s *web.Server) {
	svc := a.Service

	s.Handle("GET", "/v1/technicians", func(c *fiber.Ctx) error {
		f := domain.UserFilter{Role: domain.RoleTechnician, Skill: c.Query("skill")}
		var err error
		if f.CentreID, err = web.QueryID(c, "centre_id"); err != nil {
			return err
		}
		return a.listUsers(c, f)
	})
	s.Handle("GET", "/v1/technicians/{id}/hours", func(c *fiber.Ctx) error {
		u, err := a.technician(c)
		if err != nil {
			return err
		}
		return web.JSON(c, fiber.StatusOK, hours{u.Hours, &u.Exceptions, u.MaxVisitsPerDay}, u.Version)
	})
	s.Handle("PUT", "/v1/technicians/{id}/hours", byID("technician", "", fiber.StatusOK,
		func(ctx context.Context, call *casework.Call, id domain.ID, in hours) error {
			_, err := svc.Accounts.SetHours(ctx, call, id, in.Hours, in.Exceptions, in.MaxVisitsPerDay)
			return err
		}))
	s.Handle("GET", "/v1/technicians/{id}/skills", func(c *fiber.Ctx) error {
		u, err := a.technician(c)
		if err != nil {
			return err
		}
		return web.JSON(c, fiber.StatusOK, skills{u.Skills, u.AllLevels()}, u.Version)
	})
	s.Handle("PUT", "/v1/technicians/{id}/skills", byID("technician", "", fiber.StatusOK,
		func(ctx context.Context, call *casework.Call, id domain.ID, in skillsPut) error {
			_, err := svc.Accounts.SetSkills(ctx, call, id, in.Skills)
			return err
		}))
}

type hours struct {
	Hours      domain.JSONList[domain.Shift]     `json:"hours"`
	Exceptions *domain.JSONList[domain.DayHours] `json:"exceptions,omitempty"`
	// MaxVisitsPerDay 0 takes the bound away.
	MaxVisitsPerDay *int `json:"max_visits_per_day"`
}

type skills struct {
	Skills domain.JSONList[string] `json:"skills"`
	Levels domain.Levels           `json:"skill_levels"`
}

type skillsPut struct {
	Skills []accounts.Skill `json:"skills"`
}

// technician reads the one of the address.
func (a *App) technician(c *fiber.Ctx) (*domain.User, error) {
	id, err := web.PathID(c, "id", "technician")
	if err != nil {
		return nil, err
	}
	u, err := a.Service.Read.User(c.UserContext(), actorOf(c).Scope(), id)
	if err == nil && u.Role != domain.RoleTechnician {
		err = domain.NotFound("technician")
	}
	return u, err
}
