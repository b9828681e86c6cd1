package engine

// Readers of master data, between two slices of the writer.

// Round is a round's policy by the version in force at a time; ok is false for one that
// nobody ever mentioned.
func (e *Engine) Round(name string, at Seconds) (v RoundView, ok bool) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	r, ok := e.master.roundNumber([]byte(name))
	if !ok || r == 0 {
		return v, false
	}
	return e.master.roundView(r, at), true
}

// Rounds calls do for every round in the order of first mention, `default` first, until
// it answers false.
func (e *Engine) Rounds(at Seconds, do func(*RoundView) bool) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	for r := range e.master.roundCount() {
		v := e.master.roundView(RoundID(r+1), at)
		if !do(&v) {
			return
		}
	}
}

// Proof is how long a negative counts for a person, and whether from its report instead
// of its swab: by the newest round that is open at a time and covers the person's area,
// else by `default`. It takes no lock while all of them say the same.
func (e *Engine) Proof(p PersonOrdinal, at Seconds) (window Seconds, reportedBasis bool) {
	if w := e.proofs.Load(); w != 0 {
		return Seconds(w), w&proofReported != 0
	}
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.master.proof(p, at)
}

// proofReported is set in Engine.proofs, above the window, when a report counts instead
// of the swab.
const proofReported = 1 << 32

// commonProof is what all versions of all rounds say; 0: they differ.
func (m *master) commonProof() uint64 {
	first := &m.policies[1]
	for i := range m.policies[2:] {
		if p := &m.policies[2+i]; p.window != first.window || p.reported != first.reported {
			return 0
		}
	}
	return uint64(first.window) | when(first.reported, proofReported)
}

// Areas, Sites and Labs call do for master data in the order of first mention, from
// after a number on; next goes on after the last one shown. What events mention and
// nobody put is among them, as provisional.
func (e *Engine) Areas(after uint32, limit int, do func(*AreaView)) (next uint32, more bool) {
	return e.listed(after, limit, func() int { return len(e.master.areas) }, func(n uint32) {
		v := e.master.areaView(n)
		do(&v)
	})
}

// Sites: see Areas.
func (e *Engine) Sites(after uint32, limit int, do func(*SiteView)) (next uint32, more bool) {
	return e.listed(after, limit, func() int { return len(e.master.sites) }, func(n uint32) {
		v := e.master.siteView(n)
		do(&v)
	})
}

// Labs: see Areas.
func (e *Engine) Labs(after uint32, limit int, do func(*LabView)) (next uint32, more bool) {
	return e.listed(after, limit, func() int { return len(e.master.labs) }, func(n uint32) {
		v := e.master.labView(n)
		do(&v)
	})
}

// listed shows numbers, at most 256 between two slices of the writer.
func (e *Engine) listed(after uint32, limit int, count func() int, show func(uint32)) (next uint32, more bool) {
	next = after
	for {
		e.mu.RLock()
		end := count()
		for n := 0; n < 256 && int(next)+1 < end && limit > 0; n, limit = n+1, limit-1 {
			next++
			show(next)
		}
		e.mu.RUnlock()
		if int(next)+1 >= end || limit == 0 {
			return next, int(next)+1 < end
		}
	}
}
