// Package files keeps the files of evidence outside the database: in a local
// folder, or in a store that speaks S3. The bytes of a report's evidence never
// stand in a log or a file's name.
package files

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"doorstep/domain"
)

// Local keeps files in one folder, readable by the server's user only.
type Local struct{ folder string }

var _ domain.EvidenceFiles = (*Local)(nil)

// NewLocal keeps files in a folder, which is made with the first of them.
func NewLocal(folder string) *Local { return &Local{folder} }

// part marks a file that is not whole yet.
const part = ".part"

func (l *Local) path(name string) (string, error) {
	if !domain.EvidenceName(name) {
		return "", errors.New("files: not a name of ours")
	}
	return filepath.Join(l.folder, name), nil
}

// Put writes beside the final name and renames, so that nobody ever reads a
// part; file and folder are on disk when it returns.
func (l *Local) Put(_ context.Context, name string, body []byte) (err error) {
	path, err := l.path(name)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(l.folder, 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path+part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(path + part)
		}
	}()
	if _, err = f.Write(body); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	if err = os.Rename(path+part, path); err != nil {
		return err
	}
	return syncFolder(l.folder)
}

func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	// Some file systems cannot sync a folder; there the rename is all there is.
	if err := d.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, os.ErrInvalid) {
		return err
	}
	return nil
}

// Open gives a file.
func (l *Local) Open(_ context.Context, name string) (io.ReadCloser, error) {
	path, err := l.path(name)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, domain.NotFound("evidence")
	}
	return f, err
}

// Remove drops a file, and what was begun of it.
func (l *Local) Remove(_ context.Context, name string) error {
	path, err := l.path(name)
	if err != nil {
		return err
	}
	for _, p := range []string{path, path + part} {
		if err := os.Remove(p); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// Older lists what was put before an instant, parts included.
func (l *Local) Older(_ context.Context, before time.Time, after string, n int) ([]string, error) {
	entries, err := os.ReadDir(l.folder) // by name
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		name := e.Name()
		if filepath.Ext(name) == part {
			name = name[:len(name)-len(part)]
		}
		if !domain.EvidenceName(name) || name <= after || len(out) > 0 && out[len(out)-1] == name {
			continue
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if info.ModTime().Before(before) {
			out = append(out, name)
		}
		if len(out) == n {
			break
		}
	}
	return out, nil
}
