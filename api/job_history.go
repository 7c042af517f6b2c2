package api

import (
	"context"
	"net/url"
	"time"

	"github.com/gofiber/fiber/v2"

	"doorstep/api/web"
	"doorstep/domain"
	"doorstep/domain/casework"
	"doorstep/domain/customers"
)

func mountJobHistory(a *App, s *web.Server) {
	svc := a.Service

	s.Handle("GET", "/v1/jobs/{id}/passport", func(c *fiber.Ctx) error {
		id, err := web.PathID(c, "id", "job")
		if err != nil {
			return err
		}
		p, err := svc.Customers.JobHistory(c.UserContext(), actorOf(c), id)
		if err != nil {
			return err
		}
		return c.JSON(p)
	})
	s.Handle("POST", "/v1/jobs/{id}/tried-steps", byID("job", "/v1/tried-steps", fiber.StatusCreated,
		func(ctx context.Context, call *casework.Call, id domain.ID, in customers.StepInput) error {
			_, err := svc.Customers.RecordStep(ctx, call, id, in)
			return err
		}))
	s.Handle("POST", "/v1/tried-steps/{id}/correct", byID("tried step", "", fiber.StatusOK,
		func(ctx context.Context, call *casework.Call, id domain.ID, in customers.StepChange) error {
			_, err := svc.Customers.CorrectStep(ctx, call, id, in)
			return err
		}))
	s.Handle("POST", "/v1/jobs/{id}/replacement", byID("job", "", fiber.StatusOK, func(ctx context.Context, call *casework.Call, id domain.ID,
		in customers.ReplacementAnswer) error {
		_, err := svc.Customers.AnswerReplacement(ctx, call, id, in)
		return err
	}))
}

// said gives a field of a form, nil when it was not sent.
func said(form url.Values, name string) *string {
	if !form.Has(name) {
		return nil
	}
	v := form.Get(name)
	return &v
}

// stepLine is a tried step as the customer's page says it.
type stepLine struct{ Step, Words string }

// stepLines says each step once, with what came of it last.
func (v *customerView) stepLines(p *customers.LinkPage, loc *time.Location) {
	at := map[string]int{}
	for _, r := range p.Steps {
		line := stepLine{r.Step, v.Text.Say("step.line", "Result", v.Text.Say("result."+r.Result), "Day",
			dayWords(v.Text, r.OccurredAt, p.Now, loc))}
		mark := domain.StepKey(p.Job.Category, r.Step)
		if i, ok := at[mark]; ok {
			v.Steps[i].Words = line.Words
			continue
		}
		at[mark] = len(v.Steps)
		v.Steps = append(v.Steps, line)
	}
}
