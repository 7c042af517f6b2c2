package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"

	"doorstep/domain"
	"doorstep/repo"
)

type migrateCmd struct {
	Up     migrateUp     `cmd:"" help:"Apply what is missing."`
	Status migrateStatus `cmd:"" help:"Show every migration and whether it is applied; changes nothing."`
}

type migrateUp struct{ storage }

func (m *migrateUp) Run(ctx context.Context, e *environment) error {
	db, err := openStore(ctx, m.storage, e.log, true)
	if err != nil {
		return err
	}
	defer db.Close()
	fmt.Fprintln(e.stdout, "the database is at this version's schema")
	return nil
}

type migrateStatus struct{ storage }

func (m *migrateStatus) Help() string {
	return "It exits 0 when it could look, whatever it saw: \"missing\", \"no database yet\" and a schema that is newer than the program " +
		"are answers, too. It exits 1 when the database does not answer."
}

func (m *migrateStatus) Run(ctx context.Context, e *environment) error {
	db, err := openStore(ctx, m.storage, e.log, false)
	if none := noDatabase(""); errors.As(err, &none) {
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

type userCmd struct {
	Create userCreate `cmd:"" help:"Create a user with a password."`
}

type userCreate struct {
	storage
	Login    string `help:"Login, lower case." required:""`
	Name     string `help:"Full name." required:""`
	Role     string `help:"technician, coordinator, proprietor, area_manager, agent or admin." required:"" enum:"technician,coordinator,proprietor,area_manager,agent,admin"`
	Centre   string `help:"Id of the centre, for technician, coordinator and proprietor." placeholder:"ID"`
	Area     string `help:"Id of the area, for an area manager." placeholder:"ID"`
	Password string `help:"- reads it from standard input; without it one is made and printed." placeholder:"-"`
}

func (u *userCreate) Help() string {
	return "Examples:\n  doorstep user create --login admin --role admin --name 'Asha Rao'\n  echo 'a long pass phrase' | doorstep user create --login ravi --role technician --centre ID --name 'Ravi K' --password -"
}

func (u *userCreate) Run(ctx context.Context, e *environment) error {
	in := domain.UserInput{Login: &u.Login, Name: &u.Name}
	role := domain.Role(u.Role)
	in.Role = &role
	for _, f := range []struct {
		raw string
		to  **domain.ID
	}{{u.Centre, &in.CentreID}, {u.Area, &in.AreaID}} {
		if f.raw != "" {
			id, err := uuid.Parse(f.raw)
			if err != nil {
				return usageError(fmt.Sprintf("%q is no id", f.raw))
			}
			*f.to = &id
		}
	}
	var password string
	made := u.Password == ""
	switch u.Password {
	case "":
		b := make([]byte, 15)
		if _, err := rand.Read(b); err != nil {
			return err
		}
		password = base64.RawURLEncoding.EncodeToString(b)
	case "-":
		line, err := bufio.NewReader(os.Stdin).ReadString('\n')
		if err != nil && err != io.EOF {
			return err
		}
		password = strings.TrimRight(line, "\r\n")
	default:
		return usageError("a password on the command line is seen by others: use --password - and standard input")
	}
	db, err := openStore(ctx, u.storage, e.log, true)
	if err != nil {
		return err
	}
	defer db.Close()
	// Invitations are signed with a key that lives for this command only.
	keys, err := domain.NewKeyRing(uuid.NewString() + uuid.NewString())
	if err != nil {
		return err
	}
	svc := newService(db, keys, time.Now, "")
	admin := domain.Actor{Role: domain.RoleAdmin, Name: "command line"}
	user, err := svc.CreateUser(ctx, &domain.Call{Actor: admin}, in)
	if err != nil {
		return explain(err)
	}
	invited, err := svc.Invite(ctx, &domain.Call{Actor: admin}, user.ID, domain.InviteInput{})
	if err != nil {
		return explain(err)
	}
	if err := svc.RedeemInvitation(ctx, svc.InvitationCode(invited.ID), password); err != nil {
		return explain(err)
	}
	fmt.Fprintf(e.stdout, "created %s %s (%s)\n", user.Role, user.Login, user.ID)
	if made {
		fmt.Fprintf(e.stdout, "password: %s\n", password)
	}
	return nil
}

// explain adds the pointed-at details of a domain error for a terminal.
func explain(err error) error {
	var d *domain.Error
	if !errors.As(err, &d) {
		return err
	}
	msg := d.Message
	for _, f := range d.Fields {
		msg += fmt.Sprintf("\n  %s: %s", strings.TrimPrefix(f.Pointer, "/"), f.Detail)
	}
	return fmt.Errorf("%s", msg)
}

type verifyCmd struct {
	Pack  string `arg:"" optional:"" help:"An evidence pack (ZIP), proven without any database." type:"existingfile"`
	Key   string `help:"The public key (base64) that must have signed; GET /v1/signing-keys lists them." placeholder:"KEY"`
	Heads string `help:"Hold the timelines against signed heads of an earlier day." type:"existingfile" placeholder:"FILE"`
	storage
}

// Run proves all chains, or one evidence pack; it exits 1 when one is broken.
func (v *verifyCmd) Run(ctx context.Context, e *environment) error {
	if v.Pack != "" {
		return v.pack(e)
	}
	db, err := openStore(ctx, v.storage, e.log, false)
	if err != nil {
		return err
	}
	defer db.Close()
	svc := &domain.Service{Read: db.Reader()}
	if v.Heads != "" {
		return v.heads(ctx, e, svc)
	}
	var jobs, facts int
	faults, err := svc.Verify(ctx, func(j, f int) {
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
	r, err := domain.VerifyPack(f, about.Size(), v.Key)
	if err != nil {
		return fmt.Errorf("the pack does not hold: %w", err)
	}
	fmt.Fprintf(e.stdout,
		"the pack holds: job %s, %d facts (%d erased), %d files (%d more were removed by who sent them), made %s, signed by %s\n",
		r.Manifest.JobID, r.Facts, r.Erased, r.Files, r.Removed, r.Manifest.MadeAt.Format(time.RFC3339), r.Manifest.KeyID)
	if v.Key == "" {
		fmt.Fprintf(e.stdout, "signed by %s: not compared\n", r.Manifest.KeyID)
		fmt.Fprintf(e.stdout, "compare the key %s with what the brand publishes (GET /v1/signing-keys), or give it with --key\n",
			r.Manifest.PublicKey)
	}
	return nil
}

func (v *verifyCmd) heads(ctx context.Context, e *environment, svc *domain.Service) error {
	file, err := os.ReadFile(v.Heads)
	if err != nil {
		return err
	}
	info, faults, err := svc.VerifyHeads(ctx, file, v.Key)
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

type headsCmd struct {
	storage
	secrets
}

// Run prints the signed heads of all timelines.
func (h *headsCmd) Run(ctx context.Context, e *environment) error {
	if err := h.checkLink(); err != nil {
		return usageError(err.Error())
	}
	db, err := openStore(ctx, h.storage, e.log, false)
	if err != nil {
		return err
	}
	defer db.Close()
	keys, err := domain.NewKeyRing(h.LinkSecret)
	if err != nil {
		return err
	}
	n, err := (&domain.Service{Read: db.Reader(), Keys: keys, Now: time.Now}).ExportHeads(ctx, e.stdout)
	fmt.Fprintf(e.stderr, "%d heads\n", n)
	return err
}

type importCmd struct {
	File     string `arg:"" help:"CSV or XLSX." type:"existingfile"`
	URL      string `help:"The running server." default:"http://127.0.0.1:8080" env:"DOORSTEP_URL"`
	Login    string `help:"Who imports." required:"" env:"DOORSTEP_LOGIN"`
	Password string `help:"Better as the variable." required:"" env:"DOORSTEP_PASSWORD"`
	Centre   string `help:"Id of the centre; the own one by default." placeholder:"ID"`
	Preview  bool   `help:"Only show what would happen."`
}

func (i *importCmd) Help() string {
	return "Examples:\n  DOORSTEP_PASSWORD=… doorstep import --login asha --preview today.csv\n  DOORSTEP_PASSWORD=… doorstep import --login asha today.xlsx"
}

// Run sends the file to a running server, row results to standard output.
func (i *importCmd) Run(ctx context.Context, e *environment) error {
	body, err := os.ReadFile(i.File)
	if err != nil {
		return err
	}
	client := &http.Client{Timeout: 5 * time.Minute}
	base := strings.TrimSuffix(i.URL, "/")
	var tokens struct {
		AccessToken string `json:"access_token"`
	}
	login, _ := json.Marshal(map[string]string{"login": i.Login, "password": i.Password})
	if err := call(ctx, client, base+"/v1/auth/login", "application/json", "", login, &tokens); err != nil {
		return err
	}
	media := "text/csv"
	if strings.EqualFold(filepath.Ext(i.File), ".xlsx") {
		media = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	}
	q := url.Values{}
	if i.Preview {
		q.Set("preview", "true")
	}
	if i.Centre != "" {
		q.Set("centre_id", i.Centre)
	}
	var report domain.ImportReport
	if err := call(ctx, client, base+"/v1/imports/jobs?"+q.Encode(), media, tokens.AccessToken, body, &report); err != nil {
		return err
	}
	for _, row := range report.Items {
		if row.Outcome == "unchanged" {
			continue
		}
		fmt.Fprintf(e.stdout, "line %d: %s %s", row.Line, row.Outcome, row.ExternalRef)
		for _, x := range row.Errors {
			fmt.Fprintf(e.stdout, "; %s: %s", x.Column, x.Reason)
		}
		fmt.Fprintln(e.stdout)
	}
	fmt.Fprintf(e.stdout, "%d rows: %d created, %d updated, %d unchanged, %d rejected\n", report.Rows, report.Created, report.Updated,
		report.Unchanged, report.Rejected)
	if report.Rejected > 0 {
		return fmt.Errorf("%d rows were rejected", report.Rejected)
	}
	return nil
}

func call(ctx context.Context, client *http.Client, address, media, token string, body []byte, out any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", media)
	req.Header.Set("Idempotency-Key", uuid.NewString())
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, 32<<20))
	if err != nil {
		return err
	}
	if res.StatusCode/100 != 2 {
		var p struct{ Detail string }
		_ = json.Unmarshal(b, &p)
		return fmt.Errorf("%s answered %d: %s", req.URL.Path, res.StatusCode, p.Detail)
	}
	return json.Unmarshal(b, out)
}
