package api

import (
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"doorstep/api/web"
	"doorstep/domain"
	"doorstep/domain/reporting"
)

// payableLimit bounds the rows of a table; a technician has a few a day.
const payableLimit = 10_000

func mountPayable(a *App, s *web.Server) {
	s.Handle("GET", "/v1/technicians/{id}/payable", func(c *fiber.Ctx) error {
		id, err := web.PathID(c, "id", "technician")
		if err != nil {
			return err
		}
		f, err := a.reportFilter(c)
		if err != nil {
			return err
		}
		if !wantsCSV(c) {
			return listOf(c, func(p domain.Page) ([]reporting.PayableRow, error) {
				return a.Service.Reporting.Payable(c.UserContext(), actorOf(c), id, f, p)
			}, func(r reporting.PayableRow) (time.Time, domain.ID) { return r.WindowStart, r.VisitID }, asIs)
		}
		table := [][]string{{"date", "external_ref", "visit_id", "status", "payable", "counted", "why"}}
		for page := (domain.Page{Limit: 500}); len(table) < payableLimit; {
			rows, err := a.Service.Reporting.Payable(c.UserContext(), actorOf(c), id, f, page)
			if err != nil {
				return err
			}
			for _, r := range rows {
				table = append(table, []string{r.Date, r.ExternalRef, r.VisitID.String(), string(r.Status), strconv.FormatBool(r.Payable),
					strconv.FormatBool(r.Counted), r.Why})
			}
			if len(rows) < page.Limit {
				break
			}
			last := rows[len(rows)-1]
			page.AfterAt, page.AfterID = &last.WindowStart, &last.VisitID
		}
		return a.sendCSV(c, "payable", table)
	})
}
