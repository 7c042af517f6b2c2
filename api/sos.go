package api

import (
	"context"
	"regexp"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"doorstep/api/web"
	"doorstep/domain"
	"doorstep/domain/alarm"
	"doorstep/domain/casework"
	"doorstep/domain/ladder"
)

func mountSOS(a *App, s *web.Server) {
	svc, read := a.Service, a.Service.Read

	s.Handle("POST", "/v1/sos", func(c *fiber.Ctx) error {
		return raise(c, func(call *casework.Call, in alarm.SOSInput) error {
			_, err := svc.Alarm.RaiseSOS(c.UserContext(), call, in)
			return err
		})
	})
	s.Handle("GET", "/v1/sos", func(c *fiber.Ctx) error {
		return listOf(c, func(p domain.Page) ([]domain.SOS, error) {
			return read.SOSs(c.UserContext(), actorOf(c), c.Query("status") == "open", p)
		}, func(v domain.SOS) (time.Time, domain.ID) { return v.CreatedAt, v.ID }, func(rows []domain.SOS) ([]domain.SOSView, error) {
			return svc.Alarm.ViewSOSs(c.UserContext(), actorOf(c), rows...)
		})
	})
	s.Handle("GET", "/v1/sos/{id}", get("SOS", func(c *fiber.Ctx, ac domain.Actor, id domain.ID) (domain.SOSView, error) {
		x, err := svc.Alarm.ReadSOS(c.UserContext(), ac, id)
		if err != nil {
			return domain.SOSView{}, err
		}
		out, err := svc.Alarm.ViewSOSs(c.UserContext(), ac, *x)
		if err != nil {
			return domain.SOSView{}, err
		}
		if on := out[0].OwnerID; on != nil {
			owner, err := svc.Read.Principal(c.UserContext(), *on)
			if err != nil {
				return domain.SOSView{}, err
			}
			out[0].Owner = &domain.SOSOwner{Name: owner.Name}
		}
		if x.RaiserID == ac.UserID {
			return out[0], nil
		}
		raiser, err := svc.Read.Principal(c.UserContext(), x.RaiserID)
		if err != nil {
			return domain.SOSView{}, err
		}
		out[0].Raiser = &domain.SOSRaiser{Name: raiser.Name}
		if !out[0].Silent {
			out[0].Raiser.Phone = raiser.Phone
		}
		return out[0], nil
	}))
	s.Handle("POST", "/v1/sos/{id}/acknowledge", func(c *fiber.Ctx) error {
		id, err := web.PathID(c, "id", "SOS")
		if err != nil {
			return err
		}
		// As with stop and SOS: nothing that a phone sends may keep it ringing.
		var body acknowledgeBody
		web.DecodeLenient(c, &body)
		call := &casework.Call{Actor: actorOf(c), Encode: encodeAnswer, Status: fiber.StatusOK}
		if sent, ok, err := web.SentAt(c); ok && err == nil {
			call.SentAt = &sent
		}
		if r := []rune(body.Note); len(r) > 2000 {
			body.Note = string(r[:2000])
		}
		in := alarm.SOSAnswer{Note: body.Note, OccurredAt: body.OccurredAt}
		if _, err := svc.Alarm.AnswerSOS(c.UserContext(), call, id, "acknowledge", in); err != nil {
			return err
		}
		return sendAnswer(c, call, "")
	})
	s.Handle("POST", "/v1/sos/{id}/trail", byID("SOS", "", fiber.StatusOK, func(ctx context.Context, call *casework.Call, id domain.ID,
		in alarm.TrailInput) error {
		_, err := svc.Alarm.AddTrail(ctx, call, id, in)
		return err
	}))
	s.Handle("GET", "/v1/sos/{id}/trail", func(c *fiber.Ctx) error {
		id, err := web.PathID(c, "id", "SOS")
		if err != nil {
			return err
		}
		return listOf(c, func(p domain.Page) ([]domain.SOSPoint, error) {
			return read.SOSTrail(c.UserContext(), actorOf(c), id, p)
		}, func(v domain.SOSPoint) (time.Time, domain.ID) { return v.At, v.SOSID }, asIs)
	})
	s.Handle("POST", "/v1/visits/{id}/timer/not-ok", func(c *fiber.Ctx) error {
		id, err := web.PathID(c, "id", "visit")
		if err != nil {
			return err
		}
		return raise(c, func(call *casework.Call, in alarm.SOSInput) error {
			_, err := svc.Alarm.NotOK(c.UserContext(), call, id, in)
			return err
		})
	})
	s.Handle("POST", "/v1/gateways/calls", func(c *fiber.Ctx) error {
		if a.FromProvider == nil || !a.FromProvider(c.Body(), c.Get("webhook-id"), c.Get("webhook-timestamp"), c.Get("webhook-signature")) {
			return domain.Fail(domain.CodeUnauthenticated, "This is not signed with the secret of the alarm webhook, or over 5 minutes old.")
		}
		in, err := decode[alarm.CallInput](c)
		if err != nil {
			return err
		}
		call := &casework.Call{Actor: domain.System, Encode: encodeAnswer, Status: fiber.StatusOK}
		if _, err := svc.Alarm.CallEnded(c.UserContext(), call, in); err != nil {
			return err
		}
		return sendAnswer(c, call, "")
	})
	s.Handle("POST", "/v1/sos/{id}/safe", func(c *fiber.Ctx) error {
		id, err := web.PathID(c, "id", "SOS")
		if err != nil {
			return err
		}
		in, err := decode[struct {
			Code string `json:"code"`
		}](c)
		if err != nil {
			return err
		}
		x, err := read.SOS(c.UserContext(), actorOf(c), id)
		if err != nil {
			return err
		}
		if x.RaiserID != actorOf(c).UserID { // whose code is asked for
			return domain.NotFound("SOS")
		}
		if err := a.checkCode(c, x.VisitID, in.Code); err != nil {
			return err
		}
		return write(c, fiber.StatusOK, "", func(ctx context.Context, call *casework.Call) error {
			_, err := svc.Alarm.SaySafe(ctx, call, id)
			return err
		})
	})
	for _, action := range []string{"hand-over", "resolve"} {
		s.Handle("POST", "/v1/sos/{id}/"+action, byID("SOS", "", fiber.StatusOK, func(ctx context.Context, call *casework.Call, id domain.ID,
			in alarm.SOSAnswer) error {
			_, err := svc.Alarm.AnswerSOS(ctx, call, id, action, in)
			return err
		}))
	}
	s.Handle("PUT", "/v1/centres/{id}/ladder", byID("centre", "", fiber.StatusOK, func(ctx context.Context, call *casework.Call, id domain.ID,
		in struct {
			Tiers []ladder.Tier `json:"tiers"`
		}) error {
		_, err := svc.Alarm.SetLadder(ctx, call, id, in.Tiers)
		return err
	}))
}

// raise reads what an SOS says, as far as it can be read, and raises it.
func raise(c *fiber.Ctx, fn func(call *casework.Call, in alarm.SOSInput) error) error {
	var body sosBody
	web.DecodeLenient(c, &body)
	call := &casework.Call{Actor: actorOf(c), Encode: encodeAnswer, Status: fiber.StatusCreated}
	if sent, ok, err := web.SentAt(c); ok && err == nil {
		call.SentAt = &sent
	}
	if err := fn(call, body.input()); err != nil {
		return err
	}
	return sendAnswer(c, call, "/v1/sos")
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

func (b *sosBody) input() alarm.SOSInput {
	in := alarm.SOSInput{Note: b.Note, OccurredAt: b.OccurredAt}
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
