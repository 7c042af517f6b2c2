package web

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// served listens and gives the address.
func (h *harness) served() string {
	h.t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		h.t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = h.srv.Serve(ln) }()
	h.t.Cleanup(func() { _ = ln.Close(); <-done })
	return ln.Addr().String()
}

// talk is one connection on which requests are written as they stand.
type talk struct {
	net.Conn
	t testing.TB
	r *bufio.Reader
}

func dial(t testing.TB, address string) *talk {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	return &talk{conn, t, bufio.NewReader(conn)}
}

func (k *talk) says(s string) {
	k.t.Helper()
	if _, err := io.WriteString(k, s); err != nil {
		k.t.Fatal(err)
	}
}

// hears reads one answer and demands its status.
func (k *talk) hears(status int) string {
	k.t.Helper()
	res, err := http.ReadResponse(k.r, nil)
	if err != nil {
		k.t.Fatalf("instead of %d: %v", status, err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != status {
		k.t.Fatalf("%d (%v), want %d: %s", res.StatusCode, err, status, body)
	}
	return string(body)
}

// ends demands that the server sends nothing more.
func (k *talk) ends() {
	k.t.Helper()
	if b, err := k.r.ReadByte(); err != io.EOF {
		k.t.Fatalf("the connection goes on with %q (%v)", b, err)
	}
}

const (
	bearer   = "Authorization: Bearer good\r\n"
	import10 = "POST /v1/imports/jobs HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\n"
	alive    = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
)

func TestFramingOfBodies(t *testing.T) {
	h := newHarness(t)
	address := h.served()
	for name, tell := range framings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tell(dial(t, address))
		})
	}
}

const stopHead = "POST /v1/visits/x/stop HTTP/1.1\r\nHost: x\r\n" + bearer

var tooBig = strings.Repeat("x", MaxJSON+1)

// framings are talks by how the body is framed.
var framings = map[string]func(k *talk){
	"without a token nothing is waited for, and the connection ends": func(k *talk) {
		k.says(import10 + "Content-Length: 10485760\r\n\r\na")
		k.hears(401)
		k.ends()
	},
	"too long is refused by its length": func(k *talk) {
		k.says(import10 + bearer + "Content-Length: 10485761\r\n\r\na")
		if got := k.hears(413); !strings.Contains(got, "10 MiB") {
			k.t.Error(got)
		}
		k.ends()
	},
	"JSON is never large": func(k *talk) {
		k.says("POST /v1/imports/jobs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + bearer + "Content-Length: 262145\r\n\r\n")
		if got := k.hears(413); !strings.Contains(got, "256 KiB") {
			k.t.Error(got)
		}
		k.ends()
	},
	"a form of a page": func(k *talk) {
		k.says("POST /c/x HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 8193\r\n\r\n")
		if got := k.hears(413); !strings.Contains(got, "8 KiB") {
			k.t.Error(got)
		}
	},
	"too long in chunks is refused when it is": func(k *talk) {
		k.says("POST /v1/visits/x/cancel HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + bearer +
			"Transfer-Encoding: chunked\r\n\r\n")
		for range 5 {
			k.says("10000\r\n" + strings.Repeat("x", 0x10000) + "\r\n")
		}
		k.hears(413)
		k.ends()
	},
	"a small body that nobody reads keeps the connection": func(k *talk) {
		k.says("POST /v1/visits HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n" + strings.Repeat("x", 5000) + alive)
		k.hears(401)
		k.hears(200)
	},
	"a body to an address that is not there": func(k *talk) {
		k.says("POST /v1/nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello" + alive)
		k.hears(404)
		k.hears(200)
	},
	"ten megabytes arrive": func(k *talk) {
		k.says(import10 + bearer + "Content-Length: 10485760\r\n\r\n")
		for range 10 {
			k.says(strings.Repeat("y", 1<<20))
		}
		k.says(alive)
		k.hears(204)
		k.hears(200)
	},
	"ten megabytes in chunks": func(k *talk) {
		k.says(import10 + bearer + "Transfer-Encoding: chunked\r\n\r\n")
		for range 10 {
			k.says("100000;ext=1\r\n" + strings.Repeat("y", 1<<20) + "\r\n")
		}
		k.says("0\r\n\r\n" + alive)
		k.hears(204)
		k.hears(200)
	},
	"one byte at a time": func(k *talk) {
		k.says(import10 + bearer + "Content-Length: 8\r\n\r\n")
		for _, b := range "a,b\n1,2\n" {
			k.says(string(b))
			time.Sleep(5 * time.Millisecond)
		}
		k.hears(204)
		k.says(alive)
		k.hears(200)
	},
	"a body with GET is no request": func(k *talk) {
		k.says("GET /v1/visits HTTP/1.1\r\nHost: x\r\n" + bearer + fmt.Sprintf("Content-Length: %d\r\n\r\n", len(alive)) + alive)
		k.hears(400)
		k.ends()
	},
	"nor in chunks": func(k *talk) {
		k.says("GET /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + alive)
		k.hears(200)
		k.ends()
	},
	"broken chunks": func(k *talk) {
		k.says("POST /v1/visits/x/cancel HTTP/1.1\r\nHost: x\r\n" + bearer + "Transfer-Encoding: chunked\r\n\r\nzz\r\n" + alive)
		k.hears(400)
		k.ends()
	},
	"a name of our own for the length": func(k *talk) {
		k.says("POST /v1/visits/x/cancel HTTP/1.1\r\nHost: x\r\n" + bearer + headerAnnounced + ": 40\r\n\r\n" + alive)
		k.hears(204)
		k.hears(200)
	},
	"asked whether to go on": func(k *talk) {
		k.says("POST /v1/visits/x/cancel HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + bearer +
			"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")
		k.hears(100)
		k.says("{}")
		k.hears(204)
		k.says(alive)
		k.hears(200)
	},
	"asked by nobody known": func(k *talk) {
		k.says("POST /v1/visits/x/cancel HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
		k.hears(401)
		k.ends()
	},
	"asked behind another request": func(k *talk) {
		k.says(alive + "POST /v1/visits/x/cancel HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + bearer +
			"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}")
		k.hears(200)
		k.hears(204)
	},
	"a stop with too much": func(k *talk) {
		k.says(stopHead + fmt.Sprintf("Content-Length: %d\r\n\r\n", len(tooBig)))
		if got := k.hears(200); got != `{"note":"","count":0}` {
			k.t.Error(got)
		}
		k.ends()
	},
	"a stop with too much in chunks": func(k *talk) {
		k.says(stopHead + fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n", len(tooBig)) + tooBig + "\r\n0\r\n\r\n")
		if got := k.hears(200); got != `{"note":"","count":0}` {
			k.t.Error(got)
		}
		k.ends()
	},
	"a stop whose body breaks off": func(k *talk) {
		k.says(stopHead + "Content-Length: 100\r\n\r\n" + `{"note":"knife","count":`)
		if got := k.hears(200); got != `{"note":"knife","count":0}` {
			k.t.Error(got)
		}
		k.ends()
	},
	"a stop in chunks that are none": func(k *talk) {
		k.says(stopHead + "Transfer-Encoding: chunked\r\n\r\nzz\r\n")
		k.hears(200)
		k.ends()
	},
}

// What is only announced costs nothing; what is sent costs what it is.
func TestAnnouncedLengthsTakeNoMemory(t *testing.T) {
	h := newHarness(t)
	address := h.served()
	const callers, announced = 200, 10 << 20
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	for who, token := range map[string]string{"strangers": "", "people signed in": bearer} {
		before := heap()
		var all sync.WaitGroup
		talks := make([]*talk, callers)
		for i := range talks {
			talks[i] = dial(t, address)
			talks[i].says(import10 + token + fmt.Sprintf("Content-Length: %d\r\n\r\na", announced))
			if token == "" {
				all.Go(func() { _, _ = http.ReadResponse(talks[i].r, nil) })
			}
		}
		all.Wait()
		if token != "" { // their bodies are waited for
			for deadline := time.Now().Add(5 * time.Second); h.srv.running.Load() < callers; time.Sleep(10 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("%d requests run", h.srv.running.Load())
				}
			}
		}
		if grown := heap() - before; grown > callers*100<<10 {
			t.Errorf("200 %s who announce 10 MiB each hold %d MiB", who, grown>>20)
		}
		for _, k := range talks {
			_ = k.Close()
		}
	}
}

// All large bodies together are bounded, and small ones go on beside them.
func TestLargeBodiesShareABound(t *testing.T) {
	h := newHarness(t)
	address := h.served()
	h.srv.bodies.Add(maxBodyMemory - 1<<20)
	k := dial(t, address)
	k.says(import10 + bearer + "Content-Length: 10485760\r\n\r\n")
	go func() { _, _ = io.WriteString(k, strings.Repeat("y", 10<<20)) }()
	if got := k.hears(503); !strings.Contains(got, "Many large files") {
		t.Error(got)
	}
	k = dial(t, address)
	k.says(import10 + bearer + fmt.Sprintf("Content-Length: %d\r\n\r\n", MaxJSON) + strings.Repeat("y", MaxJSON))
	k.hears(204)
	if got := h.srv.bodies.Load(); got != maxBodyMemory-1<<20 {
		t.Errorf("%d bytes are still counted", got-maxBodyMemory+1<<20)
	}
}
