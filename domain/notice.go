package domain

import (
	"time"
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

// NoticeAccountCode is the notice to which the code of an invitation is added
// at sending; its data names the invitation.
const NoticeAccountCode = "account.code"

// HasRequestCode reports whether a text about a link request holds its code, which
// is added at sending; its data names the request. It goes to no device that proves
// nothing.
func HasRequestCode(kind string) bool {
	return kind == "link.asked" || kind == "link.acted" || kind == "number.changed"
}

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
	// ReadLink is what a device gets instead that was registered by a link which
	// staff had read.
	ReadLink *Link
	// TextTo is the number to which the message webhook sends it: of a user to whom a
	// code goes.
	TextTo string
	// Household is to whom it goes, with its numbers; First whom the job wants reached first.
	Household *Customer
	First     *ID
}

// Number is where the message webhook sends it, and whether that proves anything.
func (d *Delivery) Number(now time.Time) (phone string, proves bool) {
	if d.Household == nil || d.Notice.JobID == nil {
		return d.TextTo, true
	}
	return d.Household.TextTo(d.First, *d.Notice.JobID, now)
}

// Reaches reports whether a device is one to which the notice goes: while a merge is asked about, one that was proven for
// the other of the two gets nothing of this one's.
func (d *Delivery) Reaches(device *Device, now time.Time) bool {
	return d.Household == nil || d.Notice.JobID == nil || d.Household.DeviceProves(device, *d.Notice.JobID, now)
}

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

// Tells reports whether the acceptance of a notice of this kind is itself a fact
// that must be kept.
func Tells(kind string) bool { return NoticesThatTell[kind] != "" }

// NoticeOption changes a notice before it is sent.
type NoticeOption func(*Notice)
