package engine

import (
	"math/bits"
	"sync/atomic"
)

// index finds a 32-bit ordinal by the hash of its key. It keeps one tag byte and the
// ordinal a slot, not the key: the caller compares the key in its own column, so that
// an entry is 5 bytes instead of 12.
//
// 4,096 segments grow one at a time, so no insert ever moves more than a few
// thousand entries. A segment is an array of groups of eight: a word of eight tags,
// then four words of two ordinals. An ordinal is stored before its tag, both
// atomically, so any goroutine may search while the one writer inserts. Nothing is
// ever removed.
type index struct {
	segments [indexSegments]atomic.Pointer[segment]
	counts   [indexSegments]uint32
}

const (
	indexSegments = 4096
	groupSlots    = 8
	groupWords    = 5
)

type segment struct{ words []uint64 }

const (
	lowBits  = 0x0101010101010101
	highBits = 0x8080808080808080
)

func tagOf(h uint64) uint64 {
	t := h >> 56
	if t == 0 {
		t = 1
	}
	return t
}

// matches marks the bytes of w that are equal to b (with rare false marks above a
// true one, which the key comparison settles).
func matches(w, b uint64) uint64 {
	x := w ^ b*lowBits
	return (x - lowBits) &^ x & highBits
}

// home is the first group of a hash in a segment of n groups.
func home(h uint64, n int) int {
	hi, _ := bits.Mul64(h<<12, uint64(n))
	return int(hi)
}

// find returns the ordinal with that hash for which same answers true, 0 for none.
func (x *index) find(h uint64, same func(ordinal uint32) bool) uint32 {
	s := x.segments[h%indexSegments].Load()
	if s == nil {
		return 0
	}
	w := s.words
	groups := len(w) / groupWords
	for g := home(h, groups); ; {
		at := g * groupWords
		tags := atomic.LoadUint64(&w[at])
		for m := matches(tags, tagOf(h)); m != 0; m &= m - 1 {
			slot := bits.TrailingZeros64(m) / 8
			pair := atomic.LoadUint64(&w[at+1+slot/2])
			ordinal := uint32(pair >> (32 * (slot & 1)))
			if same(ordinal) {
				return ordinal
			}
		}
		if matches(tags, 0) != 0 {
			return 0
		}
		if g++; g == groups {
			g = 0
		}
	}
}

// touch loads the tags where a search for h starts, for its cache line.
func (x *index) touch(h uint64) uint64 {
	s := x.segments[h%indexSegments].Load()
	if s == nil {
		return 0
	}
	return atomic.LoadUint64(&s.words[home(h, len(s.words)/groupWords)*groupWords])
}

// insert adds an ordinal that is not there; hash gives the hash of one that is, for
// the move when a segment grows. Writer only.
func (x *index) insert(h uint64, ordinal uint32, hash func(ordinal uint32) uint64) {
	k := h % indexSegments
	s := x.segments[k].Load()
	if s == nil || int(x.counts[k])*8 >= len(s.words)/groupWords*groupSlots*7 {
		s = x.enlarge(k, s, hash)
	}
	s.put(h, ordinal)
	x.counts[k]++
}

// enlarge replaces a segment by one a third larger: the mean load stays near 0.77
// where doubling would leave 0.65. Readers keep the old one until they are done.
func (x *index) enlarge(k uint64, old *segment, hash func(uint32) uint64) *segment {
	groups := 2
	if old != nil {
		n := len(old.words) / groupWords
		groups = n + n/3 + 1
	}
	s := &segment{words: make([]uint64, groups*groupWords)}
	if old != nil {
		old.each(func(ordinal uint32) { s.put(hash(ordinal), ordinal) })
	}
	x.segments[k].Store(s)
	return s
}

func (s *segment) each(do func(ordinal uint32)) {
	for at := 0; at < len(s.words); at += groupWords {
		for slot := range groupSlots {
			if s.words[at]>>(8*slot)&0xff != 0 {
				do(uint32(s.words[at+1+slot/2] >> (32 * (slot & 1))))
			}
		}
	}
}

func (s *segment) put(h uint64, ordinal uint32) {
	w := s.words
	groups := len(w) / groupWords
	for g := home(h, groups); ; {
		at := g * groupWords
		if free := matches(w[at], 0); free != 0 {
			slot := bits.TrailingZeros64(free) / 8
			pair := w[at+1+slot/2] | uint64(ordinal)<<(32*(slot&1))
			atomic.StoreUint64(&w[at+1+slot/2], pair)
			atomic.StoreUint64(&w[at], w[at]|tagOf(h)<<(8*slot))
			return
		}
		if g++; g == groups {
			g = 0
		}
	}
}

// reserve makes every segment large enough for its share, before a rebuild.
func (x *index) reserve(k int, entries uint32) {
	groups := int(entries)*8/(groupSlots*6) + 2
	x.segments[k].Store(&segment{words: make([]uint64, groups*groupWords)})
}

func (x *index) bytes() uint64 {
	sum := uint64(len(x.segments) * 12)
	for i := range x.segments {
		if s := x.segments[i].Load(); s != nil {
			sum += uint64(len(s.words))*8 + 24
		}
	}
	return sum
}
