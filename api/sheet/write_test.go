package sheet

import "testing"

// TestCSVHoldsNoFormulas: what a spreadsheet would run is text; numbers stay
// numbers.
func TestCSVHoldsNoFormulas(t *testing.T) {
	got, err := CSV([][]string{{"=1+1", "+1", "-2.5", "@x", "plain, with comma", ""}, {"-cmd|' /C calc'!A0", "\tx"}})
	want := "'=1+1,+1,-2.5,'@x,\"plain, with comma\",\n'-cmd|' /C calc'!A0,'\tx\n"
	if err != nil || string(got) != want {
		t.Errorf("%q %v", got, err)
	}
}
