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
	master   *master
	original *tubes // of the engine that this is a fork of; nil: of none

	index   *index
	headers *column[header]
	codes   text
	member  *column[uint32] // by TestIndex: PersonOrdinal
	place   *column[uint16] // by TestIndex: see place*
	blocks  *column[uint32] // by TestIndex/blockTests: header of the block's first test
	extras  *column[extra]
	closed  *column[uint32] // by tube: Seconds of its first tube.close, if its count fits in facts
	moves   *column[move]
	watched *column[uint32] // tubes that may have an alert, in the order in which that came up

	count, tests, extraCount uint32
	moveCount, watchCount    uint32
	published                atomic.Uint32 // count, for readers
	results                  uint64
	newest                   uint32 // extra of the result or rejection being taken, 0: none
	rejectedBefore           Seconds
	wasNegative              bool   // the verdict before the event was negative
	rejectedSet              bool   // newest is a rejection; the one before was rejectedBefore
	sampledAfter             bool   // some member was swabbed after the tube's negative was tested
	hash                     uint64 // part of StateHash

	effects Effects
	// Beside the effects of an event: tests whose round is another now, and tubes that a
	// transfer makes look again.
	recounts []recount
	again    []again
	pairs    []pairAt     // scratch of settleMoves
	before   []testPolicy // scratch of rounds
}

// recount says that a person's tests of a round have to be counted again.
type recount struct {
	person PersonOrdinal
	round  RoundID
}

// again is a pair of another tube that an event has touched.
type again struct{ tube, slot uint32 }

// header of a tube, or of the further slots of one that outgrew its first run.
type header struct {
	facts  uint64 // atomic: see fact bits below
	first  uint32 // TestIndex of the first slot; headers lie in the order of their slots
	code   uint32 // offset in codes; of an extension: the tube's index
	base   uint32 // Seconds of the first scan that arrived; members count from it
	extras uint32 // latest extra
	where  uint32 // site in 0..17, policy of its scans in 18..30, bit 31: they named its round
	used   uint8  // slots used
	bound  uint8  // members bound, all runs together
	says   uint8  // what its scans say: see says*
	room   uint8  // slots in this run in 0..4; bit 7: that is what policy gave the first scan
}

const (
	whereSite   = 1<<18 - 1
	wherePolicy = 18
	whereNamed  = 1 << 31

	roomSlots    = 31
	roomByPolicy = 1 << 7
)

func (h *header) site() uint32       { return h.where & whereSite }
func (h *header) policy() policyID   { return policyID(h.where >> wherePolicy & (1<<13 - 1)) }
func (h *header) named() bool        { return h.where&whereNamed != 0 }
func (h *header) slots() (n uint8)   { return h.room & roomSlots }
func (h *header) setSite(n uint32)   { h.where = h.where&^whereSite | n }
func (h *header) setPolicy(w uint32) { h.where = h.where&whereSite | w }

// policyWord is policy and named as they stand in header.where.
func policyWord(p policyID, named bool) uint32 {
	w := uint32(p) << wherePolicy
	if named {
		w |= whereNamed
	}
	return w
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
	tubeVoid       = 1 << 59
	tubeMarred     = 1 << 60 // void, lost or rejected
	tubeReceived   = 1 << 61
	tubeWatched    = 1 << 62 // is among watched
	tubeMoved      = 1 << 63 // has transfers or retained specimens: its pairs hang on those of other tubes
)

// What an effect depends on: reported, verdict, mode, purpose, preliminary, retained, sole, several, custody.
const tubeTold = 1<<32 - 1 | 7<<tubeVerdict | 3<<tubeMode | 3<<tubePurpose | tubePrelim | tubeRetained | tubeSole | tubeSeveral |
	tubeVoid | tubeMarred | tubeReceived

const (
	saysPool      = 1 << iota // a scan said pool, or nothing
	saysHousehold             // a scan said household
	saysSingle                // a scan said single
	saysWide                  // a swab lies far from the base
	saysScreening             // a scan said screening, or nothing
	saysRecollection
	saysRecheck
	saysPolicies // its scans do not all have the header's policy

	saysMode    = saysPool | saysHousehold | saysSingle
	saysPurpose = saysScreening | saysRecollection | saysRecheck
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

func newTubes(m *master, alloc Allocator) *tubes {
	return &tubes{master: m, index: newIndex(tubeTables, alloc),
		headers: newColumn[header](colHeaders, alloc), codes: newText(colCodes, alloc),
		member: newColumn[uint32](colMembers, alloc), place: newColumn[uint16](colPlaces, alloc),
		blocks: newColumn[uint32](colBlocks, alloc), extras: newColumn[extra](colExtras, alloc), closed: newColumn[uint32](colClosed, alloc),
		moves: newColumn[move](colMoves, alloc), watched: newColumn[uint32](colWatched, alloc)}
}

func factMode(f uint64) Mode       { return Mode(f >> tubeMode & 3) }
func factVerdict(f uint64) Verdict { return Verdict(f >> tubeVerdict & 7) }
func factPurpose(f uint64) Purpose { return Purpose(f >> tubePurpose & 3) }
func factCapacity(f uint64) int    { return int(f >> tubeCapacity & 31) }

// find returns the tube with a code, 0 for none; any goroutine.
func (t *tubes) find(code []byte, hash uint64) uint32 {
	return t.index.find(hash, func(i uint32) bool {
		return i != 0 && t.maybe(i, hash) && string(t.codes.of(t.headers.at(i).code)) == string(code)
	})
}

// add makes a new tube with room for so many.
func (t *tubes) add(code []byte, hash uint64, m Mode, capacity int) uint32 {
	i := t.addRun(uint8(capacity))
	h := t.headers.mut(i)
	h.code = t.codes.add(code)
	if m == ModeUnset {
		m = Pool
	}
	h.facts = uint64(m)<<tubeMode | uint64(capacity)<<tubeCapacity
	t.hash += mixTube(i, h.facts, hash)
	t.print(i, hash)
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
	if r.used == r.slots() {
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
