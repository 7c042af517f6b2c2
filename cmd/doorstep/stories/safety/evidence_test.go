package safety

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/domain"
	"doorstep/domain/proof"
)

// The first bytes of what is taken, as the formats begin, and some more.
var (
	jpegFile = []byte("\xff\xd8\xff\xe0\x00\x10JFIF\x00")
	oggFile  = []byte("OggS\x00\x02")
	samples  = map[string][]byte{"image/png": harness.PNG, "image/jpeg": jpegFile, "image/webp": []byte("RIFF\x10\x00\x00\x00WEBPVP8 "),
		"image/heic": []byte("\x00\x00\x00\x18ftypheic\x00\x00"),
		"audio/mp4":  []byte("\x00\x00\x00\x20ftypM4A \x00\x00"), "audio/mpeg": []byte("ID3\x04\x00"), "audio/ogg": oggFile,
		"audio/wav": []byte("RIFF\x24\x00\x00\x00WAVEfmt ")}
)

func TestEvidenceOfAReport(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.decided", "flag.triage", "flag.triaged", "hold.area", "visit.assigned", "visit.wait")
		desk, ravi, maya := h.As("kiran"), h.As("ravi"), h.As("maya")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(time.Hour), "ravi", "meena")
		flag := ravi.Send("POST", path("/v1/visits/%s/flags", visit), object{"kind": "animal", "level": 2, "note": "a dog"}, 201)["id"]
		at := fmt.Sprintf("/v1/flags/%v/evidence", flag)
		for media, body := range samples {
			got := ravi.Upload(flag, media, body, 201)
			sum := sha256.Sum256(body)
			if got["digest"] != hex.EncodeToString(sum[:]) || got["media_type"] != media || got["size"] != float64(len(body)) ||
				got["uploaded_by"] != ravi.ID.String() {
				t.Errorf("%s: %v", media, got)
			}
		}
		list := items(maya.Send("GET", at, nil, 200))
		if len(list) != len(samples) {
			t.Fatalf("the area manager sees %d files", len(list))
		}
		evidenceIsRead(h, job, at, list)
		// The same bytes, by whomever, are the same evidence; the client's id is its id.
		first := list[0]
		if again := maya.Upload(flag, first["media_type"].(string), samples[first["media_type"].(string)], 201); again["id"] != first["id"] {
			t.Errorf("sent twice it became %v", again)
		}
		own := uuid.NewString()
		if got := ravi.Send("POST", at+"?evidence_id="+own, string(jpegFile)+"more", 201, "Content-Type", "image/jpeg"); got["id"] != own {
			t.Errorf("the client's id became %v", got["id"])
		}
		if out := ravi.Send("POST", at+"?evidence_id="+own, string(jpegFile)+"else", 409, "Content-Type",
			"image/jpeg"); out["code"] != "already_exists" {
			t.Errorf("other evidence under that id: %v", out["code"])
		}
		ravi.Upload(flag, "image/jpeg", []byte("\xff\xd8\xfftenth"), 201)
		ravi.Upload(flag, "image/jpeg", []byte("\xff\xd8\xffeleventh"), 409)
		folder, err := os.ReadDir(h.EvidenceFolder)
		h.Must(err)
		if len(folder) != 10 {
			t.Errorf("%d files lie in the folder", len(folder))
		}
		for _, f := range folder {
			if info, err := f.Info(); err != nil || info.Mode().Perm() != 0o600 || !domain.EvidenceName(f.Name()) {
				t.Errorf("a file %s with mode %v (%v)", f.Name(), info.Mode(), err)
			}
		}

		other := ravi.Send("POST", path("/v1/visits/%s/flags", visit), object{"kind": "hazard", "level": 1}, 201)["id"]
		noEvidence(h, other)

		// Only those who see the whole report.
		for login, want := range map[string]int{"meena": 404, "kiran": 404, "gita": 404, "root": 404, "maya2": 404, "asha2": 404, "asha": 404,
			"ravi2": 404} {
			p := h.As(login)
			p.Send("GET", at, nil, want)
			p.Send("GET", at+"/"+first["id"].(string), nil, want)
		}
		h.As("asha").Upload(flag, "image/png", harness.PNG, 403) // she sees its brief
		h.As("meena").Upload(flag, "image/png", harness.PNG, 404)
		// Of another report it is not.
		maya.Send("GET", fmt.Sprintf("/v1/flags/%v/evidence/%v", other, first["id"]), nil, 404)
		// A closed report takes no more; what is there stays readable.
		maya.Send("POST", fmt.Sprintf("/v1/flags/%v/triage", other), nil, 200)
		maya.Send("POST", fmt.Sprintf("/v1/flags/%v/decide", other), object{"outcome": "unclear", "reasons": "as asked"}, 200)
		ravi.Upload(other, "audio/ogg", oggFile, 409)
		if got := items(ravi.Send("GET", fmt.Sprintf("/v1/flags/%v/evidence", other), nil, 200)); len(got) != 1 {
			t.Errorf("after the decision: %v", got)
		}
	})
}

// evidenceIsRead: by the area manager as it was sent, and in the job's evidence
// pack by those who see the report.
func evidenceIsRead(h *harness.Harness, job object, at string, list []object) {
	h.Helper()
	maya := h.As("maya")
	for _, e := range list {
		body, res := maya.Raw("GET", at+"/"+e["id"].(string), nil)
		sum := sha256.Sum256(samples[e["media_type"].(string)])
		if res.StatusCode != 200 || !bytes.Equal(body, samples[e["media_type"].(string)]) || res.Header.Get("Content-Type") != e["media_type"] ||
			res.Header.Get("X-Content-Type-Options") != "nosniff" ||
			res.Header.Get("Cache-Control") != "no-store" || !strings.HasPrefix(res.Header.Get("Content-Disposition"),
			`attachment; filename="evidence-`) ||
			res.Header.Get("Repr-Digest") != "sha-256=:"+base64.StdEncoding.EncodeToString(sum[:])+":" {
			h.Errorf("%v is sent as %d %v", e["media_type"], res.StatusCode, res.Header)
		}
	}
	for p, want := range map[*harness.Client]int{maya: len(samples), h.As("root"): 0} {
		pack, _ := p.Raw("GET", path("/v1/jobs/%s/evidence-pack", job), nil)
		archive, err := zip.NewReader(bytes.NewReader(pack), int64(len(pack)))
		h.Must(err)
		n := 0
		for _, f := range archive.File {
			if strings.HasPrefix(f.Name, "evidence-") {
				n++
			}
		}
		if _, err := proof.VerifyPack(bytes.NewReader(pack), int64(len(pack)), ""); err != nil || n != want {
			h.Errorf("%s is packed %d files, want %d (%v)", p.Login, n, want, err)
		}
	}
}

// noEvidence: what it is not, too large, or of another type.
func noEvidence(h *harness.Harness, other any) {
	h.Helper()
	ravi := h.As("ravi")
	ravi.Upload(other, "image/png", jpegFile, 422)
	ravi.Upload(other, "audio/mpeg", []byte("<html>"), 422)
	ravi.Upload(other, "image/svg+xml", []byte("<svg/>"), 415)
	ravi.Upload(other, "application/json", []byte("{}"), 415)
	ravi.Upload(other, "image/png", nil, 400)
	large := append(bytes.Clone(harness.PNG), make([]byte, 10<<20-len(harness.PNG))...)
	if got := ravi.Upload(other, "image/png", large, 201); got["size"] != float64(10<<20) {
		h.Errorf("10 MiB became %v", got["size"])
	}
	req, err := http.NewRequest("POST", h.URL+fmt.Sprintf("/v1/flags/%v/evidence", other),
		io.MultiReader(bytes.NewReader(large), strings.NewReader("x")))
	h.Must(err)
	req.ContentLength = int64(len(large)) + 1
	for name, value := range map[string]string{"Authorization": "Bearer " + ravi.Token, "Content-Type": "image/png",
		"Idempotency-Key": uuid.NewString()} {
		req.Header.Set(name, value)
	}
	if res, err := http.DefaultClient.Do(req); err != nil {
		h.Errorf("more than 10 MiB: %v", err)
	} else if _ = res.Body.Close(); res.StatusCode != 413 || res.Header.Get("Content-Type") != "application/problem+json" {
		h.Errorf("more than 10 MiB: %d %s", res.StatusCode, res.Header.Get("Content-Type"))
	}
	if got := items(ravi.Send("GET", fmt.Sprintf("/v1/flags/%v/evidence", other), nil, 200)); len(got) != 1 {
		h.Errorf("more than 10 MiB were kept: %v", got)
	}
	// No other operation takes more for it.
	if _, res := ravi.Raw("POST", "/v1/flags", `{"kind":"other","level":1,"note":"`+strings.Repeat("x", 300<<10)+
		`"}`); res.StatusCode != 413 {
		h.Errorf("300 KiB of JSON: %d", res.StatusCode)
	}
	if _, res := ravi.Raw("POST", "/v1/flags", string(large[:300<<10]), "Content-Type", "image/png"); res.StatusCode != 415 {
		h.Errorf("a picture as a report: %d", res.StatusCode)
	}
}

// TestWhoUploadedEvidenceMayRemoveIt: before the decision, and nobody else. Who,
// when and the digest stay, the bytes are gone, and a pack proves both.
func TestWhoUploadedEvidenceMayRemoveIt(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.decided", "flag.triage", "flag.triaged", "hold.area", "visit.assigned", "visit.wait")
		desk, ravi, maya := h.As("kiran"), h.As("ravi"), h.As("maya")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, harness.Monday.Add(time.Hour), "ravi", "meena")
		flag := ravi.Send("POST", path("/v1/visits/%s/flags", visit), object{"kind": "animal", "level": 2, "note": "a dog"}, 201)["id"]
		at := fmt.Sprintf("/v1/flags/%v/evidence", flag)
		wrong, right, theirs := ravi.Upload(flag, "image/png", harness.PNG, 201), ravi.Upload(flag, "audio/ogg", oggFile, 201),
			maya.Upload(flag, "image/jpeg", jpegFile, 201)
		if !harness.Offers(wrong, "remove") {
			t.Errorf("who uploaded it is offered %v", wrong["actions"])
		}
		remove := func(p *harness.Client, e object, want int) object {
			t.Helper()
			return p.Send("POST", fmt.Sprintf("%s/%v/remove", at, e["id"]), nil, want)
		}
		for _, e := range items(maya.Send("GET", at, nil, 200)) {
			if harness.Offers(e, "remove") != (e["id"] == theirs["id"]) {
				t.Errorf("the manager is offered %v of %v", e["actions"], e["uploaded_by"])
			}
		}
		remove(maya, wrong, 403)
		remove(ravi, theirs, 403)
		for _, login := range []string{"meena", "asha", "kiran", "gita", "root", "maya2"} {
			remove(h.As(login), wrong, 404)
		}
		h.Clock.Advance(time.Minute)
		gone := remove(ravi, wrong, 200)
		if gone["removed_by"] != ravi.ID.String() || !harness.Instant(t, gone["removed_at"]).Equal(h.Clock.Now()) ||
			gone["digest"] != wrong["digest"] ||
			harness.Offers(gone, "remove") {
			t.Errorf("removed it is %v", gone)
		}
		remove(ravi, wrong, 409)
		for _, p := range []*harness.Client{ravi, maya} {
			p.Send("GET", fmt.Sprintf("%s/%v", at, wrong["id"]), nil, 404)
		}
		folder, err := os.ReadDir(h.EvidenceFolder)
		h.Must(err)
		if len(folder) != 2 {
			t.Errorf("%d files lie in the folder", len(folder))
		}
		list := items(maya.Send("GET", at, nil, 200))
		if len(list) != 3 || list[0]["removed_at"] == nil || list[0]["digest"] != wrong["digest"] || list[1]["removed_at"] != nil {
			t.Errorf("the manager lists %v", list)
		}
		pack, _ := maya.Raw("GET", path("/v1/jobs/%s/evidence-pack", job), nil)
		if bytes.Contains(unzipped(t, pack), harness.PNG) {
			t.Error("the pack holds what was removed")
		}
		report, err := proof.VerifyPack(bytes.NewReader(pack), int64(len(pack)), "")
		if err != nil || report.Removed != 1 {
			t.Errorf("the pack: %+v, %v", report, err)
		}
		// The same bytes may come again, as other evidence.
		if again := ravi.Upload(flag, "image/png", harness.PNG, 201); again["id"] == wrong["id"] || again["removed_at"] != nil {
			t.Errorf("sent again it is %v", again)
		}
		// What was decided by stays.
		maya.MoveFlag(flag, "triage", nil, 200)
		maya.MoveFlag(flag, "decide", object{"outcome": "upheld", "reasons": "as asked"}, 200)
		remove(ravi, right, 409)
		if got := items(ravi.Send("GET", at, nil, 200)); harness.Offers(got[1], "remove") {
			t.Error("after the decision it is offered")
		}
	})
}

// unzipped is all of a pack's files behind each other.
func unzipped(t *testing.T, pack []byte) []byte {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(pack), int64(len(pack)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for _, f := range archive.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := out.ReadFrom(r); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

// TestTooLargeIsAnAnswer: a client that sends all of it before it reads gets
// the refusal and no reset, with a length or in chunks.
func TestTooLargeIsAnAnswer(t *testing.T) {
	t.Parallel()
	h := harness.New(t, "sqlite")
	h.Ignores("flag.triage", "hold.area", "sos.raised", "visit.assigned")
	h.MayIgnore("sos.call_yourself", "sos.unheard") // where phones are slow to take a ring
	ravi := h.As("ravi")
	flag := ravi.Send("POST", "/v1/flags", object{"phone": "+919800000001", "kind": "threat", "level": 2}, 201)["id"]
	chunk := make([]byte, 1<<20)
	for _, mebibytes := range []int{11, 300} {
		for _, length := range []string{fmt.Sprintf("Content-Length: %d", mebibytes<<20), "Transfer-Encoding: chunked"} {
			conn, err := net.Dial("tcp", strings.TrimPrefix(h.URL, "http://"))
			h.Must(err)
			h.Must(conn.SetDeadline(time.Now().Add(harness.Patience)))
			_, err = fmt.Fprintf(conn,
				"POST /v1/flags/%v/evidence HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: image/png\r\nIdempotency-Key: %s\r\n%s\r\n\r\n", flag, ravi.Token, uuid.NewString(), length)
			for range mebibytes {
				if strings.HasPrefix(length, "Transfer") && err == nil {
					_, err = fmt.Fprintf(conn, "%x\r\n%s\r\n", len(chunk), chunk)
				} else if err == nil {
					_, err = conn.Write(chunk)
				}
			}
			if err != nil {
				t.Errorf("%d MiB, %s: %v while sending", mebibytes, length, err)
				continue
			}
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Errorf("%d MiB, %s: %v instead of an answer", mebibytes, length, err)
				continue
			}
			body, _ := io.ReadAll(res.Body)
			if res.StatusCode != 413 || res.Header.Get("Content-Type") != "application/problem+json" ||
				!strings.Contains(string(body), `"too_large"`) {
				t.Errorf("%d MiB, %s: %d %s", mebibytes, length, res.StatusCode, body)
			}
			_ = conn.Close()
		}
	}
	if got := items(ravi.Send("GET", fmt.Sprintf("/v1/flags/%v/evidence", flag), nil, 200)); len(got) != 0 {
		t.Errorf("kept: %v", got)
	}
	// No body refuses an SOS or a stop.
	large := strings.Repeat("x", 11<<20)
	if got := ravi.Send("POST", "/v1/sos", large, 201); got["status"] != "raised" {
		t.Errorf("an SOS with 11 MiB: %v", got)
	}
	_, job := h.Household(h.As("kiran"), nil)
	visit := h.Visit(h.As("kiran"), job, harness.Monday.Add(time.Hour), "ravi")
	if got := ravi.Send("POST", path("/v1/visits/%s/stop", visit), large, 200); got["status"] != "stopped_unsafe" {
		t.Errorf("a stop with 11 MiB: %v", got)
	}
	h.Anonymous().Send("POST", "/v1/sos", large, 401)
}

// failing is a store that loses a server between file and row: the file is
// there, the transaction never was.
type failing struct{ domain.EvidenceFiles }

func (f failing) Put(ctx context.Context, name string, body []byte) error {
	if err := f.EvidenceFiles.Put(ctx, name, body); err != nil {
		return err
	}
	return domain.Fail(domain.CodeUnavailable, "The server was killed.")
}

func TestAFileWithoutARowIsSwept(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("flag.triage")
		ravi := h.As("ravi")
		flag := ravi.Send("POST", "/v1/flags", object{"phone": "+919800000001", "kind": "threat", "level": 2}, 201)["id"]
		kept := ravi.Upload(flag, "image/png", harness.PNG, 201)
		store := h.Server.Service.Files
		h.Server.Service.Files = failing{store}
		ravi.Upload(flag, "image/jpeg", jpegFile, 503)
		h.Server.Service.Files = store
		if got := items(ravi.Send("GET", fmt.Sprintf("/v1/flags/%v/evidence", flag), nil, 200)); len(got) != 1 {
			t.Errorf("there is a row without its file: %v", got)
		}
		h.Must(os.WriteFile(filepath.Join(h.EvidenceFolder, strings.Repeat("a", 32)+".part"), []byte("half"), 0o600))
		h.Must(os.WriteFile(filepath.Join(h.EvidenceFolder, "README"), []byte("somebody else's"), 0o600))
		names := func() int {
			list, err := os.ReadDir(h.EvidenceFolder)
			h.Must(err)
			return len(list)
		}
		// A fresh one may still get its row.
		if n, err := h.Server.Service.Proof.EvidenceRetention(t.Context()); err != nil || n != 0 || names() != 4 {
			t.Errorf("at once %d were removed (%v), %d are left", n, err, names())
		}
		old := time.Now().Add(-2 * time.Hour)
		list, err := os.ReadDir(h.EvidenceFolder)
		h.Must(err)
		for _, f := range list {
			h.Must(os.Chtimes(filepath.Join(h.EvidenceFolder, f.Name()), old, old))
		}
		if n, err := h.Server.Service.Proof.EvidenceRetention(t.Context()); err != nil || n != 2 || names() != 2 {
			t.Errorf("later %d were removed (%v), %d are left", n, err, names())
		}
		if body, res := ravi.Raw("GET", fmt.Sprintf("/v1/flags/%v/evidence/%v", flag, kept["id"]), nil); res.StatusCode != 200 ||
			!bytes.Equal(body, harness.PNG) {
			t.Errorf("what belongs to a report is gone: %d", res.StatusCode)
		}
		// The retry, with everything well again.
		ravi.Upload(flag, "image/jpeg", jpegFile, 201)
	})
}
