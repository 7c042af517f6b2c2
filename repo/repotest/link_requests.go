package repotest

import (
	"testing"
	"time"

	"doorstep/domain"
	"doorstep/repo"
)

// linkRequests: those of a job are found by it, and those that wait by whoever answers
// for its area, never by the centre.
func linkRequests(t *testing.T, db *repo.DB) {
	ctx, w := t.Context(), NewWorld(t, db)
	flag := w.newFlag(w.Ravi, 2)
	r := domain.LinkRequest{Meta: Meta(Noon), JobID: w.Job.ID, CentreID: w.Mill.ID, AreaID: w.North.ID, CustomerID: w.Customer.ID,
		LinkID: w.Link.ID, ByID: &w.Desk.ID, VisitID: &w.Visit.ID, FlagID: &flag.ID, Action: "done", Words: "yes", Status: "pending",
		OccurredAt: Noon, DueAt: Noon.Add(time.Hour), CodeTries: 2, WasSaid: "confirmed", WasHow: "call",
		DecidedAt: &later, DecidedBy: &w.Ravi.ID, Reasons: "r"}
	filled(t, "link request", r)
	bare := domain.LinkRequest{Meta: Meta(later), JobID: w.Job.ID, CentreID: w.Mill.ID, AreaID: w.North.ID, CustomerID: w.Customer.ID,
		LinkID: w.Link.ID, Action: "appeal", Status: "marked", OccurredAt: Noon, DueAt: later}
	Do(t, db, func(tx domain.Tx) error {
		return all(tx.InsertFlag(&flag), tx.InsertLinkRequest(&r), tx.InsertLinkRequest(&bare))
	})
	Same(t, "link request", r, Get(t, db, func(tx domain.Tx) (*domain.LinkRequest, error) { return tx.LinkRequest(r.ID) }))
	r.Status = "lapsed"
	Do(t, db, func(tx domain.Tx) error { return tx.SaveLinkRequest(&r) })
	Same(t, "link requests of the job", []domain.LinkRequest{r, bare},
		Get(t, db, func(tx domain.Tx) ([]domain.LinkRequest, error) { return tx.LinkRequestsOf(w.Job.ID) }))
	manager := domain.Scope{AreaIDs: []domain.ID{w.North.ID}}
	for _, x := range []struct {
		scope domain.Scope
		f     domain.LinkRequestFilter
		want  int
	}{{manager, domain.LinkRequestFilter{JobID: &w.Job.ID}, 2}, {manager, domain.LinkRequestFilter{Status: []string{"marked"}}, 1},
		{manager, domain.LinkRequestFilter{Status: []string{"pending"}}, 0},
		{domain.Scope{AreaIDs: []domain.ID{ID()}}, domain.LinkRequestFilter{}, 0}} {
		got, err := db.Reader().LinkRequests(ctx, x.scope, x.f, domain.Page{Limit: 10})
		noError(t, err)
		if len(got) != x.want {
			t.Errorf("%+v in %+v: %d requests, want %d", x.f, x.scope, len(got), x.want)
		}
	}
}
