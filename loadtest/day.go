package loadtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// DayConfig says how to play a day. Exactly one of Addr and ServerPath is set.
type DayConfig struct {
	Plan        Plan
	Order       Order
	Batch       int // items of a request
	Connections int
	Patience    time.Duration
	Addr        string   // a server that runs
	ServerPath  string   // a program to start
	ServerFlags []string // more flags for it
	Kills       int      // kill -9 so many times on the way; needs ServerPath
	Terminal    io.Writer
}

// dayHours after the base day's midnight nothing is left to happen or to judge.
const dayHours = int(judgedAt/3600) + 1

func (c *DayConfig) validate() error {
	var errs []error
	want := func(ok bool, format string, values ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("cannot play the day: "+format, values...))
		}
	}
	want((c.Addr == "") != (c.ServerPath == ""), "got --target %q and --server %q; want one of them", c.Addr, c.ServerPath)
	want(c.Batch >= 1 && c.Batch <= batchMax, "got batches of %d; want 1 to %d", c.Batch, batchMax)
	want(c.Connections >= 1 && c.Connections <= connectionsMax, "got %d connections; want 1 to %d", c.Connections, connectionsMax)
	want(c.Kills >= 0 && (c.Kills == 0 || c.ServerPath != ""), "got %d kills; want 0, or --server", c.Kills)
	return errors.Join(errs...)
}

// DayReport is what a day came to: the object of --json.
type DayReport struct {
	People         int64            `json:"people"`
	Seed           uint64           `json:"seed"`
	Order          Order            `json:"order"`
	Day            string           `json:"day"`
	Batch          int              `json:"batch"`
	Connections    int              `json:"connections"`
	Scans          int64            `json:"scans"`
	Results        int64            `json:"results"`
	Others         int64            `json:"other_events"`
	Duplicates     int64            `json:"duplicates"`
	Rejected       int64            `json:"rejected"`
	Retries        int64            `json:"retries"`
	Plain          bool             `json:"plain"`
	Roster         int64            `json:"roster"` // people registered before the day
	RosterSeconds  float64          `json:"roster_seconds"`
	Seconds        float64          `json:"seconds"`
	ScansPerSecond float64          `json:"scans_per_second"`
	CheckSeconds   float64          `json:"check_seconds"`
	Differences    int64            `json:"differences"`
	Orders         int64            `json:"orders_checked"`
	Places         int64            `json:"areas_checked"` // areas and rounds of which coverage was compared
	States         map[string]int64 `json:"states"`
	GeneratorCPU   float64          `json:"generator_cpu_us_per_scan"`
	ServerCPU      float64          `json:"server_cpu_us_per_scan,omitempty"`
	ServerRSS      int64            `json:"server_rss_bytes"`
	Restarts       []float64        `json:"restart_seconds,omitempty"`

	Shown   []string `json:"-"`
	Rejects []string `json:"-"`
}

// OK tells whether nothing differed and nothing was refused.
func (r *DayReport) OK() bool { return r.Differences == 0 && r.Rejected == 0 }

// RunDay makes the city, replays its day, and checks every status.
func RunDay(ctx context.Context, c DayConfig) (*DayReport, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	if c.Plan.Day.IsZero() {
		c.Plan.Day = dayEnding(time.Now(), dayHours)
	}
	city, err := NewCity(c.Plan)
	if err != nil {
		return nil, err
	}
	if c.ServerPath == "" {
		return playDay(ctx, &c, city, nil)
	}
	server, err := StartServer(ctx, c.ServerPath, c.ServerFlags)
	if err != nil {
		return nil, err
	}
	c.Addr = server.Addr
	r, err := playDay(ctx, &c, city, server)
	return r, errors.Join(err, server.Stop())
}

// playDay replays and checks against a server that runs; server is nil if it is not ours.
func playDay(ctx context.Context, c *DayConfig, city *City, server *Server) (*DayReport, error) {
	if err := refuseUsed(city, c.Addr); err != nil {
		return nil, err
	}
	r := &DayReport{People: int64(city.plan.People), Seed: city.plan.Seed, Order: c.Order, Batch: c.Batch,
		Connections: c.Connections, Plain: city.plan.Plain, Day: city.clock.midnight.Format(time.DateOnly)}
	if err := prepareDay(ctx, c, city, r); err != nil {
		return r, err
	}
	if err := replayDay(ctx, c, city, server, r); err != nil {
		return r, err
	}
	if server != nil {
		r.ServerRSS, _ = server.Resident()
	} else if m, err := readMetrics(c.Addr); err == nil {
		r.ServerRSS = int64(m["process_resident_memory_bytes"])
	}
	began := time.Now()
	check := &Checker{City: city, Addr: c.Addr, Connections: min(c.Connections, 4), At: judgedAt}
	bar := showProgress(c.Terminal, "check", r.People, check.People.Load)
	err := check.Run(ctx)
	bar.end()
	r.CheckSeconds = time.Since(began).Seconds()
	r.Differences, r.Shown = check.Differences.Load(), check.Shown()
	r.Orders, r.Places = check.Orders.Load(), check.Places.Load()
	r.States = map[string]int64{}
	for i, name := range stateNames {
		r.States[name] = check.States[i].Load()
	}
	return r, err
}

// prepareDay puts the master data, before the clock of the day starts.
func prepareDay(ctx context.Context, c *DayConfig, city *City, r *DayReport) error {
	p := &preparation{replay: &Replayer{City: city, Addr: c.Addr, Connections: c.Connections, Patience: c.Patience}}
	bar := showProgress(c.Terminal, "roster", r.People, p.People.Load)
	began := time.Now()
	err := p.run(ctx)
	bar.end()
	r.Roster, r.RosterSeconds = p.People.Load(), time.Since(began).Seconds()
	r.Rejected, r.Rejects = p.replay.Rejected.Load(), p.replay.Rejects()
	return err
}

// replayDay sends the day and measures it.
func replayDay(ctx context.Context, c *DayConfig, city *City, server *Server, r *DayReport) error {
	replay := &Replayer{City: city, Addr: c.Addr, Order: c.Order, Batch: c.Batch, Connections: c.Connections,
		Patience: c.Patience, Twice: !city.plan.Calm}
	units := city.schedule(c.Order, gapFor(c.Connections, c.Batch))
	replay.prepare(units)
	bar := showProgress(c.Terminal, "replay", r.People, replay.Scans.Load)
	var serverBefore time.Duration
	if server != nil {
		serverBefore = server.CPU()
	}
	own, began := ownCPU(), time.Now()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var killing sync.WaitGroup
	var over atomic.Bool
	var killErr error
	if c.Kills > 0 {
		killing.Go(func() {
			if killErr = killOnTheWay(ctx, server, c.Kills, r, replay, &over); killErr != nil {
				cancel(killErr)
			}
		})
	}
	err := replay.Run(ctx, units)
	elapsed := time.Since(began)
	over.Store(true)
	killing.Wait()
	bar.end()
	r.Scans, r.Results, r.Others = replay.Scans.Load(), replay.Results.Load(), replay.Others.Load()
	r.Duplicates, r.Rejected, r.Retries = replay.Duplicates.Load(), replay.Rejected.Load(), replay.Retries.Load()
	r.Rejects = replay.Rejects()
	r.Seconds = elapsed.Seconds()
	scans := float64(max(r.Scans, 1))
	r.ScansPerSecond = scans / r.Seconds
	r.GeneratorCPU = float64((ownCPU() - own).Microseconds()) / scans
	if server != nil {
		r.ServerCPU = float64((server.CPU() - serverBefore).Microseconds()) / scans
	}
	if err == nil {
		err = killErr
	}
	return err
}

// itemsPerPerson is about how many items of all kinds a day has for one person:
// the scan, a tenth of a result and of a tube.close, and the aftermath.
const itemsPerPerson = 1.2

// killOnTheWay kills the server at evenly spaced points of the day and starts it again.
func killOnTheWay(ctx context.Context, server *Server, kills int, r *DayReport, replay *Replayer, over *atomic.Bool) error {
	for k := 1; k <= kills; k++ {
		point := int64(float64(r.People) * itemsPerPerson * float64(k) / float64(kills+1))
		for replay.Received.Load() < point {
			if over.Load() {
				return fmt.Errorf("cannot kill the server %d times: got the end of the replay first; want more people", kills)
			}
			if err := pauseFor(ctx, time.Millisecond); err != nil {
				return err
			}
		}
		if err := server.Kill(); err != nil {
			return err
		}
		took, err := server.Start(ctx)
		if err != nil {
			return err
		}
		r.Restarts = append(r.Restarts, took.Seconds())
	}
	return nil
}

// refuseUsed makes sure that the server does not know this city yet: an oracle of
// one day cannot judge two.
func refuseUsed(city *City, addr string) error {
	client := newClient(addr)
	defer client.close()
	body := append(make([]byte, headRoom), `{"people":["`...)
	body = append(appendPerson(body, 0), `"]}`...)
	a, err := client.post("/v1/status", "application/json", body)
	if err != nil {
		return fmt.Errorf("cannot reach the server: %w", err)
	}
	if a.status != 200 {
		return fmt.Errorf("cannot ask for a status: got status %d (%s); want 200", a.status, errorCode(a.body))
	}
	var w wireStatus
	if err := readStatus(a.body, &w); err != nil {
		return err
	}
	if string(w.state) != "unknown" {
		return fmt.Errorf("cannot play the day: got a server that knows its people already (one is %s); want fresh data", w.state)
	}
	return nil
}

// Print writes the summary for people.
func (r *DayReport) Print(w io.Writer) {
	fmt.Fprintf(w, "A day of %d people (%s, seed %d, %s order, batches of %d, %d connections)\n", r.People, r.Day, r.Seed, r.Order, r.Batch, r.Connections)
	if !r.Plain {
		fmt.Fprintf(w, "  roster    %d people in %.2f s\n", r.Roster, r.RosterSeconds)
	}
	fmt.Fprintf(w, "  sent      %d scans, %d results, %d other events in %.2f s: %.0f scans/s\n", r.Scans, r.Results, r.Others, r.Seconds, r.ScansPerSecond)
	fmt.Fprintf(w, "  answered  %d duplicates, %d rejected, %d batches sent again\n", r.Duplicates, r.Rejected, r.Retries)
	fmt.Fprintf(w, "  CPU       generator %.2f µs a scan", r.GeneratorCPU)
	if r.ServerCPU > 0 {
		fmt.Fprintf(w, ", server %.2f µs a scan", r.ServerCPU)
	}
	fmt.Fprintf(w, "\n  memory    server %.0f MiB resident\n", float64(r.ServerRSS)/(1<<20))
	for i, s := range r.Restarts {
		fmt.Fprintf(w, "  kill -9   %d: ready again after %.2f s\n", i+1, s)
	}
	fmt.Fprintf(w, "  expected ")
	for _, name := range stateNames {
		fmt.Fprintf(w, " %d %s", r.States[name], name)
	}
	fmt.Fprintf(w, "\n  checked   %d open orders, coverage of %d areas: %d differences in all (%.1f s)\n", r.Orders, r.Places, r.Differences, r.CheckSeconds)
	for _, s := range r.Rejects {
		fmt.Fprintf(w, "    rejected  %s\n", s)
	}
	for _, s := range r.Shown {
		fmt.Fprintf(w, "    differs   %s\n", s)
	}
}
