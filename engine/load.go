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
	Days                                         []extent // what decides when pages go cold
	Pages                                        []int    // how many each column has that may go cold, absent ones too
}

const scalarsVersion = 2

func (e *Engine) meta() []byte {
	p, t, r := e.people, e.tubes, e.registry
	s := scalars{Version: scalarsVersion, Policy: e.policy, Master: e.master.scalars(), Coverage: e.coverage.scalars(),
		NotesHash: e.notes.hash, Moves: t.moveCount, Watched: t.watchCount, Notes: e.notes.count,
		People: r.count, TextsEnd: r.texts.end, RegistryHash: r.hash, TubesHash: t.hash, PeopleHash: p.hash,
		Tubes: t.count, Tests: t.tests, Extras: t.extraCount, CodesEnd: t.codes.end, Results: t.results,
		Sides: p.sideCount, Causes: p.causeCount, CauseFree: p.causeFree, Orders: p.orderCount, OrdersOpen: p.ordersOpen}
	if x := e.coldState(); x != nil {
		s.Days = x.days
		for i := range x.columns {
			s.Pages = append(s.Pages, x.columns[i].pageCount())
		}
	}
	b, err := json.Marshal(s)
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
	if x := e.coldState(); x != nil {
		x.days = s.Days
		x.counts = s.Pages
		x.empty()
	}
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
//
// The index of tubes is worked out from their codes, of which cold ones pass through
// two pages of memory. In the snapshot it would be 10 bytes a tube ever seen to write
// every time, for every page of it changes on every day.
func (e *Engine) FinishLoad(run func(jobs []func())) error {
	r, t, p := e.registry, e.tubes, e.people
	if err := e.loadedWhole(); err != nil {
		return err
	}
	run([]func(){
		func() { rebuild(r.index, r.count, r.hashOf) },
		func() {
			headers, codes := window[header]{c: t.headers}, window[byte]{c: t.codes.column}
			rebuild(t.index, t.count, func(i uint32) uint64 {
				h := headers.get(i)
				if h.facts&tubeExtension != 0 {
					return 0 // not in the index
				}
				hash := hashBytes(worded(codes.get(h.code)))
				t.print(i, hash)
				return hash
			})
		},
	})
	r.known.Store(r.count)
	t.published.Store(t.count)
	e.tests.Store(t.slots())
	e.results.Store(t.results)
	e.ordersOpen.Store(uint64(p.ordersOpen))
	e.proofs.Store(e.master.commonProof())
	return nil
}

// loadedWhole ensures that what the scalars count is there, and tells cold pages.
func (e *Engine) loadedWhole() error {
	r, t, p := e.registry, e.tubes, e.people
	if x := e.coldState(); x != nil {
		x.loaded(&extent{Tubes: t.count, Tests: t.tests, Extras: t.extraCount, Codes: t.codes.end})
	}
	for _, of := range e.columns() {
		if c := of.base(); c.cold == nil && !c.whole() {
			return fmt.Errorf("cannot finish loading: column %d has %d of %d pages", c.id, c.present.Load(), c.pageCount())
		}
	}
	if int(r.count) >= r.keys.capacity() || int(r.count) >= p.words.capacity() || int(t.count) >= t.headers.capacity() ||
		int(t.extraCount) >= max(1, t.extras.capacity()) && t.extraCount > 0 {
		return fmt.Errorf("cannot finish loading: pages are missing for %d people, %d tubes", r.count, t.count)
	}
	return nil
}

// rebuildEntries are sorted by table at a time: 24 MiB.
const rebuildEntries = 2 << 20

// rebuild fills an index. It sorts the ordinals by table first, part by part, so that
// tables are filled within the cache; of a hash only the 30 bits are kept that the index
// does not forget either. hash 0 means: leave out.
func rebuild(x *index, count uint32, hash func(uint32) uint64) {
	tables := uint32(len(x.where))
	short := make([]uint32, count+1) // tag, table; tags are not 0
	sizes := make([]uint32, tables)
	for o := uint32(1); o <= count; o++ {
		if h := hash(o); h != 0 {
			k := uint32(h & x.mask)
			short[o] = uint32(tagOf(h))<<16 | k
			sizes[k]++
		}
	}
	for k, n := range sizes {
		if n > 0 {
			x.reserve(k, n)
		}
	}
	next := make([]uint32, tables+1)
	sorted := make([]uint32, min(count, rebuildEntries))
	for first := uint32(1); first <= count; {
		last := min(count, first+rebuildEntries-1)
		clear(next)
		for _, s := range short[first : last+1] {
			if s != 0 {
				next[s&0xffff+1]++
			}
		}
		for k := range tables {
			next[k+1] += next[k]
		}
		n := next[tables]
		for i, s := range short[first : last+1] {
			if s != 0 {
				sorted[next[s&0xffff]] = first + uint32(i)
				next[s&0xffff]++
			}
		}
		for _, o := range sorted[:n] {
			x.put(x.where[short[o]&0xffff].Load(), uint64(short[o]>>16), o)
		}
		first = last + 1
	}
}

const _ = uint(1<<16 - max(personTables, tubeTables))
