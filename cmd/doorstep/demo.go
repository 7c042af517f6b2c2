package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"

	"doorstep/cmd/doorstep/app"
	"doorstep/cmd/doorstep/demo"
	"doorstep/domain"
)

type demoCmd struct {
	DatabaseURL string `help:"An empty PostgreSQL database instead of a fresh SQLite file." env:"DATABASE_URL,DOORSTEP_DATABASE_URL" placeholder:"URL"`
	Data        string `help:"Folder for the SQLite file; a temporary one by default, removed at the end." env:"DOORSTEP_DEMO_DATA" placeholder:"DIR"`
	Listen      string `help:"Address; port 0 picks a free one." default:"127.0.0.1:8080" env:"DOORSTEP_LISTEN"`
	JSON        bool   `name:"json" help:"Print one JSON line with addresses and logins, and nothing else."`
}

func (d *demoCmd) Help() string {
	return "Examples:\n  doorstep demo\n  doorstep demo --json --listen 127.0.0.1:0\n" +
		"  DATABASE_URL=postgres://doorstep@127.0.0.1/empty doorstep demo"
}

// storage of a demo needs not survive a power cut.
func (d *demoCmd) storage() app.Storage {
	return app.Storage{DatabaseURL: d.DatabaseURL, Data: d.Data, Synchronous: "NORMAL", MaxConns: 16}
}

// Run fills an empty store with the demo's brand and serves it.
func (d *demoCmd) Run(ctx context.Context, e *environment) error {
	storage := d.storage()
	if storage.Data == "" {
		dir, err := os.MkdirTemp("", "doorstep-demo-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		storage.Data = dir
	} else if storage.DatabaseURL == "" {
		if _, err := os.Stat(filepath.Join(storage.Data, "doorstep.db")); err == nil {
			return usageError(fmt.Sprintf("%s already holds data: the demo needs an empty folder", storage.Data))
		}
	}
	ln, err := net.Listen("tcp", d.Listen)
	if err != nil {
		return fmt.Errorf("%w; choose another with --listen 127.0.0.1:0", err)
	}
	defer ln.Close()
	progress := e.stderr
	if d.JSON {
		progress = io.Discard
	}
	base := "http://" + ln.Addr().String()
	running, err := demo.Start(ctx, demo.Options{Storage: storage, BaseURL: base, Log: e.log, Progress: progress})
	if errors.Is(err, demo.ErrNotEmpty) {
		return usageError(err.Error())
	}
	if err != nil {
		return err
	}
	defer running.Phones.Close()
	if err := d.announce(e, base, running.Brand); err != nil {
		return err
	}
	return running.Server.Serve(ctx, ln, nil)
}

func (d *demoCmd) announce(e *environment, base string, brand *demo.Brand) error {
	if d.JSON {
		return json.NewEncoder(e.stdout).Encode(map[string]any{"base_url": base, "api_page": base + "/docs", "demo_page": base + "/demo",
			"customer_link": brand.CustomerLink, "users": brand.Users})
	}
	out := e.stdout
	fmt.Fprintf(out, "\nDoorstep demo\n\n  demo page      %s/demo\n  API page       %s/docs\n  customer link  %s\n\n", base, base,
		brand.CustomerLink)
	fmt.Fprintf(out, "  a login per role, all with the password %s\n", brand.Users[0].Password)
	seen := map[string]bool{}
	for _, u := range brand.Users {
		if !seen[u.Role] {
			seen[u.Role] = true
			fmt.Fprintf(out, "    %-13s %-28s %s\n", u.Role, u.Login, u.Name)
		}
	}
	var desk demo.User
	for _, u := range brand.Users {
		if u.Role == string(domain.RoleCoordinator) {
			desk = u
			break
		}
	}
	fmt.Fprintf(out, "\n  try it:\n\n  curl -s '%s/v1/visits?limit=3' -H "+
		"\"Authorization: Bearer $(curl -s %s/v1/auth/login -H 'Content-Type: application/json' "+
		"-d '{\"login\":\"%s\",\"password\":\"%s\"}' | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')\"\n\nStop with Ctrl-C.\n",
		base, base, desk.Login, desk.Password)
	return nil
}
