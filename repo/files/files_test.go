package files

import (
	"bytes"
	"errors"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/minio/minio-go/v7"

	"doorstep/domain"
)

func name(c string) string { return strings.Repeat(c, 32) }

// TestStores holds the local folder and a store that speaks S3 to the same
// promises.
func TestStores(t *testing.T) {
	server := gofakes3.New(s3mem.New())
	web := httptest.NewServer(server.Server())
	t.Cleanup(web.Close)
	for kind, open := range map[string]func(t *testing.T) domain.EvidenceFiles{
		"local": func(t *testing.T) domain.EvidenceFiles { return NewLocal(filepath.Join(t.TempDir(), "a", "b")) },
		"s3":    func(t *testing.T) domain.EvidenceFiles { return bucket(t, web.URL, "evidence", true) },
	} {
		t.Run(kind, func(t *testing.T) {
			ctx, s := t.Context(), open(t)
			if got, err := s.Older(ctx, time.Now().Add(time.Hour), "", 10); err != nil || len(got) != 0 {
				t.Fatalf("an empty store lists %v (%v)", got, err)
			}
			large := bytes.Repeat([]byte("0123456789abcdef"), 10<<20/16)
			for n, body := range map[string][]byte{name("a"): []byte("one"), name("b"): large, name("c"): {0}} {
				if err := s.Put(ctx, n, body); err != nil {
					t.Fatal(err)
				}
				f, err := s.Open(ctx, n)
				if err != nil {
					t.Fatal(err)
				}
				got, err := io.ReadAll(f)
				if err != nil || !bytes.Equal(got, body) {
					t.Errorf("%d bytes became %d (%v)", len(body), len(got), err)
				}
				if err := f.Close(); err != nil {
					t.Error(err)
				}
			}
			if _, err := s.Open(ctx, name("d")); !domain.IsCode(err, domain.CodeNotFound) {
				t.Errorf("an absent file: %v", err)
			}
			for _, bad := range []string{"", "../" + name("a"), name("A"), name("a") + ".part"} {
				if err := s.Put(ctx, bad, []byte("x")); err == nil {
					t.Errorf("the name %q is taken", bad)
				}
				if _, err := s.Open(ctx, bad); err == nil {
					t.Errorf("the name %q is opened", bad)
				}
			}
			later := time.Now().Add(time.Hour)
			if got, err := s.Older(ctx, later, "", 2); err != nil || !slices.Equal(got, []string{name("a"), name("b")}) {
				t.Errorf("the first two: %v (%v)", got, err)
			}
			if got, err := s.Older(ctx, later, name("b"), 2); err != nil || !slices.Equal(got, []string{name("c")}) {
				t.Errorf("after two: %v (%v)", got, err)
			}
			if got, err := s.Older(ctx, time.Now().Add(-time.Hour), "", 10); err != nil || len(got) != 0 {
				t.Errorf("fresh ones are old: %v (%v)", got, err)
			}
			for range 2 { // again is no error
				if err := s.Remove(ctx, name("a")); err != nil {
					t.Error(err)
				}
			}
			if _, err := s.Open(ctx, name("a")); !domain.IsCode(err, domain.CodeNotFound) {
				t.Errorf("a removed file: %v", err)
			}
		})
	}
}

func bucket(t *testing.T, endpoint, bucket string, create bool) *S3 {
	t.Helper()
	s, err := NewS3(S3Config{Endpoint: endpoint, Region: "eu-west-1", Bucket: bucket, Prefix: "doorstep/", AccessKey: "key",
		SecretKey: "word"})
	if err != nil {
		t.Fatal(err)
	}
	if create {
		if err := s.client.MakeBucket(t.Context(), bucket, minio.MakeBucketOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// TestAStoreThatFails: what cannot be reached may be asked again; a bucket
// that is not there is an error, and never an absent file.
func TestAStoreThatFails(t *testing.T) {
	t.Parallel() // it waits for what does not answer
	web := httptest.NewServer(gofakes3.New(s3mem.New()).Server())
	s := bucket(t, web.URL, "nowhere", false)
	if err := s.Put(t.Context(), name("a"), []byte("x")); err == nil || domain.IsCode(err, domain.CodeNotFound) {
		t.Errorf("without a bucket: %v", err)
	}
	if _, err := s.Open(t.Context(), name("a")); err == nil {
		t.Error("a file of no bucket is opened")
	}
	web.Close()
	if err := s.Put(t.Context(), name("a"), []byte("x")); !domain.IsCode(err, domain.CodeUnavailable) {
		t.Errorf("without a server: %v", err)
	}
	if _, err := s.Older(t.Context(), time.Now(), "", 1); !domain.IsCode(err, domain.CodeUnavailable) {
		t.Errorf("a list without a server: %v", err)
	}
	for _, cfg := range []S3Config{{}, {Endpoint: "s3.example", Bucket: "b", AccessKey: "k", SecretKey: "w"},
		{Endpoint: "https://s3.example/path", Bucket: "b", AccessKey: "k", SecretKey: "w"}, {Endpoint: "https://s3.example", AccessKey: "k",
			SecretKey: "w"}} {
		if _, err := NewS3(cfg); err == nil {
			t.Errorf("%+v is taken", cfg)
		}
	}
}

// TestAFolderThatCannotBeWritten leaves nothing behind.
func TestAFolderThatCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := NewLocal(path).Put(t.Context(), name("a"), []byte("x")); err == nil {
		t.Error("a file is taken for a folder")
	}
	l := NewLocal(dir)
	if err := os.Mkdir(filepath.Join(dir, name("b")), 0o700); err != nil { // the rename cannot succeed
		t.Fatal(err)
	}
	if err := l.Put(t.Context(), name("b"), []byte("x")); err == nil {
		t.Error("a folder was overwritten")
	}
	if _, err := os.Stat(filepath.Join(dir, name("b")+part)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a part is left: %v", err)
	}
}
