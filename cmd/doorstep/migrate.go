package main

import (
	"context"
	"errors"
	"fmt"

	"doorstep/cmd/doorstep/app"
	"doorstep/repo"
)

type migrateCmd struct {
	Up     migrateUp     `cmd:"" help:"Apply what is missing."`
	Status migrateStatus `cmd:"" help:"Show every migration and whether it is applied; changes nothing."`
}

type migrateUp struct{ app.Storage }

func (m *migrateUp) Run(ctx context.Context, e *environment) error {
	db, err := app.OpenStore(ctx, m.Storage, e.log, true)
	if err != nil {
		return err
	}
	defer db.Close()
	fmt.Fprintln(e.stdout, "the database is at this version's schema")
	return nil
}

type migrateStatus struct{ app.Storage }

func (m *migrateStatus) Help() string {
	return "It exits 0 when it could look, whatever it saw: \"missing\", \"no database yet\" and a schema that is newer than the program " +
		"are answers, too. It exits 1 when the database does not answer."
}

func (m *migrateStatus) Run(ctx context.Context, e *environment) error {
	db, err := app.OpenStore(ctx, m.Storage, e.log, false)
	if none := app.NoDatabase(""); errors.As(err, &none) {
		fmt.Fprintln(e.stdout, none)
		return nil
	}
	if newer := (*repo.NewerSchema)(nil); errors.As(err, &newer) {
		fmt.Fprintln(e.stdout, newer)
		return nil
	}
	if err != nil {
		return err
	}
	defer db.Close()
	rows, err := db.MigrationStatus(ctx)
	if err != nil {
		return err
	}
	for _, r := range rows {
		state := "missing"
		if r.AppliedAt != nil {
			state = "applied"
		}
		fmt.Fprintf(e.stdout, "%05d %-8s %s\n", r.Version, state, r.Name)
	}
	return nil
}
