package domain

import (
	"testing"
	"time"
)

func TestSilence(t *testing.T) {
	noon := time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)
	at := func(h int) time.Time { return noon.Add(time.Duration(h) * time.Hour) }
	scheduled := func(c Confirmation, how string) Visit {
		return Visit{Status: VisitScheduled, Confirmation: c, ConfirmedHow: how, WindowEnd: at(40)}
	}
	far := func(c Confirmation) Visit {
		return Visit{Status: VisitScheduled, Confirmation: c, ConfirmedHow: "call", WindowStart: at(24*300 - 2), WindowEnd: at(24 * 300)}
	}
	for _, c := range []struct {
		name  string
		f     SilenceFacts
		ahead int // hours; 0: none
		since int
		due   int
	}{
		{"nothing was said", SilenceFacts{}, 0, 0, 24},
		{"an urgent one", SilenceFacts{Urgent: true}, 0, 0, 4},
		{"a visit to which they agreed", SilenceFacts{Visits: []Visit{scheduled(ConfirmConfirmed, "call")}}, 40, 0, 24},
		{"a visit that nobody told them", SilenceFacts{Visits: []Visit{scheduled(ConfirmAwaiting, "")}}, 0, 0, 24},
		{"one that was told and not answered", SilenceFacts{Told: true, Visits: []Visit{scheduled(ConfirmAwaiting, "")}}, 40, 0, 24},
		{"told, not answered, and 300 days ahead", SilenceFacts{Told: true, Visits: []Visit{far(ConfirmAwaiting)}}, 0, 0, 24},
		{"300 days ahead, and they agreed", SilenceFacts{Visits: []Visit{far(ConfirmConfirmed)}}, 24 * 300, 0, 24},
		{"told, not answered, and three days ahead of an urgent one", SilenceFacts{Urgent: true, Told: true, Visits: []Visit{{Status: VisitScheduled,
			Confirmation: ConfirmAwaiting, WindowStart: at(72), WindowEnd: at(74)}}}, 0, 0, 4},
		{"one that they declined", SilenceFacts{Told: true, Visits: []Visit{scheduled(ConfirmDeclined, "")}}, 0, 0, 24},
		{"confirmed by a link that staff had read", SilenceFacts{Visits: []Visit{scheduled(ConfirmConfirmed, ReadLink)}}, 0, 0, 24},
		{"somebody is there", SilenceFacts{Visits: []Visit{{Status: VisitInProgress, WindowEnd: at(1)}}}, 26, 0, 24},
		{"a tap that nothing followed", SilenceFacts{Visits: []Visit{{Status: VisitEnRoute, WindowEnd: at(-9), EnRouteAt: Ptr(at(-3))}}}, 0, 1, 25},
		{"somebody who set out after the window", SilenceFacts{Visits: []Visit{{Status: VisitEnRoute, WindowEnd: at(-9), EnRouteAt: Ptr(at(-1))}}},
			26, 0, 24},
		{"words for weeks ahead", SilenceFacts{Promises: []Promise{{Kind: "other", Status: PromiseOpen,
			DueAt: at(24 * 59), ToldAt: &noon}}}, 0, 0, 24},
		{"a part in weeks", SilenceFacts{Promises: []Promise{{Kind: "part", Status: PromiseOpen,
			DueAt: at(24 * 20), ToldAt: &noon}}}, 24 * 20, 0, 24},
		{"a part in two months", SilenceFacts{Promises: []Promise{{Kind: "part", Status: PromiseOpen,
			DueAt: at(24 * 59), ToldAt: &noon}}}, 0, 0, 24},
		{"a part that nobody told them", SilenceFacts{Told: true, Promises: []Promise{{Kind: "part", Status: PromiseOpen,
			DueAt: at(24 * 3)}}}, 0, 0, 24},
		{"a visit in 13 days", SilenceFacts{Promises: []Promise{{Kind: "visit", Status: PromiseOpen,
			DueAt: at(24 * 13), ToldAt: &noon}}}, 24 * 13, 0, 24},
		{"a visit in 20 days", SilenceFacts{Promises: []Promise{{Kind: "visit", Status: PromiseOpen,
			DueAt: at(24 * 20), ToldAt: &noon}}}, 0, 0, 24},
		{"a part in a week for an urgent one", SilenceFacts{Urgent: true, Promises: []Promise{{Kind: "part", Status: PromiseOpen,
			DueAt: at(24 * 7), ToldAt: &noon}}}, 0, 0, 4},
		{"a broken one that nobody told them", SilenceFacts{Promises: []Promise{{Status: PromiseBroken, DueAt: at(1)}}}, 0, 0, 24},
		{"words for days ahead of an urgent one", SilenceFacts{Urgent: true, Promises: []Promise{{Kind: "other", Status: PromiseOpen,
			DueAt: at(72), ToldAt: &noon}}}, 0, 0, 4},
		{"a visit that ended", SilenceFacts{Visits: []Visit{{Status: VisitNoAccess, EndedAt: Ptr(at(1))}}}, 0, 1, 25},
		{"a promise with a time", SilenceFacts{Promises: []Promise{{Status: PromiseOpen, DueAt: at(9), ToldAt: &noon}}}, 9, 0, 24},
		{"a broken one", SilenceFacts{Promises: []Promise{{Status: PromiseBroken, DueAt: at(1), ToldAt: &noon}}}, 0, 1, 25},
		{"a kept one", SilenceFacts{Promises: []Promise{{Status: PromiseKept, DueAt: at(9), KeptAt: Ptr(at(2))}}}, 0, 2, 26},
		{"they call", SilenceFacts{Calls: []time.Time{at(-3), at(1), at(2)}}, 0, 0, 5},
		{"they called when something was said already", SilenceFacts{Calls: []time.Time{at(1)},
			Promises: []Promise{{Status: PromiseKept, KeptAt: Ptr(at(2))}}}, 0, 2, 26},
		{"they called an urgent one late", SilenceFacts{Urgent: true, Calls: []time.Time{at(1)}}, 0, 0, 4},
	} {
		c.f.Since, c.f.After, c.f.UrgentAfter = noon, 24*time.Hour, 4*time.Hour
		got := c.f.Judge(at(2))
		if (got.Ahead == nil) != (c.ahead == 0) || got.Ahead != nil && !got.Ahead.Equal(at(c.ahead)) || !got.Since.Equal(at(c.since)) ||
			!got.DueAt.Equal(at(c.due)) {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}
