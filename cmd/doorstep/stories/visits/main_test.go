// Package visits tells stories of visits, from the job to its end.
package visits

import (
	"testing"

	"doorstep/cmd/doorstep/stories/harness"
)

// What stories say most often.
type object = harness.Object

var path, items = harness.Path, harness.Items

func TestMain(m *testing.M) { harness.Main(m) }
