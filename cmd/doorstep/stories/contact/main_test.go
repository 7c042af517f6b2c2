// Package contact tells stories of contact with a household: attempts, verdicts, its page, promises, disputes, job history.
package contact

import (
	"testing"

	"doorstep/cmd/doorstep/stories/harness"
)

// What stories say most often.
type object = harness.Object

var path, items = harness.Path, harness.Items

func TestMain(m *testing.M) { harness.Main(m) }
