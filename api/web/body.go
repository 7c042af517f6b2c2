package web

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"doorstep/domain"
)

// Bodies are read here and not by fasthttp, which makes room for an announced
// length before anybody is known and anything has arrived. So a request is
// answered from its header alone where that is enough (401, 403, 404, 413), and
// a body takes as much memory as has arrived of it.
const (
	bodyInitial     = 16 << 10         // room for a body before any of it has arrived
	maxDiscarded    = 16 << 10         // what nobody asked for is read and dropped up to here, else the connection ends
	maxBodyMemory   = 128 << 20        // of all bodies larger than MaxJSON that are being read or worked on
	largeTimeout    = time.Minute      // for a body that may be larger than MaxJSON to arrive
	lenientTimeout  = 3 * time.Second  // what has arrived by then of a stop or an SOS is all that is read
	continueTimeout = 10 * time.Second // to take in the 100 (Continue)
)

// headerAnnounced carries the announced length past fasthttp. What a client
// sends under this name is dropped.
const headerAnnounced = "Doorstep-Announced"

// hideBodyLength runs when a header was read and hides the length of the body from
// fasthttp, which then leaves the body where it is. Bodies in chunks it leaves by itself.
func hideBodyLength(h *fasthttp.RequestHeader) (unchanged fasthttp.RequestConfig) {
	h.Del(headerAnnounced)
	said := ""
	if n := h.Peek(fiber.HeaderContentLength); len(n) > 0 && string(n) != "0" {
		said = string(n)
		h.SetContentLength(0)
	} else if len(h.Peek(fiber.HeaderTransferEncoding)) > 0 {
		said = "-1"
	}
	// fasthttp would ask for the body before anybody has looked at the header.
	expects := strings.EqualFold(string(h.Peek(fiber.HeaderExpect)), "100-continue")
	h.Del(fiber.HeaderExpect)
	if said != "" && expects && h.IsHTTP11() {
		said += " expects"
	}
	if said != "" {
		h.Set(headerAnnounced, said)
	}
	return unchanged
}

// unreadBody is the body of a request that nobody has read yet.
type unreadBody struct {
	length  int // announced; -1: in chunks
	expects bool
	started bool // to be read, or refused by its length: it is not waited for any more
	done    bool // to its end
}

// unreadBodyOf is called once a request, before anything else.
func unreadBodyOf(c *fiber.Ctx) *unreadBody {
	said := string(c.Request().Header.Peek(headerAnnounced))
	if said == "" {
		return &unreadBody{done: true}
	}
	c.Request().Header.Del(headerAnnounced)
	number, _, expects := strings.Cut(said, " ")
	n, err := strconv.Atoi(number) // fasthttp has read it before
	if err != nil {
		n = -1
	}
	in := &unreadBody{length: n, expects: expects}
	c.Locals(localBody, in)
	return in
}

// hasUnreadBody reports whether the request has a body that nobody has read.
func hasUnreadBody(c *fiber.Ctx) bool {
	in, ok := c.Locals(localBody).(*unreadBody)
	return ok && !in.done
}

// bodyless are methods whose body fasthttp does not give out; it means nothing
// with them (RFC 9110 sections 9.3.1 and 9.3.2).
func bodyless(c *fiber.Ctx) bool {
	return c.Request().Header.IsGet() || c.Request().Header.IsHead()
}

// errBodyMemory says that others have taken what there is for large bodies.
func errBodyMemory() error {
	e := domain.Fail(domain.CodeUnavailable, "Many large files arrive at once; try again.")
	e.RetryAfter = 5 * time.Second
	return e
}

func errTooLarge(most int) error {
	return domain.Fail(domain.CodeTooLarge, "The body is larger than %s.", sizeName(most))
}

func sizeName(n int) string {
	if n >= 1<<20 {
		return strconv.Itoa(n>>20) + " MiB"
	}
	return strconv.Itoa(n>>10) + " KiB"
}

// read reads the body as it arrives. On an error what has arrived is given, and
// the rest is left in the connection.
func (in *unreadBody) read(c *fiber.Ctx, most int, held *heldMemory) ([]byte, error) {
	if in.length > most {
		in.started = true
		return nil, errTooLarge(most)
	}
	if in.expects {
		in.expects = false
		if err := sayContinue(c.Context().Conn()); err != nil {
			return nil, err
		}
	}
	if in.length > 0 {
		c.Request().Header.SetContentLength(in.length)
	}
	in.started = true
	stream := c.Context().RequestBodyStream()
	if stream == nil {
		return nil, io.ErrUnexpectedEOF
	}
	end := in.length
	if end < 0 {
		end = most + 1 // one more tells that it is too large
	}
	buf := make([]byte, 0, min(end, bodyInitial))
	for {
		if len(buf) == cap(buf) && len(buf) < end {
			room := min(2*cap(buf), end)
			if !held.grow(room) {
				return buf, errBodyMemory()
			}
			buf = append(make([]byte, 0, room), buf...)
		}
		n, err := stream.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case in.length < 0 && len(buf) > most:
			return nil, errTooLarge(most)
		case in.length >= 0 && len(buf) == in.length, in.length < 0 && err == io.EOF:
			in.done = true
			return buf, nil
		case err == io.EOF:
			return buf, io.ErrUnexpectedEOF
		case err != nil:
			return buf, err
		}
	}
}

// sayContinue asks for the body that a client holds back. It may be left out
// (RFC 9110 section 10.1.1), and is while answers before it are not sent yet.
func sayContinue(conn net.Conn) error {
	l, ok := conn.(*lingeringConn)
	if !ok || l.owes {
		return nil
	}
	if err := l.SetWriteDeadline(time.Now().Add(continueTimeout)); err != nil {
		return err
	}
	_, err := l.Write([]byte("HTTP/1.1 100 Continue\r\n\r\n"))
	return err
}

// heldMemory counts what one request holds of what there is for large bodies.
type heldMemory struct {
	all  *atomic.Int64
	mine int64
}

func (h *heldMemory) grow(to int) bool {
	if to <= MaxJSON {
		return true
	}
	more := int64(to) - h.mine
	if h.all.Add(more) > maxBodyMemory {
		h.all.Add(-more)
		return false
	}
	h.mine += more
	return true
}

func (h *heldMemory) release() { h.all.Add(-h.mine) }

// readBody reads the body where the route's own checks have let the request
// come so far; most gives how large it may be, or why it is not taken at all.
func (s *Server) readBody(most func(c *fiber.Ctx) (int, error), lenient bool) fiber.Handler {
	return func(c *fiber.Ctx) error {
		in, ok := c.Locals(localBody).(*unreadBody)
		if !ok || in.done || lenient && bodyless(c) {
			return c.Next()
		}
		held := &heldMemory{all: &s.bodies}
		defer held.release()
		if err := takeBody(c, in, most, lenient, held); err != nil {
			return err
		}
		again, cancel := s.withDeadline()
		defer cancel()
		c.SetUserContext(again)
		return c.Next()
	}
}

// takeBody reads a body that is not read yet.
func takeBody(c *fiber.Ctx, in *unreadBody, most func(c *fiber.Ctx) (int, error), lenient bool, held *heldMemory) error {
	if bodyless(c) {
		return Malformed("", "must be empty here")
	}
	limit, err := most(c)
	if err != nil && !lenient {
		return err
	}
	switch {
	case lenient:
		_ = c.Context().Conn().SetReadDeadline(time.Now().Add(lenientTimeout))
	case limit > MaxJSON:
		_ = c.Context().Conn().SetReadDeadline(time.Now().Add(largeTimeout))
	}
	body, err := in.read(c, limit, held)
	if err != nil && !lenient {
		return bodyError(err)
	}
	// What was cut off is read as far as it goes.
	c.Request().SetBodyRaw(body)
	c.Locals(localComplete, time.Now())
	return nil
}

// bodyError turns what went wrong while a body was read into an error of ours.
func bodyError(err error) error {
	var de *domain.Error
	var late net.Error
	switch {
	case errors.As(err, &de):
		return de
	case errors.As(err, &late) && late.Timeout(), errors.Is(err, io.ErrUnexpectedEOF):
		return fiber.ErrRequestTimeout
	}
	return fiber.NewError(fiber.StatusBadRequest, fmt.Sprintf("body: %v", err))
}

// discard sees to a body that nobody has read: the next request begins behind it,
// or the connection ends.
func (in *unreadBody) discard(c *fiber.Ctx) {
	conn, lingers := c.Context().Conn().(*lingeringConn)
	if lingers {
		conn.owes = true
	}
	if in.done {
		return
	}
	if in.length > 0 && in.length <= maxDiscarded && !in.started && !in.expects && !bodyless(c) {
		if _, err := in.read(c, maxDiscarded, &heldMemory{}); err == nil {
			return
		}
	}
	c.Context().SetConnectionClose()
	if lingers {
		conn.unread = true
	}
}
