package engine

// telling is who hears of an event of a tube.
type telling uint8

const (
	tellChanged telling = iota // the touched; all members when what effects depend on has changed
	tellResult                 // all members, if the tube has an outcome or had one
	tellMembers                // all members
)

// refresh works out a tube's facts again after an event, and tells the people half of
// every member for whom something changed: of touched (0: none) in any case, of all as
// how says. It answers what the laboratories say.
func (t *tubes) refresh(i, touched uint32, first bool, how telling) standing {
	h := t.headers.get(i)
	old := h.facts
	if h.extras == 0 && old&tubeClosed == 0 && *t.closed.get(i) == 0 { // a tube that has only been scanned into
		facts := t.compose(h, &standing{}, &said{}, old)
		if facts != old {
			t.setFacts(i, facts)
		}
		if touched != 0 && how == tellChanged { // no outcome: only the touched
			t.tellPending(touched, first, h)
			return standing{}
		}
		t.tell(i, touched, first, how == tellMembers, renewal{}, &standing{}, &said{})
		return standing{}
	}
	v, w := t.verdict(i), t.said(i)
	if grave(v.verdict) != grave(factVerdict(old)) || grave(v.verdict) && v.reported != Seconds(old) {
		// Which unscans and transfers count depends on the standing positive.
		t.setFacts(i, old&^(7<<tubeVerdict|wordLow)|uint64(v.verdict)<<tubeVerdict|uint64(v.reported))
		t.rebindAll(i)
		w = t.said(i)
	}
	facts := t.compose(t.headers.get(i), &v, &w, t.headers.get(i).facts)
	facts = t.closing(i, facts)
	if facts != t.headers.get(i).facts {
		t.setFacts(i, facts)
	}
	changed := facts ^ old
	t.wasNegative = factVerdict(old) == Negative
	if t.master.releasesWhole && grave(v.verdict) { // whoever comes or goes may be whom the others wait for
		how = max(how, tellResult)
	}
	outcome := v.verdict != VerdictNone || factVerdict(old) != VerdictNone || (facts|old)&tubeMarred != 0 || changed&tubeReceived != 0
	all := how == tellMembers || outcome && (how == tellResult || changed&tubeTold != 0)
	t.sampledAfter = false
	t.tell(i, touched, first, all, renewal{mode: changed&(3<<tubeMode) != 0, report: changed&wordLow != 0}, &v, &w)
	t.watch(i, &v)
	return v
}

// finish lets the tubes look again whose pairs a transfer joins with the event's.
func (t *tubes) finish() {
	for k := 0; k < len(t.again); k++ {
		t.refresh(t.again[k].tube, t.again[k].slot, false, tellChanged)
	}
	t.again = t.again[:0]
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
func (t *tubes) compose(h *header, v *standing, w *said, old uint64) uint64 {
	mode := w.mode
	if mode == ModeUnset {
		switch {
		case h.says&saysMode != 0:
			mode = modeOf(h.says)
			if mode == Pool && w.capacity == 1 {
				mode = Single
			}
		case w.capacity == 1:
			mode = Single
		default:
			mode = Pool
		}
	}
	capacity := w.capacity
	if capacity == 0 {
		switch mode {
		case Single:
			capacity = 1
		case Household:
			capacity = householdCapacity
		default:
			capacity = t.policyCapacity(h, w)
		}
	}
	purpose := w.purpose
	if purpose == PurposeUnset {
		purpose = purposeOf(h.says)
	}
	f := old & (tubeGrown | tubeClosed | tubeMiscounted | tubeWatched | tubeMoved | 63<<tubeCounted)
	f |= uint64(v.reported) | uint64(v.verdict)<<tubeVerdict | uint64(mode)<<tubeMode
	f |= uint64(purpose)<<tubePurpose | uint64(capacity)<<tubeCapacity
	f |= when(v.prelim, tubePrelim) | when(v.conflicts > 0, tubeConflict) | when(w.retained, tubeRetained) | when(h.bound == 1, tubeSole)
	f |= when(w.void != 0, tubeVoid) | when(w.marred(), tubeMarred) | when(w.received != 0, tubeReceived)
	return f | when(v.verdict == Negative && (v.labs > 1 || w.rejected != 0) || v.verdict == Positive && v.cdcNegative, tubeSeveral)
}

// householdCapacity: a household's tube takes whoever lives there (requirements A1 3).
const householdCapacity = 30

func when(on bool, b uint64) uint64 {
	if on {
		return b
	}
	return 0
}

// closing sets what the newest tube.close says (tie: the larger count).
func (t *tubes) closing(i uint32, f uint64) uint64 {
	at, counted := t.newestClose(i, f)
	f &^= tubeClosed | tubeMiscounted
	return f | when(at != 0, tubeClosed) | when(counted != 0 && counted-1 != uint32(t.headers.at(i).bound), tubeMiscounted)
}

// newestClose is when a tube was closed last, 0: never, and the members counted then + 1
// (tie: the larger count), 0: not said. The first is beside the header and in the facts.
func (t *tubes) newestClose(i uint32, f uint64) (at, counted uint32) {
	at, counted = *t.closed.at(i), uint32(f>>tubeCounted&63)
	for x := t.headers.at(i).extras; x != 0; x = t.extras.at(x).next {
		if e := t.extras.at(x); e.kind == extraClose && (e.at > at || e.at == at && e.slot > counted) {
			at, counted = e.at, e.slot
		}
	}
	return at, counted
}

// watch puts a tube among those that may have an alert. It stays there: an alert is a
// condition, looked at when somebody asks.
func (t *tubes) watch(i uint32, v *standing) {
	h := t.headers.get(i)
	f := h.facts
	if f&tubeWatched != 0 {
		return
	}
	if f&(tubeConflict|tubeMiscounted) != 0 || t.sampledAfter || v.verdict != VerdictNone && h.bound == 0 ||
		grave(v.verdict) && (factMode(f) != Single || f&tubeMarred != 0) {
		t.setFacts(i, f|tubeWatched)
		t.watchCount++
		t.watched.grow(t.watchCount)
		*t.watched.mut(t.watchCount) = i
	}
}

// renewal is what readers see of an outcome beside the verdict, and has changed.
type renewal struct{ mode, report bool }

// tell adds effects for the touched test, and for all members if all is set.
func (t *tubes) tell(i, touched uint32, first, all bool, renewed renewal, v *standing, w *said) {
	h := t.headers.get(i)
	if !all {
		if touched != 0 {
			t.tellOne(i, h, touched, first, renewal{}, v, w)
		}
		return
	}
	if touched == 0 && v.verdict == Negative && v.labs == 1 && h.facts&(tubeMarred|tubeMoved|tubeGrown) == 0 && factMode(h.facts) != Single &&
		h.says&saysWide == 0 && !t.wasNegative && v.tested >= Seconds(h.base)+2048 {
		t.tellNegative(h, v, renewed)
		return
	}
	t.runs(i, func(run *header) bool {
		for s := run.first; s < run.first+uint32(run.used); s++ {
			if s == touched || *t.place.get(s)&(placeBound|placeEvents) != 0 {
				t.tellOne(i, h, s, first && s == touched, renewed, v, w)
			}
		}
		return true
	})
}

// tellNegative tells all members of a mixed tube of its negative, in the case that makes
// up a day: one laboratory, tested after every swab, nothing befell the tube.
func (t *tubes) tellNegative(h *header, v *standing, renewed renewal) {
	f := TestFacts(v.reported) | TestFacts(OutcomeNegative)<<32 | fact(v.prelim, factPreliminary) |
		fact(h.facts&tubeRetained != 0, factRetained) | fact(renewed.mode || renewed.report, factRenewed)
	for s := h.first; s < h.first+uint32(h.used); s++ {
		place := *t.place.get(s)
		swab, facts := Seconds(int32(h.base)+int32(place&placeSeconds)<<20>>20), f
		if place&placeBound == 0 {
			facts = factUnbound
		}
		t.effects.add(PersonOrdinal(*t.member.get(s)), TestIndex(s), swab, facts)
	}
}

// tellPending tells of a test in a tube without any outcome.
func (t *tubes) tellPending(s uint32, first bool, h *header) {
	place := *t.place.get(s)
	var f TestFacts
	if first {
		f = factFirst
	}
	if place&placeBound == 0 {
		f |= factUnbound
	}
	swab := Seconds(int32(h.base) + int32(place&placeSeconds)<<20>>20)
	t.effects.add(PersonOrdinal(*t.member.get(s)), TestIndex(s), swab, f)
}

// member is one member's outcome as tellOne works it out.
type member struct {
	outcome   TestOutcome
	reported  Seconds
	prelim    bool
	releasing bool
	recheck   bool
	// of a negative whose report may be another's than the tube's: it is another than before
	ownReport, renewed bool
}

// tellOne tells one member's outcome.
func (t *tubes) tellOne(i uint32, h *header, s uint32, first bool, renewed renewal, v *standing, w *said) {
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
	link := t.linkOf(i, s)
	m := t.outcome(i, h, s, swab, link, v, w)
	note := EffectNote{Tube: TubeIndex(i), Link: TubeIndex(link)}
	if m.ownReport {
		renewed.report = m.renewed
	}
	if m.outcome != OutcomeNone {
		f |= TestFacts(m.reported) | TestFacts(m.outcome)<<32
		f |= fact(m.prelim, factPreliminary) | fact(h.facts&tubeRetained != 0, factRetained) | fact(m.releasing, factReleasing) |
			fact(m.recheck, factRecheck) | fact(renewed.mode || renewed.report, factRenewed)
	}
	if m.outcome > OutcomeNegative {
		p := t.master.policy(t.policyOf(i, s))
		note.Due = m.reported + p.recollect
		if t.master.releasesWhole && factMode(h.facts) != Single {
			if m.outcome == OutcomeHold && p.releaseAll {
				f |= factWhole | fact(t.allReady(i, h, w), factReady)
			}
			f |= fact(t.isAwaited(i), factAsked)
		}
	}
	if m.outcome > OutcomeNegative || link != 0 || m.recheck {
		f |= factNoted
		t.effects.Notes = append(t.effects.Notes, note)
	}
	t.effects.add(PersonOrdinal(*t.member.get(s)), TestIndex(s), swab, f)
}

func fact(on bool, f TestFacts) TestFacts {
	if on {
		return f
	}
	return 0
}

// outcome of a bound member: a positive or inconclusive counts whatever befell the
// tube; else a void tube has to be repeated; else a negative counts for whom it was
// tested after (and after a rejection); else an invalid, rejected or lost tube has to
// be repeated.
func (t *tubes) outcome(i uint32, h *header, s uint32, swab Seconds, link uint32, v *standing, w *said) (m member) {
	single := factMode(h.facts) == Single
	sole := single && h.facts&tubeSole != 0
	switch {
	case v.verdict == Positive:
		m = member{outcome: OutcomeHold, reported: v.reported, prelim: v.prelim}
		switch {
		case single && v.confirmed != 0:
			m = member{outcome: OutcomeConfirmed, reported: v.confirmed, prelim: v.confirmedPrelim}
		case single || link != 0:
			m.outcome = OutcomeSuspect
			if v.cdcNegative && t.master.policy(t.policyOf(i, s)).sameSpecimen {
				if r := t.cdcNegativeFor(i, swab, 0); r != 0 {
					m = member{outcome: OutcomeNegative, reported: r, releasing: sole, ownReport: true,
						recheck: sole && factPurpose(h.facts) == Recheck}
					m.renewed = t.newest != 0 && r != t.cdcNegativeFor(i, swab, t.newest)
				}
			}
		}
	case v.verdict == Inconclusive:
		m = member{outcome: OutcomeHold, reported: v.reported, prelim: v.prelim}
	case w.void != 0:
		m = member{outcome: OutcomeMust, reported: w.mustSince(invalidSince(v))}
	case v.verdict == Negative:
		return t.negative(i, h, swab, sole, v, w)
	case v.verdict == Invalid || w.marred():
		m = member{outcome: OutcomeMust, reported: w.mustSince(invalidSince(v))}
	}
	return m
}

func invalidSince(v *standing) Seconds {
	if v.verdict == Invalid {
		return v.reported
	}
	return 0
}

// negative is the outcome of a member of a tube whose verdict is negative.
func (t *tubes) negative(i uint32, h *header, swab Seconds, sole bool, v *standing, w *said) (m member) {
	reported, cdc := Seconds(0), v.cdcNegative
	if v.labs == 1 && w.rejected == 0 && !t.wasNegative {
		if v.tested >= swab {
			reported = v.reported
		}
	} else {
		reported, cdc = t.negativeFor(i, swab, w.rejectedAgain, 0)
		m.ownReport = true
		if t.newest != 0 {
			rejected := w.rejectedAgain
			if t.rejectedSet {
				rejected = t.rejectedBefore
			}
			before, _ := t.negativeFor(i, swab, rejected, t.newest)
			m.renewed = before != reported
		}
	}
	switch {
	case reported != 0:
		m.outcome, m.reported, m.releasing = OutcomeNegative, reported, sole
		m.recheck = sole && cdc && factPurpose(h.facts) == Recheck
	case w.rejected != 0:
		if any, _ := t.negativeFor(i, 0, w.rejectedAgain, 0); any == 0 {
			return member{outcome: OutcomeMust, reported: w.mustSince(0)}
		}
		t.sampledAfter = true
	default:
		t.sampledAfter = true
	}
	return m
}

// isAwaited tells whether some member's round releases only whole tubes.
func (t *tubes) isAwaited(i uint32) (found bool) {
	t.runs(i, func(h *header) bool {
		for s := h.first; s < h.first+uint32(h.used) && !found; s++ {
			found = *t.place.get(s)&placeBound != 0 && t.master.policy(t.policyOf(i, s)).releaseAll
		}
		return !found
	})
	return found
}

// allReady tells whether each member of a tube that is released as a whole has an
// answer of his own.
func (t *tubes) allReady(i uint32, head *header, w *said) bool {
	if !w.readyKnown {
		return false
	}
	all := true
	t.runs(i, func(h *header) bool {
		for s := h.first; s < h.first+uint32(h.used) && all; s++ {
			all = *t.place.get(s)&placeBound == 0 || t.isReady(head, s)
		}
		return all
	})
	return all
}

func (t *tubes) isReady(h *header, s uint32) bool {
	for x := h.extras; x != 0; x = t.extras.get(x).next {
		if e := t.extras.get(x); e.kind == extraReady && e.slot == s {
			return e.a != 0 // the latest word counts
		}
	}
	return false
}

// setReady takes the people half's word that a member of a tube that is released as a
// whole has, or has no longer, an answer of his own.
func (t *tubes) setReady(i, s uint32, ready bool) {
	if t.isReady(t.headers.get(i), s) == ready {
		return
	}
	e := extra{kind: extraReady, slot: s}
	if ready {
		e.a = 1
	}
	t.addExtra(i, e)
	t.refresh(i, 0, false, tellResult)
}

// retell adds an effect that says again what holds for a test.
func (t *tubes) retell(test uint32) {
	i := t.of(test)
	v, w := t.verdict(i), t.said(i)
	t.tellOne(i, t.headers.get(i), test, false, renewal{}, &v, &w)
}
