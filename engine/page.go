package engine

import (
	"sync/atomic"
	"unsafe"
)

// PageBytes is the size of every page: small enough to copy in 10 µs, large enough
// that the directory of a country fits the second-level cache.
const PageBytes = 64 << 10

// Allocator hands out the engine's pages: PageBytes each, zeroed, aligned to 64
// bytes, holding no pointers. Tests use the Go heap, the server huge pages. The engine
// never gives a page back: memory of pages that went cold it uses again itself.
// FinishLoad's jobs call it from several goroutines.
type Allocator interface {
	Page() []byte
}

// column is an array of T in fixed pages behind a directory. It grows without moving:
// an element's address stays good for ever, or, where pages may go cold, until the end
// of the group (the writer's) or of the visit (a reader's, see visitors).
//
// One goroutine writes. Others may read elements that were published to them through
// an atomic (a status word, a count); the directory is replaced as a whole.
//
// REQUIRES: T holds no pointers and its size is a power of two.
type column[T any] struct{ paged }

// paged is a column without its type.
type paged struct {
	// By page; nil: absent. Slots by atomics only. own is *dir, for those who hold the
	// engine's lock.
	dir atomic.Pointer[[]unsafe.Pointer]
	own []unsafe.Pointer

	// The writer's own: pages that may be changed without asking writable; else nil.
	open []unsafe.Pointer

	alloc   Allocator
	snap    *copyOnWrite // of the snapshot under way; nil otherwise
	cold    *cold        // nil: no page is ever absent
	book    []uint8      // cold.mu: by page, see book*
	present atomic.Int64 // pages in memory
	shift   uint
	id      uint8

	// Of a fork, see fork.go: the column that its pages come from, and where their memory does.
	original *paged
	forks    *forks
}

func newColumn[T any](id uint8, alloc Allocator) *column[T] {
	size := uint32(unsafe.Sizeof(*new(T)))
	if size&(size-1) != 0 {
		panic("engine: BUG: column element size is not a power of two")
	}
	c := &column[T]{paged{alloc: alloc, id: id}}
	for size<<c.shift < PageBytes {
		c.shift++
	}
	c.dir.Store(&[]unsafe.Pointer{})
	return c
}

// at is the element's address for a reader without lock.
func (c *column[T]) at(i uint32) *T {
	p := there(atomic.LoadPointer(&(*c.dir.Load())[i/uint32(PageBytes/unsafe.Sizeof(*new(T)))]), &c.paged, i, fetched)
	return (*T)(unsafe.Add(p, uint16(i*uint32(unsafe.Sizeof(*new(T))))))
}

// get is the element's address for the writer, who will not change it, and for readers
// under the lock.
func (c *column[T]) get(i uint32) *T {
	p := there(atomic.LoadPointer(&c.own[i/uint32(PageBytes/unsafe.Sizeof(*new(T)))]), &c.paged, i, fetched)
	return (*T)(unsafe.Add(p, uint16(i*uint32(unsafe.Sizeof(*new(T))))))
}

// mut is the element's address for the writer, who may change it until the group ends.
func (c *column[T]) mut(i uint32) *T {
	p := there(c.open[i/uint32(PageBytes/unsafe.Sizeof(*new(T)))], &c.paged, i, writable)
	return (*T)(unsafe.Add(p, uint16(i*uint32(unsafe.Sizeof(*new(T))))))
}

// fix is at for a column that never goes cold.
func (c *column[T]) fix(i uint32) *T {
	p := (*c.dir.Load())[i/uint32(PageBytes/unsafe.Sizeof(*new(T)))]
	return (*T)(unsafe.Add(p, uint16(i*uint32(unsafe.Sizeof(*new(T))))))
}

// peek is at, but nil instead of fetching an absent page.
func (c *column[T]) peek(i uint32) *T {
	p := c.slot(i >> c.shift)
	if p == nil {
		return nil
	}
	return (*T)(unsafe.Add(p, uint16(i*uint32(unsafe.Sizeof(*new(T))))))
}

// near is get for a look ahead: an absent page is not fetched, its elements are zero.
func (c *column[T]) near(i uint32) *T {
	p := atomic.LoadPointer(&c.own[i/uint32(PageBytes/unsafe.Sizeof(*new(T)))])
	if p == nil {
		return (*T)(unsafe.Pointer(&nowhere))
	}
	return (*T)(unsafe.Add(p, uint16(i*uint32(unsafe.Sizeof(*new(T))))))
}

var nowhere [8]uint64 // nobody writes to it

// there is p unless that is nil. The function is a parameter because the compiler, when
// it decides what to inline, reckons a call of a parameter at 17 and any other at 57 of
// the 80 that it allows: so get, at and mut stay inlined, and the call is a plain one
// all the same. Not inlined they made a scan 15 % dearer; so they make it 5 % cheaper
// than before pages could be absent, for mut asks nothing but its own directory.
func there(p unsafe.Pointer, c *paged, i uint32, otherwise func(*paged, uint32) unsafe.Pointer) unsafe.Pointer {
	if p == nil {
		p = otherwise(c, i)
	}
	return p
}

// fetched brings the absent page of an element into memory.
func fetched(c *paged, i uint32) unsafe.Pointer {
	if c.original != nil {
		return c.ownPage(i >> c.shift)
	}
	if c.cold == nil {
		panic("engine: BUG: an element that does not exist")
	}
	return c.cold.fault(c, i>>c.shift)
}

// writable opens a page for changes: a snapshot under way has it first, and the cold
// store's copy is no longer the page.
func writable(c *paged, i uint32) unsafe.Pointer {
	page := i >> c.shift
	if c.original != nil {
		return c.ownPage(page)
	}
	p := c.slot(page)
	if p == nil {
		p = fetched(c, i)
	}
	if c.snap != nil {
		c.snap.preserve(page, p)
	}
	if c.cold != nil {
		c.cold.changed(c, page)
	}
	c.open[page] = p
	return p
}

// slot is a page as readers see it now.
func (c *paged) slot(page uint32) unsafe.Pointer {
	return atomic.LoadPointer(&(*c.dir.Load())[page])
}

// grow makes element i exist (zero) with all before it.
func (c *paged) grow(i uint32) {
	if need := int(i>>c.shift) + 1; need > len(c.own) {
		c.growPages(need)
	}
}

func (c *paged) growPages(need int) {
	for len(c.own) < need {
		p := c.newPage()
		c.extend(len(c.own) + 1)
		c.put(uint32(len(c.own)-1), p, 0)
	}
}

func (c *paged) newPage() unsafe.Pointer {
	if c.cold != nil {
		if p := c.cold.used(); p != nil {
			return p
		}
	}
	page := c.alloc.Page()
	if len(page) != PageBytes {
		panic("engine: BUG: the allocator's page has the wrong size")
	}
	return unsafe.Pointer(&page[0])
}

// extend makes the directories so many pages long; new ones are absent. Writer only.
func (c *paged) extend(pages int) {
	if pages <= len(c.own) {
		return
	}
	if c.cold != nil {
		c.cold.mu.Lock()
		defer c.cold.mu.Unlock()
		c.book = append(c.book, make([]uint8, pages-len(c.book))...)
	}
	d := *c.dir.Load()
	if pages > cap(d) { // readers keep the old one
		bigger := make([]unsafe.Pointer, len(d), 2*pages+16)
		for i := range d {
			bigger[i] = atomic.LoadPointer(&d[i])
		}
		d = bigger
	}
	d = d[:pages]
	c.dir.Store(&d)
	c.own = d
	c.open = append(c.open, make([]unsafe.Pointer, pages-len(c.open))...)
}

// put gives an absent page its memory, open to the writer.
func (c *paged) put(page uint32, p unsafe.Pointer, book uint8) {
	if c.cold != nil {
		c.cold.mu.Lock()
		defer c.cold.mu.Unlock()
		c.book[page] = book
	}
	atomic.StorePointer(&c.own[page], p)
	c.open[page] = p
	c.present.Add(1)
}

// bytes in memory; the directories are 16 a page, absent or not.
func (c *paged) bytes() uint64 {
	return uint64(c.present.Load())*PageBytes + uint64(len(*c.dir.Load()))*16
}

// pager is a column of whatever type.
type pager interface {
	base() *paged
	columnID() uint8
	pageCount() int
	pageBytes(page int) []byte
	loadPage(page int, data []byte)
}

func (c *paged) base() *paged    { return c }
func (c *paged) columnID() uint8 { return c.id }
func (c *paged) pageCount() int  { return len(c.own) }

// pageBytes is the memory of a page. REQUIRES: it is not absent.
func (c *paged) pageBytes(page int) []byte {
	return unsafe.Slice((*byte)(c.slot(uint32(page))), PageBytes)
}

// loadPage takes a page of a snapshot; those before it may come later, or never.
func (c *paged) loadPage(page int, data []byte) {
	c.extend(page + 1)
	if c.slot(uint32(page)) == nil {
		c.put(uint32(page), c.newPage(), 0)
	}
	copy(c.pageBytes(page), data)
}

// whole tells whether no page is absent.
func (c *paged) whole() bool { return c.present.Load() == int64(len(c.own)) }

// capacity is how many elements exist.
func (c *paged) capacity() int { return len(c.own) << c.shift }

// text is an append-only arena of short byte strings that never cross a page. A
// string is named by its offset; its first byte is its length.
type text struct {
	*column[byte]
	end uint32
}

func newText(id uint8, alloc Allocator) text { return text{column: newColumn[byte](id, alloc)} }

// add stores s and returns its offset. REQUIRES: len(s) < 256.
func (t *text) add(s []byte) uint32 {
	need := uint32(len(s)) + 1
	if t.end/PageBytes != (t.end+need-1)/PageBytes {
		t.end = (t.end/PageBytes + 1) * PageBytes
	}
	off := t.end
	t.grow(off + need - 1)
	p := unsafe.Slice(t.mut(off), need)
	p[0] = byte(len(s))
	copy(p[1:], s)
	t.end += need
	return off
}

// of is the string at an offset; any goroutine to which the offset was published.
func (t *text) of(off uint32) []byte { return worded(t.at(off)) }

// worded is the string that begins at p with its length.
func worded(p *byte) []byte { return unsafe.Slice(p, int(*p)+1)[1:] }
