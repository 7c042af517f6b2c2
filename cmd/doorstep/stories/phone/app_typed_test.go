package phone

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"doorstep"
)

// TestTheAppIsTyped lets TypeScript judge the modules of /app over the types that openapi-typescript makes of the contract: what it
// reads of an answer is there.
func TestTheAppIsTyped(t *testing.T) {
	modules := nodeModules(t)
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
