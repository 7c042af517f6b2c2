package api

import (
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"doorstep/api/web"
	"doorstep/domain"
	"doorstep/domain/accounts"
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
		answers := fiber.Map{"responses": b.run()}
		if sealed := actorOf(c).Sealed; sealed != (domain.ID{}) {
			wipe := !in.More && b.taken()
			if wipe {
				err = accounts.Wiped(c.UserContext(), a.Service.Accounts, sealed)
			}
			answers["wipe"] = wipe
		}
		if err != nil {
			return err
		}
		return c.JSON(answers)
	})
}

// syncUp is what a phone kept while it had no network (docs/product.md section 8).
type syncUp struct {
	DeviceTime string        `json:"device_time"`
	More       bool          `json:"more"` // of a sealed device: another batch follows
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
	if actorOf(b.c).Sealed != (domain.ID{}) { // nothing acts, so nothing waits for another
		b.answer(i, b.inner(i))
		return
	}
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
	if operation != nil && actorOf(b.c).Sealed != (domain.ID{}) && b.sealed(i, r, operation) {
		return
	}
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

// sealed takes a request out of the queue of a device that was reported lost, unless it
// is a report or a call for help, which go their way: whoever has the device may have written
// it. A stop is a report there, and moves nothing.
func (b *batch) sealed(i int, r *web.Inner, operation *web.Operation) bool {
	body := map[string]any{}
	_ = json.Unmarshal(r.Body, &body) // what cannot be read says nothing
	switch operation.ID {
	case "raiseSOS", "notOKTimer", "addSOSTrail", "flagVisit", "createFlag":
		return false
	case "stopVisit":
		b.stopAsReport(r, body)
		return false
	}
	if !syncID.MatchString(r.ID) {
		return false
	}
	if operation.ID == "seenNotice" || operation.ID == "putDeviceHealth" { // of the phone itself
		b.refuse(i, domain.Fail(domain.CodeForbidden, "This device was reported lost: how it is does not matter any more."))
		return true
	}
	whole := maps.Clone(body)
	maps.DeleteFunc(whole, func(key string, _ any) bool { return domain.Has(sealedSecrets, key) })
	maps.DeleteFunc(body, func(key string, _ any) bool { return !domain.Has(sealedWords, key) })
	address, _, _ := strings.Cut(strings.TrimPrefix(r.Path, "/v1/"), "?")
	parts := strings.Split(address, "/")
	var visit, job domain.ID
	if len(parts) > 2 {
		id, err := uuid.Parse(parts[1])
		switch {
		case err == nil && parts[0] == "visits":
			visit = id
		case err == nil && parts[0] == "jobs":
			job = id
		}
	}
	call := &casework.Call{Actor: actorOf(b.c), Key: r.ID}
	if sent, err := time.Parse(time.RFC3339Nano, b.sentAt); err == nil {
		call.SentAt = &sent
	}
	if visit != job {
		err := casework.KeepSealed(b.c.UserContext(), b.app.Service.Service, call, visit, job, strings.Join(parts[2:], "/"), body)
		if domainKind(err) != domain.KindNotFound { // a visit or job of theirs
			b.refuse(i, err)
			return true
		}
	}
	b.refuse(i, accounts.KeepSealed(b.c.UserContext(), b.app.Service.Accounts, call, operation.ID, "/v1/"+address, whole))
	return true
}

// sealedSecrets are what is kept of no request.
var sealedSecrets = []string{"code", "duress_code", "present", "password", "token"}

// sealedWords are what is kept of a request of a sealed device: no code, and no id.
var sealedWords = []string{"occurred_at", "note", "reason", "findings", "work_done", "parts", "tested", "channel", "outcome", "direction",
	"step", "result", "what"}

func (b *batch) stopAsReport(r *web.Inner, body map[string]any) {
	report := map[string]any{"kind": "other", "level": 2}
	if note, _ := body["note"].(string); note != "" {
		report["note"] = string([]rune(note)[:min(len([]rune(note)), 4000)])
	}
	if at, _ := body["occurred_at"].(string); at != "" {
		if _, err := time.Parse(time.RFC3339Nano, at); err == nil {
			report["occurred_at"] = at
		}
	}
	r.Path = strings.TrimSuffix(r.Path, "/stop") + "/flags"
	r.Body, _ = json.Marshal(report)
	if !syncID.MatchString(r.ID) {
		r.ID = "stop " + b.c.GetRespHeader("X-Request-Id")
	}
}

// taken reports whether each request was carried out or refused for good.
func (b *batch) taken() bool {
	return !slices.ContainsFunc(b.answers, func(a *web.InnerAnswer) bool {
		return a.Status >= http.StatusInternalServerError || a.Status == http.StatusTooManyRequests
	})
}

func (b *batch) refuse(i int, err error) {
	a := b.server.Refuse(b.c, b.requests[i].ID, err)
	b.answers[i] = &a
}
