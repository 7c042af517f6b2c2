package sheet

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

// cellForm is what a cell of a workbook says of its content.
type cellForm struct {
	kind  string // t: "s", "str", "b", "e", "n", …; "" where it is not said
	style int
}

// placedForm is the form of the cell in a column, as small as it can be: there are hundreds of thousands.
type placedForm struct {
	column, kind uint8 // kind: its place in cellKinds
	style        int32
}

// cellKinds are the kinds that are told apart (ECMA-376 part 1, section 18.18.11).
var cellKinds = []string{"", "b", "d", "e", "inlineStr", "n", "s", "str"}

// cellForms are the forms of a sheet's cells that hold something. The library
// gives them too, but builds the whole sheet in memory for it: 7 kB of empty cells
// took 350 MiB.
type cellForms struct {
	cells map[int][]placedForm // by row, in the order of the file; absent: no kind, style 0
	rows  map[int]int          // styles of whole rows
	cols  [maxColumns + 1]int  // styles of whole columns
	// By row: the formulas, by column, whose result the file does not hold; what is merged over several rows.
	unsolved map[int]map[int]string
	merged   map[int][]mergedCell
	spread   int // rows of merged cells so far
}

// mergedCell is the part of a merged cell in one row: the first has the value.
type mergedCell struct {
	column int
	first  bool
}

// at gives a cell's kind, and its style as the library resolves it: its own,
// the row's, the column's.
func (f *cellForms) at(row, column int) cellForm {
	var form cellForm
	for _, p := range f.cells[row] {
		if int(p.column) == column {
			form = cellForm{cellKinds[p.kind], int(p.style)}
		}
	}
	if form.style == 0 {
		form.style = f.rows[row]
	}
	if form.style == 0 && column < len(f.cols) {
		form.style = f.cols[column]
	}
	return form
}

// formsOf reads the forms of a sheet.
func formsOf(sheet []byte) (*cellForms, error) {
	out := &cellForms{cells: map[int][]placedForm{}, rows: map[int]int{}, unsolved: map[int]map[int]string{}, merged: map[int][]mergedCell{}}
	d := xml.NewDecoder(bytes.NewReader(sheet))
	row, column := 0, 0
	var form cellForm
	formula, solved, within, value := "", false, false, false
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
		switch end := tok.(type) {
		case xml.CharData:
			if within && len(formula) < 200 {
				formula += string(end)
			}
			solved = solved || value && len(end) > 0
			continue
		case xml.EndElement:
			if within, value = false, false; end.Name.Local == "c" && formula != "" && !solved && column <= maxColumns {
				if out.unsolved[row] == nil {
					out.unsolved[row] = map[int]string{}
				}
				out.unsolved[row][column] = formula
			}
			continue
		}
		el, ok := tok.(xml.StartElement)
		if !ok {
			continue
		}
		switch el.Name.Local {
		case "mergeCell":
			if err := out.merge(attribute(el, "ref")); err != nil {
				return nil, err
			}
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
			formula, solved = "", false
		case "v", "is", "f":
			if within = el.Name.Local == "f"; within {
				formula = strings.Clone(attribute(el, "ref")) // of a shared formula there may be no text
			}
			value = !within
			solved = solved || value && form.kind == "str" // its result is an empty text
			if form != (cellForm{}) && column <= maxColumns {
				out.cells[row] = append(out.cells[row], placedForm{uint8(column), uint8(max(slices.Index(cellKinds, form.kind), 0)), int32(form.style)})
			}
		}
	}
}

// merge notes a range of merged cells that goes over several rows: its first column, from top to bottom.
// What is merged over several columns of one row is a title.
func (f *cellForms) merge(ref string) error {
	from, to, ok := strings.Cut(ref, ":")
	if !ok {
		return nil
	}
	column, top, err := excelize.CellNameToCoordinates(from)
	if err != nil {
		return err
	}
	_, bottom, err := excelize.CellNameToCoordinates(to)
	if err != nil {
		return err
	}
	if column > maxColumns || bottom <= top {
		return nil
	}
	for row := top; row <= min(bottom, maxSheetRows) && f.spread < maxMergedRows; row++ {
		f.spread++
		f.merged[row] = append(f.merged[row], mergedCell{column, row == top})
	}
	return nil
}

// sheetParts follows the relations of the package to its sheets (ECMA-376 part 2, section 6.5), in their
// order; nil: it is not in the package.
func sheetParts(f *excelize.File) [][]byte {
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
	targets := map[string]string{}
	for _, r := range own.Relationship {
		if _, twice := targets[r.ID]; !twice {
			targets[r.ID] = r.Target
		}
	}
	out := make([][]byte, len(f.WorkBook.Sheets.Sheet))
	for i, s := range f.WorkBook.Sheets.Sheet {
		target, ok := targets[s.ID]
		if !ok {
			continue
		}
		name := path.Join(dir, target)
		if strings.HasPrefix(target, "/") {
			name = strings.TrimPrefix(path.Clean(target), "/")
		}
		out[i] = load(name)
	}
	return out
}
