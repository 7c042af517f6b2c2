package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"github.com/alecthomas/kong"
)

type cli struct {
	Fleet   fleetCmd   `cmd:"" help:"Drive a running server and print requests/s, p50, p99 and its memory."`
	Compare compareCmd `cmd:"" help:"Server against plain driver on the same rows, in turn; prints ratios."`
	Drain   drainCmd   `cmd:"" help:"Deliver a backlog of notices against a bare sender; prints the ratio."`
	Bare    bareCmd    `cmd:"" hidden:"" help:"The plain driver behind a bare HTTP handler; compare starts it."`
	Batch   batchCmd   `cmd:"" help:"Requests of a phone's queue one by one and as a batch, in turn; prints the ratio."`
	Cold    coldCmd    `cmd:"" help:"Cold start of a migrated server to its first answer, and its idle memory."`
	History historyCmd `cmd:"" help:"Slots, a day's list and the board beside few and beside millions of stored visits; prints the ratio."`
	Phones  phonesCmd  `cmd:"" help:"Thousands of phones that come back after an outage, and an SOS every second; prints how long both take."`
	Plan    planCmd    `cmd:"" help:"Plan days of the literature (Solomon) and print vehicles, distance and the ratio to the best known."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var c cli
	k := kong.Parse(&c, kong.Name("doorstep-load"), kong.UsageOnError(),
		kong.Description("Examples:\n  doorstep-load fleet --url http://127.0.0.1:8080 --login kiran --password … --work day\n"+
			"  doorstep-load compare --server ./doorstep --database-url postgres://…/empty\n  doorstep-load compare --server ./doorstep\n  doorstep-load drain --database-url postgres://…/empty\n"+
			"  doorstep-load phones --server ./doorstep --phones 10000\n  doorstep-load history --small-url postgres://…/empty --large-url postgres://…/another"),
		kong.BindTo(ctx, (*context.Context)(nil)))
	if err := k.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "doorstep-load:", err)
		os.Exit(1)
	}
}
