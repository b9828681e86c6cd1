package engine

// Lists of the people of each area: of those whose areaOf it is, and on area 0 those
// rostered without one.
//
// Most people never move, so a list is a chain through a column of 4 bytes a person, as
// they came. Who moves leaves his slot in the chain behind, pointing to a record that
// holds the rest of that chain and his place on the list of the area where he is now,
// linked both ways. So every move is O(1), and a double link for all, 8 bytes a person
// and 100 MB of a city of 26 million, is not needed.

// leafMover is the record of somebody who moved: 16 bytes.
type leafMover struct {
	person uint32
	next   uint32 // on the list of movers of his area
	prev   uint32
	left   uint32 // what follows in the chain that he left
}

// leafMoved marks a slot that holds the number of a leafMover.
const leafMoved = 1 << 31

const _ = uint(leafMoved - 1 - MaxPeople - roomSlack)

// join puts a person who is on no list at the head of an area's.
func (m *master) join(who, area uint32) {
	a := &m.areas[area]
	for a.first != 0 && *m.leaf.get(a.first)&leafMoved != 0 { // those who left need not be skipped again
		a.first = m.movers.get(*m.leaf.get(a.first) &^ leafMoved).left
	}
	m.leaf.grow(who)
	*m.leaf.mut(who) = a.first
	a.first = who
	m.listed++
}

// move takes a person from one list to another.
func (m *master) move(who, from, to uint32) {
	slot := *m.leaf.get(who)
	n := slot &^ leafMoved
	if slot&leafMoved == 0 {
		m.moverCount++
		n = m.moverCount
		m.movers.grow(n)
		*m.movers.mut(n) = leafMover{person: who, left: slot}
		*m.leaf.mut(who) = n | leafMoved
	} else {
		x := *m.movers.get(n)
		if x.next != 0 {
			m.movers.mut(x.next).prev = x.prev
		}
		if x.prev != 0 {
			m.movers.mut(x.prev).next = x.next
		} else {
			m.areas[from].movers = x.next
		}
	}
	x, a := m.movers.mut(n), &m.areas[to]
	x.next, x.prev = a.movers, 0
	if a.movers != 0 {
		m.movers.mut(a.movers).prev = n
	}
	a.movers = n
}

// leafFirst is the first person of an area, those of areas within it not among them; 0:
// nobody.
func (m *master) leafFirst(area uint32) PersonOrdinal {
	return m.leafFrom(m.areas[area].first, area)
}

// leafNext is who follows a person on his area's list; 0: nobody.
//
// REQUIRES: he is on a list.
func (m *master) leafNext(who PersonOrdinal) PersonOrdinal {
	slot := *m.leaf.at(uint32(who))
	if slot&leafMoved == 0 {
		if slot != 0 && *m.leaf.at(slot)&leafMoved == 0 {
			return PersonOrdinal(slot)
		}
		return m.leafFrom(slot, m.areaOf(who))
	}
	if n := m.movers.at(slot &^ leafMoved).next; n != 0 {
		return PersonOrdinal(m.movers.at(n).person)
	}
	return 0
}

// leafFrom is the first from a place in an area's chain on who did not leave it, else the
// first who moved here.
func (m *master) leafFrom(who, area uint32) PersonOrdinal {
	for who != 0 {
		slot := *m.leaf.at(who)
		if slot&leafMoved == 0 {
			return PersonOrdinal(who)
		}
		who = m.movers.at(slot &^ leafMoved).left
	}
	if n := m.areas[area].movers; n != 0 {
		return PersonOrdinal(m.movers.at(n).person)
	}
	return 0
}

// leafPeople calls do for the people of an area, in an order that a restart keeps, until
// it answers false.
func (m *master) leafPeople(area uint32, do func(PersonOrdinal) bool) {
	for who := m.leafFirst(area); who != 0 && do(who); who = m.leafNext(who) {
	}
}
