package ladder

import (
	"fmt"
	"time"
)

// Audiences of a tier.
const (
	Proprietor  = "proprietor"
	Colleague   = "colleague"    // whom the raiser chose
	AreaManager = "area_manager" // and deputies
	Managers    = "managers"     // every area manager, and the area's proprietors
	Everyone    = "everyone"
)

// audiences lists all of them.
var audiences = []string{Proprietor, Colleague, AreaManager, Managers, Everyone}

// Tier is one step: After seconds from the raising its audiences are rung, and
// all that were rung so far again every Repeat seconds until the next.
type Tier struct {
	After  int      `json:"after_seconds"`
	To     []string `json:"to"`
	Repeat int      `json:"repeat_seconds"`
}

// Default is the brand's ladder.
func Default() []Tier {
	return []Tier{
		{0, []string{Proprietor, Colleague}, 30},
		{60, []string{AreaManager}, 30},
		{120, []string{Managers}, 30},
		{240, []string{Everyone}, 60},
	}
}

// Validate says in sentences what is wrong with a ladder.
func Validate(tiers []Tier) []string {
	var out []string
	if len(tiers) == 0 || len(tiers) > 10 {
		return []string{"a ladder has 1 to 10 tiers"}
	}
	for i, t := range tiers {
		if i == 0 && t.After != 0 || i > 0 && t.After <= tiers[i-1].After {
			out = append(out, fmt.Sprintf("tier %d: the first begins at 0 seconds, each other one later than the one before", i))
		}
		if t.After > 600 {
			out = append(out, fmt.Sprintf("tier %d: nobody waits longer than 600 seconds", i))
		}
		if t.Repeat < 10 || t.Repeat > 300 {
			out = append(out, fmt.Sprintf("tier %d: repeats every 10 to 300 seconds", i))
		}
		if len(t.To) == 0 {
			out = append(out, fmt.Sprintf("tier %d: rings nobody", i))
		}
		for _, a := range t.To {
			known := false
			for _, k := range audiences {
				known = known || a == k
			}
			if !known {
				out = append(out, fmt.Sprintf("tier %d: there is no audience %q", i, a))
			}
		}
	}
	if last := tiers[len(tiers)-1]; len(out) == 0 && last.To[0] != Everyone {
		out = append(out, "the last tier rings everyone")
	}
	return out
}

// Due is how many tiers have begun by now.
func Due(tiers []Tier, raised, now time.Time) int {
	n := 0
	for n < len(tiers) && !now.Before(raised.Add(time.Duration(tiers[n].After)*time.Second)) {
		n++
	}
	return n
}

// Next is when to ring again: at the next tier, or the repeat of the present
// one, whichever comes first. begun is how many tiers have begun.
func Next(tiers []Tier, begun int, raised, now time.Time) time.Time {
	repeat := 60
	if begun > 0 && begun <= len(tiers) {
		repeat = tiers[begun-1].Repeat
	}
	at := now.Add(time.Duration(repeat) * time.Second)
	if begun < len(tiers) {
		if tier := raised.Add(time.Duration(tiers[begun].After) * time.Second); tier.Before(at) {
			at = tier
		}
	}
	return at
}
