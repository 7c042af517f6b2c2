package api

import (
	"errors"

	"github.com/gofiber/fiber/v2"

	"doorstep/api/web"
	"doorstep/domain"
	"doorstep/domain/accounts"
)

type loginRequest struct {
	Login    string `json:"login"`
	Password string `json:"password"`
}

type refreshRequest struct {
	RefreshToken string `json:"refresh_token"`
}

type tokenAnswer struct {
	AccessToken  string           `json:"access_token"`
	RefreshToken string           `json:"refresh_token"`
	TokenType    string           `json:"token_type"`
	ExpiresIn    int              `json:"expires_in"`
	User         userView         `json:"user"`
	Resets       []accounts.Reset `json:"resets,omitempty"`
}

func mountAuth(a *App, s *web.Server) {
	s.Handle("POST", "/v1/auth/login", func(c *fiber.Ctx) error {
		out, err := a.signIn(c)
		if err != nil {
			return err
		}
		return a.sendTokens(c, out)
	})
	s.Handle("POST", "/v1/auth/firebase", func(c *fiber.Ctx) error {
		in, err := decode[struct {
			IDToken string `json:"id_token"`
		}](c)
		if err != nil {
			return err
		}
		out, err := accounts.SignInWithFirebase(c.UserContext(), a.Service.Accounts, in.IDToken)
		if domainKind(err) == domain.KindUnauthenticated {
			if late := a.Service.Accounts.Missed(c.UserContext(), tryFirebase, web.AddressBlock(a.clientIP(c))); late != nil {
				return late
			}
		}
		if err != nil {
			return err
		}
		return a.sendTokens(c, out)
	})
	s.Handle("POST", "/v1/auth/refresh", func(c *fiber.Ctx) error {
		in, err := decode[refreshRequest](c)
		if err != nil {
			return err
		}
		out, err := a.Service.Accounts.Refresh(c.UserContext(), in.RefreshToken)
		if err != nil {
			return err
		}
		return a.sendTokens(c, out)
	})
	s.Handle("POST", "/v1/auth/logout", func(c *fiber.Ctx) error {
		in, err := decode[refreshRequest](c)
		if err == nil {
			err = a.Service.Accounts.Logout(c.UserContext(), in.RefreshToken)
		}
		if err != nil {
			return err
		}
		return c.SendStatus(fiber.StatusNoContent)
	})
	s.Handle("POST", "/v1/auth/password", func(c *fiber.Ctx) error {
		in, err := decode[struct {
			Old      string `json:"old_password"`
			Password string `json:"password"`
		}](c)
		if err != nil {
			return err
		}
		actor := actorOf(c)
		done, err := a.Service.Accounts.BeginTry(c.UserContext(), a.try(c, trySignIn, "password of "+actor.UserID.String()))
		if err != nil {
			return err
		}
		err = a.Service.Accounts.ChangePassword(c.UserContext(), actor, in.Old, in.Password)
		done(!domain.IsCode(err, domain.CodeBadCredentials))
		a.forget(actor.UserID)
		if err != nil {
			return err
		}
		return c.SendStatus(fiber.StatusNoContent)
	})
	s.Handle("POST", "/v1/auth/reset", func(c *fiber.Ctx) error {
		in, err := decode[struct {
			Token    string `json:"token"`
			Password string `json:"password"`
		}](c)
		if err != nil {
			return err
		}
		done, err := a.Service.Accounts.BeginTry(c.UserContext(), a.try(c, tryReset, in.Token))
		if err != nil {
			return err
		}
		err = a.Service.Accounts.RedeemInvitation(c.UserContext(), in.Token, in.Password)
		done(!unknownToken(err))
		if err != nil {
			return err
		}
		return c.SendStatus(fiber.StatusNoContent)
	})
	s.Handle("GET", "/v1/me", func(c *fiber.Ctx) error {
		p, err := a.principal(c.UserContext(), actorOf(c).UserID)
		if err != nil {
			return err
		}
		return c.JSON(fiber.Map{"user": viewUser(p.actor, p.user), "deputises": domain.JSONList[domain.ID](p.actor.Deputises)})
	})
}

// What is guessed at; each counts addresses for itself.
const (
	trySignIn = "sign-in"
	tryReset  = "reset"
	tryLink   = "link"
	tryDevice = "device"

	tryFirebase = "firebase"
)

// try is one by the caller's address. Tokens that work once trust no address.
func (a *App) try(c *fiber.Ctx, kind, account string) accounts.Try {
	return accounts.Try{Kind: kind, Account: account, Address: web.AddressBlock(a.clientIP(c)), Trust: kind == trySignIn}
}

// missed counts a link that names nothing. Too many from one address are told to
// wait; a link that is live is never held up by them.
func (a *App) missed(c *fiber.Ctx, err error) error {
	if domainKind(err) == domain.KindNotFound {
		if late := a.Service.Accounts.Missed(c.UserContext(), tryLink, web.AddressBlock(a.clientIP(c))); late != nil {
			return late
		}
	}
	return err
}

// unknownToken reports whether a token was refused; a password that is too
// short is no guess.
func unknownToken(err error) bool {
	var e *domain.Error
	return errors.As(err, &e) && e.Kind == domain.KindUnprocessable && len(e.Fields) > 0 && e.Fields[0].Pointer == "/token"
}

// signIn lets somebody in by login and password.
func (a *App) signIn(c *fiber.Ctx) (accounts.SignIn, error) {
	in, err := decode[loginRequest](c)
	if err != nil {
		return accounts.SignIn{}, err
	}
	done, err := a.Service.Accounts.BeginTry(c.UserContext(), a.try(c, trySignIn, in.Login))
	if err != nil {
		return accounts.SignIn{}, err
	}
	out, err := a.Service.Accounts.Login(c.UserContext(), in.Login, in.Password)
	// Only a wrong password counts; a database that is gone does not.
	done(!domain.IsCode(err, domain.CodeBadCredentials))
	return out, err
}

func (a *App) accessToken(in accounts.SignIn) (string, error) {
	token, _, err := a.Tokens.Issue(web.Claims{UserID: in.User.ID, Role: string(in.User.Role), Epoch: in.User.Epoch, Session: in.Session})
	return token, err
}

func (a *App) sendTokens(c *fiber.Ctx, in accounts.SignIn) error {
	access, err := a.accessToken(in)
	if err != nil {
		return err
	}
	return c.JSON(tokenAnswer{access, in.RefreshToken, "Bearer", int(a.Tokens.TTL.Seconds()), viewUser(domain.Actor{UserID: in.User.ID}, in.User),
		in.Resets})
}
