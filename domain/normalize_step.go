package domain

import (
	"strings"
	"unicode"
)

// NormalizeStep is the form in which two steps are compared: equal marks are the
// same step. Case, accents, punctuation and spaces do not matter, nor whether
// a letter was typed as one character or as letter and sign (Latin letters,
// and the dotted letters of the Indian scripts, whose dot is left out as many
// writers do). Vowel signs matter: without them Hindi words fall together.
func NormalizeStep(step string) string {
	var b strings.Builder
	gap := false
	for _, r := range step {
		switch {
		case r >= 0x300 && r <= 0x36F, strings.ContainsRune(dots, r), r == 0x200C, r == 0x200D, r == '\'', r == '’', r == 'ʼ':
			continue // accents, dots, joiners, apostrophes
		case !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r):
			gap = b.Len() > 0
			continue
		}
		if gap {
			b.WriteByte(' ')
			gap = false
		}
		if plain, ok := undotted[r]; ok {
			r = plain
		}
		r = unicode.ToLower(r)
		if plain, ok := unaccented[r]; ok {
			b.WriteString(plain)
			continue
		}
		if r >= '०' && r <= '९' {
			r = '0' + r - '०'
		}
		b.WriteRune(r)
	}
	return b.String()
}

// dots are the signs that turn an Indian letter into a borrowed one (nukta).
const dots = "\u093C\u09BC\u0A3C\u0ABC\u0B3C\u0CBC"

// undotted maps the letters that have the dot in them, by code point: editors
// and version control may write them as letter and dot.
var undotted = map[rune]rune{
	0x0929: 'न', 0x0931: 'र', 0x0934: 'ळ', 0x0958: 'क', 0x0959: 'ख', 0x095A: 'ग', 0x095B: 'ज', 0x095C: 'ड', 0x095D: 'ढ', 0x095E: 'फ',
	0x095F: 'य',
	0x09DC: 'ড', 0x09DD: 'ঢ', 0x09DF: 'য', 0x0A33: 'ਲ', 0x0A36: 'ਸ', 0x0A59: 'ਖ', 0x0A5A: 'ਗ', 0x0A5B: 'ਜ', 0x0A5E: 'ਫ', 0x0B5C: 'ଡ',
	0x0B5D: 'ଢ',
}

// unaccented maps Latin letters with an accent in them, and those that two
// plain ones stand for.
var unaccented = func() map[rune]string {
	out := map[rune]string{'ß': "ss", 'æ': "ae", 'œ': "oe", 'ø': "o", 'đ': "d", 'ł': "l", 'ı': "i"}
	for _, list := range []string{"aàáâãäåāăą", "cçćĉċč", "dď", "eèéêëēĕėęě", "gĝğġģ", "hĥ", "iìíîïĩīĭį", "jĵ", "kķ", "lĺļľ", "nñńņň",
		"oòóôõöōŏő", "rŕŗř", "sśŝşšș", "tţťț", "uùúûüũūŭůűų", "wŵ", "yýÿŷ", "zźżž"} {
		plain := list[:1]
		for _, r := range list[1:] {
			out[r] = plain
		}
	}
	return out
}()
