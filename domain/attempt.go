package domain

import (
	"time"

	"doorstep/domain/reach"
)

// Attempt is one try to reach the other side, in either direction; it is
// never edited (docs/product.md section 4).
type Attempt struct {
	ID             ID         `json:"id"`
	JobID          ID         `json:"job_id"`
	CustomerID     ID         `json:"-"`
	VisitID        *ID        `json:"visit_id"`
	Direction      string     `json:"direction"`
	ContactID      *ID        `json:"contact_id"`
	Address        string     `json:"address"` // number or e-mail used
	Channel        string     `json:"channel"`
	Outcome        string     `json:"outcome"`
	RingSeconds    *int       `json:"ring_seconds"`
	CallSeconds    *int       `json:"call_seconds"` // by the phone's call log, from dialling to the end
	Grade          string     `json:"grade"`
	GradeWhy       string     `json:"grade_why"`       // why evidence or a claimed grade was not taken
	EvidenceDigest string     `json:"evidence_digest"` // SHA-256 of the device's call log entry or a receipt id
	Note           string     `json:"note"`
	Lat            *float64   `json:"lat"`
	Lon            *float64   `json:"lon"`
	AccuracyM      *float64   `json:"accuracy_m"` // of the place, as the device says
	Offline        bool       `json:"offline"`    // sent as such from the outbox of a phone without network
	DistanceM      *float64   `json:"distance_m"` // from the site; null when either place is unknown
	PlaceReason    string     `json:"place_reason"`
	LastNotice     bool       `json:"last_notice"`
	ByID           *ID        `json:"by_id"`
	ByRole         Role       `json:"by_role"`
	OccurredAt     time.Time  `json:"occurred_at"` // corrected by the device's clock (docs/product.md section 8)
	ClaimedAt      *time.Time `json:"claimed_at"`  // as the device said
	RecordedAt     time.Time  `json:"recorded_at"`
	Discounted     string     `json:"discounted"`   // why it was taken out of the count; empty when it was not
	ToldAt         *time.Time `json:"told_at"`      // when the household first learned of it
	LinkID         *ID        `json:"-"`            // the link by which it came
	Request        string     `json:"-"`            // what the household asked for in it (a name of customers.RequestHandlers); empty: nothing
	AgreedStart    *time.Time `json:"agreed_start"` // the time to which the household agreed in it
	AgreedEnd      *time.Time `json:"agreed_end"`
	Rules          int        `json:"-"` // by which it is judged, see AttemptRules
	Barred         string     `json:"-"` // why it is no attempt of its own: the same call again, a history typed in one sitting
	CapExempt      string     `json:"-"` // why it is outside the household's cap of calls a day: arrived, asked
	CreatedAt      time.Time  `json:"created_at"`
}

// AttemptRules are the rules by which a new attempt is judged. An attempt keeps its own:
// 0 capped the calls of its job alone; 0 and 1 took the grade that a client claimed; before
// CapsOfHousehold a call used up the day of its own row of a household alone, before ReasonSays signs alone were a reason, and before
// ReasonInWords a single letter was.
const (
	AttemptRules    = 5
	CapsOfHousehold = 4
	ReasonSays      = 4
	ReasonInWords   = 5
)

// Why a call is outside the household's cap: the crew stands at its door, or it asked
// to be called.
const (
	CapArrived = "arrived"
	CapAsked   = "asked"
)

// Head gives id and version for Location and ETag; an attempt never changes.
func (a Attempt) Head() (ID, int64) { return a.ID, 1 }

// Contact reports whether the two sides really spoke: anything inbound, or
// outbound reached, refused, hostile.
func (a *Attempt) Contact() bool {
	return a.Direction == "inbound" || a.Outcome == "reached" || a.Outcome == "refused" || a.Outcome == "hostile" || a.Outcome == "cut_off"
}

// Dialled reports whether the address is a phone number.
func (a *Attempt) Dialled() bool {
	return a.Channel == "phone" || a.Channel == "sms" || a.Channel == "whatsapp"
}

// LoggedContact is a contact by phone number alone: kept as it came, for the recorder's
// area, whether or not an open job knows the number. What follows for a known household
// is carried out right after, on the clock.
type LoggedContact struct {
	ID         ID
	AreaID     *ID
	Phone      string
	Direction  string
	Channel    string
	Outcome    string
	Note       string
	ByID       ID
	OccurredAt time.Time
	RecordedAt time.Time
	ClaimedAt  *time.Time
	Flag       JSON[*ContactFlag]
	Matched    bool // a household was found
}

// ContactFlag is what was reported with a contact.
type ContactFlag struct {
	Kind  string `json:"kind"`
	Level int    `json:"level"`
	Note  string `json:"note"`
}

// Agrees reports whether a customer can have agreed to a time in a contact:
// refusing and hostile words are contact and no agreement, nor is a wish for
// something else, such as to cancel or to be called.
func (a *Attempt) Agrees() bool {
	return a.Speaks() && (a.Request == "" || a.Request == "confirm" || a.Request == "another-time" && a.LinkID == nil)
}

// Speaks reports whether a contact can prove what a customer said.
func (a *Attempt) Speaks() bool {
	return a.Contact() && a.Outcome != reach.Refused && a.Outcome != reach.Hostile && a.Outcome != reach.CutOff && a.Discounted == "" &&
		!a.ByReadLink()
}

// AgreesTo reports whether the time to which the household agreed covers a window.
func (a *Attempt) AgreesTo(from, to time.Time) bool {
	return a.AgreedStart != nil && a.AgreedEnd != nil && !from.Before(*a.AgreedStart) && !to.After(*a.AgreedEnd)
}

// How an agreement was said.
const (
	SaidPhone    = "phone"
	SaidMessage  = "message"
	SaidInPerson = "in_person"
	SaidOwnLink  = "own_link"
)

// Said is how something was said in the contact.
func (a *Attempt) Said() string {
	switch {
	case a.LinkID != nil:
		return SaidOwnLink
	case a.Channel == reach.Phone:
		return SaidPhone
	case a.Channel == reach.Doorstep:
		return SaidInPerson
	}
	return SaidMessage
}

// ByReadLink reports whether an attempt came by a link that staff had read: only
// then is a link's own form no proof.
func (a *Attempt) ByReadLink() bool { return a.LinkID != nil && a.Grade == reach.Declared }

// Written reports whether an attempt is a message that we wrote.
func (a *Attempt) Written() bool {
	return a.Direction == reach.Outbound && (a.Channel == reach.SMS || a.Channel == reach.WhatsApp)
}

// Spoke reports whether an attempt is a conversation by phone, whoever rang.
func (a *Attempt) Spoke() bool {
	return a.Channel == reach.Phone && a.Outcome == reach.Reached && a.Discounted == ""
}
