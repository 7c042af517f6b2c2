package main

import (
	"context"
	"fmt"
	"time"

	"doorstep/cmd/doorstep/app"
	"doorstep/domain"
	"doorstep/domain/casework"
	"doorstep/domain/usecases"
)

type headsCmd struct {
	app.Storage
	app.Secrets
}

// Run prints the signed heads of all timelines.
func (h *headsCmd) Run(ctx context.Context, e *environment) error {
	if err := h.CheckLink(); err != nil {
		return usageError(err.Error())
	}
	db, err := app.OpenStore(ctx, h.Storage, e.log, false)
	if err != nil {
		return err
	}
	defer db.Close()
	keys, err := domain.NewKeyRing(h.LinkSecret)
	if err != nil {
		return err
	}
	n, err := (usecases.New(&casework.Service{Read: db.Reader(), Keys: keys, Now: time.Now})).Proof.ExportHeads(ctx, e.stdout)
	fmt.Fprintf(e.stderr, "%d heads\n", n)
	return err
}
