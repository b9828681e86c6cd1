package engine

import (
	"slices"
	"sync/atomic"
)

// What readers get of coverage: counts by area, and who is missing.

// CoverageView are the counts of an area and all within it, or of its own people only.
// Expected = Sampled + Excused + Missing.
type CoverageView struct {
	Round, Area string
	Own         bool   // only the people whose own area it is
	Expected    uint64 // rostered where the round covers, or sampled
	Unrostered  uint64 // of those: sampled and not rostered
	Sampled     uint64
	Excused     uint64 // and not sampled
	Missing     uint64
	Received    uint64 // sampled in a tube that a laboratory received
	Resulted    uint64 // sampled with an outcome

	// Of those sampled, by their state now, whichever round it comes from.
	Negative, MustResample, Held, Suspect, Confirmed uint64
}

const (
	// cutAreas, cutPeople: readers of coverage look at so many under one lock, 100 µs.
	cutAreas  = 8192
	cutPeople = 4096
	// gatherPeople: up to so many people of an area are found through its lists. Past
	// that a look at everybody in turn is no dearer, and needs no sorting.
	gatherPeople = 1 << 16
)

// survey is one reader's question about a round and a node of the areas' tree.
type survey struct {
	e      *Engine
	locked bool // the caller holds the lock for good
	round  RoundID
	node   uint32
	lines  []surveyLine
	lineOf []int32 // by area: line + 1, 0: not worked out yet, outside
	path   []uint32
}

type surveyLine struct {
	CoverageView
	area uint32
}

const outside = -1

// survey resolves names; nil when there is no such round or area. REQUIRES: the lock.
func (e *Engine) survey(round, area string, children bool) *survey {
	r, known := e.master.roundNumber([]byte(round))
	node, found := e.master.areaNumber([]byte(area))
	if !known || r == 0 || !found {
		return nil
	}
	return e.surveyOf(r, node, children)
}

func (e *Engine) surveyOf(r RoundID, node uint32, children bool) *survey {
	m := e.master
	s := &survey{e: e, round: r, node: node, lineOf: make([]int32, len(m.areas))}
	s.lineOf[0] = outside
	line := func(area uint32, own bool) {
		s.lines = append(s.lines, surveyLine{area: area, CoverageView: CoverageView{Round: m.roundName(r), Area: m.areaCode(area), Own: own}})
		s.lineOf[area] = int32(len(s.lines))
	}
	if children {
		s.lines = make([]surveyLine, 0, len(m.children(node))+1)
		for _, a := range m.children(node) {
			line(a, false)
		}
	}
	line(node, children)
	return s
}

func (s *survey) lock() {
	if !s.locked {
		s.e.mu.RLock()
	}
}

func (s *survey) unlock() {
	if !s.locked {
		s.e.mu.RUnlock()
	}
}

// line that an area counts in, nil for none. What is found on the way up is kept.
func (s *survey) line(area uint32) *surveyLine {
	if int(area) >= len(s.lineOf) { // younger than the question
		return nil
	}
	s.path = s.path[:0]
	n := int32(0)
	for {
		if int(area) < len(s.lineOf) {
			if n = s.lineOf[area]; n != 0 {
				break
			}
			s.path = append(s.path, area)
		}
		area = s.e.master.areas[area].parent
	}
	for _, a := range s.path {
		s.lineOf[a] = n
	}
	if n == outside {
		return nil
	}
	return &s.lines[n-1]
}

// Coverage tells the counts of a round in an area, all areas within it among them; an
// empty area is everything, people without an area among it. With children it calls do
// for each child, in the order of their codes, and at last for the area's own people:
// these add up to the area. ok is false when there is no such round or area.
//
// Counters are read under one short lock, of trees past 8,192 areas under several. In
// all but a few old rounds states are counters, too; in those they are counted person by
// person after that, between slices of the writer, so that he never waits for long.
func (e *Engine) Coverage(round, area string, children bool, do func(*CoverageView) bool) (asOf Position, ok bool) {
	e.mu.RLock()
	asOf = e.Applied()
	s := e.survey(round, area, children)
	if s == nil {
		e.mu.RUnlock()
		return asOf, false
	}
	s.sum()
	hot := slices.Contains(e.coverage.hot, s.round)
	e.mu.RUnlock()
	if !hot && s.anySampled() {
		s.countStates()
	}
	for i := range s.lines {
		if !do(&s.lines[i].CoverageView) {
			break
		}
	}
	return asOf, true
}

func (s *survey) anySampled() bool {
	for i := range s.lines {
		if s.lines[i].Sampled > 0 {
			return true
		}
	}
	return false
}

// sum adds the counters of all areas up. REQUIRES: the lock, which it gives up for a
// moment after every cut.
func (s *survey) sum() {
	c, m, r := s.e.coverage, s.e.master, s.round
	areas := uint32(len(s.lineOf))
	for area := uint32(0); area < areas; area++ {
		if area%cutAreas == cutAreas-1 {
			s.unlock()
			s.lock()
		}
		roster := c.peek(0, area)
		t := c.peek(r, area)
		if roster == nil {
			roster = &noTally
		}
		if t == nil {
			if roster.rostered|roster.loose == 0 {
				continue
			}
			t = &noTally
		}
		if c.late[r] != 0 {
			roster = t
		}
		line := s.line(area)
		if line == nil {
			continue
		}
		expected := uint64(t.stray)
		if c.covers(m, r, area) {
			expected += uint64(roster.rostered)
		}
		if c.whole[r] {
			expected += uint64(roster.loose)
		}
		line.add(t, expected)
	}
}

var noTally tally

// add counts an area in: its tally, and how many are rostered where the round covers.
func (l *surveyLine) add(t *tally, rostered uint64) {
	l.Expected += rostered + uint64(t.unrostered)
	l.Unrostered += uint64(t.unrostered)
	l.Sampled += uint64(t.sampled)
	l.Excused += uint64(t.excused)
	l.Missing += rostered + uint64(t.unrostered) - uint64(t.sampled) - uint64(t.excused)
	l.Received += uint64(t.received)
	l.Resulted += uint64(t.resulted)
	for state, n := range t.states {
		l.addState(State(state), uint64(n))
	}
}

func (l *surveyLine) addState(state State, n uint64) {
	switch state {
	case StateNegative:
		l.Negative += n
	case StateMustResample:
		l.MustResample += n
	case StateHeld:
		l.Held += n
	case StateSuspect:
		l.Suspect += n
	case StateConfirmed:
		l.Confirmed += n
	}
}

// countStates counts by state person by person, of a round that is not hot.
func (s *survey) countStates() {
	for i := range s.lines {
		l := &s.lines[i]
		l.Negative, l.MustResample, l.Held, l.Suspect, l.Confirmed = 0, 0, 0, 0, 0
	}
	e := s.e
	col := e.coverage.shares[s.round]
	for from, more := 1, true; more; from += cutPeople {
		s.lock()
		to := min(from+cutPeople, col.capacity(), int(e.registry.count)+1)
		for o := from; o < to; o++ {
			if *col.at(uint32(o))&shareSampled == 0 {
				continue
			}
			if line := s.line(e.where(s.round, PersonOrdinal(o)).node); line != nil {
				line.addState(wordState(atomic.LoadUint64(e.people.words.at(uint32(o)))), 1)
			}
		}
		more = to == from+cutPeople
		s.unlock()
	}
}

// Missing calls do for the people of an area who are expected in a round, neither
// sampled nor excused; an empty area is everybody. Of a human with several identities it
// tells the one that orders name. They come by ordinal, from the first past `after` on,
// until do answers false or limit (0: none) is reached; do runs outside the lock. It
// returns the last one told and whether more follow. ok is false when there is no such
// round or area.
//
// People of a small area are found through its lists and sorted; a large one, or
// everybody, is a walk over all. Either way the writer waits for 4,096 people at most.
func (e *Engine) Missing(round, area string, after PersonOrdinal, limit int, do func(PersonOrdinal) bool) (last PersonOrdinal, more bool, asOf Position, ok bool) {
	e.mu.RLock()
	asOf = e.Applied()
	s := e.survey(round, area, false)
	e.mu.RUnlock()
	if s == nil {
		return after, false, asOf, false
	}
	last = after
	shown, stopped := 0, false
	tell := func(found []PersonOrdinal) bool {
		for _, who := range found {
			if more = stopped || limit > 0 && shown == limit; more {
				return false
			}
			last, shown = who, shown+1
			stopped = !do(who)
		}
		return true
	}
	if found, fits := s.gather(after); fits {
		tell(found)
	} else {
		s.scan(after, tell)
	}
	return last, more, asOf, true
}

// expects tells whether the round expects anybody who is rostered.
func (s *survey) expects() bool {
	c := s.e.coverage
	return c.whole[s.round] || len(c.within[s.round]) > 0
}

// isMissing tells whether a human is, and in the node asked for.
func (s *survey) isMissing(root PersonOrdinal) bool {
	e := s.e
	if e.coverage.share(s.round, root)&(shareSampled|shareExcused) != 0 {
		return false
	}
	w := e.where(s.round, root)
	return w.expected && s.line(w.node) != nil
}

// gather finds the missing past an ordinal through the lists of the areas, sorted; fits
// is false when there are too many people to do so.
func (s *survey) gather(after PersonOrdinal) (found []PersonOrdinal, fits bool) {
	s.lock()
	defer s.unlock()
	e, m := s.e, s.e.master
	if s.node == 0 || !s.expects() {
		return nil, !s.expects()
	}
	var areas []uint32
	m.walk(s.node, func(a uint32) bool {
		areas = append(areas, a)
		return len(areas) <= gatherPeople
	})
	if len(areas) > gatherPeople || s.closedLoose(areas) {
		return nil, false
	}
	looked := 0
	look := func(who PersonOrdinal) {
		if root := e.people.root(who); root > after && s.isMissing(root) {
			found = append(found, root)
		}
		looked++
	}
	for _, a := range areas {
		for who := m.leafFirst(a); who != 0 && looked < gatherPeople; {
			if look(who); looked%cutPeople == 0 {
				s.unlock()
				s.lock()
				if !m.onList(who) || m.areaOf(who) != a { // he moved meanwhile
					who = m.leafFirst(a) // who is found twice is told once
					continue
				}
			}
			who = m.leafNext(who)
		}
	}
	if e.coverage.late[s.round] != 0 { // who was here when the round closed
		for i := uint32(1); i <= m.moverCount && looked < gatherPeople; i++ {
			if look(PersonOrdinal(m.movers.get(i).person)); looked%cutPeople == 0 {
				s.unlock()
				s.lock()
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found), looked < gatherPeople
}

// closedLoose tells whether a closed round has people in these areas who are there for
// what scans named: lists do not remember that.
func (s *survey) closedLoose(areas []uint32) bool {
	c := s.e.coverage
	return c.late[s.round] != 0 && slices.ContainsFunc(areas, func(a uint32) bool {
		t := c.peek(s.round, a)
		return t != nil && t.loose > 0
	})
}

// scan finds the missing past an ordinal by a look at everybody.
func (s *survey) scan(after PersonOrdinal, tell func([]PersonOrdinal) bool) {
	var found []PersonOrdinal
	for from, end := after+1, after+1; from <= end; from += cutPeople {
		found = found[:0]
		s.lock()
		end = PersonOrdinal(s.e.registry.count)
		for o := from; o <= end && o < from+cutPeople; o++ {
			if s.e.people.root(o) == o && s.isMissing(o) {
				found = append(found, o)
			}
		}
		s.unlock()
		if !tell(found) {
			return
		}
	}
}
