package engine

import (
	"fmt"
	"testing"
)

// TestColdLoadOfWhatIsEmpty ensures that a snapshot at any stage of a first day loads into an
// engine that goes on as the one that wrote it: a column that nobody had put anything into
// yet has no page, and none that could be asked of the cold store.
func TestColdLoadOfWhatIsEmpty(t *testing.T) {
	const at = Seconds(700_000_000)
	one := func(kind Kind, bits uint8, arg uint64, tube, person string) func() *Batch {
		return func() *Batch {
			b := &Batch{Received: at + 90_000, Roles: RoleAll}
			b.Contexts = append(b.Contexts, Context{Lab: b.Put([]byte("L1")), Round: b.Put([]byte("R1")), Area: b.Put([]byte("990101"))})
			where, who := NoTube, PersonRef(0)
			if tube != "" {
				where = 0
				b.Tubes = append(b.Tubes, b.Put([]byte(tube)))
				b.TubeHash = append(b.TubeHash, HashTube([]byte(tube)))
			}
			if person != "" {
				who = DocumentRef(b.Put([]byte(person)))
			}
			b.Add(kind, bits, where, who, at, 0, arg, Span{})
			return b
		}
	}
	const ada, bob = "passport:USA:560018301", "passport:USA:560018302"
	steps := map[string]func() *Batch{
		"roster":    func() *Batch { b := one(KindRoster, 0, 0, "", ada)(); b.At[0] = 0; return b },
		"area":      func() *Batch { return masterItem(KindArea, at, FieldKey, "990101") },
		"excuse":    one(KindExcuse, 0, 7, "", ada),
		"scan":      one(KindScan, 0, 0, "T1", ada),
		"other":     one(KindScan, 0, 0, "T2", bob),
		"close":     one(KindTubeClose, 0, 2, "T1", ""),
		"open":      one(KindTubeOpen, 0, 5, "T1", ""),
		"void":      one(KindTubeVoid, 0, 9, "T1", ""),
		"receive":   one(KindTubeReceive, 0, 0, "T1", ""),
		"result":    one(KindResult, 0, ResultArg(at+10, Final, Positive), "T1", ""),
		"unscan":    one(KindUnscan, 0, 0, "T1", ada),
		"discharge": one(KindDischarge, 0, 3, "", ada),
	}
	befores := [][]string{nil, {"area"}, {"roster"}, {"excuse"}, {"scan"}, {"scan", "close"}, {"scan", "other"}, {"open"}, {"result"}, {"void"}, {"scan", "result"}, {"roster", "scan", "close", "result"}}
	for _, before := range befores {
		for _, said := range []bool{true, false} {
			for name, next := range steps {
				store := &memoryPages{pages: map[[2]uint32][]byte{}}
				e := New(DefaultConfig(), goPages{})
				e.KeepCold(ColdConfig{Pages: store})
				var out Changes
				for _, step := range before {
					e.Apply(e.Applied()+1, []*Batch{steps[step]()}, &out)
					e.Tidy(at)
				}
				again := New(DefaultConfig(), goPages{})
				again.KeepCold(ColdConfig{Pages: store})
				where := fmt.Sprint(before, " then ", name, ", pages said: ", said)
				if err := store.reload(e, again, said); err != nil {
					t.Fatal(where, err)
				}
				for _, e := range []*Engine{e, again} {
					b := next()
					e.Needs([]*Batch{b}, inTurn)
					e.Apply(e.Applied()+1, []*Batch{b}, &out)
					e.Apply(e.Applied()+1, []*Batch{steps["result"]()}, &out)
				}
				if got, want := again.StateHash(), e.StateHash(); got != want {
					t.Errorf("%s: got state hash %x; want %x", where, got, want)
				}
				if err := again.Check(); err != nil {
					t.Error(where, err)
				}
			}
		}
	}
}

// reload loads a snapshot of an engine into another; said: with the counts of its pages, as
// earlier snapshots did not have them.
func (m *memoryPages) reload(from, to *Engine, said bool) error {
	meta, at, body := m.snapshot(from)
	if err := to.LoadMeta(at, meta); err != nil {
		return err
	}
	if !said {
		to.coldState().counts = nil
	}
	for _, p := range body {
		if err := to.LoadPage(p.column, p.page, p.data); err != nil {
			return err
		}
	}
	return to.FinishLoad(inTurn)
}

// TestColdLoadOfWholePages ensures that a column whose last page is full, and cold like all
// others, comes back with all its pages.
func TestColdLoadOfWholePages(t *testing.T) {
	store := &memoryPages{pages: map[[2]uint32][]byte{}}
	e := New(DefaultConfig(), goPages{})
	e.KeepCold(ColdConfig{Pages: store, HotDays: 2, Fetched: 8})
	var out Changes
	at := Seconds(700_000_000)
	b := &Batch{}
	for i := 0; e.tubes.tests < PageBytes/4-1 && i < 60_000; i++ {
		dayBatch(b, i, 1, func(i int) uint64 { return 99010119900000000 + uint64(i) }, at)
		e.Apply(e.Applied()+1, []*Batch{b}, &out)
	}
	e.Tidy(at)
	for day := range Seconds(5) {
		e.Tidy(at + day*secondsPerDay)
		store.snapshot(e)
		e.Tidy(at + day*secondsPerDay)
	}
	again := New(DefaultConfig(), goPages{})
	again.KeepCold(ColdConfig{Pages: store, HotDays: 2, Fetched: 8})
	if err := store.reload(e, again, true); err != nil {
		t.Fatal(err)
	}
	for i, c := range again.coldState().columns {
		if got, want := c.pageCount(), e.coldState().columns[i].pageCount(); got != want {
			t.Errorf("column %d: got %d pages; want %d", c.id, got, want)
		}
	}
	if err := again.Check(); err != nil {
		t.Error(err)
	}
}
