package loadtest

// judge settles every tube and gives its members their tests.
func (o *oracle) judge() {
	for i := range o.people {
		p := &o.people[i]
		p.head, p.human, p.root, p.joined, p.extra = -1, int32(i), int32(i), false, false
	}
	o.joinHumans()
	for i := range o.tubes {
		o.tubes[i].settle()
	}
	for i := range o.tubes {
		t := &o.tubes[i]
		for k := range t.members {
			m := &t.members[k]
			if m.inTube = o.binds(t, m); m.inTube {
				t.bound++
			}
		}
	}
	for i := range o.tubes {
		t := &o.tubes[i]
		for k := range t.members {
			if t.members[k].inTube {
				o.addTest(int32(i), &t.members[k])
			}
		}
	}
	o.discharge()
}

// asks tells whether an undoing at that time is a request only: after the report of a
// grave verdict, by a station.
func (o *oracle) asks(t *tubeFacts, at seconds) bool {
	return o.city.plan.StationOnly && t.grave() && at > t.reported
}

// counts tells whether a half of a transfer takes effect.
func (o *oracle) counts(t *tubeFacts, p passage) bool {
	if p.in {
		return !o.asks(&o.tubes[o.at(p.other)], p.at)
	}
	return !o.asks(t, p.at)
}

// Words on a member, in the order in which they count when two are of one second.
const (
	wordScan = iota
	wordOut
	wordIn
	wordUnscan
)

// binds tells whether the newest word on a member is that the swab is in the tube.
func (o *oracle) binds(t *tubeFacts, m *membership) bool {
	newest, word := m.lastScan, wordScan
	hear := func(at seconds, what int) {
		if at > newest || at == newest && what > word {
			newest, word = at, what
		}
	}
	for _, p := range m.passages {
		switch {
		case !o.counts(t, p):
		case p.in:
			hear(p.at, wordIn)
		default:
			hear(p.at, wordOut)
		}
	}
	for _, at := range m.unscans {
		if !o.asks(t, at) {
			hear(at, wordUnscan)
		}
	}
	return newest != never && (word == wordScan || word == wordIn)
}

// origin is the earliest scan of the member in this tube or in one from which
// transfers lead here, and what policy made of it. Where nobody scanned: the earliest
// of those transfers.
func (o *oracle) origin(t *tubeFacts, m *membership) (swab seconds, decided decision, moved seconds) {
	swab, decided, moved = m.swab, m.decided, never
	m.seen = true
	for _, p := range m.passages {
		if !p.in || !o.counts(t, p) {
			continue
		}
		moved = earliest(moved, p.at)
		from := &o.tubes[o.at(p.other)]
		before := from.member(m.who)
		if before.seen {
			continue
		}
		s, d, x := o.origin(from, before)
		moved = earliest(moved, x)
		if s != never && (swab == never || s < swab) {
			if swab = s; m.swab != never {
				continue // what policy made of the own scan stays
			}
			if decided = d; before.swab != never {
				decided = from.gives(d)
			}
		}
	}
	m.seen = false
	return swab, decided, moved
}

// gives is what a member keeps who is moved out of a tube: the round that the scan named,
// else the tube's.
func (t *tubeFacts) gives(d decision) decision {
	switch {
	case d.own:
	case t.openRound != noRound:
		d.round, d.opened, d.openedAt = t.openRound, true, t.openRoundAt
	case t.scanRound != noRound:
		d.round = t.scanRound
	}
	return d
}

// addTest gives a bound member the test.
func (o *oracle) addTest(tube int32, m *membership) {
	t := &o.tubes[tube]
	x := test{tube: tube, who: m.who, swab: m.swab, since: never, specimenOf: m.specimenOf, alone: t.mode == Single && t.bound == 1}
	decided := m.decided
	if len(m.passages) > 0 {
		var moved seconds
		if x.swab, decided, moved = o.origin(t, m); x.swab == never {
			x.swab = moved
		}
	}
	at := x.swab
	switch {
	case decided.own:
		x.round = decided.round
	case t.openRound != noRound:
		x.round, at = t.openRound, t.openRoundAt
	case t.scanRound != noRound:
		x.round = t.scanRound
	default:
		if x.round = max(decided.round, defaultRound); decided.opened {
			at = decided.openedAt
		}
	}
	x.policy = o.city.policyAt(x.round, at)
	o.outcomeOf(t, &x)
	p := &o.people[o.people[m.who].human]
	x.next = p.head
	o.tests = append(o.tests, x)
	p.head = int32(len(o.tests) - 1)
}
