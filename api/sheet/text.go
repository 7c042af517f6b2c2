package sheet

import (
	"bytes"
	"mime"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/unicode"

	"doorstep/domain/intake"
)

// decode is the step from bytes to text: UTF-8 with \n at the ends of lines. encoding is as what the
// bytes were read; what was assumed is said. A byte order mark wins, then what is plainly UTF-8 or UTF-16,
// then the charset that the sender named, then Windows-1252, in which old spreadsheets write. No library
// finds more without guessing: x/net/html/charset knows these two alone, detectors go by statistics of letters.
func decode(contentType string, body []byte) (text []byte, name string, said []intake.LeftOut, err error) {
	switch {
	case bytes.HasPrefix(body, []byte("PK\x03\x04")):
		return nil, "", nil, badSheet(0, "This is a workbook, not CSV; send it as %s.", MediaXLSX)
	case bytes.HasPrefix(body, []byte("\xd0\xcf\x11\xe0")):
		return nil, "", nil, badSheet(0, "This is an old or protected workbook; save it as CSV or XLSX without a password.")
	}
	say := func(why string) { said = append(said, intake.LeftOut{Why: why}) }
	charset, named, err := namedCharset(contentType)
	if err != nil {
		return nil, "", nil, err
	}
	switch whole, broken := multibyte(body); {
	case bytes.HasPrefix(body, []byte("\xff\xfe")), bytes.HasPrefix(body, []byte("\xfe\xff")):
		if len(body)%2 != 0 {
			return nil, "", nil, badSheet(0, "The text is no valid UTF-16.")
		}
		if text, err = unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Bytes(body); err != nil {
			return nil, "", nil, badSheet(0, "The text is no valid UTF-16.")
		}
		name = "UTF-16"
	case bytes.HasPrefix(body, []byte("\xef\xbb\xbf")):
		text, name = body[3:], "UTF-8"
	case wide(body) != nil:
		text, _ = wide(body).NewDecoder().Bytes(body)
		name = "UTF-16"
		say("The text has no mark of its encoding; it was read as UTF-16.")
	case named && charset != nil && (whole == 0 || broken > 0 && !few(whole, broken)):
		if text, err = charset.NewDecoder().Bytes(body); err != nil {
			return nil, "", nil, badSheet(0, "The text is not in the charset that its Content-Type names.").Because(err)
		}
		if name, err = htmlindex.Name(charset); err != nil {
			name, _ = ianaindex.MIME.Name(charset)
		}
	case broken == 0 || few(whole, broken):
		text, name = body, "UTF-8"
		if named && charset != nil && whole > 0 {
			other, _ := htmlindex.Name(charset)
			say("The Content-Type names " + other + ", but the text is plainly UTF-8 and was read so.")
		}
	default:
		text, _ = charmap.Windows1252.NewDecoder().Bytes(body) // every byte means something in it
		name = "windows-1252"
		say("The text is not UTF-8; it was taken for Windows-1252. If names look wrong, save it as UTF-8, or name its charset.")
		if foreign(text) {
			return nil, "", nil, badSheet(0, "The text is neither UTF-8 nor Windows-1252; save it as UTF-8, or name its charset in Content-Type.")
		}
	}
	if name == "UTF-8" && !utf8.Valid(text) {
		text = bytes.ToValidUTF8(text, []byte("\uFFFD"))
		say("Some bytes are not UTF-8, as which the rest was read; they are shown as \uFFFD.")
	}
	if i := bytes.IndexByte(text, 0); i >= 0 {
		return nil, "", nil, badSheet(1+bytes.Count(text[:i], []byte("\n")), "The file holds NUL and is no text.")
	}
	if bytes.IndexByte(text, '\r') >= 0 { // ReplaceAll always copies
		text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
		text = bytes.ReplaceAll(text, []byte("\r"), []byte("\n"))
	}
	return text, name, said, nil
}

// namedCharset is the charset that a Content-Type names; nil: UTF-8, or none.
func namedCharset(contentType string) (charset encoding.Encoding, named bool, err error) {
	_, params, _ := mime.ParseMediaType(contentType)
	label := strings.TrimSpace(params["charset"])
	if label == "" {
		return nil, false, nil
	}
	if charset, err = htmlindex.Get(label); err != nil { // as the web has them, then as MIME does: IBM437
		charset, err = ianaindex.MIME.Encoding(label)
	}
	if err != nil || charset == nil {
		return nil, false, badSheet(0, "The charset that the Content-Type names is not known; send the text as UTF-8.")
	}
	if name, _ := htmlindex.Name(charset); name == "utf-8" {
		charset = nil
	}
	return charset, true, nil
}

// multibyte counts the characters of UTF-8 that are longer than a byte, and the bytes that are none of it.
func multibyte(body []byte) (whole, broken int) {
	for i := 0; i < len(body); {
		if body[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRune(body[i:])
		if r == utf8.RuneError && n <= 1 {
			broken++
		} else {
			whole++
		}
		i += n
	}
	return whole, broken
}

// few reports whether the bytes that are no UTF-8 are accidents in a text that is: in another code page hardly
// any two bytes are a character of UTF-8 by chance.
func few(whole, broken int) bool { return broken > 0 && whole >= broken }

// wide is UTF-16 without a mark, told by its NULs; nil: it is none.
func wide(body []byte) encoding.Encoding {
	head := body[:min(len(body), 4096)&^1]
	if len(head) < 4 || len(body)%2 != 0 {
		return nil
	}
	even, odd := 0, 0
	for i, b := range head {
		switch {
		case b != 0:
		case i%2 == 0:
			even++
		default:
			odd++
		}
	}
	switch {
	case even == 0 && odd*4 >= len(head)/2:
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	case odd == 0 && even*4 >= len(head)/2:
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	}
	return nil
}

// foreign reports whether a text that was read as Windows-1252 is none: in words of European languages
// letters with accents are few, in another code page nearly all are.
func foreign(text []byte) bool {
	strange, words := 0, 0
	text = text[:min(len(text), 64<<10)]
	for _, w := range bytes.FieldsFunc(text, func(r rune) bool {
		return r < 'A' || r > 'Z' && r < 'a' || r > 'z' && r < 0xC0 || r == 0xD7 || r == 0xF7
	}) {
		letters, accents := 0, 0
		for _, r := range string(w) {
			if letters++; r >= 0xC0 {
				accents++
			}
		}
		if accents > 0 {
			words++
			if letters >= 3 && accents*2 > letters {
				strange++
			}
		}
	}
	return words >= 2 && strange*2 > words
}
