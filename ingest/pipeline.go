package ingest

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"poolwise/engine"
)

// HashCheck is the engine's state hash at a position, carried by a later journal
// record. Its zero value says nothing.
type HashCheck struct {
	At   engine.Position
	Hash uint64
}

// Journal is where groups become durable.
type Journal interface {
	// Append stores one group and returns after it is synced. One caller at a time.
	Append(payload []byte, check HashCheck) (engine.Position, error)
	// Last is the newest position, 0 when there is none.
	Last() engine.Position
	// Replay calls fn for every record after a position, in order; payload is valid during the call.
	Replay(after engine.Position, fn func(pos engine.Position, payload []byte, check HashCheck) error) error
}

// Feed takes the changes of each group, in order, and wakes its readers once.
type Feed interface {
	Append(pos engine.Position, changes *engine.Changes)
}

// SnapshotWriter takes one snapshot, page by page.
type SnapshotWriter interface {
	Page(column uint8, page uint32, data []byte) error
	Commit(meta []byte) error
	Abort()
}

// ColdWriter is a SnapshotWriter of a store that keeps cold pages too: they leave the
// snapshots for good, and come by column and page, ascending. Without it an engine must
// not let pages go cold.
type ColdWriter interface {
	Cold(column uint8, page uint32, data []byte) error
}

// Snapshots stores pictures of the engine. Load returns the position of the newest
// complete one after its pages were given out, 0 when there is none.
type Snapshots interface {
	Create(at engine.Position) (SnapshotWriter, error)
	Load(meta func(at engine.Position, meta []byte) error, page func(column uint8, page uint32, data []byte) error) (engine.Position, error)
}

// Profiles keeps what names people. It rides in the journal sealed under its retention
// class, a round, and reaches its store behind the rules.
type Profiles interface {
	// Seal appends plain, sealed under a class, to dst. Any goroutine.
	Seal(dst []byte, class string, plain []byte) ([]byte, error)
	// Take keeps what an applied batch holds of profiles: its Private and, of each row, Who
	// and Outcome. It copies. The writer, in order of positions; also from a replay, which
	// may bring what is kept already.
	Take(pos engine.Position, b *engine.Batch)
}

// Machine is the engine as the pipeline drives it; see engine.Engine.
type Machine interface {
	Apply(pos engine.Position, group []*engine.Batch, out *engine.Changes)
	Applied() engine.Position
	StateHash() uint64
	Room() bool
	Classes
	HasCold() bool
	Needs(group []*engine.Batch, run func(jobs []func()))
	DryRun(b *engine.Batch) (fits bool)
	WarmDryRun(b *engine.Batch, run func(jobs []func()))
	Tidy(received engine.Seconds)
	Crowded() <-chan struct{}
	WantsSnapshot() bool
	BeginSnapshot(copies int) *engine.Snapshot
	EndSnapshot()
	LoadMeta(at engine.Position, meta []byte) error
	LoadPage(column uint8, page uint32, data []byte) error
	FinishLoad(run func(jobs []func())) error
}

var _ Machine = (*engine.Engine)(nil)

// PipelineConfig is what a pipeline is made of. Zero numbers mean the defaults of limits.
type PipelineConfig struct {
	Machine   Machine
	Journal   Journal
	Feed      Feed
	Snapshots Snapshots
	Profiles  Profiles // nil: they are dropped

	InflightBytes int64
	QueueRequests int
	HashEvery     uint64
	SnapshotTests uint64
	SnapshotBytes uint64

	// Logf reports what an operator should know; never content.
	Logf func(format string, args ...any)
	// Fatal ends the process. When it returns (in tests), every request gets ErrStopped.
	Fatal func(err error)
}

// Pipeline is the order of a commit: decode, journal, sync, apply, answer.
//
//	handlers (many)   read the body, decode it in place, encode the batch for the
//	                  journal, submit, wait, answer
//	gatherer (one)    collects submitted requests into one group, journals and syncs
//	                  it, hands it to the writer, and goes on with the next
//	fetcher (one)     meanwhile has the engine fetch what the group will touch and
//	                  has gone cold
//	writer (one)      applies the group, gives its changes to the feed, wakes the
//	                  requests, begins a snapshot when one is due; between two groups
//	                  it tries out a dry run
//
// The engine changes only from synced groups, so no reader can see what a crash
// takes back, and a replay of the journal computes every answer again. There is no
// timer: a group is whatever came while the one before was synced and applied, so
// groups grow with the load and a lone request waits for nobody.
//
// There are two group records: while the writer has one and the gatherer the other,
// a further group has to wait. That bounds memory and is the back-pressure: the
// queue fills, then submitting fails with ErrOverloaded, then Admit does.
//
// A request that was submitted is carried out whether or not its client still
// listens. An error of the journal, or a panic of the rules, ends the process: what
// is durable but not applied is applied by the next start.
type Pipeline struct {
	cfg      PipelineConfig
	stats    *Stats
	start    time.Time
	decoders chan *Decoder // one a processor: who holds one decodes

	inflight atomic.Int64

	closing sync.RWMutex // guards closed and the closing of queue
	closed  bool
	queue   chan *Request

	free    chan *group
	groups  chan *group
	cold    chan *group   // to the fetcher
	fetched chan struct{} // from the fetcher
	written chan struct{} // closed when the writer has ended
	dead    atomic.Bool

	dryPlaces chan struct{} // of the dry runs under way or waiting
	dryTurn   sync.Mutex    // held by the one under way
	dry       chan *Request // to the writer

	pending atomic.Pointer[HashCheck] // for the next journal record

	// The writer's own (before Start the recovering goroutine's).
	changes    engine.Changes
	sinceTests uint64
	sinceBytes uint64

	marked       bool        // the engine marks pages for a snapshot
	copying      atomic.Bool // the copier is at work
	failed       atomic.Bool // the last snapshot failed: none before its turn
	copier       sync.WaitGroup
	lastSnapshot atomic.Uint64
}

// NewPipeline prepares a pipeline: then Recover, then Start.
func NewPipeline(cfg PipelineConfig) *Pipeline {
	if cfg.InflightBytes == 0 {
		cfg.InflightBytes = InflightBytesDefault
	}
	if cfg.QueueRequests == 0 {
		cfg.QueueRequests = queueRequestsMax
	}
	if cfg.HashEvery == 0 {
		cfg.HashEvery = HashEveryDefault
	}
	if cfg.SnapshotTests == 0 {
		cfg.SnapshotTests = SnapshotTestsDefault
	}
	if cfg.SnapshotBytes == 0 {
		cfg.SnapshotBytes = SnapshotBytesDefault
	}
	p := &Pipeline{
		cfg: cfg, stats: newStats(), start: time.Now(),
		decoders: make(chan *Decoder, runtime.GOMAXPROCS(0)),
		queue:    make(chan *Request, cfg.QueueRequests),
		free:     make(chan *group, groupsInFlight),
		groups:   make(chan *group, groupsInFlight),
		cold:     make(chan *group),
		fetched:  make(chan struct{}),
		written:  make(chan struct{}),

		dryPlaces: make(chan struct{}, dryRunsMax),
		dry:       make(chan *Request),
	}
	for range cap(p.decoders) {
		p.decoders <- NewDecoder()
	}
	for range groupsInFlight {
		p.free <- new(group)
	}
	return p
}

// Start begins to take requests. REQUIRES: Recover has returned without an error.
func (p *Pipeline) Start() {
	go p.gather()
	go p.fetch()
	go p.write()
}

// Close finishes what was submitted, ends with a snapshot when there is anything
// new, and returns when all is durable. Requests that come later get ErrStopped.
func (p *Pipeline) Close() error {
	p.closing.Lock()
	already := p.closed
	p.closed = true
	if !already {
		close(p.queue)
	}
	p.closing.Unlock()
	<-p.written
	p.copier.Wait()
	if already || p.dead.Load() {
		return nil
	}
	p.endSnapshot()
	if uint64(p.cfg.Machine.Applied()) == p.lastSnapshot.Load() {
		return nil
	}
	err := p.copySnapshot(p.cfg.Machine.BeginSnapshot(0))
	p.cfg.Machine.EndSnapshot()
	if err != nil {
		return fmt.Errorf("cannot end with a snapshot: %w", err)
	}
	return nil
}

// Admit reserves room for a body before it is read. It fails when more would be in
// flight than may be; a body larger than all there may be is admitted alone.
func (p *Pipeline) Admit(bytes int64) bool {
	for {
		used := p.inflight.Load()
		if used > 0 && used+bytes > p.cfg.InflightBytes {
			p.stats.Overloaded.Add(1)
			return false
		}
		if p.inflight.CompareAndSwap(used, used+bytes) {
			return true
		}
	}
}

// Release gives back what Admit reserved.
func (p *Pipeline) Release(bytes int64) { p.inflight.Add(-bytes) }

// InflightBytes are reserved at this moment.
func (p *Pipeline) InflightBytes() int64 { return p.inflight.Load() }

// Queued is the number of decoded requests that wait for the gatherer.
func (p *Pipeline) Queued() int { return len(p.queue) }

// Stats are the timers and counters.
func (p *Pipeline) Stats() *Stats { return p.stats }

func (p *Pipeline) now() int64 { return int64(time.Since(p.start)) }

// die reports an error that ends the process.
func (p *Pipeline) die(err error) {
	p.dead.Store(true)
	p.cfg.Fatal(err)
}
