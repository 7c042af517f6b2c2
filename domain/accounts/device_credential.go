package accounts

import (
	"context"
	"crypto/rand"

	"doorstep/domain"
	"doorstep/domain/casework"
)

// MakeCredential gives an installation of the caller what it calls for help with after
// its session has ended (docs/product.md section 10, "Sessions"). Only its hash is kept. The
// one before stays good, since an answer may be lost; the one before that ends. Everyone
// for their own. Errors: CodeNotFound.
func MakeCredential(ctx context.Context, s *Service, a domain.Actor, installation domain.ID) (string, error) {
	secret := rand.Text()
	err := s.InWork(ctx, nil, func(tx *casework.Work) error {
		if _, err := tx.LockUser(a.UserID); err != nil {
			return err
		}
		d, err := tx.Device(installation)
		if err != nil {
			return casework.MeaningOf(err, "device")
		}
		if d.UserID == nil || *d.UserID != a.UserID || d.DroppedAt != nil {
			return domain.NotFound("device")
		}
		d.CredentialHash, d.CredentialBefore = domain.HashToken(secret), d.CredentialHash
		if err := tx.SaveDeviceCredential(d); err != nil {
			return err
		}
		return casework.LogSecurity(tx, domain.SecurityEvent{Kind: domain.SecurityCredential, ActorID: &a.UserID, UserID: &a.UserID,
			Detail: installation.String()})
	})
	return installation.String() + "." + secret, err
}
