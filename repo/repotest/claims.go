package repotest

import (
	"testing"
	"time"

	"doorstep/domain"
	"doorstep/repo"
)

// claims: one is found by whose it is and the key with which it was sent, which
// nobody uses twice.
func claims(t *testing.T, db *repo.DB) {
	w := NewWorld(t, db)
	c := domain.Claim{ID: ID(), VisitID: w.Visit.ID, JobID: w.Job.ID, ActorID: w.Ravi.ID, Key: "k1", Action: "complete", OccurredAt: Noon,
		ClaimedAt: Ptr(Noon.Add(-time.Minute)), RecordedAt: Noon.Add(time.Hour)}
	filled(t, "claim", c)
	bare := domain.Claim{ID: ID(), VisitID: w.Visit.ID, JobID: w.Job.ID, ActorID: w.Asha.ID, Key: "k1", OccurredAt: Noon, RecordedAt: Noon}
	Do(t, db, func(tx domain.Tx) error { return all(tx.InsertClaim(&c), tx.InsertClaim(&bare)) })
	for _, want := range []domain.Claim{c, bare} {
		Same(t, "claim", want, Get(t, db, func(tx domain.Tx) (*domain.Claim, error) { return tx.Claim(want.ActorID, want.Key) }))
	}
	wantCode(t, Try(db, func(tx domain.Tx) error { _, err := tx.Claim(w.Ravi.ID, "k2"); return err }), domain.CodeNotFound)
	again := c
	again.ID = ID()
	wantCode(t, Try(db, func(tx domain.Tx) error { return tx.InsertClaim(&again) }), domain.CodeIdemInFlight)
}
