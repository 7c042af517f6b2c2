package api

import (
	"context"
	"fmt"
	"net"
	"os"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"doorstep"
)

func TestZZShots(t *testing.T) {
	dir := os.Getenv("DOORSTEP_SHOTS")
	if dir == "" {
		t.Skip()
	}
	ct, err := LoadContract(doorstep.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	s := New(Config{Contract: ct})
	now := time.Date(2026, 11, 22, 3, 30, 0, 0, time.UTC)
	d := &Demo{Now: func() time.Time { return now }, CustomerLink: "/c/abc", Phones: func() []DemoPhone {
		return []DemoPhone{
			{"ravi", []DemoPush{{"New visit", "Tue 24 Nov, 10:00-12:00. Open the app for details.", nil, now}, {"Visit confirmed", "Tue 24 Nov, 10:00-12:00 is confirmed.", nil, now.Add(-time.Hour)}}},
			{"meera", []DemoPush{{"Customer asks for another time", "Open the job for the wish.", nil, now}}},
			{"asha", nil}, {"anil", nil}, {"customer", []DemoPush{{"आपकी मरम्मत विज़िट", "मंगलवार 24 नवंबर, 10:00-12:00। पुष्टि या बदलाव के लिए टैप करें।", nil, now}}}}
	}, Advance: func(ctx context.Context, by time.Duration) (time.Time, int, error) { now = now.Add(by); return now, 1, nil },
		Users: []DemoUser{{"ravi", "demo-ravi", "technician", "Ravi Kumar"}, {"meera", "demo-meera", "coordinator", "Meera Joshi"}, {"asha", "demo-asha", "proprietor", "Asha Patil"}, {"anil", "demo-anil", "area_manager", "Anil Rao"}}}
	(&App{}).mountDemo(s, d)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go s.Serve(ln)
	base := "http://" + ln.Addr().String()
	actx, cancel := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.ExecPath("/usr/bin/chromium"))...)
	defer cancel()
	ctx, cancel2 := chromedp.NewContext(actx)
	defer cancel2()
	shot := func(name, url string, width int64, dark bool, js string) {
		scheme := "light"
		if dark {
			scheme = "dark"
		}
		var b []byte
		var over string
		acts := []chromedp.Action{chromedp.EmulateViewport(width, 800), emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}),
			chromedp.Navigate(url), chromedp.Sleep(300 * time.Millisecond)}
		if js != "" {
			acts = append(acts, chromedp.Evaluate(js, nil), chromedp.Sleep(700*time.Millisecond))
		}
		acts = append(acts, chromedp.Evaluate(`JSON.stringify([document.documentElement.scrollWidth, innerWidth, [...document.querySelectorAll('button,summary,a,input,textarea,.part label')].filter(e=>e.offsetHeight&&e.type!='radio'&&e.type!='hidden').filter(e=>e.offsetHeight<48).map(e=>e.tagName+e.offsetHeight+e.textContent)])`, &over), chromedp.FullScreenshot(&b, 90))
		if err := chromedp.Run(ctx, acts...); err != nil {
			t.Fatal(name, err)
		}
		fmt.Println(name, over)
		os.WriteFile(dir+"/"+name+".jpg", b, 0o600)
	}
	f := "file://" + dir + "/"
	open := "document.querySelectorAll('details').forEach(d=>d.open=true)"
	shot("1", f+"awaiting.en.html", 390, false, "")
	shot("2", f+"missed.hi.html", 390, true, "")
	shot("3", f+"awaiting.en.html", 390, true, open)
	shot("4", f+"confirmed.hi.html", 390, false, "")
	shot("5", f+"none.hi.html", 320, false, open)
	shot("6", f+"unreachable.en.html", 390, true, "")
	shot("7", base+"/demo", 1280, false, "document.querySelector('[data-advance]').click()")
	shot("8", base+"/demo", 390, true, "")
	shot("9", f+"awaiting.hi.html", 195, false, open)
}
