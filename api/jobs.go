package api

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"doorstep/api/web"
	"doorstep/domain"
	"doorstep/domain/casework"
	"doorstep/domain/safety"
)

func mountJobs(a *App, s *web.Server) {
	svc, read := a.Service, a.Service.Read

	s.Handle("GET", "/v1/jobs", func(c *fiber.Ctx) error {
		f := domain.JobFilter{ExternalRef: strings.TrimSpace(c.Query("external_ref")),
			Serial: strings.ToUpper(strings.TrimSpace(c.Query("serial"))),
			Hold:   c.Query("hold"), Reachability: c.Query("reachability")}
		if st := c.Query("status"); st != "" {
			f.Status = []domain.JobStatus{domain.JobStatus(st)}
		}
		var err error
		if f.CentreID, err = web.QueryID(c, "centre_id"); err != nil {
			return err
		}
		if f.CustomerID, err = web.QueryID(c, "customer_id"); err != nil {
			return err
		}
		if f.Phone, err = a.queryPhone(c, c.Query("phone")); err != nil {
			return err
		}
		return listOf(c, func(p domain.Page) ([]domain.Job, error) {
			return read.Jobs(c.UserContext(), actorOf(c).Scope(), f, p)
		}, func(v domain.Job) (time.Time, domain.ID) { return v.OpenedAt, v.ID }, func(rows []domain.Job) ([]domain.JobView, error) {
			return a.jobViews(c, rows)
		})
	})
	s.Handle("POST", "/v1/jobs", create("/v1/jobs", func(ctx context.Context, call *casework.Call, in casework.JobInput) error {
		_, err := svc.CreateJob(ctx, call, in)
		return err
	}))
	s.Handle("GET", "/v1/jobs/{id}", get("job", func(c *fiber.Ctx, ac domain.Actor, id domain.ID) (domain.JobView, error) {
		j, err := read.Job(c.UserContext(), ac.Scope(), id)
		if err != nil {
			return domain.JobView{}, err
		}
		views, err := a.jobViews(c, []domain.Job{*j})
		if err != nil {
			return domain.JobView{}, err
		}
		return views[0], nil
	}))
	s.Handle("PATCH", "/v1/jobs/{id}", patch("job", func(ctx context.Context, call *casework.Call, id domain.ID, version int64,
		in casework.JobInput) error {
		_, err := svc.PatchJob(ctx, call, id, version, in)
		return err
	}))
	s.Handle("POST", "/v1/jobs/{id}/visits", byID("job", "/v1/visits", fiber.StatusCreated,
		func(ctx context.Context, call *casework.Call, id domain.ID, in casework.ScheduleInput) error {
			_, err := svc.Schedule(ctx, call, id, in)
			return err
		}))
	for action, move := range map[string]func(context.Context, *casework.Call, domain.ID, casework.JobMoveInput) (domain.JobView, error){
		"cancel": svc.CancelJob, "close": svc.Close, "reopen": svc.Reopen, "hold": svc.HoldJob, "release": svc.ReleaseJob,
		"transfer": svc.Transfer,
	} {
		s.Handle("POST", "/v1/jobs/{id}/"+action, byID("job", "", fiber.StatusOK, func(ctx context.Context, call *casework.Call, id domain.ID,
			in casework.JobMoveInput) error {
			_, err := move(ctx, call, id, in)
			return err
		}))
	}
	s.Handle("POST", "/v1/jobs/{id}/safety-release", byID("job", "", fiber.StatusOK, func(ctx context.Context, call *casework.Call,
		id domain.ID,
		in safety.ReleaseInput) error {
		_, err := svc.Safety.SafetyRelease(ctx, call, id, in)
		return err
	}))
	s.Handle("GET", "/v1/jobs/{id}/timeline", a.timeline)
	s.Handle("GET", "/v1/jobs/{id}/link", func(c *fiber.Ctx) error {
		id, err := web.PathID(c, "id", "job")
		if err != nil {
			return err
		}
		l, err := svc.Customers.Share(c.UserContext(), actorOf(c), id)
		if err != nil {
			return err
		}
		return c.JSON(l)
	})
	s.Handle("POST", "/v1/jobs/{id}/link/send", func(c *fiber.Ctx) error {
		id, err := web.PathID(c, "id", "job")
		if err != nil {
			return err
		}
		return write(c, fiber.StatusOK, "", func(ctx context.Context, call *casework.Call) error {
			_, err := svc.Customers.Send(ctx, call, id)
			return err
		})
	})
}

func (a *App) jobViews(c *fiber.Ctx, rows []domain.Job) ([]domain.JobView, error) {
	holds, plans, err := a.Service.Read.HoldsOfJobs(c.UserContext(), rows)
	if err != nil {
		return nil, err
	}
	actor, now := actorOf(c), a.Service.Now()
	out := make([]domain.JobView, len(rows))
	for i := range rows {
		out[i] = casework.NewJobListView(actor, &rows[i], holds[rows[i].ID], plans[rows[i].ID], now)
	}
	return out, nil
}

// entryView is an entry as it is sent: a payload is always an object.
type entryView struct {
	domain.Entry
	Payload json.RawMessage `json:"payload"`
}

func (a *App) timeline(c *fiber.Ctx) error {
	id, err := web.PathID(c, "id", "job")
	if err != nil {
		return err
	}
	limit, err := web.Limit(c)
	if err != nil {
		return err
	}
	var after struct {
		Seq int64 `json:"s"`
	}
	if raw := c.Query("cursor"); raw != "" {
		if err := web.DecodeCursor(raw, &after); err != nil {
			return err
		}
	}
	if _, err := a.Service.Read.Job(c.UserContext(), actorOf(c).Scope(), id); err != nil {
		return err
	}
	rows, err := a.Service.Read.Timeline(c.UserContext(), actorOf(c).Scope(), id, after.Seq, limit+1)
	if err != nil {
		return err
	}
	next := ""
	if len(rows) > limit {
		rows = rows[:limit]
		after.Seq = rows[limit-1].Seq
		next = web.EncodeCursor(after)
	}
	out := make([]entryView, len(rows))
	for i, f := range rows {
		out[i] = entryView{f, json.RawMessage(f.Payload)}
		if len(f.Salt) == 0 || len(f.Payload) == 0 { // erased
			out[i].Payload = json.RawMessage("{}")
		}
	}
	return web.List(c, out, next)
}
