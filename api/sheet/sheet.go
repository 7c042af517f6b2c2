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
	maxColumns    = intake.MaxSheetColumns
	maxSheetRows  = 20_000 // empty ones included
	maxMerged     = 2_000
	maxMergedRows = 2_000    // of one merged cell
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

// Parse reads the sheets of a file, CSV or by contentType XLSX: text in cells, rows that hold nothing left
// out; a row that cannot be read says so in Broken. What they mean is not asked here. CodeUnprocessable,
// with the line, for a file that is no such table; CodeUnavailable when others are being read for too long.
func Parse(ctx context.Context, contentType string, body []byte) (file *intake.File, err error) {
	waited := time.NewTimer(parseWait)
	defer waited.Stop()
	select {
	case parsing <- struct{}{}:
		defer func() { <-parsing }()
	case <-waited.C:
		e := domain.Fail(domain.CodeUnavailable, "Other tables are being read; try again.")
		e.RetryAfter = parseWait
		return nil, e
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer Frugal(readingGC)()
	defer func() { // the reader of workbooks must not cost us the process
		if r := recover(); r != nil {
			file, err = nil, badSheet(0, "The workbook is damaged.").Because(fmt.Errorf("panic: %v", r))
		}
	}()
	media, _, _ := strings.Cut(contentType, ";")
	if strings.EqualFold(strings.TrimSpace(media), MediaXLSX) {
		return parseXLSX(body)
	}
	return parseCSV(contentType, body)
}

func badSheet(line int, format string, args ...any) *domain.Error {
	said := fmt.Sprintf(format, args...)
	e := domain.Fail(domain.CodeUnprocessable, "%s", said)
	if line > 0 {
		e = domain.Fail(domain.CodeUnprocessable, "Line %d: %s", line, said).At("/lines/"+strconv.Itoa(line), said)
	}
	return e
}

// rows gathers the rows of a file's sheets, within what one file may hold.
type rows struct {
	file *intake.File
	text int
}

// add takes a row of a sheet; more reports whether the sheet has room for another.
func (t *rows) add(sheet int, row intake.ImportRow) (more bool, err error) {
	filled := 0
	for i, c := range row.Cells {
		t.text += len(c)
		if strings.TrimSpace(c) != "" {
			filled = i + 1
		}
	}
	if t.text > maxText {
		return false, badSheet(row.Line, "The table holds too much text; split it.")
	}
	if filled == 0 && row.Broken == "" {
		return true, nil
	}
	row.Cells = row.Cells[:min(filled, maxColumns+1)] // one more than there may be, so that it is seen
	s := &t.file.Sheets[sheet]
	if len(s.Rows) >= intake.MaxSheetRows {
		s.TooLong = row.Line
		return false, nil
	}
	s.Rows = append(s.Rows, row)
	return true, nil
}
