package domain

import "time"

// VisitFile is a photo, a signature or a recording of a visit, or that the household said no to one (docs/product.md section 8).
// The bytes lie where those of evidence do, and the two are never shown together.
type VisitFile struct {
	ID         ID        `json:"id"`
	VisitID    ID        `json:"visit_id"`
	UploadedBy ID        `json:"uploaded_by"`
	CreatedAt  time.Time `json:"created_at"`
	Kind       string    `json:"kind"`
	TakenAt    time.Time `json:"taken_at"`
	// Asked and Agreed are the household's consent to this one.
	Asked     bool   `json:"asked"`
	Agreed    bool   `json:"agreed"`
	MediaType string `json:"media_type"`
	Size      int64  `json:"size"`     // bytes, as announced
	SHA256    string `json:"sha256"`   // as announced, hexadecimal
	Received  int64  `json:"received"` // bytes that have arrived
	// KeptSize and Digest (SHA-256) are of what is kept: without the place it is another file.
	KeptSize int64  `json:"kept_size"`
	Digest   string `json:"digest"`
	File     string `json:"-"`
	// KeptAt is when it was whole; nil: it arrives, or the household said no.
	KeptAt    *time.Time `json:"kept_at"`
	RemovedAt *time.Time `json:"removed_at"`
	ExpiresAt time.Time  `json:"expires_at"`
}

// VisitFilePart is what has arrived of a file that is not whole.
type VisitFilePart struct {
	FileID   ID
	FromByte int64
	Size     int64
	File     string
}

// FileKept is how long a file of each kind is kept; a signature and a serial plate as long as a claim may be made of the repair.
var FileKept = map[string]time.Duration{"photo_before": 180 * 24 * time.Hour, "photo_after": 180 * 24 * time.Hour,
	"serial_plate": 3 * 365 * 24 * time.Hour, "signature": 3 * 365 * 24 * time.Hour, "voice": 90 * 24 * time.Hour}

// Limits of files of visits.
const (
	UploadKept   = 72 * time.Hour // an upload that nobody finishes
	VisitFileMax = 10 << 20       // bytes of one file
	ChunkLeast   = 16 << 10       // of any but the last
	VisitFiles   = 60             // of one visit
)

// SeesFile reports whether somebody who sees the visit, or brought the file, sees it: a crew what they or their colleagues of
// now brought. What a crew of before brought is the desk's.
func (a Actor) SeesFile(v *Visit, f *VisitFile) bool {
	if a.Role != RoleTechnician {
		return true
	}
	return f.UploadedBy == a.UserID || v != nil && Has(v.Crew, a.UserID) && Has(v.Crew, f.UploadedBy)
}

// FileName is what a downloaded file is called.
func (f *VisitFile) FileName() string {
	return "file-" + f.ID.String() + "." + EvidenceEndings[f.MediaType]
}
