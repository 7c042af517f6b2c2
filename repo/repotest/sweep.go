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
	b := &aging{World: NewWorld(t, db), now: Noon.AddDate(1, 0, 0), wall: Noon.AddDate(2, 0, 0), kept: map[string]int{}}
	base := map[string]int{}
	tables := []string{"idempotency", "deadlines", "form_keys", "sessions", "invitations", "changes", "change_people", "throttles",
		"security_log",
		"link_requests", "household_merges"}
	for _, table := range tables {
		base[table] = b.count(t, table)
	}
	b.byClock(t)
	b.linkRequests(t)
	b.merges(t)
	b.sessions(t)
	b.invitations(t)
	b.throttles(t)
	b.securityLog(t)
	// Changes are written with wall time as it is; what comes of the sweeps is
	// judged by a wall clock that is far ahead, so all of them go.
	base["changes"], base["change_people"] = 0, 0
	const many = 600 // more than two chunks
	for i := range many {
		b.replay(t, fmt.Sprint("many ", i), 10*aDay)
	}

	// Judged by the wrong clock something would be gone that must stay.
	dying := &killed{Store: db, left: 1}
	clock := func() time.Time { return b.now }
	s := usecases.New(&casework.Service{Store: dying, Now: clock, Wall: func() time.Time { return b.wall }})
	if n, err := s.Clock.Retention(t.Context()); !errors.Is(err, errKilled) || n == 0 || n > 250 {
		t.Errorf("one transaction forgot %d rows: %v", n, err)
	}
	again := &killed{Store: db, left: 1000}
	s.Store = again
	if _, err := s.Clock.Retention(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		if got := b.count(t, table) - base[table]; got != b.kept[table] {
			t.Errorf("%s: %d rows are left, want %d", table, got, b.kept[table])
		}
	}
	if again.done < len(tables)+1 {
		t.Errorf("only %d transactions", again.done)
	}
	if n, err := s.Clock.Retention(t.Context()); n != 0 || err != nil {
		t.Errorf("again: %d, %v", n, err)
	}
	if err := db.InTx(t.Context(), func(tx domain.Tx) error { _, err := tx.Purge("facts", b.now, 1); return err }); err == nil {
		t.Error("facts can be forgotten")
	}
}

const aDay = 24 * time.Hour

// aging is a world with rows of every age.
type aging struct {
	*World
	now, wall time.Time
	kept      map[string]int // how many of a table have to stay
}

// age is how long ago something was, and whether it stays.
type age struct {
	ago  time.Duration
	kept bool
}

func (b *aging) count(t *testing.T, table string) (n int) {
	t.Helper()
	if err := b.DB.SQL().QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func (b *aging) keep(table string, yes bool) {
	if yes {
		b.kept[table]++
	}
}

func (b *aging) replay(t *testing.T, key string, ago time.Duration) {
	Do(t, b.DB, func(tx domain.Tx) error {
		tx.PutReplay(domain.Replay{ActorID: b.Ravi.ID, Key: key, Hash: "h", Status: 200, Body: []byte("{}"), CreatedAt: b.now.Add(-ago)})
		return nil
	})
}

// byClock makes what the clock of the product ages.
func (b *aging) byClock(t *testing.T) {
	for i, a := range []age{{0, true}, {7*aDay - time.Second, true}, {7*aDay + time.Second, false}} {
		b.replay(t, fmt.Sprint("age ", i), a.ago)
		b.keep("idempotency", a.kept)
	}
	for i, a := range []age{{0, true}, {30*aDay - time.Second, true}, {30*aDay + time.Second, false}} {
		dl := domain.Deadline{ID: ID(), Kind: domain.DeadlineKind(fmt.Sprint("kind ", i)), SubjectID: ID(), DueAt: b.now.Add(-a.ago)}
		Do(t, b.DB, func(tx domain.Tx) error { tx.Arm(dl); return nil })
		Do(t, b.DB, func(tx domain.Tx) error { _, err := tx.ClaimDue(b.now.Add(-a.ago), 100); return err })
		b.keep("deadlines", a.kept)
	}
	open := domain.Deadline{ID: ID(), Kind: "open", SubjectID: ID(), DueAt: b.now.Add(-300 * aDay)} // due for long, and not done
	Do(t, b.DB, func(tx domain.Tx) error { tx.Arm(open); return nil })
	b.keep("deadlines", true)
	for i, a := range []age{{0, true}, {8*aDay - time.Second, true}, {8*aDay + time.Second, false}} {
		Do(t, b.DB, func(tx domain.Tx) error {
			_, err := tx.UseFormKey(fmt.Sprint("key ", i), b.Link.ID, b.now.Add(-a.ago))
			return err
		})
		b.keep("form_keys", a.kept)
	}
}

func (b *aging) linkRequests(t *testing.T) {
	for _, a := range []age{{0, true}, {90*aDay - time.Second, true}, {90*aDay + time.Second, false}} {
		for _, status := range []string{"lapsed", "pending"} { // one that waits is never forgotten
			r := domain.LinkRequest{Meta: Meta(Noon), JobID: b.Job.ID, CentreID: b.Mill.ID, AreaID: b.North.ID, CustomerID: b.Customer.ID,
				LinkID: b.Link.ID, Action: "done", Status: status, OccurredAt: Noon, DueAt: b.now.Add(-a.ago)}
			Do(t, b.DB, func(tx domain.Tx) error { return tx.InsertLinkRequest(&r) })
			b.keep("link_requests", a.kept || status == "pending")
		}
	}
}

func (b *aging) merges(t *testing.T) {
	for _, a := range []age{{0, true}, {30*aDay - time.Second, true}, {30*aDay + time.Second, false}} {
		parted := b.now
		m := domain.HouseholdMerge{ID: ID(), CustomerID: b.Customer.ID, IntoID: b.Customer.ID, MergedAt: b.now.Add(-a.ago), MergedBy: b.Desk.ID,
			PartedAt: &parted, PartedBy: &b.Desk.ID}
		Do(t, b.DB, func(tx domain.Tx) error { return tx.InsertHouseholdMerge(&m) })
		b.keep("household_merges", a.kept)
	}
}

func (b *aging) session(t *testing.T, family domain.ID, made, expires time.Time, revoked *time.Time, successor *domain.ID) domain.ID {
	s := domain.Session{ID: ID(), FamilyID: family, UserID: b.Ravi.ID, CreatedAt: made, ExpiresAt: expires, RevokedAt: revoked}
	s.TokenHash = s.ID.String()
	Do(t, b.DB, func(tx domain.Tx) error { return tx.InsertSession(&s) })
	if successor != nil {
		s.SuccessorID, s.UsedAt = successor, &made
		Do(t, b.DB, func(tx domain.Tx) error { return tx.SaveSession(&s) })
	}
	return s.ID
}

func (b *aging) sessions(t *testing.T) {
	for _, a := range []age{{-aDay, true}, {30*aDay - time.Second, true}, {30*aDay + time.Second, false}} {
		family, ends := ID(), b.wall.Add(-a.ago)
		last := b.session(t, family, ends.Add(-2*aDay), ends, nil, nil)
		b.session(t, family, ends.Add(-3*aDay), ends, nil, &last)
		b.keep("sessions", a.kept)
		b.keep("sessions", a.kept)
	}
	long := b.wall.Add(-31 * aDay)
	b.session(t, ID(), long.Add(-aDay), b.wall.Add(aDay), &long, nil) // revoked long ago, of a life that would still run
	referred := b.session(t, ID(), long.Add(-aDay), long, nil, nil)
	b.session(t, ID(), long.Add(-2*aDay), b.wall.Add(aDay), nil, &referred) // somebody's row still names it: it stays
	b.keep("sessions", true)
	b.keep("sessions", true)
}

func (b *aging) invitations(t *testing.T) {
	for _, a := range []age{{365*aDay - time.Second, true}, {365*aDay + time.Second, false}} {
		for _, used := range []bool{true, false} {
			at := b.wall.Add(-a.ago)
			inv := domain.Invitation{ID: ID(), UserID: b.Ravi.ID, Purpose: "invite", CreatedAt: at.Add(-aDay), ExpiresAt: at}
			if inv.TokenHash = inv.ID.String(); used {
				inv.UsedAt, inv.ExpiresAt = &at, at.Add(7*aDay)
			}
			Do(t, b.DB, func(tx domain.Tx) error { return tx.InsertInvitation(&inv) })
			b.keep("invitations", a.kept)
		}
	}
}

func (b *aging) throttles(t *testing.T) {
	for i, a := range []age{{-time.Second, true}, {0, true}, {time.Second, false}} {
		Do(t, b.DB, func(tx domain.Tx) error {
			row, err := tx.LockThrottle(fmt.Sprint("age ", i))
			if err != nil {
				return err
			}
			row.Failures, row.ChangedAt, row.ForgetAt = 1, b.wall.Add(-aDay), b.wall.Add(-a.ago)
			return tx.SaveThrottle(row)
		})
		b.keep("throttles", a.kept)
	}
}

func (b *aging) securityLog(t *testing.T) {
	for _, a := range []age{{365*aDay - time.Second, true}, {365*aDay + time.Second, false}} {
		Do(t, b.DB, func(tx domain.Tx) error {
			return tx.InsertSecurityEvent(&domain.SecurityEvent{ID: ID(), CreatedAt: b.wall.Add(-a.ago), Kind: domain.SecurityExport})
		})
		b.keep("security_log", a.kept)
	}
}
