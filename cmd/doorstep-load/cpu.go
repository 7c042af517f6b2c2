package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// meter reads how much processor time processes of this machine have used.
// On a machine that all share, and others too, time spent is a steadier
// measure than requests a second. Where there is no /proc it reads zero.
type meter struct {
	front, load []int
	postmaster  int
}

// spent is processor time by who spent it: what answers requests, the
// database's processes (SQLite has none of its own), the load itself.
type spent struct{ front, database, load time.Duration }

func (m meter) read() spent {
	return spent{cpuOf(m.front), cpuOf(childrenOf(m.postmaster)), cpuOf(m.load)}
}

// per is the difference, divided among n requests.
func (s spent) per(before spent, n int) spent {
	return spent{(s.front - before.front) / time.Duration(n), (s.database - before.database) / time.Duration(n),
		(s.load - before.load) / time.Duration(n)}
}

func (s spent) total() time.Duration { return s.front + s.database + s.load }

func (s spent) String() string {
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	return fmt.Sprintf("CPU %.2f + %.2f + %.2f = %.2f ms", ms(s.front), ms(s.database), ms(s.load), ms(s.total()))
}

// tick is the unit of /proc/[pid]/stat, see proc(5).
const tick = 10 * time.Millisecond

func cpuOf(pids []int) (sum time.Duration) {
	for _, pid := range pids {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			continue
		}
		// The second field is a name in brackets, which may hold anything.
		f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
		user, _ := strconv.Atoi(f[11])
		system, _ := strconv.Atoi(f[12])
		sum += time.Duration(user+system) * tick
	}
	return sum
}

func childrenOf(parent int) (out []int) {
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil && parent > 1 && parentOf(pid) == parent {
			out = append(out, pid)
		}
	}
	return out
}

func parentOf(pid int) int {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	parent, _ := strconv.Atoi(f[1])
	return parent
}
