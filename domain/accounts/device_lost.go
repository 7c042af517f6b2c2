package accounts

import (
	"context"
	"slices"

	"doorstep/domain"
	"doorstep/domain/casework"
)

// LostDevice is the answer to reporting a device lost.
type LostDevice struct {
	InstallationID domain.ID `json:"installation_id"`
	Sealed         bool      `json:"sealed"` // its queue may still come; then it wipes
}

// LoseDevice ends a device that is lost in one tap: its sessions, its credential and
// pushes to it. It may upload its queue once more and is told to wipe (docs/product.md
// section 10, "Sessions"). Everyone for their own; proprietor, area manager, admin for
// their people's, never while they are party to an open report, with the refusal of whoever
// may not. Errors: CodeNotFound, CodeForbidden.
func LoseDevice(ctx context.Context, s *Service, call *casework.Call, user, installation domain.ID) (LostDevice, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (LostDevice, error) {
		u, err := casework.AuthorizeUser(tx, call.Actor, user)
		if err != nil {
			return LostDevice{}, err
		}
		if err := mayEndDevices(tx, call.Actor, u); err != nil { // before anything is said of the device
			return LostDevice{}, err
		}
		d, err := tx.Device(installation)
		if err != nil {
			return LostDevice{}, casework.MeaningOf(err, "device")
		}
		if d.UserID == nil || *d.UserID != u.ID {
			return LostDevice{}, domain.NotFound("device")
		}
		if d.LostAt == nil {
			if err := endDevice(tx, call.Actor, u, d); err != nil {
				return LostDevice{}, err
			}
		}
		return LostDevice{d.InstallationID, d.WipedAt == nil && d.CredentialHash != ""}, nil
	})
}

// mayEndDevices reports who ends somebody's devices. A party to an open report gets the
// very answer of whoever never may: it tells neither that there is a report nor whom it names.
func mayEndDevices(tx domain.SafetyTx, a domain.Actor, u *domain.User) error {
	if a.UserID == u.ID {
		return nil
	}
	may := a.Is(domain.RoleAreaManager, domain.RoleAdmin) || a.Role == domain.RoleProprietor && u.Role != domain.RoleProprietor
	party, err := tx.PartyToReport(a.UserID)
	if err != nil {
		return err
	}
	if !may || party {
		return domain.Fail(domain.CodeForbidden, "This device is not yours to end. Its owner ends it, or an area manager or an admin.")
	}
	return nil
}

func endDevice(tx *casework.Work, a domain.Actor, u *domain.User, d *domain.Device) error {
	d.LostAt = &tx.Now
	if err := tx.SaveDeviceLoss(d); err != nil {
		return err
	}
	if err := tx.DropDevice(d.InstallationID, "lost", tx.Now); err != nil {
		return err
	}
	wall := tx.Svc.Wall().UTC()
	if d.SessionID != nil {
		if err := tx.RevokeFamily(*d.SessionID, wall); err != nil {
			return err
		}
	} else { // which of their sessions it is, is not known
		u.Epoch++
		u.ChangedAt(tx.Now)
		if err := tx.SaveUser(u); err != nil {
			return err
		}
		if err := tx.RevokeSessionsOf(u.ID, wall); err != nil {
			return err
		}
	}
	return casework.LogSecurity(tx, domain.SecurityEvent{Kind: domain.SecurityDeviceLost, ActorID: &a.UserID, UserID: &u.ID,
		Detail: d.InstallationID.String()})
}

// Wiped notes that the queue of a sealed device has come: it asks nothing more.
func Wiped(ctx context.Context, s *Service, installation domain.ID) error {
	return s.InWork(ctx, nil, func(tx *casework.Work) error {
		d, err := tx.Device(installation)
		if err != nil || d.LostAt == nil {
			return err
		}
		d.WipedAt = &tx.Now
		return tx.SaveDeviceLoss(d)
	})
}

// Synced notes that the device of a session asked for or sent what changed.
func Synced(ctx context.Context, s *Service, session domain.ID) error {
	return s.InWork(ctx, nil, func(tx *casework.Work) error { return tx.DeviceSynced(session, s.tryTime()) })
}

// MyDevices lists the devices of somebody for themselves, with the sessions on them.
func MyDevices(ctx context.Context, s *Service, a domain.Actor) ([]domain.MyDevice, error) {
	u, err := s.Read.Principal(ctx, a.UserID)
	if err != nil {
		return nil, err
	}
	devices, err := s.Read.Devices(ctx, u.ID)
	if err != nil {
		return nil, err
	}
	sessions, err := s.Read.Sessions(ctx, u.ID, s.tryTime())
	if err != nil {
		return nil, err
	}
	out := make([]domain.MyDevice, len(devices))
	for i := range devices {
		d := &devices[i]
		v := domain.MyDevice{DeviceView: d.View(u.Language, s.Instant()), LastContact: d.LastContact(), SyncedAt: d.SyncedAt, LostAt: d.LostAt,
			Credential: d.CredentialHash != "" && d.LostAt == nil, Sessions: domain.JSONList[domain.DeviceSession]{}}
		if d.SyncedAt != nil && d.SyncedAt.After(v.LastContact) {
			v.LastContact = *d.SyncedAt
		}
		if d.SessionID != nil {
			v.Current = *d.SessionID == a.Session
			for _, x := range slices.DeleteFunc(slices.Clone(sessions), func(x domain.Session) bool { return x.FamilyID != *d.SessionID }) {
				v.Sessions = append(v.Sessions, domain.DeviceSession{SignedInAt: x.ExpiresAt.Add(-domain.SessionTTL), RefreshedAt: x.CreatedAt,
					EndsAt: x.ExpiresAt})
				if x.CreatedAt.After(v.LastContact) {
					v.LastContact = x.CreatedAt
				}
			}
		}
		out[i] = v
	}
	return out, nil
}
