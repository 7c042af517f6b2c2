package domain

import "doorstep/domain/slots"

// Levels are those of skills by category, where they are not slots.Able.
type Levels map[string]int

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
