package main

import (
	"testing"

	"doorstep/cmd/doorstep/stories/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }
