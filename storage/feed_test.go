package storage

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"poolwise/engine"
)

// changesOf makes the changes of a position, the same each time: up to about n.
func changesOf(pos engine.Position, n int) *engine.Changes {
	rng := rand.New(rand.NewPCG(uint64(pos), 9))
	c := &engine.Changes{}
	if rng.IntN(5) == 0 {
		return c
	}
	for i := range rng.IntN(2*n + 1) {
		e := engine.Change{
			Cursor:   engine.MakeCursor(pos, i+1),
			Person:   engine.PersonOrdinal(rng.Uint32N(25_000_000)),
			State:    engine.State(1 + rng.IntN(6)),
			Previous: engine.State(rng.IntN(7)),
			Since:    engine.Seconds(800_000_000 + rng.Uint32N(80_000)),
			TubesOff: uint32(len(c.Tubes)),
			TubesLen: uint32(max(0, rng.IntN(8)-5)),
		}
		if rng.IntN(3) > 0 {
			e.NegativeSwab = e.Since - engine.Seconds(rng.Uint32N(3000))
		}
		if rng.IntN(20) == 0 {
			e.Order = rng.Uint32()
		}
		for range e.TubesLen {
			c.Tubes = append(c.Tubes, engine.TubeIndex(rng.Uint32()))
		}
		c.List = append(c.List, e)
	}
	return c
}

// feedModel is the feed as plain slices.
type feedModel struct {
	list  []engine.Change
	tubes [][]engine.TubeIndex
}

func (m *feedModel) add(c *engine.Changes) {
	for i := range c.List {
		e := c.List[i]
		e.TubesOff, e.TubesLen = 0, 0
		m.list = append(m.list, e)
		m.tubes = append(m.tubes, slices.Clone(c.TubesOf(i)))
	}
}

// check reads the whole feed after a cursor, some entries at a time.
func (m *feedModel) check(t testing.TB, f *Feed, after engine.Cursor, limit int) {
	t.Helper()
	i, _ := slices.BinarySearchFunc(m.list, after+1, func(e engine.Change, c engine.Cursor) int {
		return int(int64(e.Cursor) - int64(c))
	})
	for {
		n := 0
		next, err := f.Read(after, limit, func(c *engine.Change, tubes []engine.TubeIndex) error {
			got := *c
			got.TubesOff, got.TubesLen = 0, 0
			if i == len(m.list) {
				return fmt.Errorf("got %+v past the end", got)
			}
			if got != m.list[i] || !slices.Equal(tubes, m.tubes[i]) {
				return fmt.Errorf("entry %d: got %+v %v; want %+v %v", i, got, tubes, m.list[i], m.tubes[i])
			}
			i++
			n++
			return nil
		})
		must(t, err)
		if n > limit {
			t.Fatalf("got %d entries; limit %d", n, limit)
		}
		if n == 0 {
			break
		}
		if next != m.list[i-1].Cursor {
			t.Fatalf("go on from %d; want %d", next, m.list[i-1].Cursor)
		}
		after = next
	}
	if i != len(m.list) {
		t.Fatalf("read %d of %d entries", i, len(m.list))
	}
	if len(m.list) > 0 && f.End() != m.list[i-1].Cursor {
		t.Fatalf("feed ends at %d; want %d", f.End(), m.list[i-1].Cursor)
	}
}

func TestFeedEqualsModel(t *testing.T) {
	// Ensure that the feed reads as a plain list would, over clean restarts, power cuts,
	// snapshots and replays from them.
	n := 9
	if testing.Short() {
		n = 4
	}
	seeds(t, n, func(t *testing.T, seed uint64) {
		rng := rand.New(rand.NewPCG(seed, 3))
		fs := NewCrashFS()
		s := mustOpen(t, fs)
		m := &feedModel{}
		size := []int{3, 300, 3000}[seed%3]
		for range 12 {
			for range rng.IntN(20) {
				appendRecords(t, s, 1)
				c := changesOf(s.Last(), size)
				s.Feed().Append(s.Last(), c)
				m.add(c)
			}
			m.check(t, s.Feed(), randomCursor(rng, m), 1+rng.IntN(10_000))
			switch rng.IntN(5) {
			case 0:
				commit(t, writeSnapshot(t, s, s.Last(), 3))
			case 1:
				s = reopen(t, s)
				replayFeed(t, s, 3, size)
			case 2:
				cut := fs.CrashClone(rng.IntN(101), rng.Uint64())
				mustClose(t, s)
				fs = cut
				s = mustOpen(t, fs)
				replayFeed(t, s, 3, size)
			}
			m.check(t, s.Feed(), 0, 5000)
		}
		mustClose(t, s)
	})
}

func randomCursor(rng *rand.Rand, m *feedModel) engine.Cursor {
	if len(m.list) == 0 {
		return 0
	}
	return m.list[rng.IntN(len(m.list))].Cursor - engine.Cursor(rng.IntN(2))
}

// replayFeed does what a restarted engine does.
func replayFeed(t testing.TB, s *Store, pages, size int) {
	t.Helper()
	from := loadSnapshot(t, s, pages)
	must(t, s.Replay(from, func(pos engine.Position, _ []byte, _ HashCheck) error {
		s.Feed().Append(pos, changesOf(pos, size))
		return nil
	}))
}

func TestFeedDropsWhatFollowsAHole(t *testing.T) {
	// Ensure that blocks after a missing one do not count, and that a replay makes them
	// again; and that a store whose snapshot vouches for a missing block is refused.
	s := mustOpen(t, vfs.NewMem())
	m := &feedModel{}
	for range 60 {
		appendRecords(t, s, 1)
		c := changesOf(s.Last(), 1000)
		s.Feed().Append(s.Last(), c)
		m.add(c)
	}
	s.Feed().flush()
	keys := feedKeys(t, s)
	if len(keys) < 5 {
		t.Fatalf("only %d blocks", len(keys))
	}
	must(t, s.db.Delete(keys[2], pebble.Sync))
	s = reopen(t, s)
	if got := feedKeys(t, s); len(got) != 2 || s.feed.blocks != 2 {
		t.Fatalf("%d blocks stored, %d counted; want 2", len(got), s.feed.blocks)
	}
	replayFeed(t, s, 3, 1000)
	m.check(t, s.Feed(), 0, 1<<20)
	commit(t, writeSnapshot(t, s, s.Last(), 3))
	keys = feedKeys(t, s)
	must(t, s.db.Delete(keys[len(keys)-1], pebble.Sync))
	mustClose(t, s)
	if _, err := Open(s.fs, "db", Options{}); !errors.Is(err, ErrSnapshot) {
		t.Fatalf("got %v", err)
	}
}

func feedKeys(t *testing.T, s *Store) (keys [][]byte) {
	t.Helper()
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{prefixFeed}, UpperBound: after(prefixFeed)})
	must(t, err)
	for ok := it.First(); ok; ok = it.Next() {
		keys = append(keys, slices.Clone(it.Key()))
	}
	must(t, it.Close())
	return keys
}

func TestFeedAheadOfTheJournal(t *testing.T) {
	// Ensure that a feed telling of positions the journal lost is refused.
	s := mustOpen(t, vfs.NewMem())
	appendRecords(t, s, 2)
	s.Feed().Append(9, &engine.Changes{List: []engine.Change{{Cursor: engine.MakeCursor(9, 1)}}})
	mustClose(t, s)
	if _, err := Open(s.fs, "db", Options{}); !errors.Is(err, ErrFeedAhead) {
		t.Fatalf("got %v", err)
	}
}

func TestFeedCursors(t *testing.T) {
	// Ensure that a cursor beyond the end is refused, and that one of a position without
	// changes is not.
	s := mustOpen(t, vfs.NewMem())
	f := s.Feed()
	none := func(*engine.Change, []engine.TubeIndex) error { return errors.New("there is nothing") }
	for _, ahead := range []engine.Cursor{engine.MakeCursor(1, 0), 1 << 63} {
		if _, err := f.Read(ahead, 10, none); !errors.Is(err, ErrCursorAhead) {
			t.Fatalf("cursor %d: got %v", ahead, err)
		}
	}
	f.Append(1, &engine.Changes{})
	next, err := f.Read(engine.MakeCursor(1, 0), 10, none)
	if err != nil || next != engine.MakeCursor(1, 0) {
		t.Fatalf("got %d, %v", next, err)
	}
	if _, err := f.Read(engine.MakeCursor(2, 0), 10, none); !errors.Is(err, ErrCursorAhead) {
		t.Fatalf("got %v", err)
	}
	appendRecords(t, s, 1)
	mustClose(t, s)
	if _, err := f.Read(0, 1, none); !errors.Is(err, ErrClosed) {
		t.Fatalf("after close: got %v", err)
	}
}

func TestFeedWaiters(t *testing.T) {
	// Ensure that every waiter wakes when an entry after its cursor is there, not for an
	// empty group, and that a context or Close ends a wait.
	s := mustOpen(t, vfs.NewMem())
	appendRecords(t, s, 9)
	f := s.Feed()
	one := func(pos engine.Position) *engine.Changes {
		return &engine.Changes{List: []engine.Change{{Cursor: engine.MakeCursor(pos, 1)}}}
	}
	const waiters = 50
	var wg sync.WaitGroup
	for range waiters {
		wg.Go(func() {
			for pos := engine.Position(1); pos < 9; pos++ {
				if err := f.Wait(context.Background(), engine.MakeCursor(pos, 0)); err != nil {
					t.Error(err)
				}
				if f.End() < engine.MakeCursor(pos, 1) {
					t.Errorf("woken at %d", f.End())
				}
			}
			if err := f.Wait(context.Background(), engine.MakeCursor(8, 1)); !errors.Is(err, ErrClosed) {
				t.Errorf("at close: got %v", err)
			}
		})
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancelled := make(chan error)
	go func() { cancelled <- f.Wait(ctx, engine.MakeCursor(100, 0)) }()
	for pos := engine.Position(1); pos < 9; pos++ {
		f.Append(pos, one(pos))
	}
	f.Append(9, &engine.Changes{})
	cancel()
	if err := <-cancelled; !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	mustClose(t, s)
	wg.Wait()
}

func TestFeedReadersBesideTheWriter(t *testing.T) {
	// Ensure that readers that follow see every entry once, in order, while blocks move
	// from memory to disk.
	s := mustOpen(t, vfs.NewMem())
	const groups = 300
	m := &feedModel{}
	all := make([]*engine.Changes, groups+1)
	for pos := engine.Position(1); pos <= groups; pos++ {
		all[pos] = changesOf(pos, 500)
		m.add(all[pos])
	}
	appendRecords(t, s, groups)
	last := m.list[len(m.list)-1].Cursor
	var wg sync.WaitGroup
	for r := range 4 {
		wg.Go(func() {
			var at engine.Cursor
			i := 0
			for at < last {
				if err := s.Feed().Wait(context.Background(), at); err != nil {
					t.Error(err)
					return
				}
				next, err := s.Feed().Read(at, 100+r*3000, func(c *engine.Change, tubes []engine.TubeIndex) error {
					if c.Cursor != m.list[i].Cursor || c.Person != m.list[i].Person || !slices.Equal(tubes, m.tubes[i]) {
						return fmt.Errorf("entry %d: got %+v; want %+v", i, c, m.list[i])
					}
					i++
					return nil
				})
				if err != nil {
					t.Error(err)
					return
				}
				at = next
			}
			if i != len(m.list) {
				t.Errorf("saw %d of %d", i, len(m.list))
			}
		})
	}
	for pos := engine.Position(1); pos <= groups; pos++ {
		s.Feed().Append(pos, all[pos])
	}
	wg.Wait()
	mustClose(t, s)
}

func TestFeedAppendDoesNotAllocate(t *testing.T) {
	// Ensure that a steady feed allocates nothing on the writer's path.
	s, err := Open(vfs.NewMem(), "db", Options{})
	must(t, err)
	defer mustClose(t, s)
	c := changesOf(4, 2000)
	pos := engine.Position(4)
	grow := func() {
		for range 16 {
			pos++
			for i := range c.List {
				c.List[i].Cursor = engine.MakeCursor(pos, i+1)
			}
			s.Feed().Append(pos, c)
		}
		s.Feed().flush()
	}
	for range 5 {
		grow()
	}
	if allocs := testing.AllocsPerRun(20, grow); allocs > 16 {
		t.Fatalf("%v allocations in 16 appends", allocs)
	}
}

func FuzzFeedBlock(f *testing.F) {
	// Ensure that no bytes make the decoder panic.
	var w feedEncoder
	for pos := engine.Position(1); pos < 40; pos++ {
		if c := changesOf(pos, 30); len(c.List) > 0 {
			b := &feedBlock{}
			b.add(c, 0, len(c.List))
			f.Add(w.encode(nil, b), len(b.list))
		}
	}
	var d feedDecoder
	f.Fuzz(func(t *testing.T, src []byte, count int) {
		b := &feedBlock{}
		_ = d.decode(src, b, 1<<24+1, count)
	})
}

func TestColumns(t *testing.T) {
	// Ensure that every way to store a column gives it back, for numbers of any size.
	rng := rand.New(rand.NewPCG(1, 1))
	kinds := map[byte]int{}
	for range 3000 {
		values := make([]uint32, 1+rng.IntN(300))
		width, runs, base := rng.IntN(33), 1+rng.IntN(20), rng.Uint32()
		v := base
		walk := rng.IntN(2) == 0
		for i := range values {
			if rng.IntN(runs) == 0 {
				v = uint32(rng.Uint64N(1 << width))
				if walk {
					v = base + uint32(i)*3 + v%7
				}
			}
			values[i] = v
		}
		var like []uint32
		if rng.IntN(10) == 0 {
			like = values
		}
		enc := encodeColumn(nil, values, like)
		kinds[enc[0]]++
		r := byteReader{src: append(enc, 1, 2, 3)}
		got := decodeColumn(&r, nil, len(values), like)
		if r.bad || len(r.src) != 3 || !slices.Equal(got, values) {
			t.Fatalf("kind %d: got %v; want %v", enc[0], got, values)
		}
	}
	if len(kinds) != 5 {
		t.Fatalf("not all ways were reached: %v", kinds)
	}
}
