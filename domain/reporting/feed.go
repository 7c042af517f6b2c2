package reporting

import (
	"context"
	"time"

	"doorstep/domain"
	"doorstep/domain/casework"
)

const (
	feedBack  = 30 * 24 * time.Hour // visits that are over or cancelled stay so long
	feedAhead = 90 * 24 * time.Hour
	feedMost  = 1000 // entries
)

// FeedAddress is a calendar as its owner is told of it.
type FeedAddress struct {
	domain.Meta
	URL string `json:"url"`
}

// FeedAddress recomputes the address of the own calendar. Errors:
// CodeNotFound without one.
func (s *Service) FeedAddress(ctx context.Context, a domain.Actor) (FeedAddress, error) {
	if a.Role != domain.RoleTechnician {
		return FeedAddress{}, domain.Fail(domain.CodeForbidden, "Calendars are of technicians.")
	}
	f, err := s.Read.FeedOf(ctx, a.UserID)
	if err != nil {
		return FeedAddress{}, err
	}
	token, ok := s.Keys.Token(f.KeyID, "calendar", f.ID)
	if !ok { // its key was retired
		return FeedAddress{}, domain.NotFound("calendar")
	}
	return FeedAddress{f.Meta, s.BaseURL + "/calendar/" + token + ".ics"}, nil
}

// OpenFeed makes the address of the own calendar; an earlier one ends. A
// technician for themselves.
func (s *Service) OpenFeed(ctx context.Context, call *casework.Call) (domain.Feed, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (domain.Feed, error) {
		if call.Actor.Role != domain.RoleTechnician {
			return domain.Feed{}, domain.Fail(domain.CodeForbidden, "Calendars are of technicians.")
		}
		f := domain.Feed{Meta: domain.NewMeta(s.NewID(), tx.Now), UserID: call.Actor.UserID, KeyID: s.Keys.Current()}
		token, _ := s.Keys.Token(f.KeyID, "calendar", f.ID)
		f.TokenHash = domain.HashToken(token)
		if err := tx.RevokeFeeds(f.UserID, tx.Now); err != nil {
			return domain.Feed{}, err
		}
		return f, tx.InsertFeed(&f)
	})
}

// CloseFeed ends the address of the own calendar; there need not be one. A
// technician for themselves.
func (s *Service) CloseFeed(ctx context.Context, call *casework.Call) error {
	_, err := casework.Run(ctx, s.Service, call, func(tx *casework.Work) (struct{}, error) {
		if call.Actor.Role != domain.RoleTechnician {
			return struct{}{}, domain.Fail(domain.CodeForbidden, "Calendars are of technicians.")
		}
		return struct{}{}, tx.RevokeFeeds(call.Actor.UserID, tx.Now)
	})
	return err
}

// FeedPage is what a calendar program gets.
type FeedPage struct {
	Now    time.Time
	Zone   *time.Location
	From   time.Time
	To     time.Time
	Visits []domain.FeedVisit
}

// Feed reads a calendar by its token. Unknown, revoked, of a disabled account:
// one CodeNotFound.
func (s *Service) Feed(ctx context.Context, token string) (*FeedPage, error) {
	f, err := s.Read.FeedByHash(ctx, domain.HashToken(token))
	if err != nil {
		return nil, err
	}
	u, err := s.Read.Principal(ctx, f.UserID)
	if err != nil || u.Disabled || u.Role != domain.RoleTechnician || u.CentreID == nil || f.RevokedAt != nil {
		if err != nil && !casework.NotFound(err) {
			return nil, err
		}
		return nil, domain.NotFound("calendar")
	}
	c, err := s.Read.Centre(ctx, domain.Scope{All: true}, *u.CentreID)
	if err != nil {
		return nil, err
	}
	now := s.Instant()
	p := &FeedPage{Now: now, Zone: c.Location(), From: now.Add(-feedBack), To: now.Add(feedAhead)}
	rows, err := s.Read.FeedVisits(ctx, u.ID, p.From, p.To, feedMost)
	for i := range rows {
		if v := &rows[i]; !v.Gone() || v.UpdatedAt.After(p.From) {
			p.Visits = append(p.Visits, *v)
		}
	}
	return p, err
}
