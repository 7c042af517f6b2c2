package domain

import (
	"slices"
	"strings"
	"unicode"
)

// What a hold over one household follows to another row of the same one (docs/product.md
// section 5, "Holds follow the person and the place").
const (
	SharedNumber = 3  // households; a number that more use is a dealer's, or a tower's guard
	SharedPlace  = 10 // households at an address that names no unit; more are a tower
	NextDoor     = 30 // metres; another unit so near is asked about
)

// vague begins the key of an address that alone says nothing: no number in it, or no
// postal code with it.
const vague = "~"

// PlaceKey is the form in which addresses are compared: equal keys are the same place.
// Letter case, punctuation, common abbreviations and the script of digits do not matter,
// nor where the unit stands; the unit's number does: another unit is another place.
func PlaceKey(address, postal string) string {
	words, unit := placeWords(address)
	key := words + "|" + unit + "|" + postalKey(postal)
	if strings.HasSuffix(key, "|") || !strings.ContainsAny(words+unit, "0123456789") {
		return vague + key
	}
	return key
}

// PlaceKeys are the keys under which the site itself may stand, and those of the same words
// with another or no postal code, of which nobody can say: from up to, without, to.
func (s *Site) PlaceKeys() (key, vagueKey, from, to string) {
	words, unit := placeWords(s.Address)
	if unit+words == "" || !strings.ContainsAny(words+unit, "0123456789") {
		return PlaceKey(s.Address, s.PostalCode), "", "", ""
	}
	key = PlaceKey(s.Address, s.PostalCode)
	if postalKey(s.PostalCode) == "" {
		from, to = words+"|"+unit+"|", words+"|"+unit+"}" // the sign after the bar
	}
	return key, vague + words + "|" + unit + "|", from, to
}

// NoPlace is the loose form of an address that has no number.
const NoPlace = vague

// PlaceLike is the loose form of an address: its words in no order, without through whom (c/o) and what it is near. Equal ones
// are asked about and never taken for the same place.
func PlaceLike(address string) string {
	words, unit := placeWords(strings.Join(addressParts(address), ","))
	list := strings.Fields(words)
	slices.Sort(list)
	if words = strings.Join(slices.Compact(list), " "); !strings.ContainsAny(words+unit, "0123456789") || len(list) < 2 {
		return NoPlace
	}
	return words + "|" + unit
}

// addressParts are the parts of an address between commas, without through whom (c/o) and what it is near.
func addressParts(address string) (parts []string) {
	for _, part := range strings.FieldsFunc(address, func(r rune) bool { return strings.ContainsRune(",;\n", r) }) {
		words := strings.Fields(strings.NewReplacer("/", " ", ".", " ", "(", " ", ")", " ").Replace(strings.ToLower(part)))
		through := len(words) > 1 && words[1] == "o" && Has([]string{"c", "s", "d", "w", "h"}, words[0])
		if len(words) == 0 || through || Has(besides, words[0]) {
			continue
		}
		for i, w := range words {
			if i > 0 && Has(besides, w) { // 1 Tek Lane near the temple
				words = words[:i]
				break
			}
		}
		parts = append(parts, strings.Join(words, " "))
	}
	return parts
}

// besides begin what an address only stands near.
var besides = []string{"near", "nr", "opp", "opposite", "behind", "beside", "besides", "next", "care", "के", "पास", "सामने", "पीछे"}

// sameDistrict reports whether two postal codes may be of one place: the first half is alike, or one is not known.
func sameDistrict(a, b string) bool {
	x, y := postalKey(a), postalKey(b)
	n := (min(len(x), len(y)) + 1) / 2
	return x[:n] == y[:n]
}

func postalKey(code string) string {
	return strings.ReplaceAll(asciiDigits(NormalizeStep(code)), " ", "")
}

// asciiDigits writes the digits of every script as ours.
func asciiDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r <= '9' || !unicode.IsDigit(r) {
			return r
		}
		for zero := r; zero > r-10; zero-- { // Unicode keeps the ten of a script together
			if !unicode.IsDigit(zero - 1) {
				return '0' + r - zero
			}
		}
		return r
	}, s)
}

// placeWords splits an address into its words and the number of a unit in it.
func placeWords(address string) (words, unit string) {
	address = asciiDigits(strings.NewReplacer("#", " unit ", "&", " and ", "№", " no ").Replace(address))
	var out, marked []string
	inUnit := false
	for _, w := range runs(address) {
		if w == "" { // what follows a comma is another part
			inUnit = false
			continue
		}
		if plain, ok := placeAbbreviations[w]; ok {
			w = plain
		}
		number := w[0] >= '0' && w[0] <= '9'
		switch {
		case w == "-": // says nothing: "no."
		case w == "unit":
			inUnit = true
		case number && inUnit && len(marked) > 0 && hasNumber(marked):
			inUnit = false
			out = append(out, trimZeros(w))
		case inUnit && (number || len([]rune(w)) == 1):
			marked = append(marked, trimZeros(w))
		default:
			inUnit = false
			out = append(out, trimZeros(w))
		}
	}
	return strings.Join(initials(out), " "), strings.Join(marked, "")
}

func hasNumber(parts []string) bool {
	for _, p := range parts {
		if p[0] >= '0' && p[0] <= '9' {
			return true
		}
	}
	return false
}

func trimZeros(w string) string {
	if t := strings.TrimLeft(w, "0"); t != "" {
		return t
	}
	return w
}

// initials joins letters that stand alone: M. G. Road is MG Road.
func initials(words []string) []string {
	var out []string
	last := false
	for _, w := range words {
		alone := len(w) == 1 && unicode.IsLetter(rune(w[0]))
		if alone && last {
			out[len(out)-1] += w
		} else {
			out = append(out, w)
		}
		last = alone
	}
	return out
}

// runs splits an address into runs of digits and of letters: 5A, 5-A and 5 a are the same. Of
// 1st the number is left. An empty one stands where a comma was.
func runs(address string) (out []string) {
	for i, part := range strings.FieldsFunc(address, func(r rune) bool { return strings.ContainsRune(",;\n", r) }) {
		if i > 0 {
			out = append(out, "")
		}
		out = append(out, runsOf(NormalizeStep(part))...)
	}
	return out
}

func runsOf(text string) (out []string) {
	for _, word := range strings.Fields(text) {
		from, digits := 0, false
		var parts []string
		for i, r := range word {
			d := r >= '0' && r <= '9'
			if i > 0 && d != digits {
				parts = append(parts, word[from:i])
				from = i
			}
			digits = d
		}
		parts = append(parts, word[from:])
		if len(parts) == 2 && parts[0][0] <= '9' && Has([]string{"st", "nd", "rd", "th"}, parts[1]) {
			parts = parts[:1]
		}
		out = append(out, parts...)
	}
	return out
}

// placeAbbreviations gives words of addresses their short form; "-" says nothing. What it
// joins too much (Saint and street) is joined in all addresses alike.
var placeAbbreviations = func() map[string]string {
	out := map[string]string{}
	for short, list := range map[string]string{
		"st": "street str saint स्ट्रीट", "rd": "road रोड सडक", "ln": "lane लेन गली gali", "ave": "avenue av", "blvd": "boulevard",
		"unit": "flat flt apartment apt appt फ्लैट फ्लेट फ्लॅट अपार्टमेंट", "apts": "apartments appts apt's", "ngr": "nagar नगर",
		"fl": "floor flr मंजिल माला मजला", "bldg": "building bld बिल्डिंग इमारत", "col": "colony कॉलोनी कालोनी", "sec": "sector sect सेक्टर",
		"blk": "block ब्लॉक ब्लाक", "soc": "society सोसायटी सोसाइटी", "opp": "opposite", "nr": "near", "dr": "drive", "mg": "marg मार्ग",
		"ph": "phase फेज", "plt": "plot प्लॉट", "sq": "square", "twr": "tower टावर", "ct": "court", "n": "north", "s": "south",
		"e": "east", "w": "west", "ext": "extension extn", "pl": "place", "hts": "heights",
		"-": "no num number nos नंबर नं न house hse मकान घर door",
	} {
		for _, w := range strings.Fields(list) {
			out[w] = short
		}
	}
	return out
}()

// HouseholdKey is the same of rows with one name at one place: of several with one number they count as one household.
func (c *Customer) HouseholdKey() string {
	at := ""
	for i := range c.Sites {
		key := PlaceKey(c.Sites[i].Address, c.Sites[i].PostalCode)
		if key != "" && !strings.HasPrefix(key, vague) && (at == "" || key < at) {
			at = key
		}
	}
	if at == "" {
		return c.ID.String()
	}
	return at + "|" + strings.ToLower(c.Name)
}
