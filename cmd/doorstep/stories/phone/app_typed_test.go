package phone

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"doorstep"
)

// TestTheAppIsTyped lets TypeScript judge the modules of /app over the types that openapi-typescript makes of the contract: what it
// reads of an answer is there. DOORSTEP_NODE_MODULES also needs `npm install preact@10.29.8 htm@3.1.1 idb@8.0.4`, for their types.
func TestTheAppIsTyped(t *testing.T) {
	modules := os.Getenv("DOORSTEP_NODE_MODULES")
	if modules == "" {
		const how = "DOORSTEP_NODE_MODULES names no folder with typescript and openapi-typescript"
		if os.Getenv("DOORSTEP_TEST_REQUIRE_BROWSER") != "" {
			t.Fatal(how)
		}
		t.Skip(how)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../../../api/pages/app")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "openapi.yaml"), doorstep.OpenAPI, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(modules, "node_modules"), filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"openapi-typescript", "openapi.yaml", "-o", "api.d.ts"}, {"tsc", "-p", "."}} {
		c := exec.Command(filepath.Join(modules, "node_modules", ".bin", args[0]), args[1:]...)
		c.Dir = dir
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
}
