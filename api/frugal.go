package api

import (
	"runtime/debug"
	"sync"
)

// frugal lets the garbage collector come sooner while long tables are read and land: a server
// that otherwise trades memory for time would hold several times what an import needs.
var frugal struct {
	sync.Mutex
	imports, before int
}

// frugalGC is the percentage that Go itself begins with.
const frugalGC = 100

// beFrugal begins it; what it gives ends it.
func beFrugal() (end func()) {
	frugal.Lock()
	defer frugal.Unlock()
	if frugal.imports++; frugal.imports == 1 {
		frugal.before = debug.SetGCPercent(frugalGC)
	}
	return func() {
		frugal.Lock()
		defer frugal.Unlock()
		if frugal.imports--; frugal.imports == 0 {
			debug.SetGCPercent(frugal.before)
		}
	}
}
