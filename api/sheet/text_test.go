package sheet

import (
	"context"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"doorstep/domain"
	"doorstep/domain/intake"
)

// Which encoding a text has is found for the whole of it, and what was assumed is said.
func TestEncodings(t *testing.T) {
	const hindi = "Ref,Name\nA-1,रमेश कुमार\n"
	in := func(e encoding.Encoding, s string) string {
		out, err := e.NewEncoder().String(s)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	little, big := unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	for name, c := range map[string]struct {
		charset, body    string
		encoding, second string // of which the second cell is
		said             string // part of what is assumed; empty: nothing is
	}{
		"UTF-8":                   {"", hindi, "UTF-8", "रमेश कुमार", ""},
		"UTF-8 with mark":         {"", "\xef\xbb\xbf" + hindi, "UTF-8", "रमेश कुमार", ""},
		"UTF-8 that is named":     {"UTF-8", hindi, "UTF-8", "रमेश कुमार", ""},
		"plain":                   {"", "Ref,Name\nA-1,Lata\n", "UTF-8", "Lata", ""},
		"plain, named otherwise":  {"iso-8859-1", "Ref,Name\nA-1,Lata\n", "windows-1252", "Lata", ""},
		"UTF-16 little":           {"", "\xff\xfe" + in(little, hindi), "UTF-16", "रमेश कुमार", ""},
		"UTF-16 big":              {"", "\xfe\xff" + in(big, hindi), "UTF-16", "रमेश कुमार", ""},
		"UTF-16 without mark":     {"", in(little, hindi), "UTF-16", "रमेश कुमार", "no mark"},
		"UTF-16 big without mark": {"utf-16be", in(big, hindi), "UTF-16", "रमेश कुमार", "no mark"},
		"Windows-1252": {"", in(charmap.Windows1252, "Ref,Name\nA-1,José “Pepe”\n"), "windows-1252", "José “Pepe”",
			"taken for Windows-1252"},
		"Windows-1252 that is named":    {"windows-1252", in(charmap.Windows1252, "Ref,Name\nA-1,José\n"), "windows-1252", "José", ""},
		"Windows-1251 that is named":    {"windows-1251", in(charmap.Windows1251, "Ref,Name\nA-1,Иван\n"), "windows-1251", "Иван", ""},
		"code page 437 that is named":   {"IBM437", in(charmap.CodePage437, "Ref,Name\nA-1,José\n"), "IBM437", "José", ""},
		"a wrong name":                  {"windows-1252", hindi, "UTF-8", "रमेश कुमार", "plainly UTF-8"},
		"one wrong byte":                {"", strings.Replace(hindi, " ", "\x96", 1), "UTF-8", "रमेश\uFFFDकुमार", "not UTF-8"},
		"one wrong byte, wrongly named": {"windows-1252", strings.Replace(hindi, " ", "\x96", 1), "UTF-8", "रमेश\uFFFDकुमार", "not UTF-8"},
		"one accent, one wrong byte":    {"", "Ref,Name\nA-1,José \x96 Pepe\n", "UTF-8", "José \uFFFD Pepe", "not UTF-8"},
	} {
		media := MediaCSV
		if c.charset != "" {
			media += "; charset=" + c.charset
		}
		file, err := Parse(context.Background(), media, []byte(c.body))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		said := ""
		for _, o := range file.LeftOut {
			if said += o.Why; o.Line != 0 {
				t.Errorf("%s: said of line %d", name, o.Line)
			}
		}
		if file.Encoding != c.encoding || file.Sheets[0].Rows[1].Cells[1] != c.second || !strings.Contains(said, c.said) ||
			(said == "") != (c.said == "") {
			t.Errorf("%s: %s %q, said %q", name, file.Encoding, file.Sheets[0].Rows[1].Cells, said)
		}
	}
	for name, c := range map[string][2]string{
		"a code page that nobody names": {"", in(charmap.Windows1251, "Ref,Name\nA-1,Иван Петров\nA-2,Мария Иванова\n")},
		"a name that nobody knows":      {"klingon", hindi},
	} {
		if _, err := Parse(context.Background(), MediaCSV+"; charset="+c[0], []byte(c[1])); !domain.IsCode(err, domain.CodeUnprocessable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What a workbook has besides plain cells: several sheets, merged cells, formulas without a result, errors,
// numbers of more digits than a spreadsheet keeps.
func TestWorkbooks(t *testing.T) {
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	body := workbook(t, func(f *excelize.File) {
		must(f.SetCellValue("Sheet1", "A1", "Fill the sheet Jobs"))
		for _, name := range []string{"Jobs", "Lists"} {
			_, err := f.NewSheet(name)
			must(err)
		}
		must(f.SetCellValue("Lists", "A1", "hidden"))
		must(f.SetSheetVisible("Lists", false))
		f.SetActiveSheet(1)
		for i, row := range [][]any{{"Kothrud, Monday", nil, nil, nil}, {"Ticket", "Mobile", "Date", "Stock"}, {"A", 9811300001, "01/03/2027", 7},
			{"B", 9811300002, nil, nil}, {"C", nil, nil, nil}, {2.02703000000123e14, nil, nil, nil}, {1234567890123456, nil, nil, nil},
			{1.23456789012345e17, nil, nil, nil}} {
			must(f.SetSheetRow("Jobs", "A"+string(rune('1'+i)), &row))
		}
		must(f.MergeCell("Jobs", "A1", "D1")) // a title
		must(f.MergeCell("Jobs", "C3", "C5"))
		must(f.SetCellFormula("Jobs", "B5", "9811300000+3"))
	})
	body = rewrite(t, body, "xl/worksheets/sheet2.xml", func(s string) string {
		return strings.Replace(s, `<c r="D3"><v>7</v></c>`, `<c r="D3" t="e"><f>1/0</f><v>#DIV/0!</v></c>`, 1)
	})
	file, err := Parse(context.Background(), MediaXLSX, body)
	must(err)
	if len(file.Sheets) != 3 || file.Encoding != "" || !file.Sheets[1].Active || !file.Sheets[2].Hidden || file.Sheets[0].Hidden {
		t.Fatalf("%+v", file)
	}
	rows := file.Sheets[1].Rows
	for i, want := range []string{"Kothrud, Monday", "Ticket|Mobile|Date|Stock", "A|9811300001|01/03/2027|#DIV/0!", "B|9811300002|01/03/2027",
		"C|=9811300000+3|01/03/2027", "202703000000123", "1234567890123456", "1.23456789012345E+17"} {
		if got := strings.Join(rows[i].Cells, "|"); got != want {
			t.Errorf("row %d: %s, want %s", i+1, got, want)
		}
	}
	if !strings.Contains(rows[2].Odd[3], "#DIV/0!") || rows[4].Odd[1] != intake.NoResult || len(rows[3].Odd) != 0 {
		t.Errorf("%+v", rows[2:5])
	}
}
