package console

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"doorstep/cmd/doorstep/stories/harness"
)

// Whoever is rung lets their browser wake them with one tap; a push then shows with no page of the desk open, names nobody, and leads to
// the alarm. The browser's own push service is out of reach of a test, so that its answer is put in its place.
func TestAnSOSWakesAClosedDesk(t *testing.T) {
	h := harness.New(t, "sqlite")
	h.Ignores("sos.raised")
	h.MayIgnore("sos.call_yourself", "sos.unheard", "sos.open", "sos.taken")
	m := newMember(t, h)
	m.cdp("Browser.setPermission", map[string]any{"permission": map[string]any{"name": "notifications"}, "setting": "prompt"})
	m.signsIn("asha")
	m.fits("asked to be woken", "even when this page is closed")
	m.cdp("Browser.setPermission", map[string]any{"permission": map[string]any{"name": "notifications"}, "setting": "granted"})
	if !evaluate[bool](t, m.technician.ctx, `(() => {
		PushManager.prototype.getSubscription = async () => null;
		PushManager.prototype.subscribe = async (o) => ({ options: o, toJSON: () => ({ endpoint: 'https://fcm.googleapis.com/fcm/send/desk', keys: { auth: 'a', p256dh: String(o.applicationServerKey.length) } }) });
		return Notification.permission === 'granted'; })()`) {
		t.Fatal("the browser may not notify")
	}
	m.taps("Wake me")
	m.until("the question is gone", "!document.querySelector('.card.wake')")
	var token string
	h.Must(h.DB.SQL().QueryRowContext(t.Context(), "SELECT token FROM devices WHERE user_id = ? AND platform = 'web'",
		h.People["asha"].ID).Scan(&token))
	if !strings.Contains(token, `"p256dh":"65"`) {
		t.Errorf("the browser subscribed with no P-256 key: %s", token)
	}
	m.until("the menu", "(document.querySelector('.me').open = true)")
	m.sees("No name and no address is in it")
	// The worker serves no page: neither this one nor the app's passes through it.
	if evaluate[bool](t, m.technician.ctx, "!!navigator.serviceWorker.controller") {
		t.Error("a worker stands between the desk and the server")
	}

	sos := h.As("ravi").Send("POST", "/v1/sos", object{}, 201)
	m.sees("nobody is on it")
	m.at("livez") // no page of the desk is open
	m.cdp("ServiceWorker.enable", map[string]any{})
	push, err := json.Marshal(object{"title": "Urgent: open the app now", "body": "Somebody needs help.", "data": object{"kind": "sos.raised", "sos_id": sos["id"], "notice_id": "n1"}})
	h.Must(err)
	m.cdp("ServiceWorker.deliverPushMessage", map[string]any{"origin": h.URL, "registrationId": "0", "data": string(push)})
	m.at("")
	const shown = `(async () => (await (await navigator.serviceWorker.getRegistration('/desk/')).getNotifications()).map((n) => n.title + '|' + n.requireInteraction + '|' + n.data.sos_id).join())()`
	m.until("the push is shown", shown)
	got, err := chromedp.Run(m.technician.ctx, chromedp.Evaluate[string](shown, chromedp.EvalAwaitPromise))
	if err != nil || got != "Urgent: open the app now|true|"+sos["id"].(string) {
		t.Errorf("shown is %q, %v", got, err)
	}
	// Its tap comes to an open tab as a message: the alarm's screen.
	m.sees("nobody is on it")
	evaluate[bool](t, m.technician.ctx, "(navigator.serviceWorker.dispatchEvent(new MessageEvent('message', { data: { go: '#/sos/"+sos["id"].(string)+"' } })), true)")
	m.sees("Ravi Surname")

	// Signing out ends it at the server.
	m.signsOut()
	var left int
	h.Must(h.DB.SQL().QueryRowContext(t.Context(), "SELECT COUNT(*) FROM devices WHERE user_id = ? AND platform = 'web' AND dropped_at IS NULL",
		h.People["asha"].ID).Scan(&left))
	if left != 0 {
		t.Errorf("%d browsers are pushed to after the sign-out", left)
	}
	// Where it is refused, the menu says so.
	m.cdp("Browser.setPermission", map[string]any{"permission": map[string]any{"name": "notifications"}, "setting": "denied"})
	m.signsIn("asha")
	m.until("the menu", "(document.querySelector('.me').open = true)")
	m.sees("its notifications are blocked")
}
