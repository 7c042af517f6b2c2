package domain

import (
	"testing"
)

func TestLanguageOfWhoIsAddressed(t *testing.T) {
	hindi, quiet, french, regional, marathi := ID{1}, ID{2}, ID{3}, ID{4}, ID{5}
	c := Customer{Language: "en", Contacts: []Contact{{ID: hindi, Language: "hi"}, {ID: quiet}, {ID: french, Language: "fr"},
		{ID: regional, Language: "HI-in"}, {ID: marathi, Language: "mr"}}}
	for want, who := range map[string][]*ID{"hi": {&hindi, &regional}, "mr": {&marathi}, "en": {&quiet, &french, {9}, nil}} {
		for _, id := range who {
			if got := c.LanguageOf(id); got != want {
				t.Errorf("%v reads %s, want %s", id, got, want)
			}
		}
	}
}
