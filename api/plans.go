package api

import (
	"context"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"
	"github.com/gofiber/fiber/v2"

	"doorstep/api/web"
	"doorstep/domain"
	"doorstep/domain/casework"
	"doorstep/domain/planning"
	"doorstep/domain/reporting"
)

func mountPlans(a *App, s *web.Server) {
	svc := a.Service

	s.Handle("POST", "/v1/centres/{id}/plan", byID("centre", "/v1/plans", fiber.StatusCreated,
		func(ctx context.Context, call *casework.Call, id domain.ID, in planning.PlanInput) error {
			_, err := svc.Planning.PlanDay(ctx, call, id, in)
			return err
		}))
	s.Handle("GET", "/v1/plans/{id}", get("plan", func(c *fiber.Ctx, ac domain.Actor, id domain.ID) (domain.DayPlan, error) {
		return svc.Planning.DayPlan(c.UserContext(), ac, id)
	}))
	s.Handle("POST", "/v1/plans/{id}/accept", byID("plan", "", fiber.StatusOK, func(ctx context.Context, call *casework.Call, id domain.ID,
		in planning.AcceptInput) error {
		_, err := svc.Planning.AcceptPlan(ctx, call, id, in)
		return err
	}))
	s.Handle("POST", "/v1/technicians/{id}/sick", byID("technician", "", fiber.StatusCreated,
		func(ctx context.Context, call *casework.Call, id domain.ID, in planning.SickInput) error {
			_, err := svc.Planning.Sick(ctx, call, id, in)
			return err
		}))
	s.Handle("GET", "/v1/me/calendar", func(c *fiber.Ctx) error {
		f, err := svc.Reporting.FeedAddress(c.UserContext(), actorOf(c))
		if err != nil {
			return err
		}
		return web.JSON(c, fiber.StatusOK, f, f.Version)
	})
	s.Handle("POST", "/v1/me/calendar", func(c *fiber.Ctx) error {
		call, err := callOf(c, fiber.StatusCreated)
		if err != nil {
			return err
		}
		if _, err := svc.Reporting.OpenFeed(c.UserContext(), call); err != nil {
			return err
		}
		// The stored answer holds no address: it is recomputed.
		f, err := svc.Reporting.FeedAddress(c.UserContext(), call.Actor)
		if err != nil {
			return err
		}
		if call.Replayed {
			c.Set(web.HeaderReplayed, "true")
		}
		c.Set(fiber.HeaderLocation, "/v1/me/calendar")
		return web.JSON(c, fiber.StatusCreated, f, f.Version)
	})
	s.Handle("DELETE", "/v1/me/calendar", func(c *fiber.Ctx) error {
		call, err := callOf(c, fiber.StatusNoContent)
		if err == nil {
			err = svc.Reporting.CloseFeed(c.UserContext(), call)
		}
		if err != nil {
			return err
		}
		return c.SendStatus(fiber.StatusNoContent)
	})
	s.Handle("GET", "/calendar/{token}.ics", func(c *fiber.Ctx) error {
		p, err := svc.Reporting.Feed(c.UserContext(), c.Params("token"))
		if err != nil {
			return a.missed(c, err)
		}
		c.Set(fiber.HeaderContentType, "text/calendar; charset=utf-8; method=PUBLISH")
		return c.SendString(feedCalendar(p))
	})
}

// feedCalendar is a technician's calendar (RFC 5545). It leaves our house:
// window, category and postal code, no name, no address, no word of safety.
func feedCalendar(p *reporting.FeedPage) string {
	cal := ics.NewCalendarFor("Doorstep")
	cal.SetMethod(ics.MethodPublish)
	zone := p.Zone.String()
	if p.Zone != time.UTC {
		addZone(cal, p.Zone, p.From, p.To)
	}
	for i := range p.Visits {
		v := &p.Visits[i]
		e := cal.AddEvent("visit-" + v.ID.String() + "@doorstep")
		e.SetDtStampTime(p.Now)
		e.SetModifiedAt(v.UpdatedAt)
		e.SetSequence(int(v.Version)) // rises with every change, as RFC 5545 section 3.8.7.4 asks
		set := func(name ics.ComponentProperty, at time.Time) {
			if p.Zone == time.UTC {
				e.SetProperty(name, at.UTC().Format("20060102T150405Z"))
				return
			}
			e.SetProperty(name, at.In(p.Zone).Format("20060102T150405"), ics.WithTZID(zone))
		}
		set(ics.ComponentPropertyDtStart, v.WindowStart)
		set(ics.ComponentPropertyDtEnd, v.WindowEnd)
		summary := strings.ReplaceAll(v.Category, "_", " ")
		if summary == "" {
			summary = "visit"
		}
		if v.PostalCode != "" {
			summary += ", " + v.PostalCode
			e.SetLocation(v.PostalCode)
		}
		e.SetSummary(summary)
		status := calendarStatus(&v.Visit)
		if v.Gone() {
			status = ics.ObjectStatusCancelled
		}
		e.SetStatus(status)
	}
	return cal.Serialize(ics.WithNewLineWindows)
}

// addZone describes a zone as far as the calendar reaches: an observance for
// each change of its clocks, from Go's own tables (RFC 5545 section 3.6.5).
func addZone(cal *ics.Calendar, zone *time.Location, from, to time.Time) {
	tz := cal.AddTimezone(zone.String())
	for at := from.In(zone); ; {
		start, end := at.ZoneBounds()
		name, offset := at.Zone()
		before := offset
		if start.IsZero() {
			start = time.Unix(0, 0).In(zone)
		} else {
			_, before = start.Add(-time.Second).Zone()
		}
		set := func(set func(ics.ComponentProperty, string, ...ics.PropertyParameter)) {
			// The local time of a change is told by the clock that it ends.
			set(ics.ComponentPropertyDtStart, start.UTC().Add(time.Duration(before)*time.Second).Format("20060102T150405"))
			set(ics.ComponentProperty(ics.PropertyTzoffsetfrom), clockOffset(before))
			set(ics.ComponentProperty(ics.PropertyTzoffsetto), clockOffset(offset))
			set(ics.ComponentProperty(ics.PropertyTzname), name)
		}
		if at.IsDST() {
			d := &ics.Daylight{}
			set(d.SetProperty)
			tz.Components = append(tz.Components, d)
		} else {
			set(tz.AddStandard().SetProperty)
		}
		if end.IsZero() || !end.Before(to) {
			return
		}
		at = end
	}
}

func clockOffset(seconds int) string {
	t := time.Date(2000, 1, 1, 0, 0, 0, 0, time.FixedZone("", seconds))
	return t.Format("-0700")
}
