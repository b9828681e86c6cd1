package engine

import "slices"

// People calls do for everybody known, or for those whose area, rostered or else scanned,
// is one or lies within it: by ordinal, from the first past `after` on, until do answers
// false or the limit is reached; do runs outside the lock. Every identity is told. It
// returns the last one told and whether more follow; ok is false when there is no such
// area. Whoever has his area there all the while is told; of who moves meanwhile it is
// told or not.
//
// Everybody is a matter of counting, without a lock. People of a small area are found
// through its lists in one cut and sorted; a large one is a walk over all, in cuts. The
// writer waits for 4,096 people at most.
func (e *Engine) People(area string, after PersonOrdinal, limit int, do func(PersonOrdinal) bool) (last PersonOrdinal, more, ok bool) {
	e.mu.RLock()
	node, ok := e.master.areaNumber([]byte(area))
	end := PersonOrdinal(e.registry.count)
	var found []PersonOrdinal
	few := false
	if ok && node != 0 {
		found, few = e.ofSmallArea(node, after)
	}
	e.mu.RUnlock()
	if !ok {
		return after, false, false
	}
	c := census{e: e, limit: limit, do: do, last: after, node: node}
	switch {
	case few:
		c.tell(found)
	case node == 0:
		c.everybody(end)
	default:
		c.walk()
	}
	return c.last, c.more, true
}

// Known is how many people have a number: the largest one.
func (e *Engine) Known() PersonOrdinal { return PersonOrdinal(e.registry.known.Load()) }

// ofSmallArea are the people past an ordinal of an area and those in it, in order, if a
// single cut finds them: somebody may move from a list not looked at yet to one that was.
func (e *Engine) ofSmallArea(node uint32, after PersonOrdinal) (found []PersonOrdinal, few bool) {
	m, looked := e.master, 0
	few = m.walk(node, func(area uint32) bool {
		looked++
		m.leafPeople(area, func(who PersonOrdinal) bool {
			if who > after {
				found = append(found, who)
			}
			looked++
			return looked < cutPeople
		})
		return looked < cutPeople
	})
	slices.Sort(found)
	return found, few
}

// census is one reader's question.
type census struct {
	e           *Engine
	limit       int
	do          func(PersonOrdinal) bool
	last        PersonOrdinal
	told        int
	more, ended bool

	node   uint32
	inside []uint8 // by area: 1 it lies in node, 2 it does not; 0: nobody asked yet
}

// take tells one person more; false when it is enough.
func (c *census) take(who PersonOrdinal) bool {
	if c.more = c.ended || c.told == c.limit; c.more {
		return false
	}
	c.last, c.told = who, c.told+1
	c.ended = !c.do(who)
	return true
}

func (c *census) tell(found []PersonOrdinal) bool {
	for _, who := range found {
		if !c.take(who) {
			return false
		}
	}
	return true
}

// everybody tells all up to a number. Their pages that have gone cold are fetched some
// hundred people ahead, each page once.
func (c *census) everybody(end PersonOrdinal) {
	var ahead []PersonOrdinal
	for from := c.last + 1; from <= end; from += PersonOrdinal(len(ahead)) {
		ahead = ahead[:0]
		for who := from; who <= end && len(ahead) < min(peopleCold, c.limit-c.told+1); who++ {
			ahead = append(ahead, who)
		}
		c.warm(ahead)
		if !c.tell(ahead) {
			return
		}
	}
}

func (c *census) warm(found []PersonOrdinal) { warm(c.e, found, (*needs).latest) }

// walk tells the people of an area and all in it by a look at everybody.
func (c *census) walk() {
	e := c.e
	var found []PersonOrdinal
	for from, end := c.last+1, c.last+1; from <= end; from += cutPeople {
		found = found[:0]
		e.mu.RLock()
		end = PersonOrdinal(e.registry.count)
		for who := from; who <= end && who < from+cutPeople && len(found) <= c.limit-c.told; who++ {
			if c.isInside(e.master.areaOf(who)) {
				found = append(found, who)
			}
		}
		e.mu.RUnlock()
		for rest := found; len(rest) > 0; {
			part := rest[:min(len(rest), peopleCold)]
			rest = rest[len(part):]
			if c.warm(part); !c.tell(part) {
				return
			}
		}
	}
}

// isInside tells whether an area lies within the one asked for. REQUIRES: the lock.
func (c *census) isInside(area uint32) bool {
	m := c.e.master
	if int(area) >= len(c.inside) {
		c.inside = append(c.inside, make([]uint8, len(m.areas)-len(c.inside))...)
	}
	if c.inside[area] == 0 {
		c.inside[area] = 2 - uint8(when(m.areaWithin(area, c.node), 1))
	}
	return c.inside[area] == 1
}
