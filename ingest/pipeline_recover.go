package ingest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"poolwise/engine"
)

// Recovery tells how a start came to its state.
type Recovery struct {
	Snapshot engine.Position // 0: none
	At       engine.Position
	Items    uint64 // replayed
	Took     time.Duration
}

// Recover brings the engine to the end of the journal: the newest snapshot, then the
// tail, decoded on one goroutine while another applies. Where the journal holds a
// state hash it is compared, and a difference stops the start. When ctx is done it
// ends with ctx's error within one page or group: what was read so far is of no use.
func (p *Pipeline) Recover(ctx context.Context) (Recovery, error) {
	began := time.Now()
	at, err := p.cfg.Snapshots.Load(p.cfg.Machine.LoadMeta, func(column uint8, page uint32, data []byte) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return p.cfg.Machine.LoadPage(column, page, data)
	})
	if err != nil {
		return Recovery{}, fmt.Errorf("cannot load the snapshot: %w", err)
	}
	if at > 0 {
		if err := p.cfg.Machine.FinishLoad(func(jobs []func()) { runJobs(ctx, jobs) }); err != nil {
			return Recovery{}, fmt.Errorf("cannot build the indexes of the snapshot at position %d: %w", at, err)
		}
	}
	if err := ctx.Err(); err != nil {
		return Recovery{}, fmt.Errorf("cannot recover: %w", err)
	}
	last := p.cfg.Journal.Last()
	if at > last {
		return Recovery{}, fmt.Errorf("cannot recover: got a snapshot at position %d; want one at most at the journal's end %d: %w", at, last, ErrJournalGap)
	}
	p.lastSnapshot.Store(uint64(at))
	r := replay{ctx: ctx, p: p, at: at, work: make(chan *replayGroup, replayAhead), free: make(chan *replayGroup, replayAhead), ended: make(chan struct{})}
	if err := r.run(); err != nil {
		return Recovery{}, err
	}
	if r.applied != last {
		return Recovery{}, fmt.Errorf("cannot recover: got position %d after the replay; want %d: %w", r.applied, last, ErrJournalGap)
	}
	return Recovery{Snapshot: at, At: last, Items: r.items, Took: time.Since(began)}, nil
}

// runJobs runs independent jobs on a few goroutines, until ctx is done.
func runJobs(ctx context.Context, jobs []func()) {
	next := make(chan func(), len(jobs))
	for _, job := range jobs {
		next <- job
	}
	close(next)
	var all sync.WaitGroup
	for range loadGoroutines {
		all.Go(func() {
			for job := range next {
				if ctx.Err() == nil {
					job()
				}
			}
		})
	}
	all.Wait()
}

type replayGroup struct {
	pos     engine.Position
	check   HashCheck
	bytes   int
	batches []*engine.Batch
	store   []*engine.Batch // batches is a prefix of it
}

// replay applies the journal's tail: the calling goroutine decodes, another applies.
type replay struct {
	ctx  context.Context
	p    *Pipeline
	at   engine.Position // last position decoded
	work chan *replayGroup
	free chan *replayGroup

	ended   chan struct{} // closed when the applying goroutine has ended
	applied engine.Position
	items   uint64
	err     error
}

func (r *replay) run() error {
	for range replayAhead {
		r.free <- new(replayGroup)
	}
	r.applied = r.at
	go r.applyAll()
	err := r.p.cfg.Journal.Replay(r.at, r.decode)
	close(r.work)
	<-r.ended
	if r.err != nil {
		return r.err
	}
	if err != nil {
		return fmt.Errorf("cannot replay the journal after position %d: %w", r.at, err)
	}
	return nil
}

// decode turns one record into batches and hands them to the applying goroutine.
func (r *replay) decode(pos engine.Position, payload []byte, check HashCheck) error {
	if pos != r.at+1 {
		return fmt.Errorf("got position %d; want %d: %w", pos, r.at+1, ErrJournalGap)
	}
	if err := r.ctx.Err(); err != nil {
		return err
	}
	r.at = pos
	var g *replayGroup
	select {
	case g = <-r.free:
	case <-r.ended:
		return r.err
	}
	g.pos, g.check, g.bytes, g.batches = pos, check, len(payload), g.store[:0]
	for len(payload) > 0 {
		n := len(g.batches)
		if n == len(g.store) {
			g.store = append(g.store, new(engine.Batch))
		}
		b := g.store[n]
		b.Reset()
		rest, err := engine.DecodeBatch(payload, b)
		if err != nil {
			return fmt.Errorf("cannot decode journal position %d: %w", pos, err)
		}
		payload, g.batches = rest, g.store[:n+1]
	}
	if err := r.p.needs(g.batches); err != nil {
		return err
	}
	r.work <- g
	return nil
}

func (r *replay) applyAll() {
	defer close(r.ended)
	for g := range r.work {
		if r.err = r.apply(g); r.err != nil {
			return
		}
		r.free <- g
	}
}

func (r *replay) apply(g *replayGroup) error {
	p := r.p
	if c := g.check; c.At != 0 {
		// The hash of a position before the snapshot cannot be compared any more.
		if known := p.pending.Swap(nil); known != nil && known.At == c.At && known.Hash != c.Hash {
			return fmt.Errorf("cannot replay past journal position %d: got state hash %016x; want %016x: %w", c.At, known.Hash, c.Hash, ErrReplayDiffers)
		}
	}
	if err := p.apply(g.pos, g.batches); err != nil {
		return fmt.Errorf("cannot start: the journal cannot be replayed, and another start will not help: %w", err)
	}
	items := 0
	received := engine.Seconds(0)
	for _, b := range g.batches {
		items += b.Len()
		received = max(received, b.Received)
	}
	p.cfg.Machine.Tidy(received)
	r.applied, r.items = g.pos, r.items+uint64(items)
	p.sinceTests += uint64(items)
	p.sinceBytes += uint64(g.bytes)
	if uint64(g.pos)%p.cfg.HashEvery == 0 {
		p.pending.Store(&HashCheck{At: g.pos, Hash: p.cfg.Machine.StateHash()})
	}
	return nil
}
