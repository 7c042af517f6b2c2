package reach

import (
	"math/bits"
	"slices"

	"github.com/google/uuid"
)

// tried is a counting attempt, reduced to what the rule "enough" looks at.
type tried struct {
	at       int64
	entry    int32 // index into the attempts in order
	channel  uint8
	part     uint8
	number   int8 // index of the number tried, -1 for none
	evidence bool // proven or recorded
	second   bool // at the second contact
	by       uuid.UUID
}

// chain is what a set of counting attempts, each at least the gap after the one before, has so far. Channels and parts
// of the day become all-ones as soon as there are enough of them: from then on which ones they were cannot matter.
type chain struct {
	first   int64
	numbers uint64
	parts   uint8
	channel uint8
	count   int32
	// proof is proofMet, proofNone, or the index of an attempt by the only person so far.
	proof int32
	// seq is when the chain came to the front.
	seq int32
}

const (
	proofMet  = -1
	proofNone = -2

	allChannels = 1<<len(channels) - 1
	allParts    = 1<<3 - 1

	// frontLimit bounds the work on input that no household produces (dozens of numbers all tried within one gap).
	// Beyond it chains are dropped, so the answer can then only err towards "not enough", in the household's favour.
	frontLimit = 256
)

// best is the chain that comes nearest to enough: what is missing is said about it.
type best struct {
	chain
	last    int64
	deficit int
	found   bool
}

// search finds the earliest attempt that completes some set which is enough (docs/product.md section 4), exactly.
//
// It walks the attempts in order of time and keeps, for the chains that end at least one gap before the present
// attempt, only those that no other one dominates (has no less of anything and began no later). Every requirement only
// grows along a chain, so a dominated chain can never succeed where its dominator fails. A chain that took an attempt
// dominates the same chain without it as soon as the gap is over, so the front stays as small as the number of real
// conflicts inside one gap.
//
// That it asks for *some* set is what makes the rule monotone: one counting attempt more leaves every set as it was.
type search struct {
	r       *rules
	needed  uint64 // the numbers that must be tried
	tooMany bool   // more numbers than can be told apart: never enough
	items   []tried
	ready   []chain // in rising order of seq
	seq     int32
	kinds   []kind
	best    best
	made    []chain
	ends    []int32
}

func (s *search) begin(r *rules, items []tried, tooMany bool) {
	*s = search{r: r, items: items, tooMany: tooMany, ready: s.ready[:0], kinds: s.kinds[:0], made: s.made[:0], ends: s.ends[:0]}
}

// end lets go of the case.
func (s *search) end() { s.r = nil }

func (s *search) run() (completing int, ok bool) {
	n := len(s.items)
	made := slices.Grow(s.made[:0], n+8)
	ends := slices.Grow(s.ends[:0], n) // made[:ends[j]] are the chains that end at or before item j
	defer func() { s.made, s.ends = made, ends }()
	merged, from := 0, int32(0)
	for i := range s.items {
		it := &s.items[i]
		for merged < i && s.items[merged].at <= it.at-s.r.gap {
			for _, c := range made[from:ends[merged]] {
				s.keep(c)
			}
			from = ends[merged]
			merged++
		}
		k := s.kind(it)
		if k.lacksSpan && it.at-k.longest.first >= s.r.span {
			return i, true
		}
		if k.lacksSpan {
			s.note(k.longest, it.at)
		}
		// The attempt on its own is only of use where no chain could take it.
		if len(s.ready) == 0 && k.seen < 0 {
			c := s.extend(chain{first: it.at, proof: proofNone}, i)
			if s.note(c, it.at) == 0 {
				return i, true
			}
			made = append(made, c)
		}
		for r := len(s.ready) - 1; r >= 0 && s.ready[r].seq > k.seen; r-- {
			c := s.extend(s.ready[r], i)
			d := s.note(c, it.at)
			if d == 0 {
				return i, true
			}
			if d == 1 && it.at-c.first < s.r.span && (!k.lacksSpan || c.first < k.longest.first) {
				k.lacksSpan, k.longest = true, c
			}
			// What the attempt adds nothing to is dominated by the chain without it.
			if c != s.ready[r] {
				made = append(made, c)
			}
		}
		k.seen = s.seq
		ends = append(ends, int32(len(made)))
	}
	return 0, false
}

// kind remembers, for attempts that are alike to the rule, which chains one of them has already extended. A later one
// extending the same chain makes nothing that the earlier one did not make sooner, but for the span from first to
// last: for that, the longest chain that lacks nothing else is kept.
type kind struct {
	by        uuid.UUID
	key       uint32
	seen      int32
	lacksSpan bool
	longest   chain
}

func (s *search) kind(it *tried) *kind {
	if it.number >= 0 && s.needed&(1<<it.number) == 0 {
		it.number = -1
	}
	if it.evidence {
		it.by = uuid.Nil
	}
	key := uint32(it.channel) | uint32(it.part)<<4 | uint32(uint8(it.number))<<8
	if it.evidence {
		key |= 1 << 16
	}
	for i := range s.kinds {
		if s.kinds[i].key == key && s.kinds[i].by == it.by {
			return &s.kinds[i]
		}
	}
	s.kinds = append(s.kinds, kind{key: key, by: it.by, seen: -1})
	return &s.kinds[len(s.kinds)-1]
}

func (s *search) extend(c chain, i int) chain {
	it := &s.items[i]
	if int(c.count) < s.r.MinAttempts {
		c.count++
	}
	c.channel |= 1 << it.channel
	if c.channel != allChannels && bits.OnesCount8(c.channel) >= s.r.MinChannels {
		c.channel = allChannels
	}
	c.parts |= 1 << it.part
	if c.parts != allParts && bits.OnesCount8(c.parts) >= s.r.MinDayParts {
		c.parts = allParts
	}
	if it.number >= 0 {
		c.numbers |= 1 << it.number & s.needed
	}
	switch {
	case c.proof == proofMet:
	case it.evidence:
		c.proof = proofMet
	case it.by == uuid.Nil:
	case c.proof == proofNone:
		c.proof = int32(i)
	case s.items[c.proof].by != it.by:
		c.proof = proofMet
	}
	return c
}

// note keeps the best chain seen and says how many things this one lacks; with none it is enough.
func (s *search) note(c chain, last int64) int {
	d := s.r.MinAttempts - int(c.count) + bits.OnesCount64(s.needed&^c.numbers)
	if c.channel != allChannels {
		d += s.r.MinChannels - bits.OnesCount8(c.channel)
	}
	if c.parts != allParts {
		d += s.r.MinDayParts - bits.OnesCount8(c.parts)
	}
	if c.proof != proofMet {
		d++
	}
	if last-c.first < s.r.span {
		d++
	}
	if s.tooMany {
		d++
	}
	if !s.best.found || d < s.best.deficit || d == s.best.deficit && last-c.first > s.best.last-s.best.first {
		s.best = best{chain: c, last: last, deficit: d, found: true}
	}
	return d
}

// keep puts a chain into the front unless another one dominates it.
func (s *search) keep(c chain) {
	for i := range s.ready {
		if s.dominates(&s.ready[i], &c) {
			return
		}
	}
	kept := 0
	for i := range s.ready {
		if s.dominates(&c, &s.ready[i]) {
			continue
		}
		if kept != i {
			s.ready[kept] = s.ready[i]
		}
		kept++
	}
	s.ready = s.ready[:kept]
	if len(s.ready) < frontLimit {
		s.seq++
		c.seq = s.seq
		s.ready = append(s.ready, c)
	}
}

func (s *search) dominates(a, b *chain) bool {
	if a.first > b.first || a.count < b.count || b.channel&^a.channel != 0 || b.parts&^a.parts != 0 || b.numbers&^a.numbers != 0 {
		return false
	}
	if a.proof == b.proof || a.proof == proofMet || b.proof == proofNone {
		return true
	}
	return a.proof >= 0 && b.proof >= 0 && s.items[a.proof].by == s.items[b.proof].by
}
