package ladder_test

import (
	"fmt"
	"time"

	"doorstep/domain/ladder"
)

// An SOS that nobody answers for two minutes.
func ExampleNext() {
	tiers := ladder.Default()
	raised := time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)
	for now := raised; !now.After(raised.Add(2 * time.Minute)); {
		begun := ladder.Due(tiers, raised, now)
		fmt.Println(now.Format("15:04:05"), "rings", begun, "tiers, last", tiers[begun-1].To)
		now = ladder.Next(tiers, begun, raised, now)
	}
	// Output:
	// 12:00:00 rings 1 tiers, last [proprietor colleague]
	// 12:00:30 rings 1 tiers, last [proprietor colleague]
	// 12:01:00 rings 2 tiers, last [area_manager]
	// 12:01:30 rings 2 tiers, last [area_manager]
	// 12:02:00 rings 3 tiers, last [managers]
}

func ExampleValidate() {
	for _, wrong := range ladder.Validate([]ladder.Tier{{After: 0, To: []string{ladder.Proprietor}, Repeat: 5}}) {
		fmt.Println(wrong)
	}
	// Output: tier 0: repeats every 10 to 300 seconds
}
