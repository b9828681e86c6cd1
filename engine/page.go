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
// never gives a page back. FinishLoad's jobs call it from several goroutines.
type Allocator interface {
	Page() []byte
}

// column is an array of T in fixed pages behind a directory: it grows without
// moving, so a reader's address stays good for ever.
//
// One goroutine writes. Others may read elements that were published to them through
// an atomic (a status word, a count); the directory is replaced as a whole.
//
// REQUIRES: T holds no pointers and its size is a power of two.
type column[T any] struct {
	dir   atomic.Pointer[[]unsafe.Pointer]
	own   []unsafe.Pointer // the writer's copy of *dir
	alloc Allocator
	shift uint
	mask  uint32
	snap  *copyOnWrite // of the snapshot under way; nil otherwise
	id    uint8
}

func newColumn[T any](id uint8, alloc Allocator) *column[T] {
	size := uint32(unsafe.Sizeof(*new(T)))
	per := uint32(PageBytes) / size
	if size&(size-1) != 0 {
		panic("engine: BUG: column element size is not a power of two")
	}
	c := &column[T]{alloc: alloc, mask: per - 1, id: id}
	for 1<<c.shift < per {
		c.shift++
	}
	empty := []unsafe.Pointer{}
	c.dir.Store(&empty)
	return c
}

// at is the element's address for a reader.
func (c *column[T]) at(i uint32) *T {
	d := *c.dir.Load()
	return (*T)(unsafe.Add(d[i>>c.shift], uintptr(i&c.mask)*unsafe.Sizeof(*new(T))))
}

// get is the element's address for the writer, who will not change it.
func (c *column[T]) get(i uint32) *T {
	return (*T)(unsafe.Add(c.own[i>>c.shift], uintptr(i&c.mask)*unsafe.Sizeof(*new(T))))
}

// mut is the element's address for the writer, who may change it: a snapshot under
// way has its page first.
func (c *column[T]) mut(i uint32) *T {
	page := i >> c.shift
	if c.snap != nil {
		c.snap.preserve(page, c.own)
	}
	return (*T)(unsafe.Add(c.own[page], uintptr(i&c.mask)*unsafe.Sizeof(*new(T))))
}

// grow makes element i exist (zero) with all before it.
func (c *column[T]) grow(i uint32) {
	need := int(i>>c.shift) + 1
	if need <= len(c.own) {
		return
	}
	c.growPages(need)
}

func (c *column[T]) growPages(need int) {
	for len(c.own) < need {
		if len(c.own) == cap(c.own) { // readers keep the old directory
			bigger := make([]unsafe.Pointer, len(c.own), 2*cap(c.own)+16)
			copy(bigger, c.own)
			c.own = bigger
		}
		page := c.alloc.Page()
		if len(page) != PageBytes {
			panic("engine: BUG: the allocator's page has the wrong size")
		}
		c.own = append(c.own, unsafe.Pointer(&page[0]))
		d := c.own
		c.dir.Store(&d)
	}
}

func (c *column[T]) bytes() uint64 { return uint64(len(c.own)) * (PageBytes + 8) }

// pager is a column without its type, for snapshots.
type pager interface {
	columnID() uint8
	pageCount() int
	pageBytes(page int) []byte
	loadPage(page int, data []byte)
	watch(s *copyOnWrite)
}

func (c *column[T]) columnID() uint8 { return c.id }
func (c *column[T]) pageCount() int  { return len(c.own) }
func (c *column[T]) pageBytes(page int) []byte {
	return unsafe.Slice((*byte)((*c.dir.Load())[page]), PageBytes)
}
func (c *column[T]) loadPage(page int, data []byte) {
	c.growPages(page + 1)
	copy(c.pageBytes(page), data)
}
func (c *column[T]) watch(s *copyOnWrite) { c.snap = s }

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
func (t *text) of(off uint32) []byte {
	p := t.at(off)
	return unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(p), 1)), int(*p))
}

// capacity is how many elements exist.
func (c *column[T]) capacity() int { return len(c.own) << c.shift }
