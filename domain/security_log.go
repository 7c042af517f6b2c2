package domain

import "time"

// SecurityKind says what of security happened.
type SecurityKind string

// The kinds of the security log (docs/product.md, Trust).
const (
	SecurityTokenReused SecurityKind = "token_reused"     // a refresh token came a second time, later than a lost reply explains
	SecurityResetAsked  SecurityKind = "reset_asked"      // a code that sets another password was made
	SecurityResetUsed   SecurityKind = "reset_used"       // and used
	SecurityExport      SecurityKind = "export"           // a file with data of people left the server
	SecurityLinkRead    SecurityKind = "link_read"        // staff read a household's link
	SecurityNumber      SecurityKind = "number_vouched"   // an area manager vouched for a household's number
	SecurityMerged      SecurityKind = "household_merged" // two rows became one household, or were taken apart
	SecurityCredential  SecurityKind = "credential_made"  // a phone got what it calls for help with; detail: its installation
	SecurityDeviceLost  SecurityKind = "device_lost"      // somebody reported it; detail: its installation
	SecurityImport      SecurityKind = "import"           // a table of jobs was imported; detail: centre and rows
)

// SecurityEvent is a line of the security log. It holds ids alone, and no address
// of anybody's device or home.
type SecurityEvent struct {
	ID        ID           `json:"id"`
	CreatedAt time.Time    `json:"created_at"` // wall time, as that of sessions
	Kind      SecurityKind `json:"kind"`
	ActorID   *ID          `json:"actor_id"` // null: nobody signed in, or the command line
	UserID    *ID          `json:"user_id"`  // whose account it is about
	JobID     *ID          `json:"job_id"`
	Detail    string       `json:"detail"` // of an export or a merge: which
}

// SecurityKept is how long the security log remembers.
const SecurityKept = 365 * 24 * time.Hour

// SecurityFilter narrows the security log.
type SecurityFilter struct {
	Kind   SecurityKind
	UserID *ID // about whom, or by whom
}
