package domain

import (
	"testing"
)

func TestLanguageOfWhoIsAddressed(t *testing.T) {
	hindi, quiet, marathi, regional := ID{1}, ID{2}, ID{3}, ID{4}
	c := Customer{Language: "en", Contacts: []Contact{{ID: hindi, Language: "hi"}, {ID: quiet}, {ID: marathi, Language: "mr"},
		{ID: regional, Language: "HI-in"}}}
	for want, who := range map[string][]*ID{"hi": {&hindi, &regional}, "en": {&quiet, &marathi, {9}, nil}} {
		for _, id := range who {
			if got := c.LanguageOf(id); got != want {
				t.Errorf("%v reads %s, want %s", id, got, want)
			}
		}
	}
}
