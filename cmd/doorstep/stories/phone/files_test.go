package phone

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/domain/proof"
)

const whereTaken = "18.5204N 73.8567E"

// photo is a JPEG with a place in it, of some 40 kB, each another.
func photo(h *harness.Harness, seed uint64) []byte {
	h.Helper()
	noise := rand.New(rand.NewPCG(seed, 1))
	p := image.NewRGBA(image.Rect(0, 0, 300, 220))
	for i := range p.Pix {
		p.Pix[i] = byte(noise.Uint32())
	}
	p.Set(0, 0, color.White)
	var b bytes.Buffer
	h.Must(jpeg.Encode(&b, p, nil))
	place := "http://ns.adobe.com/xap/1.0/\x00" + whereTaken
	segment := append(binary.BigEndian.AppendUint16([]byte("\xff\xe1"), uint16(len(place)+2)), place...)
	return slices.Concat([]byte("\xff\xd8"), segment, b.Bytes()[2:])
}

func announcement(kind, media string, body []byte) object {
	sum := sha256.Sum256(body)
	return object{"kind": kind, "asked": true, "agreed": true, "media_type": media, "size": len(body), "sha256": hex.EncodeToString(sum[:])}
}

// send puts a chunk at an offset, and gives the status and where to go on.
func send(p *harness.Client, address string, at int, chunk []byte) (status int, next string) {
	_, res := p.Raw("PATCH", address, string(chunk), harness.Chunk(at)...)
	return res.StatusCode, res.Header.Get("Upload-Offset")
}

// keep announces a file and sends it in chunks of 20,000 bytes.
func keep(p *harness.Client, visit object, kind, media string, body []byte) (file object, address string) {
	p.Harness.Helper()
	at := path("/v1/visits/%s/files", visit)
	file = p.Send("POST", at, announcement(kind, media, body), 201)
	address = fmt.Sprintf("%s/%v", at, file["id"])
	for from := 0; from < len(body); from += 20_000 {
		if status, next := send(p, address, from, body[from:min(from+20_000, len(body))]); status != 204 {
			p.Harness.Fatalf("a chunk from %d: %d, %s", from, status, next)
		}
	}
	return file, address
}

func filesOf(p *harness.Client, visit object) map[any]object {
	p.Harness.Helper()
	out := map[any]object{}
	for _, f := range items(p.Send("GET", path("/v1/visits/%s/files", visit), nil, 200)) {
		out[f["id"]] = f
	}
	return out
}

// TestAPhotoArrivesOverABadNetwork: doubled, out of order, with lost answers and a wrong digest, and comes out once, whole and
// without the place.
func TestAPhotoArrivesOverABadNetwork(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned")
		desk, ravi := h.As("kiran"), h.As("ravi")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(time.Hour), "ravi", "meena")
		body, at := photo(h, 1), path("/v1/visits/%s/files", visit)
		file := ravi.Send("POST", at, announcement("photo_after", "image/jpeg", body), 201)
		one := fmt.Sprintf("%s/%v", at, file["id"])
		if again := ravi.Send("POST", at, merged(announcement("photo_after", "image/jpeg", body), "id", file["id"]),
			201); again["id"] != file["id"] {
			t.Errorf("announced twice it is %v", again)
		}
		ravi.Send("POST", at, merged(announcement("voice", "audio/mp4", body), "id", file["id"]), 409)
		head := func() [2]string {
			_, res := ravi.Raw("HEAD", one, nil)
			return [2]string{res.Header.Get("Upload-Offset"), res.Header.Get("Upload-Length")}
		}
		size := fmt.Sprint(len(body))
		if got := head(); got != [2]string{"0", size} || file["state"] != "uploading" {
			t.Errorf("before the first chunk: %v, %v", got, file["state"])
		}
		for _, c := range []struct {
			at, end, status int
			next, what      string
		}{
			{0, 20_000, 204, "20000", "the first"},
			{0, 20_000, 409, "20000", "it again, its answer was lost"},
			{30_000, len(body), 409, "20000", "one that is not next"},
			{20_000, 20_010, 422, "20000", "too small a one"},
			{20_000, len(body), 204, size, "the rest"},
			{20_000, len(body), 409, size, "it again"},
		} {
			if status, next := send(ravi, one, c.at, body[c.at:c.end]); status != c.status || next != c.next {
				t.Errorf("%s: %d, go on at %s; want %d, %s", c.what, status, next, c.status, c.next)
			}
		}
		if got := head(); got != [2]string{size, size} {
			t.Errorf("after the last chunk: %v", got)
		}
		got, res := ravi.Raw("GET", one, nil)
		sum := sha256.Sum256(got)
		if _, err := jpeg.Decode(bytes.NewReader(got)); err != nil || bytes.Contains(got, []byte(whereTaken)) || len(got) < 20_000 ||
			res.Header.Get("Content-Type") != "image/jpeg" || res.Header.Get("X-Content-Type-Options") != "nosniff" ||
			!strings.HasPrefix(res.Header.Get("Content-Disposition"), `attachment; filename="file-`) ||
			res.Header.Get("Repr-Digest") != "sha-256=:"+base64.StdEncoding.EncodeToString(sum[:])+":" {
			t.Errorf("it is sent as %d bytes with %v (%v)", len(got), res.Header, err)
		}
		if f := filesOf(desk, visit)[file["id"]]; f["state"] != "kept" || f["digest"] != hex.EncodeToString(sum[:]) ||
			f["kept_size"] != float64(len(got)) || f["asked"] != true || f["agreed"] != true {
			t.Errorf("the desk reads %v", f)
		}

		// What it says and what it is.
		wrong := ravi.Send("POST", at, announcement("photo_after", "image/jpeg", body), 201)
		two := fmt.Sprintf("%s/%v", at, wrong["id"])
		send(ravi, two, 0, body[:20_000])
		if status, next := send(ravi, two, 20_000, make([]byte, len(body)-20_000)); status != 422 || next != "0" {
			t.Errorf("other bytes: %d, go on at %s", status, next)
		}
		if status, next := send(ravi, two, 0, append(bytes.Clone(body), 0)); status != 413 || next != "0" {
			t.Errorf("more than was announced: %d, go on at %s", status, next)
		}
		if status, _ := send(ravi, two, 0, body); status != 204 {
			t.Errorf("from its beginning: %d", status)
		}
		for what, page := range map[string][]byte{"a page": []byte("<html><script>1</script>"), "half a photo": body[:30_000]} {
			lie := ravi.Send("POST", at, announcement("photo_after", "image/jpeg", page), 201)
			if status, next := send(ravi, fmt.Sprintf("%s/%v", at, lie["id"]), 0, page); status != 422 || next != "0" {
				t.Errorf("%s: %d, go on at %s", what, status, next)
			}
			ravi.Send("GET", fmt.Sprintf("%s/%v", at, lie["id"]), nil, 409)
		}
		for field, is := range map[string]any{"asked": false, "agreed": false, "media_type": "image/svg+xml", "sha256": "x", "kind": "voice"} {
			ravi.Send("POST", at, merged(announcement("photo_after", "image/jpeg", body), field, is), 422)
		}
		ravi.Send("POST", at, merged(announcement("photo_after", "image/jpeg", body), "size", 10<<20+1), 413)
		// A colleague sees it and adds nothing to what is not theirs; a stranger is told nothing.
		h.As("meena").Send("GET", two, nil, 200)
		if status, next := send(h.As("meena"), two, 0, body); status != 404 || next != "" {
			t.Errorf("a colleague's chunk: %d %s", status, next)
		}
		for _, login := range []string{"kiran2", "maya2", "ravi2"} {
			h.As(login).Send("GET", at, nil, 404)
			h.As(login).Send("GET", one, nil, 404)
		}
	})
}

// TestThePolicyMayKeepThePlace: the brand's, and no centre against it.
func TestThePolicyMayKeepThePlace(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned")
		desk, ravi, body := h.As("kiran"), h.As("ravi"), photo(h, 1)
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(time.Hour), "ravi")
		rules := object{"rules": merged(harness.DefaultRules(), "keep_photo_place", true)}
		h.As("root").Send("PUT", "/v1/centres/"+h.Centre.String()+"/policy", rules, 422)
		h.As("root").Send("PUT", "/v1/policies/brand", rules, 200)
		h.Advance(time.Minute)
		_, at := keep(ravi, visit, "photo_after", "image/jpeg", body)
		if got, _ := ravi.Raw("GET", at, nil); !bytes.Equal(got, body) {
			t.Errorf("%d of %d bytes are kept, with the place: %v", len(got), len(body), bytes.Contains(got, []byte(whereTaken)))
		}
	})
}

func merged(o object, field string, is any) object {
	o[field] = is
	return o
}

// TestANoBlocksNothing: it is kept with the visit, which ends as ever.
func TestANoBlocksNothing(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned")
		desk, ravi := h.As("kiran"), h.As("ravi")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(time.Hour), "ravi")
		no := ravi.Send("POST", path("/v1/visits/%s/files", visit), object{"kind": "photo_before", "asked": true, "agreed": false}, 201)
		if no["state"] != "declined" || no["asked"] != true || no["agreed"] != false {
			t.Errorf("a no is %v", no)
		}
		if status, _ := send(ravi, path("/v1/visits/%s/files/", visit)+no["id"].(string), 0, photo(h, 1)); status != 404 {
			t.Errorf("a photo after a no: %d", status)
		}
		h.WorkUntil("ravi", visit, "complete", nil)
		kinds := []any{}
		for _, e := range items(desk.Send("GET", path("/v1/jobs/%s/timeline?limit=200", job), nil, 200)) {
			kinds = append(kinds, e["kind"])
		}
		if !slices.Contains(kinds, any("file.declined")) {
			t.Errorf("the timeline has %v", kinds)
		}
	})
}

// TestWhoTookThePhotoBringsIt: also after the visit was given to others. The desk has it then, the new crew has not; what
// somebody took after they had left it is no photo of the visit.
func TestWhoTookThePhotoBringsIt(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned", "visit.unassigned", "flag.triage", "hold.area")
		desk, ravi, meena, maya := h.As("kiran"), h.As("ravi"), h.As("meena"), h.As("maya")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(time.Hour), "ravi")
		h.Advance(10 * time.Minute)
		taken := h.Clock.Now().Format(time.RFC3339)
		h.Advance(10 * time.Minute)
		desk.Send("POST", path("/v1/visits/%s/assign", visit), h.Crew("meena"), 200)
		h.Advance(10 * time.Minute)
		at, body := path("/v1/visits/%s/files", visit), photo(h, 1)
		ravi.Send("POST", at, announcement("photo_before", "image/jpeg", body), 404)
		ravi.Send("GET", at, nil, 404)
		file := ravi.Send("POST", at, merged(announcement("photo_before", "image/jpeg", body), "taken_at", taken), 201)
		one := fmt.Sprintf("%s/%v", at, file["id"])
		if status, _ := send(ravi, one, 0, body); status != 204 {
			t.Fatalf("it is not taken: %d", status)
		}
		theirs, _ := keep(meena, visit, "photo_after", "image/jpeg", photo(h, 2))
		for p, sees := range map[*harness.Client][2]bool{ravi: {true, false}, meena: {false, true}, desk: {true, true}, maya: {true, true}} {
			got := filesOf(p, visit)
			if _, of := got[file["id"]]; of != sees[0] {
				t.Errorf("%s sees what the first crew brought: %v", p.Login, of)
			}
			if _, of := got[theirs["id"]]; of != sees[1] {
				t.Errorf("%s sees what the new crew brought: %v", p.Login, of)
			}
		}
		meena.Send("GET", one, nil, 404)

		// The evidence pack has both, apart from what belongs to reports.
		flag := meena.Send("POST", path("/v1/visits/%s/flags", visit), object{"kind": "animal", "level": 2, "note": "a dog"}, 201)["id"]
		meena.Upload(flag, "image/png", harness.PNG, 201)
		if got := filesOf(desk, visit); len(got) != 2 {
			t.Errorf("with a report there are %d files", len(got))
		}
		pack, _ := maya.Raw("GET", path("/v1/jobs/%s/evidence-pack", job), nil)
		archive, err := zip.NewReader(bytes.NewReader(pack), int64(len(pack)))
		h.Must(err)
		n := map[string]int{}
		for _, f := range archive.File {
			kind, _, _ := strings.Cut(f.Name, "-")
			if n[kind]++; f.Name == "files.json" {
				r, err := f.Open()
				h.Must(err)
				list, err := io.ReadAll(r)
				h.Must(err)
				if got := bytes.Count(list, []byte(`"state": "kept"`)); got != 2 {
					t.Errorf("files.json has %d files that are kept", got)
				}
			}
		}
		if _, err := proof.VerifyPack(bytes.NewReader(pack), int64(len(pack)), ""); err != nil || n["file"] != 2 || n["evidence"] != 1 {
			t.Errorf("packed are %v (%v)", n, err)
		}
	})
}

// TestTheHouseholdHasPhotosOfItsHomeRemoved: by its link; a signature stays. By voice and by a link that staff have read it is asked first.
func TestTheHouseholdHasPhotosOfItsHomeRemoved(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned", "link.verify", "queue.morning")
		desk, ravi := h.As("kiran"), h.As("ravi")
		for i, way := range []string{"link", "voice", "read link"} {
			_, job := h.Household(desk, nil)
			visit := h.Visit(desk, job, harness.Monday.Add(time.Duration(24*(10+i))*time.Hour), "ravi")
			page := h.CustomerPage(job)
			if strings.Contains(page.Read(), "remove-photos") {
				t.Error("it is offered without a photo")
			}
			page.Submit("remove-photos", 409)
			file, at := keep(ravi, visit, "photo_before", "image/jpeg", photo(h, 1))
			signed, _ := keep(ravi, visit, "signature", "image/jpeg", photo(h, 2))
			half := ravi.Send("POST", path("/v1/visits/%s/files", visit), announcement("photo_after", "image/jpeg", photo(h, 3)), 201)
			if status, _ := send(ravi, path("/v1/visits/%s/files/", visit)+half["id"].(string), 0, photo(h, 3)[:20_000]); status != 204 {
				t.Errorf("a part: %d", status)
			}
			if !strings.Contains(page.Read(), "We keep 2 photos and recordings of your home.") {
				t.Error("the page does not say how many there are")
			}
			switch way {
			case "link":
				page.Submit("remove-photos", 303)
			case "voice":
				if out := desk.Send("POST", path("/v1/jobs/%s/voice", job), object{"action": "remove-photos"}, 200); out["done"] != "kept" {
					t.Errorf("by voice it is %v", out["done"])
				}
			default:
				h.ReadPage(desk, job).Submit("remove-photos", 303)
			}
			if way != "link" {
				if f := filesOf(desk, visit)[file["id"]]; f["state"] != "kept" {
					t.Errorf("by %s it is %v at once", way, f["state"])
				}
				h.Advance(49 * time.Hour)
			}
			files := filesOf(desk, visit)
			if files[file["id"]]["state"] != "removed" || files[file["id"]]["digest"] == "" || files[signed["id"]]["state"] != "kept" {
				t.Errorf("%s: %v, the signature %v", way, files[file["id"]]["state"], files[signed["id"]]["state"])
			}
			ravi.Send("GET", at, nil, 409)
			if status, _ := send(ravi, path("/v1/visits/%s/files/", visit)+half["id"].(string), 20_000, photo(h, 3)[20_000:]); status != 404 {
				t.Errorf("%s: what still arrived goes on: %d", way, status)
			}
			if page := h.CustomerPage(job).Read(); strings.Contains(page, "remove-photos") {
				t.Error("it is offered again")
			}
		}
		if left := sweep(h); left != 3 {
			t.Errorf("%d files are left of three signatures", left)
		}
	})
}

// sweep makes all files old, lets the sweeps run, and says how many are left.
func sweep(h *harness.Harness) int {
	h.Helper()
	names := func() []os.DirEntry {
		list, err := os.ReadDir(h.EvidenceFolder)
		h.Must(err)
		return list
	}
	old := time.Now().Add(-2 * time.Hour)
	for _, f := range names() {
		h.Must(os.Chtimes(filepath.Join(h.EvidenceFolder, f.Name()), old, old))
	}
	_, err := h.Server.Service.Clock.Retention(h.Context())
	h.Must(err)
	_, err = h.Server.Service.Proof.EvidenceRetention(h.Context())
	h.Must(err)
	return len(names())
}

// TestFilesAreForgotten: an upload that nobody finishes after 72 h, what is kept by its kind, and nothing of them is left behind by a
// server that was killed between row and file.
func TestFilesAreForgotten(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("visit.assigned")
		h.MayIgnore("visit.missed_desk", "visit.needs_someone", "job.silent", "queue.morning", "visit.missed", "link.asked", "digest")
		desk, ravi := h.As("kiran"), h.As("ravi")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(20*24*time.Hour), "ravi")
		body := photo(h, 1)
		half := ravi.Send("POST", path("/v1/visits/%s/files", visit), announcement("photo_before", "image/jpeg", body), 201)
		one := path("/v1/visits/%s/files/", visit) + half["id"].(string)
		if status, _ := send(ravi, one, 0, body[:20_000]); status != 204 {
			t.Fatalf("the first chunk of %d bytes: %d", len(body), status)
		}
		keep(ravi, visit, "photo_after", "image/jpeg", body)
		if left := sweep(h); left != 2 {
			t.Fatalf("%d files: of one that arrives a part, and the one that is whole", left)
		}
		h.Advance(71 * time.Hour)
		sweep(h)
		if status, next := send(ravi, one, 20_000, body[20_000:36_400]); status != 204 {
			t.Fatalf("on the third day it does not go on: %d %s", status, next)
		}
		h.Advance(2 * time.Hour)
		if left, got := sweep(h), filesOf(desk, visit); left != 1 || len(got) != 1 {
			t.Errorf("after 73 h %d files are left, %v", left, got)
		}
		if status, _ := send(ravi, one, 36_400, body[36_400:]); status != 404 {
			t.Errorf("what was forgotten goes on: %d", status)
		}
		// Killed between row and file: the row went, and the next sweep finds the file.
		_, err := h.DB.SQL().ExecContext(h.Context(), "DELETE FROM visit_files")
		h.Must(err)
		if left := sweep(h); left != 0 {
			t.Errorf("%d files are left without a row", left)
		}
	})
}

// TestAnUploadHoldsOneChunk: of 10 MiB that arrive the server holds what is under way, and refuses more at once.
func TestAnUploadHoldsOneChunk(t *testing.T) {
	h := harness.New(t, "sqlite")
	h.Ignores("visit.assigned")
	desk, ravi := h.As("kiran"), h.As("ravi")
	_, job := h.Household(desk, nil)
	visit := h.Visit(desk, job, harness.Monday.Add(time.Hour), "ravi")
	body := append([]byte("OggS\x00\x02"), make([]byte, 10<<20-6)...)
	file := ravi.Send("POST", path("/v1/visits/%s/files", visit), announcement("voice", "audio/ogg", body), 201)
	one := path("/v1/visits/%s/files/", visit) + file["id"].(string)
	const most = 256 << 10
	if status, _ := send(ravi, one, 0, body[:most+1]); status != 413 {
		t.Errorf("a chunk of more than 256 KiB: %d", status)
	}
	held := func() int {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int(m.HeapAlloc)
	}
	before := held()
	for at := 0; at < len(body); at += most {
		if status, next := send(ravi, one, at, body[at:at+most]); status != 204 {
			t.Fatalf("a chunk from %d: %d %s", at, status, next)
		}
		if at == 9<<20 {
			if more := held() - before; more > 3<<20 {
				t.Errorf("with 9 MiB here the heap has grown by %d bytes", more)
			}
		}
	}
	got, _ := ravi.Raw("GET", one, nil)
	if !bytes.Equal(got, body) {
		t.Errorf("%d bytes came back", len(got))
	}
}
