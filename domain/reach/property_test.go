package reach

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"
)

// The reference: the rules read off the table of docs/product.md section 4 and tried on every subset, written without
// anything of the implementation but its plain types.

func refCounts(c Case) []Attempt {
	p := c.Policy
	as := slices.Clone(c.Attempts)
	slices.SortFunc(as, func(a, b Attempt) int {
		if d := a.OccurredAt.Compare(b.OccurredAt); d != 0 {
			return d
		}
		return slices.Compare(a.ID[:], b.ID[:])
	})
	var contact time.Time
	for _, a := range as {
		if a.Discounted == "" && (a.Direction == "inbound" || a.Outcome == "reached" || a.Outcome == "refused" || a.Outcome == "hostile") {
			contact = a.OccurredAt
		}
	}
	var out []Attempt
	calls := map[string]int{}
	for _, a := range as {
		l := a.OccurredAt.In(c.Calendar.Location)
		if a.Channel == "phone" && a.Direction == "outbound" {
			calls[l.Format(time.DateOnly)]++
			if calls[l.Format(time.DateOnly)] > p.MaxCallsPerDay {
				continue
			}
		}
		good := false
		switch a.Channel {
		case "phone":
			good = a.Outcome == "switched_off" || a.Outcome == "out_of_network" || a.Outcome == "no_answer" && a.RingSeconds != nil &&
				*a.RingSeconds >= p.MinRingSeconds
		case "doorstep":
			good = a.Outcome == "nobody_home" && (a.PlaceReason != "" || a.DistanceM != nil && *a.DistanceM <= p.DoorstepMeters)
		default:
			good = a.Outcome == "delivered" || a.Outcome == "read"
		}
		clock := l.Format("15:04:05")
		if good && a.Discounted == "" && a.Direction == "outbound" && a.OccurredAt.After(contact) &&
			clock >= p.OpensAt+":00" && clock < p.ClosesAt+":00" &&
			c.Calendar.WorkingDays[l.Weekday()] && !c.Calendar.Holidays[l.Format(time.DateOnly)] &&
			!a.OccurredAt.Before(c.JobCreatedAt) && a.RecordedAt.Sub(a.OccurredAt) <= time.Duration(p.LateFactHours)*time.Hour {
			out = append(out, a)
		}
	}
	return out
}

func refKnown(c Case) map[string]bool {
	as := slices.Clone(c.Attempts)
	slices.SortFunc(as, func(a, b Attempt) int { return a.OccurredAt.Compare(b.OccurredAt) })
	known := map[string]bool{}
	for _, n := range c.Numbers {
		known[n.Address] = true
	}
	for _, a := range as {
		if a.Discounted != "" {
			continue
		}
		switch {
		case a.Direction == "outbound" && a.Outcome == "wrong_number":
			delete(known, a.Address)
		case a.Direction == "inbound" || a.Outcome == "reached":
			for _, n := range c.Numbers {
				if n.Address == a.Address {
					known[a.Address] = true
				}
			}
		}
	}
	return known
}

// refEnough is the earliest end of any subset that has everything.
func refEnough(c Case) *time.Time {
	counting, known := refCounts(c), refKnown(c)
	var best *time.Time
	sub := make([]*Attempt, 0, len(counting))
	for set := 1; set < 1<<len(counting); set++ {
		sub = sub[:0]
		gaps := true
		for i := range counting {
			if a := &counting[i]; set&(1<<i) != 0 {
				n := len(sub)
				gaps = gaps && (n == 0 || a.OccurredAt.Sub(sub[n-1].OccurredAt) >= time.Duration(c.Policy.MinGap)*time.Minute)
				sub = append(sub, a)
			}
		}
		if !gaps {
			continue
		}
		channels, parts, numbers, people := map[string]bool{}, map[int]bool{}, map[string]bool{}, map[uuid.UUID]bool{}
		evidence := false
		for _, a := range sub {
			channels[a.Channel] = true
			part := 0
			for _, h := range c.Policy.DayPartBounds {
				if a.OccurredAt.In(c.Calendar.Location).Hour() >= h {
					part++
				}
			}
			parts[part] = true
			if known[a.Address] {
				numbers[a.Address] = true
			}
			people[a.By] = true
			evidence = evidence || a.Grade != "declared"
		}
		last := sub[len(sub)-1].OccurredAt
		if len(sub) >= c.Policy.MinAttempts && len(channels) >= c.Policy.MinChannels && len(parts) >= c.Policy.MinDayParts &&
			last.Sub(sub[0].OccurredAt) >= time.Duration(c.Policy.MinSpan)*time.Hour &&
			len(numbers) == len(known) && (evidence || len(people) > 1) && (best == nil || last.Before(*best)) {
			best = &last
		}
	}
	return best
}

// source draws a number below n.
type source func(n int, what string) int

// property holds a rule against cases that rapid draws, which it can shrink but prefers small, and against as many
// evenly drawn ones, of which enough are enough.
func property(t *testing.T, check func(t rapid.TB, draw source)) {
	rapid.Check(t, func(t *rapid.T) {
		check(t, func(n int, what string) int { return rapid.IntRange(0, n-1).Draw(t, what) })
	})
	for seed := range uint64(400) {
		rnd := rand.New(rand.NewPCG(seed, 5))
		check(t, func(n int, _ string) int { return rnd.IntN(n) })
		if t.Failed() {
			t.Fatalf("with seed %d", seed)
		}
	}
}

func shuffled[T any](draw source, of []T) []T {
	of = slices.Clone(of)
	for i := len(of) - 1; i > 0; i-- {
		k := draw(i+1, "place")
		of[i], of[k] = of[k], of[i]
	}
	return of
}

func oneOf[T any](draw source, what string, of ...T) T { return of[draw(len(of), what)] }

// halfHours spreads attempts over the working hours of three days, and now and then outside of them.
func halfHours(draw source) int {
	return oneOf(draw, "day", 0, 48, 96) + draw(27, "half hours") - 2
}

func drawAttempt(draw source, c *Case, i int) Attempt {
	channel := oneOf(draw, "channel", Phone, Phone, SMS, WhatsApp, Push, Email, Doorstep)
	at := c.JobCreatedAt.Add(time.Duration(halfHours(draw)) * 30 * time.Minute)
	a := try(i, at, channel, "")
	usual := draw(10, "usual") > 0
	switch channel {
	case Phone:
		a.Outcome = NoAnswer
		a.RingSeconds = new(25)
		if !usual {
			a.Outcome = oneOf(draw, "outcome", Busy, WrongNumber, Voicemail, SwitchedOff, NoAnswer)
			a.RingSeconds = new(draw(41, "ring"))
		}
	case Doorstep:
		a.Outcome = NobodyHome
		a.DistanceM = new(150.0)
		if !usual {
			a.DistanceM = nil
		}
	default:
		a.Outcome = Delivered
		if !usual {
			a.Outcome = Sent
		}
	}
	if len(c.Numbers) > 0 && (channel == Phone || channel == SMS || channel == WhatsApp) {
		a.Address = oneOf(draw, "number", c.Numbers...).Address
	}
	a.By = person(draw(2, "by"))
	a.Grade = oneOf(draw, "grade", Declared, Declared, Declared, Recorded, Proven)
	if draw(41, "late") == 0 {
		a.RecordedAt = at.Add(73 * time.Hour)
	}
	if draw(31, "disputed") == 0 {
		a.Discounted = "the household disputes it"
	}
	if draw(41, "contact") == 0 {
		a.Direction, a.Discounted = Inbound, ""
	}
	return a
}

func drawCase(draw source, most int) Case {
	c := newCase(kolkata)
	c.Policy.MinAttempts = 1 + draw(4, "attempts")
	c.Policy.MinChannels = 1 + draw(3, "channels")
	c.Policy.MinDayParts = 1 + draw(3, "parts")
	c.Policy.MinGap = oneOf(draw, "gap", 0, 60, 120, 120, 240)
	c.Policy.MinSpan = oneOf(draw, "span", 0, 5, 24, 24)
	for i := range draw(4, "numbers") {
		c.Numbers = append(c.Numbers, Number{person(i), fmt.Sprintf("+91987654321%d", i)})
	}
	// Numbers are drawn small as a rule, which would leave most cases without a chance to be enough.
	for i := range most - draw(most+1, "fewer") {
		c.Attempts = append(c.Attempts, drawAttempt(draw, &c, i))
	}
	// Attempts at a number already struck are a rule of their own (TestStruckNumber); here they only blur the picture.
	c.Attempts = slices.DeleteFunc(c.Attempts, func(a Attempt) bool {
		return a.Address != "" && a.Outcome != WrongNumber && slices.ContainsFunc(c.Attempts, func(o Attempt) bool {
			return o.Outcome == WrongNumber && o.Address == a.Address && !o.OccurredAt.After(a.OccurredAt)
		})
	})
	return c
}

func TestEnoughIsWhatTryingAllSubsetsFinds(t *testing.T) {
	enough, all := 0, 0
	property(t, func(t rapid.TB, draw source) {
		c := drawCase(draw, 10)
		v := Judge(c)
		var want []uuid.UUID
		for _, a := range refCounts(c) {
			want = append(want, a.ID)
		}
		if !slices.Equal(v.Counts, want) {
			t.Fatalf("counts %v, the reference %v; excluded %+v", v.Counts, want, v.DoesNotCount)
		}
		if len(v.Counts)+len(v.DoesNotCount) != len(c.Attempts) {
			t.Fatalf("%d attempts, %d count, %d do not", len(c.Attempts), len(v.Counts), len(v.DoesNotCount))
		}
		ref := refEnough(c)
		if (ref == nil) != (v.EnoughAt == nil) || ref != nil && !ref.Equal(*v.EnoughAt) {
			t.Fatalf("enough at %v, the reference says %v", v.EnoughAt, ref)
		}
		if ref != nil {
			enough++
		}
		all++
		if (v.Verdict == Reached || v.Verdict == Unreachable) != (len(v.Missing) == 0) {
			t.Fatalf("%s, missing %q", v.Verdict, v.Missing)
		}
		for _, e := range v.DoesNotCount {
			if e.Why == "" {
				t.Fatalf("%v does not count and does not say why", e.ID)
			}
		}
	})
	if enough < all/10 {
		t.Errorf("only %d of %d cases were enough: too few to prove anything", enough, all)
	}
}

// Dense cases on one channel mix: everything counts and the gap is all that decides.
func TestEnoughUnderDenseConflicts(t *testing.T) {
	yes, no := 0, 0
	for seed := range uint64(1500) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		c := newCase(kolkata)
		c.Policy.MinGap = 60 * (1 + rnd.IntN(5))
		c.Policy.MinSpan = []int{0, 6, 20, 24}[rnd.IntN(4)]
		c.Policy.MinAttempts = 1 + rnd.IntN(5)
		c.Policy.MinChannels = 1 + rnd.IntN(3)
		c.Policy.MinDayParts = 1 + rnd.IntN(3)
		for i := range 1 + rnd.IntN(4) {
			c.Numbers = append(c.Numbers, Number{person(i), fmt.Sprintf("+91987654321%d", i)})
		}
		for i := range 10 {
			at := c.JobCreatedAt.AddDate(0, 0, rnd.IntN(2)).Add(time.Duration(rnd.IntN(42)) * 15 * time.Minute)
			a := try(i, at, []string{SMS, WhatsApp, Email}[rnd.IntN(3)], Delivered)
			if a.Channel != Email {
				a.Address = c.Numbers[rnd.IntN(len(c.Numbers))].Address
			}
			a.By = person(rnd.IntN(3))
			c.Attempts = append(c.Attempts, a)
		}
		ref, got := refEnough(c), Judge(c).EnoughAt
		if (ref == nil) != (got == nil) || ref != nil && !ref.Equal(*got) {
			t.Fatalf("seed %d: enough at %v, the reference says %v", seed, got, ref)
		}
		if ref == nil {
			no++
		} else {
			yes++
		}
	}
	if yes < 150 || no < 150 {
		t.Errorf("%d enough, %d not: the cases do not test both", yes, no)
	}
}

func TestOrderDoesNotMatter(t *testing.T) {
	property(t, func(t rapid.TB, draw source) {
		c := drawCase(draw, 14)
		c.VoiceOnly = draw(2, "voice only") == 1
		want := Judge(c)
		c.Attempts = shuffled(draw, c.Attempts)
		c.Numbers = shuffled(draw, c.Numbers)
		if got := Judge(c); !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v\nin another order\n%+v", want, got)
		}
	})
}

func TestFactListedTwiceIsOneFact(t *testing.T) {
	property(t, func(t rapid.TB, draw source) {
		c := drawCase(draw, 8)
		want := Judge(c)
		c.Attempts = append(c.Attempts, c.Attempts...)
		if got := Judge(c); !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v\nlisted twice\n%+v", want, got)
		}
	})
}

var rank = map[string]int{Untried: 0, Reached: 0, Trying: 1, LastNotice: 2, Unreachable: 3}

// One more counting attempt never makes the household less unreachable. It may push a later call of its day over the
// daily number, which is another fact changed; such cases are left out.
func TestAnotherCountingAttemptNeverLessens(t *testing.T) {
	verdicts := map[string]int{}
	property(t, func(t rapid.TB, draw source) {
		c := drawCase(draw, 12)
		c.VoiceOnly = draw(2, "voice only") == 1
		c.Now = c.JobCreatedAt.Add(time.Duration(40+draw(100, "hours to now")) * time.Hour)
		before := Judge(c)
		more := drawAttempt(draw, &c, 1000)
		c.Attempts = append(slices.Clone(c.Attempts), more)
		after := Judge(c)
		if !slices.Contains(after.Counts, more.ID) || len(after.Counts) != len(before.Counts)+1 {
			return // it does not count, or displaces a call
		}
		verdicts[after.Verdict]++
		if rank[after.Verdict] < rank[before.Verdict] {
			t.Fatalf("%s became %s", before.Verdict, after.Verdict)
		}
		if before.EnoughAt != nil && (after.EnoughAt == nil || after.EnoughAt.After(*before.EnoughAt)) {
			t.Fatalf("enough at %v became %v", before.EnoughAt, after.EnoughAt)
		}
		if before.UnreachableSince != nil && after.UnreachableSince.After(*before.UnreachableSince) {
			t.Fatalf("unreachable since %v became %v", before.UnreachableSince, after.UnreachableSince)
		}
	})
	for _, v := range []string{Trying, LastNotice, Unreachable} {
		if verdicts[v] < 5 {
			t.Errorf("only %d cases ended %s: too few to prove anything", verdicts[v], v)
		}
	}
}

// What the household disputes never makes it more unreachable, and what is decided in favour of the fact brings back
// exactly what stood before.
func TestADisputeNeverMakesMoreUnreachable(t *testing.T) {
	less := 0
	property(t, func(t rapid.TB, draw source) {
		c := drawCase(draw, 12)
		c.VoiceOnly = draw(2, "voice only") == 1
		c.Now = c.JobCreatedAt.Add(time.Duration(40+draw(100, "hours to now")) * time.Hour)
		if len(c.Attempts) == 0 {
			return
		}
		k := draw(len(c.Attempts), "disputed")
		if isContact(&c.Attempts[k]) || c.Attempts[k].Discounted != "" {
			return // denying a contact is another matter: then nobody was spoken to
		}
		before := Judge(c)
		with := c
		with.Attempts = slices.Clone(c.Attempts)
		with.Attempts[k].Discounted = "disputed"
		after := Judge(with)
		if rank[after.Verdict] > rank[before.Verdict] {
			t.Fatalf("%s became %s by a dispute", before.Verdict, after.Verdict)
		}
		if slices.Contains(after.Counts, c.Attempts[k].ID) {
			t.Fatal("a disputed attempt counts")
		}
		if rank[after.Verdict] < rank[before.Verdict] {
			less++
		}
		with.Attempts[k].Discounted = ""
		if upheld := Judge(with); !reflect.DeepEqual(upheld, before) {
			t.Fatalf("upheld: %+v\nbefore: %+v", upheld, before)
		}
	})
	if less < 5 {
		t.Errorf("only %d disputes changed a verdict: too few to prove anything", less)
	}
}

// Contact, however late we learn of it, leaves exactly the case that began after it.
func TestContactEndsTheCaseWheneverItIsLearnt(t *testing.T) {
	property(t, func(t rapid.TB, draw source) {
		c := drawCase(draw, 12)
		c.Attempts = slices.DeleteFunc(c.Attempts, func(a Attempt) bool { return a.Direction == Inbound || a.Outcome == WrongNumber })
		at := c.JobCreatedAt.Add(time.Duration(draw(5001, "minutes")-2000) * time.Minute)
		contact := try(1000, at, Email, "")
		contact.Direction, contact.RecordedAt = Inbound, at.Add(time.Duration(draw(1001, "late"))*time.Hour)
		with := c
		with.Attempts = append(slices.Clone(c.Attempts), contact)
		v := Judge(with)
		if v.LastContactAt == nil || !v.LastContactAt.Equal(at) {
			t.Fatalf("last contact at %v, not %v", v.LastContactAt, at)
		}
		var calls []Attempt // calls before the contact still use up their day
		for i := range c.Attempts {
			if a := &c.Attempts[i]; !a.OccurredAt.After(at) && a.Channel == Phone {
				a.Discounted = "before"
				calls = append(calls, *a)
			}
		}
		c.Attempts = append(slices.DeleteFunc(c.Attempts, func(a Attempt) bool { return !a.OccurredAt.After(at) }), calls...)
		alone := Judge(c)
		if !slices.Equal(v.Counts, alone.Counts) || !reflect.DeepEqual(v.EnoughAt, alone.EnoughAt) ||
			!reflect.DeepEqual(v.UnreachableSince, alone.UnreachableSince) {
			t.Fatalf("%+v\nwithout what went before\n%+v", v, alone)
		}
		if len(v.Counts) == 0 && v.Verdict != Reached {
			t.Fatalf("%s after contact and no attempt that counts", v.Verdict)
		}
	})
}

// The next allowed instant is the first at which hours, working day, gap and daily calls all hold: found again by
// walking minute by minute, also through nights on which the clocks change.
func TestNextAllowedIsTheFirstAllowed(t *testing.T) {
	property(t, func(t rapid.TB, draw source) {
		c := drawCase(draw, 10)
		c.Calendar.Location = oneOf(draw, "zone", kolkata, london)
		hours := oneOf(draw, "hours", [2]string{"08:00", "19:00"}, [2]string{"00:00", "01:30"}, [2]string{"01:30", "03:00"},
			[2]string{"00:30", "24:00"})
		c.Policy.OpensAt, c.Policy.ClosesAt = hours[0], hours[1]
		shift := oneOf(draw, "days", 0, -9, 145) // -9 and 145: the day before the clocks change
		c.JobCreatedAt = time.Date(2026, 11, 2+shift, 8, 0, 0, 0, c.Calendar.Location)
		for i := range c.Attempts {
			c.Attempts[i].OccurredAt = c.Attempts[i].OccurredAt.AddDate(0, 0, shift)
			c.Attempts[i].RecordedAt = c.Attempts[i].RecordedAt.AddDate(0, 0, shift)
		}
		c.Calendar.WorkingDays[time.Sunday] = draw(2, "sunday") == 1
		c.Now = c.JobCreatedAt.Add(time.Duration(draw(8001, "minutes")-4000) * time.Minute)
		c.Attempts = slices.DeleteFunc(c.Attempts, func(a Attempt) bool { return a.OccurredAt.After(c.Now) })
		v := Judge(c)
		for _, channel := range channels {
			at := v.NextAllowed[channel]
			want := c.Now
			for {
				l := want.In(c.Calendar.Location)
				clock := l.Format("15:04")
				ok := clock >= hours[0] && clock < hours[1] && c.Calendar.WorkingDays[l.Weekday()]
				calls := 0
				for _, a := range c.Attempts {
					if a.Channel == Phone && a.Direction == Outbound && a.OccurredAt.In(c.Calendar.Location).
						Format(time.DateOnly) == l.Format(time.DateOnly) {
						calls++
					}
					if slices.Contains(v.Counts, a.ID) && want.Sub(a.OccurredAt) < time.Duration(c.Policy.MinGap)*time.Minute {
						ok = false
					}
				}
				if ok && (channel != Phone || calls < c.Policy.MaxCallsPerDay) {
					break
				}
				want = want.Add(time.Minute)
			}
			if at == nil || !at.Equal(want) {
				t.Fatalf("%s next allowed %v, walking finds %v (now %v)", channel, at, want, c.Now)
			}
		}
	})
}
