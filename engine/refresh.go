package engine

// refresh works out a tube's facts again after an event, and tells the people half of
// every member for whom something changed: of touched (0: none) in any case, of all
// when what effects depend on has changed, or when the caller says so.
func (t *tubes) refresh(i, touched uint32, first, all bool) {
	h := t.headers.get(i)
	old := h.facts
	if h.extras == 0 && old&tubeClosed == 0 && *t.closed.get(i) == 0 { // a tube that has only been scanned into
		facts := t.compose(h, standing{}, opened{}, old)
		if facts != old {
			t.setFacts(i, facts)
		}
		t.tell(i, touched, first, false, renewal{}, standing{})
		return
	}
	v, o := t.verdict(i), t.opened(i)
	if grave(v.verdict) != grave(factVerdict(old)) || grave(v.verdict) && v.reported != Seconds(old) {
		// Which unscans count depends on the standing positive.
		t.setFacts(i, old&^(7<<tubeVerdict|wordLow)|uint64(v.verdict)<<tubeVerdict|uint64(v.reported))
		t.rebindAll(i)
	}
	facts := t.compose(t.headers.get(i), v, o, old)
	facts = t.closing(i, facts)
	if facts != t.headers.get(i).facts {
		t.setFacts(i, facts)
	}
	resulted := v.verdict != VerdictNone || factVerdict(old) != VerdictNone
	all = resulted && (all || facts&tubeTold != old&tubeTold)
	changed := facts ^ old
	t.tell(i, touched, first, all, renewal{mode: changed&(3<<tubeMode) != 0, report: changed&wordLow != 0}, v)
}

func grave(v Verdict) bool { return v >= Inconclusive }

func (t *tubes) rebindAll(i uint32) {
	t.runs(i, func(h *header) bool {
		for s := h.first; s < h.first+uint32(h.used); s++ {
			if *t.place.get(s)&placeEvents != 0 {
				t.rebind(i, s)
			}
		}
		return true
	})
}

// compose makes the facts of a tube. Mode: the newest tube.open's; without one what
// the scans say, single only if all say so. One place means single if nobody says otherwise.
func (t *tubes) compose(h *header, v standing, o opened, old uint64) uint64 {
	mode := o.mode
	if mode == ModeUnset {
		switch says := h.says & (saysPool | saysHousehold | saysSingle); {
		case says == 0 || says&saysPool != 0:
			mode = Pool
			if o.capacity == 1 {
				mode = Single
			}
		case says&saysHousehold != 0:
			mode = Household
		default:
			mode = Single
		}
	}
	capacity := o.capacity
	if capacity == 0 {
		capacity = t.policy.PoolCapacity
		if mode == Single {
			capacity = 1
		}
	}
	f := old & (tubeGrown | tubeClosed | tubeMiscounted | 63<<tubeCounted)
	f |= uint64(v.reported) | uint64(v.verdict)<<tubeVerdict | uint64(mode)<<tubeMode
	f |= uint64(o.purpose)<<tubePurpose | uint64(capacity)<<tubeCapacity
	if v.prelim {
		f |= tubePrelim
	}
	if v.labs > 1 && v.verdict == Negative {
		f |= tubeSeveral
	}
	if v.conflicts > 0 {
		f |= tubeConflict
	}
	if o.retained {
		f |= tubeRetained
	}
	if h.bound == 1 {
		f |= tubeSole
	}
	return f
}

// closing sets what the newest tube.close says (tie: the larger count).
func (t *tubes) closing(i uint32, f uint64) uint64 {
	h := t.headers.get(i)
	at, counted := *t.closed.get(i), uint32(f>>tubeCounted&63)
	f &^= tubeClosed | tubeMiscounted
	if at != 0 {
		f |= tubeClosed
	}
	for x := h.extras; x != 0; x = t.extras.get(x).next {
		e := t.extras.get(x)
		if e.kind != extraClose {
			continue
		}
		f |= tubeClosed
		if e.at > at || e.at == at && e.slot > counted {
			at, counted = e.at, e.slot
		}
	}
	if counted != 0 && counted-1 != uint32(h.bound) {
		f |= tubeMiscounted
	}
	return f
}

// renewal is what readers see of an outcome beside the verdict, and has changed.
type renewal struct{ mode, report bool }

// tell adds effects for the touched test, and for all members if all is set.
func (t *tubes) tell(i, touched uint32, first, all bool, renewed renewal, v standing) {
	h := t.headers.get(i)
	if !all {
		if touched != 0 {
			t.tellOne(i, h, touched, first, renewal{}, v)
		}
		return
	}
	t.runs(i, func(run *header) bool {
		for s := run.first; s < run.first+uint32(run.used); s++ {
			if s == touched || *t.place.get(s)&(placeBound|placeEvents) != 0 {
				t.tellOne(i, h, s, first && s == touched, renewed, v)
			}
		}
		return true
	})
}

// tellOne tells one member's outcome: the tube's, but a negative tested before the
// member's swab is none.
func (t *tubes) tellOne(i uint32, h *header, s uint32, first bool, renewed renewal, v standing) {
	place := *t.place.get(s)
	swab := t.swab(i, s)
	var f TestFacts
	if first {
		f |= factFirst
	}
	if place&placeBound == 0 {
		t.effects.add(PersonOrdinal(*t.member.get(s)), TestIndex(s), swab, f|factUnbound)
		return
	}
	o := OutcomeNone
	single := factMode(h.facts) == Single
	switch v.verdict {
	case Positive:
		o = OutcomeHold
		if single {
			o = OutcomeSuspect
		}
	case Inconclusive:
		o = OutcomeHold
	case Invalid:
		o = OutcomeMust
	case Negative:
		if v.labs > 1 {
			v.reported = t.negativeFor(i, swab, 0)
			renewed.report = t.newest != 0 && v.reported != t.negativeFor(i, swab, t.newest)
		}
		if v.tested >= swab {
			o = OutcomeNegative
			if single && h.facts&tubeSole != 0 {
				f |= factReleasing
			}
		}
	}
	if o != OutcomeNone {
		f |= TestFacts(v.reported) | TestFacts(o)<<32
		if v.prelim {
			f |= factPreliminary
		}
		if h.facts&tubeRetained != 0 {
			f |= factRetained
		}
		if renewed.mode || renewed.report {
			f |= factRenewed
		}
	}
	t.effects.add(PersonOrdinal(*t.member.get(s)), TestIndex(s), swab, f)
}
