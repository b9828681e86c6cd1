package loadtest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// ReadFigures of single statuses, against an empty route of the same server whose
// answer is as long, in alternating half-seconds.
type ReadFigures struct {
	ServerCPU      float64 `json:"server_cpu_us_per_read"`
	ReadsPerSecond float64 `json:"reads_per_second"`
	EmptyCPU       float64 `json:"empty_cpu_us_per_read"`
	EmptyPerSecond float64 `json:"empty_reads_per_second"`
	Ratio          float64 `json:"ratio"` // of the rates
	AnswerBytes    int     `json:"answer_bytes"`
}

// BulkFigures of POST /v1/status with 10,000 random people.
type BulkFigures struct {
	ServerCPU       float64 `json:"server_cpu_us_per_person"`
	PeoplePerSecond float64 `json:"people_per_second"`
}

const (
	readTurns    = 6 // of each kind
	readTurn     = 500 * time.Millisecond
	bulkDuration = 2 * time.Second
	readPaths    = 4096 // requests encoded before the clock starts
)

// reads measures reading, checks everybody, and kills the server at the end.
func (b *benchRun) reads(ctx context.Context, server *Server) error {
	b.print("\nReading what the day left")
	if err := b.single(ctx, server); err != nil {
		return err
	}
	if err := b.bulk(ctx, server); err != nil {
		return err
	}
	check := &Checker{City: b.city, Addr: server.Addr, Connections: 2, At: judgedAt}
	bar := showProgress(b.Terminal, "check", int64(b.People), check.People.Load)
	err := check.Run(ctx)
	bar.end()
	if err != nil {
		return err
	}
	b.report.Differences = check.Differences.Load()
	b.print("  oracle                     %d people checked, %d differences", check.People.Load(), b.report.Differences)
	for _, s := range check.Shown() {
		b.print("    differs  %s", s)
	}
	if err := server.Kill(); err != nil {
		return err
	}
	took, err := server.Start(ctx)
	if err != nil {
		return err
	}
	b.report.Ready = took.Seconds()
	b.print("  kill -9 to ready           %.2f s", b.report.Ready)
	return nil
}

// single alternates half-seconds of statuses and of empty answers.
func (b *benchRun) single(ctx context.Context, server *Server) error {
	random := newShuffle(uint64(b.People), b.Seed+1)
	paths := make([]string, 0, min(readPaths, b.People))
	for i := range uint64(cap(paths)) {
		paths = append(paths, "/v1/people/"+string(appendPerson(nil, uint32(random.at(i))))+"/status")
	}
	probe := newClient(server.Addr)
	a, err := probe.get(paths[0])
	probe.close()
	if err != nil || a.status != 200 {
		return fmt.Errorf("cannot read a status: got status %d, error %v; want 200", a.status, err)
	}
	f := &b.report.Single
	f.AnswerBytes = len(a.body)
	empty := []string{fmt.Sprintf("/bench/empty?n=%d", f.AnswerBytes)}
	var reads, empties turnSum
	for range readTurns {
		if err := reads.turn(ctx, server, paths); err != nil {
			return err
		}
		if err := empties.turn(ctx, server, empty); err != nil {
			return err
		}
	}
	f.ServerCPU, f.ReadsPerSecond = reads.figures()
	f.EmptyCPU, f.EmptyPerSecond = empties.figures()
	f.Ratio = f.ReadsPerSecond / f.EmptyPerSecond
	b.print("  single status              server %.2f µs CPU a read, %.0f reads/s; empty GET of %d bytes %.2f µs, %.0f/s; ratio %.2f",
		f.ServerCPU, f.ReadsPerSecond, f.AnswerBytes, f.EmptyCPU, f.EmptyPerSecond, f.Ratio)
	return nil
}

// turnSum adds up turns of one kind.
type turnSum struct {
	requests int64
	cpu      time.Duration
	wall     time.Duration
}

func (t *turnSum) figures() (cpuMicros, perSecond float64) {
	n := float64(max(t.requests, 1))
	return float64(t.cpu.Microseconds()) / n, n / t.wall.Seconds()
}

// turn asks for the paths in a closed loop for half a second.
func (t *turnSum) turn(ctx context.Context, server *Server, paths []string) error {
	clients := make([]*client, benchConnections)
	for i := range clients {
		clients[i] = newClient(server.Addr)
		defer clients[i].close()
		if _, err := clients[i].get(paths[0]); err != nil { // connected before the clock starts
			return err
		}
	}
	var count atomic.Int64
	cpu, began := server.CPU(), time.Now()
	err := inParallel(benchConnections, func(i int) error {
		n := int64(0)
		defer func() { count.Add(n) }()
		for at := i * 257; time.Since(began) < readTurn && ctx.Err() == nil; at++ {
			a, err := clients[i].get(paths[at%len(paths)])
			if err != nil {
				return err
			}
			if a.status != 200 {
				return fmt.Errorf("cannot read: got status %d; want 200", a.status)
			}
			n++
		}
		return nil
	})
	t.wall += time.Since(began)
	t.cpu += server.CPU() - cpu
	t.requests += count.Load()
	return err
}

// inParallel runs work n times at once and returns the first error.
func inParallel(n int, work func(int) error) error {
	var wg sync.WaitGroup
	errs := make(chan error, n)
	for i := range n {
		wg.Go(func() {
			if err := work(i); err != nil {
				errs <- err
			}
		})
	}
	wg.Wait()
	close(errs)
	return <-errs
}

// bulk asks for random people, 10,000 a request, for two seconds.
func (b *benchRun) bulk(ctx context.Context, server *Server) error {
	random := newShuffle(uint64(b.People), b.Seed+2)
	people := min(statusPeopleMax, b.People)
	const connections = 2
	bodies := make([][]byte, connections)
	for i := range bodies {
		body := append(make([]byte, headRoom), `{"people":["`...)
		for k := range people {
			if k > 0 {
				body = append(body, `","`...)
			}
			body = appendPerson(body, uint32(random.at(uint64(i*people+k)%uint64(b.People))))
		}
		bodies[i] = append(body, `"]}`...)
	}
	var count atomic.Int64
	cpu, began := server.CPU(), time.Now()
	err := inParallel(connections, func(i int) error {
		client := newClient(server.Addr)
		defer client.close()
		for time.Since(began) < bulkDuration && ctx.Err() == nil {
			a, err := client.post("/v1/status", "application/json", bodies[i])
			if err != nil {
				return err
			}
			if a.status != 200 {
				return fmt.Errorf("cannot read statuses: got status %d (%s); want 200", a.status, errorCode(a.body))
			}
			count.Add(int64(people))
		}
		return nil
	})
	if err != nil {
		return err
	}
	n := float64(max(count.Load(), 1))
	f := &b.report.Bulk
	f.PeoplePerSecond = n / time.Since(began).Seconds()
	f.ServerCPU = float64((server.CPU() - cpu).Microseconds()) / n
	b.print("  bulk status of %d      server %.2f µs CPU a person, %.2f M people/s", people, f.ServerCPU, f.PeoplePerSecond/1e6)
	return nil
}

func sortedKeys(m map[string]float64) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// growsWith tells what a part of the engine grows with: person, scan, or neither.
func growsWith(part string) string {
	if strings.HasPrefix(part, "person") {
		return "person"
	}
	for _, prefix := range []string{"test", "member", "place", "tube"} {
		if strings.HasPrefix(part, prefix) {
			return "scan"
		}
	}
	return ""
}
