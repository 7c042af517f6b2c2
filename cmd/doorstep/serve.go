package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"doorstep/api"
	"doorstep/cmd/doorstep/app"
	"doorstep/cmd/doorstep/firebaseauth"
	"doorstep/cmd/doorstep/roads"
	"doorstep/domain"
	"doorstep/notifications"
	"doorstep/repo/files"
)

type serveCmd struct {
	app.Storage
	app.Secrets
	Listen        string              `help:"Address; port 0 picks a free one and prints it." default:"127.0.0.1:8080" env:"DOORSTEP_LISTEN"`
	BaseURL       string              `help:"How customers reach this server, for their links: https://service.example." env:"DOORSTEP_BASE_URL" placeholder:"URL"`
	MetricsListen string              `help:"Address of the metrics listener; empty for none." env:"DOORSTEP_METRICS_LISTEN" placeholder:"ADDR"`
	TrustedProxy  []string            `help:"Networks whose X-Forwarded-For is believed." env:"DOORSTEP_TRUSTED_PROXY" placeholder:"CIDR"`
	Migrate       bool                `help:"Migrate at start." default:"true" negatable:"" env:"DOORSTEP_MIGRATE"`
	DrainDelay    time.Duration       `help:"Pause between not ready and closing, for load balancers." default:"0s" env:"DOORSTEP_DRAIN_DELAY"`
	StopTimeout   time.Duration       `help:"How long requests and deliveries under way may take to finish when told to stop." default:"25s" env:"DOORSTEP_STOP_TIMEOUT"`
	LogFormat     string              `help:"text or json." default:"text" enum:"text,json" env:"DOORSTEP_LOG_FORMAT"`
	FCM           fcmFlags            `embed:"" prefix:"fcm-"`
	Firebase      firebaseauth.Config `embed:"" prefix:"firebase-"`
	AndroidApp    []string            `help:"Android app that may open the links of households: its package, a colon and the SHA-256 fingerprint of its certificate; several with commas." env:"DOORSTEP_ANDROID_APP" placeholder:"PACKAGE:SHA256"`
	IOSApp        []string            `help:"iOS app that may: its team, a dot and its bundle; several with commas." name:"ios-app" env:"DOORSTEP_IOS_APP" placeholder:"TEAMID.BUNDLE"`
	Message       messageFlags        `embed:"" prefix:"message-webhook-"`
	Heads         string              `help:"Folder that keeps the signed heads of all timelines of each day (UTC), so that rows cut off are noticed; heads below --data by default, - for none." env:"DOORSTEP_HEADS" placeholder:"DIR"`
	SyncPush      time.Duration       `help:"At most so often a technician's phone is told by a push that shows nothing to sync; 0s: never." default:"1m" env:"DOORSTEP_SYNC_PUSH"`
	PlanTimers    bool                `help:"Also time visits of technicians whose phones fall silent between two visits, from the plan." default:"true" negatable:"" env:"DOORSTEP_PLAN_TIMERS"`
	Alarm         alarmFlags          `embed:"" prefix:"alarm-webhook-"`
	WebPush       app.WebPush         `embed:"" prefix:"web-push-"`
	Evidence      evidenceFlags       `embed:"" prefix:"evidence-s3-"`
	Roads         roads.Config        `embed:""`
	Windows       windowFlags         `embed:""`
	Limits        app.Limits          `embed:""`
}

// evidenceFlags say where photos and recordings of reports are kept; without
// them it is a folder beside the embedded database.
type evidenceFlags struct {
	Endpoint  string `help:"Store that speaks S3, for photos and recordings of reports: https://s3.example; without it the folder evidence below --data." env:"DOORSTEP_EVIDENCE_S3_ENDPOINT" placeholder:"URL"`
	Region    string `help:"Its region." env:"DOORSTEP_EVIDENCE_S3_REGION" placeholder:"REGION"`
	Bucket    string `help:"The bucket, which is there already." env:"DOORSTEP_EVIDENCE_S3_BUCKET" placeholder:"NAME"`
	Prefix    string `help:"Before each object's name: doorstep/." env:"DOORSTEP_EVIDENCE_S3_PREFIX" placeholder:"PREFIX"`
	AccessKey string `help:"Access key." env:"DOORSTEP_EVIDENCE_S3_ACCESS_KEY" placeholder:"KEY"`
	SecretKey string `help:"Secret key." env:"DOORSTEP_EVIDENCE_S3_SECRET_KEY" placeholder:"SECRET"`
}

// store is the configured one, else the folder.
func (f evidenceFlags) store(data string) (domain.EvidenceFiles, error) {
	if f == (evidenceFlags{}) {
		return files.NewLocal(filepath.Join(data, "evidence")), nil
	}
	return files.NewS3(files.S3Config(f))
}

type fcmFlags struct {
	Project     string `help:"Firebase project; without it pushes are only logged." env:"DOORSTEP_FCM_PROJECT" placeholder:"ID"`
	Credentials string `help:"File with the service account." env:"DOORSTEP_FCM_CREDENTIALS" type:"existingfile" placeholder:"FILE"`
	Endpoint    string `help:"Another FCM endpoint, for tests: http://127.0.0.1:PORT/v1." env:"DOORSTEP_FCM_ENDPOINT" placeholder:"URL"`
}

type messageFlags struct {
	URL    string `help:"Where text goes that has no device (Standard Webhooks)." env:"DOORSTEP_MESSAGE_WEBHOOK_URL" placeholder:"URL"`
	Secret string `help:"Signs it: whsec_…" env:"DOORSTEP_MESSAGE_WEBHOOK_SECRET" placeholder:"SECRET"`
}

type alarmFlags struct {
	URL    string `help:"Where each ring of an SOS goes besides phones, with the name and number of whom to ring: a telephony or monitoring provider (Standard Webhooks)." env:"DOORSTEP_ALARM_WEBHOOK_URL" placeholder:"URL"`
	Secret string `help:"Signs it: whsec_…" env:"DOORSTEP_ALARM_WEBHOOK_SECRET" placeholder:"SECRET"`
}

func (s *serveCmd) Help() string {
	return "Examples:\n" +
		"  export DOORSTEP_JWT_SECRET=$(doorstep secret) DOORSTEP_LINK_SECRET=$(doorstep secret)\n" +
		"  doorstep serve\n  doorstep serve --listen 127.0.0.1:0 --data /var/lib/doorstep\n" +
		"  DATABASE_URL=postgres://doorstep@db/doorstep doorstep serve --base-url https://service.example"
}

// Run is the real server.
func (s *serveCmd) Run(ctx context.Context, e *environment) error {
	if err := s.check(); err != nil {
		return usageError(err.Error())
	}
	app.SetGCPercent()
	go func() { _, _ = app.LoadContract() }() // while the database opens
	log := e.log
	if s.LogFormat == "json" {
		log = slog.New(slog.NewJSONHandler(e.stderr, nil))
	}
	c, err := s.config(ctx, log)
	if err != nil {
		return err
	}
	s.warn(log)
	db, err := app.OpenToServe(ctx, s.Storage, log, s.Migrate)
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp", s.Listen)
	if err != nil {
		db.Close()
		return fmt.Errorf("%w; choose another with --listen", err)
	}
	var metrics net.Listener
	if s.MetricsListen != "" {
		if metrics, err = net.Listen("tcp", s.MetricsListen); err != nil {
			_ = ln.Close()
			db.Close()
			return fmt.Errorf("%w; choose another with --metrics-listen", err)
		}
	}
	address := "http://" + ln.Addr().String()
	c.BaseURL = cmp.Or(strings.TrimSuffix(s.BaseURL, "/"), address)
	server, err := app.New(ctx, db, c)
	if err != nil {
		return err
	}
	// The context of work outlives the signal: requests in flight finish.
	if err := server.Start(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	go app.ReleaseIdleMemory(ctx)
	if metrics != nil {
		fmt.Fprintf(e.stdout, "metrics on http://%s\n", metrics.Addr())
	}
	fmt.Fprintf(e.stdout, "listening on %s\n", address)
	log.Info("serving", "address", address, "database", db.Kind(), "push", fmt.Sprintf("%T", c.Push), "messages", c.Text != nil)
	return server.Serve(ctx, ln, metrics)
}

// check refuses what can be refused without looking at anything else.
func (s *serveCmd) check() error {
	if err := s.Secrets.Check(); err != nil {
		return err
	}
	if os.Getenv("FIREBASE_AUTH_EMULATOR_HOST") != "" {
		return errors.New("FIREBASE_AUTH_EMULATOR_HOST is set: its tokens are unsigned; unset it for a real server")
	}
	if u, err := url.Parse(s.BaseURL); s.BaseURL != "" && (err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" ||
		u.RawQuery != "" || u.Fragment != "") {
		return fmt.Errorf("DOORSTEP_BASE_URL %q is no address that a customer can open: write https://service.example", s.BaseURL)
	}
	if s.Limits.RateUser < 0 || s.Limits.RateAddress < 0 || s.Limits.Connections < 0 {
		return errors.New("--rate-user, --rate-address and --max-connections-per-address are numbers: 0 or more")
	}
	if s.SyncPush != 0 && s.SyncPush < 10*time.Second {
		return errors.New("--sync-push is 0s for never, or at least 10s")
	}
	if s.StopTimeout < 0 || s.DrainDelay < 0 {
		return errors.New("--stop-timeout and --drain-delay are times to wait: 0s or more")
	}
	return nil
}

// config makes what the flags name; the base URL is known once the server
// listens.
func (s *serveCmd) config(ctx context.Context, log *slog.Logger) (*app.Config, error) {
	c := &app.Config{Secrets: s.Secrets, Now: time.Now, NoPlanTimers: !s.PlanTimers, SyncPushEvery: s.SyncPush, DrainDelay: s.DrainDelay,
		StopTimeout: s.StopTimeout,
		WebPush:     s.WebPush, Limits: s.Limits, Log: log}
	for _, p := range s.TrustedProxy {
		prefix, err := netip.ParsePrefix(p)
		if err != nil {
			return nil, usageError(fmt.Sprintf("--trusted-proxy %q is no network: write 10.0.0.0/8", p))
		}
		c.TrustedProxies = append(c.TrustedProxies, prefix)
	}
	var err error
	if c.Push, err = s.FCM.sender(ctx, log); err != nil {
		return nil, err
	}
	if c.PhoneOfIDToken, err = firebaseauth.New(ctx, s.Firebase); err != nil {
		return nil, usageError(err.Error())
	}
	if s.Message.URL != "" {
		if c.Text, err = notifications.NewWebhook(s.Message.URL, s.Message.Secret, nil); err != nil {
			return nil, usageError("DOORSTEP_MESSAGE_WEBHOOK_URL: " + err.Error())
		}
	}
	if s.Alarm.URL != "" {
		if c.Alarm, err = notifications.NewWebhook(s.Alarm.URL, s.Alarm.Secret, nil); err != nil {
			return nil, usageError("DOORSTEP_ALARM_WEBHOOK_URL: " + err.Error())
		}
	}
	if c.Files, err = s.Evidence.store(s.Data); err != nil {
		return nil, usageError("DOORSTEP_EVIDENCE_S3_…: " + err.Error())
	}
	if c.Roads, err = roads.New(s.Roads, log); err != nil {
		return nil, usageError(err.Error())
	}
	if c.Links, err = api.NewAppLinks(s.AndroidApp, s.IOSApp); err != nil {
		return nil, usageError("DOORSTEP_ANDROID_APP and DOORSTEP_IOS_APP: " + err.Error())
	}
	if c.Windows, err = s.Windows.grid(); err != nil {
		return nil, usageError(err.Error())
	}
	if s.Heads != "-" {
		c.Heads = cmp.Or(s.Heads, filepath.Join(s.Data, "heads"))
	}
	return c, nil
}

// warn says what runs and can lose something.
func (s *serveCmd) warn(log *slog.Logger) {
	if s.DatabaseURL != "" && s.Evidence == (evidenceFlags{}) {
		log.Warn("no DOORSTEP_EVIDENCE_S3_ENDPOINT: photos and recordings of reports lie in a folder of this machine; with several replicas " +
			"it must be one that they share")
	}
	if s.DatabaseURL == "" && s.Synchronous == "NORMAL" {
		log.Warn("--synchronous NORMAL: a power cut can lose the last acknowledged writes, an SOS among them; leave it out and they are kept")
	}
}

func (f fcmFlags) sender(ctx context.Context, log *slog.Logger) (notifications.Sender, error) {
	if f.Project == "" {
		log.Warn("no DOORSTEP_FCM_PROJECT: pushes are logged, not sent; they wait in the in-app inbox")
		return notifications.NewLog(log), nil
	}
	s, err := notifications.NewFCM(ctx, notifications.FCMConfig{ProjectID: f.Project, CredentialsFile: f.Credentials, Endpoint: f.Endpoint})
	if err != nil {
		return nil, fmt.Errorf("DOORSTEP_FCM_…: %w", err)
	}
	return s, nil
}
