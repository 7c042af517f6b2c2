package sheet

import (
	"runtime/debug"
	"slices"
	"sync"
)

// frugal are the percentages that are asked for now, and the one from before.
var frugal struct {
	sync.Mutex
	asked  []int
	before int
}

// readingGC is the percentage while a table is read: a workbook unpacked is large, and what reading leaves of it larger.
const readingGC = 30

// Frugal lets the garbage collector come sooner while long tables are read and land: a server that otherwise
// trades memory for time would hold several times what an import needs. Of several percentages the least holds;
// what it gives ends it.
func Frugal(percent int) (end func()) {
	frugal.Lock()
	defer frugal.Unlock()
	if len(frugal.asked) == 0 {
		frugal.before = debug.SetGCPercent(percent)
	}
	frugal.asked = append(frugal.asked, percent)
	debug.SetGCPercent(slices.Min(frugal.asked))
	return func() {
		frugal.Lock()
		defer frugal.Unlock()
		at := slices.Index(frugal.asked, percent)
		frugal.asked = slices.Delete(frugal.asked, at, at+1)
		if len(frugal.asked) == 0 {
			debug.SetGCPercent(frugal.before)
		} else {
			debug.SetGCPercent(slices.Min(frugal.asked))
		}
	}
}
