package web

import (
	"bufio"
	"fmt"
	"strings"

	"github.com/valyala/fasthttp"
)

// newRequest makes a request as the wire would, so that the header checks see
// what they see in production.
func newRequest(method, path, body string) *fasthttp.RequestCtx {
	ctx := &fasthttp.RequestCtx{}
	raw := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: doorstep.test\r\nAuthorization: Bearer good\r\nIdempotency-Key: k\r\n"+
		"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", method, path, len(body), body)
	if err := ctx.Request.Read(bufio.NewReader(strings.NewReader(raw))); err != nil {
		panic(err)
	}
	return ctx
}
