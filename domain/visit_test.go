package domain

import "testing"

// Only what the household is known to have said is its agreement.
func TestConfirmedByAReadLinkIsNotAgreed(t *testing.T) {
	for how, want := range map[string]bool{"link": true, "call": true, "message": true, ReadLink: false} {
		v := Visit{Confirmation: ConfirmConfirmed, ConfirmedHow: how}
		if v.Agreed() != want {
			t.Errorf("confirmed by %s it is agreed: %v", how, v.Agreed())
		}
		if v.Confirmation = ConfirmDeclined; v.Agreed() {
			t.Errorf("declined by %s it is agreed", how)
		}
	}
}
