package domain

import (
	"fmt"
	"time"

	"doorstep/domain/reach"
)

// Notice is one thing to tell one audience; it is a row before it is a push
// (docs/product.md section 7). Title and Body hold no name, address or safety word:
// they stand on lock screens.
type Notice struct {
	ID          ID                      `json:"id"`
	Kind        string                  `json:"kind"` // e.g. visit.assigned
	UserID      *ID                     `json:"-"`
	CustomerID  *ID                     `json:"-"`
	JobID       *ID                     `json:"job_id"`
	VisitID     *ID                     `json:"visit_id"`
	Title       string                  `json:"title"`
	Body        string                  `json:"body"`
	Data        JSON[map[string]string] `json:"data"` // ids and kinds only
	High        bool                    `json:"-"`
	CollapseKey string                  `json:"-"`
	DedupeKey   *string                 `json:"-"` // unique: the second one is invisible
	Language    string                  `json:"-"`
	WithLink    bool                    `json:"-"` // the customer's link is added at sending
	NotBefore   time.Time               `json:"-"`
	Waits       bool                    `json:"-"` // for the reader's next duty
	ExpiresAt   time.Time               `json:"expires_at"`
	State       string                  `json:"-"` // pending, done, no_device, expired, failed, withdrawn
	CreatedAt   time.Time               `json:"created_at"`
	SeenAt      *time.Time              `json:"seen_at"`
}

// Device is one installation that can be pushed to: of a user or of a
// household.
type Device struct {
	InstallationID ID         `json:"installation_id"`
	UserID         *ID        `json:"-"`
	CustomerID     *ID        `json:"-"`
	LinkID         *ID        `json:"-"`
	SessionID      *ID        `json:"-"` // in which a user registered it; nil: not known
	Token          string     `json:"-"`
	Platform       string     `json:"platform"` // android, ios, web
	Language       string     `json:"language"`
	CreatedAt      time.Time  `json:"created_at"`
	UpdatedAt      time.Time  `json:"updated_at"`
	DroppedAt      *time.Time `json:"-"`
	DropReason     string     `json:"-"`
}

// Private reports whether a device is somebody's own phone: a browser may stand
// on a desk that many share.
func (d *Device) Private() bool { return d.Platform != "web" }

// NoticeAccountCode is the notice to which the code of an invitation is added
// at sending; its data names the invitation.
const NoticeAccountCode = "account.code"

// Dispatch records one try to deliver one notice. Accepted by the push
// service is not seen by a person.
type Dispatch struct {
	ID             ID
	NoticeID       ID
	InstallationID *ID
	Channel        string // fcm, log, webhook
	Outcome        string
	Detail         string
	MessageID      string
	At             time.Time
}

// Delivery is a notice with everything a sender needs.
type Delivery struct {
	Notice  Notice
	Devices []Device
	// Delivered lists installations that already accepted it, so that a
	// repeated job does not push twice.
	Delivered []ID
	// Call is of a notice that goes to the alarm webhook too; Called tells that
	// the webhook took it.
	Call   *AlarmCall
	Called bool
	Link   *Link
	// TextTo is the number to which the message webhook sends it: of a household
	// that has no device, of a user to whom a code goes.
	TextTo string
}

// Link is the customer's way in: one for a job. The token is an HMAC over the
// random id; only its hash is kept.
type Link struct {
	ID         ID
	JobID      ID
	KeyID      string
	TokenHash  string
	CreatedAt  time.Time
	RevokedAt  *time.Time
	RevokedWhy string
}

// Policy is one version of the reachability rules: the brand's (CentreID nil)
// or a centre's stricter one.
type Policy struct {
	ID            ID                 `json:"id"`
	CentreID      *ID                `json:"centre_id"`
	Number        int                `json:"number"`
	EffectiveFrom time.Time          `json:"effective_from"`
	Rules         JSON[reach.Policy] `json:"rules"`
	CreatedBy     *ID                `json:"-"`
	CreatedAt     time.Time          `json:"created_at"`
}

// Replay is the stored answer to a request with an Idempotency-Key.
type Replay struct {
	ActorID   ID
	Key       string
	Hash      string
	Standing  string // of the actor when it was stored (Actor.standing)
	Status    int
	Head      string // "id version" for Location and ETag
	Body      []byte
	CreatedAt time.Time
}

// Disruption moves a centre's day and counts against nobody.
type Disruption struct {
	ID        ID        `json:"id"`
	CentreID  ID        `json:"centre_id"`
	Date      string    `json:"date"`
	Reason    string    `json:"reason"`
	Note      string    `json:"note"`
	Moved     int       `json:"moved"`
	Unplaced  int       `json:"unplaced"`
	CreatedBy ID        `json:"-"`
	CreatedAt time.Time `json:"created_at"`
}

// Head gives id and version for Location and ETag.
func (d Disruption) Head() (ID, int64) { return d.ID, 1 }

// NoticesThatTell lists, by kind, what a notice to a household tells of: all attempts
// so far, or the end of its visit. Acceptance begins the time in which the
// household can say "that is not so" (docs/product.md section 4).
var NoticesThatTell = map[string]string{
	"job.last_notice":      AboutAttempt,
	"job.unreachable_home": AboutAttempt,
	"visit.no_access":      AboutNoAccess,
	"visit.completed":      AboutCompletion,
	"visit.partial":        AboutCompletion,
}

// Tells says whether the acceptance of a notice of this kind is itself a fact
// that must be kept.
func Tells(kind string) bool { return NoticesThatTell[kind] != "" }

// String keeps a link out of logs.
func (l Link) String() string { return fmt.Sprintf("link of job %s", l.JobID) }

// NoticeOption changes a notice before it is sent.
type NoticeOption func(*Notice)
