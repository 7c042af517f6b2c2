package domain

import (
	"context"
	"strings"
	"time"
)

// Each local morning a manager, and an admin, is told once how much waits in
// their queue, the overdue first; a number on a lock screen, and neither a name
// nor a kind. What they were told of stays theirs until it is decided, also when the
// first push was overlooked. With weekly hours it waits for their duty like all
// else (docs/product.md sections 5 and 9).

const morningHour = 8

const morningUntil = 12 // later a morning that was missed waits for the next

const morningQuarter = 15 * time.Minute // every zone's hours begin on one

// remind lets the next morning look into the queue of somebody who was told of
// something that may wait there.
func remind(tx *Work, n *Notice, u *User) {
	if (u.Role == RoleAreaManager || u.Role == RoleAdmin) && !strings.HasPrefix(n.Kind, "queue.") {
		tx.setDeadline(DueMorning, u.ID, nil, tx.Now.Truncate(morningQuarter).Add(morningQuarter))
	}
}

// morning tells a manager what waits for them, if it is the hour, and comes
// again the next morning while something does. Where nothing ran at the hour
// that it was due, it tells late the same morning.
func morning(ctx context.Context, tx *Work, user ID, due time.Time) error {
	u, err := tx.User(user)
	if notFound(err) || err == nil && (u.Disabled || u.Role != RoleAreaManager && u.Role != RoleAdmin) {
		return nil
	} else if err != nil {
		return err
	}
	a := Actor{UserID: u.ID, Name: u.Name, Role: u.Role}
	if u.AreaID != nil {
		a.AreaID = *u.AreaID
	}
	if u.Role == RoleAreaManager {
		if a.Deputises, err = tx.svc.Read.DeputyFor(ctx, u.ID); err != nil {
			return err
		}
	}
	// A manager lives where their centres are.
	loc := time.UTC
	scope := a.Scope()
	if u.AreaID != nil {
		scope = Scope{AreaIDs: []ID{*u.AreaID}}
	}
	centres, err := tx.svc.Read.Centres(ctx, scope, Page{Limit: 1})
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
		q, err := readQueue(tx.svc, ctx, a)
		if err != nil || len(q.Items) == 0 {
			return err
		}
		if err := notifyUser(tx, u.ID, "queue.morning", q.inNumbers(u.Language), func(n *Notice) {
			n.ExpiresAt, n.DedupeKey = tx.Now.Add(12*time.Hour), ptr("morning "+u.ID.String()+" "+local.Format(time.DateOnly))
		}); err != nil {
			return err
		}
	}
	tx.setDeadline(DueMorning, u.ID, nil, next)
	return nil
}

// inNumbers says how much waits, the overdue first.
func (q *Queue) inNumbers(language string) noticeOption {
	return func(n *Notice) {
		kind := "queue.morning"
		if q.Late > 0 {
			kind = "queue.morning_late"
		}
		n.Title, n.Body = say(kind, language, "")
		n.Title = strings.NewReplacer("{n}", itoa(len(q.Items)+q.More), "{late}", itoa(q.Late)).Replace(n.Title)
		n.High = q.Late > 0
	}
}
