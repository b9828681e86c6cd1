package engine

import "sync/atomic"

// TubeFilter selects tubes. Empty and zero: any.
type TubeFilter struct {
	After TubeIndex // to go on from
	Limit int
	Lab   string // received it, or sent a result of it
	Site  string
	Round string
	// States has bit 1<<Resolution for each wanted.
	States uint16
}

// MissedName is what a list was asked for and nobody ever mentioned.
type MissedName uint8

const (
	MissedNone MissedName = iota
	MissedLab
	MissedSite
	MissedRound
)

// Tubes calls do for tubes that pass a filter in the order of their first mention, until it
// answers false or the limit is reached; the view is valid during the call, which runs
// outside the lock. It returns the last tube looked at, and whether more follow.
//
// It looks at a bounded number of tubes, and so may end with more to follow before the
// limit is reached: at 1,048,576 headers at the most, which tell a tube's site and nearly
// always how far it has come, and at 65,536 of the tubes that these leave. The writer
// waits for 2,048 headers, or for 32 tubes.
func (e *Engine) Tubes(f TubeFilter, do func(*TubeView) bool) (last TubeIndex, more bool, missed MissedName) {
	l := tubeList{e: e, TubeFilter: f, last: uint32(f.After)}
	if missed = l.resolve(); missed != MissedNone {
		return f.After, false, missed
	}
	more = true
	for more && l.looked < tubesLook && l.asked < tubesAsk {
		found, end := l.headers()
		for len(found) > 0 {
			part := found[:min(len(found), tubesPage)]
			found = found[len(part):]
			if l.tubes(part); !l.tell(part, do) {
				return TubeIndex(l.last), l.more, MissedNone
			}
			if l.asked += len(part); l.asked >= tubesAsk && len(found) > 0 {
				return TubeIndex(l.last), true, MissedNone
			}
		}
		l.last, more = l.from, l.from < end
	}
	return TubeIndex(l.last), more, MissedNone
}

// tubeList is one reader's question.
type tubeList struct {
	TubeFilter
	e      *Engine
	lab    uint32
	site   uint32
	round  RoundID
	last   uint32 // told, or looked at
	from   uint32 // the last of the headers
	looked int
	asked  int
	shown  int
	more   bool
	found  []uint32
	views  [tubesPage]TubeView
	passed [tubesPage]bool
}

// resolve finds the numbers of what was asked for.
func (l *tubeList) resolve() MissedName {
	e := l.e
	e.mu.RLock()
	defer e.mu.RUnlock()
	var ok bool
	if l.lab, ok = e.master.labNumber([]byte(l.Lab)); !ok {
		return MissedLab
	}
	if l.site, ok = e.master.siteNumber([]byte(l.Site)); !ok && l.Site != "" {
		return MissedSite
	}
	if l.round, ok = e.master.roundNumber([]byte(l.Round)); !ok || l.round == 0 && l.Round != "" {
		return MissedRound
	}
	l.from = l.last
	if l.States == 0 {
		l.States = ^uint16(0)
	}
	return MissedNone
}

// headers looks at the next page of headers for tubes that may pass; end is the last that
// there is.
func (l *tubeList) headers() (found []uint32, end uint32) {
	e, t := l.e, l.e.tubes
	l.found = l.found[:0]
	first := l.from + 1
	to := (first/tubesCut + 1) * tubesCut // a page's last
	warm(e, []uint32{first}, (*needs).header)
	e.mu.RLock()
	defer e.mu.RUnlock()
	end = t.count
	for i := first; i < to && i <= end; i++ {
		h := t.headers.at(i)
		l.looked++
		l.from = i
		f := atomic.LoadUint64(&h.facts)
		if f&tubeExtension == 0 && (l.site == 0 || h.site() == l.site) && l.States&mayBe(f) != 0 && (l.lab == 0 || h.extras != 0) {
			l.found = append(l.found, i)
		}
	}
	return l.found, end
}

func (n *needs) header(i uint32) bool {
	return int(i) >= n.e.tubes.headers.limitForReaders() || has(n, n.e.tubes.headers, i) != nil
}

// listed follows all of a tube, and the people whose answer may be another's than the tube's.
func (n *needs) listed(i uint32) bool {
	if !n.whole(i) {
		return false
	}
	f := n.e.tubes.headers.at(i).facts
	v := factVerdict(f)
	return f&tubeMarred == 0 && (v == Negative || v == VerdictNone) || n.run(i, true)
}

// tubes composes the views of tubes that may pass, and tells which of them do.
func (l *tubeList) tubes(list []uint32) {
	e := l.e
	warm(e, list, (*needs).listed)
	e.mu.RLock()
	defer e.mu.RUnlock()
	for k, i := range list {
		v := &l.views[k]
		if l.passed[k] = (l.lab == 0 || e.tubes.isOfLab(i, l.lab)) && (l.round == 0 || e.roundOfTube(i) == l.round); !l.passed[k] {
			continue
		}
		e.tubeView(TubeIndex(i), v)
		l.passed[k] = l.States>>v.Resolution&1 != 0
	}
}

// tell tells those that pass; false when that is enough.
func (l *tubeList) tell(list []uint32, do func(*TubeView) bool) bool {
	for k, i := range list {
		if !l.passed[k] {
			l.last = i
			continue
		}
		if l.shown == l.Limit {
			l.more = true
			return false
		}
		l.shown, l.last = l.shown+1, i
		if !do(&l.views[k]) {
			l.more = true
			return false
		}
	}
	return true
}

// isOfLab tells whether a laboratory received a tube, or sent a result of it.
func (t *tubes) isOfLab(i, lab uint32) bool {
	for x := t.headers.at(i).extras; x != 0; {
		e := t.extras.at(x)
		x = e.next
		if e.kind == extraResult && e.lab() == lab || e.kind == extraReceive && e.receiver() == lab {
			return true
		}
	}
	return false
}

// receiver is the laboratory of an extraReceive.
func (e *extra) receiver() uint32 { return uint32(e.b) | uint32(e.a)<<16 }

// mayBe are the resolutions, bit 1<<Resolution, among which a tube's facts leave a choice:
// TubeView.resolve makes it.
func mayBe(f uint64) uint16 {
	const negative, resolving, resolved = 1 << TubeNegative, 1 << TubeResolving, 1 << TubeResolved
	switch v := factVerdict(f); {
	case !grave(v) && f&tubeVoid != 0:
		return 1 << TubeVoid
	case v == Negative && f&tubeMarred == 0:
		return negative
	case v == Negative:
		return negative | resolving
	case v != VerdictNone:
		return resolving | resolved
	case f&tubeMarred != 0:
		return resolving | 1<<TubeLost | 1<<TubeReceived
	case f&tubeReceived != 0:
		return 1 << TubeReceived
	case f&tubeClosed != 0:
		return 1 << TubeClosed
	}
	return 1 << TubeOpen
}
