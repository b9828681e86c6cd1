package engine

// openCause is a cause of the few that is open now.
type openCause struct {
	test     uint32
	tube     uint32
	kind     CauseKind
	reported Seconds
	swab     Seconds
	due      Seconds
	bits     uint32
}

// verdictOnPerson is everything that the tests of a human with causes add up to.
type verdictOnPerson struct {
	summary
	bounds
	since Seconds
	open  []openCause
	// The order and the recheck task that should be open.
	task, recheck task
	any           bool // the order is for any tube
}

// task is an order that should be open: its times and the test of its earliest cause.
type task struct {
	need        bool
	opened, due Seconds
	test        uint32
}

func (t *task) take(c *openCause) {
	if !t.need || c.reported < t.opened {
		t.opened, t.test = c.reported, c.test
	}
	if !t.need || c.due < t.due {
		t.due = c.due
	}
	t.need = true
}

// bounds are the swab times past which causes are closed.
type bounds struct {
	cut       Seconds // what was swabbed and reported by then, a discharge removed; 0: there was none
	release   Seconds // latest releasing negative
	recheck   Seconds // latest negative of a recheck
	strong    Seconds // latest suspect or confirmed
	confirmed Seconds // latest confirmed
	result    Seconds // latest negative, positive or inconclusive; an invalid tells nothing
}

// sideOf a person who has one.
func (p *people) sideOf(who PersonOrdinal) *side {
	return p.sides.at(uint32(*p.words.at(uint32(who))))
}

// next identity of the human after who, 0 when the round is made.
func (p *people) next(first, who PersonOrdinal) PersonOrdinal {
	if n := p.sideOf(who).ring; n != first {
		return n
	}
	return 0
}

// judge works out a human from all tests and causes of all identities. It only reads.
//
//	hold     closed by a releasing negative with a strictly later swab, or taken over by a
//	         suspect or confirmed with an equal or later one; of a retained pool also by
//	         the negative of the specimen retained of it; of a tube that is released as a
//	         whole only when each member has his releasing negative
//	suspect  closed by a recheck negative or a confirmed with a strictly later swab
//	must     closed by any result with a strictly later swab
//	pending  likewise
//
// A discharge removes what was swabbed and reported before it.
func (p *people) judge(who PersonOrdinal, v *verdictOnPerson) {
	*v = verdictOnPerson{open: v.open[:0]}
	cut, _ := p.discharged(who, 0)
	v.bounds = p.bounds(who, cut)
	p.judgeChains(who, v)
	for id := who; id != 0; id = p.next(who, id) {
		for i := p.sideOf(id).causes; i != 0; {
			c := p.cause.at(i)
			i = c.next
			swab := Seconds(*p.tests.at(c.test))
			if c.outcome() <= OutcomeNegative || p.markOf(c.test)&markUnbound != 0 || v.removed(swab, c.reported) || p.closed(who, c, swab, v) {
				continue
			}
			o := openCause{test: c.test, tube: c.tube, kind: c.outcome().cause(), reported: c.reported, swab: swab, due: c.due, bits: c.bits}
			if o.bits&causeRetained != 0 && p.retained(who, c.tube, v, OutcomeMust) {
				o.bits &^= causeRetained // the specimen is spoilt: somebody has to come after all
			}
			v.insert(o)
		}
	}
	v.conclude()
}

func (b *bounds) removed(swab, reported Seconds) bool {
	return b.cut != 0 && swab <= b.cut && reported <= b.cut
}

// closed tells whether a cause that stands is closed.
func (p *people) closed(who PersonOrdinal, c *cause, swab Seconds, v *verdictOnPerson) bool {
	switch c.outcome() {
	case OutcomeHold:
		return v.release > swab && (c.bits&causeWhole == 0 || c.bits&causeReady != 0) || v.strong != 0 && v.strong >= swab ||
			c.bits&causeRetained != 0 && p.retained(who, c.tube, v, OutcomeNegative)
	case OutcomeSuspect:
		return v.bounds.recheck > swab || v.confirmed > swab
	case OutcomeMust:
		return v.result > swab
	}
	return false
}

// retained tells whether a specimen retained of a tube has that outcome.
func (p *people) retained(who PersonOrdinal, tube uint32, v *verdictOnPerson, o TestOutcome) bool {
	for id := who; id != 0; id = p.next(who, id) {
		for i := p.sideOf(id).causes; i != 0; i = p.cause.at(i).next {
			c := p.cause.at(i)
			if c.link == tube && tube != 0 && c.outcome() == o && p.markOf(c.test)&markUnbound == 0 &&
				!v.removed(Seconds(*p.tests.at(c.test)), c.reported) {
				return true
			}
		}
	}
	return false
}

// discharged is the latest discharge that counts, 0 for none: in order of their times,
// each with a confirmed cause swabbed and reported by then that none before removed.
// counts tells whether one at that very time does.
func (p *people) discharged(who PersonOrdinal, when Seconds) (cut Seconds, counts bool) {
	var ats [8]Seconds // more are rare, and then this allocates
	cuts := ats[:0]
	for id := who; id != 0; id = p.next(who, id) {
		p.notes.of(id, func(n *note) {
			if n.is() != noteDischarge {
				return
			}
			cuts = append(cuts, n.at)
			for i := len(cuts) - 1; i > 0 && cuts[i] < cuts[i-1]; i-- {
				cuts[i], cuts[i-1] = cuts[i-1], cuts[i]
			}
		})
	}
	for _, at := range cuts {
		if p.confirmedBy(who, at, cut) {
			cut = at
			counts = counts || at == when
		}
	}
	return cut, counts
}

// confirmedBy tells whether a confirmed cause was swabbed and reported by a time, and not by cut.
func (p *people) confirmedBy(who PersonOrdinal, at, cut Seconds) bool {
	for id := who; id != 0; id = p.next(who, id) {
		for i := p.sideOf(id).causes; i != 0; i = p.cause.at(i).next {
			c := p.cause.at(i)
			swab := Seconds(*p.tests.at(c.test))
			if c.outcome() == OutcomeConfirmed && p.markOf(c.test)&markUnbound == 0 && swab <= at && c.reported <= at &&
				!(cut != 0 && swab <= cut && c.reported <= cut) {
				return true
			}
		}
	}
	return false
}

func (p *people) bounds(who PersonOrdinal, cut Seconds) (b bounds) {
	b.cut = cut
	for id := who; id != 0; id = p.next(who, id) {
		s := p.sideOf(id)
		for t := s.head; t != 0; t = uint32(*p.tests.at(t) >> 32) {
			m, swab := p.markOf(t), Seconds(*p.tests.at(t))
			if m&markUnbound != 0 || m&markClass != markNegative || p.removedTest(s, t, swab, cut) {
				continue
			}
			b.result = max(b.result, swab)
			if m&markReleasing != 0 {
				b.release = max(b.release, swab)
			}
		}
		for i := s.causes; i != 0; i = p.cause.at(i).next {
			c := p.cause.at(i)
			swab := Seconds(*p.tests.at(c.test))
			if p.markOf(c.test)&markUnbound != 0 || b.removed(swab, c.reported) {
				continue
			}
			b.takeCause(c, swab)
		}
	}
	return b
}

func (b *bounds) takeCause(c *cause, swab Seconds) {
	switch o := c.outcome(); o {
	case OutcomeNegative:
		if c.bits&causeRecheck != 0 {
			b.recheck = max(b.recheck, swab)
		}
	case OutcomeConfirmed:
		b.confirmed = max(b.confirmed, swab)
		fallthrough
	case OutcomeSuspect:
		b.strong = max(b.strong, swab)
		fallthrough
	case OutcomeHold:
		b.result = max(b.result, swab)
	}
}

// removedTest tells whether a discharge removed a negative.
func (p *people) removedTest(s *side, t uint32, swab, cut Seconds) bool {
	if cut == 0 || swab > cut {
		return false
	}
	for i := s.causes; i != 0; i = p.cause.at(i).next {
		if c := p.cause.at(i); c.test == t {
			return c.reported <= cut
		}
	}
	return false
}

// judgeChains finds the last negative and the open pending swabs.
func (p *people) judgeChains(who PersonOrdinal, v *verdictOnPerson) {
	for id := who; id != 0; id = p.next(who, id) {
		s := p.sideOf(id)
		for t := s.head; t != 0; t = uint32(*p.tests.at(t) >> 32) {
			m, swab := p.markOf(t), Seconds(*p.tests.at(t))
			switch {
			case m&markUnbound != 0:
			case m&markClass == markNegative:
				if !p.removedTest(s, t, swab, v.cut) {
					v.addNegative(t, swab)
				}
			case m&markClass == markNone && swab >= v.result:
				v.addPending(t, swab)
			}
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

// conclude sets state, since and the tasks from the open causes.
func (v *verdictOnPerson) conclude() {
	switch {
	case len(v.open) > 0:
		v.state, v.since = stateOf(v.open[0].kind), v.open[0].reported
	case v.pending != 0:
		v.state, v.since = StateSampled, v.earliest
	case v.negative != 0:
		v.state = StateNegative // since: the tube's reported_at, which the tube half knows
	}
	single := false
	for i := range v.open {
		c := &v.open[i]
		single = single || c.kind == CauseHold && c.bits&causeRetained == 0
	}
	v.any = !single && v.state == StateMustResample
	for i := range v.open {
		switch c := &v.open[i]; {
		case c.kind == CauseSuspect:
			v.recheck.take(c)
		case (single || v.any) && (c.kind == CauseHold || c.kind == CauseMust):
			v.task.take(c)
		}
	}
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
	if a != b || v.since != o.since || v.task.need != o.task.need || v.task.due != o.task.due || v.any != o.any ||
		v.recheck.need != o.recheck.need || v.recheck.due != o.recheck.due || len(v.open) != len(o.open) {
		return false
	}
	for i := range v.open {
		a, b := v.open[i], o.open[i]
		a.bits, b.bits = a.bits&(7|causePreliminary), b.bits&(7|causePreliminary) // the others show in the order alone
		a.due, b.due = 0, 0                                                       // likewise
		if a != b {
			return false
		}
	}
	return true
}

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
	at := uint32(w)
	s := p.sides.mut(at)
	p.hash -= mixSide(at, s)
	s.head = p.relink(who, w|wordBusy, s.head, t, swab, f.has(factFirst))
	p.setMark(t, markFor(f))
	p.setCause(s, t, f, note)
	p.hash += mixSide(at, s)
	p.judge(who, &p.after)
	if f.has(factAsked) {
		p.answers = append(p.answers, answer{uint32(note.Tube), t, p.after.release > swab})
	}
	c, told := p.publish(who)
	return c, told || f.has(factRenewed) && f.outcome() == OutcomeNegative && swab == p.after.swab
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
	if p.before.release == p.after.release {
		return
	}
	for id := who; id != 0; id = p.next(who, id) {
		p.answerAll(id)
	}
}

// answerAll is answerTubes for the tests of one identity, whatever has changed.
func (p *people) answerAll(who PersonOrdinal) {
	for i := p.sideOf(who).causes; i != 0; i = p.cause.get(i).next {
		if c := p.cause.get(i); c.bits&causeAsked != 0 {
			p.answers = append(p.answers, answer{c.tube, c.test, p.after.release > Seconds(*p.tests.get(c.test))})
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
