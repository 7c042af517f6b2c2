package sheet

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"doorstep/domain"
	"doorstep/domain/intake"
)

// The media types of imports.
const (
	MediaCSV  = "text/csv"
	MediaXLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
)

// Limits of a sheet. A workbook is measured before anything of it is unpacked
// into memory: 10 MiB of it can stand for gigabytes.
const (
	maxUnzipped   = 32 << 20 // bytes of a workbook, unpacked
	maxZipEntries = 300
	maxColumns    = 200
	maxSheetRows  = 20_000 // empty ones included
	maxMerged     = 2_000
	maxCell       = 4_000    // characters
	maxText       = 16 << 20 // bytes of all cells

	// Of one row of CSV: no row that could be taken is longer.
	maxRow        = maxColumns*maxCell*utf8.UTFMax + 64<<10
	maxDelimiters = 100_000 // those within quotes included

	maxCells    = 400_000   // of a sheet, empty ones included
	maxElements = 500_000   // of XML in a part, besides four a cell
	maxRun      = 256 << 10 // bytes of one piece of text or one tag; a cell of Excel has 32,767 characters
	maxSheets   = 256
	maxRoot     = 256 // relationships of the package itself

	maxParses = 2 // at a time
	parseWait = 5 * time.Second
)

// parsing are the tables that are being read.
var parsing = make(chan struct{}, maxParses)

// Parse reads a table: CSV or, by contentType, XLSX. The first row that
// is not empty is the heading; empty rows are left out. Short rows are filled
// with empty cells, because spreadsheets leave out trailing delimiters; a row
// that cannot be read says so in Broken. Heading names are unique: the second
// "Phone" is "Phone (2)". CodeUnprocessable, with the line, for a file that is no
// such table; CodeUnavailable when others are being read for too long.
func Parse(ctx context.Context, contentType string, body []byte) (header []string, rows []intake.ImportRow, err error) {
	waited := time.NewTimer(parseWait)
	defer waited.Stop()
	select {
	case parsing <- struct{}{}:
		defer func() { <-parsing }()
	case <-waited.C:
		e := domain.Fail(domain.CodeUnavailable, "Other tables are being read; try again.")
		e.RetryAfter = parseWait
		return nil, nil, e
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	defer func() { // the reader of workbooks must not cost us the process
		if r := recover(); r != nil {
			header, rows, err = nil, nil, badSheet(0, "The workbook is damaged.").Because(fmt.Errorf("panic: %v", r))
		}
	}()
	media, _, _ := strings.Cut(contentType, ";")
	if strings.EqualFold(strings.TrimSpace(media), MediaXLSX) {
		return parseXLSX(body)
	}
	return parseCSV(body)
}

func badSheet(line int, format string, args ...any) *domain.Error {
	said := fmt.Sprintf(format, args...)
	e := domain.Fail(domain.CodeUnprocessable, "%s", said)
	if line > 0 {
		e = domain.Fail(domain.CodeUnprocessable, "Line %d: %s", line, said).At("/lines/"+strconv.Itoa(line), said)
	}
	return e
}

// table gathers rows under a heading.
type table struct {
	header  []string
	columns []string // by position; "" where the heading is empty
	rows    []intake.ImportRow
	text    int
}

func (t *table) add(line int, cells []string, broken string) error {
	empty := true
	for _, c := range cells {
		t.text += len(c)
		empty = empty && strings.TrimSpace(c) == ""
	}
	if t.text > maxText {
		return badSheet(line, "The table holds too much text; split it.")
	}
	if empty && broken == "" {
		return nil
	}
	if t.columns == nil {
		if broken != "" {
			return badSheet(line, "The heading cannot be read: it %s.", broken)
		}
		return t.head(line, cells)
	}
	if len(t.rows) == intake.MaxImportRows {
		return badSheet(line, "A table has at most %d rows.", intake.MaxImportRows)
	}
	row := intake.ImportRow{Line: line, Cells: make(map[string]string, len(t.columns)), Broken: broken}
	for i, c := range cells {
		switch {
		case i >= len(t.columns):
			if strings.TrimSpace(c) != "" && row.Broken == "" {
				row.Broken = fmt.Sprintf("has %d cells under %d headings; is a delimiter missing its quotes?", len(cells), len(t.columns))
			}
		case strings.ContainsRune(c, 0) && row.Broken == "":
			row.Broken = "holds NUL"
		case utf8.RuneCountInString(c) > maxCell && row.Broken == "":
			row.Broken = fmt.Sprintf("has a cell of more than %d characters", maxCell)
		case t.columns[i] != "":
			row.Cells[t.columns[i]] = c
		}
	}
	t.rows = append(t.rows, row)
	return nil
}

func (t *table) head(line int, cells []string) error {
	for len(cells) > 0 && strings.TrimSpace(cells[len(cells)-1]) == "" {
		cells = cells[:len(cells)-1]
	}
	if len(cells) > maxColumns {
		return badSheet(line, "A table has at most %d columns.", maxColumns)
	}
	seen := map[string]int{}
	t.columns = make([]string, len(cells))
	for i, c := range cells {
		name := strings.Join(strings.Fields(strings.ReplaceAll(c, "\x00", "")), " ")
		if r := []rune(name); len(r) > 100 {
			name = string(r[:100])
		}
		if name == "" {
			continue
		}
		seen[name]++
		if n := seen[name]; n > 1 {
			name = fmt.Sprintf("%s (%d)", name, n)
		}
		t.columns[i] = name
		t.header = append(t.header, name)
	}
	return nil
}

func (t *table) done() ([]string, []intake.ImportRow, error) {
	if t.columns == nil {
		return nil, nil, badSheet(0, "The table is empty.")
	}
	return t.header, t.rows, nil
}
