// Package engine decides. It is a deterministic state machine: groups of events go
// in, in the order of the journal, and every person's status, every tube's members
// and verdict, the re-collection orders and the feed come out. No clock, no I/O, no
// goroutines, no randomness; the same journal gives the same state, byte for byte.
//
// The one idea: a person's status is a pure function of the set of accepted events,
// not of the order they came in. So nothing is adjusted: a tube's facts are worked
// out from everything said of it, a person's state from all of his tests, after
// every event that touches them.
//
// The types:
//
//	Engine    all state; one goroutine applies, any number read
//	Batch     one request as columns: what was asked, what became of it
//	master    areas, sites, labs, rounds, rosters: what policy says of a scan
//	tubes     the tube half: members, results, verdicts
//	people    the people half: tests, causes, orders
//	notes     what is said of people beside tests: discharges, calls, excuses, merges
//	coverage  who was to be sampled in a round, and who was
//	Effects   the only words from the first to the second
//	Snapshot  a picture for the disk, taken while the writer goes on
//
// Start reading at Apply, then events.go; custody.go, standing.go and refresh.go (tubes),
// people.go and judge.go (people), status.go (readers).
//
// Invariants, all proved from scratch by Check:
//
//	I1  a person's state, causes, last negative and order follow from his tests
//	I2  every member of a tube with a verdict has the test that the verdict gives
//	I3  a tube's facts follow from its extras; its bound count is its bound members
//	I4  a person's chain holds each of his tests once, latest swab first
//	I5  one open order exactly while held by a cause that is no retained pool, or must_resample
//	I6  every person and tube is found by its key, and under its own number
//	I7  StateHash is the sum over everything that exists
//	I8  for every area and round expected = sampled + excused + missing, a node is the sum
//	    of its children and its own people, and all of it follows from tests, excuses and rosters
//	I9  the identities of a human form one ring with one root, as the merges in force say
package engine

import (
	"sync"
	"sync/atomic"
	"unsafe"
)

// RulesVersion is one more whenever the same journal would give another state.
const RulesVersion = 2

// Config is the policy of the round "default", which always exists.
type Config struct {
	PoolCapacity int     // people a tube takes when nobody says otherwise; 1..30, 10
	Window       Seconds // how long a negative counts; 48 h
	Recollect    Seconds // SLA of a re-collection order from the result that opened it; 6 h
}

// DefaultConfig is what the contract says of the round "default".
func DefaultConfig() Config { return Config{PoolCapacity: 10, Window: 48 * 3600, Recollect: 6 * 3600} }

// sliceItems is how many items are touched, then decided, under one lock: their
// words, headers and member lines fit the second-level cache, and a reader of tubes
// or orders waits no longer than for one slice.
const sliceItems = 1024

// Engine holds the state. Apply, DryRun, Fork, EndFork, BeginSnapshot, EndSnapshot,
// StateHash and Check belong to one goroutine, the writer; everything else any goroutine
// may call.
type Engine struct {
	mu      sync.RWMutex // held by the writer for a slice; by readers of more than a status word
	applied atomic.Uint64

	registry *registry
	master   *master
	tubes    *tubes
	people   *people
	notes    *notes
	coverage *coverage
	policy   Config

	tests, results, ordersOpen atomic.Uint64 // Counts, for readers
	proofs                     atomic.Uint64 // see Proof; 0: it depends

	// Scratch of the writer.
	proofsOf  int      // versions of policies that proofs was worked out of
	tubeOf    []uint32 // by Batch.Tubes: index + 1 of a tube found, 0 not looked for
	placeOf   []places // by Batch.Contexts
	persons   [sliceItems]PersonOrdinal
	hashes    [sliceItems]uint64
	near      [sliceItems]uint32
	absent    [sliceItems]bool
	fresh     [4 * sliceItems]bool // by low bits of the hash: somebody was numbered within the slice
	touches   touches
	composing Status
	askFacts  func(PersonOrdinal) Facts
	seam      func(*Effects) // tests put the effects through bytes here
	forks     forks          // memory of dry runs
}

// New makes an empty engine on pages of alloc.
func New(cfg Config, alloc Allocator) *Engine {
	e := &Engine{policy: cfg, registry: newRegistry(alloc), master: newMaster(cfg, alloc), notes: newNotes(alloc), coverage: newCoverage(alloc)}
	e.proofs.Store(e.master.commonProof())
	e.tubes, e.people = newTubes(e.master, alloc), newPeople(e.notes, alloc)
	e.people.words.grow(0)
	e.registry.keys.grow(0)
	e.people.order.grow(0)
	e.people.ensure(0)
	e.tubes.headers.grow(0)
	e.tubes.member.grow(0)
	e.tubes.place.grow(0)
	e.tubes.codes.grow(0)
	e.askFacts = e.people.facts
	return e
}

// Applied is the position of the last group applied: the `as_of` of answers.
func (e *Engine) Applied() Position { return Position(e.applied.Load()) }

// Policy is the configuration in force.
func (e *Engine) Policy() Config { return e.policy }

// Apply decides one group and answers every item in its batch's Outcome, Flags and
// Detail; out gets the feed's entries.
//
// In two passes over slices of 1,024 items: touch loads what the slice will need,
// index slots, status words, headers and member lines, each independently of the
// others so that the misses overlap; then plain rule code runs item by item on a
// warm cache. A dependent miss costs 283 ns here, an overlapped one 28.
//
// REQUIRES: positions one after the other; batches that a decoder made. It refuses
// nothing for want of room: what may fail is checked before the journal.
func (e *Engine) Apply(pos Position, group []*Batch, out *Changes) {
	out.Reset()
	for _, b := range group {
		b.PrepareAnswers()
		e.prepare(b)
		e.coverAt(b.Received)
		for from := 0; from < b.Len(); from += sliceItems {
			to := min(from+sliceItems, b.Len())
			e.mu.Lock()
			e.touch(b, from, to)
			for k := from; k < to; k++ {
				e.applyItem(b, k, e.persons[k-from], e.hashes[k-from], pos, out)
			}
			if len(b.Private) > 0 {
				e.tellWho(b, from, to)
			}
			e.catchUp()
			e.mu.Unlock()
		}
	}
	e.tests.Store(e.tubes.slots())
	e.results.Store(e.tubes.results)
	e.ordersOpen.Store(uint64(e.people.ordersOpen))
	if n := len(e.master.policies); n != e.proofsOf {
		e.proofs.Store(e.master.commonProof())
		e.proofsOf = n
	}
	e.applied.Store(uint64(pos))
}

// tellWho notes the people of a slice, those numbered within it too.
func (e *Engine) tellWho(b *Batch, from, to int) {
	for k := from; k < to; k++ {
		p := e.persons[k-from]
		if ref := b.Person[k]; p == 0 && ref.Type() != RefOrdinal {
			p = e.registry.find(ref, e.document(b, k), e.hashes[k-from])
		}
		b.Who[k] = p
	}
}

func (e *Engine) prepare(b *Batch) {
	e.tubeOf = append(e.tubeOf[:0], make([]uint32, len(b.Tubes))...)
	e.placeOf = append(e.placeOf[:0], make([]places, len(b.Contexts))...)
}

// touches collects addresses, then loads them in a loop so tight that the processor
// has ten misses under way: with the address computed between two loads it had two.
type touches struct {
	at   [2 * sliceItems]unsafe.Pointer
	n    int
	sink byte
}

func (t *touches) add(p unsafe.Pointer) {
	if t.n == len(t.at) {
		t.load()
	}
	t.at[t.n] = p
	t.n++
}

// addGroup adds an index group, which lies on one cache line or two.
func (t *touches) addGroup(p *uint64) {
	t.add(unsafe.Pointer(p))
	if uintptr(unsafe.Pointer(p))%64 > 64-groupWords*8 {
		t.add(unsafe.Add(unsafe.Pointer(p), groupWords*8-8))
	}
}

func (t *touches) load() {
	sink := t.sink
	for _, p := range t.at[:t.n] {
		sink += *(*byte)(p)
	}
	t.sink, t.n = sink, 0
}

// touch resolves the people and tubes of a slice and loads what deciding will look
// at, one level of dependence a pass: slots of the indexes; the keys and headers that
// they point to; status words, codes and members; for results the members' words.
func (e *Engine) touch(b *Batch, from, to int) {
	clear(e.fresh[:])
	e.touchIndexes(b, from, to)
	e.touchKeys(b, from, to)
	for k := from; k < to; k++ {
		if t := b.Tube[k]; t != NoTube && e.tubeOf[t] == 0 {
			h := e.tubes.headers.near(e.near[k-from])
			e.touches.add(unsafe.Pointer(e.tubes.codes.near(h.code)))
			e.touches.add(unsafe.Pointer(e.tubes.member.near(h.first)))
		}
	}
	e.touches.load()
	for k := from; k < to; k++ {
		ref := b.Person[k]
		p := PersonOrdinal(0)
		if ref.Type() == RefOrdinal {
			p = ref.Ordinal()
		} else if !e.absent[k-from] {
			p = e.registry.find(ref, e.document(b, k), e.hashes[k-from])
		}
		e.persons[k-from] = p
		if t := b.Tube[k]; t != NoTube && e.tubeOf[t] == 0 {
			e.tubeOf[t] = e.tubes.find(b.Text(b.Tubes[t]), b.TubeHash[t]) + 1
		}
	}
	e.touchMembers(b, from, to)
}

func (e *Engine) touchIndexes(b *Batch, from, to int) {
	for k := from; k < to; k++ {
		switch ref := b.Person[k]; ref.Type() {
		case RefResident:
			h := mix(uint64(ref))
			e.hashes[k-from] = h
			e.touches.addGroup(e.registry.index.start(h))
		case RefDocument:
			h := hashBytes(b.Text(ref.Document()))
			e.hashes[k-from] = h
			e.touches.addGroup(e.registry.index.start(h))
		}
		if t := b.Tube[k]; t != NoTube && e.tubeOf[t] == 0 {
			e.touches.addGroup(e.tubes.index.start(b.TubeHash[t]))
		}
	}
	e.touches.load()
}

func (e *Engine) touchKeys(b *Batch, from, to int) {
	for k := from; k < to; k++ {
		if ref := b.Person[k]; ref.Type() != RefOrdinal {
			c, absent := e.registry.index.candidate(e.hashes[k-from])
			e.absent[k-from] = absent
			if !absent {
				e.touches.add(unsafe.Pointer(e.registry.keys.get(c)))
			}
		} else {
			e.touches.add(unsafe.Pointer(e.people.words.get(uint32(ref.Ordinal()))))
		}
		if t := b.Tube[k]; t != NoTube && e.tubeOf[t] == 0 {
			c, absent := e.tubes.index.candidate(b.TubeHash[t])
			e.near[k-from] = c
			if absent {
				e.tubeOf[t] = 1
			}
			e.touches.add(unsafe.Pointer(e.tubes.headers.near(c)))
		}
	}
	e.touches.load()
}

// touchMembers loads, for scans, the latest test of known people; for results, the
// words of the members that will be told.
func (e *Engine) touchMembers(b *Batch, from, to int) {
	for k := from; k < to; k++ {
		if p := e.persons[k-from]; p != 0 {
			if w := *e.people.words.get(uint32(p)); w&wordSide == 0 {
				e.touches.add(unsafe.Pointer(e.people.tests.near(uint32(w))))
				e.touches.add(unsafe.Pointer(e.people.marks.near(uint32(w) / 8)))
			}
			continue
		}
		if b.Kind[k] != KindResult || e.tubeOf[b.Tube[k]] <= 1 { // a result always has a tube
			continue
		}
		h := e.tubes.headers.get(e.tubeOf[b.Tube[k]] - 1)
		for s := h.first; s < h.first+uint32(h.used); s++ {
			e.touches.add(unsafe.Pointer(e.people.words.get(*e.tubes.member.near(s))))
		}
	}
	e.touches.load()
}

// Counts are totals since the first event.
type Counts struct{ People, Tubes, Tests, Results, OrdersOpen uint64 }

// Counts for metrics. Tests counts member slots, tubes their headers.
func (e *Engine) Counts() Counts {
	return Counts{People: uint64(e.registry.known.Load()), Tubes: uint64(e.tubes.published.Load()),
		Tests: e.tests.Load(), Results: e.results.Load(), OrdersOpen: e.ordersOpen.Load()}
}

// StateHash is the sum of a hash over everything that exists: equal for equal
// journals, whatever restarts lay between. Writer's goroutine, between groups.
func (e *Engine) StateHash() uint64 {
	return e.registry.hash + e.tubes.hash + e.people.hash + e.notes.hash + e.master.hash + e.coverage.hash + mix(uint64(e.Applied()))
}
