package intake

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"doorstep/domain"
)

// File is a file as it was read: text in cells, before anybody said what they mean.
type File struct {
	Encoding string // of the text; empty of a workbook
	Sheets   []Sheet
	LeftOut  []LeftOut
}

// Sheet is one sheet of a workbook, or the one of a CSV.
type Sheet struct {
	Name   string // empty of CSV
	Hidden bool
	Active bool // the one that is shown when the workbook is opened
	Rows   []ImportRow
	// TooLong is the line at which it was given up for its length; 0: it was read to its end.
	TooLong int
}

// ImportRow is one row of a sheet as read.
type ImportRow struct {
	Line   int // in the file, from 1
	Cells  []string
	Odd    map[int]string // why a cell, by its place from 0, holds no value, such as "is an error"
	Broken string         // why the row could not be read; it is rejected with this
}

func (r *ImportRow) cell(i int) string {
	if i < len(r.Cells) {
		return r.Cells[i]
	}
	return ""
}

// odd says why a cell holds no value; empty: it may.
func (r *ImportRow) odd(i int) string {
	if why := r.Odd[i]; why != "" {
		return why
	}
	if c := r.cell(i); errorCell.MatchString(c) {
		return "holds the error " + strings.TrimSpace(c)
	}
	return ""
}

// filled counts the cells that hold something.
func (r *ImportRow) filled() (n, first int) {
	first = -1
	for i, c := range r.Cells {
		if strings.TrimSpace(c) != "" {
			if n++; first < 0 {
				first = i
			}
		}
	}
	return n, first
}

// MaxSheetColumns bounds the width of a table.
const MaxSheetColumns = 200

// Bounds of what stands around a table.
const (
	headingWithin = 60  // filled rows of a sheet in which its heading is looked for
	aroundTable   = 200 // rows that may stand around the jobs of a table
)

// MaxSheetRows bounds the filled rows of a sheet: those of jobs, and what stands around them.
const MaxSheetRows = MaxImportRows + aroundTable

// sheetTable is the table of a file: what its columns mean, and the rows below.
type sheetTable struct {
	head    importHead
	rows    []ImportRow
	leftOut []LeftOut
}

// HeadingWords counts the different fields that the cells of a row name.
func HeadingWords(cells []string) int { return headingWords(cells, nil) }

func headingWords(cells []string, own map[string]string) int {
	seen := map[string]bool{}
	for _, c := range cells {
		if c = strings.TrimSpace(c); c == "" || len(c) > 100 {
			continue
		}
		f := own[domain.HeadingKey(c)]
		if f == "" {
			f = meaning(c)
		}
		if f != "" {
			seen[f] = true
		}
	}
	return len(seen)
}

// findTable is the step from sheets to a table: the sheet with a heading, its rows. What is not taken, is
// named. Errors: CodeUnprocessable.
func findTable(file *File, saved map[string]string) (*sheetTable, error) {
	own, _ := ownWords(saved)
	best, at, most, twice := -1, 0, 0, map[int]bool{}
	anything := false
	for i := range file.Sheets {
		s := &file.Sheets[i]
		anything = anything || len(s.Rows) > 0
		row, n := headingOf(s, own)
		switch {
		case s.Hidden || n == 0:
			continue
		case n > most, n == most && s.Active && !file.Sheets[best].Active:
			if best >= 0 && n == most {
				twice[best] = true
			}
			best, at, most = i, row, n
		case n == most:
			twice[i] = true
		}
		if n > most {
			clear(twice)
		}
	}
	t := &sheetTable{leftOut: file.LeftOut}
	if best < 0 {
		for i := range file.Sheets { // without any word that is known: the first filled row, as it always was
			if s := &file.Sheets[i]; !s.Hidden && len(s.Rows) > 0 {
				best = i
				break
			}
		}
	}
	if best < 0 {
		if anything {
			return nil, domain.Fail(domain.CodeUnprocessable, "All that is filled of the workbook is hidden; show the sheet that is meant.")
		}
		return nil, domain.Fail(domain.CodeUnprocessable, "The table is empty.")
	}
	for i := range file.Sheets {
		s := &file.Sheets[i]
		if i == best || len(s.Rows) == 0 {
			continue
		}
		why := "This sheet was not read; it has no heading of jobs."
		if _, n := headingOf(s, own); s.Hidden {
			why = "This sheet is hidden and was not read."
		} else if n >= 2 {
			why = fmt.Sprintf("This sheet has a heading too and was not read; only %q was. Send it by itself.", file.Sheets[best].Name)
		}
		t.leftOut = append(t.leftOut, LeftOut{Column: s.Name, Why: why})
	}
	s := &file.Sheets[best]
	if err := t.take(s, at, saved); err != nil {
		return nil, err
	}
	if s.TooLong > 0 || len(t.rows) > MaxImportRows {
		line := s.TooLong
		if len(t.rows) > MaxImportRows {
			line = t.rows[MaxImportRows].Line
		}
		said := fmt.Sprintf("A table has at most %d rows.", MaxImportRows)
		return nil, domain.Fail(domain.CodeUnprocessable, "Line %d: %s", line, said).At("/lines/"+strconv.Itoa(line), said)
	}
	return t, nil
}

// headingOf finds the row of a sheet that names most fields; 0 fields: none does.
func headingOf(s *Sheet, own map[string]string) (at, fields int) {
	for i := range min(len(s.Rows), headingWithin) {
		if s.Rows[i].Broken != "" {
			continue
		}
		if n := headingWords(s.Rows[i].Cells, own); n > fields {
			at, fields = i, n
		}
	}
	return at, fields
}

// take makes the table of a sheet whose heading is known.
func (t *sheetTable) take(s *Sheet, at int, saved map[string]string) error {
	top := &s.Rows[at]
	if top.Broken != "" {
		return domain.Fail(domain.CodeUnprocessable, "Line %d: The heading cannot be read: it %s.", top.Line, top.Broken).
			At("/lines/"+strconv.Itoa(top.Line), "a heading")
	}
	for i := range at {
		if cells := strings.Join(strings.Fields(strings.Join(s.Rows[i].Cells, " ")), " "); cells != "" {
			t.leftOut = append(t.leftOut, LeftOut{Line: s.Rows[i].Line, Cell: cut(cells, 200), Why: "It stands above the heading."})
		}
	}
	below := s.Rows[at+1:]
	heading, err := columnNames(top, below, s.Name != "")
	if err != nil {
		return err
	}
	t.head = readHead(heading, below, saved)
	for i := range below {
		row := below[i]
		if n, _ := row.filled(); n == 0 && row.Broken == "" {
			continue
		}
		if why := t.noJob(&row, heading); why != "" {
			t.leftOut = append(t.leftOut, LeftOut{Line: row.Line, Cell: cut(strings.Join(strings.Fields(strings.Join(row.Cells, " ")), " "), 200),
				Why: why})
			continue
		}
		for k, c := range row.Cells {
			switch {
			case row.Broken != "":
			case strings.ContainsRune(c, 0):
				row.Broken = "holds NUL"
			case k >= len(heading) && strings.TrimSpace(c) != "" && s.Name == "":
				row.Broken = fmt.Sprintf("has %d cells under %d headings; is a delimiter missing its quotes?", len(row.Cells), len(heading))
			case utf8.RuneCountInString(c) > maxCellRunes:
				row.Broken = fmt.Sprintf("has a cell of more than %d characters", maxCellRunes)
			}
		}
		t.rows = append(t.rows, row)
	}
	t.head = readHead(heading, t.rows, saved) // what is no job says nothing of the columns
	t.leftOut = append(t.leftOut, t.head.unread...)
	return nil
}

// errorCell is what a spreadsheet writes where a formula failed.
var errorCell = regexp.MustCompile(`^\s*#(?:REF!|VALUE!|NAME\?|DIV/0!|NULL!|NUM!|SPILL!|CALC!|N/A)\s*$`)

// maxCellRunes bounds a cell, in characters.
const maxCellRunes = 4_000

// noJob tells why a row below the heading is none of a job; empty: it is one.
func (t *sheetTable) noJob(row *ImportRow, heading []string) string {
	n, first := row.filled()
	if n == 0 || len(t.head.columns["external_ref"]) == 0 {
		return ""
	}
	same, named := 0, 0
	for i, name := range heading {
		if c := row.cell(i); name != "" && strings.TrimSpace(c) != "" {
			named++
			if domain.SameWords(withoutNumber(name), c) || domain.SameWords(name, c) {
				same++
			}
		}
	}
	if same >= 2 && same == named || same >= 3 && 2*same > named {
		return "It is the heading again."
	}
	say := func(field string) string { return blank(tidy(t.head.cell(*row, field))) }
	if phone := strings.Map(keepDigits, asciiDigits(say("phone"))); len(phone) >= 6 || strings.ContainsFunc(say("address"), unicode.IsLetter) {
		return ""
	}
	start := tidy(row.Cells[first])
	if begins(start, words.totals) || begins(strings.TrimSpace(strings.SplitN(start, ":", 2)[0]), words.totals) {
		return "It is a sum, no job."
	}
	if say("external_ref") == "" && say("name") == "" && row.Broken == "" {
		return "It names no ticket, household, phone or address; no job stands here."
	}
	if n <= 2 && startsWith(domain.HeadingKey(start), words.footers) {
		return "It stands below the table; no job stands here."
	}
	if n == 1 && len(heading) >= 4 && !strings.ContainsFunc(asciiDigits(start), func(r rune) bool { return r >= '0' && r <= '9' }) {
		return "It is a title between the rows; no job stands here."
	}
	return ""
}

func withoutNumber(name string) string {
	if i := strings.LastIndex(name, " ("); i > 0 && strings.HasSuffix(name, ")") {
		if _, err := strconv.Atoi(name[i+2 : len(name)-1]); err == nil {
			return name[:i]
		}
	}
	return name
}

// columnNames are the names of the columns by their place: unique, and where the heading is silent over
// cells that are filled in most rows, the place. exact: a cell cannot have slipped into another column, as in
// CSV without quotes.
func columnNames(top *ImportRow, below []ImportRow, exact bool) ([]string, error) {
	width := len(top.Cells)
	for width > 0 && strings.TrimSpace(top.Cells[width-1]) == "" {
		width--
	}
	if width > MaxSheetColumns {
		said := fmt.Sprintf("A table has at most %d columns.", MaxSheetColumns)
		return nil, domain.Fail(domain.CodeUnprocessable, "Line %d: %s", top.Line, said).At("/lines/"+strconv.Itoa(top.Line), said)
	}
	filled := make([]int, MaxSheetColumns)
	for i := range below {
		for k, c := range below[i].Cells {
			if k < MaxSheetColumns && strings.TrimSpace(c) != "" {
				filled[k]++
			}
		}
	}
	named := width
	for k := named; k < MaxSheetColumns && (filled[k] > 0 || exact); k++ {
		if exact && filled[k] > 0 || 10*filled[k] >= 6*len(below) &&
			len(below) >= 2 { // a few rows of more cells lack quotes; most of them, a heading
			width = k + 1
		}
	}
	out := make([]string, width)
	seen := map[string]int{}
	for i := range width {
		name := ""
		if i < len(top.Cells) {
			name = strings.Join(strings.FieldsFunc(tidy(strings.ReplaceAll(top.Cells[i], "\x00", "")), unicode.IsSpace), " ")
		}
		if r := []rune(name); len(r) > 100 {
			name = string(r[:100])
		}
		if name == "" {
			if filled[i] == 0 {
				continue
			}
			name = fmt.Sprintf("column %d", i+1)
		}
		seen[name]++
		if n := seen[name]; n > 1 {
			name = fmt.Sprintf("%s (%d)", name, n)
		}
		out[i] = name
	}
	return out, nil
}

// cut shortens a text to so many characters.
func cut(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}
