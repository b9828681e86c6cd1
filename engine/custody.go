package engine

// item is one event, resolved to what the halves speak of.
type item struct {
	late     bool
	retained bool
	roles    Role
	at       Seconds
	mode     Mode
	purpose  Purpose
	site     uint32
	lab      uint32
	arg      uint64
}

// admission is what the door decides of a scan before anything changes.
type admission struct {
	outcome Outcome
	flags   Flags
	detail  uint32
	slot    uint32 // of the pair, when it has one
}

// admitScan decides on a scan by what is known now. Duplicates are looked at before
// any refusal; what a live scan is refused for, a late one is flagged with.
//
// ask gives the facts of a person; tube and who are 0 when unknown.
func (t *tubes) admitScan(tube uint32, who PersonOrdinal, it *item, ask func(PersonOrdinal) Facts) (a admission) {
	if tube != 0 && who != 0 {
		if a.slot = t.slot(tube, who); a.slot != 0 {
			if t.hasEvent(tube, a.slot, extraScan, it.at) {
				a.outcome = Duplicate
				return a
			}
			if *t.place.get(a.slot)&placeBound != 0 {
				a.outcome, a.flags = Duplicate, FlagAlreadyBound
				return a
			}
		}
	}
	refuse := func(o Outcome, f Flags) {
		if it.late {
			a.flags |= f
		} else if a.outcome == Accepted {
			a.outcome = o
		}
	}
	if tube != 0 {
		h := t.headers.get(tube)
		if factVerdict(h.facts) != VerdictNone {
			refuse(RefusedTubeAlreadyResulted, FlagAfterResult)
		}
		if h.facts&tubeClosed != 0 {
			refuse(RefusedTubeClosed, FlagAfterClose)
		}
		if capacity := factCapacity(h.facts); int(h.bound) >= capacity {
			refuse(RefusedTubeFull, FlagOverCapacity)
			if a.outcome == RefusedTubeFull {
				a.detail = uint32(h.bound)<<8 | uint32(capacity)
			}
		}
	}
	if who != 0 {
		f := ask(who)
		if t.inOther(tube, &f) {
			refuse(RefusedPersonInOtherTube, FlagInOtherTube)
		}
		if f.HasOrder && f.State != StateMustResample { // any tube fulfils an order of that kind
			a.flags |= FlagExpectsSingle // taken back when the tube turns out single
		}
	}
	if a.outcome.Refused() {
		a.flags = 0
	}
	return a
}

// inOther tells whether one of the person's pending tests lies in another tube that is open.
func (t *tubes) inOther(tube uint32, f *Facts) bool {
	for _, test := range f.Pending {
		if test == 0 {
			return false
		}
		other := t.of(uint32(test))
		facts := t.headers.get(other).facts
		if other != tube && facts&tubeClosed == 0 && factVerdict(facts) == VerdictNone {
			return true
		}
	}
	return false
}

// hasEvent tells whether the pair has a scan or unscan at that very second.
func (t *tubes) hasEvent(i, slot uint32, kind uint8, at Seconds) bool {
	if *t.place.get(slot)&placeEvents == 0 {
		return kind == extraScan && t.swab(i, slot) == at
	}
	for x := t.headers.get(i).extras; x != 0; x = t.extras.get(x).next {
		if e := t.extras.get(x); e.kind == kind && e.slot == slot && e.at == uint32(at) {
			return true
		}
	}
	return false
}

// scan binds a person, or adds one more scan to a pair that has a slot.
func (t *tubes) scan(i uint32, who PersonOrdinal, a admission, it *item) Flags {
	h := t.headers.mut(i)
	switch it.mode {
	case Single:
		h.says |= saysSingle
	case Household:
		h.says |= saysHousehold
	default:
		h.says |= saysPool
	}
	if h.site == 0 {
		h.site = it.site
	}
	s, first := a.slot, a.slot == 0
	if first {
		s = t.newSlot(i, who)
		t.setSwab(i, s, it.at, placeBound)
		t.headers.mut(i).bound++
	} else {
		t.materialize(i, s)
		t.addExtra(i, extra{kind: extraScan, slot: s, at: uint32(it.at)})
		t.rebind(i, s)
	}
	t.refresh(i, s, first, false)
	return t.scanFlags(i, s, a.flags, it)
}

func (t *tubes) scanFlags(i, s uint32, f Flags, it *item) Flags {
	h := t.headers.get(i)
	single := factMode(h.facts) == Single
	if single {
		f &^= FlagExpectsSingle
		if h.bound > 1 {
			f |= FlagSingleWithMany
		}
	}
	if *t.place.get(s)&placeBound == 0 {
		f |= FlagUnbound
	}
	if factVerdict(h.facts) == Negative && t.verdict(i).tested < t.swab(i, s) {
		f |= FlagSwabAfterTest
	}
	return f
}

// unscan undoes a binding. slot is 0 when the pair was never scanned: it is
// remembered, for the scan may be on its way.
func (t *tubes) unscan(i uint32, who PersonOrdinal, slot uint32, it *item) (f Flags) {
	first := slot == 0
	if first || t.swab(i, slot) == 0 {
		f |= FlagNotBound
	}
	if first {
		slot = t.newSlot(i, who)
		t.setSwab(i, slot, 0, placeEvents)
	} else {
		t.materialize(i, slot)
	}
	e := extra{kind: extraUnscan, slot: slot, at: uint32(it.at)}
	if it.roles&(RoleCDC|RoleCommand) != 0 {
		e.a = 1
	}
	t.addExtra(i, e)
	t.rebind(i, slot)
	t.refresh(i, slot, first, false)
	if h := t.headers.get(i); e.a == 0 && factVerdict(h.facts) >= Inconclusive && it.at > Seconds(h.facts) {
		f |= FlagUnscanRequested
	}
	return f
}

// materialize turns a plain slot, which has one scan, into one with a list of events.
func (t *tubes) materialize(i, s uint32) {
	if place := *t.place.get(s); place&placeEvents == 0 {
		t.addExtra(i, extra{kind: extraScan, slot: s, at: uint32(t.swab(i, s))})
		t.setPlace(s, place|placeEvents)
	}
}

// rebind decides a pair by its newest scan or unscan (tie: unscan). The swab's time
// is that of the earliest scan. An unscan later than the report of the tube's
// standing positive or inconclusive counts only from cdc or command.
func (t *tubes) rebind(i, s uint32) {
	h := t.headers.get(i)
	grave := factVerdict(h.facts) >= Inconclusive
	reported := uint32(h.facts)
	var swab, scanned, undone uint32
	for x := h.extras; x != 0; x = t.extras.get(x).next {
		e := t.extras.get(x)
		if e.slot != s {
			continue
		}
		switch {
		case e.kind == extraScan:
			if swab == 0 || e.at < swab {
				swab = e.at
			}
			scanned = max(scanned, e.at)
		case e.kind == extraUnscan && (e.a == 1 || !grave || e.at <= reported):
			undone = max(undone, e.at)
		}
	}
	if Seconds(swab) != t.swab(i, s) {
		t.setSwab(i, s, Seconds(swab), 0)
	}
	place := *t.place.get(s)
	bound := scanned > undone
	if bound == (place&placeBound != 0) {
		return
	}
	m := t.headers.mut(i)
	if bound {
		m.bound++
	} else {
		m.bound--
	}
	t.setPlace(s, place^placeBound)
}

// open takes a tube.open. It may come after scans and results: mode, capacity and
// purpose follow the newest, and everything that hangs on them.
func (t *tubes) open(i uint32, it *item) (Outcome, Flags) {
	e := extra{kind: extraOpen, at: uint32(it.at), a: uint8(it.mode) | uint8(it.purpose)<<2, b: uint16(it.arg)}
	if it.retained {
		e.a |= 1 << 4
	}
	if t.hasExtra(i, e) {
		return Duplicate, 0
	}
	if h := t.headers.mut(i); h.site == 0 {
		h.site = it.site
	}
	t.addExtra(i, e)
	t.refresh(i, 0, false, false)
	if h := t.headers.get(i); factMode(h.facts) == Single && h.bound > 1 {
		return Accepted, FlagSingleWithMany
	}
	return Accepted, 0
}

// close takes a tube.close; members is what was counted, compared with the scans.
func (t *tubes) close(i uint32, it *item) (Outcome, Flags) {
	e := extra{kind: extraClose, at: uint32(it.at), slot: uint32(it.arg)}
	facts := t.headers.get(i).facts
	switch first := *t.closed.get(i); {
	case first == e.at && facts>>tubeCounted&63 == it.arg || t.hasExtra(i, e):
		return Duplicate, 0
	case first == 0 && it.arg < 64:
		*t.closed.mut(i) = e.at
		t.hash += mixExtra(i, &e)
		t.setFacts(i, facts|it.arg<<tubeCounted)
	default:
		t.addExtra(i, e)
	}
	t.refresh(i, 0, false, false)
	if it.arg != 0 && it.arg-1 != uint64(t.headers.get(i).bound) {
		return Accepted, FlagCountMismatch
	}
	return Accepted, 0
}

// hasExtra tells whether the tube has an equal record already.
func (t *tubes) hasExtra(i uint32, e extra) bool {
	for x := t.headers.get(i).extras; x != 0; {
		o := *t.extras.get(x)
		x, o.next = o.next, 0
		if o == e {
			return true
		}
	}
	return false
}

// result takes what a laboratory says. A tube without members keeps it until its scans come.
func (t *tubes) result(i uint32, it *item) (Outcome, Flags) {
	reported, stage, verdict := ResultOf(it.arg)
	e := resultExtra(it.lab, stage, verdict, it.at, reported)
	for x := t.headers.get(i).extras; x != 0; x = t.extras.get(x).next {
		if o := t.extras.get(x); o.kind == e.kind && o.at == e.at && o.a == e.a && o.b == e.b {
			return Duplicate, 0
		}
	}
	before, labBefore := t.verdict(i), t.labStanding(i, it.lab)
	t.addResult(i, e)
	t.results++
	after := t.verdict(i)
	t.newest = t.extraCount
	t.refresh(i, 0, false, before.tested != after.tested || after.labs > 1)
	t.newest = 0
	var f Flags
	if t.headers.get(i).bound == 0 {
		f |= FlagTubeUnknown
	}
	if t.labStanding(i, it.lab).conflicts > labBefore.conflicts {
		f |= FlagVerdictConflict
	}
	if after.verdict == Negative && t.swabbedAfter(i, after.tested) {
		f |= FlagSwabAfterTest
	}
	return Accepted, f
}

func (t *tubes) swabbedAfter(i uint32, tested Seconds) (found bool) {
	if h := t.headers.get(i); h.facts&tubeGrown == 0 && h.base != 0 && Seconds(h.base)+2048 <= tested && h.says&saysWide == 0 {
		return false // no swab of a plain slot is farther from the base than that
	}
	t.runs(i, func(h *header) bool {
		for s := h.first; s < h.first+uint32(h.used) && !found; s++ {
			found = *t.place.get(s)&placeBound != 0 && t.swab(i, s) > tested
		}
		return !found
	})
	return found
}
