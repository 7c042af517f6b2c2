package repo

import "maps"

// Reads lists the texts of what the reader asked so far on SQLite.
func (db *DB) Reads() []string {
	db.reads.mu.RLock()
	defer db.reads.mu.RUnlock()
	var out []string
	for text := range maps.Keys(db.reads.known) {
		out = append(out, text)
	}
	return out
}
