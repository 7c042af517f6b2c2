package intake

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"doorstep/domain"
)

// importFields are the fields a column of an import can mean.
var importFields = []string{"external_ref", "name", "phone", "email", "address", "landmark", "postal_code", "category", "brand", "model",
	"serial", "fault", "what_matters", "note", "priority", "cover", "safety_critical", "skill_level", "value_minor", "reported", "date",
	"from", "to",
	"duration", "technician", "status", "row_number", "language", "lat", "lon"}

// column is one column of a table and what it means.
type column struct {
	at      int // from 0
	heading string
	part    string // of its field, where several columns make one: first, last, town …
}

// importHead is what the columns of one sheet mean.
type importHead struct {
	mapping map[string]string   // heading → field, as answered
	columns map[string][]column // by field; several of phone, address and name, else one
	kept    []column            // that nobody reads; their cells go to the job's note
	unread  []LeftOut           // the columns that are not read, and why
	order   dateOrder           // that the dates of the file themselves prove
	twice   map[string]bool     // serials that stand in rows with different numbers
}

// spans are the fields that several columns may make together.
var spans = map[string]bool{"phone": true, "address": true, "name": true}

// ownWords gives what a centre's own mapping says: keys of headings by field, and those it does not want read.
func ownWords(saved map[string]string) (own map[string]string, ignored map[string]bool) {
	own, ignored = map[string]string{}, map[string]bool{}
	for heading, field := range saved {
		switch {
		case domain.Has(importFields, field):
			own[domain.HeadingKey(heading)] = field
		case domain.Has(importFields, heading): // written the other way round
			own[domain.HeadingKey(field)] = heading
		default: // "" and anything else: the column is not read
			ignored[domain.HeadingKey(heading)] = true
		}
	}
	return own, ignored
}

// readHead is the step from a table to its columns: the centre's own mapping first, then the fields'
// names, then the synonyms, and where the heading is silent, what stands in the cells.
func readHead(header []string, rows []ImportRow, saved map[string]string) importHead {
	h := importHead{mapping: map[string]string{}, columns: map[string][]column{}, twice: map[string]bool{}}
	own, ignored := ownWords(saved)
	take := func(i int, f string) {
		f, part, _ := strings.Cut(f, ".")
		if f == "" || h.mapping[header[i]] != "" || len(h.columns[f]) > 0 && !spans[f] || f == "name" && part == "" && h.hasPart("name", "") {
			return
		}
		h.mapping[header[i]] = f
		h.columns[f] = append(h.columns[f], column{i, header[i], part})
	}
	each := func(field func(key, heading string) string) {
		for i, heading := range header {
			if heading != "" {
				take(i, field(domain.HeadingKey(withoutNumber(heading)), withoutNumber(heading)))
			}
		}
	}
	for i, heading := range header { // its own mapping may name a second column by its number
		if f := own[domain.HeadingKey(heading)]; f != "" && heading != "" {
			if _, part, _ := strings.Cut(meaning(withoutNumber(heading)), "."); spans[f] && strings.HasPrefix(meaning(heading), f+".") {
				f += "." + part
			}
			take(i, f)
		}
	}
	plain := map[string]bool{} // "Date" gives way to "Visit date"
	for _, heading := range header {
		key := domain.HeadingKey(withoutNumber(heading))
		if f := meaning(withoutNumber(heading)); givesWay[f] != nil && !domain.Has(givesWay[f], key) && !ignored[key] {
			plain[f] = true
		}
	}
	each(func(key, _ string) string {
		i := slices.Index(importFieldKeys, key)
		if i < 0 || ignored[key] || plain[importFields[i]] && domain.Has(givesWay[importFields[i]], key) {
			return ""
		}
		return importFields[i]
	})
	each(func(key, heading string) string {
		if f := meaning(heading); plain[f] && !domain.Has(givesWay[f], key) && !ignored[key] {
			return f
		}
		return ""
	})
	each(func(key, heading string) string {
		if ignored[key] || ignored[domain.HeadingKey(heading)] {
			return ""
		}
		return meaning(heading)
	})
	for _, list := range h.columns {
		slices.SortStableFunc(list, func(a, b column) int { return a.at - b.at })
	}
	slices.SortStableFunc(h.columns["name"], func(a, b column) int { return nameOrder[a.part] - nameOrder[b.part] })
	slices.SortStableFunc(h.columns["phone"], func(a, b column) int { return len(a.part) - len(b.part) }) // the first is called first
	h.readContents(header, rows, ignored)
	for i, heading := range header {
		if heading == "" || h.mapping[heading] != "" || h.named(heading) || !anyFilled(rows, i) {
			continue
		}
		if ignored[domain.HeadingKey(heading)] || ignored[domain.HeadingKey(withoutNumber(heading))] {
			h.unread = append(h.unread, LeftOut{Column: heading, Why: "The centre's mapping leaves this column out."})
			continue
		}
		h.kept = append(h.kept, column{at: i, heading: heading})
		h.unread = append(h.unread, LeftOut{Column: heading, Kept: true,
			Why: "This column is not known; what stands in it is kept in the note of each job."})
	}
	h.readOrder(rows)
	return h
}

// givesWay are the headings, by field, that mean it only where no other does: a sheet's "Date" beside a
// "Visit date" is another day.
var givesWay = map[string][]string{"date": {"date", "day", "तारीख", "दिनांक", "तिथि"}, "from": {"time", "समय", "start"},
	"name": {"name", "नाम"}}

var nameOrder = map[string]int{"title": 1, "": 2, "first": 3, "middle": 4, "last": 5}

func (h *importHead) hasPart(field, part string) bool {
	return slices.ContainsFunc(h.columns[field], func(c column) bool { return c.part == part })
}

// named reports whether it is said already that a column is not read.
func (h *importHead) named(heading string) bool {
	return slices.ContainsFunc(h.unread, func(o LeftOut) bool { return o.Column == heading })
}

// drop takes a field's columns out of what is read, and says why.
func (h *importHead) drop(field, why string, kept bool) {
	for _, c := range h.columns[field] {
		delete(h.mapping, c.heading)
		h.unread = append(h.unread, LeftOut{Column: c.heading, Why: why, Kept: kept})
		if kept {
			h.kept = append(h.kept, c)
		}
	}
	delete(h.columns, field)
}

func anyFilled(rows []ImportRow, at int) bool {
	for i := range rows {
		if !nothing(tidy(rows[i].cell(at))) || rows[i].odd(at) != "" {
			return true
		}
	}
	return false
}

// contents are the filled cells of a column, at most so many.
func contents(rows []ImportRow, at, most int) []string {
	var out []string
	for i := range rows {
		if v := tidy(rows[i].cell(at)); !nothing(v) {
			if out = append(out, v); len(out) == most {
				break
			}
		}
	}
	return out
}

var (
	phoneShape = regexp.MustCompile(`^\+?[\d\s().\-/]{8,24}$`)
	mailShape  = regexp.MustCompile(`^[^\s@<>,;]+@[^\s@<>,;]+\.[^\s@<>,;.]+$`)
)

func share(cells []string, is func(string) bool) float64 {
	n := 0
	for _, c := range cells {
		if is(c) {
			n++
		}
	}
	return float64(n) / float64(max(len(cells), 1))
}

func hasDigit(s string) bool {
	return strings.ContainsFunc(asciiDigits(s), func(r rune) bool { return r >= '0' && r <= '9' })
}

// readContents looks into the cells where the headings are silent, or say what the cells do not.
func (h *importHead) readContents(header []string, rows []ImportRow, ignored map[string]bool) {
	isPhone := func(s string) bool {
		s = asciiDigits(s)
		digits := len(strings.Map(keepDigits, s))
		_, _, isDate := splitDate(s)
		return phoneShape.MatchString(s) && digits >= 8 && digits <= 15 && !isDate
	}
	for _, f := range []string{"serial", "row_number"} { // "Serial No" often numbers the rows
		if c := h.columns[f]; len(c) == 1 && numbersRows(rows, c[0].at) {
			h.drop(f, "It numbers the rows.", false)
		}
	}
	if len(h.columns["external_ref"]) == 0 && len(h.columns["row_number"]) == 1 { // "Sr No" of a brand that means the request
		c := h.columns["row_number"][0]
		delete(h.columns, "row_number")
		h.columns["external_ref"], h.mapping[c.heading] = []column{c}, "external_ref"
	} else if len(h.columns["row_number"]) == 1 {
		h.drop("row_number", "This column is not known; what stands in it is kept in the note of each job.", true)
	}
	if c := h.columns["phone"]; len(c) == 1 && len(h.columns["name"]) == 0 { // "Contact" may be a person
		if cells := contents(rows, c[0].at, 50); len(cells) > 0 && share(cells, hasDigit) == 0 {
			h.columns["name"], h.mapping[c[0].heading] = []column{c[0]}, "name"
			delete(h.columns, "phone")
		}
	}
	for _, by := range []struct {
		field string
		is    func(string) bool
	}{{"phone", isPhone}, {"email", mailShape.MatchString}} {
		for i, heading := range header {
			if heading == "" || h.mapping[heading] != "" || len(h.columns[by.field]) > 0 || h.named(heading) || ofOthers(heading) ||
				ignored[domain.HeadingKey(heading)] {
				continue
			}
			cells := contents(rows, i, 200)
			different := map[string]bool{}
			for _, c := range cells {
				different[c] = true
			}
			if len(cells) > 0 && share(cells, by.is) >= 0.8 && 2*len(different) > len(cells) {
				h.mapping[heading] = by.field
				h.columns[by.field] = []column{{at: i, heading: heading}}
			}
		}
	}
	if c := h.columns["serial"]; len(c) == 1 { // one serial of different households is no serial
		before := map[string]ImportRow{}
		for i := range rows {
			serial := strings.ToUpper(tidy(rows[i].cell(c[0].at)))
			if nothing(serial) {
				continue
			}
			if o, ok := before[serial]; ok && h.otherHousehold(o, rows[i]) {
				h.twice[serial] = true
			}
			before[serial] = rows[i]
		}
	}
}

// ofOthers reports whether a heading speaks of somebody who is not of the household.
func ofOthers(heading string) bool {
	key := domain.HeadingKey(heading)
	return slices.ContainsFunc(words.others, func(w string) bool { return strings.Contains(key, w) })
}

// otherHousehold reports whether two rows share neither a name nor the end of a number.
func (h *importHead) otherHousehold(a, b ImportRow) bool {
	ends := map[string]bool{}
	for _, run := range numberRun.FindAllString(asciiDigits(h.cell(a, "phone")), -1) {
		if d := strings.Map(keepDigits, run); len(d) >= 7 {
			ends[d[len(d)-7:]] = true
		}
	}
	for _, run := range numberRun.FindAllString(asciiDigits(h.cell(b, "phone")), -1) {
		if d := strings.Map(keepDigits, run); len(d) >= 7 && ends[d[len(d)-7:]] {
			return false
		}
	}
	return !samePerson(h.cell(a, "name"), h.cell(b, "name"))
}

func keepDigits(r rune) rune {
	if r >= '0' && r <= '9' {
		return r
	}
	return -1
}

// numbersRows reports whether a column counts the rows: 1, 2, 3 …
func numbersRows(rows []ImportRow, at int) bool {
	last, n := 0, 0
	for i := range rows {
		v := strings.TrimSuffix(tidy(rows[i].cell(at)), ".")
		if v == "" {
			continue
		}
		k, err := strconv.Atoi(asciiDigits(strings.TrimSuffix(v, ".0")))
		if err != nil || k < 0 || n == 0 && k > 5_000 || n > 0 && k != last+1 && k != 1 {
			return false
		}
		last, n = k, n+1
	}
	return n > 1 || n == 1 && last == 1
}

// dateOrder is how a day is written when its parts are numbers.
type dateOrder int

const (
	orderUnknown dateOrder = iota
	dayFirst
	monthFirst
	orderMixed // both, in one file
)

var (
	dayHint   = regexp.MustCompile(`(?i)\bd{1,2}[-/. ]?m{1,3}\b`)
	monthHint = regexp.MustCompile(`(?i)\bm{1,3}[-/. ]?d{1,2}\b`)
)

// readOrder finds what the dates of a file prove: 15/03 has its day first, and so has "Date (DD/MM/YYYY)".
func (h *importHead) readOrder(rows []ImportRow) {
	day, month := false, false
	for _, f := range []string{"date", "from", "to", "reported"} {
		for _, c := range h.columns[f] {
			day, month = day || dayHint.MatchString(c.heading), month || monthHint.MatchString(c.heading)
			for i := range rows {
				a, b := twoNumbers(rows[i].cell(c.at))
				day, month = day || a > 12 && a <= 31 && b >= 1 && b <= 12, month || b > 12 && b <= 31 && a >= 1 && a <= 12
			}
		}
	}
	switch {
	case day && month:
		h.order = orderMixed
	case day:
		h.order = dayFirst
	case month:
		h.order = monthFirst
	}
}

// cell gives the text of a field in a row. Several columns of it are joined: each phone on a line of its
// own, what is part of an address already once.
func (h importHead) cell(row ImportRow, field string) string {
	list := h.columns[field]
	if len(list) == 1 {
		if row.odd(list[0].at) != "" {
			return ""
		}
		return tidy(row.cell(list[0].at))
	}
	var out []string
	for _, c := range list {
		v := tidy(row.cell(c.at))
		switch {
		case nothing(v), row.odd(c.at) != "":
			continue
		case field == "address" || field == "name" && c.part != "first":
			if key := domain.HeadingKey(v); strings.Contains(domain.HeadingKey(strings.Join(out, " ")), key) && (len(key) > 3 ||
				field == "name") {
				continue
			}
		}
		out = append(out, v)
	}
	return strings.Join(out, map[string]string{"phone": "\n", "address": ", ", "name": " "}[field])
}

// column names a field as the sheet does.
func (h importHead) column(field string) string {
	if c := h.columns[field]; len(c) > 0 {
		return c[0].heading
	}
	return field
}

// odd tells why a field's cell holds no value, if one does not.
func (h importHead) odd(row ImportRow, field string) string {
	for _, c := range h.columns[field] {
		if why := row.odd(c.at); why != "" {
			return why
		}
	}
	return ""
}
