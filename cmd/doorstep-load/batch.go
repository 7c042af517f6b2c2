package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/google/uuid"
)

type batchCmd struct {
	Server      string `help:"The doorstep binary." default:"./doorstep" type:"existingfile"`
	DatabaseURL string `help:"An empty PostgreSQL database; without it SQLite in a temporary folder." placeholder:"URL"`
	Size        int    `help:"Requests in a batch." default:"50"`
	Rounds      int    `help:"Rounds, each in turn; medians are printed." default:"7"`
	Each        int    `help:"Batches in a round, and as many times the same requests one by one." default:"6"`
	Kind        string `help:"What is sent: mixed is a call and a tried step in turn." enum:"mixed,calls,steps" default:"mixed"`
}

// Run sends the same kinds of requests one by one and as batches, in turn, on jobs of their own.
func (c *batchCmd) Run(ctx context.Context) error {
	env := []string{"DOORSTEP_JWT_SECRET=" + secret(), "DOORSTEP_LINK_SECRET=" + secret()}
	name := "PostgreSQL"
	if c.DatabaseURL != "" {
		env = append(env, "DATABASE_URL="+c.DatabaseURL)
	} else {
		name = "SQLite"
		dir, err := os.MkdirTemp("", "doorstep-load-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		env = append(env, "DOORSTEP_DATA="+dir)
	}
	server, err := launch(ctx, c.Server, env)
	if err != nil {
		return err
	}
	defer server.stop()
	// Each request of a round has a job to itself, or nearly: what was written does not lengthen what is read.
	t, err := settleTown(ctx, c.Server, server, 1, c.Size*(c.Rounds+1)*2)
	if err != nil {
		return err
	}
	used := meter{front: []int{server.cmd.Process.Pid}}
	if c.DatabaseURL != "" {
		db, err := openPlain(ctx, c.DatabaseURL, "FULL", 1)
		if err != nil {
			return err
		}
		defer db.close()
		used.postmaster = db.postmaster(ctx)
	}
	next := 0
	request := func(i int) (path string, body obj) {
		job := "/v1/jobs/" + t.jobs[next%len(t.jobs)]
		next++
		if c.Kind == "steps" || c.Kind == "mixed" && i%2 == 0 {
			return job + "/tried-steps", obj{"step": "Cleaned filter " + uuid.NewString(), "result": "failed"}
		}
		return job + "/attempts", obj{"channel": "phone", "outcome": "no_answer", "ring_seconds": 25}
	}
	type cost struct{ wall, cpu float64 } // milliseconds of so many requests
	measure := func(do func() error) (cost, error) {
		before, began := used.read(), time.Now()
		for range c.Each {
			if err := do(); err != nil {
				return cost{}, err
			}
		}
		ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) / float64(c.Each) }
		wall := ms(time.Since(began))
		after := used.read()
		return cost{wall, ms(after.front - before.front + after.database - before.database)}, nil
	}
	single := func() error {
		for i := range c.Size {
			path, body := request(i)
			if err := t.desk.do(ctx, "POST", path, body, nil); err != nil {
				return err
			}
		}
		return nil
	}
	batch := func() error {
		requests := make([]obj, c.Size)
		for i := range requests {
			path, body := request(i)
			requests[i] = obj{"id": uuid.NewString(), "method": "POST", "path": path, "body": body}
		}
		var got struct{ Responses []item }
		if err := t.desk.do(ctx, "POST", "/v1/sync", obj{"device_time": time.Now().UTC(), "requests": requests}, &got); err != nil {
			return err
		}
		for _, a := range got.Responses {
			if a.Status != 201 {
				return fmt.Errorf("a request of a batch: %d %s", a.Status, a.Body)
			}
		}
		return nil
	}
	var walls, cpus, singles, batches []float64
	for round := range c.Rounds + 1 { // the first one warms
		one, err := measure(single)
		if err != nil {
			return err
		}
		all, err := measure(batch)
		if err != nil {
			return err
		}
		if round == 0 {
			continue
		}
		walls, cpus = append(walls, all.wall/one.wall), append(cpus, all.cpu/one.cpu)
		singles, batches = append(singles, one.wall), append(batches, all.wall)
		fmt.Fprintf(os.Stderr, "round %d: %.1f ms one by one (CPU %.1f), %.1f ms as a batch (CPU %.1f)\n", round, one.wall, one.cpu, all.wall, all.cpu)
	}
	fmt.Printf("%s, %s: %d requests one by one %.1f ms, as a batch %.1f ms; ratio by time %.2f (%s), by processor %.2f (%s)\n", name, c.Kind, c.Size,
		middle(singles), middle(batches), middle(walls), spread(walls), middle(cpus), spread(cpus))
	return nil
}
