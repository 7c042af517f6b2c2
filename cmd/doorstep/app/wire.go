package app

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"regexp"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // zones of centres and sites, also where the system has none

	"github.com/google/uuid"
	"github.com/nyaruka/phonenumbers"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/trustelem/zxcvbn"

	"doorstep"
	"doorstep/api"
	"doorstep/api/web"
	"doorstep/cmd/doorstep/recur"
	"doorstep/domain"
	"doorstep/domain/casework"
	"doorstep/domain/slots"
	"doorstep/domain/usecases"
	"doorstep/notifications"
	"doorstep/repo"
)

// Config is what a server is made with.
type Config struct {
	Secrets        Secrets
	BaseURL        string // of links; without a slash at the end
	Now            func() time.Time
	Push           notifications.Sender
	Text           *notifications.Webhook // nil: customers without a device get no message
	Alarm          *notifications.Webhook // nil: rings go to phones only
	WebPush        WebPush
	Files          domain.EvidenceFiles
	TrustedProxies []netip.Prefix
	DrainDelay     time.Duration // between not ready and closing
	StopTimeout    time.Duration // for what is under way when told to stop, after DrainDelay; 0: 25 s
	Limits         Limits
	Log            *slog.Logger
	Demo           *api.Demo // nil: no demo
	NoPlanTimers   bool      // visits of phones that fell silent are not timed from the plan
	Roads          casework.Roads
	// PhoneOfIDToken proves whose number somebody has by a token of Firebase; nil: no such sign-in.
	PhoneOfIDToken func(ctx context.Context, idToken string) (phone string, err error)
	Links          api.AppLinks // the brand's apps
	Windows        slots.Grid
	Heads          string        // folder of the signed heads; empty: none are kept
	SyncPushEvery  time.Duration // at most so often a phone is told to sync by a push that shows nothing; 0: never
	QueuePoll      time.Duration // how often the queue looks; 0: as it will
}

// Server is everything that runs: use cases, HTTP, deliveries and clocks.
type Server struct {
	Service     *usecases.All
	HTTP        *web.Server
	Queue       *notifications.Queue
	deliverer   *notifications.Deliverer
	syncEvery   time.Duration
	Health      *Health
	db          *repo.DB
	unheard     *unheardSOS
	log         *slog.Logger
	heads       string
	drainDelay  time.Duration
	stopTimeout time.Duration
	ticking     sync.WaitGroup
	stop        context.CancelFunc
}

// NewService makes the use cases over an open database.
func NewService(db *repo.DB, keys domain.KeyRing, now func() time.Time, baseURL string) *usecases.All {
	passwords := web.NewPasswords()
	return usecases.New(&casework.Service{
		Store: db, Read: db.Reader(), Now: now, Wall: time.Now, ManyWriters: db.Kind() == repo.Postgres,
		NewID: func() domain.ID { return uuid.Must(uuid.NewV7()) },
		CommonPassword: func(p string, own []string) bool {
			return zxcvbn.PasswordStrength(p, own).Score < leastPasswordScore
		},
		HashPassword: func(p string) (string, error) { return passwords.Hash(context.Background(), p) },
		CheckPassword: func(hash, p string) bool {
			if hash == "" {
				_ = passwords.VerifyNobody(context.Background(), p)
				return false
			}
			ok, err := passwords.Verify(context.Background(), hash, p)
			return ok && err == nil
		},
		ParsePhone: parsePhone, Recur: recur.Dates, Keys: keys, BaseURL: strings.TrimSuffix(baseURL, "/"),
	})
}

// forDrama are the British numbers that Ofcom keeps for drama: nobody has them, and demos and tests may.
var forDrama = regexp.MustCompile(`^\+44(?:7700900|1632960|2079460)\d{3,4}$`)

// parsePhone reads a number as dialled in a country and gives E.164. A number that has the length of one and
// that no country gives out is none: a digit too many is somebody else, or nobody.
func parsePhone(raw, country string) (string, error) {
	n, err := phonenumbers.Parse(raw, country)
	if err != nil {
		return "", err
	}
	e164 := phonenumbers.Format(n, phonenumbers.E164)
	if !phonenumbers.IsValidNumber(n) && !forDrama.MatchString(e164) {
		return "", errors.New("not a number that can exist")
	}
	return e164, nil
}

// LoadContract reads the embedded contract, once: it takes as long as all else
// at the start together, so a server begins with it.
var LoadContract = sync.OnceValues(func() (*web.Contract, error) { return web.LoadContract(doorstep.OpenAPI) })

// New wires everything over an open database; nothing runs yet.
func New(ctx context.Context, db *repo.DB, c *Config) (*Server, error) {
	keys, err := domain.NewKeyRing(c.Secrets.LinkSecret)
	if err != nil {
		return nil, err
	}
	tokens, err := web.NewTokens(c.Secrets.JWTSecret, "doorstep", "doorstep", 15*time.Minute)
	if err != nil {
		return nil, err
	}
	contract, err := LoadContract()
	if err != nil {
		return nil, err
	}
	browsers, err := notifications.NewWebPush(c.Push, notifications.WebPushConfig{Secret: keys.Derive("web push"),
		Subject: cmp.Or(c.WebPush.Subject, c.BaseURL), Hosts: c.WebPush.Hosts})
	if err != nil {
		return nil, err
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	s := &Server{db: db, log: c.Log, heads: c.Heads, drainDelay: c.DrainDelay, stopTimeout: cmp.Or(c.StopTimeout, 25*time.Second),
		Service: NewService(db, keys, c.Now, c.BaseURL)}
	s.Health = newHealth(db, c.Now, registry, c.Log)
	s.Service.NoPlanTimers = c.NoPlanTimers || c.Demo != nil
	s.Service.PhoneOfIDToken = c.PhoneOfIDToken
	s.Service.TextGateway, s.Service.AlarmGateway, s.Service.Files = c.Text != nil, c.Alarm != nil, c.Files
	s.unheard = newUnheardSOS(registry, c.Log)
	s.Service.Roads, s.Service.Windows = c.Roads, c.Windows
	handlers := api.NewApp(s.Service, tokens)
	handlers.Browsers, handlers.Links = browsers, c.Links
	if c.Alarm != nil {
		handlers.FromProvider = c.Alarm.Verify
	}
	s.HTTP = web.New(web.Config{Log: c.Log, BaseURL: c.BaseURL, Contract: contract, Authenticate: handlers.Authenticate, Allow: handlers.Allow,
		Ready: s.Health.ready, Registry: registry, TrustedProxies: c.TrustedProxies, DrainDelay: c.DrainDelay,
		MaxConnsPerAddress: c.Limits.Connections, SyncsAtOnce: c.Limits.Syncs, RateUser: c.Limits.RateUser, RateAddress: c.Limits.RateAddress,
		User: handlers.User, Language: handlers.Language})
	handlers.Mount(s.HTTP, c.Demo)
	s.deliverer, s.syncEvery = &notifications.Deliverer{
		Outbox: db, Push: browsers, Text: c.Text, Alarm: c.Alarm, Now: c.Now, LinkURL: s.Service.Customers.LinkURL,
		NewLink: s.Service.Customers.DeliveredLink,
		Code:    s.Service.Accounts.InvitationCode, RequestCode: s.Service.Customers.LinkRequestCode,
		Accepted: s.Service.NoticeAccepted, RingsEnded: s.Service.Alarm.RingsEnded, Log: c.Log,
		Metrics: notifications.NewMetrics(registry)}, c.SyncPushEvery
	s.Queue, err = notifications.NewQueue(notifications.QueueConfig{SQL: db.SQL(), Pool: db.Pool(), Poll: c.QueuePoll, Log: c.Log,
		Deliverer: s.deliverer})
	return s, err
}

// leastPasswordScore is zxcvbn's for a password that a million guesses do not find;
// sign-in allows a few in a minute.
const leastPasswordScore = 2
