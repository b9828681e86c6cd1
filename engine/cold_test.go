package engine

import (
	"fmt"
	"sync"
	"testing"
	"unsafe"
)

// memoryPages is a cold store in memory.
type memoryPages struct {
	mu    sync.Mutex
	pages map[[2]uint32][]byte
}

func (m *memoryPages) Fetch(column uint8, page uint32, into []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	data, ok := m.pages[[2]uint32{uint32(column), page}]
	if !ok {
		return fmt.Errorf("page %d of column %d was never written", page, column)
	}
	copy(into, data)
	return nil
}

type loadedPage struct {
	column uint8
	page   uint32
	data   []byte
}

// snapshot takes a whole one and gives its cold pages to the store.
func (m *memoryPages) snapshot(e *Engine) (meta []byte, at Position, body []loadedPage) {
	s := e.BeginSnapshot(0)
	buf := make([]byte, PageBytes)
	for p, ok := s.Next(buf); ok; p, ok = s.Next(buf) {
		data := append([]byte(nil), p.Data...)
		if p.Cold {
			m.mu.Lock()
			m.pages[[2]uint32{uint32(p.Column), p.Page}] = data
			m.mu.Unlock()
		} else {
			body = append(body, loadedPage{p.Column, p.Page, data})
		}
	}
	s.Committed()
	e.EndSnapshot()
	return s.Meta(), s.At(), body
}

// coldWeek is an engine after some days of 20,000 people in tubes of ten, with results,
// whose first days have gone cold.
func coldWeek(t testing.TB, days int) (*Engine, *memoryPages) {
	t.Helper()
	store := &memoryPages{pages: map[[2]uint32][]byte{}}
	e := New(DefaultConfig(), goPages{})
	e.KeepCold(ColdConfig{Pages: store, HotDays: 2, Fetched: 8})
	var out Changes
	b := &Batch{}
	for day := range days {
		at := Seconds(700000000/secondsPerDay+day) * secondsPerDay
		for i := 0; i < 20_000; i += 1000 {
			dayBatch(b, day*20_000+i, 1000, func(i int) uint64 { return 99010119900000000 + uint64(i%20_000) }, at+3600)
			e.Apply(e.Applied()+1, []*Batch{b}, &out)
			e.Tidy(b.Received)
		}
		resultBatch(b, day*2000, 2000, at+40000)
		e.Apply(e.Applied()+1, []*Batch{b}, &out)
		e.Tidy(b.Received)
		store.snapshot(e)
		e.Tidy(b.Received)
	}
	if e.Cold().Kept == 0 {
		t.Fatal("nothing went cold")
	}
	return e, store
}

// TestNeedsFetchesWhatAGroupTouches ensures that corrections of old tubes find everything in
// memory that they touch, fetched before the group is applied; that new tubes need
// nothing; and that what was fetched goes again.
func TestNeedsFetchesWhatAGroupTouches(t *testing.T) {
	e, _ := coldWeek(t, 8)
	var out Changes
	before := e.Cold()
	b := &Batch{}
	at := Seconds(700000000/secondsPerDay+8) * secondsPerDay
	dayBatch(b, 8*20_000, 1000, func(i int) uint64 { return 99010119900000000 + uint64(i%20_000) }, at+3600)
	e.FindResidents(b.Person)
	e.Needs([]*Batch{b}, inTurn)
	e.Apply(e.Applied()+1, []*Batch{b}, &out)
	if c := e.Cold(); c.Prefetched != before.Prefetched {
		t.Errorf("new tubes: %d pages prefetched", c.Prefetched-before.Prefetched)
	}
	resultBatch(b, 300, 50, at+50000) // of the first day, every member's latest test is hot
	before = e.Cold()
	e.Needs([]*Batch{b}, inTurn)
	e.Apply(e.Applied()+1, []*Batch{b}, &out)
	c := e.Cold()
	if c.Prefetched == before.Prefetched || c.Faulted != before.Faulted {
		t.Errorf("old tubes: %d pages prefetched, %d more faulted", c.Prefetched-before.Prefetched, c.Faulted-before.Faulted)
	}
	e.Tidy(at + 50000)
	if c := e.Cold(); c.Fetched > 8 {
		t.Errorf("%d fetched pages stay; want at most 8", c.Fetched)
	}
	if err := e.Check(); err != nil {
		t.Error(err)
	}
}

// TestColdLoad ensures that an engine loaded from a snapshot without its cold pages is the
// same, and that loading without the cold store is refused.
func TestColdLoad(t *testing.T) {
	e, store := coldWeek(t, 5)
	meta, at, body := store.snapshot(e)
	load := func(to *Engine) error {
		if err := to.LoadMeta(at, meta); err != nil {
			return err
		}
		for _, p := range body {
			if err := to.LoadPage(p.column, p.page, p.data); err != nil {
				return err
			}
		}
		return to.FinishLoad(inTurn)
	}
	if err := load(New(DefaultConfig(), goPages{})); err == nil {
		t.Error("loaded without the cold store")
	}
	again := New(DefaultConfig(), goPages{})
	again.KeepCold(ColdConfig{Pages: store, HotDays: 2, Fetched: 8})
	if err := load(again); err != nil {
		t.Fatal(err)
	}
	if got, want := again.Cold().Kept, e.Cold().Kept; got != want {
		t.Errorf("got %d kept pages; want %d", got, want)
	}
	if c := again.Cold(); c.Fetched > 0 {
		t.Errorf("%d pages fetched by loading", c.Fetched)
	}
	if got, want := again.StateHash(), e.StateHash(); got != want {
		t.Errorf("got state hash %x; want %x", got, want)
	}
	if err := again.Check(); err != nil {
		t.Error(err)
	}
}

// TestVisitorsKeepPages ensures that memory of a page that went is used again only when
// every visit that could have seen it has ended.
func TestVisitorsKeepPages(t *testing.T) {
	x := &cold{}
	page := make([]uint64, PageBytes/8)
	early := x.visitors.enter()
	x.limbo = append(x.limbo, unsafe.Pointer(&page[0]))
	x.reclaim()
	late := x.visitors.enter()
	x.reclaim()
	if x.used() != nil {
		t.Fatal("used again while a reader is in it")
	}
	early.leave()
	x.reclaim()
	if x.used() == nil {
		t.Fatal("not used again although all who could be in it have left")
	}
	x.limbo = append(x.limbo, unsafe.Pointer(&page[0]))
	x.reclaim()
	x.reclaim()
	if x.used() != nil {
		t.Fatal("used again while a later reader is in it")
	}
	late.leave()
	x.reclaim()
	x.reclaim()
	if x.used() == nil {
		t.Fatal("not used again")
	}
}

// TestPrintsTellNewTubes ensures that 16 bits beside the index's own tell old tubes from
// new ones without their pages.
func TestPrintsTellNewTubes(t *testing.T) {
	e, _ := coldWeek(t, 6)
	before := e.Cold()
	for i := range 50_000 {
		if e.FindTube(fmt.Appendf(nil, "NEVER%07d", i)) != 0 {
			t.Fatal("found a tube that never was")
		}
	}
	if c := e.Cold(); c.Faulted-before.Faulted > 5 {
		t.Errorf("%d pages fetched for tubes that never were", c.Faulted-before.Faulted)
	}
}
