package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// unknownVariables warns of DOORSTEP_ variables that no flag reads, with the
// nearest name: a typing error would silently leave a default in force.
func unknownVariables(model *kong.Application, environ []string) []string {
	known := map[string]bool{}
	ofTests := []string{"DOORSTEP_TEST_DATABASE_URL", "DOORSTEP_TEST_REQUIRE_POSTGRES", "DOORSTEP_TEST_REQUIRE_BROWSER",
		"DOORSTEP_TEST_ENGINES", "DOORSTEP_TEST_LONG", "DOORSTEP_AXE", "DOORSTEP_NODE_MODULES"}
	var walk func(n *kong.Node)
	walk = func(n *kong.Node) {
		for _, f := range n.Flags {
			for _, e := range f.Envs {
				known[e] = true
			}
		}
		for _, child := range n.Children {
			walk(child)
		}
	}
	walk(model.Node)
	var out []string
	for _, kv := range environ {
		name, _, _ := strings.Cut(kv, "=")
		if !strings.HasPrefix(name, "DOORSTEP_") || known[name] || slices.Contains(ofTests, name) {
			continue
		}
		best, least := "", 1<<30
		for k := range known {
			if d := distance(name, k); d < least || d == least && k < best {
				best, least = k, d
			}
		}
		out = append(out, fmt.Sprintf("the variable %s is unknown and does nothing; did you mean %s?", name, best))
	}
	slices.Sort(out)
	return out
}

// distance is Levenshtein's.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
