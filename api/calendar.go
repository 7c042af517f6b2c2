package api

import (
	"net/url"

	ics "github.com/arran4/golang-ical"
	"github.com/gofiber/fiber/v2"

	"doorstep/domain"
	"doorstep/domain/customers"
)

// visitCalendar gives the visit as a calendar entry (RFC 5545). Its UID is the
// job's, so that an entry taken again after a move replaces the first one; the
// visit's sequence tells which is newer. Calendars are shared: no address, no
// name of the customer, no link.
func (a *App) visitCalendar(c *fiber.Ctx) error {
	p, err := a.Service.Customers.OpenLink(c.UserContext(), c.Params("token"))
	if err != nil {
		return a.linkFailed(c, err)
	}
	if p.Visit == nil {
		return domain.NotFound("visit")
	}
	text, _ := localizer(c, p.Language)
	setCustomerHeaders(c)
	c.Set(fiber.HeaderContentType, "text/calendar; charset=utf-8; method=PUBLISH")
	c.Set(fiber.HeaderContentDisposition, `inline; filename="visit.ics"`)
	return c.SendString(calendarEntry(p, text.Say("calendar.summary", "Centre", p.CentreName), describeEntry(p, text.Say)))
}

func describeEntry(p *customers.LinkPage, say func(string, ...string) string) string {
	if p.CentrePhone == "" {
		return say("calendar.description.plain")
	}
	return say("calendar.description", "Number", p.CentrePhone)
}

func calendarEntry(p *customers.LinkPage, summary, description string) string {
	cal := ics.NewCalendarFor("Doorstep")
	cal.SetMethod(ics.MethodPublish)
	e := cal.AddEvent("job-" + p.Job.ID.String() + "@doorstep")
	e.SetDtStampTime(p.Now)
	e.SetModifiedAt(p.Visit.UpdatedAt)
	status := calendarStatus(p.Visit)
	// A visit that fell through is a change of its entry too, before the next
	// one takes it over (RFC 5545 section 3.8.7.4).
	sequence := 2 * p.Visit.Sequence
	if status == ics.ObjectStatusCancelled {
		sequence++
	}
	e.SetSequence(sequence)
	e.SetStartAt(p.Visit.WindowStart)
	e.SetEndAt(p.Visit.WindowEnd)
	e.SetSummary(summary)
	e.SetDescription(description)
	e.SetStatus(status)
	if p.CentrePhone != "" {
		e.SetProperty(ics.ComponentPropertyContact, (&url.URL{Scheme: "tel", Opaque: p.CentrePhone}).String())
	}
	return cal.Serialize(ics.WithNewLineWindows)
}

func calendarStatus(v *domain.Visit) ics.ObjectStatus {
	switch v.Status {
	case domain.VisitCancelled, domain.VisitRescheduled, domain.VisitMissed:
		return ics.ObjectStatusCancelled
	case domain.VisitScheduled:
		if v.Confirmation != domain.ConfirmConfirmed {
			return ics.ObjectStatusTentative
		}
	case domain.VisitEnRoute, domain.VisitArrived, domain.VisitInProgress, domain.VisitCompleted, domain.VisitPartial,
		domain.VisitNoAccess, domain.VisitStopped: // it was kept, whatever came of it
	}
	return ics.ObjectStatusConfirmed
}
