package web

import (
	"strconv"

	"github.com/gofiber/fiber/v2"
)

// JSON answers with v and sets ETag when version is positive.
func JSON(c *fiber.Ctx, status int, v any, version int64) error {
	if version > 0 {
		ETag(c, version)
	}
	return c.Status(status).JSON(v)
}

// appender writes itself as JSON, as encoding/json would write it.
type appender interface{ AppendJSON(b []byte) []byte }

// List answers with one page of a list: {"items": […], "next_cursor": …}. next is the cursor behind
// the last item; "" at the end is sent as null.
func List[T any](c *fiber.Ctx, items []T, next string) error {
	if items == nil {
		items = []T{} // nil would be sent as null
	}
	if _, ok := any(new(T)).(appender); ok {
		b := append(make([]byte, 0, 1024*(len(items)+1)), `{"items":[`...)
		for i := range items {
			if i > 0 {
				b = append(b, ',')
			}
			b = any(&items[i]).(appender).AppendJSON(b)
		}
		b = append(b, `],"next_cursor":`...)
		if next == "" {
			b = append(b, "null}"...)
		} else {
			b = append(strconv.AppendQuote(b, next), '}') // base64 needs no escape
		}
		c.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSON)
		return c.Send(b)
	}
	body := struct {
		Items []T     `json:"items"`
		Next  *string `json:"next_cursor"`
	}{Items: items}
	if next != "" {
		body.Next = &next
	}
	return c.JSON(body)
}
