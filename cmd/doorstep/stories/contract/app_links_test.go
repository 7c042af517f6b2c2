package contract

import (
	"strings"
	"testing"

	"doorstep/api"
	"doorstep/cmd/doorstep/app"
	"doorstep/cmd/doorstep/stories/harness"
)

// TestTheBrandsAppsAreNamed: Android and iOS learn which apps may open a household's link, without signing in.
func TestTheBrandsAppsAreNamed(t *testing.T) {
	links, err := api.NewAppLinks([]string{"in.example.care:" + strings.Repeat("A1", 32)}, []string{"ABCDE12345.in.example.care"})
	if err != nil {
		t.Fatal(err)
	}
	h := harness.New(t, "sqlite", func(c *app.Config) { c.Links = links })
	bare := harness.New(t, "sqlite")
	for at, want := range map[string]string{"/.well-known/assetlinks.json": `"package_name":"in.example.care"`,
		"/.well-known/apple-app-site-association": `"components":[{"/":"/c/*"}]`} {
		body, res := h.Anonymous().Raw("GET", at, nil)
		if res.StatusCode != 200 || res.Header.Get("Content-Type") != "application/json" || !strings.Contains(string(body), want) {
			t.Errorf("%s: %d, %s: %s", at, res.StatusCode, res.Header.Get("Content-Type"), body)
		}
		if body, res := bare.Anonymous().Raw("GET", at, nil); res.StatusCode != 404 || !strings.Contains(string(body), `"code":"not_found"`) {
			t.Errorf("%s where no app is named: %d %s", at, res.StatusCode, body)
		}
	}
}
