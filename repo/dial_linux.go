package repo

import (
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// control is called with a socket before it connects.
func control(network, _ string, c syscall.RawConn) error {
	if !strings.HasPrefix(network, "tcp") {
		return nil
	}
	var failed error
	err := c.Control(func(fd uintptr) {
		failed = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(unackedTime.Milliseconds()))
	})
	if err != nil {
		return err
	}
	return failed
}
