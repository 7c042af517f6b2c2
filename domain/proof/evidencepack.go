package proof

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"doorstep/domain"
)

// An evidence pack is one ZIP archive with all that is known of a job to whom
// it is given: the timeline with its hash chain, attempts, visits, reports,
// decisions, the household's own account, files. A manifest names every file
// with its digest and is signed with Ed25519 (RFC 8032), so that the pack
// proves itself without this server (docs/product.md section 10).

// PackFormat names the layout of a pack.
const PackFormat = "doorstep-evidence-pack/1"

const (
	packManifest  = "manifest.json"
	packSignature = "manifest.sig" // base64 of the signature over manifest.json
	packEntries   = "facts.jsonl"

	packedEvidence = "evidence.json"
	packMost       = 512 << 20 // bytes of one file that verify reads
)

// PackManifest is what is signed.
type PackManifest struct {
	Format    string     `json:"format"`
	JobID     domain.ID  `json:"job_id"`
	MadeAt    time.Time  `json:"made_at"`
	MadeBy    domain.ID  `json:"made_by"`
	Entries   int64      `json:"facts"` // rows of the timeline
	Head      string     `json:"head"`  // hash of its last row, hexadecimal
	Files     []PackFile `json:"files"`
	KeyID     string     `json:"key_id"`
	PublicKey string     `json:"public_key"` // base64
}

// PackFile is one file of a pack.
type PackFile struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// packedEntry is an entry to the byte. An erased one has neither payload nor salt.
type packedEntry struct {
	domain.Entry
	Payload    string `json:"payload"` // JSON as it was committed
	Salt       []byte `json:"salt"`
	Commitment []byte `json:"commitment"`
	PrevHash   []byte `json:"prev_hash"`
}

// SigningKey is a public key that verifies packs and heads.
type SigningKey struct {
	KeyID     string `json:"key_id"`
	Algorithm string `json:"algorithm"`  // Ed25519
	PublicKey string `json:"public_key"` // base64
	Current   bool   `json:"current"`
}

func keyID(public ed25519.PublicKey) string {
	sum := sha256.Sum256(public)
	return hex.EncodeToString(sum[:8])
}

// SigningKeys lists the keys that sign and have signed, the current one first.
func (s *Service) SigningKeys() []SigningKey {
	out := []SigningKey{}
	for i, k := range s.Keys.Keys {
		public := s.Keys.EvidenceKey(k.ID).Public().(ed25519.PublicKey)
		out = append(out, SigningKey{keyID(public), "Ed25519", base64.StdEncoding.EncodeToString(public), i == 0})
	}
	return out
}

// packWriter writes the files of a pack and remembers their digests.
type packWriter struct {
	zip   *zip.Writer
	at    time.Time
	files []PackFile
}

func (p *packWriter) file(name string, from io.Reader) error {
	w, err := p.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: p.at})
	if err != nil {
		return err
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(w, sum), from)
	p.files = append(p.files, PackFile{name, n, hex.EncodeToString(sum.Sum(nil))})
	return err
}

func (p *packWriter) json(name string, v any) error {
	body, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return p.file(name, bytes.NewReader(append(body, '\n')))
}

// EvidencePack writes the pack of a job. The area manager or deputy, and the
// admin; reports and their files as far as the caller may see them. Errors:
// CodeNotFound, CodeForbidden.
func (s *Service) EvidencePack(ctx context.Context, a domain.Actor, id domain.ID, to io.Writer) error {
	job, err := s.Read.Job(ctx, a.Scope(), id)
	if err != nil {
		return err
	}
	if !a.Is(domain.RoleAreaManager, domain.RoleAdmin) {
		return domain.Fail(domain.CodeForbidden, "As %s you may not take an evidence pack; ask the area manager.", domain.RoleWords(a.Role))
	}
	p := &packWriter{zip: zip.NewWriter(to), at: s.Instant()}
	facts, err := s.Read.EntriesOf(ctx, id)
	if err != nil {
		return err
	}
	var lines bytes.Buffer
	enc := json.NewEncoder(&lines)
	for i := range facts {
		f := &facts[i]
		if err := enc.Encode(packedEntry{*f, string(f.Payload), f.Salt, f.Commitment, f.PrevHash}); err != nil {
			return err
		}
	}
	if err := p.file(packEntries, &lines); err != nil {
		return err
	}
	m := PackManifest{Format: PackFormat, JobID: id, MadeAt: p.at, MadeBy: a.UserID, Entries: int64(len(facts))}
	if n := len(facts); n > 0 {
		m.Head = hex.EncodeToString(facts[n-1].Hash)
	}
	if err := s.packContents(ctx, a, job, p); err != nil {
		return err
	}
	if err := p.file("README.txt", bytes.NewReader([]byte(packReadme))); err != nil {
		return err
	}
	key := s.Keys.EvidenceKey(s.Keys.Current())
	public := key.Public().(ed25519.PublicKey)
	m.Files, m.KeyID, m.PublicKey = p.files, keyID(public), base64.StdEncoding.EncodeToString(public)
	manifest, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	signature := base64.StdEncoding.EncodeToString(ed25519.Sign(key, manifest)) + "\n"
	if err := errors.Join(p.file(packManifest, bytes.NewReader(manifest)), p.file(packSignature, strings.NewReader(signature))); err != nil {
		return err
	}
	return p.zip.Close()
}

// packContents writes what stands beside the timeline.
func (s *Service) packContents(ctx context.Context, a domain.Actor, job *domain.Job, p *packWriter) error {
	everything := domain.Scope{All: true} // the job was read in the caller's scope
	holds, plans, err := s.Read.HoldsOfJobs(ctx, []domain.Job{*job})
	if err != nil {
		return err
	}
	if err := p.json("job.json", map[string]any{"job": job, "open_holds": holds[job.ID], "plan": plans[job.ID]}); err != nil {
		return err
	}
	visits, err := pageThrough(func(page domain.Page) ([]domain.Visit, error) {
		return s.Read.Visits(ctx, everything, domain.VisitFilter{JobID: &job.ID}, page)
	}, func(v domain.Visit) (time.Time, domain.ID) { return v.WindowStart, v.ID })
	if err != nil {
		return err
	}
	attempts, err := pageThrough(func(page domain.Page) ([]domain.Attempt, error) {
		return s.Read.Attempts(ctx, everything, job.ID, page)
	},
		func(v domain.Attempt) (time.Time, domain.ID) { return v.OccurredAt, v.ID })
	if err != nil {
		return err
	}
	disputes, err := pageThrough(func(page domain.Page) ([]domain.Dispute, error) {
		return s.Read.Disputes(ctx, everything, domain.DisputeFilter{JobID: &job.ID}, page)
	}, func(v domain.Dispute) (time.Time, domain.ID) { return v.CreatedAt, v.ID })
	if err != nil {
		return err
	}
	promises, err := pageThrough(func(page domain.Page) ([]domain.Promise, error) {
		return s.Read.Promises(ctx, domain.System, domain.PromiseFilter{JobID: &job.ID}, page)
	}, func(v domain.Promise) (time.Time, domain.ID) { return v.CreatedAt, v.ID })
	if err != nil {
		return err
	}
	steps, err := s.Read.Steps(ctx, everything, []domain.ID{job.ID})
	if err != nil {
		return err
	}
	flags, err := pageThrough(func(page domain.Page) ([]domain.Flag, error) {
		return s.Read.Flags(ctx, a, domain.FlagFilter{JobID: &job.ID}, page)
	},
		func(v domain.Flag) (time.Time, domain.ID) { return v.CreatedAt, v.ID })
	if err != nil {
		return err
	}
	flags = slices.DeleteFunc(flags, func(f domain.Flag) bool { all, _ := a.SeesFlag(&f); return !all })
	for _, f := range []struct {
		name string
		rows any
	}{{"visits.json", visits}, {"attempts.json", attempts}, {"disputes.json", disputes}, {"promises.json", promises}, {"flags.json", flags},
		{"household.json", map[string]any{"fault": job.Fault, "what_matters": job.WhatMatters, "tried_steps": steps}}} {
		if err := p.json(f.name, f.rows); err != nil {
			return err
		}
	}
	if err := s.packFiles(ctx, visits, p); err != nil {
		return err
	}
	return s.packEvidence(ctx, flags, p)
}

// pageThrough reads a list to its end.
func pageThrough[T any](fetch func(domain.Page) ([]T, error), key func(T) (time.Time, domain.ID)) ([]T, error) {
	const limit = 200
	out := []T{}
	page := domain.Page{Limit: limit}
	for {
		rows, err := fetch(page)
		if err != nil {
			return nil, err
		}
		out = append(out, rows...)
		if len(rows) < limit {
			return out, nil
		}
		at, id := key(rows[len(rows)-1])
		page.AfterAt, page.AfterID = &at, &id
	}
}

const packReadme = `An evidence pack of one repair job.

manifest.json names every file with its SHA-256; manifest.sig is the Ed25519
signature over manifest.json, in base64, by the key that it names. facts.jsonl
is the timeline: each row's hash covers the row before it and a salted
commitment to its payload, so that a payload may have been erased and the order
and number of the facts are proven all the same. evidence.json names each photo
and recording with its SHA-256; of one that its uploader removed before the
decision there is that digest, who and when, and no file. files.json says the
same of the photos, signatures and recordings of visits, with the consent to each.

Verify without any server:  doorstep verify pack.zip
Compare the key with what the brand publishes:  GET /v1/signing-keys
`

// PackReport is what verifying a pack found.
type PackReport struct {
	Manifest PackManifest
	Files    int
	Entries  int
	Erased   int // payloads that were erased; their commitments hold
	Removed  int // evidence that was removed before the decision; its digest stands
}

// VerifyPack proves a pack without a server: signature, files, chain. With a
// key (base64) it must be the one that signed. The error says what is wrong.
func VerifyPack(r io.ReaderAt, size int64, key string) (*PackReport, error) {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("this is no ZIP archive: %w", err)
	}
	found := map[string]*zip.File{}
	for _, f := range archive.File {
		if found[f.Name] != nil {
			return nil, fmt.Errorf("%s is there twice", f.Name)
		}
		found[f.Name] = f
	}
	raw, err := unpack(found[packManifest], 16<<20)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", packManifest, err)
	}
	signed, err := unpack(found[packSignature], 1000)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", packSignature, err)
	}
	out := &PackReport{}
	m := &out.Manifest
	if err := json.Unmarshal(raw, m); err != nil || m.Format != PackFormat {
		return nil, fmt.Errorf("%s is not of the format %s", packManifest, PackFormat)
	}
	if key != "" && key != m.PublicKey {
		return nil, fmt.Errorf("it is signed by the key %s, not by the one given", m.KeyID)
	}
	public, err := base64.StdEncoding.DecodeString(m.PublicKey)
	if err != nil || len(public) != ed25519.PublicKeySize || keyID(public) != m.KeyID {
		return nil, errors.New("the manifest names no key")
	}
	signature, err := base64.StdEncoding.DecodeString(string(bytes.TrimSpace(signed)))
	if err != nil || !ed25519.Verify(public, raw, signature) {
		return nil, errors.New("the signature does not fit the manifest: one of both was changed")
	}
	var facts, evidence []byte
	for _, f := range m.Files {
		entry := found[f.Name]
		if entry == nil {
			return nil, fmt.Errorf("%s is missing", f.Name)
		}
		delete(found, f.Name)
		body, err := unpack(entry, packMost)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		if sum := sha256.Sum256(body); hex.EncodeToString(sum[:]) != f.SHA256 || int64(len(body)) != f.Bytes {
			return nil, fmt.Errorf("%s was changed", f.Name)
		}
		switch f.Name {
		case packEntries:
			facts = body
		case packedEvidence:
			evidence = body
		}
		out.Files++
	}
	for name := range found {
		if name != packManifest && name != packSignature {
			return nil, fmt.Errorf("%s is not in the manifest", name)
		}
	}
	if err := out.verifyEvidence(evidence); err != nil {
		return nil, err
	}
	return out, out.verifyEntries(facts)
}

// verifyEvidence holds the list of evidence against the files: each is there
// with its digest, and of what was removed there is the digest alone.
func (out *PackReport) verifyEvidence(list []byte) error {
	var rows []domain.Evidence
	if err := json.Unmarshal(list, &rows); list != nil && err != nil {
		return fmt.Errorf("%s: %w", packedEvidence, err)
	}
	sums := map[string]string{}
	for _, f := range out.Manifest.Files {
		sums[f.Name] = f.SHA256
	}
	for i := range rows {
		e := &rows[i]
		sum, there := sums[e.FileName()]
		digest, err := hex.DecodeString(e.Digest)
		switch {
		case err != nil || len(digest) != sha256.Size:
			return fmt.Errorf("%s: evidence %s has no digest", packedEvidence, e.ID)
		case e.RemovedAt != nil && there:
			return fmt.Errorf("%s is there, and is said to have been removed", e.FileName())
		case e.RemovedAt != nil:
			out.Removed++
		case sum != e.Digest:
			return fmt.Errorf("%s is not what was uploaded", e.FileName())
		}
	}
	return nil
}

func (out *PackReport) verifyEntries(lines []byte) error {
	head, err := hex.DecodeString(out.Manifest.Head)
	if err != nil {
		return errors.New("the manifest's head is no hash")
	}
	chain := []domain.Entry{}
	dec := json.NewDecoder(bytes.NewReader(lines))
	for dec.More() {
		var p packedEntry
		if err := dec.Decode(&p); err != nil {
			return fmt.Errorf("%s, row %d: %w", packEntries, len(chain)+1, err)
		}
		f := p.Entry
		f.Payload, f.Salt, f.Commitment, f.PrevHash = domain.RawJSON(p.Payload), p.Salt, p.Commitment, p.PrevHash
		if len(f.PrevHash) == 0 {
			f.PrevHash = nil
		}
		if len(f.Salt) == 0 {
			out.Erased++
		}
		if f.JobID != out.Manifest.JobID {
			return fmt.Errorf("row %d is of another job", f.Seq)
		}
		chain = append(chain, f)
	}
	out.Entries = len(chain)
	if fault := domain.VerifyChain(&domain.Job{Meta: domain.Meta{ID: out.Manifest.JobID}, Seq: out.Manifest.Entries, ChainHead: head},
		chain); fault != nil {
		return fmt.Errorf("the timeline, row %d: %s", fault.Seq, fault.Why)
	}
	return nil
}

func unpack(f *zip.File, most int64) ([]byte, error) {
	if f == nil {
		return nil, errors.New("it is missing")
	}
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	body, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && int64(len(body)) > most {
		err = errors.New("it is too large")
	}
	return body, err
}
