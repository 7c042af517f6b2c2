package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/valyala/fasthttp"
)

// client is one signed-in phone or desk. It is a lean one: on a machine that
// server and load share, what the client spends is missing in the server.
type client struct {
	base, token string
	http        *fasthttp.Client
}

func newHTTP(connections int) *fasthttp.Client {
	return &fasthttp.Client{MaxConnsPerHost: connections, ReadTimeout: 30 * time.Second, WriteTimeout: 30 * time.Second,
		NoDefaultUserAgentHeader: true}
}

// do makes one request; a status outside 2xx is an error with the server's
// words. An out of *[]byte takes the answer as it came.
func (c *client) do(ctx context.Context, method, path string, body, out any) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	req, res := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(res)
	req.Header.SetMethod(method)
	req.SetRequestURI(c.base + path)
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		req.SetBodyRaw(b)
		req.Header.SetContentType("application/json")
	}
	if method == http.MethodPost {
		req.Header.Set("Idempotency-Key", uuid.NewString())
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	if err := c.http.Do(req, res); err != nil {
		return err
	}
	switch out := out.(type) {
	case nil:
	case *[]byte:
		*out = append((*out)[:0], res.Body()...)
	default:
		if res.StatusCode()/100 == 2 {
			return json.Unmarshal(res.Body(), out)
		}
	}
	if res.StatusCode()/100 != 2 {
		return fmt.Errorf("%s %s: %d %s", method, path, res.StatusCode(), res.Body())
	}
	return nil
}

func (c *client) login(ctx context.Context, login, password string) (*client, error) {
	var t struct {
		AccessToken string `json:"access_token"`
	}
	if err := c.do(ctx, "POST", "/v1/auth/login", map[string]string{"login": login, "password": password}, &t); err != nil {
		return nil, err
	}
	return &client{base: c.base, token: t.AccessToken, http: c.http}, nil
}

// measured is what a run of one kind of work came to.
type measured struct {
	n        int
	rate     float64
	p50, p99 time.Duration
	cpu      spent // of each request, where compare measured it
}

func (m measured) String() string {
	return fmt.Sprintf("%7.0f/s  p50 %8v  p99 %8v  n %d", m.rate, m.p50.Round(10*time.Microsecond), m.p99.Round(10*time.Microsecond), m.n)
}

// drive runs work on so many connections for so long.
func drive(ctx context.Context, connections int, during time.Duration, work func(ctx context.Context, worker int) error) (measured, error) {
	end := time.Now().Add(during)
	times := make([][]time.Duration, connections)
	var failed atomic.Pointer[error]
	var wg sync.WaitGroup
	start := time.Now()
	for i := range connections {
		wg.Go(func() {
			for time.Now().Before(end) && failed.Load() == nil && ctx.Err() == nil {
				t := time.Now()
				if err := work(ctx, i); err != nil {
					failed.CompareAndSwap(nil, &err)
					return
				}
				times[i] = append(times[i], time.Since(t))
			}
		})
	}
	wg.Wait()
	if err := failed.Load(); err != nil {
		return measured{}, *err
	}
	all := slices.Concat(times...)
	if len(all) == 0 {
		return measured{}, fmt.Errorf("nothing was done")
	}
	slices.Sort(all)
	return measured{n: len(all), rate: float64(len(all)) / time.Since(start).Seconds(), p50: all[len(all)/2], p99: all[len(all)*99/100]}, nil
}

// memory is what a process holds of the machine's, in MiB: what is its own,
// and the files that are mapped into it, of which nearly all is its program.
type memory struct{ own, files float64 }

func (m memory) String() string {
	return fmt.Sprintf("RSS %.0f MiB (%.0f its own, %.0f of files)", m.own+m.files, m.own, m.files)
}

// memoryOf reads it; zero when it cannot.
func memoryOf(pid int) (m memory) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return m
	}
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		kb, _ := strconv.ParseFloat(f[1], 64)
		switch f[0] {
		case "RssAnon:", "RssShmem:":
			m.own += kb / 1024
		case "RssFile:":
			m.files += kb / 1024
		}
	}
	return m
}

type fleetCmd struct {
	URL         string        `help:"The server." default:"http://127.0.0.1:8080"`
	Login       string        `help:"A coordinator's login." required:""`
	Password    string        `help:"His password." required:"" env:"DOORSTEP_PASSWORD"`
	Work        string        `help:"day reads a day's list, attempts writes attempts on open jobs." enum:"day,attempts" default:"day"`
	Connections int           `help:"Phones at once." default:"16"`
	Duration    time.Duration `help:"How long." default:"10s"`
	PID         int           `name:"pid" help:"Process of the server, for its memory."`
}

// Run prints requests/s, p50, p99 and RSS.
func (f *fleetCmd) Run(ctx context.Context) error {
	c, err := (&client{base: strings.TrimSuffix(f.URL, "/"), http: newHTTP(f.Connections)}).login(ctx, f.Login, f.Password)
	if err != nil {
		return err
	}
	var jobs struct {
		Items []struct {
			ID     string `json:"id"`
			Status string `json:"status"`
		} `json:"items"`
	}
	if err := c.do(ctx, "GET", "/v1/jobs?limit=200", nil, &jobs); err != nil {
		return err
	}
	if len(jobs.Items) == 0 {
		return fmt.Errorf("%s sees no job", f.Login)
	}
	day := time.Now().Format("2006-01-02")
	m, err := drive(ctx, f.Connections, f.Duration, func(ctx context.Context, _ int) error {
		if f.Work == "attempts" {
			job := jobs.Items[rand.IntN(len(jobs.Items))].ID
			return c.do(ctx, "POST", "/v1/jobs/"+job+"/attempts", map[string]any{"channel": "phone", "outcome": "no_answer", "ring_seconds": 25},
				nil)
		}
		return c.do(ctx, "GET", "/v1/visits?limit=50&date="+day, nil, nil)
	})
	if err != nil {
		return err
	}
	fmt.Printf("%-9s %s", f.Work, m)
	if f.PID > 0 {
		fmt.Printf("  %s", memoryOf(f.PID))
	}
	fmt.Println()
	return nil
}
