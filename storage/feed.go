package storage

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"poolwise/engine"
)

// Feed is the list of all changes, in the order of their cursors.
//
//	Append → open block → queue → run: encode, seal, Set → Pebble
//	             └────────────┴──── Read ────────────────────┘
//
// The writer appends to the open block in memory. A full block waits in the queue for the
// feed's own goroutine, which writes it and lets go of it; no append waits for a disk
// unless feedQueueBlocks are waiting. Blocks are numbered from 1 and written in order,
// unsynced, into the same log as the journal: a crash takes the last of them, never one
// from the middle, and the next synced record makes all before it durable. A flush writes
// the open block as it is, so blocks are of any length up to FeedBlockEntries, and after
// a restart a new block begins wherever the stored ones end.
//
// Append has one caller; all else may be called from any goroutine.
type Feed struct {
	s *Store

	end atomic.Uint64 // cursor of the last entry

	mu       sync.Mutex // guards all below; nothing else is locked while it is held
	changed  *sync.Cond // queue, blocks, closed
	complete engine.Position
	stored   engine.Cursor // last entry of the last stored block
	blocks   uint64        // number of the last stored block
	queue    []*feedBlock  // full, oldest first; the first stays while it is written
	open     *feedBlock
	turns    uint64 // of the open block, ever
	free     []*feedBlock
	wake     chan struct{} // closed by the next Append; nil if nobody waits
	closed   bool
	stopped  chan struct{} // closed when run has returned
}

// feedBlock is a run of entries in memory. Entries before a length once seen under
// Feed.mu never change while refs is held.
type feedBlock struct {
	list  []engine.Change
	tubes []engine.TubeIndex
	refs  int // of Feed and readers, under Feed.mu
}

func (b *feedBlock) last() engine.Cursor { return b.list[len(b.list)-1].Cursor }

// Feed of the store.
func (s *Store) Feed() *Feed { return s.feed }

// End is the cursor of the last entry.
func (f *Feed) End() engine.Cursor { return engine.Cursor(f.end.Load()) }

// Append publishes the changes of the group at pos, and that the feed is complete up to
// pos; call it for every position, also without changes. It copies. Entries that are
// there already, because a replay makes them again, are dropped.
//
// REQUIRES: one goroutine; the group at pos is synced; positions and cursors ascend.
func (f *Feed) Append(pos engine.Position, c *engine.Changes) {
	f.mu.Lock()
	end := engine.Cursor(f.end.Load())
	i := 0
	for i < len(c.List) && c.List[i].Cursor <= end {
		i++
	}
	for i < len(c.List) {
		if len(f.open.list) == FeedBlockEntries {
			f.turn()
		}
		n := min(len(c.List)-i, FeedBlockEntries-len(f.open.list))
		f.open.add(c, i, i+n)
		i += n
		f.end.Store(uint64(f.open.last()))
	}
	f.complete = max(f.complete, pos)
	wake := f.wake
	f.wake = nil
	f.mu.Unlock()
	if wake != nil {
		close(wake)
	}
}

// add copies entries [from, to) of c.
func (b *feedBlock) add(c *engine.Changes, from, to int) {
	at := len(b.list)
	b.list = append(b.list, c.List[from:to]...)
	for i := at; i < len(b.list); i++ {
		e := &b.list[i]
		off := uint32(len(b.tubes))
		if e.TubesLen == 1 { // nearly all
			b.tubes = append(b.tubes, c.Tubes[e.TubesOff])
		} else {
			b.tubes = append(b.tubes, c.Tubes[e.TubesOff:e.TubesOff+e.TubesLen]...)
		}
		e.TubesOff = off
	}
}

// turn queues the open block and opens another; it waits for room. Append and flush may
// both wait here: the second finds it done. mu is held.
func (f *Feed) turn() {
	turns := f.turns
	for len(f.queue) >= feedQueueBlocks && !f.closed {
		f.changed.Wait()
		if f.turns != turns {
			return
		}
	}
	f.turns++
	f.queue = append(f.queue, f.open)
	f.open = f.newBlock()
	f.changed.Broadcast()
}

func (f *Feed) newBlock() *feedBlock {
	if n := len(f.free); n > 0 {
		b := f.free[n-1]
		f.free = f.free[:n-1]
		b.refs = 1
		return b
	}
	return &feedBlock{
		list:  make([]engine.Change, 0, FeedBlockEntries),
		tubes: make([]engine.TubeIndex, 0, FeedBlockEntries+FeedBlockEntries/8),
		refs:  1,
	}
}

// release lets go of a block; the last to do so frees it. mu is held.
func (f *Feed) release(b *feedBlock) {
	if b.refs--; b.refs > 0 || len(f.free) >= feedFreeBlocks {
		return
	}
	b.list, b.tubes = b.list[:0], b.tubes[:0]
	f.free = append(f.free, b)
}

// Wait returns nil when there is an entry after the cursor, or the error of ctx, or
// ErrClosed. All waiters share one wake-up an Append.
func (f *Feed) Wait(ctx context.Context, after engine.Cursor) error {
	for {
		if f.End() > after {
			return nil
		}
		f.mu.Lock()
		if f.closed {
			f.mu.Unlock()
			return fmt.Errorf("cannot wait for changes: %w", ErrClosed)
		}
		if f.End() > after {
			f.mu.Unlock()
			return nil
		}
		if f.wake == nil {
			f.wake = make(chan struct{})
		}
		wake := f.wake
		f.mu.Unlock()
		select {
		case <-wake:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// flush stores all entries there are, unsynced, and returns the number of stored blocks,
// the last stored cursor, and the position up to which the feed was complete before.
func (f *Feed) flush() (blocks uint64, end engine.Cursor, complete engine.Position) {
	f.mu.Lock()
	defer f.mu.Unlock()
	complete, target := f.complete, engine.Cursor(f.end.Load())
	if f.stored < target && len(f.open.list) > 0 {
		f.turn()
	}
	for f.stored < target && !f.closed {
		f.changed.Wait()
	}
	return f.blocks, f.stored, complete
}

// close stores the rest, ends the feed's goroutine and all waiters.
func (f *Feed) close() {
	f.flush()
	f.mu.Lock()
	f.closed = true
	wake := f.wake
	f.wake = nil
	f.changed.Broadcast()
	f.mu.Unlock()
	if wake != nil {
		close(wake)
	}
	<-f.stopped
}
