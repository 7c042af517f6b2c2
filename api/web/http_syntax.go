package web

import (
	"bytes"
	"strings"

	"github.com/valyala/fasthttp"
)

// badRequestLine refuses what fasthttp lets through of the first line (RFC 9112
// sections 2.3 and 3).
func badRequestLine(h *fasthttp.RequestHeader) string {
	if bytes.ContainsFunc(h.RequestURI(), func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return "The address holds a space or a control character."
	}
	if v := string(h.Protocol()); v != "HTTP/1.1" && v != "HTTP/1.0" {
		return "The version of the protocol is not known here."
	}
	return ""
}

// isToken reports whether b is a token (RFC 9110 section 5.6.2).
func isToken(b []byte) bool {
	for _, ch := range b {
		switch {
		case ch >= 'a' && ch <= 'z', ch >= 'A' && ch <= 'Z', ch >= '0' && ch <= '9', strings.IndexByte("!#$%&'*+-.^_`|~", ch) >= 0:
		default:
			return false
		}
	}
	return len(b) > 0
}

// badHeaders refuses what fasthttp lets through and a proxy before us may read
// differently (RFC 9112 sections 2.2, 3.2, 5.1, 5.2, 6.1 and 6.3; RFC 9110
// section 5.5).
func badHeaders(raw []byte, http11 bool) string {
	var hosts, lengths, encodings int
	for line := range bytes.Lines(raw) {
		line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
		if len(line) == 0 {
			continue
		}
		if line[0] == ' ' || line[0] == '\t' {
			return "A header is folded over two lines."
		}
		for _, ch := range line {
			if ch < ' ' && ch != '\t' || ch == 0x7f {
				return "A header holds a control character."
			}
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		if !isToken(name) {
			return "The name of a header is empty or no token."
		}
		switch len(name) {
		case len("Host"):
			if bytes.EqualFold(name, []byte("Host")) && len(bytes.TrimSpace(value)) > 0 {
				hosts++
			}
		case len("Content-Length"):
			if bytes.EqualFold(name, []byte("Content-Length")) {
				lengths++
			}
		case len("Transfer-Encoding"):
			if bytes.EqualFold(name, []byte("Transfer-Encoding")) {
				encodings++
				if !bytes.EqualFold(bytes.TrimSpace(value), []byte("chunked")) {
					return "Transfer-Encoding may only be chunked."
				}
			}
		}
	}
	switch {
	case hosts != 1:
		return "The request must have one Host."
	case lengths > 1 || encodings > 1 || lengths+encodings > 1:
		return "The request has more than one length."
	case encodings > 0 && !http11:
		return "HTTP/1.0 has no chunks."
	}
	return ""
}
