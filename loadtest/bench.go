package loadtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"time"
)

// BenchConfig says what to measure.
type BenchConfig struct {
	ServerPath  string
	ServerFlags []string
	People      int
	Seed        uint64
	Out         io.Writer // the table
	Terminal    io.Writer // progress; nil for none
}

// BenchReport holds all figures of a run.
type BenchReport struct {
	People      int                `json:"people"`
	Yardsticks  Yardsticks         `json:"yardsticks"`
	Site        WriteFigures       `json:"site_order"`
	Random      WriteFigures       `json:"random_order"`
	Delayed     WriteFigures       `json:"sync_delay_2ms"`
	Full        WriteFigures       `json:"full_lines"`
	Single      ReadFigures        `json:"single_status"`
	Bulk        BulkFigures        `json:"bulk_status"`
	Ready       float64            `json:"kill_to_ready_seconds"`
	RSS         int64              `json:"server_rss_bytes"`
	EngineBytes map[string]float64 `json:"engine_bytes"`
	BytesPerson float64            `json:"engine_bytes_per_person"` // parts of people
	BytesScan   float64            `json:"engine_bytes_per_scan"`   // parts of tubes and tests
	BytesOther  float64            `json:"engine_bytes_other"`      // the rest: holds, orders, names; divided by people
	Differences int64              `json:"differences"`
}

// WriteFigures of one replayed day, results included.
type WriteFigures struct {
	ServerCPU      float64 `json:"server_cpu_us_per_scan"`
	ScansPerSecond float64 `json:"scans_per_second"`
	GeneratorCPU   float64 `json:"generator_cpu_us_per_scan"`
	Seconds        float64 `json:"seconds"`
	RSS            int64   `json:"server_rss_bytes"`
}

// benchRun is a bench on the way.
type benchRun struct {
	BenchConfig
	report BenchReport
	city   *City
}

const (
	benchConnections = 64 // with and without the delay, so that the two compare
	benchBatch       = 1000
	benchDelay       = "2ms"
	emptyPeopleMax   = 2_000_000 // scans of the empty POST: enough for a second
)

// RunBench measures, printing one line after another.
func RunBench(ctx context.Context, c BenchConfig) (*BenchReport, error) {
	city, err := NewCity(Plan{People: c.People, Seed: c.Seed, Prevalence: 0.0012, Plain: true, Day: dayEnding(time.Now(), dayHours)})
	if err != nil {
		return nil, err
	}
	b := &benchRun{BenchConfig: c, city: city}
	b.report.People = c.People
	for _, step := range []func(context.Context) error{b.yardsticks, b.siteOrder, b.randomOrder, b.delayed, b.fullLines} {
		if err := step(ctx); err != nil {
			return &b.report, err
		}
	}
	return &b.report, nil
}

func (b *benchRun) print(format string, values ...any) { fmt.Fprintf(b.Out, format+"\n", values...) }

// withServer runs work against a fresh server of its own.
func (b *benchRun) withServer(ctx context.Context, flags []string, work func(*Server) error) error {
	server, err := StartServer(ctx, b.ServerPath, append(append([]string{"--bench-routes"}, flags...), b.ServerFlags...))
	if err != nil {
		return err
	}
	err = work(server)
	return errors.Join(err, server.Stop())
}

func (b *benchRun) yardsticks(ctx context.Context) (err error) {
	y := &b.report.Yardsticks
	dir, err := os.MkdirTemp("", "loadtest-")
	if err != nil {
		return fmt.Errorf("cannot make a directory: %w", err)
	}
	defer os.RemoveAll(dir)
	if y.FsyncP50, y.FsyncP99, err = measureFsync(dir); err != nil {
		return err
	}
	y.RandomLoad = measureRandomLoad()
	debug.FreeOSMemory() // the gibibyte is the server's now
	b.print("Yardsticks of this machine, now")
	b.print("  fsync of 64 KB             p50 %.2f ms, p99 %.2f ms", y.FsyncP50, y.FsyncP99)
	b.print("  random load from 1 GiB     %.1f ns", y.RandomLoad)
	return b.withServer(ctx, nil, b.emptyPost(ctx))
}

// emptyPost sends the batches of the day to a route that takes them and does nothing.
func (b *benchRun) emptyPost(ctx context.Context) func(*Server) error {
	return func(server *Server) error {
		y := &b.report.Yardsticks
		r := b.replayer(server, BySite, benchConnections)
		r.Path = "/bench/empty"
		var units []*unit
		people := 0
		for _, u := range b.city.schedule(BySite, gapFor(benchConnections, benchBatch)) {
			if u.phase == phaseScan && people < emptyPeopleMax {
				u.after = nil
				units = append(units, u)
				people += int(u.tubes.to-u.tubes.from) * tubeCapacity
			}
		}
		cpu, own, began := server.CPU(), ownCPU(), time.Now()
		if err := r.Run(ctx, units); err != nil {
			return err
		}
		n := float64(max(r.Scans.Load(), 1))
		y.EmptyRate = n / time.Since(began).Seconds()
		y.EmptyCPU = float64((server.CPU() - cpu).Microseconds()) / n
		y.EmptyOwnCPU = float64((ownCPU() - own).Microseconds()) / n
		b.print("  empty POST of the batches  server %.2f µs CPU a scan, %.2f M scans/s, generator %.2f µs CPU a scan", y.EmptyCPU, y.EmptyRate/1e6, y.EmptyOwnCPU)
		return nil
	}
}

func (b *benchRun) replayer(server *Server, order Order, connections int) *Replayer {
	return &Replayer{City: b.city, Addr: server.Addr, Order: order, Batch: benchBatch, Connections: connections, Patience: time.Minute}
}

// write replays the whole day and prints its line.
func (b *benchRun) write(ctx context.Context, server *Server, order Order, connections int, name string, w *WriteFigures) error {
	c := DayConfig{Plan: b.city.plan, Order: order, Batch: benchBatch, Connections: connections, Patience: time.Minute, Addr: server.Addr, Terminal: b.Terminal}
	r := &DayReport{People: int64(b.People)}
	if err := replayDay(ctx, &c, b.city, server, r); err != nil {
		return err
	}
	if r.Rejected > 0 {
		return fmt.Errorf("cannot measure %s: got %d rejected items (%v); want none", name, r.Rejected, r.Rejects)
	}
	rss, err := server.Resident()
	*w = WriteFigures{r.ServerCPU, r.ScansPerSecond, r.GeneratorCPU, r.Seconds, rss}
	b.print("  %-26s server %.2f µs CPU a scan, %.2f M scans/s, generator %.2f µs CPU a scan, RSS %.0f MiB", name,
		w.ServerCPU, w.ScansPerSecond/1e6, w.GeneratorCPU, float64(rss)/(1<<20))
	return err
}

func (b *benchRun) siteOrder(ctx context.Context) error {
	b.print("\nA day of %d people, batches of %d, every item synced, results included", b.People, benchBatch)
	return b.withServer(ctx, nil, func(server *Server) error {
		name := fmt.Sprintf("site order, %d connections", benchConnections)
		if err := b.write(ctx, server, BySite, benchConnections, name, &b.report.Site); err != nil {
			return err
		}
		b.account(server)
		return b.reads(ctx, server)
	})
}

func (b *benchRun) randomOrder(ctx context.Context) error {
	b.print("\nThe same day on a fresh server")
	return b.withServer(ctx, nil, func(server *Server) error {
		return b.write(ctx, server, Random, benchConnections, "random order", &b.report.Random)
	})
}

func (b *benchRun) delayed(ctx context.Context) error {
	return b.withServer(ctx, []string{"--sync-delay", benchDelay}, func(server *Server) error {
		name := fmt.Sprintf("%s syncs, %d conns", benchDelay, benchConnections)
		return b.write(ctx, server, BySite, benchConnections, name, &b.report.Delayed)
	})
}

// fullLines replays the day in site order with the name, phone and area of everybody.
func (b *benchRun) fullLines(ctx context.Context) error {
	plain := b.city
	defer func() { b.city = plain }()
	plan := plain.plan
	plan.Full = true
	var err error
	if b.city, err = NewCity(plan); err != nil {
		return err
	}
	return b.withServer(ctx, nil, func(server *Server) error {
		return b.write(ctx, server, BySite, benchConnections, "names, phones, areas", &b.report.Full)
	})
}

// account prints what the server says its engine holds. A day has one scan a person,
// so every part is divided by the same number.
func (b *benchRun) account(server *Server) {
	metrics, err := readMetrics(server.Addr)
	if err != nil {
		b.print("  engine's account           none: %v", err)
		return
	}
	b.report.RSS = b.report.Site.RSS
	b.report.EngineBytes = engineBytes(metrics)
	people := float64(b.People)
	for _, name := range sortedKeys(b.report.EngineBytes) {
		v := b.report.EngineBytes[name]
		b.print("    engine %-17s %10.0f bytes, %.2f a person", name, v, v/people)
		switch growsWith(name) {
		case "person":
			b.report.BytesPerson += v / people
		case "scan":
			b.report.BytesScan += v / people
		default:
			b.report.BytesOther += v / people
		}
	}
	b.print("  engine's account           %.1f bytes a person, %.1f a scan, %.1f for holds, orders and names", b.report.BytesPerson, b.report.BytesScan, b.report.BytesOther)
}
