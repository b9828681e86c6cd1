package engine

import "slices"

// areas are a forest: each names its parent, any depth. Area 0 stands for the whole: its
// children are the areas without a parent, and the people on its own list are those who
// are rostered without an area.
type areaNode struct {
	code     string
	name     string
	parent   uint32
	risk     uint8 // Risk + 1; 0: as its parent
	put      bool  // not only mentioned
	children []uint32
	first    uint32 // its people, see leaf.go
	movers   uint32
}

// areaMove is an area known before that got another parent.
type areaMove struct{ area, from uint32 }

// areaNumber is the number of an area, for readers.
func (m *master) areaNumber(code []byte) (uint32, bool) {
	if len(code) == 0 {
		return 0, true
	}
	return m.areaIndex.find(code)
}

// findArea is areaNumber for the writer: a roster names the same area many times running.
func (m *master) findArea(code []byte) (uint32, bool) {
	if string(code) == m.areas[m.lastArea].code {
		return m.lastArea, true
	}
	n, ok := m.areaNumber(code)
	if ok {
		m.lastArea = n
	}
	return n, ok
}

// area is the number of an area, which is provisional from its first mention; 0 when it
// is not said or there is no room.
func (m *master) area(code []byte) uint32 {
	n, ok := m.findArea(code)
	if !ok && m.areaRoom(1) {
		return m.addArea(string(code))
	}
	return n
}

// areaRoom tells whether so many more areas may be mentioned.
func (m *master) areaRoom(more int) bool {
	return len(m.areas)-1+more <= m.limits.areas && m.provisionalAreas+more <= m.limits.provisionalAreas
}

func (m *master) addArea(code string) uint32 {
	n := m.newArea(code)
	m.attach(n, 0)
	m.hash += m.areaHash(n)
	return n
}

// newArea numbers an area that is in no list yet, nor in the hash.
func (m *master) newArea(code string) uint32 {
	n := uint32(len(m.areas))
	m.areas = append(m.areas, areaNode{code: code})
	m.settled = append(m.settled, settled{})
	m.areaIndex.own[code] = n
	m.provisionalAreas++
	return n
}

// attach and detach keep children in the order of their codes.
func (m *master) attach(n, parent uint32) {
	a := &m.areas[parent]
	at, _ := slices.BinarySearchFunc(a.children, m.areas[n].code, m.compareCode)
	a.children = slices.Insert(a.children, at, n)
	m.areas[n].parent = parent
}

func (m *master) detach(n uint32) {
	a := &m.areas[m.areas[n].parent]
	if m.forked { // the list may be the original's
		a.children = slices.Clone(a.children)
	}
	at, _ := slices.BinarySearchFunc(a.children, m.areas[n].code, m.compareCode)
	a.children = slices.Delete(a.children, at, at+1)
}

func (m *master) compareCode(n uint32, code string) int {
	switch c := m.areas[n].code; {
	case c < code:
		return -1
	case c > code:
		return 1
	}
	return 0
}

// planArea reads an item of PUT areas.
func (m *master) planArea(b *Batch, k int) (p masterPlan) {
	var key, parent []byte
	var next areaNode
	saysParent := false
	read := func(f Field, v []byte) bool {
		switch f {
		case FieldParent:
			parent, saysParent = v, true
		case FieldRisk:
			risk, ok := wordOf(riskNames, v)
			if next.risk = uint8(risk) + 1; len(v) == 0 {
				next.risk, ok = 0, true
			}
			return ok
		case FieldName:
			next.name = string(v)
			return len(v) <= maxTitleBytes
		default:
			return false
		}
		return true
	}
	n, known := uint32(0), false
	start := func(code []byte) {
		key = code
		if n, known = m.findArea(code); known {
			next = m.areas[n]
		}
	}
	if p = m.readItem(b, k, start, read); p.outcome.Refused() {
		return p
	}
	if !known && len(m.areas)-1 >= m.limits.areas {
		return refused(FieldKey)
	}
	above, aboveKnown := next.parent, true
	if saysParent {
		if above, aboveKnown = m.findArea(parent); !m.mayLieIn(n, key, above, aboveKnown, parent) {
			return refused(FieldParent)
		}
	}
	old := &m.areas[n]
	if known && old.put && old.risk == next.risk && old.name == next.name && aboveKnown && above == old.parent {
		p.outcome = Duplicate
		return p
	}
	p.moves = known && (!aboveKnown || above != old.parent)
	code, parentCode := string(key), string(parent)
	p.few = func() uint32 {
		if known {
			m.hash -= m.areaHash(n)
		} else {
			n = m.newArea(code)
		}
		if !aboveKnown {
			above = m.addArea(parentCode)
		}
		m.setArea(n, above, &next, known)
		return n
	}
	return p
}

// mayLieIn tells whether an area may have that parent: there is room for one who is not
// known yet, no circle, and not too deep.
func (m *master) mayLieIn(n uint32, key []byte, above uint32, aboveKnown bool, parent []byte) bool {
	if !aboveKnown {
		more := 1
		if n == 0 {
			more = 2
		}
		return string(parent) != string(key) && m.areaRoom(more) && 1+m.height(n) <= maxAreaDepth
	}
	if n != 0 && (above == m.areas[n].parent || m.areaWithin(above, n)) {
		return above == m.areas[n].parent
	}
	return m.depth(above)+m.height(n) <= maxAreaDepth
}

// setArea puts an area. Of one not known before nobody has asked yet, and nobody is in it:
// it costs what finding its place among its parent's children does, however many areas and
// rounds there are. REQUIRES: it is not in the hash.
func (m *master) setArea(n, parent uint32, next *areaNode, known bool) {
	a := &m.areas[n]
	if !a.put {
		m.provisionalAreas--
	}
	if known && (a.parent != parent || a.risk != next.risk) {
		m.unsettle()
	}
	a.put, a.name, a.risk = true, next.name, next.risk
	switch {
	case !known:
		m.attach(n, parent)
	case a.parent != parent:
		m.lastMove = areaMove{n, a.parent}
		m.detach(n)
		m.attach(n, parent)
	}
	m.hash += m.areaHash(n)
}

// height is how many levels an area and those within it take; 1 for one not known yet.
func (m *master) height(n uint32) int {
	if n == 0 {
		return 1
	}
	h := 0
	for _, c := range m.areas[n].children {
		h = max(h, m.height(c))
	}
	return h + 1
}

// depth of an area: 1 without a parent; 0 for the whole.
func (m *master) depth(n uint32) int {
	d := 0
	for ; n != 0; n = m.areas[n].parent {
		d++
	}
	return d
}

// areaWithin tells whether an area is the other or lies within it; all lie within 0.
func (m *master) areaWithin(area, within uint32) bool {
	for area != within && area != 0 {
		area = m.areas[area].parent
	}
	return area == within
}

// risk of an area is its own, else that of the nearest above that says one, else low.
func (m *master) risk(area uint32) Risk {
	for ; area != 0; area = m.areas[area].parent {
		if r := m.areas[area].risk; r != 0 {
			return Risk(r - 1)
		}
	}
	return RiskLow
}

// children of an area in the order of their codes; of 0, those without a parent. The
// slice is the master's, under the lock.
func (m *master) children(area uint32) []uint32 { return m.areas[area].children }

// walk calls do for an area and all within it, each before its children, those in the
// order of their codes, until do answers false.
func (m *master) walk(area uint32, do func(area uint32) bool) bool {
	if !do(area) {
		return false
	}
	for _, c := range m.areas[area].children {
		if !m.walk(c, do) {
			return false
		}
	}
	return true
}

func (m *master) areaCode(n uint32) string { return m.areas[n].code }

func (m *master) areaHash(n uint32) uint64 {
	a := &m.areas[n]
	h := mix(uint64(a.parent)<<32 | uint64(a.risk)<<1 | bit(a.put))
	return mix(uint64(n)*mixA ^ mixText(mixText(h, a.code), a.name))
}
