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
	c := domain.Claim{ID: ID(), VisitID: w.Visit.ID, JobID: w.Job.ID, ActorID: w.Ravi.ID, CentreID: w.Mill.ID, AreaID: w.Mill.AreaID,
		Key: "k1", Action: "complete", OccurredAt: Noon,
		ClaimedAt: Ptr(Noon.Add(-time.Minute)), RecordedAt: Noon.Add(time.Hour), Status: "open", Cause: domain.CauseEnded, DueAt: &later,
		DecidedAt: &later, DecidedBy: &w.Manager.ID, ByDefault: true, Reasons: "r", Witness: "w", Moved: true}
	filled(t, "claim", c)
	bare := domain.Claim{ID: ID(), VisitID: w.Visit.ID, JobID: w.Job.ID, ActorID: w.Asha.ID, CentreID: w.Mill.ID, AreaID: w.Mill.AreaID,
		Key: "k1", OccurredAt: Noon, RecordedAt: Noon}
	Do(t, db, func(tx domain.Tx) error { return all(tx.InsertClaim(&c), tx.InsertClaim(&bare)) })
	for _, want := range []domain.Claim{c, bare} {
		Same(t, "claim", want, Get(t, db, func(tx domain.Tx) (*domain.Claim, error) { return tx.Claim(want.ActorID, want.Key) }))
	}
	wantCode(t, Try(db, func(tx domain.Tx) error { _, err := tx.Claim(w.Ravi.ID, "k2"); return err }), domain.CodeNotFound)
	Same(t, "open ones", []domain.Claim{c}, Get(t, db, func(tx domain.Tx) ([]domain.Claim, error) { return tx.OpenClaims(w.Ravi.ID, "") }))
	Same(t, "of another cause", 0, len(Get(t, db, func(tx domain.Tx) ([]domain.Claim, error) {
		return tx.OpenClaims(w.Ravi.ID, domain.CauseGuard)
	})))
	for s, want := range map[*domain.Scope][]domain.Claim{{TechnicianID: w.Ravi.ID}: {c}, {CentreID: w.Mill.ID}: {bare, c},
		{AreaIDs: []domain.ID{w.Mill.AreaID}}: {bare, c}, {CentreID: ID()}: {}} {
		got, err := db.Reader().Claims(t.Context(), *s, "", domain.Page{})
		noError(t, err)
		Same(t, "claims of the reader", want, got)
	}
	c.Status, c.DecidedAt, c.DecidedBy, c.ByDefault, c.Reasons, c.Witness, c.Moved = "declined", &Noon, &w.Asha.ID, false, "s", "x", false
	Do(t, db, func(tx domain.Tx) error { return tx.SaveClaim(&c) })
	Same(t, "saved claim", c, Get(t, db, func(tx domain.Tx) (*domain.Claim, error) { return tx.ClaimByID(c.ID) }))
	wantCode(t, Try(db, func(tx domain.Tx) error { return tx.SaveClaim(&domain.Claim{ID: ID()}) }), domain.CodeNotFound)
	again := c
	again.ID = ID()
	wantCode(t, Try(db, func(tx domain.Tx) error { return tx.InsertClaim(&again) }), domain.CodeIdemInFlight)
}
