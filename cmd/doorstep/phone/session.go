package phone

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/uuid"
)

// tokens are of a session.
type tokens struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	User         struct {
		ID       string `json:"id"`
		CentreID string `json:"centre_id"`
		Role     string `json:"role"`
	} `json:"user"`
}

// Older is a server that does not know what the phone asks.
type Older struct{ What string }

func (o Older) Error() string {
	return "the server is older than this phone: it does not know " + o.What + ". What was done is kept; update the server, or send it again later"
}

// errWiped: the phone was reported lost and holds nothing any more.
var errWiped = errors.New("this phone was reported lost and erased what it held")

// SignIn signs in, registers the installation and asks for its credential.
func (p *Phone) SignIn(ctx context.Context) error {
	return p.alive(func() error {
		if p.Wiped() {
			return errWiped
		}
		return p.signIn(ctx)
	})
}

func (p *Phone) signIn(ctx context.Context) error {
	t, err := login(p.o.Login, p.o.Password, func(body []byte) (*answer, error) {
		return p.insist(ctx, http.MethodPost, "/v1/auth/login", body, nil)
	})
	if err != nil {
		return err
	}
	p.state.Access, p.state.Refresh, p.state.User, p.state.Centre = t.AccessToken, t.RefreshToken, t.User.ID, t.User.CentreID
	if p.state.Installation == "" {
		p.state.Installation = uuid.NewString()
	}
	p.save()
	device := "/v1/devices/" + p.state.Installation
	put, _ := json.Marshal(map[string]string{"token": "simulated:" + p.state.Installation, "platform": "android"})
	if err := p.mustBe(ctx, http.MethodPut, device, put, nil); err != nil {
		return err
	}
	var credential struct{ Credential string }
	if err := p.mustBe(ctx, http.MethodPost, device+"/credential", nil, &credential); err != nil {
		return err
	}
	p.state.Credential = credential.Credential
	p.save()
	p.say("signed in as %s, installation %s", p.o.Login, p.state.Installation)
	return nil
}

// login signs in over any way to the server.
func login(name, password string, send func(body []byte) (*answer, error)) (t tokens, err error) {
	body, err := json.Marshal(map[string]string{"login": name, "password": password})
	if err != nil {
		return t, err
	}
	a, err := send(body)
	if err != nil {
		return t, err
	}
	if a.ofContract(); !a.done() {
		return t, fmt.Errorf("signing in as %s: %d %s %s", name, a.status, a.code, a.words())
	}
	return t, json.Unmarshal(a.body, &t)
}

func (p *Phone) mustBe(ctx context.Context, method, path string, body []byte, out any) error {
	a, err := p.signed(ctx, method, path, body, nil)
	if err != nil {
		return err
	}
	if !a.done() {
		return fmt.Errorf("%s %s: %d %s %s", method, path, a.status, a.code, a.words())
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(a.body, out)
}

// signed is insist with the session: refreshed when it has ended, else signed in anew.
func (p *Phone) signed(ctx context.Context, method, path string, body []byte, headers map[string]string) (*answer, error) {
	for range 3 {
		with := map[string]string{"Authorization": "Bearer " + p.state.Access}
		for k, v := range headers {
			with[k] = v
		}
		a, err := p.insist(ctx, method, path, body, with)
		if err != nil || a.status != http.StatusUnauthorized || a.code == "device_lost" {
			return a, err
		}
		if err := p.renew(ctx, a.code == "sync_too_old"); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("%s %s: signed in, and refused as if not", method, path)
}

// renew trades the refresh token; where that is refused, or the phone was away too long, it signs in.
func (p *Phone) renew(ctx context.Context, anew bool) error {
	if !anew {
		body, _ := json.Marshal(map[string]string{"refresh_token": p.state.Refresh})
		a, err := p.insist(ctx, http.MethodPost, "/v1/auth/refresh", body, nil)
		if err != nil {
			return err
		}
		var t tokens
		if a.done() && json.Unmarshal(a.body, &t) == nil {
			p.state.Access, p.state.Refresh = t.AccessToken, t.RefreshToken
			p.report.Refreshed++
			p.save()
			return nil
		}
		if a.code == "device_lost" {
			return nil // what was asked tells the same, and there it is seen to
		}
	}
	p.report.SignedInAgain++
	return p.signIn(ctx)
}
