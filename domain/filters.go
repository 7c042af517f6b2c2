package domain

import (
	"time"
)

// Page bounds a list. Cursor is the last item's (at, id) of the page before;
// items are ordered by (at, id) ascending, or descending where said, so that
// every row present when paging began appears once.
type Page struct {
	Limit   int
	AfterAt *time.Time
	AfterID *ID
	ByDue   bool // of flags, disputes, promises and held jobs: the most overdue first, at equal times the most severe; without After
}

// VisitFilter narrows GET /v1/visits. From and To bound window_start.
type VisitFilter struct {
	TechnicianID *ID
	CentreID     *ID
	JobID        *ID
	JobIDs       []ID // any of them
	From, To     *time.Time
	Status       []VisitStatus
}

// JobFilter narrows GET /v1/jobs.
type JobFilter struct {
	Status       []JobStatus
	CentreID     *ID
	CustomerID   *ID
	Phone        string // exact, E.164
	ExternalRef  string
	Serial       string
	Hold         string
	Reachability string
}

// CustomerFilter narrows GET /v1/customers. Query is words of which each is part
// of a name, an address, a number or a reference; QueryPhone is the same read
// as a number in the caller's country, if it can be one.
type CustomerFilter struct {
	Part       *ID // itself, also where it is part of another household by now
	Phone      string
	Query      string
	QueryPhone string
}

// UserFilter narrows GET /v1/users and GET /v1/technicians.
type UserFilter struct {
	Role     Role
	CentreID *ID
	AreaID   *ID
	Skill    string
	IDs      []ID // any of them
}

// LeaveFilter narrows GET /v1/leave and the lists of one person.
type LeaveFilter struct {
	UserID   *ID
	CentreID *ID
	Status   string
}

// MaintenanceFilter narrows GET /v1/maintenance.
type MaintenanceFilter struct {
	CustomerID *ID
	Status     string
}

// FlagFilter narrows GET /v1/flags.
type FlagFilter struct {
	Status      []FlagStatus
	JobID       *ID
	CustomerIDs []ID // any of them
}
