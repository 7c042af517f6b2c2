package domain

import (
	"testing"
	"time"
)

// TestPatterns walks who is one side, what counts, and when a pattern is over.
func TestPatterns(t *testing.T) {
	now := time.Date(2027, 3, 1, 6, 0, 0, 0, time.UTC)
	id := func(n byte) *ID { return &ID{n} }
	ravi, meena, home, other := id(1), id(2), id(3), id(4)
	staff := func(by, about, visit *ID, days int, level int) Flag {
		return Flag{Meta: Meta{ID: ID{9, byte(days)}}, ReporterID: by, CustomerID: about, VisitID: visit, Level: level, Kind: "verbal_abuse",
			Status: FlagReported, OccurredAt: now.AddDate(0, 0, -days)}
	}
	household := func(by, about *ID, days int) Flag {
		return Flag{ByCustomer: true, CustomerID: by, SubjectID: about, Level: 1, Kind: "verbal_abuse", Status: FlagReported,
			OccurredAt: now.AddDate(0, 0, -days)}
	}
	with := func(f Flag, change func(*Flag)) Flag { change(&f); return f }
	for name, c := range map[string]struct {
		reports []Flag
		about   string
		sides   int
	}{
		"one crew":            {[]Flag{staff(ravi, home, nil, 5, 1)}, "", 0},
		"twice the same":      {[]Flag{staff(ravi, home, nil, 5, 1), staff(ravi, home, nil, 9, 1)}, "", 0},
		"two of one crew":     {[]Flag{staff(ravi, home, id(8), 5, 1), staff(meena, home, id(8), 5, 1)}, "", 0},
		"two crews":           {[]Flag{staff(ravi, home, id(7), 5, 1), staff(meena, home, id(8), 9, 0)}, "household", 2},
		"two households":      {[]Flag{staff(ravi, home, nil, 5, 1), staff(meena, other, nil, 9, 1)}, "", 0},
		"long ago":            {[]Flag{staff(ravi, home, nil, 5, 1), staff(meena, home, nil, 90, 1)}, "", 0},
		"just not over":       {[]Flag{staff(ravi, home, nil, 5, 1), staff(meena, home, nil, 89, 1)}, "household", 2},
		"not mild":            {[]Flag{staff(ravi, home, nil, 5, 1), staff(meena, home, nil, 9, 2)}, "", 0},
		"of ours":             {[]Flag{household(home, ravi, 5), household(other, ravi, 9)}, "staff", 2},
		"one household twice": {[]Flag{household(home, ravi, 5), household(home, ravi, 9)}, "", 0},
		"whom the household reported": {[]Flag{staff(ravi, home, nil, 5, 1), staff(meena, home, nil, 9, 1), household(home, meena, 20)},
			"", 0},
		"whom the technician reported": {[]Flag{household(home, ravi, 5), household(other, ravi, 9), staff(ravi, other, nil, 30, 3)}, "", 0},
		"withdrawn": {[]Flag{staff(ravi, home, nil, 5, 1),
			with(staff(meena, home, nil, 9, 1), func(f *Flag) { f.Status = FlagWithdrawn })}, "", 0},
		"found not to be so": {[]Flag{staff(ravi, home, nil, 5, 1),
			with(staff(meena, home, nil, 9, 1), func(f *Flag) { f.Status = FlagNotUpheld })}, "", 0},
		"an everyday wish": {[]Flag{staff(ravi, home, nil, 5, 1),
			with(staff(meena, home, nil, 9, 0), func(f *Flag) { f.Kind = OptOutKind })}, "", 0},
	} {
		got := Patterns(c.reports, now)
		if c.sides == 0 {
			if len(got) != 0 {
				t.Errorf("%s: %+v", name, got)
			}
			continue
		}
		if len(got) != 1 || got[0].About != c.about || got[0].Sides != c.sides {
			t.Errorf("%s: %+v", name, got)
			continue
		}
		oldest := c.reports[1].OccurredAt
		if !got[0].ExpiresAt.Equal(oldest.Add(PatternWithin)) {
			t.Errorf("%s: it is over at %v", name, got[0].ExpiresAt)
		}
		if r := got[0].Reports[0]; c.reports[1].Level == 0 && (r.FlagID != nil || r.Kind != "") {
			t.Errorf("%s: a private note is told: %+v", name, r)
		}
	}
	p := Patterns([]Flag{with(staff(ravi, home, nil, 5, 1), func(f *Flag) { f.AreaID = id(20) }), staff(meena, home, nil, 9, 1)}, now)[0]
	for a, want := range map[*Actor]bool{
		{UserID: ID{30}, Role: RoleAreaManager, AreaID: ID{20}}: true, {UserID: *ravi, Role: RoleAreaManager, AreaID: ID{20}}: false,
		{UserID: ID{30}, Role: RoleAreaManager, AreaID: ID{21}}: false, {UserID: ID{30}, Role: RoleAdmin}: false,
		{UserID: ID{30}, Role: RoleProprietor, AreaID: ID{20}}: false,
	} {
		if p.SeenBy(*a) != want {
			t.Errorf("%+v sees it: %v", a, !want)
		}
	}
}
