package repotest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"doorstep/repo"
)

// loan is a database that tests use one after the other. Emptying it takes a
// tenth of the time of making another: connections stay open, statements
// prepared, and PostgreSQL has its catalogue read.
type loan struct {
	db     *repo.DB
	drop   func()
	schema string // how it has to look to be lent again
	uses   int
}

// manyUses bounds what PostgreSQL keeps of deleted rows, for no test vacuums.
const manyUses = 25

var (
	lending sync.Mutex
	idle    = map[string][]*loan{} // by engine
)

// kept are the tables that a wipe passes over: what migrations wrote about
// themselves, and the tables by which SQLite keeps its search index.
var kept = []string{"goose_db_version", "river_migration", "search_index", "search_index_data", "search_index_idx",
	"search_index_docsize", "search_index_config", "sqlite_sequence"}

// seeds write again what the migrations put into tables that a wipe empties.
var seeds = []string{"INSERT INTO sync_round (id, tx, seq) VALUES (1, 0, 0)"}

func borrow(t testing.TB, engine string) (*loan, error) {
	lending.Lock()
	if free := idle[engine]; len(free) > 0 {
		l := free[len(free)-1]
		idle[engine] = free[:len(free)-1]
		lending.Unlock()
		return l, nil
	}
	lending.Unlock()
	var url string
	var drop func()
	var err error
	if engine == repo.SQLite {
		url, drop, err = sqliteDatabase()
	} else {
		s := needServer(t)
		url, drop, err = s.database(s.template)
	}
	if err != nil {
		return nil, err
	}
	db, err := open(url)
	if err != nil {
		drop()
		return nil, err
	}
	l := &loan{db: db, drop: drop}
	if l.schema, err = schema(context.Background(), db); err != nil {
		l.end()
		return nil, err
	}
	return l, nil
}

func (l *loan) end() {
	_ = l.db.Close()
	l.drop()
}

// giveBack makes a database ready for the next test, or ends it: after a test
// that failed, that changed the schema, or that closed it.
func giveBack(t testing.TB, l *loan) {
	l.uses++
	if t.Failed() || l.uses >= manyUses {
		l.end()
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	now, err := schema(ctx, l.db)
	if err == nil && now != l.schema {
		err = errors.New("the test changed the schema")
	}
	if err == nil {
		err = wipe(ctx, l.db)
	}
	if err != nil {
		t.Logf("this database is not used again: %v", err)
		l.end()
		return
	}
	lending.Lock()
	idle[l.db.Kind()] = append(idle[l.db.Kind()], l)
	lending.Unlock()
}

// closeIdle ends what nobody will borrow any more.
func closeIdle() {
	lending.Lock()
	defer lending.Unlock()
	for _, loans := range idle {
		for _, l := range loans {
			l.end()
		}
	}
	clear(idle)
}

// schema is the text of all that a database is made of, but for its rows.
func schema(ctx context.Context, db *repo.DB) (text string, err error) {
	query := "SELECT group_concat(name || coalesce(sql, ''), ';') FROM sqlite_master"
	if db.Kind() == repo.Postgres {
		query = `SELECT md5((SELECT string_agg(attrelid::regclass::text || attname::text || atttypid::text, ';' ORDER BY attrelid, attnum) FROM pg_attribute
				JOIN pg_class c ON c.oid = attrelid WHERE c.relnamespace = 'public'::regnamespace)
			|| (SELECT coalesce(string_agg(tgname || tgenabled::text, ';' ORDER BY tgrelid, tgname), '') FROM pg_trigger)
			|| (SELECT string_agg(conname, ';' ORDER BY oid) FROM pg_constraint)
			|| (SELECT string_agg(proname || prosrc, ';' ORDER BY oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace))`
	}
	err = db.SQL().QueryRowContext(ctx, query).Scan(&text)
	return text, err
}

// wipe leaves a database as the migrations made it, but for numbers that were
// given out: an open database remembers how far it has read.
func wipe(ctx context.Context, db *repo.DB) error {
	conn, err := db.SQL().Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if db.Kind() == repo.Postgres {
		_, err := conn.ExecContext(ctx, wipePostgres)
		return err
	}
	return wipeSQLite(ctx, conn)
}

// wipePostgres needs no order of tables: triggers and foreign keys rest in it.
var wipePostgres = fmt.Sprintf(`DO $$ DECLARE name text; BEGIN
	SET LOCAL session_replication_role = replica;
	FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> ALL (ARRAY['%s']) LOOP
		EXECUTE format('DELETE FROM %%I', name);
	END LOOP;
	%s;
END $$`, strings.Join(kept, "','"), strings.Join(seeds, "; "))

func wipeSQLite(ctx context.Context, conn *sql.Conn) (err error) {
	if _, err = conn.ExecContext(ctx, "PRAGMA foreign_keys = 0"); err != nil {
		return err
	}
	defer func() {
		_, on := conn.ExecContext(ctx, "PRAGMA foreign_keys = 1")
		err = errors.Join(err, on)
	}()
	rows, err := conn.QueryContext(ctx, "SELECT name FROM sqlite_master WHERE type = 'table'")
	if err != nil {
		return err
	}
	defer rows.Close()
	var statements []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return err
		}
		if !slices.Contains(kept, name) {
			statements = append(statements, `DELETE FROM "`+name+`"`)
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	for _, s := range append(statements, seeds...) {
		if _, err := tx.ExecContext(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	return tx.Commit()
}
