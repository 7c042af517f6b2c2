package watch

import "time"

// The smallest samples that are judged.
const (
	minVisits = 50 // of a centre
	minFlags  = 5  // of a centre, for withdrawals
	minJobs   = 8  // of a person, before
	Span      = 30 * 24 * time.Hour
	minSpan   = 7 * 24 * time.Hour // since the report
)

// Verdicts.
const (
	TooFew   = "too_few"
	TooEarly = "too_early"
	Nothing  = "nothing_seen"
	Look     = "look"
)

// Signs that ask somebody to look.
const (
	Silent      = "many_visits_no_reports"
	Withdrawals = "many_withdrawals"
	Pressure    = "withdrawn_under_pressure"
	Fewer       = "fewer_jobs"
	Cheaper     = "fewer_chargeable_jobs"
	Lower       = "lower_value"
	Farther     = "farther_jobs"
)

// Definitions says what each figure and sign means, for people.
var Definitions = map[string]string{
	"visits":                   "Visits of the period to which somebody of the centre went: completed, partial, without access, stopped.",
	"reports":                  "Reports of level 1 and above that people of the centre made in the period. What households report about them is not among them.",
	"withdrawn":                "Of these, those that their reporters withdrew.",
	"under_pressure":           "Of the withdrawn ones, those whose reporter said in private that there was pressure.",
	"jobs":                     "Visits in the reporter's diary, in as many days before their first report of the period as have passed since, at most 30. Leave is not taken out.",
	"chargeable":               "Of these, visits of jobs that are chargeable.",
	"value_minor":              "Mean of what the jobs of those visits are expected to bring, where it is known, in the smallest unit of the currency.",
	"distance_km":              "Mean distance from their home base, as the crow flies, of those visits where both places are known.",
	"opt_outs":                 "Technicians with at least three wishes of the period not to meet again, theirs and households' about them, that are at least half of their centre's.",
	"too_few":                  "Below 50 visits of a centre, or 8 of a person in the days before, nothing is judged and no figure is shown. Withdrawals are judged from 5 reports on.",
	"too_early":                "Fewer than 7 days have passed since the report.",
	"many_visits_no_reports":   "At the rate of all centres in this report at least three reports were to be expected, and there is none.",
	"many_withdrawals":         "More than a third of the reports were withdrawn.",
	"withdrawn_under_pressure": "At least one reporter said that there was pressure.",
	"fewer_jobs":               "They have fewer than six tenths of the visits that they had.",
	"fewer_chargeable_jobs":    "The share of chargeable visits is less than half of what it was.",
	"lower_value":              "The jobs of their visits bring less than half of what they did, where at least 8 are known on each side.",
	"farther_jobs":             "Their visits are more than half as far again as they were.",
}

// Centre is what is counted of one centre.
type Centre struct {
	Visits        int `json:"visits"`
	Reports       int `json:"reports"`
	Withdrawn     int `json:"withdrawn"`
	UnderPressure int `json:"under_pressure"`
}

// Judged is a verdict with the signs that led to it.
type Judged struct {
	Verdict string   `json:"verdict"`
	Signs   []string `json:"signs"`
}

func judged(signs []string) Judged {
	if len(signs) > 0 {
		return Judged{Look, signs}
	}
	return Judged{Nothing, []string{}}
}

// JudgeCentre judges a centre against all of them.
func JudgeCentre(c, all Centre) Judged {
	if c.Visits < minVisits {
		return Judged{TooFew, []string{}}
	}
	var signs []string
	if c.Reports == 0 && all.Visits > 0 && float64(c.Visits)*float64(all.Reports)/float64(all.Visits) >= 3 {
		signs = append(signs, Silent)
	}
	if c.Reports >= minFlags && c.Withdrawn*3 > c.Reports {
		signs = append(signs, Withdrawals)
	}
	if c.UnderPressure > 0 {
		signs = append(signs, Pressure)
	}
	return judged(signs)
}

// Job is one visit in a person's diary.
type Job struct {
	At         time.Time
	Chargeable bool
	Value      *int64   // expected, where known
	Km         *float64 // from their home base, where known
}

// Half is what is counted of a diary before a report, or after it.
type Half struct {
	Jobs       int      `json:"jobs"`
	Chargeable int      `json:"chargeable"`
	ValueMinor *float64 `json:"value_minor"`
	DistanceKm *float64 `json:"distance_km"`
	valued     int
	located    int
}

// Days gives how long a diary is compared at an instant.
func Days(reported, now time.Time) time.Duration { return min(Span, now.Sub(reported)) }

// JudgePerson sets the days after a report against as many before it.
func JudgePerson(reported, now time.Time, jobs []Job) (Judged, Half, Half) {
	span := Days(reported, now)
	if span < minSpan {
		return Judged{TooEarly, []string{}}, Half{}, Half{}
	}
	before, after := count(jobs, reported.Add(-span), reported), count(jobs, reported, reported.Add(span))
	if before.Jobs < minJobs {
		return Judged{TooFew, []string{}}, Half{}, Half{}
	}
	var signs []string
	if after.Jobs*10 < before.Jobs*6 {
		signs = append(signs, Fewer)
	}
	// Shares and distances are compared only where there are enough of both.
	if after.Jobs >= minJobs && before.Chargeable*2 >= minJobs && after.Chargeable*before.Jobs*2 < before.Chargeable*after.Jobs {
		signs = append(signs, Cheaper)
	}
	if before.valued >= minJobs && after.valued >= minJobs && *after.ValueMinor*2 < *before.ValueMinor {
		signs = append(signs, Lower)
	}
	if before.located >= minJobs && after.located >= minJobs && *after.DistanceKm > *before.DistanceKm*1.5 &&
		*after.DistanceKm > *before.DistanceKm+2 {
		signs = append(signs, Farther)
	}
	return judged(signs), before, after
}

func count(jobs []Job, from, to time.Time) Half {
	var h Half
	km, value := 0.0, 0.0
	for _, j := range jobs {
		if j.At.Before(from) || !j.At.Before(to) {
			continue
		}
		h.Jobs++
		if j.Chargeable {
			h.Chargeable++
		}
		if j.Km != nil {
			h.located++
			km += *j.Km
		}
		if j.Value != nil {
			h.valued++
			value += float64(*j.Value)
		}
	}
	h.DistanceKm, h.ValueMinor = mean(km, h.located), mean(value, h.valued)
	return h
}

func mean(sum float64, n int) *float64 {
	if n == 0 {
		return nil
	}
	sum /= float64(n)
	return &sum
}
