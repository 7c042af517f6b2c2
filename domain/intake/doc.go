// Package intake reads jobs from a table of another system. It guesses nothing
// that casework would not accept. A file goes through steps, each pure: bytes
// and text are api/sheet's; table, columns, cells and rows stand here; what
// becomes of each row is the last.
//
//	table.go         from sheets to the table: its heading found, its rows
//	headings.go      the words of headings and cells, a file per language
//	columns.go       from the table to its columns: which field each means
//	dates.go         days, as each country writes them
//	hours.go         times of day and the window of a visit
//	phones.go        the numbers in a cell
//	names.go         people: titles, turned names, technicians
//	import_cells.go  from cells to a row understood
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
