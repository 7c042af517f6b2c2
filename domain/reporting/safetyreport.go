package reporting

import (
	"context"

	"doorstep/domain"
)

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
func (s *Service) SafetyReport(ctx context.Context, a domain.Actor, f domain.ReportFilter) ([]domain.SafetyRow, error) {
	if !a.Is(domain.RoleProprietor, domain.RoleAreaManager, domain.RoleAdmin) {
		return nil, domain.Fail(domain.CodeForbidden, "As %s you may not read the figures of a centre.", domain.RoleWords(a.Role))
	}
	if err := reportPeriod(f.From, f.To); err != nil {
		return nil, err
	}
	f.Reader = a.UserID
	rows, err := s.Read.SafetyCounts(ctx, a.Scope(), f)
	if err != nil {
		return nil, err
	}
	total := domain.SafetyRow{Centre: "total"}
	for i := range rows {
		r := &rows[i]
		for _, p := range [][2]*int{{&total.Timers, &r.Timers}, {&total.Pings, &r.Pings}, {&total.Alarms, &r.Alarms},
			{&total.ByTimer, &r.ByTimer},
			{&total.Answered, &r.Answered}, {&total.WithinMinute, &r.WithinMinute}, {&total.Real, &r.Real}, {&total.False, &r.False},
			{&total.Tests, &r.Tests}, {&total.Open, &r.Open}} {
			*p[0] += *p[1]
		}
		r.Rate()
	}
	total.Rate()
	return append(rows, total), nil
}

// AftercareReport counts the conversations that managers owe. Area manager,
// admin. Errors: CodeForbidden, CodeUnprocessable.
func (s *Service) AftercareReport(ctx context.Context, a domain.Actor, f domain.ReportFilter) ([]domain.AftercareCount, error) {
	if !a.Is(domain.RoleAreaManager, domain.RoleAdmin) {
		return nil, domain.Fail(domain.CodeForbidden, "As %s you may not read this report.", domain.RoleWords(a.Role))
	}
	if err := reportPeriod(f.From, f.To); err != nil {
		return nil, err
	}
	return s.Read.AftercareCounts(ctx, a, f, s.Instant())
}
