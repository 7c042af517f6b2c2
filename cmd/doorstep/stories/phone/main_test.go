// Package phone tells stories of the companion app: what it keeps without network and sends later.
package phone

import (
	"testing"

	"doorstep/cmd/doorstep/stories/harness"
)

// What stories say most often.
type object = harness.Object

var path, items = harness.Path, harness.Items

func TestMain(m *testing.M) { harness.Main(m) }
