package domain

import (
	"strings"
	"testing"
	"time"
)

// TestNoticesAreReadInTheReadersLanguage walks every kind in every pair of languages: what is read later is what would have been said at
// once, but for words that a release has changed.
func TestNoticesAreReadInTheReadersLanguage(t *testing.T) {
	at := time.Date(2027, 5, 31, 9, 30, 0, 0, time.UTC) // a month that is short in one language alone
	fill := func(kind, language string) (string, string) {
		title, body := Say(kind, language, DayWords(at, language)+", 10:00-12:00")
		all := strings.NewReplacer("{when}", DayWords(at, language)+" 18:00", "{n}", "3", "{late}", "2", "{who}", "May", "{at}", "10:40")
		return all.Replace(title), all.Replace(body)
	}
	for kind := range Words {
		for _, from := range Languages {
			title, body := fill(kind, from)
			for _, to := range Languages {
				wantTitle, wantBody := fill(kind, to)
				gotTitle, gotBody := SayAgain(&Notice{Kind: kind, Language: from, Title: title, Body: body}, to)
				if gotTitle != wantTitle || gotBody != wantBody {
					t.Errorf("%s from %s in %s: %q, %q; want %q, %q", kind, from, to, gotTitle, gotBody, wantTitle, wantBody)
				}
			}
			n := Notice{Kind: kind, Language: from, Title: "Words of an older release", Body: body}
			if gotTitle, gotBody := SayAgain(&n, "mr"); gotTitle != n.Title || gotBody != body {
				t.Errorf("%s of older words: %q, %q", kind, gotTitle, gotBody)
			}
		}
	}
	if gotTitle, _ := SayAgain(&Notice{Kind: "of.a.newer.release", Language: "en", Title: "x"}, "hi"); gotTitle != "x" {
		t.Errorf("an unknown kind: %q", gotTitle)
	}
}
