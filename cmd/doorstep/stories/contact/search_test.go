package contact

import (
	"net/url"
	"strings"
	"testing"

	"doorstep/cmd/doorstep/stories/harness"
)

func TestSearchFindsAnyPartOfWhatAHouseholdIsKnownBy(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		desk := h.As("kiran")
		zutshi, job := h.Household(desk, object{"name": "Meera Rani Zutshi",
			"contacts": []object{{"name": "José O’Brien", "phones": []string{"+919820055507"}, "email": "meera.z@example.net"}},
			"sites":    []object{{"address": "Flat 5, Rose Co-op, Karve Road", "landmark": "behind the ŚIVA temple", "postal_code": "SE1 8LF"}}})
		ref := desk.Send("POST", "/v1/jobs", object{"customer_id": zutshi["id"], "fault": "leaks", "external_ref": "SR-2027/Äb42"}, 201)
		h.Household(desk, object{"name": "Θεόδωρος Παπάς", "sites": []object{{"address": "अ. ब. रोड, पुणे", "postal_code": "411099"}},
			"contacts": []object{{"name": "Strauß", "phones": []string{"+919820055509"}}}})
		visit := h.Visit(desk, job, harness.Kolkata(9, 11, 0))
		find := func(by *harness.Client, q string) string {
			t.Helper()
			var names []string
			for _, c := range items(by.Send("GET", "/v1/customers?q="+url.QueryEscape(q), nil, 200)) {
				names = append(names, strings.Fields(c["name"].(string))[0])
			}
			return strings.Join(names, " ")
		}
		for q, want := range map[string]string{
			"Zutshi": "Meera", "zUTSHI": "Meera", "rani": "Meera", "utsh": "Meera", "zutshi meera": "Meera", "zu": "Meera", "M": "Meera",
			"jose": "Meera", "JOSÉ": "Meera", "o'brien": "Meera", "obrien": "Meera", "brien": "Meera", "meera.z@": "Meera",
			"karve": "Meera", "5 rose": "Meera", "CO-OP": "Meera", "siva": "Meera", "se1 8lf": "Meera", "SE18LF": "Meera",
			"98200 55507": "Meera", "09820055507": "Meera", "+91 98200-55507": "Meera", "(98200) 55507": "Meera", "0091 9820055507": "Meera",
			"55507": "Meera", "९८२००५५५०७": "Meera", "zutshi 55507": "Meera",
			"sr-2027": "Meera", "äB42": "Meera", "SR2027AB42": "Meera", "2027/Äb": "Meera",
			"παπας": "Θεόδωρος", "ΘΕΌΔΩΡΟΣ": "Θεόδωρος", "STRAUSS": "Θεόδωρος", "रोड": "Θεόδωρος", "पुणे": "Θεόδωρος", "411099": "Θεόδωρος",
			"98200555": "Meera Θεόδωρος",
			"%":        "", "zut%hi": "", "z_tshix": "", "zutshi papas": "", "-": "", "tshi meera rani x": "", "\"": "", "zutshi\" OR \"a": "",
			zutshi["id"].(string): "Meera", visit["id"].(string): "Meera", job["id"].(string): "Meera", ref["id"].(string): "Meera",
			strings.Repeat("q ", 50): "",
		} {
			if got := find(desk, q); got != want {
				t.Errorf("%q finds %q, want %q", q, got, want)
			}
		}
		// Another centre sees nothing of it, whatever it types.
		for _, q := range []string{"zutshi", "55507", "SR-2027", job["id"].(string), visit["id"].(string)} {
			if got := find(h.As("kiran2"), q); got != "" {
				t.Errorf("another centre finds %q by %q", got, q)
			}
		}
		if got := find(h.As("maya"), "zutshi"); got != "Meera" {
			t.Errorf("the area manager finds %q", got)
		}
		// What changes is found by its new words, and no more by its old.
		desk.Send("PATCH", path("/v1/customers/%s", zutshi), object{"name": "Nanda Kaul"}, 200, "If-Match", `"1"`)
		desk.Send("PATCH", path("/v1/jobs/%s", ref), object{"external_ref": "TX-9"}, 200, "If-Match", `"1"`)
		for q, want := range map[string]string{"zutshi": "", "kaul": "Nanda", "SR-2027": "", "tx-9": "Nanda"} {
			if got := find(desk, q); got != want {
				t.Errorf("after the change %q finds %q, want %q", q, got, want)
			}
		}
	})
}

// A reference is found by whoever sees its job; a household that two centres
// know does not tell one of the other's.
func TestSearchByReferenceKeepsToJobsInScope(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		desk := h.As("kiran")
		_, job := h.Household(desk, object{"name": "Two Centres"})
		job = desk.Send("PATCH", path("/v1/jobs/%s", job), object{"external_ref": "MOVED-77"}, 200, "If-Match", `"1"`)
		search := func(by *harness.Client, q string) int {
			return len(items(by.Send("GET", "/v1/customers?q="+q, nil, 200)))
		}
		own := h.As("root").Send("GET", "/v1/centres/"+h.Centre.String(), nil, 200)
		second := h.As("root").Send("POST", "/v1/centres", object{"area_id": own["area_id"], "name": "Second", "zone": "Asia/Kolkata",
			"country": "IN"}, 201)
		job = h.As("maya").Send("POST", path("/v1/jobs/%s/transfer", job), object{"centre_id": second["id"], "reason": "nearer"}, 200)
		if n := search(desk, "Centres"); n != 1 {
			t.Fatalf("who had its job finds the household %d times", n)
		}
		if n := search(desk, "moved-77"); n != 0 {
			t.Error("who gave the job away still finds it by its reference")
		}
		if n := search(h.As("maya"), "moved-77"); n != 1 {
			t.Error("who sees the job now does not find it by its reference")
		}
		if n := search(desk, job["id"].(string)); n != 0 {
			t.Error("who gave the job away still finds it by its id")
		}
	})
}
