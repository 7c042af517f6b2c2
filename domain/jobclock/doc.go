// Package jobclock splits the age of a job into the time that the centre, the
// customer, missing parts and the brand took (docs/product.md section 3, "Job
// clock"). Each pause names the fact that proves it. It is pure.
//
// It finds no pauses: what attempts, visits and holds mean for the clock is
// said by domain.
//
//	jobclock.go   Split and Sum
package jobclock
