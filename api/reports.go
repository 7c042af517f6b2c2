package api

import (
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"doorstep/api/sheet"
	"doorstep/api/web"
	"doorstep/domain"
	"doorstep/domain/accounts"
	"doorstep/domain/reporting"
)

func mountReports(a *App, s *web.Server) {
	s.Handle("GET", "/v1/reports/reachability", func(c *fiber.Ctx) error {
		f, err := a.reportFilter(c)
		if err != nil {
			return err
		}
		rows, err := a.Service.Reporting.ReachabilityReport(c.UserContext(), actorOf(c), f)
		if err != nil {
			return err
		}
		if wantsCSV(c) {
			return a.sendCSV(c, "reachability", reachabilityTable(rows))
		}
		return c.JSON(fiber.Map{"from": f.From, "to": f.To, "items": rows[:len(rows)-1], "total": rows[len(rows)-1],
			"definitions": reporting.ReportDefinitions})
	})
	s.Handle("GET", "/v1/reports/safety", func(c *fiber.Ctx) error {
		f, err := a.reportFilter(c)
		if err != nil {
			return err
		}
		rows, err := a.Service.Reporting.SafetyReport(c.UserContext(), actorOf(c), f)
		if err != nil {
			return err
		}
		if wantsCSV(c) {
			return a.sendCSV(c, "safety", safetyTable(rows))
		}
		return c.JSON(fiber.Map{"from": f.From, "to": f.To, "items": rows[:len(rows)-1], "total": rows[len(rows)-1],
			"definitions": reporting.SafetyDefinitions})
	})
	s.Handle("GET", "/v1/reports/service", a.serviceReport)
	s.Handle("GET", "/v1/jobs/{id}/clock", func(c *fiber.Ctx) error {
		id, err := web.PathID(c, "id", "job")
		if err != nil {
			return err
		}
		v, err := a.Service.Reporting.JobClock(c.UserContext(), actorOf(c), id)
		if err != nil {
			return err
		}
		return c.JSON(v)
	})
}

// reportFilter reads the period: whole days in the zone of the centre that is
// asked for, else the caller's, else UTC. Default: the last 30 days.
func (a *App) reportFilter(c *fiber.Ctx) (domain.ReportFilter, error) {
	var f domain.ReportFilter
	var err error
	if f.CentreID, err = web.QueryID(c, "centre_id"); err != nil {
		return f, err
	}
	actor, loc := actorOf(c), time.UTC
	centre := f.CentreID
	if centre == nil && actor.Role.OfCentre() {
		centre = &actor.CentreID
	}
	if centre != nil {
		v, err := a.Service.Read.Centre(c.UserContext(), actor.Scope(), *centre)
		if err != nil {
			return f, err
		}
		loc = v.Location()
	}
	now := a.Service.Now().In(loc)
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, loc)
	f.From, f.To = today.AddDate(0, 0, -29).UTC(), today.AddDate(0, 0, 1).UTC()
	for name, put := range map[string]func(time.Time){"from": func(d time.Time) { f.From = d.UTC() },
		"to": func(d time.Time) { f.To = d.AddDate(0, 0, 1).UTC() }} {
		raw := c.Query(name)
		if raw == "" {
			continue
		}
		day, err := time.ParseInLocation("2006-01-02", raw, loc)
		if err != nil {
			return f, web.Malformed("#/query/"+name, "must be a date (YYYY-MM-DD)")
		}
		put(day)
	}
	return f, nil
}

func wantsCSV(c *fiber.Ctx) bool {
	return c.Query("format") == "csv" || c.Query("format") == "" && strings.Contains(c.Get(fiber.HeaderAccept), sheet.MediaCSV)
}

func reachabilityTable(rows []domain.ReachabilityRow) [][]string {
	n := strconv.Itoa
	out := [][]string{{"centre_id", "centre", "jobs_opened", "repeats_within_30_days", "tries", "reached", "inbound_contacts", "unreachable",
		"no_access_by_customer", "missed_by_us",
		"completed", "completed_confirmed", "first_time_fixed", "disputes", "disputes_upheld", "disputes_struck", "promises_due",
		"promises_kept_in_time", "promises_late", "could_not_reach_us"}}
	whose := []string{}
	for k := range rows[len(rows)-1].Clock {
		whose = append(whose, k)
	}
	sort.Strings(whose)
	for _, k := range whose {
		out[0] = append(out[0], "clock_"+k+"_seconds")
	}
	for i := range rows {
		r := &rows[i]
		id := ""
		if r.CentreID != nil {
			id = r.CentreID.String()
		}
		line := []string{id, r.Centre, n(r.JobsOpened), n(r.Repeats), n(r.Tries), n(r.Reached), n(r.Inbound), n(r.Unreachable), n(r.NoAccess),
			n(r.MissedByUs),
			n(r.Completed), n(r.Confirmed), n(r.FirstTimeFix), n(r.Disputed), n(r.Upheld), n(r.Struck), n(r.Promises), n(r.PromisesKept),
			n(r.PromisesLate), n(r.CouldNotReachUs)}
		for _, k := range whose {
			line = append(line, strconv.FormatInt(r.Clock[k], 10))
		}
		out = append(out, line)
	}
	return out
}

func safetyTable(rows []domain.SafetyRow) [][]string {
	n := strconv.Itoa
	out := [][]string{{"centre_id", "centre", "timers", "pings", "alarms", "alarms_by_timer", "answered", "answered_within_a_minute", "real",
		"false_alarms", "tests", "not_resolved", "false_alarm_rate"}}
	for i := range rows {
		r := &rows[i]
		id, rate := "", ""
		if r.CentreID != nil {
			id = r.CentreID.String()
		}
		if r.FalseRate != nil {
			rate = strconv.FormatFloat(*r.FalseRate, 'f', 3, 64)
		}
		out = append(out, []string{id, r.Centre, n(r.Timers), n(r.Pings), n(r.Alarms), n(r.ByTimer), n(r.Answered), n(r.WithinMinute), n(r.Real),
			n(r.False), n(r.Tests), n(r.Open), rate})
	}
	return out
}

func (a *App) sendCSV(c *fiber.Ctx, name string, table [][]string) error {
	if err := accounts.LogExport(c.UserContext(), a.Service.Accounts, actorOf(c), name+".csv", nil); err != nil {
		return err
	}
	text, err := sheet.CSV(table)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, sheet.MediaCSV+"; charset=utf-8")
	c.Set(fiber.HeaderContentDisposition, `attachment; filename="`+name+`.csv"`)
	return c.Send(text)
}

func (a *App) serviceReport(c *fiber.Ctx) error {
	f, err := a.reportFilter(c)
	if err != nil {
		return err
	}
	r, err := a.Service.Reporting.ServiceReport(c.UserContext(), actorOf(c), f)
	if err != nil {
		return err
	}
	last := len(r.Rows) - 1
	if !wantsCSV(c) {
		return c.JSON(fiber.Map{"from": f.From, "to": f.To, "items": r.Rows[:last], "total": r.Rows[last], "load": r.Loads,
			"definitions": reporting.ServiceDefinitions})
	}
	if c.Query("of") == "load" {
		return a.sendCSV(c, "load", loadTable(r.Loads))
	}
	return a.sendCSV(c, "service", serviceTable(r.Rows))
}

func serviceTable(rows []reporting.ServiceRow) [][]string {
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
	out := [][]string{{"centre_id", "centre", "jobs_opened", "jobs_done", "turnaround_median_seconds", "turnaround_p90_seconds",
		"centre_time_median_seconds", "centre_time_p90_seconds",
		"completed", "first_time_fixed", "first_time_fix_rate", "repeats_within_30_days", "no_access_by_customer", "missed_by_us", "tries",
		"reached", "tries_per_reach"}}
	for i := range rows {
		r := &rows[i]
		id := ""
		if r.CentreID != nil {
			id = r.CentreID.String()
		}
		out = append(out, []string{id, r.Centre, n(r.JobsOpened), n(r.JobsDone), seconds(r.TurnaroundHalf), seconds(r.TurnaroundMost),
			seconds(r.CentreHalf), seconds(r.CentreMost),
			n(r.Completed), n(r.FirstTimeFix), rate(r.FirstTimeRate), n(r.Repeats), n(r.NoAccess), n(r.MissedByUs), n(r.Tries), n(r.Reached),
			rate(r.TriesPerReach)})
	}
	return out
}

func loadTable(rows []domain.TechnicianLoad) [][]string {
	out := [][]string{{"centre_id", "technician_id", "technician", "visits", "planned_minutes"}}
	for _, r := range rows {
		out = append(out, []string{r.CentreID.String(), r.TechnicianID.String(), r.Technician, strconv.Itoa(r.Visits), strconv.Itoa(r.Minutes)})
	}
	return out
}
