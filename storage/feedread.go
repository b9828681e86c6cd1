package storage

import (
	"errors"
	"fmt"
	"sort"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"poolwise/engine"
)

// feedView is what a reader sees of one block in memory.
type feedView struct {
	b     *feedBlock
	list  []engine.Change
	tubes []engine.TubeIndex
}

// Read calls fn for up to limit entries after the cursor, oldest first, and returns the
// cursor to go on from. The entry and its tubes are valid during the call; TubesOff and
// TubesLen mean nothing there. An error of fn ends it; next is then the entry before.
//
// ErrCursorAhead: the cursor is of a position, or an entry of a position, that the feed
// has not come to.
func (f *Feed) Read(after engine.Cursor, limit int, fn func(c *engine.Change, tubes []engine.TubeIndex) error) (next engine.Cursor, err error) {
	r := feedReader{after: after, left: limit, fn: fn}
	var views [feedQueueBlocks + 2]feedView
	f.mu.Lock()
	if f.closed {
		f.mu.Unlock()
		return after, fmt.Errorf("cannot read the feed: %w", ErrClosed)
	}
	if end := f.End(); after > end && after.Position() > f.complete {
		f.mu.Unlock()
		return after, fmt.Errorf("cannot read the feed after %d: it ends at %d: %w", after, end, ErrCursorAhead)
	}
	// Views first, then Pebble: a block leaves memory only once it is in Pebble.
	stored := f.stored
	n := 0
	for _, b := range f.queue {
		n = addView(views[:], n, b, after)
	}
	n = addView(views[:], n, f.open, after)
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		for i := range views[:n] {
			f.release(views[i].b)
		}
		f.mu.Unlock()
	}()

	if after < stored {
		err = f.readStored(&r, stored)
	}
	for i := 0; i < n && err == nil && r.left > 0; i++ {
		err = r.take(views[i].list, views[i].tubes)
	}
	return r.after, err
}

func addView(views []feedView, n int, b *feedBlock, after engine.Cursor) int {
	if len(b.list) == 0 || b.last() <= after {
		return n
	}
	b.refs++
	views[n] = feedView{b: b, list: b.list, tubes: b.tubes}
	return n + 1
}

type feedReader struct {
	after engine.Cursor
	left  int
	fn    func(c *engine.Change, tubes []engine.TubeIndex) error
}

// take hands out what the reader wants of one block.
func (r *feedReader) take(list []engine.Change, tubes []engine.TubeIndex) error {
	from := sort.Search(len(list), func(i int) bool { return list[i].Cursor > r.after })
	for i := from; i < len(list) && r.left > 0; i++ {
		e := &list[i]
		if err := r.fn(e, tubes[e.TubesOff:e.TubesOff+e.TubesLen]); err != nil {
			return err
		}
		r.after = e.Cursor
		r.left--
	}
	return nil
}

// feedDecoding is the memory of one read of stored blocks.
type feedDecoding struct {
	block feedBlock
	plain []byte
	codec feedDecoder
	sc    sealScratch
}

var feedDecodings = sync.Pool{New: func() any { return &feedDecoding{} }}

// readStored reads blocks from Pebble, up to the one that ends at last.
func (f *Feed) readStored(r *feedReader, last engine.Cursor) error {
	d := feedDecodings.Get().(*feedDecoding)
	defer feedDecodings.Put(d)
	it, err := f.s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{prefixFeed}, UpperBound: feedKey(last + 1)})
	if err != nil {
		return fmt.Errorf("cannot read the feed: %w", err)
	}
	ok := it.SeekLT(feedKey(r.after + 1)) // the block the cursor is in
	if !ok {
		ok = it.First()
	}
	for ; ok && r.left > 0; ok = it.Next() {
		v, err := it.ValueAndErr()
		if err == nil {
			err = d.decode(f.s, it.Key(), v, r.after)
		}
		if err != nil {
			return errors.Join(fmt.Errorf("cannot read the feed after %d: block %x: %w", r.after, it.Key(), err), it.Close())
		}
		if err := r.take(d.block.list, d.block.tubes); err != nil {
			return errors.Join(err, it.Close())
		}
	}
	if err := errors.Join(it.Error(), it.Close()); err != nil {
		return fmt.Errorf("cannot read the feed: %w", err)
	}
	return nil
}

// decode fills block from a stored value; a block that ends before the cursor it leaves
// empty.
func (d *feedDecoding) decode(s *Store, key, v []byte, after engine.Cursor) (err error) {
	d.block.list, d.block.tubes = d.block.list[:0], d.block.tubes[:0]
	if len(key) != feedKeyBytes || len(v) < sealedBytes(feedClearBytes, 0) {
		return ErrFormat
	}
	if _, last, _ := feedHeader(v); last <= after {
		return nil
	}
	if d.plain, err = s.seal.open(d.plain[:0], key, v, feedClearBytes, &d.sc); err != nil {
		return err
	}
	_, last, count := feedHeader(v)
	if err := d.codec.decode(d.plain, &d.block, engine.Cursor(numberOf(key)), count); err != nil {
		return err
	}
	if d.block.last() != last {
		return fmt.Errorf("got last cursor %d; want %d: %w", d.block.last(), last, ErrFormat)
	}
	return nil
}
