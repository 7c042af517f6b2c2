package main

import (
	"bytes"
	"context"
	"encoding/json"
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
	"doorstep/domain/intake"
)

type importCmd struct {
	File     string `arg:"" help:"CSV or XLSX." type:"existingfile"`
	URL      string `help:"The running server." default:"http://127.0.0.1:8080" env:"DOORSTEP_URL"`
	Login    string `help:"Who imports." required:"" env:"DOORSTEP_LOGIN"`
	Password string `help:"Better as the variable." required:"" env:"DOORSTEP_PASSWORD"`
	Centre   string `help:"Id of the centre; the own one by default." placeholder:"ID"`
	Preview  bool   `help:"Only show what would happen."`
}

func (i *importCmd) Help() string {
	return "Examples:\n  DOORSTEP_PASSWORD=… doorstep import --login asha --preview today.csv\n" +
		"  DOORSTEP_PASSWORD=… doorstep import --login asha today.xlsx"
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
	id := uuid.NewString()
	q.Set("id", id)
	var report intake.ImportReport
	watched, done := context.WithCancel(ctx)
	defer done()
	go progress(watched, client, base+"/v1/imports/"+id, tokens.AccessToken, e.stderr)
	if err := call(ctx, client, base+"/v1/imports/jobs?"+q.Encode(), media, tokens.AccessToken, body, &report); err != nil {
		return err
	}
	done()
	said(e.stdout, &report)
	if report.Rejected > 0 || report.Asks > 0 {
		return fmt.Errorf("%d rows were rejected, %d ask: answer at %s/import, then send the same file again", report.Rejected, report.Asks, base)
	}
	return nil
}

// said prints what came of each row that is not as before.
func said(w io.Writer, report *intake.ImportReport) {
	for _, x := range report.LeftOut {
		fmt.Fprintf(w, "not read: %s %s\n", x.Column, x.Why)
	}
	for _, row := range report.Items {
		if row.Outcome == "unchanged" && len(row.LeftOut) == 0 {
			continue
		}
		fmt.Fprintf(w, "line %d: %s %s", row.Line, row.Outcome, row.ExternalRef)
		for _, x := range row.Errors {
			fmt.Fprintf(w, "; %s: %s", x.Column, x.Reason)
		}
		for _, x := range row.Questions {
			fmt.Fprintf(w, "; %s: %s", x.Column, x.Words)
		}
		for _, x := range row.LeftOut {
			fmt.Fprintf(w, "; left out %s: %s", x.Column, x.Why)
		}
		for _, x := range row.Changes {
			fmt.Fprintf(w, "; %s changed", x.Field)
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "%d rows: %d created, %d updated, %d unchanged, %d ask, %d rejected\n", report.Rows, report.Created, report.Updated,
		report.Unchanged, report.Asks, report.Rejected)
}

// progress says each second how far the import is, until it is told to end.
func progress(ctx context.Context, client *http.Client, address, token string, w io.Writer) {
	for last := 0; ; {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Second):
		}
		var now domain.ImportView
		if err := ask(ctx, client, http.MethodGet, address, "", token, nil, &now); err == nil && now.RowsDone > last && now.RowsDone < now.Rows {
			last = now.RowsDone
			done := "landed"
			if now.State == "reading" {
				done = "read"
			}
			fmt.Fprintf(w, "%d of %d rows %s\n", now.RowsDone, now.Rows, done)
		}
	}
}

func call(ctx context.Context, client *http.Client, address, media, token string, body []byte, out any) error {
	return ask(ctx, client, http.MethodPost, address, media, token, body, out)
}

func ask(ctx context.Context, client *http.Client, method, address, media, token string, body []byte, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", media)
		req.Header.Set("Idempotency-Key", uuid.NewString())
	}
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
