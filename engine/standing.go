package engine

// standing is what the laboratories together say of a tube, or one of them alone.
type standing struct {
	verdict   Verdict
	reported  Seconds // the earliest of the labs that say so
	tested    Seconds // the latest of them
	prelim    bool    // all of them preliminary
	labs      int     // how many say so
	conflicts int     // plain finals that disagree with a standing positive before them

	// What disease control says, whose word alone confirms and releases suspects.
	cdc             bool    // of one lab: its standing result was reported as a cdc laboratory
	confirmed       Seconds // earliest report of a cdc laboratory's standing positive, 0: none
	confirmedPrelim bool
	cdcNegative     bool // some cdc laboratory's standing result is negative
}

// verdict folds the results of each lab and takes the gravest: positive >
// inconclusive > negative > invalid.
func (t *tubes) verdict(i uint32) (v standing) {
	var lab uint32
	var l standing
	for x := t.headers.at(i).extras; x != 0; {
		e := t.extras.at(x)
		x = e.next
		if e.kind != extraResult {
			continue
		}
		if e.lab() != lab {
			v.join(&l)
			lab, l = e.lab(), standing{}
		}
		l.fold(e)
	}
	v.join(&l)
	return v
}

// labs calls take with the standing of each laboratory that said something of the
// tube; the result skip is left out, as if it had not come.
func (t *tubes) labs(i, skip uint32, take func(standing)) {
	var lab uint32
	var l standing
	for x := t.headers.at(i).extras; x != 0; x = t.extras.at(x).next {
		e := t.extras.at(x)
		if e.kind != extraResult || x == skip {
			continue
		}
		if e.lab() != lab {
			if l.verdict != VerdictNone || l.conflicts > 0 {
				take(l)
			}
			lab, l = e.lab(), standing{}
		}
		l.fold(e)
	}
	if l.verdict != VerdictNone || l.conflicts > 0 {
		take(l)
	}
}

// join takes what one more lab says.
func (s *standing) join(l *standing) {
	if l.verdict == VerdictNone {
		s.conflicts += l.conflicts
		return
	}
	conflicts := s.conflicts + l.conflicts
	confirmed, confirmedPrelim, cdcNegative := s.confirmed, s.confirmedPrelim, s.cdcNegative || l.cdc && l.verdict == Negative
	if l.cdc && l.verdict == Positive {
		if confirmed == 0 {
			confirmed, confirmedPrelim = l.reported, l.prelim
		} else {
			confirmed, confirmedPrelim = min(confirmed, l.reported), confirmedPrelim && l.prelim
		}
	}
	switch {
	case l.verdict > s.verdict:
		*s = *l
	case l.verdict == s.verdict:
		s.reported, s.tested = min(s.reported, l.reported), max(s.tested, l.tested)
		s.prelim = s.prelim && l.prelim
		s.labs += l.labs
	}
	s.conflicts, s.confirmed, s.confirmedPrelim, s.cdcNegative = conflicts, confirmed, confirmedPrelim, cdcNegative
}

// negativeFor is when the negative of a tube was reported for a member with that swab:
// the earliest report among the labs that tested after it, and after the tube's newest
// rejection; 0 when none did. cdc tells whether a cdc laboratory is among them. skip
// leaves a result out, as if it had not come.
func (t *tubes) negativeFor(i uint32, swab, rejected Seconds, skip uint32) (reported Seconds, cdc bool) {
	t.labs(i, skip, func(l standing) {
		if l.verdict != Negative || l.tested < swab || rejected != 0 && l.tested <= rejected {
			return
		}
		cdc = cdc || l.cdc
		if reported == 0 || l.reported < reported {
			reported = l.reported
		}
	})
	return reported, cdc
}

// cdcNegativeFor is negativeFor among cdc laboratories only.
func (t *tubes) cdcNegativeFor(i uint32, swab Seconds, skip uint32) (reported Seconds) {
	t.labs(i, skip, func(l standing) {
		if l.cdc && l.verdict == Negative && l.tested >= swab && (reported == 0 || l.reported < reported) {
			reported = l.reported
		}
	})
	return reported
}

// labStanding folds one lab's results in order of (reported_at, stage, gravity). A
// preliminary negative or invalid is skipped; a standing positive is replaced only by
// a positive, a corrected or a withdrawn; withdrawn removes all before it.
func (t *tubes) labStanding(i, lab uint32) (s standing) {
	for x := t.headers.at(i).extras; x != 0; x = t.extras.at(x).next {
		if e := t.extras.at(x); e.kind == extraResult && e.lab() == lab {
			s.fold(e)
		}
	}
	return s
}

// resultKey orders the results of a lab. Two with the same key are one.
func resultKey(e *extra) uint64 {
	return uint64(e.at)<<8 | uint64(stageRank(e.stage()))<<4 | uint64(e.verdict())
}

// stageRank: at equal reported_at withdrawn > corrected > final > preliminary, last wins.
func stageRank(s Stage) uint8 { return uint8(s) + 1 }

func (s *standing) fold(e *extra) {
	stage, verdict := e.stage(), e.verdict()
	switch {
	case stage == Withdrawn:
		*s = standing{}
		return
	case stage == Preliminary && (verdict == Negative || verdict == Invalid):
		return
	case s.verdict == Positive && verdict != Positive && stage != Corrected:
		if stage == Final {
			s.conflicts++
		}
		return
	}
	*s = standing{verdict: verdict, reported: Seconds(e.at), tested: Seconds(e.slot), prelim: stage == Preliminary, labs: 1, cdc: e.cdc()}
}

// negativeReport is when the negative of a tube was reported for a member whose outcome
// it is: of a positive tube, that of disease control on the same specimen.
func (t *tubes) negativeReport(i uint32, swab Seconds) (reported Seconds) {
	if factVerdict(t.headers.at(i).facts) == Positive {
		return t.cdcNegativeFor(i, swab, 0)
	}
	w := t.said(i)
	reported, _ = t.negativeFor(i, swab, w.rejectedAgain, 0)
	return reported
}
