package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"
	"doorstep/domain"
	"doorstep/domain/proof"
)

// repacked copies a ZIP and lets a file be changed, left out or added.
func repacked(t *testing.T, pack []byte, change func(files map[string][]byte)) []byte {
	t.Helper()
	files := unpacked(t, pack)
	change(files)
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for name, body := range files {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = f.Write(body)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func unpacked(t *testing.T, pack []byte) map[string][]byte {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(pack), int64(len(pack)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, f := range r.File {
		rc, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name], err = io.ReadAll(rc)
		if err != nil {
			t.Fatal(err)
		}
	}
	return files
}

func TestAnEvidencePackProvesItself(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		h.Ignores("dispute.opened", "flag.live", "hold.area", "visit.assigned")
		desk, ravi, maya := h.As("kiran"), h.As("ravi"), h.As("maya")
		_, job := h.Household(desk, nil)
		visit := h.Visit(desk, job, h.Clock.Now().Add(time.Hour), "ravi")
		tried := desk.Attempt(job, bodies.AttemptCreate{Channel: "phone", Outcome: "switched_off"})
		h.CustomerPage(job).Submit("dispute", 303, "attempt_id", tried.ID, "claim", "phone_was_on", "reason",
			"It lay before me: हाँ.")
		ravi.FlagVisit(visit, bodies.VisitFlagCreate{Kind: "threat", Level: 3, Note: "He raised a chair."})
		for login, want := range map[string]int{"kiran": 403, "asha": 403, "ravi": 403, "gita": 403, "maya2": 404} {
			if _, res := h.As(login).Raw("GET", harness.Path("/v1/jobs/%s/evidence-pack", job), nil); res.StatusCode != want {
				t.Errorf("%s takes the pack: %d, want %d", login, res.StatusCode, want)
			}
		}
		take := func() []byte {
			t.Helper()
			pack, res := maya.Raw("GET", harness.Path("/v1/jobs/%s/evidence-pack", job), nil)
			if res.StatusCode != 200 || res.Header.Get("Content-Type") != "application/zip" {
				t.Fatalf("the pack: %d %s", res.StatusCode, pack)
			}
			return pack
		}
		pack := take()
		key := harness.Items(maya.Send("GET", "/v1/signing-keys", nil, 200))[0]["public_key"].(string)
		proves := func(pack []byte, key string) (*proof.PackReport, error) {
			return proof.VerifyPack(bytes.NewReader(pack), int64(len(pack)), key)
		}
		report, err := proves(pack, key)
		facts := len(harness.Items(maya.Send("GET", harness.Path("/v1/jobs/%s/timeline", job), nil, 200)))
		if err != nil || report.Entries != facts || report.Erased != 0 || report.Manifest.MadeBy != maya.ID {
			t.Fatalf("%+v %v, want %d facts", report, err, facts)
		}
		files := unpacked(t, pack)
		for name, words := range map[string]string{"flags.json": "He raised a chair.", "disputes.json": "हाँ", "attempts.json": "switched_off",
			"visits.json": harness.String(visit["id"]), "household.json": "does not cool"} {
			if !bytes.Contains(files[name], []byte(words)) {
				t.Errorf("%s does not hold %q", name, words)
			}
		}
		// The command proves it without any database.
		dir := t.TempDir()
		file := filepath.Join(dir, "pack.zip")
		h.Must(os.WriteFile(file, pack, 0o600))
		if code, out, errs := command("verify", file, "--key", key, "--data", filepath.Join(dir, "none")); code != 0 ||
			!strings.Contains(out, "the pack holds") {
			t.Errorf("verify: %d %s %s", code, out, errs)
		}
		if code, out, errs := command("verify", file, "--data", filepath.Join(dir, "none")); code != 0 ||
			!strings.Contains(out, ": not compared") {
			t.Errorf("verify without the key: %d %s %s", code, out, errs)
		}
		// Whatever is changed is found.
		if again, err := proves(repacked(t, pack, func(map[string][]byte) {}), key); err != nil || again.Entries != facts {
			t.Fatalf("packed anew: %v", err)
		}
		for what, change := range map[string]func(map[string][]byte){
			"a word": func(f map[string][]byte) {
				f["flags.json"] = bytes.Replace(f["flags.json"], []byte("chair"), []byte("spoon"), 1)
			},
			"a file":         func(f map[string][]byte) { delete(f, "attempts.json") },
			"another file":   func(f map[string][]byte) { f["more.json"] = []byte("{}") },
			"the manifest":   func(f map[string][]byte) { f["manifest.json"] = append(f["manifest.json"], ' ') },
			"the signature":  func(f map[string][]byte) { f["manifest.sig"] = []byte("AAAA") },
			"no signature":   func(f map[string][]byte) { delete(f, "manifest.sig") },
			"the last fact":  func(f map[string][]byte) { f["facts.jsonl"] = f["facts.jsonl"][:len(f["facts.jsonl"])-10] },
			"not even a ZIP": nil,
		} {
			bad := []byte("PK nothing")
			if change != nil {
				bad = repacked(t, pack, change)
			}
			if _, err := proves(bad, ""); err == nil {
				t.Errorf("changed: %s, and the pack holds", what)
			}
			h.Must(os.WriteFile(file, bad, 0o600))
			if code, _, errs := command("verify", file); code == 0 || !strings.Contains(errs, "does not hold") {
				t.Errorf("changed: %s: the command says %d %s", what, code, errs)
			}
		}
		if _, err := proves(pack, "AAAA"); err == nil {
			t.Error("another key proves it")
		}
		// An erased payload is proven by its commitment.
		_, err = h.DB.SQL().ExecContext(t.Context(), "UPDATE facts SET payload = '{}', salt = '' WHERE job_id = '"+harness.String(job["id"])+
			"' AND seq = 2")
		h.Must(err)
		if report, err = proves(take(), key); err != nil || report.Erased != 1 {
			t.Errorf("with an erased payload: %+v %v", report, err)
		}
	})
}

// Rows cut off the end of a chain, together with the head on the job, are seen
// by the heads of an earlier day alone.
func TestHeadsShowWhatWasCutOff(t *testing.T) {
	harness.OnEachEngine(t, func(h *harness.Harness) {
		desk := h.As("kiran")
		_, job := h.Household(desk, nil)
		_, other := h.Household(desk, nil)
		desk.Attempt(job, bodies.AttemptCreate{Channel: "phone", Outcome: "switched_off"})
		svc := h.Server.Service
		var file bytes.Buffer
		n, err := svc.Proof.ExportHeads(t.Context(), &file)
		h.Must(err)
		if n != 2 {
			t.Fatalf("%d heads", n)
		}
		heads := file.Bytes()
		holds := func() []domain.ChainFault {
			t.Helper()
			_, faults, err := svc.Proof.VerifyHeads(t.Context(), heads, svc.Proof.SigningKeys()[0].PublicKey)
			h.Must(err)
			return faults
		}
		desk.Attempt(other, bodies.AttemptCreate{Channel: "phone", Outcome: "switched_off"}) // chains grow
		if f := holds(); len(f) != 0 {
			t.Fatalf("broken: %v", f)
		}
		exec := func(sql string) { _, err := h.DB.SQL().ExecContext(t.Context(), sql); h.Must(err) }
		id := harness.String(job["id"])
		var seq int64
		h.Must(h.DB.SQL().QueryRowContext(t.Context(), "SELECT seq FROM jobs WHERE id = '"+id+"'").Scan(&seq))
		exec("DELETE FROM facts WHERE job_id = '" + id + "' AND seq = (SELECT seq FROM jobs WHERE id = '" + id + "')")
		exec("UPDATE jobs SET seq = seq - 1, chain_head = (SELECT hash FROM facts WHERE facts.job_id = jobs.id AND facts.seq = jobs.seq - 1) WHERE id = '" + id + "'")
		if faults, err := svc.Proof.Verify(t.Context(), func(int, int) {}); err != nil || len(faults) != 0 {
			t.Fatalf("the chain alone shows it: %v %v", faults, err)
		}
		if f := holds(); len(f) != 1 || f[0].JobID.String() != id || f[0].Seq != seq {
			t.Errorf("the heads show %v, want row %d", f, seq)
		}
		for what, bad := range map[string][]byte{"cut": heads[:len(heads)/2],
			"changed": bytes.Replace(heads, []byte(id), []byte(harness.String(other["id"])), 1), "empty": nil} {
			if _, _, err := svc.Proof.VerifyHeads(t.Context(), bad, ""); err == nil {
				t.Errorf("%s heads are taken", what)
			}
		}
		var info proof.HeadsInfo
		first, _, _ := bytes.Cut(heads, []byte("\n"))
		if json.Unmarshal(first, &info) != nil || info.Format != proof.HeadsFormat {
			t.Errorf("the first line is %s", first)
		}
	})
}

// TestAPackNeedsNoFolder: a scratch image has no folder for temporary files.
func TestAPackNeedsNoFolder(t *testing.T) {
	h := harness.New(t, "sqlite")
	desk, maya := h.As("kiran"), h.As("maya")
	_, job := h.Household(desk, nil)
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "none"))
	if f, err := os.CreateTemp("", "x"); err == nil {
		t.Fatalf("%s can be made", f.Name())
	}
	pack, res := maya.Raw("GET", harness.Path("/v1/jobs/%s/evidence-pack", job), nil)
	if res.StatusCode != 200 || len(unpacked(t, pack)) < 5 {
		t.Errorf("%d, %d bytes", res.StatusCode, len(pack))
	}
}
