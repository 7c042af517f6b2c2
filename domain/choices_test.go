package domain

import (
	"slices"
	"testing"
)

// TestChoices: the codes of each list are those of the rules, in every language.
func TestChoices(t *testing.T) {
	codes := func(list []Choice) (out []string) {
		for _, c := range list {
			if c.Words == "" {
				t.Errorf("%s has no words", c.Code)
			}
			out = append(out, c.Code)
		}
		return out
	}
	var whys []string
	for i := range WhysNot {
		whys = append(whys, WhysNot[i].Code)
		if said := spoken["en"].Choices["why_not"][WhysNot[i].Code]; said != WhysNot[i].Words {
			t.Errorf("%s is said as %q and %q", WhysNot[i].Code, WhysNot[i].Words, said)
		}
	}
	kinds := append(slices.Concat(PersonFlagKinds, FixableFlagKinds), "other")
	for _, language := range Languages {
		c := ChoicesIn(language+"-IN", nil)
		if c.Language != language {
			t.Errorf("%s is spoken as %s", language, c.Language)
		}
		for _, list := range [][]Choice{c.Channels, c.Outcomes, c.DeclineReasons, c.LeaveKinds, c.StepResults, c.WatchedBy} {
			codes(list)
		}
		if !slices.Equal(codes(c.WhyNot), whys) {
			t.Errorf("reasons %v, want %v", codes(c.WhyNot), whys)
		}
		if !slices.Equal(codes(c.FlagKinds), kinds) {
			t.Errorf("kinds %v, want %v", codes(c.FlagKinds), kinds)
		}
		for list, said := range spoken[language].Choices {
			if len(said) != len(choiceCodes[list]) {
				t.Errorf("%s: %d words for the %d codes of %s", language, len(said), len(choiceCodes[list]), list)
			}
		}
	}
	if ChoicesIn("fr", nil).Language != "en" {
		t.Error("French is spoken")
	}
}
