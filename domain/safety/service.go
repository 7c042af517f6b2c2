package safety

import "doorstep/domain/casework"

// Service holds the use cases of reports of danger.
type Service struct{ *casework.Service }

// New is the room over the case's use cases.
func New(s *casework.Service) *Service { return &Service{s} }
