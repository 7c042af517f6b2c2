// Package sheet reads the tables that people send, CSV and XLSX, in bounded
// memory, and writes CSV.
//
//	csv.go           CSV: its delimiter found out, its rows read
//	frugal.go        how little memory a long table takes
//	text.go          from bytes to text: which encoding it is
//	sheet.go         Parse, and the rows that both formats make
//	template.go      an empty workbook to fill in
//	write.go         writing CSV that a spreadsheet runs nothing of
//	xlsx.go          the sheets of a workbook, cell by cell
//	xlsx_cells.go    which form cells have: text, number, date
//	xlsx_measure.go  what a workbook claims to hold, before it is unpacked
package sheet
