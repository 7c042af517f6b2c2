package intake

import (
	"fmt"
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

// importFields are the fields a column of an import can mean.
var importFields = []string{"external_ref", "name", "phone", "address", "landmark", "postal_code", "category", "brand", "model", "serial",
	"fault",
	"what_matters", "priority", "cover", "safety_critical", "skill_level", "value_minor", "reported", "date", "from", "to", "technician",
	"language", "lat", "lon"}

// maxValueMinor bounds what a job may bring, as the contract does.
const maxValueMinor = 1_000_000_000_000

// importSynonyms are the headings that brands and centres use, compared
// without case, spaces and signs.
var importSynonyms = map[string][]string{
	"external_ref": {"ref", "reference", "job no", "job number", "job id", "ticket", "ticket no", "ticket id", "call no", "call id",
		"complaint no", "complaint id", "complaint number", "request no", "case no", "work order", "order no", "service request", "job card",
		"job card no"},
	"name": {"customer", "customer name", "contact name", "client", "client name", "consumer", "consumer name"},
	"phone": {"mobile", "phone no", "phone number", "mobile no", "mobile number", "contact no", "contact number", "telephone", "tel",
		"cell", "phones", "alternate phone", "alternate mobile", "alternate number", "alt phone", "alt mobile", "phone 1", "phone 2", "mobile 1",
		"mobile 2", "whatsapp", "whatsapp no"},
	"address":         {"customer address", "street", "location", "full address", "site address", "address line", "address line 1"},
	"landmark":        {"near", "near by", "directions"},
	"postal_code":     {"pincode", "pin", "pin code", "postcode", "post code", "zip", "zip code", "postal"},
	"category":        {"product", "product category", "appliance", "appliance type", "skill", "product type"},
	"brand":           {"make", "manufacturer"},
	"model":           {"model no", "model number", "model name"},
	"serial":          {"serial no", "serial number", "product serial", "s/n"},
	"fault":           {"complaint", "problem", "issue", "description", "fault description", "symptom", "defect", "nature of complaint"},
	"what_matters":    {"remarks", "what matters to you", "special instructions", "instructions"},
	"priority":        {"urgency"},
	"cover":           {"warranty", "warranty status", "coverage"},
	"safety_critical": {"safety", "critical"},
	"skill_level":     {"level", "level needed", "required level", "skill level needed"},
	"value_minor":     {"value in paise", "value in pence", "value in cents"},
	"reported": {"reported at", "reported on", "call date", "date of call", "call received", "complaint date", "date of complaint",
		"registered on", "registration date", "logged on", "logged at"},
	"date": {"visit date", "date of visit", "appointment date", "scheduled date", "schedule date", "day"},
	"from": {"time from", "from time", "start", "start time", "slot", "time slot", "time", "window", "window start",
		"appointment time", "visit time"},
	"to":         {"time to", "to time", "end", "end time", "till", "until", "window end"},
	"technician": {"engineer", "assigned to", "tech", "technician name", "mechanic", "allotted to", "service engineer"},
	"language":   {"lang", "preferred language"},
	"lat":        {"latitude"},
	"lon":        {"longitude", "lng", "long"},
}

var importWords = func() map[string]string {
	out := map[string]string{}
	for field, words := range importSynonyms {
		for _, w := range words {
			k := domain.HeadingKey(w)
			if old, dup := out[k]; dup && old != field {
				panic("intake: heading " + w + " means " + old + " and " + field)
			}
			out[k] = field
		}
	}
	return out
}()

// importHead is what the columns of one sheet mean.
type importHead struct {
	mapping map[string]string   // heading → field, as answered
	columns map[string][]string // field → headings; only phone may have several
}

// readHead maps headings to fields: the centre's own mapping first, then the
// fields' names, then the synonyms. A field is taken once, but for phone.
func readHead(header []string, saved map[string]string) importHead {
	h := importHead{mapping: map[string]string{}, columns: map[string][]string{}}
	own, ignored := map[string]string{}, map[string]bool{}
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
	take := func(field func(string) string) {
		for _, heading := range header {
			key := domain.HeadingKey(heading)
			f := field(key)
			if f == "" || h.mapping[heading] != "" || (len(h.columns[f]) > 0 && f != "phone") {
				continue
			}
			h.mapping[heading] = f
			h.columns[f] = append(h.columns[f], heading)
		}
	}
	take(func(key string) string { return own[key] })
	take(func(key string) string {
		for _, f := range importFields {
			if key == domain.HeadingKey(f) && !ignored[key] {
				return f
			}
		}
		return ""
	})
	take(func(key string) string {
		if ignored[key] {
			return ""
		}
		return importWords[key]
	})
	return h
}

// cell gives the text of a field in a row; several phone columns are joined.
func (h importHead) cell(row ImportRow, field string) string {
	var out []string
	for _, heading := range h.columns[field] {
		if v := tidy(row.Cells[heading]); v != "" {
			out = append(out, v)
		}
	}
	return strings.Join(out, "\n")
}

// column names a field as the sheet does.
func (h importHead) column(field string) string {
	if c := h.columns[field]; len(c) > 0 {
		return c[0]
	}
	return field
}

// tidy trims, and drops the marks that chats and address books put around
// numbers; joiners, which Indic scripts need, stay.
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
	return strings.TrimSpace(s)
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

var (
	dateDMY     = regexp.MustCompile(`^(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4}|\d{2})$`)
	dateYMD     = regexp.MustCompile(`^(\d{4})[/.\-](\d{1,2})[/.\-](\d{1,2})(?:[t ]+(\d{1,2}:\d{2})(?::00(?:\.0+)?)?z?)?$`)
	dateNamed   = regexp.MustCompile(`^(\d{1,2})[-/. ]*([a-z]{3,9})[-/., ]*(\d{4}|\d{2})$`)
	dateSerial  = regexp.MustCompile(`^[3-7]\d{4}(?:\.0+)?$`) // 1982 to 2119
	clockText   = regexp.MustCompile(`^(\d{1,2})(?:[:.h](\d{2}))?(?::00)?\s*(a\.?m\.?|p\.?m\.?)?$`)
	withSeconds = regexp.MustCompile(`(\d:\d{2}):\d{2}`)
	clockPlain  = regexp.MustCompile(`^(\d{2})(\d{2})$`)
	clockRange  = regexp.MustCompile(`\s*(?:[-–—~]|\bto\b|\btill\b|से)\s*`)
	phoneSplit  = regexp.MustCompile(`(?i)\s*(?:[/,;&\n]|\bor\b)\s*`)
	crewSplit   = regexp.MustCompile(`\s*[/,;&+\n]\s*`)
	monthNames  = []string{"january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
		"december"}
)

// readDate reads day/month/year in the ways sheets write it and gives
// YYYY-MM-DD; clock is the time that stood behind an ISO date, if any.
func readDate(raw string) (date, clock string, ok bool) {
	s := strings.ToLower(asciiDigits(strings.TrimSpace(raw)))
	var y, m, d string
	if g := dateDMY.FindStringSubmatch(s); g != nil {
		d, m, y = g[1], g[2], g[3]
	} else if g := dateYMD.FindStringSubmatch(s); g != nil {
		y, m, d, clock = g[1], g[2], g[3], g[4]
	} else if g := dateNamed.FindStringSubmatch(s); g != nil {
		month := slices.IndexFunc(monthNames, func(n string) bool { return strings.HasPrefix(n, g[2]) || g[2] == "sept" && n == "september" })
		if month < 0 {
			return "", "", false
		}
		d, m, y = g[1], strconv.Itoa(month+1), g[3]
	} else if dateSerial.MatchString(s) { // a date that lost its format
		n, _ := strconv.Atoi(s[:5])
		return time.Date(1899, 12, 30+n, 0, 0, 0, 0, time.UTC).Format("2006-01-02"), "", true
	} else {
		return "", "", false
	}
	if len(y) == 2 {
		y = "20" + y
	}
	if len(m) == 1 {
		m = "0" + m
	}
	if len(d) == 1 {
		d = "0" + d
	}
	date = y + "-" + m + "-" + d
	_, _, _, ok = domain.ParseDate(date)
	return date, clock, ok
}

// readReported gives the instant at which a household called, of a day without
// a time its noon. A cell that is no time says nothing.
func readReported(raw string, loc *time.Location) string {
	day, at, _ := strings.Cut(strings.TrimSpace(raw), " ")
	date, clock, ok := readDate(raw)
	if !ok {
		if date, _, ok = readDate(strings.TrimSuffix(day, ",")); !ok {
			return ""
		}
		clock = withSeconds.ReplaceAllString(at, "$1")
	}
	called := wallClock{minutes: 12 * 60}
	if c, ok := readClock(clock); ok && c.minutes > 0 && c.minutes < 24*60 { // a day of a spreadsheet is its midnight
		called = c
	}
	t, err := domain.ParseInstant(fmt.Sprintf("%sT%02d:%02d", date, called.minutes/60, called.minutes%60), loc, "/reported")
	if err != nil {
		return ""
	}
	return t.Format(time.RFC3339)
}

// wallClock is a time of day; half is am or pm when the sheet said so.
type wallClock struct {
	minutes int
	half    byte
}

func readClock(raw string) (wallClock, bool) {
	s := strings.ToLower(asciiDigits(strings.TrimSpace(raw)))
	s = strings.TrimSpace(strings.TrimSuffix(strings.TrimSuffix(s, "hrs"), "hr"))
	var h, m int
	var half byte
	if g := clockText.FindStringSubmatch(s); g != nil {
		h, _ = strconv.Atoi(g[1])
		m, _ = strconv.Atoi(g[2])
		if g[3] != "" {
			half = g[3][0]
		}
	} else if g := clockPlain.FindStringSubmatch(s); g != nil {
		h, _ = strconv.Atoi(g[1])
		m, _ = strconv.Atoi(g[2])
	} else {
		return wallClock{}, false
	}
	if m > 59 || h > 24 || (h == 24 && m > 0) || (half != 0 && (h < 1 || h > 12)) {
		return wallClock{}, false
	}
	switch half {
	case 'a':
		h %= 12
	case 'p':
		h = h%12 + 12
	}
	return wallClock{h*60 + m, half}, true
}

// readWindow reads date, from and to in a zone; a slot such as "10:00-12:00"
// stands in from. cells says in which cell each of the three was found; field
// names the cell that is wrong.
func readWindow(date, from, to string, loc *time.Location) (start, end time.Time, cells map[string]string, field, reason string) {
	cells = map[string]string{"date": "date", "from": "from", "to": "to"}
	wrong := func(what, reason string) (time.Time, time.Time, map[string]string, string, string) {
		return start, end, cells, cells[what], reason
	}
	day, clock, ok := readDate(date)
	if date != "" && !ok {
		return wrong("date", "is no date; write DD/MM/YYYY or YYYY-MM-DD")
	}
	if from == "" {
		if clock == "" || clock == "00:00" || clock == "0:00" {
			return wrong("from", "is missing; a visit needs a time from and to")
		}
		from, cells["from"] = clock, "date"
	}
	// A spreadsheet gives date and time in one cell.
	whole := func(cell, field string) (string, string) {
		d, c, ok := readDate(cell)
		switch {
		case !ok || c == "":
			return cell, ""
		case day == "":
			day, cells["date"] = d, field
		case d != day:
			return cell, field + " names another day than date"
		}
		return c, ""
	}
	if from, reason = whole(from, "from"); reason != "" {
		return wrong("from", reason)
	}
	if to, reason = whole(to, "to"); reason != "" {
		return wrong("to", reason)
	}
	if day == "" {
		return wrong("date", "is missing; a time needs a day")
	}
	if parts := clockRange.Split(strings.ToLower(from), -1); len(parts) == 2 {
		if to != "" {
			return wrong("to", "is given twice: the time from is a range already")
		}
		from, to, cells["to"] = parts[0], parts[1], cells["from"]
	} else if to == "" {
		return wrong("to", "is missing; a visit needs a time from and to")
	}
	f, okF := readClock(from)
	t, okT := readClock(to)
	switch {
	case !okF || f.minutes == 24*60:
		return wrong("from", "is no time; write 10:00, 10.30 or 10 am")
	case !okT:
		return wrong("to", "is no time; write 12:00, 12.30 or 12 pm")
	}
	if f.half == 0 && t.half == 'p' && f.minutes < 12*60 && f.minutes+12*60 < t.minutes {
		f.minutes += 12 * 60 // "2-4 pm" begins at two in the afternoon
	}
	instant := func(c wallClock, field string) (time.Time, error) {
		d := day
		if c.minutes == 24*60 {
			midnight, _ := time.Parse("2006-01-02", day)
			d, c.minutes = midnight.AddDate(0, 0, 1).Format("2006-01-02"), 0
		}
		return domain.ParseInstant(fmt.Sprintf("%sT%02d:%02d", d, c.minutes/60, c.minutes%60), loc, "/"+field)
	}
	var err error
	if start, err = instant(f, "from"); err != nil {
		return wrong("from", err.Error())
	}
	if end, err = instant(t, "to"); err != nil {
		return wrong("to", err.Error())
	}
	return start, end, cells, "", ""
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
	"amc": "warranty", "yes": "warranty",
	"chargeable": "chargeable", "outofwarranty": "chargeable", "ow": "chargeable", "oow": "chargeable", "paid": "chargeable",
	"no": "chargeable"}

var importLanguages = map[string]string{"english": "en", "hindi": "hi", "हिन्दी": "hi", "हिंदी": "hi"}

var languagePattern = regexp.MustCompile(`^[a-zA-Z]{2,3}(-[A-Za-z0-9]{2,8})*$`)

// importLimits are the lengths of the contract, in characters.
var importLimits = map[string]int{"external_ref": 100, "name": 200, "address": 500, "landmark": 200, "postal_code": 16, "category": 64,
	"brand": 100, "model": 100,
	"serial": 100, "fault": 2000, "what_matters": 1000, "language": 16}

// parsedRow is one row understood: what the household, the job and the visit
// are to be. Empty means that the row does not say.
type parsedRow struct {
	text       map[string]string // fields kept as text
	phones     []string          // E.164
	critical   *bool
	level      *int   // of the skill
	value      *int64 // in the smallest unit of the currency
	reported   string // local time at which a new job was reported
	lat, lon   *float64
	start, end time.Time         // zero: no visit is asked for
	cells      map[string]string // in which cells date, from and to stood
	crew       *[]domain.ID
	errors     domain.JSONList[ImportError]
	questions  []Question
	leftOut    []LeftOut
	head       *importHead
	row        ImportRow
	landing
}

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
	for _, f := range []string{"category", "serial", "fault", "what_matters", "priority", "cover"} {
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
	if !w.start.IsZero() {
		out["window"] = w.start.UTC().Format(time.RFC3339) + " " + w.end.UTC().Format(time.RFC3339)
	}
	if w.crew != nil {
		for _, id := range *w.crew {
			out["technician"] += id.String()
		}
	}
	return out
}

// digests are kept with the job in place of the words: they tell whether the
// file changed a cell and hold no name or number. The job's id salts them.
func (w *parsedRow) digests(job domain.ID) map[string]string {
	out := map[string]string{}
	for field, v := range w.says() {
		if v != "" {
			out[field] = domain.HashToken(job.String() + field + v)[:16]
		}
	}
	return out
}

// fresh tells of a field whether the row says something else of it than when
// the job was last imported; of a job that never was, everything is.
func (w *parsedRow) fresh(j *domain.Job) func(field string) bool {
	said := w.digests(j.ID)
	return func(field string) bool { return said[field] != "" && said[field] != j.Imported.V[field] }
}

// readRow understands the cells of one row. All that is wrong is listed, not
// only the first.
func (s *Service) readRow(row ImportRow, h *importHead, c *domain.Centre, technicians []domain.User) *parsedRow {
	w := &parsedRow{text: map[string]string{}, head: h, row: row}
	w.readTexts()
	if row.Broken != "" {
		w.errors = append(w.errors, ImportError{Reason: row.Broken})
		return w
	}
	if w.text["external_ref"] == "" && len(w.errors) == 0 {
		w.wrong("external_ref", "is missing; each row needs the brand's number")
	}
	w.readPhones(s.Service, c.Country)
	w.readChoice("priority", importPriorities, "low, normal, high or urgent")
	w.readChoice("cover", importCovers, "warranty or chargeable")
	if raw := w.raw("safety_critical"); !nothing(raw) {
		yes, ok := readYes(raw)
		if !ok {
			w.wrong("safety_critical", "must be yes or no")
		}
		w.critical = &yes
	}
	if v := w.wholeNumber("skill_level", slots.Helper, slots.Expert, "1 (any), 2 (able) or 3 (expert)"); v != nil {
		w.level = domain.Ptr(int(*v))
	}
	w.value = w.wholeNumber("value_minor", 0, maxValueMinor, "a whole number in the smallest unit of the currency, such as paise")
	w.reported = readReported(w.raw("reported"), c.Location())
	w.readLanguage()
	w.readPlace()
	w.readVisit(c, technicians)
	return w
}

// raw is what stands in the cell of a field.
func (w *parsedRow) raw(field string) string { return w.head.cell(w.row, field) }

func (w *parsedRow) readTexts() {
	for _, f := range []string{"external_ref", "name", "address", "landmark", "postal_code", "category", "brand", "model", "serial", "fault",
		"what_matters"} {
		v := w.raw(f)
		if f != "name" && f != "fault" && nothing(v) {
			v = ""
		}
		if n := len([]rune(v)); n > importLimits[f] {
			w.wrong(f, fmt.Sprintf("has %d characters; at most %d", n, importLimits[f]))
			v = ""
		}
		w.text[f] = v
	}
	w.text["category"] = strings.ToLower(w.text["category"])
	w.text["serial"] = strings.ToUpper(w.text["serial"])
	w.text["postal_code"] = strings.ToUpper(w.text["postal_code"])
}

func (w *parsedRow) readPhones(s *casework.Service, country string) {
	raw := w.raw("phone")
	if nothing(raw) {
		return
	}
	for _, part := range phoneSplit.Split(raw, -1) {
		if nothing(part) {
			continue
		}
		e164, err := casework.Phone(s, part, country, "/phone")
		if err != nil || len(part) > 64 {
			w.wrong("phone", "is not a phone number that can be dialled")
			break
		}
		if !domain.Has(w.phones, e164) {
			w.phones = append(w.phones, e164)
		}
	}
	if len(w.phones) > 10 {
		w.wrong("phone", "has more than 10 numbers")
	}
}

// readChoice takes one of the words that a field knows.
func (w *parsedRow) readChoice(field string, words map[string]string, expected string) {
	raw := w.raw(field)
	if nothing(raw) {
		return
	}
	v, ok := words[domain.HeadingKey(raw)]
	if !ok {
		w.wrong(field, "must be "+expected)
	}
	w.text[field] = v
}

func (w *parsedRow) wholeNumber(field string, least, most int64, expected string) *int64 {
	raw := w.raw(field)
	if nothing(raw) {
		return nil
	}
	v, err := strconv.ParseInt(asciiDigits(raw), 10, 64)
	if err != nil || v < least || v > most {
		w.wrong(field, "must be "+expected)
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
		w.wrong("language", "must be a language such as en or hi")
	}
	w.text["language"] = v
}

func (w *parsedRow) readPlace() {
	bad := len(w.errors)
	w.lat, w.lon = w.degrees("lat", 90), w.degrees("lon", 180)
	if bad == len(w.errors) && (w.lat == nil) != (w.lon == nil) {
		w.wrong("lat", "and longitude come in pairs")
	}
}

func (w *parsedRow) degrees(field string, most float64) *float64 {
	raw := w.raw(field)
	if nothing(raw) {
		return nil
	}
	v, err := strconv.ParseFloat(asciiDigits(raw), 64)
	if err != nil || math.IsNaN(v) || math.Abs(v) > most {
		w.wrong(field, fmt.Sprintf("must be degrees, at most %g", most))
		return nil
	}
	return &v
}

// readVisit understands when somebody is to come, and who.
func (w *parsedRow) readVisit(c *domain.Centre, technicians []domain.User) {
	date, from, to := blank(w.raw("date")), blank(w.raw("from")), blank(w.raw("to"))
	if date != "" || from != "" || to != "" {
		var field, reason string
		w.start, w.end, w.cells, field, reason = readWindow(date, from, to, c.Location())
		if field == "to" && to == "" && len(w.head.columns["to"]) == 0 { // one column holds both times
			field, reason = "from", "has no end; write both times, such as 10:00-12:00"
		}
		if reason != "" {
			w.wrong(field, reason)
		}
	}
	raw := w.raw("technician")
	if nothing(raw) {
		return
	}
	crew := []domain.ID{}
	for _, name := range crewSplit.Split(raw, -1) {
		u, reason := findTechnician(technicians, name)
		if reason != "" {
			w.wrong("technician", reason)
			break
		}
		if !domain.Has(crew, u.ID) {
			crew = append(crew, u.ID)
		}
	}
	w.crew = &crew
	if date == "" && from == "" && to == "" {
		w.wrong("technician", "needs a date and time of the visit")
	}
}

func blank(s string) string {
	if nothing(s) {
		return ""
	}
	return s
}

// findTechnician finds an enabled technician of the centre by login, by name,
// or by a first name that only one of them has.
func findTechnician(all []domain.User, name string) (*domain.User, string) {
	name = strings.Join(strings.Fields(name), " ")
	match := func(same func(u *domain.User) bool) (found *domain.User, n int) {
		for i := range all {
			if !all[i].Disabled && same(&all[i]) {
				found, n = &all[i], n+1
			}
		}
		return found, n
	}
	for _, same := range []func(u *domain.User) bool{
		func(u *domain.User) bool { return strings.EqualFold(u.Login, name) },
		func(u *domain.User) bool { return strings.EqualFold(strings.Join(strings.Fields(u.Name), " "), name) },
		func(u *domain.User) bool { return strings.EqualFold(u.FirstName(), name) },
	} {
		switch u, n := match(same); {
		case n == 1:
			return u, ""
		case n > 1:
			return nil, "fits several technicians; write the login"
		}
	}
	return nil, "is no technician of this centre"
}
