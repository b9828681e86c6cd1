package loadtest

import (
	"cmp"
	"slices"
)

// settle decides mode, purpose and verdict of a tube.
func (t *tubeFacts) settle() {
	t.mode, t.purpose = t.opened, t.purposed
	if t.openedAt == never {
		switch {
		case !t.scanned || t.sharedBy:
			t.mode = Pool
		case t.householdBy:
			t.mode = Household
		default:
			t.mode = Single
		}
		switch {
		case t.scanned && !t.notRecheck:
			t.purpose = Recheck
		case t.scanned && !t.notRecall:
			t.purpose = Recollection
		}
	}
	t.labs, t.verdict, t.bound = t.labs[:0], NoVerdict, 0
	slices.SortFunc(t.results, func(a, b report) int {
		return cmp.Or(cmp.Compare(a.lab, b.lab), cmp.Compare(a.reported, b.reported), cmp.Compare(a.stage, b.stage), cmp.Compare(a.verdict, b.verdict))
	})
	for from := 0; from < len(t.results); {
		to := from + 1
		for to < len(t.results) && t.results[to].lab == t.results[from].lab {
			to++
		}
		if r := standing(t.results[from:to]); r.verdict != NoVerdict {
			t.labs = append(t.labs, r)
			t.verdict = max(t.verdict, r.verdict)
		}
		from = to
	}
	t.reported, t.preliminary = never, true
	for _, r := range t.labs {
		if r.verdict == t.verdict {
			t.reported = earliest(t.reported, r.reported)
			t.preliminary = t.preliminary && r.stage == Preliminary
		}
	}
}

// standing is what counts of one laboratory's results, which come in the order of
// their reports.
func standing(results []report) (counts report) {
	for _, r := range results {
		switch {
		case r.stage == Preliminary && r.verdict <= Negative: // says nothing yet
		case r.stage == Withdrawn:
			counts = report{}
		case counts.verdict == Positive && r.verdict != Positive && r.stage != Corrected: // a conflict
		default:
			counts = r
		}
	}
	return counts
}

// grave tells whether a tube's verdict counts whatever befell the tube.
func (t *tubeFacts) grave() bool { return t.verdict >= Inconclusive }

// unanswered is since when a tube will have no answer: void, invalid, rejected or lost.
func (t *tubeFacts) unanswered() seconds {
	since := earliest(earliest(t.voidAt, t.firstReject), t.lostAt)
	for _, r := range t.labs {
		if r.verdict == Invalid {
			since = earliest(since, r.reported)
		}
	}
	return since
}
