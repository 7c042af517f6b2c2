package reach

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestDefaultIsSectionFour(t *testing.T) {
	raw, err := json.Marshal(Default())
	if err != nil {
		t.Fatal(err)
	}
	want := `{"opens_at":"08:00","closes_at":"19:00","min_ring_seconds":20,"doorstep_meters":200,"min_attempts":3,"min_channels":2,"min_day_parts":2,"day_part_bounds":[12,16],"gap_minutes":120,"span_hours":24,"last_notice_hours":24,"max_calls_per_day":2,"close_after_days":7,"reopen_days":30,"late_fact_hours":72,"version":"default-1"}`
	if string(raw) != want {
		t.Errorf("%s, want %s", raw, want)
	}
	if got := Default().Validate(); got != nil {
		t.Errorf("%q", got)
	}
	if got := Default().AtLeast(Default()); got != nil {
		t.Errorf("%q", got)
	}
}

func TestValidate(t *testing.T) {
	for want, change := range map[string]func(*Policy){
		`opens_at must be a local time as HH:MM, not "8:00"`:      func(p *Policy) { p.OpensAt = "8:00" },
		`closes_at must be a local time as HH:MM, not "24:01"`:    func(p *Policy) { p.ClosesAt = "24:01" },
		"closes_at (08:00) must be later than opens_at (08:00)":   func(p *Policy) { p.ClosesAt = "08:00" },
		"min_ring_seconds must be from 0 to 120, not -1":          func(p *Policy) { p.MinRingSeconds = -1 },
		"doorstep_meters must be above 0 and at most 5000, not 0": func(p *Policy) { p.DoorstepMeters = 0 },
		"min_attempts must be from 1 to 50, not 0":                func(p *Policy) { p.MinAttempts = 0 },
		"min_channels must be from 1 to 6, not 7":                 func(p *Policy) { p.MinChannels = 7 },
		"min_day_parts must be from 1 to 3, not 0":                func(p *Policy) { p.MinDayParts = 0 },
		"day_part_bounds must be two rising hours from 1 to 23, not 16 and 12": func(p *Policy) {
			p.DayPartBounds = [2]int{16,
				12}
		},
		"between 12:00 and 16:00 there are only 1 parts of the day, min_day_parts asks for 2": func(p *Policy) {
			p.OpensAt, p.ClosesAt = "12:00",
				"16:00"
		},
		"gap_minutes must be from 0 to 10080, not -5":       func(p *Policy) { p.MinGap = -5 },
		"span_hours must be from 0 to 1440, not 9999":       func(p *Policy) { p.MinSpan = 9999 },
		"last_notice_hours must be from 1 to 1440, not 0":   func(p *Policy) { p.LastNoticeHours = 0 },
		"max_calls_per_day must be from 1 to 20, not 0":     func(p *Policy) { p.MaxCallsPerDay = 0 },
		"close_after_days must be from 1 to 365, not 0":     func(p *Policy) { p.CloseAfterDays = 0 },
		"reopen_days must be from 0 to 3650, not -1":        func(p *Policy) { p.ReopenDays = -1 },
		"late_fact_hours must be from 1 to 8760, not 0":     func(p *Policy) { p.LateFactHours = 0 },
		"version must not be empty: every verdict names it": func(p *Policy) { p.Version = " " },
	} {
		p := Default()
		change(&p)
		if got := p.Validate(); !slices.Equal(got, []string{want}) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// Each field is moved both ways: one way only is stricter, and the sentence names the field.
func TestAtLeast(t *testing.T) {
	brand := Default()
	for key, move := range map[string][2]func(*Policy){ // stricter, laxer
		"opens_at":             {func(p *Policy) { p.OpensAt = "09:00" }, func(p *Policy) { p.OpensAt = "07:59" }},
		"closes_at":            {func(p *Policy) { p.ClosesAt = "18:00" }, func(p *Policy) { p.ClosesAt = "24:00" }},
		"min_ring_seconds":     {func(p *Policy) { p.MinRingSeconds++ }, func(p *Policy) { p.MinRingSeconds-- }},
		"doorstep_meters":      {func(p *Policy) { p.DoorstepMeters-- }, func(p *Policy) { p.DoorstepMeters++ }},
		"min_attempts":         {func(p *Policy) { p.MinAttempts++ }, func(p *Policy) { p.MinAttempts-- }},
		"min_channels":         {func(p *Policy) { p.MinChannels++ }, func(p *Policy) { p.MinChannels-- }},
		"min_day_parts":        {func(p *Policy) { p.MinDayParts++ }, func(p *Policy) { p.MinDayParts-- }},
		"day_part_bounds":      {func(p *Policy) {}, func(p *Policy) { p.DayPartBounds[0]-- }},
		"gap_minutes":          {func(p *Policy) { p.MinGap++ }, func(p *Policy) { p.MinGap-- }},
		"span_hours":           {func(p *Policy) { p.MinSpan++ }, func(p *Policy) { p.MinSpan-- }},
		"last_notice_hours":    {func(p *Policy) { p.LastNoticeHours++ }, func(p *Policy) { p.LastNoticeHours-- }},
		"max_calls_per_day":    {func(p *Policy) { p.MaxCallsPerDay-- }, func(p *Policy) { p.MaxCallsPerDay++ }},
		"close_after_days":     {func(p *Policy) { p.CloseAfterDays++ }, func(p *Policy) { p.CloseAfterDays-- }},
		"reopen_days":          {func(p *Policy) { p.ReopenDays++ }, func(p *Policy) { p.ReopenDays-- }},
		"late_fact_hours":      {func(p *Policy) { p.LateFactHours-- }, func(p *Policy) { p.LateFactHours++ }},
		"silence_hours":        {func(p *Policy) { p.SilenceHours = 23 }, func(p *Policy) { p.SilenceHours = 25 }},
		"silence_urgent_hours": {func(p *Policy) { p.SilenceUrgentHours = 3 }, func(p *Policy) { p.SilenceUrgentHours = 5 }},
		"keep_photo_place":     {func(p *Policy) {}, func(p *Policy) { p.KeepPhotoPlace = true }},
		"version":              {func(p *Policy) { p.Version = "centre-4" }, nil},
	} {
		p := brand
		move[0](&p)
		if got := p.AtLeast(brand); got != nil {
			t.Errorf("%s: %q", key, got)
		}
		if move[1] == nil {
			continue
		}
		p = brand
		move[1](&p)
		got := p.AtLeast(brand)
		if len(got) != 1 || !strings.HasPrefix(got[0], key+" ") || !strings.Contains(got[0], "laxer than the brand's") {
			t.Errorf("%s: %q", key, got)
		}
	}
	if n := reflect.TypeOf(brand).NumField(); n != 19 {
		t.Errorf("%d fields, 19 of them tested", n)
	}
}
