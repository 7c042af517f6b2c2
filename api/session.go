package api

import (
	"time"

	"github.com/gofiber/fiber/v2"

	"doorstep/api/web"
	"doorstep/domain"
	"doorstep/domain/accounts"
)

// deviceCookieAge is how long a browser keeps the credential of its device, which itself ends with the device.
const deviceCookieAge = 365 * 24 * time.Hour

// sessionAnswer is a browser's session: who is signed in. The tokens are in cookies that no script reads.
type sessionAnswer struct {
	User      userView         `json:"user"`
	ExpiresIn int              `json:"expires_in"`
	Resets    []accounts.Reset `json:"resets,omitempty"`
}

// mountSession serves the sessions of pages: the same sign-in as for apps, kept in cookies.
func mountSession(a *App, s *web.Server) {
	page := func(c *fiber.Ctx) error {
		if web.FromPage(c) {
			return nil
		}
		return domain.Fail(domain.CodeForbidden, "Cookies are for pages of this server: send "+web.HeaderSession+": cookie from one of them.")
	}
	begin := func(c *fiber.Ctx, in accounts.SignIn) error {
		access, err := a.accessToken(in)
		if err != nil {
			return err
		}
		s.SetCookie(c, web.AccessCookie, access, a.Tokens.TTL)
		s.SetCookie(c, web.RefreshCookie, in.RefreshToken, domain.SessionTTL)
		return c.JSON(sessionAnswer{viewUser(domain.Actor{UserID: in.User.ID}, in.User), int(a.Tokens.TTL.Seconds()), in.Resets})
	}
	end := func(c *fiber.Ctx) {
		s.SetCookie(c, web.AccessCookie, "", 0)
		s.SetCookie(c, web.RefreshCookie, "", 0)
	}
	s.Handle("POST", "/v1/session", func(c *fiber.Ctx) error {
		if err := page(c); err != nil {
			return err
		}
		in, err := a.signIn(c)
		if err != nil {
			return err
		}
		return begin(c, in)
	})
	s.Handle("POST", "/v1/session/refresh", func(c *fiber.Ctx) error {
		if err := page(c); err != nil {
			return err
		}
		in, err := a.Service.Accounts.Refresh(c.UserContext(), s.Cookie(c, web.RefreshCookie))
		if domainKind(err) == domain.KindUnauthenticated {
			end(c)
		}
		if err != nil {
			return err
		}
		return begin(c, in)
	})
	s.Handle("DELETE", "/v1/session", func(c *fiber.Ctx) error {
		if err := page(c); err != nil {
			return err
		}
		if token := s.Cookie(c, web.RefreshCookie); token != "" {
			if err := a.Service.Accounts.Logout(c.UserContext(), token); err != nil {
				return err
			}
		}
		end(c)
		return c.SendStatus(fiber.StatusNoContent)
	})
	s.Handle("PUT", "/v1/session/device", func(c *fiber.Ctx) error {
		if err := page(c); err != nil {
			return err
		}
		in, err := decode[struct {
			ID domain.ID `json:"installation_id"`
		}](c)
		if err != nil {
			return err
		}
		credential, err := accounts.MakeCredential(c.UserContext(), a.Service.Accounts, actorOf(c), in.ID)
		if err != nil {
			return err
		}
		s.SetCookie(c, web.DeviceCookie, credential, deviceCookieAge)
		return c.SendStatus(fiber.StatusNoContent)
	})
}
