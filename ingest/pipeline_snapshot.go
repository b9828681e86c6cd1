package ingest

import (
	"fmt"

	"poolwise/engine"
)

// endSnapshot lets the engine forget a snapshot whose copier is done. Writer goroutine.
func (p *Pipeline) endSnapshot() {
	if p.marked && !p.copying.Load() {
		p.cfg.Machine.EndSnapshot()
		p.marked = false
	}
}

// beginSnapshot starts a snapshot of the state between two groups, unless one is
// being written: then the next group asks again. Writer goroutine.
func (p *Pipeline) beginSnapshot() {
	if p.marked {
		return
	}
	p.marked = true
	p.copying.Store(true)
	p.sinceTests, p.sinceBytes = 0, 0
	snapshot := p.cfg.Machine.BeginSnapshot(0)
	p.copier.Add(1)
	go func() {
		defer p.copier.Done()
		defer p.copying.Store(false)
		if err := p.copySnapshot(snapshot); err != nil {
			p.failed.Store(true)
			p.stats.SnapshotErrors.Add(1)
			p.cfg.Logf("cannot write a snapshot, the one before stays and the next is tried in its turn: %v", err)
		}
	}()
}

// copySnapshot writes every page. After an error it gives the picture up, or
// the writer would go on to keep copies for it.
func (p *Pipeline) copySnapshot(snapshot *engine.Snapshot) error {
	began := p.now()
	buf := make([]byte, engine.PageBytes)
	w, err := p.cfg.Snapshots.Create(snapshot.At())
	if err == nil {
		if err = copyPages(snapshot, w, buf); err != nil {
			w.Abort()
		}
	}
	if err != nil {
		snapshot.Abandon()
		return fmt.Errorf("cannot write the snapshot at position %d: %w", snapshot.At(), err)
	}
	snapshot.Committed()
	p.failed.Store(false)
	p.lastSnapshot.Store(uint64(snapshot.At()))
	p.stats.Snapshots.Add(1)
	p.stats.SnapshotNanos.Add(uint64(p.now() - began))
	return nil
}

func copyPages(snapshot *engine.Snapshot, w SnapshotWriter, buf []byte) error {
	for {
		p, ok := snapshot.Next(buf)
		if !ok {
			return w.Commit(snapshot.Meta())
		}
		write := w.Page
		if p.Cold {
			write = w.(ColdWriter).Cold
		}
		if err := write(p.Column, p.Page, p.Data); err != nil {
			return err
		}
	}
}
