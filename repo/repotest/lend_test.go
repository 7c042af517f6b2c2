package repotest

import (
	"fmt"
	"maps"
	"testing"

	"doorstep/repo"
)

// A database that was used and wiped holds what a new one holds.
func TestAWipedDatabaseIsAsNew(t *testing.T) {
	for _, engine := range Engines(t) {
		t.Run(engine, func(t *testing.T) {
			fresh := Fresh(t, engine)
			want := rows(t, fresh)
			var used *repo.DB
			t.Run("use", func(t *testing.T) {
				used = Open(t, engine)
				newHousehold(t, NewWorld(t, used))
				if maps.Equal(want, rows(t, used)) {
					t.Fatal("nothing was written")
				}
			})
			if got := rows(t, used); !maps.Equal(want, got) {
				t.Errorf("after the wipe %v, want %v", got, want)
			}
			if again := Open(t, engine); again != used {
				t.Error("what was wiped is not lent again")
			}
		})
	}
}

// rows counts the rows of each table, but for what SQLite keeps beside them.
func rows(t *testing.T, db *repo.DB) map[string]int {
	query := "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'search_index_%' AND name <> 'sqlite_sequence'"
	if db.Kind() == repo.Postgres {
		query = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
	}
	found, err := db.SQL().Query(query)
	noError(t, err)
	defer found.Close()
	var names []string
	for found.Next() {
		var name string
		noError(t, found.Scan(&name))
		names = append(names, name)
	}
	noError(t, found.Err())
	out := map[string]int{}
	for _, name := range names {
		var n int
		noError(t, db.SQL().QueryRow(fmt.Sprintf("SELECT count(*) FROM %q", name)).Scan(&n))
		out[name] = n
	}
	return out
}
