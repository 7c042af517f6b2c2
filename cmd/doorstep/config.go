package main

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// storage is where the data lives; every command that needs it has it.
type storage struct {
	Data        string `help:"Folder of the embedded SQLite file." default:"data" env:"DOORSTEP_DATA" placeholder:"DIR"`
	DatabaseURL string `help:"PostgreSQL 15+ instead: postgres://user:password@host/name." env:"DATABASE_URL,DOORSTEP_DATABASE_URL" placeholder:"URL"`
	MaxConns    int    `help:"Connections to PostgreSQL." default:"16" env:"DOORSTEP_MAX_CONNS"`
	Synchronous string `help:"SQLite: with NORMAL a power cut can lose the last writes, an SOS too." default:"FULL" enum:"NORMAL,FULL" env:"DOORSTEP_SYNCHRONOUS"`
}

func (s storage) url() string {
	if s.DatabaseURL != "" {
		return s.DatabaseURL
	}
	return filepath.Join(s.Data, "doorstep.db")
}

// secrets sign tokens and links. There is no default: a server with known
// secrets lets everybody in.
type secrets struct {
	JWTSecret  string `name:"jwt-secret" help:"Signs access tokens; 32 characters or more, comma-separated for rotation, newest first." env:"DOORSTEP_JWT_SECRET" placeholder:"SECRET"`
	LinkSecret string `help:"Signs customer links and refresh tokens; as above." env:"DOORSTEP_LINK_SECRET" placeholder:"SECRET"`
}

func (s secrets) check() error {
	if err := checkSecret("DOORSTEP_JWT_SECRET", s.JWTSecret); err != nil {
		return err
	}
	if err := s.checkLink(); err != nil {
		return err
	}
	if s.JWTSecret == s.LinkSecret {
		return fmt.Errorf("DOORSTEP_LINK_SECRET is the same as DOORSTEP_JWT_SECRET: generate another with `doorstep secret`")
	}
	return nil
}

// checkLink is for what needs no access token.
func (s secrets) checkLink() error { return checkSecret("DOORSTEP_LINK_SECRET", s.LinkSecret) }

func checkSecret(name, value string) error {
	if value == "" {
		return fmt.Errorf("%s is not set: generate one with `doorstep secret` and set it", name)
	}
	for secret := range strings.SplitSeq(value, ",") {
		secret = strings.TrimSpace(secret)
		if len(secret) < 32 {
			return fmt.Errorf("%s is shorter than 32 characters: generate one with `doorstep secret`", name)
		}
		if isSample(secret) {
			return fmt.Errorf("%s looks like a sample, not a secret: generate one with `doorstep secret`", name)
		}
	}
	return nil
}

// isSample recognises placeholders out of manuals and keyboards.
func isSample(secret string) bool {
	low := strings.ToLower(secret)
	for _, w := range []string{"change", "example", "sample", "secret", "password", "your-", "your_", "replace", "todo", "doorstep", "test",
		"dummy", "default", "qwerty", "abcdefgh", "0123456789abcdef0123456789abcdef", "12345678901234567890"} {
		if strings.Contains(low, w) {
			return true
		}
	}
	seen := map[rune]bool{}
	for _, r := range low {
		seen[r] = true
	}
	return len(seen) < 8
}

type secretCmd struct{}

// Run prints 256 random bits.
func (secretCmd) Run(e *environment) error {
	_, err := fmt.Fprintln(e.stdout, randomHex(make([]byte, 32)))
	return err
}

func randomHex(b []byte) string {
	_, _ = rand.Read(b) // never fails: crypto/rand ends the program instead
	return hex.EncodeToString(b)
}

// unknownVariables warns of DOORSTEP_ variables that no flag reads, with the
// nearest name: a typing error would silently leave a default in force.
func unknownVariables(model *kong.Application, environ []string) []string {
	known := map[string]bool{}
	ofTests := []string{"DOORSTEP_TEST_DATABASE_URL", "DOORSTEP_TEST_REQUIRE_POSTGRES", "DOORSTEP_TEST_REQUIRE_BROWSER",
		"DOORSTEP_TEST_ENGINES", "DOORSTEP_TEST_BROWSER", "DOORSTEP_AXE"}
	var walk func(n *kong.Node)
	walk = func(n *kong.Node) {
		for _, f := range n.Flags {
			for _, e := range f.Envs {
				known[e] = true
			}
		}
		for _, child := range n.Children {
			walk(child)
		}
	}
	walk(model.Node)
	var out []string
	for _, kv := range environ {
		name, _, _ := strings.Cut(kv, "=")
		if !strings.HasPrefix(name, "DOORSTEP_") || known[name] || slices.Contains(ofTests, name) {
			continue
		}
		best, least := "", 1<<30
		for k := range known {
			if d := distance(name, k); d < least || d == least && k < best {
				best, least = k, d
			}
		}
		out = append(out, fmt.Sprintf("the variable %s is unknown and does nothing; did you mean %s?", name, best))
	}
	slices.Sort(out)
	return out
}

// distance is Levenshtein's.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
