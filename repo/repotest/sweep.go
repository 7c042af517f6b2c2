package repotest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"doorstep/domain"
	"doorstep/domain/casework"
	"doorstep/domain/usecases"
	"doorstep/repo"
)

// killed is a store whose process dies after some transactions.
type killed struct {
	domain.Store
	left int
	done int
}

var errKilled = errors.New("killed")

func (k *killed) InTx(ctx context.Context, fn func(domain.Tx) error) error {
	if k.left == 0 {
		return errKilled
	}
	k.left--
	k.done++
	return k.Store.InTx(ctx, fn)
}

// sweep forgets what is old by the clock that it lives on, in chunks, and
// nothing else.
func sweep(t *testing.T, db *repo.DB) {
	w := NewWorld(t, db)
	now, wall := Noon.AddDate(1, 0, 0), Noon.AddDate(2, 0, 0)
	day := 24 * time.Hour
	count := func(table string) (n int) {
		t.Helper()
		if err := db.SQL().QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	base := map[string]int{}
	tables := []string{"idempotency", "deadlines", "form_keys", "sessions", "invitations", "changes", "throttles"}
	for _, table := range tables {
		base[table] = count(table)
	}
	// Each pair: how long ago, and whether it stays.
	type age struct {
		ago  time.Duration
		kept bool
	}
	replay := func(key string, ago time.Duration) {
		Do(t, db, func(tx domain.Tx) error {
			tx.PutReplay(domain.Replay{ActorID: w.Ravi.ID, Key: key, Hash: "h", Status: 200, Body: []byte("{}"), CreatedAt: now.Add(-ago)})
			return nil
		})
	}
	kept := map[string]int{}
	keep := func(table string, yes bool) {
		if yes {
			kept[table]++
		}
	}
	for i, a := range []age{{0, true}, {7*day - time.Second, true}, {7*day + time.Second, false}} {
		replay(fmt.Sprint("age ", i), a.ago)
		keep("idempotency", a.kept)
	}
	for i, a := range []age{{0, true}, {30*day - time.Second, true}, {30*day + time.Second, false}} {
		dl := domain.Deadline{ID: ID(), Kind: domain.DeadlineKind(fmt.Sprint("kind ", i)), SubjectID: ID(), DueAt: now.Add(-a.ago)}
		Do(t, db, func(tx domain.Tx) error { tx.Arm(dl); return nil })
		Do(t, db, func(tx domain.Tx) error { _, err := tx.ClaimDue(now.Add(-a.ago), 100); return err })
		keep("deadlines", a.kept)
	}
	open := domain.Deadline{ID: ID(), Kind: "open", SubjectID: ID(), DueAt: now.Add(-300 * day)} // due for long, and not done
	Do(t, db, func(tx domain.Tx) error { tx.Arm(open); return nil })
	keep("deadlines", true)
	for i, a := range []age{{0, true}, {8*day - time.Second, true}, {8*day + time.Second, false}} {
		Do(t, db, func(tx domain.Tx) error {
			_, err := tx.UseFormKey(fmt.Sprint("key ", i), w.Link.ID, now.Add(-a.ago))
			return err
		})
		keep("form_keys", a.kept)
	}
	session := func(family domain.ID, made, expires time.Time, revoked *time.Time, successor *domain.ID) domain.ID {
		s := domain.Session{ID: ID(), FamilyID: family, UserID: w.Ravi.ID, CreatedAt: made, ExpiresAt: expires, RevokedAt: revoked}
		s.TokenHash = s.ID.String()
		Do(t, db, func(tx domain.Tx) error { return tx.InsertSession(&s) })
		if successor != nil {
			s.SuccessorID, s.UsedAt = successor, &made
			Do(t, db, func(tx domain.Tx) error { return tx.SaveSession(&s) })
		}
		return s.ID
	}
	for _, a := range []age{{-day, true}, {30*day - time.Second, true}, {30*day + time.Second, false}} {
		family, ends := ID(), wall.Add(-a.ago)
		last := session(family, ends.Add(-2*day), ends, nil, nil)
		session(family, ends.Add(-3*day), ends, nil, &last)
		keep("sessions", a.kept)
		keep("sessions", a.kept)
	}
	long := wall.Add(-31 * day)
	session(ID(), long.Add(-day), wall.Add(day), &long, nil) // revoked long ago, of a life that would still run
	referred := session(ID(), long.Add(-day), long, nil, nil)
	session(ID(), long.Add(-2*day), wall.Add(day), nil, &referred) // somebody's row still names it: it stays
	keep("sessions", true)
	keep("sessions", true)
	for _, a := range []age{{365*day - time.Second, true}, {365*day + time.Second, false}} {
		for _, used := range []bool{true, false} {
			at := wall.Add(-a.ago)
			inv := domain.Invitation{ID: ID(), UserID: w.Ravi.ID, Purpose: "invite", CreatedAt: at.Add(-day), ExpiresAt: at}
			if inv.TokenHash = inv.ID.String(); used {
				inv.UsedAt, inv.ExpiresAt = &at, at.Add(7*day)
			}
			Do(t, db, func(tx domain.Tx) error { return tx.InsertInvitation(&inv) })
			keep("invitations", a.kept)
		}
	}
	for i, a := range []age{{-time.Second, true}, {0, true}, {time.Second, false}} {
		Do(t, db, func(tx domain.Tx) error {
			row, err := tx.LockThrottle(fmt.Sprint("age ", i))
			if err != nil {
				return err
			}
			row.Failures, row.ChangedAt, row.ForgetAt = 1, wall.Add(-day), wall.Add(-a.ago)
			return tx.SaveThrottle(row)
		})
		keep("throttles", a.kept)
	}
	// Changes are written with wall time as it is; what comes of the sweeps is
	// judged by a wall clock that is far ahead, so all of them go.
	base["changes"] = 0
	const many = 600 // more than two chunks
	for i := range many {
		replay(fmt.Sprint("many ", i), 10*day)
	}

	// Judged by the wrong clock something would be gone that must stay.
	dying := &killed{Store: db, left: 1}
	clock := func() time.Time { return now }
	s := usecases.New(&casework.Service{Store: dying, Now: clock, Wall: func() time.Time { return wall }})
	if n, err := s.Clock.Retention(t.Context()); !errors.Is(err, errKilled) || n == 0 || n > 250 {
		t.Errorf("one transaction forgot %d rows: %v", n, err)
	}
	again := &killed{Store: db, left: 1000}
	s.Store = again
	if _, err := s.Clock.Retention(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		if got := count(table) - base[table]; got != kept[table] {
			t.Errorf("%s: %d rows are left, want %d", table, got, kept[table])
		}
	}
	if again.done < len(tables)+1 {
		t.Errorf("only %d transactions", again.done)
	}
	if n, err := s.Clock.Retention(t.Context()); n != 0 || err != nil {
		t.Errorf("again: %d, %v", n, err)
	}
	if err := db.InTx(t.Context(), func(tx domain.Tx) error { _, err := tx.Purge("facts", now, 1); return err }); err == nil {
		t.Error("facts can be forgotten")
	}
}
