package casework

import (
	"context"
	"crypto/rand"
	"slices"
	"time"

	"doorstep/domain"
)

// ProvenDevices are those of the household of a job that it registered by a link which only
// the system delivered: a notice to them is a notice to the household.
func ProvenDevices(tx domain.DeviceTx, c *domain.Customer, job domain.ID, now time.Time) ([]domain.Device, error) {
	devices, err := tx.CustomerDevices(c.ID)
	return slices.DeleteFunc(devices, func(d domain.Device) bool { return d.Unproven || !c.DeviceProves(&d, job, now) }), err
}

// NewLink makes the customer's way in; the caller gives id and job.
func NewLink(s *Service, tx domain.LinkTx, l *domain.Link) error {
	// The id alone must not be guessable: 128 random bits, not a time-ordered
	// identifier (OWASP ASVS 11.5.1).
	if _, err := rand.Read(l.ID[:]); err != nil {
		return err
	}
	l.KeyID = s.Keys.Current()
	token, _ := s.Keys.Token(l.KeyID, "link", l.ID)
	l.TokenHash = domain.HashToken(token)
	return tx.InsertLink(l)
}

// NotifyLinkRequest tells the household, by what proves to be its own, of what was
// asked or done by a link that staff had read; a text holds its code besides.
func NotifyLinkRequest(c *Case, v *domain.Visit, kind string, request domain.ID) {
	language := c.Customer.LanguageOf(c.Job.ContactID)
	var starts *time.Time
	if v != nil {
		starts = &v.WindowStart
	} else if kind == "number.changed" { // at once, at any hour
		starts = &c.Now
	}
	c.notifyHome(NewNotice(c.Tx.Svc, kind, language, c.Now, c.Now.Add(domain.LinkUndoWithin), c.about(kind, v, language),
		func(n *domain.Notice) {
			n.CustomerID, n.WithLink, n.High = &c.Customer.ID, true, true
			n.Data.V = map[string]string{"request_id": request.String()}
		}), starts)
}

// LinkRequestsOf leaves of requests those that an actor decides.
func LinkRequestsOf(ctx context.Context, s *Service, a domain.Actor, rows []domain.LinkRequest) ([]domain.LinkRequest, error) {
	var reports []domain.ID
	for i := range rows {
		if rows[i].FlagID != nil {
			reports = append(reports, *rows[i].FlagID)
		}
	}
	flags, err := s.Read.FlagsBehind(ctx, reports)
	return slices.DeleteFunc(rows, func(r domain.LinkRequest) bool {
		var of *domain.Flag
		if r.FlagID != nil {
			f := flags[*r.FlagID]
			of = &f
		}
		return !r.MayDecide(a, of)
	}), err
}
