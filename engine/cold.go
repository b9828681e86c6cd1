package engine

import (
	"fmt"
	"sync"
	"sync/atomic"
	"unsafe"
)

// Pages is where pages go that nobody has needed for days. Any goroutine may fetch.
type Pages interface {
	// Fetch fills into, PageBytes long, with the page as the newest committed snapshot
	// left it there. An error means that state is lost: the engine panics.
	Fetch(column uint8, page uint32, into []byte) error
}

// ColdConfig says what leaves memory. None of it changes what the engine decides.
type ColdConfig struct {
	Pages   Pages // nil: nothing ever leaves
	HotDays int   // days that tubes and tests stay whatever happens; 0: HotDaysDefault
	Fetched int   // pages that were fetched back and stay in memory; 0: FetchedPagesDefault
}

// cold keeps memory bounded over months of rounds: what was sampled longer ago than
// HotDays lies in Pages, and comes back page by page when an event or a reader needs it.
//
// Tubes, tests, codes and extras are numbered as they come, so what is old lies at the
// front of each column. Pages wholly older than HotDays are *old*. A page goes like this:
//
//	hot ──old──► old ──snapshot writes it to Pages──► kept ──writer, between groups──► absent
//	              ▲                                    │  ▲                              │
//	              └──────────the writer changes it─────┘  └─────────somebody fetches it──┘
//
// The copier writes old pages to Pages instead of into the snapshot, never over an
// older version, so a crash back to the snapshot before finds what that one left. Once
// the snapshot is committed, the writer lets those go that were not changed since it
// began: their entry in open is still nil. Fetched pages stay until more than Fetched
// are there, then the first to come is the first to go; a changed one waits for the
// next snapshot. The state hash is kept by addition, so it knows nothing of all this.
//
// A reader without lock may be in a page when it goes. Its memory is used again only
// after every visit that was under way has ended, see visitors; fetched pages are
// memory of the Go heap, and need no such care.
type cold struct {
	pages   Pages
	hotDays uint32
	most    int

	columns []coldColumn // by ascending column number
	counts  []int        // pages of each in the snapshot that is loaded; nil of one that does not say
	days    []extent     // the writer's: how far everything had grown when a day began
	old     extent       // the writer's, changed under mu: all below it is old
	oldest  int64        // the writer's: pages wholly below it

	mu    sync.Mutex
	queue []pageName // fetched pages in memory, first come first
	round uint64     // one up whenever pages go that Pages has anew: what was fetched before is stale
	kept  atomic.Int64

	// The writer's: memory of pages that went. limbo since the last change of epoch,
	// waiting before it, free to use.
	limbo, waiting, free []unsafe.Pointer
	spare                atomic.Int64 // pages in the three

	visitors visitors
	prints   *column[uint16] // by tube, see print
	needs    needs           // scratch of Needs
	snapshot *Snapshot       // under way
	crowded  chan struct{}

	prefetched, faulted, dropped atomic.Uint64
}

// coldColumn is a column whose old pages may be absent, and which they are.
type coldColumn struct {
	*paged
	limit func(*extent) uint32 // elements that existed at an extent
}

// extent is how far the engine had grown when a day began.
type extent struct {
	Day                         uint32 // since 2000-01-01, by receipt
	Tubes, Tests, Extras, Codes uint32
}

type pageName struct {
	column *paged
	page   uint32
}

// Bits of a page's book.
const (
	bookKept = 1 << iota // Pages has it as it is
	bookHeap             // its memory is the Go heap's
)

// KeepCold makes old pages leave memory. REQUIRES: a new engine, before anything is
// loaded or applied.
func (e *Engine) KeepCold(c ColdConfig) {
	if c.Pages == nil {
		return
	}
	if c.HotDays == 0 {
		c.HotDays = HotDaysDefault
	}
	if c.Fetched == 0 {
		c.Fetched = FetchedPagesDefault
	}
	t, p := e.tubes, e.people
	x := &cold{pages: c.Pages, hotDays: uint32(c.HotDays), most: c.Fetched, prints: newColumn[uint16](0, t.headers.alloc), crowded: make(chan struct{}, 1)}
	// Numbers begin with 1. A column that nobody has put anything into has no page, whatever
	// the others have: one that was told to be in the cold store would never be found there.
	numbered := func(n uint32) uint32 {
		if n == 0 {
			return 0
		}
		return n + 1
	}
	tubes := func(m *extent) uint32 { return numbered(m.Tubes) }
	tests := func(m *extent) uint32 { return m.Tests }
	x.columns = []coldColumn{
		{&p.tests.paged, tests},
		{&p.marks.paged, func(m *extent) uint32 { return m.Tests / 8 }},
		{&t.headers.paged, tubes},
		{&t.codes.paged, func(m *extent) uint32 { return m.Codes }},
		{&t.member.paged, tests},
		{&t.place.paged, tests},
		{&t.blocks.paged, func(m *extent) uint32 { return m.Tests / blockTests }},
		{&t.extras.paged, func(m *extent) uint32 { return numbered(m.Extras) }},
		{&t.closed.paged, tubes},
	}
	for i, c := range x.columns {
		if i > 0 && c.id <= x.columns[i-1].id {
			panic("engine: BUG: cold columns out of order")
		}
		c.cold = x
		c.book = make([]uint8, len(c.own))
	}
}

// coldState is nil where nothing is ever cold.
func (e *Engine) coldState() *cold { return e.tubes.headers.cold }

// HasCold tells whether Needs could find anything; any goroutine.
func (e *Engine) HasCold() bool {
	x := e.coldState()
	return x != nil && x.kept.Load() != 0
}

// oldPages is how many pages of a column are wholly old.
func (c *coldColumn) oldPages(m *extent) int { return min(int(c.limit(m)>>c.shift), len(c.own)) }

// Tidy is what the writer does between two groups: it notes the days, by receipt, lets
// fetched pages go that are too many, and takes memory back that readers have left.
func (e *Engine) Tidy(received Seconds) {
	x := e.coldState()
	if x == nil {
		return
	}
	if today := uint32(received / secondsPerDay); today > 0 && (len(x.days) == 0 || today > x.days[len(x.days)-1].Day) {
		t := e.tubes
		x.days = append(x.days, extent{Day: today, Tubes: t.count, Tests: t.tests, Extras: t.extraCount, Codes: t.codes.end})
		x.age(today)
	}
	x.drop()
	x.reclaim()
}

// Crowded tells the writer that readers have fetched more than may stay: he should Tidy,
// with 0, also when no group comes.
func (e *Engine) Crowded() <-chan struct{} {
	if x := e.coldState(); x != nil {
		return x.crowded
	}
	return nil
}

const secondsPerDay = 86400

// age moves the bound of what is old to the latest beginning of a day at least hotDays
// ago, and forgets the days before.
func (x *cold) age(today uint32) {
	first := 0
	for i := range x.days {
		if x.days[i].Day+x.hotDays <= today {
			first = i
		}
	}
	x.days = append(x.days[:0], x.days[first:]...)
	if x.days[0].Day+x.hotDays > today {
		return
	}
	x.mu.Lock()
	x.old, x.oldest = x.days[0], 0
	x.mu.Unlock()
	for i := range x.columns {
		x.oldest += int64(x.columns[i].oldPages(&x.old))
	}
}

// empty makes the pages of a new engine absent: a snapshot that does not bring them left
// them in the cold store.
func (x *cold) empty() {
	for _, c := range x.columns {
		for page := range c.own {
			x.free = append(x.free, c.own[page])
			x.spare.Add(1)
			c.own[page], c.open[page] = nil, nil
			c.present.Add(-1)
		}
	}
}

// loaded tells which pages of a snapshot were left in the cold store: all that the
// columns had and the snapshot did not hold.
func (x *cold) loaded(m *extent) {
	for i := range x.columns {
		c := &x.columns[i]
		if len(x.counts) == len(x.columns) {
			c.extend(x.counts[i])
		} else if n := c.limit(m); n > 0 && c.id != colTests && c.id != colMarks { // those two grow with their first effect
			c.extend(int((n-1)>>c.shift) + 1)
		}
		for page, p := range c.own {
			if p == nil {
				c.book[page] = bookKept
				x.kept.Add(1)
			}
		}
	}
	if n := len(x.days); n > 0 {
		x.age(x.days[n-1].Day)
	}
}

// WantsSnapshot tells whether the next snapshot would free more pages than may be in
// memory for being fetched: then it should not wait for its turn. Writer's goroutine.
func (e *Engine) WantsSnapshot() bool {
	x := e.coldState()
	return x != nil && x.oldest-x.kept.Load() > int64(x.most)
}

// fault fetches a page that somebody came upon.
func (x *cold) fault(c *paged, page uint32) unsafe.Pointer {
	x.faulted.Add(1)
	return x.bring(c, page)
}

// bring fetches an absent page and makes it present for everybody.
func (x *cold) bring(c *paged, page uint32) unsafe.Pointer {
	for {
		x.mu.Lock()
		round := x.round
		x.mu.Unlock()
		data := make([]byte, PageBytes)
		x.read(c, page, data)
		if p := x.install(c, page, data, round); p != nil {
			return p
		}
	}
}

// read fetches an absent page into memory of the caller's own.
func (x *cold) read(c *paged, page uint32, into []byte) {
	if err := x.pages.Fetch(c.id, page, into); err != nil {
		panic(fmt.Errorf("engine: cannot fetch page %d of column %d: %w", page, c.id, err))
	}
}

// install answers nil when the page may have changed since it was fetched in that round.
func (x *cold) install(c *paged, page uint32, data []byte, round uint64) unsafe.Pointer {
	x.mu.Lock()
	defer x.mu.Unlock()
	if p := c.slot(page); p != nil { // somebody was faster
		return p
	}
	if round != x.round {
		return nil
	}
	p := unsafe.Pointer(&data[0])
	c.book[page] |= bookHeap
	atomic.StorePointer(&(*c.dir.Load())[page], p)
	c.present.Add(1)
	if x.queue = append(x.queue, pageName{c, page}); len(x.queue) > x.most {
		select {
		case x.crowded <- struct{}{}:
		default:
		}
	}
	return p
}

// changed hears of the first change to a page since it was last looked at.
func (x *cold) changed(c *paged, page uint32) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if c.book[page]&bookKept != 0 {
		c.book[page] &^= bookKept
		x.kept.Add(-1)
	}
}

// keep marks the pages that a committed snapshot gave to Pages and that were not changed
// since, and lets them go. Those that had been fetched stay a little longer, like others
// that were: whoever needed them may come again. Writer's goroutine, between two groups.
func (e *Engine) keep(x *cold, written []pageName) {
	const several = 256 // readers under the lock wait for 50 µs
	for len(written) > 0 {
		n := min(several, len(written))
		e.mu.Lock()
		x.mu.Lock()
		x.round++
		for _, w := range written[:n] {
			if w.column.open[w.page] != nil {
				continue
			}
			book := &w.column.book[w.page]
			*book |= bookKept
			x.kept.Add(1)
			if *book&bookHeap != 0 {
				x.queue = append(x.queue, w)
			} else {
				x.evict(w)
			}
		}
		x.mu.Unlock()
		e.mu.Unlock()
		written = written[n:]
	}
}

// evict makes a kept page absent. Writer's goroutine, x.mu held.
func (x *cold) evict(w pageName) {
	slot := &w.column.own[w.page]
	if book := &w.column.book[w.page]; *book&bookHeap != 0 {
		*book &^= bookHeap
	} else { // whoever holds the lock is not in it: see keep
		x.limbo = append(x.limbo, *slot)
		x.spare.Add(1)
	}
	atomic.StorePointer(slot, nil)
	w.column.present.Add(-1)
}

// drop lets fetched pages go, the first to come first, until no more than most are left.
// One that was changed leaves the queue and waits for the next snapshot.
func (x *cold) drop() {
	x.mu.Lock()
	defer x.mu.Unlock()
	n := 0
	for ; len(x.queue)-n > x.most; n++ {
		w := x.queue[n]
		if book := w.column.book[w.page]; book&(bookKept|bookHeap) == bookKept|bookHeap {
			x.evict(w)
			x.dropped.Add(1)
		}
	}
	x.queue = append(x.queue[:0], x.queue[n:]...)
}

// reclaim moves memory from limbo to waiting to free as visits end.
func (x *cold) reclaim() {
	if len(x.waiting) > 0 && x.visitors.gone() {
		x.free = append(x.free, x.waiting...)
		x.waiting = x.waiting[:0]
	}
	if len(x.waiting) == 0 && len(x.limbo) > 0 && x.visitors.gone() {
		x.limbo, x.waiting = x.waiting, x.limbo
		x.visitors.epoch.Add(1)
	}
}

// used is a zeroed page whose memory served before, nil for none.
func (x *cold) used() unsafe.Pointer {
	n := len(x.free)
	if n == 0 {
		return nil
	}
	p := x.free[n-1]
	x.free = x.free[:n-1]
	x.spare.Add(-1)
	clear(unsafe.Slice((*byte)(p), PageBytes))
	return p
}

// visitors counts the readers that are in pages without a lock, by epoch, so that the
// writer knows when all who could have seen a page have left. Twice an addition to a
// counter that few others use: 10 ns a visit.
type visitors struct {
	epoch  atomic.Uint64
	inside [2][visitorShards]struct {
		count atomic.Int64
		_     [56]byte // a line of its own
	}
}

const visitorShards = 64

// visit is a reader's stay; see Engine.enter.
type visit struct{ count *atomic.Int64 }

// enter begins a visit of a reader who holds no lock: pages that he comes upon stay
// where they are until leave.
func (e *Engine) enter() visit {
	x := e.coldState()
	if x == nil {
		return visit{}
	}
	return x.visitors.enter()
}

func (v *visitors) enter() visit {
	var here byte // goroutines have different stacks: good enough to keep them apart
	shard := uintptr(unsafe.Pointer(&here)) >> 11 % visitorShards
	for {
		epoch := v.epoch.Load()
		count := &v.inside[epoch&1][shard].count
		count.Add(1)
		if v.epoch.Load() == epoch {
			return visit{count}
		}
		count.Add(-1) // the writer may not have seen it
	}
}

// leave ends a visit.
func (v visit) leave() {
	if v.count != nil {
		v.count.Add(-1)
	}
}

// gone tells whether every visit of the epoch before has ended. Writer's goroutine.
func (v *visitors) gone() bool {
	before := &v.inside[(v.epoch.Load()+1)&1]
	for i := range before {
		if before[i].count.Load() != 0 {
			return false
		}
	}
	return true
}

// coldParts are what it costs that pages can go cold.
func (e *Engine) coldParts() []Part {
	x := e.coldState()
	if x == nil {
		return nil
	}
	return []Part{{"tube_prints", "scan", x.prints.bytes()}, {"spare_pages", "", uint64(x.spare.Load()) * PageBytes}}
}

// ColdCounts are for metrics.
type ColdCounts struct {
	Kept       uint64 // pages that Pages has as they are, in memory or not
	Fetched    uint64 // of these and their like, in memory because they were needed
	Spare      uint64 // pages of memory that wait to be used again
	Prefetched uint64 // fetched before the group was applied, ever
	Faulted    uint64 // fetched when somebody came upon them, ever
	Dropped    uint64 // let go because too many were fetched, ever
}

// Cold counts what has gone cold; any goroutine.
func (e *Engine) Cold() ColdCounts {
	x := e.coldState()
	if x == nil {
		return ColdCounts{}
	}
	x.mu.Lock()
	fetched := len(x.queue)
	x.mu.Unlock()
	return ColdCounts{Kept: uint64(x.kept.Load()), Fetched: uint64(fetched), Spare: uint64(x.spare.Load()),
		Prefetched: x.prefetched.Load(), Faulted: x.faulted.Load(), Dropped: x.dropped.Load()}
}
