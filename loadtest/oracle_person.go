package loadtest

// stateKind is the state of a human; a later one is stronger.
type stateKind uint8

const (
	stateUnknown stateKind = iota
	stateNegative
	stateSampled
	stateMust
	stateHeld
	stateSuspect
	stateConfirmed
	stateKinds
)

var stateNames = [stateKinds]string{"unknown", "negative", "sampled", "must_resample", "held", "suspect", "confirmed"}

// causeKinds are the kinds of causes, by outcome.
var causeKinds = [...]string{mustAgain: "must", holds: "hold", accuses: "suspect", confirms: "confirmed"}

// cause of a state, as the status shows it.
type cause struct {
	tube        TubeCode
	kind        outcome
	since, swab seconds
	due         seconds
	early       bool
	pooled      bool // a hold of a pool whose specimens are kept, none of them spoilt
}

// errand is a re-collection order or a recheck task that is open.
type errand struct {
	due, opened seconds // due never: there is none
	kind, state string
}

// expectation is what the status of one identity has to say.
type expectation struct {
	id       identity
	root     identity
	state    stateKind
	since    seconds // never: null
	negative struct {
		tube           TubeCode
		swab, reported seconds
		mode           Mode
	}
	hasNegative bool
	pending     TubeCode // Series 0: none
	causes      []cause
	order       errand
	recheck     errand
	window      seconds // of the proof
	byReport    bool
}

// expect judges one identity; the expectation's causes are reused by the next call.
func (o *oracle) expect(who int32, e *expectation) {
	p := &o.people[who]
	*e = expectation{id: p.id, root: o.people[p.root].id, since: never, causes: e.causes[:0], order: errand{due: never}, recheck: errand{due: never}}
	head := o.people[p.human].head
	firstPending, lastPending := never, never
	for i := head; i >= 0; i = o.tests[i].next {
		x := &o.tests[i]
		t := &o.tubes[x.tube]
		switch {
		case x.removed:
		case x.outcome == clears:
			o.takeNegative(e, x, t)
		case !o.isOpen(head, x):
		case x.outcome != waits:
			o.addCause(e, head, x, t)
		default:
			firstPending = earliest(firstPending, x.swab)
			if x.swab > lastPending || x.swab == lastPending && t.code.before(e.pending) {
				lastPending, e.pending = x.swab, t.code
			}
		}
	}
	e.conclude(firstPending)
	o.order(e, p.human)
	o.proof(e, who)
}

// takeNegative keeps the counted negative of the newest swab.
func (o *oracle) takeNegative(e *expectation, x *test, t *tubeFacts) {
	n := &e.negative
	if e.hasNegative && (x.swab < n.swab || x.swab == n.swab && (x.since < n.reported || x.since == n.reported && !t.code.before(n.tube))) {
		return
	}
	e.hasNegative = true
	n.tube, n.swab, n.reported, n.mode = t.code, x.swab, x.since, t.mode
}

// addCause adds an open cause; of two of one tube and kind, the earliest of both.
func (o *oracle) addCause(e *expectation, head int32, x *test, t *tubeFacts) {
	c := cause{tube: t.code, kind: x.outcome, since: x.since, swab: x.swab, due: x.since + x.policy.recollect, early: x.early}
	c.pooled = x.outcome == holds && t.keeps && !o.any(head, func(y *test) bool {
		return !y.removed && y.specimenOf == t.code && y.outcome == mustAgain
	})
	for i := range e.causes {
		if k := &e.causes[i]; k.tube == c.tube && k.kind == c.kind {
			k.since, k.swab, k.due = min(k.since, c.since), min(k.swab, c.swab), min(k.due, c.due)
			return
		}
	}
	e.causes = append(e.causes, c)
}

func (o *oracle) any(head int32, which func(*test) bool) bool {
	for i := head; i >= 0; i = o.tests[i].next {
		if which(&o.tests[i]) {
			return true
		}
	}
	return false
}

// isOpen tells whether what a test opened, or its wait for an outcome, is still open.
func (o *oracle) isOpen(head int32, x *test) bool {
	if o.tests[head].next < 0 {
		return true // the only test
	}
	return !o.any(head, func(y *test) bool { return y != x && !y.removed && o.closes(x, y) })
}

// closes tells whether test y closes what test x of the same human opened.
func (o *oracle) closes(x, y *test) bool {
	later := y.swab > x.swab
	switch x.outcome {
	case holds:
		t := &o.tubes[x.tube]
		switch {
		case y.outcome >= accuses:
			return y.swab >= x.swab
		case y.outcome != clears:
			return false
		case t.keeps && y.specimenOf == t.code && y.alone && y.swab == x.swab:
			return true
		case !y.alone || !later:
			return false
		}
		return !x.policy.releaseAll || t.mode == Single || o.allReleased(t, x)
	case accuses:
		byControl := y.outcome == clears && y.byControl && y.alone && o.tubes[y.tube].purpose == Recheck
		return later && (byControl || y.outcome == confirms)
	case confirms:
		return false
	default: // must come again, or waits
		return later && y.outcome != waits && y.outcome != mustAgain
	}
}

// allReleased tells whether every member of a pool has an answer: a single negative
// after their swab in it, a suspect or confirmed one of that swab or later, or a
// discharge that removed their test.
func (o *oracle) allReleased(t *tubeFacts, x *test) bool {
	for k := range t.members {
		m := &t.members[k]
		if !m.inTube {
			continue
		}
		head := o.people[o.people[m.who].human].head
		swab, removed := never, false
		for i := head; i >= 0; i = o.tests[i].next {
			if z := &o.tests[i]; z.tube == x.tube && z.who == m.who {
				swab, removed = z.swab, z.removed
			}
		}
		if !removed && !o.any(head, func(y *test) bool {
			return !y.removed && (y.outcome == clears && y.alone && y.swab > swab || y.outcome >= accuses && y.swab >= swab)
		}) {
			return false
		}
	}
	return true
}

// conclude draws state and since from what is open.
func (e *expectation) conclude(firstPending seconds) {
	strongest := waits
	for _, c := range e.causes {
		strongest = max(strongest, c.kind)
	}
	switch {
	case strongest != waits:
		e.state = stateMust + stateKind(strongest-mustAgain)
		for _, c := range e.causes {
			if c.kind == strongest {
				e.since = earliest(e.since, c.since)
			}
		}
	case e.pending.Series != 0:
		e.state, e.since = stateSampled, firstPending
	case e.hasNegative:
		e.state, e.since = stateNegative, e.negative.reported
	}
}

// order draws the re-collection order and the recheck task.
func (o *oracle) order(e *expectation, human int32) {
	need := ""
	for _, c := range e.causes {
		if c.kind == holds && !c.pooled {
			need = "single"
		}
	}
	if need == "" && e.state == stateMust {
		need = "any"
	}
	if need != "" {
		o.open(&e.order, e, need, human, mustAgain, holds)
	}
	if e.state >= stateSuspect {
		o.open(&e.recheck, e, "recheck", human, accuses, accuses)
	}
}

// open fills an errand for the open causes of kinds from to to.
func (o *oracle) open(r *errand, e *expectation, kind string, human int32, from, to outcome) {
	swab := never
	r.opened = never
	for _, c := range e.causes {
		if c.kind >= from && c.kind <= to {
			r.due, r.opened, swab = earliest(r.due, c.due), earliest(r.opened, c.since), max(swab, c.swab)
		}
	}
	if r.due == never {
		return
	}
	r.kind, r.state = kind, "open"
	head := o.people[human].head
	called := never
	for _, n := range o.human.calls {
		if o.people[n.who].human == human && n.at >= r.opened && (n.at > called || n.at == called && n.unreachable) {
			called, r.state = n.at, map[bool]string{false: "acknowledged", true: "unreachable"}[n.unreachable]
		}
	}
	if o.any(head, func(x *test) bool {
		t := &o.tubes[x.tube]
		right := kind == "any" || t.mode == Single && (kind == "single" || t.purpose == Recheck)
		return x.outcome == waits && right && x.swab > swab && o.isOpen(head, x)
	}) {
		r.state = "swabbed"
	}
}

// proof says by which rule a negative proves something: that of the newest open round
// that covers the identity's area, else 48 hours from the swab.
func (o *oracle) proof(e *expectation, who int32) {
	p := defaultPolicy
	if r := o.city.coveringRound(o.areaOf(who), judgedAt); o.city.mastered() {
		p = *o.city.policyAt(r, judgedAt)
	}
	e.window, e.byReport = p.window, p.reported
}

// areaOf is the area of an identity: rostered, else named by its newest scan.
func (o *oracle) areaOf(who int32) area {
	p := &o.people[who]
	if !p.id.noted && o.city.mastered() {
		if a := o.city.home(o.city.seat(p.id.person)); a != 0 {
			return a
		}
	}
	return p.area
}
