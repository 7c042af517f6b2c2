package notifications

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics counts what became of tries and notices. No label holds an id.
type Metrics struct {
	tries   *prometheus.CounterVec
	notices *prometheus.CounterVec
	seconds *prometheus.HistogramVec
}

// NewMetrics registers the figures of delivery.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		tries: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "doorstep_dispatches_total",
			Help: "Tries to deliver a notice, by channel and outcome."}, []string{"channel", "outcome"}),
		notices: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "doorstep_notices_ended_total",
			Help: "Notices that need no further try, by their last state."}, []string{"state"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "doorstep_dispatch_seconds",
			Help: "Time of one try, by channel.", Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}}, []string{"channel"}),
	}
	reg.MustRegister(m.tries, m.notices, m.seconds)
	return m
}

func (m *Metrics) sent(channel string, o Outcome, took time.Duration) {
	if m != nil {
		m.tries.WithLabelValues(channel, string(o)).Inc()
		m.seconds.WithLabelValues(channel).Observe(took.Seconds())
	}
}

func (m *Metrics) ended(state string) {
	if m != nil {
		m.notices.WithLabelValues(state).Inc()
	}
}
