package api

import (
	"encoding/json"
	"time"

	"github.com/gofiber/fiber/v2"

	"doorstep/api/pages"
	"doorstep/api/web"
)

// mountBoard serves the dispatch board: its one read, its page and what that
// loads.
func mountBoard(a *App, s *web.Server) {
	s.Handle("GET", "/v1/centres/{id}/board", func(c *fiber.Ctx) error { return a.board(c, s) })
	servePage(s, "/board", pages.Board, "board")
	serveScript(s, "/board/app.js", "session.js", "moves.js", "planner.js", "slot-picker.js", "job-panel.js", "board.js")
	serveScript(s, "/board/reports.js", "reports.js")
	serveScript(s, "/board/calendar.js", "vendor/event-calendar.min.js")
}

// board reads a day, or days, in the centre's zone; unchanged, the answer is
// 304, so that a board may also ask every few seconds.
func (a *App) board(c *fiber.Ctx, s *web.Server) error {
	id, err := web.PathID(c, "id", "centre")
	if err != nil {
		return err
	}
	actor := actorOf(c)
	loc, own := zoneOf(c, id)
	if !own {
		v, err := a.Service.Read.Centre(c.UserContext(), actor.Scope(), id)
		if err != nil {
			return err
		}
		loc = v.Location()
	}
	now := a.Service.Now().In(loc)
	day := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, loc)
	if raw := c.Query("date"); raw != "" {
		if day, err = time.ParseInLocation("2006-01-02", raw, loc); err != nil {
			return web.Malformed("#/query/date", "must be a date (YYYY-MM-DD)")
		}
	}
	days := c.QueryInt("days", 1)
	b, err := a.Service.Reporting.Board(c.UserContext(), actor, id, day.UTC(), day.AddDate(0, 0, days).UTC())
	if err != nil {
		return err
	}
	for i := range b.Alarms {
		addressMoves(s, b.Alarms[i].Moves)
	}
	asked := b.Now
	b.Now = time.Time{} // does not count as a change
	body, err := json.Marshal(b)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderCacheControl, "private, no-cache")
	if web.Unchanged(c, "W/"+web.ContentTag(body)) {
		return c.SendStatus(fiber.StatusNotModified)
	}
	b.Now = asked
	return c.JSON(b)
}
