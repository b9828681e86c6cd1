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
type Snapshot struct {
	at    Position
	meta  []byte
	parts []*copyOnWrite
	part  int
	page  int
	left  int // pages not handed out yet

	mu    sync.Mutex
	room  *sync.Cond // the writer waits for it
	work  *sync.Cond // the copier waits for it
	arena []savedPage
	limit int
	gone  bool // abandoned: the writer stops copying
}

type savedPage struct {
	column uint8
	page   uint32
	data   []byte
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
	column   pager
	marks    []atomic.Uint32
}

// preserve is called by the writer before it changes a page.
func (w *copyOnWrite) preserve(page uint32, own []unsafe.Pointer) {
	if int(page) >= len(w.marks) || w.marks[page].Load() == pageFree {
		return
	}
	if !w.marks[page].CompareAndSwap(pageWanted, pageFree) {
		for w.marks[page].Load() == pageCopying {
		}
		return
	}
	w.snapshot.save(w.column.columnID(), page, unsafe.Slice((*byte)(own[page]), PageBytes))
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
	s.arena = append(s.arena, savedPage{column, page, append([]byte(nil), data...)})
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
	for _, c := range e.columns() {
		w := &copyOnWrite{snapshot: s, column: c, marks: make([]atomic.Uint32, c.pageCount())}
		for i := range w.marks {
			w.marks[i].Store(pageWanted)
		}
		s.parts = append(s.parts, w)
		s.left += len(w.marks)
		c.watch(w)
	}
	return s
}

// EndSnapshot takes the marks off the columns. Writer's goroutine.
func (e *Engine) EndSnapshot() {
	for _, c := range e.columns() {
		c.watch(nil)
	}
}

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
func (s *Snapshot) Next(buf []byte) (column uint8, page uint32, data []byte, ok bool) {
	if s.left == 0 {
		return 0, 0, nil, false
	}
	s.left--
	if p, found := s.fetch(false); found {
		return p.column, p.page, p.data, true
	}
	for s.part < len(s.parts) {
		w := s.parts[s.part]
		for s.page < len(w.marks) {
			i := s.page
			s.page++
			if !w.marks[i].CompareAndSwap(pageWanted, pageCopying) {
				continue
			}
			copy(buf, w.column.pageBytes(i))
			w.marks[i].Store(pageFree)
			return w.column.columnID(), uint32(i), buf, true
		}
		s.part, s.page = s.part+1, 0
	}
	p, _ := s.fetch(true) // what is left, the writer has taken and saves in a moment
	return p.column, p.page, p.data, true
}

func (s *Snapshot) fetch(wait bool) (savedPage, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for wait && len(s.arena) == 0 {
		s.work.Wait()
	}
	n := len(s.arena)
	if n == 0 {
		return savedPage{}, false
	}
	p := s.arena[n-1]
	s.arena = s.arena[:n-1]
	s.room.Signal()
	return p, true
}
