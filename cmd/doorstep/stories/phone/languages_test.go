package phone

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
)

var devanagari = regexp.MustCompile(`\p{Devanagari}`)

// TestAPhoneIsSpokenToInItsLanguage: lists, notices, the words of a verdict and of a refusal, also inside a batch. Codes stay; what the
// client asks for goes before the account; what only a developer reads stays English and says so.
func TestAPhoneIsSpokenToInItsLanguage(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.MayIgnore(noise...)
		h.MayIgnore("job.unreachable", "visit.missed_desk", "visit.missed")
		desk, ravi := h.As("kiran"), h.As("ravi")
		_, job := h.Household(desk, nil)
		p := phoneOf(h, "ravi")
		p.sync(50)
		ravi.Send("PATCH", "/v1/users/"+ravi.ID.String(), object{"language": "mr"}, 200, "If-Match", fmt.Sprintf(`"%d"`, h.UserVersion("ravi")))
		h.Clock.Advance(5 * time.Second) // for which who is signed in is remembered
		visit := h.Visit(desk, job, harness.Monday.Add(time.Hour), "ravi")
		h.Clock.Set(harness.Monday.Add(time.Hour))
		busy := 3
		ravi.Attempt(job, bodies.AttemptCreate{Channel: "phone", Outcome: "no_answer", RingSeconds: busy})
		p.sync(50)

		if lists := p.kept["lists"]; lists["language"] != "mr" || harness.List(lists, "outcomes")[0]["words"] != "बोलणे झाले" {
			t.Errorf("the lists: %v", lists)
		}
		v := p.kept[visitKey(visit)]["reachability"].(object)
		texts := []any{v["explanation"]}
		texts = append(texts, v["missing"].([]any)...)
		for _, x := range harness.List(v, "does_not_count") {
			texts = append(texts, x["why"])
		}
		if len(texts) < 3 {
			t.Errorf("the verdict says only %v", texts)
		}
		for _, text := range texts {
			if !devanagari.MatchString(text.(string)) || regexp.MustCompile(`[a-z]{3}`).MatchString(text.(string)) {
				t.Errorf("the verdict says %v", text)
			}
		}
		if why := desk.Send("GET", path("/v1/jobs/%s/reachability", job), nil, 200)["explanation"]; devanagari.MatchString(why.(string)) {
			t.Errorf("the desk reads %v", why)
		}
		found := false
		for key, n := range p.kept {
			if strings.HasPrefix(key, "notice ") {
				found = found || n["title"] == "नवी भेट"
			}
		}
		if !found {
			t.Errorf("no notice in Marathi in %v", p.kept)
		}

		refused := func(want string, address string, body any, headers ...string) object {
			t.Helper()
			raw, res := ravi.Raw("POST", address, body, headers...)
			if got := res.Header.Get("Content-Language"); got != want {
				t.Errorf("%s: Content-Language %q, want %q: %s", address, got, want, raw)
			}
			return harness.Parsed(h, raw)
		}
		none := "/v1/visits/00000000-0000-0000-0000-000000000001/arrive"
		for language, want := range map[string][2]string{
			"":                           {"सापडले नाही", "भेट: असे काही नाही, किंवा ते तुम्हाला दिसणाऱ्या गोष्टींबाहेर आहे."},
			"hi-IN,hi;q=0.9,en;q=0.8":    {"नहीं मिला", "विज़िट: ऐसा कुछ नहीं है, या वह आपके देखने के दायरे के बाहर है।"},
			"fr, en;q=0.5":               {"Not found", "There is no such visit, or it is outside what you may see."},
			"fr":                         {"सापडले नाही", "भेट: असे काही नाही, किंवा ते तुम्हाला दिसणाऱ्या गोष्टींबाहेर आहे."},
			strings.Repeat("hi, ", 1000): {"सापडले नाही", "भेट: असे काही नाही, किंवा ते तुम्हाला दिसणाऱ्या गोष्टींबाहेर आहे."},
		} {
			in := map[bool]string{true: "mr", false: map[string]string{"fr, en;q=0.5": "en"}[language]}[strings.HasPrefix(want[0], "सा")]
			if strings.HasPrefix(want[0], "नहीं") {
				in = "hi"
			}
			got := refused(in, none, object{}, "Accept-Language", language)
			if got["title"] != want[0] || got["detail"] != want[1] || got["code"] != "not_found" ||
				!strings.HasSuffix(got["type"].(string), "/not_found") {
				t.Errorf("%.20q: %v", language, got)
			}
		}
		got := refused("mr, en", path("/v1/visits/%s/arrive", visit), object{"occurred_at": 5})
		if got["title"] != "विनंतीचे स्वरूप बरोबर नाही" || devanagari.MatchString(got["detail"].(string)) {
			t.Errorf("what has no shape: %v", got)
		}
		batch := upload(h, ravi, 0, request("x", "POST", none, object{}), request("y", "POST", none, object{}, "x"))
		for id, words := range map[string]string{"x": "सापडले नाही", "y": "याआधीचे काम अजून झालेले नाही"} {
			if title := batch[id]["body"].(object)["title"]; title != words {
				t.Errorf("%s of a batch is %v", id, title)
			}
		}
		raw, res := h.Anonymous().Raw("GET", "/v1/sync", nil, "Accept-Language", "mr")
		if got := harness.Parsed(h, raw); res.StatusCode != 401 || got["title"] != "साइन-इन केलेले नाही" || got["detail"] != "आधी साइन-इन करा." {
			t.Errorf("who is not signed in: %v", got)
		}
		if _, res := h.Anonymous().Raw("GET", "/v1/sync", nil); res.Header.Get("Content-Language") != "en" {
			t.Errorf("nobody known is spoken to in %q", res.Header.Get("Content-Language"))
		}
	})
}

// TestNoticesOfBeforeAreReadInTheNewLanguage: who changes the language of their account reads in it what was pushed before, with its days;
// the next sync brings it, and the inbox has it.
func TestNoticesOfBeforeAreReadInTheNewLanguage(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.MayIgnore(noise...)
		desk, ravi := h.As("kiran"), h.As("ravi")
		_, job := h.Household(desk, nil)
		p := phoneOf(h, "ravi")
		h.Visit(desk, job, harness.Monday.Add(time.Hour), "ravi")
		p.sync(50)
		told := func() (out object) {
			for key, n := range p.kept {
				if strings.HasPrefix(key, "notice ") && n["kind"] == "visit.assigned" {
					out = n
				}
			}
			return out
		}
		if n := told(); n["title"] != "New visit" {
			t.Fatalf("before: %v", n)
		}
		ravi.Send("PATCH", "/v1/users/"+ravi.ID.String(), object{"language": "mr"}, 200, "If-Match", fmt.Sprintf(`"%d"`, h.UserVersion("ravi")))
		p.sync(50)
		n := told()
		if n["title"] != "नवी भेट" || !strings.Contains(n["body"].(string), "सोमवार") {
			t.Errorf("after: %v", n)
		}
		inbox := items(ravi.Send("GET", "/v1/inbox", nil, 200))
		seen := ravi.Send("POST", path("/v1/inbox/%s/seen", n), nil, 200)
		if inbox[0]["body"] != n["body"] || seen["title"] != n["title"] {
			t.Errorf("the inbox: %v; seen: %v", inbox, seen)
		}
	})
}
