package domain

import (
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/uuid"
)

func TestDoorWords(t *testing.T) {
	seen := map[string]bool{}
	for _, w := range doorWords {
		if len(w.Latin) < 3 || len(w.Latin) > 8 || seen[w.Latin] || seen[w.Devanagari] || strings.Contains(w.Devanagari, " ") {
			t.Errorf("%v is too long, or stands there twice", w)
		}
		for _, r := range w.Devanagari {
			if !unicode.Is(unicode.Devanagari, r) || r == '़' {
				t.Errorf("%v: %c is not read alike in Hindi and Marathi", w, r)
			}
		}
		seen[w.Latin], seen[w.Devanagari] = true, true
	}
	if len(doorWords) != 64 {
		t.Errorf("%d words, and their comment says 64", len(doorWords))
	}
	old, _ := NewKeyRing(strings.Repeat("a", 32))
	both, _ := NewKeyRing(strings.Repeat("b", 32) + "," + strings.Repeat("a", 32))
	ravi, sunil, differ := uuid.New(), uuid.New(), 0
	pairs := map[DoorWords]int{}
	for range 4000 {
		visit := uuid.New()
		w := old.DoorWords(visit, []ID{ravi, sunil})
		if w.Crew == w.Household {
			t.Fatalf("both sides say %v", w.Crew)
		}
		if w != old.DoorWords(visit, []ID{sunil, ravi}) || w != both.DoorWords(visit, []ID{ravi, sunil}) {
			t.Fatal("the words depend on the order of a crew, or on a new key")
		}
		if w != old.DoorWords(visit, []ID{ravi}) {
			differ++
		}
		pairs[w]++
	}
	if differ < 3980 || len(pairs) < 2000 { // of 4032 pairs, 4000 drawn with return hit about 2540
		t.Errorf("%d of 4000 crews have other words than one of them alone, and there are %d pairs", differ, len(pairs))
	}
}

func TestDoorDay(t *testing.T) {
	kolkata := time.FixedZone("", 19800)
	v := Visit{Status: VisitScheduled, WindowStart: time.Date(2027, 3, 1, 20, 0, 0, 0, time.UTC),
		WindowEnd: time.Date(2027, 3, 1, 22, 0, 0, 0, time.UTC)}
	from, until := v.DoorDay(kolkata)
	if want := time.Date(2027, 3, 1, 18, 30, 0, 0, time.UTC); !from.Equal(want) || !until.Equal(want.Add(24*time.Hour)) {
		t.Errorf("from %s until %s", from, until)
	}
	for _, c := range []struct {
		status     VisitStatus
		crew       int
		free, held bool
	}{{VisitScheduled, 1, true, false}, {VisitScheduled, 0, false, false}, {VisitEnRoute, 1, true, true}, {VisitArrived, 2, true, true},
		{VisitInProgress, 1, false, false}, {VisitStopped, 1, false, false}, {VisitCompleted, 1, false, false}} {
		v.Status, v.Crew = c.status, make([]ID, c.crew)
		if v.HasDoorWords(false) != c.free || v.HasDoorWords(true) != c.held {
			t.Errorf("%s with a crew of %d", c.status, c.crew)
		}
	}
}
