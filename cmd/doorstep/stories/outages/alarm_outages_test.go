package outages

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"doorstep/cmd/doorstep/stories/harness"
	"doorstep/cmd/doorstep/stories/harness/bodies"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// exchange is a provider that is called with each round of an SOS.
type exchange struct {
	*httptest.Server
	mu     sync.Mutex
	rounds map[string]int
	wrong  []string
}

func newExchange(d *day) *exchange {
	x := &exchange{rounds: map[string]int{}}
	check, err := standardwebhooks.NewWebhook(harness.TelephonySecret)
	d.Must(err)
	x.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		x.mu.Lock()
		defer x.mu.Unlock()
		if err := check.Verify(body, r.Header); err != nil {
			x.wrong = append(x.wrong, err.Error())
		}
		for _, word := range []string{"Ravi", "canary", "Lane", "+91"} {
			if strings.Contains(string(body), word) {
				x.wrong = append(x.wrong, "it says "+word)
			}
		}
		x.rounds[r.Header.Get("webhook-id")]++
	}))
	d.Cleanup(x.Close)
	return x
}

func (x *exchange) called() (n int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return len(x.rounds)
}

// quick is a ladder for days on the wall clock: a tier every four seconds.
func (d *day) quick() {
	tier := func(after int, to string) object {
		return object{"after_seconds": after, "to": []string{to}, "repeat_seconds": 10}
	}
	d.As("root").Send("PUT", "/v1/centres/"+d.Centre.String()+"/ladder",
		object{"tiers": []object{tier(0, "proprietor"), tier(4, "area_manager"), tier(8, "everyone")}}, 200)
}

// rings gives how often each round of an SOS rang a phone.
func (d *day) rings(login string) map[string]int {
	out := map[string]int{}
	for _, m := range d.Phones.MessagesFor("phone:" + login) {
		if m.Title == harness.TitleSOS {
			out[m.Data["round"]]++
		}
	}
	return out
}

// alarmKilled is a server that dies between two tiers: the next one climbs on.
func alarmKilled(d *day) {
	x := newExchange(d)
	second := []string{"--alarm-webhook-url", x.URL, "--alarm-webhook-secret", harness.TelephonySecret}
	a := d.serve(second...)
	d.quick()
	sos := d.As("ravi").RaiseSOS(bodies.SOSRaise{Note: "canary"})
	d.until("the first tier", func() bool { return d.rings("asha")["1"] == 1 })
	d.until("the provider is called", func() bool { return x.called() == 1 })
	a.kill()
	if len(d.rings("maya")) != 0 {
		d.Fatal("the second tier rang before its time")
	}
	time.Sleep(4 * time.Second) // its time comes while no server runs
	d.serve(second...)
	began := time.Now()
	d.until("the second tier after the restart", func() bool { return len(d.rings("maya")) > 0 })
	if took := time.Since(began); took > 10*time.Second { // 2 s on a quiet machine
		d.Errorf("rung %v after the restart", took)
	}
	maya := d.As("maya")
	maya.AcknowledgeSOS(sos)
	time.Sleep(time.Second) // what is under way arrives
	before, calls := len(d.rings("asha"))+len(d.rings("kiran")), x.called()
	time.Sleep(6 * time.Second)
	if after := len(d.rings("asha")) + len(d.rings("kiran")); after != before || x.called() != calls {
		d.Errorf("it rings on after the answer: %d after %d", after, before)
	}
	for _, wrong := range x.wrong {
		d.Errorf("the provider was sent: %s", wrong)
	}
	d.verify()
}

// alarmOnReplicas has two servers on one database: each round rings once.
func alarmOnReplicas(d *day) {
	a := d.serve()
	b := d.serve()
	d.URL = a.base
	d.quick()
	d.As("ravi").RaiseSOS()
	d.until("the last tier", func() bool { return len(d.rings("kiran")) > 0 })
	d.until("a repeat of it", func() bool { return len(d.rings("kiran")) > 1 })
	sos := items(d.at(b).As("maya").Send("GET", "/v1/sos?status=open", nil, 200))[0]
	d.at(b).As("maya").AcknowledgeSOS(sos)
	for _, login := range []string{"asha", "maya", "noor", "kiran", "root"} {
		for round, n := range d.rings(login) {
			if n != 1 {
				d.Errorf("%s was rung %d times in round %s", login, n, round)
			}
		}
	}
	if n := len(items(d.at(a).As("maya").Send("GET", "/v1/sos", nil, 200))); n != 1 {
		d.Errorf("%d alarms of one tap", n)
	}
}
