package intake

import (
	"regexp"
	"strings"
	"unicode"

	"doorstep/domain"
)

// readNumber reads one number as dialled and gives E.164; false: no such number can exist.
type readNumber func(raw string) (string, bool)

// phonesRead is what a cell of phone numbers says.
type phonesRead struct {
	numbers []string // E.164, as they stand
	lost    string   // why not all of it is a number: a text or digits that were not used; empty: all was
	doubt   *phoneDoubt
}

// phoneDoubt is a run of digits that lost something, which a person can put right: it was cut, joined to
// another, or stands without its area code. What is whole and no number (a digit too many, a letter, zeros) is no doubt.
type phoneDoubt struct {
	words  string
	joined []string // E.164 of the numbers that it may be, where there is one way alone to read it
}

var (
	phoneFloat = regexp.MustCompile(`^\+?\d{7,15}\.0+$`)
	phoneSplit = regexp.MustCompile(`(?i)\s*(?:[/\\,;&|\n]|\bor\b|\band\b|या)\s*`)
	phoneExp   = regexp.MustCompile(`(?i)^\d(?:\.\d+)?e\+?\d{1,2}$`)
	numberRun  = regexp.MustCompile(`\+?[(\[]?\+?\d[\d\s().\[\]\-–—]*`)
	inNumber   = regexp.MustCompile(`\d[\pL\pM]+\d`)
	extension  = regexp.MustCompile(`(?i)\b(?:ext|extn|extension|x)\b`)
	// notThis are words by which a sheet says that a number is not to be called.
	notThis = regexp.MustCompile(`(?i)\b(?:wrong|old|invalid|incorrect|not|don'?t|dnd|galat)\b|गलत|ग़लत|चुकीचा|पुराना`)
	// phoneLabels say nothing of whose number it is.
	phoneLabels = map[string]bool{"mob": true, "mobile": true, "ph": true, "phone": true, "tel": true, "telephone": true, "cell": true,
		"no":  true,
		"nos": true, "number": true, "num": true, "contact": true, "cont": true, "m": true, "p": true, "t": true, "call": true, "mo": true,
		"मोबाइल": true, "फोन": true, "फ़ोन": true, "मो": true, "नं": true}
)

// readPhones takes the numbers out of a cell: several, with labels, the second one abbreviated to its
// last digits. Nothing is guessed: what is no number that can exist stays text.
func readPhones(raw string, read readNumber) phonesRead {
	var out phonesRead
	lose := func(why string) {
		if out.lost == "" {
			out.lost = why
		}
	}
	text := strings.TrimSpace(asciiDigits(tidy(raw)))
	if phoneExp.MatchString(text) {
		return phonesRead{lost: "was cut by a spreadsheet to the form 9.8E+09; format the column as text and fill it anew"}
	}
	last := "" // digits of the number before, as they stand, that a short one completes
	for _, part := range phoneSplit.Split(text, -1) {
		if nothing(part) {
			continue
		}
		if phoneFloat.MatchString(part) { // a number column saved by a program
			part, _, _ = strings.Cut(part, ".")
		}
		if inNumber.MatchString(part) && !extension.MatchString(part) {
			lose("has a letter among its digits")
			continue
		}
		runs := numberRun.FindAllString(part, -1)
		if len(runs) == 0 && strings.ContainsFunc(part, unicode.IsLetter) {
			lose("is no phone number")
		}
		for _, w := range anyWord.FindAllString(numberRun.ReplaceAllString(part, " "), -1) {
			if !phoneLabels[strings.ToLower(w)] && !extension.MatchString(w) {
				lose("holds a text besides the number")
			}
		}
		if len(runs) == 0 && !strings.ContainsFunc(part, unicode.IsLetter) {
			lose("holds signs that are no number")
		}
		for i, run := range runs {
			digits := strings.Map(keepDigits, run)
			if i > 0 && len(digits) <= 5 && extension.MatchString(part) {
				lose("names an extension")
				continue
			}
			found := numbersIn(run, read, 0)
			if len(found) == 0 {
				if found = piecesOf(run, read); len(found) > 0 {
					lose("holds a text besides the number")
				}
			}
			if len(found) == 0 && last != "" && len(digits) >= 2 && strings.Trim(digits, "0") != "" && len(digits) <= 8 && len(digits) < len(last) {
				head, tail := last[:len(last)-len(digits)], last[len(last)-len(digits):]
				whole := head + digits
				if n, ok := read(whole); ok &&
					(len(digits) <= 5 || tail[:2] == digits[:2]) { // many digits are of one exchange, or a number that was cut
					found, digits = []string{n}, whole
				}
			}
			switch {
			case len(found) == 0 && len(digits) <= 2 && last != "":
				lose("holds a text besides the number")
			case len(found) > 0 && notThis.MatchString(part):
				if out.doubt == nil {
					out.doubt = &phoneDoubt{words: "The sheet says that this number is not to be called.", joined: found}
				}
				lose("says that the number is not to be called")
				found = nil
			case len(found) == 0:
				if out.doubt == nil {
					out.doubt = doubtOf(digits, read)
				}
				lose("is not a phone number that can be dialled")
			default:
				last = digits
			}
			for _, n := range found {
				switch {
				case placeholder(n):
					lose("is no number but what people write who have none")
				case domain.Has(out.numbers, n):
				case len(out.numbers) == 10:
					lose("has more than 10 numbers")
				default:
					out.numbers = append(out.numbers, n)
				}
			}
		}
	}
	return out
}

// doubtOf finds what digits that are no number have lost; nil: nothing that anybody could put back.
func doubtOf(digits string, read readNumber) *phoneDoubt {
	own := strings.TrimLeft(digits, "0")
	if len(own) < 6 || strings.Count(own, own[:1]) == len(own) || strings.HasPrefix("1234567890", own) {
		return nil
	}
	if len(own) <= 8 {
		return &phoneDoubt{words: "This number has no area code, or was cut."}
	}
	for d := '0'; d <= '9'; d++ {
		if _, ok := read(digits + string(d)); ok {
			return &phoneDoubt{words: "This number is a digit short."}
		}
	}
	doubt := phoneDoubt{words: "Two numbers may stand here as one."}
	for at := 8; at <= len(digits)-8 && len(digits) <= 26; at++ {
		a, ok := read(digits[:at])
		if !ok {
			continue
		}
		if b, ok := read(digits[at:]); ok && !placeholder(a) && !placeholder(b) {
			if doubt.joined != nil { // in several ways
				return &phoneDoubt{words: doubt.words}
			}
			doubt.joined = []string{a, b}
		}
	}
	if doubt.joined == nil {
		return nil
	}
	return &doubt
}

// numbersIn reads a run of digits as one number, or as several that spaces or dashes part.
func numbersIn(run string, read readNumber, depth int) []string {
	run = strings.Trim(run, " \t().[]-–—")
	if opened := strings.Count(run, "("); opened != strings.Count(run, ")") {
		run = strings.NewReplacer("(", " ", ")", " ").Replace(run)
	}
	if digits := len(strings.Map(keepDigits, run)); digits < 6 || digits > 64 {
		return nil
	}
	if n, ok := read(run); ok {
		return []string{n}
	}
	if d := strings.Map(keepDigits, run); len(d) > 10 && d[0] == '0' && d[1] != '0' { // "091 98123 45671": a zero before the country
		if n, ok := read("+" + d[1:]); ok {
			for own := 2; own <= 4; own++ {
				if same, ok := read(d[own:]); ok && same == n {
					return []string{n}
				}
			}
		}
	}
	if depth > 8 {
		return nil
	}
	at := strings.IndexAny(run, " -–—")
	for at >= 0 {
		if n, ok := read(strings.Trim(run[:at], " -–—().")); ok && len(strings.Map(keepDigits, run[:at])) >= 8 {
			if rest := numbersIn(run[at:], read, depth+1); len(rest) > 0 {
				return append([]string{n}, rest...)
			}
		}
		next := strings.IndexAny(run[at+1:], " -–—")
		if next < 0 {
			break
		}
		at += 1 + next
	}
	return nil
}

// piecesOf are the pieces of a run that alone are a whole number: "9-5 9812345677".
func piecesOf(run string, read readNumber) []string {
	var out []string
	for _, p := range strings.FieldsFunc(run, func(r rune) bool { return strings.ContainsRune(" -–—\t", r) }) {
		if n, ok := read(p); ok && len(strings.Map(keepDigits, p)) >= 10 {
			out = append(out, n)
		}
	}
	return out
}

// placeholder reports whether a number is what people write who have none: one digit all along, or all digits in order.
func placeholder(e164 string) bool {
	d := strings.TrimPrefix(e164, "+")
	if len(d) < 9 {
		return false
	}
	if strings.HasSuffix(d, "123456789") || strings.HasSuffix(d, "1234567890") {
		return true
	}
	d = d[len(d)-9:]
	return strings.Count(d, d[:1]) == len(d)
}
