package engine

import (
	"math/bits"
	"sync/atomic"
	"unsafe"
)

// index finds a 32-bit ordinal by the hash of its key. It keeps a 16-bit tag and the
// ordinal a slot, not the key: the caller compares the key in its own column, so that
// an entry is 6 bytes instead of 12. The tag is also the place: a table grows without
// a look at any key (with 8-bit tags and keys read again, growth was more than half
// of the cost of a new person).
//
// Tens of thousands of small tables grow one at a time, so no insert ever moves more
// than a few thousand entries. A table is an array of groups of eight: two words of
// four tags, then four words of two ordinals. Tables lie in the engine's pages, and
// one word says where: a search costs one miss for the tags and one for the key.
//
// One goroutine writes, any may search. An ordinal is stored before its tag, both
// atomically. A page whose tables have all moved is used again, while a slow reader
// may still be in it; so a reader looks at the table's word again when he is done,
// and starts over if it changed. Nothing is ever removed.
type index struct {
	where []atomic.Uint64 // by table: see table* below; 0: none yet
	mask  uint64          // tables - 1
	store *column[uint64]
	pages []tablePage
	free  []uint32               // pages without live tables
	open  [pageGroups + 1]uint32 // by table size: page + 1 that has room
	none  [groupWords]uint64
	under *index // of the engine that this one's is a fork of; nil: of none
}

// tablePage is a page of tables of one size.
type tablePage struct{ size, used, live uint16 }

const (
	groupSlots = 8
	groupWords = 6
	pageWords  = PageBytes / 8
	pageGroups = pageWords / groupWords // the largest table

	indexTableEntries = pageGroups * groupSlots * 3 / 4 // what a table holds before it is slow: 8,190

	// Tables of each index: the words that say where they are stay in the second-level
	// cache, and 137 million entries fit.
	personTables = 1 << 14
	tubeTables   = 1 << 14

	// A table's word: groups in 0..10, first group in 11..21, entries in 22..37, page in 38..63.
	tableGroups  = 1<<11 - 1
	tableFirst   = 11
	tableEntries = 22
	tablePages   = 38
	tablePlace   = ^uint64(0xffff << tableEntries) // all but the entries
)

const (
	lowBits  = 0x0001000100010001
	highBits = 0x8000800080008000
)

func newIndex(tables int, alloc Allocator) *index {
	return &index{where: make([]atomic.Uint64, tables), mask: uint64(tables) - 1, store: newColumn[uint64](0, alloc)}
}

// tagOf is the upper 16 bits of a hash, never 0; the table is of the lower.
func tagOf(h uint64) uint64 { return max(h>>48, 1) }

// matches marks the lanes of w that are equal to tag (with rare false marks above a
// true one, which the key comparison settles).
func matches(w, tag uint64) uint64 {
	x := w ^ tag*lowBits
	return (x - lowBits) &^ x & highBits
}

// home is the first group of a tag in a table of n groups.
func home(tag, n uint64) uint64 { return tag * n >> 16 }

// group is the address of a group of the table at w.
func (x *index) group(w, g uint64) *[groupWords]uint64 {
	first := uint32(w>>tablePages)*pageWords + uint32((w>>tableFirst&tableGroups)+g)*groupWords
	return (*[groupWords]uint64)(unsafe.Pointer(x.store.fix(first)))
}

// find returns the ordinal with that hash for which same answers true, 0 for none.
// same may be asked about ordinals that have nothing to do with the hash.
func (x *index) find(h uint64, same func(ordinal uint32) bool) uint32 {
	table := &x.where[h&x.mask]
	for {
		w := table.Load()
		found := x.search(w, tagOf(h), same)
		if found != 0 {
			return found
		}
		if (table.Load()^w)&tablePlace == 0 {
			break
		}
	}
	if x.under == nil {
		return 0
	}
	return x.under.find(h, same)
}

func (x *index) search(w, tag uint64, same func(ordinal uint32) bool) uint32 {
	groups := w & tableGroups
	if groups == 0 {
		return 0
	}
	g := home(tag, groups)
	for range groups {
		group := x.group(w, g)
		for half := range 2 {
			tags := atomic.LoadUint64(&group[half])
			for m := matches(tags, tag); m != 0; m &= m - 1 {
				slot := half*4 + bits.TrailingZeros64(m)/16
				pair := atomic.LoadUint64(&group[2+slot/2])
				if o := uint32(pair >> (32 * (slot & 1))); o != 0 && same(o) {
					return o
				}
			}
			if matches(tags, 0) != 0 {
				return 0
			}
		}
		if g++; g == groups {
			g = 0
		}
	}
	return 0
}

// start is the address where a search for h starts, for touching; of some word of the
// index if there is no table yet.
func (x *index) start(h uint64) *uint64 {
	w := x.where[h&x.mask].Load()
	if w == 0 {
		if x.under != nil {
			return x.under.start(h)
		}
		return &x.none[0]
	}
	return &x.group(w, home(tagOf(h), w&tableGroups))[0]
}

// candidate is the first ordinal with that tag near its place, right in all but a few
// cases in a thousand: what a search would have to look at, for touching. absent is
// true when a search would find nothing.
func (x *index) candidate(h uint64) (ordinal uint32, absent bool) {
	w := x.where[h&x.mask].Load()
	if w == 0 {
		return x.candidateBelow(h)
	}
	tag := tagOf(h)
	group := x.group(w, home(tag, w&tableGroups))
	for half := range 2 {
		tags := atomic.LoadUint64(&group[half])
		if m := matches(tags, tag); m != 0 {
			slot := half*4 + bits.TrailingZeros64(m)/16
			return uint32(atomic.LoadUint64(&group[2+slot/2]) >> (32 * (slot & 1))), false
		}
		if matches(tags, 0) != 0 {
			return x.candidateBelow(h)
		}
	}
	return 0, false
}

func (x *index) candidateBelow(h uint64) (ordinal uint32, absent bool) {
	if x.under == nil {
		return 0, true
	}
	return x.under.candidate(h)
}

// insert adds an ordinal that is not there. Writer only.
func (x *index) insert(h uint64, ordinal uint32) {
	k := h & x.mask
	w := x.where[k].Load()
	if groups := w & tableGroups; (w>>tableEntries&0xffff)*4 >= groups*groupSlots*3 && groups < pageGroups {
		w = x.enlarge(k, w)
	}
	x.put(w, tagOf(h), ordinal)
	x.where[k].Store(w + 1<<tableEntries)
}

// enlarge replaces a table by one half as large again. With a third, and a load of up
// to 7/8, an entry took 1.5 bytes less, but one search in three went past a full group.
func (x *index) enlarge(k, old uint64) uint64 {
	n := old & tableGroups
	w := x.allot(min(n+n/2+1, pageGroups))
	for g := range n {
		group := x.group(old, g)
		for slot := range groupSlots {
			if tag := group[slot/4] >> (16 * (slot & 3)) & 0xffff; tag != 0 {
				x.put(w, tag, uint32(group[2+slot/2]>>(32*(slot&1))))
			}
		}
	}
	w |= old & (0xffff << tableEntries)
	x.where[k].Store(w)
	if n > 0 {
		x.release(uint32(old >> tablePages))
	}
	return w
}

// allot finds room for a table, in a page of tables of its size.
func (x *index) allot(groups uint64) uint64 {
	p := x.open[groups]
	if p == 0 || uint64(x.pages[p-1].used)+groups > pageGroups {
		p = x.page() + 1
		x.open[groups] = p
		x.pages[p-1] = tablePage{size: uint16(groups)}
	}
	page := &x.pages[p-1]
	w := uint64(p-1)<<tablePages | uint64(page.used)<<tableFirst | groups
	page.used += uint16(groups)
	page.live++
	return w
}

// page is an empty page: one that was emptied, or a new one.
func (x *index) page() uint32 {
	if n := len(x.free); n > 0 {
		p := x.free[n-1]
		x.free = x.free[:n-1]
		for i := range uint32(pageWords) {
			atomic.StoreUint64(x.store.get(p*pageWords+i), 0)
		}
		return p
	}
	p := uint32(len(x.pages))
	x.store.grow(p*pageWords + pageWords - 1)
	x.pages = append(x.pages, tablePage{})
	return p
}

func (x *index) release(p uint32) {
	page := &x.pages[p]
	if page.live--; page.live == 0 && x.open[page.size] != p+1 {
		x.free = append(x.free, p)
	}
}

func (x *index) put(w, tag uint64, ordinal uint32) {
	groups := w & tableGroups
	for g := home(tag, groups); ; {
		group := x.group(w, g)
		for half := range 2 {
			if free := matches(group[half], 0); free != 0 {
				slot := half*4 + bits.TrailingZeros64(free)/16
				pair := &group[2+slot/2]
				atomic.StoreUint64(pair, *pair|uint64(ordinal)<<(32*(slot&1)))
				atomic.StoreUint64(&group[half], group[half]|tag<<(16*(slot&3)))
				return
			}
		}
		if g++; g == groups {
			g = 0
		}
	}
}

// reserve makes a table large enough for its share, before a rebuild.
func (x *index) reserve(k int, entries uint32) {
	x.where[k].Store(x.allot(min(uint64(entries)*8/(groupSlots*6)+1, pageGroups)) | uint64(entries)<<tableEntries)
}

func (x *index) bytes() uint64 {
	return x.store.bytes() + uint64(len(x.where)*8+len(x.pages)*6+len(x.open)*4)
}
