// Package api is the HTTP side of Doorstep: it turns requests into calls of
// use cases and their answers into JSON, problems and pages. It decides
// nothing about the product.
package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
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

// HeaderRequestID names a request; it is echoed, logged, and the instance of
// its problem.
const HeaderRequestID = "X-Request-Id"

// PageCSP lets a page load only what this server serves, without inline code.
const PageCSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
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

	// How many requests a minute are answered, to each user and, of those that
	// need no token or have none, to each address; 0: any number.
	RateUser, RateAddress int
	User                  func(c *fiber.Ctx) string // who is signed in; nil: users are not limited
	Now                   func() time.Time          // of these limits; nil: time.Now
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
	running           atomic.Int64 // the same, for Drain
	bodies            atomic.Int64 // bytes that large bodies hold
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
	s.App.Server().HeaderReceived = withhold
	handle := s.App.Server().Handler
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
		op, ok := s.cfg.Contract.Operation(method, path)
		if !ok {
			panic("api: " + method + " " + path + " is not in openapi.yaml")
		}
		if !op.Public {
			if s.cfg.Authenticate == nil {
				panic("api: " + method + " " + path + " needs Config.Authenticate")
			}
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
		chain = append(chain, s.receive(op.limit, op.Lenient), op.guard)
	}
	s.add(method, path, append(chain, h)...)
}

// Page adds a page or a form: its own CSP, no access token, urlencoded bodies
// of at most 8 KiB in clean UTF-8. Authentication, where a page needs it, is
// the handler's.
func (s *Server) Page(method, path string, h fiber.Handler) {
	s.add(method, path, label(path), s.limitAddress, pageGuard, s.receive(func(*fiber.Ctx) (int, error) { return MaxForm, nil }, false), h)
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

func (s *Server) add(method, path string, chain ...fiber.Handler) {
	for _, r := range s.routes {
		if r.Method == method && covers(r.Path, path) {
			panic("api: " + method + " " + path + " comes after " + r.Path + ", which takes its requests")
		}
	}
	s.routes = append(s.routes, Route{method, path})
	pattern := strings.NewReplacer("{", ":", "}", "").Replace(path)
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

func routeOf(c *fiber.Ctx) string {
	if r, ok := c.Locals(localRoute).(string); ok {
		return r
	}
	return "unmatched"
}

// RequestID gives the id of the request.
func RequestID(c *fiber.Ctx) string {
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
	body := incomingOf(c)
	s.setHeaders(c)
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
	body.leave(c)
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
	id := c.Get(HeaderRequestID)
	if !saneID(id) {
		id = uuid.NewString()
	}
	c.Locals(localRequestID, id)
	c.Set(HeaderRequestID, id)
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
			s.log.Error("panic", slog.String("request_id", RequestID(c)), slog.String("route", routeOf(c)),
				slog.String("panic", fmt.Sprint(r)), slog.String("stack", string(debug.Stack())))
			err = domain.Fail(domain.CodeInternal, "panic")
		}
	}()
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
	ctx, cancel := s.withDeadline()
	defer cancel()
	c.SetUserContext(ctx)
	return c.Next()
}

// withDeadline bounds the work on a request whose header, or body, is there.
func (s *Server) withDeadline() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), s.cfg.Deadline)
}

// badRequestLine refuses what fasthttp lets through of the first line (RFC 9112
// sections 2.3 and 3).
func badRequestLine(h *fasthttp.RequestHeader) string {
	if bytes.ContainsFunc(h.RequestURI(), func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return "The address holds a space or a control character."
	}
	if v := string(h.Protocol()); v != "HTTP/1.1" && v != "HTTP/1.0" {
		return "The version of the protocol is not known here."
	}
	return ""
}

// isToken reports whether b is a token (RFC 9110 section 5.6.2).
func isToken(b []byte) bool {
	for _, ch := range b {
		switch {
		case ch >= 'a' && ch <= 'z', ch >= 'A' && ch <= 'Z', ch >= '0' && ch <= '9', strings.IndexByte("!#$%&'*+-.^_`|~", ch) >= 0:
		default:
			return false
		}
	}
	return len(b) > 0
}

// badHeaders refuses what fasthttp lets through and a proxy before us may read
// differently (RFC 9112 sections 2.2, 3.2, 5.1, 5.2, 6.1 and 6.3; RFC 9110
// section 5.5).
func badHeaders(raw []byte, http11 bool) string {
	var hosts, lengths, encodings int
	for line := range bytes.Lines(raw) {
		line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
		if len(line) == 0 {
			continue
		}
		if line[0] == ' ' || line[0] == '\t' {
			return "A header is folded over two lines."
		}
		for _, ch := range line {
			if ch < ' ' && ch != '\t' || ch == 0x7f {
				return "A header holds a control character."
			}
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		if !isToken(name) {
			return "The name of a header is empty or no token."
		}
		switch len(name) {
		case len("Host"):
			if bytes.EqualFold(name, []byte("Host")) && len(bytes.TrimSpace(value)) > 0 {
				hosts++
			}
		case len("Content-Length"):
			if bytes.EqualFold(name, []byte("Content-Length")) {
				lengths++
			}
		case len("Transfer-Encoding"):
			if bytes.EqualFold(name, []byte("Transfer-Encoding")) {
				encodings++
				if !bytes.EqualFold(bytes.TrimSpace(value), []byte("chunked")) {
					return "Transfer-Encoding may only be chunked."
				}
			}
		}
	}
	switch {
	case hosts != 1:
		return "The request must have one Host."
	case lengths > 1 || encodings > 1 || lengths+encodings > 1:
		return "The request has more than one length."
	case encodings > 0 && !http11:
		return "HTTP/1.0 has no chunks."
	}
	return ""
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
		slog.String("request_id", RequestID(c)),
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
// is an error only when requests were left unanswered; a connection that says
// nothing is none.
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
		return fmt.Errorf("the time to stop was over before %d running requests were answered; sent again with the same Idempotency-Key they are done once", n)
	}
	return nil
}

// ClientIP is the address that throttling counts. X-Forwarded-For is read from
// the right, past our own proxies only: what a client wrote itself stands
// further left and is never believed.
func (s *Server) ClientIP(c *fiber.Ctx) netip.Addr {
	addr, _ := netip.AddrFromSlice(c.Context().RemoteIP())
	addr = addr.Unmap()
	if len(s.cfg.TrustedProxies) == 0 {
		return addr
	}
	trusted := func(a netip.Addr) bool {
		return slices.ContainsFunc(s.cfg.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(a) })
	}
	var hops []string
	for _, line := range c.GetReqHeaders()[fiber.HeaderXForwardedFor] {
		hops = append(hops, strings.Split(line, ",")...)
	}
	for i := len(hops) - 1; i >= 0 && trusted(addr); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		addr = next.Unmap()
	}
	return addr
}

// pageGuard sets the page's CSP and refuses bodies that are no form.
func pageGuard(c *fiber.Ctx) error {
	c.Set(fiber.HeaderContentSecurityPolicy, PageCSP)
	if !cleanText([]byte(c.Context().QueryArgs().String())) || bytes.Contains(c.Context().URI().QueryString(), []byte("%00")) {
		return malformed("#/query", "must be valid UTF-8 without NUL")
	}
	if !announcedBody(c) {
		return c.Next()
	}
	media, err := mediaOf(c)
	if err == nil && media != fiber.MIMEApplicationForm {
		err = domain.Fail(domain.CodeMedia, "Send application/x-www-form-urlencoded.")
	}
	if err != nil {
		return err
	}
	return c.Next()
}

// Form reads the urlencoded form of a page. CodeMalformed for text that is not
// UTF-8, holds NUL, or for more than 100 fields.
func Form(c *fiber.Ctx) (url.Values, error) {
	out, n, clean := url.Values{}, 0, true
	c.Context().PostArgs().VisitAll(func(k, v []byte) {
		n++
		clean = clean && cleanText(k) && cleanText(v)
		if n <= 100 {
			out.Add(string(k), string(v))
		}
	})
	if !clean || n > 100 {
		return nil, malformed("", "must be a form of clean UTF-8")
	}
	return out, nil
}

// JSON answers with v and sets ETag when version is positive.
func JSON(c *fiber.Ctx, status int, v any, version int64) error {
	if version > 0 {
		ETag(c, version)
	}
	return c.Status(status).JSON(v)
}

// Created is JSON with 201 and the address of what was made.
func Created(c *fiber.Ctx, location string, v any, version int64) error {
	c.Set(fiber.HeaderLocation, location)
	return JSON(c, fiber.StatusCreated, v, version)
}

// appender writes itself as JSON, as encoding/json would write it.
type appender interface{ appendJSON(b []byte) []byte }

// List answers with one page of a list: {"items": […], "next_cursor": …}. next is the cursor behind
// the last item; "" at the end is sent as null.
func List[T any](c *fiber.Ctx, items []T, next string) error {
	if items == nil {
		items = []T{} // nil would be sent as null
	}
	if _, ok := any(new(T)).(appender); ok {
		b := append(make([]byte, 0, 1024*(len(items)+1)), `{"items":[`...)
		for i := range items {
			if i > 0 {
				b = append(b, ',')
			}
			b = any(&items[i]).(appender).appendJSON(b)
		}
		b = append(b, `],"next_cursor":`...)
		if next == "" {
			b = append(b, "null}"...)
		} else {
			b = append(strconv.AppendQuote(b, next), '}') // base64 needs no escape
		}
		c.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSON)
		return c.Send(b)
	}
	body := struct {
		Items []T     `json:"items"`
		Next  *string `json:"next_cursor"`
	}{Items: items}
	if next != "" {
		body.Next = &next
	}
	return c.JSON(body)
}
