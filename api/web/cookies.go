package web

import (
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
)

// HeaderSession says that a request means the cookies of a browser's session. Only a page of this server can send it: no
// other origin is given leave to (Fetch, section 3.3), so a cookie alone, which any page makes a browser send, signs
// nothing (OWASP, Cross-Site Request Forgery Prevention, "custom request headers").
const HeaderSession = "Doorstep-Session"

// What HeaderSession may say.
const (
	sessionCookie = "cookie" // as whoever is signed in
	sessionDevice = "device" // by the credential of the device, for an SOS and a stop
)

// Cookie is one of those that carry a browser's session; scripts read none of them.
type Cookie struct{ name, path string }

// The cookies of a session.
var (
	AccessCookie  = Cookie{"doorstep_access", "/v1/"}
	RefreshCookie = Cookie{"doorstep_refresh", "/v1/session"}
	DeviceCookie  = Cookie{"doorstep_device", "/v1/"}
)

// FromPage reports whether a request says that it means the cookies, and comes from a page of this server.
func FromPage(c *fiber.Ctx) bool {
	if c.Get(HeaderSession) == "" {
		return false
	}
	if site := c.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" {
		return false
	}
	origin := c.Get(fiber.HeaderOrigin)
	_, host, _ := strings.Cut(origin, "://")
	return origin == "" || host == string(c.Request().Host())
}

// useCookies gives a request of a page the authorization that its cookies hold.
func (s *Server) useCookies(c *fiber.Ctx) {
	if IsInner(c) || c.Get(fiber.HeaderAuthorization) != "" || !FromPage(c) {
		return
	}
	scheme, value := "Bearer ", s.Cookie(c, AccessCookie)
	if c.Get(HeaderSession) == sessionDevice {
		scheme, value = "Device ", s.Cookie(c, DeviceCookie)
	}
	if value != "" && len(value) <= maxToken {
		c.Request().Header.Set(fiber.HeaderAuthorization, scheme+value)
	}
}

// Cookie is what a page's request brought, or "".
func (s *Server) Cookie(c *fiber.Ctx, of Cookie) string { return c.Cookies(s.cookieName(of)) }

// SetCookie keeps a value in the browser for so long; an empty value drops it.
func (s *Server) SetCookie(c *fiber.Ctx, of Cookie, value string, age time.Duration) {
	seconds := int(age.Seconds())
	if value == "" {
		seconds = -1
	}
	cookie := &fiber.Cookie{Name: s.cookieName(of), Value: value, Path: of.path, MaxAge: seconds, HTTPOnly: true,
		Secure: s.https, SameSite: fiber.CookieSameSiteStrictMode}
	if value == "" {
		cookie.Expires = time.Unix(1, 0) // fasthttp sends no Max-Age below one
	}
	c.Cookie(cookie)
}

// cookieName has the prefix by which a browser refuses a cookie that came without TLS (RFC 6265bis section 4.1.3.1).
func (s *Server) cookieName(of Cookie) string {
	if s.https {
		return "__Secure-" + of.name
	}
	return of.name
}
