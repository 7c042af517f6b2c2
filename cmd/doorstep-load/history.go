package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

type historyCmd struct {
	Server   string `help:"The doorstep binary." default:"./doorstep" type:"existingfile"`
	SmallURL string `name:"small-url" help:"An empty PostgreSQL database for the few visits; its user must be a superuser." required:"" placeholder:"URL"`
	LargeURL string `name:"large-url" help:"Another one for the many: 2 KiB of disk a visit." required:"" placeholder:"URL"`
	Small    int    `help:"Visits stored." default:"10000"`
	Large    int    `help:"Visits stored." default:"10000000"`
	Rounds   int    `help:"Rounds, each in turn; medians are printed." default:"5"`
	Requests int    `help:"Of each kind in a round, one after the other." default:"40"`
}

// The town of a history: ten centres of 40 technicians who make 300 visits a
// day. The first centre is measured; it also has its next 14 days booked. The
// others have only a past, which grows until there are as many visits as asked
// for.
const (
	historyCentres     = 10
	historyTechnicians = 40
	historyADay        = 300
	historyAhead       = 14
)

// past is one server with so many visits behind it.
type past struct {
	name   string
	server *subject
	town   *town
	centre string
	runs   map[string][]float64 // milliseconds of a request, the median of each round
}

// Run fills both databases and measures requests on each in turn.
func (c *historyCmd) Run(ctx context.Context) error {
	ahead := historyAhead * historyADay
	if c.Small < ahead || c.Large <= c.Small {
		return fmt.Errorf("the days ahead alone are %d visits: --small at least that, --large more", ahead)
	}
	var both []*past
	for _, p := range []struct {
		url    string
		visits int
	}{{c.SmallURL, c.Small}, {c.LargeURL, c.Large}} {
		one, err := c.settle(ctx, p.url, p.visits)
		if err != nil {
			return err
		}
		defer one.server.stop()
		both = append(both, one)
	}
	tomorrow := time.Now().UTC().AddDate(0, 0, 1).Format(time.DateOnly)
	kinds := []struct {
		name   string
		visits int // at least, in each answer
		do     func(*past, int) (string, *client)
	}{
		{"slots of 14 days", 40, func(p *past, i int) (string, *client) {
			return "/v1/jobs/" + p.town.jobs[1+i%(len(p.town.jobs)-1)] + "/slots", p.town.desk
		}},
		{"a centre's day, 200 of 300", 200, func(p *past, _ int) (string, *client) {
			return "/v1/visits?limit=200&date=" + tomorrow + "&centre_id=" + p.centre, p.town.desk
		}},
		{"a technician's day", 7, func(p *past, _ int) (string, *client) {
			return "/v1/visits?limit=50&date=" + tomorrow, p.town.crew
		}},
		{"the board's day of 300", 300, func(p *past, _ int) (string, *client) {
			return "/v1/centres/" + p.centre + "/board?date=" + tomorrow, p.town.desk
		}},
	}
	for round := range c.Rounds + 1 { // the first one warms
		for _, k := range kinds {
			for _, p := range both {
				times := make([]float64, c.Requests)
				for i := range times {
					path, by := k.do(p, i)
					begin := time.Now()
					var body []byte
					if err := by.do(ctx, "GET", path, nil, &body); err != nil {
						return err
					}
					times[i] = float64(time.Since(begin)) / float64(time.Millisecond)
					if n := bytes.Count(body, []byte(`"window_start":`)); n < k.visits {
						return fmt.Errorf("%s gave %d windows, at least %d were due", path, n, k.visits)
					}
				}
				slices.Sort(times)
				if round > 0 {
					p.runs[k.name] = append(p.runs[k.name], times[len(times)/2])
				}
			}
		}
	}
	fmt.Printf("%d rounds in turn, %d requests each, one after the other; medians\n", c.Rounds, c.Requests)
	for _, k := range kinds {
		var ratios []float64
		for i := range both[0].runs[k.name] {
			ratios = append(ratios, both[1].runs[k.name][i]/both[0].runs[k.name][i])
		}
		fmt.Printf("%-27s  %s %6.1f ms  %s %6.1f ms  ratio %.2f  (%s)\n", k.name, both[0].name, middle(both[0].runs[k.name]), both[1].name,
			middle(both[1].runs[k.name]), middle(ratios), spread(ratios))
	}
	return nil
}

func middle(v []float64) float64 { return slices.Sorted(slices.Values(v))[len(v)/2] }

func spread(v []float64) string {
	return fmt.Sprintf("%.2f to %.2f", slices.Min(v), slices.Max(v))
}

// settle starts a server on an empty database and gives it a past.
func (c *historyCmd) settle(ctx context.Context, url string, visits int) (*past, error) {
	p := &past{name: fmt.Sprintf("%d visits", visits), runs: map[string][]float64{}}
	var err error
	if p.server, err = launch(ctx, c.Server, []string{"DOORSTEP_JWT_SECRET=" + secret(), "DOORSTEP_LINK_SECRET=" + secret(),
		"DATABASE_URL=" + url}); err != nil {
		return nil, err
	}
	if p.town, err = settleTown(ctx, c.Server, p.server, historyTechnicians, 20); err == nil {
		p.centre, err = fill(ctx, url, p.town, visits)
	}
	if err != nil {
		p.server.stop()
		return nil, err
	}
	return p, nil
}

// The rows of a past, by their number g. Ids begin with the time, as those of
// the server do; each customer has four jobs, each job two visits, and
// for every 50 visits there was a safety hold.
const (
	pastID    = `(lpad(to_hex(%[1]s), 12, '0') || '7%[2]s' || '8' || lpad(to_hex(%[3]s), 15, '0'))::uuid`
	pastStart = `($1::timestamptz + make_interval(days => ((g.n / %[1]d)::int / %[2]d + 1) * %[3]d, hours => 9 + ((g.n / %[1]d)::int %% %[2]d) / %[4]d))`
)

// fill makes visits by cloning one that the server wrote: every column that is
// not named here has its value.
func fill(ctx context.Context, url string, t *town, visits int) (centre string, err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return "", err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	from := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 1).Add(9 * time.Hour)
	var first struct {
		ID string `json:"id"`
	}
	if err := t.desk.do(ctx, "POST", "/v1/jobs/"+t.jobs[0]+"/visits", obj{"window_start": from, "window_end": from.Add(2 * time.Hour),
		"planned_minutes": 45, "crew": []string{t.technicians[0]}}, &first); err != nil {
		return "", err
	}
	// So that there is a hold to clone.
	if err := t.desk.do(ctx, "POST", "/v1/jobs/"+t.jobs[0]+"/hold", obj{"kind": "parts", "reason": "ordered"}, nil); err != nil {
		return "", err
	}
	if err := t.desk.do(ctx, "POST", "/v1/jobs/"+t.jobs[0]+"/release", obj{"kind": "parts", "reason": "came"}, nil); err != nil {
		return "", err
	}
	// The rules of the rows hold by how they are made; checking ten million of
	// them takes longer than writing them.
	if _, err := conn.Exec(ctx, "SET session_replication_role = replica"); err != nil {
		return "", fmt.Errorf("the database's user must be a superuser: %w", err)
	}
	if err := conn.QueryRow(ctx, "SELECT centre_id::text FROM visits WHERE id = $1", first.ID).Scan(&centre); err != nil {
		return "", err
	}
	if _, err := conn.Exec(ctx, `CREATE TEMP TABLE of_centre (n int, technicians uuid[], centre uuid)`); err != nil {
		return "", err
	}
	for n := range historyCentres {
		where, who := centre, t.technicians
		if n > 0 {
			if where, who, err = another(ctx, conn, centre, t.technicians, n); err != nil {
				return "", err
			}
		}
		if _, err := conn.Exec(ctx, "INSERT INTO of_centre VALUES ($1, $2, $3)", n, who, where); err != nil {
			return "", err
		}
	}
	tables := []string{"sites", "customers", "jobs", "visits", "assignments", "holds"}
	again, err := dropIndexes(ctx, conn, tables)
	if err != nil {
		return "", err
	}
	midnight := time.Now().UTC().Truncate(24 * time.Hour)
	ahead := historyAhead*historyADay - 1
	// The visit that is cloned is number 0 of those ahead.
	if err := stretch(ctx, conn, first.ID, midnight, 1, ahead, true); err != nil {
		return "", err
	}
	if err := stretch(ctx, conn, first.ID, midnight, historyCentres, visits-ahead-1, false); err != nil {
		return "", err
	}
	for i, s := range again {
		fmt.Fprintf(os.Stderr, "\rindex %d of %d …   ", i+1, len(again))
		if _, err := conn.Exec(ctx, s); err != nil {
			return "", err
		}
	}
	fmt.Fprintln(os.Stderr, "vacuum …")
	if _, err := conn.Exec(ctx, "VACUUM (ANALYZE)"); err != nil {
		return "", err
	}
	var n int
	if err := conn.QueryRow(ctx, "SELECT count(*) FROM visits").Scan(&n); err != nil {
		return "", err
	}
	if n != visits {
		return "", fmt.Errorf("%d visits are stored, not %d", n, visits)
	}
	return centre, nil
}

// another clones the centre and its technicians.
func another(ctx context.Context, conn *pgx.Conn, centre string, technicians []string, n int) (string, []string, error) {
	var id string
	insert, err := clone(ctx, conn, "centres", map[string]string{"id": "gen_random_uuid()"})
	if err != nil {
		return "", nil, err
	}
	if err := conn.QueryRow(ctx, insert+" FROM centres t WHERE t.id = $1 RETURNING id::text", centre).Scan(&id); err != nil {
		return "", nil, err
	}
	insert, err = clone(ctx, conn, "users", map[string]string{"id": "gen_random_uuid()", "centre_id": "$2::uuid",
		"login": "t.login || '-' || $3::text"})
	if err != nil {
		return "", nil, err
	}
	rows, err := conn.Query(ctx, insert+" FROM users t WHERE t.id = ANY($1) RETURNING id::text", technicians, id, fmt.Sprint(n))
	if err != nil {
		return "", nil, err
	}
	who, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return id, who, err
}

// clone is the head of a statement that copies rows t of a table with other
// values in some columns.
func clone(ctx context.Context, conn *pgx.Conn, table string, change map[string]string) (string, error) {
	rows, err := conn.Query(ctx,
		"SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema AND table_name = $1 AND is_generated = 'NEVER' ORDER BY ordinal_position", table)
	if err != nil {
		return "", err
	}
	columns, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return "", err
	}
	values := make([]string, len(columns))
	for i, c := range columns {
		values[i] = "t." + c
		if v, ok := change[c]; ok {
			values[i] = v
		}
	}
	return "INSERT INTO " + table + " (" + strings.Join(columns, ", ") + ") SELECT " + strings.Join(values, ", "), nil
}

// stretch makes visits 1 to n of so many centres, day by day: unfinished ones
// from tomorrow on, finished ones from yesterday back.
func stretch(ctx context.Context, conn *pgx.Conn, like string, midnight time.Time, centres, n int, ahead bool) error {
	name, kind, direction := "past", "b", -1
	if ahead {
		name, kind, direction = "ahead", "a", 1
	}
	start := fmt.Sprintf(pastStart, centres, historyADay, direction, historyTechnicians)
	id := func(what, of string) string { return fmt.Sprintf(pastID, "1700000000000 + "+of, kind+what, of) }
	who := fmt.Sprintf("o.technicians[((g.n / %d) %% %d) + 1]", centres, historyTechnicians)
	crew := "to_jsonb(ARRAY[" + who + "])"
	change := map[string]map[string]string{
		"customers": {"id": id("01", "g.n")},
		"sites": {"id": id("02", "g.n"), "customer_id": id("01", "g.n"), "lat": "18.5 + (g.n % 97) * 0.001",
			"lon": "73.8 + (g.n % 89) * 0.001"},
		"jobs": {"id": id("03", "g.n"), "customer_id": id("01", "g.n / 4"), "site_id": id("02", "g.n / 4"), "contact_id": "NULL",
			"centre_id": "o.centre",
			"opened_at": "$1::timestamptz - make_interval(mins => g.n)", "external_ref": "NULL"},
		"visits": {"id": id("04", "g.n"), "job_id": id("03", "g.n / 2"), "customer_id": id("01", "g.n / 8"), "centre_id": "o.centre",
			"window_start": start, "window_end": start + " + interval '2 hours'", "planned_start": start, "crew": crew, "ever_crew": crew},
		"assignments": {"visit_id": id("04", "g.n"), "job_id": id("03", "g.n / 2"), "technician_id": who, "window_start": start,
			"starts_at": start, "ends_at": start + " + interval '45 minutes'"},
	}
	change["holds"] = map[string]string{"id": id("05", "g.n"), "kind": "'safety'", "job_id": "NULL", "customer_id": id("01", "g.n * 6")}
	if !ahead {
		for k, v := range map[string]string{"status": "'completed'", "ended_at": start + " + interval '45 minutes'", "started_at": start,
			"arrived_at": start} {
			change["visits"][k] = v
		}
		change["assignments"]["active"] = "false"
		for k, v := range map[string]string{"status": "'closed'", "ended_at": "$1::timestamptz", "resolved_at": "$1::timestamptz"} {
			change["jobs"][k] = v
		}
	}
	of := map[string]string{"customers": "id = (SELECT customer_id FROM visits WHERE id = $2)",
		"sites": "id = (SELECT site_id FROM jobs WHERE id = (SELECT job_id FROM visits WHERE id = $2))",
		"jobs":  "id = (SELECT job_id FROM visits WHERE id = $2)", "visits": "id = $2", "assignments": "visit_id = $2",
		"holds": "job_id = (SELECT job_id FROM visits WHERE id = $2)"}
	for _, step := range []struct {
		table       string
		first, rows int
	}{{"customers", 0, n/8 + 1}, {"sites", 0, n/8 + 1}, {"jobs", 0, n/2 + 1}, {"visits", 1, n}, {"assignments", 1, n}, {"holds", 0, n / 50}} {
		insert, err := clone(ctx, conn, step.table, change[step.table])
		if err != nil {
			return err
		}
		const chunk = 200_000
		for done := 0; done < step.rows; done += chunk {
			fmt.Fprintf(os.Stderr, "\r%s: %s %d of %d …   ", name, step.table, done, step.rows)
			sql := insert + fmt.Sprintf(
				" FROM generate_series($3::int, $4::int) g(n) JOIN of_centre o ON o.n = g.n %% %d CROSS JOIN (SELECT * FROM %s WHERE %s) t", centres,
				step.table, of[step.table])
			sql += " WHERE $1::timestamptz IS NOT NULL AND $2::uuid IS NOT NULL" // not every table has a time
			if _, err := conn.Exec(ctx, sql, midnight, like, done+step.first, min(done+chunk, step.rows)-1+step.first); err != nil {
				return fmt.Errorf("%s: %w", step.table, err)
			}
		}
	}
	fmt.Fprintln(os.Stderr)
	return nil
}

// dropIndexes drops what no constraint needs and gives the statements that
// make it again: sorting once is quicker than ten million insertions.
func dropIndexes(ctx context.Context, conn *pgx.Conn, tables []string) (again []string, err error) {
	rows, err := conn.Query(ctx,
		`SELECT i.indexname, i.indexdef FROM pg_indexes i WHERE i.schemaname = current_schema AND i.tablename = ANY($1)
		AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conname = i.indexname)`, tables)
	if err != nil {
		return nil, err
	}
	type index struct{ Indexname, Indexdef string }
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[index])
	if err != nil {
		return nil, err
	}
	for _, i := range found {
		if _, err := conn.Exec(ctx, "DROP INDEX "+pgx.Identifier{i.Indexname}.Sanitize()); err != nil {
			return nil, err
		}
		again = append(again, i.Indexdef)
	}
	return again, nil
}
