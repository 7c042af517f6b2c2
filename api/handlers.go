package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"doorstep/api/web"
	"doorstep/domain"
	"doorstep/domain/casework"
)

// callOf gathers what a use case needs to know of the request.
func callOf(c *fiber.Ctx, status int) (*casework.Call, error) {
	call := &casework.Call{Actor: actorOf(c), Encode: encodeAnswer, Status: status}
	if raw := c.Get(web.HeaderIdempotencyKey); raw != "" && c.Method() == fiber.MethodPost {
		key, err := web.IdempotencyKey(c)
		if err != nil {
			return nil, err
		}
		call.Key = key
		h := sha256.New()
		h.Write([]byte(c.Method() + " " + c.OriginalURL() + "\n"))
		h.Write(c.Request().Body())
		call.Hash = hex.EncodeToString(h.Sum(nil))
	}
	call.DryRun = c.Get(web.HeaderDryRun) != ""
	sent, ok, err := web.SentAt(c)
	if err != nil {
		return nil, err
	}
	if ok {
		call.SentAt = &sent
	}
	return call, nil
}

// write runs one use case and sends its answer, or the stored one of the
// first request with the same key. location is the collection a created
// object lives in.
func write(c *fiber.Ctx, status int, location string, fn func(ctx context.Context, call *casework.Call) error) error {
	call, err := callOf(c, status)
	if err != nil {
		return err
	}
	if err := fn(c.UserContext(), call); err != nil {
		return err
	}
	return sendAnswer(c, call, location)
}

func sendAnswer(c *fiber.Ctx, call *casework.Call, location string) error {
	if call.Answer == nil {
		return errors.New("api: the use case left no answer")
	}
	if call.Replayed {
		c.Set(web.HeaderReplayed, "true")
	}
	if call.DryRun {
		c.Set(web.HeaderDryRun, "true")
		c.Set(web.HeaderWouldTell, wouldTell(call.Told))
	} else if id, version, ok := strings.Cut(call.Answer.Head, " "); ok {
		if n, err := strconv.ParseInt(version, 10, 64); err == nil {
			web.ETag(c, n)
		}
		if call.Answer.Status == fiber.StatusCreated && location != "" {
			c.Set(fiber.HeaderLocation, location+"/"+id)
		}
	}
	c.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSON)
	return c.Status(call.Answer.Status).Send(call.Answer.Body)
}

// openlyTold are the kinds of which whoever asks a move first may know that they would be sent, beside those about visits. Whom a
// move tells of what one of ours reported is nothing for them.
var openlyTold = []string{"job.cancelled_home", "job.share", "leave.approved", "leave.declined", "hold.home", "hold.released",
	"claim.decided", "dispute.decided", "dispute.decided_home", "link.settled", "report.decided_home", "report.read_home", "hold.asked",
	"number.changed", "note.told"}

// wouldTell lists what households and staff would be told openly by a move, and how many of them.
func wouldTell(told []domain.Notice) string {
	type of struct{ kind, to string }
	count := map[of]int{}
	for _, n := range told {
		if !strings.HasPrefix(n.Kind, "visit.") && !slices.Contains(openlyTold, n.Kind) {
			continue
		}
		to := "household"
		if n.UserID != nil {
			to = "staff"
		}
		count[of{n.Kind, to}]++
	}
	var list []string
	for k, n := range count {
		list = append(list, fmt.Sprintf("%s;to=%s;n=%d", k.kind, k.to, n))
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// decode reads the body of a use case's input.
func decode[T any](c *fiber.Ctx) (T, error) {
	var in T
	err := web.Decode(c, &in)
	return in, err
}

// byID is the shape of most moves: an id from the address, an input from the
// body, one use case.
func byID[T any](what, location string, status int, fn func(ctx context.Context, call *casework.Call, id domain.ID,
	in T) error) fiber.Handler {
	return func(c *fiber.Ctx) error {
		id, err := web.PathID(c, "id", what)
		if err != nil {
			return err
		}
		in, err := decode[T](c)
		if err != nil {
			return err
		}
		return write(c, status, location, func(ctx context.Context, call *casework.Call) error { return fn(ctx, call, id, in) })
	}
}

// create is the shape of POST on a collection.
func create[T any](location string, fn func(ctx context.Context, call *casework.Call, in T) error) fiber.Handler {
	return func(c *fiber.Ctx) error {
		in, err := decode[T](c)
		if err != nil {
			return err
		}
		return write(c, fiber.StatusCreated, location, func(ctx context.Context, call *casework.Call) error { return fn(ctx, call, in) })
	}
}

// patch is the shape of PATCH: If-Match names the version that was read.
func patch[T any](what string, fn func(ctx context.Context, call *casework.Call, id domain.ID, version int64, in T) error) fiber.Handler {
	return func(c *fiber.Ctx) error {
		id, err := web.PathID(c, "id", what)
		if err != nil {
			return err
		}
		in, err := decode[T](c)
		if err != nil {
			return err
		}
		version, err := web.RequireIfMatch(c)
		if err != nil {
			return err
		}
		return write(c, fiber.StatusOK, "", func(ctx context.Context, call *casework.Call) error { return fn(ctx, call, id, version, in) })
	}
}

// get is the shape of reading one object.
func get[T casework.Headed](what string, fn func(c *fiber.Ctx, a domain.Actor, id domain.ID) (T, error)) fiber.Handler {
	return func(c *fiber.Ctx) error {
		id, err := web.PathID(c, "id", what)
		if err != nil {
			return err
		}
		v, err := fn(c, actorOf(c), id)
		if err != nil {
			return err
		}
		_, version := v.Head()
		return web.JSON(c, fiber.StatusOK, v, version)
	}
}

// pageOf reads limit and cursor; one row more than asked is read, so that the
// last page is known without a count.
func pageOf(c *fiber.Ctx) (domain.Page, int, error) {
	limit, err := web.Limit(c)
	if err != nil {
		return domain.Page{}, 0, err
	}
	cur, err := web.QueryCursor(c)
	if err != nil {
		return domain.Page{}, 0, err
	}
	p := domain.Page{Limit: limit + 1}
	if cur != nil {
		p.AfterAt, p.AfterID = &cur.At, &cur.ID
	}
	return p, limit, nil
}

// listOf sends one page; key gives the sort keys of a row, show what is sent of
// the rows that are.
func listOf[T, V any](c *fiber.Ctx, fetch func(p domain.Page) ([]T, error), key func(T) (time.Time, domain.ID),
	show func([]T) ([]V, error)) error {
	p, limit, err := pageOf(c)
	if err != nil {
		return err
	}
	rows, err := fetch(p)
	if err != nil {
		return err
	}
	next := ""
	if len(rows) > limit {
		rows = rows[:limit]
		at, id := key(rows[limit-1])
		next = web.EncodeCursor(web.Cursor{At: at, ID: id})
	}
	out, err := show(rows)
	if err != nil {
		return err
	}
	return web.List(c, out, next)
}

func asIs[T any](rows []T) ([]T, error) { return rows, nil }

// metaKey gives the sort keys of objects that have a Meta.
func metaKey[T any](meta func(T) domain.Meta) func(T) (time.Time, domain.ID) {
	return func(v T) (time.Time, domain.ID) { m := meta(v); return m.CreatedAt, m.ID }
}

// domainKind is the kind of an error of ours; 0: none.
func domainKind(err error) domain.Kind {
	var e *domain.Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return 0
}
