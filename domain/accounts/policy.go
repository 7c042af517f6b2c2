package accounts

import (
	"context"
	"fmt"
	"time"

	"doorstep/domain"
	"doorstep/domain/casework"
	"doorstep/domain/reach"
)

// PutPolicy sets a centre's stricter policy, or the brand's (centre nil).
// Admin. Errors: CodeUnprocessable with a sentence for each rule that is laxer than
// the brand's or makes no sense.
func (s *Service) PutPolicy(ctx context.Context, call *casework.Call, centre *domain.ID, rules reach.Policy,
	effectiveFrom string) (domain.Policy, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (domain.Policy, error) {
		loc := time.UTC
		if centre != nil {
			c, err := casework.AuthorizeCentre(tx, call.Actor, *centre)
			if err != nil {
				return domain.Policy{}, err
			}
			loc = c.Location()
		}
		if err := mustAdmin(call.Actor, "sets policies"); err != nil {
			return domain.Policy{}, err
		}
		lookup := domain.ID{}
		if centre != nil {
			lookup = *centre
		}
		list, err := tx.Policies(lookup)
		if err != nil {
			return domain.Policy{}, err
		}
		p := domain.Policy{ID: s.NewID(), CentreID: centre, Number: 1, EffectiveFrom: tx.Now, CreatedBy: &call.Actor.UserID, CreatedAt: tx.Now}
		var brand []domain.Policy
		for _, o := range list {
			if domain.Same(o.CentreID, centre) && o.Number >= p.Number {
				p.Number = o.Number + 1
			}
			if o.CentreID == nil {
				brand = append(brand, o)
			}
		}
		if effectiveFrom != "" {
			if p.EffectiveFrom, err = domain.ParseInstant(effectiveFrom, loc, "/effective_from"); err != nil {
				return domain.Policy{}, err
			}
			if p.EffectiveFrom.Before(tx.Now) {
				return domain.Policy{}, domain.Fail(domain.CodeUnprocessable, "A policy does not reach into the past.").
					At("/effective_from", "now or later")
			}
		}
		rules.Version = fmt.Sprintf("brand-%d", p.Number)
		if centre != nil {
			rules.Version = fmt.Sprintf("centre-%s-%d", centre.String()[:8], p.Number)
		}
		wrong := rules.Validate()
		if centre != nil {
			wrong = append(wrong, rules.AtLeast(casework.EffectivePolicy(brand, tx.Now))...)
		}
		if len(wrong) > 0 {
			e := domain.Fail(domain.CodeUnprocessable, "A centre's policy may only be stricter than the brand's, and must make sense.")
			for _, w := range wrong {
				e = e.At("/rules", w)
			}
			return domain.Policy{}, e
		}
		p.Rules.V = rules
		return p, tx.PutPolicy(&p)
	})
}
