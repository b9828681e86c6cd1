package engine

import (
	"sync"
	"sync/atomic"
	"unsafe"
)

// Snapshot is a picture of the engine at one position, copied while the writer goes on.
//
// BeginSnapshot marks every page of every column. From then on two may take a page
// for the picture, and a compare-and-swap on its mark decides who: the copier, page
// by page in order, or the writer, just before it changes one. The writer's copies
// wait in a bounded arena until the copier fetches them; when the arena is full the
// writer waits. A page under the copier's hand is 10 µs from free, so the writer spins.
//
// Pages that the cold store has already are no part of it. Old ones are handed out for
// the cold store first, in order; one that the writer takes meanwhile is not so cold, and
// goes where the others go.
type Snapshot struct {
	at    Position
	meta  []byte
	parts []*copyOnWrite
	part  int
	page  int
	left  int // pages not handed out yet

	old       []pageName // for the cold store, those up to oldAt looked at
	oldAt     int
	written   []pageName // of old, handed out as cold
	committed atomic.Bool

	mu    sync.Mutex
	room  *sync.Cond // the writer waits for it
	work  *sync.Cond // the copier waits for it
	arena []SnapshotPage
	limit int
	gone  bool // abandoned: the writer stops copying
}

// SnapshotPage is one page of a snapshot.
type SnapshotPage struct {
	Column uint8
	Page   uint32
	Cold   bool // belongs into the cold store; these come by column and page, ascending
	Data   []byte
}

// Marks of a page.
const (
	pageFree    = iota // in the picture already, or newer than it
	pageWanted         // as it was at the picture's position
	pageCopying        // the copier is at it
)

// copyOnWrite is one column's part of a snapshot.
type copyOnWrite struct {
	snapshot *Snapshot
	column   *paged
	marks    []atomic.Uint32
}

// preserve is called by the writer before it changes a page.
func (w *copyOnWrite) preserve(page uint32, p unsafe.Pointer) {
	if int(page) >= len(w.marks) || w.marks[page].Load() == pageFree {
		return
	}
	if !w.marks[page].CompareAndSwap(pageWanted, pageFree) {
		for w.marks[page].Load() == pageCopying {
		}
		return
	}
	w.snapshot.save(w.column.id, page, unsafe.Slice((*byte)(p), PageBytes))
}

// take copies a page for the picture unless the writer has been faster. Copier's goroutine.
func (w *copyOnWrite) take(page uint32, buf []byte) bool {
	if !w.marks[page].CompareAndSwap(pageWanted, pageCopying) {
		return false
	}
	copy(buf, w.column.pageBytes(int(page)))
	w.marks[page].Store(pageFree)
	return true
}

func (s *Snapshot) save(column uint8, page uint32, data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.arena) >= s.limit && !s.gone {
		s.room.Wait()
	}
	if s.gone {
		return
	}
	s.arena = append(s.arena, SnapshotPage{Column: column, Page: page, Data: append([]byte(nil), data...)})
	s.work.Signal()
}

// BeginSnapshot starts a picture of the state after the last applied group. copies
// bounds the pages copied by the writer that wait to be fetched (0: 4,096, 256 MiB).
//
// REQUIRES: the writer's goroutine, between two groups; one snapshot at a time;
// Next called until it answers false, or Abandon; then EndSnapshot by the writer.
func (e *Engine) BeginSnapshot(copies int) *Snapshot {
	if copies <= 0 {
		copies = 4096
	}
	s := &Snapshot{at: e.Applied(), meta: e.meta(), limit: copies}
	s.room, s.work = sync.NewCond(&s.mu), sync.NewCond(&s.mu)
	x := e.coldState()
	if x != nil {
		x.mu.Lock()
		defer x.mu.Unlock()
		x.snapshot = s
	}
	for _, of := range e.columns() {
		c := of.base()
		w := &copyOnWrite{snapshot: s, column: c, marks: make([]atomic.Uint32, c.pageCount())}
		for i := range w.marks {
			if c.cold == nil || c.book[i]&bookKept == 0 {
				w.marks[i].Store(pageWanted)
				s.left++
			}
		}
		s.parts = append(s.parts, w)
		c.snap = w
		clear(c.open)
	}
	if x == nil {
		return s
	}
	for i := range x.columns {
		c := &x.columns[i]
		for page := range c.oldPages(&x.old) {
			if c.book[page]&bookKept == 0 {
				s.old = append(s.old, pageName{c.paged, uint32(page)})
			}
		}
	}
	return s
}

// EndSnapshot takes the marks off the columns, and lets go what a committed snapshot
// left in the cold store. Writer's goroutine.
func (e *Engine) EndSnapshot() {
	for _, c := range e.columns() {
		c.base().snap = nil
	}
	if x := e.coldState(); x != nil && x.snapshot != nil {
		if x.snapshot.committed.Load() {
			e.keep(x, x.snapshot.written)
		}
		x.snapshot = nil
	}
}

// Committed tells that the snapshot is durable, the cold store's part with it. Copier's
// goroutine, after Next answered false.
func (s *Snapshot) Committed() { s.committed.Store(true) }

// At is the position it shows.
func (s *Snapshot) At() Position { return s.at }

// Meta are the scalars that go with the pages.
func (s *Snapshot) Meta() []byte { return s.meta }

// Abandon gives the picture up: a waiting writer goes on.
func (s *Snapshot) Abandon() {
	s.mu.Lock()
	s.gone, s.arena = true, nil
	s.mu.Unlock()
	s.room.Broadcast()
}

// Next copies one more page into buf, PageBytes long, or hands out one that the
// writer copied. ok is false when the picture is whole. Copier's goroutine.
func (s *Snapshot) Next(buf []byte) (p SnapshotPage, ok bool) {
	if s.left == 0 {
		return SnapshotPage{}, false
	}
	s.left--
	if p, found := s.fetch(false); found {
		return p, true
	}
	for s.oldAt < len(s.old) {
		w := s.old[s.oldAt]
		s.oldAt++
		if w.column.snap.take(w.page, buf) {
			s.written = append(s.written, w)
			return SnapshotPage{Column: w.column.id, Page: w.page, Cold: true, Data: buf}, true
		}
	}
	for s.part < len(s.parts) {
		w := s.parts[s.part]
		for s.page < len(w.marks) {
			i := uint32(s.page)
			s.page++
			if w.take(i, buf) {
				return SnapshotPage{Column: w.column.id, Page: i, Data: buf}, true
			}
		}
		s.part, s.page = s.part+1, 0
	}
	p, _ = s.fetch(true) // what is left, the writer has taken and saves in a moment
	return p, true
}

func (s *Snapshot) fetch(wait bool) (SnapshotPage, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for wait && len(s.arena) == 0 {
		s.work.Wait()
	}
	n := len(s.arena)
	if n == 0 {
		return SnapshotPage{}, false
	}
	p := s.arena[n-1]
	s.arena = s.arena[:n-1]
	s.room.Signal()
	return p, true
}
