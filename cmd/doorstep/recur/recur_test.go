package recur

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var ruleStart = time.Date(2027, 3, 1, 10, 0, 0, 0, time.UTC) // a Monday

func TestRules(t *testing.T) {
	for rule, want := range map[string]string{
		"FREQ=MONTHLY;BYDAY=1MO":                        "0301 0405 0503",
		"FREQ=MONTHLY;BYDAY=-1FR":                       "0326 0430 0528",
		"FREQ=YEARLY;BYDAY=20MO":                        "0517 0515 0514",
		"FREQ=DAILY;UNTIL=20270302":                     "0301 0302",
		"FREQ=DAILY;UNTIL=20270302T090000":              "0301",
		"FREQ=DAILY;COUNT=2":                            "0301 0302",
		"FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE":            "0301 0303 0315",
		"FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1": "0331 0430 0531",
		"FREQ=MONTHLY;BYMONTHDAY=31":                    "0331 0531 0731",
		"FREQ=YEARLY;BYMONTH=6;BYMONTHDAY=15":           "0615 0615 0615",
		"FREQ=MONTHLY;BYDAY=1MO,+30MO":                  "",
		"FREQ=MONTHLY;BYDAY=+53MO":                      "",
		"FREQ=MONTHLY;BYDAY=6FR":                        "",
		"FREQ=YEARLY;BYMONTH=5;BYDAY=30MO":              "",
		"FREQ=YEARLY;BYWEEKNO=3;BYDAY=1MO":              "",
		"FREQ=WEEKLY;BYDAY=2MO":                         "",
		"FREQ=DAILY;FREQ=YEARLY":                        "",
		"FREQ=DAILY;COUNT=0":                            "",
		"FREQ=DAILY;COUNT=-1":                           "",
		"FREQ=DAILY;INTERVAL=0":                         "",
		"FREQ=DAILY;COUNT=3;UNTIL=20270401":             "",
		"FREQ=DAILY;BYSETPOS=5":                         "",
		"FREQ=WEEKLY;BYMONTHDAY=3":                      "",
		"FREQ=HOURLY":                                   "",
		"FREQ=DAILY;BYHOUR=1,2":                         "",
		"FREQ=DAILY;":                                   "",
		"":                                              "",
	} {
		dates, err := Dates(rule, time.UTC, ruleStart, ruleStart.Add(-time.Minute), ruleStart.AddDate(5, 0, 0), 3)
		var got []string
		for _, d := range dates {
			got = append(got, d.Format("0102"))
		}
		if strings.Join(got, " ") != want || (want == "") != (err != nil) {
			t.Errorf("%s: %v %v", rule, got, err)
		}
	}
}

// Whatever a rule says: it is refused, or its dates come in order and in time.
func TestNoRuleEndsTheServer(t *testing.T) {
	words := map[string][]string{"FREQ": {"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}, "WKST": {"MO", "SU"},
		"UNTIL": {"20280101", "20280101T000000Z"}}
	rapid.Check(t, func(t *rapid.T) {
		parts := []string{"FREQ=" + rapid.SampledFrom(words["FREQ"]).Draw(t, "freq")}
		for name := range ruleParts {
			if name == "FREQ" || rapid.IntRange(0, 2).Draw(t, name) > 0 {
				continue
			}
			value := fmt.Sprint(rapid.IntRange(-400, 400).Draw(t, name+" value"))
			switch {
			case name == "BYDAY":
				value = fmt.Sprintf("%+d%s", rapid.IntRange(-60, 60).Draw(t, "nth"), rapid.SampledFrom([]string{"MO", "SU"}).Draw(t, "day"))
			case words[name] != nil:
				value = rapid.SampledFrom(words[name]).Draw(t, name+" word")
			}
			parts = append(parts, name+"="+value)
		}
		rule := strings.Join(parts, ";")
		begin := time.Now()
		dates, err := Dates(rule, time.UTC, ruleStart, ruleStart, ruleStart.AddDate(5, 0, 0), 30)
		if took := time.Since(begin); took > 2*time.Second {
			t.Errorf("%s took %v", rule, took)
		}
		if err != nil && strings.Contains(err.Error(), "cannot be reckoned") {
			t.Errorf("%s got as far as the library", rule)
		}
		for i := range dates {
			if i > 0 && !dates[i].After(dates[i-1]) || !dates[i].After(ruleStart) {
				t.Errorf("%s: %v", rule, dates)
			}
		}
	})
}
