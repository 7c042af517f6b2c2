package domain

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"time"
)

// Entry is one entry of a job's timeline. Facts are appended and never edited.
// The chain covers canonical bytes that hold only a salted commitment to the
// payload, so that payload and salt can be erased and the chain still proves
// order and number (docs/product.md section 10).
type Entry struct {
	JobID      ID         `json:"job_id"`
	Seq        int64      `json:"seq"`
	ID         ID         `json:"id"`
	Kind       string     `json:"kind"` // e.g. visit.scheduled, attempt.recorded
	VisitID    *ID        `json:"visit_id"`
	ActorRole  Role       `json:"by_role"`
	ActorID    *ID        `json:"by_id"`
	OccurredAt time.Time  `json:"occurred_at"`
	ClaimedAt  *time.Time `json:"claimed_at"`
	RecordedAt time.Time  `json:"recorded_at"`
	Payload    RawJSON    `json:"payload"`
	Salt       []byte     `json:"-"`
	Commitment []byte     `json:"-"`
	PrevHash   []byte     `json:"-"`
	Hash       []byte     `json:"hash"`
}

// RawJSON is JSON as it was written, to the byte: the chain commits to it.
type RawJSON []byte

// MarshalJSON writes the bytes as they are.
func (r RawJSON) MarshalJSON() ([]byte, error) { return json.RawMessage(r).MarshalJSON() }

// UnmarshalJSON keeps the bytes as they are.
func (r *RawJSON) UnmarshalJSON(b []byte) error { *r = append((*r)[:0], b...); return nil }

// Commit binds a payload to a salt without revealing either.
func Commit(salt, payload []byte) []byte {
	h := sha256.New()
	h.Write(salt)
	h.Write(payload)
	return h.Sum(nil)
}

// chainHash covers the fixed-width canonical form of a fact.
func (f *Entry) chainHash() []byte {
	h := sha256.New()
	h.Write(f.PrevHash)
	h.Write(f.JobID[:])
	h.Write(f.ID[:])
	num := func(n int64) {
		var b [8]byte
		binary.BigEndian.PutUint64(b[:], uint64(n))
		h.Write(b[:])
	}
	text := func(s string) { num(int64(len(s))); h.Write([]byte(s)) }
	num(f.Seq)
	text(f.Kind)
	text(string(f.ActorRole))
	if f.ActorID != nil {
		h.Write(f.ActorID[:])
	} else {
		h.Write(make([]byte, 16))
	}
	if f.VisitID != nil {
		h.Write(f.VisitID[:])
	} else {
		h.Write(make([]byte, 16))
	}
	num(f.OccurredAt.UnixMicro())
	num(f.RecordedAt.UnixMicro())
	if f.ClaimedAt != nil {
		num(f.ClaimedAt.UnixMicro())
	} else {
		num(-1 << 62)
	}
	h.Write(f.Commitment)
	return h.Sum(nil)
}

// Append links a fact to the job's chain and moves the chain's head. The
// caller holds the lock of the job's row.
func (j *Job) Append(f *Entry) {
	j.Seq++
	f.JobID, f.Seq, f.PrevHash = j.ID, j.Seq, j.ChainHead
	if len(f.Payload) == 0 {
		f.Payload = RawJSON("{}")
	}
	f.Salt = make([]byte, 16)
	_, _ = rand.Read(f.Salt)
	f.Commitment = Commit(f.Salt, f.Payload)
	f.Hash = f.chainHash()
	j.ChainHead = f.Hash
}

// ChainFault is the first bad row of a chain.
type ChainFault struct {
	JobID ID     `json:"job_id"`
	Seq   int64  `json:"seq"`
	Why   string `json:"why"`
}

// VerifyChain proves the facts of one job, in order of seq, against the head
// kept on the job. A payload may be erased (salt empty); its commitment must
// still fit the chain.
func VerifyChain(j *Job, facts []Entry) *ChainFault {
	var prev []byte
	for i := range facts {
		f := &facts[i]
		bad := func(why string) *ChainFault { return &ChainFault{j.ID, f.Seq, why} }
		switch {
		case f.Seq != int64(i)+1:
			return bad("a row before it is missing")
		case string(f.PrevHash) != string(prev):
			return bad("it does not continue the row before it")
		case len(f.Salt) > 0 && string(Commit(f.Salt, f.Payload)) != string(f.Commitment),
			len(f.Salt) == 0 && len(f.Payload) > 0 && string(f.Payload) != "{}": // erased means payload and salt
			return bad("its payload is not what was committed")
		case string(f.chainHash()) != string(f.Hash):
			return bad("its content is not what was hashed")
		}
		prev = f.Hash
	}
	if j.Seq != int64(len(facts)) || string(j.ChainHead) != string(prev) {
		return &ChainFault{j.ID, int64(len(facts)) + 1, "the chain ends before the job's head"}
	}
	return nil
}
