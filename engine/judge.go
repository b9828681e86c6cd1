package engine

import "sync/atomic"

// openCause is a cause of the few that is open now.
type openCause struct {
	test     uint32
	kind     CauseKind
	reported Seconds
	swab     Seconds
	bits     uint32
}

// verdictOnPerson is everything that a chain with causes adds up to.
type verdictOnPerson struct {
	summary
	since Seconds
	open  []openCause
	// The order that should be open: need, its kind, due, opened and the test of its earliest cause.
	need, any   bool
	due, opened Seconds
	orderTest   uint32
}

// bounds are the swab times past which causes are closed.
type bounds struct {
	release Seconds // latest releasing negative
	strong  Seconds // latest suspect or confirmed
	result  Seconds // latest negative, positive or inconclusive; an invalid tells nothing
}

// judge works out a person from the whole chain and the causes. It only reads.
//
//	hold     closed by a releasing negative with a strictly later swab, or taken over
//	         by a suspect or confirmed with an equal or later one
//	suspect  closed by what this version does not know yet (recheck, discharge)
//	must     closed by any result with a strictly later swab
//	pending  likewise
func (p *people) judge(s *side, v *verdictOnPerson) {
	*v = verdictOnPerson{open: v.open[:0]}
	b := p.bounds(s)
	p.judgeChain(s, b, v)
	for i := s.causes; i != 0; {
		c := p.cause.get(i)
		i = c.next
		if p.mark(c.test)&markUnbound != 0 {
			continue
		}
		swab := Seconds(*p.tests.get(c.test))
		kind := TestOutcome(c.bits & 7).cause()
		closed := false
		switch kind {
		case CauseHold:
			closed = b.release > swab || b.strong >= swab
		case CauseMust:
			closed = b.result > swab
		}
		if closed {
			continue
		}
		v.insert(openCause{c.test, kind, c.reported, swab, c.bits})
	}
	v.conclude(p.policy.Recollect)
}

func (p *people) bounds(s *side) (b bounds) {
	for t := s.head; t != 0; t = uint32(*p.tests.get(t) >> 32) {
		m := p.mark(t)
		if m&markUnbound != 0 || m&markClass != markNegative {
			continue
		}
		swab := Seconds(*p.tests.get(t))
		b.result = max(b.result, swab)
		if m&markReleasing != 0 {
			b.release = max(b.release, swab)
		}
	}
	for i := s.causes; i != 0; i = p.cause.get(i).next {
		c := p.cause.get(i)
		o := TestOutcome(c.bits & 7)
		if o == OutcomeMust || p.mark(c.test)&markUnbound != 0 {
			continue
		}
		swab := Seconds(*p.tests.get(c.test))
		b.result = max(b.result, swab)
		if o >= OutcomeSuspect {
			b.strong = max(b.strong, swab)
		}
	}
	return b
}

// judgeChain finds the last negative and the open pending swabs.
func (p *people) judgeChain(s *side, b bounds, v *verdictOnPerson) {
	for t := s.head; t != 0; t = uint32(*p.tests.get(t) >> 32) {
		m, swab := p.mark(t), Seconds(*p.tests.get(t))
		switch {
		case m&markUnbound != 0:
		case m&markClass == markNegative:
			if v.negative == 0 {
				v.negative, v.swab = t, swab
			}
			if swab == v.swab {
				v.ties ^= t
			}
		case m&markClass == markNone && swab >= b.result:
			v.addPending(t, swab)
		}
	}
}

// insert keeps the open causes strongest first, then earliest report, then test.
func (v *verdictOnPerson) insert(c openCause) {
	v.open = append(v.open, c)
	for i := len(v.open) - 1; i > 0 && v.open[i].before(&v.open[i-1]); i-- {
		v.open[i], v.open[i-1] = v.open[i-1], v.open[i]
	}
}

func (c *openCause) before(d *openCause) bool {
	if c.kind != d.kind {
		return c.kind > d.kind
	}
	if c.reported != d.reported {
		return c.reported < d.reported
	}
	return c.test < d.test
}

// conclude sets state, since and the order from the open causes.
func (v *verdictOnPerson) conclude(recollect Seconds) {
	switch {
	case len(v.open) > 0:
		v.state, v.since = stateOf(v.open[0].kind), v.open[0].reported
	case v.pending != 0:
		v.state, v.since = StateSampled, v.earliest
	case v.negative != 0:
		v.state = StateNegative // since: the tube's reported_at, which the tube half knows
	}
	for i := range v.open {
		c := &v.open[i]
		if c.kind == CauseHold && c.bits&causeRetained == 0 {
			v.need = true
		}
	}
	v.any = !v.need && v.state == StateMustResample
	v.need = v.need || v.any
	if !v.need {
		return
	}
	for i := range v.open {
		c := &v.open[i]
		if (c.kind == CauseHold || c.kind == CauseMust) && (v.opened == 0 || c.reported < v.opened) {
			v.opened, v.orderTest = c.reported, c.test
		}
	}
	v.due = v.opened + recollect
}

func stateOf(k CauseKind) State {
	switch k {
	case CauseMust:
		return StateMustResample
	case CauseHold:
		return StateHeld
	case CauseSuspect:
		return StateSuspect
	case CauseConfirmed:
		return StateConfirmed
	}
	return StateUnknown
}

// same tells whether the feed has nothing to say between two verdicts.
func (v *verdictOnPerson) same(o *verdictOnPerson) bool {
	a, b := v.summary, o.summary
	if a.state == b.state && a.state > StateSampled { // since when he waits is not shown
		a.earliest, b.earliest = 0, 0
	}
	if a != b || v.since != o.since || v.need != o.need || v.due != o.due || len(v.open) != len(o.open) {
		return false
	}
	for i := range v.open {
		a, b := v.open[i], o.open[i]
		a.bits &^= causeRetained // shown by the order alone
		b.bits &^= causeRetained
		if a != b {
			return false
		}
	}
	return true
}

// applySlow is apply for the few: with a side record, or about to have one.
func (p *people) applySlow(who PersonOrdinal, t uint32, swab Seconds, f TestFacts) (changed, bool) {
	w := *p.words.get(uint32(who))
	c := changed{person: who, previous: wordState(w)}
	if w&wordSide == 0 {
		p.sideCount++
		p.sides.grow(p.sideCount)
		*p.sides.mut(p.sideCount) = side{head: uint32(w)}
		p.hash += mixSide(p.sideCount, *p.sides.get(p.sideCount))
		atomic.StoreUint64(p.words.mut(uint32(who)), w|wordBusy) // until setWord
		w = w&^wordLow | wordSide | uint64(p.sideCount)
	}
	at := uint32(w)
	s := *p.sides.get(at)
	p.judge(&s, &p.before)
	s.head = p.relink(who, w|wordBusy, s.head, t, swab, f.has(factFirst))
	p.setMark(t, markFor(f))
	p.setCause(&s, t, f)
	p.judge(&s, &p.after)
	p.setOrder(who, &s, &p.after)
	p.hash += mixSide(at, s) - mixSide(at, *p.sides.get(at))
	*p.sides.mut(at) = s
	c.word = w&^(7<<32|wordBusy) + wordVersion | uint64(p.after.state)<<32
	p.setWord(who, c.word)
	told := !p.before.same(&p.after)
	return c, told || f.has(factRenewed) && f.outcome() == OutcomeNegative && swab == p.after.swab
}

// setCause makes the cause record of a test follow its facts.
func (p *people) setCause(s *side, t uint32, f TestFacts) {
	var before uint32
	at := s.causes
	for at != 0 && p.cause.get(at).test != t {
		before, at = at, p.cause.get(at).next
	}
	if f.outcome() <= OutcomeNegative {
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
	if f.has(factPreliminary) {
		c.bits |= causePreliminary
	}
	if f.has(factRetained) {
		c.bits |= causeRetained
	}
	p.hash += mixCause(c)
}

// setOrder opens, reopens, moves or closes the person's order. An order closed by a
// result that later goes is opened again under its old number.
func (p *people) setOrder(who PersonOrdinal, s *side, v *verdictOnPerson) {
	var o order
	if s.order != 0 {
		o = *p.order.get(s.order)
	}
	was := s.order != 0 && OrderState(o.state).IsOpen()
	switch {
	case v.need && !was:
		if s.order == 0 || !v.hasOpen(o.test) {
			p.orderCount++
			p.order.grow(p.orderCount)
			s.order, o = p.orderCount, order{person: uint32(who)}
		}
		p.ordersOpen++
		o.state = uint32(OrderOpen)
	case !v.need && !was:
		return
	case !v.need:
		p.ordersOpen--
		o.state = uint32(OrderCancelled)
		if p.answered(s, o.test) {
			o.state = uint32(OrderFulfilled)
		}
	}
	if v.need {
		o.opened, o.due, o.test = v.opened, v.due, v.orderTest
	}
	p.hash += mixOrder(s.order, o) - mixOrder(s.order, *p.order.get(s.order))
	*p.order.mut(s.order) = o
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
func (p *people) answered(s *side, test uint32) bool {
	for i := s.causes; i != 0; i = p.cause.get(i).next {
		if p.cause.get(i).test == test {
			return p.mark(test)&markUnbound == 0
		}
	}
	return false
}

func mixSide(at uint32, s side) uint64 {
	return mix(uint64(at)*mixA ^ mix(uint64(s.head)<<32|uint64(s.order)) ^ 1)
}

func mixCause(c *cause) uint64 {
	return mix(uint64(c.test)*mixB ^ mix(uint64(c.reported)<<32|uint64(c.bits)) ^ 2)
}

func mixOrder(n uint32, o order) uint64 {
	if o.person == 0 {
		return 0
	}
	return mix(uint64(n)*mixA ^ mix(uint64(o.person)<<32|uint64(o.state)) ^ mix(uint64(o.opened)<<32|uint64(o.due)) ^ mix(uint64(o.test)))
}
