//go:build race

package main

// The race detector makes SQLite, which is Go here, ten times as slow: polling
// costs much, and bounds on time are wider. The gate holds them once more
// without it.
const (
	underRace = true
	slowness  = 5
)
