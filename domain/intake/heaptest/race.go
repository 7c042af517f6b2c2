//go:build race

package heaptest

// Under the race detector the collector lags behind, and what is dead stays
// longer; the gate holds the bound once more without it.
const spare = 25 << 20
