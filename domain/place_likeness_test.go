package domain

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestIndianAddresses: what is surely one place has one key, what may be is asked about, and other places are neither.
func TestIndianAddresses(t *testing.T) {
	const same, ask, other = "same", "ask", "other"
	const pin = "411038"
	for _, c := range []struct{ one, postal, two, postal2, is string }{
		// Surely the same.
		{"Flat 12, Shanti Niwas, Paud Road", pin, "flat no. 12, SHANTI NIWAS, Paud Rd.", "411 038", same},
		{"Flat 12, Shanti Niwas, Paud Road", pin, "फ्लॅट १२, Shanti Niwas, Paud Road", pin, same},
		{"Flat 12, Shanti Niwas, Paud Road", pin, "फ्लैट १२, Shanti Niwas, Paud रोड", pin, same},
		{"B-12, Shanti Nagar, 2nd Floor", pin, "b12 shanti ngr 2 fl", pin, same},
		{"12 M.G. Road", pin, "No. 12, MG Rd", pin, same},
		// Perhaps.
		{"Flat 12, Shanti Niwas, Paud Road", pin, "Flat 12, Shanti Niwas, Paud Road, Kothrud", pin, ask},
		{"Flat 12, Shanti Niwas, Paud Road", pin, "Flat 12, Shanti Niwas, Paud Road, Kothrud, Pune", pin, ask},
		{"Flat 12, Shanti Niwas, Paud Road", pin, "Flat 12, Shanti Niwas, Paud Road, Pune 411038", pin, ask},
		{"Flat 12, Shanti Niwas, Paud Road", pin, "Flat 12, Shanti Niwas, Paud Road, Pune 411 038", pin, ask},
		{"Flat 12, Shanti Niwas, Paud Road", pin, "Flat 12, Shanti Niwas, Paud Road, Pune 38", pin, ask},
		{"Flat 12, Shanti Niwas, Paud Road", pin, "Flat 12, Shanti Niwas, Paud Road, Pune, Maharashtra, India", pin, ask},
		{"Flat 12, Shanti Niwas, Paud Road", pin, "12 Shanti Niwas, Paud Road", pin, ask},
		{"Flat 12, Shanti Niwas, Paud Road", pin, "Flat 12, 2nd floor, Shanti Niwas, Paud Road", pin, ask},
		{"Flat 12, Shanti Niwas, Paud Road", pin, "Ground floor Flat 12, Shanti Niwas, Paud Road", pin, ask},
		{"Flat 12, Shanti Niwas, Paud Road", pin, "Flat 12, Shanti Nivas, Paud Road", pin, ask},
		{"Flat 12, Shanti Niwas, Paud Road", pin, "Flat 12, Shaanti Nivaas, Paud Rd, Pune", pin, ask},
		{"Flat 12, Shanti Niwas, Paud Road", pin, "Flat 12, Shanti Niwas", pin, ask},
		{"Flat 12, Shanti Niwas, Paud Road", pin, "Flat 12, Shanti Niwas, Kothrud", pin, ask},
		{"Flat 12, Shanti Niwas, Paud Road", pin, "Shop 12, Shanti Niwas, Paud Road, near Vanaz", pin, ask},
		{"Flat 12, Shanti Niwas, Paud Road", pin, "B-12 Shanti Niwas, Paud Road, Kothrud", pin, ask},
		{"Flat 12, Shanti Niwas, Paud Road", pin, "फ्लॅट १२, शांती निवास, Paud Road", pin, ask},
		{"Flat 12, Shanti Niwas, Paud Road", pin, "Flat 12, Shanti Niwas, Paud Road, Kothrud", "", ask},
		{"Flat 12, Shanti Niwas, Paud Road", pin, "Flat 12, Shanti Niwas, S.No. 45/2, Paud Road", pin, ask},
		{"12 Shanti2 Niwas", pin, "Flat 12, Shanti2 Niwas, Paud Road", pin, ask},
		{"12 Hill Road", pin, "Flat 5, 12 Hill Road", pin, ask},
		{"12 Hill Road", pin, "12 Hill Road, Kothrud, Pune", pin, ask},
		{"12 Hill Road", pin, "Ground floor 12 Hill Road", pin, ask},
		{"Room 4, Sai Chawl, Karve Road", pin, "Room no 4 Sai Chawl", pin, ask},
		{"A-4, Ganesh CHS, Karve Road", pin, "Flat A/4, Ganesh Society, Karve Rd, Erandwane", pin, ask},
		{"Flat 7, Ganga Heights, Karve Road", pin, "C/o Shinde, Flat 7, Ganga Heights, Karve Road, Kothrud, Pune", pin, ask},
		{"Bungalow 3, Sheetal Baug, Bhusari Colony", pin, "3 Shital Baug, Bhusari Colony, Kothrud", pin, ask},
		// Others.
		{"Flat 12, Shanti Niwas, Paud Road", pin, "Flat 13, Shanti Niwas, Paud Road, Kothrud", pin, other},
		{"Flat 12, Shanti Niwas, Paud Road", pin, "Flat 12, Shanti Niwas, Paud Road, Mumbai", "400050", other},
		{"Flat 12, Shanti Niwas, Paud Road", pin, "Flat 12, Sai Niwas, Paud Road", pin, other},
		{"Flat 12, Shanti Niwas, Paud Road", pin, "Flat 12, Ganga Heights, Karve Road, Kothrud", pin, other},
		{"Flat 12, Shanti Niwas, Paud Road", pin, "Flat 12, Shanti Niwas, Karve Road", pin, other},
		{"Flat 12, Shanti Niwas, Paud Road", pin, "Shanti Niwas, Paud Road", pin, other},
		{"12 Hill Road", pin, "12 Mill Road", pin, other},
		{"12 Hill Road", pin, "12 Mill Road, Kothrud, Pune", pin, other},
		{"12 Hill Road, Kothrud", pin, "12 Hill Lane, Kothrud", pin, other},
		{"12 Hill Road", pin, "13 Hill Road, Kothrud", pin, other},
		{"13 Shanti2 Niwas", pin, "Flat 12, Shanti2 Niwas, Paud Road", pin, other},
		{"5 Hill Road", pin, "Flat 5, 12 Hill Road", pin, other},
		{"Flat 5, 12 Hill Road", pin, "Flat 6, 12 Hill Road, Kothrud", pin, other},
		{"Flat 5, 12 Hill Road", pin, "Flat 5, 13 Hill Road, Kothrud", pin, other},
		{"Flat 5A, 12 Hill Road", pin, "Flat 5B, 12 Hill Road, Kothrud", pin, other},
		{"A-4, Ganesh Society", pin, "B-4, Ganesh Society, Kothrud", pin, other},
		{"Ground floor, 12 Hill Road", pin, "1st floor, 12 Hill Road", pin, other},
		{"Hill Road", pin, "12 Hill Road", pin, other},
		{"12, Pune", pin, "12, Kothrud, Pune", pin, other},
		{"near 12 Hill Road", pin, "12 Hill Road", pin, other},
	} {
		one, two := at(c.one, c.postal), at(c.two, c.postal2)
		got := other
		switch {
		case PlaceKey(c.one, c.postal) == PlaceKey(c.two, c.postal2):
			got = same
		case one.PerhapsSame(two):
			got = ask
		}
		if got != c.is {
			t.Errorf("%q (%s) and %q (%s): %s, want %s; %+v %+v", c.one, c.postal, c.two, c.postal2, got, c.is, one.Sites[0].placeFacts(),
				two.Sites[0].placeFacts())
		}
	}
}

func at(address, postal string) *Customer {
	return &Customer{Sites: []Site{{Address: address, PostalCode: postal}}}
}

// TestMayBeAt: neither order nor spelling of a question matters, it is found by the marks, other codes are never asked about, and
// what is added behind an address never takes it out of the question.
func TestMayBeAt(t *testing.T) {
	site := rapid.Custom(func(t *rapid.T) Site {
		words := rapid.SampledFrom([]string{"Flat", "12", "5A", "B", "Shanti", "Niwas", "Nivas", "Paud", "Road", "Hill", "Lane", "2nd floor", ",",
			"Kothrud", "Pune", "near temple", "#3", "फ्लॅट", "१२", "निवास", "411038", "Ground", "floor", "No.", "c/o Ram", "/", "-", "ß"})
		return Site{Address: strings.Join(rapid.SliceOfN(words, 0, 9).Draw(t, "address"), " "),
			PostalCode: rapid.SampledFrom([]string{"", "411038", "411004", "400050", "४११०३८"}).Draw(t, "postal")}
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := site.Draw(t, "a"), site.Draw(t, "b")
		if rapid.Bool().Draw(t, "alike") {
			b = a
			b.Address += rapid.SampledFrom([]string{", Kothrud", ", Pune", ", near school", ", Maharashtra, India"}).Draw(t, "tail")
			if a.MayBeAt(&a) && !a.MayBeAt(&b) {
				t.Fatalf("%q is out of the question as %q", a.Address, b.Address)
			}
		}
		may := a.MayBeAt(&b)
		if may != b.MayBeAt(&a) {
			t.Fatalf("%q and %q: %v one way alone", a.Address, b.Address, may)
		}
		if !may {
			return
		}
		if !sameDistrict(a.placeFacts().postal, b.placeFacts().postal) {
			t.Fatalf("%q of %s and %q of %s are asked about", a.Address, a.PostalCode, b.Address, b.PostalCode)
		}
		one, _ := a.PlaceMarks()
		two, _ := b.PlaceMarks()
		if !slices.ContainsFunc(one, func(m string) bool { return Has(two, m) }) {
			t.Fatalf("%q is not found by %q", a.Address, b.Address)
		}
	})
}

// A name that stands twice in an address is one that both have, whichever is asked.
func TestANameThatStandsTwiceCountsOnce(t *testing.T) {
	a := &Site{Address: "ground 12 Road Flat 1 411 c/o 411", PostalCode: "411038"}
	b := &Site{Address: "f . ground ground 1", PostalCode: "411038"}
	if x, y := a.MayBeAt(b), b.MayBeAt(a); x != y {
		t.Errorf("one way %t, the other %t", x, y)
	}
}
