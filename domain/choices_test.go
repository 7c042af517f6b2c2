package domain

import (
	"slices"
	"testing"
)

// TestChoices: each list says each of its codes in every language, and the codes are those of the rules.
func TestChoices(t *testing.T) {
	all := slices.Concat(channelWords, outcomeWords, flagKindWords, declineWords, leaveWords, stepWords, watchedWords)
	for _, c := range all {
		if c[0] == "" || c[1] == "" || c[2] == "" || c[1] == c[2] {
			t.Errorf("%q", c)
		}
	}
	en, hi := ChoicesIn("en-IN", nil), ChoicesIn("hi", nil)
	if ChoicesIn("fr", nil).Language != "en" || hi.Language != "hi" || en.Channels[0].Words == hi.Channels[0].Words {
		t.Error("languages are not told apart")
	}
	var whys, kinds []string
	for i := range WhysNot {
		whys = append(whys, WhysNot[i].Code)
		if en.WhyNot[i].Words != WhysNot[i].Words || hi.WhyNot[i].Words == "" {
			t.Errorf("%s is said as %q and %q", WhysNot[i].Code, en.WhyNot[i].Words, hi.WhyNot[i].Words)
		}
	}
	codes := func(list []Choice) (out []string) {
		for _, c := range list {
			out = append(out, c.Code)
		}
		return out
	}
	if !slices.Equal(codes(hi.WhyNot), whys) {
		t.Errorf("reasons %v, want %v", codes(hi.WhyNot), whys)
	}
	kinds = append(slices.Concat(PersonFlagKinds, FixableFlagKinds), "other")
	if !slices.Equal(codes(hi.FlagKinds), kinds) {
		t.Errorf("kinds %v, want %v", codes(hi.FlagKinds), kinds)
	}
}
