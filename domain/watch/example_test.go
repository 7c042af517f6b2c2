package watch_test

import (
	"fmt"
	"time"

	"doorstep/domain/watch"
)

// At the rate of all centres this one would have made three reports, and it made none.
func ExampleJudgeCentre() {
	all := watch.Centre{Visits: 1000, Reports: 20}
	got := watch.JudgeCentre(watch.Centre{Visits: 150}, all)
	fmt.Println(got.Verdict, got.Signs)
	fmt.Println(watch.JudgeCentre(watch.Centre{Visits: 40}, all).Verdict)
	// Output:
	// look [many_visits_no_reports]
	// too_few
}

// One visit a day before the report, one each other day after it.
func ExampleJudgePerson() {
	reported := time.Date(2026, time.November, 1, 0, 0, 0, 0, time.UTC)
	var jobs []watch.Job
	for day := range 20 {
		jobs = append(jobs, watch.Job{At: reported.AddDate(0, 0, -1-day)})
		if day%2 == 0 {
			jobs = append(jobs, watch.Job{At: reported.AddDate(0, 0, day)})
		}
	}
	got, before, after := watch.JudgePerson(reported, reported.AddDate(0, 0, 20), jobs)
	fmt.Println(got.Verdict, got.Signs, before.Jobs, "before,", after.Jobs, "after")
	// Output: look [fewer_jobs] 20 before, 10 after
}
