package domain

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"doorstep/domain/slots"
)

// Levels are those of skills by category, where they are not slots.Able.
type Levels map[string]int

// MarshalJSON writes {} for none.
func (l Levels) MarshalJSON() ([]byte, error) {
	if len(l) == 0 {
		return []byte("{}"), nil
	}
	return json.Marshal(map[string]int(l))
}

// UnmarshalJSON reads none as nil.
func (l *Levels) UnmarshalJSON(b []byte) error {
	var m map[string]int
	if err := json.Unmarshal(b, &m); err != nil {
		return err
	}
	if *l = m; len(m) == 0 {
		*l = nil
	}
	return nil
}

// Skill is a category of appliances that a technician repairs, and how well:
// 1 helps, 2 repairs alone, 3 is whom others ask.
type Skill struct {
	Category string `json:"category"`
	Level    int    `json:"level"`
}

// UnmarshalJSON takes the category alone as well, which is level 2.
func (k *Skill) UnmarshalJSON(b []byte) error {
	k.Level = slots.Able
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &k.Category)
	}
	type plain Skill
	return json.Unmarshal(b, (*plain)(k))
}

// AllLevels gives the level of each of a user's skills.
func (u *User) AllLevels() Levels {
	out := Levels{}
	for _, category := range u.Skills {
		out[category] = slots.Able
		if level, ok := u.SkillLevels.V[category]; ok {
			out[category] = level
		}
	}
	return out
}

// SetSkills replaces a technician's skills. Coordinator, proprietor, area
// manager, admin. Errors: CodeUnprocessable.
func (s *Service) SetSkills(ctx context.Context, call *Call, id ID, skills []Skill) (User, error) {
	return s.setTechnician(ctx, call, id, func(u *User) error {
		u.Skills, u.SkillLevels.V = JSONList[string]{}, nil
		for i, k := range skills {
			p := fmt.Sprintf("/skills/%d", i)
			switch {
			case strings.TrimSpace(k.Category) == "":
				return Fail(CodeUnprocessable, "A skill names a category of appliances.").At(p+"/category", "such as refrigerator")
			case k.Level < slots.Helper || k.Level > slots.Expert:
				return Fail(CodeUnprocessable, "The level of a skill is 1, 2 or 3.").At(p+"/level", "1 to 3")
			case has(u.Skills, k.Category):
				return Fail(CodeUnprocessable, "A skill stands here twice.").At(p, "each once")
			}
			u.Skills = append(u.Skills, k.Category)
			if k.Level == slots.Able {
				continue
			}
			if u.SkillLevels.V == nil {
				u.SkillLevels.V = Levels{}
			}
			u.SkillLevels.V[k.Category] = k.Level
		}
		return nil
	})
}
