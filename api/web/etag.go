package web

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// ContentTag is an entity tag of content.
func ContentTag(content []byte) string {
	sum := sha256.Sum256(content)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
}

// Unchanged sets the tag and reports whether the caller has it already.
func Unchanged(c *fiber.Ctx, tag string) bool {
	c.Set(fiber.HeaderETag, tag)
	return strings.Contains(c.Get(fiber.HeaderIfNoneMatch), tag)
}
