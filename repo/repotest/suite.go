package repotest

import (
	"testing"

	"doorstep/repo"
)

// Run puts an engine through everything that the domain relies on; open gives
// an empty migrated database.
func Run(t *testing.T, open func(t testing.TB) *repo.DB) {
	for name, test := range map[string]func(*testing.T, *repo.DB){
		"round trips": roundTrips,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}
