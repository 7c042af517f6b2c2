// Package dayplan plans a day: who drives to which visit in which order
// (docs/product.md section 6). It is a vehicle routing problem with time windows,
// solved by ruin and recreate: again and again some visits that lie near each
// other are taken out of the plan and put back where they cost least, and the
// new plan is kept when it is better or, early on, not much worse (Schrimpf et
// al. 2000; the choice of what to take out, and the reduction of vehicles,
// follow Christiaens and Vanden Berghe, "Slack Induction by String Removals",
// Transportation Science 54, 2020). Hard rules are never broken on the way.
//
// The package is pure: times and distances are minutes as float64 from any
// origin, chance comes from a seed, and the caller says when to stop.
//
// It knows neither technicians nor households: who must not go where comes in
// as a cost without bound. Whether one visit fits at one time is slots' rule.
//
//	problem.go   a day as stops and vehicles, and the plan
//	solve.go     Solve, the search
//	state.go     a plan under way
//	check.go     Check drives a plan anew and says which hard rule it breaks
package dayplan
