package domain

import (
	"slices"
	"strings"
	"unicode"
)

// placeFacts is what an address says of where it is, for the question whether two may be one place.
type placeFacts struct {
	postal string
	unit   string   // of the flat, room or shop: "5a"; empty: it names none
	floor  string   // "0" is the ground floor; empty: it says nothing of it
	wings  []string // letters that stand alone: B-12
	houses []string // all other numbers
	words  []string // in their order, spelt alike; without cities, states and what says nothing
	names  []string // those of them that are not of a kind (road, society), each once
	roads  []string // what its roads are called
}

// mostMarks bounds what is kept of one address to find it by.
const (
	mostMarkNumbers = 4
	mostMarkNames   = 12
)

// PlaceMarks are the pairs of a number and a name in the site's address, with the postal code that it says (empty: none): of two
// places that may be one (MayBeAt) at least one is alike, but where an address has more numbers than are kept.
func (s *Site) PlaceMarks() (marks []string, postal string) {
	f := s.placeFacts()
	numbers := f.numbers()
	for _, n := range numbers[:min(len(numbers), mostMarkNumbers)] {
		for _, name := range f.names[:min(len(f.names), mostMarkNames)] {
			if m := n + " " + name; !Has(marks, m) {
				marks = append(marks, m)
			}
		}
	}
	return marks, f.postal
}

// MayBeAt reports whether two addresses may be of one place as far as their words say: one postal code (or one unknown), the same
// numbers (a unit or a floor that one leaves out is not another), and the words of one among those of the other, or one
// building and no two roads. It is asked about, and holds nobody (docs/product.md section 5).
func (s *Site) MayBeAt(o *Site) bool {
	a, b := s.placeFacts(), o.placeFacts()
	if a.postal != b.postal && a.postal != "" && b.postal != "" || a.floor != b.floor && a.floor != "" && b.floor != "" ||
		!within(a.wings, b.wings) {
		return false
	}
	shared := 0 // names
	for _, n := range a.names {
		if Has(b.names, n) {
			shared++
		}
	}
	if shared == 0 || !sameNumbers(&a, &b, shared) {
		return false
	}
	if within(a.words, b.words) {
		return true
	}
	oneBuilding := shared > 1 && len(a.names) > 1 && len(b.names) > 1 && slices.Equal(a.names[:2], b.names[:2])
	return oneBuilding && within(a.roads, b.roads)
}

// sameNumbers reports whether nothing that two addresses number differs. A number without a word may be the unit's; where
// another of a house stands beside that, it takes more than one name that both have: 5 Hill Road is not flat 5 of 12 Hill Road.
func sameNumbers(a, b *placeFacts, shared int) bool {
	switch {
	case a.unit != "" && b.unit != "":
		return a.unit == b.unit && within(a.houses, b.houses)
	case a.unit == "" && b.unit == "":
		return len(a.houses) > 0 && len(b.houses) > 0 && within(a.houses, b.houses)
	case a.unit != "":
		a, b = b, a
	}
	if len(a.houses) == 0 {
		return false
	}
	if subset(a.houses, b.houses) { // b alone names the unit
		return true
	}
	return Has(a.houses, b.unit) && (shared > 1 || subset(b.houses, a.houses)) && within(a.houses, append([]string{b.unit}, b.houses...))
}

// within reports whether one of two lists lies in the other.
func within(a, b []string) bool { return subset(a, b) || subset(b, a) }

func subset(a, b []string) bool {
	return !slices.ContainsFunc(a, func(x string) bool { return !Has(b, x) })
}

func (f *placeFacts) numbers() []string {
	out := slices.Clone(f.houses)
	if f.unit != "" {
		out = append([]string{f.unit}, out...)
	}
	return out
}

// placeFacts reads the site's address.
func (s *Site) placeFacts() placeFacts {
	f := placeFacts{postal: postalKey(s.PostalCode)}
	parts := addressParts(asciiDigits(strings.NewReplacer("#", " unit ", "&", " and ", "№", " no ").Replace(s.Address)))
	for i, part := range parts {
		f.read(placeTokens(part), i == len(parts)-1)
	}
	return f
}

// placeToken is a run of an address: a number, perhaps with the letter after it, a letter alone, or a word.
type placeToken struct {
	text           string
	number, letter bool
}

func placeTokens(part string) (out []placeToken) {
	list := runsOf(NormalizeStep(part))
	letter := func(i int) bool { return i < len(list) && len(list[i]) == 1 && unicode.IsLetter(rune(list[i][0])) }
	for i := 0; i < len(list); i++ {
		w := list[i]
		switch {
		case w[0] >= '0' && w[0] <= '9':
			t := placeToken{text: trimZeros(w), number: true}
			if len(w) >= 5 { // a postal code is no number of a house: its zeros stay
				t.text = w
			}
			if letter(i+1) && !letter(i+2) {
				i++
				t.text += list[i]
			}
			out = append(out, t)
		case letter(i) && letter(i+1): // initials
			for i++; letter(i); i++ {
				w += list[i]
			}
			i--
			out = append(out, placeToken{text: w})
		default:
			out = append(out, placeToken{text: w, letter: letter(i)})
		}
	}
	return out
}

// read takes in a part of an address, the last one perhaps.
func (f *placeFacts) read(list []placeToken, last bool) {
	inUnit := false
	for i := 0; i < len(list); i++ {
		t := list[i]
		short := placeShort(t.text)
		if floor := floorOf(list, i); floor != "" {
			f.floor, inUnit = floor, false
			i++
			continue
		}
		switch {
		case t.number && f.isPostal(list, i, last):
			if len(list) > i+1 && list[i+1].number {
				i++
			}
		case t.number && inUnit && f.unit == "":
			f.unit, inUnit = t.text, false
		case t.number:
			inUnit = false
			f.houses = append(f.houses, t.text)
		case t.letter && inUnit && f.unit == "" && (i+1 == len(list) || !list[i+1].number):
			f.unit, inUnit = t.text, false
		case t.letter:
			f.wings = append(f.wings, t.text)
		case short == "unit" || Has(unitWords, short):
			inUnit = true
		case short == "-" || Has(placeNoise, short):
		default:
			inUnit = false
			f.word(short, i > 0 && !list[i-1].number)
		}
	}
}

// word adds one; follows: another word stands before it, which is the name of a road where this is a kind of road.
func (f *placeFacts) word(short string, follows bool) {
	w := short
	if !Has(placeRoads, w) && !Has(placeKinds, w) {
		w = spelt(w)
	}
	if Has(placeRegions, w) {
		return
	}
	if Has(placeRoads, w) && follows && len(f.words) > 0 {
		f.roads = append(f.roads, f.words[len(f.words)-1]+" "+w)
	}
	f.words = append(f.words, w)
	if !Has(placeRoads, w) && !Has(placeKinds, w) && !Has(f.names, w) {
		f.names = append(f.names, w)
	}
}

// isPostal reports whether a number is the postal code, written into the address: whole, in two halves, or its zone (Pune 38).
func (f *placeFacts) isPostal(list []placeToken, i int, last bool) bool {
	n := list[i].text
	if len(n) == 6 {
		if f.postal == "" {
			f.postal = n
		}
		return true
	}
	if len(f.postal) != 6 || n != trimZeros(f.postal[:3]) && i+1 < len(list) {
		return false
	}
	if i+2 == len(list) && n == f.postal[:3] && list[i+1].text == trimZeros(f.postal[3:]) {
		return true
	}
	return last && i > 0 && i+1 == len(list) && n == trimZeros(f.postal[3:]) && Has(placeRegions, spelt(list[i-1].text))
}

// floorOf is the floor that two runs say: 2nd floor, floor 2, ground floor.
func floorOf(list []placeToken, i int) string {
	if i+1 == len(list) {
		return ""
	}
	word, of := placeShort(list[i].text), list[i+1]
	if word != "fl" {
		word, of = placeShort(of.text), list[i]
	}
	switch floor, ok := placeFloors[of.text]; {
	case word != "fl":
		return ""
	case of.number:
		return of.text
	case ok:
		return floor
	}
	return ""
}

func placeShort(w string) string {
	if plain, ok := placeAbbreviations[w]; ok {
		return plain
	}
	return w
}

// spelt writes a word as it is compared: what Indian names are spelt with in Latin letters differs from hand to hand.
func spelt(w string) string {
	if plain, ok := placeSpellings[w]; ok {
		return plain
	}
	w = placeLetters.Replace(latin(w))
	if len(w) > 3 && strings.HasSuffix(w, "y") {
		w = w[:len(w)-1] + "i"
	}
	return string(slices.Compact([]rune(w)))
}

// latin writes Devanagari as its readers commonly do in Latin letters; a consonant without a vowel sign has an a, but at the end.
func latin(word string) string {
	var b strings.Builder
	list := []rune(word)
	for i, r := range list {
		text, ok := devanagari[r]
		switch {
		case !ok:
			b.WriteRune(r)
		case r >= 'क' && r <= 'ह' && i+1 < len(list) && (list[i+1] < 'ा' || list[i+1] > '्'):
			b.WriteString(text + "a")
		default:
			b.WriteString(text)
		}
	}
	return b.String()
}

var devanagari = func() map[rune]string {
	out := map[rune]string{'्': ""}
	for _, pair := range strings.Fields("अ-a आ-a इ-i ई-i उ-u ऊ-u ऋ-ru ए-e ऐ-ai ऑ-o ओ-o औ-au ा-a ि-i ी-i ु-u ू-u ृ-ru ॅ-e े-e ै-ai ॉ-o ो-o ौ-au " +
		"ं-n ँ-n क-k ख-kh ग-g घ-gh ङ-n च-ch छ-chh ज-j झ-jh ञ-n ट-t ठ-th ड-d ढ-dh ण-n त-t थ-th द-d ध-dh न-n प-p फ-ph ब-b भ-bh म-m " +
		"य-y र-r ल-l ळ-l व-v श-sh ष-sh स-s ह-h") {
		letter, text, _ := strings.Cut(pair, "-")
		out[[]rune(letter)[0]] = text
	}
	return out
}()

// The words of addresses, as they stand after placeAbbreviations and spelt.
var (
	placeLetters = strings.NewReplacer("w", "v", "ee", "i", "oo", "u", "aa", "a", "sh", "s", "th", "t", "dh", "d", "bh", "b",
		"ph", "f", "z", "j")

	placeSpellings = map[string]string{"chs": "soc", "chsl": "soc", "chowk": "chauk", "galli": "ln", "गल्ली": "ln", "पथ": "pat",
		"bombay": "mumbai", "poona": "pune", "bangalore": "bengaluru", "मुंबई": "mumbai", "महाराष्ट्र": "maharastra", "भारत": "india"}

	unitWords  = []string{"room", "rm", "shop", "office", "खोली", "कमरा"}
	placeNoise = []string{"wing", "विंग", "bungalow", "bunglow", "बंगला", "fl", "and", "the", "at", "post", "dist", "tal",
		"taluka", "district", "pin", "pincode", "survey", "sr"}
	placeRoads = []string{"rd", "ln", "st", "ave", "blvd", "mg", "pat", "drive", "dr"}
	placeKinds = []string{"apts", "soc", "col", "bldg", "ngr", "sec", "blk", "ph", "plt", "twr", "hts", "ext", "pl", "sq",
		"ct", "n", "s", "e", "w"}
	placeFloors = map[string]string{"ground": "0", "grd": "0", "gr": "0", "g": "0", "first": "1", "second": "2", "third": "3", "fourth": "4",
		"fifth": "5", "top": "top", "तळ": "0", "पहिला": "1", "पहली": "1", "दूसरी": "2", "दुसरा": "2", "तीसरी": "3", "तिसरा": "3"}
	// A city or a state says no more than the postal code.
	placeRegions = []string{"pune", "mumbai", "delhi", "nev", "bengaluru", "haiderabad", "hyderabad", "chenai", "kolkata", "ahmedabad",
		"nagpur", "nasik", "tane", "surat", "jaipur", "lucknov", "maharastra", "karnataka", "gujarat", "tamil", "nadu", "telangana", "india"}
)
