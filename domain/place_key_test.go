package domain

import "testing"

// TestPlaceKey: the same place in other words has the same key, another one and another
// unit another key.
func TestPlaceKey(t *testing.T) {
	for _, same := range [][][2]string{
		{{"12 Hill Road", "400050"}, {"12, HILL RD.", "400 050"}, {"12 hill road", "४०००५०"}, {"No. 12, Hill Rd", "400-050"},
			{"House No 012 Hill Road", "400050"}, {"१२ Hill Road", "400050"}, {"１２ Hill Road", "400050"}},
		{{"Flat 5A, 12 Hill Road", "400050"}, {"12 Hill Rd., Apt. 5-A", "400050"}, {"#5a 12 hill road", "400050"},
			{"flat no. 5 A, 12 Hill road", "400050"}, {"Apartment 5/A, 12 Hill Road", "400050"}},
		{{"B-12 Shanti Nagar, 1st Floor", "110001"}, {"b12 shanti ngr 1 fl", "110001"}, {"B 12, Shanti nagar, 1 Floor", "110001"}},
		{{"12 M.G. Road", "411001"}, {"12 MG Road", "411001"}},
		{{"फ्लैट ५, १२ गांधी रोड", "411001"}, {"12 गांधी रोड, फ़्लैट नं. 5", "411001"}, {"Flat 5, 12 गांधी Road", "411001"}},
		{{"4 Rue de l’Étoile", "SE1 8LF"}, {"4 rue de l'etoile", "se18lf"}},
		{{"Flat A, 16 Hill Road", "400050"}, {"١٦ hill road, flat a", "400050"}, {"16 Hill Rd; Apartment A", "400050"}},
	} {
		want := PlaceKey(same[0][0], same[0][1])
		if want[:1] == vague {
			t.Errorf("%v alone says nothing", same[0])
		}
		for _, other := range same[1:] {
			if got := PlaceKey(other[0], other[1]); got != want {
				t.Errorf("%v is %q, and %v %q", same[0], want, other, got)
			}
		}
	}
	one := PlaceKey("Flat 5, 12 Hill Road", "400050")
	for _, other := range [][2]string{{"Flat 6, 12 Hill Road", "400050"}, {"Flat 12, 5 Hill Road", "400050"}, {"12 Hill Road", "400050"},
		{"Flat 5A, 12 Hill Road", "400050"}, {"Flat 5, 12 Hill Road", "400051"}, {"Flat 5, 12 Mill Road", "400050"},
		{"Flat 5, 13 Hill Road", "400050"}} {
		if got := PlaceKey(other[0], other[1]); got == one {
			t.Errorf("%v is taken for another place: %q", other, got)
		}
	}
	for _, says := range [][2]string{{"Hill Road", "400050"}, {"", "400050"}, {"12 Hill Road", ""}, {"", ""}} {
		if got := PlaceKey(says[0], says[1]); got == "" || got[:1] != vague {
			t.Errorf("%v is a place: %q", says, got)
		}
	}
}

// TestPlaceLike: the same place in other spellings is at least asked about; another unit, number or street is not.
func TestPlaceLike(t *testing.T) {
	home := at("1, Tek Lane", "411001")
	for _, same := range [][2]string{{"Tek Lane 1", "411001"}, {"1 Tek Lane", "411002"}, {"C/o Sharma, 1 Tek Lane, near temple", "411001"},
		{"1 Tek Ln. opp. the bank", "411001"}, {"Lane Tek, No. 1", "411001"}, {"tek lane, 1, behind market", ""},
		{"S/O Ram, Tek Lane 01", "४११००१"}, {"Flat 3, 1 Tek Lane", "411001"}} { // a unit that one leaves out is not another
		if !home.PerhapsSame(at(same[0], same[1])) {
			t.Errorf("%v is not asked about: %q", same, PlaceLike(same[0]))
		}
	}
	for _, other := range [][2]string{{"2 Tek Lane", "411001"}, {"Flat 3, 2 Tek Lane", "411001"}, {"1 Mek Lane", "411001"},
		{"1 Tek Lane", "560001"},
		{"Tek Lane", "411001"}, {"near 1 Tek Lane", "411001"}} {
		if home.PerhapsSame(at(other[0], other[1])) {
			t.Errorf("%v is asked about", other)
		}
	}
}
