package web

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"doorstep/domain"
)

func fieldsIn(err error) map[string]string {
	var e *domain.Error
	out := map[string]string{}
	if errors.As(err, &e) {
		for _, f := range e.Fields {
			out[f.Pointer] = f.Detail
		}
	}
	return out
}

// nastyBodies are bodies that have broken servers before. None may be taken as
// JSON and none may cost more than a linear scan.
var nastyBodies = map[string]string{
	"empty":                "",
	"space":                " \n\t ",
	"invalid UTF-8":        "{\"a\":\"\xff\"}",
	"overlong UTF-8":       "{\"a\":\"\xc0\x80\"}",
	"encoded surrogate":    "{\"a\":\"\xed\xa0\x80\"}",
	"byte order mark":      "\xef\xbb\xbf{}",
	"raw NUL":              "{\"a\":\"\x00\"}",
	"NUL outside":          "{}\x00",
	"escaped NUL":          `{"a":"x\u0000y"}`,
	"escaped NUL in name":  `{"a\u0000":1}`,
	"raw newline":          "{\"a\":\"x\ny\"}",
	"lone high surrogate":  `{"a":"\ud800"}`,
	"lone low surrogate":   `{"a":"\udc00"}`,
	"high then text":       `{"a":"\ud800x"}`,
	"high then high":       `{"a":"\ud800\ud800"}`,
	"high then newline":    `{"a":"\ud800\n"}`,
	"cut escape":           `{"a":"\u00`,
	"cut surrogate":        `{"a":"\ud800\u`,
	"bad escape":           `{"a":"\x41"}`,
	"repeated":             `{"a":1,"a":2}`,
	"repeated by escape":   `{"a":1,"\u0061":2}`,
	"repeated deep":        `{"b":[{"a":1,"a":2}]}`,
	"trailing":             `{} {}`,
	"trailing word":        `{}x`,
	"trailing comma":       `{"a":1,}`,
	"array comma":          `[1,]`,
	"comment":              `{/*x*/}`,
	"single quotes":        `{'a':1}`,
	"no colon":             `{"a" 1}`,
	"number name":          `{1:1}`,
	"NaN":                  `{"a":NaN}`,
	"Infinity":             `{"a":-Infinity}`,
	"1e309":                `{"a":1e309}`,
	"-1e309":               `{"a":-1e309}`,
	"huge exponent":        `{"a":1e999999999}`,
	"leading zero":         `{"a":01}`,
	"plus":                 `{"a":+1}`,
	"bare dot":             `{"a":1.}`,
	"bare exponent":        `{"a":1e}`,
	"bare minus":           `{"a":-}`,
	"hex":                  `{"a":0x10}`,
	"many digits":          `{"a":` + strings.Repeat("9", 100_000) + `}`,
	"deep arrays":          strings.Repeat("[", 100_000),
	"deep closed arrays":   strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000),
	"deep objects":         strings.Repeat(`{"a":`, 100_000),
	"just too deep":        strings.Repeat("[", maxDepth+1) + strings.Repeat("]", maxDepth+1),
	"1 MB name":            `{"` + strings.Repeat("n", 1<<20) + `":1}`,
	"1 MB unclosed text":   `{"a":"` + strings.Repeat("n", 1<<20),
	"1 MB escapes":         `{"a":"` + strings.Repeat(`\u0041`, 1<<17),
	"form":                 `login=asha&password=x`,
	"XML":                  `<?xml version="1.0"?><login>asha</login>`,
	"cut literal":          `{"a":tru`,
	"word":                 `undefined`,
	"unclosed":             `{"a":{"b":[`,
	"only a quote":         `"`,
	"only a backslash":     `"\`,
	"200,000 small arrays": "[" + strings.Repeat("[],", 200_000) + "[]",
}

func TestCheckJSONRefuses(t *testing.T) {
	start := time.Now()
	for name, body := range nastyBodies {
		err := checkJSON([]byte(body))
		if !domain.IsCode(err, domain.CodeMalformed) {
			t.Errorf("%s: %v, want malformed", name, err)
			continue
		}
		if n := len(err.Error()); n > 600 {
			t.Errorf("%s: a sentence of %d bytes", name, n)
		}
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %s", took)
	}
}

func TestCheckJSONTakes(t *testing.T) {
	for _, body := range []string{
		`{}`, `[]`, `null`, `true`, `"x"`, ` {"a" : [ 1 , -0.5e-3 , 1E+2 ] } `, `0`, `-0`, `1e-400`,
		`{"a":"\ud83d\ude00 \"\\\/\b\f\n\r\t é"}`, `{"A":1,"a":2}`, `{"a":1.7976931348623157e308}`,
		strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth),
		`{"` + strings.Repeat("n", maxName) + `":1}`,
		"{\"a\":\"" + strings.Repeat("x", 1<<18) + "\"}",
	} {
		got, err := parseJSON([]byte(body))
		if err != nil {
			t.Errorf("%.60s: %v", body, err)
			continue
		}
		var want any
		if err := json.Unmarshal([]byte(body), &want); err != nil {
			t.Fatalf("%.60s: encoding/json refuses it: %v", body, err)
		}
		a, _ := json.Marshal(got)
		b, _ := json.Marshal(want)
		if string(a) != string(b) {
			t.Errorf("%.60s: read as %s, want %s", body, a, b)
		}
	}
}

func TestCheckJSONPoints(t *testing.T) {
	for body, pointer := range map[string]string{
		`{"a":{"b/c~d":[0,{"x":1e309}]}}`: "/a/b~1c~0d/1/x",
		`{"a":1,"a":2}`:                   "/a",
		`{"crew":["ok","\ud800"]}`:        "/crew/1",
		`{"a":1}}`:                        "",
	} {
		if f := fieldsIn(checkJSON([]byte(body))); len(f) != 1 || f[pointer] == "" {
			t.Errorf("%s: %v, want one at %q", body, f, pointer)
		}
	}
}

type strictInner struct {
	Name string `json:"name"`
}

type strictBase struct {
	Note string `json:"note"`
}

type strictTarget struct {
	strictBase
	ID      uuid.UUID      `json:"id"`
	At      *time.Time     `json:"at"`
	Count   int64          `json:"count"`
	Small   uint8          `json:"small"`
	Share   float64        `json:"share"`
	OK      bool           `json:"ok"`
	Crew    []uuid.UUID    `json:"crew"`
	Inner   *strictInner   `json:"inner"`
	List    []strictInner  `json:"list"`
	Map     map[string]int `json:"map"`
	Any     any            `json:"any"`
	Phone   *string        `json:"phone"`
	Contact *strictInner   `json:"contact"`
	Hidden  string         `json:"-"`
	private string
}

func TestDecodeJSONPoints(t *testing.T) {
	_ = strictTarget{}.private
	for body, want := range map[string]string{
		`{"Count":1}`:                    "/Count",
		`{"COUNT":1}`:                    "/COUNT",
		`{"unknown":1}`:                  "/unknown",
		`{"Hidden":"x"}`:                 "/Hidden",
		`{"private":"x"}`:                "/private",
		`{"-":"x"}`:                      "/-",
		`{"id":"x"}`:                     "/id",
		`{"id":7}`:                       "/id",
		`{"at":"yesterday"}`:             "/at",
		`{"count":9223372036854775808}`:  "/count",
		`{"count":-9223372036854775809}`: "/count",
		`{"count":1e300}`:                "/count",
		`{"count":1.5}`:                  "/count",
		`{"count":1.0}`:                  "/count",
		`{"count":"1"}`:                  "/count",
		`{"small":256}`:                  "/small",
		`{"small":-1}`:                   "/small",
		`{"share":"x"}`:                  "/share",
		`{"ok":1}`:                       "/ok",
		`{"crew":"x"}`:                   "/crew",
		`{"crew":["x"]}`:                 "/crew/0",
		`{"inner":{"Name":"x"}}`:         "/inner/Name",
		`{"inner":[]}`:                   "/inner",
		`{"list":[{},{"name":1}]}`:       "/list/1/name",
		`{"map":{"a/b":"x"}}`:            "/map/a~1b",
		`{"phone":7}`:                    "/phone",
		`{"contact":{"nam":"x"}}`:        "/contact/nam",
		`{"Note":"x"}`:                   "/Note",
		`{"strictBase":{"note":"x"}}`:    "/strictBase",
		`[]`:                             "",
		`null`:                           "",
		`"x"`:                            "",
		`7`:                              "",
	} {
		var dst strictTarget
		err := DecodeJSON([]byte(body), &dst)
		if f := fieldsIn(err); !domain.IsCode(err, domain.CodeMalformed) || len(f) != 1 || f[want] == "" {
			t.Errorf("%s: %v %v, want one at %q", body, err, f, want)
		}
	}
	var dst strictTarget
	if f := fieldsIn(DecodeJSON([]byte(`{"count":"x","ok":1,"zz":2}`), &dst)); len(f) != 3 {
		t.Errorf("want all three failures, got %v", f)
	}
}

func TestDecodeJSONReads(t *testing.T) {
	var dst strictTarget
	id := uuid.New()
	err := DecodeJSON([]byte(`{"note":"n","id":"`+id.String()+`","at":"2026-11-23T10:00:00Z","count":9223372036854775807,
		"small":255,"share":0.5,"ok":true,"crew":["`+id.String()+`"],"inner":{"name":"x"},"list":[{"name":"y"}],
		"map":{"k":1},"any":{"Free":[1]},"phone":null,"contact":{"name":"z"}}`), &dst)
	if err != nil {
		t.Fatal(err)
	}
	if dst.Note != "n" || dst.ID != id || dst.At == nil || dst.Count != 1<<63-1 || dst.Small != 255 || dst.Share != .5 || !dst.OK ||
		dst.Crew[0] != id || dst.Inner.Name != "x" || dst.List[0].Name != "y" || dst.Map["k"] != 1 {
		t.Errorf("read %+v", dst)
	}
	if dst.Phone != nil || dst.Contact == nil || dst.Contact.Name != "z" {
		t.Errorf("phone %v, contact %+v", dst.Phone, dst.Contact)
	}
	none := strictTarget{Count: 5}
	if err := DecodeJSON([]byte(`{"at":null,"count":null}`), &none); err != nil || none.At != nil || none.Count != 5 {
		t.Errorf("%v %+v", err, none)
	}
}

// What the strict reader takes, encoding/json takes too, and reads alike.
func FuzzCheckJSON(f *testing.F) {
	for _, body := range nastyBodies {
		if len(body) < 1000 {
			f.Add([]byte(body))
		}
	}
	f.Add([]byte(`{"a":["\ud83d\ude00",1.5e3,null,true]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := parseJSON(body)
		if err != nil {
			if !domain.IsCode(err, domain.CodeMalformed) {
				t.Fatalf("%q: %v", body, err)
			}
			return
		}
		var want any
		if err := json.Unmarshal(body, &want); err != nil {
			t.Fatalf("%q: taken, but encoding/json says %v", body, err)
		}
		a, _ := json.Marshal(got)
		b, _ := json.Marshal(want)
		if string(a) != string(b) {
			t.Fatalf("%q: read as %s, want %s", body, a, b)
		}
		var dst strictTarget
		if err := DecodeJSON(body, &dst); err != nil && !domain.IsCode(err, domain.CodeMalformed) {
			t.Fatalf("%q: %v", body, err)
		}
	})
}

func BenchmarkParseJSON(b *testing.B) {
	body := []byte(visitBody)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if err := checkJSON(body); err != nil {
			b.Fatal(err)
		}
	}
}
