//go:build race

package harness

// The race detector makes SQLite, which is Go here, ten times as slow: polling
// costs much, and bounds on time are wider. The gate holds them once more
// without it.
const (
	underRace = true
	Slowness  = 5
)
