package intake

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"doorstep/domain"
)

// RowRead is what was understood of a row, in words; empty where it does not say.
type RowRead struct {
	Name       string                  `json:"name"`
	Phones     domain.JSONList[string] `json:"phones"`
	Address    string                  `json:"address"`
	When       string                  `json:"when"` // in the zone of the centre
	Technician string                  `json:"technician"`
	Fault      string                  `json:"fault"`
}

// FieldChange is one field of a known job, as it stands and as the sheet has it.
type FieldChange struct {
	Field string `json:"field"`
	From  string `json:"from"`
	To    string `json:"to"`
}

// read says what was understood of a row.
func (r *importRun) read(w *parsedRow) *RowRead {
	out := &RowRead{Name: w.is("name"), Phones: domain.JSONList[string](w.phones), Fault: w.is("fault"),
		Address: joined(", ", w.is("address"), w.is("landmark"), w.is("postal_code"))}
	if !w.start.IsZero() && !w.noVisit {
		out.When = windowWords(w.start, w.end, r.centre.Location())
	}
	if w.crew != nil && !w.noVisit && !w.noCrew {
		out.Technician = r.names(*w.crew)
	}
	return out
}

// windowWords says a window as people say it, with the weekday.
func windowWords(start, end time.Time, loc *time.Location) string {
	from, to := start.In(loc), end.In(loc)
	until := to.Format("15:04")
	if to.Format(time.DateOnly) != from.Format(time.DateOnly) {
		until = to.Format("Monday 2 January 2006, 15:04")
	}
	return from.Format("Monday 2 January 2006, 15:04") + " to " + until
}

// names says who is in a crew; whoever is of no concern to this centre is somebody.
func (r *importRun) names(crew []domain.ID) string {
	var out []string
	for _, id := range crew {
		name := "somebody"
		for i := range r.technicians {
			if r.technicians[i].ID == id {
				name = r.technicians[i].Name
			}
		}
		out = append(out, name)
	}
	return strings.Join(out, ", ")
}

// toCome is the visit of a job that is to come; nil: none.
func toCome(visits []domain.Visit) *domain.Visit {
	for i := range visits {
		if visits[i].Status == domain.VisitScheduled {
			return &visits[i]
		}
	}
	return nil
}

// stateOf is what an import may change of a job, as it stands.
func stateOf(j *domain.Job, h *domain.Customer, v *domain.Visit) domain.ImportState {
	s := domain.ImportState{Category: j.Category, Serial: j.Serial, Fault: j.Fault, WhatMatters: j.WhatMatters, Note: j.Note,
		Priority: j.Priority,
		Cover:    j.Cover, SafetyCritical: j.SafetyCritical, SkillLevel: j.SkillLevel, ValueMinor: j.ValueMinor, ContactID: j.ContactID,
		SiteID: j.SiteID, ApplianceID: j.ApplianceID, Said: j.Imported.V, Seq: j.Seq, Contacts: slices.Clone(h.Contacts),
		Sites: slices.Clone(h.Sites)}
	for i := range s.Contacts {
		s.Contacts[i].Phones = slices.Clone(s.Contacts[i].Phones)
		s.Contacts[i].InvalidPhones = slices.Clone(s.Contacts[i].InvalidPhones)
	}
	if v != nil {
		s.VisitID, s.WindowStart, s.WindowEnd, s.Minutes = &v.ID, v.WindowStart, v.WindowEnd, v.PlannedMinutes
		s.Crew = slices.Clone([]domain.ID(v.Crew))
	}
	return s
}

// changes says field by field what became of a known job.
func (r *importRun) changes(was, became *domain.ImportState) domain.JSONList[FieldChange] {
	out := domain.JSONList[FieldChange]{}
	a, b := r.inWords(was), r.inWords(became)
	for i := range a {
		if a[i][1] != b[i][1] {
			out = append(out, FieldChange{Field: a[i][0], From: a[i][1], To: b[i][1]})
		}
	}
	return out
}

// inWords gives the fields of a state that a person reads, in the order in which they matter.
func (r *importRun) inWords(s *domain.ImportState) [][2]string {
	var name, phones, email, address, value, when string
	for i := range s.Contacts {
		if c := &s.Contacts[i]; s.ContactID != nil && c.ID == *s.ContactID {
			name, phones, email = c.Name, strings.Join(c.Phones, ", "), c.Email
		}
	}
	for i := range s.Sites {
		if x := &s.Sites[i]; x.ID == s.SiteID {
			address = joined(", ", x.Address, x.Landmark, x.PostalCode)
		}
	}
	if s.ValueMinor != nil {
		value = strconv.FormatInt(*s.ValueMinor, 10)
	}
	if s.VisitID != nil {
		when = windowWords(s.WindowStart, s.WindowEnd, r.centre.Location())
	}
	appliance := ""
	if s.ApplianceID != nil {
		appliance = s.ApplianceID.String()
	}
	return [][2]string{{"name", name}, {"phones", phones}, {"address", address}, {"visit", when}, {"technician", r.names(s.Crew)},
		{"fault", s.Fault}, {"what_matters", s.WhatMatters}, {"note", s.Note}, {"category", s.Category}, {"serial", s.Serial},
		{"appliance_id", appliance},
		{"priority", s.Priority}, {"safety_critical", strconv.FormatBool(s.SafetyCritical)}, {"cover", s.Cover},
		{"skill_level", strconv.Itoa(s.SkillLevel)}, {"value_minor", value}, {"email", email}}
}
