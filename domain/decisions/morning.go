package decisions

import (
	"context"
	"strconv"
	"strings"
	"time"

	"doorstep/domain"
	"doorstep/domain/casework"
)

// Each local morning a manager, and an admin, is told once how much waits in
// their queue, the overdue first; a number on a lock screen, and neither a name
// nor a kind. What they were told of stays theirs until it is decided, also when the
// first push was overlooked. With weekly hours it waits for their duty like all
// else (docs/product.md sections 5 and 9).

const (
	morningHour  = 8
	morningUntil = 12 // later a morning that was missed waits for the next
)

// Morning tells a manager what waits for them, if it is the hour, and comes
// again the next morning while something does. Where nothing ran at the hour
// that it was due, it tells late the same morning.
func Morning(ctx context.Context, tx *casework.Work, user domain.ID, due time.Time) error {
	u, err := tx.User(user)
	if casework.NotFound(err) || err == nil && (u.Disabled || u.Role != domain.RoleAreaManager && u.Role != domain.RoleAdmin) {
		return nil
	} else if err != nil {
		return err
	}
	a, err := casework.ActorOf(ctx, tx.Svc, u)
	if err != nil {
		return err
	}
	// A manager lives where their centres are.
	loc := time.UTC
	scope := a.Scope()
	if u.AreaID != nil {
		scope = domain.Scope{AreaIDs: []domain.ID{*u.AreaID}}
	}
	centres, err := tx.Svc.Read.Centres(ctx, scope, domain.Page{Limit: 1})
	if err != nil {
		return err
	}
	if len(centres) > 0 {
		loc = centres[0].Location()
	}
	local := tx.Now.In(loc)
	next := time.Date(local.Year(), local.Month(), local.Day(), morningHour, 0, 0, 0, loc)
	if !next.After(tx.Now) {
		next = time.Date(local.Year(), local.Month(), local.Day()+1, morningHour, 0, 0, 0, loc)
	}
	over := time.Date(local.Year(), local.Month(), local.Day(), morningHour+1, 0, 0, 0, loc)
	if local.Hour() >= morningHour && local.Hour() < morningUntil && due.Before(over) {
		q, err := readQueue(ctx, tx.Svc, a)
		if err != nil || len(q.Items) == 0 {
			return err
		}
		if err := casework.NotifyUser(tx, u.ID, "queue.morning", q.inNumbers(u.Language), func(n *domain.Notice) {
			n.ExpiresAt, n.DedupeKey = tx.Now.Add(12*time.Hour), domain.Ptr("morning "+u.ID.String()+" "+local.Format(time.DateOnly))
		}); err != nil {
			return err
		}
	}
	tx.SetDeadline(domain.DueMorning, u.ID, nil, next)
	return nil
}

// inNumbers says how much waits, the overdue first.
func (q *Queue) inNumbers(language string) domain.NoticeOption {
	return func(n *domain.Notice) {
		kind := "queue.morning"
		if q.Late > 0 {
			kind = "queue.morning_late"
		}
		n.Title, n.Body = domain.Say(kind, language, "")
		n.Title = strings.NewReplacer("{n}", strconv.Itoa(len(q.Items)+q.More), "{late}", strconv.Itoa(q.Late)).Replace(n.Title)
		n.High = q.Late > 0
	}
}
