package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/valyala/fasthttp"

	"doorstep/domain"
)

// headerRequestID names a request; it is echoed, logged, and the instance of
// its problem.
const headerRequestID = "X-Request-Id"

// pageCSP lets a page load only what this server serves, without inline code.
const pageCSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

const dataCSP = "default-src 'none'; frame-ancestors 'none'"

// Config is what the server needs from outside. Zero values are usable.
type Config struct {
	Log          *slog.Logger  // default: slog.Default()
	BaseURL      string        // https://doorstep.example, without a slash at the end; "" makes links relative
	Contract     *Contract     // nil only in tests of the plumbing: nothing is judged then
	Authenticate fiber.Handler // runs before every operation that is not public; must fail or call c.Next
	// Allow refuses who has none of the roles, before a large body is read; nil: nobody is refused then.
	Allow          func(c *fiber.Ctx, roles []string) error
	Ready          func(context.Context) error // nil: always ready; its words are answered
	Registry       *prometheus.Registry        // nil: one of its own with the Go and process collectors
	TrustedProxies []netip.Prefix              // whose X-Forwarded-For is believed, and who may open any number of connections
	Deadline       time.Duration               // of one request; default 15 s
	DrainDelay     time.Duration               // between "not ready" and closing the listener, for load balancers

	MaxConnsPerAddress int // 0: any number
	SyncsAtOnce        int // requests that give way (x-gives-way) answered at once; 0: four for each processor

	// How many requests a minute are answered, to each user and, of those that
	// need no token or have none, to each address; 0: any number.
	RateUser, RateAddress int
	User                  func(c *fiber.Ctx) string // who is signed in; nil: users are not limited
	Now                   func() time.Time          // of these limits; nil: time.Now

	// Language is that of who is signed in, empty where nobody is; nil: nobody's is known.
	Language func(c *fiber.Ctx) string
}

// Route is one address that the server answers, as in the contract.
type Route struct{ Method, Path string }

// Server is the Fiber app with the house's plumbing. Routes are made with
// Handle and Page, never on App itself: what they add cannot be forgotten then.
type Server struct {
	App *fiber.App

	cfg               Config
	log               *slog.Logger
	baseURL           string
	https             bool
	routes            []Route
	draining          atomic.Bool
	registry          *prometheus.Registry
	duration          *prometheus.HistogramVec
	inFlight          prometheus.Gauge
	deprecations      *deprecations
	running           atomic.Int64 // the same, for Drain
	bodies            atomic.Int64 // bytes that large bodies hold
	places            *places
	handle            fasthttp.RequestHandler // of a request, also one of a batch
	byUser, byAddress *limiter
	endings           []func() // of what would never finish by itself
}

// New makes the server with /livez, /healthz, /readyz, /problems, /docs and
// /openapi.yaml. It listens when somebody calls App.Listener.
func New(cfg Config) *Server {
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.Deadline == 0 {
		cfg.Deadline = 15 * time.Second
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	s := &Server{byUser: newLimiter("user", cfg.RateUser, cfg.Now), byAddress: newLimiter("address", cfg.RateAddress, cfg.Now),
		cfg: cfg, log: cfg.Log, baseURL: strings.TrimSuffix(cfg.BaseURL, "/"), registry: cfg.Registry}
	s.places = newPlaces(cfg.SyncsAtOnce, cfg.Contract)
	s.https = strings.HasPrefix(s.baseURL, "https://")
	if s.registry == nil {
		s.registry = prometheus.NewRegistry()
		s.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	}
	s.duration = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "doorstep_http_request_duration_seconds",
		Help:    "Time from the complete request to the answer, by route pattern.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 15},
	}, []string{"method", "route", "status"})
	s.inFlight = prometheus.NewGauge(prometheus.GaugeOpts{Name: "doorstep_http_requests_in_flight", Help: "Requests being answered."})
	s.registry.MustRegister(s.duration, s.inFlight)
	s.deprecations = newDeprecations(s.registry)

	s.App = fiber.New(fiber.Config{
		AppName:   "doorstep",
		Immutable: true, // strings of a request outlive it in our hands
		// Addresses are compared byte by byte, as the contract does.
		CaseSensitive: true, StrictRouting: true,
		ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: 60 * time.Second,
		StreamRequestBody: true, ReadBufferSize: 16 << 10,
		DisablePreParseMultipartForm: true, DisableStartupMessage: true,
		ErrorHandler: s.serverError,
	})
	// Fiber answers methods it does not know with plain text. TRACE is known and
	// never offered, so they get the 404 or 405 of their address.
	s.App.Server().HeaderReceived = hideBodyLength
	handle := s.App.Server().Handler
	s.handle = handle
	s.App.Server().Handler = func(ctx *fasthttp.RequestCtx) {
		if !slices.Contains(fiber.DefaultMethods, string(ctx.Method())) {
			ctx.SetUserValue(localNoMethod, !isToken(ctx.Method()))
			ctx.Request.Header.SetMethod(fiber.MethodTrace)
		}
		handle(ctx)
	}
	s.App.Use(s.middleware)
	for _, path := range []string{"/livez", "/healthz"} { // the same by an older name
		s.internalRoute(path, func(c *fiber.Ctx) error { return c.JSON(fiber.Map{"status": "ok"}) })
	}
	s.internalRoute("/readyz", s.ready)
	s.problemPages()
	s.docPages()
	return s
}

// Handle adds an operation of the contract: path as in the contract. Before h
// run the access token (unless the contract says security: []) and the
// contract's judgement. It panics at start-up when the contract does not know
// the operation or an earlier route would swallow it.
func (s *Server) Handle(method, path string, h fiber.Handler) {
	chain := []fiber.Handler{label(path)}
	if s.cfg.Contract != nil {
		op, ok := s.cfg.Contract.operation(method, path)
		if !ok {
			panic("web: " + method + " " + path + " is not in openapi.yaml")
		}
		if !op.Public {
			if s.cfg.Authenticate == nil {
				panic("web: " + method + " " + path + " needs Config.Authenticate")
			}
		}
		if op.Device {
			chain = append(chain, takesDevice)
		}
		if op.Gives {
			chain = append(chain, s.giveWay(op))
		}
		switch {
		case op.Lenient && op.Public:
			chain = append(chain, unlimited)
		case op.Lenient:
			chain = append(chain, unlimited, s.cfg.Authenticate)
		case op.Public:
			chain = append(chain, s.limitAddress)
		default:
			chain = append(chain, s.cfg.Authenticate, s.limitUser)
		}
		if op.MaxBody > MaxJSON && s.cfg.Allow != nil {
			chain = append(chain, func(c *fiber.Ctx) error {
				if err := s.cfg.Allow(c, op.Roles); err != nil {
					return err
				}
				return c.Next()
			})
		}
		chain = append(chain, s.readBody(op.limit, op.Lenient), op.guard)
		if op.goesAway() {
			chain = append(chain, s.deprecations.tell(op))
		}
	}
	if method == http.MethodGet {
		h = compressedJSON(h)
	}
	s.add(method, path, append(chain, h)...)
}

// Page adds a page or a form: its own CSP, no access token, urlencoded bodies
// of at most 8 KiB in clean UTF-8. Authentication, where a page needs it, is
// the handler's.
func (s *Server) Page(method, path string, h fiber.Handler) {
	s.add(method, path, label(path), s.limitAddress, pageGuard, s.readBody(func(*fiber.Ctx) (int, error) { return MaxForm, nil }, false), h)
}

// internalRoute adds a GET of the plumbing itself; those that watch it are not limited.
func (s *Server) internalRoute(path string, h fiber.Handler) {
	limit := s.limitAddress
	if watches(path) {
		limit = unlimited
	}
	s.add(http.MethodGet, path, label(path), limit, h)
}

// watches reports whether a path answers how the server is.
func watches(path string) bool { return path == "/healthz" || path == "/readyz" || path == "/livez" }

// routePattern writes a path of the contract as Fiber wants it.
var routePattern = strings.NewReplacer("{", ":", "}", "")

func (s *Server) add(method, path string, chain ...fiber.Handler) {
	for _, r := range s.routes {
		if r.Method == method && covers(r.Path, path) {
			panic("web: " + method + " " + path + " comes after " + r.Path + ", which takes its requests")
		}
	}
	s.routes = append(s.routes, Route{method, path})
	pattern := routePattern.Replace(path)
	if method == http.MethodGet {
		s.App.Get(pattern, chain...) // and HEAD
		return
	}
	s.App.Add(method, pattern, chain...)
}

// Routes lists what the server answers, by path and method, for the test that
// compares it with the contract.
func (s *Server) Routes() []Route {
	out := slices.Clone(s.routes)
	slices.SortFunc(out, func(a, b Route) int { return strings.Compare(a.Path+" "+a.Method, b.Path+" "+b.Method) })
	return out
}

// label tells logs and metrics the pattern. The address itself may hold a link's
// token and is never logged.
func label(path string) fiber.Handler {
	return func(c *fiber.Ctx) error {
		c.Locals(localRoute, path)
		return c.Next()
	}
}

func takesDevice(c *fiber.Ctx) error {
	c.Locals(localDevice, true)
	return c.Next()
}

func routeOf(c *fiber.Ctx) string {
	if r, ok := c.Locals(localRoute).(string); ok {
		return r
	}
	return "unmatched"
}

// requestID gives the id of the request.
func requestID(c *fiber.Ctx) string {
	id, _ := c.Locals(localRequestID).(string)
	return id
}

// middleware surrounds every request: id, headers, deadline, recovery, problem, log
// and metrics.
func (s *Server) middleware(c *fiber.Ctx) error {
	c.Locals(localComplete, time.Now())
	s.inFlight.Inc()
	defer s.inFlight.Dec()
	s.running.Add(1)
	defer s.running.Add(-1)
	body := unreadBodyOf(c)
	s.setHeaders(c)
	s.useCookies(c)
	err := s.countRefused(c, s.guarded(c))
	if err != nil {
		var fe *fiber.Error
		if errors.As(err, &fe) && fe.Code == fiber.StatusMethodNotAllowed {
			c.Append(fiber.HeaderAllow, fiber.MethodOptions)
			if c.Method() == fiber.MethodOptions {
				err = nil
				c.Status(fiber.StatusNoContent).Response().ResetBody()
			}
		}
	}
	if err != nil {
		s.fail(c, err)
	}
	body.discard(c)
	s.observe(c)
	return nil
}

// serverError answers what never reached front: headers that are too large, broken
// HTTP, timeouts while reading.
func (s *Server) serverError(c *fiber.Ctx, err error) error {
	c.Locals(localComplete, time.Now())
	s.setHeaders(c)
	s.fail(c, err)
	if conn, ok := c.Context().Conn().(*lingeringConn); ok && c.Response().StatusCode() == http.StatusRequestHeaderFieldsTooLarge {
		conn.unread = true
	}
	s.observe(c)
	return nil
}

// setHeaders sets the id and the headers that every answer has.
func (s *Server) setHeaders(c *fiber.Ctx) {
	id := c.Get(headerRequestID)
	if !saneID(id) {
		id = uuid.NewString()
	}
	c.Locals(localRequestID, id)
	c.Set(headerRequestID, id)
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	c.Set(fiber.HeaderReferrerPolicy, "no-referrer")
	c.Set("Cross-Origin-Resource-Policy", "same-origin")
	c.Set(fiber.HeaderContentSecurityPolicy, dataCSP)
	c.Set(fiber.HeaderCacheControl, "no-store") // pages that may be kept say so
	if s.https {
		c.Set(fiber.HeaderStrictTransportSecurity, "max-age=31536000")
	}
	if s.draining.Load() {
		c.Context().SetConnectionClose()
	}
}

func saneID(id string) bool {
	if len(id) < 1 || len(id) > 64 {
		return false
	}
	for i := range len(id) {
		switch ch := id[i]; {
		case ch >= 'a' && ch <= 'z', ch >= 'A' && ch <= 'Z', ch >= '0' && ch <= '9', ch == '.', ch == '_', ch == '-':
		default:
			return false
		}
	}
	return true
}

// guarded runs the rest of the chain under a deadline and turns a panic into
// an error with its stack in the log.
func (s *Server) guarded(c *fiber.Ctx) (err error) {
	defer func() {
		if r := recover(); r != nil {
			s.log.Error("panic", slog.String("request_id", requestID(c)), slog.String("route", routeOf(c)),
				slog.String("panic", fmt.Sprint(r)), slog.String("stack", string(debug.Stack())))
			err = domain.Fail(domain.CodeInternal, "panic")
		}
	}()
	if IsInner(c) { // made here
		return s.underDeadline(c)
	}
	reason := badRequestLine(&c.Request().Header)
	if noMethod, _ := c.Locals(localNoMethod).(bool); noMethod {
		reason = "The method is no token."
	}
	if reason == "" {
		reason = badHeaders(c.Request().Header.RawHeaders(), c.Request().Header.IsHTTP11())
	}
	if reason != "" {
		c.Context().SetConnectionClose() // where the next request begins is not certain
		return domain.Fail(domain.CodeMalformed, "%s", reason)
	}
	return s.underDeadline(c)
}

func (s *Server) underDeadline(c *fiber.Ctx) error {
	ctx, cancel := s.withDeadline()
	defer cancel()
	c.SetUserContext(ctx)
	return c.Next()
}

// withDeadline bounds the work on a request whose header, or body, is there.
func (s *Server) withDeadline() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), s.cfg.Deadline)
}

// observe counts and logs the answer.
func (s *Server) observe(c *fiber.Ctx) {
	complete, _ := c.Locals(localComplete).(time.Time)
	took := time.Since(complete)
	route, status := routeOf(c), c.Response().StatusCode()
	s.duration.WithLabelValues(c.Method(), route, strconv.Itoa(status)).Observe(took.Seconds())
	level := slog.LevelInfo
	if watches(route) {
		level = slog.LevelDebug
	}
	s.log.LogAttrs(context.Background(), level, "request",
		slog.String("request_id", requestID(c)),
		slog.String("method", c.Method()),
		slog.String("route", route),
		slog.Int("status", status),
		slog.Float64("ms", float64(took.Microseconds())/1000))
}

// ready answers whether this replica may get requests.
func (s *Server) ready(c *fiber.Ctx) error {
	if s.draining.Load() {
		return domain.Fail(domain.CodeUnavailable, "The server is stopping.")
	}
	if s.cfg.Ready != nil {
		ctx, cancel := context.WithTimeout(c.UserContext(), 2*time.Second)
		defer cancel()
		if err := s.cfg.Ready(ctx); err != nil {
			if words := (*domain.Error)(nil); errors.As(err, &words) {
				return words
			}
			return domain.Fail(domain.CodeUnavailable, "The server is not ready.").Because(err)
		}
	}
	return c.JSON(fiber.Map{"status": "ready"})
}

// Metrics is the handler for the listener of its own, which the public never
// reaches.
func (s *Server) Metrics() http.Handler {
	return promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{})
}

// Serve answers on ln until Drain.
func (s *Server) Serve(ln net.Listener) error { return s.App.Listener(s.listener(ln)) }

// OnDrain names what Drain ends before it waits: streams, which would never
// finish by themselves.
func (s *Server) OnDrain(end func()) { s.endings = append(s.endings, end) }

// Drain stops without losing a request: first /readyz says 503, after
// DrainDelay the listener closes, and running requests finish or ctx ends. It
// is an error only when requests were left unanswered; silent connections do
// not count.
func (s *Server) Drain(ctx context.Context) error {
	s.draining.Store(true)
	select {
	case <-time.After(s.cfg.DrainDelay):
	case <-ctx.Done():
	}
	for _, end := range s.endings {
		end()
	}
	err := s.App.ShutdownWithContext(ctx)
	if err == nil || ctx.Err() == nil {
		return err
	}
	if n := s.running.Load(); n > 0 {
		return fmt.Errorf("the time to stop was over before %d running requests were answered; "+
			"sent again with the same Idempotency-Key they are done once", n)
	}
	return nil
}

// PathOf is the path of an operation of the contract that is called for one
// object.
func (s *Server) PathOf(operation string, id domain.ID) string {
	return s.cfg.Contract.PathOf(operation, id)
}
