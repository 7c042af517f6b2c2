package ladder

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

var zero = time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)

func TestDefaultClimbsAsTheProductSays(t *testing.T) {
	tiers := Default()
	if wrong := Validate(tiers); len(wrong) > 0 {
		t.Fatal(wrong)
	}
	at, begun := zero, Due(tiers, zero, zero)
	seen := map[int]time.Duration{begun: 0}
	for range 20 {
		next := Next(tiers, begun, zero, at)
		if !next.After(at) {
			t.Fatalf("rings at %v and again at %v", at, next)
		}
		at = next
		if n := Due(tiers, zero, at); n != begun {
			begun = n
			seen[n] = at.Sub(zero)
		}
	}
	for n, want := range map[int]time.Duration{1: 0, 2: time.Minute, 3: 2 * time.Minute, 4: 4 * time.Minute} {
		if seen[n] != want {
			t.Errorf("tier %d begins after %v, want %v", n, seen[n], want)
		}
	}
}

// However late a server looks, each tier begins, in order, and it always rings
// again.
func TestClimbing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tiers := []Tier{{0, []string{Proprietor}, rapid.IntRange(10, 300).Draw(t, "repeat")}}
		for range rapid.IntRange(0, 5).Draw(t, "tiers") {
			last := tiers[len(tiers)-1].After
			if last >= 600 {
				break
			}
			tiers = append(tiers, Tier{rapid.IntRange(last+1, 600).Draw(t, "after"), []string{Everyone}, rapid.IntRange(10, 300).Draw(t, "repeat")})
		}
		tiers[len(tiers)-1].To = []string{Everyone}
		if wrong := Validate(tiers); len(wrong) > 0 {
			t.Fatal(wrong)
		}
		at, begun := zero, Due(tiers, zero, zero)
		for range 40 {
			at = at.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "late")) * time.Second)
			n := Due(tiers, zero, at)
			if n < begun {
				t.Fatal("a tier ended")
			}
			begun = n
			next := Next(tiers, begun, zero, at)
			if !next.After(at) || next.Sub(at) > 300*time.Second {
				t.Fatalf("after %v it rings at %v", at.Sub(zero), next.Sub(zero))
			}
			at = next
		}
		if at.Sub(zero) > 600*time.Second && Due(tiers, zero, at) != len(tiers) {
			t.Fatal("not exhausted")
		}
	})
}
