package api

import (
	"context"
	"time"

	"github.com/gofiber/fiber/v2"

	"doorstep/api/web"
	"doorstep/domain"
	"doorstep/domain/alarm"
	"doorstep/domain/casework"
)

func mountTimers(a *App, s *web.Server) {
	svc, read := a.Service, a.Service.Read

	for _, action := range []string{"extend", "fine", "end"} {
		s.Handle("POST", "/v1/visits/{id}/timer/"+action, func(c *fiber.Ctx) error {
			id, err := web.PathID(c, "id", "visit")
			if err != nil {
				return err
			}
			in, err := decode[alarm.TimerInput](c)
			if err != nil {
				return err
			}
			if err := a.checkCode(c, &id, in.Code); err != nil {
				return err
			}
			return write(c, fiber.StatusOK, "", func(ctx context.Context, call *casework.Call) error {
				_, err := svc.Alarm.AnswerTimer(ctx, call, id, action, in)
				return err
			})
		})
	}
	s.Handle("POST", "/v1/visits/{id}/timer/spoken", byID("visit", "", fiber.StatusOK,
		func(ctx context.Context, call *casework.Call, id domain.ID, in alarm.SpokenInput) error {
			_, err := svc.Alarm.SpokeWith(ctx, call, id, in)
			return err
		}))
	s.Handle("GET", "/v1/visits/{id}/timer", func(c *fiber.Ctx) error {
		id, err := web.PathID(c, "id", "visit")
		if err != nil {
			return err
		}
		rows, err := read.Timers(c.UserContext(), actorOf(c).Scope(), id)
		if err != nil {
			return err
		}
		out := make([]domain.TimerView, len(rows))
		for i := range rows {
			out[i] = rows[i].View(actorOf(c))
		}
		return web.List(c, out, "")
	})
	for _, way := range []struct {
		method, path string
		do           func(context.Context, *casework.Call, alarm.HomeSafeInput) (domain.HomeSafeView, error)
	}{{"PUT", "/v1/me/home-safe", svc.Alarm.AskHomeSafe}, {"POST", "/v1/me/home-safe/done", svc.Alarm.HomeSafeDone}} {
		s.Handle(way.method, way.path, func(c *fiber.Ctx) error {
			in, err := decode[alarm.HomeSafeInput](c)
			if err != nil {
				return err
			}
			if err := a.checkCode(c, nil, in.Code); err != nil {
				return err
			}
			return write(c, fiber.StatusOK, "", func(ctx context.Context, call *casework.Call) error {
				_, err := way.do(ctx, call, in)
				return err
			})
		})
	}
	s.Handle("POST", "/v1/users/{id}/home-safe/spoken", byID("user", "", fiber.StatusOK,
		func(ctx context.Context, call *casework.Call, id domain.ID, in alarm.HomeSafeSpoken) error {
			_, err := svc.Alarm.SpokeAtHome(ctx, call, id, in)
			return err
		}))
	s.Handle("DELETE", "/v1/drills/{id}", func(c *fiber.Ctx) error {
		id, err := web.PathID(c, "id", "drill")
		if err != nil {
			return err
		}
		call, err := callOf(c, fiber.StatusNoContent)
		if err == nil {
			err = svc.Alarm.CancelDrill(c.UserContext(), call, id)
		}
		if err != nil {
			return err
		}
		return c.SendStatus(fiber.StatusNoContent)
	})
	s.Handle("POST", "/v1/centres/{id}/drills", byID("centre", "", fiber.StatusCreated,
		func(ctx context.Context, call *casework.Call, id domain.ID, in alarm.DrillInput) error {
			_, err := svc.Alarm.PlanDrill(ctx, call, id, in)
			return err
		}))
	s.Handle("GET", "/v1/centres/{id}/drills", func(c *fiber.Ctx) error {
		id, err := web.PathID(c, "id", "centre")
		if err != nil {
			return err
		}
		if _, err := read.Centre(c.UserContext(), actorOf(c).Scope(), id); err != nil {
			return err
		}
		if r := actorOf(c).Role; !actorOf(c).Is(domain.RoleProprietor, domain.RoleAreaManager, domain.RoleAdmin) {
			return domain.Fail(domain.CodeForbidden, "As %s you may not read how drills went.", domain.RoleWords(r))
		}
		return listOf(c, func(p domain.Page) ([]domain.Drill, error) { return read.Drills(c.UserContext(), id, p) },
			func(d domain.Drill) (time.Time, domain.ID) { return d.CreatedAt, d.ID }, asIs)
	})
	s.Handle("POST", "/v1/me/drills/{id}/heard", byID("drill", "", fiber.StatusOK,
		func(ctx context.Context, call *casework.Call, id domain.ID, in alarm.DrillHeard) error {
			_, err := svc.Alarm.HearDrill(ctx, call, id, in)
			return err
		}))
	s.Handle("POST", "/v1/me/home-safe/not-ok", func(c *fiber.Ctx) error {
		return raise(c, func(call *casework.Call, in alarm.SOSInput) error {
			_, err := svc.Alarm.HomeSafeNotOK(c.UserContext(), call, in)
			return err
		})
	})
	s.Handle("GET", "/v1/me/home-safe", func(c *fiber.Ctx) error {
		h, err := read.HomeSafe(c.UserContext(), actorOf(c).UserID)
		if err != nil {
			return err
		}
		return web.JSON(c, fiber.StatusOK, h.View(), h.Version)
	})
	s.Handle("PUT", "/v1/me/codes", func(c *fiber.Ctx) error {
		in, err := decode[alarm.CodesInput](c)
		if err != nil {
			return err
		}
		if err := a.guessed(c, func() (err error) {
			in.Keep, err = a.Service.Alarm.CheckPresent(c.UserContext(), actorOf(c), in.Present)
			return err
		}); err != nil {
			return err
		}
		return write(c, fiber.StatusOK, "", func(ctx context.Context, call *casework.Call) error {
			_, err := svc.Alarm.SetCodes(ctx, call, in)
			return err
		})
	})
}

// checkCode compares the code of a timer.
func (a *App) checkCode(c *fiber.Ctx, visit *domain.ID, code string) error {
	return a.guessed(c, func() error { return a.Service.Alarm.CheckCode(c.UserContext(), actorOf(c), visit, code) })
}

// guessed slows down guessing of codes, wherever they are asked for; the duress
// code is heard all the same.
func (a *App) guessed(c *fiber.Ctx, check func() error) error {
	done, late := a.Service.Accounts.BeginTry(c.UserContext(), a.try(c, trySignIn, "code of "+actorOf(c).UserID.String()))
	err := check()
	if late != nil {
		return late
	}
	done(!domain.IsCode(err, domain.CodeUnprocessable))
	return err
}
