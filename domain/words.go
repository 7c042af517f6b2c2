package domain

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Words is what notices say, by kind and language: title and body (texts/xx.json). {when} is the window in
// words. They stand on lock screens: no name, no address, no safety word
// (docs/product.md section 7).
var Words = func() map[string]map[string][2]string {
	out := make(map[string]map[string][2]string, len(PushKinds))
	for language, t := range spoken {
		for kind, said := range t.Notices {
			if out[kind] == nil {
				out[kind] = make(map[string][2]string, len(Languages))
			}
			out[kind][language] = said
		}
	}
	return out
}()

// Say gives title and body of a notice in a language.
func Say(kind, language, when string) (title, body string) {
	w, ok := speak(language).Notices[kind]
	if !ok {
		panic("domain: no words for notice " + kind)
	}
	return w[0], strings.ReplaceAll(w[1], "{when}", when)
}

// SayAgain gives title and body of a notice to whoever reads it, in their language, when it was made in another: from the words of its
// kind and what they were filled with then. Days are said anew; names, numbers and times of day stay. What is not of those words, as after
// a release that changed them, stays as it was made.
func SayAgain(n *Notice, language string) (title, body string) {
	from, to := Spoken(n.Language), Spoken(language)
	was, known := Words[n.Kind][from]
	fills := map[string]string{}
	if from == to || !known || !filledWith(was[0], n.Title, fills) || !filledWith(was[1], n.Body, fills) {
		return n.Title, n.Body
	}
	title, body = Words[n.Kind][to][0], Words[n.Kind][to][1]
	for name, said := range fills {
		if name == "when" {
			said = dayAgain(said, spoken[from], spoken[to])
		}
		title, body = strings.ReplaceAll(title, "{"+name+"}", said), strings.ReplaceAll(body, "{"+name+"}", said)
	}
	return title, body
}

// filledWith reports whether a text is a form with its places filled, and notes with what.
func filledWith(form, said string, fills map[string]string) bool {
	for {
		before, rest, place := strings.Cut(form, "{")
		if !place {
			return form == said
		}
		name, after, _ := strings.Cut(rest, "}")
		said, place = strings.CutPrefix(said, before)
		next, _, more := strings.Cut(after, "{")
		end := len(said) - len(next)
		if more {
			end = strings.Index(said, next)
		}
		if !place || end < 0 || more && next == "" {
			return false
		}
		fills[name], form, said = said[:end], after, said[end:]
	}
}

// dayAgain says the days and months of a moment or a window in another language (DayWords).
func dayAgain(said string, from, to *texts) string {
	words := strings.Split(said, " ")
	for i, w := range words {
		word, comma := strings.CutSuffix(w, ",")
		if at := slices.Index(from.Days[:], word); at >= 0 {
			word = to.Days[at]
		} else if at := slices.Index(from.Months[:], word); at >= 0 {
			word = to.Months[at]
		}
		if words[i] = word; comma {
			words[i] += ","
		}
	}
	return strings.Join(words, " ")
}

// TellCaller is what whoever took a call by its number alone tells the caller, in a language: the same
// whether we know the number or not.
func TellCaller(language string) string { return speak(language).TellCaller }

// TellOfWish is what a caller is told who wants a report taken back: the same whether there is one.
func TellOfWish(language string) string { return speak(language).TellOfWish }

// TellOfKept is what a caller is told whose wish waits for the household's own word.
func TellOfKept(language string) string { return speak(language).TellOfKept }

// EndCallWarning is what is read out, once, before an abusive call is ended, by language.
var EndCallWarning = eachLanguage(func(t *texts) string { return t.EndCallWarning })

// SaysSafe is what those who answer an alarm read when its raiser said that they are safe, whichever of their codes it was.
func SaysSafe(language string) string { return speak(language).SaysSafe }

// Disclaimer stands in every answer about an SOS.
func Disclaimer(language string) string { return speak(language).Disclaimer }

// DayWords is a day for people, by its own clock.
func DayWords(local time.Time, language string) string {
	t := speak(language)
	return t.Days[local.Weekday()] + " " + strconv.Itoa(local.Day()) + " " + t.Months[local.Month()-1]
}
