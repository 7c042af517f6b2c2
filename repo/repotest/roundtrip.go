package repotest

import (
	"testing"
	"time"

	"doorstep/domain"
	"doorstep/repo"
)

// roundTrips writes each kind of object with every field set and with as few
// as possible, and reads it back through the transaction and the reader. All are of one
// world, in this order.
func roundTrips(t *testing.T, db *repo.DB) {
	w := NewWorld(t, db)
	for _, s := range []struct {
		name string
		test func(*testing.T, *World)
	}{
		{"area", areaTrip},
		{"centre", centreTrip},
		{"user", userTrip},
		{"leave", leaveTrip},
		{"session and invitation", sessionTrip},
		{"customer", customerTrip},
		{"appliance", applianceTrip},
		{"job", jobTrip},
		{"tried step", stepTrip},
		{"thanks", thanksTrip},
		{"hold", holdTrip},
		{"visit", visitTrip},
		{"dispute", disputeTrip},
		{"sos", sosTrip},
		{"who hears an SOS", unheardTrip},
		{"timer", timerTrip},
		{"attempt", attemptTrip},
		{"policy", policyTrip},
		{"flag", flagTrip},
		{"keep-away", keepAwayTrip},
		{"evidence", evidenceTrip},
		{"files of a visit", visitFileTrip},
		{"timeline", timelineTrip},
		{"notice, device, link", noticeTrip},
		{"replay", replayTrip},
	} {
		t.Run(s.name, func(t *testing.T) { s.test(t, w) })
	}
}

// everything is the scope of who sees all, and later a time at which things
// happen to what is there since Noon.
var (
	everything = domain.Scope{All: true}
	later      = Noon.Add(90 * time.Minute)
)

// newFlag makes a report on the world's visit.
func (w *World) newFlag(by domain.User, level int) domain.Flag {
	return domain.Flag{Meta: Meta(Noon), JobID: &w.Job.ID, VisitID: &w.Visit.ID, CustomerID: &w.Customer.ID, SiteID: &w.Customer.Sites[0].ID,
		CentreID: &w.Mill.ID, AreaID: &w.North.ID,
		Kind: "threat", Level: level, Status: domain.FlagReported, ReporterID: &by.ID, OccurredAt: Noon, RecordedAt: Noon,
		TriageDueAt: Noon.Add(time.Hour)}
}

func noError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantCode(t testing.TB, err error, code domain.Code) {
	t.Helper()
	if !domain.IsCode(err, code) {
		t.Errorf("got %v, want %s", err, code)
	}
}
