package repo

import (
	"regexp"
	"sync"

	"doorstep/domain"
)

// traces tells, of the one writer that SQLite has, what was written since
// when. So a transaction may read before it is its turn, beside others, and
// find out when it is whether anything of that has changed.
type traces struct {
	mu     sync.Mutex
	now    uint64 // of the latest write
	kept   uint64 // of the latest that is committed, or undone
	all    uint64 // of the latest that can be about anything
	tables map[string]uint64
	keys   map[domain.ID]uint64
	conn   any   // of the writer; another one counts its versions anew
	seen   int64 // the version of the data as it last said
}

// look is what a flight reads: rows of some jobs or technicians, and of tables
// beside them.
type look struct {
	keys   []domain.ID
	tables []string
}

// maxTraced bounds what is remembered of keys.
const maxTraced = 10_000

var (
	writes       = regexp.MustCompile(`\b(?:INSERT|UPDATE|DELETE|REPLACE)\b`)
	writtenTable = regexp.MustCompile(`^(?:INSERT INTO|UPDATE|DELETE FROM) ["\x60]?(\w+)`)
)

var writtenTables sync.Map // by text

// written tells which table a statement writes; "" is none, "*" is any.
func written(text string) string {
	if table, ok := writtenTables.Load(text); ok {
		return table.(string)
	}
	table := ""
	if writes.MatchString(text) {
		table = "*"
		if m := writtenTable.FindStringSubmatch(text); m != nil {
			table = m[1]
		}
	}
	writtenTables.Store(text, table)
	return table
}

// note is told of every statement of the writer, before it runs.
func (t *traces) note(s *step) {
	table := written(s.sql)
	if table == "" {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.now++
	switch {
	case table == "*":
		t.all = t.now
	case s.key == domain.ID{}:
		t.tables[table] = t.now
	case len(t.keys) >= maxTraced:
		clear(t.keys)
		t.all = t.now
	default:
		t.keys[s.key] = t.now
	}
}

// settled is told when a transaction of the writer is over: whatever it wrote
// readers see from now on, or nobody ever does.
func (t *traces) settled() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = t.now
}

// others notes the version of the data as the writer's connection sees it:
// another one means that another program wrote too.
func (t *traces) others(conn any, version int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.conn != conn || t.seen != version {
		t.conn, t.seen = conn, version
		t.now++
		t.all = t.now
	}
}

// count is how many writes there were.
func (t *traces) count() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.now
}

// begin is when a read begins; it sees all that is committed by then.
func (t *traces) begin() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.kept
}

// stands reports whether what was read since then is still as it was.
func (t *traces) stands(since uint64, looks []look) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.all > since {
		return false
	}
	for _, l := range looks {
		for _, table := range l.tables {
			if t.tables[table] > since {
				return false
			}
		}
		for _, key := range l.keys {
			if t.keys[key] > since {
				return false
			}
		}
	}
	return true
}
