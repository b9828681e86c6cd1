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
	// What follows is not part of a plain day; see trouble.go.
	moved          // one member was moved into another tube before the result
	movedTooLate   // the same after the result: of a positive, from a station a request only
	lost           // the tube was lost; some were found again
	voided         // the tube leaked
	rejected       // the laboratory refused it; some were tested all the same
	invalidFirst   // the control failed; some were tested again
	preliminary    // a preliminary result, of which a final one follows or not
	corrected      // the laboratory corrects itself, once or twice
	withdrawn      // reported for the wrong tube; some are reported again
	secondLab      // another laboratory tests the tube as well
	absent         // one member never came; some are excused
	amongOthers    // one member should be swabbed alone, or not at all yet
	noted          // one member was taken down without a document, and known later
	retained       // specimens of the members are kept, and tested when the pool is positive
	apartHigh      // members live where everybody is swabbed alone
	apartMedium    // members live where five share a tube
	apartHousehold // members live where a household shares a tube
)

var oddityNames = [...]string{"ordinary", "result early", "scans offline", "open late", "unscan moves", "unscan removes", "unscan late", "unscan too late",
	"scanned earlier", "scanned later", "result twice", "day before", "after the test", "second verdict", "no result", "eleventh", "later pool",
	"moved", "moved too late", "lost", "voided", "rejected", "invalid first", "preliminary", "corrected", "withdrawn", "second laboratory",
	"absent", "among others", "noted", "retained", "apart high", "apart medium", "apart household"}

type oddityShare struct {
	what             oddity
	common, positive int
}

// oddities and how many of 10,000 tubes have each; tubes that turned out positive
// have them more often, since that is where order matters.
var oddities = [...]oddityShare{
	{resultEarly, 50, 400}, {scansOffline, 50, 400}, {openLate, 30, 100}, {unscanMoves, 40, 100},
	{unscanRemoves, 20, 100}, {unscanLate, 20, 300}, {unscanTooLate, 0, 400}, {scannedEarlier, 30, 400},
	{scannedLater, 30, 200}, {resultTwice, 50, 300}, {dayBefore, 50, 1000}, {afterTest, 15, 200},
	{secondVerdict, 20, 1000}, {noResult, 25, 25}, {eleventh, 10, 200}, {laterPool, 5, 1000},
}

// moreOddities are those of a day that is not plain; positives have what the plain
// ones leave.
var moreOddities = [...]oddityShare{
	{moved, 30, 200}, {movedTooLate, 10, 300}, {lost, 20, 150}, {voided, 15, 150}, {rejected, 25, 250},
	{invalidFirst, 25, 100}, {preliminary, 20, 400}, {corrected, 20, 400}, {withdrawn, 20, 300}, {secondLab, 20, 300},
	{absent, 80, 50}, {amongOthers, 40, 100}, {noted, 40, 150}, {retained, 30, 500}, {apartHigh, 20, 150}, {apartMedium, 20, 150}, {apartHousehold, 30, 150},
}

func (c *City) drawOddity(t uint32) oddity {
	d := newDice(c.plan.Seed, 4, uint64(t))
	u := d.upTo(10_000)
	if what := draw(oddities[:], &u, c.tubes[t].infected != 0); what != ordinary || c.plan.Plain {
		return what
	}
	return draw(moreOddities[:], &u, c.tubes[t].infected != 0)
}

// draw takes the oddity at u, or takes their shares off u.
func draw(from []oddityShare, u *int, infected bool) oddity {
	for i := range from {
		share := from[i].common
		if infected {
			share = from[i].positive
		}
		if *u < share {
			return from[i].what
		}
		*u -= share
	}
	return ordinary
}

// phase is a step of a ward's morning or evening. A phase of a ward begins when
// every batch of the phase before it has been answered; then no live event can be
// refused, however many connections there are.
type phase uint8

const (
	phaseOpen    phase = iota // tube.open of some tubes
	phaseEarly                // results that overtake their scans
	phaseScan                 // the scans
	phaseFix                  // wrong bindings undone
	phaseClose                // tube.close
	phaseResult               // the plates
	phaseTrouble              // what befell tubes; nothing on a plain day
	phaseAfter                // offline uploads, second reports, re-collections
	phases
)

// script emits the events of tubes. One goroutine, one script: the event handed to
// visit is reused.
type script struct {
	city  *City
	visit func(*Event)
	event Event
	held  []Event // what trouble keeps back to send in another order
	muted bool
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
	if p == phaseScan {
		s.scans(t)
		return
	}
	if tb.oddity.apart() {
		if p == phaseAfter {
			s.apart(t)
		}
		return
	}
	switch p {
	case phaseOpen:
		s.open(t)
	case phaseEarly:
		if tb.oddity == resultEarly {
			s.result(t)
		}
	case phaseFix:
		s.fix(t)
	case phaseClose:
		s.closing(t)
	case phaseResult:
		if tb.oddity != resultEarly && tb.oddity != noResult && tb.oddity < moved {
			s.result(t)
		}
		if tb.oddity == resultTwice && t%2 == 0 {
			s.result(t)
		}
	case phaseTrouble:
		if tb.oddity >= moved {
			s.trouble(t)
		}
	case phaseAfter:
		if tb.oddity >= moved {
			s.afterTrouble(t)
		} else {
			s.after(t)
		}
	}
}

// open emits the tube.open that some tubes have, and all whose specimens are kept.
func (s *script) open(t uint32) {
	c, tb := s.city, &s.city.tubes[t]
	d := newDice(c.plan.Seed, 5, uint64(t))
	if tb.oddity != retained && (tb.oddity == openLate || d.upTo(100) >= 6) {
		return
	}
	ev := Event{Kind: TubeOpen, Tube: TubeCode{'T', t}, Site: tb.site, Mode: Pool, Capacity: tubeCapacity, At: tb.start - 30, Retained: tb.oddity == retained}
	if c.odd() && c.mastered() && t%7 == 1 && t%101 != 50 && !tb.oddity.moves() {
		ev.Round = dayRound
	}
	s.send(ev)
}

// odd tells whether the day has what a plain day has not.
func (c *City) odd() bool { return !c.plan.Plain && !c.plan.Calm }

// closing emits how a tube leaves the table and reaches the laboratory.
func (s *script) closing(t uint32) {
	c, tb := s.city, &s.city.tubes[t]
	at := tb.swab(int(tb.n)) + 120
	if d := newDice(c.plan.Seed, 6, uint64(t)); d.upTo(100) < 98 {
		members := tb.n
		if tb.oddity == absent && t%2 == 0 { // else the table counted somebody who never came
			members--
		}
		s.send(Event{Kind: TubeClose, Tube: TubeCode{'T', t}, Members: members, At: at})
	}
	if !c.plan.Plain && t%3 == 0 {
		s.send(Event{Kind: TubeReceive, Tube: TubeCode{'T', t}, Lab: tb.lab, At: at + 5400})
	}
}

// victim is the member whom a tube's oddity befalls.
func (c *City) victim(t uint32) int { return int(mix(c.plan.Seed^uint64(t)*31) % uint64(c.tubes[t].n)) }

// scanOf is the scan of member j as the table made it.
func (c *City) scanOf(t uint32, j int) Event {
	var ev Event
	c.scan(&ev, t, j)
	return ev
}

// scan makes the scan of member j in place: it is the event that is made most.
func (c *City) scan(ev *Event, t uint32, j int) {
	tb := &c.tubes[t]
	// Field by field: copying a literal would wait for its small stores to be whole.
	*ev = Event{}
	ev.Tube.Series, ev.Tube.Number = 'T', t
	ev.Person, ev.Site, ev.Table = tb.first+uint32(j), tb.site, uint8(t%2)
	ev.At, ev.Late = tb.swab(j), tb.oddity == resultEarly || tb.oddity == scansOffline
	if c.odd() {
		c.dress(ev, t, j)
	}
}

// dress adds what the scans of a day that is not plain say more, here and there.
func (c *City) dress(ev *Event, t uint32, j int) {
	o := c.tubes[t].oddity
	ev.Noted = o == noted && j == c.victim(t)
	ev.Late = ev.Late || o == amongOthers
	ev.Area = c.namedArea(t, j)
	if t%13 == 0 {
		households := c.households(t)
		ev.Household = households[j]
	}
	switch {
	case !c.mastered() || o.moves():
	case t%101 == 50:
		ev.Round = strayRound
	case t%7 == 0:
		ev.Round = dayRound
	}
}

// scannedLive tells whether member j is scanned in phaseScan.
func (c *City) scannedLive(t uint32, j int) bool {
	switch c.tubes[t].oddity {
	case scansOffline, apartHigh, apartMedium, apartHousehold:
		return false
	case afterTest, absent:
		return j != c.victim(t)
	}
	return true
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
	normal := c.tubes[t].oddity == ordinary
	for j := range n {
		if normal || c.scannedLive(t, j) {
			c.scan(&s.event, t, j)
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
	case scansOffline, apartHigh, apartMedium, apartHousehold:
		return 0
	case afterTest, absent:
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
		s.recollect(t, tb.reported)
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
	at := (tb.reported + 4*3600 + 1800) | 3
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
