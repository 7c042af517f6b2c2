package web

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// failing accepts nothing for a while.
type failing struct {
	net.Listener
	left atomic.Int64
	err  error
}

func (l *failing) Accept() (net.Conn, error) {
	if l.left.Add(-1) >= 0 {
		return nil, &net.OpError{Op: "accept", Net: "tcp", Err: os.NewSyscallError("accept4", l.err)}
	}
	return l.Listener.Accept()
}

func TestAcceptWaitsAndGoesOn(t *testing.T) {
	for _, err := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED, syscall.EPERM,
		syscall.EHOSTUNREACH} {
		h := newHarness(t)
		inner, lerr := net.Listen("tcp", "127.0.0.1:0")
		if lerr != nil {
			t.Fatal(lerr)
		}
		f := &failing{Listener: inner, err: err}
		f.left.Store(20)
		ln := h.srv.listener(f)
		var slept []time.Duration
		ln.sleep = func(d time.Duration) { slept = append(slept, d) }
		done := make(chan error, 1)
		go func() { done <- h.srv.App.Listener(ln) }()
		k := dial(t, inner.Addr().String())
		k.says(alive)
		k.hears(200)
		_ = inner.Close()
		if err := <-done; err != nil {
			t.Errorf("%v: Serve ended with %v", err, err)
		}
		if len(slept) != 20 || slept[0] != acceptPause || slept[19] != acceptLongest {
			t.Errorf("%v: paused %v", err, slept)
		}
	}
}

// from is a connection of any address.
type from struct {
	net.Conn
	addr net.Addr
}

func (c from) RemoteAddr() net.Addr { return c.addr }

// crowd accepts connections of the addresses that it is told.
type crowd struct {
	net.Listener
	next chan net.Conn
}

func (l crowd) Accept() (net.Conn, error) {
	c, ok := <-l.next
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}

func TestConnectionsOfAnAddressAreBounded(t *testing.T) {
	h := newHarness(t, func(c *Config) {
		c.MaxConnsPerAddress = 3
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	})
	arrive := make(chan net.Conn, 1)
	ln := h.srv.listener(crowd{next: arrive})
	come := func(address string) (inside net.Conn, said string) {
		t.Helper()
		here, there := net.Pipe()
		t.Cleanup(func() { _ = there.Close() })
		heard := make(chan string, 1)
		go func() {
			b := make([]byte, 12)
			n, _ := io.ReadFull(there, b)
			heard <- string(b[:n])
			_, _ = io.Copy(io.Discard, there)
		}()
		arrive <- from{here, net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(address), 1000))}
		got := make(chan net.Conn, 1)
		go func() {
			if c, err := ln.Accept(); err == nil {
				got <- c
			}
		}()
		select {
		case c := <-got:
			return c, ""
		case s := <-heard:
			// The waiting Accept takes the next one, from nowhere.
			pipe, _ := net.Pipe()
			arrive <- pipe
			<-got
			return nil, s
		}
	}
	var mine []net.Conn
	for i := range 3 {
		c, said := come(fmt.Sprintf("2001:db8:1:2::%x", i+1)) // one customer's /64
		if c == nil {
			t.Fatalf("connection %d: %q", i, said)
		}
		mine = append(mine, c)
	}
	if c, said := come("2001:db8:1:2::99"); c != nil || said != "HTTP/1.1 429" {
		t.Errorf("the fourth: %q", said)
	}
	if c, said := come("2001:db8:1:3::1"); c == nil {
		t.Errorf("the neighbour: %q", said)
	}
	for i := range 10 {
		if c, said := come("10.1.2.3"); c == nil {
			t.Fatalf("the proxy's %d: %q", i, said)
		}
	}
	_ = mine[0].Close()
	_ = mine[0].Close() // counts once
	if c, _ := come("2001:db8:1:2::99"); c == nil {
		t.Error("a closed connection is counted still")
	}
	if c, _ := come("2001:db8:1:2::99"); c != nil {
		t.Error("closing one twice made room for two")
	}
	for range 3 {
		if c, _ := come("::ffff:192.0.2.1"); c == nil {
			t.Fatal("IPv4 as IPv6")
		}
	}
	if c, _ := come("192.0.2.1"); c != nil {
		t.Error("IPv4 as IPv6 counts apart from IPv4")
	}
}
