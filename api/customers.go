package api

import (
	"context"
	"strings"

	"github.com/gofiber/fiber/v2"

	"doorstep/api/web"
	"doorstep/domain"
	"doorstep/domain/casework"
	"doorstep/domain/safety"
)

func mountCustomers(a *App, s *web.Server) {
	svc, read := a.Service, a.Service.Read

	s.Handle("GET", "/v1/customers", func(c *fiber.Ctx) error {
		f := domain.CustomerFilter{Query: strings.TrimSpace(c.Query("q"))}
		var err error
		if f.Phone, err = a.queryPhone(c, c.Query("phone")); err != nil {
			return err
		}
		if f.QueryPhone, err = a.queryPhone(c, f.Query); err != nil {
			return err
		}
		return listOf(c, func(p domain.Page) ([]domain.Customer, error) {
			return read.Customers(c.UserContext(), actorOf(c).Scope(), f, p)
		}, metaKey(func(v domain.Customer) domain.Meta { return v.Meta }), asIs)
	})
	s.Handle("POST", "/v1/customers", create("/v1/customers", func(ctx context.Context, call *casework.Call, in casework.CustomerInput) error {
		_, err := svc.CreateCustomer(ctx, call, in)
		return err
	}))
	s.Handle("GET", "/v1/customers/{id}", get("customer", func(c *fiber.Ctx, ac domain.Actor, id domain.ID) (*domain.Customer, error) {
		return read.Customer(c.UserContext(), ac.Scope(), id)
	}))
	s.Handle("PATCH", "/v1/customers/{id}", patch("customer", func(ctx context.Context, call *casework.Call, id domain.ID, version int64,
		in casework.CustomerInput) error {
		_, err := svc.PatchCustomer(ctx, call, id, version, in)
		return err
	}))
	s.Handle("POST", "/v1/customers/{id}/merge", byID("customer", "", fiber.StatusOK,
		func(ctx context.Context, call *casework.Call, id domain.ID, in safety.MergeInput) error {
			_, err := svc.Safety.MergeHousehold(ctx, call, id, in)
			return err
		}))
	s.Handle("POST", "/v1/customers/{id}/unmerge", byID("customer", "", fiber.StatusOK,
		func(ctx context.Context, call *casework.Call, id domain.ID, in safety.PartInput) error {
			_, err := svc.Safety.PartHousehold(ctx, call, id, in)
			return err
		}))
	s.Handle("GET", "/v1/appliances", func(c *fiber.Ctx) error {
		customer, err := web.QueryID(c, "customer_id")
		if err != nil {
			return err
		}
		return listOf(c, func(p domain.Page) ([]domain.Appliance, error) {
			return read.Appliances(c.UserContext(), actorOf(c).Scope(), customer, strings.ToUpper(strings.TrimSpace(c.Query("serial"))), p)
		}, metaKey(func(v domain.Appliance) domain.Meta { return v.Meta }), asIs)
	})
	s.Handle("POST", "/v1/appliances", create("/v1/appliances", func(ctx context.Context, call *casework.Call,
		in casework.ApplianceInput) error {
		_, err := svc.CreateAppliance(ctx, call, in)
		return err
	}))
	s.Handle("GET", "/v1/appliances/{id}", get("appliance", func(c *fiber.Ctx, ac domain.Actor, id domain.ID) (*domain.Appliance, error) {
		return read.Appliance(c.UserContext(), ac.Scope(), id)
	}))
	s.Handle("PATCH", "/v1/appliances/{id}", patch("appliance", func(ctx context.Context, call *casework.Call, id domain.ID, version int64,
		in casework.ApplianceInput) error {
		_, err := svc.PatchAppliance(ctx, call, id, version, in)
		return err
	}))
}

// queryPhone reads a number as dialled in the caller's country. What cannot be
// a number finds nothing rather than failing: people search with fragments.
func (a *App) queryPhone(c *fiber.Ctx, raw string) (string, error) {
	raw = strings.TrimSpace(raw)
	if raw == "" {
		return "", nil
	}
	country := "IN"
	actor := actorOf(c)
	if actor.Role.OfCentre() {
		centre, err := a.Service.Read.Centre(c.UserContext(), actor.Scope(), actor.CentreID)
		if err != nil {
			return "", err
		}
		country = centre.Country
	}
	// A "+" that was not percent-encoded arrives as a space and was trimmed.
	for _, try := range []string{raw, "+" + raw} {
		if e164, err := a.Service.ParsePhone(try, country); err == nil {
			return e164, nil
		}
	}
	return raw, nil
}
