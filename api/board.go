package api

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"doorstep/api/pages"
	"doorstep/domain"
)

// mountBoard serves the dispatch board: its one read, its page and what that
// loads.
func (a *App) mountBoard(s *Server) {
	s.Handle("GET", "/v1/centres/{id}/board", a.board)
	s.Page("GET", "/board", func(c *fiber.Ctx) error {
		body, err := pages.Board.Render("board", nil)
		if err != nil {
			return err
		}
		c.Set(fiber.HeaderContentSecurityPolicy, pages.Board.CSP)
		c.Set(fiber.HeaderContentType, fiber.MIMETextHTMLCharsetUTF8)
		return c.Send(body)
	})
	for path, file := range map[string]string{
		"/board/app.js":      "board.js",
		"/board/reports.js":  "reports.js",
		"/board/calendar.js": "vendor/event-calendar.min.js",
	} {
		script := pages.Script(file)
		sum := sha256.Sum256(script)
		tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
		s.Page("GET", path, func(c *fiber.Ctx) error {
			c.Set(fiber.HeaderETag, tag)
			c.Set(fiber.HeaderCacheControl, "no-cache")
			if c.Get(fiber.HeaderIfNoneMatch) == tag {
				return c.SendStatus(fiber.StatusNotModified)
			}
			c.Set(fiber.HeaderContentType, "text/javascript; charset=utf-8")
			return c.Send(script)
		})
	}
}

// board reads a day, or days, in the centre's zone; unchanged, the answer is
// 304, so that a board may also ask every few seconds.
func (a *App) board(c *fiber.Ctx) error {
	id, err := PathID(c, "id", "centre")
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
			return malformed("#/query/date", "must be a date (YYYY-MM-DD)")
		}
	}
	days := c.QueryInt("days", 1)
	b, err := a.Service.Board(c.UserContext(), actor, id, day.UTC(), day.AddDate(0, 0, days).UTC())
	if err != nil {
		return err
	}
	asked := b.Now
	b.Now = time.Time{} // does not count as a change
	body, err := json.Marshal(b)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	c.Set(fiber.HeaderETag, tag)
	c.Set(fiber.HeaderCacheControl, "private, no-cache")
	if c.Get(fiber.HeaderIfNoneMatch) == tag {
		return c.SendStatus(fiber.StatusNotModified)
	}
	b.Now = asked
	return c.JSON(b)
}

func (a *App) serviceReport(c *fiber.Ctx) error {
	f, err := a.reportFilter(c)
	if err != nil {
		return err
	}
	r, err := a.Service.ServiceReport(c.UserContext(), actorOf(c), f)
	if err != nil {
		return err
	}
	last := len(r.Rows) - 1
	if !wantsCSV(c) {
		return c.JSON(fiber.Map{"from": f.From, "to": f.To, "items": r.Rows[:last], "total": r.Rows[last], "load": r.Loads, "definitions": domain.ServiceDefinitions})
	}
	if c.Query("of") == "load" {
		return sendCSV(c, "load", loadTable(r.Loads))
	}
	return sendCSV(c, "service", serviceTable(r.Rows))
}

func serviceTable(rows []domain.ServiceRow) [][]string {
	n := strconv.Itoa
	seconds := func(v *int64) string {
		if v == nil {
			return ""
		}
		return strconv.FormatInt(*v, 10)
	}
	rate := func(v *float64) string {
		if v == nil {
			return ""
		}
		return strconv.FormatFloat(*v, 'f', 3, 64)
	}
	out := [][]string{{"centre_id", "centre", "jobs_opened", "jobs_done", "turnaround_median_seconds", "turnaround_p90_seconds", "centre_time_median_seconds", "centre_time_p90_seconds",
		"completed", "first_time_fixed", "first_time_fix_rate", "repeats_within_30_days", "no_access_by_customer", "missed_by_us", "tries", "reached", "tries_per_reach"}}
	for i := range rows {
		r := &rows[i]
		id := ""
		if r.CentreID != nil {
			id = r.CentreID.String()
		}
		out = append(out, []string{id, r.Centre, n(r.JobsOpened), n(r.JobsDone), seconds(r.TurnaroundHalf), seconds(r.TurnaroundMost), seconds(r.CentreHalf), seconds(r.CentreMost),
			n(r.Completed), n(r.FirstTimeFix), rate(r.FirstTimeRate), n(r.Repeats), n(r.NoAccess), n(r.MissedByUs), n(r.Tries), n(r.Reached), rate(r.TriesPerReach)})
	}
	return out
}

func loadTable(rows []domain.Load) [][]string {
	out := [][]string{{"centre_id", "technician_id", "technician", "visits", "planned_minutes"}}
	for _, r := range rows {
		out = append(out, []string{r.CentreID.String(), r.TechnicianID.String(), r.Technician, strconv.Itoa(r.Visits), strconv.Itoa(r.Minutes)})
	}
	return out
}
