package domain

import (
	"time"
)

// Maintenance is a promise to come again and again (docs/product.md section 6): a
// rule of RFC 5545 in the wall-clock time of the site. Each date becomes a job
// with a visit, some weeks ahead.
type Maintenance struct {
	Meta
	CustomerID     ID                    `json:"customer_id"`
	SiteID         ID                    `json:"site_id"`
	ApplianceID    *ID                   `json:"appliance_id"`
	CentreID       ID                    `json:"centre_id"`
	AreaID         ID                    `json:"area_id"`
	RRule          string                `json:"rrule"`
	DTStart        string                `json:"dtstart"` // local, without offset: the first date and its time of day
	Zone           string                `json:"zone"`    // of the site
	Fault          string                `json:"fault"`   // what is to be done
	Category       string                `json:"category"`
	PlannedMinutes int                   `json:"planned_minutes"`
	WindowMinutes  int                   `json:"window_minutes"`
	Status         string                `json:"status"` // active, ended
	EndReason      string                `json:"end_reason"`
	Through        string                `json:"-"`    // local; dates up to here have their jobs
	Jobs           JSONList[Maintaining] `json:"jobs"` // of the last month and ahead
	CreatedBy      ID                    `json:"-"`
}

// MaintenanceView is a maintenance with its dates ahead, computed by its rule
// and its centre's days.
type MaintenanceView struct {
	Maintenance
	Next     JSONList[MaintenanceDate] `json:"next"`
	Warnings JSONList[string]          `json:"warnings"`
}

// MaintenancePreview is what a maintenance that is not kept would come to.
type MaintenancePreview struct {
	Next     JSONList[MaintenanceDate] `json:"next"`
	Warnings JSONList[string]          `json:"warnings"`
}

// MaintenanceDate is one date ahead.
type MaintenanceDate struct {
	At        time.Time `json:"at"`
	Date      string    `json:"date"`       // local, without offset
	MovedFrom *string   `json:"moved_from"` // the date of the rule, where the centre does not work then
	Why       string    `json:"why"`        // it moved
}

// Maintaining is one date of a maintenance.
type Maintaining struct {
	At    time.Time `json:"at"`
	JobID ID        `json:"job_id"`
}
