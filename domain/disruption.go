package domain

import (
	"time"
)

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
