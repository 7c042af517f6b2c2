package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"doorstep/domain"
	"doorstep/domain/slots"
)

// roadFlags say how long ways are.
type roadFlags struct {
	Speed   float64 `name:"travel-kmh" help:"Speed for ways between visits in km/h, over the great circle times 1.4." default:"25" env:"DOORSTEP_TRAVEL_KMH"`
	OSRM    string  `name:"osrm-url" help:"Road engine that speaks OSRM's table service: http://127.0.0.1:5000; it learns where visits are. While it is silent the great circle serves." env:"DOORSTEP_OSRM_URL" placeholder:"URL"`
	Profile string  `name:"osrm-profile" help:"Its profile." default:"driving" env:"DOORSTEP_OSRM_PROFILE"`
	Window  int     `name:"window-minutes" help:"Length of the arrival windows that are offered, in minutes." default:"120" env:"DOORSTEP_WINDOW_MINUTES"`
	Opens   string  `name:"windows-from" help:"When the first of a day may begin, HH:MM of the centre." default:"08:00" env:"DOORSTEP_WINDOWS_FROM"`
	Closes  string  `name:"windows-to" help:"When the last one ends." default:"20:00" env:"DOORSTEP_WINDOWS_TO"`
}

// roads makes what is configured.
func (f roadFlags) roads(log *slog.Logger) (domain.Roads, error) {
	if f.Speed <= 0 || f.Speed > 200 {
		return nil, errors.New("DOORSTEP_TRAVEL_KMH is a speed of more than 0 and at most 200 km/h")
	}
	out := &roads{straight: slots.GreatCircle(f.Speed), kmh: f.Speed, now: time.Now, log: log}
	if f.OSRM == "" {
		return out, nil
	}
	u, err := url.Parse(f.OSRM)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("DOORSTEP_OSRM_URL is not an http(s) URL")
	}
	out.table = strings.TrimSuffix(f.OSRM, "/") + "/table/v1/" + url.PathEscape(f.Profile) + "/"
	out.client, out.patience = &http.Client{}, roadPatience
	return out, nil
}

// windows reads the grid.
func (f roadFlags) windows() (slots.Grid, error) {
	clock := func(s string) int {
		at, err := time.Parse("15:04", s)
		if s == "24:00" {
			return 24 * 60
		}
		if err != nil {
			return -1
		}
		return at.Hour()*60 + at.Minute()
	}
	g := slots.Grid{From: clock(f.Opens), To: clock(f.Closes), Minutes: f.Window}
	if g.From < 0 || g.To < 0 || g.Minutes < 15 || g.Minutes > 720 || g.From+g.Minutes > g.To {
		return g, errors.New(
			"the arrival windows do not fit: DOORSTEP_WINDOWS_FROM and _TO are HH:MM, DOORSTEP_WINDOW_MINUTES 15 to 720 between them")
	}
	return g, nil
}

const (
	roadPatience = 2 * time.Second  // for all that one search asks
	roadTable    = 99               // places beside the first: OSRM's own limit is 100
	roadTables   = 4                // of a search
	roadFailures = 3                // in a row; then nothing is asked for a while
	roadPause    = 30 * time.Second // that while
	roadSide     = 50               // places on each side of a table of a whole day
	roadDay      = 64               // tables of a day
	roadLegs     = 200_000          // kept in memory
	roadAnswer   = 1 << 20          // bytes of an answer
)

type leg struct{ from, to slots.Place }

// roads keeps what a road engine has said of ways, and falls back to the great
// circle. Rules are judged by what is known, inside transactions as well;
// only Learn waits for the engine.
type roads struct {
	straight slots.Travel
	kmh      float64
	table    string // address of the engine's table service; empty: none
	client   *http.Client
	patience time.Duration
	now      func() time.Time
	log      *slog.Logger

	mu     sync.RWMutex
	known  map[leg]float64
	failed int
	rests  time.Time // until then nothing is asked
}

func (r *roads) Minutes(from, to slots.Place) float64 {
	r.mu.RLock()
	minutes, ok := r.known[leg{from, to}]
	r.mu.RUnlock()
	if ok {
		return minutes
	}
	return r.straight(from, to)
}

// Learn asks the engine for the ways that are not known yet, the nearest
// places first.
func (r *roads) Learn(ctx context.Context, place slots.Place, others []slots.Place) {
	if r.table == "" {
		return
	}
	r.mu.RLock()
	resting := r.now().Before(r.rests)
	others = slices.DeleteFunc(slices.Clone(others), func(o slots.Place) bool { _, ok := r.known[leg{place, o}]; return ok })
	r.mu.RUnlock()
	if resting || len(others) == 0 {
		return
	}
	slices.SortStableFunc(others, func(a, b slots.Place) int {
		return int(1000*r.straight(place, a)) - int(1000*r.straight(place, b))
	})
	ctx, cancel := context.WithTimeout(ctx, r.patience)
	defer cancel()
	n := 0
	for part := range slices.Chunk(others, roadTable) {
		if n++; n > roadTables {
			return
		}
		all := append([]slots.Place{place}, part...)
		there, err := r.ask(ctx, all, "sources=0")
		if err == nil {
			var back [][]*float64
			if back, err = r.ask(ctx, all, "destinations=0"); err == nil {
				err = r.keep(place, part, there, back)
			}
		}
		if r.note(err) {
			return
		}
	}
}

// Basis says how ways are reckoned.
func (r *roads) Basis() (float64, bool) { return r.kmh, r.table != "" }

// LearnAll asks for a whole day in tables of some places on each side; those in
// which all is known already are left out.
func (r *roads) LearnAll(ctx context.Context, places []slots.Place) {
	if r.table == "" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, r.patience)
	defer cancel()
	n := 0
	for from := range slices.Chunk(places, roadSide) {
		for to := range slices.Chunk(places, roadSide) {
			if !r.wants(from, to) {
				continue
			}
			if n++; n > roadDay {
				return
			}
			table, err := r.ask(ctx, slices.Concat(from, to), "sources="+series(0, len(from))+"&destinations="+series(len(from), len(to)))
			if err == nil {
				err = r.keepTable(from, to, table)
			}
			if r.note(err) {
				return
			}
		}
	}
}

// wants reports whether a table would teach anything, and may be asked for.
func (r *roads) wants(from, to []slots.Place) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.now().Before(r.rests) {
		return false
	}
	for _, a := range from {
		for _, b := range to {
			if _, ok := r.known[leg{a, b}]; !ok && a != b {
				return true
			}
		}
	}
	return false
}

// series is "2;3;4" of 2 and 3.
func series(first, n int) string {
	out := make([]string, n)
	for i := range out {
		out[i] = strconv.Itoa(first + i)
	}
	return strings.Join(out, ";")
}

func (r *roads) keepTable(from, to []slots.Place, table [][]*float64) error {
	if len(table) != len(from) {
		return errors.New("a table of another size")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.room()
	for i, row := range table {
		if len(row) != len(to) {
			return errors.New("a table of another size")
		}
		for k, s := range row {
			if s != nil && *s >= 0 && from[i] != to[k] {
				r.known[leg{from[i], to[k]}] = *s / 60
			}
		}
	}
	return nil
}

// room forgets all ways once there are too many of them.
func (r *roads) room() {
	if r.known == nil || len(r.known) > roadLegs {
		r.known = map[leg]float64{}
	}
}

// ask reads one table between places.
func (r *roads) ask(ctx context.Context, places []slots.Place, which string) ([][]*float64, error) {
	var b strings.Builder
	b.WriteString(r.table)
	for i, p := range places {
		if i > 0 {
			b.WriteByte(';')
		}
		b.WriteString(strconv.FormatFloat(p.Lon, 'f', 5, 64) + "," + strconv.FormatFloat(p.Lat, 'f', 5, 64))
	}
	b.WriteString("?annotations=duration&" + which)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, b.String(), nil)
	if err != nil {
		return nil, err
	}
	res, err := r.client.Do(req)
	if err != nil {
		return nil, errors.New("no answer in time") // the cause names the address, with its places
	}
	defer func() { _ = res.Body.Close() }()
	var table struct {
		Code      string       `json:"code"`
		Durations [][]*float64 `json:"durations"`
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, roadAnswer)).Decode(&table); err != nil {
		return nil, fmt.Errorf("status %d without a table", res.StatusCode)
	}
	if table.Code != "Ok" {
		return nil, fmt.Errorf("status %d, code %.40q", res.StatusCode, table.Code)
	}
	return table.Durations, nil
}

// keep notes the ways of two tables; what the engine finds no road for stays
// with the great circle.
func (r *roads) keep(place slots.Place, others []slots.Place, there, back [][]*float64) error {
	if len(there) != 1 || len(there[0]) != len(others)+1 || len(back) != len(others)+1 {
		return errors.New("a table of another size")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.room()
	for i, o := range others {
		if s := there[0][i+1]; s != nil && *s >= 0 {
			r.known[leg{place, o}] = *s / 60
		}
		if row := back[i+1]; len(row) == 1 && row[0] != nil && *row[0] >= 0 {
			r.known[leg{o, place}] = *row[0] / 60
		}
	}
	return nil
}

// note counts failures in a row and reports whether to stop.
func (r *roads) note(err error) (stop bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		r.failed = 0
		return false
	}
	if r.failed++; r.failed >= roadFailures {
		r.failed, r.rests = 0, r.now().Add(roadPause)
		r.log.Warn("the road engine is left alone for a while; ways are taken over the great circle", "error", err, "for", roadPause)
	}
	return true
}
