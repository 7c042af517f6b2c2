package repo_test

import (
	"testing"

	"doorstep/repo"
	"doorstep/repo/repotest"
)

func TestMain(m *testing.M) { repotest.Main(m) }

// TestConformance runs the one suite on every engine.
func TestConformance(t *testing.T) {
	t.Parallel()
	for _, engine := range repotest.Engines(t) {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			repotest.Run(t, func(t testing.TB) *repo.DB { return repotest.Open(t, engine) })
		})
	}
}
