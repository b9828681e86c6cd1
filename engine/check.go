package engine

import "fmt"

// Check proves the invariants I1 to I9 of the package comment from scratch. It is
// slow and takes the writer's lock: for tests, verification and the end of a run.
func (e *Engine) Check() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, check := range []func() error{e.checkKeys, e.checkTubes, e.checkPeople, e.checkHash, e.checkCoverage} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// checkKeys proves I6.
func (e *Engine) checkKeys() error {
	r, t := e.registry, e.tubes
	for o := uint32(1); o <= r.count; o++ {
		ref := PersonRef(*r.keys.at(o))
		var doc []byte
		if ref.Type() == RefDocument {
			doc = r.texts.of(uint32(ref))
		}
		if got := r.find(ref, doc, r.hashOf(o)); got != PersonOrdinal(o) {
			return fmt.Errorf("I6: person %d is found as %d", o, got)
		}
	}
	for i := uint32(1); i <= t.count; i++ {
		h := t.headers.at(i)
		if h.facts&tubeExtension != 0 {
			continue
		}
		code := t.codes.of(h.code)
		if got := t.find(code, hashBytes(code)); got != i {
			return fmt.Errorf("I6: tube %d is found as %d", i, got)
		}
		for s := h.first; s < h.first+uint32(h.used); s++ {
			if got := t.of(s); got != i {
				return fmt.Errorf("I6: test %d of tube %d is found in tube %d", s, i, got)
			}
		}
	}
	return nil
}

// checkTubes proves I2 and I3.
func (e *Engine) checkTubes() error {
	t := e.tubes
	for i := uint32(1); i <= t.count; i++ {
		h := t.headers.at(i)
		if h.facts&tubeExtension != 0 {
			continue
		}
		v, w := t.verdict(i), t.said(i)
		facts := t.closing(i, t.compose(h, &v, &w, h.facts))
		if facts != h.facts {
			return fmt.Errorf("I3: tube %d has facts %x; want %x", i, h.facts, facts)
		}
		bound := 0
		var err error
		t.runs(i, func(run *header) bool {
			for s := run.first; s < run.first+uint32(run.used) && err == nil; s++ {
				if *t.place.at(s)&placeBound != 0 {
					bound++
				}
				err = e.checkMember(i, h, s, &v, &w)
			}
			return err == nil
		})
		if err != nil {
			return err
		}
		if bound != int(h.bound) {
			return fmt.Errorf("I3: tube %d counts %d members; has %d", i, h.bound, bound)
		}
	}
	return nil
}

func (e *Engine) checkMember(i uint32, h *header, s uint32, v *standing, w *said) error {
	t := e.tubes
	held := t.effects
	t.effects = Effects{}
	t.tellOne(i, h, s, false, renewal{}, v, w)
	want, who, swab := t.effects.Facts[0], t.effects.Person[0], t.effects.Swabbed[0]
	note := t.effects.note(want)
	t.effects = held
	if got := e.people.mark(s); got != markFor(want) {
		return fmt.Errorf("I2: test %d of person %d in tube %d is marked %b; want %b", s, who, i, got, markFor(want))
	}
	if got := Seconds(*e.people.tests.at(s)); got != swab {
		return fmt.Errorf("I2: test %d of person %d in tube %d was swabbed at %d; want %d", s, who, i, got, swab)
	}
	if !want.has(factNoted) {
		return nil
	}
	word := *e.people.words.at(uint32(who))
	if word&wordSide == 0 {
		return fmt.Errorf("I2: person %d has no record of the outcome of tube %d", who, i)
	}
	for x := e.people.sides.at(uint32(word)).causes; x != 0; x = e.people.cause.at(x).next {
		if c := e.people.cause.at(x); c.test == s {
			if c.reported != want.reported() || TestOutcome(c.bits&7) != want.outcome() || c.bits&causeRetained != 0 != want.has(factRetained) ||
				c.bits&causePreliminary != 0 != want.has(factPreliminary) || c.bits&causeRecheck != 0 != want.has(factRecheck) ||
				c.bits&causeWhole != 0 != want.has(factWhole) || c.bits&causeReady != 0 != want.has(factReady) || c.bits&causeAsked != 0 != want.has(factAsked) ||
				c.tube != uint32(note.Tube) || c.link != uint32(note.Link) || c.due != note.Due {
				return fmt.Errorf("I2: the cause of person %d from tube %d is not what the tube says", who, i)
			}
			return nil
		}
	}
	return fmt.Errorf("I2: person %d has no cause from tube %d", who, i)
}

// checkPeople proves I1, I4 and I5.
func (e *Engine) checkPeople() error {
	p, t := e.people, e.tubes
	owned := make([]uint32, e.registry.count+1) // tests by person, from the tubes
	for i := uint32(1); i <= t.count; i++ {
		h := t.headers.at(i)
		for s := h.first; s < h.first+uint32(h.used); s++ {
			owned[*t.member.at(s)]++
		}
	}
	open := uint32(0)
	for o := uint32(1); o <= e.registry.count; o++ {
		w := *p.words.at(o)
		head := uint32(w)
		var v verdictOnPerson
		if w&wordSide != 0 {
			head = p.sides.at(head).head
			p.judge(PersonOrdinal(o), &v)
			n, err := e.checkOrders(PersonOrdinal(o), &v)
			if err != nil {
				return err
			}
			open += n
		} else {
			v.summary = p.chainSummary(head)
		}
		if wordState(w) != v.state {
			return fmt.Errorf("I1: person %d is %v; his tests say %v", o, wordState(w), v.state)
		}
		n := uint32(0)
		for c := head; c != 0; c = uint32(*p.tests.at(c) >> 32) {
			if n++; n > owned[o] || *t.member.at(c) != o {
				return fmt.Errorf("I4: the chain of person %d holds test %d, which is not his", o, c)
			}
			if next := uint32(*p.tests.at(c) >> 32); next != 0 && Seconds(*p.tests.at(next)) > Seconds(*p.tests.at(c)) {
				return fmt.Errorf("I4: the chain of person %d is out of order at test %d", o, c)
			}
		}
		if n != owned[o] {
			return fmt.Errorf("I4: the chain of person %d holds %d tests; want %d", o, n, owned[o])
		}
	}
	if open != p.ordersOpen {
		return fmt.Errorf("I5: %d orders are open; counted %d", open, p.ordersOpen)
	}
	return nil
}

// checkOrders proves I5 and I9 for one identity, and counts its open orders.
func (e *Engine) checkOrders(who PersonOrdinal, v *verdictOnPerson) (open uint32, err error) {
	p := e.people
	s := p.sideOf(who)
	if len(p.component(who)) == 1 != (s.ring == 0) || p.root(who) != e.rootOf(p.component(who)) {
		return 0, fmt.Errorf("I9: person %d has root %d; the merges in force say otherwise", who, p.root(who))
	}
	for _, k := range [...]struct {
		n    uint32
		want task
	}{{s.order, v.task}, {s.recheck, v.recheck}} {
		is := k.n != 0 && OrderState(p.order.at(k.n).state).IsOpen()
		if want := k.want.need && p.root(who) == who; is != want {
			return 0, fmt.Errorf("I5: person %d has an open order: %v; want %v", who, is, want)
		}
		if is {
			open++
			if r := p.order.at(k.n); r.person != uint32(who) || r.due != k.want.due || r.opened != k.want.opened {
				return 0, fmt.Errorf("I5: order %d of person %d is due at %d; want %d", k.n, who, r.due, k.want.due)
			}
		}
	}
	return open, nil
}

// checkHash proves I7.
func (e *Engine) checkHash() error {
	r, p, t := e.registry, e.people, e.tubes
	var registry, people, tubes uint64
	for o := uint32(1); o <= r.count; o++ {
		registry += mixWord(PersonOrdinal(o), r.hashOf(o))
		people += mixWord(PersonOrdinal(o), *p.words.at(o))
	}
	for s := uint32(1); s < t.tests && int(s) < p.tests.capacity(); s++ { // a tube's free places may lie beyond
		people += mixTest(s, *p.tests.at(s)) + mixTest(s, uint64(p.mark(s)))
	}
	for i := uint32(1); i <= p.sideCount; i++ {
		s := p.sides.at(i)
		people += mixSide(i, s)
		for x := s.causes; x != 0; x = p.cause.at(x).next {
			people += mixCause(p.cause.at(x))
		}
	}
	for i := uint32(1); i <= p.orderCount; i++ {
		people += mixOrder(i, *p.order.at(i))
	}
	for i := uint32(1); i <= t.count; i++ {
		tubes += t.hashOf(i)
	}
	for i := uint32(1); i <= t.moveCount; i++ {
		tubes += mixMove(i, t.moves.at(i))
	}
	noted := uint64(0)
	for o := uint32(1); o <= r.count; o++ {
		e.notes.of(PersonOrdinal(o), func(n *note) { noted += mixNote(PersonOrdinal(o), n) })
	}
	if noted != e.notes.hash {
		return fmt.Errorf("I7: hash of notes is %x; from scratch %x", e.notes.hash, noted)
	}
	if registry != r.hash || people != p.hash || tubes != t.hash {
		return fmt.Errorf("I7: hash of registry, people, tubes is %x %x %x; from scratch %x %x %x", r.hash, p.hash, t.hash, registry, people, tubes)
	}
	return nil
}

// hashOf is a tube's part of the hash, from scratch.
func (t *tubes) hashOf(i uint32) (sum uint64) {
	h := t.headers.at(i)
	if h.facts&tubeExtension != 0 {
		sum = mixTube(i, h.facts, 0)
	} else {
		sum = mixTube(i, h.facts, hashBytes(t.codes.of(h.code)))
		for x := h.extras; x != 0; x = t.extras.at(x).next {
			sum += mixExtra(i, t.extras.at(x))
		}
		if at := *t.closed.at(i); at != 0 {
			sum += mixExtra(i, &extra{kind: extraClose, at: at, slot: uint32(h.facts >> tubeCounted & 63)})
		}
	}
	for s := h.first; s < h.first+uint32(h.used); s++ {
		sum += mixMember(s, *t.member.at(s)) + mixMember(s, uint32(*t.place.at(s))<<16|1) - mixMember(s, 1)
	}
	return sum
}
