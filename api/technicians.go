package api

import (
	"context"
	"encoding/json"

	"github.com/gofiber/fiber/v2"

	"doorstep/api/web"
	"doorstep/domain"
	"doorstep/domain/accounts"
	"doorstep/domain/casework"
	"doorstep/domain/slots"
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
			list := make([]accounts.Skill, len(in.Skills))
			for i, k := range in.Skills {
				list[i] = accounts.Skill(k)
			}
			_, err := svc.Accounts.SetSkills(ctx, call, id, list)
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
	Skills []skill `json:"skills"`
}

type skill struct {
	Category string `json:"category"`
	Level    int    `json:"level"`
}

// UnmarshalJSON takes the category alone as well, which is level 2.
func (k *skill) UnmarshalJSON(b []byte) error {
	k.Level = slots.Able
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &k.Category)
	}
	type plain skill
	return json.Unmarshal(b, (*plain)(k))
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
