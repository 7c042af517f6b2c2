package sheet

import (
	"bytes"
	"encoding/csv"
	"strconv"
	"strings"
)

// CSV writes a table; cells that a spreadsheet would run as a formula are
// quoted as text (OWASP, CSV Injection).
func CSV(table [][]string) ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	for _, line := range table {
		for i, cell := range line {
			line[i] = plainCell(cell)
		}
		if err := w.Write(line); err != nil {
			return nil, err
		}
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

func plainCell(cell string) string {
	if cell == "" {
		return cell
	}
	if strings.ContainsRune("=+-@\t\r\n", rune(cell[0])) {
		if _, err := strconv.ParseFloat(cell, 64); err != nil {
			return "'" + cell
		}
	}
	return cell
}
