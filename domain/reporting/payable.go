package reporting

import (
	"context"
	"time"

	"doorstep/domain"
)

// PayableRow is one visit of a technician in GET
// /v1/technicians/{id}/payable: whether it is paid, whether it counts in their
// figures, and why not. Neither kind nor words of a report stand in it
// (docs/product.md section 5, "Fairness shield").
type PayableRow struct {
	VisitID     domain.ID          `json:"visit_id"`
	Date        string             `json:"date"` // YYYY-MM-DD in the zone of the centre
	WindowStart time.Time          `json:"window_start"`
	ExternalRef string             `json:"external_ref"`
	Status      domain.VisitStatus `json:"status"`
	Payable     bool               `json:"payable"`
	Counted     bool               `json:"counted"`
	Why         string             `json:"why"` // in the reader's language
}

// Payable lists what a technician is paid for in a period, by window. They
// themselves, the proprietor of their centre, the area manager. Errors:
// CodeNotFound, CodeForbidden, CodeUnprocessable.
func (s *Service) Payable(ctx context.Context, a domain.Actor, technician domain.ID, f domain.ReportFilter,
	p domain.Page) ([]PayableRow, error) {
	u, err := s.Read.User(ctx, a.Scope(), technician)
	if err != nil {
		return nil, err
	}
	self := a.UserID == technician
	switch {
	case !self && !a.Is(domain.RoleProprietor, domain.RoleAreaManager):
		return nil, domain.Fail(domain.CodeForbidden, "As %s you may not read what a technician is paid for.", domain.RoleWords(a.Role))
	case u.Role != domain.RoleTechnician:
		return nil, domain.NotFound("technician")
	}
	if err := reportPeriod(f.From, f.To); err != nil {
		return nil, err
	}
	loc := time.UTC
	if u.CentreID != nil {
		c, err := s.Read.Centre(ctx, domain.Scope{All: true}, *u.CentreID)
		if err != nil {
			return nil, err
		}
		loc = c.Location()
	}
	visits, err := s.Read.PayableVisits(ctx, a.Scope(), technician, f, p)
	if err != nil {
		return nil, err
	}
	out := make([]PayableRow, len(visits))
	for i := range visits {
		v := &visits[i]
		r := PayableRow{VisitID: v.ID, Date: v.WindowStart.In(loc).Format(time.DateOnly), WindowStart: v.WindowStart, Status: v.Status}
		if v.ExternalRef != nil {
			r.ExternalRef = *v.ExternalRef
		}
		r.Payable, r.Counted, r.Why = v.Shield(self)
		r.Why, _ = domain.InLanguage(r.Why, a.Language)
		out[i] = r
	}
	return out, nil
}
