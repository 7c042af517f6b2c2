package web

import (
	"encoding/json"
	"net"
	"net/http"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"doorstep/domain"
)

// Inner is one request of a batch.
type Inner struct {
	ID      string // its Idempotency-Key
	Method  string
	Path    string // from /v1 on, with its query
	Body    []byte // JSON, or none
	IfMatch string
	SentAt  string // Doorstep-Sent-At
}

// InnerAnswer is what came of it.
type InnerAnswer struct {
	ID         string          `json:"id"`
	Status     int             `json:"status"`
	Replayed   bool            `json:"replayed"`
	ETag       string          `json:"etag"`
	RetryAfter *int            `json:"retry_after"` // seconds
	Body       json.RawMessage `json:"body"`
}

// Done reports whether the request had its effect, now or when it was sent first.
func (a *InnerAnswer) Done() bool { return a.Status >= 200 && a.Status < 300 }

// Offline finds the operation of an inner request; nil: a phone keeps no such request.
func (s *Server) Offline(r *Inner) *Operation {
	path, _, _ := strings.Cut(r.Path, "?")
	for _, o := range s.cfg.Contract.list {
		if o.Offline && o.Method == r.Method && covers(o.Path, path) {
			return o
		}
	}
	return nil
}

// Answer answers a request of a batch as if it had come by itself from who sent the
// batch: with their token, under the same limits and the same judgement.
func (s *Server) Answer(c *fiber.Ctx, r *Inner) InnerAnswer {
	var ctx fasthttp.RequestCtx
	s.innerContext(c, &ctx)
	h := &ctx.Request.Header
	h.SetMethod(r.Method)
	ctx.Request.SetRequestURI(r.Path)
	h.Set(fiber.HeaderAuthorization, c.Get(fiber.HeaderAuthorization))
	if r.ID != "" {
		h.Set(HeaderIdempotencyKey, r.ID)
	}
	if r.SentAt != "" {
		h.Set(headerSentAt, r.SentAt)
	}
	if r.IfMatch != "" {
		h.Set(fiber.HeaderIfMatch, r.IfMatch)
	}
	if len(r.Body) > 0 {
		h.SetContentType(fiber.MIMEApplicationJSON)
		ctx.Request.SetBodyRaw(r.Body)
	}
	s.App.Handler()(&ctx)
	return answerOf(r.ID, &ctx)
}

// Refuse is the answer to a request of a batch that is not carried out.
func (s *Server) Refuse(c *fiber.Ctx, id string, err error) InnerAnswer {
	var ctx fasthttp.RequestCtx
	s.innerContext(c, &ctx)
	inner := s.App.AcquireCtx(&ctx)
	defer s.App.ReleaseCtx(inner)
	inner.Locals(localRequestID, requestID(c))
	s.fail(inner, err)
	return answerOf(id, &ctx)
}

// IsInner reports whether a request is one of a batch.
func IsInner(c *fiber.Ctx) bool {
	inner, _ := c.Locals(localInner).(bool)
	return inner
}

// IsSync reports whether a request is a phone's sync, down or up.
func IsSync(c *fiber.Ctx) bool { return routeOf(c) == "/v1/sync" }

func (s *Server) innerContext(c *fiber.Ctx, ctx *fasthttp.RequestCtx) {
	ip := s.ClientIP(c)
	ctx.Init(&fasthttp.Request{}, &net.TCPAddr{IP: ip.AsSlice(), Zone: ip.Zone()}, nil)
	ctx.SetUserValue(localInner, true)
	h := &ctx.Request.Header
	h.SetHost(string(c.Context().Host()))
	h.Set(headerRequestID, requestID(c))
	h.Set(fiber.HeaderAccept, fiber.MIMEApplicationJSON)
	h.SetUserAgent(c.Get(fiber.HeaderUserAgent))
	h.Set(headerClient, c.Get(headerClient))
}

func answerOf(id string, ctx *fasthttp.RequestCtx) InnerAnswer {
	h := &ctx.Response.Header
	a := InnerAnswer{ID: id, Status: ctx.Response.StatusCode(), Replayed: len(h.Peek(HeaderReplayed)) > 0,
		ETag: string(h.Peek(fiber.HeaderETag))}
	if n, err := strconv.Atoi(string(h.Peek(fiber.HeaderRetryAfter))); err == nil {
		a.RetryAfter = &n
	}
	if body := ctx.Response.Body(); a.Status != http.StatusNoContent && json.Valid(body) {
		a.Body = append(json.RawMessage{}, body...)
	}
	return a
}

// NotOffline is the answer to a request that no batch takes.
func NotOffline() error {
	return domain.Fail(domain.CodeUnprocessable, "A batch takes only what makes sense without network; send this by itself.").
		At("/path", "an operation with x-offline")
}
