package engine

import "bytes"

// A human is one identity, or several that person.merge joins. Every identity keeps
// its own tests and causes; the identities of one human form a ring, and a judgement
// walks all of them. So an unmerge has nothing to take apart.

// root is the identity that stands for the human: orders name it, coverage counts it.
func (p *people) root(who PersonOrdinal) PersonOrdinal {
	if w := *p.words.at(uint32(who)); w&wordSide != 0 {
		if r := p.sides.at(uint32(w)).root; r != 0 {
			return r
		}
	}
	return who
}

// identities calls do for each identity of the human, who first.
func (p *people) identities(who PersonOrdinal, do func(PersonOrdinal)) {
	do(who)
	if *p.words.at(uint32(who))&wordSide == 0 {
		return
	}
	for id := p.next(who, who); id != 0; id = p.next(who, id) {
		do(id)
	}
}

// ensureSide gives a person a side record, whatever his tests.
func (p *people) ensureSide(who PersonOrdinal) {
	if w := *p.words.get(uint32(who)); w&wordSide == 0 {
		p.setWord(who, p.addSide(w)+wordVersion)
	}
}

// inForce tells whether an identity is merged into another: by the newest word of the
// two (tie: they are apart).
func (p *people) inForce(from, to PersonOrdinal) bool {
	var merged, apart Seconds
	p.notes.of(from, func(n *note) {
		if n.arg != uint32(to) {
			return
		}
		switch n.is() {
		case noteMerge:
			merged = max(merged, n.at)
		case noteUnmerge:
			apart = max(apart, n.at)
		}
	})
	return merged > apart
}

// neighbours calls do for each identity that is joined with one directly, more than
// once perhaps; out tells whether the one is merged into it.
func (p *people) neighbours(who PersonOrdinal, do func(other PersonOrdinal, out bool)) {
	p.notes.of(who, func(n *note) {
		other := PersonOrdinal(n.arg)
		switch n.is() {
		case noteMerge:
			if p.inForce(who, other) {
				do(other, true)
			}
		case noteMerged:
			if p.inForce(other, who) {
				do(other, false)
			}
		}
	})
}

// component is all identities joined with one, directly or through others.
func (p *people) component(who PersonOrdinal) []PersonOrdinal {
	all := []PersonOrdinal{who}
	for k := 0; k < len(all); k++ {
		p.neighbours(all[k], func(other PersonOrdinal, _ bool) {
			if !contains(all, other) {
				all = append(all, other)
			}
		})
	}
	return all
}

func contains(all []PersonOrdinal, who PersonOrdinal) bool {
	for _, p := range all {
		if p == who {
			return true
		}
	}
	return false
}

// rootOf a component: the identity that is merged into no other; of several, or if
// there is none, the one with the smallest ID.
func (e *Engine) rootOf(all []PersonOrdinal) (root PersonOrdinal) {
	var rootID, id []byte
	rootOut := true
	for _, who := range all {
		out := false
		e.people.neighbours(who, func(_ PersonOrdinal, o bool) { out = out || o })
		id = e.registry.appendID(id[:0], who)
		if root == 0 || rootOut && !out || rootOut == out && bytes.Compare(id, rootID) < 0 {
			root, rootOut, rootID = who, out, append(rootID[:0], id...)
		}
	}
	return root
}

// join makes a component one human.
func (e *Engine) join(all []PersonOrdinal) {
	root := e.rootOf(all)
	p := e.people
	for k, who := range all {
		at := uint32(*p.words.get(uint32(who)))
		s := p.sides.mut(at)
		p.hash -= mixSide(at, s)
		s.ring, s.root = all[(k+1)%len(all)], root
		if len(all) == 1 {
			s.ring, s.root = 0, 0
		}
		p.hash += mixSide(at, s)
	}
}

// merge takes a person.merge or unmerge: two identities are one human, or are not.
func (e *Engine) merge(kind noteKind, from, to PersonOrdinal, at Seconds, pos Position, out *Changes) Outcome {
	p := e.people
	if e.notes.has(from, note{at: at, arg: uint32(to), kind: uint32(kind)}) {
		return Duplicate
	}
	var all []PersonOrdinal
	collect := func(who PersonOrdinal) {
		if !contains(all, who) {
			all = append(all, who)
		}
	}
	for _, who := range [...]PersonOrdinal{from, to} {
		p.ensureSide(who)
		p.identities(who, collect)
	}
	full := false
	for _, who := range all {
		full = full || p.sideOf(who).full != 0
	}
	if full {
		e.keepAll(all, pos, out)
	}
	p.firsts = p.firsts[:0]
	before, orders := make([]verdictOnPerson, len(all)), make([][2]uint32, len(all))
	for k, who := range all {
		p.judge(who, &before[k])
		orders[k] = p.openOrders(who)
	}
	e.movingAll(all, func() {
		e.notes.add(from, note{at: at, arg: uint32(to), kind: uint32(kind)})
		e.notes.add(to, note{at: at, arg: uint32(from), kind: uint32(kind) + uint32(noteMerged-noteMerge)})
		left := append([]PersonOrdinal(nil), all...) // an unmerge may leave more than two humans
		for len(left) > 0 {
			c := p.component(left[0])
			e.join(c)
			rest := left[:0]
			for _, who := range left {
				if !contains(c, who) {
					rest = append(rest, who)
				}
			}
			left = rest
			p.judge(c[0], &p.after)
			p.publish(c[0])
		}
	})
	p.answers = p.answers[:0]
	for k, who := range all {
		p.judge(who, &p.after)
		p.answerAll(who)
		if w := *p.words.get(uint32(who)); !before[k].same(&p.after) || orders[k] != p.openOrders(who) {
			p.firsts = append(p.firsts, first{root: p.root(who), renewed: true})
			e.feed(pos, &changed{person: who, previous: before[k].state, word: w}, 0, 0, 0, out)
		}
	}
	e.settleAnswers(pos, out)
	return Accepted
}

// openOrders are the numbers of a human's open order and recheck task, 0 for none.
func (p *people) openOrders(who PersonOrdinal) (n [2]uint32) {
	s := p.sideOf(p.root(who))
	for i, x := range [...]uint32{s.order, s.recheck} {
		if x != 0 && OrderState(p.order.get(x).state).IsOpen() {
			n[i] = x
		}
	}
	return n
}

// keepAll makes the people half keep a record of every outcome of these identities: a
// discharge removes negatives by their report, which only the tube half knows.
func (e *Engine) keepAll(all []PersonOrdinal, pos Position, out *Changes) {
	p := e.people
	for _, who := range all {
		p.ensureSide(who)
		at := uint32(*p.words.get(uint32(who)))
		s := p.sides.mut(at)
		if s.full != 0 {
			continue
		}
		p.hash -= mixSide(at, s)
		s.full = 1
		p.hash += mixSide(at, s)
		for t := s.head; t != 0; t = uint32(*p.tests.get(t) >> 32) {
			e.tubes.effects.reset()
			e.tubes.retell(t)
			e.drain(pos, 0, out)
		}
	}
	e.tubes.effects.reset()
}

// discharge takes the word that a person has recovered.
func (e *Engine) discharge(who PersonOrdinal, at Seconds, reason uint32, pos Position, out *Changes) (Outcome, Flags) {
	p := e.people
	x := note{at: at, arg: reason, kind: uint32(noteDischarge)}
	if e.notes.has(who, x) {
		return Duplicate, 0
	}
	p.ensureSide(who)
	var all []PersonOrdinal
	p.identities(who, func(id PersonOrdinal) { all = append(all, id) })
	e.keepAll(all, pos, out)
	p.judge(who, &p.before)
	p.noteFirst(who, false)
	e.notes.add(who, x)
	p.judge(who, &p.after)
	if c, told := p.publish(who); told {
		e.feed(pos, &c, 0, 0, 0, out)
		e.feedOthers(pos, out)
	}
	e.restate(who)
	e.settleAnswers(pos, out)
	if _, counts := p.discharged(who, at); !counts {
		return Accepted, FlagNotConfirmed
	}
	return Accepted, 0
}

// called takes a recollection.ack or unreachable of a person.
func (e *Engine) called(kind noteKind, who PersonOrdinal, at Seconds) (Outcome, Flags) {
	x := note{at: at, kind: uint32(kind)}
	if e.notes.has(who, x) {
		return Duplicate, 0
	}
	e.notes.add(who, x)
	if *e.people.words.get(uint32(who))&wordSide == 0 || e.people.openOrders(who) == [2]uint32{} {
		return Accepted, FlagNoOrder
	}
	return Accepted, 0
}

// lastCall is the newest word on whether somebody was reached (tie: he was not).
func (p *people) lastCall(who PersonOrdinal) (at Seconds, state OrderState) {
	p.identities(who, func(id PersonOrdinal) {
		p.notes.of(id, func(n *note) {
			s := OrderAcknowledged
			switch n.is() {
			case noteUnreachable:
				s = OrderUnreachable
			case noteAcknowledged:
			default:
				return
			}
			if n.at > at || n.at == at && s > state {
				at, state = n.at, s
			}
		})
	})
	return at, state
}
