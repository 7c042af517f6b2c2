package main

import (
	"strings"
	"testing"
)

// TestHeadsNeedNoTokenSecret: what signs access tokens is not asked for.
func TestHeadsNeedNoTokenSecret(t *testing.T) {
	code, _, errs := command("heads", "--data", t.TempDir())
	if code == 0 || strings.Contains(errs, "JWT") || !strings.Contains(errs, "DOORSTEP_LINK_SECRET") {
		t.Errorf("%d %s", code, errs)
	}
}
