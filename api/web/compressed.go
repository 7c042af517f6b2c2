package web

import (
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
)

// Compressed lets the answer of a handler travel as brotli or gzip, where the caller takes one.
func Compressed(h fiber.Handler) fiber.Handler {
	return func(c *fiber.Ctx) error {
		c.Vary(fiber.HeaderAcceptEncoding)
		if err := h(c); err != nil {
			return err
		}
		compress(c.Context())
		return nil
	}
}

var compress = fasthttp.CompressHandlerBrotliLevel(func(*fasthttp.RequestCtx) {}, fasthttp.CompressBrotliDefaultCompression,
	fasthttp.CompressDefaultCompression)

// worthCompressing is from how many bytes on an answer is sent in fewer packets for it.
const worthCompressing = 1400

// compressedJSON lets a long JSON answer of the API travel compressed. One with a strong ETag stays as it is, for that stands
// for its very bytes (RFC 9110 section 8.8.1); a stream does too.
func compressedJSON(h fiber.Handler) fiber.Handler {
	return func(c *fiber.Ctx) error {
		if err := h(c); err != nil {
			return err
		}
		res := c.Response()
		tag, kind := string(res.Header.Peek(fiber.HeaderETag)), string(res.Header.ContentType())
		if res.IsBodyStream() || len(res.Body()) < worthCompressing || tag != "" && !strings.HasPrefix(tag, "W/") ||
			!strings.HasPrefix(kind, fiber.MIMEApplicationJSON) || len(res.Header.Peek(fiber.HeaderContentEncoding)) > 0 {
			return nil
		}
		c.Vary(fiber.HeaderAcceptEncoding)
		compress(c.Context())
		return nil
	}
}
