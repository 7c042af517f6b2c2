package phone

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Share is a part of all requests: "30%" or 0.3.
type Share float64

// UnmarshalText reads it.
func (s *Share) UnmarshalText(b []byte) error {
	text, percent := strings.CutSuffix(strings.TrimSpace(string(b)), "%")
	n, err := strconv.ParseFloat(text, 64)
	if percent {
		n /= 100
	}
	if err != nil || n < 0 || n >= 1 {
		return fmt.Errorf("%q is no share of requests: 0 to 99%%", b)
	}
	*s = Share(n)
	return nil
}

// Network is how bad the way to the server is. Each request has one fate; the shares together stay below 100%.
type Network struct {
	Loss   Share         `help:"Requests that are lost, half of them on the way there, half on the way back." default:"0%" placeholder:"SHARE"`
	Lies   Share         `help:"Requests that a captive portal answers: 200 with HTML." default:"0%" placeholder:"SHARE"`
	Cut    Share         `help:"Answers that end in the middle." default:"0%" placeholder:"SHARE"`
	Killed Share         `help:"Requests at whose answer the app is killed; it starts again with what it saved." default:"0%" placeholder:"SHARE"`
	Delay  time.Duration `help:"Of each request, half as much more or less by chance." default:"0s"`
}

// errKilled: the system ended the app between sending and answer.
var errKilled = errors.New("the app was killed between sending and answer")

// errNetwork is what an app sees of a network that fails.
var errNetwork = errors.New("no answer")

// fates are what happens to one request.
type fate int

const (
	arrives fate = iota
	requestLost
	answerLost
	liedTo
	cutOff
	killed
)

// fate draws that of the next request.
func (n *Network) fate(random *rand.Rand) fate {
	at := Share(random.Float64())
	for _, f := range []struct {
		fate
		share Share
	}{{requestLost, n.Loss / 2}, {answerLost, n.Loss / 2}, {liedTo, n.Lies}, {cutOff, n.Cut}, {killed, n.Killed}} {
		if at -= f.share; at < 0 {
			return f.fate
		}
	}
	return arrives
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
	code   string // of a problem
}

func (a *answer) done() bool { return a.status >= 200 && a.status < 300 }

// words are a problem's.
func (a *answer) words() string {
	var p struct{ Detail, Title string }
	_ = json.Unmarshal(a.body, &p) // what cannot be read says nothing
	return strings.TrimSpace(p.Title + " " + p.Detail)
}

// once sends a request over the phone's network.
func (p *Phone) once(ctx context.Context, method, path string, body []byte, headers map[string]string) (*answer, error) {
	seen := &p.report.Network
	seen.Requests++
	if p.o.Delay > 0 {
		delay := time.Duration(float64(p.o.Delay) * (0.5 + p.luck.Float64()))
		seen.Delayed += delay
		if err := p.o.Sleep(ctx, delay); err != nil {
			return nil, err
		}
	}
	fate := p.o.fate(p.luck)
	if fate == requestLost {
		seen.RequestsLost++
		return nil, errNetwork
	}
	if fate == liedTo { // it never gets there
		seen.Lies++
		return &answer{status: http.StatusOK, header: http.Header{"Content-Type": {"text/html"}},
			body: []byte("<html><title>Welcome to the hotel</title></html>")}, nil
	}
	a, err := exchange(ctx, p.o.HTTP, p.o.Server, method, path, body, headers)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		p.say("  %v", err)
		return nil, errNetwork
	}
	switch fate {
	case answerLost:
		seen.AnswersLost++
		return nil, errNetwork
	case cutOff:
		seen.Cut++
		a.body = a.body[:len(a.body)/2]
	case killed:
		seen.Killed++
		return nil, errKilled
	case arrives, requestLost, liedTo:
	}
	return a, nil
}

// exchange sends one request and reads the whole answer.
func exchange(ctx context.Context, client *http.Client, base, method, path string, body []byte,
	headers map[string]string) (*answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(base, "/")+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if len(body) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
	for k, v := range headers {
		req.Header.Set(k, v)
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	a := &answer{status: res.StatusCode, header: res.Header}
	if a.body, err = io.ReadAll(io.LimitReader(res.Body, 32<<20)); err != nil {
		return nil, err
	}
	return a, nil
}

// ofContract reports whether an answer is the server's own and whole, and reads a problem's code.
func (a *answer) ofContract() bool {
	if a.status == http.StatusNotModified || a.status == http.StatusNoContent {
		return true
	}
	media, _, _ := mime.ParseMediaType(a.header.Get("Content-Type"))
	if media != "application/json" && media != "application/problem+json" || !json.Valid(a.body) {
		return false
	}
	if a.status >= http.StatusBadRequest {
		var problem struct{ Code string }
		if json.Unmarshal(a.body, &problem) != nil || problem.Code == "" {
			return false
		}
		a.code = problem.Code
	}
	return true
}

// retry waits between tries (docs/phone.md, "Retrying").
type retry struct {
	wait  time.Duration
	tries int
}

// mostTries in a row without an answer end the phone's day: a server that is gone is no network.
const mostTries = 60

// again waits as the server said, else a second and twice as long each time; each with up to half more by chance.
func (p *Phone) again(ctx context.Context, r *retry, after time.Duration) error {
	if r.tries++; r.tries > mostTries {
		return fmt.Errorf("no answer after %d tries; what was done is kept", mostTries)
	}
	if r.wait = min(max(2*r.wait, time.Second), 5*time.Minute); after == 0 {
		after = r.wait
	}
	after += time.Duration(p.luck.Float64() * float64(after) / 2)
	p.report.Network.Retries++
	p.report.Network.Waited += after
	return p.o.Sleep(ctx, after)
}

func (a *answer) retryAfter() time.Duration {
	n, _ := strconv.Atoi(a.header.Get("Retry-After"))
	return time.Duration(n) * time.Second
}

// insist sends until there is an answer of the contract that is not "later".
func (p *Phone) insist(ctx context.Context, method, path string, body []byte, headers map[string]string) (*answer, error) {
	for r := (retry{}); ; {
		var after time.Duration
		a, err := p.once(ctx, method, path, body, headers)
		switch {
		case err == nil && a.ofContract() && a.status != http.StatusTooManyRequests && a.status < http.StatusInternalServerError:
			return a, nil
		case err == nil:
			after = a.retryAfter()
		case !errors.Is(err, errNetwork):
			return nil, err
		}
		if err := p.again(ctx, &r, after); err != nil {
			return nil, err
		}
	}
}
