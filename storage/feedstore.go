package storage

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"poolwise/engine"
)

// feedClearBytes: number of the block, last cursor, count of entries.
const feedClearBytes = 8 + 8 + 4

// openFeed finds the end of the stored feed and starts its goroutine.
func (s *Store) openFeed() error {
	f := &Feed{s: s, stopped: make(chan struct{})}
	f.changed = sync.NewCond(&f.mu)
	if err := s.verifyFeed(f); err != nil {
		return fmt.Errorf("cannot read the feed: %w", err)
	}
	if f.stored.Position() > s.Last() {
		return fmt.Errorf("cannot read the feed: got entries of position %d; the journal ends at %d: %w", f.stored.Position(), s.Last(), ErrFeedAhead)
	}
	f.end.Store(uint64(f.stored))
	f.complete = s.manifest.at
	if p := f.stored.Position(); p > 0 {
		f.complete = max(f.complete, p-1) // of p itself there may be more to come
	}
	f.open = f.newBlock()
	s.feed = f
	go f.run()
	return nil
}

// verifyFeed walks the blocks that were stored after the snapshot's commit, up to which
// they were known to be whole, and drops what follows a hole.
func (s *Store) verifyFeed(f *Feed) error {
	f.blocks, f.stored = s.manifest.feedBlocks, s.manifest.feedEnd
	if f.blocks > 0 {
		if err := s.verifyFeedBase(); err != nil {
			return err
		}
	}
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: feedKey(f.stored + 1), UpperBound: after(prefixFeed)})
	if err != nil {
		return err
	}
	var sc sealScratch
	var hole []byte
	for ok := it.First(); ok; ok = it.Next() {
		v, err := it.ValueAndErr()
		if err != nil {
			return errors.Join(err, it.Close())
		}
		key := it.Key()
		if len(key) != feedKeyBytes {
			return errors.Join(fmt.Errorf("key of %d bytes; want %d: %w", len(key), feedKeyBytes, ErrFormat), it.Close())
		}
		if _, err := s.seal.open(nil, key, v, feedClearBytes, &sc); err != nil {
			return errors.Join(fmt.Errorf("block at %d: %w", numberOf(key), err), it.Close())
		}
		number, last, _ := feedHeader(v)
		if number != f.blocks+1 {
			hole = append(hole, key...)
			break
		}
		f.blocks, f.stored = number, last
	}
	if err := errors.Join(it.Error(), it.Close()); err != nil {
		return err
	}
	if hole != nil {
		s.o.Logf("storage: feed has a hole after block %d; dropping what follows, the replay makes it again", f.blocks)
		return s.db.DeleteRange(hole, after(prefixFeed), pebble.Sync)
	}
	return nil
}

// verifyFeedBase proves that the last block the snapshot vouches for is there.
func (s *Store) verifyFeedBase() error {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{prefixFeed}, UpperBound: feedKey(s.manifest.feedEnd + 1)})
	if err != nil {
		return err
	}
	var v []byte
	if it.Last() {
		v, err = it.ValueAndErr()
	}
	if err != nil || len(v) < sealedBytes(feedClearBytes, 0) {
		return errors.Join(err, it.Error(), it.Close(), fmt.Errorf("block %d is not there: %w", s.manifest.feedBlocks, ErrSnapshot))
	}
	number, last, _ := feedHeader(v)
	if number != s.manifest.feedBlocks || last != s.manifest.feedEnd {
		err = fmt.Errorf("got block %d up to %d; want block %d up to %d: %w", number, last, s.manifest.feedBlocks, s.manifest.feedEnd, ErrSnapshot)
	}
	return errors.Join(err, it.Close())
}

func feedHeader(v []byte) (number uint64, last engine.Cursor, count int) {
	c := v[envelopeBytes:]
	return binary.BigEndian.Uint64(c), engine.Cursor(binary.BigEndian.Uint64(c[8:])), int(binary.BigEndian.Uint32(c[16:]))
}

// run is the feed's goroutine: it stores full blocks in order, as many in one commit as
// are waiting, up to feedRunBytes.
func (f *Feed) run() {
	defer close(f.stopped)
	defer f.s.guard("write the feed")
	w := feedBlockWriter{s: f.s, batch: f.s.db.NewBatch(pebble.WithMaxRetainedSizeBytes(4 * feedRunBytes))}
	defer w.batch.Close()
	for {
		f.mu.Lock()
		for len(f.queue) == 0 && !f.closed {
			f.changed.Wait()
		}
		if len(f.queue) == 0 {
			f.mu.Unlock()
			return
		}
		var run [feedQueueBlocks + 1]*feedBlock
		waiting := copy(run[:], f.queue)
		number := f.blocks
		f.mu.Unlock()

		w.batch.Reset()
		n := 0
		for n < waiting && (n == 0 || w.batch.Len() < feedRunBytes) {
			w.put(number+uint64(n)+1, run[n])
			n++
		}
		if err := f.s.db.Apply(w.batch, pebble.NoSync); err != nil {
			f.s.die("write the feed", err)
		}

		f.mu.Lock()
		f.blocks += uint64(n)
		f.stored = run[n-1].last()
		for _, b := range run[:n] {
			f.release(b)
		}
		f.queue = append(f.queue[:0], f.queue[n:]...)
		f.changed.Broadcast()
		f.mu.Unlock()
	}
}

// feedBlockWriter encodes and seals blocks into a batch.
//
// Blocks are set through the log rather than ingested as tables. Six runs of each beside
// a journal (BenchmarkFeedAppend, BenchmarkFeedIngest) cannot be told apart: medians of
// 1.6 and 1.9 ms a group of 64 KB, 4.9 and 5.2 ms with syncs of 2 ms. So the simpler one:
// it allocates an eighth as often, writes no file in the journal's way, and keeps one
// order for all, in which a synced record makes every block before it durable. That
// blocks do not mix with the journal in Pebble's tables is splitKinds' doing.
type feedBlockWriter struct {
	s     *Store
	batch *pebble.Batch
	codec feedEncoder
	plain []byte
	key   [feedKeyBytes]byte
	sc    sealScratch
}

func (w *feedBlockWriter) put(number uint64, b *feedBlock) {
	w.plain = w.codec.encode(w.plain[:0], b)
	w.key[0] = prefixFeed
	binary.BigEndian.PutUint64(w.key[1:], uint64(b.list[0].Cursor))
	op := w.batch.SetDeferred(feedKeyBytes, sealedBytes(feedClearBytes, len(w.plain)))
	copy(op.Key, w.key[:])
	c := op.Value[envelopeBytes:]
	binary.BigEndian.PutUint64(c, number)
	binary.BigEndian.PutUint64(c[8:], uint64(b.last()))
	binary.BigEndian.PutUint32(c[16:], uint32(len(b.list)))
	w.s.seal.seal(op.Value, w.key[:], feedClearBytes, w.plain, &w.sc)
	if err := op.Finish(); err != nil {
		w.s.die("write the feed", err)
	}
}
