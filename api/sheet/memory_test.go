package sheet

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"doorstep/domain/intake"
	"doorstep/domain/intake/heaptest"
)

// sent is a file as it is sent.
type sent struct {
	media string
	body  []byte
}

// claiming are small workbooks that claim to be large.
func claiming(t testing.TB) map[string]sent {
	plain := workbook(t, func(f *excelize.File) {
		_ = f.SetSheetRow("Sheet1", "A1", &[]any{"Ticket", "Customer", "Mobile", "Address"})
	})
	before := func(at, more string) sent {
		return sent{MediaXLSX, rewrite(t, plain, "xl/worksheets/sheet1.xml", func(s string) string { return strings.Replace(s, at, more+at, 1) })}
	}
	return map[string]sent{
		"a far dimension":        before("<sheetData>", `<dimension ref="A1:XFD1048576"/>`),
		"far columns":            before("<sheetData>", `<cols><col min="1" max="16384" width="9"/></cols>`),
		"a merge of all":         before("</worksheet>", `<mergeCells count="1"><mergeCell ref="A2:XFD1048576"/></mergeCells>`),
		"the last cell there is": before("</sheetData>", `<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>`),
		"rows of nothing":        before("</sheetData>", strings.Repeat("<row/>", maxSheetRows-10)),
	}
}

// hostile are files of at most heaptest.MaxFile that stand for far more than they weigh.
func hostile(t testing.TB) map[string]sent {
	const most = heaptest.MaxFile
	plain := workbook(t, func(f *excelize.File) {
		_ = f.SetSheetRow("Sheet1", "A1", &[]any{"Ticket", "Customer", "Mobile", "Address"})
		_ = f.SetSheetRow("Sheet1", "A2", &[]any{"K-1", "Lata Joshi", "9812345671", "1 Road"})
	})
	const sheet, strs = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"
	into := func(part, end, more string) sent {
		return sent{MediaXLSX, rewrite(t, plain, part, func(s string) string {
			out := strings.Replace(s, end, more+end, 1)
			if out == s {
				t.Fatalf("%s has no %s", part, end)
			}
			return out
		})}
	}
	text, book := large(t)
	fill := func(s string) []byte { return []byte("Ticket,Customer\n" + strings.Repeat(s, (most-16)/len(s))) }
	var words strings.Builder
	for i := range 300_000 {
		fmt.Fprintf(&words, "<si><t>text %d of many</t></si>", i)
	}
	out := map[string]sent{
		"the longest CSV":         {MediaCSV, text},
		"the same in one byte":    {MediaCSV + "; charset=windows-1252", text},
		"the longest workbook":    {MediaXLSX, book},
		"a million empty columns": {MediaCSV, []byte("Ticket,Customer" + strings.Repeat(",", 1_000_000) + "\nK-1,Lata\n")},
		"empty columns below":     {MediaCSV, []byte("Ticket,Customer\nK-1,Lata" + strings.Repeat(",", 1_000_000) + "\n")},
		"a million empty cells":   into(sheet, "</sheetData>", "<row>"+strings.Repeat("<c/>", 1_000_000)+"</row>"),
		"a cell of 10 MiB":        {MediaCSV, fill("x")},
		"a quoted cell of 10 MiB": {MediaCSV, append(fill("x,\n")[:most-1], '"')},
		"an inline cell of 10 MiB": into(sheet, "</sheetData>", `<row r="3"><c r="A3" t="inlineStr"><is><t>`+strings.Repeat("x", most)+
			`</t></is></c></row>`),
		"a shared text of 10 MiB": into(strs, "</sst>", "<si><t>"+strings.Repeat("x", most)+"</t></si>"),
		"many shared texts":       into(strs, "</sst>", words.String()),
		"a zip bomb":              into(sheet, "</sheetData>", strings.Repeat(" ", 300<<20)),
		"a zip that lies":         {MediaXLSX, lying(t, 300<<20)},
		"as many cells as may be": into(sheet, "</sheetData>", strings.Repeat("<row>"+strings.Repeat("<c><v>1</v></c>", 100)+"</row>", 3_900)),
		"errors in every cell": into(sheet, "</sheetData>", strings.Repeat("<row>"+strings.Repeat(`<c t="e"><v>#REF!</v></c>`, 100)+"</row>",
			3_900)),
		"formulas alone": into(sheet, "</sheetData>", strings.Repeat("<row>"+strings.Repeat("<c><f>A1</f></c>", 60)+"</row>", 3_900)),
		"texts at their bound": into(sheet, "</sheetData>", strings.Repeat(`<row><c t="inlineStr"><is><t>`+strings.Repeat("é", maxCell)+
			`</t></is></c></row>`, 2_000)),
		"lines of delimiters":  {MediaCSV, fill(strings.Repeat(",", 199) + "\n")},
		"lines of nothing":     {MediaCSV, fill("\n")},
		"UTF-16 of delimiters": {MediaCSV, append([]byte("\xff\xfe"), bytes.Repeat([]byte(",\x00"), most/2-1)...)},
		"Windows-1252":         {MediaCSV, fill("\x80,\x80\n")},
		"quotes":               {MediaCSV, fill(`"`)},
		"quoted quotes":        {MediaCSV, fill(`"""",""""` + "\n")},
	}
	maps.Copy(out, claiming(t))
	return out
}

// lying is a workbook whose directory says that its sheet is small.
func lying(t testing.TB, size int) []byte {
	var deflated, out bytes.Buffer
	w, err := flate.NewWriter(&deflated, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	sum, piece := crc32.NewIEEE(), bytes.Repeat([]byte("<c/>"), 1<<18)
	head := []byte(`<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row>`)
	for _, p := range append([][]byte{head}, repeat(piece, size/len(piece))...) {
		_, _ = sum.Write(p)
		if _, err := w.Write(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(&out)
	raw, err := z.CreateRaw(&zip.FileHeader{Name: "xl/worksheets/sheet1.xml", Method: zip.Deflate, CRC32: sum.Sum32(),
		CompressedSize64: uint64(deflated.Len()), UncompressedSize64: 1000})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := raw.Write(deflated.Bytes()); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil || !bytes.Contains(out.Bytes(), binary.LittleEndian.AppendUint32(nil, 1000)) {
		t.Fatalf("%v", err)
	}
	return out.Bytes()
}

func repeat(piece []byte, n int) (out [][]byte) {
	for range n {
		out = append(out, piece)
	}
	return out
}

// Whatever a file of 10 MiB is made of, the heap grows by at most 100 MiB while it is read.
func TestReadingHoldsLittle(t *testing.T) {
	if os.Getenv("DOORSTEP_TEST_LONG") == "" {
		t.Skip("long: told with DOORSTEP_TEST_LONG=1 (make test-all)")
	}
	for name, f := range hostile(t) {
		t.Run(name, func(t *testing.T) {
			if len(f.body) > heaptest.MaxFile {
				t.Fatalf("%d bytes", len(f.body))
			}
			var file *intake.File
			parse := func() { file, _ = Parse(context.Background(), f.media, f.body) }
			grown := heaptest.Growth(parse)
			for tries := 0; grown > heaptest.Most && tries < 2; tries++ { // a collector that gets no processor leaves garbage
				grown = min(grown, heaptest.Growth(parse))
			}
			if grown > heaptest.Most {
				t.Errorf("the heap grew by %d MiB for %d KiB", grown>>20, len(f.body)>>10)
			}
			t.Logf("%d MiB for %d KiB, read %v", grown>>20, len(f.body)>>10, file != nil)
		})
	}
}
