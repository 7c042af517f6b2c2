// Package duty knows when somebody works: a weekly roster in local wall-clock
// time, holidays, leave and quiet hours, across changes of the clocks
// (docs/product.md section 5, "Off duty is off duty", and section 8). It is pure.
//
// It does not decide what may ring off duty, and books nobody: hours for
// visits are slots' rule.
//
//	duty.go   Roster: is it duty, when next, and when so much of it has passed
package duty
