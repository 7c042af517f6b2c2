package accounts

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"doorstep/cmd/doorstep/app"
	"doorstep/cmd/doorstep/stories/harness"
)

// phone is one that somebody signed in on.
type phone struct {
	*harness.Client
	id, refresh, credential string
}

// signedInOn registers a phone of somebody, with the credential with which it calls for help.
func signedInOn(h *harness.Harness, login string) *phone {
	h.Helper()
	p := &phone{id: uuid.NewString()}
	p.signsIn(h, login)
	p.asks()
	return p
}

func (p *phone) signsIn(h *harness.Harness, login string) {
	h.Helper()
	in := signIn(h, login, harness.Password, 200)
	p.Client, p.refresh = h.SignedIn(login, harness.String(in["access_token"])), harness.String(in["refresh_token"])
	p.Send("PUT", "/v1/devices/"+p.id, object{"token": "token " + p.id, "platform": "android"}, 200)
}

func (p *phone) asks() {
	p.Harness.Helper()
	p.credential = harness.String(p.Send("POST", "/v1/devices/"+p.id+"/credential", nil, 201)["credential"])
}

// calls sends something with the credential alone.
func (p *phone) calls(method, address string, body any, want int) object {
	p.Harness.Helper()
	return p.Harness.Anonymous().Send(method, address, body, want, "Authorization", "Device "+p.credential)
}

// TestAPhoneCallsForHelpAfterItsSession: an SOS, its trail, a "not OK" and a stop are taken
// from whoever was signed out; nothing else is, nor is any of it from whose account was disabled.
func TestAPhoneCallsForHelpAfterItsSession(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("sos.raised", "visit.assigned", "hold.area")
		h.MayIgnore("sos.call_yourself", "sos.unheard", "flag.triage", "visit.stopped", "flag.live", "call.manager", "visit.unassigned")
		desk := h.As("kiran")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(time.Hour), "ravi")
		ravi := signedInOn(h, "ravi")
		h.Anonymous().Send("POST", "/v1/auth/logout", object{"refresh_token": ravi.refresh}, 204)

		sos := ravi.calls("POST", "/v1/sos", object{"note": "help"}, 201)
		if sos["raiser_id"] != h.People["ravi"].ID.String() {
			t.Errorf("raised by %v", sos["raiser_id"])
		}
		at := h.Clock.Now().Format(time.RFC3339)
		ravi.calls("POST", harness.Path("/v1/sos/%s/trail", sos), object{"points": []any{object{"at": at, "battery": 40}}}, 200)
		ravi.calls("POST", harness.Path("/v1/visits/%s/timer/not-ok", visit), nil, 201)
		stop := ravi.calls("POST", harness.Path("/v1/visits/%s/stop", visit), nil, 200)
		if got := desk.Visit(visit).Status; got != "stopped_unsafe" {
			t.Errorf("the visit is %s", got)
		}

		taken := 0
		for _, op := range h.Contract.Operations() {
			if !strings.HasPrefix(op.Path, "/v1/") || op.Public {
				continue
			}
			if op.Device && op.ID != "syncUp" { // which takes it of one that was reported lost
				taken++
				continue
			}
			address := strings.NewReplacer("{id}", uuid.NewString(), "{installation_id}", ravi.id, "{evidence_id}", uuid.NewString()).
				Replace(op.Path)
			if _, res := h.Anonymous().Raw(op.Method, address, object{}, "Authorization", "Device "+ravi.credential); res.StatusCode != 401 {
				t.Errorf("%s %s with the credential of a phone: %d", op.Method, op.Path, res.StatusCode)
			}
		}
		if taken != 4 {
			t.Errorf("%d operations take it", taken)
		}
		h.Decide("maya", stop["flag_id"], "unclear") // before that nobody ends the login of who reported
		h.As("maya").Send("PATCH", "/v1/users/"+h.People["ravi"].ID.String(), object{"disabled": true}, 200, "If-Match",
			fmt.Sprintf(`"%d"`, h.UserVersion("ravi")))
		ravi.calls("POST", "/v1/sos", nil, 401)
	})
}

// TestTheCredentialOfAPhone: the last two are good, for its own user alone; nothing of it
// stands in a row or a log; who guesses is held up, who has it never is.
func TestTheCredentialOfAPhone(t *testing.T) {
	log := &harness.OperatorLog{}
	h := harness.New(t, "sqlite", func(c *app.Config) {
		c.Log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	h.Ignores("sos.raised")
	h.MayIgnore("sos.call_yourself", "sos.unheard")
	ravi := signedInOn(h, "ravi")
	h.As("meena").Send("POST", "/v1/devices/"+ravi.id+"/credential", nil, 404)
	first := *ravi
	ravi.asks()
	second := *ravi
	first.calls("POST", "/v1/sos", nil, 201)
	ravi.asks()
	second.calls("POST", "/v1/sos", nil, 201)
	ravi.calls("POST", "/v1/sos", nil, 201)
	first.calls("POST", "/v1/sos", nil, 401)
	_, secret, _ := strings.Cut(ravi.credential, ".")
	if rows := strings.Join(h.Column("SELECT credential_hash || credential_before FROM devices"), " ") +
		strings.Join(h.Column("SELECT detail FROM security_log"), " "); strings.Contains(rows, secret) {
		t.Error("the secret stands in a row")
	}
	late := 0
	for range 150 {
		_, res := h.Anonymous().Raw("POST", "/v1/sos", nil, "Authorization", "Device "+ravi.id+"."+uuid.NewString())
		if res.StatusCode == http.StatusTooManyRequests {
			late++
		} else if res.StatusCode != http.StatusUnauthorized {
			t.Fatalf("a guess: %d", res.StatusCode)
		}
	}
	if late == 0 {
		t.Error("150 guesses, and nobody was held up")
	}
	ravi.calls("POST", "/v1/sos", nil, 201)
	if len(log.Lines("request")) == 0 || len(log.Lines(secret)) > 0 {
		t.Error("the secret stands in the log, or there is no log")
	}
	// Whoever registers the phone next is not called for by who had it.
	h.As("meena").Send("PUT", "/v1/devices/"+ravi.id, object{"token": "t", "platform": "android"}, 200)
	wall(h, time.Hour) // nobody is held up any more
	ravi.calls("POST", "/v1/sos", nil, 401)
}
