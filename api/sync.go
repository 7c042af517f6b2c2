package api

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"time"

	"github.com/gofiber/fiber/v2"

	"doorstep/api/web"
	"doorstep/domain"
	"doorstep/domain/casework"
)

func mountSync(a *App, s *web.Server) {
	s.Handle("POST", "/v1/sync", func(c *fiber.Ctx) error {
		in, err := decode[syncUp](c)
		if err != nil {
			return err
		}
		b := batch{app: a, server: s, c: c, sentAt: in.DeviceTime, requests: in.Requests, answers: make([]*web.InnerAnswer, len(in.Requests)),
			first: map[string]int{}, began: time.Now()}
		return c.JSON(fiber.Map{"responses": b.run()})
	})
}

// syncUp is what a phone kept while it had no network (docs/product.md section 8).
type syncUp struct {
	DeviceTime string        `json:"device_time"`
	Requests   []syncRequest `json:"requests"`
}

type syncRequest struct {
	ID        string          `json:"id"`
	Method    string          `json:"method"`
	Path      string          `json:"path"`
	Body      json.RawMessage `json:"body"`
	IfMatch   string          `json:"if_match"`
	DependsOn []string        `json:"depends_on"`
}

// batch answers the requests of one phone, one after the other.
type batch struct {
	app      *App
	server   *web.Server
	c        *fiber.Ctx
	sentAt   string
	requests []syncRequest
	answers  []*web.InnerAnswer
	first    map[string]int // of requests with the same id
	began    time.Time
	ended    error // why the rest is not carried out
}

// batchTime is how long a batch may take; what is left then stays in the phone's queue.
const batchTime = 10 * time.Second

func (b *batch) run() []*web.InnerAnswer {
	for i := range b.requests {
		if _, twice := b.first[b.requests[i].ID]; !twice {
			b.first[b.requests[i].ID] = i
		}
	}
	for i := range b.requests { // whoever is in danger waits behind nothing
		r := b.inner(i)
		if operation := b.server.Offline(r); operation != nil && operation.Lenient {
			b.answer(i, r)
		}
	}
	for i := range b.requests {
		b.one(i, nil)
	}
	return b.answers
}

// one answers a request after those that it depends on; path are those that wait for it.
func (b *batch) one(i int, path []int) {
	if b.answers[i] != nil {
		return
	}
	r := &b.requests[i]
	for _, id := range r.DependsOn {
		before, here := b.first[id]
		switch {
		case here && (before == i || domain.Has(path, before)):
			circle := []int{i}
			if at := slices.Index(path, before); at >= 0 {
				circle = append(circle, path[at:]...)
			}
			for _, k := range circle {
				b.refuse(k, domain.Fail(domain.CodeUnprocessable, "It depends on itself.").At("/depends_on", "no circle"))
			}
			return
		case here:
			b.one(before, append(path, i))
			if b.answers[i] != nil { // part of a circle
				return
			}
			if !b.answers[before].Done() {
				b.refuse(i, domain.Fail(domain.CodeDependsOn, "It depends on a request that failed."))
				return
			}
		default:
			done, err := casework.DoneBefore(b.c.UserContext(), b.app.Service.Service, actorOf(b.c), id)
			if err != nil {
				b.refuse(i, err)
				return
			}
			if !done {
				b.refuse(i, domain.Fail(domain.CodeDependsOn, "It depends on a request that has not arrived yet."))
				return
			}
		}
	}
	b.answer(i, b.inner(i))
}

func (b *batch) inner(i int) *web.Inner {
	r := &b.requests[i]
	in := &web.Inner{ID: r.ID, Method: r.Method, Path: r.Path, IfMatch: r.IfMatch, SentAt: b.sentAt}
	if string(r.Body) != "null" {
		in.Body = r.Body
	}
	return in
}

var (
	syncID   = regexp.MustCompile(`^[A-Za-z0-9._:-]{1,128}$`)
	syncPath = regexp.MustCompile(`^/v1/[!-"$-~]*$`)
	syncETag = regexp.MustCompile(`^[!-~]*$`)
)

// answer carries a request out.
func (b *batch) answer(i int, r *web.Inner) {
	if time.Since(b.began) > batchTime && b.ended == nil {
		late := domain.Fail(domain.CodeUnavailable, "The batch took too long; send the rest again.")
		late.RetryAfter = time.Second
		b.ended = late
	}
	operation := b.server.Offline(r)
	if operation != nil && operation.Lenient { // refused for nothing that is said about it
		if !syncID.MatchString(r.ID) {
			r.ID = ""
		}
		r.IfMatch = ""
	}
	switch {
	case operation != nil && operation.Lenient && syncPath.MatchString(r.Path):
		a := b.server.Answer(b.c, r)
		a.ID = b.requests[i].ID
		b.answers[i] = &a
	case !syncID.MatchString(r.ID):
		b.refuse(i, web.Malformed("/id", "must be 1 to 128 letters, digits, dots, colons, underscores or hyphens"))
	case !syncPath.MatchString(r.Path):
		b.refuse(i, web.Malformed("/path", "must be an address from /v1 on"))
	case !syncETag.MatchString(r.IfMatch):
		b.refuse(i, web.Malformed("/if_match", "must be an entity tag"))
	case operation == nil:
		b.refuse(i, web.NotOffline())
	case b.ended != nil:
		b.refuse(i, b.ended)
	default:
		a := b.server.Answer(b.c, r)
		if a.Status == http.StatusUnauthorized && b.ended == nil {
			b.ended = domain.Fail(domain.CodeUnauthenticated, "The session ended; sign in and send the rest again.")
		}
		b.answers[i] = &a
	}
}

func (b *batch) refuse(i int, err error) {
	a := b.server.Refuse(b.c, b.requests[i].ID, err)
	b.answers[i] = &a
}
