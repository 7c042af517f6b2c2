package harness

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/google/uuid"
)

// CustomerPage is a family at its page.
type CustomerPage struct {
	Harness *Harness
	Link    string
}

// CustomerPage is that of a job by the link that the system delivers.
func (h *Harness) CustomerPage(job Object) *CustomerPage {
	h.Helper()
	return &CustomerPage{h, strings.TrimPrefix(h.DeliveredLink(job), h.URL)}
}

// ReadPage is the same page by the link that a member of staff reads and hands on.
func (h *Harness) ReadPage(by *Client, job Object) *CustomerPage {
	h.Helper()
	share := by.Send("GET", Path("/v1/jobs/%s/link", job), nil, 200)["share_url"].(string)
	return &CustomerPage{h, strings.TrimPrefix(share, h.URL)}
}

// DeliveredLink is the address that a push or a text to the household of a job
// carries; no member of staff reads it.
func (h *Harness) DeliveredLink(job Object) string {
	h.Helper()
	link, err := h.Server.Service.Customers.DeliveredLink(context.Background(), uuid.MustParse(job["id"].(string)))
	h.Must(err)
	url, ok := h.Server.Service.Customers.LinkURL(link)
	if !ok {
		h.Fatal("the key of the link is gone")
	}
	return url
}

func (m *CustomerPage) Read() string {
	m.Harness.Helper()
	body, res := m.Harness.Anonymous().Raw("GET", m.Link, nil)
	if res.StatusCode != 200 {
		m.Harness.Fatalf("the page: %d", res.StatusCode)
	}
	return string(body)
}

// Submit sends a form of the page as it stands now.
func (m *CustomerPage) Submit(action string, want int, fields ...string) string {
	m.Harness.Helper()
	key := FormKey.FindStringSubmatch(m.Read())
	if key == nil {
		m.Harness.Fatal("no form key on the page")
	}
	return m.SubmitWithKey(action, key[1], want, fields...)
}

func (m *CustomerPage) SubmitWithKey(action, key string, want int, fields ...string) string {
	m.Harness.Helper()
	form := url.Values{"form_key": {key}}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	body, res := m.Harness.Anonymous().Raw("POST", m.Link+"/"+action, form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	if res.StatusCode != want {
		m.Harness.Fatalf("%s: %d, want %d:\n%s", action, res.StatusCode, want, body)
	}
	if res.StatusCode == http.StatusSeeOther {
		body, _ = m.Harness.Anonymous().Raw("GET", res.Header.Get("Location"), nil)
	}
	return string(body)
}

// RegisterDevice gives the household a device, so that it is told of things by push.
func (m *CustomerPage) RegisterDevice(token string) {
	m.Harness.Helper()
	m.Harness.Anonymous().Send("PUT", m.Link+"/devices/"+uuid.NewString(), Object{"token": token, "platform": "web"}, 200)
}

// FreeWindows are the starts that the page offers.
func (m *CustomerPage) FreeWindows() (out []string) {
	m.Harness.Helper()
	for _, w := range freeWindow.FindAllStringSubmatch(m.Read(), -1) {
		out = append(out, w[1])
	}
	return out
}

var FormKey = regexp.MustCompile(`name="form_key" value="([^"]+)"`)
