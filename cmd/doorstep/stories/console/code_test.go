package console

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"doorstep/cmd/doorstep/stories/harness"
)

// TestACodeIsUsedOnThePages: the sign-in form of staff sets a password with a
// code, and the sign-in after a reset tells of it.
func TestACodeIsUsedOnThePages(t *testing.T) {
	t.Parallel()
	h := harness.New(t, "sqlite")
	h.Ignores("account.reset")
	h.As("kiran")
	code := harness.String(h.Invite(h.As("root"), "kiran", object{"in_person": true, "note": "showed an identity card"}, 201)["code"])
	d := &desktop{t, h, browser(t)}
	d.size(390, 844)
	h.Must(chromedp.Do(d.ctx, chromedp.Navigate(h.URL+"/board")))
	d.until("the form", "!document.getElementById('login').hidden")
	d.js("(document.querySelector('#login details').open = true)")
	d.shot("code-390")
	d.judge("sign-in with a code")
	set := func(code, password string) {
		d.js(fmt.Sprintf("(document.getElementById('code').value = %q, document.getElementById('fresh').value = %q, document.getElementById('fresh').focus(), true)", code, password))
		d.key("\r")
	}
	set("0000-0000-0000-0000", "correct horse battery 1")
	d.until("the refusal", "/used, has expired or never existed/.test(document.querySelector('#login details .wrong').textContent)")
	set(strings.ToLower(code), "correct horse battery 1")
	d.until("it is set",
		"/password is set/.test(document.querySelector('#login details .wrong').textContent) && document.activeElement.id === 'user'")
	d.js("(document.getElementById('user').value = 'kiran', document.getElementById('pass').value = 'correct horse battery 1', document.getElementById('login').requestSubmit(), true)")
	d.until("who asked for it", "/Root Surname asked for a new password/.test(document.getElementById('resets')?.innerText || '')")
	d.shot("resets-390")
	d.judge("told of a reset")
	d.js("(document.querySelector('#resets button').click(), true)")
	d.until("it is gone", "document.getElementById('resets') === null")
}
