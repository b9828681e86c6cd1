package storage

import (
	"errors"

	"github.com/cockroachdb/pebble/v2"
)

// chunk is a run of unsealed records on their way to the caller.
type chunk struct {
	buf   []byte
	items []item
	err   error // that ended the reading, after the items
}

// item is one record: its plaintext is buf[from:to].
type item struct {
	number   uint64 // position, or page number within its column
	from, to int
	check    HashCheck
	column   uint8
}

func (c *chunk) full() bool {
	return len(c.buf) >= aheadChunkBytes || len(c.items) >= aheadChunkItems
}

// readAhead reads the keys in [lower, upper) on another goroutine, which unseals them
// into chunks with read, and calls use for each item on this one. aheadChunks go round
// between the two; so memory is bounded and nothing is allocated once they have grown.
func (s *Store) readAhead(lower, upper []byte, read func(key, value []byte, c *chunk) error, use func(c *chunk, it *item) error) error {
	full := make(chan *chunk, aheadChunks)
	free := make(chan *chunk, aheadChunks)
	for range aheadChunks {
		free <- &chunk{buf: make([]byte, 0, aheadChunkBytes+2*PageBytesMax)}
	}
	stop := make(chan struct{})
	go func() {
		defer close(full)
		s.fillChunks(lower, upper, read, free, full, stop)
	}()
	var err error
	for c := range full {
		for i := 0; i < len(c.items) && err == nil; i++ {
			if err = use(c, &c.items[i]); err != nil {
				close(stop)
			}
		}
		if err != nil {
			continue // until the reader has let go of Pebble
		}
		err = c.err
		if c.buf, c.items = c.buf[:0], c.items[:0]; cap(c.buf) > aheadRetainedBytes {
			c.buf = nil
		}
		free <- c
	}
	return err
}

// fillChunks is the reading goroutine. The last chunk carries its error.
func (s *Store) fillChunks(lower, upper []byte, read func(key, value []byte, c *chunk) error, free <-chan *chunk, full chan<- *chunk, stop <-chan struct{}) {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		full <- &chunk{err: err}
		return
	}
	c := <-free
	for ok := it.First(); ok && err == nil; ok = it.Next() {
		v, verr := it.ValueAndErr()
		if err = verr; err == nil {
			err = read(it.Key(), v, c)
		}
		if err != nil || !c.full() {
			continue
		}
		full <- c // never blocks: it has room for all chunks
		select {
		case c = <-free:
		case <-stop:
			_ = it.Close()
			return
		}
	}
	c.err = errors.Join(err, it.Error(), it.Close())
	full <- c
}
