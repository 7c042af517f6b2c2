package web

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"doorstep/domain"
)

const (
	tokenType  = "at+jwt" // RFC 9068; keeps other JWTs of ours from being used here
	minSecret  = 32       // bytes: a key as long as the hash (RFC 7518 section 3.2)
	maxToken   = 4096
	tokenSkew  = 5 * time.Second
	defaultTTL = 15 * time.Minute
)

// Tokens issues and verifies access tokens (HS256, RFC 8725). Sessions use wall
// time, not the product's clock.
type Tokens struct {
	Issuer   string
	Audience string
	TTL      time.Duration

	keys   map[string][]byte // by kid
	signer string            // the kid that signs
	now    func() time.Time
	parser *jwt.Parser

	mu    sync.Mutex
	known map[string]Claims // by token: a phone sends the same one for minutes
}

// maxKnown bounds the tokens that are remembered as verified.
const maxKnown = 10_000

// Claims are what an access token says. Epoch is compared with the user's: a
// changed password or a disabled account ends older tokens at once.
type Claims struct {
	UserID  uuid.UUID
	Role    string
	Epoch   int64
	Session uuid.UUID // the sign-in that it belongs to; Nil in tokens from before
	Expires time.Time
}

type tokenClaims struct {
	Role  string `json:"role"`
	Epoch int64  `json:"epoch"`
	// Session is the "sid" of OpenID Connect Front-Channel Logout section 3.
	Session string `json:"sid,omitempty"`
	jwt.RegisteredClaims
}

// NewTokens reads a comma-separated list of secrets: the first signs, all
// verify, so that a key is rotated by putting the new one in front. ttl 0 is
// 15 minutes.
func NewTokens(secrets, issuer, audience string, ttl time.Duration) (*Tokens, error) {
	if ttl == 0 {
		ttl = defaultTTL
	}
	t := &Tokens{Issuer: issuer, Audience: audience, TTL: ttl, keys: map[string][]byte{}, now: time.Now, known: map[string]Claims{}}
	for secret := range strings.SplitSeq(secrets, ",") {
		secret = strings.TrimSpace(secret)
		if len(secret) < minSecret {
			return nil, fmt.Errorf("each token secret needs at least %d characters", minSecret)
		}
		sum := sha256.Sum256([]byte(secret))
		kid := hex.EncodeToString(sum[:4])
		if _, twice := t.keys[kid]; twice {
			return nil, errors.New("a token secret is listed twice")
		}
		t.keys[kid] = []byte(secret)
		if t.signer == "" {
			t.signer = kid
		}
	}
	if issuer == "" || audience == "" {
		return nil, errors.New("tokens need an issuer and an audience")
	}
	t.parser = jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
		jwt.WithIssuer(issuer), jwt.WithAudience(audience),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(tokenSkew),
		jwt.WithStrictDecoding(), jwt.WithTimeFunc(func() time.Time { return t.now() }),
	)
	return t, nil
}

// Issue signs a token for whom the claims name, and says when it ends; Expires
// is not read.
func (t *Tokens) Issue(of Claims) (token string, expires time.Time, err error) {
	now := t.now()
	expires = now.Add(t.TTL)
	sid := ""
	if of.Session != uuid.Nil {
		sid = of.Session.String()
	}
	tok := jwt.NewWithClaims(jwt.SigningMethodHS256, tokenClaims{
		Role: of.Role, Epoch: of.Epoch, Session: sid,
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: t.Issuer, Audience: jwt.ClaimStrings{t.Audience}, Subject: of.UserID.String(), ID: uuid.NewString(),
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(expires),
		},
	})
	tok.Header["typ"] = tokenType
	tok.Header["kid"] = t.signer
	token, err = tok.SignedString(t.keys[t.signer])
	return token, expires, err
}

// Verify reads a token that Issue signed. CodeUnauthenticated for everything
// else; the sentence tells an expired one from a bad one and no more.
func (t *Tokens) Verify(token string) (Claims, error) {
	t.mu.Lock()
	claims, ok := t.known[token]
	t.mu.Unlock()
	if ok && t.now().Before(claims.Expires.Add(tokenSkew)) {
		return claims, nil
	}
	claims, err := t.verify(token)
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil {
		delete(t.known, token)
		return Claims{}, err
	}
	if len(t.known) >= maxKnown {
		clear(t.known)
	}
	t.known[token] = claims
	return claims, nil
}

func (t *Tokens) verify(token string) (Claims, error) {
	if token == "" {
		return Claims{}, domain.Fail(domain.CodeUnauthenticated, "Send an access token.")
	}
	bad := func(err error) (Claims, error) {
		return Claims{}, domain.Fail(domain.CodeUnauthenticated, "The access token is not valid.").Because(err)
	}
	if len(token) > maxToken {
		return bad(errors.New("too long"))
	}
	var claims tokenClaims
	_, err := t.parser.ParseWithClaims(token, &claims, func(tok *jwt.Token) (any, error) {
		if tok.Header["typ"] != tokenType {
			return nil, errors.New("wrong typ")
		}
		kid, _ := tok.Header["kid"].(string)
		key, ok := t.keys[kid]
		if !ok {
			return nil, errors.New("unknown kid")
		}
		return key, nil
	})
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return Claims{}, domain.Fail(domain.CodeUnauthenticated, "The access token has expired.")
	case err != nil:
		return bad(err)
	}
	id, ok := parseUUID(claims.Subject)
	if !ok || id == uuid.Nil || claims.Role == "" {
		return bad(errors.New("claims are missing"))
	}
	session, ok := parseUUID(claims.Session)
	if !ok && claims.Session != "" {
		return bad(errors.New("sid is no id"))
	}
	return Claims{UserID: id, Role: claims.Role, Epoch: claims.Epoch, Session: session, Expires: claims.ExpiresAt.Time}, nil
}
