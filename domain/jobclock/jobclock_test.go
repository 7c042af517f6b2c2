package jobclock

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

var zero = time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)

func h(n int) time.Time   { return zero.Add(time.Duration(n) * time.Hour) }
func to(n int) *time.Time { t := h(n); return &t }

func TestSplit(t *testing.T) {
	got := Split(h(0), h(100), []Pause{
		{Customer, h(10), to(30), "the household was tried", "attempt"},
		{Parts, h(20), to(50), "parts", "hold"},
		{Brand, h(25), to(26), "area hold", "safety"},
		{Customer, h(90), nil, "not reached", "late"},
		{Customer, h(-5), to(-1), "before the job", "old"},
	})
	want := []struct {
		whose    string
		from, to int
	}{{Centre, 0, 10}, {Customer, 10, 20}, {Parts, 20, 25}, {Brand, 25, 26}, {Parts, 26, 50}, {Centre, 50, 90}, {Customer, 90, 100}}
	if len(got) != len(want) {
		t.Fatalf("%d segments, want %d: %+v", len(got), len(want), got)
	}
	for i, w := range want {
		if s := got[i]; s.Whose != w.whose || !s.From.Equal(h(w.from)) || !s.To.Equal(h(w.to)) || (s.Proof == "") != (s.Whose == Centre) {
			t.Errorf("segment %d is %+v, want %+v", i, s, w)
		}
	}
	if sum := Sum(got); sum[Centre] != 50*3600 || sum[Customer] != 20*3600 || sum[Parts] != 29*3600 || sum[Brand] != 3600 {
		t.Errorf("sums %v", sum)
	}
}

// Whatever the pauses, the segments cover the age once and in order, and a
// pause more never lengthens the centre's time.
func TestSplitProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var pauses []Pause
		for range rapid.IntRange(0, 8).Draw(t, "pauses") {
			p := Pause{Whose: rapid.SampledFrom([]string{Customer, Parts, Brand}).Draw(t, "whose"),
				From: h(rapid.IntRange(-20, 120).Draw(t, "from")), Why: "w", Proof: "p"}
			if rapid.Bool().Draw(t, "ended") {
				end := p.From.Add(time.Duration(rapid.IntRange(0, 60).Draw(t, "hours")) * time.Hour)
				p.To = &end
			}
			pauses = append(pauses, p)
		}
		segments := Split(h(0), h(100), pauses)
		at, total := h(0), int64(0)
		for i, s := range segments {
			if !s.From.Equal(at) || !s.From.Before(s.To) {
				t.Fatalf("segment %d leaves a gap: %+v", i, s)
			}
			at = s.To
		}
		for _, n := range Sum(segments) {
			total += n
		}
		if !at.Equal(h(100)) || total != 100*3600 {
			t.Fatalf("covers until %v, %d s", at, total)
		}
		if len(pauses) > 0 {
			fewer := Sum(Split(h(0), h(100), pauses[1:]))
			if Sum(segments)[Centre] > fewer[Centre] {
				t.Fatal("a pause more made the centre's time longer")
			}
		}
	})
}
