package storage

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"poolwise/engine"
)

type pageID struct {
	column uint8
	page   uint32
}

// pageOf is the content of a page of the snapshot at a position.
func pageOf(at engine.Position, id pageID) []byte {
	p := []byte(fmt.Sprint(at, id))
	return bytes.Repeat(p, 1+int(id.page)%2000)
}

func writeSnapshot(t testing.TB, s *Store, at engine.Position, pages int) *SnapshotWriter {
	t.Helper()
	w, err := s.NewSnapshot(at)
	must(t, err)
	for _, i := range rand.Perm(pages) {
		id := pageID{uint8(i % 5), uint32(i * 7)}
		must(t, w.Page(id.column, id.page, pageOf(at, id)))
	}
	return w
}

// loadSnapshot checks that what there is is whole, and returns its position.
func loadSnapshot(t testing.TB, s *Store, pages int) engine.Position {
	t.Helper()
	var at engine.Position
	seen := map[pageID]bool{}
	got, err := s.LoadSnapshot(func(a engine.Position, meta []byte) error {
		at = a
		if string(meta) != fmt.Sprint("meta of ", a) {
			return fmt.Errorf("got meta %q", meta)
		}
		return nil
	}, func(column uint8, page uint32, data []byte) error {
		id := pageID{column, page}
		if seen[id] || !bytes.Equal(data, pageOf(at, id)) {
			return fmt.Errorf("page %v twice or altered", id)
		}
		seen[id] = true
		return nil
	})
	must(t, err)
	if got != at || (at > 0 && len(seen) != pages) {
		t.Fatalf("got position %d and %d pages; want %d and %d", got, len(seen), at, pages)
	}
	return got
}

func commit(t testing.TB, w *SnapshotWriter) {
	t.Helper()
	must(t, w.Commit([]byte(fmt.Sprint("meta of ", w.m.at))))
}

func appendBoth(t testing.TB, s *Store, n int) {
	t.Helper()
	for range n {
		appendRecords(t, s, 1)
		s.Feed().Append(s.Last(), changesOf(s.Last(), 20))
	}
}

func TestSnapshots(t *testing.T) {
	// Ensure that the last committed snapshot is found, whole, over restarts; that an
	// aborted one leaves nothing; and that the rules of the writer hold.
	s := mustOpen(t, vfs.NewMem())
	if loadSnapshot(t, s, 0) != 0 {
		t.Fatal("a snapshot in an empty store")
	}
	appendBoth(t, s, 5)
	commit(t, writeSnapshot(t, s, 3, 100))
	if at := loadSnapshot(t, s, 100); at != 3 {
		t.Fatalf("got %d", at)
	}
	s = reopen(t, s)
	replayFeed(t, s, 100, 20)
	w := writeSnapshot(t, s, 4, 100)
	if _, err := s.NewSnapshot(4); !errors.Is(err, ErrSnapshotBusy) {
		t.Fatalf("a second one: got %v", err)
	}
	w.Abort()
	if err := errors.Join(w.Page(1, 1, nil), w.Commit(nil)); !errors.Is(err, ErrSnapshotDone) {
		t.Fatalf("after abort: got %v", err)
	}
	if at := loadSnapshot(t, s, 100); at != 3 {
		t.Fatalf("got %d", at)
	}
	s = reopen(t, s)
	replayFeed(t, s, 100, 20)
	commit(t, writeSnapshot(t, s, 4, 70))
	s = reopen(t, s)
	commit(t, writeSnapshot(t, s, 4, 60)) // the same position once more
	if at := loadSnapshot(t, s, 60); at != 4 {
		t.Fatalf("got %d", at)
	}
	if _, err := s.NewSnapshot(6); !errors.Is(err, ErrJournalGap) {
		t.Fatalf("beyond the journal: got %v", err)
	}
	names, err := s.fs.List(s.pagesDir())
	must(t, err)
	if len(names) != 0 {
		t.Fatalf("left behind: %v", names)
	}
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{prefixPage}, UpperBound: after(prefixPage)})
	must(t, err)
	n := 0
	for ok := it.First(); ok; ok = it.Next() {
		n++
	}
	must(t, it.Close())
	if n != 60 {
		t.Fatalf("%d pages stored; want 60", n)
	}
	mustClose(t, s)
}

func TestEmptySnapshot(t *testing.T) {
	// Ensure that a snapshot without pages is a snapshot.
	s := mustOpen(t, vfs.NewMem())
	appendBoth(t, s, 1)
	commit(t, writeSnapshot(t, s, 1, 0))
	s = reopen(t, s)
	if at := loadSnapshot(t, s, 0); at != 1 {
		t.Fatalf("got %d", at)
	}
	mustClose(t, s)
}

func TestSnapshotWaitsForTheFeed(t *testing.T) {
	// Ensure that a snapshot is refused while the feed has not come to its position, and
	// accepted later.
	s := mustOpen(t, vfs.NewMem())
	appendBoth(t, s, 2)
	appendRecords(t, s, 1)
	w := writeSnapshot(t, s, 3, 10)
	if err := w.Commit(nil); !errors.Is(err, ErrFeedBehind) {
		t.Fatalf("got %v", err)
	}
	s.Feed().Append(3, &engine.Changes{})
	commit(t, w)
	if at := loadSnapshot(t, s, 10); at != 3 {
		t.Fatalf("got %d", at)
	}
	mustClose(t, s)
}

func TestSnapshotDamage(t *testing.T) {
	// Ensure that a missing, altered, moved or surplus page is found.
	for name, damage := range map[string]func(t *testing.T, s *Store, id uint64){
		"altered": func(t *testing.T, s *Store, id uint64) {
			edit(t, s, pageKey(id, 5), func(v []byte) []byte { v[len(v)/2] ^= 1; return v })
		},
		"missing": func(t *testing.T, s *Store, id uint64) { must(t, s.db.Delete(pageKey(id, 5), pebble.Sync)) },
		"last":    func(t *testing.T, s *Store, id uint64) { must(t, s.db.Delete(pageKey(id, 20), pebble.Sync)) },
		"surplus": func(t *testing.T, s *Store, id uint64) {
			v, err := getCopy(s.db, pageKey(id, 20))
			must(t, err)
			must(t, s.db.Set(pageKey(id, 21), v, pebble.Sync))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := mustOpen(t, vfs.NewMem())
			appendBoth(t, s, 1)
			w := writeSnapshot(t, s, 1, 20)
			commit(t, w)
			damage(t, s, w.m.id)
			s = reopen(t, s)
			_, err := s.LoadSnapshot(func(engine.Position, []byte) error { return nil },
				func(uint8, uint32, []byte) error { return nil })
			if !errors.Is(err, ErrSnapshot) {
				t.Fatalf("got %v", err)
			}
			mustClose(t, s)
		})
	}
}

func TestSnapshotPowerLoss(t *testing.T) {
	// Ensure that a power cut at every single write operation of a snapshot leaves the
	// older one or the newer one, whole, with its feed, and no files or keys of another.
	const pages = 30
	for n := 1; ; n++ {
		c := newCutter(n)
		s := mustOpen(t, c.fs())
		appendBoth(t, s, 5)
		commit(t, writeSnapshot(t, s, 3, pages))
		c.arm()
		commit(t, writeSnapshot(t, s, 5, pages))
		cut := c.taken()
		if cut == nil {
			t.Logf("%d cuts", n-1)
			mustClose(t, s)
			return
		}
		mustClose(t, s)
		s = mustOpen(t, cut)
		at := loadSnapshot(t, s, pages)
		if at != 3 && at != 5 {
			t.Fatalf("cut %d: got the snapshot at %d", n, at)
		}
		last, err := lastKey(s.db, prefixPage)
		must(t, err)
		if numberOf(last) != s.manifest.id {
			t.Fatalf("cut %d: pages of snapshot %d; want %d only", n, numberOf(last), s.manifest.id)
		}
		if names, err := s.fs.List(s.pagesDir()); err != nil || len(names) > 0 {
			t.Fatalf("cut %d: files left: %v, %v", n, names, err)
		}
		if end := s.Feed().End(); end.Position() < at {
			t.Fatalf("cut %d: snapshot at %d, feed ends in %d", n, at, end.Position())
		}
		replayAll(t, s, at)
		mustClose(t, s)
	}
}
