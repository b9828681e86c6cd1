package api

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttpadaptor"

	"poolwise/ingest"
)

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("poolwise_"+name, help, labels, nil)
}

// Every metric of the server, in one block.
var (
	descRequests  = describe("http_requests_total", "Requests answered, by route and status class.", "route", "class")
	descSeconds   = describe("http_request_duration_seconds", "From the request's headers to its answer, body and long poll included.", "route")
	descTransport = describe("http_connection_errors_total", "Connections that ended with something other than a complete request and answer.")
	descPanics    = describe("http_panics_total", "Requests that met a bug.")
	descWaiters   = describe("http_long_polls", "Readers of the feed that wait for news.")

	descStage          = describe("commit_stage_duration_seconds", "Time in each stage of a commit: decode, wait and answer a request, sync, fetch cold pages for and apply a group.", "stage")
	descGroupItems     = describe("commit_group_items", "Items in one journalled group.")
	descGroupRequests  = describe("commit_group_requests", "Requests that shared one sync.")
	descGroupBytes     = describe("commit_group_bytes", "Journal bytes of one group.")
	descWriterBusy     = describe("writer_busy_seconds_total", "Time the one writer spent applying; its rate is the writer's busy share.")
	descItems          = describe("items_applied_total", "Items applied since the start.")
	descOverloaded     = describe("overloaded_requests_total", "Requests refused because admitted bytes or the queue were full.")
	descInflight       = describe("inflight_bytes", "Bytes of bodies admitted and not yet answered.")
	descQueued         = describe("queue_requests", "Decoded requests that wait for the journal.")
	descSnapshots      = describe("snapshots_total", "Snapshots written since the start.")
	descSnapshotErrors = describe("snapshot_errors_total", "Snapshots that could not be written.")
	descSnapshotTime   = describe("snapshot_seconds_total", "Time spent writing snapshots, beside the writer.")

	descEngineBytes = describe("engine_bytes", "Memory of the engine by structure.", "part")
	descColdPages   = describe("cold_pages", "Pages of 64 KiB: kept on disk only, fetched back for now, memory waiting to be used again.", "where")
	descColdFetches = describe("cold_fetches_total", "Cold pages read back: beside the sync of the group that needs them, or when somebody met them.", "when")
	descColdDropped = describe("cold_pages_dropped_total", "Fetched pages that left memory again.")
	descPeople      = describe("people", "People ever heard of.")
	descTubes       = describe("tubes", "Tubes ever heard of.")
	descTests       = describe("tests", "Places of people in tubes.")
	descResults     = describe("results", "Results of laboratories.")
	descOrders      = describe("recollections_open", "Re-collection orders open now.")
	descPosition    = describe("journal_position", "Position of the last group applied.")

	descProfiles      = describe("profiles", "People that have a profile: a name, a phone.")
	descProfilesTotal = describe("profiles_total", "Profiles that came since the start: written, or the same as stored.", "what")
	descProfileQueue  = describe("profile_queue_bytes", "Profiles taken and not stored yet; past 64 MiB the writer waits.")
	descProfileWaits  = describe("profile_waits_total", "Times that the writer waited for the store of profiles.")

	descRejectsKept    = describe("rejects_kept", "Refused items that wait for somebody to deal with them.")
	descRejectsBytes   = describe("rejects_bytes", "What they take on the disk; a credential has room for 100 MiB.")
	descRejectsDropped = describe("rejects_dropped_total", "Refused items that found no room, since the start: only counted.")
)

func (s *Server) addMetrics() {
	s.registry = prometheus.NewRegistry()
	s.registry.MustRegister(
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		collectors.NewGoCollector(),
		collector{s},
	)
	s.scrape = fasthttpadaptor.NewFastHTTPHandler(s.MetricsHandler())
}

// MetricsHandler serves the same metrics to another listener.
func (s *Server) MetricsHandler() http.Handler {
	return promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{})
}

func (s *Server) getMetrics(_ *Backend, ctx *fasthttp.RequestCtx, _ []byte) *refusal {
	s.scrape(ctx)
	return nil
}

// collector reads the counters when they are asked for. It is unchecked: what it
// sends depends on whether there is a backend yet.
type collector struct{ s *Server }

func (collector) Describe(chan<- *prometheus.Desc) {}

func (c collector) Collect(out chan<- prometheus.Metric) {
	c.collectHTTP(out)
	if b := c.s.backend.Load(); b != nil {
		collectPipeline(out, b)
		collectEngine(out, b)
		collectProfiles(out, b)
		collectRejects(out, b)
	}
}

func (c collector) collectHTTP(out chan<- prometheus.Metric) {
	s := c.s
	collectRoute := func(r *route) {
		total := uint64(0)
		for class := range r.classes {
			if n := r.classes[class].Load(); n > 0 {
				total += n
				out <- counter(descRequests, float64(n), r.method+" "+r.path, string(rune('0'+class))+"xx")
			}
		}
		if total > 0 {
			out <- duration(descSeconds, r.seconds, r.method+" "+r.path)
		}
	}
	for _, r := range s.routes {
		collectRoute(r)
	}
	collectRoute(&s.unknown)
	out <- counter(descTransport, float64(s.connectionErrors.Load()))
	out <- counter(descPanics, float64(s.panics.Load()))
	out <- gauge(descWaiters, float64(s.waiters.Load()))
}

func collectPipeline(out chan<- prometheus.Metric, b *Backend) {
	st := b.Pipeline.Stats()
	out <- duration(descStage, st.Decode, "decode")
	out <- duration(descStage, st.Wait, "wait")
	out <- duration(descStage, st.Sync, "sync")
	out <- duration(descStage, st.Fetch, "fetch")
	out <- duration(descStage, st.Apply, "apply")
	out <- duration(descStage, st.Answer, "answer")
	out <- histogram(descGroupItems, st.GroupItems, 1)
	out <- histogram(descGroupRequests, st.GroupRequests, 1)
	out <- histogram(descGroupBytes, st.GroupBytes, 1)
	out <- counter(descWriterBusy, float64(st.WriterBusyNanos.Load())/1e9)
	out <- counter(descItems, float64(st.Items.Load()))
	out <- counter(descOverloaded, float64(st.Overloaded.Load()))
	out <- gauge(descInflight, float64(b.Pipeline.InflightBytes()))
	out <- gauge(descQueued, float64(b.Pipeline.Queued()))
	out <- counter(descSnapshots, float64(st.Snapshots.Load()))
	out <- counter(descSnapshotErrors, float64(st.SnapshotErrors.Load()))
	out <- counter(descSnapshotTime, float64(st.SnapshotNanos.Load())/1e9)
}

func collectEngine(out chan<- prometheus.Metric, b *Backend) {
	for _, part := range b.Engine.Bytes() {
		out <- gauge(descEngineBytes, float64(part.Bytes), part.Name)
	}
	counts := b.Engine.Counts()
	cold := b.Engine.Cold()
	out <- gauge(descColdPages, float64(cold.Kept), "kept")
	out <- gauge(descColdPages, float64(cold.Fetched), "fetched")
	out <- gauge(descColdPages, float64(cold.Spare), "spare")
	out <- counter(descColdFetches, float64(cold.Prefetched), "ahead")
	out <- counter(descColdFetches, float64(cold.Faulted), "met")
	out <- counter(descColdDropped, float64(cold.Dropped))
	out <- gauge(descPeople, float64(counts.People))
	out <- gauge(descTubes, float64(counts.Tubes))
	out <- gauge(descTests, float64(counts.Tests))
	out <- gauge(descResults, float64(counts.Results))
	out <- gauge(descOrders, float64(counts.OrdersOpen))
	out <- gauge(descPosition, float64(b.Engine.Applied()))
}

func collectProfiles(out chan<- prometheus.Metric, b *Backend) {
	if b.Profiles == nil {
		return
	}
	stats := b.Profiles.Stats()
	out <- gauge(descProfiles, float64(stats.Kept))
	out <- counter(descProfilesTotal, float64(stats.Written), "written")
	out <- counter(descProfilesTotal, float64(stats.Unchanged), "unchanged")
	out <- gauge(descProfileQueue, float64(stats.QueuedBytes))
	out <- counter(descProfileWaits, float64(stats.Waits))
}

func collectRejects(out chan<- prometheus.Metric, b *Backend) {
	if b.Rejects == nil {
		return
	}
	kept, bytes, dropped := b.Rejects.Counts()
	out <- gauge(descRejectsKept, float64(kept))
	out <- gauge(descRejectsBytes, float64(bytes))
	out <- counter(descRejectsDropped, float64(dropped))
}

func counter(d *prometheus.Desc, v float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
}

func gauge(d *prometheus.Desc, v float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func duration(d *prometheus.Desc, h *ingest.Histogram, labels ...string) prometheus.Metric {
	return histogram(d, h, 1e9, labels...)
}

func histogram(d *prometheus.Desc, h *ingest.Histogram, unit float64, labels ...string) prometheus.Metric {
	buckets := map[float64]uint64{}
	total, sum := h.Each(func(bound, cumulative uint64) { buckets[float64(bound)/unit] = cumulative })
	return prometheus.MustNewConstHistogram(d, total, float64(sum)/unit, buckets, labels...)
}
