package engine

// warm fetches the absent pages that follow comes upon for each of a list, so that a
// reader does not wait for the disk while he keeps the writer waiting. What it misses is
// fetched when it is come upon. Any goroutine, without the lock.
func warm[T any](e *Engine, list []T, follow func(*needs, T) bool) {
	x := e.coldState()
	if x == nil || x.kept.Load() == 0 {
		return
	}
	n := needs{e: e}
	x.mu.Lock()
	n.old = x.old
	x.mu.Unlock()
	left := append([]T(nil), list...)
	for range warmRounds {
		n.missing = n.missing[:0]
		left = unresolved(&n, left, follow)
		if len(n.missing) == 0 {
			return
		}
		for _, w := range n.missing {
			if w.column.slot(w.page) == nil {
				x.prefetched.Add(1)
				x.bring(w.column, w.page)
			}
		}
	}
}

// chain follows all tests of an identity.
func (n *needs) chain(who PersonOrdinal) bool {
	p, before := n.e.people, len(n.missing)
	for t, steps := p.head(who), 0; t != 0 && steps < historyTests; steps++ {
		test := has(n, p.tests, t)
		has(n, p.marks, t/8)
		if test == nil {
			break
		}
		t = uint32(*test >> 32)
	}
	return len(n.missing) == before
}

// testTube follows the way from a test to its tube, and all of that.
func (n *needs) testTube(test uint32) bool {
	before := len(n.missing)
	n.tubeOf(test)
	return len(n.missing) == before && n.whole(n.e.tubes.of(test))
}

// whole follows a tube with its code, its members' slots and its records.
func (n *needs) whole(i uint32) bool {
	before := len(n.missing)
	if h := has(n, n.e.tubes.headers, i); h != nil {
		has(n, n.e.tubes.codes.column, h.code)
	}
	return n.run(i, false) && len(n.missing) == before
}

// latest follows what a status of somebody without causes shows: see person, and the tube
// of the last negative.
func (n *needs) latest(who PersonOrdinal) bool {
	p := n.e.people
	if !n.person(who) {
		return false
	}
	for t, steps := p.head(who), 0; t != 0 && steps < historyCut; steps++ {
		test, mark := has(n, p.tests, t), has(n, p.marks, t/8)
		if test == nil || mark == nil {
			return false
		}
		if m := *mark >> (4 * (t % 8)) & 15; m&(markClass|markUnbound) == markNegative {
			return uint32(t) >= n.old.Tests || n.shown(t)
		}
		t = uint32(*test >> 32)
	}
	return true
}

// shown follows the way from a test to its tube's header and code.
func (n *needs) shown(test uint32) bool {
	before := len(n.missing)
	if n.tubeOf(test); len(n.missing) == before {
		has(n, n.e.tubes.codes.column, n.e.tubes.headers.at(n.e.tubes.of(test)).code)
	}
	return len(n.missing) == before
}

// head is an identity's latest test, 0 for none.
func (p *people) head(who PersonOrdinal) uint32 {
	w := *p.words.at(uint32(who))
	if w&wordSide != 0 {
		return p.sides.at(uint32(w)).head
	}
	return uint32(w)
}
