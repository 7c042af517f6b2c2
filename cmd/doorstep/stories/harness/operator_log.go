package harness

import (
	"bytes"
	"strings"
	"sync"
)

// OperatorLog keeps what a server says to whoever runs it.
type OperatorLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *OperatorLog) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *OperatorLog) Lines(words string) (out []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for line := range strings.Lines(o.text.String()) {
		if strings.Contains(line, words) {
			out = append(out, line)
		}
	}
	return out
}
