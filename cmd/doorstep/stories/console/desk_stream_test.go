package console

import (
	"bufio"
	"context"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/notifications/fcmtest"
	"doorstep/repo"
	"doorstep/repo/repotest"
)

// served is a server that is a program of its own, which can be frozen and killed.
type served struct {
	*harness.Harness
	program, url string
	cmd          *exec.Cmd
}

var listens = regexp.MustCompile(`^listening on (http://\S+)`)

func newServed(t *testing.T) *served {
	t.Helper()
	s := &served{program: harness.Program(t), url: repotest.URL(t, repo.SQLite)}
	s.Harness = harness.Bare(t, fcmtest.Options{Keep: 100})
	s.DB = repotest.OpenURL(t, s.url)
	s.Populate(context.Background())
	s.Must(s.DB.Close())
	s.start("127.0.0.1:0")
	t.Cleanup(func() { s.kill() })
	return s
}

func (s *served) start(listen string) {
	s.Helper()
	s.cmd = exec.Command(s.program, "serve", "--listen", listen, "--fcm-project", "test", "--fcm-endpoint", s.Phones.URL())
	s.cmd.Env = []string{"HOME=" + s.TempDir(), "DOORSTEP_DATA=" + filepath.Dir(s.url), "DOORSTEP_JWT_SECRET=" + harness.JWTSecret,
		"DOORSTEP_LINK_SECRET=" + harness.LinkSecret}
	out, err := s.cmd.StdoutPipe()
	s.Must(err)
	s.Must(s.cmd.Start())
	for r := bufio.NewScanner(out); r.Scan(); {
		if m := listens.FindStringSubmatch(r.Text()); m != nil {
			s.URL = m[1]
			return
		}
	}
	s.Fatal("the server does not start")
}

func (s *served) kill() {
	_ = s.cmd.Process.Signal(syscall.SIGCONT)
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

// Nine tabs live by one stream, whichever of them is closed. A server that is frozen is noticed as fast as one that is gone, and so is its return.
func TestTheDeskNoticesAServerThatIsGoneOrFrozen(t *testing.T) {
	s := newServed(t)
	a := newAuditor(t)
	m := &member{&technician{T: t, ctx: a.ctx, url: s.URL}, a}
	m.size(1280)
	m.signsIn("kiran")
	first := *m.technician
	var tabs []*technician
	for range 8 {
		ctx, cancel := chromedp.NewContext(a.ctx)
		t.Cleanup(cancel)
		tab := &technician{T: t, ctx: ctx, url: s.URL}
		if err := chromedp.Do(ctx, chromedp.Navigate(s.URL+"/#/worklist")); err != nil {
			t.Fatal(err)
		}
		tab.until("the pages", "document.querySelector('nav.side')")
		tabs = append(tabs, tab)
	}
	all := append([]*technician{&first}, tabs...)
	hears := func(name string, tabs []*technician) {
		t.Helper()
		desk := s.As("kiran")
		s.Household(desk, object{"name": name})
		for _, tab := range tabs {
			tab.sees(name)
		}
	}
	hears("Nine Tabs", all)
	// The tab that has the stream goes: another one takes it up.
	if err := chromedp.Do(first.ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatal(err)
	}
	hears("Eight Tabs", tabs)

	last := tabs[len(tabs)-1]
	within := func(what string, is bool) {
		t.Helper()
		began := time.Now()
		last.until(what, map[bool]string{true: "document.querySelector('.offline')", false: "!document.querySelector('.offline')"}[is])
		if took := time.Since(began); took > 3*time.Second && harness.Slowness == 1 {
			t.Errorf("%s: noticed after %v", what, took)
		}
	}
	s.Must(s.cmd.Process.Signal(syscall.SIGSTOP))
	within("it is frozen", true)
	s.Must(s.cmd.Process.Signal(syscall.SIGCONT))
	within("it goes on", false)
	s.kill()
	within("it is gone", true)
	s.start(strings.TrimPrefix(s.URL, "http://"))
	within("it is back", false)
	hears("Back Again", tabs[:1])
}
