package clock

import (
	"testing"

	"doorstep/domain/casework"
	"doorstep/domain/customers"
)

// TestHooksAreSet: what follows a move is there, and each wish of a household
// has somebody who carries it out.
func TestHooksAreSet(t *testing.T) {
	if len(casework.VisitSaved) == 0 || len(casework.BackFromWay) == 0 || len(casework.VisitEnded) == 0 || casework.ArrivedAnyway == nil ||
		casework.StopReceived == nil ||
		len(customers.LinkUndone) == 0 || customers.NotifyReportHandlers == nil {
		t.Error("a hook is empty")
	}
	if len(customers.RequestHandlers) != 19 {
		t.Errorf("%d wishes", len(customers.RequestHandlers))
	}
}
