package loadtest

// oddity is what goes differently with one tube of the day.
type oddity uint8

// The oddities. "After" means: sent when the tube's result has been answered.
const (
	ordinary       oddity = iota
	resultEarly           // the result is sent before the scans
	scansOffline          // the phone had no network: all scans come after the result
	openLate              // tube.open comes after
	unscanMoves           // one person was scanned into the wrong tube; undone, scanned into the next
	unscanRemoves         // one person was scanned but not swabbed; undone
	unscanLate            // the same, but the unscan comes after
	unscanTooLate         // an unscan that happened after the report of a positive: from a station a request only
	scannedEarlier        // a second scan of a pair, at an earlier time, comes after
	scannedLater          // a second scan of a pair, at a later time
	resultTwice           // the result comes twice
	dayBefore             // one member's negative of the day before comes after
	afterTest             // one swab was taken after the test
	secondVerdict         // another result of the same laboratory, or of another
	noResult              // the tube is never resulted
	eleventh              // a guest from the next tube: eleven in a tube of ten
	laterPool             // one member is in a later mixed tube too, negative
)

// oddities and how many of 10,000 tubes have each; tubes that turned out positive
// have them more often, since that is where order matters.
var oddities = [...]struct {
	what             oddity
	common, positive int
}{
	{resultEarly, 50, 400}, {scansOffline, 50, 400}, {openLate, 30, 100}, {unscanMoves, 40, 100},
	{unscanRemoves, 20, 100}, {unscanLate, 20, 300}, {unscanTooLate, 0, 400}, {scannedEarlier, 30, 400},
	{scannedLater, 30, 200}, {resultTwice, 50, 300}, {dayBefore, 50, 1000}, {afterTest, 15, 200},
	{secondVerdict, 20, 1000}, {noResult, 25, 25}, {eleventh, 10, 200}, {laterPool, 5, 1000},
}

func (c *City) drawOddity(t uint32) oddity {
	tb := &c.tubes[t]
	d := newDice(c.plan.Seed, 4, uint64(t))
	u := d.upTo(10_000)
	for _, o := range &oddities {
		share := o.common
		if tb.infected != 0 {
			share = o.positive
		}
		if u < share {
			return o.what
		}
		u -= share
	}
	return ordinary
}

// phase is a step of a ward's morning or evening. A phase of a ward begins when
// every batch of the phase before it has been answered; then no live event can be
// refused, however many connections there are.
type phase uint8

const (
	phaseOpen   phase = iota // tube.open of some tubes
	phaseEarly               // results that overtake their scans
	phaseScan                // the scans
	phaseFix                 // wrong bindings undone
	phaseClose               // tube.close
	phaseResult              // the plates
	phaseAfter               // offline uploads, second reports, re-collections
	phases
)

// script emits the events of tubes. One goroutine, one script: the event handed to
// visit is reused.
type script struct {
	city  *City
	visit func(*Event)
	event Event
}

// send fills in what all events of a tube share and hands the event on.
func (s *script) send(ev Event) {
	s.event = ev
	s.visit(&s.event)
}

// emit emits the events of one tube of the day in one phase, in the order in which
// the server has to see them.
func (s *script) emit(p phase, t uint32) {
	tb := &s.city.tubes[t]
	code := TubeCode{'T', t}
	switch p {
	case phaseOpen:
		if d := newDice(s.city.plan.Seed, 5, uint64(t)); tb.oddity != openLate && d.upTo(100) < 6 {
			s.send(Event{Kind: TubeOpen, Tube: code, Site: tb.site, Mode: Pool, Capacity: tubeCapacity, At: tb.start - 30})
		}
	case phaseEarly:
		if tb.oddity == resultEarly {
			s.result(t)
		}
	case phaseScan:
		s.scans(t)
	case phaseFix:
		s.fix(t)
	case phaseClose:
		if d := newDice(s.city.plan.Seed, 6, uint64(t)); d.upTo(100) < 98 {
			s.send(Event{Kind: TubeClose, Tube: code, Members: int(tb.n), At: tb.swab(int(tb.n)) + 120})
		}
	case phaseResult:
		if tb.oddity != resultEarly && tb.oddity != noResult {
			s.result(t)
		}
		if tb.oddity == resultTwice && t%2 == 0 {
			s.result(t)
		}
	case phaseAfter:
		s.after(t)
	}
}

// victim is the member whom a tube's oddity befalls.
func (c *City) victim(t uint32) int { return int(mix(c.plan.Seed^uint64(t)*31) % uint64(c.tubes[t].n)) }

// scanOf is the scan of member j as the table made it.
func (c *City) scanOf(t uint32, j int) Event {
	tb := &c.tubes[t]
	return Event{Kind: Scan, Tube: TubeCode{'T', t}, Person: tb.first + uint32(j), Site: tb.site, Table: uint8(t % 2),
		At: tb.swab(j), Late: tb.oddity == resultEarly || tb.oddity == scansOffline}
}

// scannedLive tells whether member j is scanned in phaseScan.
func (c *City) scannedLive(t uint32, j int) bool {
	o := c.tubes[t].oddity
	return o != scansOffline && (o != afterTest || j != c.victim(t))
}

// resent is the member whose scan a tube's phone sends twice, or -1: one scan of a hundred.
func (c *City) resent(t uint32) int {
	h := mix(c.plan.Seed + uint64(t)*0x9e3779b97f4a7c15)
	if c.plan.Calm || h%10 != 0 || c.tubes[t].oddity != ordinary {
		return -1
	}
	return int(h >> 32 % uint64(c.tubes[t].n))
}

func (s *script) scans(t uint32) {
	c, n := s.city, int(s.city.tubes[t].n)
	for j := range n {
		if c.scannedLive(t, j) {
			s.event = c.scanOf(t, j)
			s.visit(&s.event)
		}
	}
	if j := c.resent(t); j >= 0 {
		s.send(c.scanOf(t, j))
	}
}

// scanLines is the number of events of phaseScan.
func (c *City) scanLines(t uint32) int {
	n := int(c.tubes[t].n)
	switch c.tubes[t].oddity {
	case scansOffline:
		return 0
	case afterTest:
		return n - 1
	}
	if c.resent(t) >= 0 {
		n++
	}
	return n
}

// neighbour is the next tube of the same site and part, if it is an ordinary one.
func (c *City) neighbour(t uint32) (uint32, bool) {
	s := &c.sites[c.tubes[t].site]
	next := t + 1
	if next == s.tubes[morning].to || next == s.tubes[evening].to || c.tubes[next].oddity != ordinary {
		return 0, false
	}
	return next, true
}

func (s *script) fix(t uint32) {
	c, tb := s.city, &s.city.tubes[t]
	if tb.oddity != unscanMoves && tb.oddity != unscanRemoves {
		return
	}
	j := c.victim(t)
	scan := c.scanOf(t, j)
	s.send(Event{Kind: Unscan, Tube: scan.Tube, Person: scan.Person, At: scan.At + 90})
	next, ok := c.neighbour(t)
	if tb.oddity == unscanMoves && ok && c.tubes[next].n < tubeCapacity {
		s.send(Event{Kind: Scan, Tube: TubeCode{'T', next}, Person: scan.Person, Site: tb.site,
			At: max(c.tubes[next].swab(int(c.tubes[next].n)), scan.At+95) + 10})
	} else if tb.oddity == unscanMoves {
		// The next tube is full or the queue is over: a tube of their own.
		own := Event{Kind: Scan, Tube: TubeCode{'N', t * derivedPerTube}, Person: scan.Person, Site: tb.site, At: scan.At + 120}
		s.send(own)
	}
}

func (s *script) resultOf(t uint32) Event {
	tb := &s.city.tubes[t]
	return Event{Kind: Result, Tube: TubeCode{'T', t}, Verdict: tb.verdict, Lab: tb.lab, Tested: tb.tested,
		Reported: tb.reported, Plate: tb.plate, Well: tb.well}
}

func (s *script) result(t uint32) { s.send(s.resultOf(t)) }

// after emits what comes when the results are in.
func (s *script) after(t uint32) {
	c, tb := s.city, &s.city.tubes[t]
	v := 0
	var scan Event
	if tb.oddity != ordinary {
		v = c.victim(t)
		scan = c.scanOf(t, v)
		scan.Late = true
	}
	switch tb.oddity {
	case scansOffline:
		for j := range int(tb.n) {
			s.send(c.scanOf(t, j))
		}
	case openLate:
		s.send(Event{Kind: TubeOpen, Tube: TubeCode{'T', t}, Site: tb.site, Mode: Pool, Capacity: tubeCapacity, At: tb.start - 30})
	case unscanMoves:
		if next, ok := c.neighbour(t); !ok || c.tubes[next].n == tubeCapacity {
			s.send(Event{Kind: Result, Tube: TubeCode{'N', t * derivedPerTube}, Verdict: Negative, Lab: tb.lab, Tested: tb.tested, Reported: tb.reported})
		}
	case unscanLate:
		s.send(Event{Kind: Unscan, Tube: scan.Tube, Person: scan.Person, At: scan.At + 90, Late: true})
	case unscanTooLate:
		s.send(Event{Kind: Unscan, Tube: scan.Tube, Person: scan.Person, At: tb.reported + 600, Late: true})
	case scannedEarlier:
		scan.At -= 3600
		s.send(scan)
	case scannedLater:
		scan.At += 300
		s.send(scan)
	case resultTwice:
		s.result(t)
	case dayBefore:
		s.dayBefore(t, v)
	case afterTest:
		scan.At = tb.tested + 60
		s.send(scan)
	case secondVerdict:
		s.secondVerdict(t)
	case eleventh:
		if next, ok := c.neighbour(t); ok && tb.n == tubeCapacity {
			guest := c.scanOf(next, 0)
			guest.Tube, guest.Late, guest.At = scan.Tube, true, tb.swab(tubeCapacity)+7
			if guest.At == c.tubes[next].start {
				guest.At++
			}
			s.send(guest)
		}
	}
	if tb.verdict >= Inconclusive && tb.oddity != noResult {
		s.recollect(t)
	}
	if tb.oddity == laterPool {
		s.laterPool(t, v)
	}
}

// dayBefore sends a negative of the day before: an older swab, which releases nobody.
func (s *script) dayBefore(t uint32, j int) {
	tb := &s.city.tubes[t]
	code := TubeCode{'O', t*derivedPerTube + uint32(j)}
	at := tb.swab(j)/2 - 86400 // the night before
	scan := Event{Kind: Scan, Tube: code, Person: tb.first + uint32(j), Site: tb.site, At: at, Late: true}
	if t%2 == 0 {
		scan.Mode = Single
	}
	s.send(scan)
	s.send(Event{Kind: Result, Tube: code, Verdict: Negative, Lab: tb.lab, Tested: at + 20000, Reported: never})
}

// laterPool puts a member into a later mixed tube, negative: it releases nobody.
func (s *script) laterPool(t uint32, j int) {
	tb := &s.city.tubes[t]
	code := TubeCode{'Q', t*derivedPerTube + uint32(j)}
	at := (tb.reported + 4*3600 + 1800) | 1
	s.send(Event{Kind: Scan, Tube: code, Person: tb.first + uint32(j), Site: tb.site, At: at, Late: true})
	s.send(Event{Kind: Result, Tube: code, Verdict: Negative, Lab: tb.lab, Tested: at + 7200, Reported: at + 7800})
}

// secondVerdict sends another result of the tube, which stands or does not:
// a positive is not replaced by a later final; an older result changes nothing;
// an inconclusive replaces a negative and is replaced by one.
func (s *script) secondVerdict(t uint32) {
	c := s.city
	ev := s.resultOf(t)
	ev.Plate++
	switch d := newDice(c.plan.Seed, 7, uint64(t)); {
	case ev.Verdict == Positive && d.upTo(3) == 0:
		ev.Verdict, ev.Reported = Negative, ev.Reported+1200
	case ev.Verdict == Positive && d.upTo(2) == 0:
		ev.Verdict, ev.Reported = Negative, ev.Reported-120
	case ev.Verdict == Positive:
		ev.Verdict, ev.Reported, ev.Lab = Negative, ev.Reported+300, uint8((int(ev.Lab)+1)%c.labs)
	case ev.Verdict == Inconclusive:
		ev.Verdict, ev.Reported = Negative, ev.Reported+1200
	case d.upTo(2) == 0:
		ev.Verdict, ev.Reported = Inconclusive, ev.Reported-120
	default:
		ev.Verdict, ev.Reported = Inconclusive, ev.Reported+1200
	}
	s.send(ev)
}
