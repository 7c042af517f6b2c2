// Package accounts tells stories of accounts, sign-in, codes and devices.
package accounts

import (
	"testing"

	"doorstep/cmd/doorstep/stories/harness"
)

// What stories say most often.
type object = harness.Object

var path, items = harness.Path, harness.Items

func TestMain(m *testing.M) { harness.Main(m) }
