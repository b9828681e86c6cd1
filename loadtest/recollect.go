package loadtest

// recollect emits the single tubes of the members of a tube that asked for them at
// that time: none, some or all of them are reached on the day.
func (s *script) recollect(t uint32, asked seconds) {
	c, tb := s.city, &s.city.tubes[t]
	d := newDice(c.plan.Seed, 8, uint64(t))
	reach := 1.0
	if !c.plan.OneHousehold {
		switch u := d.upTo(100); {
		case u < 6:
			return
		case u < 30:
			reach = 0.7
		}
	}
	gone := -1
	switch tb.oddity {
	case unscanMoves, unscanRemoves, unscanLate, absent, moved:
		gone = c.victim(t)
	case retained: // most of them have their answer already
		reach = 0.4
	}
	for j := range int(tb.n) {
		if j == gone {
			continue
		}
		if c.odd() {
			s.call(t, j, asked)
		}
		if d.chance(reach) {
			s.recollectOne(t, j, asked)
		}
	}
}

// call emits what became of calling one member back.
func (s *script) call(t uint32, j int, asked seconds) {
	tb := &s.city.tubes[t]
	d := newDice(s.city.plan.Seed, 12, uint64(t)*derivedPerTube+uint64(j))
	u := d.upTo(100)
	ev := Event{Kind: Acknowledge, Person: tb.first + uint32(j), At: asked + 300 + seconds(d.upTo(900))}
	switch {
	case u < 20:
		s.send(ev)
	case u < 25:
		ev.Kind = Unreachable
		s.send(ev)
	case u < 30: // reached at the second try, or lost again
		s.send(ev)
		ev.Kind = Unreachable
		ev.At += seconds(600 * (d.upTo(3) - 1))
		s.send(ev)
	case u < 32: // before anybody asked
		ev.At = asked - 3600
		s.send(ev)
	}
}

// liveAround tells whether nothing odd befell a tube or its neighbours, so that a
// live scan of its members meets no open tube.
func (c *City) liveAround(t uint32) bool {
	for i := max(t, 1) - 1; i <= t+1 && int(i) < len(c.tubes); i++ {
		if c.tubes[i].oddity != ordinary {
			return false
		}
	}
	return true
}

// recollectOne emits the single tube of one member: opened as single, or scanned
// as single, or (a station that does not know the mode) declared single afterwards.
// Times of R tubes are multiples of four, those of guests in them one more, those of
// mixed tubes afterwards three more: nobody is swabbed twice in one second.
func (s *script) recollectOne(t uint32, j int, asked seconds) {
	c, tb := s.city, &s.city.tubes[t]
	d := newDice(c.plan.Seed, 9, uint64(t)*derivedPerTube+uint64(j))
	code := TubeCode{'R', t*derivedPerTube + uint32(j)}
	at := (asked + 1800 + seconds(d.upTo(9000)+j*60)) &^ 3
	tested := at + 5400 + seconds(d.upTo(3600))
	if c.plan.OneHousehold {
		at = asked + 1800 + seconds(j*180)
		tested = asked + 7200
	}
	scan := Event{Kind: Scan, Tube: code, Person: tb.first + uint32(j), Site: tb.site, At: at, Late: !c.liveAround(t)}
	open := Event{Kind: TubeOpen, Tube: code, Site: tb.site, Mode: Single, Purpose: Recollection, Capacity: 1, At: at - 40}
	infected := tb.infected>>j&1 == 1
	result := Event{Kind: Result, Tube: code, Verdict: c.singleVerdict(&d, infected), Lab: tb.lab, Tested: tested, Reported: tested + 600}
	early := !c.plan.Calm && d.upTo(20) == 0 && result.Verdict != NoVerdict
	if early {
		scan.Late = true
		s.send(result)
	}
	manner := d.upTo(3)
	switch {
	case manner == 0:
		s.send(open)
	case c.mastered() && c.traitsOf(t, j).isolated: // policy knows
		manner = 1
	case manner == 1:
		scan.Mode, scan.Purpose = Single, Recollection
	default:
		scan.Late = true
	}
	s.send(scan)
	if !c.plan.Calm && d.upTo(50) == 0 && tb.n > 1 && result.Verdict != NoVerdict {
		// Two people in a single tube: its negative answers for neither. Only where a
		// result comes: else the guest would be in an open tube when their own turn comes.
		guest := scan
		guest.Person = tb.first + uint32(j+1)%uint32(tb.n)
		guest.At, guest.Late = scan.At+33, true
		s.send(guest)
	}
	if manner == 0 && d.upTo(2) == 0 {
		s.send(Event{Kind: TubeClose, Tube: code, Members: 1, At: at + 60})
	}
	if !early && result.Verdict != NoVerdict {
		s.send(result)
	}
	if manner == 2 {
		s.send(open)
	}
	switch {
	case result.Verdict == Inconclusive && d.upTo(2) == 0:
		again := Event{Kind: Scan, Tube: TubeCode{'S', code.Number}, Person: scan.Person, Site: tb.site, Mode: Single,
			Purpose: Recollection, Late: true, At: (tested + 3600) &^ 3}
		s.send(again)
		s.send(Event{Kind: Result, Tube: again.Tube, Verdict: Negative, Lab: tb.lab, Tested: again.At + 3600, Reported: never})
	case result.Verdict == Positive && c.odd():
		s.recheck(t, j, code, result.Reported)
	}
}

// singleVerdict is what a single tube shows of an infected or a well person.
func (c *City) singleVerdict(d *dice, infected bool) Verdict {
	u := d.upTo(100)
	switch {
	case c.plan.Calm && infected, infected && u < 95:
		return Positive
	case infected:
		return Inconclusive
	case c.plan.Calm, u < 96:
		return Negative
	case u < 98:
		return Inconclusive
	}
	return NoVerdict
}

// recheck emits how disease control looks again at a suspect: at the same tube, at a
// new swab, or not at all.
func (s *script) recheck(t uint32, j int, code TubeCode, accused seconds) {
	c, tb := s.city, &s.city.tubes[t]
	d := newDice(c.plan.Seed, 13, uint64(t)*derivedPerTube+uint64(j))
	well := d.upTo(100) < 45
	result := Event{Kind: Result, Tube: code, Verdict: Positive, Lab: c.diseaseControl(), Tested: accused + 1800, Reported: accused + 3000}
	if well {
		result.Verdict = Negative
	}
	manner := d.upTo(100)
	switch {
	case manner < 10:
		return
	case manner < 25: // the same tube
		s.send(result)
		s.afterConfirmation(t, j, &result, &d)
		return
	case manner < 30:
		result.Verdict = Inconclusive
	}
	at := (accused + 3600 + seconds(d.upTo(1800))) &^ 3
	result.Tube = TubeCode{'C', code.Number}
	result.Tested, result.Reported = at+3600, at+4200
	if d.upTo(8) == 0 {
		result.Lab = tb.lab // which may not release
	}
	purpose := Recheck
	if d.upTo(8) == 0 {
		purpose = Recollection
	}
	scan := Event{Kind: Scan, Tube: result.Tube, Person: tb.first + uint32(j), Site: tb.site, At: at, Late: !c.liveAround(t)}
	if d.upTo(2) == 0 {
		s.send(Event{Kind: TubeOpen, Tube: result.Tube, Site: tb.site, Mode: Single, Purpose: purpose, Capacity: 1, At: at - 40})
	} else {
		scan.Mode, scan.Purpose = Single, purpose
	}
	s.send(scan)
	if manner >= 90 {
		return // still on its way
	}
	s.send(result)
	s.afterConfirmation(t, j, &result, &d)
}

// afterConfirmation emits the recovery of some of those confirmed: a discharge, at
// times one that comes too soon to count, and a swab after it.
func (s *script) afterConfirmation(t uint32, j int, result *Event, d *dice) {
	c, tb := s.city, &s.city.tubes[t]
	if result.Verdict != Positive || result.Lab != c.diseaseControl() || c.plan.StationOnly || d.upTo(10) < 4 {
		return
	}
	discharge := Event{Kind: Discharge, Person: tb.first + uint32(j), At: result.Reported + 7200}
	if d.upTo(6) == 0 {
		discharge.At = result.Reported - 60
	}
	s.send(discharge)
	if d.upTo(6) == 0 { // once more, without effect
		discharge.At += 600
		s.send(discharge)
	}
	if d.upTo(2) == 0 {
		return
	}
	code := TubeCode{'D', t*derivedPerTube + uint32(j)}
	at := (result.Reported + 9000) | 3
	s.send(Event{Kind: Scan, Tube: code, Person: discharge.Person, Site: tb.site, Late: true, At: at})
	if d.upTo(4) > 0 {
		s.send(Event{Kind: Result, Tube: code, Verdict: Negative, Lab: tb.lab, Tested: at + 7200, Reported: at + 7800})
	}
}

// again emits how the members of a tube that gave no answer come again: into a mixed
// tube together, or some alone, or not.
func (s *script) again(t uint32, asked seconds) {
	c, tb := s.city, &s.city.tubes[t]
	d := newDice(c.plan.Seed, 14, uint64(t))
	code := TubeCode{'Q', t*derivedPerTube + derivedPerTube - 1}
	at := (asked + 3600) | 3
	together := d.upTo(10) < 6
	swabbed := 0
	for j := range int(tb.n) {
		s.call(t, j, asked)
		switch u := d.upTo(10); {
		case together && u < 7:
			s.send(Event{Kind: Scan, Tube: code, Person: tb.first + uint32(j), Site: tb.site, Late: true, At: at + seconds(j*20)})
			swabbed++
		case u < 8:
			s.recollectOne(t, j, asked)
		}
	}
	if swabbed > 0 && d.upTo(8) > 0 {
		v := Negative
		if tb.infected != 0 && d.upTo(2) == 0 {
			v = Positive
		}
		s.send(Event{Kind: Result, Tube: code, Verdict: v, Lab: tb.lab, Tested: at + 7200, Reported: at + 9000})
	}
}

// group is members [from, to) of a tube of the day, in a tube of their own.
type group struct {
	code     TubeCode
	from, to int
}

// apart emits the tubes of people whose area does not share tubes of ten: each alone,
// five together, a household together; mode and capacity are policy's. First all are
// swabbed: who comes again may be a guest in another's tube.
func (s *script) apart(t uint32) {
	c, tb := s.city, &s.city.tubes[t]
	households := c.households(t)
	var groups [tubeCapacity]group
	n := 0
	for from := 0; from < int(tb.n); n++ {
		to := from + 1
		for to < int(tb.n) && (tb.oddity == apartMedium && to < from+5 || tb.oddity == apartHousehold && households[to] == households[from]) {
			to++
		}
		groups[n] = group{TubeCode{'H', t*derivedPerTube + uint32(from)}, from, to}
		s.share(t, groups[n], households[from])
		from = to
	}
	for _, g := range groups[:n] {
		s.shared(t, g)
	}
}

// share emits the scans of a group.
func (s *script) share(t uint32, g group, household uint32) {
	tb := &s.city.tubes[t]
	d := newDice(s.city.plan.Seed, 15, uint64(g.code.Number))
	said := NoMode
	switch {
	case tb.oddity == apartHousehold && d.upTo(3) == 0:
		said = Household
	case tb.oddity == apartHigh && d.upTo(3) == 0:
		said = Single
	}
	if said == Household && d.upTo(2) == 0 {
		s.send(Event{Kind: TubeOpen, Tube: g.code, Site: tb.site, Mode: Household, At: tb.start - 40})
	}
	for j := g.from; j < g.to; j++ {
		ev := Event{Kind: Scan, Tube: g.code, Person: tb.first + uint32(j), Site: tb.site, Table: uint8(t % 2), At: tb.swab(j), Mode: said}
		if tb.oddity == apartHousehold {
			ev.Household = household
		}
		s.send(ev)
	}
}

// shared emits the result of a group, and what follows from it.
func (s *script) shared(t uint32, g group) {
	c, tb := s.city, &s.city.tubes[t]
	d := newDice(c.plan.Seed, 16, uint64(g.code.Number))
	if d.upTo(20) == 0 {
		return // still on its way
	}
	result := Event{Kind: Result, Tube: g.code, Verdict: Negative, Lab: tb.lab, Tested: tb.tested, Reported: tb.reported, Plate: tb.plate}
	if tb.infected>>g.from&(1<<(g.to-g.from)-1) != 0 {
		result.Verdict = Positive
	}
	s.send(result)
	if result.Verdict != Positive {
		return
	}
	for j := g.from; j < g.to; j++ {
		if tb.oddity == apartHigh {
			s.recheck(t, j, g.code, tb.reported)
			continue
		}
		s.call(t, j, tb.reported)
		if d.upTo(10) < 8 {
			s.recollectOne(t, j, tb.reported)
		}
	}
}
