package casework

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"doorstep/domain"
)

func TestStepMarkByExample(t *testing.T) {
	for _, same := range [][]string{
		{"Switched off and on", "  switched OFF, and on!! ", "switched\toff\n— and on", "Switched-off and on."},
		{"Didn't cool", "didnt cool", "DIDN’T COOL"},
		{"Café filter", "Cafe\u0301 filter", "cafe filter"},
		{"Größe geprüft", "GRÖSSE GEPRÜFT", "grosse gepruft"},
		{"फ्रिज को बंद करके चालू किया", " फ्रिज को बंद करके, चालू किया। ", "फ्रिज को  बंद करके चालू किया"},
		{"ख़राब फ़्यूज़ बदला", "खराब फ्यूज बदला", "ख\u093Cराब फ\u093C\u094Dयू\u200Cज बदला", "\u0959राब \u095E\u094Dयू\u095B बदला"},
		{"10 मिनट रुके", "१० मिनट रुके"},
	} {
		for _, s := range same {
			want := domain.NormalizeStep(same[0])
			if want == "" {
				t.Fatalf("%q has no mark", same[0])
			}
			if got := domain.NormalizeStep(s); got != want {
				t.Errorf("%q has the mark %q, %q has %q", s, got, same[0], want)
			}
		}
	}
	for _, other := range [][2]string{{"reset", "resets"}, {"waited 10 min", "waited 100 min"}, {"दवा", "दवाई"}, {"बंद किया", "बंद की"},
		{"काला तार", "कला तार"}, {"valve A", "valve B"}, {"on off", "onoff"}} {
		if domain.NormalizeStep(other[0]) == domain.NormalizeStep(other[1]) {
			t.Errorf("%q and %q are one step", other[0], other[1])
		}
	}
	for _, none := range []string{"", "  ", "?!…", "—", "😀", "\u0301\u093C\u200D"} {
		if got := domain.NormalizeStep(none); got != "" {
			t.Errorf("%q has the mark %q", none, got)
		}
	}
}

// Whatever of case, form, punctuation and spaces a writer chooses, the step
// is the same; another letter is another step.
func TestStepMarkProperties(t *testing.T) {
	letters := []rune("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789àéîõüçñšžÅÉÑकखगघचजटडतदनपबमरलवशसहअआइईउऊएओािीुूेैोौंः्क़ख़ज़ड़ढ़फ़")
	gaps := []string{" ", "  ", ", ", " - ", "/", "…", "\t", "। ", "\r\n"}
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.StringOfN(rapid.SampledFrom(letters), 1, 12, -1), 1, 6).Draw(t, "words")
		plain := strings.Join(words, " ")
		mark := domain.NormalizeStep(plain)
		var b strings.Builder
		b.WriteString(rapid.SampledFrom(append(gaps, "")).Draw(t, "before"))
		for i, w := range words {
			if i > 0 {
				b.WriteString(rapid.SampledFrom(gaps).Draw(t, "gap"))
			}
			switch rapid.IntRange(0, 2).Draw(t, "case") {
			case 0:
				w = strings.ToUpper(w)
			case 1:
				w = strings.ToLower(w)
			}
			switch rapid.IntRange(0, 3).Draw(t, "form") {
			case 0:
				w = norm.NFC.String(w)
			case 1:
				w = norm.NFD.String(w)
			case 2:
				w = norm.NFKD.String(w)
			}
			b.WriteString(w)
		}
		b.WriteString(rapid.SampledFrom(append(gaps, "", "!")).Draw(t, "after"))
		if got := domain.NormalizeStep(b.String()); got != mark {
			t.Fatalf("%q has the mark %q, %q has %q", b.String(), got, plain, mark)
		}
		if again := domain.NormalizeStep(mark); again != mark {
			t.Fatalf("the mark of %q is %q", mark, again)
		}
		if longer := domain.NormalizeStep(plain + " x7"); longer == mark {
			t.Fatalf("a longer step has the mark %q, too", mark)
		}
	})
}

// Three failed tries, one of them watched by a professional (docs/product.md
// section 4): no more and no less.
func TestReplacementDue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		steps := make([]domain.StepRecord, rapid.IntRange(0, 6).Draw(t, "n"))
		failed, watched := 0, false
		for i := range steps {
			steps[i] = domain.StepRecord{Meta: domain.Meta{ID: uuid.New()}, Result: rapid.SampledFrom(domain.StepResults).Draw(t, "result"),
				WatchedBy: rapid.SampledFrom(domain.StepWatch).Draw(t, "watched")}
			if steps[i].Result == "failed" {
				failed++
				watched = watched || steps[i].WatchedBy == "professional" || steps[i].WatchedBy == domain.WatchOwn
			}
		}
		list, due := ReplacementDue(steps)
		if due != (failed >= 3 && watched) || len(list) != failed {
			t.Fatalf("%d failed, watched %v: due %v with %d tries", failed, watched, due, len(list))
		}
	})
}
