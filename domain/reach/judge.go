package reach

import (
	"bytes"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
)

// Judge computes the verdict of docs/product.md section 4. It never fails and does not depend on the order of the case's
// slices; attempts at the same instant are ordered by id.
//
// Contact (anything inbound; outbound `reached`, `refused`, `hostile`, `cut_off`) counts at any age and ends the case: only what
// happened after the last contact belongs to the present one, and the verdict stays `reached` until an attempt counts.
// Without contact, an outbound attempt that does not count still makes it `trying`, because somebody tried.
func Judge(c Case) Verdict {
	m := memory.Get().(*scratch)
	j := judging{c: &c, r: rulesOf(c.Policy), l: newLocal(&c.Calendar), now: c.Now.UnixMicro(), scratch: m}
	j.sort()
	j.findContact()
	j.listNumbers()
	j.classify()
	v := j.conclude()
	memory.Put(m)
	return v
}

// scratch is what judging needs for a moment and no verdict keeps. It is reused because the desk's lists judge many
// cases in a row, and clearing up after each would cost as much as judging it. It holds no pointer into a case.
type scratch struct {
	items   []tried
	calls   []dayCalls
	written []written
	buf     []byte  // the sentences, one after the other
	built   []built // where in buf the sentence of an excluded attempt stands
	search  search
}

var memory = sync.Pool{New: func() any { return new(scratch) }}

type entry struct {
	at int64
	i  int32
}

type dayCalls struct {
	day   int64
	calls int
}

// written is an outbound message that could be the last notice.
type written struct {
	entry    int32
	excluded int32 // its place among the excluded, -1 if it counts
}

type built struct{ excluded, from, to int32 }

type judging struct {
	c   *Case
	r   rules
	l   *local
	now int64

	order   []entry
	contact int      // place in order of the last contact, -1 for none
	since   int64    // instant of the last contact
	created int64    // instant of the job
	numbers []string // the household's, sorted
	struck  []string
	*scratch

	counts   []uuid.UUID
	excluded []Excluded
	from     int  // where in buf the sentence in hand begins
	anyTried bool // some outbound attempt belongs to the present case, counting or not

	beforeContact, beforeJob string // sentences shared by many attempts
}

func (j *judging) sort() {
	as := j.c.Attempts
	j.order = slices.Grow(j.order[:0], len(as))
	for i := range as {
		j.order = append(j.order, entry{as[i].OccurredAt.UnixMicro(), int32(i)})
	}
	byTime := func(a, b entry) int {
		switch {
		case a.at < b.at:
			return -1
		case a.at > b.at:
			return 1
		}
		return bytes.Compare(as[a.i].ID[:], as[b.i].ID[:])
	}
	// Stores answer in order of time, and to see that is cheaper than to sort again.
	if !slices.IsSortedFunc(j.order, byTime) {
		slices.SortFunc(j.order, byTime)
	}
	// A fact listed twice is one fact.
	j.order = slices.CompactFunc(j.order, func(a, b entry) bool {
		return a.at == b.at && as[a.i].ID == as[b.i].ID && as[a.i].ID != uuid.Nil
	})
}

func isContact(a *Attempt) bool {
	if a.Discounted != "" {
		return false
	}
	return a.Direction == Inbound || a.Outcome == Reached || a.Outcome == Refused || a.Outcome == Hostile || a.Outcome == CutOff
}

func (j *judging) findContact() {
	j.contact, j.since = -1, math.MinInt64
	for k := len(j.order) - 1; k >= 0; k-- {
		if isContact(&j.c.Attempts[j.order[k].i]) {
			j.contact, j.since = k, j.order[k].at
			return
		}
	}
}

func (j *judging) listNumbers() {
	j.numbers = make([]string, 0, len(j.c.Numbers))
	for _, n := range j.c.Numbers {
		if n.Address != "" {
			j.numbers = append(j.numbers, n.Address)
		}
	}
	slices.Sort(j.numbers)
	j.numbers = slices.Compact(j.numbers)
}

// dialled reports whether the address of an attempt is a phone number.
func dialled(a *Attempt) bool {
	return a.Channel == Phone || a.Channel == SMS || a.Channel == WhatsApp
}

// number finds the household's number that an attempt went to. An attempt without an address went to the only number
// of its contact; where that is not certain, no number was tried.
func (j *judging) number(a *Attempt) int {
	if !dialled(a) {
		return -1
	}
	if a.Address != "" {
		return slices.Index(j.numbers, a.Address)
	}
	if a.ContactID == uuid.Nil {
		if len(j.numbers) == 1 {
			return 0
		}
		return -1
	}
	found := -1
	for i := range j.c.Numbers {
		n := &j.c.Numbers[i]
		if n.ContactID != a.ContactID || n.Address == "" {
			continue
		}
		k := slices.Index(j.numbers, n.Address)
		if found >= 0 && k != found {
			return -1
		}
		found = k
	}
	return found
}

// classify walks the attempts in order and says of each whether it counts or why not.
func (j *judging) classify() {
	j.items = slices.Grow(j.items[:0], len(j.order))
	j.calls, j.written, j.built, j.buf = j.calls[:0], j.written[:0], j.built[:0], j.buf[:0]
	j.counts = make([]uuid.UUID, 0, len(j.order))
	j.excluded = make([]Excluded, 0, len(j.order))
	j.created = math.MinInt64
	if !j.c.JobCreatedAt.IsZero() {
		j.created = j.c.JobCreatedAt.UnixMicro()
	}
	for k := range j.order {
		at := j.order[k].at
		a := &j.c.Attempts[j.order[k].i]
		num := j.number(a)
		day, sec := j.l.wall(at)

		nth := 0
		if a.Channel == Phone && a.Direction != Inbound && !a.CapExempt {
			// Every call rang at the household, also one that does not count or is disputed.
			if nth = j.addCall(day); !a.OfJob {
				nth += j.elsewhere(day, at)
			}
		}
		if a.Discounted != "" {
			j.exclude(a, a.Discounted)
			continue
		}
		if isContact(a) {
			if s := j.addressOf(a, num); s != "" {
				j.struck = slices.DeleteFunc(j.struck, func(o string) bool { return o == s })
			}
			j.exclude(a, contactWords(a))
			continue
		}
		// Only an explicit address says for certain that the number known to be wrong was used again.
		atStruck := a.Address != "" && len(j.struck) > 0 && slices.Contains(j.struck, a.Address)
		if a.Outcome == WrongNumber {
			if s := j.addressOf(a, num); s != "" && !slices.Contains(j.struck, s) {
				j.struck = append(j.struck, s)
			}
		}
		if at <= j.since {
			if j.beforeContact == "" {
				j.beforeContact = "before the last contact on " + j.at(j.since) + ", which ended that case"
			}
			j.exclude(a, j.beforeContact)
			continue
		}

		j.from = len(j.buf)
		j.judgeBelonging(a, at, num, atStruck)
		barred := len(j.buf) > j.from
		j.judgeOutcome(a)
		j.judgeHours(day, sec)
		if nth > j.r.MaxCallsPerDay {
			j.whyCalls(nth)
		}
		counts := len(j.buf) == j.from
		if !barred && isWritten(a) {
			w := written{int32(k), -1}
			if !counts {
				w.excluded = int32(len(j.excluded))
			}
			j.written = append(j.written, w)
		}
		if !counts {
			j.built = append(j.built, built{int32(len(j.excluded)), int32(j.from), int32(len(j.buf))})
			j.exclude(a, "")
			continue
		}
		it := tried{
			at: at, entry: int32(k), part: uint8(j.r.part(sec)), number: -1, by: a.By,
			evidence: a.Grade == Proven || a.Grade == Recorded,
			channel:  uint8(slices.Index(channels[:], a.Channel)),
		}
		if second := j.c.SecondContact; second != uuid.Nil {
			it.second = a.ContactID == second || num >= 0 && slices.Contains(j.c.Numbers, Number{second, j.numbers[num]})
		}
		if num >= 0 && num < maxNumbers {
			it.number = int8(num)
		}
		j.items = append(j.items, it)
		j.counts = append(j.counts, a.ID)
	}
	// One string for all sentences that were built: an allocation for each would cost more than the judging.
	all := string(j.buf)
	for _, b := range j.built {
		j.excluded[b.excluded].Why = all[b.from:b.to]
	}
}

// judgeBelonging says what bars an attempt from the case altogether, the last notice included.
func (j *judging) judgeBelonging(a *Attempt, at int64, num int, atStruck bool) {
	if at > j.now+second {
		j.why("it lies after the present moment")
	}
	if at < j.created {
		if j.beforeJob == "" {
			j.beforeJob = "it happened before the job was created on " + j.at(j.created)
		}
		j.why(j.beforeJob)
	} else {
		j.anyTried = true
	}
	if !a.RecordedAt.IsZero() {
		if age := a.RecordedAt.UnixMicro() - at; age > j.r.late {
			j.whyLate(age)
		}
	}
	if atStruck {
		j.whyStruck(a.Address)
	} else if num < 0 && a.Address != "" && dialled(a) {
		j.why("the ")
		j.buf = append(append(j.buf, numberWords(a.Address)...), " is not known as the household's"...)
	}
}

// maxNumbers is how many numbers of one household can be told apart; with more, the case is never enough, which errs
// in the household's favour.
const maxNumbers = 64

func (j *judging) exclude(a *Attempt, why string) {
	j.excluded = append(j.excluded, Excluded{ID: a.ID, Why: why})
}

func (j *judging) addressOf(a *Attempt, num int) string {
	if num >= 0 {
		return j.numbers[num]
	}
	if dialled(a) {
		return a.Address
	}
	return ""
}

// addCall counts an outbound call into its local day and says the how-manieth of that day it is. Days come in order
// but for nights on which midnight happens twice.
func (j *judging) addCall(day int64) int {
	for k := len(j.calls) - 1; k >= 0 && k >= len(j.calls)-2; k-- {
		if j.calls[k].day == day {
			j.calls[k].calls++
			return j.calls[k].calls
		}
	}
	j.calls = append(j.calls, dayCalls{day, 1})
	return 1
}

// elsewhere counts the calls of a day about other jobs of the household, before an instant.
func (j *judging) elsewhere(day, before int64) (n int) {
	for _, c := range j.c.CallsElsewhere {
		at := c.UnixMicro()
		if on, _ := j.l.wall(at); on == day && at < before {
			n++
		}
	}
	return n
}

func isWritten(a *Attempt) bool {
	if a.Unreadable {
		return false
	}
	switch a.Channel {
	case SMS, WhatsApp, Push, Email:
		return a.Outcome == Sent || a.Outcome == Delivered || a.Outcome == Read
	}
	return false
}

func (j *judging) judgeOutcome(a *Attempt) {
	switch a.Outcome {
	case Busy:
		j.why("busy never counts")
		return
	case Voicemail:
		j.why("voicemail never counts")
		return
	case WrongNumber:
		j.why("a wrong number never counts; it is struck from the known ones")
		return
	}
	switch a.Channel {
	case Phone:
		switch a.Outcome {
		case SwitchedOff, OutOfNetwork:
			return
		case NoAnswer:
			j.judgeRing(a)
			return
		}
	case SMS, WhatsApp, Push, Email:
		if a.Unreadable {
			j.why("it went to somebody who is reached by voice only")
			return
		}
		switch a.Outcome {
		case Delivered, Read:
			return
		case Sent:
			j.why("sent only; a message counts when it was delivered or read")
			return
		}
	case Doorstep:
		// Nobody opened: to log it as no answer at the door says the same.
		if a.Outcome == NobodyHome || a.Outcome == NoAnswer {
			j.judgePlace(a)
			return
		}
	default:
		j.why("the rules know no such channel")
		return
	}
	j.whyOutcome(a)
}

// conclude makes the verdict of what was classified.
func (j *judging) conclude() Verdict {
	v := Verdict{
		Counts: j.counts, DoesNotCount: j.excluded, Missing: []string{},
		NextAllowed: j.nextAllowed(), PolicyVersion: j.r.Version,
	}
	if j.contact >= 0 {
		v.LastContactAt = instant(j.since)
	}
	if len(j.items) > 0 {
		v.FirstCountingAt = instant(j.items[0].at)
	}
	s := &j.search
	s.begin(&j.r, j.items, len(j.numbers) > maxNumbers)
	defer s.end()
	for i := range min(len(j.numbers), maxNumbers) {
		if len(j.struck) == 0 || !slices.Contains(j.struck, j.numbers[i]) {
			s.needed |= 1 << i
		}
	}
	completing, enough := s.run()
	started, over := int64(0), false
	out := false
	if enough {
		v.EnoughAt = instant(j.items[completing].at)
		if j.c.VoiceOnly {
			started, out = j.spoken(completing)
		} else {
			started, out = j.notice(j.items[completing].entry)
		}
	}
	if out {
		v.LastNoticeSentAt, v.LastNoticeEndsAt = instant(started), instant(started+j.r.notice)
		over = j.now >= started+j.r.notice
	}
	held := j.c.ConfirmedVisitAhead || j.c.SafetyCritical && !j.c.AreaManagerApproved

	switch {
	case over && !held:
		v.Verdict = Unreachable
		v.UnreachableSince = v.LastNoticeEndsAt
	case out:
		v.Verdict = LastNotice
	case len(j.items) > 0:
		v.Verdict = Trying
	case j.contact >= 0:
		v.Verdict = Reached
	case j.anyTried:
		v.Verdict = Trying
	default:
		v.Verdict = Untried
	}
	if v.Verdict != Reached && v.Verdict != Unreachable {
		if !enough {
			j.missingOfEnough(s, &v)
		} else if !out {
			j.missingNotice(&v, completing)
		} else if !over {
			v.Missing = append(v.Missing, "silence until "+j.at(started+j.r.notice)+", when the last notice runs out")
		}
		if j.c.ConfirmedVisitAhead {
			v.Missing = append(v.Missing, "a confirmed visit lies ahead; while it does, nobody is unreachable")
		}
		if j.c.SafetyCritical && !j.c.AreaManagerApproved {
			v.Missing = append(v.Missing, "the job is safety-critical: the area manager must decide")
		}
	}
	v.Explanation = j.explain(&v, s.needed, over)
	return v
}

// notice is the earliest written message that can be the last notice: one sent after the attempt that completed what
// is enough, or that very attempt if it was marked as the notice. It is not bound to working hours.
func (j *judging) notice(completing int32) (int64, bool) {
	for _, w := range j.written {
		a := &j.c.Attempts[j.order[w.entry].i]
		if w.entry < completing || w.entry == completing && !a.LastNotice {
			continue
		}
		if w.excluded >= 0 {
			j.excluded[w.excluded].Why = "this is the last notice; it starts the " + hoursWords(j.r.LastNoticeHours) +
				" of silence and is not an attempt that counts"
		}
		return j.order[w.entry].at, true
	}
	return 0, false
}

// spoken is when a voice-only household has had what replaces the written notice: a counting call or doorstep after
// it was enough and, where there is a second contact, a counting attempt there since the last contact.
func (j *judging) spoken(completing int) (int64, bool) {
	after, second := j.spokenParts(completing)
	if after < 0 || second < 0 && j.c.SecondContact != uuid.Nil {
		return 0, false
	}
	at := j.items[after].at
	if second >= 0 {
		at = max(at, j.items[second].at)
	}
	return at, true
}

func (j *judging) spokenParts(completing int) (after, second int) {
	after, second = -1, -1
	for i := range j.items {
		it := &j.items[i]
		if second < 0 && it.second {
			second = i
		}
		if after < 0 && i > completing && (channels[it.channel] == Phone || channels[it.channel] == Doorstep) {
			after = i
		}
	}
	return after, second
}

// nextDays bounds the search for the next allowed instant, so that a calendar without working days gets an answer.
const nextDays = 60

// nextAllowed answers for each channel, from the last counting attempt on. The channels differ only in that calls have
// a daily number.
func (j *judging) nextAllowed() map[string]*time.Time {
	from := j.now
	if n := len(j.items); n > 0 {
		from = max(from, j.items[n-1].at+j.r.gap)
	}
	other := j.next(from, false)
	call := other
	if len(j.calls) > 0 || len(j.c.CallsElsewhere) > 0 || j.r.MaxCallsPerDay < 1 {
		call = j.next(from, true)
	}
	out := make(map[string]*time.Time, len(channels))
	for _, ch := range channels {
		at := other
		if ch == Phone {
			at = call
		}
		if at == nil {
			out[ch] = nil
			continue
		}
		t := *at
		out[ch] = &t
	}
	return out
}

func (j *judging) next(from int64, isCall bool) *time.Time {
	allowed := func(at int64) bool {
		day, sec := j.l.wall(at)
		if sec < j.r.opens || sec >= j.r.closes || j.l.free(day) != works {
			return false
		}
		if !isCall {
			return true
		}
		used := j.elsewhere(day, math.MaxInt64)
		for k := len(j.calls) - 1; k >= 0; k-- {
			if j.calls[k].day == day {
				return used+j.calls[k].calls < j.r.MaxCallsPerDay
			}
		}
		return used < j.r.MaxCallsPerDay
	}
	if allowed(from) {
		if from == j.now {
			t := j.c.Now.UTC() // not cut to microseconds, so that it is never before now
			return &t
		}
		return instant(from)
	}
	today, _ := j.l.wall(from)
	for day := today; day <= today+nextDays; day++ {
		if j.l.free(day) != works {
			continue
		}
		for _, at := range j.l.openings(day, j.r.opens) {
			if at > from && allowed(at) {
				return instant(at)
			}
		}
	}
	return nil
}

func instant(micro int64) *time.Time {
	t := time.UnixMicro(micro).UTC()
	return &t
}
