package app

import (
	"context"
	"log/slog"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"doorstep/domain"
)

// unheardSOS tells whoever runs the server of an SOS that nobody hears: a line at
// error level once for each, a count, and how many there are now.
type unheardSOS struct {
	log   *slog.Logger
	total prometheus.Counter
	now   prometheus.Gauge

	mu    sync.Mutex
	known map[domain.ID]bool
}

func newUnheardSOS(reg prometheus.Registerer, log *slog.Logger) *unheardSOS {
	u := &unheardSOS{log: log, known: map[domain.ID]bool{},
		total: prometheus.NewCounter(prometheus.CounterOpts{Name: "doorstep_sos_unheard_total",
			Help: "SOS of which no device and no gateway of anybody who may answer took a ring."}),
		now: prometheus.NewGauge(prometheus.GaugeOpts{Name: "doorstep_sos_unheard", Help: "SOS that ring now and that nobody hears."})}
	reg.MustRegister(u.total, u.now)
	return u
}

// look reads them once. It says nothing of who, where or what.
func (u *unheardSOS) look(ctx context.Context, read domain.Reader) error {
	list, err := read.UnheardSOS(ctx)
	if err != nil {
		return err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	before := u.known
	u.known = map[domain.ID]bool{}
	for i := range list {
		x := &list[i]
		u.known[x.ID] = true
		if !before[x.ID] {
			u.total.Inc()
			u.log.Error("nobody hears an SOS: no device and no gateway took its ring", "sos_id", x.ID, "tier", x.Tier, "round", x.Round, "since",
				*x.UnheardAt)
		}
	}
	u.now.Set(float64(len(list)))
	return nil
}
