package main

import (
	"cmp"
	"fmt"
	"runtime/debug"

	"doorstep/repo"
)

// version is the newest released one; CHANGELOG.md has a section for it.
const version = "0.1.0"

// commit is set by the linker where the build sees no repository:
// -ldflags "-X main.commit=$(git rev-parse HEAD)".
var commit string

type versionCmd struct{}

// Run prints the version, the commit and the newest migration, a line each.
func (versionCmd) Run(e *environment) error {
	schema, err := repo.SchemaVersion()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(e.stdout, "doorstep %s\ncommit %s\nschema %d\n", version, cmp.Or(commit, buildCommit(), "unknown"), schema)
	return err
}

// buildCommit is the commit that the build noted; empty: none.
func buildCommit() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	var revision, changed string
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			revision = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = ", with changes"
		}
	}
	if revision == "" {
		return ""
	}
	return revision + changed
}
