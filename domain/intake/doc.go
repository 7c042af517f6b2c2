// Package intake reads jobs from a table of another system. It guesses nothing
// that casework would not accept.
//
//	import_cells.go  what a cell says
//	import_jobs.go   rows, and what becomes of each
//	import_preview.go    what was read of a row, what it would change
//	import_questions.go  what is asked before a row lands
//	import_record.go     imports as records, their progress; answers
//	import_undo.go       an import taken back
//	question.go      what a sheet leaves in doubt, and what of it was not used
//	question_id.go   the names of doubts
//	template.go      an empty table to fill in
//	service.go       the use cases
package intake
