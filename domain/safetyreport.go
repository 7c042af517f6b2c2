package domain

import (
	"context"
)

// SafetyRow is one centre in GET /v1/reports/safety: how alarms were answered
// and how many were false (docs/product.md section 5: false alarms are a published
// figure). It names nobody and counts no reports.
type SafetyRow struct {
	CentreID     *ID      `json:"centre_id"` // null: the total
	Centre       string   `json:"centre"`
	Timers       int      `json:"timers"`
	Pings        int      `json:"pings"`
	Alarms       int      `json:"alarms"`
	ByTimer      int      `json:"alarms_by_timer"`
	Answered     int      `json:"answered"`
	WithinMinute int      `json:"answered_within_a_minute"`
	Real         int      `json:"real"`
	False        int      `json:"false_alarms"`
	Tests        int      `json:"tests"`
	Open         int      `json:"not_resolved"`
	FalseRate    *float64 `json:"false_alarm_rate"` // of real and false ones; null when there is none
}

// SafetyDefinitions says what each figure counts, for people.
var SafetyDefinitions = map[string]string{
	"timers":                   "Visit timers that were armed in the period.",
	"pings":                    "Times a timer asked somebody whether they are well.",
	"alarms":                   "SOS in the period, however they were raised.",
	"alarms_by_timer":          "Of these, those that a timer raised because nobody answered.",
	"answered":                 "Of these, those that a human acknowledged.",
	"answered_within_a_minute": "Of these, those acknowledged within 60 seconds.",
	"real":                     "Alarms resolved as real.",
	"false_alarms":             "Alarms resolved as false.",
	"tests":                    "Alarms resolved as tests.",
	"not_resolved":             "Alarms of the period that are still open.",
	"false_alarm_rate":         "False alarms of all that were resolved as real or false.",
}

// SafetyReport gives one row for each centre of the scope and their total.
// Proprietor, area manager, admin. Errors: CodeForbidden, CodeUnprocessable.
func (s *Service) SafetyReport(ctx context.Context, a Actor, f ReportFilter) ([]SafetyRow, error) {
	if !a.Is(RoleProprietor, RoleAreaManager, RoleAdmin) {
		return nil, Fail(CodeForbidden, "As %s you may not read the figures of a centre.", roleWords(a.Role))
	}
	if err := reportPeriod(f.From, f.To); err != nil {
		return nil, err
	}
	rows, err := s.Read.SafetyCounts(ctx, a.Scope(), f)
	if err != nil {
		return nil, err
	}
	total := SafetyRow{Centre: "total"}
	for i := range rows {
		r := &rows[i]
		for _, p := range [][2]*int{{&total.Timers, &r.Timers}, {&total.Pings, &r.Pings}, {&total.Alarms, &r.Alarms},
			{&total.ByTimer, &r.ByTimer},
			{&total.Answered, &r.Answered}, {&total.WithinMinute, &r.WithinMinute}, {&total.Real, &r.Real}, {&total.False, &r.False},
			{&total.Tests, &r.Tests}, {&total.Open, &r.Open}} {
			*p[0] += *p[1]
		}
		r.rate()
	}
	total.rate()
	return append(rows, total), nil
}

// rate computes the share of visits with a report.
func (r *SafetyRow) rate() {
	if n := r.Real + r.False; n > 0 {
		r.FalseRate = ptr(float64(r.False) / float64(n))
	}
}
