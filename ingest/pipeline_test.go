package ingest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"poolwise/engine"
)

// heapPages is an engine.Allocator on the Go heap.
type heapPages struct{}

func (heapPages) Page() []byte { return make([]byte, engine.PageBytes) }

func newEngine() *engine.Engine {
	return engine.New(engine.Config{PoolCapacity: 10, Window: 48 * 3600, Recollect: 6 * 3600}, heapPages{})
}

type memoryRecord struct {
	payload []byte
	check   HashCheck
}

// memoryJournal is a Journal without a disk. A test may hold or fail its syncs.
type memoryJournal struct {
	mu      sync.Mutex
	records []memoryRecord
	forget  bool          // keep nothing but the count: for allocation tests
	hold    chan struct{} // when set, each Append takes one
	entered chan struct{} // when set, told when an Append begins
	fail    error
	count   int
}

func (j *memoryJournal) Append(payload []byte, check HashCheck) (engine.Position, error) {
	if j.entered != nil {
		j.entered <- struct{}{}
	}
	if j.hold != nil {
		<-j.hold
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.fail != nil {
		return 0, j.fail
	}
	j.count++
	if !j.forget {
		j.records = append(j.records, memoryRecord{append([]byte(nil), payload...), check})
	}
	return engine.Position(j.count), nil
}

func (j *memoryJournal) Last() engine.Position { return engine.Position(j.count) }

func (j *memoryJournal) Replay(after engine.Position, fn func(engine.Position, []byte, HashCheck) error) error {
	for i := int(after); i < len(j.records); i++ {
		if err := fn(engine.Position(i+1), j.records[i].payload, j.records[i].check); err != nil {
			return err
		}
	}
	return nil
}

// memoryFeed counts what it is given.
type memoryFeed struct{ changes int }

func (f *memoryFeed) Append(_ engine.Position, c *engine.Changes) { f.changes += len(c.List) }

type memoryPage struct {
	column uint8
	page   uint32
	data   []byte
}

// memorySnapshots keeps the newest complete snapshot.
type memorySnapshots struct {
	mu    sync.Mutex
	at    engine.Position
	meta  []byte
	pages []memoryPage
	taken int
	fail  error
}

type memorySnapshot struct {
	to    *memorySnapshots
	at    engine.Position
	pages []memoryPage
}

func (m *memorySnapshots) Create(at engine.Position) (SnapshotWriter, error) {
	return &memorySnapshot{to: m, at: at}, m.fail
}

func (w *memorySnapshot) Page(column uint8, page uint32, data []byte) error {
	w.pages = append(w.pages, memoryPage{column, page, append([]byte(nil), data...)})
	return nil
}

func (w *memorySnapshot) Commit(meta []byte) error {
	w.to.mu.Lock()
	defer w.to.mu.Unlock()
	w.to.at, w.to.meta, w.to.pages = w.at, append([]byte(nil), meta...), w.pages
	w.to.taken++
	return nil
}

func (w *memorySnapshot) Abort() {}

func (m *memorySnapshots) Load(meta func(engine.Position, []byte) error, page func(uint8, uint32, []byte) error) (engine.Position, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.at == 0 {
		return 0, nil
	}
	if err := meta(m.at, m.meta); err != nil {
		return 0, err
	}
	for _, p := range m.pages {
		if err := page(p.column, p.page, p.data); err != nil {
			return 0, err
		}
	}
	return m.at, nil
}

// pipelineBench is a pipeline on memory, and what it stands on.
type pipelineBench struct {
	engine    *engine.Engine
	journal   *memoryJournal
	snapshots *memorySnapshots
	feed      *memoryFeed
	fatal     chan error
	pipeline  *Pipeline
}

func (b *pipelineBench) config() PipelineConfig {
	return PipelineConfig{
		Machine: b.engine, Journal: b.journal, Feed: b.feed, Snapshots: b.snapshots, HashEvery: 3,
		Logf: func(string, ...any) {}, Fatal: func(err error) { b.fatal <- err },
	}
}

func newBench() *pipelineBench {
	return &pipelineBench{engine: newEngine(), journal: &memoryJournal{}, snapshots: &memorySnapshots{}, feed: &memoryFeed{}, fatal: make(chan error, 8)}
}

// start recovers and starts; the test's end closes it.
func (b *pipelineBench) start(t testing.TB, cfg PipelineConfig) *pipelineBench {
	t.Helper()
	b.pipeline = NewPipeline(cfg)
	if _, err := b.pipeline.Recover(context.Background()); err != nil {
		t.Fatal(err)
	}
	b.pipeline.Start()
	t.Cleanup(func() { b.pipeline.Close() })
	return b
}

var pipelineNow = time.Date(2022, 4, 4, 12, 0, 0, 0, time.UTC).Unix()

// scans is a body of n scans of tube and its followers, ten to a tube.
func scans(from, n int) []byte {
	var b strings.Builder
	for i := from; i < from+n; i++ {
		fmt.Fprintf(&b, `{"tube":"T%06d","person":"passport:USA:%09d","at":"2022-04-04T08:%02d:%02d+08:00","site":"S1"}`+"\n", i/10, i, i/60%60, i%60)
	}
	return []byte(b.String())
}

func (b *pipelineBench) do(body []byte) (*Request, error) {
	r := AcquireRequest()
	r.Body = append(r.Body[:0], body...)
	return r, b.pipeline.Do(r, FormatNDJSON, Options{Endpoint: Scans, Now: pipelineNow, People: b.engine, Roles: engine.RoleAll})
}

func (b *pipelineBench) mustDo(t testing.TB, body []byte) *Request {
	t.Helper()
	r, err := b.do(body)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestPipelineAnswersWhatIsDurable(t *testing.T) {
	// Ensures that every accepted item is journalled before it is answered, from many
	// goroutines at once, and that a replay of the journal gives the same state.
	b := newBench()
	b.start(t, b.config())
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			for i := range 25 {
				r, err := b.do(scans((g*25+i)*20, 20))
				if err != nil || r.Position == 0 || b.engine.Applied() < r.Position {
					t.Errorf("got position %d, error %v", r.Position, err)
				}
				for row, outcome := range r.Decoded.Batch.Outcome {
					if outcome != engine.Accepted {
						t.Errorf("row %d: got %s", row, outcome.Code())
					}
				}
				ReleaseRequest(r)
			}
		})
	}
	all.Wait()
	if got := b.engine.Counts().People; got != 4000 || b.feed.changes != 4000 {
		t.Fatalf("got %d people and %d changes; want 4000", got, b.feed.changes)
	}
	again := newBench()
	again.journal = b.journal
	again.start(t, again.config())
	if got, want := again.engine.StateHash(), b.engine.StateHash(); got != want {
		t.Fatalf("replay: got state hash %x; want %x", got, want)
	}
}

func TestPipelineRefusesPastItsQueue(t *testing.T) {
	// Ensures that a full queue refuses at once, applies nothing of the refused, and
	// carries out all that was taken in.
	b := newBench()
	b.journal.hold, b.journal.entered = make(chan struct{}), make(chan struct{}, 64)
	cfg := b.config()
	cfg.QueueRequests = 2
	b.start(t, cfg)
	results := make(chan error, 64)
	const sent = 12
	for i := range sent {
		go func() {
			_, err := b.do(scans(i*10, 10))
			results <- err
		}()
		if i == 0 {
			<-b.journal.entered
		}
	}
	// One is being journalled and two are queued; until the first sync ends, the others
	// can only be refused.
	refused := 0
	for refused < sent-3 {
		if err := <-results; !errors.Is(err, ErrOverloaded) {
			t.Fatalf("got %v; want ErrOverloaded", err)
		}
		refused++
	}
	close(b.journal.hold)
	for range sent - refused {
		if err := <-results; err != nil {
			t.Fatal(err)
		}
	}
	if got := b.engine.Counts().People; got != uint64(10*(sent-refused)) {
		t.Fatalf("got %d people; want %d", got, 10*(sent-refused))
	}
}

func TestPipelineAdmitsByBytes(t *testing.T) {
	// Ensures that bytes in flight are bounded, and that one large body is admitted alone.
	b := newBench()
	cfg := b.config()
	cfg.InflightBytes = 100
	p := NewPipeline(cfg)
	for _, step := range []struct {
		bytes int64
		want  bool
	}{{60, true}, {40, true}, {1, false}, {-60, true}, {61, false}, {60, true}, {-60, true}, {-40, true}, {1000, true}, {1, false}, {-1000, true}} {
		if step.bytes < 0 {
			p.Release(-step.bytes)
		} else if got := p.Admit(step.bytes); got != step.want {
			t.Errorf("admit %d with %d in flight: got %v", step.bytes, p.InflightBytes(), got)
		}
	}
	if p.InflightBytes() != 0 {
		t.Errorf("got %d bytes in flight; want 0", p.InflightBytes())
	}
}

func TestPipelineEndsOnJournalError(t *testing.T) {
	// Ensures that an error of the journal ends the process, applies nothing, and
	// leaves nobody waiting.
	b := newBench()
	b.start(t, b.config())
	b.mustDo(t, scans(0, 10))
	b.journal.mu.Lock()
	b.journal.fail = errors.New("disk gone")
	b.journal.mu.Unlock()
	for range 3 {
		if _, err := b.do(scans(100, 10)); !errors.Is(err, ErrStopped) {
			t.Fatalf("got %v; want ErrStopped", err)
		}
	}
	if err := <-b.fatal; !errors.Is(err, b.journal.fail) {
		t.Fatalf("got %v", err)
	}
	if got := b.engine.Counts().People; got != 10 {
		t.Fatalf("got %d people; want 10", got)
	}
}

// panicking is an engine with a bug at one position.
type panicking struct {
	*engine.Engine
	at engine.Position
}

func (p panicking) Apply(pos engine.Position, group []*engine.Batch, out *engine.Changes) {
	if pos == p.at {
		panic("a sentence with 990101199003070023 in it")
	}
	p.Engine.Apply(pos, group, out)
}

func TestPipelineNamesThePositionOfAPanic(t *testing.T) {
	// Ensures that a panic of the rules names the position and no content, and that the
	// next start meets it again and refuses.
	b := newBench()
	cfg := b.config()
	cfg.Machine = panicking{b.engine, 2}
	b.start(t, cfg)
	b.mustDo(t, scans(0, 10))
	if _, err := b.do(scans(10, 10)); !errors.Is(err, ErrStopped) {
		t.Fatalf("got %v; want ErrStopped", err)
	}
	check := func(err error) {
		t.Helper()
		if !errors.Is(err, ErrApplyPanicked) || !strings.Contains(err.Error(), "position 2:") || strings.Contains(err.Error(), "990101") {
			t.Fatalf("got %v", err)
		}
	}
	check(<-b.fatal)
	again := newBench()
	again.journal = b.journal
	cfg = again.config()
	cfg.Machine = panicking{again.engine, 2}
	_, err := NewPipeline(cfg).Recover(context.Background())
	check(err)
}

func TestPipelineStopsAtADifferentHash(t *testing.T) {
	// Ensures that a replay that comes to another state than the journal says is refused.
	b := newBench()
	b.start(t, b.config())
	for i := range 10 {
		b.mustDo(t, scans(i*10, 10))
	}
	checks := 0
	for i := range b.journal.records {
		if c := &b.journal.records[i].check; c.At != 0 {
			checks++
			if c.At == 6 {
				c.Hash++
			}
		}
	}
	if checks != 3 {
		t.Fatalf("got %d hashes in ten records; want 3", checks)
	}
	again := newBench()
	again.journal = b.journal
	if _, err := NewPipeline(again.config()).Recover(context.Background()); !errors.Is(err, ErrReplayDiffers) || !strings.Contains(err.Error(), "position 6:") {
		t.Fatalf("got %v", err)
	}
}

func TestPipelineRestartsFromSnapshot(t *testing.T) {
	// Ensures that snapshots begin by count while writing goes on, that a clean stop
	// ends with one unless there is nothing new, and that pages and tail give the hash.
	b := newBench()
	cfg := b.config()
	cfg.SnapshotTests = 100
	b.start(t, cfg)
	for i := range 60 {
		b.mustDo(t, scans(i*10, 10))
	}
	for b.pipeline.Stats().Snapshots.Load() == 0 {
		runtime.Gosched()
	}
	tail := newBench()
	tail.journal, tail.snapshots = b.journal, b.snapshots
	p := NewPipeline(tail.config())
	recovery, err := p.Recover(context.Background())
	if err != nil || recovery.Snapshot == 0 || tail.engine.StateHash() != b.engine.StateHash() {
		t.Fatalf("got %+v, %v, hash %x; want hash %x", recovery, err, tail.engine.StateHash(), b.engine.StateHash())
	}
	if err := tail.engine.Check(); err != nil {
		t.Fatal(err)
	}
	if err := b.pipeline.Close(); err != nil {
		t.Fatal(err)
	}
	taken := b.snapshots.taken
	if b.snapshots.at != 60 {
		t.Fatalf("after the stop: got a snapshot at %d; want 60", b.snapshots.at)
	}
	again := newBench()
	again.journal, again.snapshots = b.journal, b.snapshots
	again.start(t, again.config())
	again.pipeline.Close()
	if b.snapshots.taken != taken {
		t.Fatal("got a snapshot of nothing new")
	}
	if _, err := again.do(scans(0, 1)); !errors.Is(err, ErrStopped) {
		t.Fatalf("after the stop: got %v; want ErrStopped", err)
	}
}

func TestRecoveryStopsWhenAsked(t *testing.T) {
	// Ensures that a start that is no longer wanted ends at once, wherever it is: ahead
	// of the snapshot, between two pages, between two groups.
	b := newBench()
	cfg := b.config()
	b.start(t, cfg)
	for i := range 20 {
		b.mustDo(t, scans(i*10, 10))
		if i == 9 {
			snapshot := b.engine.BeginSnapshot(0)
			if err := b.pipeline.copySnapshot(snapshot); err != nil {
				t.Fatal(err)
			}
			b.engine.EndSnapshot()
		}
	}
	if len(b.snapshots.pages) < 2 {
		t.Fatalf("got %d pages; want more to stop between", len(b.snapshots.pages))
	}
	pages := len(b.snapshots.pages)
	for steps := range pages + 12 {
		again := newBench()
		cfg := again.config()
		ctx, cancel := context.WithCancel(context.Background())
		left := steps
		step := func() {
			if left--; left == 0 {
				cancel()
			}
		}
		cfg.Journal, cfg.Snapshots = steppedJournal{b.journal, step}, steppedSnapshots{b.snapshots, step}
		if steps == 0 {
			cancel()
		}
		_, err := NewPipeline(cfg).Recover(ctx)
		cancel()
		if wanted := steps >= pages+10; wanted != (err == nil) || err != nil && !errors.Is(err, context.Canceled) {
			t.Fatalf("stopped at step %d of %d pages and 10 groups: got %v", steps, pages, err)
		}
		// One page or group may have been under way.
		if left < -1 {
			t.Fatalf("stopped at step %d: went on for %d more", steps, -left)
		}
	}
}

// steppedJournal and steppedSnapshots call step after each record and page.
type steppedJournal struct {
	*memoryJournal
	step func()
}

func (j steppedJournal) Replay(after engine.Position, fn func(engine.Position, []byte, HashCheck) error) error {
	return j.memoryJournal.Replay(after, func(pos engine.Position, payload []byte, check HashCheck) error {
		defer j.step()
		return fn(pos, payload, check)
	})
}

type steppedSnapshots struct {
	*memorySnapshots
	step func()
}

func (s steppedSnapshots) Load(meta func(engine.Position, []byte) error, page func(uint8, uint32, []byte) error) (engine.Position, error) {
	return s.memorySnapshots.Load(meta, func(column uint8, number uint32, data []byte) error {
		defer s.step()
		return page(column, number, data)
	})
}

func TestPipelineOutlivesASnapshotError(t *testing.T) {
	// Ensures that a snapshot that cannot be written is counted and costs nothing else.
	b := newBench()
	b.snapshots.fail = errors.New("no room")
	cfg := b.config()
	cfg.SnapshotTests = 10
	b.start(t, cfg)
	for i := range 20 {
		b.mustDo(t, scans(i*10, 10))
	}
	if err := b.pipeline.Close(); err == nil {
		t.Fatal("got no error from the final snapshot")
	}
	if b.pipeline.Stats().SnapshotErrors.Load() == 0 || b.engine.Counts().People != 200 {
		t.Fatalf("got %d snapshot errors, %d people", b.pipeline.Stats().SnapshotErrors.Load(), b.engine.Counts().People)
	}
}

func TestPipelineGroups(t *testing.T) {
	// Ensures that requests that came during a sync share the next one.
	b := newBench()
	b.journal.hold, b.journal.entered = make(chan struct{}), make(chan struct{}, 64)
	b.start(t, b.config())
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() { b.mustDo(t, scans(i*10, 10)) })
		if i == 0 {
			<-b.journal.entered
		}
	}
	for b.pipeline.Queued() < 19 {
		runtime.Gosched()
	}
	close(b.journal.hold)
	all.Wait()
	if got := b.journal.Last(); got != 2 {
		t.Errorf("got %d groups for 20 requests; want 2", got)
	}
}

func TestPipelineAllocatesNothing(t *testing.T) {
	// Ensures that a steady group costs no allocation a scan: known people, known tubes,
	// from the body to the answer.
	if testing.Short() {
		t.Skip("the race detector allocates")
	}
	b := newBench()
	b.journal.forget = true
	b.start(t, b.config())
	body := scans(0, 1000)
	run := func() {
		r, err := b.do(body)
		if err != nil {
			t.Fatal(err)
		}
		ReleaseRequest(r)
	}
	for range 20 {
		run()
	}
	if got := testing.AllocsPerRun(100, run); got > 3 {
		t.Errorf("got %v allocations for a request of 1,000 scans; want at most 3", got)
	}
}

func TestHistogram(t *testing.T) {
	// Ensures that every value falls into the first bucket whose bound is not below it.
	h := NewDurations()
	for _, v := range []int64{-5, 0, 1, 1024, 1025, 2048, 1 << 62} {
		h.Observe(v)
	}
	got := map[uint64]uint64{}
	total, _ := h.Each(func(bound, cumulative uint64) { got[bound] = cumulative })
	if total != 7 || got[1024] != 4 || got[2048] != 6 || got[1<<36] != 6 {
		t.Errorf("got total %d, %v", total, got)
	}
}
