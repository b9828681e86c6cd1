package engine

// Where people are to be found: for lists of those who have to come.

// WhereView is what rosters, and scans in passing, say of a human now.
type WhereView struct {
	Area      string // his own as the roster stands, empty: none
	Circle    int    // 1 to 6, 0: not said
	HomeVisit bool   // said of any of his identities
}

// Whereabouts calls do for each of the people, by its place in who; v is valid during the
// call, which is made under the lock. REQUIRES: they are known.
func (e *Engine) Whereabouts(who []PersonOrdinal, do func(i int, v *WhereView)) {
	var v WhereView
	for from := 0; from < len(who); from += cutRosters {
		e.mu.RLock()
		for i := from; i < min(from+cutRosters, len(who)); i++ {
			root := e.people.root(who[i])
			v = WhereView{Area: e.master.areaCode(e.where(0, root).node), Circle: e.circleOf(root)}
			e.people.identities(root, func(id PersonOrdinal) { v.HomeVisit = v.HomeVisit || e.master.homeVisit(id) })
			do(i, &v)
		}
		e.mu.RUnlock()
	}
}

// AreaName is an area on the way up from one.
type AreaName struct {
	Code, Name string
	Namesake   bool // another area within its parent, however deep, has, or may have, the name
}

// AreasAbove appends an area and those above it, at most so many, to dst; none if there is
// no such area.
func (e *Engine) AreasAbove(dst []AreaName, area string, most int) []AreaName {
	e.mu.RLock()
	defer e.mu.RUnlock()
	m := e.master
	n, ok := m.areaNumber([]byte(area))
	for ; ok && n != 0 && most > 0; n, most = m.areas[n].parent, most-1 {
		dst = append(dst, AreaName{m.areas[n].code, m.areas[n].name, m.hasNamesake(n)})
	}
	return dst
}

// hasNamesake tells whether another area within an area's parent has its name; of those
// without a parent, and of large parents, it says so unseen.
func (m *master) hasNamesake(n uint32) (found bool) {
	looked, parent := 0, m.areas[n].parent
	if parent == 0 {
		return true
	}
	m.walk(parent, func(other uint32) bool {
		looked++
		found = looked > namesakesMost || other != n && other != parent && m.areas[other].name == m.areas[n].name
		return !found
	})
	return found
}

// CountAreaNames counts the areas that bear each of some names, at most 8,192 areas
// between two slices of the writer.
func (e *Engine) CountAreaNames(of map[string]int) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	m := e.master
	for n := 1; n < len(m.areas); n++ {
		if n%cutAreas == 0 {
			e.mu.RUnlock()
			e.mu.RLock()
		}
		if count, wanted := of[m.areas[n].name]; wanted {
			of[m.areas[n].name] = count + 1
		}
	}
}

// OrdersIn is Orders for the people of an area and all areas within it: of whoever it is
// the own area as the roster stands. ok is false when there is no such area.
func (e *Engine) OrdersIn(area string, f OrderFilter, do func(*OrderView) bool) (last uint32, more, ok bool) {
	e.mu.RLock()
	node, ok := e.master.areaNumber([]byte(area))
	e.mu.RUnlock()
	if !ok {
		return f.After, false, false
	}
	limit, shown, full := f.Limit, 0, false
	f.Limit = int(^uint(0) >> 1)
	told := f.After
	last, more = e.Orders(f, func(o *OrderView) bool { // under the lock
		if !e.master.areaWithin(e.where(0, e.people.root(o.Person)).node, node) {
			return true
		}
		if full = shown == limit; full {
			return false
		}
		shown, told = shown+1, o.Number
		return do(o)
	})
	if full {
		return told, true, true
	}
	return last, more, true
}
