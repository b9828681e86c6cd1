package engine

// admission is what the door decides of a scan before anything changes.
type admission struct {
	outcome Outcome
	flags   Flags
	detail  uint32
	slot    uint32 // of the pair, when it has one

	overPolicy uint32 // members<<8 | most, when one more is more than policy lets share a tube
}

// refuse refuses a live scan, by the first reason, and flags a late one, by all.
func (a *admission) refuse(late bool, o Outcome, f Flags) {
	if late {
		a.flags |= f
	} else if a.outcome == Accepted {
		a.outcome = o
	}
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
	var f Facts
	if who != 0 {
		f = ask(who)
	}
	if tube != 0 {
		t.admitTube(tube, it, &a)
	}
	d := &it.decision
	if f.State >= StateHeld || d.alone || d.deferred || d.most != 0 {
		t.admitPolicy(tube, &f, it, &a)
	}
	if tube != 0 {
		t.admitMember(tube, who, it, &a)
	}
	if who != 0 {
		if t.inOther(tube, it.link, &f) {
			a.refuse(it.late, RefusedPersonInOtherTube, FlagInOtherTube)
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

// admitTube looks at what befell the tube.
func (t *tubes) admitTube(tube uint32, it *item, a *admission) {
	h := t.headers.get(tube)
	if h.facts&tubeVoid != 0 {
		a.refuse(it.late, RefusedTubeVoid, FlagTubeVoid)
	}
	if factVerdict(h.facts) != VerdictNone {
		a.refuse(it.late, RefusedTubeAlreadyResulted, FlagAfterResult)
	}
	if h.facts&tubeClosed != 0 {
		a.refuse(it.late, RefusedTubeClosed, FlagAfterClose)
	}
	if it.decision.own {
		if r := t.tubeRound(tube); r != 0 && r != it.decision.round {
			a.refuse(it.late, RefusedTubeOfOtherRound, FlagTubeOfOtherRound)
		}
	}
}

// admitPolicy looks at who may share a tube: code yellow or red, key groups and the
// newly vaccinated are alone (requirements A1 6–8), others as many as their risk allows.
func (t *tubes) admitPolicy(tube uint32, f *Facts, it *item, a *admission) {
	mode, bound := it.scanMode(), 0
	if tube != 0 {
		h := t.headers.get(tube)
		bound = int(h.bound)
		if w := t.said(tube); w.mode != ModeUnset || h.says&saysMode != 0 {
			mode = factMode(h.facts)
		} else if w.capacity == 1 && mode == Pool { // one place means single if nobody says otherwise
			mode = Single
		}
	}
	d := &it.decision
	if mode != Single && (f.State >= StateHeld || d.alone) {
		a.refuse(it.late, RefusedMustBeSingle, FlagMustBeSingle)
	}
	if d.deferred {
		a.refuse(it.late, RefusedDeferred, FlagDeferred)
	}
	if mode != Single && d.most != 0 && bound+1 > int(d.most) {
		a.overPolicy = uint32(bound)<<8 | uint32(d.most)
	}
}

// admitMember looks at whether there is room, and who is in the tube.
func (t *tubes) admitMember(tube uint32, who PersonOrdinal, it *item, a *admission) {
	h := t.headers.get(tube)
	if factMode(h.facts) == Household && h.bound > 0 {
		mine := it.household
		if mine == 0 && who != 0 {
			mine = t.master.household(who)
		}
		if theirs := t.household(tube); mine != 0 && theirs != 0 && mine != theirs {
			a.refuse(it.late, RefusedHouseholdMismatch, FlagHouseholdMismatch)
		}
	}
	if capacity := factCapacity(h.facts); int(h.bound) >= capacity {
		a.refuse(it.late, RefusedTubeFull, FlagOverCapacity)
		if a.outcome == RefusedTubeFull {
			a.detail = uint32(h.bound)<<8 | uint32(capacity)
		}
	}
	if a.overPolicy != 0 {
		a.refuse(it.late, RefusedCapacityOverPolicy, FlagCapacityOverPolicy)
		if a.outcome == RefusedCapacityOverPolicy {
			a.detail = a.overPolicy
		}
	}
}

// household of the first member, 0 when it is not known.
func (t *tubes) household(i uint32) (found uint32) {
	t.runs(i, func(h *header) bool {
		for s := h.first; s < h.first+uint32(h.used); s++ {
			if *t.place.get(s)&placeBound != 0 {
				found = t.master.household(PersonOrdinal(*t.member.get(s)))
				return false
			}
		}
		return true
	})
	return found
}

// inOther tells whether one of the person's pending tests lies in another tube that is
// open. A pool and the tube with the specimen retained of it belong together.
func (t *tubes) inOther(tube, link uint32, f *Facts) bool {
	for _, test := range f.Pending {
		if test == 0 {
			return false
		}
		other := t.of(uint32(test))
		facts := t.headers.get(other).facts
		if other == tube || facts&(tubeClosed|tubeMarred) != 0 || factVerdict(facts) != VerdictNone || link != 0 && other == link {
			continue
		}
		if tube == 0 || t.linkOf(other, uint32(test)) != tube {
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
