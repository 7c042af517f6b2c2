package domain

import (
	"slices"
	"strings"
	"unicode"
)

// dangerWords are what people write when something happens now (docs/product.md
// section 4): beginnings of words, in any letter case, English, Hindi and Hindi in
// Latin letters. A word too many rings somebody who was not needed; one too few lets a
// smell of gas wait for the morning.
var dangerWords = []string{
	"gas", "smok", "fire", "flame", "burn", "spark", "shock", "electrocut", "explo", "flood", "fume", "monoxide", "faint", "unconscious",
	"dhua", "dhuan", "aag", "chingari", "behosh",
	"गैस", "धुआ", "धुएँ", "धुएं", "आग", "जल रह", "जल गय", "करंट", "करेंट", "चिंगारी", "विस्फोट", "बेहोश", "पानी भर",
}

// DangerWords gives the words of danger in a text, each once.
func DangerWords(text string) []string {
	var out []string
	text = " " + strings.Join(strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsMark(r)
	}), " ")
	for _, w := range dangerWords {
		if strings.Contains(text, " "+w) {
			out = append(out, w)
		}
	}
	return out
}

// NewDanger reports whether somebody speaks of a danger of which nothing was said
// before.
func NewDanger(now string, before ...string) bool {
	known := DangerWords(strings.Join(before, " \n "))
	return slices.ContainsFunc(DangerWords(now), func(w string) bool { return !slices.Contains(known, w) })
}
