package domain

import (
	"embed"
	"encoding/json"
	"strings"
)

// Languages are what the server speaks to staff and households, the one that stands in for others first. The words of each are
// texts/xx.json and, of the household's page, api/pages/text.xx.json; the enums of the contract name the same (TestLanguages).
var Languages = []string{"en", "hi", "mr"}

//go:embed texts/*.json
var textFiles embed.FS

// texts is all that the server says in a language beside the household's page. What stands here in English is
// the source of phrases: it is kept and compared in English, and said in the reader's language when they read it.
type texts struct {
	Name           string                       `json:"name"` // in itself
	Days           [7]string                    `json:"days"`
	Months         [12]string                   `json:"months"`
	Notices        map[string][2]string         `json:"notices"` // title and body, by kind
	Choices        map[string]map[string]string `json:"choices"` // by list and code
	Faults         map[string][2]string         `json:"faults"`  // of a phone, and how to mend it
	TellCaller     string                       `json:"tell_caller"`
	TellOfWish     string                       `json:"tell_of_wish"`
	TellOfKept     string                       `json:"tell_of_kept"`
	EndCallWarning string                       `json:"end_call_warning"`
	Disclaimer     string                       `json:"disclaimer"`
	SaysSafe       string                       `json:"says_safe"`
	Advice         [2]string                    `json:"advice"`   // to whom nobody has heard yet, and where the desk's number is known
	Problems       map[Code]string              `json:"problems"` // titles; of English they stand beside the codes
	Phrases        map[string]string            `json:"phrases"`  // by the English format (phrasebook.go)

	book *phrasebook
}

// spoken are the texts by language.
var spoken = func() map[string]*texts {
	out := make(map[string]*texts, len(Languages))
	for _, language := range Languages {
		raw, err := textFiles.ReadFile("texts/" + language + ".json")
		if err != nil {
			panic("domain: " + err.Error())
		}
		t := &texts{}
		if err := json.Unmarshal(raw, t); err != nil {
			panic("domain: texts of " + language + ": " + err.Error())
		}
		t.book = newPhrasebook(t)
		out[language] = t
	}
	return out
}()

// Spoken is the language of ours that a language tag (BCP 47) asks for, else English.
func Spoken(tag string) string {
	base, _, _ := strings.Cut(strings.ToLower(tag), "-")
	if Has(Languages, base) {
		return base
	}
	return Languages[0]
}

// LanguageName is a language in itself.
func LanguageName(language string) string { return speak(language).Name }

func speak(tag string) *texts { return spoken[Spoken(tag)] }

// eachLanguage gives a text by language, for whoever chooses it themselves.
func eachLanguage(of func(t *texts) string) map[string]string {
	out := make(map[string]string, len(Languages))
	for language, t := range spoken {
		out[language] = of(t)
	}
	return out
}
