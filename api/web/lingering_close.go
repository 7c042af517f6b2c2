package web

import (
	"io"
	"net"
	"time"
)

// A body or a header that is too large is refused before it was read. Closing a connection
// with bytes unread resets it, and the client sees that instead of the answer
// (RFC 9112 section 9.6). So the server stops sending, lets what is still
// coming run into nothing for a while, and closes then.
const (
	lingerFor  = 30 * time.Second
	lingerIdle = 5 * time.Second
	lingerMost = 1 << 30 // bytes
)

// lingeringConn is used by one goroutine at a time.
type lingeringConn struct {
	net.Conn
	unread  bool
	owes    bool // an answer that is not written yet
	onClose func()
}

func (c *lingeringConn) Write(b []byte) (int, error) {
	c.owes = false
	return c.Conn.Write(b)
}

// Close does not wait for what is still coming.
func (c *lingeringConn) Close() error {
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if !c.unread || !ok {
		defer c.onClose()
		return c.Conn.Close()
	}
	c.unread = false
	if err := half.CloseWrite(); err != nil {
		defer c.onClose()
		return c.Conn.Close()
	}
	go func() {
		defer c.onClose()
		until := time.Now().Add(lingerFor)
		buf, left := make([]byte, 32<<10), int64(lingerMost)
		for left > 0 && time.Now().Before(until) {
			_ = c.SetReadDeadline(time.Now().Add(lingerIdle))
			n, err := io.ReadAtLeast(c.Conn, buf, 1)
			if left -= int64(n); err != nil {
				break
			}
		}
		_ = c.Conn.Close()
	}()
	return nil
}
