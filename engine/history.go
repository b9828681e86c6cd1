package engine

import (
	"bytes"
	"cmp"
	"slices"
	"sync/atomic"
)

// history is one reader's look at a human. His tests, notes and causes are read in short
// cuts under the lock, then ordered and judged without it; then entries are composed under
// the lock as long as nothing about him has changed, else all is read again.
type history struct {
	e      *Engine
	who    PersonOrdinal
	ids    []PersonOrdinal
	words  []uint64
	keys   []historyKey // of what is told, in order
	tests  []historyTest
	causes map[uint32]cause // by test, of all identities
	whole  bounds           // of all tests
	closer []historyTest    // what may close a cause, in the order of their swabs
	steps  int

	ordered bool // he has, or had, an order
	status  Status
	order   OrderView
}

type historyKey struct {
	HistoryCut
	person PersonOrdinal
	with   PersonOrdinal
	round  RoundID
	test   int // in tests
}

// historyTest is one test, and what it alone does to causes.
type historyTest struct {
	test   uint32
	swab   Seconds
	mark   uint32
	person PersonOrdinal
	bounds bounds
}

// History calls do for all that is known of a human, whichever of his identities is asked
// for, in order from a cut on, until it answers false or the limit is reached: tests, those
// unbound since among them, with the results of their tubes; excuses, discharges, merges and
// unmerges; orders. An entry is valid during the call, which runs outside the lock. It
// returns the cut after the last one told, and whether more follow.
//
// What a test opened and what closed it is worked out by the rules of judge, one test at a
// time. The writer waits for at most 512 tests of a chain, or for 64 tubes and their results.
//
// REQUIRES: who is known.
func (e *Engine) History(who PersonOrdinal, after HistoryCut, limit int, do func(*HistoryEntry) bool) (last HistoryCut, more bool) {
	h := history{e: e, who: who}
	var page [historyPage]HistoryEntry
	last = after
	shown, fresh := 0, false
	for tries := 0; ; {
		for !fresh {
			if fresh = h.read(last, tries >= historyTries); fresh {
				h.judge()
			}
			tries++
		}
		h.warm()
		e.mu.RLock()
		if !h.unchanged() && tries < historyTries {
			e.mu.RUnlock()
			fresh = false
			continue
		}
		n := h.compose(page[:min(len(page), limit-shown)])
		e.mu.RUnlock()
		for i := range page[:n] {
			last = page[i].HistoryCut
			shown++
			if !do(&page[i]) || shown == limit {
				return last, i+1 < n || len(h.keys) > 0
			}
		}
		if len(h.keys) == 0 {
			return last, false
		}
	}
}

// read reads a human anew; false when something changed in between, unless it may keep the
// lock for good. Keys are of what comes after a cut.
func (h *history) read(after HistoryCut, keep bool) bool {
	e := h.e
	e.mu.RLock()
	h.identify()
	e.mu.RUnlock()
	warm(e, h.ids, (*needs).chain)
	h.keys, h.tests, h.steps, h.ordered = h.keys[:0], h.tests[:0], 0, false
	h.causes, h.whole = map[uint32]cause{}, bounds{}
	e.mu.RLock()
	h.identify()
	ok := h.readTests(after, keep) && h.readNotes(after, keep) && h.readCauses(keep)
	if ok && h.hasSide() {
		h.whole.cut, _ = e.people.discharged(h.who, 0)
	}
	e.mu.RUnlock()
	if ok && h.ordered {
		h.readOrders(after)
	}
	return ok
}

func (h *history) identify() {
	p := h.e.people
	h.ids, h.words = h.ids[:0], h.words[:0]
	p.identities(h.who, func(id PersonOrdinal) {
		h.ids = append(h.ids, id)
		h.words = append(h.words, atomic.LoadUint64(p.words.at(uint32(id))))
	})
}

// unchanged tells whether nothing about the human has changed since it was read. REQUIRES: the lock.
func (h *history) unchanged() bool {
	for i, id := range h.ids {
		if atomic.LoadUint64(h.e.people.words.at(uint32(id))) != h.words[i] {
			return false
		}
	}
	return true
}

// step lets the writer in from time to time; false when the human has changed.
func (h *history) step(keep bool) bool {
	if h.steps++; h.steps%historyCut != 0 || keep {
		return true
	}
	h.e.mu.RUnlock()
	h.e.mu.RLock()
	return h.unchanged()
}

func (h *history) hasSide() bool { return h.words[0]&wordSide != 0 }

func (h *history) readTests(after HistoryCut, keep bool) bool {
	p := h.e.people
	for _, id := range h.ids {
		for t := p.head(id); t != 0 && len(h.tests) < historyTests; {
			link := *p.tests.at(t)
			cut := HistoryCut{Seconds(link), HistoryTest, t}
			if cut.compare(after) > 0 {
				h.keys = append(h.keys, historyKey{HistoryCut: cut, person: id, test: len(h.tests)})
			}
			h.tests = append(h.tests, historyTest{test: t, swab: Seconds(link), mark: p.markOf(t), person: id})
			t = uint32(link >> 32)
			if !h.step(keep) {
				return false
			}
		}
	}
	return true
}

// readNotes reads what is said beside tests. A list of notes only grows, at its front. Of a
// merge both identities have a note; where both are the human's, that of the one merged is told.
func (h *history) readNotes(after HistoryCut, keep bool) bool {
	n := h.e.notes
	for _, id := range h.ids {
		if int(id) >= n.heads.capacity() {
			continue
		}
		for i, left := *n.heads.at(uint32(id)), historyTests; i != 0 && left > 0; left-- {
			x := n.list.at(i)
			k := historyKey{HistoryCut: HistoryCut{At: x.at, Index: i}, person: id}
			switch x.is() {
			case noteExcuse:
				k.Kind, k.round = HistoryExcuse, x.round()
			case noteDischarge:
				k.Kind = HistoryDischarge
			case noteMerge, noteMerged:
				k.Kind, k.with = HistoryMerge, PersonOrdinal(x.arg)
			case noteUnmerge, noteUnmerged:
				k.Kind, k.with = HistoryUnmerge, PersonOrdinal(x.arg)
			}
			twice := (x.is() == noteMerged || x.is() == noteUnmerged) && contains(h.ids, k.with)
			if k.Kind != 0 && !twice && k.compare(after) > 0 {
				h.keys = append(h.keys, k)
			}
			i = x.next
			if !h.step(keep) {
				return false
			}
		}
	}
	return true
}

// readCauses reads the records of the few who have any, and whether the human ever had an order.
func (h *history) readCauses(keep bool) bool {
	p := h.e.people
	if !h.hasSide() {
		return true
	}
	for _, id := range h.ids {
		s := p.sideOf(id)
		h.ordered = h.ordered || s.order|s.recheck != 0
		for i := s.causes; i != 0; i = p.cause.at(i).next {
			c := p.cause.at(i)
			h.causes[c.test] = *c
			if !h.step(keep) {
				return false
			}
		}
	}
	return true
}

// readOrders looks for a human's orders: a record of a person names the latest only.
func (h *history) readOrders(after HistoryCut) {
	p := h.e.people
	for from, end := uint32(1), uint32(1); from <= end; from += ordersCut {
		h.e.mu.RLock()
		end = p.orderCount
		for n := from; n <= end && n < from+ordersCut; n++ {
			o := p.order.at(n)
			if o.person != uint32(h.who) && (len(h.ids) == 1 || !contains(h.ids, PersonOrdinal(o.person))) {
				continue
			}
			if cut := (HistoryCut{o.opened, HistoryOrder, n}); cut.compare(after) > 0 {
				h.keys = append(h.keys, historyKey{HistoryCut: cut, person: PersonOrdinal(o.person)})
			}
		}
		h.e.mu.RUnlock()
	}
}

// judge puts everything in order, and works out what each test does to causes, and all of
// them together.
func (h *history) judge() {
	slices.SortFunc(h.keys, func(a, b historyKey) int { return a.compare(b.HistoryCut) })
	h.closer = h.closer[:0]
	h.whole = bounds{cut: h.whole.cut}
	for i := range h.tests {
		t := &h.tests[i]
		c, noted := h.causes[t.test]
		if t.mark&markUnbound != 0 || noted && h.whole.removed(t.swab, c.reported) {
			continue
		}
		if t.mark&markClass == markNegative {
			t.bounds.takeNegative(t.mark, t.swab)
			h.whole.takeNegative(t.mark, t.swab)
		}
		if noted {
			t.bounds.takeCause(&c, t.swab)
			h.whole.takeCause(&c, t.swab)
		}
		if t.bounds != (bounds{}) {
			h.closer = append(h.closer, *t)
		}
	}
	slices.SortFunc(h.closer, func(a, b historyTest) int { return cmp.Compare(a.swab, b.swab) })
}

// warm fetches what the next entries will need.
func (h *history) warm() {
	var tests [historyPage]uint32
	list := tests[:0]
	for i := range h.keys[:min(len(h.keys), historyPage)] {
		if k := &h.keys[i]; k.Kind == HistoryTest {
			list = append(list, k.Index)
		}
	}
	warm(h.e, list, (*needs).testTube)
}

// compose fills entries for the next keys, and takes these off. REQUIRES: the lock.
func (h *history) compose(page []HistoryEntry) (n int) {
	results := 0
	for n < len(page) && n < len(h.keys) && results < historyResultsCut {
		k, v := &h.keys[n], &page[n]
		*v = HistoryEntry{HistoryCut: k.HistoryCut, Person: k.person, With: k.with, Test: TestView{Results: v.Test.Results[:0]},
			Order: OrderView{Causes: v.Order.Causes[:0]}}
		switch k.Kind {
		case HistoryTest:
			results += h.composeTest(&h.tests[k.test], &v.Test)
		case HistoryExcuse:
			v.Round = h.e.master.roundName(k.round)
		case HistoryOrder:
			o := *h.e.orderAt(k.Index, &h.status, &h.order)
			causes := append(v.Order.Causes, o.Causes...)
			v.Order = o
			v.Order.Causes = causes
		}
		n++
	}
	h.keys = h.keys[n:]
	return n
}

// composeTest tells how many results the tube has.
func (h *history) composeTest(x *historyTest, v *TestView) int {
	e, t := h.e, h.e.tubes
	i := t.of(x.test)
	head := t.headers.at(i)
	f := atomic.LoadUint64(&head.facts)
	v.Tube, v.Code, v.Site = TubeIndex(i), string(t.codes.of(head.code)), e.master.siteName(head.site())
	if x.swab != 0 {
		v.Round = e.master.roundName(t.roundOf(i, x.test))
	}
	v.Mode, v.Purpose, v.Members = factMode(f), shownPurpose(f), int(head.bound)
	v.Swabbed, v.Bound = x.swab, x.mark&markUnbound == 0
	v.Verdict, v.Reported = factVerdict(f), Seconds(f)
	v.Results = e.appendResults(v.Results, i, v.Verdict)
	results := len(v.Results)
	for k := range v.Results {
		if v.Results[k].Standing {
			v.Stage = v.Results[k].Stage
			break
		}
	}
	v.cutResults()
	if !v.Bound {
		return results
	}
	c, noted := h.causes[x.test]
	switch {
	case x.mark&markClass == markNone:
		v.Cause = HistoryCause{Known: true, Pending: true, Since: x.swab, Open: h.whole.waits(x.swab)}
		h.closing(x.swab, &v.Cause, func(o *historyTest) bool { return !o.bounds.waits(x.swab) })
	case x.mark&markClass == markNegative:
		v.Outcome = MemberNegative
		if f&tubeSeveral != 0 {
			v.Reported = t.negativeReport(i, x.swab)
		}
	case noted:
		v.Outcome, v.Reported = memberOutcome(c.outcome(), v.Verdict), c.reported
		v.Cause = h.cause(x, &c)
	}
	return results
}

func memberOutcome(o TestOutcome, v Verdict) MemberOutcome {
	switch {
	case o == OutcomeMust:
		return MemberMustResample
	case o == OutcomeHold && v == Inconclusive:
		return MemberInconclusive
	}
	return MemberPositive
}

// cutResults leaves those that stand, then the latest.
func (v *TestView) cutResults() {
	if v.Omitted = len(v.Results) - historyResults; v.Omitted <= 0 {
		v.Omitted = 0
		return
	}
	slices.SortStableFunc(v.Results, func(a, b ResultView) int {
		if a.Standing != b.Standing {
			return cmp.Compare(1-when(a.Standing, 1), 1-when(b.Standing, 1))
		}
		return cmp.Compare(b.Reported, a.Reported)
	})
	v.Results = v.Results[:historyResults]
	slices.SortStableFunc(v.Results, func(a, b ResultView) int { return cmp.Compare(a.Reported, b.Reported) })
}

// cause tells what a test opened, and what has become of that.
func (h *history) cause(x *historyTest, c *cause) HistoryCause {
	v := HistoryCause{Known: true, Kind: c.outcome().cause(), Since: c.reported, Preliminary: c.bits&causePreliminary != 0}
	if v.Discharged = h.whole.removed(x.swab, c.reported); v.Discharged {
		return v
	}
	specimen := c.outcome() == OutcomeHold && c.bits&causeRetained != 0
	closes := func(o *historyTest) bool {
		if o.bounds.closes(c, x.swab) {
			return true
		}
		s, noted := h.causes[o.test]
		return specimen && noted && h.e.people.isSpecimenOf(&s, c, x.swab)
	}
	v.Open = !h.whole.closes(c, x.swab)
	if v.Open && !specimen {
		return v
	}
	v.Open = !h.closing(x.swab, &v, closes) && v.Open
	return v
}

// closing finds the test that closed something opened by a swab: of those that do by
// themselves the earliest swab, of several in one second the one with the smallest tube code.
func (h *history) closing(swab Seconds, v *HistoryCause, closes func(*historyTest) bool) (found bool) {
	if v.Pending && v.Open {
		return false
	}
	t := h.e.tubes
	first, _ := slices.BinarySearchFunc(h.closer, swab, func(o historyTest, s Seconds) int { return cmp.Compare(o.swab, s) })
	var at Seconds
	for k := range h.closer[first:min(len(h.closer), first+historyClosers)] {
		o := &h.closer[first+k]
		if found && o.swab != at {
			break
		}
		if !closes(o) {
			continue
		}
		tube := t.of(o.test)
		code := t.codes.of(t.headers.at(tube).code)
		if !found || bytes.Compare(code, []byte(v.ClosedCode)) < 0 {
			v.ClosedBy, v.ClosedCode = TubeIndex(tube), string(code)
		}
		found, at = true, o.swab
	}
	return found
}
