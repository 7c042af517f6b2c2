// Package roads knows how long ways are: by the table service of an OSRM
// engine, or over the great circle.
package roads

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

	"doorstep/domain/slots"
)

// Config says how long ways are.
type Config struct {
	Speed   float64 `name:"travel-kmh" help:"Speed for ways between visits in km/h, over the great circle times 1.4." default:"25" env:"DOORSTEP_TRAVEL_KMH"`
	OSRM    string  `name:"osrm-url" help:"Road engine that speaks OSRM's table service: http://127.0.0.1:5000; it learns where visits are. While it is silent the great circle serves." env:"DOORSTEP_OSRM_URL" placeholder:"URL"`
	Profile string  `name:"osrm-profile" help:"Its profile." default:"driving" env:"DOORSTEP_OSRM_PROFILE"`
}

// New makes what is configured; without an engine the great circle serves.
func New(c Config, log *slog.Logger) (*Matrix, error) {
	if c.Speed <= 0 || c.Speed > 200 {
		return nil, errors.New("DOORSTEP_TRAVEL_KMH is a speed of more than 0 and at most 200 km/h")
	}
	out := &Matrix{straight: slots.GreatCircle(c.Speed), kmh: c.Speed, now: time.Now, log: log}
	if c.OSRM == "" {
		return out, nil
	}
	u, err := url.Parse(c.OSRM)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("DOORSTEP_OSRM_URL is not an http(s) URL")
	}
	out.table = strings.TrimSuffix(c.OSRM, "/") + "/table/v1/" + url.PathEscape(c.Profile) + "/"
	out.client, out.timeout = &http.Client{}, searchTimeout
	return out, nil
}

const (
	searchTimeout   = 2 * time.Second  // for all that one search asks
	placesPerTable  = 99               // places beside the first: OSRM's own limit is 100
	tablesPerSearch = 4                // of a search
	maxFailures     = 3                // in a row; then nothing is asked for a while
	pauseTime       = 30 * time.Second // that while
	placesPerSide   = 50               // places on each side of a table of a whole day
	tablesPerDay    = 64               // tables of a day
	maxLegs         = 200_000          // kept in memory
	maxAnswer       = 1 << 20          // bytes of an answer
)

type leg struct{ from, to slots.Place }

// Matrix keeps what a road engine has said of ways, and falls back to the great
// circle. Rules are judged by what is known, inside transactions as well;
// only Learn waits for the engine.
type Matrix struct {
	straight slots.Travel
	kmh      float64
	table    string // address of the engine's table service; empty: none
	client   *http.Client
	timeout  time.Duration
	now      func() time.Time
	log      *slog.Logger

	mu     sync.RWMutex
	known  map[leg]float64
	failed int
	rests  time.Time // until then nothing is asked
}

// Minutes is the way between two places, in minutes: as the engine said, else by the great circle.
func (m *Matrix) Minutes(from, to slots.Place) float64 {
	m.mu.RLock()
	minutes, ok := m.known[leg{from, to}]
	m.mu.RUnlock()
	if ok {
		return minutes
	}
	return m.straight(from, to)
}

// Learn asks the engine for the ways that are not known yet, the nearest
// places first.
func (m *Matrix) Learn(ctx context.Context, place slots.Place, others []slots.Place) {
	if m.table == "" {
		return
	}
	m.mu.RLock()
	resting := m.now().Before(m.rests)
	others = slices.DeleteFunc(slices.Clone(others), func(o slots.Place) bool { _, ok := m.known[leg{place, o}]; return ok })
	m.mu.RUnlock()
	if resting || len(others) == 0 {
		return
	}
	slices.SortStableFunc(others, func(a, b slots.Place) int {
		return int(1000*m.straight(place, a)) - int(1000*m.straight(place, b))
	})
	ctx, cancel := context.WithTimeout(ctx, m.timeout)
	defer cancel()
	n := 0
	for part := range slices.Chunk(others, placesPerTable) {
		if n++; n > tablesPerSearch {
			return
		}
		all := append([]slots.Place{place}, part...)
		there, err := m.ask(ctx, all, "sources=0")
		if err == nil {
			var back [][]*float64
			if back, err = m.ask(ctx, all, "destinations=0"); err == nil {
				err = m.keep(place, part, there, back)
			}
		}
		if m.note(err) {
			return
		}
	}
}

// Basis says how ways are reckoned.
func (m *Matrix) Basis() (float64, bool) { return m.kmh, m.table != "" }

// LearnAll asks for a whole day in tables of some places on each side; those in
// which all is known already are left out.
func (m *Matrix) LearnAll(ctx context.Context, places []slots.Place) {
	if m.table == "" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, m.timeout)
	defer cancel()
	n := 0
	for from := range slices.Chunk(places, placesPerSide) {
		for to := range slices.Chunk(places, placesPerSide) {
			if !m.wants(from, to) {
				continue
			}
			if n++; n > tablesPerDay {
				return
			}
			table, err := m.ask(ctx, slices.Concat(from, to), "sources="+series(0, len(from))+"&destinations="+series(len(from), len(to)))
			if err == nil {
				err = m.keepTable(from, to, table)
			}
			if m.note(err) {
				return
			}
		}
	}
}

// wants reports whether a table would teach anything, and may be asked for.
func (m *Matrix) wants(from, to []slots.Place) bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.now().Before(m.rests) {
		return false
	}
	for _, a := range from {
		for _, b := range to {
			if _, ok := m.known[leg{a, b}]; !ok && a != b {
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

func (m *Matrix) keepTable(from, to []slots.Place, table [][]*float64) error {
	if len(table) != len(from) {
		return errors.New("a table of another size")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.room()
	for i, row := range table {
		if len(row) != len(to) {
			return errors.New("a table of another size")
		}
		for k, s := range row {
			if s != nil && *s >= 0 && from[i] != to[k] {
				m.known[leg{from[i], to[k]}] = *s / 60
			}
		}
	}
	return nil
}

// room forgets all ways once there are too many of them.
func (m *Matrix) room() {
	if m.known == nil || len(m.known) > maxLegs {
		m.known = map[leg]float64{}
	}
}

// ask reads one table between places.
func (m *Matrix) ask(ctx context.Context, places []slots.Place, which string) ([][]*float64, error) {
	var b strings.Builder
	b.WriteString(m.table)
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
	res, err := m.client.Do(req)
	if err != nil {
		return nil, errors.New("no answer in time") // the cause names the address, with its places
	}
	defer func() { _ = res.Body.Close() }()
	var table struct {
		Code      string       `json:"code"`
		Durations [][]*float64 `json:"durations"`
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, maxAnswer)).Decode(&table); err != nil {
		return nil, fmt.Errorf("status %d without a table", res.StatusCode)
	}
	if table.Code != "Ok" {
		return nil, fmt.Errorf("status %d, code %.40q", res.StatusCode, table.Code)
	}
	return table.Durations, nil
}

// keep notes the ways of two tables; what the engine finds no road for stays
// with the great circle.
func (m *Matrix) keep(place slots.Place, others []slots.Place, there, back [][]*float64) error {
	if len(there) != 1 || len(there[0]) != len(others)+1 || len(back) != len(others)+1 {
		return errors.New("a table of another size")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.room()
	for i, o := range others {
		if s := there[0][i+1]; s != nil && *s >= 0 {
			m.known[leg{place, o}] = *s / 60
		}
		if row := back[i+1]; len(row) == 1 && row[0] != nil && *row[0] >= 0 {
			m.known[leg{o, place}] = *row[0] / 60
		}
	}
	return nil
}

// note counts failures in a row and reports whether to stop.
func (m *Matrix) note(err error) (stop bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err == nil {
		m.failed = 0
		return false
	}
	if m.failed++; m.failed >= maxFailures {
		m.failed, m.rests = 0, m.now().Add(pauseTime)
		m.log.Warn("the road engine is left alone for a while; ways are taken over the great circle", "error", err, "for", pauseTime)
	}
	return true
}
