package web

import (
	"encoding/json"

	"github.com/gofiber/fiber/v2"

	"doorstep/domain"
)

type problemPage struct {
	domain.CodeInfo
	Status int
	Sample string
}

func (s *Server) problemPages() {
	var all []problemPage
	byCode := map[string]problemPage{}
	for _, info := range domain.Codes() {
		p := problemPage{CodeInfo: info, Status: statusOf(info.Kind)}
		sample, _ := json.MarshalIndent(Problem{
			Type: s.baseURL + "/problems/" + string(info.Code), Title: info.Title, Status: p.Status,
			Detail: info.Example, Instance: "urn:request:4be0643f-1d98-573b-97cd-ca98a65347dd", Code: info.Code,
		}, "", "  ")
		p.Sample = string(sample)
		all = append(all, p)
		byCode[string(info.Code)] = p
	}
	s.internalRoute("/problems", func(c *fiber.Ctx) error {
		keep(c)
		if wantsJSON(c) {
			items := make([]fiber.Map, len(all))
			for i, p := range all {
				items[i] = p.members()
			}
			return List(c, items, "")
		}
		return sendPage(c, "problems", all)
	})
	s.internalRoute("/problems/{code}", func(c *fiber.Ctx) error {
		p, ok := byCode[c.Params("code")]
		if !ok {
			return domain.Fail(domain.CodeNotFound, "There is no such problem; see /problems.")
		}
		keep(c)
		if wantsJSON(c) {
			return c.JSON(p.members())
		}
		return sendPage(c, "problem", p)
	})
}

func (p problemPage) members() fiber.Map {
	return fiber.Map{"code": p.Code, "status": p.Status, "title": p.Title, "cause": p.Cause, "remedy": p.Remedy, "example": p.Example}
}
