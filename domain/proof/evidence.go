package proof

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"slices"
	"time"

	"doorstep/domain"
	"doorstep/domain/casework"
)

// EvidenceView is evidence as answered: with what this caller may do now.
type EvidenceView struct {
	domain.Evidence
	Actions domain.JSONList[string] `json:"actions"`
}

// Head gives id and version for Location and ETag: evidence changes once, by
// being removed.
func (v EvidenceView) Head() (domain.ID, int64) {
	if v.RemovedAt != nil {
		return v.ID, 2
	}
	return v.ID, 1
}

// NewEvidenceView shows evidence of a report with what the actor may do.
func NewEvidenceView(a domain.Actor, f *domain.Flag, e *domain.Evidence) EvidenceView {
	v := EvidenceView{*e, domain.JSONList[string]{}}
	if checkRemoval(a, f, e) == nil {
		v.Actions = append(v.Actions, "remove")
	}
	return v
}

const (
	evidenceSize   = 10 << 20 // bytes of one file
	evidenceMost   = 10       // files of one report
	evidenceEver   = 30       // with those that were removed
	evidenceOrphan = time.Hour
	orphansAtOnce  = 250
)

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
	ID        *domain.ID
	MediaType string
	Body      []byte
}

// evidenceFlag finds the report; who may add is its reporter and those who
// answer for it, while it is open.
func evidenceFlag(tx domain.SafetyTx, a domain.Actor, id domain.ID) (*domain.Flag, error) {
	f, err := tx.LockFlag(id)
	if err != nil {
		return nil, err
	}
	all, brief := a.SeesFlag(f)
	switch {
	case !all && !brief:
		return nil, domain.NotFound("flag")
	case !all:
		return nil, domain.Fail(domain.CodeForbidden, "As %s you may not add to a report.", domain.RoleWords(a.Role))
	case !f.Status.Open():
		return nil, domain.Fail(domain.CodeState, "A report that is %s takes no more evidence.", f.Status).With("status", f.Status)
	}
	return f, nil
}

// AddEvidence keeps a photo or recording with a report: its reporter, and
// those who answer for it, while it is open. The same bytes again are the same
// evidence. The file is there before its row; one without a row is swept.
// Errors: CodeNotFound, CodeForbidden, CodeState, CodeUnprocessable, CodeTooLarge,
// CodeMedia.
func (s *Service) AddEvidence(ctx context.Context, call *casework.Call, flag domain.ID, in EvidenceInput) (EvidenceView, error) {
	switch {
	case len(in.Body) > evidenceSize:
		return EvidenceView{}, domain.Fail(domain.CodeTooLarge, "A file has at most 10 MiB.")
	case domain.EvidenceEndings[in.MediaType] == "":
		return EvidenceView{}, domain.Fail(domain.CodeMedia, "Send a photo (JPEG, PNG, WebP, HEIC) or a recording (M4A, MP3, Ogg, WAV).")
	case sniff(in.Body) != in.MediaType:
		return EvidenceView{}, domain.Fail(domain.CodeUnprocessable, "The file is not what its Content-Type says.").At("", in.MediaType)
	}
	if found, err := s.Replay(ctx, call); err != nil || found {
		return EvidenceView{}, err
	}
	sum := sha256.Sum256(in.Body)
	e := domain.Evidence{ID: casework.IDOr(s.Service, in.ID), FlagID: flag, UploadedBy: call.Actor.UserID, MediaType: in.MediaType,
		Size:   int64(len(in.Body)),
		Digest: hex.EncodeToString(sum[:])}
	var f *domain.Flag
	judge := func(tx domain.Tx) (_ *domain.Evidence, err error) {
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
				return nil, domain.IDTaken()
			case there[i].RemovedAt != nil:
				continue
			case there[i].Digest == e.Digest:
				return &there[i], nil
			}
			kept++
		}
		switch {
		case kept >= evidenceMost:
			return nil, domain.Fail(domain.CodeState, "A report takes %d files.", evidenceMost)
		case len(there) >= evidenceEver:
			return nil, domain.Fail(domain.CodeState, "A report takes %d files, with those that were removed.", evidenceEver)
		}
		return nil, nil
	}
	// No file is written for what would be refused, and no transaction waits
	// for a file.
	var there *domain.Evidence
	if err := s.InWork(ctx, nil, func(tx *casework.Work) (err error) {
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
	out, err := casework.Run(ctx, s.Service, call, func(tx *casework.Work) (EvidenceView, error) {
		kept = false
		there, err := judge(tx)
		if err != nil {
			return EvidenceView{}, err
		}
		if there != nil {
			return NewEvidenceView(call.Actor, f, there), nil
		}
		if e.File == "" {
			return EvidenceView{}, domain.Fail(domain.CodeUnavailable, "It was being removed; send it again.")
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
func checkRemoval(a domain.Actor, f *domain.Flag, e *domain.Evidence) error {
	switch {
	case e.UploadedBy != a.UserID:
		return domain.Fail(domain.CodeForbidden, "Only who uploaded it removes it.")
	case e.RemovedAt != nil:
		return domain.Fail(domain.CodeState, "It was removed already.")
	case !f.Status.Open():
		return domain.Fail(domain.CodeState, "The report is %s; what it was judged by stays.", f.Status).With("status", f.Status)
	}
	return nil
}

// RemoveEvidence takes a file away before the decision: who uploaded it. Who,
// when and the digest stay; the bytes go at once, or with the next sweep.
// Errors: CodeNotFound, CodeForbidden, CodeState.
func (s *Service) RemoveEvidence(ctx context.Context, call *casework.Call, flag, id domain.ID, in casework.When) (EvidenceView, error) {
	file := ""
	out, err := casework.Run(ctx, s.Service, call, func(tx *casework.Work) (EvidenceView, error) {
		file = ""
		f, err := tx.LockFlag(flag)
		if err != nil {
			return EvidenceView{}, err
		}
		if all, _ := call.Actor.SeesFlag(f); !all {
			return EvidenceView{}, domain.NotFound("flag")
		}
		there, err := tx.EvidenceOf(f.ID)
		if err != nil {
			return EvidenceView{}, err
		}
		i := slices.IndexFunc(there, func(e domain.Evidence) bool { return e.ID == id })
		if i < 0 {
			return EvidenceView{}, domain.NotFound("evidence")
		}
		e := &there[i]
		if err := checkRemoval(call.Actor, f, e); err != nil {
			return EvidenceView{}, err
		}
		st, err := casework.Stamp(call, in.OccurredAt, time.UTC, tx.Now)
		if err != nil {
			return EvidenceView{}, err
		}
		e.RemovedAt, e.RemovedBy, file = &st.Occurred, &call.Actor.UserID, e.File
		return NewEvidenceView(call.Actor, f, e), tx.SaveEvidence(e)
	})
	if err == nil && file != "" {
		// Left behind, it is the sweep's: no row keeps it any more.
		_ = s.Files.Remove(context.WithoutCancel(ctx), file)
	}
	return out, err
}

// seenFlag is a report that the caller sees whole.
func (s *Service) seenFlag(ctx context.Context, a domain.Actor, flag domain.ID) (*domain.Flag, error) {
	f, err := s.Read.Flag(ctx, a, flag)
	if err != nil {
		return nil, err
	}
	if all, _ := a.SeesFlag(f); !all {
		return nil, domain.NotFound("flag")
	}
	return f, nil
}

// EvidenceList lists the evidence of a report to those who see all of it, what
// was removed included. Errors: CodeNotFound.
func (s *Service) EvidenceList(ctx context.Context, a domain.Actor, flag domain.ID) ([]EvidenceView, error) {
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
func (s *Service) OpenEvidence(ctx context.Context, a domain.Actor, flag, id domain.ID) (*domain.Evidence, io.ReadCloser, error) {
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
	return nil, nil, domain.NotFound("evidence")
}

// packEvidence writes the files of reports, with a list of what they are.
func (s *Service) packEvidence(ctx context.Context, flags []domain.Flag, p *packWriter) error {
	all := []domain.Evidence{}
	for i := range flags {
		list, err := s.Read.Evidence(ctx, flags[i].ID)
		if err != nil {
			return err
		}
		for j := range list {
			if list[j].RemovedAt != nil {
				continue
			}
			if err := s.pack(ctx, p, list[j].FileName(), list[j].File); err != nil {
				return err
			}
		}
		all = append(all, list...)
	}
	return p.json(packedEvidence, all)
}

func (s *Service) pack(ctx context.Context, p *packWriter, as, name string) error {
	file, err := s.Files.Open(ctx, name)
	if err != nil {
		return err
	}
	defer file.Close()
	return p.file(as, file)
}

// EvidenceRetention removes files that belong to no row, of a report or a visit: what a server left
// that was killed between file and row, and what was removed or has run out. It tells how many there were.
func (s *Service) EvidenceRetention(ctx context.Context) (int, error) {
	if s.Files == nil {
		return 0, nil
	}
	done, after := 0, ""
	for {
		names, err := s.Files.Older(ctx, s.Wall().Add(-evidenceOrphan), after, orphansAtOnce)
		if err != nil || len(names) == 0 {
			return done, err
		}
		after = names[len(names)-1]
		kept, err := s.Read.EvidenceFiles(ctx, names)
		if err != nil {
			return done, err
		}
		for _, name := range names {
			if domain.Has(kept, name) {
				continue
			}
			if err := s.Files.Remove(ctx, name); err != nil {
				return done, err
			}
			done++
		}
	}
}
