package sheet

import (
	"bytes"
	"errors"
	"math"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"doorstep/domain"
	"doorstep/domain/intake"
)

// parseXLSX reads the sheets of a workbook.
func parseXLSX(body []byte) (*intake.File, error) {
	if !bytes.HasPrefix(body, []byte("PK\x03\x04")) {
		return nil, badSheet(0, "This is no XLSX workbook; an old or protected one must be saved as XLSX without a password.")
	}
	if err := measure(body); err != nil {
		return nil, err
	}
	// Both limits alike: nothing is written to disk.
	f, err := excelize.OpenReader(bytes.NewReader(body), excelize.Options{UnzipSizeLimit: maxUnzipped, UnzipXMLSizeLimit: maxUnzipped,
		RawCellValue: true})
	if err != nil {
		return nil, badSheet(0, "The workbook cannot be read.").Because(err)
	}
	defer func() { _ = f.Close() }()
	sheets := f.GetSheetList()
	if len(sheets) == 0 || f.WorkBook == nil || len(f.WorkBook.Sheets.Sheet) != len(sheets) {
		return nil, badSheet(0, "The workbook has no sheet.")
	}
	props, err := f.GetWorkbookProps()
	if err != nil {
		return nil, badSheet(0, "The workbook cannot be read.").Because(err)
	}
	parts := sheetParts(f)
	b := book{f: f, from1904: props.Date1904 != nil && *props.Date1904, kinds: map[int]numberForm{}}
	t := &rows{file: &intake.File{}}
	var bad error
	read := 0
	for i, name := range sheets {
		state := f.WorkBook.Sheets.Sheet[i].State
		t.file.Sheets = append(t.file.Sheets, intake.Sheet{Name: name, Hidden: state == "hidden" || state == "veryHidden",
			Active: i == activeSheet(f)})
		if err := b.sheet(t, i, name, parts[i]); err != nil {
			var broken *domain.Error
			if errors.As(err, &broken) {
				return nil, err
			}
			bad = err
			t.file.LeftOut = append(t.file.LeftOut, intake.LeftOut{Column: name, Why: "This sheet is no table and was not read."})
			continue
		}
		read++
	}
	if read == 0 {
		return nil, badSheet(0, "No sheet of the workbook is a table.").Because(bad)
	}
	return t.file, nil
}

// activeSheet is the place of the sheet that the workbook opens with.
func activeSheet(f *excelize.File) int {
	if v := f.WorkBook.BookViews; v != nil && len(v.WorkBookView) > 0 {
		return v.WorkBookView[0].ActiveTab
	}
	return 0
}

// What the library leaves of each row of a large sheet is more than all rows are: it is collected every so many
// rows, of a sheet of so many bytes.
const (
	collectEvery = 500
	collectFrom  = 4 << 20
)

// sheet reads one sheet of a workbook.
func (b *book) sheet(t *rows, at int, name string, part []byte) error {
	if part == nil {
		return errors.New("the sheet is not in the package")
	}
	if len(part) > collectFrom {
		runtime.GC() // what unpacking left
	}
	var err error
	if b.forms, err = formsOf(part); err != nil {
		return err
	}
	it, err := b.f.Rows(name)
	if err != nil {
		return err
	}
	defer func() { _ = it.Close() }()
	spread := map[int]string{} // by column: what a merged cell above holds
	for line := 1; it.Next(); line++ {
		if line%collectEvery == 0 && len(part) > collectFrom {
			runtime.GC()
		}
		raw, err := it.Columns(excelize.Options{RawCellValue: true})
		if err != nil {
			return badSheet(line, "The row cannot be read.").Because(err)
		}
		row := intake.ImportRow{Line: line, Cells: raw}
		odd := func(i int, why string) {
			if row.Odd == nil {
				row.Odd = map[int]string{}
			}
			row.Odd[i] = why
		}
		for i, v := range row.Cells {
			if v == "" {
				continue
			}
			var why string
			if row.Cells[i], why, err = b.cell(i+1, line, v); err != nil {
				return badSheet(line, "A cell cannot be read.").Because(err)
			}
			if why != "" {
				odd(i, why)
			}
		}
		for column, formula := range b.forms.unsolved[line] {
			if row.Cells = filledTo(row.Cells, column); row.Cells[column-1] == "" {
				row.Cells[column-1] = "=" + formula
				odd(column-1, intake.NoResult)
			}
		}
		for _, m := range b.forms.merged[line] {
			value := ""
			if m.column <= len(row.Cells) {
				value = row.Cells[m.column-1]
			}
			if m.first {
				spread[m.column] = value
			} else if value == "" && spread[m.column] != "" {
				row.Cells = filledTo(row.Cells, m.column)
				row.Cells[m.column-1] = spread[m.column]
			}
		}
		if more, err := t.add(at, row); err != nil || !more {
			return err
		}
	}
	return it.Error()
}

func filledTo(cells []string, n int) []string {
	for len(cells) < n {
		cells = append(cells, "")
	}
	return cells
}

// numberKind is what a number format makes of a number.
type numberKind int

const (
	isNumber numberKind = iota
	isDate
	isTime
	isDateTime
)

type book struct {
	f        *excelize.File
	forms    *cellForms
	from1904 bool
	kinds    map[int]numberForm // by number format
}

// numbers is how a style shows numbers. The library walks all the formats for each style, so
// it is asked once for each format.
func (b *book) numbers(style int) numberForm {
	if xfs := b.f.Styles.CellXfs; xfs == nil || style < 0 || style >= len(xfs.Xf) || xfs.Xf[style].NumFmtID == nil {
		return numberForm{}
	}
	format := *b.f.Styles.CellXfs.Xf[style].NumFmtID
	as, ok := b.kinds[format]
	if !ok {
		if s, err := b.f.GetStyle(style); err == nil {
			as = numberForm{kindOf(s), zeros(s)}
		}
		b.kinds[format] = as
	}
	return as
}

// cell gives a cell as text: dates and times in ISO form, whole numbers
// without exponent, everything else as it stands.
func (b *book) cell(column, row int, raw string) (text, odd string, err error) {
	form := b.forms.at(row, column)
	switch form.kind { // ECMA-376 part 1, section 18.18.11
	case "b":
		return map[string]string{"1": "yes", "0": "no"}[raw], "", nil
	case "e":
		return raw, "holds the error " + raw, nil
	case "d", "s", "str", "inlineStr":
		return raw, "", nil
	}
	v, err := strconv.ParseFloat(raw, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return raw, "", nil
	}
	as := b.numbers(form.style)
	if as.kind == isNumber || v < 0 || v >= 2_958_466 { // the year 10000
		if math.Abs(v) >= 1e15 && (strings.HasSuffix(raw, "0") || strings.Trim(raw, "0123456789") != "") {
			return strconv.FormatFloat(v, 'E', -1, 64), "", nil // a spreadsheet has lost its last digits
		} else if math.Abs(v) >= 1e15 {
			return raw, "", nil
		}
		if text = strconv.FormatFloat(v, 'f', -1, 64); v >= 0 && v == math.Trunc(v) {
			text = strings.Repeat("0", max(as.zeros-len(text), 0)) + text
		}
		return text, "", nil
	}
	at, err := excelize.ExcelDateToTime(v, b.from1904)
	if err != nil {
		return raw, "", nil
	}
	at = at.Round(time.Second)
	clock := at.Format("15:04")
	if at.Second() != 0 {
		clock = at.Format("15:04:05")
	}
	if whole, _ := math.Modf(v); as.kind == isTime && whole == 0 {
		return clock, "", nil
	}
	if at.Hour() == 0 && at.Minute() == 0 && at.Second() == 0 {
		return at.Format("2006-01-02"), "", nil
	}
	return at.Format("2006-01-02") + "T" + clock, "", nil
}

// numberForm is how a number is shown: as what, and with how many digits at
// least, as ticket numbers and postal codes are.
type numberForm struct {
	kind  numberKind
	zeros int
}

// zeros is the number of digits that a format of zeros alone asks for.
func zeros(s *excelize.Style) int {
	if f := s.CustomNumFmt; f != nil && len(*f) <= 30 && strings.Trim(*f, "0") == "" {
		return len(*f)
	}
	return 0
}

// kindOf reads a number format (ECMA-376 part 1, sections 18.8.30 and 18.8.31).
func kindOf(s *excelize.Style) numberKind {
	if s.CustomNumFmt == nil {
		switch n := s.NumFmt; {
		case n >= 14 && n <= 17, n >= 27 && n <= 31, n == 36, n >= 50 && n <= 54, n == 57, n == 58:
			return isDate
		case n >= 18 && n <= 21, n >= 32 && n <= 35, n >= 45 && n <= 47, n == 55, n == 56:
			return isTime
		case n == 22:
			return isDateTime
		}
		return isNumber
	}
	// Only the letters outside quotes, brackets and escapes mean anything.
	var day, hour bool
	quoted, bracket, escaped, inside := false, false, false, ""
	for _, r := range strings.ToLower(strings.SplitN(*s.CustomNumFmt, ";", 2)[0]) {
		switch {
		case escaped:
			escaped = false
		case r == '\\' || r == '_' || r == '*':
			escaped = true
		case r == '"':
			quoted = !quoted
		case quoted:
		case r == '[':
			bracket, inside = true, ""
		case r == ']':
			bracket = false
			hour = hour || inside != "" && strings.Trim(inside, "hms") == "" // elapsed time
		case bracket:
			inside += string(r)
		case r == 'y' || r == 'd':
			day = true
		case r == 'h' || r == 's':
			hour = true
		}
	}
	switch {
	case day && hour:
		return isDateTime
	case day:
		return isDate
	case hour:
		return isTime
	}
	return isNumber
}
