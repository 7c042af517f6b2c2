package domain

import (
	"encoding/json"

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
