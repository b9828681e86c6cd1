package loadtest

// recollect emits the single tubes of the members of a positive or inconclusive
// pool: none, some or all of them are reached on the day.
func (s *script) recollect(t uint32) {
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
	case unscanMoves, unscanRemoves, unscanLate:
		gone = c.victim(t)
	}
	for j := range int(tb.n) {
		if j != gone && d.chance(reach) {
			s.recollectOne(t, j)
		}
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
func (s *script) recollectOne(t uint32, j int) {
	c, tb := s.city, &s.city.tubes[t]
	d := newDice(c.plan.Seed, 9, uint64(t)*derivedPerTube+uint64(j))
	code := TubeCode{'R', t*derivedPerTube + uint32(j)}
	at := (tb.reported + 1800 + seconds(d.upTo(9000)+j*60)) &^ 1
	tested := at + 5400 + seconds(d.upTo(3600))
	if c.plan.OneHousehold {
		at = tb.reported + 1800 + seconds(j*180)
		tested = tb.reported + 7200
	}
	scan := Event{Kind: Scan, Tube: code, Person: tb.first + uint32(j), Site: tb.site, At: at, Late: !c.liveAround(t)}
	open := Event{Kind: TubeOpen, Tube: code, Site: tb.site, Mode: Single, Recollection: true, Capacity: 1, At: at - 40}
	result := Event{Kind: Result, Tube: code, Verdict: c.singleVerdict(&d, tb.infected>>j&1 == 1), Lab: tb.lab, Tested: tested, Reported: tested + 600}
	early := !c.plan.Calm && d.upTo(20) == 0 && result.Verdict != NoVerdict
	if early {
		scan.Late = true
		s.send(result)
	}
	manner := d.upTo(3)
	switch manner {
	case 0:
		s.send(open)
	case 1:
		scan.Mode, scan.Recollection = Single, true
	default:
		scan.Late = true
	}
	s.send(scan)
	if !c.plan.Calm && d.upTo(50) == 0 && tb.n > 1 && result.Verdict != NoVerdict {
		// Two people in a single tube: its negative answers for neither. Only where a
		// result comes: else the guest would be in an open tube when their own turn comes.
		guest := scan
		guest.Person = tb.first + uint32(j+1)%uint32(tb.n)
		guest.At, guest.Late = scan.At+31, true
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
	if result.Verdict == Inconclusive && d.upTo(2) == 0 {
		again := Event{Kind: Scan, Tube: TubeCode{'S', code.Number}, Person: scan.Person, Site: tb.site, Mode: Single,
			Recollection: true, Late: true, At: (tested + 3600) &^ 1}
		s.send(again)
		s.send(Event{Kind: Result, Tube: again.Tube, Verdict: Negative, Lab: tb.lab, Tested: again.At + 3600, Reported: never})
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
