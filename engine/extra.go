package engine

// extra is one record of a tube's list, latest first: 16 bytes.
type extra struct {
	next uint32
	at   uint32 // Seconds; result: reported_at; run: header
	slot uint32 // scan, unscan, swab: TestIndex; result: tested_at; close: members + 1
	kind uint8
	a    uint8  // result: Stage | Verdict<<4; open: Mode | Purpose<<2 | retained<<4; unscan: 1 = by cdc or command
	b    uint16 // result: lab; open: capacity, 0 = not said
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

// standing is what the laboratories together say of a tube.
type standing struct {
	verdict  Verdict
	reported Seconds // the earliest of the labs that say so
	tested   Seconds // the latest of them
	prelim   bool    // all of them preliminary
	conflict bool    // a plain final disagrees with a standing positive before it
}

// verdict folds the results of each lab and takes the gravest (design: positive >
// inconclusive > negative > invalid). Tubes have one or two results; the quadratic
// walk over labs is cheaper than any memory of it.
func (t *tubes) verdict(i uint32) (v standing) {
	h := t.headers.get(i)
	for x := h.extras; x != 0; x = t.extras.get(x).next {
		e := t.extras.get(x)
		if e.kind != extraResult || t.sameLabBefore(h.extras, x, e.b) {
			continue
		}
		l := t.labStanding(h.extras, e.b)
		switch {
		case l.verdict > v.verdict:
			l.conflict = l.conflict || v.conflict
			v = l
		case l.verdict == v.verdict && l.verdict != VerdictNone:
			v.reported, v.tested = min(v.reported, l.reported), max(v.tested, l.tested)
			v.prelim, v.conflict = v.prelim && l.prelim, v.conflict || l.conflict
		default:
			v.conflict = v.conflict || l.conflict
		}
	}
	return v
}

func (t *tubes) sameLabBefore(from, to uint32, lab uint16) bool {
	for x := from; x != to; x = t.extras.get(x).next {
		if e := t.extras.get(x); e.kind == extraResult && e.b == lab {
			return true
		}
	}
	return false
}

// labStanding folds one lab's results in order of (reported_at, stage, gravity). A
// preliminary negative or invalid is skipped; a standing positive is replaced only by
// a positive, a corrected or a withdrawn; withdrawn removes all before it.
func (t *tubes) labStanding(from uint32, lab uint16) (s standing) {
	var done uint64 // key of the last folded
	for {
		var next *extra
		var key uint64
		for x := from; x != 0; x = t.extras.get(x).next {
			e := t.extras.get(x)
			if e.kind != extraResult || e.b != lab {
				continue
			}
			if k := resultKey(e); k > done && (next == nil || k < key) {
				next, key = e, k
			}
		}
		if next == nil {
			return s
		}
		done = key
		s.fold(next)
	}
}

// resultKey orders the results of a lab; two with the same key are one (tested_at
// aside: the earlier told counts).
func resultKey(e *extra) uint64 {
	return uint64(e.at)<<8 | uint64(stageRank(Stage(e.a&15)))<<4 | uint64(e.a>>4)
}

// stageRank: at equal reported_at withdrawn > corrected > final > preliminary, last wins.
func stageRank(s Stage) uint8 { return uint8(s) + 1 }

func (s *standing) fold(e *extra) {
	stage, verdict := Stage(e.a&15), Verdict(e.a>>4)
	switch {
	case stage == Withdrawn:
		*s = standing{}
		return
	case stage == Preliminary && (verdict == Negative || verdict == Invalid):
		return
	case s.verdict == Positive && verdict != Positive && stage != Corrected:
		s.conflict = s.conflict || stage == Final
		return
	}
	*s = standing{verdict: verdict, reported: Seconds(e.at), tested: Seconds(e.slot), prelim: stage == Preliminary}
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
	for x := t.headers.get(i).extras; x != 0; x = t.extras.get(x).next {
		e := t.extras.get(x)
		if e.kind != extraOpen {
			continue
		}
		m := Mode(e.a & 3)
		if !o.known || e.at > at || e.at == at && openRank(m) < openRank(o.mode) {
			o.known, at = true, e.at
			o.mode, o.purpose, o.retained = m, Purpose(e.a>>2&3), e.a>>4&1 != 0
		}
		if c := int(e.b); c != 0 && (capacityAt == 0 || e.at > capacityAt || e.at == capacityAt && c > o.capacity) {
			capacityAt, o.capacity = e.at, c
		}
	}
	return o
}

// openRank: on a tie pool > household > single; who does not say loses.
func openRank(m Mode) Mode {
	if m == ModeUnset {
		return Single + 1
	}
	return m
}
