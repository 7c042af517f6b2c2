package repo_test

import (
	"slices"
	"strings"
	"testing"

	"doorstep/repo"
	"doorstep/repo/repotest"
)

// TestSchemasAgree compares what the two folders of migrations make: the same
// tables with the same columns, nullable or not alike, and the same versions.
func TestSchemasAgree(t *testing.T) {
	if len(repotest.Engines(t)) < 2 {
		t.Skip("needs both engines")
	}
	columns := map[string][]string{}
	versions := map[string][]repo.Migration{}
	for engine, query := range map[string]string{
		repo.SQLite: `SELECT m.name || '.' || c.name || CASE WHEN c."notnull" THEN '' ELSE ' NULL' END
			FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' ORDER BY 1`,
		repo.Postgres: `SELECT table_name || '.' || column_name || CASE is_nullable WHEN 'NO' THEN '' ELSE ' NULL' END
			FROM information_schema.columns WHERE table_schema = current_schema() ORDER BY 1`,
	} {
		db := repotest.Fresh(t, engine)
		rows, err := db.SQL().QueryContext(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var column string
			if err := rows.Scan(&column); err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(column, "river_") && !strings.HasPrefix(column, "goose_") && !strings.HasPrefix(column, "sqlite_") &&
				!strings.HasPrefix(column, "search_index") { // FTS5 keeps it in tables of its own
				columns[engine] = append(columns[engine], column)
			}
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		slices.Sort(columns[engine])
		if versions[engine], err = db.MigrationStatus(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := db.Migrate(t.Context()); err != nil { // again changes nothing
			t.Error(err)
		}
	}
	if len(columns[repo.SQLite]) < 250 || !slices.Equal(columns[repo.SQLite], columns[repo.Postgres]) {
		for engine, other := range map[string]string{repo.SQLite: repo.Postgres, repo.Postgres: repo.SQLite} {
			for _, c := range columns[engine] {
				if !slices.Contains(columns[other], c) {
					t.Errorf("only in %s: %s", engine, c)
				}
			}
		}
		t.Errorf("%d columns in SQLite, %d in PostgreSQL", len(columns[repo.SQLite]), len(columns[repo.Postgres]))
	}
	if len(versions[repo.SQLite]) != len(versions[repo.Postgres]) {
		t.Errorf("%d versions of SQLite, %d of PostgreSQL", len(versions[repo.SQLite]), len(versions[repo.Postgres]))
	}
	for i, v := range versions[repo.SQLite] {
		if p := versions[repo.Postgres][i]; p.Version != v.Version || p.Name != v.Name || !p.Applied || !v.Applied {
			t.Errorf("version %d: %+v and %+v", i, v, p)
		}
	}
}
