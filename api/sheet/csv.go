package sheet

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"doorstep/domain/intake"
)

// errRowTooLong ends the reading of a row that nobody could mean.
var errRowTooLong = errors.New("the row is too long")

// parseCSV is the steps from bytes to rows of cells.
func parseCSV(contentType string, body []byte) (*intake.File, error) {
	text, encoding, said, err := decode(contentType, body)
	if err != nil {
		return nil, err
	}
	first := 0
	var comma rune
	if line, rest, ok := bytes.Cut(text, []byte("\n")); ok && len(line) == 5 && bytes.EqualFold(line[:4], []byte("sep=")) {
		comma, text, first = rune(line[4]), rest, 1 // how spreadsheets name the delimiter
	} else {
		comma = delimiter(text)
	}
	if comma == '"' || comma == '\r' || comma == '\n' || comma >= utf8.RuneSelf {
		return nil, badSheet(1, "The delimiter cannot be used.")
	}
	limited := &rowLimit{text: text, comma: []byte{byte(comma)}}
	r := csv.NewReader(limited)
	r.Comma, r.FieldsPerRecord = comma, -1
	t := &rows{file: &intake.File{Encoding: encoding, LeftOut: said, Sheets: make([]intake.Sheet, 1)}}
	for {
		start := r.InputOffset()
		limited.next(int(start))
		cells, err := r.Read()
		if err == io.EOF {
			return t.file, nil
		}
		var line int
		var broken string
		var pe *csv.ParseError
		switch {
		case errors.As(err, &pe):
			if errors.Is(pe.Err, csv.ErrQuote) {
				if pe.StartLine != pe.Line { // where its row ends nobody can tell
					return nil, badSheet(pe.StartLine+first, "A quote that opens here is closed wrongly in line %d.", pe.Line+first)
				}
				broken = fmt.Sprintf("has a quote in column %d that ends the cell too early; quotes inside of quoted cells are doubled", pe.Column)
			}
			// Quotes within a cell that is not quoted are meant as they stand.
			line, cells = pe.StartLine, asItStands(text[start:r.InputOffset()], comma)
		case errors.Is(err, errRowTooLong):
			return nil, badSheet(1+first+bytes.Count(text[:start], []byte("\n")),
				"The row is too long; is a quote not closed, or the delimiter none of comma, semicolon, tab and |?")
		case err != nil:
			return nil, badSheet(0, "The table cannot be read.").Because(err)
		default:
			line, _ = r.FieldPos(0)
		}
		if more, err := t.add(0, intake.ImportRow{Line: line + first, Cells: cells, Broken: broken}); err != nil || !more {
			return t.file, err
		}
	}
}

// rowLimit hands out text as long as the present row is one that could be
// meant. A reader of CSV has no bound of its own: 9 MB of delimiters are
// nine million cells.
type rowLimit struct {
	text   []byte
	comma  []byte
	at     int // handed out so far
	end    int // of what may be handed out for this row
	commas int
	blank  bool // nothing but empty lines so far, which are passed over
}

// next begins a row.
func (l *rowLimit) next(start int) {
	l.end = min(start+maxRow, len(l.text))
	l.commas = bytes.Count(l.text[start:l.at], l.comma)
	l.blank = len(bytes.Trim(l.text[start:l.at], "\n")) == 0
}

func (l *rowLimit) Read(p []byte) (int, error) {
	if l.at == len(l.text) {
		return 0, io.EOF
	}
	n := copy(p, l.text[l.at:max(l.at, l.end)])
	l.commas += bytes.Count(p[:n], l.comma)
	if l.blank = l.blank && len(bytes.Trim(p[:n], "\n")) == 0; l.blank {
		l.end = min(l.at+n+maxRow, len(l.text))
	}
	if l.at += n; n == 0 || l.commas > maxDelimiters {
		return 0, errRowTooLong
	}
	return n, nil
}

// asItStands reads one row whose quotes are not as they should be.
func asItStands(row []byte, comma rune) []string {
	r := csv.NewReader(bytes.NewReader(row))
	r.Comma, r.FieldsPerRecord, r.LazyQuotes = comma, -1, true
	cells, _ := r.Read() // of what cannot be read at all there are none
	return cells
}

// delimiters are tried in this order; of equals the first is taken.
var delimiters = []byte{',', ';', '\t', '|'}

// delimiter tries each that there may be on the whole text: the one under which a row names most fields of
// a job, and the most rows have equally many cells.
func delimiter(text []byte) rune {
	best, most := delimiters[0], trial{}
	for _, d := range delimiters {
		if t := try(text, d); t.better(most) {
			best, most = d, t
		}
	}
	return rune(best)
}

// trial is how a text looks when it is parted by a delimiter.
type trial struct {
	fields int // that its best row names
	alike  int // rows with the usual number of cells, where that is more than one
	cells  int // that a row usually has
}

func (t trial) better(o trial) bool {
	switch {
	case t.cells < 2:
		return false
	case t.fields != o.fields:
		return t.fields > o.fields
	case t.alike != o.alike:
		return t.alike > o.alike
	}
	return t.cells > o.cells
}

// headingWithin are the rows in which a heading is looked for, and its longest.
const headingWithin, headingBytes = 40, 20_000

func try(text []byte, d byte) trial {
	counts := map[int]int{}
	quoted, start, cells, seen, fields := false, 0, 1, 0, 0
	row := func(end int) {
		line := text[start:end]
		if len(bytes.Trim(line, " \t\r,;|")) > 0 {
			if cells <= maxColumns {
				counts[cells]++
			}
			if seen++; seen <= headingWithin && len(line) <= headingBytes {
				fields = max(fields, intake.HeadingWords(asItStands(line, rune(d))))
			}
		}
		start, cells = end+1, 1
	}
	for i, b := range text {
		switch {
		case b == '"' && (quoted || i == start || text[i-1] == d):
			quoted = !quoted
		case b == '\n' && (!quoted || i-start > maxRow):
			quoted = false
			row(i)
		case b == d && !quoted:
			cells++
		}
	}
	if start < len(text) {
		row(len(text))
	}
	out := trial{fields: fields}
	for n, k := range counts {
		if n > 1 && (k > out.alike || k == out.alike && n > out.cells) {
			out.alike, out.cells = k, n
		}
	}
	return out
}
