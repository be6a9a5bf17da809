package serve

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are those of one handler. Labels have few values, whatever requests hold.
type metrics struct {
	registry   *prometheus.Registry
	requests   *prometheus.CounterVec
	seconds    *prometheus.HistogramVec
	computing  prometheus.Histogram
	rows       prometheus.Counter
	inProgress prometheus.Gauge
}

func newMetrics() *metrics {
	// From 0.1 ms, about what a small network takes, to 30 s, the default timeout.
	buckets := []float64{.0001, .0003, .001, .003, .01, .03, .1, .3, 1, 3, 10, 30}
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "engram_requests_total", Help: "Requests answered.",
		}, []string{"path", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "engram_request_seconds", Help: "Time from a request's header to its answer.", Buckets: buckets,
		}, []string{"path"}),
		computing: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "engram_forecast_seconds", Help: "Time that the forecasts of a request take, without waiting.", Buckets: buckets,
		}),
		rows: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "engram_rows_total", Help: "Rows in the requests for forecasts that were answered.",
		}),
		inProgress: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "engram_forecasts_in_progress", Help: "Requests for forecasts that are not answered yet.",
		}),
	}
	m.registry.MustRegister(m.requests, m.seconds, m.computing, m.rows, m.inProgress,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) answered(path string, status int, took time.Duration) {
	m.requests.WithLabelValues(path, strconv.Itoa(status)).Inc()
	m.seconds.WithLabelValues(path).Observe(took.Seconds())
}

func (m *metrics) forecast(rows int, took time.Duration) {
	m.computing.Observe(took.Seconds())
	m.rows.Add(float64(rows))
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
