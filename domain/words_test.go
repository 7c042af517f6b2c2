package domain

import "testing"

// TestEveryNoticeSpeaksEveryLanguage: a title and a body in each.
func TestEveryNoticeSpeaksEveryLanguage(t *testing.T) {
	for kind, text := range Words {
		for _, language := range Languages {
			if text[language][0] == "" || text[language][1] == "" {
				t.Errorf("%s says nothing in %s", kind, language)
			}
		}
	}
}
