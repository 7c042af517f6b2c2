package safety

import (
	"time"

	"doorstep/domain"
	"doorstep/domain/casework"
)

// Service holds the use cases of reports of danger.
type Service struct {
	*casework.Service
	StopWait time.Duration // for a job that somebody holds
}

// New is the room over the case's use cases.
func New(s *casework.Service) *Service { return &Service{Service: s, StopWait: domain.StopWait} }
