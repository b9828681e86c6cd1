package engine

import "bytes"

// move is a transfer of a person from one tube to another, or the word of a scan that
// its specimen was retained of a pool: 32 bytes.
type move struct {
	from, to         uint32 // TestIndex; a retained specimen has no from
	at               Seconds
	fromTube, toTube uint32
	reason           uint32
	bits             uint32
	_                uint32
}

const (
	moveByCDC = 1 << iota // or by command: nobody has to be asked
	moveRetained
)

func mixMove(n uint32, m *move) uint64 {
	return mix(uint64(n)*mixA ^ mix(uint64(m.from)<<32|uint64(m.to)) ^ mix(uint64(m.at)<<32|uint64(m.reason)) ^
		mix(uint64(m.fromTube)<<32|uint64(m.toTube)+uint64(m.bits)))
}

func (t *tubes) addMove(m move) uint32 {
	t.moveCount++
	t.moves.grow(t.moveCount)
	*t.moves.mut(t.moveCount) = m
	t.hash += mixMove(t.moveCount, &m)
	return t.moveCount
}

// effective tells whether a transfer counts: one out of a tube later than the report of
// its standing positive or inconclusive counts only from cdc or command.
func (t *tubes) effective(m *move) bool {
	facts := t.headers.at(m.fromTube).facts
	return m.bits&moveByCDC != 0 || !grave(factVerdict(facts)) || m.at <= Seconds(facts)
}

// linkOf is the tube that a test's specimen was retained of, by its newest scan that
// says one; 0: none.
func (t *tubes) linkOf(i, s uint32) (tube uint32) {
	h := t.headers.at(i)
	if h.facts&tubeMoved == 0 {
		return 0
	}
	var at Seconds
	for x := h.extras; x != 0; x = t.extras.at(x).next {
		e := t.extras.at(x)
		if e.kind != extraLink || e.slot != s {
			continue
		}
		if m := t.moves.at(e.at); tube == 0 || m.at > at {
			tube, at = m.fromTube, m.at
		}
	}
	return tube
}

// link keeps that the specimen of a slot was retained of another tube.
func (t *tubes) link(i, s, of uint32, at Seconds) {
	n := t.addMove(move{to: s, toTube: i, fromTube: of, at: at, bits: moveRetained})
	t.addExtra(i, extra{kind: extraLink, slot: s, at: n})
	t.setFacts(i, t.headers.get(i).facts|tubeMoved)
}

// hasMoves tells whether transfers lead to or from a pair.
func (t *tubes) hasMoves(i, s uint32) bool {
	h := t.headers.get(i)
	if h.facts&tubeMoved == 0 {
		return false
	}
	for x := h.extras; x != 0; x = t.extras.get(x).next {
		if e := t.extras.get(x); e.slot == s && (e.kind == extraIn || e.kind == extraOut) {
			return true
		}
	}
	return false
}

// findMove tells whether the same transfer is known.
func (t *tubes) findMove(i, s uint32, m *move) bool {
	for x := t.headers.get(i).extras; x != 0; x = t.extras.get(x).next {
		e := t.extras.get(x)
		if e.kind != extraOut || e.slot != s {
			continue
		}
		if o := t.moves.get(e.at); o.at == m.at && o.toTube == m.toTube && o.reason == m.reason {
			return true
		}
	}
	return false
}

// pairAt is one tube that a person was in or moved through, while transfers are settled.
type pairAt struct {
	tube, slot uint32
	own        bool     // was scanned here
	scanned    bool     // here or where he came from
	swab       Seconds  // of the earliest scan that leads here
	giver      uint32   // tube of that scan; of several in one second the one with the smallest code
	gives      policyID // under which that scan's test stands in that tube
	givesNamed bool     // that scan named its round
	policy     policyID // of the earliest scan here, else gives
	named      bool
	newest     uint64 // at<<2 | rank of what decides the binding
	known      bool   // some event counts
}

// Ranks of what decides a binding in one second: the greatest wins.
const (
	rankScan = iota
	rankOut
	rankIn
	rankUnscan
)

func (p *pairAt) decide(at Seconds, rank uint64) {
	p.newest = max(p.newest, uint64(at)<<2|rank)
	p.known = true
}

func (p *pairAt) bound() bool { return p.known && (p.newest&3 == rankScan || p.newest&3 == rankIn) }

// settleMoves decides all pairs that transfers join with one: who is where, and since
// when swabbed. A transferred person keeps the swab, so a scan that comes late for one
// tube may change the swab's time in every tube after it.
func (t *tubes) settleMoves(i, s uint32) {
	t.pairs = append(t.pairs[:0], pairAt{tube: i, slot: s})
	for k := 0; k < len(t.pairs); k++ {
		t.gather(k)
	}
	t.carry(func(m *move, from, to *pairAt) bool {
		if !from.scanned || to.scanned && (to.swab < from.swab || to.swab == from.swab && !t.codeBefore(from.giver, to.giver)) {
			return false
		}
		to.scanned, to.swab, to.giver, to.gives = true, from.swab, from.giver, from.gives
		to.givesNamed = from.givesNamed
		if !to.own {
			to.policy, to.named = from.gives, from.givesNamed
		}
		return true
	})
	t.carry(func(m *move, from, to *pairAt) bool { // nobody was scanned: the transfer is all there is
		if from.scanned || to.scanned {
			return false
		}
		at := m.at
		if from.swab != 0 {
			at = min(at, from.swab)
		}
		if to.swab != 0 && to.swab <= at {
			return false
		}
		to.swab = at
		return true
	})
	for k := range t.pairs {
		t.settlePair(&t.pairs[k], i)
	}
}

// gather reads the events of one pair and adds the pairs at the other ends of its transfers.
func (t *tubes) gather(k int) {
	i, s := t.pairs[k].tube, t.pairs[k].slot
	h := t.headers.get(i)
	for x := h.extras; x != 0; x = t.extras.get(x).next {
		e := t.extras.get(x)
		if e.slot != s {
			continue
		}
		p := &t.pairs[k]
		switch e.kind {
		case extraScan:
			p.decide(Seconds(e.at), rankScan)
			if !p.scanned || Seconds(e.at) < p.swab {
				p.own, p.scanned, p.swab, p.giver = true, true, Seconds(e.at), i
				p.policy, p.named = policyID(e.b), e.a != 0
			}
		case extraUnscan:
			if t.unscanCounts(h, e) {
				p.decide(Seconds(e.at), rankUnscan)
			}
		case extraIn:
			m := t.moves.get(e.at)
			t.joinPair(m.fromTube, m.from)
			if t.effective(m) {
				t.pairs[k].decide(m.at, rankIn)
			}
		case extraOut:
			m := t.moves.get(e.at)
			t.joinPair(m.toTube, m.to)
			if t.effective(m) {
				t.pairs[k].decide(m.at, rankOut)
			}
		}
	}
	p := &t.pairs[k]
	if p.gives, p.givesNamed = p.policy, p.named; !p.own || p.named {
		return
	}
	if o := t.openPolicy(h); o != 0 {
		p.gives = o
	} else if h.says&saysPolicies != 0 {
		if q := t.namedPolicy(i); q != 0 {
			p.gives = q
		}
	} else if h.named() {
		p.gives = h.policy()
	}
}

// resettle decides the pairs again that left a tube by transfer: its round may be
// another now.
func (t *tubes) resettle(i uint32) {
	h := t.headers.get(i)
	if h.facts&tubeMoved == 0 {
		return
	}
	for x := h.extras; x != 0; {
		e := *t.extras.get(x)
		x = e.next
		if e.kind == extraOut {
			t.settleMoves(i, e.slot)
		}
	}
}

func (t *tubes) joinPair(tube, slot uint32) {
	if t.pairOf(slot) == nil {
		t.pairs = append(t.pairs, pairAt{tube: tube, slot: slot})
	}
}

func (t *tubes) pairOf(slot uint32) *pairAt {
	for k := range t.pairs {
		if t.pairs[k].slot == slot {
			return &t.pairs[k]
		}
	}
	return nil
}

// carry applies do to every effective transfer until nothing changes.
func (t *tubes) carry(do func(m *move, from, to *pairAt) bool) {
	for changed := true; changed; {
		changed = false
		for k := range t.pairs {
			to := &t.pairs[k]
			for x := t.headers.get(to.tube).extras; x != 0; x = t.extras.get(x).next {
				e := t.extras.get(x)
				if e.kind != extraIn || e.slot != to.slot {
					continue
				}
				if m := t.moves.get(e.at); t.effective(m) && do(m, t.pairOf(m.from), to) {
					changed = true
				}
			}
		}
	}
}

// settlePair stores what was decided of a pair; tubes other than the event's look again.
func (t *tubes) settlePair(p *pairAt, event uint32) {
	changed := false
	if was := t.swab(p.tube, p.slot); was != p.swab {
		t.setSwab(p.tube, p.slot, p.swab, 0)
		changed = true
	}
	if p.scanned || p.swab != 0 {
		policy := t.policyOf(p.tube, p.slot)
		if p.scanned {
			t.setSlotPolicy(p.tube, p.slot, p.policy, p.named)
		} else {
			t.unscanned(p.tube, p.slot)
		}
		if now := t.policyOf(p.tube, p.slot); now != policy {
			changed = true
			if was := t.master.policy(policy).round; t.master.policy(now).round != was {
				t.recounts = append(t.recounts, recount{PersonOrdinal(*t.member.get(p.slot)), was})
			}
		}
	}
	if place := *t.place.get(p.slot); p.bound() != (place&placeBound != 0) {
		t.setBound(p.tube, p.slot, p.bound())
		changed = true
	}
	if changed && p.tube != event {
		t.again = append(t.again, again{p.tube, p.slot})
	}
}

func (t *tubes) setBound(i, s uint32, bound bool) {
	h := t.headers.mut(i)
	if bound {
		h.bound++
	} else {
		h.bound--
	}
	t.setPlace(s, *t.place.get(s)^placeBound)
}

// transfer moves a person from one tube to another. It is never refused: what it may
// not do by itself is a request, and the person stays.
func (t *tubes) transfer(from, to uint32, who PersonOrdinal, it *item) (Outcome, Flags) {
	m := move{at: it.at, fromTube: from, toTube: to, reason: uint32(it.arg >> 32)}
	if it.roles&(RoleCDC|RoleCommand) != 0 {
		m.bits |= moveByCDC
	}
	m.from, m.to = t.slot(from, who), t.slot(to, who)
	if m.from != 0 && t.findMove(from, m.from, &m) {
		return Duplicate, 0
	}
	if it.refusal != Accepted {
		return it.refusal, 0
	}
	var f Flags
	if m.from == 0 || *t.place.get(m.from)&placeBound == 0 {
		f |= FlagNotBound
	}
	h := t.headers.get(to)
	if factVerdict(h.facts) != VerdictNone {
		f |= FlagAfterResult
	}
	if h.facts&tubeClosed != 0 {
		f |= FlagAfterClose
	}
	if int(h.bound) >= factCapacity(h.facts) && (m.to == 0 || *t.place.get(m.to)&placeBound == 0) {
		f |= FlagOverCapacity
	}
	freshFrom, freshTo := m.from == 0, m.to == 0
	m.from, m.to = t.eventful(from, m.from, who), t.eventful(to, m.to, who)
	n := t.addMove(m)
	t.addExtra(from, extra{kind: extraOut, slot: m.from, at: n})
	t.addExtra(to, extra{kind: extraIn, slot: m.to, at: n})
	t.setFacts(from, t.headers.get(from).facts|tubeMoved)
	t.setFacts(to, t.headers.get(to).facts|tubeMoved)
	if !t.effective(&m) {
		f |= FlagTransferRequested
	}
	t.settleMoves(from, m.from)
	t.refresh(from, m.from, freshFrom, tellChanged)
	t.refresh(to, m.to, freshTo, tellChanged)
	t.again = append(t.again, again{to, m.to}) // the effects are of two tubes
	return Accepted, f
}

// eventful is a pair's slot with its events listed; a new one when it has none.
func (t *tubes) eventful(i, s uint32, who PersonOrdinal) uint32 {
	if s == 0 {
		s = t.newSlot(i, who)
		t.setSwab(i, s, 0, placeEvents)
		return s
	}
	t.materialize(i, s)
	return s
}

func (t *tubes) codeBefore(a, b uint32) bool {
	return bytes.Compare(t.codes.of(t.headers.at(a).code), t.codes.of(t.headers.at(b).code)) < 0
}
