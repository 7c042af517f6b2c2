package domain

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"

	"doorstep/domain/reach"
)

// TestPhrasesOfVerdicts: whatever a verdict says, it says in every language: cases by chance, under several policies.
func TestPhrasesOfVerdicts(t *testing.T) {
	kolkata, err := time.LoadLocation("Asia/Kolkata")
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(16, 1)) // #nosec G404
	pick := func(list ...string) string { return list[random.IntN(len(list))] }
	known, missed := map[string]bool{}, map[string]bool{}
	hold := func(text string) {
		known[text] = true
		for _, language := range Languages[1:] {
			if _, all := InLanguage(text, language); !all && !missed[language+text] {
				missed[language+text] = true
				t.Errorf("%s does not say %q", language, text)
			}
		}
	}
	person := func() uuid.UUID { return uuid.UUID{byte(random.IntN(3))} }
	for range 8_000 {
		created := time.Date(2026, 11, 2, 8, 0, 0, 0, kolkata)
		policy := reach.Default()
		if random.IntN(3) == 0 {
			policy.MinAttempts, policy.MinChannels, policy.MinDayParts = random.IntN(5), random.IntN(4), random.IntN(4)
			policy.MinGap, policy.MinSpan, policy.MaxCallsPerDay = random.IntN(300), random.IntN(60), 1+random.IntN(12)
		}
		c := reach.Case{JobCreatedAt: created, Policy: policy, Now: created.Add(time.Duration(random.IntN(20*24)) * time.Hour),
			Calendar: reach.Calendar{Location: kolkata, WorkingDays: [7]bool{false, true, true, true, true, true, true},
				Holidays: map[string]bool{"2026-11-05": true}},
			VoiceOnly: random.IntN(5) == 0, SafetyCritical: random.IntN(9) == 0, ConfirmedVisitAhead: random.IntN(9) == 0}
		numbers := []string{"+919810000001", "+919810000002", "+919810000003"}
		for i := range random.IntN(3) {
			c.Numbers = append(c.Numbers, reach.Number{ContactID: uuid.UUID{9}, Address: numbers[i]})
		}
		if random.IntN(200) == 0 {
			for i := range 70 {
				c.Numbers = append(c.Numbers, reach.Number{ContactID: uuid.UUID{9}, Address: numbers[0] + string(rune('a'+i))})
			}
		}
		if random.IntN(4) == 0 {
			c.SecondContact = uuid.UUID{8}
		}
		for i := range random.IntN(14) {
			ring := random.IntN(60)
			away := float64(random.IntN(400))
			at := created.Add(time.Duration(random.IntN(8*24*60)-60) * time.Minute)
			a := reach.Attempt{ID: uuid.UUID{1, byte(i)}, Direction: reach.Outbound, OccurredAt: at, By: person(), Grade: reach.Declared,
				Channel:    pick("phone", "phone", "phone", "sms", "whatsapp", "push", "email", "doorstep"),
				Outcome:    pick("no_answer", "no_answer", "delivered", "sent", "read", "nobody_home", "busy", "switched_off", "voicemail"),
				RecordedAt: at.Add(time.Duration(random.IntN(4)*random.IntN(60*60)) * time.Minute), Unreadable: random.IntN(9) == 0}
			switch random.IntN(9) {
			case 0:
				a.Direction = reach.Inbound
			case 1:
				a.Outcome = pick("reached", "refused", "hostile", "cut_off", "wrong_number", "out_of_network")
			case 2:
				a.RecordedAt, a.LastNotice = at, true
			case 3:
				a.Barred = "its call record was already told as another attempt: the same call counts once"
			case 4:
				a.Discounted = "disputed by the household; it does not count until the area manager decides"
			case 5:
				a.GradeWhy = "its place is not at the door"
			default:
				a.RecordedAt = at
			}
			if random.IntN(3) > 0 {
				a.RingSeconds, a.DistanceM = &ring, &away
			}
			if random.IntN(2) == 0 {
				a.Address = pick(append(numbers, "112")...)
			}
			if random.IntN(3) == 0 {
				a.Grade = reach.Recorded
			}
			c.Attempts = append(c.Attempts, a)
		}
		v := reach.Judge(c)
		hold(v.Explanation)
		for _, text := range v.Missing {
			hold(text)
		}
		for _, x := range append(v.DoesNotCount, v.Declared...) {
			hold(x.Why)
		}
		if len(missed) > 40 {
			t.Fatal("and so on")
		}
	}
	if len(known) < 2000 {
		t.Errorf("only %d sentences came up", len(known))
	}
}

// TestPayIsExplained: why a visit is not paid or does not count is said in every language: visits by chance.
func TestPayIsExplained(t *testing.T) {
	random := rand.New(rand.NewPCG(17, 1)) // #nosec G404
	chance := func() bool { return random.IntN(5) == 0 }
	said := map[string]bool{}
	for range 20_000 {
		p := PayableVisit{Proven: chance(), FlaggedSelf: chance(), AreaHold: chance(), Pause: chance(), Waiting: chance(), Claimed: chance(),
			Declined: chance(), Unasked: chance(), Unanswered: chance(), Reported: chance(), Decided: chance(),
			Taken: chance()}
		p.Status = VisitStatuses[random.IntN(len(VisitStatuses))]
		p.Disputed = chance()
		p.EndReason = []string{"", "held", StoppedAfterMissed, StoppedAhead, StoppedAtHome, WordWrong, SpokenWith}[random.IntN(7)]
		if chance() {
			p.EndReason = WhysNot[random.IntN(len(WhysNot))].Code
		}
		if _, _, why := p.Shield(chance()); why != "" {
			said[why] = true
		}
	}
	for why := range said {
		for _, language := range Languages[1:] {
			if _, all := InLanguage(why, language); !all {
				t.Errorf("%s does not say %q", language, why)
			}
		}
	}
	if len(said) < 18 {
		t.Errorf("only %d reasons came about", len(said))
	}
}
