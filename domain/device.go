package domain

import (
	"crypto/subtle"
	"time"
)

// Device is one installation that can be pushed to: of a user or of a
// household.
type Device struct {
	InstallationID ID         `json:"installation_id"`
	UserID         *ID        `json:"-"`
	CustomerID     *ID        `json:"-"`
	LinkID         *ID        `json:"-"`
	JobID          *ID        `json:"-"` // of the link by which a household's came
	SessionID      *ID        `json:"-"` // in which a user registered it; nil: not known
	Unproven       bool       `json:"-"` // registered by a link that staff had read, and no code verified it: it may be theirs
	Token          string     `json:"-"`
	Platform       string     `json:"platform"` // android, ios, web
	Language       string     `json:"language"`
	CreatedAt      time.Time  `json:"created_at"`
	UpdatedAt      time.Time  `json:"updated_at"`
	DroppedAt      *time.Time `json:"-"`
	DropReason     string     `json:"-"`

	Health   JSON[*DeviceHealth] `json:"health"`
	HealthAt *time.Time          `json:"health_at"`

	// Hashes of the secrets of its credential: the last one that was given out, and the one before.
	CredentialHash   string `json:"-"`
	CredentialBefore string `json:"-"`

	LostAt   *time.Time `json:"-"` // reported lost, or its account ended: sealed until it was wiped
	WipedAt  *time.Time `json:"-"` // its queue has come, and it was told to wipe
	SyncedAt *time.Time `json:"-"` // by wall time, of the session in which it is registered; nil: never
}

const (
	// SyncWithin is how long a phone that syncs may go without, before somebody signs in on it again.
	SyncWithin = 72 * time.Hour
	// SyncNoted is how precisely it is kept when a phone synced.
	SyncNoted = 10 * time.Minute
)

// Lost is the answer to whatever a device asks that was reported lost, or whose account ended.
func Lost() error {
	return Fail(CodeDeviceLost, "This device was reported lost, or its account ended. Erase what it holds of homes and people.")
}

// SyncTooOld is the answer where a device has not synced for too long.
func SyncTooOld() error {
	return Fail(CodeSyncTooOld, "This device has not synced for 72 hours; sign in again. What waits in its queue can be sent then.")
}

// StateOfSession is CodeDeviceLost where a device of a session was reported lost, and
// CodeSyncTooOld where none has synced lately of those that did.
func StateOfSession(devices []Device, now time.Time) error {
	var old error
	for i := range devices {
		switch d := &devices[i]; {
		case d.LostAt != nil:
			return Lost()
		case d.SyncedAt != nil && now.Sub(*d.SyncedAt) > SyncWithin:
			old = SyncTooOld()
		}
	}
	return old
}

// Presents reports whether a secret is that of the device's credential, in the same
// time whatever it is.
func (d *Device) Presents(secret string) bool {
	hash := []byte(HashToken(secret))
	now := subtle.ConstantTimeCompare(hash, []byte(d.CredentialHash))
	before := subtle.ConstantTimeCompare(hash, []byte(d.CredentialBefore))
	return d.UserID != nil && now|before == 1
}

// Private reports whether a device is somebody's own phone: a browser may stand
// on a desk that many share.
func (d *Device) Private() bool { return d.Platform != "web" }
