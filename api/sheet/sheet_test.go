package sheet

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"doorstep/domain"
	"doorstep/domain/intake"
	"doorstep/domain/intake/heaptest"
)

// row is a row under the first one of a file.
type row struct {
	Line   int
	Cells  map[string]string
	Broken string
	Odd    map[int]string
}

// read parses a file and takes the first row of its first sheet for the heading, as it stands.
func read(ctx context.Context, media string, body []byte) (head []string, out []row, err error) {
	file, err := Parse(ctx, media, body)
	if err != nil || len(file.Sheets[0].Rows) == 0 {
		return nil, nil, err
	}
	first := file.Sheets[0].Rows
	head = first[0].Cells
	for _, r := range first[1:] {
		x := row{Line: r.Line, Cells: map[string]string{}, Broken: r.Broken, Odd: r.Odd}
		for i, c := range r.Cells {
			if i < len(head) && head[i] != "" {
				x.Cells[head[i]] = c
			}
		}
		out = append(out, x)
	}
	return head, out, nil
}

func TestParseCSV(t *testing.T) {
	utf16 := func(order unicode.Endianness) string {
		s, err := unicode.UTF16(order, unicode.UseBOM).NewEncoder().String("Ref;Name\r\nA-1;लता\r\n")
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	latin, err := charmap.Windows1252.NewEncoder().String("Ref,Name\nA-1,José “Pepe”\n")
	if err != nil {
		t.Fatal(err)
	}
	type rows []map[string]string
	for name, c := range map[string]struct {
		body  string
		head  string
		rows  rows
		lines string
	}{
		"comma":           {"Ref,Name\nA-1,Lata\n", "Ref|Name", rows{{"Ref": "A-1", "Name": "Lata"}}, "[2]"},
		"byte order mark": {"\xef\xbb\xbfRef,Name\nA-1,लता", "Ref|Name", rows{{"Ref": "A-1", "Name": "लता"}}, "[2]"},
		"semicolon":       {"Ref;Name\nA-1;Lata, Uma\n", "Ref|Name", rows{{"Ref": "A-1", "Name": "Lata, Uma"}}, "[2]"},
		"tab":             {"Ref\tName\nA-1\tLata; Uma, Om\n", "Ref|Name", rows{{"Ref": "A-1", "Name": "Lata; Uma, Om"}}, "[2]"},
		"quoted heading": {"\"Ref, the number\";Name\nA-1;x\n", "Ref, the number|Name", rows{{"Ref, the number": "A-1", "Name": "x"}},
			"[2]"},
		"sep=":       {"sep=;\nRef;Name\nA-1;x,y,z\n", "Ref|Name", rows{{"Ref": "A-1", "Name": "x,y,z"}}, "[3]"},
		"one column": {"Ref\nA-1\n", "Ref", rows{{"Ref": "A-1"}}, "[2]"},
		"quoted newline": {"Ref,Address\r\nA-1,\"12 MG Road\r\nPune\"\r\nA-2,x\r\n", "Ref|Address",
			rows{{"Ref": "A-1", "Address": "12 MG Road\nPune"}, {"Ref": "A-2", "Address": "x"}}, "[2 4]"},
		"old line ends": {"Ref,Name\rA-1,Lata\r", "Ref|Name", rows{{"Ref": "A-1", "Name": "Lata"}}, "[2]"},
		"doubled quotes": {"Ref,Fault\nA-1,\"42\"\" screen, dead\"\n", "Ref|Fault", rows{{"Ref": "A-1", "Fault": `42" screen, dead`}},
			"[2]"},
		"empty rows": {"\n,,\nRef,Name\n\n,\nA-1,x\n ,\t\n", "Ref|Name", rows{{"Ref": "A-1", "Name": "x"}}, "[6]"},
		"short row":  {"Ref,Name,Fault\nA-1\n", "Ref|Name|Fault", rows{{"Ref": "A-1"}}, "[2]"},
		"pipe":       {"Ref|Name\nA-1|Lata, Uma; Om\n", "Ref|Name", rows{{"Ref": "A-1", "Name": "Lata, Uma; Om"}}, "[2]"},
		"commas in a heading of semicolons": {"Ticket;Customer (surname, first name);Address (street, house, floor)\nA-1;Muster, Eva;Weg 1\n",
			"Ticket|Customer (surname, first name)|Address (street, house, floor)",
			rows{{"Ticket": "A-1", "Customer (surname, first name)": "Muster, Eva", "Address (street, house, floor)": "Weg 1"}}, "[2]"},
		"words nobody knows": {"Alpha, B;Beta;Gamma\n1;2;3\n4;5,5;6\n", "Alpha, B|Beta|Gamma", rows{{"Alpha, B": "1", "Beta": "2", "Gamma": "3"},
			{"Alpha, B": "4", "Beta": "5,5", "Gamma": "6"}}, "[2 3]"},
		"decimal comma": {"Ref;Lat\nA-1;18,52\nA-2;18,53\n", "Ref|Lat",
			rows{{"Ref": "A-1", "Lat": "18,52"}, {"Ref": "A-2", "Lat": "18,53"}}, "[2 3]"},
		"title above": {"Call sheet, Monday\nRef;Name\nA-1;x\n", "Call sheet, Monday",
			rows{{"Call sheet, Monday": "Ref"}, {"Call sheet, Monday": "A-1"}}, "[2 3]"},
		"trailing delimiters": {"Ref,Name,,\nA-1,x,,\n", "Ref|Name", rows{{"Ref": "A-1", "Name": "x"}}, "[2]"},
		"UTF-16 little":       {utf16(unicode.LittleEndian), "Ref|Name", rows{{"Ref": "A-1", "Name": "लता"}}, "[2]"},
		"UTF-16 big":          {utf16(unicode.BigEndian), "Ref|Name", rows{{"Ref": "A-1", "Name": "लता"}}, "[2]"},
		"Windows-1252":        {latin, "Ref|Name", rows{{"Ref": "A-1", "Name": "José “Pepe”"}}, "[2]"},
		"heading only":        {"Ref,Name\n", "Ref|Name", nil, "[]"},
		"formula is text":     {"Ref,Name\nA-1,=1+1\n", "Ref|Name", rows{{"Ref": "A-1", "Name": "=1+1"}}, "[2]"},
	} {
		t.Run(name, func(t *testing.T) {
			head, got, err := read(context.Background(), "text/csv; charset=utf-8", []byte(c.body))
			if err != nil || strings.Join(head, "|") != c.head {
				t.Fatalf("heading %q, %v", head, err)
			}
			lines := []int{}
			for i, row := range got {
				lines = append(lines, row.Line)
				want := c.rows[min(i, len(c.rows)-1)]
				if row.Broken != "" || !maps.Equal(row.Cells, want) {
					t.Errorf("row %+v, want %v", row, want)
				}
			}
			if len(got) != len(c.rows) || fmt.Sprint(lines) != c.lines {
				t.Errorf("lines %v, want %v", lines, c.lines)
			}
		})
	}
}

func TestParseCSVSaysWhatIsBroken(t *testing.T) {
	for name, c := range map[string]struct{ body, line, says string }{
		"open quote":    {"Ref,Fault\nA-1,\"never closed\nA-2,x\nA-3,y\n", "/lines/2", "quote"},
		"NUL":           {"Ref,Name\nA-1,a\x00b\n", "/lines/2", "NUL"},
		"workbook":      {"PK\x03\x04whatever", "", "workbook"},
		"old workbook":  {"\xd0\xcf\x11\xe0whatever", "", "workbook"},
		"odd UTF-16":    {"\xff\xfeR\x00e", "", "UTF-16"},
		"too much text": {"Ref\n" + strings.Repeat(strings.Repeat("x", 1<<20)+"\n", 17), "/lines/17", "too much text"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := read(context.Background(), MediaCSV, []byte(c.body))
			var e *domain.Error
			if !errors.As(err, &e) || e.Code != domain.CodeUnprocessable || !strings.Contains(e.Message, c.says) {
				t.Fatalf("%v", err)
			}
			if c.line != "" && (len(e.Fields) != 1 || e.Fields[0].Pointer != c.line) {
				t.Errorf("at %v, want %s", e.Fields, c.line)
			}
		})
	}
	file, err := Parse(context.Background(), MediaCSV, []byte("Ref\n"+strings.Repeat("A\n", intake.MaxSheetRows+1)))
	if err != nil || file.Sheets[0].TooLong != intake.MaxSheetRows+1 || len(file.Sheets[0].Rows) != intake.MaxSheetRows {
		t.Errorf("a sheet of too many rows: %v", err)
	}
}

// A quote out of place is the matter of its row, not of the file.
func TestQuotesInCSVAreTheirRows(t *testing.T) {
	_, rows, err := read(context.Background(), MediaCSV,
		[]byte("Ref,Name,Fault\nA-1,\"Rao, A\",ok\nA-2,A \"Bunty\" Rao,42\" screen\nA-3,\"a\"b,x\nA-4,\"says \"\"warm\"\"\",\"two\nlines\"\nA-5,\"ends"))
	if err != nil || len(rows) != 5 {
		t.Fatalf("%d rows: %v", len(rows), err)
	}
	for i, want := range []struct {
		line       int
		ref, fault string
		broken     bool
	}{{2, "A-1", "ok", false}, {3, "A-2", `42" screen`, false}, {4, "A-3", "", true}, {5, "A-4", "two\nlines", false}, {7, "A-5", "", true}} {
		r := rows[i]
		if r.Line != want.line || r.Cells["Ref"] != want.ref || (r.Broken != "") != want.broken || !want.broken &&
			r.Cells["Fault"] != want.fault {
			t.Errorf("row %+v, want %+v", r, want)
		}
	}
	if rows[1].Cells["Name"] != `A "Bunty" Rao` || !strings.Contains(rows[2].Broken, "column") {
		t.Errorf("%+v", rows[1:3])
	}
}

// workbook makes an XLSX file.
func workbook(t testing.TB, fill func(f *excelize.File)) []byte {
	t.Helper()
	f := excelize.NewFile()
	fill(f)
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestParseXLSX(t *testing.T) {
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	body := workbook(t, func(f *excelize.File) {
		style := func(format string) int {
			id, err := f.NewStyle(&excelize.Style{CustomNumFmt: &format})
			must(err)
			return id
		}
		builtin, err := f.NewStyle(&excelize.Style{NumFmt: 14})
		must(err)
		must(f.SetSheetRow("Sheet1", "A2", &[]any{"Ref", "Phone", "Date", "From", "Until", "Lat", "Safe", "Built", "Text", "Money", "Sum"}))
		must(f.SetSheetRow("Sheet1", "A4", &[]any{"007E2", 919876543210, 46350, 10.0 / 24, 46350.5, 18.5204, true, 46350, "46350", 46350, nil}))
		for cell, id := range map[string]int{"C4": style("dd/mm/yyyy"), "D4": style("h:mm AM/PM"), "E4": style(`yyyy-mm-dd hh:mm;@`),
			"H4": builtin, "J4": style(`"dated "#,##0.00 [$₹-4009]`)} {
			must(f.SetCellStyle("Sheet1", cell, cell, id))
		}
		must(f.SetCellFormula("Sheet1", "K4", "1+1"))
		must(f.SetCellValue("Sheet1", "A5", "A-5"))
		must(f.SetCellValue("Sheet1", "N5", "stray"))
		_, err = f.NewSheet("Other")
		must(err)
		must(f.SetCellValue("Other", "A1", "not read"))
	})
	head, rows, err := read(context.Background(), MediaXLSX, body)
	if err != nil || strings.Join(head, "|") != "Ref|Phone|Date|From|Until|Lat|Safe|Built|Text|Money|Sum" || len(rows) != 2 {
		t.Fatalf("%v %+v %v", head, rows, err)
	}
	want := map[string]string{"Ref": "007E2", "Phone": "919876543210", "Date": "2026-11-24", "From": "10:00", "Until": "2026-11-24T12:00",
		"Lat": "18.5204", "Safe": "yes",
		"Built": "2026-11-24", "Text": "46350", "Money": "46350", "Sum": "=1+1"}
	for k, v := range want {
		if rows[0].Cells[k] != v {
			t.Errorf("%s = %q, want %q", k, rows[0].Cells[k], v)
		}
	}
	if rows[0].Line != 4 || rows[1].Line != 5 || rows[0].Odd[10] != intake.NoResult || len(rows[0].Odd) != 1 {
		t.Errorf("%+v", rows)
	}
}

// rewrite changes one part of a workbook and adds others: name, text.
func rewrite(t testing.TB, body []byte, part string, change func(string) string, more ...string) []byte {
	t.Helper()
	in, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	out := zip.NewWriter(&b)
	for _, e := range in.File {
		r, err := e.Open()
		if err != nil {
			t.Fatal(err)
		}
		var data bytes.Buffer
		if _, err := data.ReadFrom(r); err != nil {
			t.Fatal(err)
		}
		w, err := out.Create(e.Name)
		if err != nil {
			t.Fatal(err)
		}
		text := data.String()
		if e.Name == part {
			text = change(text)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	for i := 0; i+1 < len(more); i += 2 {
		if w, err := out.Create(more[i]); err != nil {
			t.Fatal(err)
		} else if _, err := w.Write([]byte(more[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestParseXLSXRefusesBombs(t *testing.T) {
	plain := workbook(t, func(f *excelize.File) { _ = f.SetSheetRow("Sheet1", "A1", &[]any{"Ref", "Name"}) })
	const sheet = "xl/worksheets/sheet1.xml"
	into := func(rows string) []byte {
		return rewrite(t, plain, sheet, func(s string) string {
			out := strings.Replace(s, "</sheetData>", rows+"</sheetData>", 1)
			if out == s {
				t.Fatal("the sheet has no data")
			}
			return out
		})
	}
	var far strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&far, `<row r="%d"><c r="XFD%d"><v>1</v></c></row>`, i+2, i+2)
	}
	for name, body := range map[string][]byte{
		"far column":    into(far.String()),
		"far row":       into(`<row r="1048576"><c r="A1048576"><v>1</v></c></row>`),
		"row overflow":  into(`<row r="99999999999999999999"/>`),
		"unnamed cells": into(`<row>` + strings.Repeat("<c/>", maxColumns+1) + `</row>`),
		"many merges": rewrite(t, plain, sheet, func(s string) string {
			return strings.Replace(s, "</sheetData>", "</sheetData><mergeCells>"+strings.Repeat(`<mergeCell ref="A1:B2"/>`, maxMerged+1)+
				"</mergeCells>", 1)
		}),
		"large":           rewrite(t, plain, sheet, func(s string) string { return s + strings.Repeat(" ", maxUnzipped) }),
		"broken XML":      rewrite(t, plain, sheet, func(s string) string { return s[:len(s)/2] }),
		"no XML":          rewrite(t, plain, sheet, func(string) string { return "\x00\x01" }),
		"no workbook":     rewrite(t, plain, "xl/workbook.xml", func(string) string { return "" }),
		"cut":             plain[:len(plain)/2],
		"text":            []byte("Ref,Name\n"),
		"old workbook":    []byte("\xd0\xcf\x11\xe0whatever"),
		"style out of it": into(`<row r="2"><c r="A2" s="99999" t="s"><v>99999</v></c></row>`),
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			_, rows, err := read(context.Background(), MediaXLSX, body)
			if name == "style out of it" { // strange, and harmless
				return
			}
			if !domain.IsCode(err, domain.CodeUnprocessable) {
				t.Errorf("%v, %d rows", err, len(rows))
			}
			if took := time.Since(start); took > 3*time.Second {
				t.Errorf("took %s", took)
			}
		})
	}
}

// However a file of 10 MiB is made, reading it takes memory in proportion, and
// the refusal says what to do.
func TestSheetsTakeBoundedMemory(t *testing.T) {
	const size = 9 << 20
	plain := workbook(t, func(f *excelize.File) {
		_ = f.SetSheetRow("Sheet1", "A1", &[]any{"Ref", "Name"})
		_ = f.SetSheetRow("Sheet1", "A2", &[]any{"R1", "a name"})
	})
	part := func(name string, text func(string) string) []byte { return rewrite(t, plain, name, text) }
	instead := func(name, old, with string) []byte {
		return part(name, func(s string) string {
			if !strings.Contains(s, old) {
				t.Fatalf("%s holds no %s", name, old)
			}
			return strings.Replace(s, old, with, 1)
		})
	}
	const sheet, strs, rels = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/_rels/workbook.xml.rels"
	row := `<row>` + strings.Repeat("<c/>", maxColumns) + `</row>`
	for name, tc := range map[string]struct {
		media string
		body  []byte
		most  uint64 // MiB allocated in all
		said  string
	}{
		"a line of commas":    {MediaCSV, []byte("Ref,Name\n" + strings.Repeat(",", size)), 30, "Line 2: The row is too long"},
		"a heading of commas": {MediaCSV, []byte(strings.Repeat("a,", size/2)), 30, "Line 1: The row is too long"},
		"a line of text":      {MediaCSV, []byte("Ref,Name\n1," + strings.Repeat("x", size)), 60, "Line 2: The row is too long"},
		"a quote never closed": {MediaCSV, []byte("Ref,Name\n1,b\n2,\"" + strings.Repeat("x,\n", size/3)), 60,
			"Line 3: The row is too long"},
		"quotes, quotes":       {MediaCSV, []byte("Ref,Name\n" + strings.Repeat(`"`, size)), 60, "Line 2: The row is too long"},
		"bare quotes":          {MediaCSV, []byte("Ref,Name\na" + strings.Repeat(`"`, size)), 60, "Line 2: The row is too long"},
		"lines of nothing":     {MediaCSV, []byte("Ref,Name\n" + strings.Repeat("\n", size)), 30, ""},
		"lines of commas":      {MediaCSV, []byte("Ref,Name\n" + strings.Repeat(strings.Repeat(",", 1000)+"\n", size/1000)), 1000, ""},
		"more rows than taken": {MediaCSV, []byte("Ref,Name\n" + strings.Repeat("1,2\n", size/4)), 30, ""},
		"a line in UTF-16": {MediaCSV, append([]byte("\xff\xfe"), []byte(strings.Repeat(",\x00", size/2))...), 90,
			"Line 1: The row is too long"},
		"a line in Windows-1252": {MediaCSV, []byte(strings.Repeat("\x80,", size/2)), 120, "Line 1: The row is too long"},
		"a cell of 25 MB": {MediaXLSX, instead(sheet, "</sheetData>", `<row r="3"><c r="A3" t="inlineStr"><is><t>`+
			strings.Repeat("x", 25<<20)+`</t></is></c></row></sheetData>`), 60, "of more than 256 KiB"},
		"a cell in CDATA": {MediaXLSX, instead(sheet, "</sheetData>", `<row r="3"><c r="A3" t="inlineStr"><is><t><![CDATA[`+
			strings.Repeat("<>", 12<<20)+`]]></t></is></c></row></sheetData>`), 60, "of more than 256 KiB"},
		"a comment": {MediaXLSX, instead(sheet, "</sheetData>", "<!--"+strings.Repeat("<>", 12<<20)+"--></sheetData>"), 60,
			"of more than 256 KiB"},
		"a tag of 25 MB": {MediaXLSX, instead(sheet, "</sheetData>", `<row x="`+strings.Repeat("x", 25<<20)+`"/></sheetData>`), 60,
			"of more than 256 KiB"},
		"a shared text of 25 MB": {MediaXLSX, instead(strs, "</sst>", "<si><t>"+strings.Repeat("x", 25<<20)+"</t></si></sst>"), 60,
			"of more than 256 KiB"},
		"a text in many runs": {MediaXLSX, instead(strs, "</sst>", "<si>"+strings.Repeat("<r><t>x</t></r>", 1<<20)+"</si></sst>"), 300,
			"too much besides its cells"},
		"inline runs": {MediaXLSX, instead(sheet, "</sheetData>", `<row r="3"><c r="A3" t="inlineStr"><is>`+
			strings.Repeat("<r><t>x</t></r>", 1<<20)+`</is></c></row></sheetData>`), 300, "too much besides its cells"},
		"all the cells there may be": {MediaXLSX, instead(sheet, "</sheetData>", strings.Repeat(row, 1_999)+"</sheetData>"), 320, ""},
		"many empty cells": {MediaXLSX, instead(sheet, "</sheetData>", strings.Repeat(row, 15_000)+"</sheetData>"), 600,
			"more than 400000 cells"},
		"a sheet elsewhere": {MediaXLSX, rewrite(t, instead(rels, "worksheets/sheet1.xml", "elsewhere.bin"), sheet,
			func(s string) string { return s },
			"xl/elsewhere.bin", `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1"><c r="XFD1"><v>1</v></c></row></sheetData></worksheet>`), 60, "reaches beyond column 200"},
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, _, err := read(context.Background(), tc.media, tc.body)
			runtime.ReadMemStats(&after)
			took := (after.TotalAlloc - before.TotalAlloc) >> 20
			if tc.said == "" && err != nil || tc.said != "" && (err == nil || !strings.Contains(err.Error(), tc.said)) {
				t.Errorf("%v", err)
			}
			if took > tc.most {
				t.Errorf("%d MiB for %d KiB", took, len(tc.body)>>10)
			}
			t.Logf("%d MiB for %d KiB: %v", took, len(tc.body)>>10, err)
		})
	}
}

// A workbook is a package of parts that name each other; whatever there are
// thousands of, it neither holds a core nor much memory.
func TestPartsOfAWorkbookAreFew(t *testing.T) {
	plain := workbook(t, func(f *excelize.File) {
		_ = f.SetSheetRow("Sheet1", "A1", &[]any{"Ref", "Name"})
		_ = f.SetSheetRow("Sheet1", "A2", &[]any{"R1", "a name"})
	})
	const book, rels, types, styles = "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "[Content_Types].xml", "xl/styles.xml"
	const n = 60_000
	before := func(body []byte, part, end, format string, times int) []byte {
		var b strings.Builder
		for i := range times {
			b.WriteString(strings.ReplaceAll(format, "#", strconv.Itoa(i)))
		}
		return rewrite(t, body, part, func(s string) string {
			if strings.Count(s, end) != 1 {
				t.Fatalf("%s: not one %s in %s", part, end, s)
			}
			return strings.Replace(s, end, b.String()+end, 1)
		})
	}
	const sheet = `<sheet name="s#" sheetId="1#" r:id="x#"/>`
	const rel = `<Relationship Id="x#" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" ` +
		`Target="worksheets/sheet1.xml"/>`
	same := strings.ReplaceAll(rel, "x#", "rId1")
	const names, format = `<definedName name="n#">Sheet1!$A$1</definedName>`, `<numFmt numFmtId="999" formatCode="0#"/>`
	formats := rewrite(t, plain, styles, func(s string) string { return strings.Replace(s, "<fonts", "<numFmts></numFmts><fonts", 1) })
	named := rewrite(t, plain, book, func(s string) string {
		return strings.Replace(s, "</sheets>", "</sheets><definedNames></definedNames>", 1)
	})
	for name, tc := range map[string]struct {
		body []byte
		said string
	}{
		"sheets":           {before(before(plain, book, "</sheets>", sheet, n), rels, "</Relationships>", rel, n), "more than 256 sheets"},
		"sheets of no end": {before(plain, book, "</sheets>", sheet, 2*n), "more than 256 sheets"},
		"one sheet often": {before(before(plain, book, "</sheets>", strings.Replace(sheet, "x#", "rId1", 1), 200), rels, "</Relationships>",
			same, 9_000), "Two sheets of the workbook are one"},
		"links":            {before(plain, rels, "</Relationships>", rel, n), "more than 10000 links"},
		"links of all":     {before(plain, "_rels/.rels", "</Relationships>", rel, 1_000), "more than 256 links"},
		"content types":    {before(plain, types, "</Types>", `<Override PartName="/p#" ContentType="a/b"/>`, n), "more than 1000 parts"},
		"default types":    {before(plain, types, "</Types>", `<Default Extension="e#" ContentType="a/b"/>`, n), "more than 1000 kinds of parts"},
		"defined names":    {before(named, book, "</definedNames>", names, n), "more than 10000 defined names"},
		"number formats":   {before(formats, styles, "</numFmts>", format, n), "more than 1000 number formats"},
		"other workbooks":  {before(plain, book, "</workbook>", `<externalReference r:id="x#"/>`, n), "more than 256 links to other workbooks"},
		"entries":          {rewrite(t, plain, "", nil, slices.Repeat([]string{"p", "x"}, 400)...), "too many parts"},
		"200 real sheets":  {manySheets(t, 200), ""},
		"9,000 hyperlinks": {before(plain, rels, "</Relationships>", rel, 9_000), ""},
		"a thousand names": {before(named, book, "</definedNames>", names, 1_000), ""},
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			_, rows, err := read(context.Background(), MediaXLSX, tc.body)
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			mib := (after.TotalAlloc - before.TotalAlloc) >> 20
			if tc.said == "" && (err != nil || len(rows) != 1 || rows[0].Cells["Name"] != "a name") ||
				tc.said != "" && (!domain.IsCode(err, domain.CodeUnprocessable) || !strings.Contains(err.Error(), tc.said)) {
				t.Errorf("%v, %v", rows, err)
			}
			if took > 5*time.Second || mib > 60 {
				t.Errorf("%s and %d MiB for %d KiB", took, mib, len(tc.body)>>10)
			}
		})
	}
}

func manySheets(t *testing.T, n int) []byte {
	return workbook(t, func(f *excelize.File) {
		_ = f.SetSheetRow("Sheet1", "A1", &[]any{"Ref", "Name"})
		_ = f.SetSheetRow("Sheet1", "A2", &[]any{"R1", "a name"})
		for i := 2; i <= n; i++ {
			if _, err := f.NewSheet(fmt.Sprint("Sheet", i)); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// However many styles and columns a sheet names, its cells find theirs at once.
func TestStylesAreFoundAtOnce(t *testing.T) {
	plain := workbook(t, func(f *excelize.File) { _ = f.SetSheetRow("Sheet1", "A1", &[]any{"Ref", "Name"}) })
	body := rewrite(t, plain, "xl/styles.xml", func(s string) string {
		s = strings.Replace(s, "<fonts", "<numFmts>"+strings.Repeat(`<numFmt numFmtId="999" formatCode="0"/>`, 1_000)+"</numFmts><fonts", 1)
		return strings.Replace(s, "</cellXfs>", strings.Repeat(`<xf numFmtId="999"/>`, 60_000)+"</cellXfs>", 1)
	})
	var rows strings.Builder
	for i := range 300 {
		fmt.Fprintf(&rows, `<row r="%d">`, i+2)
		for k := range maxColumns {
			style := ""
			if k > 100 {
				style = fmt.Sprintf(` s="%d"`, i*maxColumns+k)
			}
			fmt.Fprintf(&rows, `<c%s><v>7</v></c>`, style)
		}
		rows.WriteString("</row>")
	}
	body = rewrite(t, body, "xl/worksheets/sheet1.xml", func(s string) string {
		s = strings.Replace(s, "</sheetData>", rows.String()+"</sheetData>", 1)
		return strings.Replace(s, "<sheetData>", "<cols>"+strings.Repeat(`<col min="16384" max="16384" style="1"/>`, 100_000)+
			"</cols><sheetData>", 1)
	})
	start := time.Now()
	_, got, err := read(context.Background(), MediaXLSX, body)
	if took := time.Since(start); err != nil || len(got) != 300 || took > 30*time.Second { // it does not end in minutes otherwise
		t.Errorf("%d rows after %s: %v", len(got), took, err)
	}
}

// What stood in bounds before stands: the longest row that can be taken is taken.
func TestTheLongestRowIsTaken(t *testing.T) {
	cell := strings.Repeat("क", maxCell)
	header, rows := []string{}, []string{}
	for i := range maxColumns {
		header, rows = append(header, fmt.Sprint("h", i)), append(rows, cell)
	}
	body := strings.Join(header, ",") + "\n" + strings.Join(rows, ",") + "\n" + strings.Repeat(",", 16_383) + "\n"
	_, got, err := read(context.Background(), MediaCSV, []byte(body))
	if err != nil || len(got) != 1 || got[0].Broken != "" || got[0].Cells["h199"] != cell {
		t.Fatalf("%d rows, %v", len(got), err)
	}
}

// Two tables are read at a time; who waits for too long is told to come again.
func TestParsesAreFew(t *testing.T) { synctest.Test(t, parsesAreFew) }

func parsesAreFew(t *testing.T) {
	shared := parsing
	parsing = make(chan struct{}, maxParses) // the bubble's own, so that its clock runs on while a parse waits
	defer func() { parsing = shared }()
	for range maxParses {
		parsing <- struct{}{}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, _, err := read(ctx, MediaCSV, []byte("a\n1\n")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the third: %v", err)
	}
	_, _, err := read(context.Background(), MediaCSV, []byte("a\n1\n"))
	var e *domain.Error
	if !errors.As(err, &e) || e.Code != domain.CodeUnavailable || e.RetryAfter == 0 {
		t.Errorf("after a while: %v", err)
	}
	<-parsing
	if _, rows, err := read(context.Background(), MediaCSV, []byte("a\n1\n")); err != nil || len(rows) != 1 {
		t.Errorf("with room: %v", err)
	}
	<-parsing
}

func TestKindOfNumberFormats(t *testing.T) {
	for format, want := range map[string]numberKind{
		"dd/mm/yyyy": isDate, "[$-409]d-mmm-yy;@": isDate, "hh:mm": isTime, "[h]:mm": isTime, "h:mm AM/PM": isTime,
		"yyyy-mm-dd hh:mm": isDateTime,
		"0.00":             isNumber, `"days "0`: isNumber, "#,##0 [$€-407]": isNumber, "General": isNumber, `0\d`: isNumber, "0_d": isNumber,
		"[Red]0": isNumber, "0;dd": isNumber,
	} {
		if got := kindOf(&excelize.Style{CustomNumFmt: &format}); got != want {
			t.Errorf("%s: %v, want %v", format, got, want)
		}
	}
	for _, n := range []int{14, 15, 16, 17} {
		if kindOf(&excelize.Style{NumFmt: n}) != isDate {
			t.Errorf("built-in %d is a date", n)
		}
	}
	if slices.Contains([]numberKind{isDate, isTime, isDateTime}, kindOf(&excelize.Style{NumFmt: 4})) {
		t.Error("built-in 4 is a number")
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"Ref,Name\nA,b\n", "\xff\xfeR\x00", "sep=;\na;b", "\"a\"\"\n", "\xe2\x28\xa1", "Ticket|Customer\n1|2\n",
		"Title\n\nTicket,Mobile\nTotal,1\n", "R\x00e\x00f\x00\n\x00"} {
		f.Add("text/csv", []byte(s))
		f.Add("text/csv; charset=windows-1251", []byte(s))
	}
	book := excelize.NewFile()
	_ = book.SetSheetRow("Sheet1", "A1", &[]any{"Ref", "Date"})
	_ = book.SetSheetRow("Sheet1", "A2", &[]any{"A-1", 46447.5})
	_ = book.SetCellFormula("Sheet1", "B3", "1+1")
	_ = book.MergeCell("Sheet1", "A2", "A4")
	var b bytes.Buffer
	if err := book.Write(&b); err != nil {
		f.Fatal(err)
	}
	f.Add(MediaXLSX, b.Bytes())
	for _, c := range claiming(f) {
		f.Add(c.media, c.body)
	}
	f.Fuzz(func(t *testing.T, media string, body []byte) {
		if len(body) > heaptest.MaxFile {
			return
		}
		var file *intake.File
		var err error
		heaptest.Bounded(t, func() { file, err = Parse(context.Background(), media, body) })
		if err != nil {
			if !domain.IsCode(err, domain.CodeUnprocessable) {
				t.Fatal(err)
			}
			return
		}
		for _, s := range file.Sheets {
			line := 0
			for _, r := range s.Rows {
				if r.Line <= line && media == MediaXLSX || r.Line < 1 || len(r.Cells) > maxColumns+1 {
					t.Fatalf("%+v after line %d", r, line)
				}
				line = r.Line
			}
		}
	})
}
