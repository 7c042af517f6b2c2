package domain

import (
	"context"
	"time"
)

// Feed is the calendar of a technician for programs that have no account
// (docs/product.md section 6). Its address is a secret: an HMAC over the feed's id,
// recomputed when it is given out; only its hash is kept.
type Feed struct {
	Meta
	UserID    ID         `json:"-"`
	KeyID     string     `json:"-"`
	TokenHash string     `json:"-"`
	RevokedAt *time.Time `json:"-"`
}

const (
	feedBack  = 30 * 24 * time.Hour // visits that are over or cancelled stay so long
	feedAhead = 90 * 24 * time.Hour
	feedMost  = 1000 // entries
)

// FeedVisit is an entry: what a calendar outside our house may know.
type FeedVisit struct {
	Visit
	Current    bool   // they are in the crew still
	Category   string // of the appliance
	PostalCode string
}

// Gone reports whether the entry stays only to say that nobody goes there, or
// not they.
func (f *FeedVisit) Gone() bool {
	return !f.Current || f.Status == VisitCancelled || f.Status == VisitRescheduled || f.Status == VisitMissed
}

// FeedAddress is a calendar as its owner is told of it.
type FeedAddress struct {
	Meta
	URL string `json:"url"`
}

// FeedAddress recomputes the address of the own calendar. Errors:
// CodeNotFound without one.
func (s *Service) FeedAddress(ctx context.Context, a Actor) (FeedAddress, error) {
	if a.Role != RoleTechnician {
		return FeedAddress{}, Fail(CodeForbidden, "Calendars are of technicians.")
	}
	f, err := s.Read.FeedOf(ctx, a.UserID)
	if err != nil {
		return FeedAddress{}, err
	}
	token, ok := s.Keys.token(f.KeyID, "calendar", f.ID)
	if !ok { // its key was retired
		return FeedAddress{}, NotFound("calendar")
	}
	return FeedAddress{f.Meta, s.BaseURL + "/calendar/" + token + ".ics"}, nil
}

// OpenFeed makes the address of the own calendar; an earlier one ends. A
// technician for themselves.
func (s *Service) OpenFeed(ctx context.Context, call *Call) (Feed, error) {
	return run(ctx, s, call, func(tx *Work) (Feed, error) {
		if call.Actor.Role != RoleTechnician {
			return Feed{}, Fail(CodeForbidden, "Calendars are of technicians.")
		}
		f := Feed{Meta: newMeta(s.NewID(), tx.Now), UserID: call.Actor.UserID, KeyID: s.Keys.Current()}
		token, _ := s.Keys.token(f.KeyID, "calendar", f.ID)
		f.TokenHash = HashToken(token)
		if err := tx.RevokeFeeds(f.UserID, tx.Now); err != nil {
			return Feed{}, err
		}
		return f, tx.InsertFeed(&f)
	})
}

// CloseFeed ends the address of the own calendar; there need not be one. A
// technician for themselves.
func (s *Service) CloseFeed(ctx context.Context, call *Call) error {
	_, err := run(ctx, s, call, func(tx *Work) (struct{}, error) {
		if call.Actor.Role != RoleTechnician {
			return struct{}{}, Fail(CodeForbidden, "Calendars are of technicians.")
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
	Visits []FeedVisit
}

// Feed reads a calendar by its token. Unknown, revoked, of a disabled account:
// one CodeNotFound.
func (s *Service) Feed(ctx context.Context, token string) (*FeedPage, error) {
	f, err := s.Read.FeedByHash(ctx, HashToken(token))
	if err != nil {
		return nil, err
	}
	u, err := s.Read.Principal(ctx, f.UserID)
	if err != nil || u.Disabled || u.Role != RoleTechnician || u.CentreID == nil || f.RevokedAt != nil {
		if err != nil && !notFound(err) {
			return nil, err
		}
		return nil, NotFound("calendar")
	}
	c, err := s.Read.Centre(ctx, Scope{All: true}, *u.CentreID)
	if err != nil {
		return nil, err
	}
	now := s.instant()
	p := &FeedPage{Now: now, Zone: c.Location(), From: now.Add(-feedBack), To: now.Add(feedAhead)}
	rows, err := s.Read.FeedVisits(ctx, u.ID, p.From, p.To, feedMost)
	for i := range rows {
		if v := &rows[i]; !v.Gone() || v.UpdatedAt.After(p.From) {
			p.Visits = append(p.Visits, *v)
		}
	}
	return p, err
}
