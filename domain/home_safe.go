package domain

import "time"

// HomeSafe is somebody's wish to be asked at the end of their day whether they came
// home: a ping, then the desk calls, then an SOS (docs/product.md section 5, "Home
// safe"). One for a person; nobody else reads it, but for the desk that was asked to call.
type HomeSafe struct {
	Meta
	UserID   ID         `json:"-"`
	Status   string     `json:"status"` // asked, pinged, desk_asked, alarmed, ended
	ByAt     time.Time  `json:"by"`
	AskedAt  time.Time  `json:"asked_at"` // what was said before is about an earlier wish
	PingedAt *time.Time `json:"pinged_at"`
	EndedAt  *time.Time `json:"ended_at"`
}

// HomeSafeView is it as answered: with what may be done now.
type HomeSafeView struct {
	HomeSafe
	Actions JSONList[string] `json:"actions"`
}

// View shows it to whose it is.
func (h HomeSafe) View() HomeSafeView {
	return HomeSafeView{h, HomeSafeMoves.Of(h.Status, "again", "done", "not-ok")}
}

const (
	// HomeSafeStep is how long each step waits for an answer.
	HomeSafeStep = 10 * time.Minute
	// HomeSafeSpoken is how long after the desk spoke with somebody they are asked again.
	HomeSafeSpoken = 30 * time.Minute
	// HomeSafeAhead is how far ahead somebody may ask for it.
	HomeSafeAhead = 24 * time.Hour
)
