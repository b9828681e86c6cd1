package engine

import (
	"cmp"
	"slices"
	"sync/atomic"
)

// OrderFilter selects re-collection orders.
type OrderFilter struct {
	After    uint32 // number to go on from
	Limit    int
	OpenOnly bool
	ByState  bool
	State    OrderState // when ByState
	DueBy    Seconds    // only orders open and due before this; 0: all
	Kinds    uint8      // bit 1<<OrderKind for each kind wanted; 0: single and any
}

// Orders calls do for each order in number order, until it answers false or the limit
// is reached; the view is valid during the call. It returns the number of the last one
// looked at, and whether more follow. The writer waits for at most 256 orders at a time.
func (e *Engine) Orders(f OrderFilter, do func(*OrderView) bool) (last uint32, more bool) {
	var s Status
	var closed OrderView
	last = f.After
	for shown := 0; ; {
		e.mu.RLock()
		end := e.people.orderCount
		for n := 0; n < 256 && last < end; n++ {
			view := e.orderAt(last+1, &s, &closed)
			if f.wants(view) {
				if shown == f.Limit {
					e.mu.RUnlock()
					return last, true
				}
				shown++
				if !do(view) {
					e.mu.RUnlock()
					return last + 1, last+1 < end
				}
			}
			last++
		}
		e.mu.RUnlock()
		if last >= end {
			return last, false
		}
	}
}

// orderAt is an order as lists show it: an open one with all of its causes, in s, else with
// its earliest, in closed. REQUIRES: the lock.
func (e *Engine) orderAt(n uint32, s *Status, closed *OrderView) *OrderView {
	o := e.people.order.at(n)
	if !OrderState(o.state).IsOpen() {
		*closed = OrderView{Number: n, Person: PersonOrdinal(o.person), Kind: OrderKind(o.kind), State: OrderState(o.state), Opened: o.opened,
			Due: o.due, Causes: append(closed.Causes[:0], TubeIndex(e.tubes.of(o.test)))}
		return closed
	}
	e.compose(PersonOrdinal(o.person), atomic.LoadUint64(e.people.words.at(o.person)), s)
	if OrderKind(o.kind) == OrderRecheck {
		return &s.Recheck
	}
	return &s.Order
}

func (f *OrderFilter) wants(o *OrderView) bool {
	kinds := f.Kinds
	if kinds == 0 {
		kinds = 1<<OrderSingle | 1<<OrderAny
	}
	switch {
	case kinds>>o.Kind&1 == 0:
		return false
	case f.OpenOnly && !o.State.IsOpen(), f.ByState && o.State != f.State:
		return false
	case f.DueBy != 0:
		return o.State.IsOpen() && o.Due < f.DueBy
	}
	return true
}

// roundOfTube is a tube's own round, else the one that all its members' tests count in,
// else `default`.
func (e *Engine) roundOfTube(i uint32) RoundID {
	if r := e.tubes.tubeRound(i); r != 0 {
		return r
	}
	common := RoundID(0)
	e.tubes.runs(i, func(h *header) bool {
		for s := h.first; s < h.first+uint32(h.used); s++ {
			if *e.tubes.place.at(s)&placeBound == 0 {
				continue
			}
			r := e.tubes.roundOf(i, s)
			if common != 0 && common != r {
				common = RoundDefault
				return false
			}
			common = r
		}
		return true
	})
	return max(common, RoundDefault)
}

// Tube fills v with all that is known of a tube, between two slices of the writer.
func (e *Engine) Tube(i TubeIndex, v *TubeView) {
	e.WarmTube(i)
	e.mu.RLock()
	defer e.mu.RUnlock()
	e.tubeView(i, v)
}

// tubeView is Tube under the lock.
func (e *Engine) tubeView(i TubeIndex, v *TubeView) {
	t := e.tubes
	h := t.headers.at(uint32(i))
	f := atomic.LoadUint64(&h.facts)
	*v = TubeView{Index: i, Code: string(t.codes.of(h.code)), Site: e.master.siteName(h.site()), Mode: factMode(f),
		Purpose: shownPurpose(f), Capacity: factCapacity(f), Retained: f&tubeRetained != 0, Verdict: factVerdict(f),
		Reported: Seconds(f), ClosedMembers: -1, Members: v.Members[:0], Results: v.Results[:0]}
	v.Round = e.master.roundName(e.roundOfTube(uint32(i)))
	e.tubeMembers(uint32(i), v)
	e.tubeExtras(uint32(i), v)
	v.resolve()
	if f&tubeMiscounted != 0 {
		v.Flags |= FlagCountMismatch
	}
	if f&tubeConflict != 0 {
		v.Flags |= FlagVerdictConflict
	}
	if v.Mode == Single && h.bound > 1 {
		v.Flags |= FlagSingleWithMany
	}
	if v.Verdict != VerdictNone && h.bound == 0 {
		v.Flags |= FlagTubeUnknown
	}
}

// shownPurpose is a tube's purpose as readers see it.
func shownPurpose(f uint64) Purpose {
	if p := factPurpose(f); p != PurposeUnset {
		return p
	}
	return Screening
}

func (e *Engine) tubeMembers(i uint32, v *TubeView) {
	t := e.tubes
	t.runs(i, func(h *header) bool {
		for s := h.first; s < h.first+uint32(h.used); s++ {
			p := *t.member.at(s)
			w := atomic.LoadUint64(e.people.words.at(p))
			m := MemberView{Person: PersonOrdinal(p), Swabbed: t.swab(i, s), Bound: *t.place.at(s)&placeBound != 0, State: wordState(w)}
			v.Members = append(v.Members, m)
			if !m.Bound {
				continue
			}
			if v.FirstSwab == 0 || m.Swabbed < v.FirstSwab {
				v.FirstSwab = m.Swabbed
			}
			if mark := e.people.markOf(s); mark&markClass == markNegative || mark&markClass == markSpecial && !e.opens(m.Person, s) {
				v.MembersResolved++
			}
		}
		return true
	})
}

// opens tells whether a test's cause is open: its person has no answer yet.
func (e *Engine) opens(who PersonOrdinal, test uint32) bool {
	v := verdictOnPerson{}
	e.people.judge(who, &v)
	for i := range v.open {
		if v.open[i].test == test {
			return v.open[i].kind == CauseHold || v.open[i].kind == CauseMust
		}
	}
	return false
}

func (e *Engine) tubeExtras(i uint32, v *TubeView) {
	t := e.tubes
	h := t.headers.at(i)
	stands := t.verdict(i)
	closed, counted := t.newestClose(i, h.facts)
	v.ClosedAt, v.ClosedMembers = Seconds(closed), int(counted)-1
	w := t.said(i)
	v.VoidAt, v.LostAt, v.RejectedAt, v.ReceivedAt = w.void, w.lost, w.rejectedAgain, w.received
	v.ReceivedBy = e.master.labName(w.receivedBy)
	v.Results = e.appendResults(v.Results, i, stands.verdict)
}

// appendResults appends what laboratories sent of a tube whose verdict is that, in the
// order of their reports. A laboratory's results lie together, in the order of the fold.
func (e *Engine) appendResults(dst []ResultView, i uint32, verdict Verdict) []ResultView {
	t := e.tubes
	var lab standing
	all, first, of := len(dst), len(dst), -1
	settle := func() {
		for ; first < len(dst); first++ {
			r := &dst[first]
			r.Standing = lab.verdict == r.Verdict && lab.reported == r.Reported && lab.verdict == verdict
		}
	}
	for x := t.headers.at(i).extras; x != 0; x = t.extras.at(x).next {
		r := t.extras.at(x)
		if r.kind != extraResult {
			continue
		}
		if int(r.lab()) != of {
			settle()
			lab, of = standing{}, int(r.lab())
		}
		lab.fold(r)
		dst = append(dst, ResultView{Lab: e.master.labName(r.lab()), Verdict: r.verdict(), Stage: r.stage(), Tested: Seconds(r.slot), Reported: Seconds(r.at)})
	}
	settle()
	slices.SortStableFunc(dst[all:], func(a, b ResultView) int { return cmp.Compare(a.Reported, b.Reported) })
	return dst
}

// resolve sets how far the tube has come.
func (v *TubeView) resolve() {
	bound := 0
	for i := range v.Members {
		if v.Members[i].Bound {
			bound++
		}
	}
	switch {
	case !grave(v.Verdict) && v.VoidAt != 0:
		v.Resolution = TubeVoid
	case v.Verdict == Negative && v.RejectedAt == 0:
		v.Resolution = TubeNegative
	case v.Verdict != VerdictNone && bound > 0 && v.MembersResolved == bound:
		v.Resolution = TubeResolved
		if v.Verdict == Negative {
			v.Resolution = TubeNegative
		}
	case v.Verdict != VerdictNone || v.RejectedAt != 0:
		v.Resolution = TubeResolving
	case v.LostAt != 0 && v.ReceivedAt <= v.LostAt:
		v.Resolution = TubeLost
	case v.ReceivedAt != 0:
		v.Resolution = TubeReceived
	case v.ClosedAt != 0:
		v.Resolution = TubeClosed
	}
}
