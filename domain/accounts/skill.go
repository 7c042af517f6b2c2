package accounts

import (
	"context"
	"fmt"
	"strings"

	"doorstep/domain"
	"doorstep/domain/casework"
	"doorstep/domain/slots"
)

// Skill is a category of appliances that a technician repairs, and how well:
// 1 helps, 2 repairs alone, 3 is whom others ask.
type Skill struct {
	Category string
	Level    int
}

// SetSkills replaces a technician's skills. Coordinator, proprietor, area
// manager, admin. Errors: CodeUnprocessable.
func (s *Service) SetSkills(ctx context.Context, call *casework.Call, id domain.ID, skills []Skill) (domain.User, error) {
	return s.setTechnician(ctx, call, id, func(u *domain.User) error {
		u.Skills, u.SkillLevels.V = domain.JSONList[string]{}, nil
		for i, k := range skills {
			p := fmt.Sprintf("/skills/%d", i)
			switch {
			case strings.TrimSpace(k.Category) == "":
				return domain.Fail(domain.CodeUnprocessable, "A skill names a category of appliances.").At(p+"/category", "such as refrigerator")
			case k.Level < slots.Helper || k.Level > slots.Expert:
				return domain.Fail(domain.CodeUnprocessable, "The level of a skill is 1, 2 or 3.").At(p+"/level", "1 to 3")
			case domain.Has(u.Skills, k.Category):
				return domain.Fail(domain.CodeUnprocessable, "A skill stands here twice.").At(p, "each once")
			}
			u.Skills = append(u.Skills, k.Category)
			if k.Level == slots.Able {
				continue
			}
			if u.SkillLevels.V == nil {
				u.SkillLevels.V = domain.Levels{}
			}
			u.SkillLevels.V[k.Category] = k.Level
		}
		return nil
	})
}
