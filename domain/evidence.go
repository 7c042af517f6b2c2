package domain

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"slices"
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

// EvidenceView is evidence as answered: with what this caller may do now.
type EvidenceView struct {
	Evidence
	Actions JSONList[string] `json:"actions"`
}

// Head gives id and version for Location and ETag: evidence changes once, by
// being removed.
func (v EvidenceView) Head() (ID, int64) {
	if v.RemovedAt != nil {
		return v.ID, 2
	}
	return v.ID, 1
}

// NewEvidenceView shows evidence of a report with what the actor may do.
func NewEvidenceView(a Actor, f *Flag, e *Evidence) EvidenceView {
	v := EvidenceView{*e, JSONList[string]{}}
	if checkRemoval(a, f, e) == nil {
		v.Actions = append(v.Actions, "remove")
	}
	return v
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

const (
	evidenceSize   = 10 << 20 // bytes of one file
	evidenceMost   = 10       // files of one report
	evidenceEver   = 30       // with those that were removed
	evidenceOrphan = time.Hour
)

// evidenceEndings are the types that are taken, and how a downloaded file's
// name ends.
var evidenceEndings = map[string]string{"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/heic": "heic",
	"audio/mp4": "m4a", "audio/mpeg": "mp3", "audio/ogg": "ogg", "audio/wav": "wav"}

// sniff tells from its first bytes what a file is; empty: nothing that is
// taken.
func sniff(b []byte) string {
	at := func(from int, words ...string) bool {
		for _, w := range words {
			if len(b) >= from+len(w) && string(b[from:from+len(w)]) == w {
				return true
			}
		}
		return false
	}
	switch {
	case at(0, "\xff\xd8\xff"):
		return "image/jpeg"
	case at(0, "\x89PNG\r\n\x1a\n"):
		return "image/png"
	case at(0, "RIFF") && at(8, "WEBP"):
		return "image/webp"
	case at(0, "RIFF") && at(8, "WAVE"):
		return "audio/wav"
	case at(0, "OggS"):
		return "audio/ogg"
	case at(4, "ftyp") && at(8, "heic", "heix", "hevc", "heim", "heis", "mif1", "msf1"):
		return "image/heic"
	case at(4, "ftyp") && at(8, "M4A ", "M4B ", "mp42", "mp41", "isom", "iso2", "dash"):
		return "audio/mp4"
	case at(0, "ID3"), len(b) > 1 && b[0] == 0xff && b[1]&0xe0 == 0xe0 && b[1]&0x18 != 0x08 && b[1]&0x06 == 0x02:
		return "audio/mpeg"
	}
	return ""
}

// EvidenceInput is one upload.
type EvidenceInput struct {
	ID        *ID
	MediaType string
	Body      []byte
}

// evidenceFlag finds the report; who may add is its reporter and those who
// answer for it, while it is open.
func evidenceFlag(tx SafetyTx, a Actor, id ID) (*Flag, error) {
	f, err := tx.LockFlag(id)
	if err != nil {
		return nil, err
	}
	all, brief := a.SeesFlag(f)
	switch {
	case !all && !brief:
		return nil, NotFound("flag")
	case !all:
		return nil, Fail(CodeForbidden, "As %s you may not add to a report.", roleWords(a.Role))
	case !f.Status.Open():
		return nil, Fail(CodeState, "A report that is %s takes no more evidence.", f.Status).With("status", f.Status)
	}
	return f, nil
}

// AddEvidence keeps a photo or recording with a report: its reporter, and
// those who answer for it, while it is open. The same bytes again are the same
// evidence. The file is there before its row; one without a row is swept.
// Errors: CodeNotFound, CodeForbidden, CodeState, CodeUnprocessable, CodeTooLarge,
// CodeMedia.
func (s *Service) AddEvidence(ctx context.Context, call *Call, flag ID, in EvidenceInput) (EvidenceView, error) {
	switch {
	case len(in.Body) > evidenceSize:
		return EvidenceView{}, Fail(CodeTooLarge, "A file has at most 10 MiB.")
	case evidenceEndings[in.MediaType] == "":
		return EvidenceView{}, Fail(CodeMedia, "Send a photo (JPEG, PNG, WebP, HEIC) or a recording (M4A, MP3, Ogg, WAV).")
	case sniff(in.Body) != in.MediaType:
		return EvidenceView{}, Fail(CodeUnprocessable, "The file is not what its Content-Type says.").At("", in.MediaType)
	}
	if found, err := s.replay(ctx, call); err != nil || found {
		return EvidenceView{}, err
	}
	sum := sha256.Sum256(in.Body)
	e := Evidence{ID: s.idOr(in.ID), FlagID: flag, UploadedBy: call.Actor.UserID, MediaType: in.MediaType, Size: int64(len(in.Body)),
		Digest: hex.EncodeToString(sum[:])}
	var f *Flag
	judge := func(tx Tx) (_ *Evidence, err error) {
		f, err = evidenceFlag(tx, call.Actor, flag)
		if err != nil {
			return nil, err
		}
		there, err := tx.EvidenceOf(f.ID)
		if err != nil {
			return nil, err
		}
		kept := 0
		for i := range there {
			switch {
			case there[i].ID == e.ID && (there[i].RemovedAt != nil || there[i].Digest != e.Digest):
				return nil, Fail(CodeDuplicate, "Other evidence has this id, or what had it was removed.")
			case there[i].RemovedAt != nil:
				continue
			case there[i].Digest == e.Digest:
				return &there[i], nil
			}
			kept++
		}
		switch {
		case kept >= evidenceMost:
			return nil, Fail(CodeState, "A report takes %d files.", evidenceMost)
		case len(there) >= evidenceEver:
			return nil, Fail(CodeState, "A report takes %d files, with those that were removed.", evidenceEver)
		}
		return nil, nil
	}
	// No file is written for what would be refused, and no transaction waits
	// for a file.
	var there *Evidence
	if err := s.inWork(ctx, nil, func(tx *Work) (err error) {
		there, err = judge(tx)
		return err
	}); err != nil {
		return EvidenceView{}, err
	}
	if there == nil {
		name := make([]byte, 16)
		_, _ = rand.Read(name) // never fails: crypto/rand ends the program instead
		e.File = hex.EncodeToString(name)
		if err := s.Files.Put(ctx, e.File, in.Body); err != nil {
			return EvidenceView{}, err
		}
	}
	kept := false
	out, err := run(ctx, s, call, func(tx *Work) (EvidenceView, error) {
		kept = false
		there, err := judge(tx)
		if err != nil {
			return EvidenceView{}, err
		}
		if there != nil {
			return NewEvidenceView(call.Actor, f, there), nil
		}
		if e.File == "" {
			return EvidenceView{}, Fail(CodeUnavailable, "It was being removed; send it again.")
		}
		e.CreatedAt, kept = tx.Now, true
		return NewEvidenceView(call.Actor, f, &e), tx.InsertEvidence(&e)
	})
	if e.File != "" && !kept && err == nil {
		// A refusal may be one whose commit nobody saw: that file is the sweep's.
		_ = s.Files.Remove(context.WithoutCancel(ctx), e.File)
	}
	return out, err
}

// checkRemoval refuses to remove evidence: only who uploaded it, and only while
// the report waits for its decision, which rests on what is there.
func checkRemoval(a Actor, f *Flag, e *Evidence) error {
	switch {
	case e.UploadedBy != a.UserID:
		return Fail(CodeForbidden, "Only who uploaded it removes it.")
	case e.RemovedAt != nil:
		return Fail(CodeState, "It was removed already.")
	case !f.Status.Open():
		return Fail(CodeState, "The report is %s; what it was judged by stays.", f.Status).With("status", f.Status)
	}
	return nil
}

// RemoveEvidence takes a file away before the decision: who uploaded it. Who,
// when and the digest stay; the bytes go at once, or with the next sweep.
// Errors: CodeNotFound, CodeForbidden, CodeState.
func (s *Service) RemoveEvidence(ctx context.Context, call *Call, flag, id ID, in When) (EvidenceView, error) {
	file := ""
	out, err := run(ctx, s, call, func(tx *Work) (EvidenceView, error) {
		file = ""
		f, err := tx.LockFlag(flag)
		if err != nil {
			return EvidenceView{}, err
		}
		if all, _ := call.Actor.SeesFlag(f); !all {
			return EvidenceView{}, NotFound("evidence")
		}
		there, err := tx.EvidenceOf(f.ID)
		if err != nil {
			return EvidenceView{}, err
		}
		i := slices.IndexFunc(there, func(e Evidence) bool { return e.ID == id })
		if i < 0 {
			return EvidenceView{}, NotFound("evidence")
		}
		e := &there[i]
		if err := checkRemoval(call.Actor, f, e); err != nil {
			return EvidenceView{}, err
		}
		st, err := stamp(call, in.OccurredAt, time.UTC, tx.Now)
		if err != nil {
			return EvidenceView{}, err
		}
		e.RemovedAt, e.RemovedBy, file = &st.occurred, &call.Actor.UserID, e.File
		return NewEvidenceView(call.Actor, f, e), tx.SaveEvidence(e)
	})
	if err == nil && file != "" {
		// Left behind, it is the sweep's: no row keeps it any more.
		_ = s.Files.Remove(context.WithoutCancel(ctx), file)
	}
	return out, err
}

// seenFlag is a report that the caller sees whole.
func (s *Service) seenFlag(ctx context.Context, a Actor, flag ID) (*Flag, error) {
	f, err := s.Read.Flag(ctx, a, flag)
	if err != nil {
		return nil, err
	}
	if all, _ := a.SeesFlag(f); !all {
		return nil, NotFound("flag")
	}
	return f, nil
}

// EvidenceList lists the evidence of a report to those who see all of it, what
// was removed included. Errors: CodeNotFound.
func (s *Service) EvidenceList(ctx context.Context, a Actor, flag ID) ([]EvidenceView, error) {
	f, err := s.seenFlag(ctx, a, flag)
	if err != nil {
		return nil, err
	}
	rows, err := s.Read.Evidence(ctx, f.ID)
	out := make([]EvidenceView, len(rows))
	for i := range rows {
		out[i] = NewEvidenceView(a, f, &rows[i])
	}
	return out, err
}

// OpenEvidence gives one file to those who see all of the report; the caller
// closes it. Errors: CodeNotFound.
func (s *Service) OpenEvidence(ctx context.Context, a Actor, flag, id ID) (*Evidence, io.ReadCloser, error) {
	list, err := s.EvidenceList(ctx, a, flag)
	if err != nil {
		return nil, nil, err
	}
	for i := range list {
		if list[i].ID == id && list[i].RemovedAt == nil {
			file, err := s.Files.Open(ctx, list[i].File)
			return &list[i].Evidence, file, err
		}
	}
	return nil, nil, NotFound("evidence")
}

// packEvidence writes the files of reports, with a list of what they are.
func (s *Service) packEvidence(ctx context.Context, flags []Flag, p *packWriter) error {
	all := []Evidence{}
	for i := range flags {
		list, err := s.Read.Evidence(ctx, flags[i].ID)
		if err != nil {
			return err
		}
		for j := range list {
			if list[j].RemovedAt != nil {
				continue
			}
			if err := s.packFile(ctx, &list[j], p); err != nil {
				return err
			}
		}
		all = append(all, list...)
	}
	return p.json(packedEvidence, all)
}

func (s *Service) packFile(ctx context.Context, e *Evidence, p *packWriter) error {
	file, err := s.Files.Open(ctx, e.File)
	if err != nil {
		return err
	}
	defer file.Close()
	return p.file(e.FileName(), file)
}

// FileName is what a downloaded file is called: by its id, for the client's
// own name for it may say too much.
func (e *Evidence) FileName() string {
	return "evidence-" + e.ID.String() + "." + evidenceEndings[e.MediaType]
}

// EvidenceName reports whether a file's name is one of ours.
func EvidenceName(name string) bool {
	return len(name) == 32 && strings.Trim(name, "0123456789abcdef") == ""
}

// EvidenceRetention removes files that belong to no report: what a server left
// that was killed between file and row. It tells how many there were.
func (s *Service) EvidenceRetention(ctx context.Context) (int, error) {
	if s.Files == nil {
		return 0, nil
	}
	done, after := 0, ""
	for {
		names, err := s.Files.Older(ctx, s.Wall().Add(-evidenceOrphan), after, sweepChunk)
		if err != nil || len(names) == 0 {
			return done, err
		}
		after = names[len(names)-1]
		kept, err := s.Read.EvidenceFiles(ctx, names)
		if err != nil {
			return done, err
		}
		for _, name := range names {
			if has(kept, name) {
				continue
			}
			if err := s.Files.Remove(ctx, name); err != nil {
				return done, err
			}
			done++
		}
	}
}
