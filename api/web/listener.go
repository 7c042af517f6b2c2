package web

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// How long accepting pauses while it fails, as net/http does it, and how often
// the log says so.
const (
	acceptPause   = 5 * time.Millisecond
	acceptLongest = time.Second
	acceptSayso   = time.Minute
)

// listener survives what accepting can run into, above all that the process has
// no descriptor left, and bounds the connections of one address.
type listener struct {
	net.Listener
	log    *slog.Logger
	most   int // of one address; 0: any number
	exempt []netip.Prefix
	sleep  func(time.Duration)
	failed time.Time // when the log said so last

	mu   sync.Mutex
	open map[string]int // by address block
	said time.Time      // that somebody has too many
}

func (s *Server) listener(ln net.Listener) *listener {
	return &listener{Listener: ln, log: s.log, most: s.cfg.MaxConnsPerAddress, exempt: s.cfg.TrustedProxies,
		sleep: time.Sleep, open: map[string]int{}}
}

// Accept gives up only when the listener was closed: other errors are of one
// connection, or pass when others end.
func (l *listener) Accept() (net.Conn, error) {
	var pause time.Duration
	for {
		c, err := l.Listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed), errors.Is(err, io.EOF):
			return nil, err
		case err != nil:
			pause = min(max(2*pause, acceptPause), acceptLongest)
			if time.Since(l.failed) > acceptSayso { // by the one who accepts
				l.failed = time.Now()
				l.log.Error("connections cannot be accepted; trying on", slog.String("error", err.Error()))
			}
			l.sleep(pause)
			continue
		}
		leave, ok := l.enter(c)
		if !ok {
			refuseConn(c)
			pause = 0
			continue
		}
		return &lingeringConn{Conn: c, onClose: leave}, nil
	}
}

// enter counts a connection of its address, unless it is one too many.
func (l *listener) enter(c net.Conn) (leave func(), ok bool) {
	tcp, isTCP := c.RemoteAddr().(*net.TCPAddr)
	if l.most <= 0 || !isTCP {
		return func() {}, true
	}
	addr := tcp.AddrPort().Addr().Unmap()
	if slices.ContainsFunc(l.exempt, func(p netip.Prefix) bool { return p.Contains(addr) }) {
		return func() {}, true
	}
	block := AddressBlock(addr)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open[block] >= l.most {
		if time.Since(l.said) > acceptSayso {
			l.said = time.Now()
			l.log.Warn("an address has as many connections as it may; behind a proxy, name it with --trusted-proxy", slog.Int("most", l.most))
		}
		return nil, false
	}
	l.open[block]++
	return sync.OnceFunc(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.open[block]--; l.open[block] == 0 {
			delete(l.open, block)
		}
	}), true
}

// refuseConn says why, as far as that goes without waiting, and closes.
func refuseConn(c net.Conn) {
	_ = c.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
	_, _ = io.WriteString(c, "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 5\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
	_ = c.Close()
}

// AddressBlock names an address for counting: of IPv6 the /64, because all of it
// belongs to one subscriber.
func AddressBlock(a netip.Addr) string {
	a = a.Unmap()
	if a.Is6() {
		if p, err := a.WithZone("").Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}
