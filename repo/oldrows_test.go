package repo_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"doorstep/domain"
	"doorstep/domain/casework"
	"doorstep/domain/usecases"
	"doorstep/repo"
	"doorstep/repo/repotest"
)

// firstSchema is an empty database of the first version.
func firstSchema(t *testing.T, engine string) *repo.DB {
	t.Helper()
	url := filepath.Join(t.TempDir(), "old.db")
	if engine == repo.Postgres {
		url = repotest.EmptyURL(t)
	}
	db, err := repo.Open(t.Context(), repo.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if err := db.MigrateTo(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	return db
}

// TestRowsOfTheFirstSchemaLoad puts rows as the first version wrote them, in
// every table, through all migrations of today and reads them with today's
// code: nothing is lost, nothing is unreadable, the chains still hold.
func TestRowsOfTheFirstSchemaLoad(t *testing.T) {
	for _, engine := range repotest.Engines(t) {
		t.Run(engine, func(t *testing.T) {
			db := firstSchema(t, engine)
			written := writeOldRows(t, db)
			tables := oldTables(t, db)
			if len(written) != len(tables) {
				t.Errorf("%d tables have rows, the schema has %d: %v", len(written), len(tables), tables)
			}
			if err := db.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			for _, table := range tables {
				if n := number(t, db, "SELECT count(*) FROM "+table); n != written[table] || n == 0 {
					t.Errorf("%s has %d rows, %d were written", table, n, written[table])
				}
			}
			readOldRows(t, db, written)
			if n := number(t, db, "SELECT count(*) FROM sites WHERE place_key = ''"); n != 0 {
				t.Errorf("%d addresses of before cannot be compared", n)
			}
			if n := number(t, db, "SELECT count(*) FROM place_marks"); n == 0 {
				t.Error("addresses of before are not found by their words")
			}
			if n := number(t, db, "SELECT count(*) FROM household_pairs WHERE why = 'place'"); n != 6 {
				t.Errorf("three rows of before at one place are %d pairs", n)
			}
			found, err := db.Reader().Customers(t.Context(), domain.Scope{All: true}, domain.CustomerFilter{Query: "SEÑORA"}, domain.Page{})
			if err != nil || len(found) != 1 {
				t.Errorf("a household of before is found %d times by its name (%v)", len(found), err)
			}
		})
	}
}

var (
	blob    = regexp.MustCompile(`\{\{([0-9A-F]*)\}\}`)
	kept    = regexp.MustCompile(`\{\{(\{.*?\})\}\}([,)])`)
	inserts = regexp.MustCompile(`(?m)^INSERT INTO (\w+) `)
)

// writeOldRows gives the number of rows by table.
func writeOldRows(t *testing.T, db *repo.DB) map[string]int {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "rows-00001.sql"))
	if err != nil {
		t.Fatal(err)
	}
	as, text := `x'$1'`, `CAST('$1' AS BLOB)$2`
	if db.Kind() == repo.Postgres {
		as, text = `'\x$1'`, `'$1'$2`
	}
	written := map[string]int{}
	for _, statement := range strings.Split(kept.ReplaceAllString(blob.ReplaceAllString(string(raw), as), text), ";\n\n") {
		res, err := db.SQL().ExecContext(t.Context(), statement)
		if err != nil {
			t.Fatalf("%.80s: %v", statement, err)
		}
		n, err := res.RowsAffected()
		if err != nil {
			t.Fatal(err)
		}
		written[inserts.FindStringSubmatch(statement)[1]] = int(n)
	}
	return written
}

func oldTables(t *testing.T, db *repo.DB) []string {
	t.Helper()
	query := "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1"
	if db.Kind() == repo.Postgres {
		query = "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema() ORDER BY 1"
	}
	return slices.DeleteFunc(words(t, db, query), func(name string) bool {
		return strings.HasPrefix(name, "goose_") || strings.HasPrefix(name, "sqlite_")
	})
}

func words(t *testing.T, db *repo.DB, query string) []string {
	t.Helper()
	rows, err := db.SQL().QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var w string
		if err := rows.Scan(&w); err != nil {
			t.Fatal(err)
		}
		out = append(out, w)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

func number(t *testing.T, db *repo.DB, query string) (n int) {
	t.Helper()
	if err := db.SQL().QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func oldLink(t *testing.T, db *repo.DB, job domain.ID) (l *domain.Link, err error) {
	t.Helper()
	return l, db.InTx(t.Context(), func(tx domain.Tx) (err error) {
		l, err = tx.ReadLinkOfJob(job)
		return err
	})
}

// readOldRows reads each table by the methods that use it.
func readOldRows(t *testing.T, db *repo.DB, written map[string]int) {
	t.Helper()
	ctx, r, all, page := t.Context(), db.Reader(), domain.Scope{All: true}, domain.Page{Limit: 500}
	read := map[string]int{}
	count := func(table string, n int, err error) {
		t.Helper()
		if err != nil {
			t.Errorf("%s: %v", table, err)
		}
		read[table] += n
	}
	areas, err := r.Areas(ctx, all, page)
	count("areas", len(areas), err)
	centres, err := r.Centres(ctx, all, page)
	count("centres", len(centres), err)
	users, err := r.Users(ctx, all, domain.UserFilter{}, page)
	count("users", len(users), err)
	customers, err := r.Customers(ctx, all, domain.CustomerFilter{}, page)
	count("customers", len(customers), err)
	for _, c := range customers {
		count("contacts", len(c.Contacts), nil)
		count("sites", len(c.Sites), nil)
		for _, p := range c.Contacts {
			count("contact_phones", len(p.Phones), nil)
		}
	}
	appliances, err := r.Appliances(ctx, all, nil, "", page)
	count("appliances", len(appliances), err)
	jobs, err := r.Jobs(ctx, all, domain.JobFilter{}, page)
	count("jobs", len(jobs), err)
	visits, err := r.Visits(ctx, all, domain.VisitFilter{}, page)
	count("visits", len(visits), err)
	for _, v := range visits {
		count("assignments", len(v.EverCrew), nil)
	}
	policies, err := r.Policies(ctx, all, page)
	count("policies", len(policies), err)
	for _, c := range centres {
		seen, err := r.Customers(ctx, domain.Scope{CentreID: c.ID}, domain.CustomerFilter{}, page)
		count("customer_centres", len(seen), err)
	}
	for _, u := range users {
		leaves, err := r.Leaves(ctx, all, domain.LeaveFilter{UserID: &u.ID}, page)
		count("leaves", len(leaves), err)
		devices, err := r.Devices(ctx, u.ID)
		count("devices", len(devices), err)
		inbox, err := r.Inbox(ctx, u.ID, false, page)
		count("notices", len(inbox), err)
		if u.Role == domain.RoleAreaManager {
			flags, err := r.Flags(ctx, repotest.Actor(u), domain.FlagFilter{}, page)
			count("flags of managers", len(flags), err)
			apart, err := r.Exclusions(ctx, repotest.Actor(u), page)
			count("exclusions of managers", len(apart), err)
		}
	}
	for _, j := range jobs {
		attempts, err := r.Attempts(ctx, all, j.ID, page)
		count("attempts", len(attempts), err)
		link, err := oldLink(t, db, j.ID)
		if count("links", 1, err); err == nil && (link.JobID != j.ID || !link.Read() || link.ReadBy != nil) {
			t.Errorf("a link of before counts as read, by nobody knows whom: %s, %+v", j.ID, link)
		}
	}
	proof := usecases.New(&casework.Service{Read: r})
	faults, err := proof.Proof.Verify(ctx, func(_, facts int) { read["facts"] = facts })
	if err != nil || len(faults) != 0 {
		t.Errorf("the chains: %v, %v", faults, err)
	}
	repotest.Do(t, db, func(tx domain.Tx) error {
		for i := range jobs {
			holds, err := tx.HoldsOver(&jobs[i], true)
			holds = slices.DeleteFunc(holds, func(h domain.Hold) bool { // it lies over another row of the household too
				return h.CustomerID != nil && *h.CustomerID != jobs[i].CustomerID
			})
			if count("holds", len(holds), err); err != nil {
				return err
			}
			if _, err := tx.LockJob(jobs[i].ID); err != nil {
				return err
			}
		}
		for i := range customers {
			devices, err := tx.CustomerDevices(customers[i].ID)
			count("devices", len(devices), err)
			if slices.ContainsFunc(devices, func(d domain.Device) bool { return !d.Unproven }) {
				t.Errorf("a device that was registered by a link of before proves something: %+v", devices)
			}
		}
		return nil
	})
	for _, table := range []string{"areas", "centres", "users", "customers", "contacts", "contact_phones", "sites", "appliances", "jobs",
		"visits", "assignments", "policies",
		"customer_centres", "leaves", "devices", "attempts", "links", "facts", "holds"} {
		if read[table] != written[table] {
			t.Errorf("%s: %d of %d rows were read", table, read[table], written[table])
		}
	}
	if read["flags of managers"] != 2*written["flags"] || read["exclusions of managers"] != 2*written["exclusions"] { // the area has two
		t.Errorf("flags and exclusions: %v", read)
	}
	readOldSecrets(t, db)

	// What a later version added has a meaning for rows of before.
	for _, j := range jobs {
		if j.ReopenUntil != nil || len(j.Imported.V) != 0 {
			t.Errorf("job %s: %v, %v", j.ID, j.ReopenUntil, j.Imported.V)
		}
		// A row is written back whole.
		repotest.Do(t, db, func(tx domain.Tx) error {
			old, err := tx.LockJob(j.ID)
			if err != nil {
				return err
			}
			return tx.SaveJob(old)
		})
	}
	for i := range customers {
		if strings.Contains(customers[i].Name, "Ødegård “Old”") && customers[i].Language == "hi" {
			return
		}
	}
	t.Error("the household's name did not survive")
}

// readOldSecrets reads what only a hash or key leads to.
func readOldSecrets(t *testing.T, db *repo.DB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	column := func(query string) []string { return words(t, db, query) }
	one := func(table, by string, load func(tx domain.Tx, key string) error) {
		t.Helper()
		keys := column(fmt.Sprintf("SELECT CAST(%s AS text) FROM %s", by, table))
		for _, key := range keys {
			if err := db.InTx(ctx, func(tx domain.Tx) error { return load(tx, key) }); err != nil {
				t.Errorf("%s %s: %v", table, key, err)
			}
		}
	}
	one("sessions", "token_hash", func(tx domain.Tx, key string) error {
		s, err := tx.LockSession(key)
		if err == nil && s.SuccessorID != nil {
			_, err = tx.SessionByID(*s.SuccessorID)
		}
		return err
	})
	one("invitations", "token_hash", func(tx domain.Tx, key string) error { _, err := tx.LockInvitation(key); return err })
	one("links", "token_hash", func(tx domain.Tx, key string) error { _, err := tx.LinkByHash(key); return err })
	one("stray_contacts", "id", func(tx domain.Tx, key string) error { _, err := tx.LoggedContact(uuid.MustParse(key)); return err })
	one("flags", "id", func(tx domain.Tx, key string) error { _, err := tx.Flag(uuid.MustParse(key)); return err })
	one("exclusions", "id", func(tx domain.Tx, key string) error { _, err := tx.LockExclusion(uuid.MustParse(key)); return err })
	link := uuid.MustParse(column("SELECT CAST(link_id AS text) FROM form_keys")[0])
	one("form_keys", "hash", func(tx domain.Tx, key string) error {
		fresh, err := tx.UseFormKey(key, link, repotest.Noon)
		if err == nil && fresh {
			return fmt.Errorf("a used key is fresh again")
		}
		return err
	})
	one("idempotency", "actor_id || '|' || key", func(tx domain.Tx, key string) error {
		actor, key, _ := strings.Cut(key, "|")
		old, err := tx.Replay(uuid.MustParse(actor), key)
		if err == nil && (old == nil || len(old.Body) == 0) {
			err = fmt.Errorf("no answer: %+v", old)
		}
		return err
	})
	var ids []domain.ID
	for _, id := range column("SELECT CAST(id AS text) FROM notices") {
		ids = append(ids, uuid.MustParse(id))
	}
	if _, err := db.Deliveries(ctx, ids); err != nil {
		t.Errorf("notices: %v", err)
	}
	if due, err := db.Reader().NextDeadline(ctx); err != nil || due == nil {
		t.Errorf("deadlines: %v, %v", due, err)
	}
}

// TestWhatWasAskedByLinkIsKnown: contacts from before a request had a column of
// its own take it from the note that the page wrote, and from no other note.
func TestWhatWasAskedByLinkIsKnown(t *testing.T) {
	for _, engine := range repotest.Engines(t) {
		t.Run(engine, func(t *testing.T) {
			db := firstSchema(t, engine)
			writeOldRows(t, db)
			if err := db.MigrateTo(t.Context(), 37); err != nil {
				t.Fatal(err)
			}
			exec := func(sql string) {
				t.Helper()
				if _, err := db.SQL().ExecContext(t.Context(), sql); err != nil {
					t.Fatal(err)
				}
			}
			exec("UPDATE attempts SET direction = 'inbound', note = 'reopen by link', link_id = (SELECT id FROM links ORDER BY id LIMIT 1)")
			// A caller's words are no request.
			exec("UPDATE attempts SET link_id = NULL WHERE id = (SELECT id FROM attempts ORDER BY id LIMIT 1)")
			written := number(t, db, "SELECT count(*) FROM attempts")
			if err := db.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n := number(t, db, "SELECT count(*) FROM attempts WHERE request = 'reopen'"); n != written-1 || n == 0 {
				t.Errorf("%d of %d contacts ask to reopen", n, written)
			}
		})
	}
}
