// Package planning proposes who drives where on a day, by the rules of an
// assignment; the search itself is dayplan.
//
//	day.go       a day as the search sees it: places, ways, who may come
//	draft.go     a draft of a day, and why a visit found no place
//	planning.go  proposals, kept and applied
//	service.go   the use cases
//	sick.go      a day of somebody who fell ill is freed
package planning
