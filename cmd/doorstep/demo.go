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
	"slices"
	"sync"
	"time"

	"doorstep/api"
	"doorstep/domain"
	"doorstep/notifications"
	"doorstep/notifications/fcmtest"
	"doorstep/repo/files"
)

type demoCmd struct {
	DatabaseURL string `help:"An empty PostgreSQL database instead of a fresh SQLite file." env:"DATABASE_URL,DOORSTEP_DATABASE_URL" placeholder:"URL"`
	Data        string `help:"Folder for the SQLite file; a temporary one by default, removed at the end." env:"DOORSTEP_DEMO_DATA" placeholder:"DIR"`
	Listen      string `help:"Address; port 0 picks a free one." default:"127.0.0.1:8080" env:"DOORSTEP_LISTEN"`
	JSON        bool   `name:"json" help:"Print one JSON line with addresses and logins, and nothing else."`
}

func (d *demoCmd) Help() string {
	return "Examples:\n  doorstep demo\n  doorstep demo --json --listen 127.0.0.1:0\n  DATABASE_URL=postgres://doorstep@127.0.0.1/empty doorstep demo"
}

// demoStep bounds how far the clock jumps at once, so that what falls due in
// between happens, and is pushed, at its own time.
const demoStep = 2 * time.Hour

// storage of a demo needs not survive a power cut.
func (d *demoCmd) storage() storage {
	return storage{DatabaseURL: d.DatabaseURL, Data: d.Data, Synchronous: "NORMAL", MaxConns: 16}
}

// Run builds the demo's world through the use cases and serves it.
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
	db, err := openToServe(ctx, storage, e.log, true)
	if err != nil {
		return err
	}
	clock := newClock()
	phones := fcmtest.New(fcmtest.Options{Now: clock.Now})
	defer phones.Close()
	push, err := notifications.NewFCM(ctx, notifications.FCMConfig{ProjectID: "doorstep-demo", Endpoint: phones.URL()})
	if err != nil {
		return err
	}
	base := "http://" + ln.Addr().String()
	page := &api.Demo{APIPage: base + "/docs", Now: clock.Now}
	fresh := func() string { return randomHex(make([]byte, 32)) }
	w := &wiring{storage: storage, secrets: secrets{JWTSecret: fresh(), LinkSecret: fresh()}, baseURL: base, now: clock.Now, push: push,
		log: e.log, demo: page, files: files.NewLocal(filepath.Join(storage.Data, "evidence"))}
	h, err := w.build(ctx, db)
	if err != nil {
		return err
	}
	if areas, err := h.service.Read.Areas(ctx, domain.Scope{All: true}, domain.Page{Limit: 1}); err != nil {
		return err
	} else if len(areas) > 0 {
		return usageError("this database already holds data: the demo needs an empty one")
	}
	progress := e.stderr
	if d.JSON {
		progress = io.Discard
	}
	world, err := buildWorld(ctx, h.service, clock, progress)
	if err != nil {
		return fmt.Errorf("building the demo: %w", err)
	}
	if err := h.queue.Start(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	if err := settle(ctx, h); err != nil {
		return err
	}
	h.startTicking(context.WithoutCancel(ctx))
	var moving sync.Mutex
	page.CustomerLink = world.CustomerLink
	for _, u := range world.Users {
		page.Users = append(page.Users, api.DemoUser{Login: u.Login, Password: u.Password, Role: u.Role, Name: u.Name})
	}
	if page.Featured, err = featured(ctx, h.service, world); err != nil {
		return err
	}
	page.Phones = func() []api.DemoPhone { return readPhones(phones, world) }
	page.Advance = func(ctx context.Context, by time.Duration) (time.Time, int, error) {
		moving.Lock()
		defer moving.Unlock()
		return advance(ctx, h, clock, by)
	}
	if err := d.announce(e, base, world); err != nil {
		return err
	}
	return h.serve(ctx, ln, "")
}

// advance moves the demo's clock in steps and lets everything that is due
// happen and be pushed on the way.
func advance(ctx context.Context, h *instance, clock *Clock, by time.Duration) (time.Time, int, error) {
	// A client that gives up must not leave the clock halfway.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Minute)
	defer cancel()
	target := clock.Now().Add(by)
	step := max(demoStep, by/60)
	done := 0
	for {
		next, err := h.service.Read.NextDeadline(ctx)
		if err != nil {
			return clock.Now(), done, err
		}
		now := clock.Now()
		to := target
		if next != nil && next.Before(target) {
			to = next.Add(time.Second)
			if least := now.Add(step); to.Before(least) {
				to = least
			}
			if to.After(target) {
				to = target
			}
		}
		if to.After(now) {
			clock.Advance(to.Sub(now))
		}
		n, err := h.service.Tick(ctx)
		done += n
		if err != nil {
			return clock.Now(), done, err
		}
		if n > 0 || !to.Before(target) {
			if err := settle(ctx, h); err != nil {
				return clock.Now(), done, err
			}
		}
		if !clock.Now().Before(target) {
			return clock.Now(), done, nil
		}
	}
}

// settle runs what is due and waits until everything is delivered.
func settle(ctx context.Context, h *instance) error {
	wait, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for {
		if err := h.queue.Idle(wait); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
		n, err := h.service.Tick(ctx)
		if err != nil || n == 0 {
			return errors.Join(err, h.unheard.look(ctx, h.service.Read))
		}
	}
}

// featured chooses the phones of one story: those around the linked customer.
func featured(ctx context.Context, svc *domain.Service, world *World) ([]string, error) {
	out := []string{world.CustomerLogin}
	v, err := svc.Read.Visit(ctx, domain.Scope{All: true}, world.SampleVisitID)
	if err != nil {
		return nil, err
	}
	centre, err := svc.Read.Centre(ctx, domain.Scope{All: true}, v.CentreID)
	if err != nil {
		return nil, err
	}
	area, err := svc.Read.Area(ctx, domain.Scope{All: true}, v.AreaID)
	if err != nil {
		return nil, err
	}
	if len(v.Crew) > 0 {
		u, err := svc.Read.User(ctx, domain.Scope{All: true}, v.Crew[0])
		if err != nil {
			return nil, err
		}
		out = append(out, u.Login)
	}
	for _, role := range []domain.Role{domain.RoleCoordinator, domain.RoleProprietor, domain.RoleAreaManager} {
		for _, u := range world.Users {
			if u.Role == string(role) && (u.Centre == centre.Name || u.Centre == "" && u.Area == area.Name) {
				out = append(out, u.Login)
				break
			}
		}
	}
	return out, nil
}

func readPhones(phones *fcmtest.Server, world *World) []api.DemoPhone {
	out := []api.DemoPhone{}
	read := func(login string) {
		p := api.DemoPhone{Login: login, Pushes: []api.DemoPush{}}
		for _, m := range phones.MessagesFor("demo:" + login) {
			p.Pushes = append(p.Pushes, api.DemoPush{Title: m.Title, Body: m.Body, Data: m.Data, At: m.At})
		}
		slices.Reverse(p.Pushes) // newest first
		out = append(out, p)
	}
	for _, u := range world.Users {
		read(u.Login)
	}
	read(world.CustomerLogin)
	return out
}

func (d *demoCmd) announce(e *environment, base string, world *World) error {
	if d.JSON {
		return json.NewEncoder(e.stdout).Encode(map[string]any{"base_url": base, "api_page": base + "/docs", "demo_page": base + "/demo",
			"customer_link": world.CustomerLink, "users": world.Users})
	}
	out := e.stdout
	fmt.Fprintf(out, "\nDoorstep demo\n\n  demo page      %s/demo\n  API page       %s/docs\n  customer link  %s\n\n", base, base,
		world.CustomerLink)
	fmt.Fprintf(out, "  a login per role, all with the password %s\n", world.Users[0].Password)
	seen := map[string]bool{}
	for _, u := range world.Users {
		if !seen[u.Role] {
			seen[u.Role] = true
			fmt.Fprintf(out, "    %-13s %-28s %s\n", u.Role, u.Login, u.Name)
		}
	}
	var desk WorldUser
	for _, u := range world.Users {
		if u.Role == string(domain.RoleCoordinator) {
			desk = u
			break
		}
	}
	fmt.Fprintf(out, "\n  try it:\n\n  curl -s '%s/v1/visits?limit=3' -H \"Authorization: Bearer $(curl -s %s/v1/auth/login -H 'Content-Type: application/json' -d '{\"login\":\"%s\",\"password\":\"%s\"}' | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')\"\n\nStop with Ctrl-C.\n",
		base, base, desk.Login, desk.Password)
	return nil
}
