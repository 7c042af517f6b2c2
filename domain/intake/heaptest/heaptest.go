// Package heaptest holds what reads sheets to a bound of memory, in tests and under the fuzzer.
package heaptest

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"
)

// Most is by how much the heap may grow while a file of MaxFile is read (docs/product.md section 8).
const (
	Most    = 100 << 20
	MaxFile = 10 << 20
)

const (
	allocated = "/gc/heap/allocs:bytes"              // in all, since the program began
	held      = "/memory/classes/heap/objects:bytes" // live, and dead but not yet swept
)

func read(name string) uint64 {
	s := []metrics.Sample{{Name: name}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// Bounded runs read and fails the test where the heap grew by more than Most meanwhile. What allocates less than
// that in all is not looked at closer, so that it costs a fuzzer nothing; anything else is run once more and
// watched.
func Bounded(t testing.TB, run func()) {
	t.Helper()
	before := read(allocated)
	run()
	if read(allocated)-before <= Most {
		return
	}
	if grown := Growth(run); grown > Most {
		t.Errorf("the heap grew by %d MiB, at most %d", grown>>20, Most>>20)
	}
}

// Growth runs a function and gives by how many bytes the heap grew at most meanwhile.
func Growth(run func()) uint64 {
	if underRace {
		defer debug.SetGCPercent(debug.SetGCPercent(20))
	}
	runtime.GC()
	runtime.GC()
	before, done, most := read(held), make(chan struct{}), make(chan uint64)
	go func() {
		top := before
		for {
			select {
			case <-done:
				most <- max(top, read(held))
				return
			case <-time.After(200 * time.Microsecond):
				top = max(top, read(held))
			}
		}
	}()
	run()
	close(done)
	return <-most - before
}
