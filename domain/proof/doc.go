// Package proof is what shows that nothing was changed or lost: evidence files
// and packs, signed heads of the timelines.
//
//	chains.go        the hash chains of the timelines, checked
//	evidence.go      files of a report
//	evidencepack.go  a job with all that proves it, to hand over
//	heads.go         signed heads of the timelines
//	service.go       the use cases
package proof
