package safety

import (
	"doorstep/domain/casework"
	"doorstep/domain/customers"
)

// What this room does of the wishes of households and after the moves of others
// (domain/casework/hooks.go, RequestHandlers in domain/customers).
func init() {
	customers.RequestHandlers["report"] = handleReport
	customers.RequestHandlers["withdraw-report"] = handleWithdrawReport
	customers.RequestHandlers["appeal"] = handleAppeal
	customers.RequestHandlers["not-us"] = handleNotUs
	customers.LinkUndone = append(customers.LinkUndone, undoTakenBack)
	customers.NotifyReportHandlers = notifyHandlers
	casework.ArrivedAnyway = cameAnyway
	casework.StopReceived = stopReceived
	casework.HouseholdKept = householdKept
	casework.JobRegistered = jobRegistered
}
