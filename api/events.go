package api

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"doorstep/api/web"
	"doorstep/domain"
	"doorstep/domain/reporting"
)

const (
	eventBeat = 15 * time.Second // so that proxies and clients see that a stream is alive
	// A page of this server says within 3 s that it hears nothing, also of a server that is frozen and closes no connection; so it is
	// written to each second. 300 pages cost a third of a hundredth of a core (BENCHMARKS.md), and their computers stand on desks.
	// Phones and programs, whose radio each beat would wake, keep the slow one.
	pageBeat   = time.Second
	eventCheck = 2 * time.Second  // with principalTTL within the 5 s in which a disabled user is out
	eventWrite = 10 * time.Second // for a client to take what it is sent
	eventRetry = 2000             // milliseconds that an EventSource waits before it comes again
)

// mountEvents serves GET /v1/events, a stream of what changed in the caller's
// scope (Server-Sent Events, HTML Living Standard section 9.2).
func mountEvents(a *App, s *web.Server) {
	feed := reporting.NewChangeFeed(a.Service.Read, a.Service.Wall)
	s.OnDrain(feed.Close)
	s.Handle("GET", "/v1/events", func(c *fiber.Ctx) error {
		claims, err := a.Tokens.Verify(web.BearerToken(c))
		if err != nil {
			return err
		}
		after, lost := readMark(c.Get("Last-Event-ID"), a.Service.Wall())
		c.Set(fiber.HeaderContentType, "text/event-stream; charset=utf-8")
		c.Set("X-Accel-Buffering", "no") // for proxies that gather answers
		if c.Method() == fiber.MethodHead {
			return nil
		}
		l, err := feed.Listen(c.UserContext(), actorOf(c), after)
		if err != nil {
			return err
		}
		l.Lost = l.Lost || lost
		beat := eventBeat
		if c.Get(web.HeaderSession) != "" {
			beat = pageBeat
		}
		conn := c.Context().Conn()
		c.Context().SetBodyStreamWriter(func(w *bufio.Writer) {
			defer l.Close()
			a.stream(l, claims, beat, func(text string) error {
				// The server's write timeout is for whole answers; here each
				// part has one.
				if err := conn.SetWriteDeadline(time.Now().Add(eventWrite)); err != nil {
					return err
				}
				if _, err := w.WriteString(text); err != nil {
					return err
				}
				return w.Flush()
			})
		})
		return nil
	})
}

// stream tells one listener what changes until the client leaves, the token
// ends, the user is changed or the server stops.
func (a *App) stream(l *reporting.Listener, claims web.Claims, every time.Duration, send func(string) error) {
	kind := "ready"
	if l.Lost {
		kind = "reload"
	}
	hello := fmt.Sprintf("retry: %d\nid: %s\nevent: %s\ndata: {}\n\n", eventRetry, a.mark(l.Start), kind)
	if send(hello+a.eventText(l.Missed)) != nil {
		return
	}
	l.Missed = nil
	beat, check := time.NewTicker(every), time.NewTicker(eventCheck)
	defer beat.Stop()
	defer check.Stop()
	end := time.NewTimer(time.Until(claims.Expires))
	defer end.Stop()
	for {
		var text string
		select {
		case batch, ok := <-l.C:
			if !ok {
				return
			}
			text = a.eventText(batch)
		case <-beat.C:
			text = ": beat\n\n"
		case <-end.C:
			return
		case <-check.C:
			ctx, cancel := context.WithTimeout(context.Background(), eventWrite)
			p, err := a.holder(ctx, claims)
			if err == nil {
				err = a.sessionGoesOn(ctx, claims.Session, false, false)
			}
			cancel()
			if err != nil && domainKind(err) != domain.KindUnavailable {
				return
			}
			if err == nil {
				l.Become(p.actor)
			}
			continue
		}
		if send(text) != nil {
			return
		}
	}
}

func (a *App) eventText(events []reporting.Event) string {
	var b strings.Builder
	for i := range events {
		e := &events[i]
		data, err := json.Marshal(e)
		if err != nil {
			continue // ids and numbers always are
		}
		if e.Last {
			b.WriteString("id: " + a.mark(e.Mark) + "\n")
		}
		b.WriteString("event: change\ndata: " + string(data) + "\n\n")
	}
	return b.String()
}

// mark spells a place in the feed, with when it was given: what is too old is
// not kept any more.
func (a *App) mark(m domain.Mark) string {
	return fmt.Sprintf("%d-%d-%d", m.Tx, m.Seq, a.Service.Wall().Unix())
}

// readMark reads a Last-Event-ID; lost when there is one that leads nowhere.
func readMark(raw string, now time.Time) (after *domain.Mark, lost bool) {
	if raw == "" {
		return nil, false
	}
	parts := strings.Split(raw, "-")
	if len(parts) != 3 {
		return nil, true
	}
	var n [3]int64
	for i := range parts {
		v, err := strconv.ParseInt(parts[i], 10, 64)
		if err != nil || v < 0 {
			return nil, true
		}
		n[i] = v
	}
	if now.Sub(time.Unix(n[2], 0)) > domain.FeedKept {
		return nil, true
	}
	return &domain.Mark{Tx: n[0], Seq: n[1]}, false
}
