package api

import (
	"github.com/gofiber/fiber/v2"

	"doorstep/api/web"
	"doorstep/domain/casework"
	"doorstep/domain/safety"
)

// stopBody is read leniently: nothing in it can refuse a stop.
type stopBody struct {
	OccurredAt string `json:"occurred_at"`
	Note       string `json:"note"`
	Kind       string `json:"kind"`
	Level      *int   `json:"level"`
}

func mountStop(a *App, s *web.Server) {
	svc := a.Service

	s.Handle("POST", "/v1/visits/{id}/stop", func(c *fiber.Ctx) error {
		id, err := web.PathID(c, "id", "visit")
		if err != nil {
			return err
		}
		var body stopBody
		web.DecodeLenient(c, &body)
		call := &casework.Call{Actor: actorOf(c), Encode: encodeAnswer, Status: fiber.StatusOK}
		if sent, ok, err := web.SentAt(c); ok && err == nil {
			call.SentAt = &sent
		}
		if len(body.Note) > 16_000 {
			body.Note = string([]rune(body.Note)[:4000])
		}
		if _, err := svc.Safety.Stop(c.UserContext(), call, id, safety.StopInput(body)); err != nil {
			return err
		}
		return sendAnswer(c, call, "")
	})
}
