package alarm

import "doorstep/domain/casework"

// What this room does after the moves of others (domain/casework/hooks.go).
func init() {
	casework.VisitSaved = append(casework.VisitSaved, timersFollow)
	casework.BackFromWay = append(casework.BackFromWay, timersEnd)
}
