package console

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"

	"github.com/chromedp/chromedp"
)

// browser starts headless Chromium; its tests have the machine to themselves,
// none is parallel, and so they are told only where DOORSTEP_TEST_REQUIRE_BROWSER asks for them. There a missing browser is a failure.
func browser(t *testing.T) context.Context {
	t.Helper()
	if os.Getenv("DOORSTEP_TEST_REQUIRE_BROWSER") == "" {
		t.Skip("told in Chromium with DOORSTEP_TEST_REQUIRE_BROWSER=1 (make test-browser)")
	}
	found := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			found = p
			break
		}
	}
	if found == "" {
		t.Fatal("no Chromium is installed")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	t.Cleanup(cancel)
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(found), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.WindowSize(360, 740),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-quic", true))
	ctx, cancel = chromedp.NewExecAllocator(ctx, opts...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	return ctx
}

func evaluate[T any](t *testing.T, ctx context.Context, js string) T {
	t.Helper()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](js))
	if err != nil {
		t.Fatalf("%s: %v", js, err)
	}
	return v
}

// TestCustomerConfirmsInABrowser walks the page as a household does, on a
// small phone, by keyboard as well.
func TestCustomerConfirmsInABrowser(t *testing.T) {
	h := harness.New(t, "sqlite")
	ctx := browser(t) // and gone before the server, which waits for its connections
	h.Ignores("visit.assigned", "visit.confirmed")
	desk := h.As("kiran")
	_, job := h.Household(desk, nil)
	visit := h.Visit(desk, job, harness.Monday.Add(24*time.Hour), "ravi")
	link := h.DeliveredLink(job)
	if err := chromedp.Do(ctx, chromedp.Navigate(link)); err != nil {
		t.Fatal(err)
	}
	if got := evaluate[string](t, ctx, "document.documentElement.lang"); got != "en" {
		t.Errorf("the page speaks %q", got)
	}
	if wide := evaluate[int](t, ctx, "document.documentElement.scrollWidth - document.documentElement.clientWidth"); wide > 0 {
		t.Errorf("the page is %d px too wide for a phone", wide)
	}
	if small := evaluate[int](t, ctx,
		"[...document.querySelectorAll('button, summary, a')].filter(e => e.offsetParent && e.getBoundingClientRect().height < 24).length"); small > 0 {
		t.Errorf("%d targets are smaller than 24 px", small)
	}
	// By keyboard: the confirm button is a button, so focus and Enter will do.
	evaluate[bool](t, ctx, "(document.querySelector('form[action$=\"/confirm\"] button').focus(), true)")
	if err := chromedp.Do(ctx, chromedp.KeyEvent("\r")); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(20 * time.Second)
	for {
		if got := desk.Visit(visit); got.Confirmation == "confirmed" {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("Enter on the button did not confirm: %v", got.Confirmation)
		}
		time.Sleep(100 * time.Millisecond)
	}
	for !strings.Contains(evaluate[string](t, ctx, "((document.querySelector('[role=status]') || document.body || {}).innerText || '')"),
		"onfirmed") {
		if time.Now().After(deadline) {
			t.Fatalf("the page does not say that it is confirmed: %s", evaluate[string](t, ctx, "document.body.innerText"))
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// TestABrowserRegistersForPushes lets a household say yes on its page. The
// browser's own push service is out of reach of a test, so that its answer is
// put in its place; all the rest is real.
func TestABrowserRegistersForPushes(t *testing.T) {
	h := harness.New(t, "sqlite")
	ctx := browser(t) // and gone before the server, which waits for its connections
	h.Ignores("visit.assigned")
	desk := h.As("kiran")
	customer, job := h.Household(desk, nil)
	h.Visit(desk, job, harness.Monday.Add(24*time.Hour), "ravi")
	link := h.DeliveredLink(job)
	if err := chromedp.Do(ctx, chromedp.Navigate(link)); err != nil {
		t.Fatal(err)
	}
	if shown := evaluate[bool](t, ctx,
		"document.querySelector('#push').hidden === false && document.querySelector('#push button').offsetParent !== null"); !shown {
		t.Fatal("the page does not ask")
	}
	evaluate[bool](t, ctx, `(() => {
		Notification.requestPermission = async () => 'granted';
		PushManager.prototype.getSubscription = async () => null;
		PushManager.prototype.subscribe = async o => ({ options: o, toJSON: () => ({ endpoint: 'https://fcm.googleapis.com/fcm/send/x', keys: { auth: 'a', p256dh: new Uint8Array(o.applicationServerKey).length.toString() } }) });
		document.querySelector('#push button').click(); return true; })()`)
	deadline := time.Now().Add(20 * time.Second)
	for evaluate[string](t, ctx, "document.querySelector('#push-says').textContent") != "This phone will tell you about your visit." {
		if time.Now().After(deadline) {
			t.Fatalf("the page says %q", evaluate[string](t, ctx, "document.querySelector('#push').innerText"))
		}
		time.Sleep(100 * time.Millisecond)
	}
	var token string
	h.Must(h.DB.SQL().QueryRowContext(ctx, "SELECT token FROM devices WHERE customer_id = ?", customer["id"]).Scan(&token))
	if !strings.Contains(token, `"p256dh":"65"`) {
		t.Errorf("the browser subscribed with no P-256 key: %s", token)
	}
}

// TestTheCustomersPageIsLight bounds what a phone with one bar of signal has
// to load: the page at its fullest and its one script.
func TestTheCustomersPageIsLight(t *testing.T) {
	h := harness.New(t, "sqlite")
	h.Ignores("visit.assigned")
	desk := h.As("kiran")
	_, job := h.Household(desk, nil)
	for range 25 {
		desk.Attempt(job, bodies.AttemptCreate{Channel: "phone", Outcome: "no_answer", RingSeconds: 30})
		h.Clock.Advance(time.Hour)
	}
	h.Visit(desk, job, h.Clock.Now().Add(24*time.Hour), "ravi")
	m := h.CustomerPage(job)
	for _, lang := range []string{"en", "hi"} {
		body, _ := h.Anonymous().Raw("GET", m.Link+"?lang="+lang, nil)
		script, _ := h.Anonymous().Raw("GET", "/push.js", nil)
		if n := len(body) + len(script); n > 40_000 {
			t.Errorf("the page in %s has %d bytes", lang, n)
		} else {
			t.Logf("%s: %d bytes", lang, n)
		}
	}
}

// signedOut is true on a page once the browser's session is over; until asks for it again and again.
const signedOut = "(window.asked ||= fetch('/v1/session/refresh', {method: 'POST', headers: {'Doorstep-Session': 'cookie'}})" +
	".then((r) => { window.answered = r.status; })) && window.answered === 401"
