package intake

import (
	"embed"
	"encoding/json"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"doorstep/domain"
)

//go:embed headings/*.json
var headingFiles embed.FS

// vocabulary is how a language writes what stands in sheets. All words but those of lists that are
// shown are compared by domain.HeadingKey.
type vocabulary struct {
	Fields     map[string][]string `json:"fields"`      // field, or field.part where several columns make one
	OfCustomer []string            `json:"of_customer"` // may stand before any heading
	Filler     []string            `json:"filler"`      // may stand behind any heading
	Second     []string            `json:"second"`      // before a phone: another of the household
	Others     []string            `json:"others"`      // anywhere in a heading: not of the household
	Totals     []string            `json:"totals"`      // begin a row of sums
	Footers    []string            `json:"footers"`     // begin what stands below a table
	Ended      []string            `json:"ended"`       // states of a call that needs no visit
	Open       []string            `json:"open"`
	NoSerial   []string            `json:"no_serial"`
	Titles     []string            `json:"titles"` // before or behind the name of a person
	Morning    []string            `json:"morning"`
	Afternoon  []string            `json:"afternoon"`
	Months     []string            `json:"months"` // January first
	Weekdays   []string            `json:"weekdays"`
}

// words are those of all languages.
var words = readWords()

type allWords struct {
	fields                                                   map[string]string // key of a heading → field or field.part
	ofCustomer, filler, second, others                       []string          // keys, the longest first
	totals, footers, ended, open, noSerial, titles, weekdays map[string]bool   // keys
	morning, afternoon                                       []string          // lower case
	months                                                   map[string]int    // lower case, whole
}

func readWords() *allWords {
	w := &allWords{fields: map[string]string{}, totals: map[string]bool{}, footers: map[string]bool{}, ended: map[string]bool{},
		open: map[string]bool{}, noSerial: map[string]bool{}, titles: map[string]bool{}, weekdays: map[string]bool{}, months: map[string]int{}}
	files, err := headingFiles.ReadDir("headings")
	if err != nil {
		panic(err)
	}
	for _, f := range files {
		text, err := headingFiles.ReadFile(path.Join("headings", f.Name()))
		if err != nil {
			panic(err)
		}
		var v vocabulary
		if err := json.Unmarshal(text, &v); err != nil {
			panic("intake: headings/" + f.Name() + ": " + err.Error())
		}
		for field, headings := range v.Fields {
			name, _, _ := strings.Cut(field, ".")
			if !domain.Has(importFields, name) {
				panic("intake: headings/" + f.Name() + " names the field " + field)
			}
			for _, heading := range headings {
				key := headingKey(heading)
				if old, dup := w.fields[key]; dup && old != field {
					panic("intake: heading " + heading + " means " + old + " and " + field)
				}
				w.fields[key] = field
			}
		}
		for list, into := range map[*[]string]map[string]bool{&v.Totals: w.totals, &v.Footers: w.footers, &v.Ended: w.ended, &v.Open: w.open,
			&v.NoSerial: w.noSerial, &v.Titles: w.titles, &v.Weekdays: w.weekdays} {
			for _, word := range *list {
				into[domain.HeadingKey(word)] = true
			}
		}
		for _, word := range v.OfCustomer {
			w.ofCustomer = append(w.ofCustomer, domain.HeadingKey(word))
		}
		for _, word := range v.Filler {
			w.filler = append(w.filler, domain.HeadingKey(word))
		}
		for _, word := range v.Second {
			w.second = append(w.second, domain.HeadingKey(word))
		}
		for _, word := range v.Others {
			w.others = append(w.others, domain.HeadingKey(word))
		}
		w.morning, w.afternoon = append(w.morning, v.Morning...), append(w.afternoon, v.Afternoon...)
		for i, m := range v.Months {
			w.months[strings.ToLower(m)] = i + 1
		}
	}
	for _, list := range [][]string{w.ofCustomer, w.filler, w.second} {
		slices.SortFunc(list, func(a, b string) int { return len(b) - len(a) })
	}
	return w
}

// headingKey is domain.HeadingKey, of a sign that stands alone the sign.
func headingKey(s string) string {
	if key := domain.HeadingKey(s); key != "" {
		return key
	}
	return strings.TrimSpace(s)
}

var (
	hints      = regexp.MustCompile(`[(\[{][^)\]}]*[)\]}]?`) // "Mobile No. (10 digit)", also one whose bracket is cut off
	headingOr  = regexp.MustCompile(`[/|\n:]`)
	manyColumn = regexp.MustCompile(`^(.*\pL.*?)[\s._-]*\d{1,2}$`) // "Mobile 2", "Address3"
)

// meaning is the field, or field.part, that a heading means; empty: none that is known.
func meaning(heading string) string {
	heading = strings.ToLower(asciiDigits(heading))
	if f := words.fields[headingKey(heading)]; f != "" {
		return f
	}
	plain := strings.TrimSpace(hints.ReplaceAllString(heading, " "))
	tries := []string{plain}
	if parts := headingOr.Split(plain, -1); len(parts) > 1 { // in two languages, or with a hint behind
		tries = append(tries, parts...)
	}
	for _, t := range tries {
		if f := meaningOfKey(headingKey(t)); f != "" {
			return f
		}
		if m := manyColumn.FindStringSubmatch(strings.TrimSpace(t)); m != nil {
			switch f := meaningOfKey(headingKey(m[1])); f {
			case "phone":
				return "phone.other"
			case "address":
				return "address.line"
			case "":
			default:
				return f
			}
		}
	}
	return ""
}

func meaningOfKey(key string) string {
	if key == "" {
		return ""
	}
	if f := words.fields[key]; f != "" {
		return f
	}
	if domain.Has(importFieldKeys, key) {
		return importFields[slices.Index(importFieldKeys, key)]
	}
	for _, behind := range words.filler {
		if rest := strings.TrimSuffix(key, behind); rest != key && rest != "" {
			if f := meaningOfKey(rest); f != "" {
				return f
			}
		}
	}
	for _, before := range words.second {
		if rest := strings.TrimPrefix(key, before); rest != key && rest != "" && strings.HasPrefix(meaningOfKey(rest), "phone") {
			return "phone.other"
		}
	}
	for _, before := range words.ofCustomer {
		if rest := strings.TrimPrefix(key, before); rest != key && rest != "" {
			if f := words.fields[rest]; f != "" {
				return f
			}
			if domain.Has(importFieldKeys, rest) {
				return importFields[slices.Index(importFieldKeys, rest)]
			}
		}
	}
	return ""
}

var importFieldKeys = func() []string {
	var out []string
	for _, f := range importFields {
		out = append(out, domain.HeadingKey(f))
	}
	return out
}()

// begins reports whether a text is one of some words, or begins with one and goes on with signs and
// numbers: "Total: 12".
func begins(s string, list map[string]bool) bool {
	key := domain.HeadingKey(s)
	return list[key] || list[strings.TrimRightFunc(key, unicode.IsDigit)]
}

// startsWith reports whether a key begins with one of some words.
func startsWith(key string, list map[string]bool) bool {
	for w := range list {
		if strings.HasPrefix(key, w) {
			return true
		}
	}
	return false
}
