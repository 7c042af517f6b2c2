//go:build !race

package heaptest

const spare = 0
