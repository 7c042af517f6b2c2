package api

import (
	"context"
	"time"

	"github.com/gofiber/fiber/v2"

	"doorstep/api/web"
	"doorstep/domain"
	"doorstep/domain/casework"
	"doorstep/domain/safety"
)

func mountVisits(a *App, s *web.Server) {
	svc, read := a.Service, a.Service.Read

	s.Handle("GET", "/v1/visits", func(c *fiber.Ctx) error {
		f, err := a.visitFilter(c)
		if err != nil {
			return err
		}
		return listOf(c, func(p domain.Page) ([]domain.Visit, error) {
			return read.Visits(c.UserContext(), actorOf(c).Scope(), f, p)
		}, func(v domain.Visit) (time.Time, domain.ID) { return v.WindowStart, v.ID }, func(rows []domain.Visit) ([]visitItem, error) {
			return a.visitViews(c, rows)
		})
	})
	s.Handle("GET", "/v1/visits/{id}", get("visit", func(c *fiber.Ctx, ac domain.Actor, id domain.ID) (domain.VisitView, error) {
		v, err := read.Visit(c.UserContext(), ac.Scope(), id)
		if err != nil {
			return domain.VisitView{}, err
		}
		views, err := a.visitViews(c, []domain.Visit{*v})
		if err != nil {
			return domain.VisitView{}, err
		}
		return views[0].VisitView, nil
	}))
	s.Handle("PATCH", "/v1/visits/{id}", patch("visit", func(ctx context.Context, call *casework.Call, id domain.ID, version int64,
		in casework.VisitPatch) error {
		_, err := svc.PatchVisit(ctx, call, id, version, in)
		return err
	}))
	s.Handle("POST", "/v1/visits/{id}/assign", byID("visit", "", fiber.StatusOK, func(ctx context.Context, call *casework.Call, id domain.ID,
		in casework.CrewInput) error {
		_, err := svc.Assign(ctx, call, id, in)
		return err
	}))
	s.Handle("POST", "/v1/visits/{id}/confirm", byID("visit", "", fiber.StatusOK, func(ctx context.Context, call *casework.Call, id domain.ID,
		in casework.ConfirmInput) error {
		_, err := svc.Confirm(ctx, call, id, in)
		return err
	}))
	s.Handle("POST", "/v1/visits/{id}/reschedule", byID("visit", "/v1/visits", fiber.StatusCreated,
		func(ctx context.Context, call *casework.Call, id domain.ID, in casework.ScheduleInput) error {
			_, err := svc.Reschedule(ctx, call, id, in)
			return err
		}))
	for action, move := range map[string]func(context.Context, *casework.Call, domain.ID, casework.ReasonInput) (domain.VisitView, error){
		"decline": svc.Decline, "cancel": svc.Cancel, "plan-seen": svc.PlanSeen,
	} {
		s.Handle("POST", "/v1/visits/{id}/"+action, byID("visit", "", fiber.StatusOK, func(ctx context.Context, call *casework.Call, id domain.ID,
			in casework.ReasonInput) error {
			_, err := move(ctx, call, id, in)
			return err
		}))
	}
	s.Handle("POST", "/v1/visits/{id}/opt-out", byID("visit", "", fiber.StatusOK, func(ctx context.Context, call *casework.Call,
		id domain.ID, in safety.OptOutInput) error {
		_, err := svc.Safety.OptOut(ctx, call, id, in)
		return err
	}))
	s.Handle("GET", "/v1/claims", func(c *fiber.Ctx) error {
		return listOf(c, func(p domain.Page) ([]domain.Claim, error) {
			return svc.Read.Claims(c.UserContext(), actorOf(c).Scope(), c.Query("status"), p)
		}, func(v domain.Claim) (time.Time, domain.ID) { return v.RecordedAt, v.ID }, func(rows []domain.Claim) ([]domain.ClaimView, error) {
			type same struct {
				actor domain.ID
				cause string
			}
			alike, out := map[same]int{}, make([]domain.ClaimView, len(rows))
			for i := range rows {
				if rows[i].Status == "open" {
					alike[same{rows[i].ActorID, rows[i].Cause}]++
				}
			}
			for i := range rows {
				if out[i] = rows[i].View(actorOf(c)); rows[i].Status == "open" {
					out[i].Alike = alike[same{rows[i].ActorID, rows[i].Cause}] - 1
				}
			}
			return out, nil
		})
	})
	s.Handle("POST", "/v1/claims/{id}/decide", byID("claim", "", fiber.StatusOK, func(ctx context.Context, call *casework.Call, id domain.ID,
		in casework.ClaimDecision) error {
		_, err := casework.DecideClaim(ctx, svc.Service, call, id, in)
		return err
	}))
	s.Handle("POST", "/v1/visits/{id}/take-back", byID("visit", "", fiber.StatusOK, func(ctx context.Context, call *casework.Call,
		id domain.ID,
		in casework.TakeBackInput) error {
		_, err := svc.TakeBack(ctx, call, id, in)
		return err
	}))
	for _, action := range []string{"en-route", "arrive", "start", "complete", "partial", "no-access"} {
		s.Handle("POST", "/v1/visits/{id}/"+action, byID("visit", "", fiber.StatusOK, func(ctx context.Context, call *casework.Call, id domain.ID,
			in casework.MoveInput) error {
			_, err := svc.Advance(ctx, call, id, action, in)
			return err
		}))
	}
}

// visitFilter reads the query. A date is a day in the zone of the centre that
// is asked for, else of the caller's, else of the technician's.
func (a *App) visitFilter(c *fiber.Ctx) (domain.VisitFilter, error) {
	var f domain.VisitFilter
	var err error
	if f.TechnicianID, err = web.QueryID(c, "technician_id"); err != nil {
		return f, err
	}
	if f.CentreID, err = web.QueryID(c, "centre_id"); err != nil {
		return f, err
	}
	if f.JobID, err = web.QueryID(c, "job_id"); err != nil {
		return f, err
	}
	if st := c.Query("status"); st != "" {
		f.Status = []domain.VisitStatus{domain.VisitStatus(st)}
	}
	raw := c.Query("date")
	if raw == "" {
		return f, nil
	}
	actor := actorOf(c)
	loc := time.UTC
	centre := f.CentreID
	if centre == nil && actor.Role.OfCentre() {
		centre = &actor.CentreID
	}
	if centre == nil && f.TechnicianID != nil {
		if u, err := a.Service.Read.User(c.UserContext(), actor.Scope(), *f.TechnicianID); err == nil {
			centre = u.CentreID
		}
	}
	if centre == nil {
	} else if zone, own := zoneOf(c, *centre); own {
		loc = zone
	} else {
		v, err := a.Service.Read.Centre(c.UserContext(), actor.Scope(), *centre)
		switch {
		case err == nil:
			loc = v.Location()
		case domainKind(err) != domain.KindNotFound: // a foreign centre's day is simply empty
			return f, err
		}
	}
	day, err := time.ParseInLocation("2006-01-02", raw, loc)
	if err != nil {
		return f, web.Malformed("#/query/date", "must be a date (YYYY-MM-DD)")
	}
	from, to := day.UTC(), day.AddDate(0, 0, 1).UTC()
	f.From, f.To = &from, &to
	return f, nil
}

func (a *App) visitViews(c *fiber.Ctx, rows []domain.Visit) ([]visitItem, error) {
	holds, plans, err := a.Service.Read.HoldsOfVisits(c.UserContext(), rows)
	if err != nil {
		return nil, err
	}
	actor, now, facts := actorOf(c), a.Service.Now(), map[domain.ID]domain.PlanFacts{}
	if actor.Role == domain.RoleTechnician { // only the moves of a crew ask for them
		if facts, err = a.Service.Read.PlanFacts(c.UserContext(), rows, plans); err != nil {
			return nil, err
		}
	}
	out := make([]visitItem, len(rows))
	for i := range rows {
		id := rows[i].ID
		v := rows[i].Shown(holds[id])
		actions := facts[id].Withhold(&v, plans[id], domain.VisitActions(actor, &v, holds[id], plans[id], facts[id].Zone(), now), now)
		out[i] = visitItem{domain.VisitView{Visit: v, Plan: plans[id], Actions: actions}}
	}
	return out, nil
}
