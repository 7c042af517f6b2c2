package sheet

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"path"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"doorstep/domain"
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
