package planning

import (
	"sync"

	"doorstep/domain/casework"
)

// Service holds the use cases of a day's plan.
type Service struct {
	*casework.Service
	searching sync.Mutex // one search for a day's plan at a time: it takes a whole processor
}

// New is the room over the case's use cases.
func New(s *casework.Service) *Service { return &Service{Service: s} }
