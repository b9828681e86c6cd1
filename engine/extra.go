package engine

// extra is one record of a tube's list, latest first: 16 bytes.
type extra struct {
	next uint32
	at   uint32 // Seconds; result: reported_at; run: header
	slot uint32 // scan, unscan, swab: TestIndex; result: tested_at; close: members + 1
	kind uint8
	a    uint8  // result: Stage | Verdict<<2 | upper bits of the lab<<5; open: Mode | Purpose<<2 | retained<<4; unscan: 1 = by cdc or command
	b    uint16 // result: lower bits of the lab; open: capacity, 0 = not said
}

const (
	extraResult uint8 = 1 + iota
	extraOpen
	extraClose
	extraScan   // a scan of a pair that has several events
	extraUnscan // an unscan
	extraSwab   // swab time of a slot far from the tube's base
	extraRun    // further slots
)

// resultExtra is the record of a result. REQUIRES: lab < MaxLabs.
func resultExtra(lab uint32, s Stage, v Verdict, tested, reported Seconds) extra {
	return extra{kind: extraResult, at: uint32(reported), slot: uint32(tested), a: uint8(s) | uint8(v)<<2 | uint8(lab>>16)<<5, b: uint16(lab)}
}

func (e *extra) lab() uint32      { return uint32(e.b) | uint32(e.a>>5)<<16 }
func (e *extra) stage() Stage     { return Stage(e.a & 3) }
func (e *extra) verdict() Verdict { return Verdict(e.a >> 2 & 7) }

func (t *tubes) addExtra(i uint32, e extra) {
	t.extraCount++
	t.extras.grow(t.extraCount)
	h := t.headers.mut(i)
	e.next = h.extras
	*t.extras.mut(t.extraCount) = e
	h.extras = t.extraCount
	t.hash += mixExtra(i, &e)
}

func mixExtra(i uint32, e *extra) uint64 {
	return mix(uint64(i)*mixA ^ mix(uint64(e.at)<<32|uint64(e.slot)) ^ mix(uint64(e.kind)<<24|uint64(e.a)<<16|uint64(e.b)))
}

// addResult puts a result where it belongs among the tube's results: by lab, then in
// the order in which a lab's results are folded. So a fold is one walk, however often
// a laboratory changes its mind.
func (t *tubes) addResult(i uint32, e extra) {
	t.addExtra(i, e) // at the front
	h := t.headers.mut(i)
	at := h.extras
	before := uint32(0)
	for x := t.extras.get(at).next; x != 0; x = t.extras.get(x).next {
		if o := t.extras.get(x); o.kind == extraResult && (o.lab() < e.lab() || o.lab() == e.lab() && resultKey(o) < resultKey(&e)) {
			before = x
		}
	}
	if before == 0 {
		return
	}
	h.extras = t.extras.get(at).next
	t.extras.mut(at).next = t.extras.get(before).next
	t.extras.mut(before).next = at
}

// standing is what the laboratories together say of a tube, or one of them alone.
type standing struct {
	verdict   Verdict
	reported  Seconds // the earliest of the labs that say so
	tested    Seconds // the latest of them
	prelim    bool    // all of them preliminary
	labs      int     // how many say so
	conflicts int     // plain finals that disagree with a standing positive before them
}

// verdict folds the results of each lab and takes the gravest: positive >
// inconclusive > negative > invalid.
func (t *tubes) verdict(i uint32) (v standing) {
	var lab uint32
	var l standing
	for x := t.headers.get(i).extras; x != 0; x = t.extras.get(x).next {
		e := t.extras.get(x)
		if e.kind != extraResult {
			continue
		}
		if e.lab() != lab {
			v.join(l)
			lab, l = e.lab(), standing{}
		}
		l.fold(e)
	}
	v.join(l)
	return v
}

// join takes what one more lab says.
func (s *standing) join(l standing) {
	conflicts := s.conflicts + l.conflicts
	switch {
	case l.verdict > s.verdict:
		*s = l
	case l.verdict == s.verdict:
		s.reported, s.tested = min(s.reported, l.reported), max(s.tested, l.tested)
		s.prelim = s.prelim && l.prelim
		s.labs += l.labs
	}
	s.conflicts = conflicts
}

// negativeFor is when the negative of a tube was reported for a member with that swab:
// the earliest report among the labs that tested after it; 0 when none did. skip leaves
// a result out, as if it had not come.
func (t *tubes) negativeFor(i uint32, swab Seconds, skip uint32) (reported Seconds) {
	var lab uint32
	var l standing
	take := func() {
		if l.verdict == Negative && l.tested >= swab && (reported == 0 || l.reported < reported) {
			reported = l.reported
		}
	}
	for x := t.headers.at(i).extras; x != 0; x = t.extras.at(x).next {
		e := t.extras.at(x)
		if e.kind != extraResult || x == skip {
			continue
		}
		if e.lab() != lab {
			take()
			lab, l = e.lab(), standing{}
		}
		l.fold(e)
	}
	take()
	return reported
}

// labStanding folds one lab's results in order of (reported_at, stage, gravity). A
// preliminary negative or invalid is skipped; a standing positive is replaced only by
// a positive, a corrected or a withdrawn; withdrawn removes all before it.
func (t *tubes) labStanding(i, lab uint32) (s standing) {
	for x := t.headers.get(i).extras; x != 0; x = t.extras.get(x).next {
		if e := t.extras.get(x); e.kind == extraResult && e.lab() == lab {
			s.fold(e)
		}
	}
	return s
}

// resultKey orders the results of a lab. Two with the same key are one.
func resultKey(e *extra) uint64 {
	return uint64(e.at)<<8 | uint64(stageRank(e.stage()))<<4 | uint64(e.verdict())
}

// stageRank: at equal reported_at withdrawn > corrected > final > preliminary, last wins.
func stageRank(s Stage) uint8 { return uint8(s) + 1 }

func (s *standing) fold(e *extra) {
	stage, verdict := e.stage(), e.verdict()
	switch {
	case stage == Withdrawn:
		*s = standing{}
		return
	case stage == Preliminary && (verdict == Negative || verdict == Invalid):
		return
	case s.verdict == Positive && verdict != Positive && stage != Corrected:
		if stage == Final {
			s.conflicts++
		}
		return
	}
	*s = standing{verdict: verdict, reported: Seconds(e.at), tested: Seconds(e.slot), prelim: stage == Preliminary, labs: 1}
}

// opened is what the newest tube.open says; capacity by the newest that states one.
type opened struct {
	known    bool
	mode     Mode
	purpose  Purpose
	capacity int
	retained bool
}

func (t *tubes) opened(i uint32) (o opened) {
	var at, capacityAt uint32
	var first uint8
	for x := t.headers.get(i).extras; x != 0; x = t.extras.get(x).next {
		e := t.extras.get(x)
		if e.kind != extraOpen {
			continue
		}
		if rank := openRank(e.a); !o.known || e.at > at || e.at == at && rank < first {
			o.known, at, first = true, e.at, rank
			o.mode, o.purpose, o.retained = Mode(e.a&3), Purpose(e.a>>2&3), e.a>>4&1 != 0
		}
		if c := int(e.b); c != 0 && (capacityAt == 0 || e.at > capacityAt || e.at == capacityAt && c > o.capacity) {
			capacityAt, o.capacity = e.at, c
		}
	}
	return o
}

// openRank orders what several tube.open of one second say, smallest first: pool >
// household > single, who does not say last; then the graver purpose; then not retained.
func openRank(a uint8) uint8 {
	mode := a & 3
	if mode == uint8(ModeUnset) {
		mode = uint8(Single) + 1
	}
	return mode<<3 | (3-a>>2&3)<<1 | a>>4&1
}
