package engine

import "sync/atomic"

// tubes is the tube half: members, what laboratories said, and what follows from it
// for each member, told to the people half as effects. It knows people by ordinal only.
//
// A tube is a header of 32 bytes and a run of member slots; whatever is not plain (results, a tube.open or
// tube.close, a pair with more than one scan or an unscan, a swab hours from the
// first) is a record in the tube's list of extras. The header's facts are worked out
// from the extras again after every event, never adjusted.
type tubes struct {
	policy Config

	index   *index
	headers *column[header]
	codes   text
	member  *column[uint32] // by TestIndex: PersonOrdinal
	place   *column[uint16] // by TestIndex: see place*
	blocks  *column[uint32] // by TestIndex/blockTests: header of the block's first test
	extras  *column[extra]
	closed  *column[uint32] // by tube: Seconds of its first tube.close, if its count fits in facts

	count, tests, extraCount uint32
	published                atomic.Uint32 // count, for readers
	results                  uint64
	newest                   uint32 // extra of the result being taken, 0: none
	hash                     uint64 // part of StateHash

	effects Effects
}

// header of a tube, or of the further slots of one that outgrew its first run.
type header struct {
	facts  uint64 // atomic: see fact bits below
	first  uint32 // TestIndex of the first slot; headers lie in the order of their slots
	code   uint32 // offset in codes; of an extension: the tube's index
	base   uint32 // Seconds of the first scan that arrived; members count from it
	extras uint32 // latest extra
	site   uint32 // name
	used   uint8  // slots used
	bound  uint8  // members bound, all runs together
	says   uint8  // what its scans say of the mode, and flags for readers
	room   uint8  // slots in this run
}

// Bits of header.facts, above reported_at in 0..31.
const (
	tubeVerdict    = 32 // 3 bits, Verdict
	tubeMode       = 35 // 2 bits, Mode
	tubePurpose    = 37 // 2 bits, Purpose
	tubeCapacity   = 39 // 5 bits
	tubePrelim     = 1 << 44
	tubeRetained   = 1 << 45
	tubeClosed     = 1 << 46
	tubeSole       = 1 << 47 // exactly one member
	tubeConflict   = 1 << 48 // a plain final disagrees with a standing positive
	tubeMiscounted = 1 << 49 // tube.close counted otherwise
	tubeGrown      = 1 << 50 // has an extension
	tubeExtension  = 1 << 51 // is one
	tubeSeveral    = 1 << 58 // several labs stand with the negative: each member has his own report
	tubeCounted    = 52      // 6 bits, members + 1 of the tube.close in closed, 0: not said
)

// What an effect depends on: reported, verdict, mode, preliminary, retained, sole, several.
const tubeTold = 1<<32 - 1 | 7<<tubeVerdict | 3<<tubeMode | tubePrelim | tubeRetained | tubeSole | tubeSeveral

const (
	saysPool      = 1 << iota // a scan said pool, or nothing
	saysHousehold             // a scan said household
	saysSingle                // a scan said single
	saysWide                  // a swab lies far from the base
)

// Bits of a place: the swab's distance from the tube's base, and what else there is.
const (
	placeSeconds = 1<<12 - 1 // signed
	placeBound   = 1 << 12
	placeEvents  = 1 << 13 // its scans and unscans are in extras
	placeWide    = 1 << 14 // its swab time is in extras
	placeUsed    = 1 << 15
)

// blockTests is how many tests share an entry of the map from tests to tubes.
const blockTests = 32

func newTubes(cfg Config, alloc Allocator) *tubes {
	return &tubes{policy: cfg, index: newIndex(tubeTables, alloc),
		headers: newColumn[header](colHeaders, alloc), codes: newText(colCodes, alloc),
		member: newColumn[uint32](colMembers, alloc), place: newColumn[uint16](colPlaces, alloc),
		blocks: newColumn[uint32](colBlocks, alloc), extras: newColumn[extra](colExtras, alloc), closed: newColumn[uint32](colClosed, alloc)}
}

func factMode(f uint64) Mode       { return Mode(f >> tubeMode & 3) }
func factVerdict(f uint64) Verdict { return Verdict(f >> tubeVerdict & 7) }
func factPurpose(f uint64) Purpose { return Purpose(f >> tubePurpose & 3) }
func factCapacity(f uint64) int    { return int(f >> tubeCapacity & 31) }

// find returns the tube with a code, 0 for none; any goroutine.
func (t *tubes) find(code []byte, hash uint64) uint32 {
	return t.index.find(hash, func(i uint32) bool {
		return i != 0 && string(t.codes.of(t.headers.at(i).code)) == string(code)
	})
}

// add makes a new tube with the slots that its mode asks for.
func (t *tubes) add(code []byte, hash uint64, m Mode, capacity int) uint32 {
	if capacity == 0 {
		capacity = t.policy.PoolCapacity
		if m == Single {
			capacity = 1
		}
	}
	i := t.addRun(uint8(capacity))
	h := t.headers.mut(i)
	h.code = t.codes.add(code)
	if m == ModeUnset {
		m = Pool
	}
	h.facts = uint64(m)<<tubeMode | uint64(capacity)<<tubeCapacity
	t.hash += mixTube(i, h.facts, hash)
	t.index.insert(hash, i)
	t.published.Store(t.count)
	return i
}

// addRun appends a header with room for so many tests.
func (t *tubes) addRun(room uint8) uint32 {
	if t.tests == 0 {
		t.tests = 1 // test 0 is none
	}
	t.count++
	i := t.count
	t.headers.grow(i)
	t.closed.grow(i)
	h := t.headers.mut(i)
	h.first, h.room = t.tests, room
	last := t.tests + uint32(room) - 1
	t.member.grow(last)
	t.place.grow(last)
	t.blocks.grow(last / blockTests)
	// A block belongs to the header that holds its first test.
	for b := (t.tests + blockTests - 1) / blockTests; b*blockTests <= last; b++ {
		*t.blocks.mut(b) = i
	}
	if i == 1 {
		*t.blocks.mut(0) = 1
	}
	t.tests += uint32(room)
	return i
}

// slots is how many member slots exist, used or not.
func (t *tubes) slots() uint64 { return uint64(max(t.tests, 1) - 1) }

// of is the tube that a test lies in; any goroutine to which the test was published.
func (t *tubes) of(test uint32) uint32 {
	i := *t.blocks.at(test / blockTests)
	for n := t.published.Load(); i < n && t.headers.at(i+1).first <= test; {
		i++
	}
	h := t.headers.at(i)
	if atomic.LoadUint64(&h.facts)&tubeExtension != 0 {
		return h.code
	}
	return i
}

// roundOf is the round that a test counts in.
func (t *tubes) roundOf(tube, test uint32) RoundID { return RoundDefault }

// isVoid, isReceived tell whether a tube was ever declared void, received by a laboratory.
func (t *tubes) isVoid(tube uint32) bool     { return false }
func (t *tubes) isReceived(tube uint32) bool { return false }

func (t *tubes) setFacts(i uint32, facts uint64) {
	h := t.headers.mut(i)
	t.hash += mixTube(i, facts, 0) - mixTube(i, h.facts, 0)
	atomic.StoreUint64(&h.facts, facts)
}

// mixTube: the code's hash counts once, when the tube is made.
func mixTube(i uint32, facts, code uint64) uint64 {
	return mix(uint64(i)*mixB^mix(facts)) + code
}

// runs calls do for every run of slots of a tube.
func (t *tubes) runs(i uint32, do func(h *header) bool) {
	h := t.headers.get(i)
	if !do(h) || h.facts&tubeGrown == 0 {
		return
	}
	for x := h.extras; x != 0; x = t.extras.get(x).next {
		if e := t.extras.get(x); e.kind == extraRun && !do(t.headers.get(e.at)) {
			return
		}
	}
}

// slot of a person in a tube, 0 for none.
func (t *tubes) slot(i uint32, who PersonOrdinal) (found uint32) {
	h := t.headers.get(i)
	for s := h.first; s < h.first+uint32(h.used); s++ {
		if *t.member.get(s) == uint32(who) {
			return s
		}
	}
	if h.facts&tubeGrown == 0 {
		return 0
	}
	t.runs(i, func(h *header) bool {
		for s := h.first; s < h.first+uint32(h.used); s++ {
			if *t.member.get(s) == uint32(who) {
				found = s
				return false
			}
		}
		return true
	})
	return found
}

// newSlot takes the next slot for a person, in a further run when the last is full.
func (t *tubes) newSlot(i uint32, who PersonOrdinal) uint32 {
	run := i
	h := t.headers.get(i)
	if h.facts&tubeGrown != 0 {
		for x := h.extras; x != 0; x = t.extras.get(x).next {
			if e := t.extras.get(x); e.kind == extraRun { // latest first
				run = e.at
				break
			}
		}
	}
	r := t.headers.get(run)
	if r.used == r.room {
		run = t.addRun(5)
		ext := t.headers.mut(run)
		ext.code = i
		atomic.StoreUint64(&ext.facts, tubeExtension)
		t.hash += mixTube(run, tubeExtension, 0)
		t.published.Store(t.count)
		t.addExtra(i, extra{kind: extraRun, at: run})
		t.setFacts(i, t.headers.get(i).facts|tubeGrown)
	}
	r = t.headers.mut(run)
	s := r.first + uint32(r.used)
	r.used++
	*t.member.mut(s) = uint32(who)
	t.hash += mixMember(s, uint32(who))
	return s
}

func mixMember(s, who uint32) uint64 { return mix(uint64(s)<<32 ^ uint64(who) ^ mixA) }

func (t *tubes) setPlace(s uint32, place uint16) {
	at := t.place.mut(s)
	t.hash += mixMember(s, uint32(place)<<16|1) - mixMember(s, uint32(*at)<<16|1)
	*at = place
}

// swab is the time of a slot's swab, 0 when only an unscan is known.
func (t *tubes) swab(i, s uint32) Seconds {
	place := *t.place.get(s)
	h := t.headers.get(i)
	if place&placeWide != 0 {
		for x := h.extras; x != 0; x = t.extras.get(x).next {
			if e := t.extras.get(x); e.kind == extraSwab && e.slot == s {
				return Seconds(e.at) // the latest word counts
			}
		}
	}
	off := int32(place&placeSeconds) << 20 >> 20
	return Seconds(int32(h.base) + off)
}

// setSwab stores a slot's swab time, in the slot if it is near the tube's base, and
// sets more bits of its place.
func (t *tubes) setSwab(i, s uint32, at Seconds, more uint16) {
	h := t.headers.mut(i)
	place := *t.place.get(s)&^(placeSeconds|placeWide) | placeUsed | more
	if h.base == 0 && at != 0 {
		h.base = uint32(at)
	}
	off := int64(at) - int64(h.base)
	if at == 0 || off < -2048 || off > 2047 {
		h.says |= saysWide
		t.addExtra(i, extra{kind: extraSwab, slot: s, at: uint32(at)})
		t.setPlace(s, place|placeWide)
		return
	}
	t.setPlace(s, place|uint16(off)&placeSeconds)
}
