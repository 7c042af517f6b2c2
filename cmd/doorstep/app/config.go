package app

import (
	"fmt"
	"path/filepath"
	"strings"
)

// Storage is where the data lives; every command that needs it has it.
type Storage struct {
	Data        string `help:"Folder of the embedded SQLite file." default:"data" env:"DOORSTEP_DATA" placeholder:"DIR"`
	DatabaseURL string `help:"PostgreSQL 15+ instead: postgres://user:password@host/name." env:"DATABASE_URL,DOORSTEP_DATABASE_URL" placeholder:"URL"`
	MaxConns    int    `help:"Connections to PostgreSQL." default:"16" env:"DOORSTEP_MAX_CONNS"`
	Synchronous string `help:"SQLite: with NORMAL a power cut can lose the last writes, an SOS too." default:"FULL" enum:"NORMAL,FULL" env:"DOORSTEP_SYNCHRONOUS"`
}

// URL is the address of the database: the one given, else the file in the data folder.
func (s Storage) url() string {
	if s.DatabaseURL != "" {
		return s.DatabaseURL
	}
	return filepath.Join(s.Data, "doorstep.db")
}

// Secrets sign tokens and links. There is no default: a server with known
// secrets lets everybody in.
type Secrets struct {
	JWTSecret  string `name:"jwt-secret" help:"Signs access tokens; 32 characters or more, comma-separated for rotation, newest first." env:"DOORSTEP_JWT_SECRET" placeholder:"SECRET"`
	LinkSecret string `help:"Signs customer links and refresh tokens; as above." env:"DOORSTEP_LINK_SECRET" placeholder:"SECRET"`
}

// Check refuses secrets that are missing or too short to keep one.
func (s Secrets) Check() error {
	if err := checkSecret("DOORSTEP_JWT_SECRET", s.JWTSecret); err != nil {
		return err
	}
	if err := s.CheckLink(); err != nil {
		return err
	}
	if s.JWTSecret == s.LinkSecret {
		return fmt.Errorf("DOORSTEP_LINK_SECRET is the same as DOORSTEP_JWT_SECRET: generate another with `doorstep secret`")
	}
	return nil
}

// CheckLink is for what needs no access token.
// Check refuses secrets that are missing or too short to keep one.
func (s Secrets) CheckLink() error { return checkSecret("DOORSTEP_LINK_SECRET", s.LinkSecret) }

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

// Limits bound what one address and one user may ask of each replica. Stop,
// SOS and health are never limited.
type Limits struct {
	RateUser    int `help:"Requests a minute of each user that a replica answers; 0 for any number." default:"1200" env:"DOORSTEP_RATE_USER" placeholder:"N"`
	RateAddress int `help:"Requests a minute without a token of each address (of each /64 of IPv6), such as sign-ins and customers' pages; 0 for any number." default:"3000" env:"DOORSTEP_RATE_ADDRESS" placeholder:"N"`
	Connections int `name:"max-connections-per-address" help:"Open connections of one address (of one /64 of IPv6); trusted proxies have no bound; 0 for none." default:"256" env:"DOORSTEP_MAX_CONNECTIONS_PER_ADDRESS" placeholder:"N"`
	Syncs       int `name:"syncs-at-once" help:"Syncs of phones, and refreshes of their sessions, that a replica answers at once; the others wait, so that an SOS does not. 0: four for each processor." default:"0" env:"DOORSTEP_SYNCS_AT_ONCE" placeholder:"N"`
}

// WebPush is of pushes to browsers; the keys are made of the link secret.
type WebPush struct {
	Subject string   `help:"Whom push services write to about pushes to browsers: mailto:desk@service.example; default: the base URL." env:"DOORSTEP_WEB_PUSH_SUBJECT" placeholder:"URL"`
	Hosts   []string `help:"Push services besides those of the known browsers." env:"DOORSTEP_WEB_PUSH_HOSTS" placeholder:"HOST"`
}
