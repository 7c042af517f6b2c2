package domain

import "testing"

// TestHooksAreSet: what follows a move is there, and each wish of a household
// has somebody who carries it out.
func TestHooksAreSet(t *testing.T) {
	if len(visitSaved) == 0 || len(crewLeft) == 0 || len(visitEnded) == 0 || arrivedAnyway == nil || len(linkUndone) == 0 {
		t.Error("a hook is empty")
	}
	if len(asks) != 15 {
		t.Errorf("%d wishes", len(asks))
	}
}
