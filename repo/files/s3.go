package files

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"doorstep/domain"
)

// S3Config says where the store is. The bucket is there already.
type S3Config struct {
	Endpoint  string // https://s3.example; http only where nobody listens
	Region    string
	Bucket    string
	Prefix    string // of the keys, e.g. doorstep/
	AccessKey string
	SecretKey string
}

// S3 keeps files in a store that speaks S3.
type S3 struct {
	client *minio.Client
	cfg    S3Config
}

var _ domain.EvidenceFiles = (*S3)(nil)

// NewS3 makes a store; nothing is asked of it yet.
func NewS3(cfg S3Config) (*S3, error) {
	u, err := url.Parse(cfg.Endpoint)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || strings.Trim(u.Path, "/") != "" || u.User != nil {
		return nil, errors.New("the endpoint is no address: write https://s3.example")
	}
	if cfg.Bucket == "" || cfg.AccessKey == "" || cfg.SecretKey == "" {
		return nil, errors.New("bucket, access key and secret key are needed")
	}
	c, err := minio.New(u.Host, &minio.Options{Creds: credentials.NewStaticV4(cfg.AccessKey, cfg.SecretKey, ""), Secure: u.Scheme == "https",
		Region: cfg.Region, MaxRetries: 3})
	if err != nil {
		return nil, fmt.Errorf("the store's settings: %w", err)
	}
	return &S3{c, cfg}, nil
}

func (s *S3) key(name string) (string, error) {
	if !domain.EvidenceName(name) {
		return "", errors.New("files: not a name of ours")
	}
	return s.cfg.Prefix + name, nil
}

// failed says what a store answered. One that cannot be reached may be asked
// again.
func failed(err error) error {
	if err == nil {
		return nil
	}
	answer := minio.ToErrorResponse(err)
	switch {
	case answer.StatusCode == http.StatusNotFound && answer.Code != minio.NoSuchBucket:
		return domain.NotFound("evidence")
	case answer.StatusCode == 0 || answer.StatusCode >= 500 || answer.StatusCode == http.StatusTooManyRequests:
		e := domain.Fail(domain.CodeUnavailable, "The store of files does not answer.")
		e.RetryAfter = 5 * time.Second
		return e.Because(err)
	}
	return fmt.Errorf("files: %w", err)
}

// Put writes a whole object; a store shows it only when it has all of it.
func (s *S3) Put(ctx context.Context, name string, body []byte) error {
	key, err := s.key(name)
	if err != nil {
		return err
	}
	_, err = s.client.PutObject(ctx, s.cfg.Bucket, key, bytes.NewReader(body), int64(len(body)),
		minio.PutObjectOptions{ContentType: "application/octet-stream", DisableMultipart: true})
	return failed(err)
}

// Open gives an object; it is asked for before Open returns.
func (s *S3) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	key, err := s.key(name)
	if err != nil {
		return nil, err
	}
	o, err := s.client.GetObject(ctx, s.cfg.Bucket, key, minio.GetObjectOptions{})
	if err != nil {
		return nil, failed(err)
	}
	if _, err := o.Stat(); err != nil {
		_ = o.Close()
		return nil, failed(err)
	}
	return o, nil
}

// Remove drops an object.
func (s *S3) Remove(ctx context.Context, name string) error {
	key, err := s.key(name)
	if err != nil {
		return err
	}
	return failed(s.client.RemoveObject(ctx, s.cfg.Bucket, key, minio.RemoveObjectOptions{}))
}

// Older lists objects by key.
func (s *S3) Older(ctx context.Context, before time.Time, after string, n int) ([]string, error) {
	ctx, cancel := context.WithCancel(ctx) // ends the listing when enough is known
	defer cancel()
	opts := minio.ListObjectsOptions{Prefix: s.cfg.Prefix, Recursive: true}
	if after != "" {
		opts.StartAfter = s.cfg.Prefix + after
	}
	var out []string
	for o := range s.client.ListObjects(ctx, s.cfg.Bucket, opts) {
		if o.Err != nil {
			return nil, failed(o.Err)
		}
		name := strings.TrimPrefix(o.Key, s.cfg.Prefix)
		if !domain.EvidenceName(name) || name <= after || !o.LastModified.Before(before) {
			continue
		}
		if out = append(out, name); len(out) == n {
			break
		}
	}
	return out, nil
}
