package api

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"doorstep/api/web"
	"doorstep/domain"
	"doorstep/domain/accounts"
)

// principalTTL bounds how long a disabled or demoted user is still let in by
// a replica that did not make the change: 5 s is promised.
const principalTTL = 3 * time.Second

type principal struct {
	actor domain.Actor
	user  domain.User
	zone  *time.Location // of their centre; nil without one
	until time.Time
}

const (
	localActor local = iota
	localZone
)

// local names what a request carries for its handler.
type local int

// Authenticate turns the access token into an actor, or answers 401.
func (a *App) Authenticate(c *fiber.Ctx) error {
	if credential, takes := web.DeviceCredential(c); credential != "" {
		return a.byDevice(c, credential, takes)
	}
	claims, err := a.Tokens.Verify(web.BearerToken(c))
	if err != nil {
		return err
	}
	p, err := a.holder(c.UserContext(), claims)
	if domain.IsCode(err, domain.CodeUnauthenticated) { // a phone whose account ended is to empty itself
		a.forgetSessions(claims.Session)
		if lost := a.sessionGoesOn(c.UserContext(), claims.Session, true, false); lost != nil {
			return lost
		}
	}
	if err != nil {
		return err
	}
	_, takes := web.DeviceCredential(c)
	if err := a.sessionGoesOn(c.UserContext(), claims.Session, takes && !web.IsSync(c), web.IsSync(c)); err != nil {
		return err
	}
	p.actor.Session = claims.Session
	c.Locals(localActor, p.actor)
	c.Locals(localZone, p.zone)
	return c.Next()
}

// sessionDevices is what is known of the devices of a session.
type sessionDevices struct {
	devices []domain.Device
	until   time.Time
}

func (a *App) devicesOf(ctx context.Context, session domain.ID) (sessionDevices, error) {
	now := time.Now()
	a.mu.Lock()
	known, ok := a.sessions[session]
	a.mu.Unlock()
	if ok && now.Before(known.until) {
		return known, nil
	}
	devices, err := a.Service.Read.SessionDevices(ctx, session)
	if err != nil {
		return sessionDevices{}, err
	}
	known = sessionDevices{devices, now.Add(principalTTL)}
	a.mu.Lock()
	if len(a.sessions) > 50_000 {
		clear(a.sessions)
	}
	a.sessions[session] = known
	a.mu.Unlock()
	return known, nil
}

// sessionGoesOn refuses a session whose device was reported lost, or has not synced
// for too long: that one may still call for help. It notes a sync.
func (a *App) sessionGoesOn(ctx context.Context, session domain.ID, help, sync bool) error {
	if session == (domain.ID{}) {
		return nil
	}
	known, err := a.devicesOf(ctx, session)
	if err != nil {
		if help {
			return nil // nothing but a lost device refuses it
		}
		return err
	}
	now := a.Service.Wall()
	if err := domain.StateOfSession(known.devices, now); err != nil && (!help || !domain.IsCode(err, domain.CodeSyncTooOld)) {
		return err
	}
	old := func(d domain.Device) bool { return d.SyncedAt == nil || now.Sub(*d.SyncedAt) > domain.SyncNoted }
	if !sync || !slices.ContainsFunc(known.devices, old) {
		return nil
	}
	defer a.forgetSessions(session)
	return accounts.Synced(ctx, a.Service.Accounts, session)
}

// forgetSessions drops what is known of the devices of sessions; none named: of all.
func (a *App) forgetSessions(sessions ...domain.ID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(sessions) == 0 {
		clear(a.sessions)
	}
	for _, id := range sessions {
		delete(a.sessions, id)
	}
}

// byDevice lets a phone call for help whose session has ended: by its credential, for
// the operations that take one. Only wrong ones are counted.
func (a *App) byDevice(c *fiber.Ctx, credential string, takes bool) error {
	raw, secret, _ := strings.Cut(credential, ".")
	d := &domain.Device{}
	if id, err := uuid.Parse(raw); err == nil {
		found, err := a.Service.Read.Device(c.UserContext(), id)
		if err == nil {
			d = found
		} else if domainKind(err) != domain.KindNotFound {
			return err
		}
	}
	if !d.Presents(secret) {
		if late := a.Service.Accounts.Missed(c.UserContext(), tryDevice, web.AddressBlock(a.clientIP(c))); late != nil {
			return late
		}
		return domain.Fail(domain.CodeUnauthenticated, "The credential is not valid; sign in.")
	}
	p, err := a.principal(c.UserContext(), *d.UserID)
	if err != nil {
		return err
	}
	if p.user.Disabled && d.LostAt == nil {
		return domain.Fail(domain.CodeUnauthenticated, "The account was disabled.")
	}
	if d.LostAt != nil { // sealed: its queue, once more
		if d.WipedAt != nil || !web.IsInner(c) && !(takes && web.IsSync(c)) {
			return domain.Lost()
		}
		p.actor.Sealed, takes = d.InstallationID, true
	} else if web.IsSync(c) {
		takes = false
	}
	if !takes {
		return domain.Fail(domain.CodeUnauthenticated, "The credential of a phone is for an SOS and a stop; sign in for everything else.")
	}
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

// Language is that of who is signed in; empty: nobody is.
func (a *App) Language(c *fiber.Ctx) string {
	actor, _ := c.Locals(localActor).(domain.Actor)
	return actor.Language
}

// holder is who a token speaks for, as long as it does.
func (a *App) holder(ctx context.Context, claims web.Claims) (principal, error) {
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
	p = principal{user: *u, until: now.Add(principalTTL), actor: domain.Actor{UserID: u.ID, Name: u.Name, Language: u.Language, Role: u.Role}}
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

// zoneOf gives the zone of the caller's own centre, when centre is that.
func zoneOf(c *fiber.Ctx, centre domain.ID) (*time.Location, bool) {
	zone, _ := c.Locals(localZone).(*time.Location)
	return zone, zone != nil && actorOf(c).CentreID == centre
}

func actorOf(c *fiber.Ctx) domain.Actor {
	a, _ := c.Locals(localActor).(domain.Actor)
	return a
}
