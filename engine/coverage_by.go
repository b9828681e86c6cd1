package engine

import (
	"cmp"
	"slices"
	"sync/atomic"
)

// Coverage by what people have in common: circle, group, site.
//
// No counters are kept for these. A question is a walk over the people, or over the
// lists of a small node, in cuts between slices of the writer. So the lines are not all
// of one moment: each person is counted once, as he was at some moment between the
// question and its answer, never older than as_of, and each line adds up, because a
// person is added to it as a whole. Of a store that rests the lines by circle add up to
// the node.
//
// Rosters of a closed round are those of its closing, as everywhere; circle and groups are
// what the roster says now, for it does not keep what it said of them before.

// By is what the people of a line have in common.
type By uint8

const (
	ByCircle By = iota // 1 to 6
	ByGroup            // a key group; who belongs to two counts in both
	BySite             // where a tube of the round was taken; who came to two sites counts in both
)

// CoverageByView are the counts of a line. Area is the node asked for.
//
// By site, people are counted who were sampled there, and Received and Resulted speak of
// the tubes of that site.
type CoverageByView struct {
	CoverageView
	Value string // circle, group or site; empty: of none
}

// byLines are counters by number: of circles, sets of groups, groups or sites.
type byLines struct {
	round, area string
	of          []int32 // by number: its line + 1, 0: none yet
	lines       []byLine
}

type byLine struct {
	surveyLine
	number uint32

	last  PersonOrdinal // site: whose facts these are
	facts uint8
}

func (b *byLines) line(number uint32) *byLine {
	if int(number) >= len(b.of) {
		b.of = append(b.of, make([]int32, int(number)+1-len(b.of))...)
	}
	if b.of[number] == 0 {
		l := byLine{number: number}
		l.Round, l.Area = b.round, b.area
		b.lines = append(b.lines, l)
		b.of[number] = int32(len(b.lines))
	}
	return &b.lines[b.of[number]-1]
}

// take counts a person: what he is to the round, whether it expects him.
func (l *byLine) take(b uint8, expected bool, state State) {
	switch {
	case b&shareSampled != 0:
		l.Expected++
		l.Sampled++
		if !expected {
			l.Unrostered++
		}
		if b&shareReceived != 0 {
			l.Received++
		}
		if b&shareResulted != 0 {
			l.Resulted++
		}
		l.addState(state, 1)
	case !expected:
	case b&shareExcused != 0:
		l.Expected++
		l.Excused++
	default:
		l.Expected++
		l.Missing++
	}
}

// byQuestion is one reader's question.
type byQuestion struct {
	*survey
	by     By
	found  byLines // by circle, by set of groups, or by site
	groups byLines // by group
	effort int     // people and tests looked at since the lock was taken

	touched []int32  // scratch: lines of a person
	belongs []uint16 // scratch: groups of a person
	absent  pageName // what a person's tests were not found for
	force   bool     // fetch under the lock
}

// CoverageBy tells the counts of a round in an area and all areas within it, an empty
// area being everything, by what people have in common: it calls do for each value that
// anybody counts for, in their order, and at last for the people of none, whether or not
// there are any. ok is false when there is no such round or area.
//
// The writer waits for 4,096 people or tests at most. A page of tests that has gone cold
// is fetched between two cuts.
func (e *Engine) CoverageBy(round, area string, by By, do func(*CoverageByView) bool) (asOf Position, ok bool) {
	e.mu.RLock()
	asOf = e.Applied()
	s := e.survey(round, area, false)
	if s == nil {
		e.mu.RUnlock()
		return asOf, false
	}
	v := s.lines[0].CoverageView
	e.mu.RUnlock()
	q := &byQuestion{survey: s, by: by, found: byLines{round: v.Round, area: v.Area}, groups: byLines{round: v.Round, area: v.Area}}
	q.found.line(0)
	q.groups.line(0)
	if list, fits := q.listed(); fits {
		q.walk(len(list), func(i int) PersonOrdinal { return list[i] })
	} else {
		q.walk(-1, func(i int) PersonOrdinal { return PersonOrdinal(i + 1) })
	}
	for _, line := range q.answer() {
		if !do(&line) {
			break
		}
	}
	return asOf, true
}

// listed finds the humans who may be in the node, through the lists of its areas, sorted;
// fits is false where a walk over everybody is needed: for everything, past so many
// people that it is no dearer, and for a closed round, of whose people lists know less.
func (q *byQuestion) listed() (found []PersonOrdinal, fits bool) {
	e, m := q.e, q.e.master
	q.lock()
	defer q.unlock()
	if q.node == 0 || e.coverage.late[q.round] != 0 {
		return nil, false
	}
	var areas []uint32
	m.walk(q.node, func(a uint32) bool {
		areas = append(areas, a)
		return len(areas) <= gatherPeople
	})
	if len(areas) > gatherPeople {
		return nil, false
	}
	looked := 0
	for _, a := range areas {
		for who := m.leafFirst(a); who != 0 && looked < gatherPeople; looked++ {
			found = append(found, e.people.root(who))
			if looked%cutPeople == cutPeople-1 {
				q.unlock()
				q.lock()
				if !m.onList(who) || m.areaOf(who) != a { // he moved meanwhile
					who = m.leafFirst(a) // who is found twice is counted once
					continue
				}
			}
			who = m.leafNext(who)
		}
	}
	slices.Sort(found)
	return slices.Compact(found), looked < gatherPeople
}

// walk counts n people, or, where n is negative, everybody.
func (q *byQuestion) walk(n int, who func(i int) PersonOrdinal) {
	q.lock()
	defer q.unlock()
	for i := 0; n < 0 && uint32(i) < q.e.registry.count || i < n; i++ {
		if q.effort >= cutPeople {
			q.rest()
		}
		for tries := 0; !q.look(who(i)); tries++ {
			q.fetch(tries)
		}
		q.force = false
	}
}

// rest lets the writer go on.
func (q *byQuestion) rest() {
	q.unlock()
	q.effort = 0
	q.lock()
}

// fetch brings the page that a person's tests lie in, while the writer may go on.
func (q *byQuestion) fetch(tries int) {
	q.unlock()
	q.effort, q.force = 0, tries >= fetchTries
	q.e.coldState().bring(q.absent.column, q.absent.page)
	q.lock()
}

// look counts an ordinal if it stands for a human of the node. It answers false where it
// came upon an absent page; then nothing was counted.
func (q *byQuestion) look(root PersonOrdinal) bool {
	e := q.e
	q.effort++
	if e.people.root(root) != root {
		return true
	}
	b := e.coverage.share(q.round, root)
	if b&shareSampled == 0 && q.by == BySite {
		return true
	}
	w := e.where(q.round, root)
	if b&shareSampled == 0 && !w.expected || q.line(w.node) == nil {
		return true
	}
	state := wordState(atomic.LoadUint64(e.people.words.at(uint32(root))))
	switch q.by {
	case ByCircle:
		q.found.line(uint32(e.circleOf(root))).take(b, w.expected, state)
	case ByGroup:
		if e.people.alone(root) {
			set := uint32(read(e.master.attributes, root) >> attrSet & attrSetMask)
			q.found.line(set).take(b, w.expected, state)
			break
		}
		q.gatherGroups(root)
		for _, g := range q.belongs {
			q.groups.line(uint32(g)).take(b, w.expected, state)
		}
		if len(q.belongs) == 0 {
			q.found.line(0).take(b, w.expected, state)
		}
	case BySite:
		return q.lookAtSites(root, w.expected, state)
	}
	return true
}

// circleOf is a human's circle, 0 for none: that of the root, else of the identity whose
// text is smallest of those of whom one is said.
func (e *Engine) circleOf(root PersonOrdinal) (circle int) {
	m := e.master
	if circle = m.circle(root); circle != 0 || e.people.alone(root) {
		return circle
	}
	var by PersonOrdinal
	e.people.identities(root, func(id PersonOrdinal) {
		if c := m.circle(id); c != 0 && (by == 0 || e.textBefore(id, by)) {
			circle, by = c, id
		}
	})
	return circle
}

// gatherGroups fills belongs with the groups of all identities of a human.
func (q *byQuestion) gatherGroups(root PersonOrdinal) {
	q.belongs = q.belongs[:0]
	q.e.people.identities(root, func(id PersonOrdinal) { q.belongs = append(q.belongs, q.e.master.groupsOf(id)...) })
	slices.Sort(q.belongs)
	q.belongs = slices.Compact(q.belongs)
}

// lookAtSites counts a human at each site where a tube of the round was taken that he is in.
func (q *byQuestion) lookAtSites(root PersonOrdinal, expected bool, state State) (found bool) {
	q.touched = q.touched[:0]
	found = true
	q.e.people.identities(root, func(id PersonOrdinal) { found = found && q.follow(root, id) })
	for _, n := range q.touched {
		l := &q.found.lines[n]
		if l.last = 0; found {
			l.take(l.facts, expected, state)
		}
	}
	return found
}

// follow notes the sites of an identity's tests in the round; false: a page is absent.
func (q *byQuestion) follow(root, id PersonOrdinal) bool {
	p, t := q.e.people, q.e.tubes
	w := *p.words.get(uint32(id))
	test := uint32(w)
	if w&wordSide != 0 {
		test = p.sides.get(test).head
	}
	for test != 0 {
		q.effort++
		link, mark := present(q, p.tests, test), present(q, p.marks, test/8)
		if link == nil || mark == nil {
			return false
		}
		if m := p.markOf(test); m&markUnbound == 0 {
			tube, h := q.tubeOf(test)
			if h == nil {
				return false
			}
			if h.facts&tubeVoid == 0 && t.roundOf(tube, test) == q.round {
				q.note(root, h, m)
			}
		}
		test = uint32(*link >> 32)
	}
	return true
}

// note adds a test of a human to what he is to its site.
func (q *byQuestion) note(root PersonOrdinal, h *header, mark uint32) {
	l := q.found.line(h.site())
	if l.last != root {
		l.last, l.facts = root, shareSampled
		q.touched = append(q.touched, q.found.of[h.site()]-1)
	}
	if mark&markClass != markNone {
		l.facts |= shareResulted
	}
	if h.facts&tubeReceived != 0 {
		l.facts |= shareReceived
	}
}

// tubeOf is tubes.of without a fetch, and makes sure of what roundOf looks at; nil: a
// page is absent.
func (q *byQuestion) tubeOf(test uint32) (tube uint32, h *header) {
	t := q.e.tubes
	block := present(q, t.blocks, test/blockTests)
	if block == nil {
		return 0, nil
	}
	tube = *block
	for tube < t.count {
		next := present(q, t.headers, tube+1)
		if next == nil {
			return 0, nil
		}
		if next.first > test {
			break
		}
		tube++
	}
	if h = present(q, t.headers, tube); h != nil && h.facts&tubeExtension != 0 {
		tube = h.code
		h = present(q, t.headers, tube)
	}
	if h == nil || t.headers.cold == nil {
		return tube, h
	}
	for x := h.extras; x != 0; {
		extra := present(q, t.extras, x)
		if extra == nil {
			return 0, nil
		}
		x = extra.next
	}
	return tube, h
}

// present is an element, or nil where its page is absent: then q tells which.
func present[T any](q *byQuestion, c *column[T], i uint32) *T {
	if q.force {
		return c.at(i)
	}
	p := c.peek(i)
	if p == nil {
		q.absent = pageName{&c.paged, i >> c.shift}
	}
	return p
}

// answer puts the lines in order.
func (q *byQuestion) answer() (list []CoverageByView) {
	q.lock()
	defer q.unlock()
	m, lines := q.e.master, &q.found
	name := func(number uint32) string { return m.siteName(number) }
	switch q.by {
	case ByCircle:
		name = func(number uint32) string { return "123456"[number-1 : number] }
	case ByGroup:
		lines = &q.groups
		for i := range q.found.lines {
			l := &q.found.lines[i]
			if l.number == 0 {
				lines.line(0).plus(&l.CoverageView)
			}
			for _, g := range m.sets[l.number].of {
				lines.line(uint32(g)).plus(&l.CoverageView)
			}
		}
		name = func(number uint32) string { return m.groups.list[number] }
	}
	for i := range lines.lines[1:] {
		l := &lines.lines[1+i]
		if l.Expected > 0 {
			list = append(list, CoverageByView{l.CoverageView, name(l.number)})
		}
	}
	slices.SortFunc(list, func(a, b CoverageByView) int { return cmp.Compare(a.Value, b.Value) })
	return append(list, CoverageByView{CoverageView: lines.lines[0].CoverageView})
}
