package domain

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"
)

// Lists of ids are read by hand; that is what encoding/json reads, from every
// spelling, and nothing else.
func TestListOfIDsIsReadAsJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ids := rapid.SliceOfN(rapid.Map(rapid.SliceOfN(rapid.Byte(), 16, 16), func(b []byte) ID { return ID(b) }), 0, 5).Draw(t, "ids")
		kept, err := JSONList[ID](ids).MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		text := rapid.SampledFrom([]string{string(kept), strings.ReplaceAll(string(kept), ",", ", "), " " + string(kept),
			strings.ToUpper(string(kept)), strings.ReplaceAll(string(kept), ",", " ,\n")}).Draw(t, "text")
		var got, scanned JSONList[ID]
		if err := got.ScanBytes([]byte(text)); err != nil || !slices.Equal(got, ids) {
			t.Fatalf("%s is read as %v: %v", text, got, err)
		}
		if err := scanned.Scan(text); err != nil || !slices.Equal(scanned, ids) {
			t.Fatalf("%s is scanned as %v: %v", text, scanned, err)
		}
	})
	id := uuid.NewString()
	for _, wrong := range []string{`["` + id, `["` + id + `"`, `["` + id + `",]`, `["` + id + `"]]`, `["` + id[1:] + `"]`,
		`["` + id + `" "` + id + `"]`, `["` + id + `x"]`, `[` + id + `]`, `{}`, `[1]`,
		`["` + strings.ReplaceAll(id, "-", "x") + `"]`} {
		var got JSONList[ID]
		var want []ID
		if err, must := got.ScanBytes([]byte(wrong)), json.Unmarshal([]byte(wrong), &want); (err == nil) != (must == nil) {
			t.Errorf("%s: %v, and encoding/json says %v", wrong, err, must)
		}
	}
}
