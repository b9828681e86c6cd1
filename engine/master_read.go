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
