package domain

import "time"

// SealedRequest is what the queue of a device that was reported lost held and that is about no visit: whoever had the device may
// have written it, so it is for managers to read, and nothing comes of it by itself (docs/product.md section 8, "A lost phone").
type SealedRequest struct {
	ID        ID                   `json:"id"`
	CreatedAt time.Time            `json:"created_at"`
	UserID    ID                   `json:"-"` // whose device
	DeviceID  ID                   `json:"installation_id"`
	Key       string               `json:"-"`
	Operation string               `json:"operation"`
	Path      string               `json:"path"`
	Body      JSON[map[string]any] `json:"body"` // no code and no password
}

const (
	// SealedKept is how long it can be read.
	SealedKept = 90 * 24 * time.Hour
	// SealedMost is how many of one device are kept.
	SealedMost = 500
	// SealedBody is how large a body is kept, in bytes.
	SealedBody = 4096
)
