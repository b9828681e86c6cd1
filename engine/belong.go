package engine

// Which policy a test stands under, and so in which round it counts:
//
//	the round that its own scan named
//	else the tube's: of the newest tube.open that names one, else of the earliest
//	scan in the tube that named one
//	else the round that covered the person's area when the scan was taken in
//
// The first and the last are kept with the scan; what the tube says is looked up, so
// that it may come later.

// roundOf is the round that a test counts in; any goroutine under the lock.
func (t *tubes) roundOf(tube, test uint32) RoundID {
	if len(t.master.rounds) == 2 { // there is but `default`
		return RoundDefault
	}
	return t.master.policy(t.policyOf(tube, test)).round
}

// policyOf a test.
func (t *tubes) policyOf(tube, test uint32) policyID {
	h := t.headers.at(tube)
	if h.extras == 0 {
		return max(h.policy(), 1)
	}
	p, named := t.slotPolicy(h, test)
	if named {
		return p
	}
	if o := t.openPolicy(h); o != 0 {
		return o
	}
	if h.says&saysPolicies != 0 {
		if q := t.namedPolicy(tube); q != 0 {
			return q
		}
	}
	return max(p, 1) // 0: nobody scanned the person, a transfer is all there is
}

// slotPolicy is what was decided for the scan of a slot.
func (t *tubes) slotPolicy(h *header, s uint32) (p policyID, named bool) {
	if h.says&saysPolicies != 0 {
		for x := h.extras; x != 0; x = t.extras.at(x).next {
			if e := t.extras.at(x); e.kind == extraPolicy && e.slot == s {
				return policyID(e.b), e.a != 0 // the latest word counts
			}
		}
	}
	return h.policy(), h.named()
}

// setSlotPolicy keeps what was decided for the scan of a slot: in the header as long
// as all scans of the tube agree.
func (t *tubes) setSlotPolicy(i, s uint32, p policyID, named bool) {
	h := t.headers.mut(i)
	w := policyWord(p, named)
	if h.where&^whereSite == 0 {
		h.setPolicy(w)
	}
	if old, was := t.slotPolicy(h, s); old == p && was == named {
		return
	}
	e := extra{kind: extraPolicy, slot: s, b: uint16(p)}
	if named {
		e.a = 1
	}
	h.says |= saysPolicies
	t.addExtra(i, e)
}

// unscanned keeps that nobody scanned a slot's person.
func (t *tubes) unscanned(i, s uint32) {
	h := t.headers.mut(i)
	for x := h.extras; x != 0; x = t.extras.get(x).next {
		if e := t.extras.get(x); e.kind == extraPolicy && e.slot == s {
			if e.b == 0 {
				return
			}
			break
		}
	}
	h.says |= saysPolicies
	t.addExtra(i, extra{kind: extraPolicy, slot: s})
}

// openPolicy is that of the newest tube.open that names a round; 0: none does.
func (t *tubes) openPolicy(h *header) (p policyID) {
	var at uint32
	for x := h.extras; x != 0; x = t.extras.at(x).next {
		e := t.extras.at(x)
		if q := policyID(e.slot); e.kind == extraOpen && q != 0 && (p == 0 || e.at > at || e.at == at && t.master.roundBefore(q, p)) {
			p, at = q, e.at
		}
	}
	return p
}

// namedPolicy is that of the earliest scan in the tube that named a round; 0: none did.
func (t *tubes) namedPolicy(i uint32) (p policyID) {
	var at Seconds
	take := func(q policyID, swab Seconds) {
		if p == 0 || swab < at || swab == at && t.master.roundBefore(q, p) {
			p, at = q, swab
		}
	}
	head := t.headers.at(i)
	for x := head.extras; x != 0; x = t.extras.at(x).next {
		if e := t.extras.at(x); e.kind == extraScan && e.a != 0 {
			take(policyID(e.b), Seconds(e.at))
		}
	}
	t.runs(i, func(h *header) bool {
		for s := h.first; s < h.first+uint32(h.used); s++ {
			if *t.place.at(s)&placeEvents != 0 {
				continue // its scans are records
			}
			if q, named := t.slotPolicy(head, s); named {
				take(q, t.swab(i, s))
			}
		}
		return true
	})
	return p
}

// tubeRound is the tube's own round, by its opening or by its scans; 0: it has none.
func (t *tubes) tubeRound(i uint32) RoundID {
	h := t.headers.at(i)
	if p := t.openPolicy(h); p != 0 {
		return t.master.policy(p).round
	}
	if h.says&saysPolicies != 0 {
		if p := t.namedPolicy(i); p != 0 {
			return t.master.policy(p).round
		}
		return 0
	}
	if h.named() {
		return t.master.policy(h.policy()).round
	}
	return 0
}

// rounds notes the policy of every test before an event that may change it; moved tells
// afterwards which have to be counted anew, in another round.
func (t *tubes) rounds(i uint32) {
	t.before = t.before[:0]
	t.runs(i, func(h *header) bool {
		for s := h.first; s < h.first+uint32(h.used); s++ {
			t.before = append(t.before, testPolicy{s, t.policyOf(i, s)})
		}
		return true
	})
}

type testPolicy struct {
	test   uint32
	policy policyID
}

// moved answers whether any test stands under another policy now.
func (t *tubes) moved(i uint32) (any bool) {
	for _, b := range t.before {
		p := t.policyOf(i, b.test)
		if was := t.master.policy(b.policy).round; t.master.policy(p).round != was {
			t.recounts = append(t.recounts, recount{PersonOrdinal(*t.member.get(b.test)), was})
		}
		any = any || p != b.policy
	}
	return any
}

// roundBefore orders policies by the names of their rounds.
func (m *master) roundBefore(p, q policyID) bool {
	return m.roundName(m.policy(p).round) < m.roundName(m.policy(q).round)
}

// poolCapacity of a tube of which nobody said anything.
func (m *master) poolCapacity() int { return int(m.policies[1].caps[RiskLow]) }

// largestCap is how many may share a tube opened under a policy at a site; as many as
// there is room for when nobody put the round.
func (m *master) largestCap(p policyID, site uint32) int {
	x := m.policy(p)
	if !x.put {
		return capMost
	}
	return int(x.cap(m.risk(m.siteArea(site))))
}
