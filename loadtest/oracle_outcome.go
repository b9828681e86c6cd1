package loadtest

// outcome is what a tube says of one member. A later one is graver.
type outcome uint8

const (
	waits     outcome = iota // nothing yet
	clears                   // negative
	mustAgain                // the tube gives no answer
	holds
	accuses  // suspect
	confirms // by a cdc laboratory
)

// outcomeOf judges one member of a settled tube; swab is the member's S.
func (o *oracle) outcomeOf(t *tubeFacts, x *test) {
	switch {
	case t.verdict == Positive && (t.mode == Single || x.specimenOf.Series != 0):
		o.accuse(t, x)
	case t.grave():
		x.outcome, x.since, x.early = holds, t.reported, t.preliminary
	case t.voidAt != never:
		x.outcome, x.since = mustAgain, t.unanswered()
	case t.verdict == Negative && t.testedAfter(t.lastReject):
		for _, r := range t.labs {
			if r.verdict == Negative && r.tested > t.lastReject && r.tested >= x.swab {
				x.outcome, x.since = clears, earliest(x.since, r.reported)
				x.byControl = x.byControl || o.isControl(r.lab)
			}
		}
	default:
		if x.since = t.unanswered(); x.since != never {
			x.outcome = mustAgain
		}
	}
}

// testedAfter tells whether some laboratory's standing negative was tested after a time.
func (t *tubeFacts) testedAfter(at seconds) bool {
	for _, r := range t.labs {
		if r.verdict == Negative && r.tested > at {
			return true
		}
	}
	return false
}

func (o *oracle) isControl(lab uint8) bool {
	return o.city.mastered() && lab == o.city.diseaseControl()
}

// accuse judges a member of a positive single tube, or of a positive specimen.
func (o *oracle) accuse(t *tubeFacts, x *test) {
	proof, proofEarly, cleared := never, true, never
	for _, r := range t.labs {
		switch {
		case !o.isControl(r.lab):
		case r.verdict == Positive:
			proof, proofEarly = earliest(proof, r.reported), proofEarly && r.stage == Preliminary
		case r.verdict == Negative && r.tested >= x.swab:
			cleared = earliest(cleared, r.reported)
		}
	}
	switch {
	case t.mode == Single && proof != never:
		x.outcome, x.since, x.early = confirms, proof, proofEarly
	case x.policy.sameSpecimen && cleared != never:
		x.outcome, x.since, x.byControl = clears, cleared, true
	default:
		x.outcome, x.since, x.early = accuses, t.reported, t.preliminary
	}
}
