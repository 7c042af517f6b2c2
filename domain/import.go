package domain

import "time"

// The figures of imports (docs/product.md section 8).
const (
	UndoImportWithin  = time.Hour
	ImportStopped     = 3 * time.Minute // without a row: whoever ran it is gone
	ImportChangesKept = 24 * time.Hour
	ImportsKept       = 90 * 24 * time.Hour
	ImportAnswersKept = 1000 // of a centre, the oldest go
)

// Import is one import of a table: by whom, for which centre, how far it is. It
// keeps the digest of the file and not the file.
type Import struct {
	Meta
	CentreID  ID         `json:"centre_id"`
	AreaID    ID         `json:"-"`
	ByID      ID         `json:"by_id"`
	Digest    string     `json:"-"`
	Rows      int        `json:"rows"`
	RowsDone  int        `json:"rows_done"`
	Created   int        `json:"created"`
	Updated   int        `json:"updated"`
	Unchanged int        `json:"unchanged"`
	Asks      int        `json:"asks"`
	Rejected  int        `json:"rejected"`
	EndedAt   *time.Time `json:"ended_at"`
	UndoneAt  *time.Time `json:"undone_at"`
	UndoneBy  *ID        `json:"undone_by"`
}

// State is running, stopped (it did not come to its end; the same file again
// finishes it), done or undone.
func (i *Import) State(now time.Time) string {
	switch {
	case i.UndoneAt != nil:
		return "undone"
	case i.EndedAt != nil:
		return "done"
	case now.Sub(i.UpdatedAt) > ImportStopped:
		return "stopped"
	}
	return "running"
}

// ImportView is an import as it is read.
type ImportView struct {
	Import
	State     string     `json:"state"`
	UndoUntil *time.Time `json:"undo_until"` // null: it runs, was undone, or an hour is over
	// Told is who was told of it; a list of imports leaves it out.
	Told JSONList[ImportTold] `json:"told,omitempty"`
}

// View shows an import.
func (i Import) View(now time.Time) ImportView {
	v := ImportView{Import: i, State: i.State(now)}
	if until := i.CreatedAt.Add(UndoImportWithin); (v.State == "done" || v.State == "stopped") && now.Before(until) {
		v.UndoUntil = &until
	}
	return v
}

// ImportTold is one notice that reached a person because of an import.
type ImportTold struct {
	JobID       ID        `json:"job_id"`
	ExternalRef string    `json:"external_ref"`
	UserID      *ID       `json:"user_id"` // null: the household
	Who         string    `json:"who"`
	Title       string    `json:"title"`
	At          time.Time `json:"at"`
}

// ImportChange is what a row of an import did to a job: as it stood before and
// became, so that it can be taken back.
type ImportChange struct {
	ID       ID
	ImportID ID
	JobID    ID
	Line     int
	At       time.Time
	Created  bool
	Undone   bool
	Was      JSON[ImportState]
	Became   JSON[ImportState]
}

// ImportState is what an import may change of a job, its household and its visit.
type ImportState struct {
	Category       string            `json:"category"`
	Serial         string            `json:"serial"`
	Fault          string            `json:"fault"`
	WhatMatters    string            `json:"what_matters"`
	Note           string            `json:"note"`
	Priority       string            `json:"priority"`
	Cover          string            `json:"cover"`
	SafetyCritical bool              `json:"safety_critical"`
	SkillLevel     int               `json:"skill_level"`
	ValueMinor     *int64            `json:"value_minor"`
	ContactID      *ID               `json:"contact_id"`
	SiteID         ID                `json:"site_id"`
	ApplianceID    *ID               `json:"appliance_id"`
	Said           map[string]string `json:"said"` // digests of the cells
	Seq            int64             `json:"seq"`  // head of the timeline
	Contacts       []Contact         `json:"contacts"`
	Sites          []Site            `json:"sites"`
	VisitID        *ID               `json:"visit_id"` // that is to come
	WindowStart    time.Time         `json:"window_start"`
	WindowEnd      time.Time         `json:"window_end"`
	Minutes        int               `json:"minutes"`
	Crew           []ID              `json:"crew"`
}

// ImportAnswer is what a centre answered to a question of an import. It is used
// whenever the question comes again.
type ImportAnswer struct {
	CentreID ID        `json:"centre_id"`
	About    string    `json:"about"` // a question's id, or what is alike of several
	Answer   string    `json:"answer"`
	ByID     ID        `json:"by_id"`
	At       time.Time `json:"at"`
}
