package engine

import (
	"encoding/json"
	"fmt"
)

// Columns by number: they are on disk, append only.
const (
	colWords uint8 = 1 + iota
	colTests
	colMarks
	colSides
	colCauses
	colOrders
	colHeaders
	colCodes
	colMembers
	colPlaces
	colBlocks
	colExtras
	colKeys
	colTexts
	colClosed
	colNoteHeads
	colNotes
	colAttributes // people as master data knows them
	colVaccinated
	colHouseholds
	colAreaAt
	colLeafNext // people of a leaf area
	colMoves    // transfers
	colWatched
	colRounds // the first of the columns of rounds: MaxRounds follow
)

func (e *Engine) columns() []pager {
	p, t, r := e.people, e.tubes, e.registry
	all := []pager{p.words, p.tests, p.marks, p.sides, p.cause, p.order,
		t.headers, t.codes, t.member, t.place, t.blocks, t.extras, t.closed, t.moves, t.watched,
		r.keys, r.texts, e.notes.heads, e.notes.list}
	all = append(all, e.master.columns()...)
	return append(all, e.coverage.columns()...)
}

// scalars are everything that is not in pages.
type scalars struct {
	Version                                      int
	Policy                                       Config
	Master                                       masterScalars
	Coverage                                     coverageScalars
	People, TextsEnd                             uint32
	RegistryHash, TubesHash, PeopleHash          uint64
	NotesHash                                    uint64
	Moves, Watched, Notes                        uint32
	Tubes, Tests, Extras, CodesEnd               uint32
	Results                                      uint64
	Sides, Causes, CauseFree, Orders, OrdersOpen uint32
}

const scalarsVersion = 2

func (e *Engine) meta() []byte {
	p, t, r := e.people, e.tubes, e.registry
	b, err := json.Marshal(scalars{Version: scalarsVersion, Policy: e.policy, Master: e.master.scalars(), Coverage: e.coverage.scalars(),
		NotesHash: e.notes.hash, Moves: t.moveCount, Watched: t.watchCount, Notes: e.notes.count,
		People: r.count, TextsEnd: r.texts.end, RegistryHash: r.hash, TubesHash: t.hash, PeopleHash: p.hash,
		Tubes: t.count, Tests: t.tests, Extras: t.extraCount, CodesEnd: t.codes.end, Results: t.results,
		Sides: p.sideCount, Causes: p.causeCount, CauseFree: p.causeFree, Orders: p.orderCount, OrdersOpen: p.ordersOpen})
	if err != nil {
		panic("engine: BUG: cannot encode scalars: " + err.Error())
	}
	return b
}

// LoadMeta begins to fill a new engine from a snapshot: scalars first, then every
// page by LoadPage, then FinishLoad. Nobody else may use the engine before that.
func (e *Engine) LoadMeta(at Position, meta []byte) error {
	var s scalars
	if err := json.Unmarshal(meta, &s); err != nil {
		return fmt.Errorf("cannot load snapshot scalars: %w", err)
	}
	if s.Version != scalarsVersion {
		return fmt.Errorf("cannot load snapshot scalars: got version %d; want %d", s.Version, scalarsVersion)
	}
	p, t, r := e.people, e.tubes, e.registry
	e.policy = s.Policy
	if err := e.master.load(s.Master); err != nil {
		return fmt.Errorf("cannot load snapshot scalars: %w", err)
	}
	if err := e.coverage.load(s.Coverage); err != nil {
		return fmt.Errorf("cannot load snapshot scalars: %w", err)
	}
	e.notes.hash, e.notes.count = s.NotesHash, s.Notes
	t.moveCount, t.watchCount = s.Moves, s.Watched
	r.count, r.texts.end, r.hash = s.People, s.TextsEnd, s.RegistryHash
	t.count, t.tests, t.extraCount, t.codes.end, t.results, t.hash = s.Tubes, s.Tests, s.Extras, s.CodesEnd, s.Results, s.TubesHash
	p.sideCount, p.causeCount, p.causeFree, p.orderCount, p.ordersOpen, p.hash = s.Sides, s.Causes, s.CauseFree, s.Orders, s.OrdersOpen, s.PeopleHash
	e.applied.Store(uint64(at))
	return nil
}

// LoadPage takes one page of a snapshot.
func (e *Engine) LoadPage(column uint8, page uint32, data []byte) error {
	if len(data) != PageBytes {
		return fmt.Errorf("cannot load page %d of column %d: got %d bytes; want %d", page, column, len(data), PageBytes)
	}
	for _, c := range e.columns() {
		if c.columnID() == column {
			c.loadPage(int(page), data)
			return nil
		}
	}
	return fmt.Errorf("cannot load page %d: got column %d; want another", page, column)
}

// FinishLoad rebuilds the indexes. run is given independent jobs and returns when all
// are done: the engine starts no goroutines itself.
func (e *Engine) FinishLoad(run func(jobs []func())) error {
	r, t, p := e.registry, e.tubes, e.people
	if int(r.count) >= r.keys.capacity() || int(r.count) >= p.words.capacity() || int(t.count) >= t.headers.capacity() ||
		int(t.extraCount) >= max(1, t.extras.capacity()) && t.extraCount > 0 {
		return fmt.Errorf("cannot finish loading: pages are missing for %d people, %d tubes", r.count, t.count)
	}
	run([]func(){
		func() { rebuild(r.index, r.count, r.hashOf) },
		func() {
			rebuild(t.index, t.count, func(i uint32) uint64 {
				if h := t.headers.at(i); h.facts&tubeExtension == 0 {
					return hashBytes(t.codes.of(h.code))
				}
				return 0 // not in the index
			})
		},
	})
	r.known.Store(r.count)
	t.published.Store(t.count)
	e.tests.Store(t.slots())
	e.results.Store(t.results)
	e.ordersOpen.Store(uint64(p.ordersOpen))
	e.named.Store(e.master.mentioned())
	e.proofs.Store(e.master.commonProof())
	return nil
}

// rebuild fills an index: it sorts the ordinals by table first, so that each table is
// filled within the cache. hash 0 means: leave out.
func rebuild(x *index, count uint32, hash func(uint32) uint64) {
	type entry struct {
		hash    uint64
		ordinal uint32
	}
	tables := uint64(len(x.where))
	starts := make([]uint32, tables+1)
	hashes := make([]uint64, count+1)
	for o := uint32(1); o <= count; o++ {
		if hashes[o] = hash(o); hashes[o] != 0 {
			starts[hashes[o]%tables+1]++
		}
	}
	for k := range tables {
		starts[k+1] += starts[k]
	}
	next := append([]uint32(nil), starts...)
	sorted := make([]entry, starts[tables])
	for o := uint32(1); o <= count; o++ {
		if h := hashes[o]; h != 0 {
			sorted[next[h%tables]] = entry{h, o}
			next[h%tables]++
		}
	}
	for k := range tables {
		part := sorted[starts[k]:starts[k+1]]
		if len(part) == 0 {
			continue
		}
		x.reserve(int(k), uint32(len(part)))
		w := x.where[k].Load()
		for _, en := range part {
			x.put(w, tagOf(en.hash), en.ordinal)
		}
	}
}
