package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

type cli struct {
	Serve   serveCmd   `cmd:"" help:"Run the server: SQLite file by default, PostgreSQL with --database-url."`
	Demo    demoCmd    `cmd:"" help:"Run a whole demo: data, fake phones, a clock that can be moved."`
	Migrate migrateCmd `cmd:"" help:"Bring the database to this version's schema, or show where it stands."`
	User    userCmd    `cmd:"" help:"Create users, e.g. the first admin."`
	Phone   phoneCmd   `cmd:"" help:"Simulate a technician's phone with a bad network against a running server, and compare."`
	Import  importCmd  `cmd:"" help:"Send a CSV or XLSX of a day's jobs to a running server."`
	Verify  verifyCmd  `cmd:"" help:"Prove the hash chains of all timelines, or one evidence pack; names the first bad row."`
	Heads   headsCmd   `cmd:"" help:"Print the signed heads of all timelines; serve keeps them each day."`
	Secret  secretCmd  `cmd:"" help:"Print a fresh secret."`
	OpenAPI openapiCmd `cmd:"" name:"openapi" help:"Print the contract."`
	Version versionCmd `cmd:"" help:"Print the version, the commit and the schema."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is main for tests: it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var c cli
	code := -1
	parser, err := kong.New(&c, kong.Name("doorstep"), kong.UsageOnError(), kong.Writers(stdout, stderr),
		kong.Exit(func(n int) { code = n }),
		kong.Description("Field service for appliances. Every option is a flag and a DOORSTEP_… variable.\n\n"+
			"Examples:\n  doorstep demo\n"+
			"  DOORSTEP_JWT_SECRET=$(doorstep secret) DOORSTEP_LINK_SECRET=$(doorstep secret) doorstep serve --data ./data\n"+
			"  doorstep user create --login admin --role admin --name 'Asha Rao' --data ./data"),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.BindTo(ctx, (*context.Context)(nil)))
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 2
	}
	if len(args) == 0 {
		args = []string{"serve"}
	}
	kctx, err := parser.Parse(args)
	if code >= 0 { // --help was asked for
		return code
	}
	if err != nil {
		fmt.Fprintf(stderr, "doorstep: %v. See doorstep --help.\n", err)
		return 2
	}
	level := slog.LevelWarn // tools and the demo speak on standard output
	if strings.HasPrefix(kctx.Command(), "serve") {
		level = slog.LevelInfo
	}
	log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level}))
	for _, w := range unknownVariables(parser.Model, os.Environ()) {
		log.Warn(w)
	}
	env := &environment{stdout: stdout, stderr: stderr, log: log}
	if err := kctx.Run(env); err != nil {
		var u usageError
		fmt.Fprintf(stderr, "doorstep: %v\n", err)
		var n nothingDone
		switch {
		case errors.As(err, &u):
			return 2
		case errors.As(err, &n):
			return 3
		}
		return 1
	}
	return 0
}

// environment is where a command prints.
type environment struct {
	stdout, stderr io.Writer
	log            *slog.Logger
}

// nothingDone is why a command found nothing to do, neither well nor badly: exit 3.
type nothingDone string

func (n nothingDone) Error() string { return string(n) }

// usageError is a mistake in how the command was called: exit 2.
type usageError string

func (e usageError) Error() string { return string(e) }
