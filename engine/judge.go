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
//	         the negative of the specimen retained of it, of the same swab; of a tube that is released as a
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
	return v.closes(c, swab) || c.outcome() == OutcomeHold && p.specimenReleases(who, c, swab, v)
}

// closes is closed as far as swab times go: not by a retained specimen.
func (b *bounds) closes(c *cause, swab Seconds) bool {
	switch c.outcome() {
	case OutcomeHold:
		return b.strong != 0 && b.strong >= swab || b.releases(c, swab)
	case OutcomeSuspect:
		return b.recheck > swab || b.confirmed > swab
	case OutcomeMust:
		return b.result > swab
	}
	return false
}

// waits tells whether a swab without an outcome is waited for: no result of a later one is there.
func (b *bounds) waits(swab Seconds) bool { return swab >= b.result }

// releases tells whether a negative of the person's own ends a hold.
func (p *people) releases(who PersonOrdinal, c *cause, swab Seconds, v *verdictOnPerson) bool {
	return v.bounds.releases(c, swab) || p.specimenReleases(who, c, swab, v)
}

func (b *bounds) releases(c *cause, swab Seconds) bool {
	return b.release > swab && (c.bits&causeWhole == 0 || c.bits&causeReady != 0)
}

// specimenReleases tells whether the specimen that was retained of a hold's tube ends it.
func (p *people) specimenReleases(who PersonOrdinal, hold *cause, swab Seconds, v *verdictOnPerson) bool {
	if hold.bits&causeRetained == 0 {
		return false
	}
	for id := who; id != 0; id = p.next(who, id) {
		for i := p.sideOf(id).causes; i != 0; i = p.cause.at(i).next {
			if c := p.cause.at(i); p.isSpecimenOf(c, hold, swab) && !v.removed(swab, c.reported) {
				return true
			}
		}
	}
	return false
}

// isSpecimenOf tells whether a record is the negative, alone in a single tube, of the
// specimen that was retained of a hold's tube, of the same swab.
func (p *people) isSpecimenOf(c, hold *cause, swab Seconds) bool {
	return c.link == hold.tube && hold.tube != 0 && c.outcome() == OutcomeNegative &&
		p.markOf(c.test)&(markUnbound|markReleasing) == markReleasing && Seconds(*p.tests.at(c.test)) == swab
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
			b.takeNegative(m, swab)
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

func (b *bounds) takeNegative(mark uint32, swab Seconds) {
	b.result = max(b.result, swab)
	if mark&markReleasing != 0 {
		b.release = max(b.release, swab)
	}
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
			case m&markClass == markNone && v.waits(swab):
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
		v.recheck.need != o.recheck.need || v.recheck.due != o.recheck.due {
		return false
	}
	return shows(v.open, o.open) && shows(o.open, v.open)
}

// shows tells whether every cause of the one list is in the other as readers see it: one
// a tube and kind, though two identities of a human may be in the tube.
func shows(all, in []openCause) bool {
	for i := range all {
		a, _ := shown(all, all[i].tube, all[i].kind)
		if b, ok := shown(in, all[i].tube, all[i].kind); !ok || a != b {
			return false
		}
	}
	return true
}

// shown is what readers see of the causes of a kind from one tube; the rest of them
// shows in the order alone.
func shown(all []openCause, tube uint32, kind CauseKind) (s openCause, ok bool) {
	for i := range all {
		c := &all[i]
		switch {
		case c.tube != tube || c.kind != kind:
		case !ok:
			s, ok = openCause{tube: tube, kind: kind, reported: c.reported, swab: c.swab, bits: c.bits & causePreliminary}, true
		default:
			s.reported, s.swab, s.bits = min(s.reported, c.reported), min(s.swab, c.swab), s.bits&c.bits
		}
	}
	return s, ok
}
