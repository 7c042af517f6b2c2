package repo_test

import (
	"testing"

	"doorstep/repo"
	"doorstep/repo/repotest"
)

func TestMain(m *testing.M) { repotest.Main(m) }

// TestConformance runs the one suite on every engine.
func TestConformance(t *testing.T) {
	for _, engine := range repotest.Engines(t) {
		t.Run(engine, func(t *testing.T) {
			repotest.Run(t, func(t testing.TB) *repo.DB { return repotest.Open(t, engine) })
		})
	}
}
