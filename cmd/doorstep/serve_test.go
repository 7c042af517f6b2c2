package main

import (
	"testing"

	"github.com/alecthomas/kong"

	"doorstep/cmd/doorstep/stories/harness"
)

// A board, a phone that comes back and a page are far from the limits that serve
// has unless told otherwise.
func TestLimitsAreGenerous(t *testing.T) {
	limits := serveCmd{}
	parser, err := kong.New(&limits, kong.Vars{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse([]string{"--jwt-secret", harness.JWTSecret, "--link-secret", harness.LinkSecret}); err != nil {
		t.Fatal(err)
	}
	if l := limits.Limits; l.RateUser < 1000 || l.RateAddress < 2000 || l.Connections < 200 {
		t.Errorf("%+v", l)
	}
}
