package reach

import (
	"math"
	"math/bits"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// why adds a reason to the sentence in hand; an attempt that breaks several rules names them all.
func (j *judging) why(s string) { j.reason(); j.buf = append(j.buf, s...) }

func (j *judging) reason() {
	if len(j.buf) > j.from {
		j.buf = append(j.buf, "; "...)
	}
}

func (j *judging) whyLate(age int64) {
	j.why("recorded ")
	minutes := (age + minute - 1) / minute
	j.buf = strconv.AppendInt(j.buf, minutes/60, 10)
	j.buf = append(j.buf, " h"...)
	if minutes%60 > 0 {
		j.buf = append(j.buf, ' ')
		j.buf = strconv.AppendInt(j.buf, minutes%60, 10)
		j.buf = append(j.buf, " min"...)
	}
	j.buf = append(j.buf, " after it happened; facts older than "...)
	j.buf = strconv.AppendInt(j.buf, int64(j.r.LateFactHours), 10)
	j.buf = append(j.buf, " h do not count against the household"...)
}

func (j *judging) whyStruck(address string) {
	j.why("the ")
	j.buf = append(j.buf, numberWords(address)...)
	j.buf = append(j.buf, " was already known to be wrong"...)
}

func (j *judging) judgeRing(a *Attempt) {
	if a.RingSeconds != nil && *a.RingSeconds >= j.r.MinRingSeconds {
		return
	}
	if a.RingSeconds == nil {
		if j.r.MinRingSeconds <= 0 {
			return
		}
		j.why("how long it rang is unknown")
	} else {
		j.why("rang ")
		j.buf = strconv.AppendInt(j.buf, int64(*a.RingSeconds), 10)
		j.buf = append(j.buf, " s"...)
	}
	j.buf = append(j.buf, ", the rule asks for "...)
	j.buf = strconv.AppendInt(j.buf, int64(j.r.MinRingSeconds), 10)
	j.buf = append(j.buf, " s"...)
}

func (j *judging) judgePlace(a *Attempt) {
	if strings.TrimSpace(a.PlaceReason) != "" {
		return
	}
	if a.DistanceM == nil || math.IsNaN(*a.DistanceM) {
		j.why("place unknown: no reason given")
		return
	}
	if *a.DistanceM <= j.r.DoorstepMeters {
		return
	}
	j.why("it was ")
	j.buf = strconv.AppendFloat(j.buf, math.Ceil(*a.DistanceM), 'f', 0, 64)
	j.buf = append(j.buf, " m away and gives no reason, the rule asks for "...)
	j.buf = strconv.AppendFloat(j.buf, j.r.DoorstepMeters, 'f', -1, 64)
	j.buf = append(j.buf, " m at most"...)
}

func (j *judging) whyOutcome(a *Attempt) {
	j.why(strconv.Quote(a.Outcome))
	j.buf = append(j.buf, " does not count on the channel "...)
	j.buf = append(j.buf, a.Channel...)
}

func (j *judging) judgeHours(day, sec int64) {
	switch j.l.free(day) {
	case works:
	case notWorking:
		j.why(weekday(day).String())
		j.buf = append(j.buf, " is not a working day of the centre"...)
	case holiday:
		j.reason()
		j.buf = appendDate(j.buf, day)
		j.buf = append(j.buf, " is a holiday of the centre"...)
	}
	if sec < j.r.opens || sec >= j.r.closes {
		j.reason()
		j.buf = append2(j.buf, sec/3600)
		j.buf = append(j.buf, ':')
		j.buf = append2(j.buf, sec/60%60)
		j.buf = append(j.buf, " in "...)
		j.buf = append(j.buf, j.l.loc.String()...)
		j.buf = append(j.buf, " is outside "...)
		j.buf = append(j.buf, j.r.OpensAt...)
		j.buf = append(j.buf, '-')
		j.buf = append(j.buf, j.r.ClosesAt...)
	}
}

var ordinals = [...]string{"", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"}

func (j *judging) whyCalls(nth int) {
	j.reason()
	if nth < len(ordinals) {
		j.buf = append(j.buf, ordinals[nth]...)
		j.buf = append(j.buf, " call of that day"...)
	} else {
		j.buf = append(j.buf, "call number "...)
		j.buf = strconv.AppendInt(j.buf, int64(nth), 10)
		j.buf = append(j.buf, " of that day"...)
	}
	j.buf = append(j.buf, ", at most "...)
	j.buf = strconv.AppendInt(j.buf, int64(j.r.MaxCallsPerDay), 10)
}

func contactWords(a *Attempt) string {
	if a.Direction == Inbound {
		return "this is contact (inbound, " + a.Channel + "); it ends the case"
	}
	return "this is contact (" + a.Outcome + ", " + a.Channel + "); it ends the case"
}

// missingOfEnough says what the set that comes nearest to enough still lacks.
func (j *judging) missingOfEnough(s *search, v *Verdict) {
	say := func(parts ...string) { v.Missing = append(v.Missing, strings.Join(parts, "")) }
	b, r := s.best, &j.r
	if !b.found {
		b.proof = proofNone
	}
	var usedChannels, usedParts uint8
	for i := range s.items {
		usedChannels |= 1 << s.items[i].channel
		usedParts |= 1 << s.items[i].part
	}
	// Where all counting attempts together would do, the gap is what keeps the set small, and the reader must know.
	apart := " that are " + minutesWords(r.MinGap) + " apart"

	if n := int(b.count); n < r.MinAttempts {
		say(strconv.Itoa(n), " of ", plural(r.MinAttempts, "counting attempt"), pick(len(s.items) > n, apart, ""))
	}
	if n := bits.OnesCount8(b.channel); b.channel != allChannels {
		switch {
		case n == 0:
			say("attempts on ", plural(r.MinChannels, "channel"))
		case n == 1:
			say(pick(bits.OnesCount8(usedChannels) > n, "attempts"+apart+" use ", ""), "only one channel so far (", channelWords(b.channel),
				"); use another")
		default:
			say(pick(bits.OnesCount8(usedChannels) > n, "attempts"+apart+" use ", ""), strconv.Itoa(n), " of ", plural(r.MinChannels, "channel"),
				" so far (", channelWords(b.channel), ")")
		}
	}
	if n := bits.OnesCount8(b.parts); b.parts != allParts {
		others := j.partWords(^b.parts&allParts, true)
		switch {
		case n == 0:
			say("attempts in ", plural(r.MinDayParts, "part"), " of the day (", j.partWords(allParts, true), ")")
		case n == 1:
			say("all tries", pick(bits.OnesCount8(usedParts) > n, apart, ""), " in the same part of the day (", j.partWords(b.parts, false),
				"); try ", others)
		default:
			say(strconv.Itoa(n), " of ", plural(r.MinDayParts, "part"), " of the day so far (", j.partWords(b.parts, false), "); try ", others)
		}
	}
	switch {
	case !b.found:
		if r.MinSpan > 0 {
			say("first and last attempt must be ", hoursWords(r.MinSpan), " apart")
		}
	case b.last-b.first < r.span:
		is := "first and last are " + minutesWords(int((b.last-b.first)/minute)) + " apart, "
		say(pick(b.last == b.first, "", is), hoursWords(r.MinSpan), pick(b.last == b.first, " from first to last attempt", ""),
			" are needed: not before ", j.at(b.first+r.span))
	}
	for i := range min(len(j.numbers), maxNumbers) {
		if s.needed&^b.numbers&(1<<i) == 0 {
			continue
		}
		tried := false
		for k := range s.items {
			tried = tried || int(s.items[k].number) == i
		}
		if tried {
			say("the ", numberWords(j.numbers[i]), " has not been tried at a moment ", minutesWords(r.MinGap), " from the other attempts")
		} else {
			say("the ", numberWords(j.numbers[i]), " has not been tried")
		}
	}
	if s.tooMany {
		say("the household has ", strconv.Itoa(len(j.numbers)), " known numbers; strike those that are not its own, at most ",
			strconv.Itoa(maxNumbers), " can be judged")
	}
	if b.proof != proofMet {
		say("one attempt must be proven, recorded or by a second person", pick(b.proof == proofNone, "", "; so far one person declared them all"))
	}
}

func (j *judging) missingNotice(v *Verdict, completing int) {
	if !j.c.VoiceOnly {
		v.Missing = append(v.Missing, "the last written notice (\"sent\" is enough), then "+hoursWords(j.r.LastNoticeHours)+" of silence")
		return
	}
	after, second := j.spokenParts(completing)
	if after < 0 {
		v.Missing = append(v.Missing,
			"one more spoken attempt (phone or doorstep): the household is voice-only, it takes the place of the last written notice")
	}
	if second < 0 && j.c.SecondContact != uuid.Nil {
		v.Missing = append(v.Missing, "a counting attempt at the second contact")
	}
	v.Missing = append(v.Missing, "then "+hoursWords(j.r.LastNoticeHours)+" of silence")
}

func (j *judging) explain(v *Verdict, needed uint64, over bool) string {
	var s string
	switch v.Verdict {
	case Untried:
		s = "Nobody has tried to reach the household yet."
	case Reached:
		a := &j.c.Attempts[j.order[j.contact].i]
		s = "There was contact on " + j.at(j.since) + " (" + pick(a.Direction == Inbound, "inbound", a.Outcome) + ", " + a.Channel +
			"), and no attempt since then counts."
	case Unreachable:
		s = "Enough was tried by " + j.when(v.EnoughAt) + "; the last notice of " + j.when(v.LastNoticeSentAt) + " brought no answer for " +
			hoursWords(j.r.LastNoticeHours) + ". Unreachable since " + j.when(v.UnreachableSince) + "."
	case LastNotice:
		s = "Enough was tried by " + j.when(v.EnoughAt) + "; the last notice went out on " + j.when(v.LastNoticeSentAt)
		if over {
			s += " and ran out on " + j.when(v.LastNoticeEndsAt) + ", but silence is not all: " + v.Missing[0] + "."
		} else {
			s += " and runs out on " + j.when(v.LastNoticeEndsAt) + "."
		}
	default:
		switch n := len(j.items); {
		case n == 0:
			s = "Somebody tried, but no attempt counts yet; does_not_count says why."
		case v.EnoughAt != nil:
			s = "Enough was tried by " + j.when(v.EnoughAt) + "; the last notice is not out yet."
		default:
			s = plural(n, "attempt") + pick(n == 1, " counts", " count") + " so far. Missing: " + v.Missing[0]
			if m := len(v.Missing) - 1; m > 0 {
				s += ", and " + strconv.Itoa(m) + " more"
			}
			s += "."
		}
	}
	if needed == 0 && v.Verdict != Reached {
		s += " The household has no known number left that would have to be tried."
	}
	return s
}

// at is an instant on the site's clock, as sentences say it.
func (j *judging) at(micro int64) string {
	return time.UnixMicro(micro).In(j.l.loc).Format("Mon 2 Jan 15:04")
}

func (j *judging) when(t *time.Time) string { return j.at(t.UnixMicro()) }

// partWords names parts of the day; with open, only those in which the centre works.
func (j *judging) partWords(mask uint8, open bool) string {
	b := j.r.DayPartBounds
	var names []string
	for part, name := range [3]string{
		"before " + hourWords(b[0]), hourWords(b[0]) + "-" + hourWords(b[1]), "after " + hourWords(b[1]),
	} {
		if mask&(1<<part) != 0 && (!open || partOpen(part, b, int(j.r.opens/60), int(j.r.closes/60))) {
			names = append(names, name)
		}
	}
	return strings.Join(names, " or ")
}

func channelWords(mask uint8) string {
	var names []string
	for i, ch := range channels {
		if mask&(1<<i) != 0 {
			names = append(names, ch)
		}
	}
	return strings.Join(names, ", ")
}

// numberWords never shows more of a number than its last two digits.
func numberWords(address string) string {
	if len(address) < 6 {
		return "number"
	}
	return "number ending " + address[len(address)-2:]
}

func hourWords(h int) string { return string(append(append2(nil, int64(h)), ":00"...)) }

func hoursWords(h int) string { return strconv.Itoa(h) + " h" }

func minutesWords(m int) string {
	switch {
	case m < 60:
		return strconv.Itoa(m) + " min"
	case m%60 == 0:
		return hoursWords(m / 60)
	}
	return hoursWords(m/60) + " " + strconv.Itoa(m%60) + " min"
}

func plural(n int, word string) string {
	return strconv.Itoa(n) + " " + word + pick(n == 1, "", "s")
}

func pick(cond bool, yes, no string) string {
	if cond {
		return yes
	}
	return no
}

func appendDate(b []byte, day int64) []byte {
	y, m, d := time.Unix(day*daySeconds, 0).UTC().Date()
	if y >= 0 && y <= 9999 {
		b = append2(append2(b, int64(y/100)), int64(y%100))
	} else {
		b = strconv.AppendInt(b, int64(y), 10)
	}
	b = append2(append(b, '-'), int64(m))
	return append2(append(b, '-'), int64(d))
}

func append2(b []byte, n int64) []byte { return append(b, byte('0'+n/10%10), byte('0'+n%10)) }
