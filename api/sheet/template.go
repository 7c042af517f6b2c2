package sheet

import (
	"fmt"

	"github.com/xuri/excelize/v2"

	"doorstep/domain/intake"
)

// The sheets of a template; jobs stand in the first.
const (
	sheetJobs        = "Jobs"
	sheetTechnicians = "Technicians"
	sheetNotes       = "How to fill it in"
)

// textColumns of a template are text, so that no spreadsheet makes a number of a ticket.
var textColumns = map[string]bool{"Ticket": true, "Mobile": true, "Alternate Mobile": true, "Pincode": true, "Model No": true,
	"Serial No":  true,
	"Visit Date": true, "From Time": true, "To Time": true}

// TemplateXLSX writes an empty table as a workbook: the technicians in a list to choose from, and
// how cells are written.
func TemplateXLSX(t intake.Template) ([]byte, error) {
	f := excelize.NewFile()
	defer func() { _ = f.Close() }()
	bold, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	if err != nil {
		return nil, err
	}
	text, err := f.NewStyle(&excelize.Style{NumFmt: 49}) // @: text
	if err != nil {
		return nil, err
	}
	steps := []func() error{
		func() error { return f.SetSheetName("Sheet1", sheetJobs) },
		func() error { return f.SetSheetRow(sheetJobs, "A1", &t.Headings) },
		func() error { return f.SetRowStyle(sheetJobs, 1, 1, bold) },
		func() error {
			return f.SetPanes(sheetJobs, &excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"})
		},
	}
	for i, heading := range t.Headings {
		column, err := excelize.ColumnNumberToName(i + 1)
		if err != nil {
			return nil, err
		}
		steps = append(steps, func() error { return f.SetColWidth(sheetJobs, column, column, 16) })
		if textColumns[heading] {
			steps = append(steps, func() error { return f.SetCellStyle(sheetJobs, column+"2", fmt.Sprint(column, 1000), text) })
		}
		if heading == "Technician" && len(t.Technicians) > 0 {
			choose := excelize.NewDataValidation(true)
			choose.SetSqref(fmt.Sprintf("%s2:%s%d", column, column, intake.MaxImportRows+1))
			choose.SetSqrefDropList(fmt.Sprintf("%s!$A$2:$A$%d", sheetTechnicians, len(t.Technicians)+1))
			choose.SetError(excelize.DataValidationErrorStyleWarning, "Technician", "Nobody of this name is a technician of the centre.")
			steps = append(steps, func() error { return f.AddDataValidation(sheetJobs, choose) })
		}
	}
	lists := map[string][][]any{sheetTechnicians: {{"Name", "Login"}}, sheetNotes: {}}
	for i := range t.Technicians {
		lists[sheetTechnicians] = append(lists[sheetTechnicians], []any{t.Technicians[i].Name, t.Technicians[i].Login})
	}
	for _, n := range t.Notes {
		lists[sheetNotes] = append(lists[sheetNotes], []any{n})
	}
	for _, name := range []string{sheetTechnicians, sheetNotes} {
		steps = append(steps, func() error { _, err := f.NewSheet(name); return err },
			func() error { return f.SetColWidth(name, "A", "A", 40) })
		for i, row := range lists[name] {
			steps = append(steps, func() error { return f.SetSheetRow(name, fmt.Sprint("A", i+1), &row) })
		}
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return nil, err
		}
	}
	b, err := f.WriteToBuffer()
	if err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
