package repotest

import (
	"testing"

	"doorstep/repo"
)

// Run puts an engine through everything that the domain relies on; open gives
// an empty migrated database.
func Run(t *testing.T, open func(t testing.TB) *repo.DB) {
	for _, s := range []struct {
		name string
		test func(*testing.T, *repo.DB)
	}{
		{"round trips", roundTrips},
		{"ahead", ahead},
		{"versions", versions},
		{"overlaps", overlaps},
		{"kept apart", keptApart},
		{"afterwards", afterwards},
		{"deadlines", deadlines},
		{"telling", telling},
		{"transactions", transactions},
		{"sweep", sweep},
		{"scopes", scopes},
		{"flag scopes", flagScopes},
		{"filters", filters},
		{"pages", pages},
		{"planning", planning},
		{"days", days},
		{"alarms", alarms},
		{"events", events},
		{"feed", feed},
		{"phones behind", phonesBehind},
		{"sealed requests", sealedRequests},
		{"contacts", contacts},
		{"sides", sides},
		{"danger", danger},
		{"locks", locks},
		{"received stops", receivedStops},
		{"claims", claims},
		{"link requests", linkRequests},
		{"households", households},
		{"merged households", householdMerges},
		{"merged households under a hold", heldHouseholdMerges},
		{"imports", imports},
	} {
		t.Run(s.name, func(t *testing.T) { s.test(t, open(t)) })
	}
}
