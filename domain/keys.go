package domain

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
)

// KeyRing makes and checks tokens by HMAC-SHA-256. The first key signs, all
// verify, so that keys rotate without breaking what was handed out.
type KeyRing struct{ keys []ringKey }

type ringKey struct {
	id     string
	secret []byte
}

// NewKeyRing reads a comma-separated list of secrets, newest first, each of
// 32 characters at least.
func NewKeyRing(list string) (KeyRing, error) {
	var ring KeyRing
	for _, secret := range strings.Split(list, ",") {
		secret = strings.TrimSpace(secret)
		if len(secret) < 32 {
			return ring, errors.New("a secret has fewer than 32 characters")
		}
		sum := sha256.Sum256([]byte(secret))
		ring.keys = append(ring.keys, ringKey{hex.EncodeToString(sum[:4]), []byte(secret)})
	}
	return ring, nil
}

// Current names the signing key.
func (r KeyRing) Current() string { return r.keys[0].id }

// mac signs data for a purpose; false: the key is not known.
func (r KeyRing) mac(keyID, purpose string, data ...[]byte) ([]byte, bool) {
	for _, k := range r.keys {
		if k.id == keyID {
			h := hmac.New(sha256.New, k.secret)
			h.Write([]byte(purpose))
			for _, d := range data {
				h.Write([]byte{0})
				h.Write(d)
			}
			return h.Sum(nil), true
		}
	}
	return nil, false
}

// Derive makes key material of the signing key for one purpose.
func (r KeyRing) Derive(purpose string) []byte {
	m, _ := r.mac(r.Current(), purpose)
	return m
}

// token derives the bearer token of an object from its random id; it is never
// stored, only its hash is.
func (r KeyRing) token(keyID, purpose string, id ID) (string, bool) {
	m, ok := r.mac(keyID, purpose, id[:])
	return base64.RawURLEncoding.EncodeToString(m), ok
}

// HashToken is what is stored of a token.
func HashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
