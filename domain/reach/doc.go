// Package reach judges whether a household can be reached: the verdict of docs/product.md section 4, computed from attempts,
// a policy and a clock, and explained in words. It is pure: the same case gives the same verdict in whatever order its
// attempts are listed, and any new fact, also one that arrives late, can overturn it.
//
// It records no attempt and places no hold: that is domain's, which keeps a verdict no longer than until the next fact.
//
//	case.go     what a verdict depends on, and the verdict
//	policy.go   the numbers of the rule, and how strict a centre may be
//	judge.go    Judge: contact, what counts, the last notice
//	enough.go   when a set of attempts is enough
//	local.go    instants on the wall clock of the site
//	words.go    why in sentences
package reach
