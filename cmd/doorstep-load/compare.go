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
	work work
	runs []measured
}

// work is what a side does again and again.
type work func(ctx context.Context, worker int) error

// pair is one kind of work, done by each side.
type pair struct {
	key, name string
	sides     []*side
}

func three(server, handled, plain work) []*side {
	return []*side{{name: "server", work: server}, {name: "plain+http", work: handled}, {name: "plain", work: plain}}
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

	today := time.Now().UTC().Truncate(24 * time.Hour)
	day := today.AddDate(0, 0, 362)
	// One of each, so that there are rows to copy, and the day to read.
	mySlots := t.slots(today.AddDate(0, 0, 1))
	if err := book(t.desk, mine, mySlots)(ctx, 0); err != nil {
		return err
	}
	if err := record(t.desk, mine)(ctx, 0); err != nil {
		return err
	}
	if err := fillDay(ctx, t, mine, day); err != nil {
		return err
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

	plainSlots := t.slots(today.AddDate(0, 0, 241))
	pairs := []pair{
		{"attempt", "record attempt", three(record(t.desk, mine), record(&bareDesk, handlers), func(ctx context.Context, _ int) error {
			return db.write(ctx, bench.attempt(theirs[rand.IntN(len(theirs))]).statements)
		})},
		{"visit", "schedule visit", three(book(t.desk, mine, mySlots), book(&bareDesk, handlers, t.slots(today.AddDate(20, 0, 0))),
			func(ctx context.Context, _ int) error {
				who, from := plainSlots()
				return db.write(ctx, bench.visit(theirs[rand.IntN(len(theirs))], who, from).statements)
			})},
		{"day", "day of 50", three(readDay(t.crew, day), readDay(&bareCrew, day), func(ctx context.Context, _ int) error {
			rows, err := db.day(ctx, t.technicians[0], day)
			if err == nil && len(rows) != 50 {
				err = fmt.Errorf("plain read %d rows", len(rows))
			}
			return err
		})},
	}
	used := meter{front: []int{server.cmd.Process.Pid, handler.cmd.Process.Pid}, postmaster: db.postmaster(ctx), load: []int{os.Getpid()}}
	if err := c.warmUp(ctx, pairs, db); err != nil {
		return err
	}
	fmt.Printf("%s, %d connections, %d rounds of %v in turn; CPU a request: front + database + load\n", name, c.Connections, c.Rounds,
		c.Duration)
	if err := c.measure(ctx, pairs, used); err != nil {
		return err
	}
	fmt.Printf("the server after the load: %s\n", memoryOf(server.cmd.Process.Pid))
	return nil
}

// warmUp lets each side work for a while, then the database look at its rows.
func (c *compareCmd) warmUp(ctx context.Context, pairs []pair, db plain) error {
	for _, p := range pairs {
		for _, s := range p.sides {
			if _, err := drive(ctx, c.Connections, c.Duration/3, s.work); err != nil {
				return fmt.Errorf("%s, %s: %w", p.name, s.name, err)
			}
		}
	}
	return db.analyze(ctx)
}

func (c *compareCmd) measure(ctx context.Context, pairs []pair, used meter) error {
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
		p.print()
	}
	return nil
}

// record logs attempts on any of the jobs.
func record(to *client, jobs []string) work {
	attempt := obj{"channel": "phone", "outcome": "no_answer", "ring_seconds": 25}
	return func(ctx context.Context, _ int) error {
		return to.do(ctx, "POST", "/v1/jobs/"+jobs[rand.IntN(len(jobs))]+"/attempts", attempt, nil)
	}
}

// slots gives one free time after the other, and of whom it is. Eight visits
// a day each, as people have; 120 days hold 60,000.
func (t *town) slots(first time.Time) func() (string, time.Time) {
	var slot atomic.Int64
	return func() (string, time.Time) {
		n := slot.Add(1)
		k := int(n / 64)
		return t.technicians[n%64], first.AddDate(0, 0, k/8).Add(time.Duration(3+k%8) * time.Hour)
	}
}

// book schedules visits of any of the jobs.
func book(to *client, jobs []string, next func() (string, time.Time)) work {
	return func(ctx context.Context, _ int) error {
		who, from := next()
		return to.do(ctx, "POST", "/v1/jobs/"+jobs[rand.IntN(len(jobs))]+"/visits", visitOf(who, from), nil)
	}
}

func visitOf(technician string, from time.Time) obj {
	return obj{"window_start": from, "window_end": from.Add(2 * time.Hour), "planned_minutes": 10, "crew": []string{technician}}
}

// fillDay schedules the 50 visits of the day that is read.
func fillDay(ctx context.Context, t *town, jobs []string, day time.Time) error {
	for i := range 50 {
		from := day.Add(time.Duration(i) * 15 * time.Minute)
		if err := t.desk.do(ctx, "POST", "/v1/jobs/"+jobs[i%len(jobs)]+"/visits", visitOf(t.technicians[0], from), nil); err != nil {
			return err
		}
	}
	return nil
}

func readDay(to *client, day time.Time) work {
	return func(ctx context.Context, _ int) error {
		var body []byte
		err := to.do(ctx, "GET", "/v1/visits?limit=50&date="+day.Format("2006-01-02"), nil, &body)
		if n := bytes.Count(body, []byte(`"window_start":`)); err == nil && n != 50 {
			err = fmt.Errorf("the day has %d visits", n)
		}
		return err
	}
}

func (p pair) print() {
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

func median(m []measured) measured {
	sorted := slices.SortedFunc(slices.Values(m), func(a, b measured) int { return cmp.Compare(a.rate, b.rate) })
	return sorted[len(sorted)/2]
}
