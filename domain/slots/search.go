package slots

import (
	"bytes"
	"cmp"
	"slices"
	"sort"
	"time"
)

// Grid is how a day is cut into arrival windows, in minutes of the local day.
// No window crosses noon: each belongs to one half of the day.
type Grid struct{ From, To, Minutes int }

// DefaultGrid is windows of two hours from 8 to 20.
var DefaultGrid = Grid{From: 8 * 60, To: 20 * 60, Minutes: 120}

const noon = 12 * 60

// Windows lists the windows that begin in [from, to) and have not ended at
// from. They keep their wall-clock meaning over a change of the clocks: one
// that holds the hour which exists twice is an hour longer, and one that does
// not exist is left out.
func (g Grid) Windows(loc *time.Location, from, to time.Time) []Span {
	var out []Span
	y, m, d := from.In(loc).Date()
	for day := d; ; day++ {
		if wall(y, m, day, 0, loc, false).After(to) {
			return out
		}
		for _, half := range [2][2]int{{g.From, min(g.To, noon)}, {max(g.From, noon), g.To}} {
			for at := half[0]; at+g.Minutes <= half[1]; at += g.Minutes {
				w := Span{wall(y, m, day, at, loc, false), wall(y, m, day, at+g.Minutes, loc, true)}
				if w.From.Before(w.To) && !w.From.Before(from) && w.From.Before(to) {
					out = append(out, w)
				}
			}
		}
	}
}

// Parts are what a score is made of; more is better.
type Parts struct {
	Travel     int `json:"travel"`     // 0-40: minutes that the way grows by; 20 where a place is unknown
	Continuity int `json:"continuity"` // 0 or 20: was there before
	Load       int `json:"load"`       // 0-20: how free the day is
	Earliness  int `json:"earliness"`  // 0-20: how soon it is
}

// Sum is the score.
func (p Parts) sum() int { return p.Travel + p.Continuity + p.Load + p.Earliness }

// Offer is who can come in a window, and when they would begin.
type Offer struct {
	Crew  []int // of the technicians
	Start time.Time
	Score int
	Parts Parts
	// Minutes is what the way of the day grows by; nil where a place is
	// unknown.
	Minutes *int
}

// Refused is why somebody cannot come in a window: the reason at its start,
// and nobody could begin at any other time of it.
type Refused struct {
	Technician int
	Reason     Reason
}

// Window is an arrival window with who can come, best first.
type Window struct {
	Span
	Score   int
	Offers  []Offer
	Refused []Refused
}

// Options of a search.
type Options struct {
	From, To time.Time // for earliness
	Explain  bool      // also windows and people that are refused
	Most     int       // offers of a window; 0: all
}

// step is the grid of planned starts.
const step = 5 * time.Minute

// pairs bounds how many couples of a window are offered.
const pairs = 10

// Search judges all technicians in all windows. Windows come best first, those
// without an offer last; the same input gives the same answer.
func (j *Judge) Search(windows []Span, technicians []Technician, o Options) []Window {
	out := make([]Window, 0, len(windows))
	people := make([]searched, len(technicians))
	for i := range technicians {
		people[i] = j.look(&technicians[i])
	}
	for _, span := range windows {
		w := Window{Span: span}
		var free []int
		for i := range people {
			start, why := j.first(&people[i], span)
			if why != "" {
				if o.Explain {
					w.Refused = append(w.Refused, Refused{i, why})
				}
				continue
			}
			free = append(free, i)
			if !j.Job.Two {
				w.Offers = append(w.Offers, j.offer(&people[i], i, start, o))
			}
		}
		if j.Job.Two {
			j.couples(&w, people, free, o)
		}
		slices.SortFunc(w.Offers, func(a, b Offer) int {
			return cmp.Or(cmp.Compare(b.Score, a.Score), a.Start.Compare(b.Start), byID(technicians, a.Crew, b.Crew))
		})
		if len(w.Offers) > 0 {
			w.Score = w.Offers[0].Score
		}
		if o.Most > 0 && len(w.Offers) > o.Most {
			w.Offers = w.Offers[:o.Most]
		}
		if len(w.Offers) > 0 || o.Explain {
			out = append(out, w)
		}
	}
	slices.SortStableFunc(out, func(a, b Window) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), a.From.Compare(b.From))
	})
	return out
}

func byID(t []Technician, a, b []int) int {
	for i := range a {
		x, y := t[a[i]].ID, t[b[i]].ID
		if c := bytes.Compare(x[:], y[:]); c != 0 {
			return c
		}
	}
	return 0
}

// searched is a technician with what a search asks of them again and again.
type searched struct {
	*Technician
	unfit Reason
	to    []time.Duration // the way from each booking to the job
}

func (j *Judge) look(t *Technician) searched {
	s := searched{Technician: t, unfit: j.unfit(t)}
	if s.unfit == "" {
		s.to = make([]time.Duration, len(t.Diary))
		for i := range t.Diary {
			s.to[i] = j.way(t.Diary[i].Place, j.Job.Place)
		}
	}
	return s
}

// first finds the earliest planned start in a window, if there is one with
// time enough for the ways. Only where something ends can a start become
// possible, so that nothing else is tried.
func (j *Judge) first(s *searched, w Span) (time.Time, Reason) {
	why := j.Of(s.Technician, w.From)
	if why == "" && j.onTime(s.Technician, w.From) {
		return w.From, ""
	}
	if s.unfit != "" || why == Holiday {
		return w.From, why
	}
	tight, found := w.From, why == ""
	for _, at := range j.ends(s, w) {
		if j.Of(s.Technician, at) != "" {
			continue
		}
		if j.onTime(s.Technician, at) {
			return at, ""
		}
		if !found {
			tight, found = at, true
		}
	}
	if found {
		return tight, ""
	}
	return w.From, why
}

// ends lists the starts worth trying in a window after its own, in order.
func (j *Judge) ends(s *searched, w Span) []time.Time {
	var out []time.Time
	add := func(at time.Time) {
		if at = up(at); at.After(w.From) && at.Before(w.To) {
			out = append(out, at)
		}
	}
	if j.Job.Light != nil {
		add(j.Job.Light(w.From).From)
	}
	for _, away := range s.Away {
		add(away.To)
	}
	local := w.From.In(j.Centre.Location)
	y, m, d := local.Date()
	shifts, _ := s.shifts(local)
	for _, shift := range shifts {
		add(shift.on(y, m, d, j.Centre.Location).From)
	}
	near := w.From.Add(-48 * time.Hour) // no booking and no way is longer than a day
	for i := sort.Search(len(s.Diary), func(i int) bool { return s.Diary[i].From.After(near) }); i < len(s.Diary); i++ {
		b := &s.Diary[i]
		if b.From.After(w.To) {
			break
		}
		if !b.To.Add(s.to[i]).Before(w.From) {
			add(b.To.Add(max(0, s.to[i]-leeway)))
			add(b.To.Add(s.to[i]))
		}
	}
	slices.SortFunc(out, time.Time.Compare)
	return slices.CompactFunc(out, time.Time.Equal)
}

// up rounds to the next planned start.
func up(at time.Time) time.Time {
	if t := at.Truncate(step); !t.Equal(at) {
		return t.Add(step)
	}
	return at
}

// couples offers two at a time, who can begin together.
func (j *Judge) couples(w *Window, people []searched, free []int, o Options) {
	paired := map[int]bool{}
	for n, a := range free {
		for _, b := range free[n+1:] {
			if len(w.Offers) >= pairs && paired[a] && paired[b] || !j.Skilled(people[a].Technician, people[b].Technician) {
				continue
			}
			starts := append([]time.Time{w.From}, append(j.ends(&people[a], w.Span), j.ends(&people[b], w.Span)...)...)
			slices.SortFunc(starts, time.Time.Compare)
			for _, at := range starts {
				if j.Of(people[a].Technician, at) != "" || j.Of(people[b].Technician, at) != "" {
					continue
				}
				x, y := j.offer(&people[a], a, at, o), j.offer(&people[b], b, at, o)
				both := Offer{Crew: []int{a, b}, Start: at, Parts: Parts{(x.Parts.Travel + y.Parts.Travel) / 2,
					max(x.Parts.Continuity, y.Parts.Continuity), (x.Parts.Load + y.Parts.Load) / 2, x.Parts.Earliness}}
				both.Score = both.Parts.sum()
				if x.Minutes != nil && y.Minutes != nil {
					sum := *x.Minutes + *y.Minutes
					both.Minutes = &sum
				}
				w.Offers = append(w.Offers, both)
				paired[a], paired[b] = true, true
				break
			}
		}
	}
	if o.Explain {
		nobody := len(people) > 1 && !slices.ContainsFunc(people, func(s searched) bool { return j.Skilled(s.Technician) })
		for _, a := range free {
			switch {
			case paired[a]:
			case nobody && j.Of(people[a].Technician, w.From) == "":
				w.Refused = append(w.Refused, Refused{a, Skill}) // whoever comes with them
			default:
				w.Refused = append(w.Refused, Refused{a, Plan})
			}
		}
	}
}

// offer scores one technician at one start.
func (j *Judge) offer(s *searched, i int, start time.Time, o Options) Offer {
	v := Span{start, start.Add(time.Duration(j.Job.Minutes) * time.Minute)}
	out := Offer{Crew: []int{i}, Start: start, Parts: Parts{Travel: 20}}
	if minutes, known := j.detour(s.Technician, v); known {
		out.Minutes = &minutes
		out.Parts.Travel = 40 - min(40, minutes*40/60)
	}
	if s.Knows {
		out.Parts.Continuity = 20
	}
	out.Parts.Load = 20 - min(20, int(j.booked(s.Technician, v).Minutes())*20/480)
	if all := o.To.Sub(o.From); all > 0 {
		out.Parts.Earliness = 20 - max(0, min(20, int(20*start.Sub(o.From)/all)))
	}
	out.Score = out.Parts.sum()
	return out
}

// detour is what the way of a technician's day grows by, from and to their home
// at its ends; unknown where a place is.
func (j *Judge) detour(t *Technician, v Span) (minutes int, known bool) {
	from, to := t.Home, t.Home
	before, after, _ := around(t.Diary, v)
	if before != nil && j.sameDay(before.From, v.From) {
		from = before.Place
	}
	if after != nil && j.sameDay(after.From, v.From) {
		to = after.Place
	}
	if from == nil || to == nil || j.Job.Place == nil {
		return 0, false
	}
	return max(0, int((j.way(from, j.Job.Place) + j.way(j.Job.Place, to) - j.way(from, to)).Minutes())), true
}

func (j *Judge) sameDay(a, b time.Time) bool {
	y, m, d := a.In(j.Centre.Location).Date()
	y2, m2, d2 := b.In(j.Centre.Location).Date()
	return y == y2 && m == m2 && d == d2
}

// booked is how much of the day of a visit is taken already.
func (j *Judge) booked(t *Technician, v Span) (sum time.Duration) {
	y, m, d := v.From.In(j.Centre.Location).Date()
	day := Span{wall(y, m, d, 0, j.Centre.Location, false), wall(y, m, d+1, 0, j.Centre.Location, false)}
	for i := range t.Diary {
		b := &t.Diary[i]
		if !b.From.Before(day.To) {
			break
		}
		if b.overlaps(day) {
			sum += b.To.Sub(b.From)
		}
	}
	return sum
}
