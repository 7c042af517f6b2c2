//go:build unix

package repotest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"sort"
	"strconv"
	"syscall"
	"time"
)

// program finds one of PostgreSQL's programs: in PATH, else the newest that
// Debian keeps beside it.
func program(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	version := func(path string) float64 {
		v, _ := strconv.ParseFloat(filepath.Base(filepath.Dir(filepath.Dir(path))), 64)
		return v
	}
	sort.Slice(found, func(i, j int) bool { return version(found[i]) > version(found[j]) })
	if len(found) == 0 {
		return "", fmt.Errorf("there is no program %s", name)
	}
	return found[0], nil
}

// owner is who PostgreSQL runs as: it refuses root.
func owner() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err1 == nil && err2 == nil {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
		}
	}
	return nil, errors.New("PostgreSQL does not run as root, and there is no other user")
}

func alive(pid int) bool { return syscall.Kill(pid, 0) != syscall.ESRCH }

// cluster starts a server of our own: a socket and no port, no fsync, gone
// with this process.
func cluster() (address string, stop func(), err error) {
	initdb, err := program("initdb")
	if err != nil {
		return "", nil, err
	}
	server, err := program("postgres")
	if err != nil {
		return "", nil, err
	}
	as, err := owner()
	if err != nil {
		return "", nil, err
	}
	dir, err := scratch()
	if err != nil {
		return "", nil, err
	}
	if as != nil {
		if err := os.Chown(dir, int(as.Uid), int(as.Gid)); err != nil {
			return "", nil, err
		}
	}
	data := filepath.Join(dir, "data")
	command := func(name string, args ...string) *exec.Cmd {
		c := exec.Command(name, args...)
		c.Dir = dir
		c.SysProcAttr = attributes(as)
		return c
	}
	if out, err := command(initdb, "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync").
		CombinedOutput(); err != nil {
		_ = os.RemoveAll(dir)
		return "", nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return "", nil, err
	}
	c := command(server, "-D", data, "-k", dir, "-c", "listen_addresses=", "-c", "fsync=off", "-c", "synchronous_commit=off",
		"-c", "full_page_writes=off", "-c", "max_connections=300", "-c", "shared_buffers=64MB", "-c", "max_wal_size=256MB", "-c",
		"autovacuum=off")
	c.Stdout, c.Stderr = log, log
	started, ended := make(chan error), make(chan struct{})
	go func() {
		// The server gets a signal when the thread that started it ends, so
		// that thread has to last.
		runtime.LockOSThread()
		started <- c.Start()
		_ = c.Wait()
		close(ended)
	}()
	if err := <-started; err != nil {
		_ = os.RemoveAll(dir)
		return "", nil, err
	}
	stop = func() {
		_ = c.Process.Signal(syscall.SIGINT) // fast shutdown
		select {
		case <-ended:
		case <-time.After(patience):
			_ = c.Process.Kill()
		}
		_ = os.RemoveAll(dir)
	}
	address = "postgres://postgres@/postgres?host=" + dir
	probe := &postgres{admin: address}
	for until := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		if err = probe.exec("SELECT 1"); err == nil {
			return address, stop, nil
		}
		select {
		case <-ended:
			text, _ := os.ReadFile(filepath.Join(dir, "log"))
			_ = os.RemoveAll(dir)
			return "", nil, fmt.Errorf("postgres ended: %s", text)
		default:
		}
		if time.Now().After(until) {
			stop()
			return "", nil, fmt.Errorf("postgres does not answer: %w", err)
		}
	}
}
