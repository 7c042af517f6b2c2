package phone

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"doorstep"
)

// TestThePagesAreTyped lets TypeScript judge the modules of /app and of the desk over the types that openapi-typescript makes of
// the contract: what they read of an answer is there.
func TestThePagesAreTyped(t *testing.T) {
	modules := nodeModules(t)
	dir := t.TempDir()
	for _, page := range []string{"app", "desk"} {
		if err := os.CopyFS(filepath.Join(dir, page), os.DirFS("../../../../api/pages/"+page)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "openapi.yaml"), doorstep.OpenAPI, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(modules, "node_modules"), filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"openapi-typescript", "openapi.yaml", "-o", "api.d.ts"}, {"tsc", "-p", "app"}, {"tsc", "-p", "desk"}} {
		c := exec.Command(filepath.Join(modules, "node_modules", ".bin", args[0]), args[1:]...)
		c.Dir = dir
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
}
