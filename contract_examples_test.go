package doorstep

import (
	"fmt"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// TestExamplesFit demands an example of each JSON that is sent and answered, and that it
// fits its schema: developers copy them.
func TestExamplesFit(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData(OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	judged := 0
	judge := func(what string, content openapi3.Content, options ...openapi3.SchemaValidationOption) {
		for media, m := range content {
			if !strings.Contains(media, "json") {
				continue
			}
			examples := map[string]any{}
			if m.Example != nil {
				examples["example"] = m.Example
			}
			for name, e := range m.Examples {
				examples[name] = e.Value.Value
			}
			if len(examples) == 0 {
				t.Errorf("%s has no example", what)
			}
			for name, v := range examples {
				judged++
				if err := m.Schema.Value.VisitJSON(v, append(options, openapi3.MultiErrors(), openapi3.EnableFormatValidation())...); err != nil {
					t.Errorf("%s, example %q: %v", what, name, err)
				}
			}
		}
	}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			what := method + " " + path
			if op.RequestBody != nil {
				judge(what+", request", op.RequestBody.Value.Content, openapi3.VisitAsRequest())
			}
			for status, r := range op.Responses.Map() {
				judge(fmt.Sprintf("%s, %s", what, status), r.Value.Content, openapi3.VisitAsResponse())
			}
		}
	}
	if judged < 500 {
		t.Errorf("only %d examples were judged", judged)
	}
}
