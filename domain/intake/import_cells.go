package intake

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"doorstep/domain"
	"doorstep/domain/casework"
	"doorstep/domain/slots"
)

// maxValueMinor bounds what a job may bring, as the contract does.
const maxValueMinor = 1_000_000_000_000

// tidy trims, and drops the marks that chats and address books put around
// numbers; joiners, which Indic scripts need, stay. Numbers that were protected as text are taken out of it.
func tidy(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\u00a0' || r == '\u202f' || r == '\u2007':
			return ' '
		case r == '\u200b', r == '\u200e', r == '\u200f', r == '\ufeff', r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069':
			return -1
		case r == '\n', r == '\t':
			return r
		case unicode.IsControl(r):
			return -1
		}
		return r
	}, strings.ReplaceAll(s, "\r\n", "\n"))
	s = strings.TrimSpace(s)
	if len(s) > 3 && strings.HasPrefix(s, `="`) && strings.HasSuffix(s, `"`) { // how exporters keep the zeros of a number
		s = strings.TrimSpace(s[2 : len(s)-1])
	}
	if len(s) > 1 && s[0] == '\'' && strings.IndexByte("0123456789=+-@", s[1]) >= 0 { // how spreadsheets mark a text
		s = s[1:]
	}
	return s
}

// nothing tells what people write into a cell that they leave empty.
func nothing(s string) bool {
	switch strings.ToLower(s) {
	case "", "-", "--", "–", "—", "na", "n/a", "n.a.", "nil", "none", "null", "#n/a":
		return true
	}
	return false
}

// asciiDigits writes the digits of any script as 0-9.
func asciiDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x80 || !unicode.Is(unicode.Nd, r) {
			return r
		}
		zero := r // Unicode keeps the ten digits of a script together
		for unicode.Is(unicode.Nd, zero-1) && r-zero < 9 {
			zero--
		}
		return '0' + (r - zero)
	}, s)
}

func readYes(raw string) (yes, ok bool) {
	switch strings.ToLower(raw) {
	case "yes", "y", "true", "1", "x", "हाँ":
		return true, true
	case "no", "n", "false", "0", "नहीं":
		return false, true
	}
	return false, false
}

var importPriorities = map[string]string{"low": "low", "normal": "normal", "medium": "normal", "standard": "normal", "high": "high",
	"urgent": "urgent", "emergency": "urgent", "critical": "urgent"}

var importCovers = map[string]string{"warranty": "warranty", "inwarranty": "warranty", "underwarranty": "warranty", "iw": "warranty",
	"amc": "warranty", "yes": "warranty", "y": "warranty",
	"chargeable": "chargeable", "outofwarranty": "chargeable", "ow": "chargeable", "oow": "chargeable", "paid": "chargeable",
	"no": "chargeable", "n": "chargeable"}

var importLanguages = map[string]string{"english": "en", "hindi": "hi", "हिन्दी": "hi", "हिंदी": "hi",
	"marathi": "mr", "मराठी": "mr"}

var languagePattern = regexp.MustCompile(`^[a-zA-Z]{2,3}(-[A-Za-z0-9]{2,8})*$`)

// importLimits are the lengths of the contract, in characters.
var importLimits = map[string]int{"external_ref": 100, "name": 200, "address": 500, "landmark": 200, "postal_code": 16, "category": 64,
	"brand": 100, "model": 100,
	"serial": 100, "fault": 2000, "what_matters": 1000, "note": 2000, "language": 16, "email": 254}

// parsedRow is one row understood: what the household, the job and the visit
// are to be. Empty means that the row does not say.
type parsedRow struct {
	text       map[string]string // fields kept as text
	phones     []string          // E.164; the first is called first
	critical   *bool
	level      *int   // of the skill
	value      *int64 // in the smallest unit of the currency
	minutes    int    // that the visit is to take; 0: the row does not say
	reported   string // local time at which a new job was reported
	lat, lon   *float64
	start, end time.Time         // zero: no visit is asked for
	cells      map[string]string // in which cells date, from and to stood
	crew       *[]domain.ID
	errors     domain.JSONList[ImportError]
	questions  []Question // that are open
	doubt      *Question  // of the only number, where it is open: it matters to a new job
	leftOut    []LeftOut
	notes      []string // cells that nothing reads, as they stand
	head       *importHead
	row        ImportRow
	answers    answers
	landing
}

// answers gives what a person answered a question, or any that asks alike.
type answers func(id, alike string) (answer string, ok bool)

func (w *parsedRow) is(field string) string { return w.text[field] }

func (w *parsedRow) opt(field string) *string {
	if v := w.text[field]; v != "" {
		return &v
	}
	return nil
}

func (w *parsedRow) wrong(field, reason string) {
	w.errors = append(w.errors, ImportError{Column: w.column(field), Reason: reason})
}

// ask gives the answer to a doubt of a cell; empty: nobody gave one, and the row waits for it.
func (w *parsedRow) ask(kind, field, cell, said string, choices []Choice) string {
	column := w.column(field)
	q := Question{ID: questionID(kind, w.is("external_ref"), column, cell), Alike: questionID(kind, column, cell), Kind: kind, Column: column,
		Cell: cut(cell, 200), Words: said, Choices: append(choices, Choice{Answer: LeaveOut, Words: "Leave it out"})}
	return w.put(q)
}

// keep names a cell that is not used and keeps it in the job's note as it stands.
func (w *parsedRow) keep(heading, cell, why string) {
	w.leftOut = append(w.leftOut, LeftOut{Line: w.row.Line, Column: heading, Cell: cut(cell, 200), Why: why, Kept: true})
	w.note(heading, cell)
}

func (w *parsedRow) note(heading, cell string) {
	note := heading + ": " + strings.Join(strings.Fields(cut(cell, 300)), " ")
	if !domain.Has(w.notes, note) {
		w.notes = append(w.notes, note)
	}
}

// keepField is keep of all cells of a field.
func (w *parsedRow) keepField(field, why string) {
	if len(w.head.columns[field]) == 0 {
		return
	}
	w.keep(w.head.column(field), w.raw(field), why)
}

// column names a field as the sheet does: by the cell in which it was found.
func (w *parsedRow) column(field string) string {
	if cell, ok := w.cells[field]; ok {
		field = cell
	}
	return w.head.column(field)
}

// says gives what the row says, by what it is said of; empty where it does
// not say.
func (w *parsedRow) says() map[string]string {
	out := map[string]string{}
	for _, f := range []string{"category", "serial", "fault", "what_matters", "note", "priority", "cover"} {
		out[f] = w.is(f)
	}
	if w.critical != nil {
		out["safety_critical"] = strconv.FormatBool(*w.critical)
	}
	if w.level != nil {
		out["skill_level"] = strconv.Itoa(*w.level)
	}
	if w.value != nil {
		out["value_minor"] = strconv.FormatInt(*w.value, 10)
	}
	out["household"] = strings.Join(append([]string{w.is("name"), w.is("address"), w.is("landmark"), w.is("postal_code")}, w.phones...), "\n")
	if w.lat != nil && w.lon != nil {
		out["household"] += fmt.Sprintf("\n%g %g", *w.lat, *w.lon)
	}
	out["appliance"] = strings.Trim(w.is("brand")+"\n"+w.is("model")+"\n"+w.is("serial"), "\n")
	if w.minutes > 0 {
		out["duration"] = strconv.Itoa(w.minutes)
	}
	if m := w.is("email"); m != "" {
		out["household"] += "\n" + m
	}
	if !w.start.IsZero() {
		out["window"] = windowSaid(w.start, w.end)
	}
	if w.crew != nil {
		out["technician"] = crewSaid(*w.crew)
	}
	return out
}

// crewSaid is a crew in any order.
func crewSaid(crew []domain.ID) string {
	ids := make([]string, len(crew))
	for i, id := range crew {
		ids[i] = id.String()
	}
	slices.Sort(ids)
	return strings.Join(ids, "")
}

func windowSaid(start, end time.Time) string {
	return start.UTC().Format(time.RFC3339) + " " + end.UTC().Format(time.RFC3339)
}

// digests are kept with the job in place of the words: they tell whether the
// file changed a cell and hold no name or number. The job's id salts them.
func (w *parsedRow) digests(job domain.ID) map[string]string {
	out := map[string]string{}
	for field, v := range w.says() {
		if v != "" {
			out[field] = saidDigest(job, field, v)
		}
	}
	return out
}

func saidDigest(job domain.ID, field, v string) string {
	return domain.HashToken(job.String() + field + v)[:16]
}

// instead marks what an import left standing where what its row said could not be had.
const instead = "="

// byDefault are fields that hold something though nobody said so.
var byDefault = []string{"priority", "cover", "safety_critical", "skill_level"}

// editedSince reports whether what stands in a field was put there by people here since the job was last imported, or before
// any sheet said something of it.
func editedSince(j *domain.Job, field, stands string) bool {
	last := cmp.Or(j.Imported.V[instead+field], j.Imported.V[field])
	if stands == "" || last == "" && domain.Has(byDefault, field) {
		return false
	}
	return last != saidDigest(j.ID, field, stands)
}

// fresh tells of a field whether the row says something else of it than when
// the job was last imported; of a job that never was, everything is.
func (w *parsedRow) fresh(j *domain.Job) func(field string) bool {
	said := w.digests(j.ID)
	return func(field string) bool { return said[field] != "" && said[field] != j.Imported.V[field] }
}

// rowReader reads the rows of one table.
type rowReader struct {
	phone       readNumber
	centre      *domain.Centre
	technicians []domain.User
	head        *importHead
	clock       clock
	answers     answers
}

// newRowReader reads rows as a centre writes them: its country's order of day and month where the file
// proves none, its working day.
func newRowReader(s *casework.Service, h *importHead, c *domain.Centre, technicians []domain.User, answers answers) *rowReader {
	return &rowReader{centre: c, technicians: technicians, head: h, answers: answers,
		clock: clock{c.Location(), orderIn(c.Country, h.order), workday(technicians)},
		phone: func(raw string) (string, bool) {
			e164, err := casework.Phone(s, raw, c.Country, "/phone")
			return e164, err == nil && e164 != ""
		}}
}

// read understands the cells of one row. All that is wrong is listed, not only the first. A cell that
// is not needed to reach the household refuses nothing.
func (r *rowReader) read(row ImportRow) *parsedRow {
	w := &parsedRow{text: map[string]string{}, head: r.head, row: row, answers: r.answers}
	w.readTexts()
	if row.Broken != "" {
		w.errors = append(w.errors, ImportError{Reason: row.Broken})
		return w
	}
	w.readTicket()
	if name := w.is("name"); name != "" && ditto.MatchString(name) {
		w.wrong("name", "stands for the row above; write the name out")
	}
	w.readOdd()
	w.readStatus()
	w.readPhones(r.phone)
	w.readSerial()
	w.readChoice("priority", importPriorities, "is not low, normal, high or urgent")
	w.readChoice("cover", importCovers, "is not warranty or chargeable")
	if raw := w.raw("safety_critical"); !nothing(raw) {
		if yes, ok := readYes(raw); ok {
			w.critical = &yes
		} else {
			w.keepField("safety_critical", "is not yes or no")
		}
	}
	if v := w.wholeNumber("skill_level", slots.Helper, slots.Expert, "is not 1 (any), 2 (able) or 3 (expert)"); v != nil {
		w.level = domain.Ptr(int(*v))
	}
	w.value = w.wholeNumber("value_minor", 0, maxValueMinor, "is not a whole number in the smallest unit of the currency, such as paise")
	if raw := w.raw("reported"); !nothing(raw) {
		if w.reported = readReported(raw, r.clock.order, r.clock.loc); w.reported == "" {
			w.keepField("reported", "is no day that can be read")
		}
	}
	w.readLanguage()
	w.readPlace()
	w.readDuration()
	w.readVisit(r)
	w.readNotes()
	return w
}

// raw is what stands in the cell of a field.
func (w *parsedRow) raw(field string) string { return w.head.cell(w.row, field) }

var (
	floatTail = regexp.MustCompile(`^(\d+)\.0+$`)
	mangled   = regexp.MustCompile(`(?i)^\d(?:[.,]\d+e\+?|e\+)\d{1,3}$`)
	// becameOther is what a spreadsheet makes of tickets such as 1-3 or MAR1.
	becameOther = regexp.MustCompile(
		`(?i)^(?:\d{1,2}-(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)-\d{2}|true|false)$`)
	// ditto is how people say that a cell is as the one above.
	ditto      = regexp.MustCompile(`(?i)^(?:[\s"'″”„,.-]+|do|ditto|same|same as above|as above|-do-|वही|उपरोक्त)$`)
	hashes     = regexp.MustCompile(`^#{3,}$`)
	replaced   = "\uFFFD" // in place of bytes that were no text
	textFields = []string{"external_ref", "name", "email", "address", "landmark", "postal_code", "category", "brand", "model", "serial",
		"fault", "what_matters", "note"}
	neededCells = []string{"external_ref", "name", "phone", "address"}
)

func (w *parsedRow) readTexts() {
	for _, f := range textFields {
		v := w.raw(f)
		if f != "name" && f != "fault" && nothing(v) {
			v = ""
		}
		if n, most := len([]rune(v)), importLimits[f]; n > most {
			if f == "external_ref" || f == "name" {
				w.wrong(f, fmt.Sprintf("has %d characters; at most %d", n, most))
				v = ""
			} else {
				w.leftOut = append(w.leftOut, LeftOut{Line: w.row.Line, Column: w.head.column(f), Cell: cut(v, 200),
					Why: fmt.Sprintf("has %d characters; the first %d are used", n, most)})
				v = cut(v, most)
			}
		}
		if f == "postal_code" || f == "external_ref" || f == "serial" {
			v = floatTail.ReplaceAllString(v, "$1") // a number column saved by a program
		}
		w.text[f] = v
	}
	w.text["category"] = strings.ToLower(w.text["category"])
	w.text["serial"] = strings.ToUpper(w.text["serial"])
	w.text["postal_code"] = strings.ToUpper(w.text["postal_code"])
	if m := w.text["email"]; m != "" && !mailShape.MatchString(m) {
		w.keepField("email", "is no e-mail address")
		w.text["email"] = ""
	}
}

// readTicket refuses a number of the brand that a spreadsheet has rounded: two calls would be one.
func (w *parsedRow) readTicket() {
	ref := w.is("external_ref")
	switch {
	case ref == "" && len(w.errors) == 0 && w.head.odd(w.row, "external_ref") == "":
		w.wrong("external_ref", "is missing; each row needs the brand's number")
	case becameOther.MatchString(ref):
		w.wrong("external_ref", "was made a day or a yes by a spreadsheet; format the column as text and fill it anew")
	case mangled.MatchString(ref):
		w.wrong("external_ref", "was cut by a spreadsheet to the form 2.03E+14; format the column as text and fill it anew")
	case hashes.MatchString(ref):
		w.wrong("external_ref", "shows ### in place of the number; widen the column and save the file anew")
	case strings.Contains(ref, replaced):
		w.wrong("external_ref", "has a byte that is no text")
	}
}

// readOdd names the cells that hold no value. Of those that the household is reached by, a formula
// without its result refuses the row: what it says is known to the spreadsheet alone.
func (w *parsedRow) readOdd() {
	for _, field := range slices.Sorted(maps.Keys(w.head.columns)) { // in one order, for they go into the note
		for _, c := range w.head.columns[field] {
			why := w.row.odd(c.at)
			switch {
			case why == "":
			case field == "external_ref", why == NoResult && domain.Has(neededCells, field):
				w.errors = append(w.errors, ImportError{Column: c.heading, Reason: why})
			default:
				w.keep(c.heading, w.row.cell(c.at), why)
			}
		}
	}
	for i, cell := range w.row.Cells {
		if strings.Contains(cell, replaced) && i < len(w.row.Cells) {
			for _, columns := range w.head.columns {
				for _, c := range columns {
					if c.at == i {
						w.leftOut = append(w.leftOut, LeftOut{Line: w.row.Line, Column: c.heading, Cell: cut(cell, 200), Kept: true,
							Why: "has a byte that is no text; it is shown as " + replaced})
					}
				}
			}
		}
	}
}

// aboutCall are words before a state that say nothing of it: "Call closed".
var aboutCall = []string{"call", "job", "ticket", "complaint", "request", "case", "service", "auto", "status", "कॉल", "शिकायत"}

// NoResult says of a cell that the file holds its formula alone.
const NoResult = "is a formula whose result the file does not hold; open it in a spreadsheet, save it and send it again"

// readStatus refuses a call that the sheet itself has as ended.
func (w *parsedRow) readStatus() {
	raw := w.raw("status")
	key := domain.HeadingKey(raw)
	if nothing(raw) || key == "" || words.open[key] {
		return
	}
	if words.ended[key] {
		w.wrong("status", fmt.Sprintf("is %q in the sheet; nothing was booked", cut(raw, 60)))
		return
	}
	ended, open := 0, false
	parts := anyWord.FindAllString(strings.ToLower(raw), -1)
	for len(parts) > 1 && domain.Has(aboutCall, parts[0]) {
		parts = parts[1:]
	}
	for _, p := range parts {
		if words.ended[domain.HeadingKey(p)] {
			ended++
		}
		open = open || words.open[domain.HeadingKey(p)]
	}
	if ended == 0 && open { // "Part pending"
		return
	}
	if ended == 0 {
		w.keepField("status", "is no state that is known; the call is taken as open")
		return
	}
	if first := parts[0]; words.ended[first] && (strings.HasSuffix(first, "ed") || len(parts) == 1) && !domain.Has(parts, "pending") &&
		!domain.Has(parts, "request") {
		w.wrong("status", fmt.Sprintf("is %q in the sheet; nothing was booked", cut(raw, 60)))
		return
	}
	if w.ask("status", "status", raw, "Has this call ended already?", []Choice{{Answer: "open", Words: "It is open; take it"}}) == LeaveOut {
		w.wrong("status", "was left out, as answered")
	}
}

// mostTries are the numbers that one row may be tried for.
const mostTries = 120

// readPhones reads the numbers of all columns. One that cannot exist refuses nothing as long as the
// household is reached without it.
func (w *parsedRow) readPhones(dial readNumber) {
	tries := 0
	read := func(raw string) (string, bool) { // a cell of thousands of digits is no household's
		if tries++; tries > mostTries {
			return "", false
		}
		return dial(raw)
	}
	var lost []func()
	var doubt func()
	why := ""
	for _, c := range w.head.columns["phone"] {
		raw := tidy(w.row.cell(c.at))
		if nothing(raw) || w.row.odd(c.at) != "" {
			continue
		}
		got := readPhones(raw, read)
		for _, n := range got.numbers {
			if !domain.Has(w.phones, n) && len(w.phones) < 10 {
				w.phones = append(w.phones, n)
			}
		}
		if got.lost != "" {
			why = got.lost
			lost = append(lost, func() { w.keep(c.heading, raw, got.lost) })
		}
		if d := got.doubt; d != nil && doubt == nil {
			at := len(lost) - 1
			doubt = func() {
				if w.askPhone(c.heading, raw, d, dial) {
					lost = slices.Delete(lost, at, at+1)
				}
			}
		}
	}
	if len(w.phones) == 0 && doubt != nil {
		doubt()
	}
	if len(w.phones) == 0 && w.doubt == nil && why != "" && w.is("address") == "" {
		w.wrong("phone", why)
		return
	}
	for _, keep := range lost {
		keep()
	}
}

// answerSplit takes one run of digits for the two numbers that it can be parted into.
const answerSplit = "split"

// askPhone takes the answer to a number that lost something: the whole number as somebody typed it, or how it is
// parted. Without one the row asks if it would make a new job that nobody could call about; a known one goes on.
func (w *parsedRow) askPhone(heading, cell string, d *phoneDoubt, read readNumber) (parted bool) {
	q := Question{ID: questionID("phone", w.is("external_ref"), heading, cell), Alike: questionID("phone", heading, cell), Kind: "phone",
		Column: heading, Cell: cut(cell, 200), Words: d.words, Takes: "phone"}
	if d.joined != nil {
		q.Choices = append(q.Choices, Choice{answerSplit, "Call " + strings.Join(d.joined, " and ")})
	}
	q.Choices = append(q.Choices, Choice{LeaveOut, "Without a number; what stands there is kept in the note"})
	if w.answers != nil {
		if given, ok := w.answers(q.ID, q.Alike); ok {
			if n, ok := read(given); ok && !placeholder(n) {
				w.phones = []string{n}
				return false
			}
		}
	}
	open := len(w.questions)
	if parted = w.put(q) == answerSplit; parted {
		w.phones = d.joined
	} else if len(w.questions) > open {
		w.doubt, w.questions = domain.Ptr(w.questions[open]), w.questions[:open]
	}
	return parted
}

// readSerial takes what can be a serial number: not the number of the row, not words for none, not one
// that stands with different households.
func (w *parsedRow) readSerial() {
	serial := w.is("serial")
	if serial == "" {
		return
	}
	key := domain.HeadingKey(asciiDigits(serial))
	digits := strings.Map(keepDigits, asciiDigits(serial))
	var why string
	switch {
	case words.noSerial[key], digits == "" && strings.ContainsRune(serial, ' '):
		why = "is no serial number"
	case key == "", len(digits) == len(key) && len(digits) < 4, len(key) > 3 && strings.Count(key, key[:1]) == len(key),
		strings.Trim(key, "x") == "", strings.HasPrefix("1234567890", key):
		why = "is too short for a serial number, or stands for none"
	case mangled.MatchString(serial):
		why = "was cut by a spreadsheet; it is no serial number any more"
	case w.head.twice[serial]:
		why = "stands in rows of different households; it is no serial number of one appliance"
	default:
		return
	}
	w.text["serial"] = ""
	w.leftOut = append(w.leftOut, LeftOut{Line: w.row.Line, Column: w.head.column("serial"), Cell: cut(serial, 200), Why: why})
}

func (w *parsedRow) readDuration() {
	raw := w.raw("duration")
	if nothing(raw) {
		return
	}
	heading := strings.ToLower(w.head.column("duration"))
	minutes, ok := readMinutes(raw, strings.Contains(heading, "hour") || strings.Contains(heading, "hrs") || strings.Contains(heading, "(h"))
	if !ok || minutes < 5 || minutes > 720 {
		w.keepField("duration", "is no length of 5 to 720 minutes")
		return
	}
	w.minutes = minutes
}

// readNotes puts what nobody reads of the row, as it stands, into the job's note, behind the sheet's own.
func (w *parsedRow) readNotes() {
	for _, c := range w.head.kept {
		if v := tidy(w.row.cell(c.at)); !nothing(v) {
			w.note(c.heading, v)
		}
	}
	lines := w.notes
	if own := w.is("note"); !nothing(own) {
		lines = append([]string{own}, lines...)
	}
	w.text["note"] = cut(strings.Join(lines, "\n"), importLimits["note"])
}

// readChoice takes one of the words that a field knows.
func (w *parsedRow) readChoice(field string, words map[string]string, expected string) {
	raw := w.raw(field)
	if nothing(raw) {
		return
	}
	v, ok := words[domain.HeadingKey(raw)]
	if !ok {
		w.keepField(field, expected)
		return
	}
	w.text[field] = v
}

func (w *parsedRow) wholeNumber(field string, least, most int64, expected string) *int64 {
	raw := w.raw(field)
	if nothing(raw) {
		return nil
	}
	v, err := strconv.ParseInt(floatTail.ReplaceAllString(asciiDigits(raw), "$1"), 10, 64)
	if err != nil || v < least || v > most {
		w.keepField(field, expected)
		return nil
	}
	return &v
}

func (w *parsedRow) readLanguage() {
	raw := w.raw("language")
	if nothing(raw) {
		return
	}
	v, known := importLanguages[domain.HeadingKey(raw)]
	if !known {
		v = raw
	}
	if !languagePattern.MatchString(v) || len(v) > importLimits["language"] {
		w.keepField("language", "is no language such as en or hi")
		return
	}
	w.text["language"] = v
}

func (w *parsedRow) readPlace() {
	lat, lon := w.degrees("lat", 90), w.degrees("lon", 180)
	switch {
	case lat != nil && lon != nil:
		w.lat, w.lon = lat, lon
	case lat != nil:
		w.keepField("lat", "and longitude come in pairs")
	case lon != nil:
		w.keepField("lon", "and latitude come in pairs")
	}
}

func (w *parsedRow) degrees(field string, most float64) *float64 {
	raw := w.raw(field)
	if nothing(raw) {
		return nil
	}
	plain := asciiDigits(raw)
	if strings.Count(plain, ",") == 1 && !strings.Contains(plain, ".") { // a decimal comma
		plain = strings.Replace(plain, ",", ".", 1)
	}
	v, err := strconv.ParseFloat(plain, 64)
	if err != nil || math.IsNaN(v) || math.Abs(v) > most {
		w.keepField(field, fmt.Sprintf("is not degrees, at most %g", most))
		return nil
	}
	return &v
}

// readVisit understands when somebody is to come, and who. A day or time that cannot be read is a wish
// and kept in the note.
func (w *parsedRow) readVisit(r *rowReader) {
	date, from, to := blank(w.raw("date")), blank(w.raw("from")), blank(w.raw("to"))
	wished := date != "" || from != "" || to != ""
	if wished {
		got := readWindow(date, from, to, r.clock, func(kind, field string, choices []Choice) string {
			w.cells = map[string]string{"date": "date", "from": "from", "to": "to"}
			cell := strings.Trim(from+" – "+to, " –")
			said := "Is this morning or evening?"
			if field == "date" && kind == "hours" || kind == "day" {
				cell = w.raw(field)
			}
			if kind == "day" {
				said = "Which day is this?"
			}
			return w.ask(kind, field, cell, said, choices)
		})
		w.cells = got.cells
		if w.start, w.end = got.start, got.end; got.reason != "" && !got.asked {
			field := got.field
			if field == "to" && to == "" && len(w.head.columns["to"]) == 0 { // one column holds both times
				field = "from"
			}
			if len(w.head.columns[field]) == 0 {
				field = map[bool]string{true: "date", false: "from"}[date != ""]
			}
			w.leftOut = append(w.leftOut, LeftOut{Line: w.row.Line, Column: w.head.column(field), Cell: cut(w.raw(field), 200),
				Why: got.reason + "; the job has no visit, the wish is kept", Kept: true})
			for _, f := range []string{"date", "from", "to"} {
				if v := blank(w.raw(f)); v != "" {
					w.note(w.head.column(f), v)
				}
			}
		}
	}
	w.readTechnician(r, !w.start.IsZero() || len(w.questions) > 0)
}

func (w *parsedRow) readTechnician(r *rowReader, visit bool) {
	raw := w.raw("technician")
	if nothing(raw) {
		return
	}
	if !visit {
		w.keepField("technician", "needs a date and time of the visit")
		return
	}
	crew := []domain.ID{}
	for _, name := range crewSplit.Split(raw, -1) {
		if nothing(strings.TrimSpace(name)) {
			continue
		}
		u, several := findTechnician(r.technicians, name)
		switch {
		case len(several) > 0:
			var choices []Choice
			for _, u := range several {
				choices = append(choices, Choice{Answer: u.Login, Words: u.Name + " (" + u.Login + ")"})
			}
			answer := w.ask("technician", "technician", name, "Which of these technicians is it?", choices)
			for _, x := range several {
				if x.Login == answer {
					u = x
				}
			}
			if answer == LeaveOut {
				w.keepField("technician", "was left out, as answered")
				return
			}
		case u == nil:
			w.keep(w.head.column("technician"), raw, fmt.Sprintf("%q is no technician of this centre", cut(name, 60)))
		}
		if u != nil && !domain.Has(crew, u.ID) {
			crew = append(crew, u.ID)
		}
	}
	if len(crew) > 0 {
		w.crew = &crew
	}
}

var crewSplit = regexp.MustCompile(`(?i)\s*(?:[/,;&+\n]|\band\b)\s*`)

func blank(s string) string {
	if nothing(s) {
		return ""
	}
	return s
}
