package phone

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// Report is what an app would have seen, and what the server says of it.
type Report struct {
	Server        string         `json:"server"`
	Login         string         `json:"login"`
	Booked        int            `json:"booked"`      // visits, by the desk
	Visits        int            `json:"visits"`      // worked
	Queued        int            `json:"queued"`      // things done
	Sent          int            `json:"sent"`        // requests in all uploads, each time they were sent
	Retried       int            `json:"retried"`     // of them for the second time and later
	Batches       int            `json:"batches"`     // uploads that were answered
	Replayed      int            `json:"replayed"`    // done before: the answer had been lost
	Done          int            `json:"done"`        // and accepted
	Claimed       int            `json:"claims_kept"` // on record, and nothing moved
	Refused       []Refusal      `json:"refused"`     // for good
	Sealed        int            `json:"sealed"`      // sent by a phone that was reported lost
	Down          int            `json:"syncs_down"`  // answers to GET /v1/sync
	Gone          map[string]int `json:"tombstones"`  // by reason
	Refreshed     int            `json:"refreshed"`   // sessions
	SignedInAgain int            `json:"signed_in_again"`
	Lost401       bool           `json:"reported_lost"`
	Wiped         bool           `json:"wiped"`
	Network       Seen           `json:"network"`
	// What must be empty.
	Lost       []string `json:"lost"`       // accepted, and not there
	Doubled    []string `json:"doubled"`    // there more than once
	Unexpected []string `json:"unexpected"` // refused or kept, and there all the same
	Stays      []string `json:"stays"`      // on the phone, and should not be
	Missing    []string `json:"missing"`    // not on the phone, and should be
	// What nobody who was asked may read any more: it could not be compared.
	Unseen int    `json:"unseen"`
	Error  string `json:"error,omitempty"` // why the day did not end

	idle   bool     // the error is that there was nothing to do
	gone   []string // visits
	sealed []*Item
}

// Refusal is something that was done and will not be taken.
type Refusal struct {
	What   string `json:"what"`
	Status int    `json:"status"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// Seen is what the network did.
type Seen struct {
	Requests     int           `json:"requests"`
	RequestsLost int           `json:"requests_lost"`
	AnswersLost  int           `json:"answers_lost"`
	Lies         int           `json:"lies"`
	Cut          int           `json:"cut"`
	Killed       int           `json:"killed"`
	Retries      int           `json:"retries"`
	Delayed      time.Duration `json:"delayed_ns"`
	Waited       time.Duration `json:"waited_ns"`
}

// Report gives what the phone has seen so far.
func (p *Phone) Report() *Report { return &p.report }

// OK reports whether the day ended, nothing was lost or done twice, and nothing of a home stays.
func (r *Report) OK() bool {
	return r.Error == "" && len(r.Lost)+len(r.Doubled)+len(r.Unexpected)+len(r.Stays)+len(r.Missing) == 0
}

// Print writes the summary for people.
func (r *Report) Print(w io.Writer) {
	line := func(name, format string, args ...any) {
		fmt.Fprintf(w, "  %-12s %s\n", name, fmt.Sprintf(format, args...))
	}
	n := &r.Network
	fmt.Fprintf(w, "\n%s at %s\n", r.Login, r.Server)
	if r.Booked > 0 {
		line("booked", "%d visits", r.Booked)
	}
	line("done", "%d things at %d visits", r.Queued, r.Visits)
	line("sent", "%d in %d uploads, %d of them again", r.Sent, r.Batches, r.Retried)
	line("accepted", "%d, %d of them when they came first", r.Done, r.Replayed)
	line("claims kept", "%d", r.Claimed)
	line("refused", "%d", len(r.Refused))
	for _, x := range r.Refused {
		line("", "%s: %d %s %s", x.What, x.Status, x.Code, x.Detail)
	}
	if r.Lost401 {
		line("lost phone", "%d sent sealed, wiped: %v", r.Sealed, r.Wiped)
	}
	line("down", "%d answers", r.Down)
	for _, reason := range slices.Sorted(maps.Keys(r.Gone)) {
		line("erased", "%d: %s", r.Gone[reason], reason)
	}
	line("network", "%d requests, %d lost, %d answers lost, %d lies, %d cut, %d killed; %d retries, %v waited", n.Requests, n.RequestsLost,
		n.AnswersLost, n.Lies, n.Cut, n.Killed, n.Retries, n.Waited.Round(time.Second))
	for _, bad := range []struct {
		name string
		list []string
	}{{"LOST", r.Lost}, {"TWICE", r.Doubled}, {"NOT AS TOLD", r.Unexpected}, {"STAYS", r.Stays}, {"MISSING", r.Missing}} {
		for _, x := range bad.list {
			line(bad.name, "%s", x)
		}
	}
	if r.Unseen > 0 {
		line("unseen", "%d of homes that are somebody else's by now: name a desk to compare them", r.Unseen)
	}
	switch {
	case r.idle:
		fmt.Fprintln(w, "There was no day to simulate.")
	case r.Error != "":
		fmt.Fprintf(w, "The day did not end: %s.\n", strings.TrimRight(r.Error, "."))
	case r.OK():
		fmt.Fprintln(w, "Nothing was lost, nothing was done twice, and nothing of a home stays that should not.")
	default:
		fmt.Fprintln(w, "The phone and the server do not agree.")
	}
}
