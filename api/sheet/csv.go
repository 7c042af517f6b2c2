package sheet

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"doorstep/domain/intake"
)

// errRowTooLong ends the reading of a row that nobody could mean.
var errRowTooLong = errors.New("the row is too long")

func parseCSV(body []byte) ([]string, []intake.ImportRow, error) {
	text, err := decodeText(body)
	if err != nil {
		return nil, nil, err
	}
	first := 0
	var comma rune
	if line, rest, ok := bytes.Cut(text, []byte("\n")); ok && len(line) == 5 && bytes.EqualFold(line[:4], []byte("sep=")) {
		comma, text, first = rune(line[4]), rest, 1 // how spreadsheets name the delimiter
	} else {
		comma = delimiter(text)
	}
	if comma == '"' || comma == '\r' || comma == '\n' || comma >= utf8.RuneSelf {
		return nil, nil, badSheet(1, "The delimiter cannot be used.")
	}
	limited := &rowLimit{text: text, comma: []byte{byte(comma)}}
	r := csv.NewReader(limited)
	r.Comma, r.FieldsPerRecord = comma, -1
	var t table
	for {
		start := r.InputOffset()
		limited.next(int(start))
		cells, err := r.Read()
		if err == io.EOF {
			return t.done()
		}
		var line int
		var broken string
		var pe *csv.ParseError
		switch {
		case errors.As(err, &pe):
			if errors.Is(pe.Err, csv.ErrQuote) {
				if pe.StartLine != pe.Line { // where its row ends nobody can tell
					return nil, nil, badSheet(pe.StartLine+first, "A quote that opens here is closed wrongly in line %d.", pe.Line+first)
				}
				broken = fmt.Sprintf("has a quote in column %d that ends the cell too early; quotes inside of quoted cells are doubled", pe.Column)
			}
			// Quotes within a cell that is not quoted are meant as they stand.
			line, cells = pe.StartLine, asItStands(text[start:r.InputOffset()], comma)
		case errors.Is(err, errRowTooLong):
			return nil, nil, badSheet(1+first+bytes.Count(text[:start], []byte("\n")),
				"The row is too long; is a quote not closed, or the delimiter none of comma, semicolon and tab?")
		case err != nil:
			return nil, nil, badSheet(0, "The table cannot be read.").Because(err)
		default:
			line, _ = r.FieldPos(0)
		}
		if err := t.add(line+first, cells, broken); err != nil {
			return nil, nil, err
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

// decodeText gives UTF-8 with \n, from UTF-8 or UTF-16 with a byte order mark,
// UTF-8 without, or else Windows-1252, which old spreadsheets write.
func decodeText(body []byte) ([]byte, error) {
	switch {
	case bytes.HasPrefix(body, []byte("PK\x03\x04")):
		return nil, badSheet(0, "This is a workbook, not CSV; send it as %s.", MediaXLSX)
	case bytes.HasPrefix(body, []byte("\xd0\xcf\x11\xe0")):
		return nil, badSheet(0, "This is an old or protected workbook; save it as CSV or XLSX without a password.")
	case bytes.HasPrefix(body, []byte("\xff\xfe")), bytes.HasPrefix(body, []byte("\xfe\xff")):
		out, err := unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Bytes(body)
		if err != nil || len(body)%2 != 0 {
			return nil, badSheet(0, "The text is no valid UTF-16.")
		}
		body = out
	default:
		body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
		if !utf8.Valid(body) {
			body, _ = charmap.Windows1252.NewDecoder().Bytes(body) // every byte means something in it
		}
	}
	if i := bytes.IndexByte(body, 0); i >= 0 {
		return nil, badSheet(1+bytes.Count(body[:i], []byte("\n")), "The file holds NUL and is no text.")
	}
	if bytes.IndexByte(body, '\r') >= 0 { // ReplaceAll always copies
		body = bytes.ReplaceAll(body, []byte("\r\n"), []byte("\n"))
		body = bytes.ReplaceAll(body, []byte("\r"), []byte("\n"))
	}
	return body, nil
}

// delimiter is the one of , ; and tab that stands most often in the heading,
// quoted text left out.
func delimiter(text []byte) rune {
	counts := map[byte]int{}
	quoted, begun := false, false
scan:
	for _, b := range text {
		switch {
		case b == '"':
			quoted, begun = !quoted, true
		case quoted:
		case b == '\n' && begun:
			break scan
		case b == ',' || b == ';' || b == '\t':
			counts[b]++
		case b != ' ' && b != '\n':
			begun = true
		}
	}
	best := byte(',')
	for _, b := range []byte{';', '\t'} {
		if counts[b] > counts[best] {
			best = b
		}
	}
	return rune(best)
}
