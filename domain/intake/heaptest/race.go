//go:build race

package heaptest

// The race detector leaves the collector little of the processor, and what is
// dead stays longer: it begins sooner there. The bound is the same.
const underRace = true
