// Package usecases is the whole product as its doors see it: every room over one
// casework.Service. Nothing in domain imports it.
package usecases

import (
	"doorstep/domain/accounts"
	"doorstep/domain/alarm"
	"doorstep/domain/casework"
	"doorstep/domain/clock"
	"doorstep/domain/customers"
	"doorstep/domain/decisions"
	"doorstep/domain/intake"
	"doorstep/domain/planning"
	"doorstep/domain/proof"
	"doorstep/domain/reporting"
	"doorstep/domain/safety"
)

// All are the rooms. What moves a case is embedded.
type All struct {
	*casework.Service
	Accounts  *accounts.Service
	Alarm     *alarm.Service
	Clock     *clock.Service
	Customers *customers.Service
	Decisions *decisions.Service
	Intake    *intake.Service
	Planning  *planning.Service
	Proof     *proof.Service
	Reporting *reporting.Service
	Safety    *safety.Service
}

// New opens all rooms over a service whose fields are set.
func New(s *casework.Service) *All {
	return &All{Service: s, Accounts: accounts.New(s), Alarm: alarm.New(s), Clock: clock.New(s), Customers: customers.New(s),
		Decisions: decisions.New(s), Intake: intake.New(s), Planning: planning.New(s), Proof: proof.New(s), Reporting: reporting.New(s),
		Safety: safety.New(s)}
}
