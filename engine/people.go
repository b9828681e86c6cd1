package engine

import "sync/atomic"

// people is the people half: what each person's tests add up to. It hears of tests
// only through effects and knows no tubes.
//
// A person is a status word, and a chain of tests, latest swab first. Whoever has or
// had a cause (positive, inconclusive, must) also has a side record with the causes
// and the order. State is never adjusted, always worked out again from the chain:
// that is why the order of arrival cannot matter, and why a cause opens again when
// what closed it goes.
//
// The word, read by anyone without a lock:
//
//	0..31   first test of the chain, or the side record when bit 35 is set
//	32..34  State
//	35      has a side record
//	36      busy: the writer is relinking the chain; readers try again
//	48..63  version, one up with every change to the word or the chain
type people struct {
	notes *notes

	words *column[uint64]
	tests *column[uint64] // by TestIndex: next test of the chain << 32 | S
	marks *column[uint32] // eight tests a word: class and bits, see mark*
	sides *column[side]
	cause *column[cause]
	order *column[order]

	sideCount, causeCount, causeFree, orderCount uint32
	ordersOpen                                   uint32
	room                                         uint32 // tests that have a place
	hash                                         uint64 // part of StateHash

	before, after verdictOnPerson // scratch of the slow path
	others        []changed       // the other identities of the human that an effect changed
	answers       []answer        // for tubes that are released as a whole
	noting        bool            // the event may tell of one human more than once
	firsts        []first         // then: what was before
}

// side is the record of the few: 32 bytes.
type side struct {
	head    uint32        // first test
	causes  uint32        // first cause
	order   uint32        // latest order, open or closed
	recheck uint32        // latest recheck task, likewise
	ring    PersonOrdinal // next identity of the human, 0: there is no other
	root    PersonOrdinal // identity that stands for the human, 0: this one
	full    uint32        // 1: every test with an outcome has a cause record, negatives too
	_       uint32
}

// cause is what a test beyond a plain negative says, open or closed: 32 bytes. Its kind
// is none for a negative that is kept because of its link, as a recheck, or because the
// person was discharged.
type cause struct {
	next     uint32
	test     uint32
	reported Seconds
	bits     uint32 // TestOutcome in 0..2, then cause*
	tube     uint32
	link     uint32 // tube that the specimen was retained of
	due      Seconds
	_        uint32
}

const (
	causePreliminary = 1 << (3 + iota)
	causeRetained
	causeRecheck
	causeWhole // of a tube that is released as a whole
	causeReady // then, the tube says that each member has his negative
	causeAsked // the tube wants to know whether this member has his
)

func (c *cause) outcome() TestOutcome { return TestOutcome(c.bits & 7) }

// order is one re-collection order or recheck task: 32 bytes.
type order struct {
	person uint32
	state  uint32 // OrderState
	opened Seconds
	due    Seconds
	test   uint32 // test of the earliest cause
	kind   uint32 // OrderKind
	_      [2]uint32
}

// answer tells the tube half whether a member of a tube that is released as a whole has
// a single negative after his swab there.
type answer struct {
	tube  uint32
	test  uint32
	ready bool
}

const (
	wordSide    = 1 << 35
	wordBusy    = 1 << 36
	wordVersion = 1 << 48
	wordLow     = 1<<32 - 1

	// A test's mark: four bits.
	markClass     = 3 // markNone, markNegative, markSpecial
	markNone      = 0
	markNegative  = 1
	markSpecial   = 2
	markReleasing = 1 << 2
	markUnbound   = 1 << 3
)

func wordState(w uint64) State { return State(w >> 32 & 7) }

func newPeople(n *notes, alloc Allocator) *people {
	return &people{notes: n,
		words: newColumn[uint64](colWords, alloc), tests: newColumn[uint64](colTests, alloc),
		marks: newColumn[uint32](colMarks, alloc), sides: newColumn[side](colSides, alloc),
		cause: newColumn[cause](colCauses, alloc), order: newColumn[order](colOrders, alloc)}
}

// Facts is what the tube half may ask of a person, for live refusals and flags only.
type Facts struct {
	State    State
	HasOrder bool
	Pending  [8]TestIndex // swabs without an outcome among the eight latest
}

// facts of a person, by value.
func (p *people) facts(who PersonOrdinal) (f Facts) {
	w := *p.words.get(uint32(who))
	f.State = wordState(w)
	if w&wordSide == 0 {
		p.pending(uint32(w), &f, 0)
		return f
	}
	n := p.sideOf(p.root(who)).order
	f.HasOrder = n != 0 && OrderState(p.order.get(n).state).IsOpen()
	for id, n := who, 0; id != 0; id = p.next(who, id) {
		n = p.pending(p.sideOf(id).head, &f, n)
	}
	return f
}

// pending adds the pending tests among the latest of a chain to n that are there
// already. Whoever is tested every day has a long chain, and its end may be cold.
func (p *people) pending(head uint32, f *Facts, n int) int {
	steps := 0
	for t := head; t != 0 && n < len(f.Pending) && steps < len(f.Pending); t, steps = uint32(*p.tests.get(t)>>32), steps+1 {
		if p.mark(t)&(markClass|markUnbound) == markNone {
			f.Pending[n] = TestIndex(t)
			n++
		}
	}
	return n
}

// mark of a test, for the writer.
func (p *people) mark(t uint32) uint32 { return *p.marks.get(t / 8) >> (4 * (t % 8)) & 15 }

// markOf a test, for any reader.
func (p *people) markOf(t uint32) uint32 {
	return atomic.LoadUint32(p.marks.at(t/8)) >> (4 * (t % 8)) & 15
}

func (p *people) setMark(t, mark uint32) {
	if p.mark(t) == mark {
		return
	}
	at := p.marks.mut(t / 8)
	old := *at
	p.hash += mixTest(t, uint64(mark)) - mixTest(t, uint64(old>>(4*(t%8))&15))
	atomic.StoreUint32(at, old&^(15<<(4*(t%8)))|mark<<(4*(t%8)))
}

func (p *people) setTest(t uint32, link uint64) {
	at := p.tests.mut(t)
	p.hash += mixTest(t, link) - mixTest(t, *at)
	atomic.StoreUint64(at, link)
}

func (p *people) setWord(who PersonOrdinal, w uint64) {
	at := p.words.mut(uint32(who))
	p.hash += mixWord(who, w) - mixWord(who, *at&^wordBusy)
	atomic.StoreUint64(at, w)
}

// Zero contributes zero, so that StateHash needs no term for what does not exist.
func mixTest(t uint32, v uint64) uint64 {
	if v == 0 {
		return 0
	}
	return mix(uint64(t)*mixA ^ mix(v))
}

func mixWord(who PersonOrdinal, w uint64) uint64 {
	if w == 0 {
		return 0
	}
	return mix(uint64(who)*mixB ^ mix(w))
}

// changed is what an effect did to its person.
type changed struct {
	person   PersonOrdinal
	previous State
	word     uint64
	fresh    bool    // simple case: state and last negative follow from this effect alone
	negative Seconds // then: swab of an earlier last negative
}

// apply takes one effect. ok is false when nothing that the feed shows has changed.
//
// The cases that make up a day take no look at anything but the word, the test and
// the one before: a first swab or one after a negative, and a negative for the only or
// latest one.
func (p *people) apply(who PersonOrdinal, t TestIndex, swab Seconds, f TestFacts, note EffectNote) (c changed, ok bool) {
	p.ensure(uint32(t))
	w := *p.words.get(uint32(who))
	if w&wordSide != 0 || f.outcome() > OutcomeNegative || f.has(factNoted) {
		return p.applySlow(who, uint32(t), swab, f, note)
	}
	c = changed{person: who, previous: wordState(w)}
	oldMark, newMark := p.mark(uint32(t)), markFor(f)
	if f.has(factFirst) && uint32(w) == 0 { // a person's first test
		*p.tests.mut(uint32(t)) = uint64(swab) // published by the word
		p.hash += mixTest(uint32(t), uint64(swab))
		p.setMark(uint32(t), newMark)
		c = p.settle(c, w, uint32(t), simpleState(newMark))
		return c, wordState(c.word) != c.previous
	}
	link := *p.tests.get(uint32(t))
	if !f.has(factFirst) && uint32(w) == uint32(t) && link>>32 == 0 && Seconds(link) == swab { // the only test
		p.setMark(uint32(t), newMark)
		state := simpleState(newMark)
		return p.settle(c, w, uint32(t), state), state != c.previous || state == StateNegative && (f.has(factRenewed) || oldMark&markClass != markNegative)
	}
	if next := uint32(w); f.has(factFirst) && newMark == markNone && c.previous == StateNegative &&
		p.mark(next) == markNegative && Seconds(*p.tests.get(next)) < swab { // a new swab after a negative
		*p.tests.mut(uint32(t)) = uint64(next)<<32 | uint64(swab) // published by the word
		p.hash += mixTest(uint32(t), uint64(next)<<32|uint64(swab))
		c.negative = Seconds(*p.tests.get(next))
		return p.settle(c, w, uint32(t), StateSampled), true
	}
	if next := uint32(link >> 32); !f.has(factFirst) && uint32(w) == uint32(t) && oldMark == markNone && newMark&^markReleasing == markNegative &&
		Seconds(link) == swab && Seconds(*p.tests.get(next)) < swab { // the negative of the latest swab
		p.setMark(uint32(t), newMark)
		return p.settle(c, w, uint32(t), StateNegative), true
	}
	return p.applyChain(who, uint32(t), swab, f, c)
}

// settle publishes a state that follows from the effect alone.
func (p *people) settle(c changed, w uint64, head uint32, state State) changed {
	c.word = w&^(wordLow|7<<32) + wordVersion | uint64(head) | uint64(state)<<32
	c.fresh = state != StateUnknown
	p.setWord(c.person, c.word)
	return c
}

func markFor(f TestFacts) uint32 {
	m := uint32(markNone)
	switch {
	case f.outcome() == OutcomeNegative:
		m = markNegative
	case f.outcome() > OutcomeNegative:
		m = markSpecial
	}
	if f.has(factReleasing) {
		m |= markReleasing
	}
	if f.has(factUnbound) {
		m |= markUnbound
	}
	return m
}

// simpleState of a person with one test and no causes.
func simpleState(mark uint32) State {
	switch {
	case mark&markUnbound != 0:
		return StateUnknown
	case mark&markClass == markNegative:
		return StateNegative
	}
	return StateSampled
}

// applyChain is for a person without a side record and with several tests.
func (p *people) applyChain(who PersonOrdinal, t uint32, swab Seconds, f TestFacts, c changed) (changed, bool) {
	w := *p.words.get(uint32(who))
	before := p.chainSummary(uint32(w))
	head := p.relink(who, w, uint32(w), t, swab, f.has(factFirst))
	p.setMark(t, markFor(f))
	after := p.chainSummary(head)
	w = *p.words.get(uint32(who))
	c.word = w&^(wordLow|7<<32|wordBusy) + wordVersion | uint64(head) | uint64(after.state)<<32
	p.setWord(who, c.word)
	return c, before != after || f.has(factRenewed) && f.outcome() == OutcomeNegative && swab == after.swab
}

// relink puts test t where its swab time belongs in the chain (latest first; among
// equals the later told one first) and returns the new head.
func (p *people) relink(who PersonOrdinal, w uint64, head, t uint32, swab Seconds, first bool) uint32 {
	old := *p.tests.get(t)
	if !first && Seconds(old) == swab {
		return head
	}
	if first && (head == 0 || Seconds(*p.tests.get(head)) <= swab) { // published by the word alone
		p.setTest(t, uint64(head)<<32|uint64(swab))
		return t
	}
	if w&wordBusy == 0 {
		atomic.StoreUint64(p.words.mut(uint32(who)), w|wordBusy) // until the caller's setWord
	}
	if !first { // take it out
		if head == t {
			head = uint32(old >> 32)
		} else {
			at := head
			for uint32(*p.tests.get(at)>>32) != t {
				at = uint32(*p.tests.get(at) >> 32)
			}
			p.setTest(at, old>>32<<32|*p.tests.get(at)&wordLow)
		}
	}
	if head == 0 || Seconds(*p.tests.get(head)) <= swab {
		p.setTest(t, uint64(head)<<32|uint64(swab))
		return t
	}
	at := head
	for {
		next := uint32(*p.tests.get(at) >> 32)
		if next == 0 || Seconds(*p.tests.get(next)) <= swab {
			p.setTest(t, uint64(next)<<32|uint64(swab))
			p.setTest(at, uint64(t)<<32|*p.tests.get(at)&wordLow)
			return head
		}
		at = next
	}
}

// summary is what a chain without causes says.
type summary struct {
	state    State
	negative uint32  // test of the last negative (of several with equal swab the first told)
	ties     uint32  // exclusive or of all negatives that share its swab: readers choose by tube code
	swab     Seconds // its swab
	pending  uint32  // latest open pending test
	waiting  uint32  // exclusive or of all that share its swab
	latest   Seconds // its swab
	earliest Seconds // swab of the earliest open pending test
}

func (s *summary) addNegative(t uint32, swab Seconds) {
	if s.negative == 0 || swab > s.swab {
		s.negative, s.swab, s.ties = t, swab, 0
	}
	if swab == s.swab {
		s.ties ^= t
	}
}

func (s *summary) addPending(t uint32, swab Seconds) {
	if s.pending == 0 || swab > s.latest {
		s.pending, s.latest, s.waiting = t, swab, 0
	}
	if swab == s.latest {
		s.waiting ^= t
	}
	if s.earliest == 0 || swab < s.earliest {
		s.earliest = swab
	}
}

// chainSummary walks from the latest swab until older tests cannot matter: past the
// latest result no pending swab is open.
func (p *people) chainSummary(head uint32) (s summary) {
	var result Seconds
	for t := head; t != 0; {
		link := *p.tests.get(t)
		swab := Seconds(link)
		if swab < result {
			break
		}
		switch m := p.mark(t); {
		case m&markUnbound != 0:
		case m&markClass == markNegative:
			s.addNegative(t, swab)
			result = swab
		default:
			s.addPending(t, swab)
		}
		t = uint32(link >> 32)
	}
	switch {
	case s.pending != 0:
		s.state = StateSampled
	case s.negative != 0:
		s.state = StateNegative
	}
	return s
}

// ensure makes room for a test.
func (p *people) ensure(t uint32) {
	if t >= p.room {
		p.tests.grow(t)
		p.marks.grow(t / 8)
		p.room = uint32(min(p.tests.capacity(), 8*p.marks.capacity()))
	}
}
