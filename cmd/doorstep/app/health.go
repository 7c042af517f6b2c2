package app

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"doorstep/domain"
	"doorstep/repo"
)

const (
	writeEvery = time.Second
	// writeTime bounds one write, so that a silent database does not stop the next.
	writeTime = 4 * time.Second
	// WriteLate is how old the last write may be while a replica is ready.
	WriteLate = 5 * time.Second
	// ClockLate is for a clock's last round: above tickTime, for a round with
	// much to do is no clock that stands still.
	ClockLate = 15 * time.Second
	// figuresEvery paces what is read for the metrics; a scrape reads nothing.
	figuresEvery = 15 * time.Second
	// replicasKept is how long the row of a replica that is gone stays.
	replicasKept = 24 * time.Hour
)

// Moment is an instant of the wall clock that several goroutines note and
// read; until noted there is none.
type Moment struct{ at atomic.Pointer[time.Time] }

func (m *Moment) note() { m.NoteAt(time.Now()) }

// NoteAt keeps an instant; the last one stands.
func (m *Moment) NoteAt(t time.Time) { m.at.Store(&t) }

// older reports whether it was longer ago than d, or never.
func (m *Moment) older(d time.Duration) bool {
	t := m.at.Load()
	return t == nil || time.Since(*t) > d
}

func (m *Moment) unix() float64 {
	if t := m.at.Load(); t != nil {
		return float64(t.UnixMicro()) / 1e6
	}
	return 0
}

// Health is what a replica knows of itself: when it last wrote, and when each
// of its clocks last ended a round. All of it is wall time: the injected clock
// of a demo or a test may stand still.
type Health struct {
	db            *repo.DB
	id            domain.ID
	now           func() time.Time // of the deadlines
	log           *slog.Logger
	Wrote         Moment
	Clock, Alarms Moment
	failing       atomic.Bool
	began         atomic.Bool
	figures       figures
}

func newHealth(db *repo.DB, now func() time.Time, reg prometheus.Registerer, log *slog.Logger) *Health {
	h := &Health{db: db, id: uuid.Must(uuid.NewV7()), now: now, log: log}
	h.figures.register(reg, h)
	return h
}

// Begin writes for the first time, so that a server is ready when it listens,
// and starts to count.
func (h *Health) Begin(ctx context.Context) {
	h.Clock.note()
	h.Alarms.note()
	h.began.Store(true)
	within, cancel := context.WithTimeout(ctx, writeTime)
	defer cancel()
	if err := h.db.ForgetReplicas(within, time.Now().Add(-replicasKept)); err != nil {
		h.log.Warn("rows of replicas that are gone were not removed", "error", err)
	}
	h.write(ctx)
}

// run writes until ctx ends.
func (h *Health) run(ctx context.Context) { each(ctx, writeEvery, func() { h.write(ctx) }) }

func (h *Health) write(ctx context.Context) {
	within, cancel := context.WithTimeout(ctx, writeTime)
	defer cancel()
	at := time.Now()
	err := h.db.NoteReplica(within, h.id, at)
	switch {
	case err == nil:
		h.Wrote.NoteAt(at)
		if h.failing.Swap(false) {
			h.log.Info("the database takes writes again")
		}
	case ctx.Err() == nil && !h.failing.Swap(true):
		h.log.Warn("the database took no write", "error", err)
	}
}

// ready reports why this replica may not get requests. Before the first write
// nothing is known, and the database is asked for an answer.
func (h *Health) ready(ctx context.Context) error {
	unready := func(words string) error {
		e := domain.Fail(domain.CodeUnavailable, "%s", words)
		e.RetryAfter = 2 * time.Second
		return e
	}
	began := h.began.Load()
	switch late := h.Wrote.older(WriteLate); {
	case (late || !began) && h.db.Ping(ctx) != nil:
		return unready("The database does not answer.")
	case !began:
		return nil
	case late:
		return unready("The database answers, but takes no writes.")
	case h.Alarms.older(ClockLate):
		return unready("The clock of the alarms does not tick.")
	case h.Clock.older(ClockLate):
		return unready("The clock does not tick.")
	}
	return nil
}

// figures are the metrics that are read from the database now and then.
type figures struct {
	read                                  Moment
	lag, oldestSOS, oldestUnacked, notice prometheus.Gauge
	open, unacked                         prometheus.Gauge
	queue                                 *prometheus.GaugeVec
}

func (f *figures) register(reg prometheus.Registerer, h *Health) {
	gauge := func(name, help string) prometheus.Gauge {
		g := prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
		reg.MustRegister(g)
		return g
	}
	when := func(name, help string, labels prometheus.Labels, m *Moment) {
		reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: labels}, m.unix))
	}
	when("doorstep_last_write_timestamp_seconds", "When this replica last wrote to the database; 0: never.", nil, &h.Wrote)
	const ticked = "When a clock of this replica last ended a round, by clock; 0: never."
	when("doorstep_clock_last_tick_timestamp_seconds", ticked, prometheus.Labels{"clock": "all"}, &h.Clock)
	when("doorstep_clock_last_tick_timestamp_seconds", ticked, prometheus.Labels{"clock": "alarms"}, &h.Alarms)
	when("doorstep_figures_timestamp_seconds", "When the figures of clock lag, SOS, notices and queue were last read; 0: never.", nil, &f.read)
	f.lag = gauge("doorstep_clock_lag_seconds", "How long ago the oldest deadline that is not carried out fell due.")
	f.open = gauge("doorstep_sos_open", "Alarms that are not resolved.")
	f.oldestSOS = gauge("doorstep_sos_open_oldest_seconds", "Age of the oldest of them; 0: none.")
	f.unacked = gauge("doorstep_sos_unacknowledged", "Alarms that nobody has acknowledged.")
	f.oldestUnacked = gauge("doorstep_sos_unacknowledged_oldest_seconds", "Age of the oldest of them; 0: none.")
	f.notice = gauge("doorstep_notices_pending_oldest_seconds", "How long the oldest notice that may go out has not; 0: none.")
	f.queue = prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "doorstep_queue_jobs",
		Help: "Jobs of the queue that are not done, by queue and state."}, []string{"queue", "state"})
	reg.MustRegister(f.queue)
}

// measure reads the figures until ctx ends.
func (h *Health) measure(ctx context.Context) {
	h.look(ctx)
	each(ctx, figuresEvery, func() { h.look(ctx) })
}

func (h *Health) look(ctx context.Context) {
	within, cancel := context.WithTimeout(ctx, tickTime)
	defer cancel()
	now := h.now()
	read, err := h.db.Figures(within, now)
	if err != nil {
		if ctx.Err() == nil && !h.failing.Load() {
			h.log.Warn("the figures for the metrics could not be read", "error", err)
		}
		return
	}
	age := func(g prometheus.Gauge, t *time.Time) {
		if t == nil {
			g.Set(0)
			return
		}
		g.Set(max(now.Sub(*t), 0).Seconds())
	}
	f := &h.figures
	age(f.lag, read.Overdue)
	age(f.oldestSOS, read.OldestOpenSOS)
	age(f.oldestUnacked, read.OldestUnacked)
	age(f.notice, read.PendingNotice)
	f.open.Set(float64(read.OpenSOS))
	f.unacked.Set(float64(read.Unacknowledged))
	f.queue.Reset()
	for _, q := range read.Queue {
		f.queue.WithLabelValues(q.Queue, q.State).Set(float64(q.N))
	}
	f.read.note()
}
