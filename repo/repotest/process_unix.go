//go:build unix && !linux

package repotest

import "syscall"

// attributes make a child run as somebody else.
func attributes(as *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: as}
}

func inMemory() string { return "" }
