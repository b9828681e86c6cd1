package engine

import "slices"

// Which areas a round covers, and what it takes to follow when areas or rounds are put.
//
// That is worked out by area when a round is put. A new area goes by its parent and has
// nobody in it, so it costs a round one look; so does an area that is put under another
// parent of which the round says the same. Where it says another, the areas within that
// one change with it, and if somebody may be in them the round is stale: it is counted
// again at the end of the slice, once however many areas moved. Until then its tallies are
// wrong, but they are only added to, and no reader sees them: the lock is held.

// covers tells whether a round expects who is rostered in an area; area 0 is none. What
// it says of the areas known is worked out beforehand; younger ones go by what is above.
func (c *coverage) covers(m *master, r RoundID, area uint32) bool {
	if c.whole[r] {
		return true
	}
	for within := c.within[r]; area != 0; area = m.areas[area].parent {
		if int(area) < len(within) {
			return within[area]
		}
	}
	return false
}

// lastPut is a round's version that was put last, whenever it takes effect; nil: none was.
func (m *master) lastPut(r RoundID) *policy {
	if !m.isPut(r) {
		return nil
	}
	return &m.policies[slices.Max(m.rounds[r].versions)]
}

// replan puts an area, a site, a laboratory or a round, and follows with what rounds
// cover. REQUIRES: catchUp before the lock is given up.
func (e *Engine) replan(_ bool, change func()) {
	m := e.master
	versions := len(m.policies)
	m.lastMove = areaMove{}
	change()
	switch {
	case len(m.policies) > versions:
		e.cast(m.policies[versions].round)
	case m.lastMove.area != 0:
		e.shift(m.lastMove)
	}
}

// cast works out what a round covers and whether it has closed, and if that is not what
// it was for anybody, counts it again: for a round that was put after people came to it,
// or one whose areas or closing changed.
func (e *Engine) cast(r RoundID) {
	c, m := e.coverage, e.master
	c.extend(m, r)
	late, whole, within := c.late[r], c.whole[r], c.within[r]
	p := m.lastPut(r)
	c.late[r], c.whole[r], c.within[r] = 0, len(p.areas) == 0 && r != RoundDefault, nil
	if p.closes <= c.now && p.closes != neverCloses {
		c.late[r] = p.closes
	}
	if len(p.areas) > 0 {
		c.within[r] = make([]bool, len(m.areas))
		for _, area := range p.areas {
			c.spread(m, r, area, true)
		}
	}
	e.awaitClosings()
	if late != c.late[r] || whole != c.whole[r] || e.coversOther(r, within) {
		e.countAnew(r)
	}
}

// coversOther tells whether a round covers another area than it did, or one less, among
// those that somebody may be in.
func (e *Engine) coversOther(r RoundID, was []bool) bool {
	now := e.coverage.within[r]
	for area := range max(len(was), len(now)) {
		before, after := area < len(was) && was[area], area < len(now) && now[area]
		if before != after && e.livedIn(r, uint32(area)) {
			return true
		}
	}
	return false
}

// livedIn tells whether somebody may be in an area to a round: if not, nothing that is
// counted hangs on it. Who has moved since the round closed may have had other
// identities, of which no tally and no list tells.
func (e *Engine) livedIn(r RoundID, area uint32) bool {
	c, a := e.coverage, &e.master.areas[area]
	return a.first|a.movers != 0 || !c.peek(0, area).empty() || !c.peek(r, area).empty() || c.joined && c.late[r] != 0
}

func (t *tally) empty() bool { return t == nil || *t == tally{} }

// extend works out what a round covers of the areas that are younger than that.
func (c *coverage) extend(m *master, r RoundID) {
	if len(c.within[r]) == 0 {
		return // covers everything, or nothing
	}
	for area := len(c.within[r]); area < len(m.areas); area++ {
		c.within[r] = append(c.within[r], c.covers(m, r, uint32(area)))
	}
}

// spread marks an area and those within it.
func (c *coverage) spread(m *master, r RoundID, area uint32, covered bool) {
	if int(area) < len(c.within[r]) {
		c.within[r][area] = covered
	}
	for _, a := range m.areas[area].children {
		c.spread(m, r, a, covered)
	}
}

// shift follows an area that was put under another parent, in the rounds that say of the
// one before and of that now what is not the same.
func (e *Engine) shift(moved areaMove) {
	c, m := e.coverage, e.master
	to := m.areas[moved.area].parent
	for _, r := range m.putRounds {
		if len(c.within[r]) == 0 {
			continue
		}
		if covered := c.covers(m, r, to); covered != c.covers(m, r, moved.from) {
			c.ownWithin(r)
			e.reach(r, m.lastPut(r).areas, moved.area, covered)
		}
	}
}

// reach marks an area and those within it but those that the round names itself, and
// makes the round stale if somebody may be in one of them.
func (e *Engine) reach(r RoundID, named []uint32, area uint32, covered bool) {
	c := e.coverage
	if _, itself := slices.BinarySearch(named, area); itself {
		return
	}
	if int(area) < len(c.within[r]) { // else it is younger, and goes by what is above
		c.within[r][area] = covered
	}
	if !c.isStale[r] && e.livedIn(r, area) {
		c.isStale[r], c.stale = true, true
	}
	for _, a := range e.master.areas[area].children {
		e.reach(r, named, a, covered)
	}
}

// catchUp counts the stale rounds again, and works out what rounds cover of areas that
// are new, so that nobody goes up the tree for them.
func (e *Engine) catchUp() {
	c, m := e.coverage, e.master
	if c.stale {
		for _, r := range m.putRounds {
			if c.isStale[r] {
				c.isStale[r] = false
				e.countAnew(r)
			}
		}
		c.stale = false
	}
	if c.areas != len(m.areas) {
		for _, r := range m.putRounds {
			c.extend(m, r)
		}
		c.areas = len(m.areas)
	}
}

// countAnew counts a round from the shares, some 30 ns a person.
func (e *Engine) countAnew(r RoundID) {
	c := e.coverage
	c.clear(r)
	if !c.used[r] && c.late[r] == 0 && !c.joined {
		return // nobody has a share, none can be a stray
	}
	for o := PersonOrdinal(1); uint32(o) <= e.registry.count; o++ {
		had := c.share(r, o)
		if had == 0 && c.late[r] == 0 && e.people.alone(o) || e.people.root(o) != o {
			continue
		}
		if b := e.shareOf(o, had&shareFacts); b != had {
			c.store(r, o, had, b)
		}
		e.count(r, o, more)
	}
}

func (c *coverage) clear(r RoundID) {
	for _, run := range c.chunks[r] {
		for i := uint32(0); run != 0 && i < chunkAreas; i++ {
			*c.tallies.mut(run*chunkAreas + i) = tally{}
		}
	}
}
