// Package planning tells stories of days, hours, leave and roads.
package planning

import (
	"testing"

	"doorstep/cmd/doorstep/stories/harness"
)

// What stories say most often.
type object = harness.Object

var path, items = harness.Path, harness.Items

func TestMain(m *testing.M) { harness.Main(m) }
