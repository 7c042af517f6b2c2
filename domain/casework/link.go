package casework

import (
	"crypto/rand"

	"doorstep/domain"
)

// NewLink makes the customer's way in; the caller gives id and job.
func NewLink(s *Service, tx domain.LinkTx, l *domain.Link) error {
	// The id alone must not be guessable: 128 random bits, not a time-ordered
	// identifier (OWASP ASVS 11.5.1).
	if _, err := rand.Read(l.ID[:]); err != nil {
		return err
	}
	l.KeyID = s.Keys.Current()
	token, _ := s.Keys.Token(l.KeyID, "link", l.ID)
	l.TokenHash = domain.HashToken(token)
	return tx.InsertLink(l)
}
