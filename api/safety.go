package api

import (
	"context"
	"regexp"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"doorstep/api/web"
	"doorstep/domain"
	"doorstep/domain/ladder"
)

// stopBody is read leniently: nothing in it can refuse a stop.
type stopBody struct {
	OccurredAt string `json:"occurred_at"`
	Note       string `json:"note"`
	Kind       string `json:"kind"`
	Level      *int   `json:"level"`
}

// sosBody is read leniently: nothing in it can refuse an SOS.
type sosBody struct {
	ID         string   `json:"id"`
	VisitID    string   `json:"visit_id"`
	Note       string   `json:"note"`
	Lat        *float64 `json:"lat"`
	Lon        *float64 `json:"lon"`
	Avoid      anyIDs   `json:"avoid"`
	OccurredAt string   `json:"occurred_at"`
}

// acknowledgeBody is read leniently: nothing in it can keep an alarm ringing.
type acknowledgeBody struct {
	Note       string `json:"note"`
	OccurredAt string `json:"occurred_at"`
}

func (b *sosBody) input() domain.SOSInput {
	in := domain.SOSInput{Note: b.Note, OccurredAt: b.OccurredAt}
	if r := []rune(in.Note); len(r) > 2000 {
		in.Note = string(r[:2000])
	}
	read := func(raw string) *domain.ID {
		if id, err := uuid.Parse(raw); err == nil && id != (domain.ID{}) {
			return &id
		}
		return nil
	}
	in.ID, in.VisitID = read(b.ID), read(b.VisitID)
	if b.Lat != nil && b.Lon != nil && *b.Lat >= -90 && *b.Lat <= 90 && *b.Lon >= -180 && *b.Lon <= 180 {
		in.Lat, in.Lon = b.Lat, b.Lon
	}
	for i, id := range b.Avoid {
		if i < 20 {
			in.Avoid = append(in.Avoid, id)
		}
	}
	return in
}

// anyIDs takes every id that it finds: whom an SOS must not reach does not
// depend on what else stands there.
type anyIDs []domain.ID

// UnmarshalJSON never fails.
func (l *anyIDs) UnmarshalJSON(b []byte) error {
	for _, raw := range idForm.FindAll(b, 100) {
		if id, err := uuid.ParseBytes(raw); err == nil && id != (domain.ID{}) {
			*l = append(*l, id)
		}
	}
	return nil
}

var idForm = regexp.MustCompile(`[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}`)

func (a *App) mountSOS(s *web.Server) {
	svc, read := a.Service, a.Service.Read

	s.Handle("POST", "/v1/sos", func(c *fiber.Ctx) error {
		var body sosBody
		web.DecodeLenient(c, &body)
		call := &domain.Call{Actor: actorOf(c), Status: fiber.StatusCreated}
		if sent, ok, err := web.SentAt(c); ok && err == nil {
			call.SentAt = &sent
		}
		if _, err := svc.RaiseSOS(c.UserContext(), call, body.input()); err != nil {
			return err
		}
		return sendAnswer(c, call, "/v1/sos")
	})
	s.Handle("GET", "/v1/sos", func(c *fiber.Ctx) error {
		return listOf(c, func(p domain.Page) ([]domain.SOS, error) {
			return read.SOSs(c.UserContext(), actorOf(c), c.Query("status") == "open", p)
		}, func(v domain.SOS) (time.Time, domain.ID) { return v.CreatedAt, v.ID }, func(rows []domain.SOS) ([]domain.SOSView, error) {
			return svc.ViewSOSs(c.UserContext(), actorOf(c), rows...)
		})
	})
	s.Handle("GET", "/v1/sos/{id}", get("SOS", func(c *fiber.Ctx, ac domain.Actor, id domain.ID) (domain.SOSView, error) {
		x, err := read.SOS(c.UserContext(), ac, id)
		if err != nil {
			return domain.SOSView{}, err
		}
		out, err := svc.ViewSOSs(c.UserContext(), ac, *x)
		if err != nil {
			return domain.SOSView{}, err
		}
		return out[0], nil
	}))
	for _, action := range []string{"extend", "fine", "end"} {
		s.Handle("POST", "/v1/visits/{id}/timer/"+action, func(c *fiber.Ctx) error {
			id, err := web.PathID(c, "id", "visit")
			if err != nil {
				return err
			}
			in, err := decode[domain.TimerInput](c)
			if err != nil {
				return err
			}
			if err := a.checkCode(c, id, in.Code); err != nil {
				return err
			}
			return write(c, fiber.StatusOK, "", func(ctx context.Context, call *domain.Call) error {
				_, err := svc.AnswerTimer(ctx, call, id, action, in)
				return err
			})
		})
	}
	s.Handle("POST", "/v1/visits/{id}/timer/spoken", byID("visit", "", fiber.StatusOK,
		func(ctx context.Context, call *domain.Call, id domain.ID, in domain.SpokenInput) error {
			_, err := svc.SpokeWith(ctx, call, id, in)
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
	s.Handle("PUT", "/v1/me/codes", func(c *fiber.Ctx) error {
		in, err := decode[domain.CodesInput](c)
		if err != nil {
			return err
		}
		if err := a.guessed(c, func() (err error) {
			in.Keep, err = a.Service.CheckPresent(c.UserContext(), actorOf(c), in.Present)
			return err
		}); err != nil {
			return err
		}
		return write(c, fiber.StatusOK, "", func(ctx context.Context, call *domain.Call) error {
			_, err := svc.SetCodes(ctx, call, in)
			return err
		})
	})
	s.Handle("POST", "/v1/sos/{id}/acknowledge", func(c *fiber.Ctx) error {
		id, err := web.PathID(c, "id", "SOS")
		if err != nil {
			return err
		}
		// As with stop and SOS: nothing that a phone sends may keep it ringing.
		var body acknowledgeBody
		web.DecodeLenient(c, &body)
		call := &domain.Call{Actor: actorOf(c), Status: fiber.StatusOK}
		if sent, ok, err := web.SentAt(c); ok && err == nil {
			call.SentAt = &sent
		}
		if r := []rune(body.Note); len(r) > 2000 {
			body.Note = string(r[:2000])
		}
		in := domain.SOSAnswer{Note: body.Note, OccurredAt: body.OccurredAt}
		if _, err := svc.AnswerSOS(c.UserContext(), call, id, "acknowledge", in); err != nil {
			return err
		}
		return sendAnswer(c, call, "")
	})
	for _, action := range []string{"hand-over", "resolve"} {
		s.Handle("POST", "/v1/sos/{id}/"+action, byID("SOS", "", fiber.StatusOK, func(ctx context.Context, call *domain.Call, id domain.ID,
			in domain.SOSAnswer) error {
			_, err := svc.AnswerSOS(ctx, call, id, action, in)
			return err
		}))
	}
	s.Handle("PUT", "/v1/me/colleague", func(c *fiber.Ctx) error {
		in, err := decode[struct {
			ColleagueID *domain.ID `json:"colleague_id"`
		}](c)
		if err != nil {
			return err
		}
		return write(c, fiber.StatusOK, "", func(ctx context.Context, call *domain.Call) error {
			_, err := svc.SetColleague(ctx, call, in.ColleagueID)
			return err
		})
	})
	s.Handle("PUT", "/v1/centres/{id}/ladder", byID("centre", "", fiber.StatusOK, func(ctx context.Context, call *domain.Call, id domain.ID,
		in struct {
			Tiers []ladder.Tier `json:"tiers"`
		}) error {
		_, err := svc.SetLadder(ctx, call, id, in.Tiers)
		return err
	}))
}

// checkCode compares the code of a timer.
func (a *App) checkCode(c *fiber.Ctx, visit domain.ID, code string) error {
	return a.guessed(c, func() error { return a.Service.CheckCode(c.UserContext(), actorOf(c), visit, code) })
}

// guessed slows down guessing of codes, wherever they are asked for; the duress
// code is heard all the same.
func (a *App) guessed(c *fiber.Ctx, check func() error) error {
	done, late := a.Service.BeginTry(c.UserContext(), a.try(c, trySignIn, "code of "+actorOf(c).UserID.String()))
	err := check()
	if late != nil {
		return late
	}
	done(!domain.IsCode(err, domain.CodeUnprocessable))
	return err
}

func (a *App) mountSafety(s *web.Server) {
	svc, read := a.Service, a.Service.Read
	a.mountSOS(s)

	s.Handle("POST", "/v1/visits/{id}/stop", func(c *fiber.Ctx) error {
		id, err := web.PathID(c, "id", "visit")
		if err != nil {
			return err
		}
		var body stopBody
		web.DecodeLenient(c, &body)
		call := &domain.Call{Actor: actorOf(c), Status: fiber.StatusOK}
		if sent, ok, err := web.SentAt(c); ok && err == nil {
			call.SentAt = &sent
		}
		if len(body.Note) > 16_000 {
			body.Note = string([]rune(body.Note)[:4000])
		}
		if _, err := svc.Stop(c.UserContext(), call, id, domain.StopInput(body)); err != nil {
			return err
		}
		return sendAnswer(c, call, "")
	})
	s.Handle("POST", "/v1/visits/{id}/flags", byID("visit", "/v1/flags", fiber.StatusCreated,
		func(ctx context.Context, call *domain.Call, id domain.ID, in domain.FlagInput) error {
			in.VisitID = &id
			_, err := svc.RaiseFlag(ctx, call, in)
			return err
		}))
	s.Handle("POST", "/v1/flags", create("/v1/flags", func(ctx context.Context, call *domain.Call, in domain.FlagInput) error {
		_, err := svc.RaiseFlag(ctx, call, in)
		return err
	}))
	s.Handle("GET", "/v1/flags", func(c *fiber.Ctx) error {
		var f domain.FlagFilter
		var err error
		if st := c.Query("status"); st != "" {
			f.Status = []domain.FlagStatus{domain.FlagStatus(st)}
		}
		if f.JobID, err = web.QueryID(c, "job_id"); err != nil {
			return err
		}
		return listOf(c, func(p domain.Page) ([]domain.Flag, error) { return read.Flags(c.UserContext(), actorOf(c), f, p) },
			func(v domain.Flag) (time.Time, domain.ID) { return v.CreatedAt, v.ID },
			func(rows []domain.Flag) ([]any, error) {
				flags := make([]*domain.Flag, len(rows))
				for i := range rows {
					flags[i] = &rows[i]
				}
				return a.showFlags(c, flags...)
			})
	})
	s.Handle("GET", "/v1/flags/{id}", func(c *fiber.Ctx) error {
		id, err := web.PathID(c, "id", "flag")
		if err != nil {
			return err
		}
		f, err := read.Flag(c.UserContext(), actorOf(c), id)
		if err != nil {
			return err
		}
		views, err := a.showFlags(c, f)
		if err != nil {
			return err
		}
		return web.JSON(c, fiber.StatusOK, views[0], f.Version)
	})
	for _, action := range []string{"triage", "review", "decide", "withdraw"} {
		s.Handle("POST", "/v1/flags/{id}/"+action, byID("flag", "", fiber.StatusOK, func(ctx context.Context, call *domain.Call, id domain.ID,
			in domain.FlagDecision) error {
			_, err := svc.MoveFlag(ctx, call, id, action, in)
			return err
		}))
	}
	a.mountConduct(s)
	a.mountEvidence(s)
	s.Handle("GET", "/v1/exclusions", func(c *fiber.Ctx) error {
		return listOf(c, func(p domain.Page) ([]domain.ExcludedFor, error) {
			return read.Exclusions(c.UserContext(), actorOf(c), p)
		}, func(v domain.ExcludedFor) (time.Time, domain.ID) { return v.Since, v.ID }, func(rows []domain.ExcludedFor) ([]domain.ExclusionView,
			error) {
			out := make([]domain.ExclusionView, len(rows))
			for i := range rows {
				out[i] = domain.NewExclusionView(actorOf(c), &rows[i])
			}
			return out, nil
		})
	})
	for _, action := range domain.ExclusionMoves {
		s.Handle("POST", "/v1/exclusions/{id}/"+action, byID("exclusion", "", fiber.StatusOK,
			func(ctx context.Context, call *domain.Call, id domain.ID, in domain.ReasonInput) error {
				_, err := svc.MoveExclusion(ctx, call, id, action, in)
				return err
			}))
	}
}

// showFlags sends the whole to those who may see it, to the person it is about
// what they may know, else the brief.
func (a *App) showFlags(c *fiber.Ctx, flags ...*domain.Flag) ([]any, error) {
	actor := actorOf(c)
	var whole []*domain.Flag
	for _, f := range flags {
		if all, _ := actor.SeesFlag(f); all {
			whole = append(whole, f)
		}
	}
	views, err := a.Service.ShowFlags(c.UserContext(), actor, whole...)
	if err != nil {
		return nil, err
	}
	out := make([]any, len(flags))
	for i, f := range flags {
		if len(views) > 0 && views[0].ID == f.ID {
			out[i], views = views[0], views[1:]
		} else if out[i], err = a.showInPart(c, actor, f); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (a *App) showInPart(c *fiber.Ctx, actor domain.Actor, f *domain.Flag) (any, error) {
	if actor.Hears(f) {
		return domain.NewFlagHearing(actor, f), nil
	}
	b := domain.FlagBrief{ID: f.ID, JobID: f.JobID, Since: f.RecordedAt, Plan: domain.JSONList[string]{}}
	if f.JobID != nil {
		job, err := a.Service.Read.Job(c.UserContext(), domain.Scope{All: true}, *f.JobID)
		if err != nil {
			return nil, err
		}
		holds, plans, err := a.Service.Read.HoldsOfJobs(c.UserContext(), []domain.Job{*job})
		if err != nil {
			return nil, err
		}
		for _, h := range holds[job.ID] {
			b.Hold = b.Hold || h.Kind == domain.HoldSafety
		}
		b.Plan = plans[job.ID]
	}
	return b, nil
}
