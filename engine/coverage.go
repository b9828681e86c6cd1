package engine

// coverage counts, for every round and area, who is expected, sampled, excused, and how
// far their specimens have come.
//
// What a human is to a round is one byte, his share, in a column of that round: the
// facts (sampled, excused, received, resulted) and the state that he is counted with.
// It is kept at the human's root; a round that nobody was sampled in costs nothing.
// For every round and area there is a tally, one cache line: how many humans whose own
// area that is have which share. A tally changes together with a share only, the old
// one taken out and the new one put in, so the counters are those of the shares
// whatever happens; and shares follow from the tests, so they do not hang on the order
// of arrival. Sums up the tree are made on reading.
//
// Who is expected is not kept by person: for an area it is the number rostered there,
// if the round covers the area. While a round is open that is one live number for all
// rounds; when it closes, the numbers are copied and stay.
//
// A round put with other areas or another time of closing, or an area put under another
// parent, may make all tallies of a round wrong at once: then it is counted again from
// the shares, see coverage_areas.go.
type coverage struct {
	shares   []*column[uint8] // by RoundID, by ordinal of the human's root: see share*
	used     []bool           // by RoundID: somebody has a share
	hot      []RoundID        // rounds whose shares follow every change of state
	several  bool             // more rounds than one are used
	cold     []bool           // by RoundID: not so any more, states are counted on reading
	late     []Seconds        // by RoundID: closes_at that its roster is frozen at; 0: live
	whole    []bool           // by RoundID: expects everybody rostered
	within   [][]bool         // by RoundID, by area: expects who is rostered there
	borrowed []bool           // by RoundID, of a fork: its row of within is the original's; else nil
	areas    int              // known when within was last extended, see catchUp
	isStale  []bool           // by RoundID: to be counted again before the slice ends
	stale    bool             // some round is
	now      Seconds          // latest time of receipt
	next     Seconds          // when the next round closes; 0: none does
	closed   bool             // some round has

	tallies *column[tally]
	chunks  [][]uint32 // by RoundID, by area / chunkAreas: its run of tallies, 0: none; row 0 is the live roster
	runs    uint32     // given out

	lastKey   uint64 // round and area of the tally found last
	lastTally *tally

	births     *column[birth] // from 1
	birthCount uint32
	placed     bool // somebody is rostered, or was named an area
	joined     bool // some human has, or had, several identities

	hash uint64 // of all shares and births, part of StateHash

	seen  []uint8         // scratch: facts by RoundID
	moved []PersonOrdinal // scratch: identities of the humans who are being moved
	one   [1]PersonOrdinal
}

// A share.
const (
	shareSampled  = 1 << iota // bound in a tube of the round that is not void
	shareExcused              // has an excuse, whether or not sampled
	shareReceived             // such a tube was received
	shareResulted             // such a test has an outcome
	shareFacts    = 1<<iota - 1
	shareState    = iota // State in the bits above
)

// tally counts the humans of one area in one round: 64 bytes. Row 0 has the live roster
// and nothing else.
type tally struct {
	sampled, unrostered, excused, received, resulted uint32

	// Live in row 0, frozen in a closed round, else 0.
	rostered uint32 // humans rostered in the area
	loose    uint32 // rostered without an area; a scan named this one, or none did

	stray  uint32 // expected for the area of another identity than the one that gives the own area
	states [StateConfirmed + 1]uint32
	_      uint32
}

// chunkAreas is how many areas share a run of tallies: the districts that a round does
// not touch cost it nothing.
const chunkAreas = 64

// maxHot is in how many open rounds a change of state is counted at once: each costs a
// look at one byte per event. A city runs one round or two at a time. In the others
// states are counted on reading, 25 ns a person.
const maxHot = 8

// These stand away from the columns of rounds, which need room to follow each other.
const (
	colBirths  uint8 = 248
	colTallies uint8 = 249
)

const _ = colBirths - (colRounds + MaxRounds)

func newCoverage(alloc Allocator) *coverage {
	n := MaxRounds + 1
	c := &coverage{shares: make([]*column[uint8], n), used: make([]bool, n), cold: make([]bool, n),
		late: make([]Seconds, n), isStale: make([]bool, n), whole: make([]bool, n), within: make([][]bool, n), chunks: make([][]uint32, n), seen: make([]uint8, n),
		tallies: newColumn[tally](colTallies, alloc), lastKey: 1 << 63, births: newColumn[birth](colBirths, alloc)}
	for r := range c.shares { // that of 0 stays empty
		c.shares[r] = newColumn[uint8](colRounds+uint8(max(r, 1)-1), alloc)
	}
	return c
}

// share of a human in a round.
func (c *coverage) share(r RoundID, root PersonOrdinal) uint8 {
	col := c.shares[r]
	if int(root) >= col.capacity() {
		return 0
	}
	return *col.get(uint32(root))
}

// store changes a share and no counter.
func (c *coverage) store(r RoundID, root PersonOrdinal, old, b uint8) {
	col := c.shares[r]
	if int(root) >= col.capacity() {
		c.use(r, root)
	}
	if at := col.get(uint32(root)); col.snap == nil {
		*at = b
	} else {
		*col.mut(uint32(root)) = b
	}
	if (old^b)&shareFacts == 0 {
		return
	}
	if old&shareFacts != 0 {
		c.hash -= mixShare(r, root, old)
	}
	if b&shareFacts != 0 {
		c.hash += mixShare(r, root, b)
	}
}

// use makes room for somebody's share.
func (c *coverage) use(r RoundID, root PersonOrdinal) {
	c.shares[r].grow(uint32(root))
	if !c.used[r] {
		c.used[r] = true
		c.arrange()
	}
}

// mixShare leaves the state out: that of a cold round is what it once was.
func mixShare(r RoundID, root PersonOrdinal, b uint8) uint64 {
	if b&shareFacts == 0 {
		return 0
	}
	return mix(uint64(root)<<32 ^ uint64(r)<<8 ^ uint64(b&shareFacts) ^ mixB)
}

// arrange picks the hot rounds anew: used and not cold; of too many the oldest goes cold
// and stays so.
func (c *coverage) arrange() {
	c.hot = c.hot[:0]
	for r := range c.used {
		if c.used[r] && !c.cold[r] {
			c.hot = append(c.hot, RoundID(r))
		}
	}
	for len(c.hot) > maxHot {
		c.cold[c.hot[0]] = true
		c.hot = append(c.hot[:0], c.hot[1:]...)
	}
	c.several = len(c.hot) > 1
}

// cover is told of every effect, after the people half was: the test counts in its
// round. A day's scans and results are a look at one byte and a counter. Where something
// may have been taken away, the human is counted again from all his tests.
//
// What changes without an effect has a method of its own: recount, restate, excuse,
// moving, replan.
func (e *Engine) cover(who PersonOrdinal, tube, test uint32, f TestFacts) {
	c := e.coverage
	word := *e.people.words.get(uint32(who))
	root := who
	if word&wordSide != 0 {
		root = e.people.root(who)
		word = *e.people.words.get(uint32(root))
	}
	facts := e.tubes.headers.get(tube).facts
	if f&factUnbound|TestFacts(facts&tubeVoid) != 0 {
		if f.has(factFirst) { // it never counted
			e.restate(root)
		} else {
			e.recount(root, RoundDefault)
		}
		return
	}
	r := e.tubes.roundOf(tube, test)
	gives := uint8(shareSampled)
	if f.outcome() != OutcomeNone {
		gives |= shareResulted
	}
	if facts&tubeReceived != 0 {
		gives |= shareReceived
	}
	had := c.share(r, root)
	if had&^gives&(shareReceived|shareResulted) != 0 && !f.has(factFirst) {
		e.recount(root, RoundDefault)
		return
	}
	if b := (had|gives)&shareFacts | uint8(wordState(word))<<shareState; b != had {
		e.setShare(r, root, had, b)
	}
	if c.several {
		e.restate(root)
	}
}

// restate counts a human with his present state, in every hot round where he was
// sampled: after a discharge, or whatever else changes a state without a test.
func (e *Engine) restate(who PersonOrdinal) {
	root := e.people.root(who)
	state := uint8(wordState(*e.people.words.get(uint32(root)))) << shareState
	for _, r := range e.coverage.hot {
		if had := e.coverage.share(r, root); had&shareSampled != 0 && had&^shareFacts != state {
			e.setShare(r, root, had, had&shareFacts|state)
		}
	}
}

// recount works out from scratch what a human is to every round. A test of his has left
// the one that the caller names, and is in another now.
func (e *Engine) recount(who PersonOrdinal, _ RoundID) {
	c := e.coverage
	root := e.people.root(who)
	e.gather(root)
	for r := RoundID(1); int(r) <= e.master.roundCount(); r++ {
		had := c.share(r, root)
		if b := e.shareOf(root, c.seen[r]); b != had {
			e.setShare(r, root, had, b)
		}
	}
}

// shareOf adds the state to facts. Who was not sampled is counted with none.
func (e *Engine) shareOf(root PersonOrdinal, facts uint8) uint8 {
	if facts&shareSampled == 0 {
		return facts
	}
	return facts | uint8(wordState(*e.people.words.get(uint32(root))))<<shareState
}

// gather fills seen with the facts that the tests and excuses of a human's identities give.
func (e *Engine) gather(root PersonOrdinal) {
	seen := e.coverage.seen
	clear(seen)
	e.people.identities(root, func(id PersonOrdinal) {
		w := *e.people.words.get(uint32(id))
		test := uint32(w)
		if w&wordSide != 0 {
			test = e.people.sides.get(test).head
		}
		for ; test != 0; test = uint32(*e.people.tests.get(test) >> 32) {
			m := e.people.mark(test)
			tube := e.tubes.of(test)
			facts := e.tubes.headers.get(tube).facts
			if m&markUnbound != 0 || facts&tubeVoid != 0 {
				continue
			}
			gives := uint8(shareSampled)
			if m&markClass != markNone {
				gives |= shareResulted
			}
			if facts&tubeReceived != 0 {
				gives |= shareReceived
			}
			seen[e.tubes.roundOf(tube, test)] |= gives
		}
		e.notes.of(id, func(n *note) {
			if n.is() == noteExcuse {
				seen[n.round()] |= shareExcused
			}
		})
	})
	seen[0] = 0 // of no round
}

// excuse notes that somebody need not come to a round.
func (e *Engine) excuse(who PersonOrdinal, r RoundID, reason uint32, at Seconds) Outcome {
	n := note{at: at, arg: reason, kind: excuseKind(r)}
	if e.notes.has(who, n) {
		return Duplicate
	}
	e.notes.add(who, n)
	root := e.people.root(who)
	if had := e.coverage.share(r, root); had&shareExcused == 0 {
		e.setShare(r, root, had, had|shareExcused)
	}
	return Accepted
}

// setShare changes a share, and with it the tally of the human's own area.
func (e *Engine) setShare(r RoundID, root PersonOrdinal, had, b uint8) {
	c := e.coverage
	c.store(r, root, had, b)
	node, expected := uint32(0), false
	if c.placed {
		w := e.where(r, root)
		node, expected = w.node, w.expected
	}
	t := c.tally(r, node)
	if had&b&shareSampled == 0 {
		t.take(had, expected, less)
		t.take(b, expected, more)
		return
	}
	t.states[had>>shareState]--
	t.states[b>>shareState]++
	if d := had ^ b; d&shareReceived != 0 {
		t.received += direction(b & shareReceived)
	}
	if d := had ^ b; d&shareResulted != 0 {
		t.resulted += direction(b & shareResulted)
	}
}

func direction(b uint8) uint32 {
	if b != 0 {
		return more
	}
	return less
}

const (
	more = 1
	less = ^uint32(0) // minus one
)

// take counts a share once more, or once less.
func (t *tally) take(b uint8, expected bool, by uint32) {
	if b == 0 {
		return
	}
	if b&shareSampled == 0 {
		if b&shareExcused != 0 && expected { // who is neither rostered nor sampled counts nowhere
			t.excused += by
		}
		return
	}
	t.sampled += by
	t.states[b>>shareState] += by
	if !expected {
		t.unrostered += by
	}
	if b&shareReceived != 0 {
		t.received += by
	}
	if b&shareResulted != 0 {
		t.resulted += by
	}
}

// tally of a round and area, to be changed. Neighbours in a tube are mostly of one area.
func (c *coverage) tally(r RoundID, area uint32) *tally {
	if uint64(r)<<32|uint64(area) == c.lastKey && c.tallies.snap == nil {
		return c.lastTally
	}
	return c.findTally(r, area)
}

func (c *coverage) findTally(r RoundID, area uint32) *tally {
	at := area / chunkAreas
	if row := c.chunks[r]; int(at) >= len(row) || row[at] == 0 {
		c.addRun(r, at)
	}
	t := c.tallies.mut(c.chunks[r][at]*chunkAreas + area%chunkAreas) // pages stay where they are
	c.lastKey, c.lastTally = uint64(r)<<32|uint64(area), t
	return t
}

func (c *coverage) addRun(r RoundID, at uint32) {
	row := c.chunks[r]
	row = append(row, make([]uint32, max(int(at)+1-len(row), 0))...)
	c.runs++
	row[at] = c.runs
	c.chunks[r] = row
	c.tallies.grow(c.runs*chunkAreas + chunkAreas - 1)
}

// peek is the tally of a round and area to be read, nil where nothing was counted.
func (c *coverage) peek(r RoundID, area uint32) *tally {
	if row := c.chunks[r]; int(area/chunkAreas) < len(row) && row[area/chunkAreas] != 0 {
		return c.tallies.get(row[area/chunkAreas]*chunkAreas + area%chunkAreas)
	}
	return nil
}
