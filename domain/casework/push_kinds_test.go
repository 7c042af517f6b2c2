package casework

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"doorstep/domain"
)

var update = flag.Bool("update", false, "write the table of docs/phone.md anew")

// wordings are other words of a kind that is pushed under its own name.
var wordings = []string{"sos.late", "sos.several", "queue.morning_late"}

// TestThePhoneIsToldOfEachPush keeps the table of docs/phone.md drawn from PushKinds, which
// has each kind that there are words for.
func TestThePhoneIsToldOfEachPush(t *testing.T) {
	for kind := range domain.Words {
		if domain.PushKindOf(kind) == nil && !slices.Contains(wordings, kind) {
			t.Errorf("%s is missing in PushKinds", kind)
		}
	}
	if !slices.IsSortedFunc(domain.PushKinds, func(a, b domain.PushKind) int { return strings.Compare(a.Kind, b.Kind) }) {
		t.Error("PushKinds are not in order")
	}
	var b strings.Builder
	b.WriteString("\n| kind | to | says | data | rings | kept at most |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, p := range domain.PushKinds {
		rings, keep, says := "", "until the window ends", ""
		switch {
		case p.Kind == domain.PushSync:
			rings = "never: it shows nothing"
		case domain.RingsAsAlarm(p.Kind):
			rings = "alarm"
		case domain.GoesFirst(p.Kind) || urgent[p.Kind]:
			rings = "wakes"
		}
		switch {
		case p.Keep >= 24*time.Hour:
			keep = fmt.Sprintf("%d d", p.Keep/(24*time.Hour))
		case p.Keep >= time.Hour:
			keep = fmt.Sprintf("%d h", p.Keep/time.Hour)
		case p.Keep > 0:
			keep = fmt.Sprintf("%d min", p.Keep/time.Minute)
		}
		if w, ok := domain.Words[p.Kind]["en"]; ok {
			says = w[0]
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s |\n", p.Kind, p.To, says, strings.ReplaceAll(p.Data, " ", ", "), rings, keep)
	}
	const file, begin, end = "../../docs/phone.md", "<!-- pushes -->", "<!-- end of pushes -->"
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(raw), begin)
	old, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the table", file)
	}
	if *update {
		if err := os.WriteFile(file, []byte(head+begin+b.String()+end+tail), 0o600); err != nil {
			t.Fatal(err)
		}
	} else if old != b.String() {
		t.Errorf("the table of %s is not that of PushKinds: go test ./domain/casework -run EachPush -update", file)
	}
}
