// Package watch looks for two things that nobody reports: centres where
// reporting may be suppressed, and people who may be made to pay for a report
// (docs/product.md section 5, "Suppression watch"). It judges counts and knows
// nothing of what was reported. What is too few to judge is not shown.
//
// It proves nothing and punishes nobody: a sign asks an area manager to look.
//
//	watch.go   JudgeCentre and JudgePerson, with the definition of each figure
package watch
