package domain

import (
	"slices"
	"time"
)

// Drill rings a centre's people who are on duty as an alarm would, and says that it is
// none: whose phone was never tried may not ring in need (docs/product.md section 7,
// "Drills").
type Drill struct {
	Meta
	CentreID ID                    `json:"centre_id"`
	AreaID   ID                    `json:"-"`
	ByID     ID                    `json:"by_id"`  // who asked for it
	Status   string                `json:"status"` // planned, rung, ended, cancelled
	At       time.Time             `json:"at"`
	People   JSONList[DrillPerson] `json:"people"` // who was rung, and from the end what came of it
}

// DrillPerson is how a drill went for somebody.
type DrillPerson struct {
	UserID ID     `json:"user_id"`
	Result string `json:"result"` // waiting, heard; at the end also unanswered, not_taken, no_device
}

const (
	// DrillLasts is how long a drill waits for answers.
	DrillLasts = 15 * time.Minute
	// DrillAhead is how far ahead one may be planned.
	DrillAhead = 60 * 24 * time.Hour
	// PhoneTested is how long a phone counts as tested.
	PhoneTested = 30 * 24 * time.Hour
)

// Person finds somebody who was rung; nil for others.
func (d *Drill) Person(user ID) *DrillPerson {
	if i := slices.IndexFunc(d.People, func(p DrillPerson) bool { return p.UserID == user }); i >= 0 {
		return &d.People[i]
	}
	return nil
}
