// Package proof is what shows that nothing was changed or lost: evidence files
// and packs, files of visits, signed heads of the timelines.
//
//	chains.go        the hash chains of the timelines, checked
//	evidence.go      files of a report
//	evidencepack.go  a job with all that proves it, to hand over
//	heads.go         signed heads of the timelines
//	photo_place.go   a file without what says where it was taken
//	service.go       the use cases
//	visit_files.go   photos, signatures and recordings of a visit, as they arrive
package proof
