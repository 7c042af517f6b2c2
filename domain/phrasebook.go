package domain

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A sentence that rules make, such as why an attempt does not count or why a move was refused, is made, kept and
// compared in English. Its reader gets it in their language: the phrasebook knows the formats of which sentences are
// made, and translates what stands in their places by itself: words, numbers with their units, days. What it does not know stays
// in English. TestPhrasesOfVerdicts and TestDetailsAreSpoken hold that it knows what a technician reads.

// phrase is a format, cut at its places, and what it is in the language: {1} is the first place.
type phrase struct {
	parts  []string
	digits []bool // of each place: a number
	said   string
}

type phrasebook struct {
	exact   map[string]string
	phrases [256][]*phrase // by their first byte, with those that begin with a place; the most telling first
	days    [7]string
	months  [12]string
}

func newPhrasebook(t *texts) *phrasebook {
	b := &phrasebook{exact: map[string]string{}, days: t.Days, months: t.Months}
	var all []*phrase
	for format, said := range t.Phrases {
		p := &phrase{said: said}
		for rest := format; ; {
			at := strings.IndexByte(rest, '%')
			if at < 0 {
				p.parts = append(p.parts, rest)
				break
			}
			p.parts, p.digits = append(p.parts, rest[:at]), append(p.digits, rest[at+1] == 'd')
			rest = rest[at+2:]
		}
		if len(p.digits) == 0 {
			b.exact[format] = said
		} else {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(x, y *phrase) int {
		return cmp.Or(cmp.Compare(len(strings.Join(y.parts, "")), len(strings.Join(x.parts, ""))), cmp.Compare(x.said, y.said))
	})
	for first := range b.phrases {
		for _, p := range all {
			if p.parts[0] == "" || p.parts[0][0] == byte(first) {
				b.phrases[first] = append(b.phrases[first], p)
			}
		}
	}
	return b
}

// match gives what stands in the places of a phrase; nil: the text is another one.
func (p *phrase) match(text string) []string {
	rest, ok := strings.CutPrefix(text, p.parts[0])
	if !ok || !strings.HasSuffix(rest, p.parts[len(p.parts)-1]) {
		return nil
	}
	out := make([]string, 0, len(p.digits))
	for i, digits := range p.digits {
		after, last := p.parts[i+1], i == len(p.digits)-1
		at := len(rest) - len(after)
		if !last {
			at = strings.Index(rest, after)
		}
		if at <= 0 || digits && strings.Trim(rest[:at], "0123456789") != "" {
			return nil
		}
		out, rest = append(out, rest[:at]), rest[at+len(after):]
	}
	return out
}

// What is longer, has more parts or lies deeper is no sentence of the rules but somebody's words, and is not looked through.
const (
	phraseMost  = 600 // bytes
	phraseParts = 12
	phraseDeep  = 4
)

// say gives a text in the language, and whether all of it is.
func (b *phrasebook) say(text string) (string, bool) {
	if len(text) > phraseMost {
		return text, false
	}
	return b.sayAt(text, 0)
}

func (b *phrasebook) sayAt(text string, depth int) (string, bool) {
	if said, ok := b.exact[text]; ok || depth > phraseDeep {
		return cmp.Or(said, text), ok
	}
	// Parts before phrases: one that begins or ends with a place would take several of them for one.
	for _, by := range [][2]string{{"; ", "; "}, {", ", ", "}, {" or ", " / "}} {
		if said, ok := b.several(text, by[0], by[1], depth); ok {
			return said, true
		}
	}
	return b.one(text, depth)
}

// one gives a text that is one phrase.
func (b *phrasebook) one(text string, depth int) (string, bool) {
	if said, ok := b.exact[text]; ok {
		return said, true
	}
	if text == "" {
		return text, false
	}
	for _, p := range b.phrases[text[0]] {
		places := p.match(text)
		if places == nil {
			continue
		}
		said := p.said
		for n, place := range places {
			in, _ := b.sayAt(place, depth+1)
			said = strings.ReplaceAll(said, "{"+strconv.Itoa(n+1)+"}", in)
		}
		return said, true
	}
	return b.moment(text)
}

// several gives what is joined, if it knows each by itself, the shortest first: a reason may have a semicolon in it.
func (b *phrasebook) several(text, by, as string, depth int) (string, bool) {
	parts := strings.Split(text, by)
	if len(parts) < 2 || len(parts) > phraseParts {
		return text, false
	}
	var out []string
	for from := 0; from < len(parts); {
		to, known := from+1, false
		for ; to <= len(parts) && to-from < len(parts); to++ { // all of it is no part
			said, ok := b.one(strings.Join(parts[from:to], by), depth)
			if ok {
				out, known = append(out, said), true
				break
			}
		}
		if !known {
			return text, false
		}
		from = to
	}
	return strings.Join(out, as), true
}

// moments are the forms in which sentences have days, and which of day and clock they say.
var moments = []struct {
	layout                string
	weekday, day, instant bool
}{
	{"Mon 2 Jan 15:04", true, true, true}, {"Mon 2 Jan", true, true, false}, {"15:04 on 2 Jan", false, true, true},
	{"2 Jan 15:04", false, true, true}, {"2 Jan", false, true, false}, {"Monday", true, false, false},
}

func (b *phrasebook) moment(text string) (string, bool) {
	for _, m := range moments {
		at, err := time.Parse(m.layout, text)
		if err != nil && m.day { // 29 February is a day of no year 0
			at, err = time.Parse(m.layout+" 2006", text+" 2028")
		}
		if err != nil {
			continue
		}
		var said []string
		if m.weekday { // of which the year is not known
			for d := range b.days {
				if strings.HasPrefix(text, time.Weekday(d).String()[:3]) {
					said = append(said, b.days[d])
				}
			}
		}
		if m.day {
			said = append(said, strconv.Itoa(at.Day()), b.months[at.Month()-1])
		}
		if m.instant {
			said = append(said, at.Format("15:04"))
		}
		return strings.Join(said, " "), true
	}
	return text, false
}

// InLanguage gives a sentence of the server's in its reader's language, and whether it could be said so; English
// stands as it is.
func InLanguage(text, language string) (string, bool) {
	if Spoken(language) == Languages[0] || text == "" {
		return text, true
	}
	return speak(language).book.say(text)
}

// Title is the title of a code in a language.
func (c Code) Title(language string) string {
	if title, ok := speak(language).Problems[c]; ok {
		return title
	}
	return codes[c].Title
}
