package clock

import (
	"context"
	"time"

	"doorstep/domain"
)

// sweeps says what is forgotten, and how long after it was last of use.
// Sessions, invitations and streams live on wall time (docs/product.md section 8).
var sweeps = []struct {
	kind string
	keep time.Duration
	wall bool
}{
	{"idempotency", 7 * 24 * time.Hour, false}, // as long as a key is remembered
	{"deadlines", 30 * 24 * time.Hour, false},  // since they were done
	{"form_keys", domain.FormKeyLife + 24*time.Hour, false},
	{"day_plans", 24 * time.Hour, false},                // since they ran out
	{"link_requests", 90 * 24 * time.Hour, false},       // since they were due: their words may speak of a report
	{"household_merges", domain.PartWithin, false},      // they hold numbers, and go back no more
	{"sessions", 30 * 24 * time.Hour, true},             // since they expired or were revoked
	{"invitations", 365 * 24 * time.Hour, true},         // the record of who asked for them
	{"import_changes", domain.ImportChangesKept, false}, // they hold numbers and addresses as they stood
	{"imports", domain.ImportsKept, false},
	{"import_answers", domain.ImportChangesKept, false}, // those that are numbers: what they were asked for has landed
	{"sos_trail", domain.PlacesKept, false},
	{"sealed_requests", domain.SealedKept, false},
	{"visit_files", 0, false}, // by kind: since they ran out
	{"security_log", domain.SecurityKept, true},
	{"changes", domain.FeedKept + time.Hour, true},
	{"throttles", 0, true}, // since they say nothing any more
}

// sweepChunk is how many rows a transaction deletes: a few milliseconds of
// SQLite's one writer.
const sweepChunk = 250

const sweepChunks = 400 // of one kind in a run; the next run does the rest

// Retention forgets old rows in chunks, each a transaction of its own, and tells
// how many. Any number of replicas may do it at once; what a killed one left
// over, the next one finds.
func (s *Service) Retention(ctx context.Context) (int, error) {
	done := 0
	for _, w := range sweeps {
		now := s.Instant()
		if w.wall {
			now = s.Wall().UTC()
		}
		for range sweepChunks {
			n := 0
			err := s.Store.InTx(ctx, func(tx domain.Tx) (err error) {
				n, err = tx.Purge(w.kind, now.Add(-w.keep), sweepChunk)
				return err
			})
			if err != nil {
				return done, err
			}
			if done += n; n < sweepChunk {
				break
			}
		}
	}
	return done, nil
}
