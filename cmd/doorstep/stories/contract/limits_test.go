package contract

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"doorstep/api/web"
	"doorstep/cmd/doorstep/app"
	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/domain/accounts"
)

var placeholder = regexp.MustCompile(`\{[a-z_]+\}`)

// announceBody sends a header that promises a body, one byte of it, and reads the
// answer. It fails when the answer waits for the rest.
func announceBody(h *harness.Harness, method, path, media, token string, length int) (*http.Response, string) {
	h.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(h.URL, "http://"))
	h.Must(err)
	defer func() { _ = conn.Close() }()
	h.Must(conn.SetDeadline(time.Now().Add(harness.Slowness * time.Second)))
	head := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: x\r\nIdempotency-Key: %s\r\nContent-Length: %d\r\n", method, path, uuid.NewString(), length)
	if media != "" {
		head += "Content-Type: " + media + "\r\n"
	}
	if token != "" {
		head += "Authorization: Bearer " + token + "\r\n"
	}
	_, err = io.WriteString(conn, head+"\r\nx")
	h.Must(err)
	res, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		h.Errorf("%s %s with %d bytes announced: %v", method, path, length, err)
		return nil, ""
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil && !strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") {
		h.Errorf("%s %s: %v", method, path, err)
	}
	return res, string(body)
}

// Every operation answers a body that is too long from its header alone: nobody
// known reads 401, whoever may call it 413, and nothing is held for what is
// only announced. A stop and an SOS are done as if there were no body.
func TestEveryOperationLimitsItsBody(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("sos.raised")
		h.MayIgnore("sos.call_yourself", "sos.unheard") // where phones are slow to take a ring
		large := map[string]bool{}
		for _, op := range h.Contract.Operations() {
			path := placeholder.ReplaceAllStringFunc(op.Path, func(string) string { return uuid.NewString() })
			if strings.HasPrefix(op.Path, "/demo") || op.Path == "/v1/events" {
				continue // not mounted here; a stream without an end
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			res, body := announceBody(h, op.Method, path, "application/octet-stream", "", 1<<30)
			runtime.ReadMemStats(&after)
			switch {
			case res == nil:
			case !op.Public && res.StatusCode != 401:
				t.Errorf("%s %s without a token: %d %s", op.Method, op.Path, res.StatusCode, body)
			case op.Public && op.Method != "GET" && res.StatusCode != 413 && res.StatusCode != 415:
				t.Errorf("%s %s: %d %s", op.Method, op.Path, res.StatusCode, body)
			case !res.Close:
				t.Errorf("%s %s: the connection goes on before the body has come", op.Method, op.Path)
			case after.TotalAlloc-before.TotalAlloc > 64<<20:
				t.Errorf("%s %s takes %d MiB", op.Method, op.Path, (after.TotalAlloc-before.TotalAlloc)>>20)
			}
			if op.Method == "GET" {
				continue
			}
			for _, media := range op.Media() {
				most := web.MaxJSON
				switch {
				case media == "application/x-www-form-urlencoded":
					most = web.MaxForm
				case media != "application/json":
					most = op.MaxBody
				}
				if most > web.MaxJSON {
					large[op.Path] = true
				}
				token := ""
				if !op.Public {
					token = anybodyOf(h, op.Roles[0]).Token
				}
				res, body := announceBody(h, op.Method, path, media, token, most+1)
				if res != nil && (res.StatusCode == 413) == op.Lenient {
					t.Errorf("%s %s with %d bytes of %s: %d %s", op.Method, op.Path, most+1, media, res.StatusCode, body)
				}
			}
		}
		if len(large) != 2 || !large["/v1/imports/jobs"] || !large["/v1/flags/{id}/evidence"] {
			t.Errorf("large bodies go to %v", large)
		}
	})
}

// anybodyOf signs in somebody of a role.
func anybodyOf(h *harness.Harness, role string) *harness.Client {
	h.Helper()
	for _, p := range h.People {
		if string(p.Role) == role && !strings.HasSuffix(p.Login, "2") {
			return h.As(p.Login)
		}
	}
	h.Fatalf("nobody is %s", role)
	return nil
}

// forgetTries forgets failed tries, those of all replicas too.
func forgetTries(h *harness.Harness) {
	h.Helper()
	h.Server.Service.Accounts.Tries = accounts.NewTries()
	_, err := h.DB.SQL().ExecContext(h.Context(), "DELETE FROM throttles")
	h.Must(err)
}

// Every operation but stop, SOS and health refuses a flood, of a user or of an
// address, within the contract, and says how long to wait.
func TestEveryOperationLimitsFloods(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("sos.raised")
		h.MayIgnore("sos.call_yourself", "sos.unheard") // where phones are slow to take a ring
		tokens := map[string]string{}
		for _, role := range []string{"technician", "coordinator", "proprietor", "area_manager", "agent", "admin"} {
			tokens[role] = anybodyOf(h, role).Token
		}
		usual := h.Config.Limits
		h.Config.Limits = app.Limits{RateUser: 1, RateAddress: 1}
		flooded := h.Through(h.SecondServer())
		h.Config.Limits = usual
		ask := func(token, method, where string) *http.Response {
			t.Helper()
			var body any
			if method != "GET" {
				body = object{}
			}
			_, res := flooded.SignedIn("", token).Raw(method, where, body)
			return res
		}
		_ = ask("", "GET", "/docs")
		for _, token := range tokens {
			_ = ask(token, "GET", "/v1/me")
		}
		spared := 0
		for _, op := range h.Contract.Operations() {
			where := placeholder.ReplaceAllStringFunc(op.Path, func(string) string { return uuid.NewString() })
			if strings.HasPrefix(op.Path, "/demo") {
				continue // not mounted here
			}
			callers := []string{""}
			if !op.Public {
				callers = append(callers, tokens[op.Roles[0]])
			}
			for _, token := range callers {
				res := ask(token, op.Method, where)
				if op.Lenient || op.Path == "/healthz" || op.Path == "/readyz" || op.Path == "/livez" {
					spared++
					if res.StatusCode == 429 {
						t.Errorf("%s %s is refused", op.Method, op.Path)
					}
					continue
				}
				if res.StatusCode != 429 || res.Header.Get("Retry-After") == "" || !strings.Contains(res.Header.Get("RateLimit"), ";r=0;t=") ||
					!strings.Contains(res.Header.Get("RateLimit-Policy"), ";q=1;w=60") {
					t.Errorf("%s %s in a flood: %d %v", op.Method, op.Path, res.StatusCode, res.Header)
				}
			}
		}
		if spared < 6 {
			t.Errorf("%d answers were spared", spared)
		}
	})
}
