//go:build !race

package harness

// Machines are shared and noisy: a bound on time is the product's times this.
// What a quiet one does stands in BENCHMARKS.md.
const (
	underRace = false
	Slowness  = 2
)
