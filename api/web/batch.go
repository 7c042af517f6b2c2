package web

import (
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
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

// Sender is who sent a batch, as each of its requests says it; safe for concurrent use, as the request itself is not.
type Sender struct {
	ip                             netip.Addr
	host, requestID, authorization string
	agent, client, language        string // User-Agent, Doorstep-Client, and in which problems are told
}

// SenderOf reads who sent a batch.
func (s *Server) SenderOf(c *fiber.Ctx) *Sender {
	return &Sender{s.ClientIP(c), string(c.Context().Host()), requestID(c), c.Get(fiber.HeaderAuthorization),
		c.Get(fiber.HeaderUserAgent), c.Get(headerClient), s.languageOf(c)}
}

// RequestID is that of the batch.
func (from *Sender) RequestID() string { return from.requestID }

// Answer answers a request of a batch as if it had come by itself from who sent the
// batch: with their token, under the same limits and the same judgement.
func (s *Server) Answer(from *Sender, r *Inner) InnerAnswer {
	var ctx fasthttp.RequestCtx
	from.begin(&ctx)
	h := &ctx.Request.Header
	h.SetMethod(r.Method)
	ctx.Request.SetRequestURI(r.Path)
	h.Set(fiber.HeaderAuthorization, from.authorization)
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
	s.handle(&ctx)
	return answerOf(r.ID, &ctx)
}

// Refuse is the answer to a request of a batch that is not carried out.
func (s *Server) Refuse(from *Sender, id string, err error) InnerAnswer {
	var ctx fasthttp.RequestCtx
	from.begin(&ctx)
	inner := s.App.AcquireCtx(&ctx)
	defer s.App.ReleaseCtx(inner)
	inner.Locals(localRequestID, from.requestID)
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

func (from *Sender) begin(ctx *fasthttp.RequestCtx) {
	ctx.Init(&fasthttp.Request{}, &net.TCPAddr{IP: from.ip.AsSlice(), Zone: from.ip.Zone()}, nil)
	ctx.SetUserValue(localInner, true)
	h := &ctx.Request.Header
	h.SetHost(from.host)
	h.Set(headerRequestID, from.requestID)
	h.Set(fiber.HeaderAccept, fiber.MIMEApplicationJSON)
	h.SetUserAgent(from.agent)
	h.Set(headerClient, from.client)
	h.Set(fiber.HeaderAcceptLanguage, from.language)
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
