package main

import (
	"testing"

	"doorstep/domain/slots"
)

func TestWindowsAreConfigured(t *testing.T) {
	g, err := windowFlags{Window: 60, Opens: "09:00", Closes: "24:00"}.grid()
	if err != nil || g != (slots.Grid{From: 540, To: 1440, Minutes: 60}) {
		t.Errorf("%+v %v", g, err)
	}
	for _, wrong := range []windowFlags{{Window: 60, Opens: "nine", Closes: "20:00"}, {Window: 5, Opens: "09:00", Closes: "20:00"},
		{Window: 120, Opens: "19:00", Closes: "20:00"}} {
		if _, err := wrong.grid(); err == nil {
			t.Errorf("%+v is taken", wrong)
		}
	}
}
