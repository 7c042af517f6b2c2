package repo

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"doorstep/domain"
)

// Lists of ids are read by hand; that is what encoding/json reads, from every
// spelling, and nothing else.
func TestListOfIDsIsReadAsJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ids := rapid.SliceOfN(rapid.Map(rapid.SliceOfN(rapid.Byte(), 16, 16), func(b []byte) domain.ID { return domain.ID(b) }), 0, 5).
			Draw(t, "ids")
		kept, err := domain.JSONList[domain.ID](ids).MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		text := rapid.SampledFrom([]string{string(kept), strings.ReplaceAll(string(kept), ",", ", "), " " + string(kept),
			strings.ToUpper(string(kept)), strings.ReplaceAll(string(kept), ",", " ,\n")}).Draw(t, "text")
		var got, scanned domain.JSONList[domain.ID]
		if err := (&fromJSON{&got}).ScanBytes([]byte(text)); err != nil || !slices.Equal(got, ids) {
			t.Fatalf("%s is read as %v: %v", text, got, err)
		}
		if err := (&fromJSON{&scanned}).Scan(text); err != nil || !slices.Equal(scanned, ids) {
			t.Fatalf("%s is scanned as %v: %v", text, scanned, err)
		}
	})
	id := uuid.NewString()
	for _, wrong := range []string{`["` + id, `["` + id + `"`, `["` + id + `",]`, `["` + id + `"]]`, `["` + id[1:] + `"]`,
		`["` + id + `" "` + id + `"]`, `["` + id + `x"]`, `[` + id + `]`, `{}`, `[1]`,
		`["` + strings.ReplaceAll(id, "-", "x") + `"]`} {
		var got domain.JSONList[domain.ID]
		var want []domain.ID
		if err, must := (&fromJSON{&got}).ScanBytes([]byte(wrong)), json.Unmarshal([]byte(wrong), &want); (err == nil) != (must == nil) {
			t.Errorf("%s: %v, and encoding/json says %v", wrong, err, must)
		}
	}
}
