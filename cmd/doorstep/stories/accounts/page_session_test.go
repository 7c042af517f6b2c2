package accounts

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"doorstep/cmd/doorstep/stories/harness"
)

// browser keeps cookies as a page's browser does.
type browser struct {
	*harness.Client
	jar map[string]*http.Cookie
}

// ask sends a request as a page of this server; more headers come in pairs and win.
func (b *browser) ask(method, path string, body any, code int, headers ...string) object {
	b.Harness.Helper()
	var cookies []string
	for name, c := range b.jar {
		if strings.HasPrefix(path, c.Path) {
			cookies = append(cookies, name+"="+c.Value)
		}
	}
	with := append([]string{"Doorstep-Session", "cookie", "Cookie", strings.Join(cookies, "; ")}, headers...)
	raw, res := b.Raw(method, path, body, with...)
	if res.StatusCode != code {
		b.Harness.Fatalf("%s %s: %d, want %d: %s", method, path, res.StatusCode, code, raw)
	}
	for _, c := range res.Cookies() {
		if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path == "/" {
			b.Harness.Errorf("a script may read a cookie, or another site may send it: %v", c)
		}
		b.jar[c.Name] = c
		if c.Value == "" {
			delete(b.jar, c.Name)
		} else if strings.Contains(string(raw), c.Value) {
			b.Harness.Errorf("a token is in the answer")
		}
	}
	out := object{}
	_ = json.Unmarshal(raw, &out)
	return out
}

// The session of a page is kept in cookies that no script reads, and counts for nothing in a request that another site can make.
func TestASessionOfAPage(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("sos.raised")
		h.MayIgnore("session.new")
		b := &browser{h.Anonymous(), map[string]*http.Cookie{}}
		login := object{"login": "ravi", "password": harness.Password}
		b.ask("POST", "/v1/session", login, 403, "Sec-Fetch-Site", "cross-site")
		b.ask("POST", "/v1/session", login, 403, "Sec-Fetch-Site", "same-site")
		b.ask("POST", "/v1/session", login, 403, "Origin", "https://elsewhere.example")
		b.ask("POST", "/v1/session", login, 403, "Doorstep-Session", "")
		b.ask("POST", "/v1/session", object{"login": "ravi", "password": "nonsense nonsense"}, 401)
		in := b.ask("POST", "/v1/session", login, 200, "Sec-Fetch-Site", "same-origin", "Origin", h.URL)
		if in["user"].(object)["login"] != "ravi" || in["access_token"] != nil || len(b.jar) != 2 {
			t.Fatalf("%v, cookies %v", in, b.jar)
		}
		me := func(code int, headers ...string) { h.Helper(); b.ask("GET", "/v1/me", nil, code, headers...) }
		me(200)
		me(200, "Origin", h.URL)
		me(401, "Doorstep-Session", "")
		me(401, "Sec-Fetch-Site", "cross-site")
		me(401, "Origin", "null")
		me(401, "Origin", "http://elsewhere.example")
		me(401, "Authorization", "Bearer nonsense") // what is said counts, not the cookie
		me(401, "Doorstep-Session", "device")       // there is none yet

		// Its access token is renewed, by this cookie alone.
		first := *b.jar["doorstep_access"]
		b.ask("POST", "/v1/session/refresh", nil, 200)
		if b.jar["doorstep_access"].Value == first.Value {
			t.Error("the same token")
		}
		me(200)

		// A batch goes by the same session.
		sent := b.ask("POST", "/v1/sync", object{"device_time": h.Clock.Now().Format(time.RFC3339), "requests": []object{{"id": "q1",
			"method": "PUT", "path": "/v1/me/quiet", "body": object{"quiet_from": "22:00", "quiet_to": "06:00"}}}}, 200)
		if got := items(object{"items": sent["responses"]})[0]["status"]; got != 200.0 {
			t.Errorf("in a batch: %v", sent)
		}

		// The device's credential outlives it, for an SOS alone.
		id := uuid.NewString()
		b.ask("PUT", "/v1/devices/"+id, object{"token": "the browser's", "platform": "web"}, 200)
		b.ask("PUT", "/v1/session/device", object{"installation_id": uuid.NewString()}, 404)
		b.ask("PUT", "/v1/session/device", object{"installation_id": id}, 204)
		b.ask("DELETE", "/v1/session", nil, 204)
		if len(b.jar) != 1 {
			t.Errorf("signed out, there are still %v", b.jar)
		}
		me(401)
		b.ask("POST", "/v1/session/refresh", nil, 401)
		b.ask("GET", "/v1/me", nil, 401, "Doorstep-Session", "device")
		b.ask("POST", "/v1/sos", nil, 401)
		b.ask("POST", "/v1/sos", nil, 401, "Doorstep-Session", "device", "Sec-Fetch-Site", "cross-site")
		b.ask("POST", "/v1/sos", nil, 201, "Doorstep-Session", "device")
	})
}
