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
