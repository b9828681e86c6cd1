package loadtest

// oracle is the dumbest model of the rules that can still keep up: it collects the
// events of one site, in any order, and judges every person from scratch.
//
// The rules, for scans, unscans, tube.open, tube.close and final results:
//
//   - S is the earliest scan of a person in a tube. The newest of scan and unscan
//     decides whether the person is in the tube (tie: unscan); if a station sends it,
//     an unscan later than the report of a standing positive or inconclusive is a
//     request without effect.
//   - A tube's mode is that of its newest tube.open (tie: pool); without one it is
//     single only if all its scans say so.
//   - Of one laboratory's results the latest reported stands (tie: the graver), but
//     a positive is only replaced by a positive. Of the laboratories the gravest counts.
//   - A negative tested before a member's S says nothing of that member.
//   - Positive or inconclusive pools, and inconclusive singles, hold their members;
//     a positive single makes suspects. A hold ends by a negative of a single tube
//     with exactly one member and a strictly later S, or is taken over by a suspect
//     with an equal or later S. A swab without an outcome is pending until any
//     outcome with a later S.
//   - Who is held has one open order, due six hours after the earliest report among
//     the open holds; a suspect cause beside them has a recheck of its own.
type oracle struct {
	city   *City
	tubes  []tubeFacts
	index  map[TubeCode]int32
	lookup [2]span // tubes of the day of this site: index without a map
	base   [2]int32
	first  uint32
	people []personFacts
	tests  []test
	script script
}

// tubeFacts is what has been said of one tube.
type tubeFacts struct {
	code     TubeCode
	openedAt seconds
	opened   Mode
	notOnly  bool // some scan does not say single
	members  []membership
	results  []report

	mode     Mode
	verdict  Verdict
	reported seconds
	tested   seconds
	bound    int
}

type membership struct {
	person          uint32
	swab, lastScan  seconds
	unscans         []seconds
	scanned, inTube bool
}

type report struct {
	lab              uint8
	verdict          Verdict
	tested, reported seconds
}

// personFacts heads the list of a person's tests.
type personFacts struct{ head int32 }

// test is one tube that a person is bound to; next chains those of the person.
type test struct {
	tube, next int32
	swab       seconds
	outcome    Verdict
}

// cause of a state, as the status shows it.
type cause struct {
	tube    TubeCode
	suspect bool // else hold
	since   seconds
	swab    seconds
}

// expectation is what the status of one person has to say.
type expectation struct {
	person   uint32
	state    string
	since    seconds // never: null
	negative struct {
		tube           TubeCode
		swab, reported seconds
		mode           Mode
	}
	hasNegative bool
	pending     TubeCode // Series 0: none
	causes      []cause
	order       bool
	due         seconds
}

func newOracle(c *City) *oracle {
	o := &oracle{city: c, index: map[TubeCode]int32{}}
	o.script = script{city: c, visit: o.add}
	return o
}

// load forgets what it knew and collects all events of one site.
func (o *oracle) load(siteIndex int) {
	s := &o.city.sites[siteIndex]
	o.begin(s.first, int(o.city.personsEnd(siteIndex)-s.first))
	for part, tubes := range s.tubes {
		o.lookup[part], o.base[part] = tubes, int32(len(o.tubes))
		for t := tubes.from; t < tubes.to; t++ {
			o.newTube(TubeCode{'T', t})
		}
	}
	for p := phaseOpen; p < phases; p++ {
		for _, tubes := range s.tubes {
			for t := tubes.from; t < tubes.to; t++ {
				o.script.emit(p, t)
			}
		}
	}
	o.judge()
}

// begin empties the oracle for n people from first on.
func (o *oracle) begin(first uint32, n int) {
	clear(o.index)
	o.tubes, o.tests, o.first = o.tubes[:0], o.tests[:0], first
	o.lookup = [2]span{}
	o.people = o.people[:0]
	for range n {
		o.people = append(o.people, personFacts{-1})
	}
}

// newTube takes the next tube, with the memory of the one that was there before.
func (o *oracle) newTube(code TubeCode) *tubeFacts {
	if len(o.tubes) < cap(o.tubes) {
		o.tubes = o.tubes[:len(o.tubes)+1]
	} else {
		o.tubes = append(o.tubes, tubeFacts{})
	}
	t := &o.tubes[len(o.tubes)-1]
	*t = tubeFacts{code: code, openedAt: never, members: t.members[:0], results: t.results[:0]}
	return t
}

func (o *oracle) tube(code TubeCode) *tubeFacts {
	if code.Series == 'T' {
		for part, tubes := range o.lookup {
			if code.Number >= tubes.from && code.Number < tubes.to {
				return &o.tubes[o.base[part]+int32(code.Number-tubes.from)]
			}
		}
	}
	if i, ok := o.index[code]; ok {
		return &o.tubes[i]
	}
	o.index[code] = int32(len(o.tubes))
	return o.newTube(code)
}

// add collects one event.
func (o *oracle) add(ev *Event) {
	t := o.tube(ev.Tube)
	switch ev.Kind {
	case TubeOpen:
		if ev.At > t.openedAt || ev.At == t.openedAt && ev.Mode == Pool {
			t.openedAt, t.opened = ev.At, ev.Mode
		}
	case Scan:
		m := t.member(ev.Person)
		if !m.scanned || ev.At < m.swab {
			m.swab = ev.At
		}
		if !m.scanned || ev.At > m.lastScan {
			m.lastScan = ev.At
		}
		m.scanned = true
		t.notOnly = t.notOnly || ev.Mode != Single
	case Unscan:
		m := t.member(ev.Person)
		m.unscans = append(m.unscans, ev.At)
	case Result:
		r := report{ev.Lab, ev.Verdict, ev.Tested, ev.Reported}
		if r.reported == never {
			r.reported = r.tested
		}
		t.results = append(t.results, r)
	}
}

func (t *tubeFacts) member(person uint32) *membership {
	for i := range t.members {
		if t.members[i].person == person {
			return &t.members[i]
		}
	}
	t.members = append(t.members, membership{person: person})
	return &t.members[len(t.members)-1]
}

// judge settles every tube and gives its members their tests.
func (o *oracle) judge() {
	for i := range o.tubes {
		t := &o.tubes[i]
		t.settle()
		for k := range t.members {
			m := &t.members[k]
			m.inTube = m.scanned
			for _, at := range m.unscans {
				request := o.city.plan.StationOnly && t.verdict >= Inconclusive && at > t.reported
				if at >= m.lastScan && !request {
					m.inTube = false
				}
			}
			if !m.inTube {
				continue
			}
			t.bound++
			outcome := t.verdict
			if outcome == Negative && t.tested < m.swab {
				outcome = NoVerdict
			}
			p := &o.people[m.person-o.first]
			o.tests = append(o.tests, test{tube: int32(i), next: p.head, swab: m.swab, outcome: outcome})
			p.head = int32(len(o.tests) - 1)
		}
	}
}

// settle decides mode and verdict of a tube.
func (t *tubeFacts) settle() {
	t.mode = t.opened
	if t.openedAt == never {
		t.mode = Pool
		if !t.notOnly && len(t.members) > 0 {
			t.mode = Single
		}
	}
	for i := range t.results {
		lab := t.results[i].lab
		standing := t.standing(lab)
		if standing.verdict > t.verdict {
			t.verdict, t.tested, t.reported = standing.verdict, standing.tested, standing.reported
		}
	}
}

// standing is the result of one laboratory that counts.
func (t *tubeFacts) standing(lab uint8) report {
	best := report{reported: never}
	for _, positives := range []bool{true, false} {
		for _, r := range t.results {
			if r.lab != lab || positives && r.verdict != Positive {
				continue
			}
			if r.reported > best.reported || r.reported == best.reported && r.verdict > best.verdict {
				best = r
			}
		}
		if best.reported != never {
			break // a positive once reported is only replaced by a positive
		}
	}
	return best
}

// expect judges one person; the expectation's causes are reused by the next call.
func (o *oracle) expect(person uint32, e *expectation) {
	*e = expectation{person: person, state: "unknown", since: never, causes: e.causes[:0]}
	head := o.people[person-o.first].head
	pendingSwab := never
	for i := head; i >= 0; i = o.tests[i].next {
		x := &o.tests[i]
		t := &o.tubes[x.tube]
		switch {
		case x.outcome == NoVerdict:
			if x.swab > pendingSwab && !o.any(head, func(y *test) bool { return y.outcome != NoVerdict && y.swab > x.swab }) {
				pendingSwab, e.pending = x.swab, t.code
			}
		case x.outcome == Negative:
			if !e.hasNegative || x.swab > e.negative.swab {
				e.hasNegative = true
				e.negative.tube, e.negative.swab, e.negative.reported, e.negative.mode = t.code, x.swab, t.reported, t.mode
			}
		case o.isOpen(head, x):
			e.causes = append(e.causes, cause{t.code, o.accuses(x), t.reported, x.swab})
		}
	}
	o.conclude(e, pendingSwab)
}

func (o *oracle) any(head int32, which func(*test) bool) bool {
	for i := head; i >= 0; i = o.tests[i].next {
		if which(&o.tests[i]) {
			return true
		}
	}
	return false
}

// accuses tells whether a test makes a suspect.
func (o *oracle) accuses(x *test) bool {
	return x.outcome == Positive && o.tubes[x.tube].mode == Single
}

// isOpen tells whether the cause that a test opened is still open.
func (o *oracle) isOpen(head int32, x *test) bool {
	if o.accuses(x) {
		return true // only a disease control laboratory could close it
	}
	return !o.any(head, func(y *test) bool {
		t := &o.tubes[y.tube]
		releases := y.outcome == Negative && t.mode == Single && t.bound == 1 && y.swab > x.swab
		return releases || o.accuses(y) && y.swab >= x.swab
	})
}

// conclude draws state, since and order from the causes.
func (o *oracle) conclude(e *expectation, pendingSwab seconds) {
	strongest, held := false, false
	for _, c := range e.causes {
		strongest = strongest || c.suspect
		held = held || !c.suspect
	}
	switch {
	case strongest:
		e.state = "suspect"
	case held:
		e.state = "held"
	case e.pending.Series != 0:
		e.state, e.since = "sampled", pendingSwab
	case e.hasNegative:
		e.state, e.since = "negative", e.negative.reported
	}
	for _, c := range e.causes {
		if c.suspect == strongest && (e.since == never || c.since < e.since) {
			e.since = c.since
		}
		if due := c.since + recollectSLA; !c.suspect && (!e.order || due < e.due) {
			e.order, e.due = true, due
		}
	}
}
