package domain

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/lifecycles.md anew")

// TestDiagramsAreTheTables keeps docs/lifecycles.md generated from the tables.
func TestDiagramsAreTheTables(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Lifecycles\n\nGenerated from the tables in `domain/lifecycle.go` and `domain/moves.go` (`go test ./domain -run Diagrams -update`).\n\n## Visit\n\n```mermaid\nstateDiagram-v2\n    [*] --> scheduled: schedule\n")
	for _, m := range VisitMoves {
		if m.To == "" || m.Action == "stop" || len(m.From) == 0 {
			continue
		}
		for _, from := range m.From {
			if from != m.To {
				fmt.Fprintf(&b, "    %s --> %s: %s\n", from, m.To, m.Action)
			}
		}
	}
	b.WriteString("```\n\n`stop` leads from every unfinished state to `stopped_unsafe`; on an ended visit the state stays.\n\n| move | from | to | who | guard | refused by |\n| --- | --- | --- | --- | --- | --- |\n")
	names := func(roles []Role) string {
		s := make([]string, len(roles))
		for i, r := range roles {
			s[i] = string(r)
		}
		return strings.Join(s, ", ")
	}
	stance := map[HoldPolicy]string{SafetyRefuses: "a safety hold", AnyRefuses: "any hold", HoldAllows: "none"}
	for _, m := range VisitMoves {
		from := make([]string, len(m.From))
		for i, f := range m.From {
			from[i] = string(f)
		}
		if len(from) == len(VisitStatuses) {
			from = []string{"any"}
		}
		to := string(m.To)
		if to == "" {
			to = "stays"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", m.Action, strings.Join(from, ", "), to, names(m.Roles), m.Guard, stance[m.Holds])
	}
	b.WriteString("\n## Job\n\nThe status derives from the visits: one under way → `in_progress`; else one scheduled → `scheduled`; completed since the last (re)opening → `resolved`; else `open`. Ends: `closed`, `cancelled`.\n\n| move | from | who | guard | refused by |\n| --- | --- | --- | --- | --- |\n")
	for _, m := range JobMoves {
		from := make([]string, len(m.From))
		for i, f := range m.From {
			from[i] = string(f)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", m.Action, strings.Join(from, ", "), names(m.Roles), m.Guard, stance[m.Holds])
	}
	b.WriteString("\n## Flag\n\n```mermaid\nstateDiagram-v2\n    [*] --> reported\n")
	for _, m := range FlagMoves {
		for _, from := range m.From {
			to := m.To
			if len(to) == 0 {
				to = []FlagStatus{from}
			}
			for _, to := range to {
				fmt.Fprintf(&b, "    %s --> %s: %s\n", from, to, m.Action)
			}
		}
	}
	b.WriteString("```\n")
	for _, l := range Lifecycles {
		fmt.Fprintf(&b, "\n## %s\n\nBegins as `%s`.\n\n| move | from | to | who | guard |\n| --- | --- | --- | --- | --- |\n",
			strings.ToUpper(l.Name[:1])+l.Name[1:], l.Start)
		for _, m := range l.Moves {
			to := strings.Join(m.To, ", ")
			if to == "" {
				to = "stays"
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", m.Action, strings.Join(m.From, ", "), to, m.Who, m.Guard)
		}
	}
	b.WriteString("\n## Advisory\n\nBegins as `proposed`; ends by itself as `expired`.\n\n| move | from | who | guard |\n| --- | --- | --- | --- |\n")
	for _, m := range AdvisoryMoves {
		from := make([]string, len(m.From))
		for i, f := range m.From {
			from[i] = string(f)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", m.Action, strings.Join(from, ", "), names(m.Roles), m.Guard)
	}
	const file = "../docs/lifecycles.md"
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(file)
	if err != nil || string(have) != b.String() {
		t.Errorf("docs/lifecycles.md is not what the tables say: run go test ./domain -run Diagrams -update (%v)", err)
	}
}
