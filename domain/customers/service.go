package customers

import "doorstep/domain/casework"

// Service holds the use cases of households.
type Service struct{ *casework.Service }

// New is the room over the case's use cases.
func New(s *casework.Service) *Service { return &Service{s} }
