package web

import (
	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
)

// Compressed lets the answer of a handler travel as brotli or gzip, where the caller takes one.
func Compressed(h fiber.Handler) fiber.Handler {
	compress := fasthttp.CompressHandlerBrotliLevel(func(*fasthttp.RequestCtx) {}, fasthttp.CompressBrotliDefaultCompression,
		fasthttp.CompressDefaultCompression)
	return func(c *fiber.Ctx) error {
		c.Vary(fiber.HeaderAcceptEncoding)
		if err := h(c); err != nil {
			return err
		}
		compress(c.Context())
		return nil
	}
}
