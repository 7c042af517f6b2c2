package pages

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// words reads what a page says in a language; a sentence about a number has two forms.
func words(t *testing.T, page, lang string) map[string][]string {
	t.Helper()
	raw, err := os.ReadFile(page + "/text." + lang + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]any
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	for id, v := range all {
		switch v := v.(type) {
		case string:
			out[id] = []string{v}
		case map[string]any:
			for _, form := range []string{"one", "other"} {
				s, _ := v[form].(string)
				out[id] = append(out[id], s)
			}
		}
	}
	return out
}

var filled = regexp.MustCompile(`\{\w+\}`)

// TestThePagesSpeakTheirLanguages: each sentence of /app and of the desk in each language, with the same places to fill; none is asked
// for that is not there.
func TestThePagesSpeakTheirLanguages(t *testing.T) {
	for page, languages := range map[string][]string{"app": {"hi", "mr"}, "desk": {"hi"}} {
		t.Run(page, func(t *testing.T) { speaks(t, page, languages) })
	}
}

func speaks(t *testing.T, page string, languages []string) {
	english := words(t, page, "en")
	for _, lang := range languages {
		other := words(t, page, lang)
		for id, en := range english {
			got := other[id]
			if len(got) != len(en) || slices.Contains(got, "") {
				t.Errorf("%s: %q is %q", lang, id, got)
				continue
			}
			for i := range en {
				want, have := filled.FindAllString(en[i], -1), filled.FindAllString(got[i], -1)
				slices.Sort(want)
				slices.Sort(have)
				if !slices.Equal(want, have) {
					t.Errorf("%s: %q fills %v, want %v", lang, id, have, want)
				}
				if got[i] == en[i] && !slices.Contains([]string{"SOS", "iPhone", "WhatsApp"}, en[i]) {
					t.Errorf("%s: %q is in English", lang, id)
				}
			}
		}
		for id := range other {
			if english[id] == nil {
				t.Errorf("%s: nobody says %q", lang, id)
			}
		}
	}
	scripts, err := filepath.Glob(page + "/*.js")
	if err != nil || len(scripts) == 0 {
		t.Fatal(err, scripts)
	}
	var code strings.Builder
	for _, name := range scripts {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		code.Write(b)
	}
	for _, m := range regexp.MustCompile(`(?:say|label:|word=\$\{say)\(? ?'([^']+)'( \+)?`).FindAllStringSubmatch(code.String(), -1) {
		family := strings.HasSuffix(m[1], ".")
		known := english[m[1]] != nil
		for id := range english {
			known = known || family && strings.HasPrefix(id, m[1])
		}
		if !known {
			t.Errorf("the page says %q, and no language has it", m[1])
		}
	}
}
