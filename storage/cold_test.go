package storage

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"poolwise/engine"
)

// coldOf is the content of a cold page as the snapshot at a position left it.
func coldOf(at engine.Position, id pageID) []byte {
	p := bytes.Repeat([]byte(fmt.Sprint("cold ", at, id)), 9)
	return p[:90]
}

// writeCold begins a snapshot with some pages and gives these to the cold store.
func writeCold(t testing.TB, s *Store, at engine.Position, pages int, cold ...pageID) *SnapshotWriter {
	t.Helper()
	w := writeSnapshot(t, s, at, pages)
	for _, id := range cold {
		must(t, w.Cold(id.column, id.page, coldOf(at, id)))
	}
	return w
}

// fetches checks that a page is there as the snapshot at a position left it; 0: not at all.
func fetches(t testing.TB, s *Store, id pageID, at engine.Position) {
	t.Helper()
	got := make([]byte, 90)
	err := s.Fetch(id.column, id.page, got)
	if at == 0 {
		if !errors.Is(err, ErrColdMissing) {
			t.Fatalf("page %v: got %v; want that it is missing", id, err)
		}
		return
	}
	must(t, err)
	if !bytes.Equal(got, coldOf(at, id)) {
		t.Fatalf("page %v: got %.40q; want that of %d", id, got, at)
	}
}

func countKeys(t testing.TB, s *Store, prefix byte) (n int) {
	t.Helper()
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{prefix}, UpperBound: after(prefix)})
	must(t, err)
	for ok := it.First(); ok; ok = it.Next() {
		n++
	}
	must(t, it.Close())
	return n
}

func TestColdPages(t *testing.T) {
	// Ensure that a cold page is found as the newest committed snapshot wrote it, over
	// snapshots that do not hold it and over restarts; that an aborted snapshot leaves
	// nothing; and that a version goes when a newer one is in force.
	s := mustOpen(t, vfs.NewMem())
	appendBoth(t, s, 9)
	a, b, c := pageID{3, 0}, pageID{3, 7}, pageID{9, 70_000}
	fetches(t, s, a, 0)
	commit(t, writeCold(t, s, 2, 10, a, b))
	fetches(t, s, a, 2)
	s = reopen(t, s)
	fetches(t, s, b, 2)
	replayFeed(t, s, 10, 20)
	w := writeCold(t, s, 4, 10, b, c)
	fetches(t, s, b, 2)
	w.Abort()
	fetches(t, s, c, 0)
	commit(t, writeCold(t, s, 5, 10, b, c))
	commit(t, writeCold(t, s, 6, 10))
	s = reopen(t, s)
	fetches(t, s, a, 2)
	fetches(t, s, b, 5)
	fetches(t, s, c, 5)
	fetches(t, s, pageID{3, 1}, 0)
	fetches(t, s, pageID{directoryColumn, 0}, 0)
	if n := countKeys(t, s, prefixCold); n != 3 {
		t.Fatalf("%d versions stored; want 3", n)
	}
	if at := loadSnapshot(t, s, 10); at != 6 {
		t.Fatalf("got the snapshot at %d", at)
	}
	mustClose(t, s)
}

func TestColdDirectoryOfSeveralPages(t *testing.T) {
	// Ensure that a directory larger than a page is whole after a restart.
	s := mustOpen(t, vfs.NewMem())
	appendBoth(t, s, 2)
	w := writeSnapshot(t, s, 1, 3)
	const pages = 2*coldEntriesPerPage + 1
	for i := range uint32(pages) {
		must(t, w.Cold(2, i, coldOf(1, pageID{2, i})))
	}
	commit(t, w)
	s = reopen(t, s)
	for i := uint32(0); i < pages; i += 997 {
		fetches(t, s, pageID{2, i}, 1)
	}
	fetches(t, s, pageID{2, pages - 1}, 1)
	fetches(t, s, pageID{2, pages}, 0)
	mustClose(t, s)
}

func TestColdPagesPowerLoss(t *testing.T) {
	// Ensure that a power cut at every single write operation of a snapshot leaves the cold
	// pages as the snapshot in force left them, and no versions of another.
	a, b, c := pageID{1, 4}, pageID{2, 2}, pageID{7, 0}
	for n := 1; ; n++ {
		cutter := newCutter(n)
		s := mustOpen(t, cutter.fs())
		appendBoth(t, s, 5)
		commit(t, writeCold(t, s, 3, 10, a, b))
		cutter.arm()
		commit(t, writeCold(t, s, 5, 10, b, c))
		cut := cutter.taken()
		mustClose(t, s)
		if cut == nil {
			t.Logf("%d cuts", n-1)
			return
		}
		s = mustOpen(t, cut)
		at := loadSnapshot(t, s, 10)
		fetches(t, s, a, 3)
		fetches(t, s, b, at)
		if at == 5 {
			fetches(t, s, c, 5)
		} else {
			fetches(t, s, c, 0)
		}
		if got, want := countKeys(t, s, prefixCold), 2+int(at-3)/2; got != want {
			t.Fatalf("cut %d: snapshot at %d, %d versions; want %d", n, at, got, want)
		}
		mustClose(t, s)
	}
}

func TestColdPageDamage(t *testing.T) {
	// Ensure that an altered or missing cold page ends the process, and that a damaged
	// directory is found by Open.
	for name, damage := range map[string]func(s *Store, id uint64){
		"altered": func(s *Store, id uint64) {
			edit(t, s, coldKey(id, 3, 1), func(v []byte) []byte { v[len(v)/2] ^= 1; return v })
		},
		"missing": func(s *Store, id uint64) { must(t, s.db.Delete(coldKey(id, 3, 1), pebble.Sync)) },
	} {
		s := mustOpen(t, vfs.NewMem())
		appendBoth(t, s, 1)
		w := writeCold(t, s, 1, 3, pageID{3, 1})
		commit(t, w)
		damage(s, w.m.id)
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: the page was fetched", name)
				}
			}()
			_ = s.Fetch(3, 1, make([]byte, 90))
		}()
	}
	s := mustOpen(t, vfs.NewMem())
	appendBoth(t, s, 1)
	w := writeCold(t, s, 1, 3, pageID{3, 1})
	commit(t, w)
	edit(t, s, pageKey(w.m.id, 4), func(v []byte) []byte { v[len(v)-1] ^= 1; return v })
	mustClose(t, s)
	if _, err := Open(s.fs, "db", Options{RulesVersion: testRules}); !errors.Is(err, ErrSnapshot) {
		t.Fatalf("got %v", err)
	}
}
