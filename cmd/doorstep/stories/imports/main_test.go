// Package imports tells stories of sheets: what lands, what asks, what is taken back.
package imports

import (
	"testing"

	"doorstep/cmd/doorstep/stories/harness"
)

// What stories say most often.
type object = harness.Object

var path, items = harness.Path, harness.Items

func TestMain(m *testing.M) { harness.Main(m) }
