package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"doorstep/api/web"
	"doorstep/domain"
)

// AppLinks are the brand's apps that may open links of this server (docs/phone.md, "Deep links").
type AppLinks struct {
	android []byte // assetlinks.json; nil: no app
	ios     []byte // apple-app-site-association; nil: no app
}

var (
	androidPackage = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)+$`)
	fingerprint    = regexp.MustCompile(`^([0-9A-F]{2}:){31}[0-9A-F]{2}$`)
	iosApp         = regexp.MustCompile(`^[A-Z0-9]{10}\.[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$`)
)

// NewAppLinks reads apps as an operator names them: package:fingerprint, a package once for each of its certificates, and
// TEAMID.bundle.
func NewAppLinks(android, ios []string) (AppLinks, error) {
	type target struct {
		Namespace    string   `json:"namespace"`
		PackageName  string   `json:"package_name"`
		Fingerprints []string `json:"sha256_cert_fingerprints"`
	}
	type statement struct {
		Relation []string `json:"relation"`
		Target   target   `json:"target"`
	}
	var out AppLinks
	var statements []statement
	for _, app := range android {
		name, hash, _ := strings.Cut(strings.TrimSpace(app), ":")
		if !androidPackage.MatchString(name) {
			return out, fmt.Errorf(
				"%q names no package: write in.example.app:AB:CD:…, with the SHA-256 fingerprint of the certificate that signs it", app)
		}
		hash = strings.ToUpper(strings.ReplaceAll(hash, ":", ""))
		var pairs []string
		for i := 0; i < len(hash); i += 2 {
			pairs = append(pairs, hash[i:min(i+2, len(hash))])
		}
		hash = strings.Join(pairs, ":")
		if !fingerprint.MatchString(hash) {
			return out, fmt.Errorf(
				"the fingerprint of %s is not SHA-256, 64 hexadecimal digits: keytool -list -v prints it, and the Play console under "+
					"App integrity", name)
		}
		i := slices.IndexFunc(statements, func(s statement) bool { return s.Target.PackageName == name })
		if i < 0 {
			i = len(statements)
			statements = append(statements, statement{[]string{"delegate_permission/common.handle_all_urls"}, target{"android_app", name, nil}})
		}
		if hashes := &statements[i].Target.Fingerprints; !slices.Contains(*hashes, hash) {
			*hashes = append(*hashes, hash)
		}
	}
	type component struct {
		Path string `json:"/"`
	}
	type detail struct {
		AppIDs     []string    `json:"appIDs"`
		Components []component `json:"components"`
	}
	type links struct {
		Details []detail `json:"details"`
	}
	type association struct {
		AppLinks links `json:"applinks"`
	}
	apps := detail{Components: []component{{"/c/*"}}}
	for _, app := range ios {
		app = strings.TrimSpace(app)
		if !iosApp.MatchString(app) {
			return out, fmt.Errorf("%q is no app: write ABCDE12345.in.example.app, the team's 10 letters and digits, a dot and the bundle", app)
		}
		apps.AppIDs = append(apps.AppIDs, app)
	}
	var err, err2 error
	if len(statements) > 0 {
		out.android, err = json.Marshal(statements)
	}
	if len(apps.AppIDs) > 0 {
		out.ios, err2 = json.Marshal(association{links{[]detail{apps}}})
	}
	return out, errors.Join(err, err2)
}

func mountAppLinks(s *web.Server, l AppLinks) {
	for path, body := range map[string][]byte{"/.well-known/assetlinks.json": l.android, "/.well-known/apple-app-site-association": l.ios} {
		s.Page("GET", path, func(c *fiber.Ctx) error {
			if body == nil {
				return domain.NotFound("file")
			}
			c.Set(fiber.HeaderCacheControl, "public, max-age=3600")
			c.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSON)
			return c.Send(body)
		})
	}
}
