//go:build race

package main

// underRace: the race detector makes SQLite, which is Go here, ten times as
// slow. Bounds on time then say little, and polling costs much.
const underRace = true
