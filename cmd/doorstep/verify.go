package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"doorstep/cmd/doorstep/app"
	"doorstep/domain/casework"
	"doorstep/domain/proof"
	"doorstep/domain/usecases"
)

type verifyCmd struct {
	Pack  string `arg:"" optional:"" help:"An evidence pack (ZIP), proven without any database." type:"existingfile"`
	Key   string `help:"The public key (base64) that must have signed; GET /v1/signing-keys lists them." placeholder:"KEY"`
	Heads string `help:"Hold the timelines against signed heads of an earlier day." type:"existingfile" placeholder:"FILE"`
	app.Storage
}

// Run proves all chains, or one evidence pack; it exits 1 when one is broken.
func (v *verifyCmd) Run(ctx context.Context, e *environment) error {
	if v.Pack != "" {
		return v.pack(e)
	}
	db, err := app.OpenStore(ctx, v.Storage, e.log, false)
	if err != nil {
		return err
	}
	defer db.Close()
	svc := usecases.New(&casework.Service{Read: db.Reader()})
	if v.Heads != "" {
		return v.heads(ctx, e, svc)
	}
	var jobs, facts int
	faults, err := svc.Proof.Verify(ctx, func(j, f int) {
		jobs, facts = j, f
		fmt.Fprintf(e.stderr, "%d jobs, %d facts checked\n", j, f)
	})
	if err != nil {
		return err
	}
	for _, f := range faults {
		fmt.Fprintf(e.stdout, "broken: job %s, row %d: %s\n", f.JobID, f.Seq, f.Why)
	}
	if len(faults) > 0 {
		return fmt.Errorf("%d of %d chains are broken", len(faults), jobs)
	}
	fmt.Fprintf(e.stdout, "all %d chains with %d facts hold\n", jobs, facts)
	return nil
}

func (v *verifyCmd) pack(e *environment) error {
	f, err := os.Open(v.Pack)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	about, err := f.Stat()
	if err != nil {
		return err
	}
	r, err := proof.VerifyPack(f, about.Size(), v.Key)
	if err != nil {
		return fmt.Errorf("the pack does not hold: %w", err)
	}
	fmt.Fprintf(e.stdout,
		"the pack holds: job %s, %d facts (%d erased), %d files (%d more were removed by who sent them), made %s, signed by %s\n",
		r.Manifest.JobID, r.Entries, r.Erased, r.Files, r.Removed, r.Manifest.MadeAt.Format(time.RFC3339), r.Manifest.KeyID)
	if v.Key == "" {
		fmt.Fprintf(e.stdout, "signed by %s: not compared\n", r.Manifest.KeyID)
		fmt.Fprintf(e.stdout, "compare the key %s with what the brand publishes (GET /v1/signing-keys), or give it with --key\n",
			r.Manifest.PublicKey)
	}
	return nil
}

func (v *verifyCmd) heads(ctx context.Context, e *environment, svc *usecases.All) error {
	file, err := os.ReadFile(v.Heads)
	if err != nil {
		return err
	}
	info, faults, err := svc.Proof.VerifyHeads(ctx, file, v.Key)
	if err != nil {
		return err
	}
	for _, f := range faults {
		fmt.Fprintf(e.stdout, "broken: job %s, row %d: %s\n", f.JobID, f.Seq, f.Why)
	}
	if len(faults) > 0 {
		return fmt.Errorf("%d chains are not what they were on %s", len(faults), info.At.Format("2 Jan 2006"))
	}
	fmt.Fprintf(e.stdout, "every chain still holds its head of %s, signed by %s\n", info.At.Format(time.RFC3339), info.KeyID)
	return nil
}
