package doorstep

import (
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// imports lists, for each package, which packages of the module it imports and
// which modules of others (by their names in modules). The standard library is
// everybody's. Tests may import what they like; what only tests need stands in
// no row. A new import is a new word here, to be seen in review.
var imports = []struct{ pkg, inside, outside string }{
	{".", "", ""},

	{"api", "api/pages api/sheet api/web domain domain/accounts domain/alarm domain/casework domain/customers " +
		"domain/decisions domain/intake domain/ladder domain/planning domain/proof domain/reach domain/slots " +
		"domain/reporting domain/safety domain/usecases", "fiber ical uuid"},
	{"api/pages", "", "i18n text"},
	{"api/pages/bundle", "", "esbuild"},
	{"api/sheet", "domain domain/intake", "excelize text"},
	{"api/web", "domain", "crypto fasthttp fiber jwt kin-openapi prometheus text time uuid"},

	{"cmd/doorstep", ". api cmd/doorstep/app cmd/doorstep/demo cmd/doorstep/firebaseauth cmd/doorstep/roads domain domain/accounts domain/casework " +
		"domain/intake domain/proof domain/slots domain/usecases notifications repo repo/files", "kong uuid"},
	{"cmd/doorstep-load",
		"api/web cmd/doorstep-load/solomon domain domain/dayplan notifications notifications/fcmtest repo",
		"fasthttp fiber kong pgx sqlite uuid"},
	{"cmd/doorstep-load/solomon", "domain/dayplan", ""},
	{"cmd/doorstep/app", ". api api/web cmd/doorstep/recur domain domain/casework domain/slots domain/usecases notifications " +
		"repo", "pgx phonenumbers prometheus uuid zxcvbn"},
	{"cmd/doorstep/demo", "api cmd/doorstep/app domain domain/accounts domain/alarm domain/casework domain/customers " +
		"domain/reach domain/safety domain/slots domain/usecases notifications notifications/fcmtest repo " +
		"repo/files", "uuid"},
	{"cmd/doorstep/recur", "", "rrule"},
	{"cmd/doorstep/firebaseauth", "domain", "firebase google-api"},
	{"cmd/doorstep/roads", "domain/slots", ""},
	{"cmd/doorstep/roads/osrmtest", "", ""},
	{"cmd/doorstep/stories/harness",
		"api/web cmd/doorstep/app cmd/doorstep/demo cmd/doorstep/stories/harness/bodies domain notifications " +
			"notifications/fcmtest repo repo/files repo/repotest",
		"crypto uuid"},
	{"cmd/doorstep/stories/harness/bodies", "", ""},

	{"domain", "domain/geo domain/ladder domain/reach domain/slots domain/sun domain/watch", "uuid"},

	{"domain/accounts", "domain domain/casework domain/reach domain/slots", ""},
	{"domain/alarm", "domain domain/casework domain/ladder", ""},
	{"domain/casework", "domain domain/duty domain/geo domain/reach domain/slots", "uuid"},
	{"domain/clock", "domain domain/accounts domain/alarm domain/casework domain/customers domain/decisions domain/safety", ""},
	{"domain/customers", "domain domain/casework domain/reach domain/slots", ""},
	{"domain/decisions", "domain domain/alarm domain/casework domain/safety", "uuid"},
	{"domain/intake", "domain domain/casework domain/slots", ""},
	{"domain/intake/heaptest", "", ""},
	{"domain/planning", "domain domain/casework domain/dayplan domain/slots", ""},
	{"domain/proof", "domain domain/casework domain/reach", "uuid"},
	{"domain/reporting", "domain domain/alarm domain/casework domain/decisions domain/geo domain/jobclock domain/reach " +
		"domain/slots domain/watch", ""},
	{"domain/safety", "domain domain/casework domain/customers domain/reach", ""},
	{"domain/usecases", "domain/accounts domain/alarm domain/casework domain/clock domain/customers domain/decisions " +
		"domain/intake domain/planning domain/proof domain/reporting domain/safety", ""},

	{"domain/dayplan", "", ""},
	{"domain/duty", "", ""},
	{"domain/geo", "", ""},
	{"domain/jobclock", "", ""},
	{"domain/ladder", "", ""},
	{"domain/reach", "", "uuid"},
	{"domain/slots", "domain/geo", ""},
	{"domain/sun", "", ""},
	{"domain/watch", "", ""},

	{"notifications", "domain", "cloud-auth firebase google-api pgx prometheus river river-pgx river-sqlite river-types " +
		"standard-webhooks uuid webpush"},
	{"notifications/fcmtest", "", ""},

	{"repo", "domain", "flock goose gorm gorm-postgres pgx puddle river river-pgx river-sqlite sqlite sys text uuid"},
	{"repo/files", "domain", "minio"},
	{"repo/repotest", "domain domain/casework domain/ladder domain/reach domain/usecases repo", "pgx uuid"},
}

// modules are those of others, by the names that imports uses.
var modules = map[string]string{
	"cloud-auth":        "cloud.google.com/go/auth",
	"crypto":            "golang.org/x/crypto",
	"esbuild":           "github.com/evanw/esbuild/pkg/api",
	"excelize":          "github.com/xuri/excelize/v2",
	"fasthttp":          "github.com/valyala/fasthttp",
	"fiber":             "github.com/gofiber/fiber/v2",
	"firebase":          "firebase.google.com/go/v4",
	"flock":             "github.com/gofrs/flock",
	"google-api":        "google.golang.org/api",
	"goose":             "github.com/pressly/goose/v3",
	"gorm":              "gorm.io/gorm",
	"gorm-postgres":     "gorm.io/driver/postgres",
	"i18n":              "github.com/nicksnyder/go-i18n/v2",
	"ical":              "github.com/arran4/golang-ical",
	"jwt":               "github.com/golang-jwt/jwt/v5",
	"kin-openapi":       "github.com/getkin/kin-openapi",
	"kong":              "github.com/alecthomas/kong",
	"minio":             "github.com/minio/minio-go/v7",
	"pgx":               "github.com/jackc/pgx/v5",
	"phonenumbers":      "github.com/nyaruka/phonenumbers",
	"prometheus":        "github.com/prometheus/client_golang",
	"puddle":            "github.com/jackc/puddle/v2",
	"river":             "github.com/riverqueue/river",
	"river-pgx":         "github.com/riverqueue/river/riverdriver/riverpgxv5",
	"river-sqlite":      "github.com/riverqueue/river/riverdriver/riversqlite",
	"river-types":       "github.com/riverqueue/river/rivertype",
	"rrule":             "github.com/teambition/rrule-go",
	"sqlite":            "modernc.org/sqlite",
	"standard-webhooks": "github.com/standard-webhooks/standard-webhooks/libraries",
	"sys":               "golang.org/x/sys",
	"text":              "golang.org/x/text",
	"time":              "golang.org/x/time",
	"uuid":              "github.com/google/uuid",
	"webpush":           "github.com/SherClockHolmes/webpush-go",
	"zxcvbn":            "github.com/trustelem/zxcvbn",
}

// rooms holds the direction of the whole, whatever a row says: cmd → api →
// domain ← repo, cmd → notifications → domain, and domain knows google/uuid
// alone.
var rooms = map[string]string{".": "", "api": "domain", "domain": "", "repo": "domain", "notifications": "domain",
	"cmd": ". api domain repo notifications"}

func room(pkg string) string { first, _, _ := strings.Cut(pkg, "/"); return first }

// TestImports holds every package to its row: nothing that is not listed, and
// nothing listed that nobody needs any more.
func TestImports(t *testing.T) {
	found, unknown := readImports(t)
	for _, u := range unknown {
		t.Errorf("%s: give the module a name in modules", u)
	}
	named := map[string]bool{}
	for _, row := range imports {
		have, ok := found[row.pkg]
		if !ok {
			t.Errorf("%s is listed and has no code", row.pkg)
			continue
		}
		delete(found, row.pkg)
		want := slices.Concat(strings.Fields(row.inside), strings.Fields(row.outside))
		for _, name := range want {
			named[name] = true
			if !have[name] {
				t.Errorf("%s does not import %s any more: take it out of its row", row.pkg, name)
			}
		}
		for name := range have {
			if !slices.Contains(want, name) {
				t.Errorf("%s imports %s, which its row does not list", row.pkg, name)
			}
		}
		may := strings.Fields(rooms[room(row.pkg)])
		for _, name := range strings.Fields(row.inside) {
			if to := room(name); to != room(row.pkg) && !slices.Contains(may, to) {
				t.Errorf("%s may not import %s: %s knows %q", row.pkg, name, room(row.pkg), may)
			}
		}
		if room(row.pkg) == "domain" && row.outside != "" && row.outside != "uuid" {
			t.Errorf("%s may import google/uuid alone, not %s", row.pkg, row.outside)
		}
	}
	for pkg := range found {
		t.Errorf("%s has no row", pkg)
	}
	for name := range modules {
		if !named[name] {
			t.Errorf("nobody imports %s any more: take it out of modules", name)
		}
	}
}

// readImports reads every file that is no test, whatever system it is for.
// unknown are imports of modules without a name.
func readImports(t *testing.T) (found map[string]map[string]bool, unknown []string) {
	t.Helper()
	found = map[string]map[string]bool{}
	missing := map[string]bool{}
	err := filepath.WalkDir(".", func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() {
			if base := e.Name(); name != "." && (strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") || base == "testdata") {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		pkg := path.Dir(filepath.ToSlash(name))
		if found[pkg] == nil {
			found[pkg] = map[string]bool{}
		}
		for _, spec := range file.Imports {
			to, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			first := room(to)
			switch name := moduleOf(to); {
			case to == "doorstep":
				found[pkg]["."] = true
			case first == "doorstep":
				found[pkg][strings.TrimPrefix(to, "doorstep/")] = true
			case !strings.Contains(first, "."): // of the standard library
			case name == "":
				missing[pkg+" imports "+to] = true
			default:
				found[pkg][name] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found, slices.Sorted(maps.Keys(missing))
}

// moduleOf is the name of the module that has a package; a module may lie
// within the path of another.
func moduleOf(pkg string) (name string) {
	longest := 0
	for n, m := range modules {
		if (pkg == m || strings.HasPrefix(pkg, m+"/")) && len(m) > longest {
			name, longest = n, len(m)
		}
	}
	return name
}
