package sheet

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"path"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

// cellForm is what a cell of a workbook says of its content.
type cellForm struct {
	kind  string // t: "s", "str", "b", "e", "n", …; "" where it is not said
	style int
}

// cellForms are the forms of a sheet's cells that hold something. The library
// gives them too, but builds the whole sheet in memory for it: 7 kB of empty cells
// took 350 MiB.
type cellForms struct {
	cells map[[2]int]cellForm // by row and column; absent: no kind, style 0
	rows  map[int]int         // styles of whole rows
	cols  [maxColumns + 1]int // styles of whole columns
}

// at gives a cell's kind, and its style as the library resolves it: its own,
// the row's, the column's.
func (f *cellForms) at(row, column int) cellForm {
	form := f.cells[[2]int{row, column}]
	if form.style == 0 {
		form.style = f.rows[row]
	}
	if form.style == 0 && column < len(f.cols) {
		form.style = f.cols[column]
	}
	return form
}

// formsOf reads the forms of a workbook's first sheet.
func formsOf(f *excelize.File) (*cellForms, error) {
	sheet, err := firstSheet(f)
	if err != nil {
		return nil, err
	}
	out := &cellForms{cells: map[[2]int]cellForm{}, rows: map[int]int{}}
	d := xml.NewDecoder(bytes.NewReader(sheet))
	row, column := 0, 0
	var form cellForm
	number := func(el xml.StartElement, name string) int {
		n, _ := strconv.Atoi(attribute(el, name))
		return n
	}
	for {
		tok, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return out, nil
		} else if err != nil {
			return nil, err
		}
		el, ok := tok.(xml.StartElement)
		if !ok {
			continue
		}
		switch el.Name.Local {
		case "col":
			if s := number(el, "style"); s != 0 {
				for i := max(number(el, "min"), 1); i <= min(number(el, "max"), maxColumns); i++ {
					if out.cols[i] == 0 {
						out.cols[i] = s
					}
				}
			}
		case "row":
			row, column = row+1, 0
			if r := number(el, "r"); r != 0 {
				row = r
			}
			if s := number(el, "s"); s != 0 {
				out.rows[row] = s
			}
		case "c":
			column++
			if ref := attribute(el, "r"); ref != "" {
				if column, _, err = excelize.CellNameToCoordinates(ref); err != nil {
					return nil, err
				}
			}
			form = cellForm{strings.Clone(attribute(el, "t")), number(el, "s")}
		case "v", "is", "f":
			if form != (cellForm{}) {
				out.cells[[2]int{row, column}] = form
			}
		}
	}
}

// firstSheet follows the relations of the package to its first sheet (ECMA-376
// part 2, section 6.5).
func firstSheet(f *excelize.File) ([]byte, error) {
	load := func(name string) []byte {
		b, _ := f.Pkg.Load(name)
		body, _ := b.([]byte)
		return body
	}
	type relations struct {
		Relationship []struct {
			ID     string `xml:"Id,attr"`
			Type   string `xml:"Type,attr"`
			Target string `xml:"Target,attr"`
		} `xml:"Relationship"`
	}
	var root, own relations
	_ = xml.Unmarshal(load("_rels/.rels"), &root)
	workbook := ""
	for _, r := range root.Relationship {
		if strings.HasSuffix(r.Type, "/officeDocument") {
			workbook = strings.TrimPrefix(r.Target, "/")
			break
		}
	}
	dir, base := path.Split(workbook)
	_ = xml.Unmarshal(load(dir+"_rels/"+base+".rels"), &own)
	if f.WorkBook == nil || len(f.WorkBook.Sheets.Sheet) == 0 {
		return nil, errors.New("no sheet in the workbook")
	}
	for _, r := range own.Relationship {
		if r.ID != f.WorkBook.Sheets.Sheet[0].ID {
			continue
		}
		name := path.Join(dir, r.Target)
		if strings.HasPrefix(r.Target, "/") {
			name = strings.TrimPrefix(path.Clean(r.Target), "/")
		}
		if body := load(name); body != nil {
			return body, nil
		}
	}
	return nil, errors.New("the first sheet is not in the package")
}
