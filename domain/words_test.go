package domain

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

var placeholder = regexp.MustCompile(`\{[a-z0-9]+\}`)

// TestLanguagesAreComplete: each says all that English says, with the same places in it, and says it in its own words.
func TestLanguagesAreComplete(t *testing.T) {
	flat := func(language string) map[string]string {
		raw, err := textFiles.ReadFile("texts/" + language + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var v map[string]any
		if err := json.Unmarshal(raw, &v); err != nil {
			t.Fatal(language, err)
		}
		delete(v, "phrases")
		delete(v, "problems")
		out := map[string]string{}
		var walk func(at string, v any)
		walk = func(at string, v any) {
			switch v := v.(type) {
			case map[string]any:
				for k, x := range v {
					walk(at+"/"+k, x)
				}
			case []any:
				for i, x := range v {
					walk(fmt.Sprint(at, "/", i), x)
				}
			default:
				out[at] = fmt.Sprint(v)
			}
		}
		walk("", v)
		return out
	}
	english := flat("en")
	for _, p := range PushKinds {
		if p.Kind != PushSync && english["/notices/"+p.Kind+"/0"] == "" {
			t.Errorf("%s says nothing", p.Kind)
		}
	}
	files, err := textFiles.ReadDir("texts")
	if err != nil || len(files) != len(Languages) {
		t.Errorf("%d files of texts, %d languages (%v)", len(files), len(Languages), err)
	}
	for _, language := range Languages[1:] {
		mine := flat(language)
		for at, said := range english {
			in := mine[at]
			if strings.TrimSpace(in) == "" || in == said {
				t.Errorf("%s: %s is not there: %q", language, at, said)
			}
			if places := placeholder.FindAllString(said, -1); !slices.Equal(slices.Sorted(slices.Values(places)),
				slices.Sorted(slices.Values(placeholder.FindAllString(in, -1)))) {
				t.Errorf("%s: %s has other places: %q, %q", language, at, said, in)
			}
		}
		for at := range mine {
			if _, known := english[at]; !known {
				t.Errorf("%s: %s is said by nobody", language, at)
			}
		}
		for _, c := range Codes() {
			if title := spoken[language].Problems[c.Code]; title == "" || title == c.Title {
				t.Errorf("%s: the problem %s has no title", language, c.Code)
			}
		}
		for code := range spoken[language].Problems {
			if _, known := codes[code]; !known {
				t.Errorf("%s: there is no problem %s", language, code)
			}
		}
	}
	if hi, mr := flat("hi"), flat("mr"); true {
		same := 0
		for at, said := range hi {
			if mr[at] == said {
				same++
			}
		}
		if same > len(hi)/15 { // sharing letters, they share some words
			t.Errorf("%d of %d texts are the same in Hindi and Marathi", same, len(hi))
		}
	}
}

// TestPhrasebooksAreAlike: each language knows the same formats, and what it says has their places only.
func TestPhrasebooksAreAlike(t *testing.T) {
	second := spoken[Languages[1]].Phrases
	for _, language := range Languages[1:] {
		for format := range second {
			if spoken[language].Phrases[format] == "" {
				t.Errorf("%s does not say %q", language, format)
			}
		}
		for format, said := range spoken[language].Phrases {
			if _, known := second[format]; !known {
				t.Errorf("only %s says %q", language, format)
			}
			most := strings.Count(format, "%d") + strings.Count(format, "%s")
			for _, place := range placeholder.FindAllString(said, -1) {
				if n := int(place[1] - '0'); n < 1 || n > most {
					t.Errorf("%s says %q of %q", language, said, format)
				}
			}
		}
	}
	if en := spoken[Languages[0]]; len(en.Phrases)+len(en.Problems) > 0 {
		t.Error("the source has no translation")
	}
}

// TestSentencesAreSaidInTheirReadersLanguage, with what stands in their places.
func TestSentencesAreSaidInTheirReadersLanguage(t *testing.T) {
	for text, want := range map[string]map[string]string{
		"2 of 3 counting attempts that are 2 h 30 min apart": {"hi": "2 घंटे 30 मिनट के अंतर पर गिने जाने वाले 3 में से 2 प्रयास",
			"mr": "2 तास 30 मिनिटे अंतराने, मोजल्या जाणाऱ्या 3 पैकी 2 प्रयत्न"},
		"rang 5 s, the rule asks for 20 s; second call of that day, at most 1": {
			"mr": "5 सेकंद वाजला, नियमाप्रमाणे 20 सेकंद हवेत; त्या दिवसाचा दुसरा कॉल, जास्तीत जास्त 1"},
		"a wrong number never counts; it is struck from the known ones; voicemail never counts": {
			"mr": "चुकीचा नंबर कधीच मोजला जात नाही; तो माहीत असलेल्यांतून काढला; व्हॉइसमेल कधीच मोजले जात नाही"},
		"There was contact on Mon 29 Feb 09:00 (inbound, push), and no attempt since then counts.": {
			"mr": "सोमवार 29 फेब्रुवारी 09:00 रोजी संपर्क झाला (त्यांच्याकडून, सूचना), आणि त्यानंतरचा कोणताही प्रयत्न मोजला जात नाही."},
		"attempts in 2 parts of the day (before 12:00 or 12:00-16:00 or after 16:00)": {
			"mr": "दिवसाच्या 2 भागांत प्रयत्न (12:00 च्या आधी / 12:00-16:00 / 16:00 नंतर)"},
		"Ravi has another visit in this time.":         {"mr": "Ravi यांची या वेळी दुसरी भेट आहे."},
		"As technician you may not cancel this visit.": {"mr": "तंत्रज्ञ म्हणून तुम्ही हे करू शकत नाही."},
		"whatever nobody knows":                        {"mr": "whatever nobody knows", "hi": "whatever nobody knows"},
	} {
		for language, said := range want {
			got, all := InLanguage(text, language+"-IN")
			if got != said || all == (text == said) {
				t.Errorf("%s: %q is %q (%v)", language, text, got, all)
			}
		}
		if got, all := InLanguage(text, "en-GB"); got != text || !all {
			t.Errorf("in English %q is %q", text, got)
		}
	}
	for _, theirs := range []string{strings.Repeat("a, b; ", 5000), strings.Repeat("x; ", 90), strings.Repeat("phone, ", 70)} {
		if got, all := InLanguage(theirs, "mr"); got != theirs || all {
			t.Errorf("somebody's words are looked through: %.40q", got)
		}
	}
	if got := DayWords(time.Date(2027, 3, 2, 1, 0, 0, 0, time.UTC), "mr"); got != "मंगळवार 2 मार्च" {
		t.Error(got)
	}
	if Spoken("mr-IN") != "mr" || Spoken("MR") != "mr" || Spoken("ta") != "en" || Spoken("") != "en" {
		t.Error("languages are not told apart")
	}
	if names := slices.Sorted(maps.Keys(spoken)); !slices.Equal(names, slices.Sorted(slices.Values(Languages))) {
		t.Error(names)
	}
}
