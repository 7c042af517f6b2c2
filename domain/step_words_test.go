package domain_test

import (
	"testing"

	"doorstep/domain"
)

func TestTheSameStepInOtherWords(t *testing.T) {
	for _, c := range []struct {
		category string
		same     []string
	}{
		{"", []string{"Unplugged it for ten minutes", "unplug the machine 10 min", "unplugging 5 mins", "Unplugged for half hour",
			"pulled the plug", "Switched it off and on again", "बंद करके चालू किया"}},
		{"washing_machine", []string{"Cleaned the filter", "filter cleaned", "cleaning filters", "clean the filter", "फिल्टर साफ किया"}},
		{"", []string{"Tightened the hose", "hose tightened", "tighten hoses"}},
		{"refrigerator", []string{"defrosted", "Defrosting for 6 hours", "let it thaw"}},
		{"", []string{"ran an empty cycle", "an empty cycle ran"}},
	} {
		want := domain.StepKey(c.category, c.same[0])
		for _, s := range c.same {
			if got := domain.StepKey(c.category, s); got != want {
				t.Errorf("%s: %q is %q, %q is %q", c.category, s, got, c.same[0], want)
			}
		}
	}
	for _, other := range [][2]string{{"cleaned the filter", "changed the filter"}, {"hose tightened", "hose replaced"},
		{"turned the tap on", "turned the tap off"}, {"drained it", "dried it"}, {"दवा", "दवाई"}, {"checked fuse 1", "checked fuse 2"}} {
		if a, b := domain.StepKey("", other[0]), domain.StepKey("", other[1]); a == b {
			t.Errorf("%q and %q are %q", other[0], other[1], a)
		}
	}
	for _, bare := range []string{"it", "10 min", "!"} {
		if got := domain.StepKey("", bare); got != domain.NormalizeStep(bare) {
			t.Errorf("%q is %q", bare, got)
		}
	}
}
