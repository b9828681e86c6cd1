package engine

import "sync/atomic"

// Find returns a person's ordinal, 0 for one never heard of; document is the
// canonical text of a RefDocument. It takes no lock.
func (e *Engine) Find(ref PersonRef, document []byte) PersonOrdinal {
	if ref.Type() == RefOrdinal {
		return ref.Ordinal()
	}
	return e.registry.find(ref, document, hashPerson(ref, document))
}

// FindResidents replaces every known resident in refs by the ordinal, several look-ups
// at a time: first the index slots of sixty-four, then the keys they point to, then the
// comparison, so that cache misses overlap. It takes no lock.
func (e *Engine) FindResidents(refs []PersonRef) {
	const several = 128
	var hashes [several]uint64
	var starts [several]*uint64
	var keys [several]*uint64
	x := e.registry.index
	sink := uint64(0)
	for len(refs) > 0 {
		part := refs[:min(several, len(refs))]
		refs = refs[len(part):]
		for i, ref := range part {
			hashes[i] = mix(uint64(ref))
			starts[i] = x.start(hashes[i])
		}
		for _, p := range starts[:len(part)] {
			sink += atomic.LoadUint64(p)
		}
		known := 0
		for i, ref := range part {
			c, absent := x.candidate(hashes[i])
			if absent || ref.Type() != RefResident {
				hashes[i] = 0
				continue
			}
			keys[known] = e.registry.keys.at(c)
			known++
		}
		for _, p := range keys[:known] {
			sink += *p
		}
		for i, ref := range part {
			if hashes[i] == 0 {
				continue
			}
			if p := e.registry.find(ref, nil, hashes[i]); p != 0 {
				part[i] = OrdinalRef(p)
			}
		}
	}
	if sink == 1 { // keeps the loads
		hashes[0] = sink
	}
}

// AppendPersonID appends the canonical form of a person's identity.
func (e *Engine) AppendPersonID(dst []byte, p PersonOrdinal) []byte {
	return e.registry.appendID(dst, p)
}

// FindTube returns the tube with a canonical code, 0 for none.
func (e *Engine) FindTube(code []byte) TubeIndex {
	defer e.enter().leave()
	return TubeIndex(e.tubes.find(code, hashBytes(code)))
}

// AppendTubeCode appends a tube's code.
func (e *Engine) AppendTubeCode(dst []byte, t TubeIndex) []byte {
	defer e.enter().leave()
	return append(dst, e.tubes.codes.of(e.tubes.headers.at(uint32(t)).code)...)
}

// Status tells everything about one person; s is overwritten, its slices are used again.
//
// It takes no lock for people without causes: the word is read before and after, and
// a change between sends the reader round again. The few with causes are read between
// two slices of the writer.
func (e *Engine) Status(p PersonOrdinal, s *Status) {
	stay := e.enter()
	asOf := e.Applied() // before the word: what is shown is at least this new
	for tries := 0; !e.statusUnlocked(p, s, false); tries++ {
		if tries == 100 || atomic.LoadUint64(e.people.words.at(uint32(p)))&wordSide != 0 {
			e.WarmPerson(p)
			e.mu.RLock()
			asOf = e.Applied()
			e.compose(p, atomic.LoadUint64(e.people.words.at(uint32(p))), s)
			e.mu.RUnlock()
			break
		}
	}
	stay.leave()
	s.AsOf = asOf
}

// statusUnlocked answers false when the person has a side record or changed meanwhile,
// or when it needs the lock that the caller does not hold.
func (e *Engine) statusUnlocked(p PersonOrdinal, s *Status, locked bool) bool {
	w := atomic.LoadUint64(e.people.words.at(uint32(p)))
	if w&(wordSide|wordBusy) != 0 {
		return false
	}
	*s = emptied(s)
	var result Seconds
	steps := 0
	for t := uint32(w); t != 0; steps++ {
		link := atomic.LoadUint64(e.people.tests.at(t))
		m, swab := e.people.markOf(t), Seconds(link)
		if swab < result || steps > 1<<16 {
			break
		}
		switch {
		case m&markUnbound != 0:
		case m&markClass == markNegative:
			if !e.takeNegative(t, swab, s, locked) {
				return false
			}
			result = swab
		default:
			e.takePending(t, swab, s)
		}
		t = uint32(link >> 32)
	}
	s.settle()
	return atomic.LoadUint64(e.people.words.at(uint32(p))) == w
}

// takeNegative considers a negative for the last one: latest swab, then later report,
// then smaller code. It answers false when the tube says otherwise by now, or when
// members of it have different reports and the caller holds no lock.
func (e *Engine) takeNegative(test uint32, swab Seconds, s *Status, locked bool) bool {
	tube := e.tubes.of(test)
	facts := atomic.LoadUint64(&e.tubes.headers.at(tube).facts)
	reported := Seconds(facts)
	switch {
	case facts&tubeSeveral != 0:
		if !locked {
			return false
		}
		reported = e.tubes.negativeReport(tube, swab)
	case factVerdict(facts) != Negative:
		return false
	}
	n := LastNegative{Tube: TubeIndex(tube), Swabbed: swab, Reported: reported, Mode: factMode(facts)}
	old := &s.LastNegative
	if old.Tube == 0 || n.Swabbed > old.Swabbed || n.Swabbed == old.Swabbed &&
		(n.Reported > old.Reported || n.Reported == old.Reported && e.codeBefore(n.Tube, old.Tube)) {
		*old = n
	}
	return true
}

// takePending considers a swab without an outcome: the latest is shown (tie: smaller
// code), the earliest is since when.
func (e *Engine) takePending(test uint32, swab Seconds, s *Status) {
	tube := TubeIndex(e.tubes.of(test))
	if s.PendingTube == 0 || swab > s.PendingSwab || swab == s.PendingSwab && e.codeBefore(tube, s.PendingTube) {
		s.PendingTube, s.PendingSwab = tube, swab
	}
	if s.Since == 0 || swab < s.Since {
		s.Since = swab
	}
}

func (e *Engine) codeBefore(a, b TubeIndex) bool {
	return e.tubes.codeBefore(uint32(a), uint32(b))
}

// settle sets state and since of a person without causes.
func (s *Status) settle() {
	switch {
	case s.PendingTube != 0:
		s.State = StateSampled
	case s.LastNegative.Tube != 0:
		s.State, s.Since = StateNegative, s.LastNegative.Reported
	}
}

// compose is Status for the writer, or for a reader under the lock.
func (e *Engine) compose(p PersonOrdinal, w uint64, s *Status) {
	if w&wordSide == 0 {
		if !e.statusUnlocked(p, s, true) {
			panic("engine: BUG: a status word changed under the lock")
		}
		s.AsOf = e.Applied()
		return
	}
	*s = emptied(s)
	s.AsOf = e.Applied()
	v := verdictOnPerson{open: make([]openCause, 0, 8)}
	e.people.judge(p, &v)
	for id := p; id != 0; id = e.people.next(p, id) {
		side := e.people.sideOf(id)
		for t := side.head; t != 0; t = uint32(*e.people.tests.at(t) >> 32) {
			m, swab := e.people.markOf(t), Seconds(*e.people.tests.at(t))
			switch {
			case m&markUnbound != 0:
			case m&markClass == markNegative:
				if !e.people.removedTest(side, t, swab, v.cut) {
					e.takeNegative(t, swab, s, true)
				}
			case m&markClass == markNone && v.waits(swab):
				e.takePending(t, swab, s)
			}
		}
	}
	s.State = v.state
	s.Since = v.since
	if v.state == StateNegative {
		s.Since = s.LastNegative.Reported
	}
	s.ProofBlocked = v.state >= StateHeld
	for i := range v.open {
		c := &v.open[i]
		s.addCause(e, CauseView{Tube: TubeIndex(c.tube), Kind: c.kind, Since: c.reported, Swabbed: c.swab,
			Preliminary: c.bits&causePreliminary != 0})
	}
	root := e.people.root(p)
	if root != p {
		s.MergedInto = root
	}
	side := e.people.sideOf(root)
	if n := side.order; n != 0 && OrderState(e.people.order.at(n).state).IsOpen() {
		e.orderView(n, s, &s.Order, &v)
	}
	if n := side.recheck; n != 0 && OrderState(e.people.order.at(n).state).IsOpen() {
		e.orderView(n, s, &s.Recheck, &v)
	}
}

// emptied is a status without content that keeps the memory of s.
func emptied(s *Status) Status {
	return Status{Causes: s.Causes[:0], Order: OrderView{Causes: s.Order.Causes[:0]}, Recheck: OrderView{Causes: s.Recheck.Causes[:0]}}
}

// addCause keeps causes strongest first, then earliest, then by code: an order that
// does not depend on arrival. Two identities of a human in one tube have one cause there.
func (s *Status) addCause(e *Engine, c CauseView) {
	for i := range s.Causes {
		if o := &s.Causes[i]; o.Tube == c.Tube && o.Kind == c.Kind {
			o.Since, o.Swabbed, o.Preliminary = min(o.Since, c.Since), min(o.Swabbed, c.Swabbed), o.Preliminary && c.Preliminary
			return
		}
	}
	s.Causes = append(s.Causes, c)
	for i := len(s.Causes) - 1; i > 0; i-- {
		a, b := &s.Causes[i-1], &s.Causes[i]
		if a.Kind > b.Kind || a.Kind == b.Kind && (a.Since < b.Since || a.Since == b.Since && !e.codeBefore(b.Tube, a.Tube)) {
			return
		}
		*a, *b = *b, *a
	}
}

// orderView fills an open order or recheck task of a person whose causes are composed.
func (e *Engine) orderView(n uint32, s *Status, v *OrderView, by *verdictOnPerson) {
	o := e.people.order.at(n)
	v.Number, v.Person, v.Kind = n, PersonOrdinal(o.person), OrderKind(o.kind)
	v.State, v.Opened, v.Due = OrderOpen, o.opened, o.due
	var latest Seconds
	for i := range s.Causes {
		if c := &s.Causes[i]; c.Kind == CauseSuspect == (v.Kind == OrderRecheck) && c.Kind != CauseConfirmed {
			v.Causes = append(v.Causes, c.Tube)
		}
	}
	for i := range by.open {
		if c := &by.open[i]; c.kind == CauseSuspect == (v.Kind == OrderRecheck) && c.kind != CauseConfirmed {
			latest = max(latest, c.swab)
		}
	}
	if at, state := e.people.lastCall(v.Person); at != 0 && at >= v.Opened {
		v.State = state
	}
	for id := v.Person; id != 0 && s.PendingTube != 0; id = e.people.next(v.Person, id) {
		for t := e.people.sideOf(id).head; t != 0; t = uint32(*e.people.tests.at(t) >> 32) {
			swab := Seconds(*e.people.tests.at(t))
			if e.people.markOf(t)&(markClass|markUnbound) == markNone && swab >= by.result && swab > latest && e.serves(t, v.Kind) {
				v.State = OrderSwabbed
			}
		}
	}
}

// serves tells whether a test is of the kind that an order asks for.
func (e *Engine) serves(test uint32, kind OrderKind) bool {
	facts := e.tubes.headers.at(e.tubes.of(test)).facts
	return kind == OrderAny || factMode(facts) == Single && (kind != OrderRecheck || factPurpose(facts) == Recheck)
}

// appendTubes appends what a feed entry shows: the causes, for sampled the pending
// tube, for negative the negative's.
func (s *Status) appendTubes(dst []TubeIndex) []TubeIndex {
	switch {
	case len(s.Causes) > 0:
		for i := range s.Causes {
			dst = append(dst, s.Causes[i].Tube)
		}
	case s.PendingTube != 0:
		dst = append(dst, s.PendingTube)
	case s.LastNegative.Tube != 0:
		dst = append(dst, s.LastNegative.Tube)
	}
	return dst
}
