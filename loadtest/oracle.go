package loadtest

// oracle is the dumbest model of the rules that can still keep up: it collects the
// events of one site, in any order, and judges every person from scratch. It shares
// no code with the server.
//
// The rules, from the top:
//
//   - A laboratory's standing result of a tube (settle, oracle_tube.go): its results by
//     report, the last wins; a positive gives way to a positive, a correction or a
//     withdrawal only. The gravest laboratory counts.
//   - Binding (oracle_bind.go): the newest of scan, transfer and unscan says whether a
//     person is in a tube; S is the time of the swab, which a transfer takes along.
//   - Outcome of a member (oracle_outcome.go): none yet, a negative, must come again,
//     held, suspect, confirmed.
//   - What opens a cause and what closes it (oracle_person.go). Only a swab with a later
//     S closes; a discharge takes away all that was swabbed and reported by then.
//   - Documents of one human are merged (oracle_human.go).
//   - Coverage of the rounds, counted by area (oracle_cover.go).
type oracle struct {
	city   *City
	tubes  []tubeFacts
	index  map[TubeCode]int32
	lookup [2]span // tubes of the day of this site: index without a map
	base   [2]int32
	first  uint32
	people []personFacts // residents from first on, then identities without a document
	noted  map[uint32]int32
	tests  []test
	human  humanEvents
	script script
}

// tubeFacts is what has been said of one tube.
type tubeFacts struct {
	code     TubeCode
	openedAt seconds
	opened   Mode
	purposed Purpose
	keeps    bool // specimens of the members, by the newest tube.open

	openRoundAt, scanRoundAt seconds
	openRound, scanRound     roundID // the newest tube.open's that names one; the earliest scan's

	scanned               bool
	sharedBy, householdBy bool // some scan says pool, household
	notRecheck, notRecall bool // some scan says another purpose

	members  []membership
	results  []report
	received bool

	voidAt, lostAt          seconds // the earliest
	firstReject, lastReject seconds
	mode                    Mode // what follows is judged
	purpose                 Purpose
	verdict                 Verdict
	preliminary             bool
	reported                seconds // the earliest of the laboratories that say so
	labs                    []report
	bound                   int
}

// membership is what has been said of one identity and one tube.
type membership struct {
	who            int32 // index of people
	swab, lastScan seconds
	decided        decision // of the earliest scan
	unscans        []seconds
	passages       []passage
	specimenOf     TubeCode // retained_of, by the newest scan that names one
	specimenAt     seconds
	inTube         bool
	seen           bool // on the way to the first swab
}

// passage is one half of a transfer.
type passage struct {
	at    seconds
	other TubeCode
	in    bool
}

// report is what a laboratory said.
type report struct {
	lab              uint8
	verdict          Verdict
	stage            Stage
	tested, reported seconds
}

// decision is what policy makes of one scan.
type decision struct {
	own   bool // the scan names the round
	round roundID
	mode  Mode // never NoMode
	// Of somebody who was moved: when the tube was opened that gave the round.
	opened   bool
	openedAt seconds
}

// personFacts heads the list of the tests of an identity's human.
type personFacts struct {
	head   int32
	human  int32    // people index of the human's first identity
	root   int32    // whom orders name
	area   area     // named by the newest scan
	named  seconds  // when
	joined bool     // other identities are the same human
	extra  bool     // something of humanEvents is about it
	id     identity // that it is
}

// test is one tube that a person is bound to; next chains those of the human.
type test struct {
	tube, next int32
	who        int32
	swab       seconds
	since      seconds // of the outcome
	outcome    outcome
	early      bool // preliminary
	alone      bool // of a single tube with exactly one member
	byControl  bool // a negative that a cdc laboratory gives
	removed    bool // by a discharge
	round      roundID
	policy     *policy
	specimenOf TubeCode
}

func newOracle(c *City) *oracle {
	o := &oracle{city: c, index: map[TubeCode]int32{}, noted: map[uint32]int32{}}
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
	clear(o.noted)
	o.human.reset()
	o.tubes, o.tests, o.first = o.tubes[:0], o.tests[:0], first
	o.lookup = [2]span{}
	o.people = o.people[:0]
	for i := range n {
		o.people = append(o.people, personFacts{head: -1, named: never, id: identity{first + uint32(i), false}})
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
	*t = tubeFacts{code: code, openedAt: never, openRoundAt: never, scanRoundAt: never, voidAt: never, lostAt: never,
		firstReject: never, lastReject: never, members: t.members[:0], results: t.results[:0], labs: t.labs[:0]}
	return t
}

// at is the index of a tube, which it has from then on.
func (o *oracle) at(code TubeCode) int32 {
	if code.Series == 'T' {
		for part, tubes := range o.lookup {
			if code.Number >= tubes.from && code.Number < tubes.to {
				return o.base[part] + int32(code.Number-tubes.from)
			}
		}
	}
	i, ok := o.index[code]
	if !ok {
		i = int32(len(o.tubes))
		o.index[code] = i
		o.newTube(code)
	}
	return i
}

// person is the index of an identity, which it has from then on.
func (o *oracle) person(id identity) int32 {
	if !id.noted {
		return int32(id.person - o.first)
	}
	i, ok := o.noted[id.person]
	if !ok {
		i = int32(len(o.people))
		o.noted[id.person] = i
		o.people = append(o.people, personFacts{head: -1, named: never, id: id})
	}
	return i
}

// earliest and latest take never for nothing said.
func earliest(a, b seconds) seconds {
	if a == never || b != never && b < a {
		return b
	}
	return a
}

// add collects one event.
func (o *oracle) add(ev *Event) {
	if ev.Tube.Series == 0 {
		o.addHuman(ev)
		return
	}
	i := o.at(ev.Tube)
	t := &o.tubes[i]
	switch ev.Kind {
	case TubeOpen:
		t.addOpen(ev)
	case Scan:
		o.addScan(t, ev)
	case Unscan:
		m := t.member(o.person(ev.who()))
		m.unscans = append(m.unscans, ev.At)
	case Transfer:
		who := o.person(ev.who())
		m := t.member(who)
		m.passages = append(m.passages, passage{ev.At, ev.Other, false})
		i = o.at(ev.Other)
		m = o.tubes[i].member(who)
		m.passages = append(m.passages, passage{ev.At, ev.Tube, true})
	case TubeVoid:
		t.voidAt = earliest(t.voidAt, ev.At)
	case TubeLost:
		t.lostAt = earliest(t.lostAt, ev.At)
	case TubeReject:
		t.firstReject, t.lastReject = earliest(t.firstReject, ev.At), max(t.lastReject, ev.At)
	case TubeReceive:
		t.received = true
	case Result:
		r := report{ev.Lab, ev.Verdict, ev.Stage, ev.Tested, ev.Reported}
		if r.reported == never {
			r.reported = r.tested
		}
		t.results = append(t.results, r)
	}
}

// addOpen takes a tube.open: the newest counts; of two in one second the one for more people.
func (t *tubeFacts) addOpen(ev *Event) {
	if ev.At > t.openedAt || ev.At == t.openedAt && ev.Mode < t.opened {
		t.openedAt, t.opened, t.purposed, t.keeps = ev.At, ev.Mode, ev.Purpose, ev.Retained
	}
	if ev.Round != noRound && ev.At > t.openRoundAt {
		t.openRoundAt, t.openRound = ev.At, ev.Round
	}
}

// addScan takes a scan, and what it says of the tube.
func (o *oracle) addScan(t *tubeFacts, ev *Event) {
	who := o.person(ev.who())
	m := t.member(who)
	decided := decision{round: defaultRound, mode: Pool}
	if !o.city.plan.Plain {
		decided = o.city.decide(ev)
	}
	if m.swab == never || ev.At < m.swab {
		m.swab, m.decided = ev.At, decided
	}
	m.lastScan = max(m.lastScan, ev.At)
	if ev.Other.Series != 0 && ev.At > m.specimenAt {
		m.specimenAt, m.specimenOf = ev.At, ev.Other
	}
	if p := &o.people[who]; ev.Area != 0 && (ev.At > p.named || ev.At == p.named && ev.Area < p.area) {
		p.named, p.area = ev.At, ev.Area
	}
	mode := ev.Mode
	switch {
	case mode != NoMode:
	case ev.Other.Series != 0:
		mode = Single
	default:
		mode = decided.mode
	}
	t.scanned = true
	t.sharedBy = t.sharedBy || mode == Pool
	t.householdBy = t.householdBy || mode == Household
	t.notRecheck = t.notRecheck || ev.Purpose != Recheck
	t.notRecall = t.notRecall || ev.Purpose < Recollection
	if ev.Round != noRound && (t.scanRound == noRound || ev.At < t.scanRoundAt ||
		ev.At == t.scanRoundAt && o.city.rounds[ev.Round].name < o.city.rounds[t.scanRound].name) {
		t.scanRound, t.scanRoundAt = ev.Round, ev.At
	}
}

// decide is what policy says of a scan: its round, and the mode of a tube whose scan
// says none.
func (c *City) decide(ev *Event) decision {
	t, j := c.seat(ev.Person)
	where := ev.Area
	if where == 0 && !ev.Noted && c.mastered() {
		where = c.home(t, j)
	}
	d := decision{own: ev.Round != noRound, round: ev.Round, mode: Pool}
	if !d.own {
		d.round = c.coveringRound(where, ev.At)
	}
	p := c.policyAt(d.round, ev.At)
	if p.caps {
		d.mode = [...]Mode{lowRisk: Pool, mediumRisk: Pool, highRisk: Single, closedRisk: Household}[where.risk()]
	}
	if ev.Noted || !c.mastered() {
		return d
	}
	has := c.traitsOf(t, j)
	since := ev.At - has.vaccinated
	if p.isolated && has.isolated || p.vaccinated && has.vaccinated != never && since >= 0 && since < vaccination {
		d.mode = Single
	}
	return d
}

func (t *tubeFacts) member(who int32) *membership {
	for i := range t.members {
		if t.members[i].who == who {
			return &t.members[i]
		}
	}
	t.members = append(t.members, membership{who: who, swab: never, lastScan: never, specimenAt: never})
	return &t.members[len(t.members)-1]
}
