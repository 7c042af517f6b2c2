// Command bundle joins the modules of /app and of the desk into the files that the server embeds, and draws icons. `go generate` runs it in
// api/pages; what it writes is committed, so whoever builds the server needs neither npm nor this.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"log"
	"os"
	"path/filepath"

	esbuild "github.com/evanw/esbuild/pkg/api"
)

const out = "dist"

func main() {
	log.SetFlags(0)
	if err := run(); err != nil {
		log.Fatal("bundle: ", err)
	}
}

func run() error {
	if err := os.MkdirAll(filepath.Join(out, "desk"), 0o755); err != nil {
		return err
	}
	vendor, err := filepath.Abs("app/vendor")
	if err != nil {
		return err
	}
	build := func(entry, to string, define map[string]string) error {
		r := esbuild.Build(esbuild.BuildOptions{
			EntryPoints: []string{entry}, Outfile: filepath.Join(out, to), Bundle: true, Write: true,
			MinifyWhitespace: true, MinifyIdentifiers: true, MinifySyntax: true, Charset: esbuild.CharsetUTF8,
			Format: esbuild.FormatESModule, Target: esbuild.ES2020, LegalComments: esbuild.LegalCommentsNone, Define: define,
			Alias: map[string]string{"preact": filepath.Join(vendor, "preact.js"), "preact/hooks": filepath.Join(vendor, "hooks.js"),
				"htm": filepath.Join(vendor, "htm.js"), "idb": filepath.Join(vendor, "idb.js"), "workbox": filepath.Join(vendor, "workbox.js")},
		})
		if len(r.Errors) > 0 {
			return fmt.Errorf("%s: %v", entry, esbuild.FormatMessages(r.Errors, esbuild.FormatMessagesOptions{}))
		}
		return nil
	}
	words, err := os.ReadFile("desk/text.hi.json")
	if err != nil {
		return err
	}
	define := map[string]string{"self.DESK_TEXT": `"` + version(words) + `"`}
	for to, entry := range map[string]string{"app.js": "app/main.js", "app.css": "app/app.css", "desk/desk.js": "desk/main.js",
		"desk/desk.css": "desk/desk.css",
		"desk/along.js": "desk/along.js"} {
		if err := build(entry, to, define); err != nil {
			return err
		}
	}
	for _, side := range []int{192, 512} {
		if err := icon(filepath.Join(out, fmt.Sprintf("icon-%d.png", side)), side); err != nil {
			return err
		}
	}
	for to, from := range map[string]string{"index.html": "app", "manifest.webmanifest": "app", "text.hi.json": "app", "text.mr.json": "app",
		"desk/index.html": "desk", "desk/text.hi.json": "desk"} {
		b, err := os.ReadFile(filepath.Join(from, filepath.Base(to)))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(out, to), b, 0o644); err != nil {
			return err
		}
	}
	if err := pin("desk/index.html", "desk/desk.js", "desk/desk.css"); err != nil {
		return err
	}
	if err := build("desk/sw.js", "desk/sw.js", nil); err != nil {
		return err
	}
	list, err := precache("index.html", "app.js", "app.css", "manifest.webmanifest", "icon-192.png", "text.hi.json", "text.mr.json")
	if err != nil {
		return err
	}
	return build("app/sw.js", "sw.js", map[string]string{"self.__WB_MANIFEST": list})
}

// precache is the list of what the service worker keeps, as Workbox wants it: each address with what tells a new version.
func precache(names ...string) (string, error) {
	type entry struct {
		URL      string `json:"url"`
		Revision string `json:"revision"`
	}
	var list []entry
	for _, name := range names {
		b, err := os.ReadFile(filepath.Join(out, name))
		if err != nil {
			return "", err
		}
		url := "/app/" + name
		if name == "index.html" {
			url = "/app"
		}
		list = append(list, entry{url, version(b)})
	}
	b, err := json.Marshal(list)
	return string(b), err
}

// version tells a file from what it was before.
func version(file []byte) string {
	sum := sha256.Sum256(file)
	return hex.EncodeToString(sum[:8])
}

// pin names the version of each file in the page that loads them, so that a browser may keep them for good.
func pin(page string, names ...string) error {
	b, err := os.ReadFile(filepath.Join(out, page))
	if err != nil {
		return err
	}
	for _, name := range names {
		file, err := os.ReadFile(filepath.Join(out, name))
		if err != nil {
			return err
		}
		b = bytes.Replace(b, []byte(`"/`+name+`"`), []byte(`"/`+name+"?v="+version(file)+`"`), 1)
	}
	return os.WriteFile(filepath.Join(out, page), b, 0o644)
}

// icon draws a door that stands open: the frame, the leaf, its handle. All of it lies in the middle 80 %, which every
// launcher's mask leaves (W3C Web Application Manifest, "maskable").
func icon(path string, side int) error {
	img := image.NewRGBA(image.Rect(0, 0, side, side))
	fill := func(x0, y0, x1, y1 float64, c color.Color) {
		s := float64(side)
		for y := int(y0 * s); y < int(y1*s); y++ {
			for x := int(x0 * s); x < int(x1*s); x++ {
				img.Set(x, y, c)
			}
		}
	}
	ground, frame, leaf := color.RGBA{11, 93, 90, 255}, color.RGBA{255, 255, 255, 255}, color.RGBA{243, 195, 92, 255}
	fill(0, 0, 1, 1, ground)
	fill(.3, .2, .7, .78, frame)
	fill(.345, .245, .655, .78, ground)
	fill(.345, .245, .565, .78, leaf)
	fill(.515, .49, .545, .55, ground)
	fill(.24, .78, .76, .815, frame)
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := png.Encode(f, img); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}
