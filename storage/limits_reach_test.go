package storage

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"poolwise/engine"
)

func TestFeedWaitsForTheDisk(t *testing.T) {
	// Ensures that a writer of changes waits once so many blocks wait for a disk that stands still,
	// that all of them can be read meanwhile, and that he goes on with the disk.
	const most, blocks = 64, 2*64 + 50
	const countOf = 1<<24 - 1 // of a cursor: which entry of its position
	var mu sync.Mutex
	held, gate := false, make(chan struct{})
	s := mustOpen(t, &hookFS{FS: vfs.NewMem(), before: func(op FSOp, _ string) error {
		mu.Lock()
		wait := held && op != OpRead && op != OpOpen
		mu.Unlock()
		if wait {
			<-gate
		}
		return nil
	}})
	hold := func(on bool) {
		mu.Lock()
		defer mu.Unlock()
		if held && !on {
			close(gate)
		}
		held = on
	}
	defer hold(false)
	appendRecords(t, s, 1)
	c := &engine.Changes{List: make([]engine.Change, blocks*FeedBlockEntries)}
	for i := range c.List {
		c.List[i] = engine.Change{Cursor: engine.MakeCursor(1, i+1), Person: engine.PersonOrdinal(i * 7919 % 25_000_000), State: 1}
	}
	last := c.List[len(c.List)-1].Cursor
	hold(true)
	done := make(chan struct{})
	f := s.Feed()
	go func() {
		defer close(done)
		f.Append(1, c)
	}()
	// Append lets go of the lock only where it waits.
	f.mu.Lock()
	for len(f.queue) < most {
		f.changed.Wait()
	}
	queued, end, stored := len(f.queue), f.End(), f.stored
	f.mu.Unlock()
	if got := int(end&countOf) - int(stored&countOf); got != (most+1)*FeedBlockEntries {
		t.Errorf("got %d entries in memory; want %d, those of the open block among them", got, (most+1)*FeedBlockEntries)
	}
	if queued != most || end >= last {
		t.Errorf("got %d blocks that wait, and entries up to %d of %d; want %d blocks and a writer who waits", queued, end, last, most)
	}
	n := 0
	next, err := f.Read(stored, 1<<30, func(*engine.Change, []engine.TubeIndex) error { n++; return nil })
	if err != nil || n < (most+1)*FeedBlockEntries || next < end {
		t.Errorf("got %d entries up to %d, %v", n, next, err)
	}
	hold(false)
	<-done
	if f.End() != last {
		t.Errorf("the feed ends at %d; want %d", f.End(), last)
	}
	if n, end, _ := f.flush(); n != blocks || end != last {
		t.Errorf("got %d blocks up to %d; want %d up to %d", n, end, blocks, last)
	}
	mustClose(t, s)
}

func TestProfileHasSoManyFields(t *testing.T) {
	// Ensures that of a row that says more fields than a profile may have the first are kept, and
	// that a field said twice counts once.
	const most = 16
	s := mustOpen(t, vfs.NewMem())
	var fields []byte
	for i := range 2*most + 8 {
		fields = engine.AppendField(fields, engine.Field(i+1), fmt.Append(nil, "said ", i))
		fields = engine.AppendField(fields, engine.Field(i+1), fmt.Append(nil, "last word ", i))
	}
	b := batchOf(t, s, []said{{who: 1, class: "R1"}})
	plain := binary.AppendUvarint(binary.AppendUvarint(nil, 0), uint64(len(fields)))
	sealed, err := s.Profiles().Seal(nil, "R1", append(plain, fields...))
	must(t, err)
	b.Private = append(binary.AppendUvarint(b.Private, uint64(len(sealed))), sealed...)
	journalBatch(t, s, b)
	must(t, s.Profiles().flush())
	got := profilesOf(t, s, []engine.PersonOrdinal{1})[1]
	for i := range most {
		if v, want := got[engine.Field(i+1)], fmt.Sprint("last word ", i); v != want {
			t.Errorf("field %d: got %q; want %q", i+1, v, want)
		}
	}
	if len(got) != most {
		t.Errorf("got %d fields; want %d", len(got), most)
	}
	mustClose(t, s)
}

func TestRejectsOfSoManyCredentials(t *testing.T) {
	// Ensures that one credential more than may have rejects is refused and leaves nothing, that
	// those known and the one without a name go on, and that a store opened anew counts the same.
	const most = 10_000
	s := mustOpen(t, vfs.NewMem())
	add := func(credential string, key int) error {
		return s.Rejects().Add(credential, []Reject{{Class: "R1", Key: fmt.Append(nil, key), Record: []byte("x")}})
	}
	r := s.Rejects()
	b := s.db.NewBatch()
	for i := range most - 1 { // by their names only: that is 20 times as fast
		if number, err := r.owner(b, fmt.Sprint("station", i)); err != nil || int(number) != i+1 {
			t.Fatalf("credential %d: got number %d, %v", i, number, err)
		}
	}
	r.mu.Lock()
	r.apply(b)
	r.mu.Unlock()
	r.settle(b, 0)
	must(t, b.Close())
	must(t, add("the last", 1))
	for range 2 {
		if err := add("one more", 2); !errors.Is(err, ErrTooLarge) {
			t.Fatalf("got %v; want %v", err, ErrTooLarge)
		}
		s = reopen(t, s)
		if kept, _, _ := s.Rejects().Counts(); kept != 1 {
			t.Fatalf("got %d rejects; want 1", kept)
		}
	}
	for i, credential := range []string{"", "the last", "station0"} {
		must(t, add(credential, 3+i))
	}
	mustClose(t, s)
}
