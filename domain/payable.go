package domain

import (
	"context"
	"time"
)

// PayableRow is one visit of a technician in GET
// /v1/technicians/{id}/payable: whether it is paid, whether it counts in their
// figures, and why not. Neither kind nor words of a report stand in it
// (docs/product.md section 5, "Fairness shield").
type PayableRow struct {
	VisitID     ID          `json:"visit_id"`
	Date        string      `json:"date"` // YYYY-MM-DD in the zone of the centre
	WindowStart time.Time   `json:"window_start"`
	ExternalRef string      `json:"external_ref"`
	Status      VisitStatus `json:"status"`
	Payable     bool        `json:"payable"`
	Counted     bool        `json:"counted"`
	Why         string      `json:"why"`
}

// PayableVisit is a visit with what its row depends on.
type PayableVisit struct {
	Visit
	ExternalRef *string
	Proven      bool // no access: a try at the door or since arrival that is not only declared, or a dispute that was upheld
	FlaggedSelf bool // they reported something on it
	AreaHold    bool // somebody of the crew did, at level 2 or above; not about a colleague
	Pause       bool // they gave it away in a pause that they were offered
	Taken       bool // it was taken from them, because they are kept from that home or from all
}

// Shield says whether a visit is payable and counts for a technician, and why
// not, for who reads it: the technician themselves, or the centre, which is told
// no more than that there was an area hold.
func (p *PayableVisit) Shield(self bool) (payable, counted bool, why string) {
	switch p.Status {
	case VisitCompleted, VisitPartial, VisitNoAccess, VisitStopped:
		payable, counted = true, true
	case VisitMissed:
		counted, why = true, "nobody came"
	case VisitScheduled, VisitEnRoute, VisitArrived, VisitInProgress:
		why = "it is not over"
	default:
		payable, why = p.ArrivedAt != nil, "it did not take place"
	}
	switch {
	case p.Pause && self:
		return true, false, "you took a pause that you were offered"
	case p.Taken && self:
		return true, false, "it was taken off your plan; your pay for it stands"
	case p.Pause, p.Taken:
		return true, false, "area hold"
	case p.Status == VisitStopped:
		return true, false, "it was stopped"
	case p.Disputed:
		return payable, false, "it is disputed"
	case p.AreaHold:
		return payable, false, "area hold"
	case p.FlaggedSelf && self:
		return payable, false, "you reported something on this visit"
	case p.Status == VisitNoAccess && p.Proven:
		return true, false, "nobody opened, and that is proven"
	}
	return payable, counted, why
}

// Payable lists what a technician is paid for in a period, by window. They
// themselves, the proprietor of their centre, the area manager. Errors:
// CodeNotFound, CodeForbidden, CodeMeaning.
func (s *Service) Payable(ctx context.Context, a Actor, technician ID, f ReportFilter, p Page) ([]PayableRow, error) {
	u, err := s.Read.User(ctx, a.Scope(), technician)
	if err != nil {
		return nil, err
	}
	self := a.UserID == technician
	switch {
	case !self && !a.Is(RoleProprietor, RoleAreaManager):
		return nil, Fail(CodeForbidden, "As %s you may not read what a technician is paid for.", roleWords(a.Role))
	case u.Role != RoleTechnician:
		return nil, NotFound("technician")
	}
	if err := reportPeriod(f.From, f.To); err != nil {
		return nil, err
	}
	loc := time.UTC
	if u.CentreID != nil {
		c, err := s.Read.Centre(ctx, Scope{All: true}, *u.CentreID)
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
		out[i] = r
	}
	return out, nil
}
