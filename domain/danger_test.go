package domain

import "testing"

func TestNewDanger(t *testing.T) {
	for _, c := range []struct {
		now    string
		before []string
		want   bool
	}{
		{"please call me", nil, false},
		{"It smells of GAS!", nil, true},
		{"gas, again", []string{"there is a smell of gas"}, false},
		{"and now smoke", []string{"there is a smell of gas"}, true},
		{"the firewall blocks your page", nil, true}, // a beginning of a word: rather one ring too many
		{"a campfire song", nil, false},
		{"the machine sparks", []string{"", "it does not spin"}, true},
		{"मशीन से धुआँ आ रहा है", nil, true},
		{"जल्दी कीजिए", nil, false},
		{"sab jagah dhuan hai", nil, true},
		{"", []string{"fire"}, false},
	} {
		if got := NewDanger(c.now, c.before...); got != c.want {
			t.Errorf("%q after %q: %v", c.now, c.before, got)
		}
	}
}
