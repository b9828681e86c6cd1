package engine

import (
	"bytes"
	"slices"
)

// Who is expected in a round, and in whose area.

// birth tells when people were first rostered: from this ordinal on, up to the next
// birth, those who were rostered when they were numbered were rostered at `at`. A roster
// of 26 million takes 30 of these instead of a note a person.
type birth struct {
	from uint32
	at   Seconds
}

// whereabouts are what coverage asks of a human: his own area, and who expects him.
type whereabouts struct {
	node     uint32 // own area; 0: none
	rostered bool   // some identity is
	placed   bool   // in an area, which is the own one
	expected bool   // in the round asked for
	stray    bool   // expected, but not for being rostered in the own area, nor anywhere
}

// where is a human to a round, as far as its roster goes: as of its closing if it has
// closed. Round 0 is the roster as it stands. It only reads.
func (e *Engine) where(r RoundID, root PersonOrdinal) (w whereabouts) {
	m, c := e.master, e.coverage
	closes := c.late[r]
	if !e.people.alone(root) {
		return e.whereSeveral(r, root, closes)
	}
	w.node, w.rostered = e.rosteredAt(root, closes)
	if w.rostered {
		w.placed = w.node != 0
		w.expected = c.covers(m, r, w.node)
	}
	if w.node == 0 {
		w.node = m.scanArea(root)
	}
	return w
}

// alone tells whether a human has one identity.
func (p *people) alone(who PersonOrdinal) bool {
	w := *p.words.get(uint32(who))
	return w&wordSide == 0 || p.sides.get(uint32(w)).ring == 0
}

// whereSeveral is where for a human with several identities: the root's rostered area
// counts, else that of the identity whose text is smallest, else the newest that any
// scan named (of two in a second the smaller code).
func (e *Engine) whereSeveral(r RoundID, root PersonOrdinal, closes Seconds) (w whereabouts) {
	m, c := e.master, e.coverage
	var by PersonOrdinal
	var named uint32
	var namedAt Seconds
	e.people.identities(root, func(id PersonOrdinal) {
		area, rostered := e.rosteredAt(id, closes)
		if rostered {
			w.rostered = true
			w.expected = w.expected || c.covers(m, r, area)
		}
		if area != 0 && by != root && (by == 0 || id == root || e.textBefore(id, by)) {
			w.node, w.placed, by = area, true, id
		}
		if n, at := m.scanArea(id), m.scanAreaAt(id); n != 0 &&
			(named == 0 || at > namedAt || at == namedAt && m.areaCode(n) < m.areaCode(named)) {
			named, namedAt = n, at
		}
	})
	if !w.placed {
		w.node = named
	}
	w.stray = w.expected && w.placed && !c.covers(m, r, w.node)
	return w
}

// textBefore orders identities by their canonical text.
func (e *Engine) textBefore(a, b PersonOrdinal) bool {
	var one, two [64]byte
	return bytes.Compare(e.registry.appendID(one[:0], a), e.registry.appendID(two[:0], b)) < 0
}

// rosteredAt is the rostered area of an identity as the puts received before a round's
// closing left it; closes 0: as it stands. area is 0 for nobody rostered.
func (e *Engine) rosteredAt(id PersonOrdinal, closes Seconds) (area uint32, rostered bool) {
	attr := read(e.master.attributes, id)
	area, rostered = uint32(attr&attrAreaMask), attr&attrRostered != 0
	if closes == 0 || !rostered {
		return area, rostered
	}
	return e.rosteredBefore(id, closes, area)
}

// rosteredBefore is rosteredAt for somebody rostered by now, in that area.
func (e *Engine) rosteredBefore(id PersonOrdinal, closes Seconds, area uint32) (_ uint32, rostered bool) {
	if e.coverage.bornAt(id) >= closes {
		return 0, false
	}
	rostered = true
	done := false
	e.notes.of(id, func(n *note) { // latest first, back to the last before the closing
		switch kind := n.is(); {
		case kind != noteMoved && kind != noteNoRoster || done:
		case n.at < closes:
			done = true
		case kind == noteMoved:
			area = n.arg
		default:
			area, rostered = 0, false
		}
	})
	return area, rostered
}

// bornAt is when somebody was rostered who was numbered by it; of others it answers
// something not later than that, and they have a note.
func (c *coverage) bornAt(id PersonOrdinal) Seconds {
	low, high := uint32(0), c.birthCount
	for low < high { // the last that begins at or before id
		mid := (low + high + 1) / 2
		if c.births.get(mid).from <= uint32(id) {
			low = mid
		} else {
			high = mid - 1
		}
	}
	if low == 0 {
		return 0
	}
	return c.births.get(low).at
}

// enroll remembers what a roster's item changed, for rounds that have closed or will
// prove to have. Told after the change, with what was before.
func (e *Engine) enroll(who PersonOrdinal, received Seconds, wasRostered bool, wasArea uint32) {
	c, m := e.coverage, e.master
	switch {
	case wasRostered:
		if m.rosterArea(who) != wasArea {
			e.notes.add(who, note{at: received, arg: wasArea, kind: uint32(noteMoved)})
		}
	case uint32(who) < e.registry.count: // known before
		e.notes.add(who, note{at: received, kind: uint32(noteNoRoster)})
	case c.birthCount == 0 || c.births.get(c.birthCount).at != received:
		c.birthCount++
		c.births.grow(c.birthCount)
		b := c.births.mut(c.birthCount)
		*b = birth{uint32(who), received}
		c.hash += mixBirth(b)
	}
}

// count counts a human in a round, or takes him out: his share, and in a closed round
// his place in its roster.
func (e *Engine) count(r RoundID, root PersonOrdinal, by uint32) {
	c := e.coverage
	w := e.where(r, root)
	b := c.share(r, root)
	closed := c.late[r] != 0
	if b == 0 && !w.stray && !(closed && w.rostered) {
		return
	}
	t := c.tally(r, w.node)
	t.take(b, w.expected, by)
	if w.stray {
		t.stray += by
	}
	if closed {
		t.enrol(w, by)
	}
}

// enrol counts who is rostered.
func (t *tally) enrol(w whereabouts, by uint32) {
	switch {
	case w.placed:
		t.rostered += by
	case w.rostered:
		t.loose += by
	}
}

// coverAt is told when a batch begins: the rounds that have closed by its receipt keep
// the roster that they have. REQUIRES: not the lock.
func (e *Engine) coverAt(received Seconds) {
	c := e.coverage
	c.now = max(c.now, received)
	if c.next == 0 || c.now < c.next {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, r := range e.master.putRounds {
		if p := e.master.lastPut(r); c.late[r] == 0 && p.closes <= c.now && p.closes != neverCloses {
			c.late[r] = p.closes
			c.freeze(r)
		}
	}
	e.awaitClosings()
}

// awaitClosings works out when the next round closes, and whether one has.
func (e *Engine) awaitClosings() {
	c := e.coverage
	c.next, c.closed = 0, false
	for _, r := range e.master.putRounds {
		c.closed = c.closed || c.late[r] != 0
		if p := e.master.lastPut(r); p.closes > c.now && p.closes != neverCloses && (c.next == 0 || p.closes < c.next) {
			c.next = p.closes
		}
	}
}

// freeze copies the live roster: nothing was put since before the closing.
func (c *coverage) freeze(r RoundID) {
	for at, run := range c.chunks[0] {
		for i := uint32(0); run != 0 && i < chunkAreas; i++ {
			if live := *c.tallies.get(run*chunkAreas + i); live.rostered|live.loose != 0 {
				t := c.tally(r, uint32(at)*chunkAreas+i)
				t.rostered, t.loose = live.rostered, live.loose
			}
		}
	}
}

// moving does a change of where somebody belongs: his roster, an area that a scan names.
func (e *Engine) moving(who PersonOrdinal, change func()) {
	e.coverage.one[0] = who
	e.movingAll(e.coverage.one[:], change)
}

// nameMoves tells whether a scan that names an area moves its human for some round. Who
// has been rostered may not have been when a round closed; of several identities the one
// that was named last counts.
func (e *Engine) nameMoves(who PersonOrdinal, area uint32, at Seconds) bool {
	m := e.master
	return area != 0 && (area != m.scanArea(who) || !e.people.alone(who)) && m.scanIsNewer(who, area, at) &&
		(m.rosterArea(who) == 0 || e.coverage.closed)
}

// movingAll does a change of where people belong or who they are: their humans' shares
// are taken out everywhere, and those of the humans they are afterwards put in.
//
// REQUIRES: of a merge, all identities of all humans concerned.
func (e *Engine) movingAll(all []PersonOrdinal, change func()) {
	c := e.coverage
	c.placed = true
	c.moved = c.moved[:0]
	for _, who := range all {
		if slices.Contains(c.moved, who) {
			continue
		}
		e.people.identities(who, func(id PersonOrdinal) { c.moved = append(c.moved, id) })
		e.countEverywhere(e.people.root(who), less)
	}
	change()
	if len(all) > 1 {
		c.joined = true
		e.shareAnew()
	}
	for i, id := range c.moved {
		if root := e.people.root(id); !e.hasRootBefore(i, root) {
			e.countEverywhere(root, more)
		}
	}
}

func (e *Engine) hasRootBefore(i int, root PersonOrdinal) bool {
	for _, id := range e.coverage.moved[:i] {
		if e.people.root(id) == root {
			return true
		}
	}
	return false
}

// shareAnew brings the shares of all who are moved to the roots of now.
func (e *Engine) shareAnew() {
	c := e.coverage
	for _, id := range c.moved {
		for r := RoundID(1); int(r) <= e.master.roundCount(); r++ {
			if had := c.share(r, id); had != 0 {
				c.store(r, id, had, 0)
			}
		}
	}
	for i, id := range c.moved {
		root := e.people.root(id)
		if e.hasRootBefore(i, root) {
			continue
		}
		e.people.identities(root, func(id PersonOrdinal) {
			if !slices.Contains(c.moved, id) {
				panic("engine: BUG: a human is moved without all of his identities")
			}
		})
		e.gather(root)
		for r := RoundID(1); int(r) <= e.master.roundCount(); r++ {
			if c.seen[r] != 0 {
				c.store(r, root, 0, e.shareOf(root, c.seen[r]))
			}
		}
	}
}

// countEverywhere counts a human in the live roster and in all rounds, or takes him out.
func (e *Engine) countEverywhere(root PersonOrdinal, by uint32) {
	c := e.coverage
	alone := e.people.alone(root)
	if w := e.where(0, root); w.rostered {
		c.tally(0, w.node).enrol(w, by)
	}
	for r := RoundID(1); int(r) <= e.master.roundCount(); r++ {
		if c.late[r] != 0 || !alone || c.share(r, root) != 0 {
			e.count(r, root, by)
		}
	}
}

func mixBirth(b *birth) uint64 { return mix(uint64(b.from)<<32 ^ uint64(b.at) ^ mixA) }
