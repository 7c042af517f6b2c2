package sheet

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"path"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"doorstep/domain"
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

	maxCells    = domain.MaxImportRows * maxColumns // of a sheet, empty ones included
	maxElements = 500_000                           // of XML in a part, besides four a cell
	maxRun      = 256 << 10                         // bytes of one piece of text or one tag; a cell of Excel has 32,767 characters
	maxSheets   = 256
	maxRoot     = 256 // relationships of the package itself

	maxParses = 2 // at a time
	parseWait = 5 * time.Second
)

// partMost bounds what the reader of workbooks walks again and again, by element,
// in each part: sheets by links, styles by formats.
var partMost = map[string]struct {
	most int
	what string
}{
	"sheet":             {maxSheets, "sheets"},
	"Relationship":      {10_000, "links"},
	"Override":          {1_000, "parts"},
	"Default":           {1_000, "kinds of parts"},
	"definedName":       {10_000, "defined names"},
	"externalReference": {maxSheets, "links to other workbooks"},
	"numFmt":            {1_000, "number formats"},
}

// parsing are the tables that are being read.
var parsing = make(chan struct{}, maxParses)

// errRowTooLong ends the reading of a row that nobody could mean.
var errRowTooLong = errors.New("the row is too long")

// Parse reads a table: CSV or, by contentType, XLSX. The first row that
// is not empty is the heading; empty rows are left out. Short rows are filled
// with empty cells, because spreadsheets leave out trailing delimiters; a row
// that cannot be read says so in Broken. Heading names are unique: the second
// "Phone" is "Phone (2)". CodeUnprocessable, with the line, for a file that is no
// such table; CodeUnavailable when others are being read for too long.
func Parse(ctx context.Context, contentType string, body []byte) (header []string, rows []domain.ImportRow, err error) {
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
	rows    []domain.ImportRow
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
	if len(t.rows) == domain.MaxImportRows {
		return badSheet(line, "A table has at most %d rows.", domain.MaxImportRows)
	}
	row := domain.ImportRow{Line: line, Cells: make(map[string]string, len(t.columns)), Broken: broken}
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

func (t *table) done() ([]string, []domain.ImportRow, error) {
	if t.columns == nil {
		return nil, nil, badSheet(0, "The table is empty.")
	}
	return t.header, t.rows, nil
}

func parseCSV(body []byte) ([]string, []domain.ImportRow, error) {
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

func parseXLSX(body []byte) ([]string, []domain.ImportRow, error) {
	if !bytes.HasPrefix(body, []byte("PK\x03\x04")) {
		return nil, nil, badSheet(0, "This is no XLSX workbook; an old or protected one must be saved as XLSX without a password.")
	}
	if err := measure(body); err != nil {
		return nil, nil, err
	}
	// Both limits alike: nothing is written to disk.
	f, err := excelize.OpenReader(bytes.NewReader(body), excelize.Options{UnzipSizeLimit: maxUnzipped, UnzipXMLSizeLimit: maxUnzipped,
		RawCellValue: true})
	if err != nil {
		return nil, nil, badSheet(0, "The workbook cannot be read.").Because(err)
	}
	defer func() { _ = f.Close() }()
	sheets := f.GetSheetList()
	if len(sheets) == 0 {
		return nil, nil, badSheet(0, "The workbook has no sheet.")
	}
	props, err := f.GetWorkbookProps()
	if err != nil {
		return nil, nil, badSheet(0, "The workbook cannot be read.").Because(err)
	}
	forms, err := formsOf(f)
	if err != nil {
		return nil, nil, badSheet(0, "The first sheet is no table.").Because(err)
	}
	b := book{f: f, forms: forms, from1904: props.Date1904 != nil && *props.Date1904, kinds: map[int]numberForm{}}
	it, err := f.Rows(sheets[0])
	if err != nil {
		return nil, nil, badSheet(0, "The first sheet is no table.").Because(err)
	}
	defer func() { _ = it.Close() }()
	var t table
	for line := 1; it.Next(); line++ {
		raw, err := it.Columns(excelize.Options{RawCellValue: true})
		if err != nil {
			return nil, nil, badSheet(line, "The row cannot be read.").Because(err)
		}
		broken := ""
		for i, v := range raw {
			if v == "" {
				continue
			}
			if raw[i], broken, err = b.cell(i+1, line, v); err != nil {
				return nil, nil, badSheet(line, "A cell cannot be read.").Because(err)
			}
			if broken != "" {
				break
			}
		}
		if err := t.add(line, raw, broken); err != nil {
			return nil, nil, err
		}
	}
	if err := it.Error(); err != nil {
		return nil, nil, badSheet(0, "The first sheet cannot be read.").Because(err)
	}
	return t.done()
}

// measure looks into a workbook without unpacking it into memory: how much it
// claims to hold, and how far out its cells lie. The reader behind it fills
// every gap between cells, so a cell in column XFD is not harmless.
func measure(body []byte) error {
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		return badSheet(0, "The workbook is damaged.").Because(err)
	}
	if len(z.File) > maxZipEntries {
		return badSheet(0, "The workbook has too many parts.")
	}
	var size uint64
	for _, e := range z.File {
		if size += e.UncompressedSize64; e.UncompressedSize64 > maxUnzipped || size > maxUnzipped {
			return badSheet(0, "The workbook is larger than %d MiB when unpacked.", maxUnzipped>>20)
		}
	}
	for _, e := range z.File {
		// Whatever it is called: the workbook itself says which part is a sheet.
		part, err := e.Open()
		if err == nil {
			err = measurePart(e.Name, io.LimitReader(part, maxUnzipped))
			_ = part.Close()
		}
		var de *domain.Error
		if errors.As(err, &de) {
			return de
		} else if err != nil {
			return badSheet(0, "The workbook is damaged.").Because(err)
		}
	}
	return nil
}

// measurePart looks into a part that is XML; pictures and the like stay unread.
func measurePart(name string, r io.Reader) error {
	in := bufio.NewReader(r)
	head, err := in.Peek(4)
	if err != nil && err != io.EOF {
		return err
	}
	if head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n"); len(head) > 0 && head[0] != '<' {
		return nil
	}
	d := xml.NewDecoder(&runLimit{r: in})
	row, column, merged, cells, elements := 0, 0, 0, 0, 0
	seen, links := map[string]int{}, map[string]bool{}
	root := path.Base(strings.ReplaceAll(name, `\`, "/")) == ".rels"
	far := func() error {
		return badSheet(0, "The sheet reaches beyond column %d or row %d; copy the table to a fresh sheet.", maxColumns, maxSheetRows)
	}
	for {
		tok, err := d.RawToken()
		if err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		el, ok := tok.(xml.StartElement)
		if !ok {
			continue
		}
		elements++
		if bound, ok := partMost[el.Name.Local]; ok {
			most := bound.most
			if root {
				most = min(most, maxRoot)
			}
			if seen[el.Name.Local]++; seen[el.Name.Local] > most {
				return badSheet(0, "The workbook has more than %d %s; copy the table to a fresh workbook.", most, bound.what)
			}
		}
		switch el.Name.Local {
		case "sheet":
			id := linkOf(el)
			if links[id] { // else each would be looked up in all the links
				return badSheet(0, "Two sheets of the workbook are one; copy the table to a fresh workbook.")
			}
			links[strings.Clone(id)] = true
		case "row":
			row, column = row+1, 0
			if r := attribute(el, "r"); r != "" {
				if row, err = strconv.Atoi(r); err != nil {
					return far()
				}
			}
		case "c":
			column++
			cells++
			if ref := attribute(el, "r"); ref != "" {
				c, at, err := excelize.CellNameToCoordinates(ref)
				if err != nil || at > maxSheetRows {
					return far()
				}
				column = c
			}
		case "mergeCell":
			merged++
		}
		switch {
		case row < 0 || row > maxSheetRows || column > maxColumns || merged > maxMerged:
			return far()
		case cells > maxCells:
			return badSheet(0, "A sheet has more than %d cells; copy the table to a fresh workbook.", maxCells)
		case elements > maxElements+4*cells:
			return badSheet(0, "The workbook holds too much besides its cells; copy the table to a fresh workbook.")
		}
	}
}

// runLimit ends the reading of XML whose single pieces are larger than any
// spreadsheet writes them: a decoder keeps a whole piece in memory.
type runLimit struct {
	r     io.Reader
	run   int
	last  [2]byte
	whole bool // within <!…>, which ends at ]]> or -->
}

func (l *runLimit) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	for _, b := range p[:n] {
		l.run++
		switch {
		case l.whole && b == '>' && (l.last == [2]byte{']', ']'} || l.last == [2]byte{'-', '-'}):
			l.whole, l.run = false, 0
		case l.whole:
		case b == '!' && l.last[1] == '<':
			l.whole = true
		case b == '<' || b == '>':
			l.run = 0
		}
		l.last = [2]byte{l.last[1], b}
		if l.run > maxRun {
			return 0, badSheet(0, "The workbook has a cell or another piece of more than %d KiB.", maxRun>>10)
		}
	}
	return n, err
}

// linkOf is the relationship of a sheet, r:id whatever its prefix.
func linkOf(el xml.StartElement) string {
	for _, a := range el.Attr {
		if a.Name.Local == "id" && a.Name.Space != "" {
			return a.Value
		}
	}
	return ""
}

func attribute(el xml.StartElement, name string) string {
	for _, a := range el.Attr {
		if a.Name.Local == name && a.Name.Space == "" {
			return a.Value
		}
	}
	return ""
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
func (b *book) cell(column, row int, raw string) (text, broken string, err error) {
	name, err := excelize.CoordinatesToCellName(column, row)
	if err != nil {
		return "", "", err
	}
	form := b.forms.at(row, column)
	switch form.kind { // ECMA-376 part 1, section 18.18.11
	case "b":
		return map[string]string{"1": "yes", "0": "no"}[raw], "", nil
	case "e":
		return raw, "holds " + raw + " in " + name, nil
	case "d", "s", "str", "inlineStr":
		return raw, "", nil
	}
	v, err := strconv.ParseFloat(raw, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return raw, "", nil
	}
	as := b.numbers(form.style)
	if as.kind == isNumber || v < 0 || v >= 2_958_466 { // the year 10000
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
