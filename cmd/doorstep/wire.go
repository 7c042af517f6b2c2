package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/nyaruka/phonenumbers"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"doorstep"
	"doorstep/api"
	"doorstep/domain"
	"doorstep/domain/slots"
	"doorstep/notifications"
	"doorstep/repo"
)

// wiring is what a running server is made of.
type wiring struct {
	storage  storage
	secrets  secrets
	baseURL  string
	now      func() time.Time
	push     notifications.Sender
	text     *notifications.Webhook
	alarm    *notifications.Webhook
	webPush  webPushFlags
	files    domain.EvidenceFiles
	proxies  []netip.Prefix
	drain    time.Duration
	patience time.Duration
	limits   limitFlags
	log      *slog.Logger
	demo     *api.Demo
	noPlan   bool // no timers from the plan
	roads    domain.Roads
	windows  slots.Grid
	poll     time.Duration // of the queue; zero: as it will
}

// instance is the running server.
type instance struct {
	heads    string // folder of the signed heads; empty: none
	db       *repo.DB
	service  *domain.Service
	app      *api.App
	server   *api.Server
	health   *health
	queue    *notifications.Queue
	unheard  *unheard
	log      *slog.Logger
	drain    time.Duration
	patience time.Duration // with what runs when told to stop, after drain
	ticking  sync.WaitGroup
	stop     context.CancelFunc
}

// newService makes the use cases over an open database.
func newService(db *repo.DB, keys domain.KeyRing, now func() time.Time, baseURL string) *domain.Service {
	passwords := api.NewPasswords()
	return &domain.Service{
		Store: db, Read: db.Reader(), Now: now, Wall: time.Now,
		NewID:        func() domain.ID { return uuid.Must(uuid.NewV7()) },
		HashPassword: func(p string) (string, error) { return passwords.Hash(context.Background(), p) },
		CheckPassword: func(hash, p string) bool {
			if hash == "" {
				_ = passwords.VerifyNobody(context.Background(), p)
				return false
			}
			ok, err := passwords.Verify(context.Background(), hash, p)
			return ok && err == nil
		},
		ParsePhone: parsePhone, Recur: recur, Keys: keys, Tries: domain.NewTries(), BaseURL: strings.TrimSuffix(baseURL, "/"),
	}
}

// parsePhone reads a number as dialled in a country and gives E.164.
func parsePhone(raw, country string) (string, error) {
	n, err := phonenumbers.Parse(raw, country)
	if err != nil {
		return "", err
	}
	if !phonenumbers.IsPossibleNumber(n) {
		return "", errors.New("not a possible number")
	}
	return phonenumbers.Format(n, phonenumbers.E164), nil
}

// noDatabase tells that a command that only looks found nothing to look at.
type noDatabase string

func (path noDatabase) Error() string {
	return fmt.Sprintf("no database yet: %s does not exist; `doorstep migrate up` or `doorstep serve` makes it", string(path))
}

// answerTime is how long a database may take to answer a command's first word.
const answerTime = 10 * time.Second

// openStore opens and, unless told otherwise, migrates the database. Without
// migrating it makes no file. Errors are one line each and say what to set.
func openStore(ctx context.Context, s storage, log *slog.Logger, migrate bool) (*repo.DB, error) {
	return openWith(ctx, s, repo.Config{Logger: log}, migrate)
}

// openToServe is openStore for a server: a folder has one.
func openToServe(ctx context.Context, s storage, log *slog.Logger, migrate bool) (*repo.DB, error) {
	db, err := openWith(ctx, s, repo.Config{Logger: log, Alone: true}, migrate)
	if errors.Is(err, repo.ErrServed) {
		return nil, fmt.Errorf("another doorstep serves from %s already: stop that one, or give this one a folder of its own with --data", s.Data)
	}
	return db, err
}

func openWith(ctx context.Context, s storage, cfg repo.Config, migrate bool) (*repo.DB, error) {
	url := s.url()
	if path := repo.File(url); !repo.IsPostgres(url) && !migrate {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return nil, noDatabase(path)
		}
	}
	if s.DatabaseURL == "" {
		if err := os.MkdirAll(s.Data, 0o750); err != nil {
			return nil, err
		}
	}
	cfg.URL, cfg.MaxConns, cfg.Synchronous = url, s.MaxConns, s.Synchronous
	db, err := repo.Open(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if repo.IsPostgres(url) {
		within, cancel := context.WithTimeout(ctx, answerTime)
		err := db.Ping(within)
		cancel()
		if err != nil {
			db.Close()
			return nil, fmt.Errorf(
				"PostgreSQL does not answer (%s): check that it runs and that DATABASE_URL names its host, port, database, user and password", why(err))
		}
	}
	if err := db.CheckSchema(ctx); err != nil {
		db.Close()
		return nil, err
	}
	if migrate {
		if err := db.Migrate(ctx); err != nil {
			db.Close()
			return nil, fmt.Errorf("migrating the database: %w", err)
		}
	}
	return db, nil
}

// why is the innermost cause of a failed connection in a few words, without
// the address and its password.
func why(err error) string {
	var pg *pgconn.PgError
	var host *net.DNSError
	var network *net.OpError
	switch {
	case errors.As(err, &pg):
		return pg.Message
	case errors.As(err, &host):
		return "no such host"
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("nothing was heard for %v", answerTime)
	case errors.As(err, &network):
		return network.Err.Error()
	}
	return "it refused the connection"
}

// loadContract reads the embedded contract, once: it takes as long as all else
// at the start together, so a server begins with it.
var loadContract = sync.OnceValues(func() (*api.Contract, error) { return api.LoadContract(doorstep.OpenAPI) })

// build wires everything over an open database.
func (w *wiring) build(ctx context.Context, db *repo.DB) (*instance, error) {
	keys, err := domain.NewKeyRing(w.secrets.LinkSecret)
	if err != nil {
		return nil, err
	}
	tokens, err := api.NewTokens(w.secrets.JWTSecret, "doorstep", "doorstep", 15*time.Minute)
	if err != nil {
		return nil, err
	}
	contract, err := loadContract()
	if err != nil {
		return nil, err
	}
	web, err := notifications.NewWebPush(w.push, notifications.WebPushConfig{Secret: keys.Derive("web push"),
		Subject: cmp.Or(w.webPush.Subject, w.baseURL), Hosts: w.webPush.Hosts})
	if err != nil {
		return nil, err
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	h := &instance{db: db, log: w.log, drain: w.drain, patience: cmp.Or(w.patience, 25*time.Second),
		service: newService(db, keys, w.now, w.baseURL)}
	h.health = newHealth(db, w.now, registry, w.log)
	h.service.NoPlanTimers = w.noPlan || w.demo != nil
	h.service.TextGateway, h.service.AlarmGateway, h.service.Files = w.text != nil, w.alarm != nil, w.files
	h.unheard = newUnheard(registry, w.log)
	h.service.Roads, h.service.Windows = w.roads, w.windows
	h.app = api.NewApp(h.service, tokens)
	h.app.Browsers = web
	h.server = api.New(api.Config{Log: w.log, BaseURL: w.baseURL, Contract: contract, Authenticate: h.app.Authenticate, Allow: h.app.Allow,
		Ready: h.health.ready, Registry: registry, TrustedProxies: w.proxies, DrainDelay: w.drain,
		MaxConnsPerAddress: w.limits.Connections, RateUser: w.limits.RateUser, RateAddress: w.limits.RateAddress, User: h.app.User})
	h.app.Mount(h.server, w.demo)
	h.queue, err = notifications.NewQueue(notifications.QueueConfig{SQL: db.SQL(), Pool: db.Pool(), Poll: w.poll, Log: w.log,
		Deliverer: &notifications.Deliverer{
			Outbox: db, Push: web, Text: w.text, Alarm: w.alarm, Now: w.now, LinkURL: h.service.LinkURL, Code: h.service.InvitationCode,
			Accepted: h.service.NoticeAccepted, RingsEnded: h.service.RingsEnded, Log: w.log,
			Metrics: notifications.NewMetrics(registry)}})
	return h, err
}

// start begins delivering and ticking.
func (h *instance) start(ctx context.Context) error {
	if err := h.queue.Start(ctx); err != nil {
		return err
	}
	h.startTicking(ctx)
	return nil
}

// startTicking looks every second for what is due, and now and then for what
// is old.
func (h *instance) startTicking(ctx context.Context) {
	ctx, h.stop = context.WithCancel(ctx)
	h.health.begin(ctx)
	h.ticking.Go(func() { h.sweep(ctx) })
	h.ticking.Go(func() { h.health.run(ctx) })
	h.ticking.Go(func() { h.health.measure(ctx) })
	h.ticking.Go(func() { each(ctx, time.Second, func() { h.watch(ctx); h.health.alarms.note() }) })
	h.ticking.Go(func() { each(ctx, time.Second, func() { h.tick(ctx); h.health.clock.note() }) })
}

// each calls a function at a pace until ctx ends; one that takes longer makes
// it slower.
func each(ctx context.Context, pace time.Duration, do func()) {
	every := time.NewTicker(pace)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
			do()
		}
	}
}

// tickTime bounds one round of a clock, or a connection whose other end is
// silent would hold it for as long as TCP believes in it.
const tickTime = 10 * time.Second

// watch looks after alarms only, so that they never wait behind anything else
// that is due.
func (h *instance) watch(ctx context.Context) {
	within, cancel := context.WithTimeout(ctx, tickTime)
	defer cancel()
	_, err := h.service.TickUrgent(within)
	if err = errors.Join(err, h.unheard.look(within, h.service.Read)); err != nil && ctx.Err() == nil {
		h.log.Warn("the alarms' clock could not tick", "error", err)
	}
}

// The sweep has a pace of its own, so that it never holds up the clock.
const (
	sweepEvery = time.Hour
	sweepTime  = 5 * time.Minute
)

// sweep forgets old rows, now and every hour until ctx ends.
func (h *instance) sweep(ctx context.Context) {
	next := time.NewTimer(0)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-next.C:
		}
		within, cancel := context.WithTimeout(ctx, sweepTime)
		if n, err := h.service.Retention(within); err != nil && ctx.Err() == nil {
			h.log.Error("sweep", "forgotten", n, "error", err)
		}
		if err := h.keepHeads(within); err != nil && ctx.Err() == nil {
			h.log.Error("signed heads of the timelines", "error", err)
		}
		if n, err := h.service.EvidenceRetention(within); err != nil && ctx.Err() == nil {
			h.log.Error("sweep of files", "removed", n, "error", err)
		}
		cancel()
		next.Reset(sweepEvery)
	}
}

// keepHeads writes the heads of today (UTC) once; wall time, for it is for
// people outside.
func (h *instance) keepHeads(ctx context.Context) error {
	if h.heads == "" {
		return nil
	}
	name := filepath.Join(h.heads, "heads-"+time.Now().UTC().Format("2006-01-02")+".txt")
	if _, err := os.Stat(name); err == nil {
		return nil
	}
	if err := os.MkdirAll(h.heads, 0o700); err != nil {
		return err
	}
	draft, err := os.CreateTemp(h.heads, ".heads-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(draft.Name()) }()
	_, err = h.service.ExportHeads(ctx, draft)
	if err = errors.Join(err, draft.Sync(), draft.Close()); err != nil {
		return err
	}
	return os.Rename(draft.Name(), name)
}

// tick does what is due.
func (h *instance) tick(ctx context.Context) {
	within, cancel := context.WithTimeout(ctx, tickTime)
	defer cancel()
	if done, err := h.service.Tick(within); err != nil && ctx.Err() == nil && (done == 0 || within.Err() == nil) {
		h.log.Error("deadlines", "error", err)
	}
}

// serve answers until ctx ends, then lets requests and deliveries finish.
func (h *instance) serve(ctx context.Context, ln net.Listener, metrics string) error {
	failed := make(chan error, 2)
	go func() { failed <- h.server.Serve(ln) }()
	var side *http.Server
	if metrics != "" {
		side = &http.Server{Addr: metrics, Handler: h.server.Metrics(), ReadHeaderTimeout: 5 * time.Second}
		go func() {
			if err := side.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
				failed <- fmt.Errorf("metrics: %w", err)
			}
		}()
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	end, cancel := context.WithTimeout(context.Background(), h.drain+h.patience)
	defer cancel()
	if derr := h.server.Drain(end); err == nil {
		err = derr
	}
	if side != nil {
		_ = side.Shutdown(end)
	}
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		h.close(end)
	}()
	select {
	case <-closed:
	case <-end.Done():
		select {
		case <-closed:
		case <-time.After(2 * time.Second):
			// The database says nothing. What was committed is safe, as after a kill.
			h.log.Error("not everything could be stopped in time")
		}
	}
	return err
}

func (h *instance) close(ctx context.Context) {
	if h.stop != nil {
		h.stop()
	}
	h.ticking.Wait()
	if err := h.queue.Stop(ctx); err != nil {
		h.log.Error("stopping deliveries", "error", err)
	}
	h.db.Close()
}
