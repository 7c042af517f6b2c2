package domain

import (
	"context"
	"io"
	"strings"
	"time"
)

// Evidence is one photo or recording that belongs to a report. The row says
// what it is; the file lies in EvidenceFiles under a random name.
type Evidence struct {
	ID         ID        `json:"id"`
	FlagID     ID        `json:"flag_id"`
	UploadedBy ID        `json:"uploaded_by"`
	CreatedAt  time.Time `json:"created_at"`
	MediaType  string    `json:"media_type"`
	Size       int64     `json:"size"`   // bytes
	Digest     string    `json:"digest"` // SHA-256 of the file, hexadecimal
	File       string    `json:"-"`
	// Who uploaded it took it away before the decision: the row stays, and its
	// digest is the commitment to what was there; the bytes are gone.
	RemovedAt *time.Time `json:"removed_at"`
	RemovedBy *ID        `json:"removed_by"`
}

// EvidenceFiles keeps the files of evidence. Names are random and of
// EvidenceName's form.
type EvidenceFiles interface {
	// Put keeps a whole file for good before it returns.
	Put(ctx context.Context, name string, body []byte) error
	// Open gives a file; the caller closes it. CodeNotFound when there is none.
	Open(ctx context.Context, name string) (io.ReadCloser, error)
	// Remove drops a file; an absent one is no error.
	Remove(ctx context.Context, name string) error
	// Older gives up to n names, in order after one, of files that were put
	// before an instant of wall time.
	Older(ctx context.Context, before time.Time, after string, n int) ([]string, error)
}

// EvidenceEndings are the types that are taken, and how a downloaded file's
// name ends.
var EvidenceEndings = map[string]string{"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/heic": "heic",
	"audio/mp4": "m4a", "audio/mpeg": "mp3", "audio/ogg": "ogg", "audio/wav": "wav"}

// FileName is what a downloaded file is called: by its id, for the client's
// own name for it may say too much.
func (e *Evidence) FileName() string {
	return "evidence-" + e.ID.String() + "." + EvidenceEndings[e.MediaType]
}

// EvidenceName reports whether a file's name is one of ours.
func EvidenceName(name string) bool {
	return len(name) == 32 && strings.Trim(name, "0123456789abcdef") == ""
}
