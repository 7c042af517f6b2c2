package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"
)

type compareCmd struct {
	Server      string        `help:"The doorstep binary." default:"./doorstep" type:"existingfile"`
	DatabaseURL string        `help:"An empty PostgreSQL database; without it SQLite in a temporary folder." placeholder:"URL"`
	Rounds      int           `help:"Rounds, each in turn; medians are printed." default:"3"`
	Duration    time.Duration `help:"Of each measurement." default:"4s"`
	Connections int           `help:"At once." default:"16"`
	Jobs        int           `help:"Open jobs to work on, a third for each side." default:"3000"`
	Synchronous string        `help:"Durability of SQLite, on every side: FULL or NORMAL." enum:"FULL,NORMAL" default:"FULL"`
	Only        string        `help:"Only this pair." enum:"all,attempt,visit,day" default:"all"`
}

// side is one of the three that do the same work: the server; the plain
// driver behind a bare HTTP handler; the plain driver itself.
type side struct {
	name string
	work func(ctx context.Context, worker int) error
	runs []measured
}

// Run measures the three sides in turn and prints medians and ratios.
func (c *compareCmd) Run(ctx context.Context) error {
	env := []string{"DOORSTEP_JWT_SECRET=" + secret(), "DOORSTEP_LINK_SECRET=" + secret()}
	database, name := c.DatabaseURL, "PostgreSQL"
	if database != "" {
		env = append(env, "DATABASE_URL="+database)
	} else {
		dir, err := os.MkdirTemp("", "doorstep-load-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		env = append(env, "DOORSTEP_DATA="+dir, "DOORSTEP_SYNCHRONOUS="+c.Synchronous)
		database, name = filepath.Join(dir, "doorstep.db"), "SQLite, synchronous="+c.Synchronous
	}
	server, err := launch(ctx, c.Server, env)
	if err != nil {
		return err
	}
	defer server.stop()
	fmt.Fprintf(os.Stderr, "registering %d jobs …\n", c.Jobs)
	t, err := settleTown(ctx, c.Server, server, 64, c.Jobs)
	if err != nil {
		return err
	}
	// A third of the jobs for each side: what one writes does not lengthen
	// what another reads.
	third := len(t.jobs) / 3
	mine, handlers, theirs := t.jobs[:third], t.jobs[third:2*third], t.jobs[2*third:]

	attempt := obj{"channel": "phone", "outcome": "no_answer", "ring_seconds": 25}
	record := func(to *client, jobs []string) func(context.Context, int) error {
		return func(ctx context.Context, _ int) error {
			return to.do(ctx, "POST", "/v1/jobs/"+jobs[rand.IntN(len(jobs))]+"/attempts", attempt, nil)
		}
	}
	today := time.Now().UTC().Truncate(24 * time.Hour)
	// Eight visits a day each, as people have; 120 days hold 60,000.
	slots := func(first time.Time) func() (string, time.Time) {
		var slot atomic.Int64
		return func() (string, time.Time) {
			n := slot.Add(1)
			k := int(n / 64)
			return t.technicians[n%64], first.AddDate(0, 0, k/8).Add(time.Duration(3+k%8) * time.Hour)
		}
	}
	book := func(to *client, jobs []string, next func() (string, time.Time)) func(context.Context, int) error {
		return func(ctx context.Context, _ int) error {
			who, from := next()
			return to.do(ctx, "POST", "/v1/jobs/"+jobs[rand.IntN(len(jobs))]+"/visits",
				obj{"window_start": from, "window_end": from.Add(2 * time.Hour),
					"planned_minutes": 10, "crew": []string{who}}, nil)
		}
	}
	day := today.AddDate(0, 0, 362)
	read := func(to *client) func(context.Context, int) error {
		return func(ctx context.Context, _ int) error {
			var body []byte
			err := to.do(ctx, "GET", "/v1/visits?limit=50&date="+day.Format("2006-01-02"), nil, &body)
			if n := bytes.Count(body, []byte(`"window_start":`)); err == nil && n != 50 {
				err = fmt.Errorf("the day has %d visits", n)
			}
			return err
		}
	}
	// One of each, so that there are rows to copy, and the day to read.
	mySlots := slots(today.AddDate(0, 0, 1))
	if err := book(t.desk, mine, mySlots)(ctx, 0); err != nil {
		return err
	}
	if err := record(t.desk, mine)(ctx, 0); err != nil {
		return err
	}
	for i := range 50 {
		from := day.Add(time.Duration(i) * 15 * time.Minute)
		if err := t.desk.do(ctx, "POST", "/v1/jobs/"+mine[i%len(mine)]+"/visits", obj{"window_start": from, "window_end": from.Add(2 * time.Hour),
			"planned_minutes": 10, "crew": []string{t.technicians[0]}}, nil); err != nil {
			return err
		}
	}

	db, err := openPlain(ctx, database, c.Synchronous, c.Connections)
	if err != nil {
		return err
	}
	defer db.close()
	bench, err := newCopies(ctx, db)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	handler, err := start(ctx, env, self, "bare", "--database", database, "--synchronous", c.Synchronous,
		"--connections", fmt.Sprint(c.Connections))
	if err != nil {
		return err
	}
	defer handler.stop()
	bareDesk, bareCrew := *t.desk, *t.crew
	bareDesk.base, bareCrew.base = handler.base, handler.base

	three := func(server, handled, plain func(context.Context, int) error) []*side {
		return []*side{{name: "server", work: server}, {name: "plain+http", work: handled}, {name: "plain", work: plain}}
	}
	plainSlots := slots(today.AddDate(0, 0, 241))
	pairs := []struct {
		key, name string
		sides     []*side
	}{
		{"attempt", "record attempt", three(record(t.desk, mine), record(&bareDesk, handlers), func(ctx context.Context, _ int) error {
			return db.write(ctx, bench.attempt(theirs[rand.IntN(len(theirs))]).statements)
		})},
		{"visit", "schedule visit", three(book(t.desk, mine, mySlots), book(&bareDesk, handlers, slots(today.AddDate(20, 0, 0))),
			func(ctx context.Context, _ int) error {
				who, from := plainSlots()
				return db.write(ctx, bench.visit(theirs[rand.IntN(len(theirs))], who, from).statements)
			})},
		{"day", "day of 50", three(read(t.crew), read(&bareCrew), func(ctx context.Context, _ int) error {
			rows, err := db.day(ctx, t.technicians[0], day)
			if err == nil && len(rows) != 50 {
				err = fmt.Errorf("plain read %d rows", len(rows))
			}
			return err
		})},
	}
	used := meter{front: []int{server.cmd.Process.Pid, handler.cmd.Process.Pid}, postmaster: db.postmaster(ctx), load: []int{os.Getpid()}}
	for _, p := range pairs {
		for _, s := range p.sides {
			if _, err := drive(ctx, c.Connections, c.Duration/3, s.work); err != nil {
				return fmt.Errorf("%s, %s: %w", p.name, s.name, err)
			}
		}
	}
	if err := db.analyze(ctx); err != nil {
		return err
	}
	fmt.Printf("%s, %d connections, %d rounds of %v in turn; CPU a request: front + database + load\n", name, c.Connections, c.Rounds,
		c.Duration)
	for _, p := range pairs {
		if c.Only != "all" && c.Only != p.key {
			continue
		}
		for range c.Rounds {
			for _, s := range p.sides {
				before := used.read()
				m, err := drive(ctx, c.Connections, c.Duration, s.work)
				if err != nil {
					return fmt.Errorf("%s, %s: %w", p.name, s.name, err)
				}
				m.cpu = used.read().per(before, m.n)
				s.runs = append(s.runs, m)
			}
		}
		for i, s := range p.sides {
			m := median(s.runs)
			fmt.Printf("%-14s  %-10s  %s  %s\n", p.name, s.name, m, m.cpu)
			if i > 0 {
				mine := median(p.sides[0].runs)
				fmt.Printf("%-14s  server / %-10s  %.2f (by CPU %.2f)\n", "", s.name, mine.rate/m.rate,
					float64(m.cpu.total())/float64(mine.cpu.total()))
			}
		}
	}
	fmt.Printf("the server after the load: %s\n", memoryOf(server.cmd.Process.Pid))
	return nil
}

func median(m []measured) measured {
	sorted := slices.SortedFunc(slices.Values(m), func(a, b measured) int { return cmp.Compare(a.rate, b.rate) })
	return sorted[len(sorted)/2]
}
