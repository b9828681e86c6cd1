package engine

import (
	"math/bits"
	"sync/atomic"
)

// index finds a 32-bit ordinal by the hash of its key. It keeps a 16-bit tag and the
// ordinal a slot, not the key: the caller compares the key in its own column, so that
// an entry is 6 bytes instead of 12. The tag is also the place: a segment grows
// without a look at any key (with 8-bit tags and keys read again, growth was more
// than half of the cost of a new person).
//
// 16,384 segments grow one at a time, so no insert ever moves more than a few
// thousand entries. A segment is an array of groups of eight: two words of four tags,
// then four words of two ordinals. An ordinal is stored before its tag, both
// atomically, so any goroutine may search while the one writer inserts. Nothing is
// ever removed.
type index struct {
	segments [indexSegments]atomic.Pointer[segment]
	counts   [indexSegments]uint32
}

const (
	indexSegments = 1 << 14
	groupSlots    = 8
	groupWords    = 6
)

type segment struct{ words []uint64 }

const (
	lowBits  = 0x0001000100010001
	highBits = 0x8000800080008000
)

// tagOf is the upper 16 bits of a hash, never 0; the segment is of the lower.
func tagOf(h uint64) uint64 { return max(h>>48, 1) }

// matches marks the lanes of w that are equal to tag (with rare false marks above a
// true one, which the key comparison settles).
func matches(w, tag uint64) uint64 {
	x := w ^ tag*lowBits
	return (x - lowBits) &^ x & highBits
}

// home is the first group of a tag in a segment of n groups.
func home(tag uint64, n int) int { return int(tag * uint64(n) >> 16) }

// find returns the ordinal with that hash for which same answers true, 0 for none.
func (x *index) find(h uint64, same func(ordinal uint32) bool) uint32 {
	s := x.segments[h%indexSegments].Load()
	if s == nil {
		return 0
	}
	w, tag := s.words, tagOf(h)
	groups := len(w) / groupWords
	for g := home(tag, groups); ; {
		group := w[g*groupWords : g*groupWords+groupWords]
		for half := range 2 {
			tags := atomic.LoadUint64(&group[half])
			for m := matches(tags, tag); m != 0; m &= m - 1 {
				slot := half*4 + bits.TrailingZeros64(m)/16
				pair := atomic.LoadUint64(&group[2+slot/2])
				ordinal := uint32(pair >> (32 * (slot & 1)))
				if same(ordinal) {
					return ordinal
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
}

// touch loads the tags where a search for h starts, for its cache line.
func (x *index) touch(h uint64) uint64 {
	s := x.segments[h%indexSegments].Load()
	if s == nil {
		return 0
	}
	return atomic.LoadUint64(&s.words[home(tagOf(h), len(s.words)/groupWords)*groupWords])
}

// candidate is the first ordinal with that tag near its place, right in all but a few
// cases in a thousand, 0 for none: what a search would have to look at. For touching.
func (x *index) candidate(h uint64) uint32 {
	s := x.segments[h%indexSegments].Load()
	if s == nil {
		return 0
	}
	tag := tagOf(h)
	at := home(tag, len(s.words)/groupWords) * groupWords
	group := s.words[at : at+groupWords]
	for half := range 2 {
		if m := matches(atomic.LoadUint64(&group[half]), tag); m != 0 {
			slot := half*4 + bits.TrailingZeros64(m)/16
			return uint32(atomic.LoadUint64(&group[2+slot/2]) >> (32 * (slot & 1)))
		}
	}
	return 0
}

// insert adds an ordinal that is not there. Writer only.
func (x *index) insert(h uint64, ordinal uint32) {
	k := h % indexSegments
	s := x.segments[k].Load()
	if s == nil || int(x.counts[k])*8 >= len(s.words)/groupWords*groupSlots*7 {
		s = x.enlarge(k, s)
	}
	s.put(tagOf(h), ordinal)
	x.counts[k]++
}

// enlarge replaces a segment by one a third larger: the mean load stays near 0.77
// where doubling would leave 0.65. Readers keep the old one until they are done.
func (x *index) enlarge(k uint64, old *segment) *segment {
	groups := 1
	if old != nil {
		n := len(old.words) / groupWords
		groups = n + n/3 + 1
	}
	s := &segment{words: make([]uint64, groups*groupWords)}
	if old != nil {
		old.moveTo(s)
	}
	x.segments[k].Store(s)
	return s
}

func (s *segment) moveTo(bigger *segment) {
	for at := 0; at < len(s.words); at += groupWords {
		for slot := range groupSlots {
			if tag := s.words[at+slot/4] >> (16 * (slot & 3)) & 0xffff; tag != 0 {
				bigger.put(tag, uint32(s.words[at+2+slot/2]>>(32*(slot&1))))
			}
		}
	}
}

func (s *segment) put(tag uint64, ordinal uint32) {
	w := s.words
	groups := len(w) / groupWords
	for g := home(tag, groups); ; {
		at := g * groupWords
		for half := range 2 {
			if free := matches(w[at+half], 0); free != 0 {
				slot := half*4 + bits.TrailingZeros64(free)/16
				pair := &w[at+2+slot/2]
				atomic.StoreUint64(pair, *pair|uint64(ordinal)<<(32*(slot&1)))
				atomic.StoreUint64(&w[at+half], w[at+half]|tag<<(16*(slot&3)))
				return
			}
		}
		if g++; g == groups {
			g = 0
		}
	}
}

// reserve makes a segment large enough for its share, before a rebuild.
func (x *index) reserve(k int, entries uint32) {
	groups := int(entries)*8/(groupSlots*6) + 1
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
