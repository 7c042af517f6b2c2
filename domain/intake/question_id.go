package intake

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// questionID is the name of a doubt by what makes it: each part counts by its length, so that no two
// lists of parts are one.
func questionID(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}
