package casework

import (
	"crypto/rand"
	"slices"

	"doorstep/domain"
)

// ProvenDevices are those of a household that it registered by a link which only
// the system delivered: a notice to them is a notice to the household.
func ProvenDevices(tx domain.DeviceTx, customer domain.ID) ([]domain.Device, error) {
	devices, err := tx.CustomerDevices(customer)
	return slices.DeleteFunc(devices, func(d domain.Device) bool { return d.Unproven }), err
}

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
