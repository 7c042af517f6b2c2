package api

import (
	"context"

	"github.com/gofiber/fiber/v2"

	"doorstep/api/web"
	"doorstep/domain"
	"doorstep/domain/casework"
)

func mountMaintenance(a *App, s *web.Server) {
	svc, read := a.Service, a.Service.Read

	s.Handle("POST", "/v1/maintenance", create("/v1/maintenance",
		func(ctx context.Context, call *casework.Call, in casework.MaintenanceInput) error {
			_, err := svc.CreateMaintenance(ctx, call, in)
			return err
		}))
	s.Handle("POST", "/v1/maintenance/preview", func(c *fiber.Ctx) error {
		in, err := decode[casework.MaintenanceInput](c)
		if err != nil {
			return err
		}
		call, err := callOf(c, fiber.StatusOK)
		if err != nil {
			return err
		}
		out, err := svc.PreviewMaintenance(c.UserContext(), call, in)
		if err != nil {
			return err
		}
		return c.JSON(out)
	})
	// shown adds the dates ahead; centres are read once.
	shown := func(c *fiber.Ctx, list []domain.Maintenance) ([]domain.MaintenanceView, error) {
		centres, out := map[domain.ID]*domain.Centre{}, make([]domain.MaintenanceView, len(list))
		for i := range list {
			m := &list[i]
			centre, ok := centres[m.CentreID]
			if !ok {
				var err error
				if centre, err = read.Centre(c.UserContext(), domain.Scope{All: true}, m.CentreID); err != nil {
					return nil, err
				}
				centres[m.CentreID] = centre
			}
			var err error
			if out[i], err = casework.MaintenanceView(svc.Service, m, centre, svc.Instant()); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	s.Handle("GET", "/v1/maintenance", func(c *fiber.Ctx) error {
		if actorOf(c).Role == domain.RoleTechnician {
			return domain.Fail(domain.CodeForbidden, "Maintenance is the desk's to arrange.")
		}
		f := domain.MaintenanceFilter{Status: c.Query("status")}
		var err error
		if f.CustomerID, err = web.QueryID(c, "customer_id"); err != nil {
			return err
		}
		return listOf(c, func(p domain.Page) ([]domain.Maintenance, error) {
			return read.Maintenances(c.UserContext(), actorOf(c).Scope(), f, p)
		}, metaKey(func(v domain.Maintenance) domain.Meta { return v.Meta }), func(rows []domain.Maintenance) ([]domain.MaintenanceView, error) {
			return shown(c, rows)
		})
	})
	s.Handle("GET", "/v1/maintenance/{id}", get("maintenance", func(c *fiber.Ctx, ac domain.Actor,
		id domain.ID) (*domain.MaintenanceView, error) {
		if ac.Role == domain.RoleTechnician {
			return nil, domain.NotFound("maintenance")
		}
		m, err := read.Maintenance(c.UserContext(), ac.Scope(), id)
		if err != nil {
			return nil, err
		}
		views, err := shown(c, []domain.Maintenance{*m})
		if err != nil {
			return nil, err
		}
		return &views[0], nil
	}))
	s.Handle("PATCH", "/v1/maintenance/{id}", patch("maintenance", func(ctx context.Context, call *casework.Call, id domain.ID, version int64,
		in casework.MaintenanceInput) error {
		_, err := svc.PatchMaintenance(ctx, call, id, version, in)
		return err
	}))
	s.Handle("POST", "/v1/maintenance/{id}/end", byID("maintenance", "", fiber.StatusOK,
		func(ctx context.Context, call *casework.Call, id domain.ID, in casework.ReasonInput) error {
			_, err := svc.EndMaintenance(ctx, call, id, in)
			return err
		}))
}
