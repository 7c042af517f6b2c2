package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"
	"golang.org/x/text/language"

	"doorstep/domain"
)

// mediaProblem is the media type of every failure under /v1 (RFC 9457).
const mediaProblem = "application/problem+json"

// statusOf is the one place where a kind of failure becomes an HTTP status.
func statusOf(k domain.Kind) int {
	switch k {
	case domain.KindMalformed:
		return http.StatusBadRequest
	case domain.KindUnauthenticated:
		return http.StatusUnauthorized
	case domain.KindForbidden:
		return http.StatusForbidden
	case domain.KindNotFound:
		return http.StatusNotFound
	case domain.KindMethod:
		return http.StatusMethodNotAllowed
	case domain.KindConflict:
		return http.StatusConflict
	case domain.KindDependency:
		return http.StatusFailedDependency
	case domain.KindPrecondition:
		return http.StatusPreconditionFailed
	case domain.KindGone:
		return http.StatusGone
	case domain.KindTooLarge:
		return http.StatusRequestEntityTooLarge
	case domain.KindMedia:
		return http.StatusUnsupportedMediaType
	case domain.KindUnprocessable:
		return http.StatusUnprocessableEntity
	case domain.KindPreconditionRequired:
		return http.StatusPreconditionRequired
	case domain.KindThrottled:
		return http.StatusTooManyRequests
	case domain.KindUnavailable:
		return http.StatusServiceUnavailable
	case domain.KindInternal:
	}
	return http.StatusInternalServerError
}

// Problem is a failure as it is sent. Extra members follow the named ones.
type Problem struct {
	Type     string              `json:"type"`
	Title    string              `json:"title"`
	Status   int                 `json:"status"`
	Detail   string              `json:"detail"`
	Instance string              `json:"instance"`
	Code     domain.Code         `json:"code"`
	Errors   []domain.FieldError `json:"errors,omitempty"`

	RetryAfter time.Duration `json:"-"` // sent as the header

	extra map[string]any
	quota *domain.Quota
	log   slog.Level // what the log thinks of it; below Info nothing is said
}

// reserved are the members that Extra may not replace.
var reserved = []string{"type", "title", "status", "detail", "instance", "code", "errors"}

// MarshalJSON writes the named members in their order and then the extra ones.
func (p Problem) MarshalJSON() ([]byte, error) {
	type plain Problem
	out, err := json.Marshal(plain(p))
	if err != nil || len(p.extra) == 0 {
		return out, err
	}
	extra := make(map[string]any, len(p.extra))
	for name, v := range p.extra {
		if !slices.Contains(reserved, name) {
			extra[name] = v
		}
	}
	tail, err := json.Marshal(extra)
	if err != nil || len(extra) == 0 {
		return out, nil // a member that cannot be written is not worth the answer
	}
	return append(append(bytes.TrimSuffix(out, []byte("}")), ','), tail[1:]...), nil
}

// ProblemOf turns any error into what is sent. Only what a use case said on
// purpose (domain.Error) or what HTTP itself says reaches the caller; the rest
// is a defect with fixed text.
func ProblemOf(err error) Problem {
	var de *domain.Error
	var fe *fiber.Error
	switch {
	case errors.As(err, &de):
		if de.Kind == domain.KindInternal {
			break
		}
		info, _ := de.Code.Lookup()
		p := Problem{
			Title: info.Title, Status: statusOf(de.Kind), Detail: de.Message, Code: de.Code,
			Errors: de.Fields, extra: de.Extra, RetryAfter: de.RetryAfter, quota: de.Quota, log: slog.LevelDebug,
		}
		if len(p.Errors) > maxErrors {
			p.Errors = p.Errors[:maxErrors]
		}
		if de.Kind == domain.KindUnavailable {
			p.log = slog.LevelWarn
		}
		if p.Status == http.StatusInternalServerError { // a kind without a status is a defect, too
			break
		}
		return p
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		p := standard(domain.CodeUnavailable, http.StatusServiceUnavailable,
			"The answer took too long; nothing may have been done. Retry with the same Idempotency-Key.")
		p.log = slog.LevelWarn
		return p
	case errors.As(err, &fe):
		switch fe.Code {
		case http.StatusNotFound:
			return standard(domain.CodeNotFound, fe.Code, "There is nothing at this address.")
		case http.StatusMethodNotAllowed:
			return standard(domain.CodeMethod, fe.Code, "This method is not offered here; see Allow.")
		case http.StatusRequestHeaderFieldsTooLarge, http.StatusRequestURITooLong:
			return standard(domain.CodeTooLarge, fe.Code, "The address and headers are larger than 16 KiB.")
		case http.StatusRequestTimeout, http.StatusBadGateway:
			return standard(domain.CodeMalformed, http.StatusRequestTimeout, "The request did not arrive completely.")
		case http.StatusUnsupportedMediaType:
			return standard(domain.CodeMedia, fe.Code, "This media type is not taken.")
		case http.StatusUpgradeRequired:
			return standard(domain.CodeMalformed, http.StatusBadRequest, "The protocol cannot be changed here.")
		}
		if fe.Code >= 400 && fe.Code < 500 {
			return standard(domain.CodeMalformed, http.StatusBadRequest, "The request is not valid HTTP.")
		}
	}
	p := standard(domain.CodeInternal, http.StatusInternalServerError, "Something broke on our side; it is logged under this request id.")
	p.log = slog.LevelError
	return p
}

// SetRetryAfter says when to come again, and by which limit.
func (p *Problem) SetRetryAfter(c *fiber.Ctx) {
	c.Set(fiber.HeaderRetryAfter, strconv.Itoa(wholeSeconds(p.RetryAfter)))
	if p.quota != nil {
		setRateLimit(c, p.quota, 0, p.RetryAfter)
	}
}

// The headers of draft-ietf-httpapi-ratelimit-headers-10: q quota, w window, r what is left
// of it, t seconds until there is more.
const (
	headerRateLimit       = "RateLimit"
	headerRateLimitPolicy = "RateLimit-Policy"
)

func standard(c domain.Code, status int, detail string) Problem {
	info, _ := c.Lookup()
	return Problem{Title: info.Title, Status: status, Detail: detail, Code: c, log: slog.LevelDebug}
}

// languageOf is the language of ours in which a problem is told: the first that Accept-Language names, else that of who is
// signed in, else English.
func (s *Server) languageOf(c *fiber.Ctx) string {
	if accept := c.Get(fiber.HeaderAcceptLanguage); accept != "" && len(accept) <= 500 {
		tags, weights, err := language.ParseAcceptLanguage(accept)
		for i := 0; err == nil && i < len(tags) && weights[i] > 0; i++ {
			if base, _ := tags[i].Base(); slices.Contains(domain.Languages, base.String()) {
				return base.String()
			}
		}
	}
	if s.cfg.Language != nil {
		return domain.Spoken(s.cfg.Language(c))
	}
	return domain.Spoken("")
}

// speak says title and detail in a language, and gives the languages in which they are: a detail that only developers
// read stays English (docs/phone.md).
func (p *Problem) speak(to string) string {
	said, all := domain.InLanguage(p.Detail, to)
	p.Title, p.Detail = p.Code.Title(to), said
	if !all {
		return to + ", " + domain.Spoken("")
	}
	return to
}

// fail answers with the problem for err and logs what somebody should look at.
// Headers that a handler set before it failed are taken back.
func (s *Server) fail(c *fiber.Ctx, err error) {
	p := ProblemOf(err)
	id := requestID(c)
	p.Type = s.baseURL + "/problems/" + string(p.Code)
	p.Instance = "urn:request:" + id
	if p.log >= slog.LevelWarn {
		s.log.LogAttrs(context.Background(), p.log, "request failed", slog.String("request_id", id),
			slog.String("route", routeOf(c)), slog.String("code", string(p.Code)), slog.String("error", err.Error()))
	}

	c.Response().ResetBody()
	for _, h := range []string{fiber.HeaderETag, fiber.HeaderLocation, fiber.HeaderLastModified,
		fiber.HeaderContentDisposition, fiber.HeaderContentEncoding, fiber.HeaderSetCookie} {
		c.Response().Header.Del(h)
	}
	switch p.Status {
	case http.StatusUnauthorized:
		c.Set(fiber.HeaderWWWAuthenticate, "Bearer")
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		p.SetRetryAfter(c)
	}
	if WantsHTML(c) { // somebody opened a page; the customer's pages explain more themselves
		c.Status(p.Status)
		if sendPage(c, "failed", p) == nil {
			c.Set(fiber.HeaderCacheControl, "no-store")
			return
		}
	}
	c.Set(fiber.HeaderContentLanguage, p.speak(s.languageOf(c)))
	body, jerr := json.Marshal(p)
	if jerr != nil { // cannot happen with the members above
		body = []byte(`{"status":500,"code":"internal"}`)
	}
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Set(fiber.HeaderContentType, mediaProblem)
	_ = c.Status(p.Status).Send(body) // Send only copies the bytes
}
