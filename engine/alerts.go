package engine

// Alerts calls do for each condition that holds now, those with a positive or
// inconclusive whose tube nobody knows first, until it answers false or the limit is
// reached. next goes on after the last one shown. The writer waits for at most 256
// tubes at a time, so alerts of one answer may be of several moments.
//
// An alert is no message: it is there while its condition holds, opened by the event
// that brought it about and closed by the one that ends it. So it is looked at when
// somebody asks, among the tubes that ever had reason.
func (e *Engine) Alerts(after uint64, limit int, do func(*AlertView) bool) (next uint64, more bool) {
	shown := 0
	for pass := after >> 40; pass < 2; pass++ {
		at := after & (1<<40 - 1)
		for {
			e.mu.RLock()
			end := uint64(e.tubes.watchCount)
			for n := 0; n < 256 && at < end; n++ {
				i, here := *e.tubes.watched.at(uint32(at + 1)), 0
				if pass == 0 && e.tubes.headers.at(i).bound != 0 { // somebody knows it
					at++
					continue
				}
				views := e.alertsOf(i)
				for i := range views.list[:views.n] {
					v := &views.list[i]
					if urgent := v.Kind == AlertTubeUnknown && grave(v.Verdict); urgent != (pass == 0) {
						continue
					}
					if shown >= limit { // all alerts of one tube come together
						e.mu.RUnlock()
						return pass<<40 | at, true
					}
					here++
					if !do(v) {
						e.mu.RUnlock()
						return pass<<40 | (at + 1), true
					}
				}
				at++
				shown += here
			}
			e.mu.RUnlock()
			if at >= end {
				break
			}
		}
		after = 0
	}
	return 2 << 40, false
}

type tubeAlerts struct {
	list [6]AlertView
	n    int
}

func (a *tubeAlerts) add(v AlertView) {
	a.list[a.n] = v
	a.n++
}

// alertsOf a tube, under the lock.
func (e *Engine) alertsOf(i uint32) (a tubeAlerts) {
	t := e.tubes
	h := t.headers.at(i)
	f := h.facts
	v, w := t.verdict(i), t.said(i)
	is := AlertView{Tube: TubeIndex(i), Code: string(t.codes.of(h.code)), Site: e.master.siteName(h.site()), Verdict: v.verdict,
		Since: v.reported, Members: int(h.bound)}
	of := func(k AlertKind) AlertView {
		x := is
		x.Kind = k
		return x
	}
	if v.verdict != VerdictNone && h.bound == 0 {
		a.add(of(AlertTubeUnknown))
	}
	if grave(v.verdict) && w.marred() {
		a.add(of(AlertResultOfVoidTube))
	}
	if v.conflicts > 0 {
		a.add(of(AlertVerdictConflict))
	}
	if v.verdict == Positive && factMode(f) != Single && h.bound > 0 && e.allReleasedAlone(i) {
		a.add(of(AlertSinglesNegative))
	}
	if v.verdict == Negative {
		x := of(AlertSampledAfterTest)
		if x.Members = t.sampledLate(i, &w); x.Members > 0 {
			a.add(x)
		}
	}
	if f&tubeMiscounted != 0 {
		x := of(AlertCountMismatch)
		at, _ := t.newestClose(i, f)
		x.Since = Seconds(at)
		a.add(x)
	}
	return a
}

// isLate tells whether a tube's negative counts, but was tested before that swab.
func (t *tubes) isLate(i uint32, swab Seconds, w *said) bool {
	if w.void != 0 {
		return false
	}
	any, _ := t.negativeFor(i, 0, w.rejectedAgain, 0)
	his, _ := t.negativeFor(i, swab, w.rejectedAgain, 0)
	return any != 0 && his == 0
}

// sampledLate is how many members of a tube with a negative were swabbed too late for it.
func (t *tubes) sampledLate(i uint32, w *said) (n int) {
	t.runs(i, func(h *header) bool {
		for s := h.first; s < h.first+uint32(h.used); s++ {
			if *t.place.at(s)&placeBound != 0 && t.isLate(i, t.swab(i, s), w) {
				n++
			}
		}
		return true
	})
	return n
}

// allReleasedAlone tells whether each member of a positive tube was released by a
// negative of his own, and none turned out positive.
func (e *Engine) allReleasedAlone(i uint32) bool {
	all := true
	e.tubes.runs(i, func(h *header) bool {
		for s := h.first; s < h.first+uint32(h.used) && all; s++ {
			if *e.tubes.place.at(s)&placeBound != 0 {
				all = e.people.releasedAlone(PersonOrdinal(*e.tubes.member.at(s)), s)
			}
		}
		return all
	})
	return all
}

func (p *people) releasedAlone(who PersonOrdinal, test uint32) bool {
	if *p.words.at(uint32(who))&wordSide == 0 {
		return false
	}
	v := verdictOnPerson{}
	cut, _ := p.discharged(who, 0)
	v.bounds = p.bounds(who, cut)
	swab := Seconds(*p.tests.at(test))
	if v.strong != 0 && v.strong >= swab {
		return false
	}
	for i := p.sideOf(who).causes; i != 0; i = p.cause.at(i).next {
		c := p.cause.at(i)
		if c.test != test {
			continue
		}
		return c.outcome() == OutcomeHold && !v.removed(swab, c.reported) && p.releases(who, c, swab, &v)
	}
	return false
}
