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
		must := func(err error) {
			if err != nil {
				t.Fatal(name, err)
			}
		}
		must(chromedp.Do(ctx, chromedp.EmulateViewport(width, 800)))
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
		must(err)
		must(chromedp.Do(ctx, chromedp.Navigate(url), chromedp.Sleep(300*time.Millisecond)))
		if js != "" {
			_, err = chromedp.Run(ctx, chromedp.Evaluate[any](js))
			must(err)
			must(chromedp.Do(ctx, chromedp.Sleep(700*time.Millisecond)))
		}
		over, err := chromedp.Run(ctx, chromedp.Evaluate[string](`JSON.stringify([document.documentElement.scrollWidth, innerWidth, [...document.querySelectorAll('button,summary,a,input,textarea,.part label')].filter(e=>e.offsetHeight&&e.type!='radio'&&e.type!='hidden').filter(e=>e.offsetHeight<48).map(e=>e.tagName+e.offsetHeight+e.textContent)])`))
		must(err)
		b, err := chromedp.Run(ctx, chromedp.FullScreenshot(90))
		must(err)
		fmt.Println(name, over)
		os.WriteFile(dir+"/"+name+".jpg", b, 0o600)
	}
	f := "file://" + dir + "/"
	open := "document.querySelectorAll('details').forEach(d=>d.open=true);1"
	shot("1", f+"awaiting.en.html", 390, false, "")
	shot("2", f+"missed.hi.html", 390, true, "")
	shot("3", f+"awaiting.en.html", 390, true, open)
	shot("4", f+"confirmed.hi.html", 390, false, "")
	shot("5", f+"none.hi.html", 320, false, open)
	shot("6", f+"unreachable.en.html", 390, true, "")
	shot("7", base+"/demo", 1280, false, "document.querySelector('[data-advance]').click();1")
	shot("8", base+"/demo", 390, true, "")
	shot("9", f+"awaiting.hi.html", 195, false, open)
}
