package phone

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"doorstep"
	"doorstep/cmd/doorstep/stories/harness"
)

// nodeModules is the folder that DOORSTEP_NODE_MODULES names, in which `npm install openapi-typescript@7.13.0 typescript@5.9.3
// preact@10.29.8 htm@3.1.1 idb@8.0.4` was run. Without it the test is passed over, unless browsers are required.
func nodeModules(t *testing.T) string {
	t.Helper()
	modules := os.Getenv("DOORSTEP_NODE_MODULES")
	if modules == "" {
		const how = "DOORSTEP_NODE_MODULES names no folder with typescript and openapi-typescript"
		if os.Getenv("DOORSTEP_TEST_REQUIRE_BROWSER") != "" {
			t.Fatal(how)
		}
		t.Skip(how)
	}
	return modules
}

// TestATypeScriptClient compiles a strict client over the types that openapi-typescript makes of the
// contract, and runs it.
func TestATypeScriptClient(t *testing.T) {
	modules := nodeModules(t)
	dir := t.TempDir()
	run := func(env []string, name string, args ...string) string {
		t.Helper()
		c := exec.Command(name, args...)
		c.Dir, c.Env = dir, append(os.Environ(), env...)
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	client, err := os.ReadFile("testdata/client.ts")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"openapi.yaml": doorstep.OpenAPI, "client.ts": client,
		"package.json": []byte(`{"type":"module"}`)} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	bin := func(name string) string { return filepath.Join(modules, "node_modules", ".bin", name) }
	if out := run(nil, bin("openapi-typescript"), "openapi.yaml", "-o", "api.d.ts"); strings.Contains(strings.ToLower(out), "warn") {
		t.Errorf("openapi-typescript: %s", out)
	}
	run(nil, bin("tsc"), "--strict", "--noUncheckedIndexedAccess", "--exactOptionalPropertyTypes", "--target", "ES2022", "--module",
		"NodeNext",
		"--lib", "ES2022,DOM,DOM.Iterable", "--typeRoots", ".", "client.ts")
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned", "visit.confirmed")
		from := harness.Monday.Add(3 * time.Hour)
		out := run([]string{"DOORSTEP_URL=" + h.URL, "DOORSTEP_PASSWORD=" + harness.Password, "DOORSTEP_FROM=" + from.Format(time.RFC3339),
			"DOORSTEP_TO=" + from.Add(2*time.Hour).Format(time.RFC3339)}, "node", "client.js")
		var got struct {
			Status, Confirmation string
			Actions              int
			Complete             bool
		}
		if err := json.Unmarshal([]byte(out), &got); err != nil || got.Status != "scheduled" || got.Confirmation != "confirmed" ||
			got.Actions == 0 {
			t.Errorf("the client says %s (%v)", out, err)
		}
	})
}
