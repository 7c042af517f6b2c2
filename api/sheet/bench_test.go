package sheet

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"doorstep/domain/intake"
)

// large makes a CSV and a workbook of as many rows as are taken, of 40 columns.
func large(b testing.TB) (text, book []byte) {
	head := []string{"Ticket", "Customer", "Mobile", "Address", "Date", "Slot"}
	for i := range 34 {
		head = append(head, fmt.Sprintf("Other %d", i))
	}
	var csv strings.Builder
	csv.WriteString(strings.Join(head, ",") + "\n")
	f := excelize.NewFile()
	stream, err := f.NewStreamWriter("Sheet1")
	if err != nil {
		b.Fatal(err)
	}
	cells := func(texts []string) []any {
		out := make([]any, len(texts))
		for i, t := range texts {
			out[i] = t
		}
		return out
	}
	_ = stream.SetRow("A1", cells(head))
	for i := range intake.MaxImportRows {
		row := []string{fmt.Sprint("T-", i), fmt.Sprint("घर ", i), fmt.Sprintf("98%08d", i), fmt.Sprintf("%d, MG Road", i), "01/03/2027",
			"10:00-12:00"}
		for k := range 34 {
			row = append(row, fmt.Sprintf("%s %d of %d", strings.Repeat("text ", 8), k, i))
		}
		_ = stream.SetRow(fmt.Sprint("A", i+2), cells(row))
		csv.WriteString(`"` + strings.Join(row, `","`) + "\"\n")
	}
	if err := stream.Flush(); err != nil {
		b.Fatal(err)
	}
	var xlsx bytes.Buffer
	if err := f.Write(&xlsx); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	return []byte(csv.String()), xlsx.Bytes()
}

// BenchmarkParse reads the largest files that are taken, and reports the most memory in use meanwhile.
func BenchmarkParse(b *testing.B) {
	text, book := large(b)
	for name, c := range map[string]struct {
		media string
		body  []byte
	}{"csv": {MediaCSV, text}, "windows-1252": {MediaCSV + "; charset=windows-1252", text}, "xlsx": {MediaXLSX, book}} {
		b.Run(name, func(b *testing.B) {
			runtime.GC()
			runtime.GC() // what the first has freed is given back
			var before runtime.MemStats
			runtime.ReadMemStats(&before)
			done, most := make(chan struct{}), make(chan uint64)
			go func() {
				top := uint64(0)
				for {
					select {
					case <-done:
						most <- top
						return
					case <-time.After(time.Millisecond):
						var m runtime.MemStats
						runtime.ReadMemStats(&m)
						top = max(top, m.HeapInuse)
					}
				}
			}()
			for b.Loop() {
				file, err := Parse(context.Background(), c.media, c.body)
				if err != nil || len(file.Sheets[0].Rows) < 4_000 {
					b.Fatal(err)
				}
			}
			close(done)
			b.ReportMetric(float64(len(c.body))/(1<<20), "file-MiB")
			b.ReportMetric(float64(<-most-before.HeapInuse)/(1<<20), "heap-MiB")
		})
	}
}
