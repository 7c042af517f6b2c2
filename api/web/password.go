package web

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// The cost of a password (OWASP's first choice for argon2id): 19 MiB, two
// passes, 33 ms on the reference machine.
const (
	argonMemory  = 19456
	argonTime    = 2
	argonThreads = 1
	argonSalt    = 16
	argonKey     = 32
)

// Passwords hashes and verifies with argon2id, four at a time: more would only
// make all of them late and take the memory of everything else.
type Passwords struct {
	slots chan struct{}
	dummy string
}

// NewPasswords makes the hasher and the hash that unknown users are compared
// with.
func NewPasswords() *Passwords {
	// No password leads to a key that was drawn: nothing needs to be derived.
	h := freshHash()
	_, _ = rand.Read(h.key)
	return &Passwords{slots: make(chan struct{}, 4), dummy: h.String()}
}

// Hash gives a PHC string. It waits for a slot until ctx ends.
func (p *Passwords) Hash(ctx context.Context, password string) (string, error) {
	if err := p.enter(ctx); err != nil {
		return "", err
	}
	defer p.leave()
	return hashPassword(password), nil
}

// Verify reports whether the password belongs to the hash. An error is a hash
// that cannot be read, or ctx ending before a slot was free.
func (p *Passwords) Verify(ctx context.Context, phc, password string) (bool, error) {
	h, err := parsePHC(phc)
	if err != nil {
		return false, err
	}
	if err := p.enter(ctx); err != nil {
		return false, err
	}
	defer p.leave()
	return subtle.ConstantTimeCompare(h.derive(password), h.key) == 1, nil
}

// VerifyNobody takes as long as Verify and is always wrong: for logins that do
// not exist, so that time does not tell which do.
func (p *Passwords) VerifyNobody(ctx context.Context, password string) error {
	_, err := p.Verify(ctx, p.dummy, password)
	return err
}

func (p *Passwords) enter(ctx context.Context) error {
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *Passwords) leave() { <-p.slots }

type phcHash struct {
	memory, time uint32
	threads      uint8
	salt, key    []byte
}

// derive normalises first (NFKC, RFC 8265): one phone composes é, another does not.
func (h phcHash) derive(password string) []byte {
	return argon2.IDKey([]byte(norm.NFKC.String(password)), h.salt, h.time, h.memory, h.threads, uint32(len(h.key)))
}

// freshHash has today's cost, a new salt and no key yet.
func freshHash() phcHash {
	h := phcHash{memory: argonMemory, time: argonTime, threads: argonThreads, salt: make([]byte, argonSalt), key: make([]byte, argonKey)}
	_, _ = rand.Read(h.salt) // crypto/rand ends the program rather than fail
	return h
}

// String is the PHC string.
func (h phcHash) String() string {
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, h.memory, h.time, h.threads, b64(h.salt), b64(h.key))
}

func hashPassword(password string) string {
	h := freshHash()
	h.key = h.derive(password)
	return h.String()
}

var errPHC = errors.New("password hash is not readable")

// parsePHC reads $argon2id$v=19$m=…,t=…,p=…$salt$key and bounds the cost, so
// that a damaged row cannot eat the machine.
func parsePHC(s string) (phcHash, error) {
	var h phcHash
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return h, errPHC
	}
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &h.memory, &h.time, &h.threads); n != 3 || err != nil {
		return h, errPHC
	}
	var err1, err2 error
	h.salt, err1 = base64.RawStdEncoding.Strict().DecodeString(parts[4])
	h.key, err2 = base64.RawStdEncoding.Strict().DecodeString(parts[5])
	if err1 != nil || err2 != nil || len(h.salt) < 8 || len(h.salt) > 64 || len(h.key) < 16 || len(h.key) > 64 ||
		h.memory < 8 || h.memory > 256<<10 || h.time < 1 || h.time > 10 || h.threads < 1 || h.threads > 8 {
		return h, errPHC
	}
	return h, nil
}
