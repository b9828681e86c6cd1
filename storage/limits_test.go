package storage

import (
	"errors"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Ensures that a page or a description larger than a snapshot may hold is refused, that the
// largest is taken, and that the snapshot before stays what it was.
func TestSnapshotLimits(t *testing.T) {
	s := mustOpen(t, vfs.NewMem())
	appendBoth(t, s, 5)
	commit(t, writeSnapshot(t, s, 1, 10))
	w, err := s.NewSnapshot(2)
	must(t, err)
	must(t, w.Page(1, 1, make([]byte, PageBytesMax)))
	if err := w.Page(1, 2, make([]byte, PageBytesMax+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too large a page: got %v", err)
	}
	w.Abort()
	w, err = s.NewSnapshot(2)
	must(t, err)
	if err := w.Commit(make([]byte, MetaBytesMax+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too large a description: got %v", err)
	}
	w.Abort()
	if at := loadSnapshot(t, s, 10); at != 1 {
		t.Errorf("got the snapshot at %d; want that at 1", at)
	}
	w, err = s.NewSnapshot(3)
	must(t, err)
	must(t, w.Commit(make([]byte, MetaBytesMax)))
	mustClose(t, s)
}
