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
	var report intake.ImportReport
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
