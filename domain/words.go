package domain

import (
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
