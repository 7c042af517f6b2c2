package domain

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
)

// KeyRing makes and checks tokens by HMAC-SHA-256. The first key signs, all
// verify, so that keys rotate without breaking what was handed out.
type KeyRing struct{ Keys []RingKey }

// RingKey is one secret and the name by which what it made is known.
type RingKey struct {
	ID     string
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
		ring.Keys = append(ring.Keys, RingKey{hex.EncodeToString(sum[:4]), []byte(secret)})
	}
	return ring, nil
}

// Current names the signing key.
func (r KeyRing) Current() string { return r.Keys[0].ID }

// Mac signs data for a purpose; false: the key is not known.
func (r KeyRing) Mac(keyID, purpose string, data ...[]byte) ([]byte, bool) {
	for _, k := range r.Keys {
		if k.ID == keyID {
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
	m, _ := r.Mac(r.Current(), purpose)
	return m
}

// Token derives the bearer token of an object from its random id; it is never
// stored, only its hash is.
func (r KeyRing) Token(keyID, purpose string, id ID) (string, bool) {
	m, ok := r.Mac(keyID, purpose, id[:])
	return base64.RawURLEncoding.EncodeToString(m), ok
}

// HashToken is what is stored of a token.
func HashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// EvidenceKey is derived from a link secret for this purpose alone.
func (r KeyRing) EvidenceKey(ring string) ed25519.PrivateKey {
	seed, _ := r.Mac(ring, "evidence signature")
	return ed25519.NewKeyFromSeed(seed)
}
