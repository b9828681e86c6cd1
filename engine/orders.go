package engine

// addSide gives a person a side record. The word that is returned is to be set.
func (p *people) addSide(w uint64) uint64 {
	if w&wordSide != 0 {
		return w
	}
	p.sideCount++
	p.sides.grow(p.sideCount)
	*p.sides.mut(p.sideCount) = side{head: uint32(w)}
	p.hash += mixSide(p.sideCount, p.sides.get(p.sideCount))
	return w&^wordLow | wordSide | uint64(p.sideCount)
}

// applySlow is apply for the few: with a side record, or about to have one.
func (p *people) applySlow(who PersonOrdinal, t uint32, swab Seconds, f TestFacts, note EffectNote) (changed, bool) {
	w := *p.words.get(uint32(who))
	if w&wordSide == 0 {
		w = p.addSide(w)
		p.setWord(who, w)
	}
	p.judge(who, &p.before)
	if p.noting || p.sideOf(who).ring != 0 {
		p.noteFirst(who, f.has(factRenewed) && f.outcome() == OutcomeNegative)
	}
	at := uint32(w)
	s := p.sides.mut(at)
	p.hash -= mixSide(at, s)
	s.head = p.relink(who, w|wordBusy, s.head, t, swab, f.has(factFirst))
	p.setMark(t, markFor(f))
	p.setCause(s, t, f, note)
	p.hash += mixSide(at, s)
	p.judge(who, &p.after)
	if f.has(factAsked) {
		p.answers = append(p.answers, answer{uint32(note.Tube), t, p.after.answers(swab, f.reported())})
	}
	c, told := p.publish(who)
	return c, told || f.has(factRenewed) && f.outcome() == OutcomeNegative && swab == p.after.swab
}

// first is what held for a human before an event that may tell of him more than once.
type first struct {
	root    PersonOrdinal
	renewed bool // readers see a difference that the verdict does not
	before  verdictOnPerson
}

// noteFirst keeps p.before, unless something earlier is kept of the same event.
func (p *people) noteFirst(who PersonOrdinal, renewed bool) {
	root := p.root(who)
	for i := range p.firsts {
		if p.firsts[i].root == root {
			p.firsts[i].renewed = p.firsts[i].renewed || renewed
			return
		}
	}
	f := first{root: root, renewed: renewed, before: p.before}
	f.before.open = append([]openCause(nil), p.before.open...)
	p.firsts = append(p.firsts, f)
}

// asBefore tells whether nothing of a human has changed by an event after all.
func (p *people) asBefore(who PersonOrdinal) bool {
	root := p.root(who)
	for i := range p.firsts {
		if f := &p.firsts[i]; f.root == root && !f.renewed {
			p.judge(who, &p.after)
			return f.before.same(&p.after)
		}
	}
	return false
}

// publish makes orders and words of all identities of a human follow p.after; told is
// false when nothing that the feed shows has changed since p.before.
func (p *people) publish(who PersonOrdinal) (c changed, told bool) {
	p.others = p.others[:0]
	root := p.root(who)
	p.answerTubes(who)
	for id := who; id != 0; id = p.next(who, id) {
		at := uint32(*p.words.get(uint32(id)))
		s := p.sides.mut(at)
		p.hash -= mixSide(at, s)
		if id == root {
			p.setOrder(id, &s.order, p.after.task, orderKind(p.after.any))
			p.setOrder(id, &s.recheck, p.after.recheck, OrderRecheck)
		} else { // the root has them
			p.cancel(s.order)
			p.cancel(s.recheck)
		}
		p.hash += mixSide(at, s)
		w := *p.words.get(uint32(id))
		x := changed{person: id, previous: wordState(w)}
		x.word = w&^(7<<32|wordBusy) + wordVersion | uint64(p.after.state)<<32
		p.setWord(id, x.word)
		if id == who {
			c = x
		} else {
			p.others = append(p.others, x)
		}
	}
	return c, !p.before.same(&p.after)
}

// answerTubes tells tubes that are released as a whole what has changed for a member.
func (p *people) answerTubes(who PersonOrdinal) {
	if a, b := &p.before.bounds, &p.after.bounds; a.release == b.release && a.strong == b.strong && a.cut == b.cut {
		return
	}
	for id := who; id != 0; id = p.next(who, id) {
		p.answerAll(id)
	}
}

// answers tells whether a member of a positive tube has an answer: a single negative
// after his swab there, or he is suspect or confirmed, or was discharged since.
func (b *bounds) answers(swab, reported Seconds) bool {
	return b.release > swab || b.strong != 0 && b.strong >= swab || b.removed(swab, reported)
}

// answerAll is answerTubes for the tests of one identity, whatever has changed.
func (p *people) answerAll(who PersonOrdinal) {
	for i := p.sideOf(who).causes; i != 0; i = p.cause.get(i).next {
		if c := p.cause.get(i); c.bits&causeAsked != 0 {
			p.answers = append(p.answers, answer{c.tube, c.test, p.after.answers(Seconds(*p.tests.get(c.test)), c.reported)})
		}
	}
}

func orderKind(any bool) OrderKind {
	if any {
		return OrderAny
	}
	return OrderSingle
}

// setCause makes the record of a test follow its facts.
func (p *people) setCause(s *side, t uint32, f TestFacts, note EffectNote) {
	var before uint32
	at := s.causes
	for at != 0 && p.cause.get(at).test != t {
		before, at = at, p.cause.get(at).next
	}
	if f.outcome() <= OutcomeNegative && note.Link == 0 && !f.has(factRecheck) && (s.full == 0 || f.outcome() == OutcomeNone) {
		if at != 0 {
			p.hash -= mixCause(p.cause.get(at))
			next := p.cause.get(at).next
			if before == 0 {
				s.causes = next
			} else {
				p.cause.mut(before).next = next
			}
			*p.cause.mut(at) = cause{next: p.causeFree}
			p.causeFree = at
		}
		return
	}
	if at == 0 {
		if at = p.causeFree; at != 0 {
			p.causeFree = p.cause.get(at).next
		} else {
			p.causeCount++
			at = p.causeCount
			p.cause.grow(at)
		}
		*p.cause.mut(at) = cause{next: s.causes, test: t}
		s.causes = at
	} else {
		p.hash -= mixCause(p.cause.get(at))
	}
	c := p.cause.mut(at)
	c.reported, c.bits = f.reported(), uint32(f.outcome())
	c.tube, c.link, c.due = uint32(note.Tube), uint32(note.Link), note.Due
	for _, b := range [...]struct {
		fact TestFacts
		bit  uint32
	}{{factPreliminary, causePreliminary}, {factRetained, causeRetained}, {factRecheck, causeRecheck}, {factWhole, causeWhole}, {factReady, causeReady}, {factAsked, causeAsked}} {
		if f.has(b.fact) {
			c.bits |= b.bit
		}
	}
	p.hash += mixCause(c)
}

// setOrder opens, reopens, moves or closes a person's order. An order closed by a result
// that later goes is opened again under its old number.
func (p *people) setOrder(who PersonOrdinal, n *uint32, t task, kind OrderKind) {
	var o order
	if *n != 0 {
		o = *p.order.get(*n)
	}
	was := *n != 0 && OrderState(o.state).IsOpen()
	switch {
	case t.need && !was:
		if *n == 0 || !p.after.hasOpen(o.test) {
			p.orderCount++
			p.order.grow(p.orderCount)
			*n, o = p.orderCount, order{person: uint32(who)}
		}
		p.ordersOpen++
		o.state = uint32(OrderOpen)
	case !t.need && !was:
		return
	case !t.need:
		p.ordersOpen--
		o.state = uint32(OrderCancelled)
		if p.answered(who, o.test) {
			o.state = uint32(OrderFulfilled)
		}
	}
	if t.need {
		o.opened, o.due, o.test, o.kind = t.opened, t.due, t.test, uint32(kind)
	}
	p.hash += mixOrder(*n, o) - mixOrder(*n, *p.order.get(*n))
	*p.order.mut(*n) = o
}

// cancel closes an order that somebody else has now.
func (p *people) cancel(n uint32) {
	o := *p.order.get(n)
	if n == 0 || !OrderState(o.state).IsOpen() {
		return
	}
	p.ordersOpen--
	p.hash -= mixOrder(n, o)
	o.state = uint32(OrderCancelled)
	p.hash += mixOrder(n, o)
	*p.order.mut(n) = o
}

func (v *verdictOnPerson) hasOpen(test uint32) bool {
	for i := range v.open {
		if v.open[i].test == test {
			return true
		}
	}
	return false
}

// answered tells whether the cause still stands, so that a later result closed it.
func (p *people) answered(who PersonOrdinal, test uint32) bool {
	for id := who; id != 0; id = p.next(who, id) {
		for i := p.sideOf(id).causes; i != 0; i = p.cause.get(i).next {
			if c := p.cause.get(i); c.test == test {
				return c.outcome() > OutcomeNegative && p.mark(test)&markUnbound == 0 && !p.after.removed(Seconds(*p.tests.get(test)), c.reported)
			}
		}
	}
	return false
}

func mixSide(at uint32, s *side) uint64 {
	return mix(uint64(at)*mixA ^ mix(uint64(s.head)<<32|uint64(s.order)) ^ mix(uint64(s.recheck)<<32|uint64(s.ring)) + mix(uint64(s.root)<<32|uint64(s.full)+1))
}

func mixCause(c *cause) uint64 {
	return mix(uint64(c.test)*mixB ^ mix(uint64(c.reported)<<32|uint64(c.bits)) ^ mix(uint64(c.tube)<<32|uint64(c.link)) + mix(uint64(c.due)+2))
}

func mixOrder(n uint32, o order) uint64 {
	if o.person == 0 {
		return 0
	}
	return mix(uint64(n)*mixA ^ mix(uint64(o.person)<<32|uint64(o.state)) ^ mix(uint64(o.opened)<<32|uint64(o.due)) ^ mix(uint64(o.kind)<<32|uint64(o.test)))
}
