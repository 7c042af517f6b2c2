package accounts

import "doorstep/domain/casework"

// Service holds the use cases of people, their sign-in, hours, leave and devices.
type Service struct {
	*casework.Service
	Tries *Tries // failed ones, as far as this replica knows
}

// New is the room over the case's use cases.
func New(s *casework.Service) *Service { return &Service{Service: s, Tries: NewTries()} }
