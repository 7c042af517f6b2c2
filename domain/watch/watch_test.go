package watch

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestCentres(t *testing.T) {
	all := Centre{Visits: 2000, Reports: 40}
	for name, c := range map[string]struct {
		centre Centre
		want   string
		sign   string
	}{
		"too few visits":          {Centre{Visits: 49}, TooFew, ""},
		"none, and few expected":  {Centre{Visits: 149}, Nothing, ""},
		"none, and three were":    {Centre{Visits: 150}, Look, Silent},
		"some":                    {Centre{Visits: 400, Reports: 1}, Nothing, ""},
		"two of four withdrawn":   {Centre{Visits: 400, Reports: 4, Withdrawn: 2}, Nothing, ""},
		"two of six withdrawn":    {Centre{Visits: 400, Reports: 6, Withdrawn: 2}, Nothing, ""},
		"three of six withdrawn":  {Centre{Visits: 400, Reports: 6, Withdrawn: 3}, Look, Withdrawals},
		"one of them by pressure": {Centre{Visits: 400, Reports: 2, Withdrawn: 1, UnderPressure: 1}, Look, Pressure},
	} {
		got := JudgeCentre(c.centre, all)
		if got.Verdict != c.want || c.sign != "" && !slices.Contains(got.Signs, c.sign) || c.sign == "" && len(got.Signs) > 0 {
			t.Errorf("%s: %+v", name, got)
		}
		if c.sign != "" && Definitions[c.sign] == "" {
			t.Errorf("%s has no definition", c.sign)
		}
	}
}

var day0 = time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)

// diary has n visits a day of a kind on each of the days.
func diary(from, to, n int, chargeable bool, km float64) []Job {
	var out []Job
	for d := from; d < to; d++ {
		for i := range n {
			out = append(out, Job{At: day0.AddDate(0, 0, d).Add(time.Duration(i) * time.Hour), Chargeable: chargeable, Km: &km})
		}
	}
	return out
}

// worth says what each of some jobs is expected to bring.
func worth(jobs []Job, minor int64) []Job {
	for i := range jobs {
		jobs[i].Value = &minor
	}
	return jobs
}

func TestPeople(t *testing.T) {
	before := worth(diary(-30, 0, 2, true, 5), 100_00)
	for name, c := range map[string]struct {
		after []Job
		days  int
		want  string
		sign  string
	}{
		"the same":         {diary(0, 30, 2, true, 5), 30, Nothing, ""},
		"too early":        {nil, 6, TooEarly, ""},
		"none for a week":  {nil, 7, Look, Fewer},
		"half of them":     {diary(0, 30, 1, true, 5), 40, Look, Fewer},
		"no value":         {diary(0, 30, 2, false, 5), 30, Look, Cheaper},
		"lower value":      {worth(diary(0, 30, 2, true, 5), 40_00), 30, Look, Lower},
		"a little lower":   {worth(diary(0, 30, 2, true, 5), 60_00), 30, Nothing, ""},
		"farther":          {diary(0, 30, 2, true, 8), 30, Look, Farther},
		"a little farther": {diary(0, 30, 2, true, 7), 30, Nothing, ""},
		"long after":       {diary(30, 90, 9, false, 90), 90, Look, Fewer}, // only 30 days are compared
	} {
		got, _, _ := JudgePerson(day0, day0.AddDate(0, 0, c.days), append(slices.Clone(before), c.after...))
		if got.Verdict != c.want || c.sign != "" && !slices.Contains(got.Signs, c.sign) || c.sign == "" && len(got.Signs) > 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got, b, a := JudgePerson(day0, day0.AddDate(0, 0, 30), diary(-30, -23, 1, true, 5)); got.Verdict != TooFew || b.Jobs != 0 ||
		a.Jobs != 0 {
		t.Errorf("seven visits are judged: %+v %+v", got, b)
	}
}

// Whatever the diary: too few shows no figure, and who is treated as before is
// never a sign.
func TestNoFigureOfTooFew(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, days := rapid.IntRange(0, 3).Draw(t, "a day"), rapid.IntRange(0, 60).Draw(t, "days")
		jobs := append(diary(-30, 0, n, rapid.Bool().Draw(t, "chargeable"), 5), diary(0, 60, n, rapid.Bool().Draw(t, "later"), 5)...)
		got, b, a := JudgePerson(day0, day0.AddDate(0, 0, days), jobs)
		if (got.Verdict == TooFew || got.Verdict == TooEarly) && (b != Half{} || a != Half{}) {
			t.Fatalf("%s with %+v and %+v", got.Verdict, b, a)
		}
		if slices.Contains(got.Signs, Fewer) || slices.Contains(got.Signs, Farther) {
			t.Fatalf("as before, and yet %v", got.Signs)
		}
	})
}
