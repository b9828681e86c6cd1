package engine

import (
	"cmp"
	"slices"
	"sync/atomic"
	"unsafe"
)

// needs looks for absent pages that a group will touch, by the ways that the rules go,
// and fetches nothing while it looks.
type needs struct {
	e       *Engine
	missing []pageName
	tubes   []neededTube
	people  []PersonOrdinal
	old     extent // all that is not below it is present, but for tests that these hang on
}

// neededTube is a tube that an item names: by code, or by number where that is known.
type neededTube struct {
	code    []byte
	hash    uint64
	index   uint32
	members bool // its members' chains are needed too
}

// Needs brings the absent pages that a group will touch into memory before it is
// applied, sorted, several at a time: tubes with their members and extras; of people
// the tests that their state hangs on. It is a guess that is nearly always right: what
// it misses Apply fetches itself. run is given jobs to fetch and returns when all are
// done. Any goroutine, beside the writer; not two at once.
func (e *Engine) Needs(group []*Batch, run func(jobs []func())) {
	x := e.coldState()
	if x == nil || x.kept.Load() == 0 {
		return
	}
	n := &x.needs
	n.e, n.tubes, n.people = e, n.tubes[:0], n.people[:0]
	for _, b := range group {
		n.gather(b)
	}
	n.rounds(x, run)
	clear(n.tubes[:cap(n.tubes)]) // they refer to the batches
}

// gather lists the tubes and people that a batch names.
func (n *needs) gather(b *Batch) {
	first := len(n.tubes)
	for i, code := range b.Tubes {
		n.tubes = append(n.tubes, neededTube{code: b.Text(code), hash: b.TubeHash[i]})
	}
	known := PersonOrdinal(n.e.registry.known.Load())
	for k, ref := range b.Person {
		if t := b.Tube[k]; t != NoTube && ref == 0 { // said of the tube: every member may be told
			n.tubes[first+int(t)].members = true
		}
		if ref == 0 {
			continue
		}
		who := PersonOrdinal(0)
		if ref.Type() == RefDocument {
			who = n.e.Find(ref, b.Text(ref.Document()))
		} else {
			who = n.e.Find(ref, nil)
		}
		if who != 0 && who <= known { // a replay is ahead of what has been applied
			n.people = append(n.people, who)
		}
	}
}

// rounds looks and fetches in turn: every round what the last one showed the way to.
func (n *needs) rounds(x *cold, run func(jobs []func())) {
	x.mu.Lock()
	n.old = x.old
	x.mu.Unlock()
	for range needsRounds {
		n.missing = n.missing[:0]
		n.tubes = unresolved(n, n.tubes, (*needs).tube)
		n.people = unresolved(n, n.people, (*needs).scanned)
		if len(n.missing) == 0 {
			return
		}
		slices.SortFunc(n.missing, func(a, b pageName) int {
			return cmp.Or(cmp.Compare(a.column.id, b.column.id), cmp.Compare(a.page, b.page))
		})
		pages := slices.Compact(n.missing)
		x.prefetched.Add(uint64(len(pages)))
		var jobs []func()
		for len(pages) > 0 {
			part := pages[:min(needsJobPages, len(pages))]
			pages = pages[len(part):]
			jobs = append(jobs, func() {
				for _, w := range part {
					if w.column.slot(w.page) == nil {
						x.bring(w.column, w.page)
					}
				}
			})
		}
		run(jobs)
	}
}

// unresolved keeps those of list that hit an absent page, for the next round.
func unresolved[T any](n *needs, list []T, follow func(*needs, T) bool) []T {
	left := list[:0]
	for len(list) > 0 {
		part := list[:min(needsSlice, len(list))]
		list = list[len(part):]
		n.e.mu.RLock()
		for _, x := range part {
			if !follow(n, x) {
				left = append(left, x)
			}
		}
		n.e.mu.RUnlock()
	}
	return left
}

// has is the element if its page is present, else it notes the page.
func has[T any](n *needs, c *column[T], i uint32) *T {
	if int(i) >= c.limitForReaders() {
		return nil
	}
	p := c.peek(i)
	if p == nil {
		n.missing = append(n.missing, pageName{&c.paged, i >> c.shift})
	}
	return p
}

// limitForReaders is capacity for any goroutine.
func (c *paged) limitForReaders() int { return len(*c.dir.Load()) << c.shift }

// tube follows one tube; false when an absent page was in the way.
func (n *needs) tube(w neededTube) bool {
	i := w.index
	if i == 0 {
		before := len(n.missing)
		if i = n.seek(w.code, w.hash); i == 0 {
			return len(n.missing) == before
		}
	}
	return n.run(i, w.members)
}

// seek is tubes.find without fetching.
func (n *needs) seek(code []byte, hash uint64) uint32 {
	t := n.e.tubes
	return t.index.find(hash, func(i uint32) bool {
		if i == 0 || !t.maybe(i, hash) {
			return false
		}
		h := has(n, t.headers, i)
		if h == nil {
			return false
		}
		c := has(n, t.codes.column, h.code)
		return c != nil && string(worded(c)) == string(code)
	})
}

// run follows a tube's members and extras.
func (n *needs) run(i uint32, members bool) bool {
	t := n.e.tubes
	if i > n.old.Tubes && !members {
		return true // all there
	}
	before := len(n.missing)
	h := has(n, t.headers, i)
	if h == nil {
		return false
	}
	has(n, t.closed, i)
	n.members(h, members)
	for x := h.extras; x != 0; {
		e := has(n, t.extras, x)
		if e == nil {
			break
		}
		if e.kind == extraRun {
			if run := has(n, t.headers, e.at); run != nil {
				n.members(run, members)
			}
		}
		x = e.next
	}
	return len(n.missing) == before
}

func (n *needs) members(h *header, chains bool) {
	t, p := n.e.tubes, n.e.people
	for s := h.first; s < h.first+uint32(h.used); s++ {
		who := has(n, t.member, s)
		has(n, t.place, s)
		has(n, p.tests, s)
		has(n, p.marks, s/8)
		has(n, t.blocks, s/blockTests)
		if chains && who != nil {
			n.person(PersonOrdinal(*who))
		}
	}
}

// scanned follows a person who is named himself. Of most the latest test is all that a
// scan looks at, and it is there.
func (n *needs) scanned(who PersonOrdinal) bool {
	w := atomic.LoadUint64(n.e.people.words.at(uint32(who)))
	return w&wordSide == 0 && uint32(w) >= n.old.Tests || n.person(who)
}

// person follows a chain as far as a state hangs on it: to the latest result, for those
// with causes to the end.
func (n *needs) person(who PersonOrdinal) bool {
	p := n.e.people
	before := len(n.missing)
	w := *p.words.at(uint32(who))
	t, all := uint32(w), w&wordSide != 0
	if all {
		t = p.sides.at(t).head
	}
	result := Seconds(0)
	for t != 0 {
		test, mark := has(n, p.tests, t), has(n, p.marks, t/8)
		if test == nil || mark == nil {
			break
		}
		m := *mark >> (4 * (t % 8)) & 15
		if Seconds(*test) < result && !all {
			break
		}
		switch {
		case m&markUnbound != 0:
		case m&markClass == markNegative:
			result = Seconds(*test)
		default: // which tube it waits in is asked at the door
			n.tubeOf(t)
		}
		t = uint32(*test >> 32)
	}
	return len(n.missing) == before
}

// tubeOf follows the way from a test to its tube.
func (n *needs) tubeOf(test uint32) {
	t := n.e.tubes
	block := has(n, t.blocks, test/blockTests)
	if block == nil {
		return
	}
	for i := *block; i != 0 && i < t.published.Load(); i++ {
		if h := has(n, t.headers, i+1); h == nil || h.first > test {
			return
		}
	}
}

// WarmTube fetches what a view of a tube will need, so that Tube does not wait for the
// disk while it keeps the writer waiting. Any goroutine, before Tube.
func (e *Engine) WarmTube(i TubeIndex) {
	if x := e.coldState(); x != nil && x.kept.Load() != 0 {
		n := needs{e: e, tubes: []neededTube{{index: uint32(i), members: true}}}
		n.rounds(x, inTurn)
	}
}

// WarmPerson is the same for a person's status.
func (e *Engine) WarmPerson(who PersonOrdinal) {
	if x := e.coldState(); x != nil && x.kept.Load() != 0 {
		n := needs{e: e, people: []PersonOrdinal{who}}
		n.rounds(x, inTurn)
	}
}

func inTurn(jobs []func()) {
	for _, job := range jobs {
		job()
	}
}

// print notes 16 bits of a new tube's hash, beside those that its place in the index
// tells: so that a code never seen before is known for new without a look at cold
// pages. Zero: never noted.
func (t *tubes) print(i uint32, hash uint64) {
	if x := t.headers.cold; x != nil {
		x.prints.grow(i)
		*x.prints.mut(i) = printOf(hash)
	}
}

func printOf(hash uint64) uint16 { return uint16(hash>>20) | 1 }

// maybe tells whether a tube in the index may have the hash; for sure where its header
// is in memory, so that only cold tubes cost a look.
func (t *tubes) maybe(i uint32, hash uint64) bool {
	if t.headers.slot(i>>t.headers.shift) != nil {
		return true
	}
	if t.original != nil {
		return t.original.maybe(i, hash)
	}
	p := t.headers.cold.prints
	return int(i) >= p.limitForReaders() || *p.at(i) == printOf(hash) || *p.at(i) == 0
}

// window reads a column from its beginning to its end and leaves absent pages absent:
// one of them at a time is in memory of its own.
type window[T any] struct {
	c    *column[T]
	page uint32
	base unsafe.Pointer
	own  []byte
}

func (w *window[T]) get(i uint32) *T {
	if page := i >> w.c.shift; w.base == nil || page != w.page {
		w.page = page
		if w.base = w.c.slot(page); w.base == nil {
			if w.own == nil {
				w.own = make([]byte, PageBytes)
			}
			w.c.cold.read(&w.c.paged, page, w.own)
			w.base = unsafe.Pointer(&w.own[0])
		}
	}
	return (*T)(unsafe.Add(w.base, uint16(i*uint32(unsafe.Sizeof(*new(T))))))
}
