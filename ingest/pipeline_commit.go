package ingest

import (
	"fmt"
	"runtime"
	"strings"

	"poolwise/engine"
)

// group is what one journal record holds.
type group struct {
	pos      engine.Position
	requests []*Request
	batches  []*engine.Batch
	payload  []byte
	items    int
	received engine.Seconds // latest
}

func (g *group) reset() {
	clear(g.requests)
	clear(g.batches)
	g.requests, g.batches, g.payload = g.requests[:0], g.batches[:0], g.payload[:0]
	g.pos, g.items, g.received = 0, 0, 0
	if cap(g.payload) > groupBytesMax+retainedBytesMax {
		g.payload = nil
	}
}

func (g *group) add(r *Request) {
	g.requests = append(g.requests, r)
	g.batches = append(g.batches, &r.Decoded.Batch)
	g.payload = append(g.payload, r.journal...)
	g.items += r.Decoded.Batch.Len()
	g.received = max(g.received, r.Decoded.Batch.Received)
}

// wake answers every request of the group. After it the requests are the handlers'.
func (g *group) wake(err error, applied int64) {
	for _, r := range g.requests {
		r.err, r.Position, r.applied = err, g.pos, applied
		r.done <- struct{}{}
	}
}

// gather is the gatherer goroutine.
func (p *Pipeline) gather() {
	defer close(p.groups)
	defer close(p.cold)
	for first := range p.queue {
		g := <-p.free
		g.reset()
		p.collect(g, first)
		cold := p.cfg.Machine.HasCold()
		if cold {
			p.cold <- g
		}
		durable := p.journal(g)
		if cold {
			<-p.fetched // before anybody is told: the batches are the handlers' then
		}
		if !durable {
			g.wake(ErrStopped, p.now())
			p.free <- g
			continue
		}
		p.groups <- g
	}
}

// collect adds what is queued until the group is large enough or the queue is empty.
func (p *Pipeline) collect(g *group, first *Request) {
	g.add(first)
	for len(g.payload) < groupBytesMax {
		select {
		case r, ok := <-p.queue:
			if !ok {
				return
			}
			g.add(r)
		default:
			return
		}
	}
}

// journal makes the group durable. ENSURES: true means synced.
func (p *Pipeline) journal(g *group) bool {
	if p.dead.Load() {
		return false
	}
	var check HashCheck
	if c := p.pending.Swap(nil); c != nil {
		check = *c
	}
	began := p.now()
	for _, r := range g.requests {
		p.stats.Wait.Observe(began - r.enqueued)
	}
	pos, err := p.cfg.Journal.Append(g.payload, check)
	if err != nil {
		p.die(fmt.Errorf("cannot journal a group of %d bytes: %w", len(g.payload), err))
		return false
	}
	g.pos = pos
	p.stats.Sync.Observe(p.now() - began)
	p.stats.GroupItems.Observe(int64(g.items))
	p.stats.GroupRequests.Observe(int64(len(g.requests)))
	p.stats.GroupBytes.Observe(int64(len(g.payload)))
	return true
}

// write is the writer goroutine.
func (p *Pipeline) write() {
	defer close(p.written)
	crowded := p.cfg.Machine.Crowded()
	for {
		select {
		case g, ok := <-p.groups:
			if !ok {
				return
			}
			p.carryOut(g)
		case r := <-p.dry:
			p.tryOut(r)
		case <-crowded:
			p.cfg.Machine.Tidy(0)
		}
	}
}

// carryOut applies one group and answers it.
func (p *Pipeline) carryOut(g *group) {
	began := p.now()
	err := error(ErrStopped)
	if !p.dead.Load() {
		if err = p.apply(g.pos, g.batches); err != nil {
			p.die(err)
			err = ErrStopped
		}
	}
	end := p.now()
	p.stats.Apply.Observe(end - began)
	p.stats.WriterBusyNanos.Add(uint64(end - began))
	p.stats.Items.Add(uint64(g.items))
	g.wake(err, end)
	if err == nil {
		p.afterApply(g)
	}
	p.free <- g
}

// apply decides one group and gives its changes to the feed. A panic of the rules
// becomes an error that names the position and where it happened, nothing else.
func (p *Pipeline) apply(pos engine.Position, batches []*engine.Batch) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("cannot apply journal position %d: %w: %s", pos, ErrApplyPanicked, panicPlace(v))
		}
	}()
	p.changes.Reset()
	p.cfg.Machine.Apply(pos, batches, &p.changes)
	p.cfg.Feed.Append(pos, &p.changes)
	if p.cfg.Profiles != nil {
		for _, b := range batches {
			if len(b.Private) > 0 {
				p.cfg.Profiles.Take(pos, b)
			}
		}
	}
	return nil
}

// afterApply takes the state hash, tidies, and begins a snapshot when one is due.
func (p *Pipeline) afterApply(g *group) {
	if uint64(g.pos)%p.cfg.HashEvery == 0 {
		p.pending.Store(&HashCheck{At: g.pos, Hash: p.cfg.Machine.StateHash()})
	}
	p.cfg.Machine.Tidy(g.received)
	p.endSnapshot()
	p.sinceTests += uint64(g.items)
	p.sinceBytes += uint64(len(g.payload))
	if p.sinceTests >= p.cfg.SnapshotTests || p.sinceBytes >= p.cfg.SnapshotBytes || !p.failed.Load() && p.cfg.Machine.WantsSnapshot() {
		p.beginSnapshot()
	}
}

// panicPlace says where a panic came from by function and line. The runtime's own
// stack trace prints arguments, and those may be a person's number.
func panicPlace(v any) string {
	var b strings.Builder
	if e, ok := v.(runtime.Error); ok {
		b.WriteString(e.Error())
	} else {
		fmt.Fprintf(&b, "panic of type %T", v)
	}
	var pcs [24]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(4, pcs[:])])
	for {
		f, more := frames.Next()
		fmt.Fprintf(&b, "; %s:%d", f.Function, f.Line)
		if !more {
			return b.String()
		}
	}
}
