//go:build !race

package heaptest

const underRace = false
