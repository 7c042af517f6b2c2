package accounts

import (
	"context"
	"slices"
	"time"

	"doorstep/domain"
	"doorstep/domain/casework"
)

// DeviceInput registers an installation for pushes.
type DeviceInput struct {
	Token    string `json:"token"`
	Platform string `json:"platform"`
	Language string `json:"language"`
}

// PutDevice registers or refreshes an installation of the signed-in user, or
// of a household through its link. An installation, and a push token, belong to
// whoever registered them last. A user's longest unused device gives way to a
// new one; a link takes no more than its number, so that a stranger who has it
// cannot push the household's own phone out. Errors: CodeTooMany,
// CodeUnauthenticated for a session that was ended, CodeDeviceLost.
func (s *Service) PutDevice(ctx context.Context, call *casework.Call, installation domain.ID, in DeviceInput) (domain.Device, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (domain.Device, error) {
		d := domain.Device{InstallationID: installation, Token: in.Token, Platform: in.Platform, Language: in.Language, CreatedAt: tx.Now,
			UpdatedAt: tx.Now}
		verified := false // by a code that went to the household's phone, since it came by this link
		old, err := tx.Device(installation)
		if err == nil {
			d.CreatedAt = old.CreatedAt
			if old.LostAt != nil {
				return domain.Device{}, domain.Lost()
			}
			if old.UserID != nil && *old.UserID == call.Actor.UserID {
				d.CredentialHash, d.CredentialBefore, d.SyncedAt = old.CredentialHash, old.CredentialBefore, old.SyncedAt
				d.Health, d.HealthAt = old.Health, old.HealthAt
				if d.SyncedAt != nil && (old.SessionID == nil || *old.SessionID != call.Actor.Session) { // somebody has signed in again
					d.SyncedAt = domain.Ptr(s.Wall().UTC().Truncate(time.Microsecond))
				}
			}
			verified = old.DroppedAt == nil && !old.Unproven && old.LinkID != nil && *old.LinkID == call.Actor.LinkID
		} else if !casework.NotFound(err) {
			return domain.Device{}, err
		}
		if call.Actor.Role == domain.RoleCustomer {
			err = deviceOfLink(tx, call.Actor, &d)
			d.Unproven = d.Unproven && !verified
		} else {
			err = deviceOfUser(tx, call.Actor, &d)
		}
		if err != nil {
			return domain.Device{}, err
		}
		if err := tx.DropToken(d.Token, d.InstallationID, "another owner", tx.Now); err != nil {
			return domain.Device{}, err
		}
		return d, tx.PutDevice(&d)
	})
}

func deviceOfLink(tx domain.Tx, a domain.Actor, d *domain.Device) error {
	j, err := tx.Job(a.JobID)
	if err != nil {
		return err
	}
	taken, err := tx.HeldByUser(d.InstallationID, d.Token)
	if err == nil && taken { // a link is read by many; what a member of staff is rung on is theirs
		err = domain.Fail(domain.CodeDuplicate, "This device is registered elsewhere.")
	}
	if err != nil {
		return err
	}
	live, ever, err := tx.DevicesOfLink(a.LinkID)
	if err == nil && !domain.Has(live, d.InstallationID) && (len(live) >= domain.DevicesOfLink || ever >= domain.DevicesOfLinkEver) {
		err = domain.Fail(domain.CodeTooMany, "%d devices are registered with this link already.", len(live))
	}
	d.CustomerID, d.LinkID, d.JobID, d.Unproven = &j.CustomerID, &a.LinkID, &j.ID, a.Unproven
	return err
}

func deviceOfUser(tx *casework.Work, a domain.Actor, d *domain.Device) error {
	// One row orders all devices of a user, and the end of their sessions.
	if _, err := tx.LockUser(a.UserID); err != nil {
		return err
	}
	d.UserID = &a.UserID
	if a.Session != (domain.ID{}) {
		d.SessionID = &a.Session
		revoked, err := tx.SessionRevoked(a.Session)
		if err != nil {
			return err
		}
		if revoked {
			return domain.Fail(domain.CodeUnauthenticated, "You have signed out; sign in again.")
		}
	}
	devices, err := tx.DevicesOf(a.UserID)
	if err != nil {
		return err
	}
	devices = slices.DeleteFunc(devices, func(o domain.Device) bool { return o.InstallationID == d.InstallationID })
	for i := 0; i <= len(devices)-domain.DevicesOfUser; i++ {
		if err := tx.DropDevice(devices[i].InstallationID, "too many", tx.Now); err != nil {
			return err
		}
	}
	return nil
}

// DeleteDevice ends pushes to an installation of the caller; an unknown one
// is no error.
func (s *Service) DeleteDevice(ctx context.Context, call *casework.Call, installation domain.ID) error {
	return s.InWork(ctx, nil, func(tx *casework.Work) error {
		d, err := tx.Device(installation)
		if casework.NotFound(err) {
			return nil
		} else if err != nil {
			return err
		}
		if d.UserID == nil || *d.UserID != call.Actor.UserID {
			return nil
		}
		return tx.DropDevice(installation, "signed out", s.Instant())
	})
}
