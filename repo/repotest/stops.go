package repotest

import (
	"testing"
	"time"

	"doorstep/domain"
	"doorstep/repo"
)

// receivedStops: a stop is kept, with a hold that names its visit, while somebody
// else holds the job, and goes once it was carried out.
func receivedStops(t *testing.T, db *repo.DB) {
	w := NewWorld(t, db)
	first := domain.ReceivedStop{ID: ID(), FlagID: ID(), VisitID: w.Visit.ID, JobID: w.Job.ID, UserID: w.Ravi.ID, Kind: "threat", Level: 3,
		Note: "words", OccurredAt: Noon, ClaimedAt: Ptr(Noon.Add(-time.Minute)), ReceivedAt: Noon.Add(time.Second)}
	filled(t, "received stop", first)
	second := domain.ReceivedStop{ID: ID(), FlagID: ID(), VisitID: w.Visit.ID, JobID: w.Job.ID, UserID: w.Asha.ID, OccurredAt: Noon,
		ReceivedAt: Noon}
	hold := domain.Hold{ID: first.FlagID, Kind: domain.HoldSafety, CustomerID: &w.Customer.ID, Since: Noon, By: "staff",
		StoppedVisitID: &w.Visit.ID}
	Do(t, db, func(tx domain.Tx) error {
		if db.Kind() == repo.Postgres { // SQLite has one writer
			locked, release, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
			go func() {
				done <- Try(db, func(tx domain.Tx) error {
					_, _, err := tx.LockVisit(w.Visit.ID)
					close(locked)
					<-release
					return err
				})
			}()
			<-locked
			defer func() { close(release); noError(t, <-done) }()
		}
		return all(tx.InsertReceivedStop(&first), tx.InsertReceivedStop(&second), tx.InsertHold(&hold), sent(tx, w.Ravi.ID))
	})
	Same(t, "by the time they came", []domain.ReceivedStop{second, first}, Get(t, db, func(tx domain.Tx) ([]domain.ReceivedStop, error) {
		return tx.ReceivedStops(w.Visit.ID)
	}))
	Same(t, "one", first, Get(t, db, func(tx domain.Tx) (*domain.ReceivedStop, error) { return tx.ReceivedStop(first.ID) }))
	Same(t, "its hold", []domain.Hold{hold}, Get(t, db, func(tx domain.Tx) ([]domain.Hold, error) { return tx.HoldsOver(&w.Job, false) }))
	Do(t, db, func(tx domain.Tx) error { return tx.DeleteReceivedStop(first.ID) })
	wantCode(t, Try(db, func(tx domain.Tx) error { _, err := tx.ReceivedStop(first.ID); return err }), domain.CodeNotFound)
	Same(t, "the other stays", []domain.ReceivedStop{second}, Get(t, db, func(tx domain.Tx) ([]domain.ReceivedStop, error) {
		return tx.ReceivedStops(w.Visit.ID)
	}))
}

// sent lets a read carry what was gathered so far.
func sent(tx domain.Tx, user domain.ID) error { _, err := tx.User(user); return err }
