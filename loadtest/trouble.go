package loadtest

// What befalls the tubes of a day that is not plain. All events of one tube are made
// in the order of their times and sent in that order or backwards: status does not
// depend on it.

// ask says how the members of a tube have to come again, if at all, and from when on.
type ask struct {
	manner askManner
	at     seconds
}

type askManner uint8

const (
	askNobody askManner = iota
	askSingle
	askAny
)

func (o oddity) moves() bool { return o == moved || o == movedTooLate }
func (o oddity) apart() bool { return o >= apartHigh }

// afterTrouble emits what follows from a tube's trouble.
func (s *script) afterTrouble(t uint32) {
	s.muted = true
	ask := s.trouble(t)
	s.muted = false
	switch ask.manner {
	case askSingle:
		s.recollect(t, ask.at)
	case askAny:
		s.again(t, ask.at)
	}
}

// trouble emits what went wrong with a tube.
func (s *script) trouble(t uint32) ask {
	s.held = s.held[:0]
	d := newDice(s.city.plan.Seed, 11, uint64(t))
	backwards := d.upTo(3) == 0
	answer := s.troubleOf(t, &d)
	if s.muted {
		return answer
	}
	for i := range s.held {
		if backwards {
			i = len(s.held) - 1 - i
		}
		s.send(s.held[i])
	}
	return answer
}

func (s *script) troubleOf(t uint32, d *dice) ask {
	switch s.city.tubes[t].oddity {
	case moved:
		return s.move(t, d)
	case movedTooLate:
		return s.moveTooLate(t, d)
	case lost:
		return s.lose(t, d)
	case voided:
		return s.void(t, d)
	case rejected:
		return s.reject(t, d)
	case invalidFirst:
		return s.failControl(t, d)
	case preliminary:
		return s.foretell(t, d)
	case corrected:
		return s.correct(t, d)
	case withdrawn:
		return s.withdraw(t, d)
	case secondLab:
		return s.testTwice(t, d)
	case absent:
		return s.excuse(t, d)
	case amongOthers:
		s.says(t, s.city.tubes[t].verdict, Final, 0)
		return asFor(s.city.tubes[t].verdict, s.city.tubes[t].reported)
	case noted:
		return s.identify(t, d)
	case retained:
		return s.openSpecimens(t, d)
	}
	panic("loadtest: BUG: a tube without trouble")
}

func (s *script) hold(ev Event) { s.held = append(s.held, ev) }

// says holds a result of the tube's laboratory so many seconds after the plate's.
func (s *script) says(t uint32, v Verdict, stage Stage, after seconds) {
	ev := s.resultOf(t)
	ev.Verdict, ev.Stage = v, stage
	ev.Reported += after
	if after > 0 {
		after = after * 3 / 4
	}
	ev.Tested += after
	s.hold(ev)
}

// asFor is what a verdict asks of the members.
func asFor(v Verdict, at seconds) ask {
	switch v {
	case Positive, Inconclusive:
		return ask{askSingle, at}
	case Invalid:
		return ask{askAny, at}
	}
	return ask{}
}

// closedAt is when the tube left the table.
func (t *tube) closedAt() seconds { return t.swab(int(t.n)) + 120 }

// move holds a transfer before the result: into the next tube, or into a tube of
// one's own, and sometimes back, or on into a third.
func (s *script) move(t uint32, d *dice) ask {
	c, tb := s.city, &s.city.tubes[t]
	j := c.victim(t)
	ev := Event{Kind: Transfer, Tube: TubeCode{'T', t}, Person: tb.first + uint32(j), At: tb.closedAt() + 300 + seconds(d.upTo(1200))}
	own := Single
	if d.upTo(2) == 0 {
		own = Pool
	}
	if next, ok := c.neighbour(t); ok && d.upTo(3) > 0 {
		ev.Other = TubeCode{'T', next}
		s.hold(ev)
	} else {
		ev.Other = TubeCode{'X', t * derivedPerTube}
		s.hold(ev)
		s.prepared(t, j, ev.Other, own, d)
	}
	switch d.upTo(4) {
	case 0: // back again
		s.hold(Event{Kind: Transfer, Tube: ev.Other, Other: ev.Tube, Person: ev.Person, At: ev.At + 600})
	case 1:
		on := TubeCode{'Y', t * derivedPerTube}
		s.hold(Event{Kind: Transfer, Tube: ev.Other, Other: on, Person: ev.Person, At: ev.At + 900})
		s.prepared(t, j, on, Single, d)
	}
	s.says(t, tb.verdict, Final, 0)
	return asFor(tb.verdict, tb.reported)
}

// prepared holds a tube that somebody was moved into, and mostly its result.
func (s *script) prepared(t uint32, j int, code TubeCode, mode Mode, d *dice) {
	tb := &s.city.tubes[t]
	s.hold(Event{Kind: TubeOpen, Tube: code, Site: tb.site, Mode: mode, Capacity: 5, At: tb.closedAt() + 60})
	if v := s.city.singleVerdict(d, tb.infected>>j&1 == 1); v != NoVerdict {
		s.hold(Event{Kind: Result, Tube: code, Verdict: v, Lab: tb.lab, Tested: tb.tested + 700, Reported: tb.reported + 700})
	}
}

// moveTooLate holds a transfer after the report.
func (s *script) moveTooLate(t uint32, d *dice) ask {
	tb := &s.city.tubes[t]
	j := s.city.victim(t)
	to := TubeCode{'X', t * derivedPerTube}
	s.says(t, tb.verdict, Final, 0)
	s.hold(Event{Kind: Transfer, Tube: TubeCode{'T', t}, Other: to, Person: tb.first + uint32(j), At: tb.reported + 600})
	s.prepared(t, j, to, Single, d)
	return asFor(tb.verdict, tb.reported)
}

// lose holds a tube that was lost, in half of the cases found again.
func (s *script) lose(t uint32, d *dice) ask {
	tb := &s.city.tubes[t]
	at := tb.closedAt() + 7200
	s.hold(Event{Kind: TubeLost, Tube: TubeCode{'T', t}, At: at})
	if d.upTo(2) == 0 {
		return ask{askAny, at}
	}
	s.says(t, tb.verdict, Final, 0)
	return asFor(tb.verdict, tb.reported)
}

// void holds a tube that leaked before it was tested or after, tested or not.
func (s *script) void(t uint32, d *dice) ask {
	tb := &s.city.tubes[t]
	ev := Event{Kind: TubeVoid, Tube: TubeCode{'T', t}, At: tb.closedAt() + 3600}
	kind := d.upTo(4)
	if kind == 3 {
		ev.At = tb.reported + 1800
	}
	s.hold(ev)
	if kind == 0 {
		ev.At += 900
		s.hold(ev)
	} else {
		s.says(t, tb.verdict, Final, 0)
		if tb.verdict >= Inconclusive {
			return ask{askSingle, tb.reported}
		}
	}
	return ask{askAny, ev.At}
}

// reject holds a tube that the laboratory refused: tested before it, after it, both.
func (s *script) reject(t uint32, d *dice) ask {
	tb := &s.city.tubes[t]
	ev := Event{Kind: TubeReject, Tube: TubeCode{'T', t}, Lab: tb.lab, At: tb.tested - 3600}
	kind := d.upTo(5)
	if kind != 0 {
		s.says(t, tb.verdict, Final, 0)
	}
	switch kind {
	case 1:
		ev.At = tb.tested + 60
	case 3:
		s.hold(ev)
		ev.At = tb.tested + 60
	case 4:
		ev.At = tb.tested + 60
		second := s.resultOf(t)
		second.Lab = s.city.otherLab(tb.lab)
		second.Tested, second.Reported = tb.tested+3600, tb.reported+4200
		s.hold(second)
	}
	s.hold(ev)
	switch {
	case kind != 0 && tb.verdict >= Inconclusive:
		return ask{askSingle, tb.reported}
	case kind == 2 || kind == 4:
		return ask{}
	}
	return ask{askAny, ev.At}
}

func (c *City) otherLab(lab uint8) uint8 { return uint8((int(lab) + 1) % c.labs) }

// failControl holds an invalid result, mostly tested again.
func (s *script) failControl(t uint32, d *dice) ask {
	tb := &s.city.tubes[t]
	kind := d.upTo(4)
	if kind == 3 {
		s.says(t, Invalid, Preliminary, 0) // says nothing yet
		return ask{}
	}
	s.says(t, Invalid, Final, 0)
	switch kind {
	case 1:
		s.says(t, tb.verdict, Final, 3600)
	case 2:
		ev := s.resultOf(t)
		ev.Lab, ev.Tested, ev.Reported = s.city.otherLab(tb.lab), tb.tested+1800, tb.reported+1800
		s.hold(ev)
	default:
		return ask{askAny, tb.reported}
	}
	return asFor(tb.verdict, tb.reported+3600)
}

// foretell holds a preliminary result: confirmed, contradicted, or never followed.
func (s *script) foretell(t uint32, d *dice) ask {
	tb := &s.city.tubes[t]
	v := tb.verdict
	kind := d.upTo(5)
	switch kind {
	case 1, 4:
		v = Positive
	case 2:
		v = Inconclusive
	}
	s.says(t, v, Preliminary, -600)
	switch kind {
	case 0, 1, 2:
		s.says(t, tb.verdict, Final, 0)
	case 4:
		s.says(t, Negative, Corrected, 1200)
	}
	return asFor(v, tb.reported-600)
}

// opposite is what a correction says.
func opposite(v Verdict) Verdict {
	if v == Positive {
		return Negative
	}
	return Positive
}

// correct holds a result and its correction, taken back or contradicted by some.
func (s *script) correct(t uint32, d *dice) ask {
	tb := &s.city.tubes[t]
	s.says(t, tb.verdict, Final, 0)
	s.says(t, opposite(tb.verdict), Corrected, 3600)
	switch d.upTo(4) {
	case 1:
		s.says(t, tb.verdict, Corrected, 5400)
	case 2:
		s.says(t, tb.verdict, Final, 5400) // counts only where no positive stands
	}
	if tb.verdict >= Inconclusive {
		return ask{askSingle, tb.reported}
	}
	return ask{askSingle, tb.reported + 3600}
}

// withdraw holds a result that was another tube's, reported again by some; or a
// withdrawal by a laboratory that had said nothing.
func (s *script) withdraw(t uint32, d *dice) ask {
	tb := &s.city.tubes[t]
	s.says(t, tb.verdict, Final, 0)
	switch d.upTo(5) {
	case 0:
		s.says(t, tb.verdict, Withdrawn, 1800)
	case 1:
		s.says(t, tb.verdict, Withdrawn, 1800)
		s.says(t, Negative, Final, 5400)
	case 2:
		s.says(t, tb.verdict, Withdrawn, 1800)
		s.says(t, Positive, Final, 5400)
		return ask{askSingle, tb.reported + 5400}
	case 3:
		ev := s.resultOf(t)
		ev.Stage, ev.Lab, ev.Reported = Withdrawn, s.city.otherLab(tb.lab), tb.reported+1800
		s.hold(ev)
	case 4: // in the same second
		s.says(t, tb.verdict, Withdrawn, 0)
	}
	return asFor(tb.verdict, tb.reported)
}

// testTwice holds the results of two laboratories, which may differ.
func (s *script) testTwice(t uint32, d *dice) ask {
	c, tb := s.city, &s.city.tubes[t]
	s.says(t, tb.verdict, Final, 0)
	ev := s.resultOf(t)
	ev.Lab = c.otherLab(tb.lab)
	if d.upTo(5) == 0 {
		ev.Lab = c.diseaseControl()
	}
	shift := seconds(d.upTo(3)-1) * 900
	ev.Tested, ev.Reported = ev.Tested+shift, ev.Reported+shift
	ev.Verdict = Invalid + Verdict(d.upTo(3))
	if tb.infected != 0 && d.upTo(2) == 0 || d.upTo(20) == 0 {
		ev.Verdict = Positive
	}
	s.hold(ev)
	return asFor(max(tb.verdict, ev.Verdict), tb.reported+900)
}

// diseaseControl is the laboratory of kind cdc.
func (c *City) diseaseControl() uint8 { return uint8(c.labs) }

// excuse holds why one member did not come, and now and then an excuse of one who came.
func (s *script) excuse(t uint32, d *dice) ask {
	tb := &s.city.tubes[t]
	j := s.city.victim(t)
	s.says(t, tb.verdict, Final, 0)
	if s.city.mastered() {
		ev := Event{Kind: Excuse, Person: tb.first + uint32(j), Round: dayRound, At: tb.start + 3600}
		switch d.upTo(4) {
		case 0:
			s.hold(ev)
		case 1:
			if ev.Round = noonRound; s.city.rounds[noonRound].put {
				s.hold(ev)
			}
		case 2:
			s.hold(ev)
			ev.Person = tb.first + uint32((j+1)%int(tb.n))
			s.hold(ev)
		}
	}
	return asFor(tb.verdict, tb.reported)
}

// identify holds how a person without a document turned out to be a resident, for
// some by mistake, for some never.
func (s *script) identify(t uint32, d *dice) ask {
	tb := &s.city.tubes[t]
	j := s.city.victim(t)
	s.says(t, tb.verdict, Final, 0)
	merge := Event{Kind: Merge, Noted: true, Person: tb.first + uint32(j), At: tb.reported + 900}
	undo := merge
	undo.Kind = Unmerge
	kind := d.upTo(7)
	switch kind {
	case 1: // undone
		undo.At += 900
	case 3: // undone first
		undo.At -= 900
	case 4: // in the same second
	case 5: // each is the other
		undo = merge
		undo.Noted, undo.At = false, undo.At+60
	}
	if !s.city.plan.StationOnly && kind != 6 {
		s.hold(merge)
		if kind == 1 || kind >= 3 {
			s.hold(undo)
		}
	}
	if kind%3 == 2 { // the resident comes as well, late in the day
		s.laterSwab(t, j, (tb.start+14*3600)|3, Negative)
	}
	return asFor(tb.verdict, tb.reported)
}

// laterSwab holds a mixed tube for one member and its result.
func (s *script) laterSwab(t uint32, j int, at seconds, v Verdict) {
	tb := &s.city.tubes[t]
	code := TubeCode{'Q', t*derivedPerTube + uint32(j)}
	s.hold(Event{Kind: Scan, Tube: code, Person: tb.first + uint32(j), Site: tb.site, At: at, Late: true})
	s.hold(Event{Kind: Result, Tube: code, Verdict: v, Lab: tb.lab, Tested: at + 7200, Reported: at + 7800})
}

// openSpecimens holds the result of a pool of which specimens were kept, and what the
// specimens say where it is not negative: only who has no clear answer comes again.
func (s *script) openSpecimens(t uint32, d *dice) ask {
	c, tb := s.city, &s.city.tubes[t]
	s.says(t, tb.verdict, Final, 0)
	if tb.verdict < Inconclusive {
		return ask{}
	}
	for j := range int(tb.n) {
		kind := d.upTo(10)
		if kind == 9 {
			continue // nothing was kept of this one
		}
		code := TubeCode{'I', t*derivedPerTube + uint32(j)}
		scan := Event{Kind: Scan, Tube: code, Other: TubeCode{'T', t}, Person: tb.first + uint32(j), Site: tb.site, At: tb.swab(j), Late: true}
		if d.upTo(2) == 0 {
			scan.Mode = Single
		}
		s.hold(scan)
		result := Event{Kind: Result, Tube: code, Verdict: Negative, Lab: tb.lab, Tested: tb.tested + 5400, Reported: tb.reported + 6000}
		if tb.infected>>j&1 == 1 {
			result.Verdict = Positive
			if d.upTo(4) == 0 {
				result.Lab = c.diseaseControl()
			}
		}
		switch kind {
		case 5:
			result.Verdict = Invalid
		case 6:
			s.hold(Event{Kind: TubeLost, Tube: code, At: tb.reported + 3000})
		case 7:
			s.hold(Event{Kind: TubeVoid, Tube: code, At: tb.reported + 3000})
		}
		if kind != 6 && kind != 8 {
			s.hold(result)
		}
	}
	return ask{askSingle, tb.reported + 3000}
}
