package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"doorstep/domain"
)

// App is the resources of the API over the use cases.
type App struct {
	Service *domain.Service
	Tokens  *Tokens
	// Browsers judges and names the key of Web Push; nil: no browser is
	// asked.
	Browsers Browsers

	clientIP   func(c *fiber.Ctx) netip.Addr
	mu         sync.Mutex
	principals map[domain.ID]principal
}

// principalTTL bounds how long a disabled or demoted user is still let in by
// a replica that did not make the change: 5 s is promised.
const principalTTL = 3 * time.Second

// Browsers is what the pages need to know of pushes to browsers.
type Browsers interface {
	PublicKey() string
	Takes(token string) bool
}

type principal struct {
	actor domain.Actor
	user  domain.User
	zone  *time.Location // of their centre; nil without one
	until time.Time
}

// local names what a request carries for its handler.
type local int

const (
	localActor local = iota
	localZone
)

// NewApp makes the resources; Mount adds them to a server.
func NewApp(s *domain.Service, tokens *Tokens) *App {
	return &App{Service: s, Tokens: tokens, principals: map[domain.ID]principal{}}
}

// Authenticate turns the access token into an actor, or answers 401.
func (a *App) Authenticate(c *fiber.Ctx) error {
	claims, err := a.Tokens.Verify(BearerToken(c))
	if err != nil {
		return err
	}
	p, err := a.holder(c.UserContext(), claims)
	if err != nil {
		return err
	}
	p.actor.Session = claims.Session
	c.Locals(localActor, p.actor)
	c.Locals(localZone, p.zone)
	return c.Next()
}

// Allow refuses a role that the contract does not name for an operation.
func (a *App) Allow(c *fiber.Ctx, roles []string) error {
	if !slices.Contains(roles, string(actorOf(c).Role)) {
		return domain.Fail(domain.CodeForbidden, "Your role may not do this.")
	}
	return nil
}

// User names who is signed in, for the limits on each user.
func (a *App) User(c *fiber.Ctx) string { return actorOf(c).UserID.String() }

// holder is who a token speaks for, as long as it does.
func (a *App) holder(ctx context.Context, claims Claims) (principal, error) {
	p, err := a.principal(ctx, claims.UserID)
	if err == nil && claims.Epoch > p.user.Epoch { // the token is younger than what is remembered of its holder
		a.forget(claims.UserID)
		p, err = a.principal(ctx, claims.UserID)
	}
	if err == nil && (p.user.Disabled || p.user.Epoch != claims.Epoch || string(p.user.Role) != claims.Role) {
		err = domain.Fail(domain.CodeUnauthenticated, "The account was changed or disabled; sign in again.")
	}
	return p, err
}

func (a *App) principal(ctx context.Context, id domain.ID) (principal, error) {
	now := time.Now()
	a.mu.Lock()
	p, ok := a.principals[id]
	a.mu.Unlock()
	if ok && now.Before(p.until) {
		return p, nil
	}
	u, err := a.Service.Read.Principal(ctx, id)
	if domainKind(err) == domain.KindNotFound {
		return principal{}, domain.Fail(domain.CodeUnauthenticated, "The account does not exist any more.")
	} else if err != nil {
		return principal{}, err
	}
	p = principal{user: *u, until: now.Add(principalTTL), actor: domain.Actor{UserID: u.ID, Name: u.Name, Role: u.Role}}
	if u.CentreID != nil {
		p.actor.CentreID = *u.CentreID
		v, err := a.Service.Read.Centre(ctx, domain.Scope{All: true}, *u.CentreID)
		if err != nil {
			return principal{}, err
		}
		p.zone = v.Location()
	}
	if u.AreaID != nil {
		p.actor.AreaID = *u.AreaID
	}
	if u.Role == domain.RoleAreaManager {
		if p.actor.Deputises, err = a.Service.Read.DeputyFor(ctx, u.ID); err != nil {
			return principal{}, err
		}
	}
	a.mu.Lock()
	if len(a.principals) > 50_000 {
		clear(a.principals)
	}
	a.principals[id] = p
	a.mu.Unlock()
	return p, nil
}

// forgetAll drops all of them: what they share has changed.
func (a *App) forgetAll() {
	a.mu.Lock()
	clear(a.principals)
	a.mu.Unlock()
}

// forget drops a cached principal at once on the replica that changed it.
func (a *App) forget(id domain.ID) {
	a.mu.Lock()
	delete(a.principals, id)
	a.mu.Unlock()
}

func domainKind(err error) domain.Kind {
	var e *domain.Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return 0
}

// zoneOf gives the zone of the caller's own centre, when centre is that.
func zoneOf(c *fiber.Ctx, centre domain.ID) (*time.Location, bool) {
	zone, _ := c.Locals(localZone).(*time.Location)
	return zone, zone != nil && actorOf(c).CentreID == centre
}

func actorOf(c *fiber.Ctx) domain.Actor {
	a, _ := c.Locals(localActor).(domain.Actor)
	return a
}

// callOf gathers what a use case needs to know of the request.
func callOf(c *fiber.Ctx, status int) (*domain.Call, error) {
	call := &domain.Call{Actor: actorOf(c), Status: status}
	if raw := c.Get(HeaderIdempotencyKey); raw != "" && c.Method() == fiber.MethodPost {
		key, err := IdempotencyKey(c)
		if err != nil {
			return nil, err
		}
		call.Key = key
		h := sha256.New()
		h.Write([]byte(c.Method() + " " + c.OriginalURL() + "\n"))
		h.Write(c.Request().Body())
		call.Hash = hex.EncodeToString(h.Sum(nil))
	}
	sent, ok, err := SentAt(c)
	if err != nil {
		return nil, err
	}
	if ok {
		call.SentAt = &sent
	}
	return call, nil
}

// write runs one use case and sends its answer, or the stored one of the
// first request with the same key. location is the collection a created
// object lives in.
func write(c *fiber.Ctx, status int, location string, fn func(ctx context.Context, call *domain.Call) error) error {
	call, err := callOf(c, status)
	if err != nil {
		return err
	}
	if err := fn(c.UserContext(), call); err != nil {
		return err
	}
	return sendAnswer(c, call, location)
}

func sendAnswer(c *fiber.Ctx, call *domain.Call, location string) error {
	if call.Answer == nil {
		return errors.New("api: the use case left no answer")
	}
	if call.Replayed {
		c.Set("Idempotency-Replayed", "true")
	}
	if id, version, ok := strings.Cut(call.Answer.Head, " "); ok {
		if n, err := strconv.ParseInt(version, 10, 64); err == nil {
			ETag(c, n)
		}
		if call.Answer.Status == fiber.StatusCreated && location != "" {
			c.Set(fiber.HeaderLocation, location+"/"+id)
		}
	}
	c.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSON)
	return c.Status(call.Answer.Status).Send(call.Answer.Body)
}

// decode reads the body of a use case's input.
func decode[T any](c *fiber.Ctx) (T, error) {
	var in T
	err := Decode(c, &in)
	return in, err
}

// byID is the shape of most moves: an id from the address, an input from the
// body, one use case.
func byID[T any](what, location string, status int, fn func(ctx context.Context, call *domain.Call, id domain.ID,
	in T) error) fiber.Handler {
	return func(c *fiber.Ctx) error {
		id, err := PathID(c, "id", what)
		if err != nil {
			return err
		}
		in, err := decode[T](c)
		if err != nil {
			return err
		}
		return write(c, status, location, func(ctx context.Context, call *domain.Call) error { return fn(ctx, call, id, in) })
	}
}

// create is the shape of POST on a collection.
func create[T any](location string, fn func(ctx context.Context, call *domain.Call, in T) error) fiber.Handler {
	return func(c *fiber.Ctx) error {
		in, err := decode[T](c)
		if err != nil {
			return err
		}
		return write(c, fiber.StatusCreated, location, func(ctx context.Context, call *domain.Call) error { return fn(ctx, call, in) })
	}
}

// patch is the shape of PATCH: If-Match names the version that was read.
func patch[T any](what string, fn func(ctx context.Context, call *domain.Call, id domain.ID, version int64, in T) error) fiber.Handler {
	return func(c *fiber.Ctx) error {
		id, err := PathID(c, "id", what)
		if err != nil {
			return err
		}
		in, err := decode[T](c)
		if err != nil {
			return err
		}
		version, err := RequireIfMatch(c)
		if err != nil {
			return err
		}
		return write(c, fiber.StatusOK, "", func(ctx context.Context, call *domain.Call) error { return fn(ctx, call, id, version, in) })
	}
}

// get is the shape of reading one object.
func get[T domain.Headed](what string, fn func(c *fiber.Ctx, a domain.Actor, id domain.ID) (T, error)) fiber.Handler {
	return func(c *fiber.Ctx) error {
		id, err := PathID(c, "id", what)
		if err != nil {
			return err
		}
		v, err := fn(c, actorOf(c), id)
		if err != nil {
			return err
		}
		_, version := v.Head()
		return JSON(c, fiber.StatusOK, v, version)
	}
}

// page reads limit and cursor; one row more than asked is read, so that the
// last page is known without a count.
func pageOf(c *fiber.Ctx) (domain.Page, int, error) {
	limit, err := Limit(c)
	if err != nil {
		return domain.Page{}, 0, err
	}
	cur, err := QueryCursor(c)
	if err != nil {
		return domain.Page{}, 0, err
	}
	p := domain.Page{Limit: limit + 1}
	if cur != nil {
		p.AfterAt, p.AfterID = &cur.At, &cur.ID
	}
	return p, limit, nil
}

// list sends one page; key gives the sort keys of a row, show what is sent of
// the rows that are.
func listOf[T, V any](c *fiber.Ctx, fetch func(p domain.Page) ([]T, error), key func(T) (time.Time, domain.ID),
	show func([]T) ([]V, error)) error {
	p, limit, err := pageOf(c)
	if err != nil {
		return err
	}
	rows, err := fetch(p)
	if err != nil {
		return err
	}
	next := ""
	if len(rows) > limit {
		rows = rows[:limit]
		at, id := key(rows[limit-1])
		next = EncodeCursor(Cursor{At: at, ID: id})
	}
	out, err := show(rows)
	if err != nil {
		return err
	}
	return List(c, out, next)
}

func asIs[T any](rows []T) ([]T, error) { return rows, nil }

// Mount adds every resource to the server; demo is nil outside the demo.
func (a *App) Mount(s *Server, demo *Demo) {
	a.clientIP = s.ClientIP
	a.mountAuth(s)
	a.mountPeople(s)
	a.mountLeave(s)
	a.mountHouseholds(s)
	a.mountJobs(s)
	a.mountJobHistory(s)
	a.mountVisits(s)
	a.mountSlots(s)
	a.mountReaching(s)
	a.mountDisputes(s)
	a.mountPromises(s)
	a.mountReports(s)
	a.mountSafety(s)
	a.mountQueue(s)
	a.mountPacks(s)
	a.mountAdvisories(s)
	a.mountAftercare(s)
	a.mountPayable(s)
	a.mountCompliments(s)
	a.mountInbox(s)
	a.mountImports(s)
	a.mountPlans(s)
	a.mountMaintenance(s)
	a.mountEvents(s)
	a.mountBoard(s)
	a.mountCustomer(s)
	if demo != nil {
		a.mountDemo(s, demo)
	}
}
