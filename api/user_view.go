package api

import (
	"bytes"
	"encoding/json"

	"doorstep/domain"
)

// userView is a member of staff as somebody else is shown them (domain.UserFields).
type userView struct {
	domain.User
	reader domain.Relation
}

func viewUser(a domain.Actor, u domain.User) userView {
	if u.SkillLevels.V == nil {
		u.SkillLevels.V = domain.Levels{}
	}
	return userView{u, a.RelationTo(&u)}
}

// MarshalJSON leaves out what the reader is not shown.
func (v userView) MarshalJSON() ([]byte, error) {
	whole, err := json.Marshal(v.User)
	if err != nil {
		return nil, err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(whole, &fields); err != nil {
		return nil, err
	}
	for name := range fields {
		if domain.UserFields[name]&v.reader == 0 {
			delete(fields, name)
		}
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	err = enc.Encode(fields)
	return bytes.TrimSpace(out.Bytes()), err
}

// encodeAnswer is how a use case's answer is written for its reader.
func encodeAnswer(a domain.Actor, answer any) ([]byte, error) {
	if u, ok := answer.(domain.User); ok {
		answer = viewUser(a, u)
	}
	return json.Marshal(answer)
}
