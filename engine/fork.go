package engine

import (
	"errors"
	"slices"
	"sync/atomic"
	"unsafe"
)

// A fork is a throw-away engine that begins as another one is, and leaves that one
// alone: what a batch would do is tried on it, and then it is dropped.
//
// It costs what it touches. Its columns begin with the pages of the original; a page
// is copied when it is first needed, in one of two ways:
//
//   - a column of plain values shares the original's page to read, and copies it before
//     the first write, as the rules never keep the address of a value from before a write;
//   - a column of records copies a page at the first look: the rules do keep the address
//     of a tube's header over what they say of it, so a record must not move.
//
// A page that has gone cold is fetched into the fork's own memory. Indexes and names
// lie in layers: what the fork adds in its own, everything else in the original's, which
// is only read. What is left is copied. Here is all that an engine has, type by type;
// TestForkDecidesOnEveryField fails for a field that is not in one of these lists.
//
//	Engine    policy, applied, proofs, proofsOf, seam and the counts for readers: copied;
//	          the parts: forks; mu, forks and the writer's scratch: its own, empty
//	registry  index: a layer; keys, texts: shared to read; count, known, hash: copied
//	names     list: shared, cut off at its end; index: a layer; limit, bytes: copied
//	master    areas: copied, their lists of children cut off, and detach copies one before
//	          it changes it; sites, labs, rounds, times: copied, lists within rounds cut off;
//	          policies, putRounds, sets: shared, cut off (what is in them never changes);
//	          the four indexes: layers; columns of values: shared to read; movers: copied at a
//	          look; settled: empty, worked out anew; all else: copied
//	tubes     index: a layer; headers, extras, moves: copied at a look; other columns: shared
//	          to read; effects, recounts, again, pairs, before: its own, empty; master: the
//	          fork's; original: which the prints of cold tubes are asked of; all else: copied
//	people    words, tests, marks: shared to read; sides, cause, order: copied at a look;
//	          notes: the fork's; before, after, others, answers, firsts: its own, empty; all
//	          else: copied
//	notes     heads: shared to read; list: copied at a look; count, hash: copied
//	coverage  shares: shared to read; tallies, births: copied at a look; used, hot, cold, late,
//	          whole, isStale, chunks (rows too): copied; within: shared, cut off, and a row is
//	          copied before an area within it changes, as borrowed says; seen, moved, one: its
//	          own, empty; lastKey, lastTally: none; all else: copied
//	index     where, mask, store, pages, free, open, none: its own, empty; under: the original
//	paged     own, dir: copied or absent, see above; open: none; alloc, forks: of dry runs; snap:
//	          one that wants nothing, so that no write takes the way past writable; cold, book:
//	          none, the original is asked; present: not kept; original: the column; id, shift: copied
//	cold      none: a fork has no cold state
type forks struct {
	free  []unsafe.Pointer // pages
	taken []unsafe.Pointer // by the fork that there is
	alive bool

	areas   []areaNode // memory of its master
	settled []settled
	changes Changes     // that nobody reads
	none    copyOnWrite // snap of its columns
}

var errForkFull = errors.New("a dry run touches more pages than it may")

// DryRun answers every item of a batch in Outcome, Flags and Detail as Apply would at
// the next position, and changes nothing. fits is false when the batch touches more pages
// than a dry run may copy: the answers mean nothing then.
//
// REQUIRES: as Apply; Room, as before the journal. It costs what Apply costs, 10 µs for
// each page that it copies, and a copy of the master data: 1 ms for 100,000 areas.
func (e *Engine) DryRun(b *Batch) (fits bool) {
	f := e.Fork()
	defer e.EndFork()
	defer func() {
		if v := recover(); v == errForkFull {
			fits = false
		} else if v != nil {
			panic(v)
		}
	}()
	f.Apply(e.Applied()+1, []*Batch{b}, &e.forks.changes)
	return true
}

// WarmDryRun fetches what a batch will touch and has gone cold, as Needs does, so that a
// dry run does not keep the writer waiting for the disk. Any goroutine.
func (e *Engine) WarmDryRun(b *Batch, run func(jobs []func())) {
	if x := e.coldState(); x != nil && x.kept.Load() != 0 {
		n := needs{e: e}
		n.gather(b)
		n.rounds(x, run)
	}
}

// Fork makes a fork, which may be asked everything, and takes Apply. It takes no
// snapshots and lets nothing go cold.
//
// REQUIRES: the writer's goroutine, between two groups; the original is not changed
// before EndFork, nor is the fork used after it; one fork at a time, and none of a fork.
func (e *Engine) Fork() *Engine {
	k := &e.forks
	if k.alive {
		panic("engine: BUG: two forks at a time")
	}
	k.alive = true
	f := &Engine{policy: e.policy, proofsOf: e.proofsOf, seam: e.seam}
	f.applied.Store(e.applied.Load())
	f.tests.Store(e.tests.Load())
	f.results.Store(e.results.Load())
	f.ordersOpen.Store(e.ordersOpen.Load())
	f.proofs.Store(e.proofs.Load())
	f.registry, f.master, f.notes, f.coverage = e.registry.fork(k), e.master.fork(k), e.notes.fork(k), e.coverage.fork(k)
	f.tubes, f.people = e.tubes.fork(k, f.master), e.people.fork(k, f.notes)
	f.askFacts = f.people.facts
	return f
}

// EndFork ends the fork and takes its memory back.
func (e *Engine) EndFork() {
	k := &e.forks
	k.alive = false
	k.free = append(k.free, k.taken[:min(len(k.taken), forkPagesKept-len(k.free))]...)
	clear(k.taken)
	k.taken = k.taken[:0]
	k.changes.Reset()
	if cap(k.changes.List) > sliceItems {
		k.changes = Changes{}
	}
}

// take is a page of memory with whatever is in it.
func (k *forks) take() unsafe.Pointer {
	if len(k.taken) == forkPagesMax {
		panic(errForkFull)
	}
	var p unsafe.Pointer
	if n := len(k.free); n > 0 {
		p = k.free[n-1]
		k.free = k.free[:n-1]
	} else {
		p = unsafe.Pointer(&make([]byte, PageBytes)[0])
	}
	k.taken = append(k.taken, p)
	return p
}

// Page makes it the Allocator of the fork's columns.
func (k *forks) Page() []byte {
	page := unsafe.Slice((*byte)(k.take()), PageBytes)
	clear(page)
	return page
}

// apart is a fork's column of records: a page that is looked at is copied.
func apart[T any](c *column[T], k *forks) *column[T] {
	f := &column[T]{paged{alloc: k, forks: k, original: &c.paged, snap: &k.none, shift: c.shift, id: c.id,
		own: make([]unsafe.Pointer, len(c.own)), open: make([]unsafe.Pointer, len(c.own))}}
	own := f.own
	f.dir.Store(&own)
	return f
}

// shared is a fork's column of values: a page that is written is copied.
func shared[T interface {
	~uint8 | ~uint16 | ~uint32 | ~uint64
}](c *column[T], k *forks) *column[T] {
	f := apart(c, k)
	for i := range f.own {
		f.own[i] = c.slot(uint32(i))
	}
	return f
}

func (t text) fork(k *forks) text { return text{shared(t.column, k), t.end} }

// ownPage is the fork's own copy of a page.
func (c *paged) ownPage(page uint32) unsafe.Pointer {
	if p := c.open[page]; p != nil {
		return p
	}
	p := c.forks.take()
	into := unsafe.Slice((*byte)(p), PageBytes)
	if from := c.original.slot(page); from != nil {
		copy(into, unsafe.Slice((*byte)(from), PageBytes))
	} else {
		c.original.cold.read(c.original, page, into)
	}
	atomic.StorePointer(&c.own[page], p)
	c.open[page] = p
	return p
}

func (x *index) fork(k *forks) *index {
	f := newIndex(forkTables, k)
	f.under = x
	return f
}

// lookup finds a number by a word. That of a fork looks into the original's too, and
// writes into its own.
type lookup[T ~uint16 | ~uint32] struct {
	own   map[string]T
	under map[string]T
}

func newLookup[T ~uint16 | ~uint32]() lookup[T] { return lookup[T]{own: map[string]T{}} }

func (l *lookup[T]) fork() lookup[T] { return lookup[T]{own: map[string]T{}, under: l.own} }

func (l *lookup[T]) find(word []byte) (n T, ok bool) {
	if n, ok = l.own[string(word)]; ok || l.under == nil {
		return n, ok
	}
	n, ok = l.under[string(word)]
	return n, ok
}

// at is find for a string.
func (l *lookup[T]) at(word string) (n T, ok bool) {
	if n, ok = l.own[word]; ok || l.under == nil {
		return n, ok
	}
	n, ok = l.under[word]
	return n, ok
}

func (n *names) fork() names {
	return names{list: slices.Clip(n.list), index: n.index.fork(), limit: n.limit, bytes: n.bytes}
}

func (r *registry) fork(k *forks) *registry {
	f := &registry{index: r.index.fork(k), keys: shared(r.keys, k), texts: r.texts.fork(k), count: r.count, hash: r.hash}
	f.known.Store(r.count)
	return f
}

func (n *notes) fork(k *forks) *notes {
	return &notes{heads: shared(n.heads, k), list: apart(n.list, k), count: n.count, hash: n.hash}
}

func (m *master) fork(k *forks) *master {
	f := &master{limits: m.limits, forked: true, areaIndex: m.areaIndex.fork(), provisionalAreas: m.provisionalAreas, lastArea: m.lastArea, lastMove: m.lastMove,
		sites: slices.Clone(m.sites), siteIndex: m.siteIndex.fork(), labs: slices.Clone(m.labs), labIndex: m.labIndex.fork(),
		provisionalSites: m.provisionalSites, provisionalLabs: m.provisionalLabs,
		rounds: slices.Clone(m.rounds), roundIndex: m.roundIndex.fork(), provisionalRounds: m.provisionalRounds,
		policies: slices.Clip(m.policies), putRounds: slices.Clip(m.putRounds),
		groups: m.groups.fork(), sets: slices.Clip(m.sets), setIndex: m.setIndex.fork(), lastSet: m.lastSet,
		attributes: shared(m.attributes, k), vaccinated: shared(m.vaccinated, k), households: shared(m.households, k),
		named: shared(m.named, k), leaf: shared(m.leaf, k), movers: apart(m.movers, k), moverCount: m.moverCount, listed: m.listed, hash: m.hash,
		plain: m.plain, releasesWhole: m.releasesWhole, usual: m.usual, times: slices.Clone(m.times),
		from: m.from, until: m.until, stamp: m.stamp, stamps: m.stamps}
	for i := range f.rounds {
		r := &f.rounds[i]
		r.versions, r.copies = slices.Clip(r.versions), slices.Clip(r.copies)
	}
	k.areas = append(k.areas[:0], m.areas...)
	for i := range k.areas {
		k.areas[i].children = slices.Clip(k.areas[i].children)
	}
	k.settled = slices.Grow(k.settled[:0], len(m.settled))[:len(m.settled)]
	clear(k.settled)
	f.areas, f.settled = k.areas, k.settled
	return f
}

func (t *tubes) fork(k *forks, m *master) *tubes {
	f := &tubes{master: m, original: t, index: t.index.fork(k), headers: apart(t.headers, k), codes: t.codes.fork(k),
		member: shared(t.member, k), place: shared(t.place, k), blocks: shared(t.blocks, k), extras: apart(t.extras, k), closed: shared(t.closed, k),
		moves: apart(t.moves, k), watched: shared(t.watched, k), count: t.count, tests: t.tests, extraCount: t.extraCount,
		moveCount: t.moveCount, watchCount: t.watchCount, results: t.results, newest: t.newest, rejectedBefore: t.rejectedBefore,
		wasNegative: t.wasNegative, rejectedSet: t.rejectedSet, sampledAfter: t.sampledAfter, hash: t.hash}
	f.published.Store(t.count)
	return f
}

func (p *people) fork(k *forks, n *notes) *people {
	return &people{notes: n, words: shared(p.words, k), tests: shared(p.tests, k), marks: shared(p.marks, k),
		sides: apart(p.sides, k), cause: apart(p.cause, k), order: apart(p.order, k), sideCount: p.sideCount, causeCount: p.causeCount,
		causeFree: p.causeFree, orderCount: p.orderCount, ordersOpen: p.ordersOpen, room: p.room, hash: p.hash, noting: p.noting}
}

func (c *coverage) fork(k *forks) *coverage {
	f := &coverage{shares: make([]*column[uint8], len(c.shares)), used: slices.Clone(c.used), hot: slices.Clone(c.hot), several: c.several,
		cold: slices.Clone(c.cold), late: slices.Clone(c.late), whole: slices.Clone(c.whole), within: slices.Clone(c.within), areas: c.areas,
		isStale: slices.Clone(c.isStale), stale: c.stale, now: c.now, next: c.next, closed: c.closed,
		tallies: apart(c.tallies, k), chunks: slices.Clone(c.chunks), runs: c.runs, lastKey: 1 << 63,
		births: apart(c.births, k), birthCount: c.birthCount, placed: c.placed, joined: c.joined, hash: c.hash,
		seen: make([]uint8, len(c.seen)), borrowed: make([]bool, len(c.within))}
	for r := range f.shares {
		f.shares[r] = shared(c.shares[r], k)
		f.chunks[r] = slices.Clone(c.chunks[r])
		f.within[r] = slices.Clip(c.within[r])
		f.borrowed[r] = true
	}
	return f
}

// ownWithin makes a fork's row of areas its own before an area in it changes.
func (c *coverage) ownWithin(r RoundID) {
	if c.borrowed != nil && c.borrowed[r] {
		c.borrowed[r] = false
		c.within[r] = slices.Clone(c.within[r])
	}
}
