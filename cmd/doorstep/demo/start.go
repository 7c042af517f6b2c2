package demo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"doorstep/api"
	"doorstep/cmd/doorstep/app"
	"doorstep/domain"
	"doorstep/domain/accounts"
	"doorstep/domain/casework"
	"doorstep/domain/usecases"
	"doorstep/notifications"
	"doorstep/notifications/fcmtest"
	"doorstep/repo"
	"doorstep/repo/files"
)

// Options are what a demo is made with.
type Options struct {
	Storage  app.Storage // empty
	BaseURL  string
	Log      *slog.Logger
	Progress io.Writer // gets a line now and then while the brand is filled
}

// Demo is a brand that was filled, on a running server.
type Demo struct {
	Server *app.Server
	Brand  *Brand
	Phones *fcmtest.Server // takes the pushes; whoever started the demo closes it
}

// ErrNotEmpty says that the demo would mix with what is there.
var ErrNotEmpty = errors.New("this database already holds data: the demo needs an empty one")

// Start fills the store through the use cases and lets the clocks run; what is
// left to do is to serve. Errors: ErrNotEmpty.
func Start(ctx context.Context, o Options) (*Demo, error) {
	db, err := app.OpenToServe(ctx, o.Storage, o.Log, true)
	if err != nil {
		return nil, err
	}
	clock := new(Clock)
	phones := fcmtest.New(fcmtest.Options{Now: clock.Now})
	d, err := start(ctx, o, db, clock, phones)
	if err != nil {
		phones.Close()
		return nil, errors.Join(err, db.Close())
	}
	return d, nil
}

func start(ctx context.Context, o Options, db *repo.DB, clock *Clock, phones *fcmtest.Server) (*Demo, error) {
	push, err := notifications.NewFCM(ctx, notifications.FCMConfig{ProjectID: "doorstep-demo", Endpoint: phones.URL()})
	if err != nil {
		return nil, err
	}
	page := &api.Demo{APIPage: o.BaseURL + "/docs", Now: clock.Now}
	c := &app.Config{Secrets: app.Secrets{JWTSecret: rand.Text() + rand.Text(), LinkSecret: rand.Text() + rand.Text()}, BaseURL: o.BaseURL,
		Now: clock.Now, Push: push, Log: o.Log, Demo: page, Files: files.NewLocal(filepath.Join(o.Storage.Data, "evidence"))}
	s, err := app.New(ctx, db, c)
	if err != nil {
		return nil, err
	}
	if areas, err := s.Service.Read.Areas(ctx, domain.Scope{All: true}, domain.Page{Limit: 1}); err != nil {
		return nil, err
	} else if len(areas) > 0 {
		return nil, ErrNotEmpty
	}
	brand, err := Fill(ctx, s.Service, clock, o.Progress)
	if err != nil {
		return nil, fmt.Errorf("building the demo: %w", err)
	}
	if err := s.Queue.Start(context.WithoutCancel(ctx)); err != nil {
		return nil, err
	}
	if err := s.Settle(ctx); err != nil {
		return nil, err
	}
	s.StartClocks(context.WithoutCancel(ctx))
	page.CustomerLink = brand.CustomerLink
	for _, u := range brand.Users {
		page.Users = append(page.Users, api.DemoUser{Login: u.Login, Password: u.Password, Role: u.Role, Name: u.Name})
	}
	if page.Featured, err = featured(ctx, s.Service, brand); err != nil {
		return nil, err
	}
	page.Phones = func() []api.DemoPhone { return readPhones(phones, brand) }
	page.Household = func(ctx context.Context, job domain.ID) (string, error) { return household(ctx, s.Service, job) }
	var advancing sync.Mutex
	page.Advance = func(ctx context.Context, by time.Duration) (time.Time, int, error) {
		advancing.Lock()
		defer advancing.Unlock()
		return Advance(ctx, s, clock, by)
	}
	return &Demo{Server: s, Brand: brand, Phones: phones}, nil
}

// featured chooses the phones of one story: those around the linked customer.
func featured(ctx context.Context, svc *usecases.All, brand *Brand) ([]string, error) {
	out := []string{brand.CustomerLogin}
	v, err := svc.Read.Visit(ctx, domain.Scope{All: true}, brand.SampleVisitID)
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
		for _, u := range brand.Users {
			if u.Role == string(role) && (u.Centre == centre.Name || u.Centre == "" && u.Area == area.Name) {
				out = append(out, u.Login)
				break
			}
		}
	}
	return out, nil
}

// householdLogin names the phone of the household of whichever story is played.
const householdLogin = "household"

// household gives the household of a job that phone, and opens its page. It is theirs alone until another story takes it.
func household(ctx context.Context, svc *usecases.All, job domain.ID) (string, error) {
	link, err := svc.Customers.DeliveredLink(ctx, job)
	if err != nil {
		return "", err
	}
	url, ok := svc.Customers.LinkURL(link)
	if !ok {
		return "", domain.Fail(domain.CodeNotFound, "The key of this link is gone.")
	}
	actor, err := svc.Customers.LinkActor(ctx, url[strings.LastIndex(url, "/")+1:])
	if err != nil {
		return "", err
	}
	_, err = svc.Accounts.PutDevice(ctx, &casework.Call{Actor: actor}, installation(job.String()),
		accounts.DeviceInput{Token: "demo:" + householdLogin, Platform: "android"})
	return url, err
}

func readPhones(phones *fcmtest.Server, brand *Brand) []api.DemoPhone {
	out := []api.DemoPhone{}
	read := func(login string) {
		p := api.DemoPhone{Login: login, Pushes: []api.DemoPush{}}
		for _, m := range phones.MessagesFor("demo:" + login) {
			p.Pushes = append(p.Pushes, api.DemoPush{Title: m.Title, Body: m.Body, Data: m.Data, At: m.At})
		}
		slices.Reverse(p.Pushes) // newest first
		out = append(out, p)
	}
	for _, u := range brand.Users {
		read(u.Login)
	}
	read(brand.CustomerLogin)
	read(householdLogin)
	return out
}
