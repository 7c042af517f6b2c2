package proof

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"doorstep/domain"
	"doorstep/domain/casework"
	"doorstep/domain/reach"
)

// VisitFileInput is what a phone announces of a file before it sends it, or that the household said no.
type VisitFileInput struct {
	ID        *domain.ID `json:"id"`
	Kind      string     `json:"kind"`
	TakenAt   string     `json:"taken_at"`
	Asked     bool       `json:"asked"`
	Agreed    bool       `json:"agreed"`
	MediaType string     `json:"media_type"`
	Size      int64      `json:"size"`
	SHA256    string     `json:"sha256"`
}

// VisitFileView is a file as answered.
type VisitFileView struct {
	domain.VisitFile
	State string `json:"state"` // declined, uploading, kept, removed
}

// Head gives id and version for Location and ETag.
func (v VisitFileView) Head() (domain.ID, int64) {
	switch v.State {
	case "kept":
		return v.ID, 2
	case "removed":
		return v.ID, 3
	}
	return v.ID, 1
}

func viewFile(f *domain.VisitFile) VisitFileView {
	switch {
	case f.RemovedAt != nil:
		return VisitFileView{*f, "removed"}
	case !f.Agreed:
		return VisitFileView{*f, "declined"}
	case f.KeptAt == nil:
		return VisitFileView{*f, "uploading"}
	}
	return VisitFileView{*f, "kept"}
}

// checkFile refuses what cannot be announced.
func checkFile(in *VisitFileInput) error {
	refuse := func(at, want string) error {
		return domain.Fail(domain.CodeUnprocessable, "This cannot be announced so.").At(at, want)
	}
	sort, _, _ := strings.Cut(in.MediaType, "/")
	switch {
	case in.Agreed && !in.Asked:
		return refuse("/asked", "true: the household is asked each time, before it agrees")
	case !in.Agreed && (in.Size != 0 || in.SHA256 != "" || in.MediaType != ""):
		return refuse("/agreed", "true: without it only the answer is kept")
	case !in.Agreed:
		return nil
	case in.Size > domain.VisitFileMax:
		return domain.Fail(domain.CodeTooLarge, "A file has at most 10 MiB.")
	case in.Size < 1:
		return refuse("/size", "how many bytes it has")
	case len(in.SHA256) != 2*sha256.Size || strings.Trim(in.SHA256, "0123456789abcdef") != "":
		return refuse("/sha256", "the SHA-256 of the file, hexadecimal")
	case in.Kind == "voice" && (sort != "audio" || domain.EvidenceEndings[in.MediaType] == ""):
		return refuse("/media_type", "audio/mp4, audio/mpeg, audio/ogg or audio/wav")
	case in.Kind != "voice" && !slices.Contains([]string{"image/jpeg", "image/png", "image/webp"}, in.MediaType):
		return refuse("/media_type", "image/jpeg, image/png or image/webp")
	}
	return nil
}

// AnnounceFile begins the upload of a file of a visit, or keeps that the household said no to one: whoever is in the crew, or was when
// it was taken. Errors: CodeNotFound, CodeForbidden, CodeState, CodeUnprocessable, CodeTooLarge, CodeDuplicate.
func (s *Service) AnnounceFile(ctx context.Context, call *casework.Call, visit domain.ID, in VisitFileInput) (VisitFileView, error) {
	return casework.Run(ctx, s.Service, call, func(tx *casework.Work) (VisitFileView, error) {
		m, err := casework.OpenVisit(tx, visit)
		if err != nil {
			return VisitFileView{}, err
		}
		sees, was := call.Actor.Sees(m.Visit), call.Actor.WasInCrew(m.Visit)
		switch {
		case !sees && !was:
			return VisitFileView{}, domain.NotFound("visit")
		case call.Actor.Role != domain.RoleTechnician:
			return VisitFileView{}, domain.Fail(domain.CodeForbidden, "The crew sends the files of a visit.")
		}
		if err := checkFile(&in); err != nil {
			return VisitFileView{}, err
		}
		if err := m.Stamp(call, in.TakenAt); err != nil {
			return VisitFileView{}, err
		}
		if !sees {
			if there, err := m.WasThere(call.Actor.UserID); err != nil || !there {
				return VisitFileView{}, errors.Join(err, domain.NotFound("visit"))
			}
		}
		f := domain.VisitFile{ID: casework.IDOr(s.Service, in.ID), VisitID: visit, UploadedBy: call.Actor.UserID, CreatedAt: tx.Now,
			Kind: in.Kind, TakenAt: m.Said.Occurred, Asked: in.Asked, Agreed: in.Agreed, MediaType: in.MediaType, Size: in.Size,
			SHA256: in.SHA256, ExpiresAt: tx.Now.Add(domain.UploadKept)}
		there, err := tx.VisitFiles(visit)
		if err != nil {
			return VisitFileView{}, err
		}
		for i := range there {
			if e := &there[i]; e.ID == f.ID && (e.SHA256 != f.SHA256 || e.Kind != f.Kind || e.UploadedBy != f.UploadedBy) {
				return VisitFileView{}, domain.IDTaken()
			} else if e.ID == f.ID {
				return viewFile(e), nil
			}
		}
		if len(there) >= domain.VisitFiles {
			return VisitFileView{}, domain.Fail(domain.CodeState, "A visit takes %d files.", domain.VisitFiles)
		}
		if !f.Agreed {
			f.ExpiresAt = tx.Now.Add(domain.FileKept[f.Kind])
			fileEntry(m, call.Actor, "file.declined", &f)
		}
		return viewFile(&f), tx.InsertVisitFile(&f)
	})
}

func fileEntry(m *casework.VisitCase, a domain.Actor, kind string, f *domain.VisitFile) {
	m.Entry(a, kind, &f.VisitID, map[string]any{"file_id": f.ID, "kind": f.Kind, "asked": f.Asked, "agreed": f.Agreed, "digest": f.Digest,
		"taken_at": f.TakenAt})
}

// arriving bounds how many files are put together at once: each holds all of its bytes then, and else one chunk.
var arriving = make(chan struct{}, 4)

// chunk is one part of an upload while it is judged.
type chunk struct {
	m     *casework.VisitCase
	f     *domain.VisitFile
	parts []domain.VisitFilePart
	rules reach.Policy
}

// judgeChunk finds the upload that a chunk belongs to, and says where it goes on.
func judgeChunk(tx *casework.Work, a domain.Actor, visit, id domain.ID, at int64, size int) (*chunk, error) {
	m, err := casework.OpenVisit(tx, visit)
	if err != nil {
		return nil, err
	}
	if !a.WasInCrew(m.Visit) {
		if !a.Sees(m.Visit) {
			return nil, domain.NotFound("visit")
		}
		return nil, domain.Fail(domain.CodeForbidden, "Who announced a file sends it.")
	}
	files, err := tx.VisitFiles(visit)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(files, func(f domain.VisitFile) bool {
		return f.ID == id && f.UploadedBy == a.UserID && f.Agreed && f.RemovedAt == nil
	})
	if i < 0 {
		return nil, domain.NotFound("file")
	}
	c := &chunk{m: m, f: &files[i]}
	left := c.f.Size - c.f.Received
	switch {
	case at != c.f.Received || c.f.KeptAt != nil:
		return c, domain.Fail(domain.CodeState, "%d bytes are here; go on from there.", c.f.Received).With("received", c.f.Received)
	case int64(size) > left:
		return c, domain.Fail(domain.CodeTooLarge, "%d bytes are missing; these are %d.", left, size)
	case int64(size) < min(left, domain.ChunkLeast):
		return c, domain.Fail(domain.CodeUnprocessable, "A chunk that is not the last has at least 16 KiB.").At("", "16 KiB to 256 KiB")
	}
	if c.parts, err = tx.VisitFileParts(id); err != nil {
		return c, err
	}
	policies, err := tx.Policies(m.Visit.CentreID)
	c.rules = casework.EffectivePolicy(policies, tx.Now)
	return c, err
}

// AppendFile takes the next chunk of an upload and, with its last one, keeps the file. It gives how much of it is here, -1 where that
// is nobody's business: also when it refuses, so that the phone goes on from there. Errors: CodeNotFound, CodeForbidden, CodeState
// (wrong offset), CodeTooLarge, CodeUnprocessable (it is not what was announced, and begins anew).
func (s *Service) AppendFile(ctx context.Context, call *casework.Call, visit, id domain.ID, at int64, body []byte) (int64, error) {
	received, name, last := int64(-1), "", false
	var c *chunk
	judge := func(tx *casework.Work) (err error) {
		received = -1
		c, err = judgeChunk(tx, call.Actor, visit, id, at, len(body))
		if c != nil {
			received = c.f.Received
		}
		return err
	}
	if err := s.InWork(ctx, call, judge); err != nil {
		return received, err
	}
	bytes, kept := body, *c.f
	if last = at+int64(len(body)) == c.f.Size; last {
		select {
		case arriving <- struct{}{}:
			defer func() { <-arriving }()
		case <-ctx.Done():
			return received, ctx.Err()
		}
		var err error
		if bytes, err = s.putTogether(ctx, c, body); err != nil {
			return received, err
		}
		if bytes == nil {
			return 0, s.beginAnew(ctx, call, visit, id, at, len(body))
		}
		sum := sha256.Sum256(bytes)
		kept.KeptSize, kept.Digest = int64(len(bytes)), hex.EncodeToString(sum[:])
	}
	random := make([]byte, 16)
	_, _ = rand.Read(random) // never fails: crypto/rand ends the program instead
	name = hex.EncodeToString(random)
	if err := s.Files.Put(ctx, name, bytes); err != nil {
		return received, err
	}
	err := s.InWork(ctx, call, func(tx *casework.Work) error {
		if err := judge(tx); err != nil {
			return err
		}
		c.f.Received += int64(len(body))
		if !last {
			return errors.Join(tx.InsertVisitFilePart(&domain.VisitFilePart{FileID: id, FromByte: at, Size: int64(len(body)), File: name}),
				tx.SaveVisitFile(c.f))
		}
		c.f.File, c.f.Digest, c.f.KeptSize, c.f.KeptAt = name, kept.Digest, kept.KeptSize, &tx.Now
		c.f.ExpiresAt = tx.Now.Add(domain.FileKept[c.f.Kind])
		fileEntry(c.m, call.Actor, "file.kept", c.f)
		return errors.Join(tx.DropVisitFileParts(id), tx.SaveVisitFile(c.f))
	})
	if err != nil { // what no row keeps is the sweep's
		return received, err
	}
	return at + int64(len(body)), nil
}

// putTogether gives the whole file as it is to be kept; nil: it is not what was announced.
func (s *Service) putTogether(ctx context.Context, c *chunk, tail []byte) ([]byte, error) {
	whole := make([]byte, 0, c.f.Size)
	for _, p := range c.parts {
		r, err := s.Files.Open(ctx, p.File)
		if err != nil {
			return nil, err
		}
		n, err := io.ReadFull(r, whole[len(whole):len(whole)+int(p.Size)])
		_ = r.Close()
		if err != nil {
			return nil, fmt.Errorf("a part of a file: %w", err)
		}
		whole = whole[:len(whole)+n]
	}
	whole = append(whole, tail...)
	sum := sha256.Sum256(whole)
	if hex.EncodeToString(sum[:]) != c.f.SHA256 || sniff(whole) != c.f.MediaType {
		return nil, nil
	}
	if c.rules.KeepPhotoPlace {
		return whole, nil
	}
	return withoutPlace(c.f.MediaType, whole), nil
}

// beginAnew forgets what has arrived of a file that is not what was announced.
func (s *Service) beginAnew(ctx context.Context, call *casework.Call, visit, id domain.ID, at int64, size int) error {
	err := s.InWork(ctx, call, func(tx *casework.Work) error {
		c, err := judgeChunk(tx, call.Actor, visit, id, at, size)
		if err != nil {
			return err
		}
		c.f.Received = 0
		return errors.Join(tx.DropVisitFileParts(id), tx.SaveVisitFile(c.f))
	})
	if err != nil {
		return err
	}
	return domain.Fail(domain.CodeUnprocessable, "It is not the file that was announced; send it from its beginning.").
		At("", "the bytes of sha256, whole and of media_type")
}

// VisitFiles lists the files of a visit to whoever sees it, and to others of a crew of before what they brought. Errors: CodeNotFound.
func (s *Service) VisitFiles(ctx context.Context, a domain.Actor, visit domain.ID) ([]VisitFileView, error) {
	v, unseen := s.Read.Visit(ctx, a.Scope(), visit)
	if unseen != nil && (!casework.NotFound(unseen) || a.Role != domain.RoleTechnician) {
		return nil, unseen
	}
	rows, err := s.Read.VisitFiles(ctx, visit)
	out := []VisitFileView{}
	for i := range rows {
		if a.SeesFile(v, &rows[i]) {
			out = append(out, viewFile(&rows[i]))
		}
	}
	if err == nil && len(out) == 0 {
		err = unseen
	}
	return out, err
}

// VisitFile gives one of them. Errors: CodeNotFound.
func (s *Service) VisitFile(ctx context.Context, a domain.Actor, visit, id domain.ID) (*VisitFileView, error) {
	list, err := s.VisitFiles(ctx, a, visit)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(list, func(f VisitFileView) bool { return f.ID == id })
	if i < 0 {
		return nil, domain.NotFound("file")
	}
	return &list[i], nil
}

// OpenFile gives the bytes of one that is whole; the caller closes them. Errors: CodeNotFound, CodeState.
func (s *Service) OpenFile(ctx context.Context, f *VisitFileView) (io.ReadCloser, error) {
	if f.State != "kept" {
		return nil, domain.Fail(domain.CodeState, "It is %s.", f.State).With("state", f.State)
	}
	return s.Files.Open(ctx, f.File)
}

const packedFiles = "files.json"

// packFiles writes the files of visits, with a list of what they are.
func (s *Service) packFiles(ctx context.Context, visits []domain.Visit, p *packWriter) error {
	all := []VisitFileView{}
	for i := range visits {
		rows, err := s.Read.VisitFiles(ctx, visits[i].ID)
		if err != nil {
			return err
		}
		for j := range rows {
			f := viewFile(&rows[j])
			all = append(all, f)
			if f.State != "kept" {
				continue
			}
			if err := s.pack(ctx, p, f.FileName(), f.File); err != nil {
				return err
			}
		}
	}
	return p.json(packedFiles, all)
}
