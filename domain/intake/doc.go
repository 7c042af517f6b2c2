// Package intake reads jobs from a table of another system. It guesses nothing
// that casework would not accept.
//
//	import_cells.go  what a cell says
//	import_jobs.go   rows, and what becomes of each
//	question.go      what a sheet leaves in doubt, and what of it was not used
//	question_id.go   the names of doubts
//	service.go       the use cases
package intake
