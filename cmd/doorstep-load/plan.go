package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"doorstep/cmd/doorstep-load/solomon"
	"doorstep/domain/dayplan"
)

type planCmd struct {
	Files   []string      `arg:"" help:"Instances in Solomon's format, or folders of them."`
	Seconds time.Duration `help:"Time for each." default:"10s"`
	Seed    uint64        `help:"Of chance." default:"1"`
}

// bestKnown are vehicles and distance, vehicles first (SINTEF's list).
var bestKnown = map[string]struct {
	vehicles int
	distance float64
}{
	"c101": {10, 828.94}, "c201": {3, 591.56},
	"r101": {19, 1650.80}, "r201": {4, 1252.37}, "rc101": {14, 1696.95}, "rc201": {4, 1406.94},
}

// Run measures the planner of a day on instances of the literature.
func (c *planCmd) Run() error {
	var files []string
	for _, f := range c.Files {
		if found, err := filepath.Glob(filepath.Join(f, "*.txt")); err == nil && len(found) > 0 {
			files = append(files, found...)
			continue
		}
		files = append(files, f)
	}
	slices.Sort(files)
	bad := 0
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		p, err := solomon.Read(f)
		_ = f.Close()
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		began, rounds := time.Now(), 0
		plan := dayplan.Solve(p, dayplan.Options{Seed: c.Seed, FewVehicles: true, Progress: func(n int) float64 {
			rounds = n
			return float64(time.Since(began)) / float64(c.Seconds)
		}})
		id := strings.ToLower(strings.TrimSuffix(filepath.Base(name), filepath.Ext(name)))
		fmt.Printf("%-8s %2d vehicles, distance %8.2f", id, plan.Used, plan.Travel)
		if best, ok := bestKnown[id]; ok {
			fmt.Printf("  best known %2d / %8.2f  ratio %.3f", best.vehicles, best.distance, plan.Travel/best.distance)
		}
		err = dayplan.Check(p, plan)
		if err == nil && len(plan.Unplaced) > 0 {
			err = fmt.Errorf("%d stops are left out", len(plan.Unplaced))
		}
		if err != nil {
			bad++
			fmt.Printf("  NOT FEASIBLE: %v\n", err)
			continue
		}
		fmt.Printf("  feasible, %d rounds in %v\n", rounds, time.Since(began).Round(time.Millisecond))
	}
	if bad > 0 {
		return fmt.Errorf("%d of %d plans are not feasible", bad, len(files))
	}
	return nil
}
