package app

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// gcPercent is how much garbage, in percent of what lives, starts a
// collection. What lives is about 12 MiB, so that Go's 100 would collect many
// times a second under load and take a tenth of the processor.
const gcPercent = 300

// SetGCPercent sets that, unless GOGC says otherwise.
func SetGCPercent() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}

const (
	idleLook    = 10 * time.Second
	idleAllocs  = 16 << 20 // bytes allocated between two looks by an idle server, at most
	worthFreed  = 8 << 20  // bytes above the last low for which a collection pays
	inUse       = "/memory/classes/heap/objects:bytes"
	inReserve   = "/memory/classes/heap/free:bytes"
	inFragments = "/memory/classes/heap/unused:bytes"
	everMade    = "/gc/heap/allocs:bytes"
)

// ReleaseIdleMemory returns memory to the system while the server is idle: after the
// start, after a burst, after sign-ins (19 MiB each). It runs until ctx ends.
func ReleaseIdleMemory(ctx context.Context) {
	look := []metrics.Sample{{Name: inUse}, {Name: inReserve}, {Name: inFragments}, {Name: everMade}}
	read := func() (held, made uint64) {
		metrics.Read(look)
		return look[0].Value.Uint64() + look[1].Value.Uint64() + look[2].Value.Uint64(), look[3].Value.Uint64()
	}
	every := time.NewTicker(idleLook)
	defer every.Stop()
	low, before := uint64(0), uint64(0)
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
		held, made := read()
		if made-before < idleAllocs && held > low+worthFreed {
			debug.FreeOSMemory()
			low, made = read()
		}
		before = made
	}
}
