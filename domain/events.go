package domain

import "time"

// FeedKept is how long changes are kept: what was read up to an older one begins anew.
const FeedKept = 30 * 24 * time.Hour

// The kinds of things that GET /v1/events speaks of.
const (
	ChangedVisit   = "visit"
	ChangedJob     = "job"
	ChangedPromise = "promise"
	ChangedAlarm   = "alarm"
	ChangedTimer   = "timer" // the desk is asked to call, or it is too late for that
	ChangedLeave   = "leave"
)

// What only the phones of technicians read anew.
const (
	ChangedVisitTimer = "visit_timer" // by the id of its visit
	ChangedCustomer   = "customer"    // contacts, sites, appliances
	ChangedNotice     = "notice"
	ChangedUser       = "user"
	ChangedHomeSafe   = "home_safe" // by the id of whose it is
	ChangedRules      = "rules"     // of a centre, or of the brand
)

// Streamed are the kinds that boards hear of.
var Streamed = map[string]bool{ChangedVisit: true, ChangedJob: true, ChangedPromise: true, ChangedAlarm: true, ChangedTimer: true,
	ChangedLeave: true}

// Mark is a place in the feed of changes. On PostgreSQL Tx is the transaction
// that wrote; SQLite has one writer, there it is 0.
type Mark struct{ Tx, Seq int64 }

// After reports whether m lies behind o.
func (m Mark) After(o Mark) bool { return m.Tx > o.Tx || m.Tx == o.Tx && m.Seq > o.Seq }

// PhoneBehind is a technician whose phone is to sync.
type PhoneBehind struct {
	PersonID ID
	Items    JSONList[ChangedItem] // of the last change; none: they waited
}

// FeedChange is what one transaction changed at one centre; no centre: something
// that belongs to none.
type FeedChange struct {
	Mark
	CentreID *ID
	Items    JSONList[ChangedItem]
}

// ChangedItem is one changed row. People are those whom it concerns besides
// the place: the crew of a visit with whoever left it, the owner of a promise, whose leave
// it is.
type ChangedItem struct {
	Kind    string       `json:"k"`
	ID      ID           `json:"i"`
	Version int64        `json:"v"`
	People  JSONList[ID] `json:"p,omitempty"`
	Of      ID           `json:"c,omitzero"` // the customer of a job or promise
}
