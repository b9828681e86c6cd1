package engine

// places are the numbers of what a context names, looked up once a batch.
type places struct {
	known bool
	site  uint32
	round RoundID
	area  uint32
}

// applyItem decides one event: the tube half first, then what it told the people half.
func (e *Engine) applyItem(b *Batch, k int, who PersonOrdinal, hash uint64, pos Position, out *Changes) {
	if who == 0 && b.Person[k] != 0 && e.fresh[hash%uint64(len(e.fresh))] { // perhaps made known a moment ago
		who = e.registry.find(b.Person[k], e.document(b, k), hash)
	}
	e.tubes.effects.reset()
	told := len(out.List)
	if b.Tube[k] == NoTube {
		e.applyToPerson(b, k, who, hash, pos, out)
		e.settleFeed(pos, told, out)
		return
	}
	ctx := &b.Contexts[b.Ctx[k]]
	it := item{late: b.Bits[k]&ItemLate != 0, retained: b.Bits[k]&ItemRetained != 0, roles: b.Roles,
		at: b.At[k], mode: ctx.Mode, purpose: ctx.Purpose, arg: b.Arg[k]}
	local := b.Tube[k]
	tube := e.tubeOf[local] - 1
	switch kind := b.Kind[k]; kind {
	case KindScan:
		if !e.scan(b, k, tube, who, hash, &it) {
			return
		}
	case KindUnscan:
		slot := uint32(0)
		if tube != 0 && who != 0 {
			if slot = e.tubes.slot(tube, who); slot != 0 && e.tubes.hasEvent(tube, slot, extraUnscan, it.at) {
				b.Outcome[k] = Duplicate
				return
			}
		}
		if b.Strict && !e.knownPerson(b, k, who) {
			return
		}
		tube, who = e.ensure(b, k, tube, who, hash, ModeUnset, e.policy.PoolCapacity)
		b.Flags[k] = e.tubes.unscan(tube, who, slot, &it)
	case KindTransfer:
		if b.Strict && !e.knownPerson(b, k, who) {
			if it.refusal = b.Outcome[k]; tube == 0 || who == 0 || e.findTube(b, uint32(it.arg)) == 0 {
				return
			}
		}
		tube, who = e.ensure(b, k, tube, who, hash, ModeUnset, e.policy.PoolCapacity)
		to := e.ensureTube(b, uint32(it.arg), ModeUnset, e.policy.PoolCapacity)
		if b.Outcome[k], b.Flags[k] = e.tubes.transfer(tube, to, who, &it); b.Outcome[k] != Accepted {
			return
		}
	case KindTubeOpen, KindTubeClose, KindTubeVoid:
		e.tubeEvent(b, k, &it)
	case KindTubeReceive, KindTubeReject, KindTubeLost, KindResult:
		e.labEvent(b, k, &it)
	}
	e.people.noting = b.Kind[k] == KindTransfer || e.master.releasesWhole || len(e.tubes.again) > 0
	if e.deliver(pos, e.tubeOf[local]-1, out) || len(e.people.firsts) > 0 {
		e.settleFeed(pos, told, out)
	}
}

// settleFeed leaves one entry a person of those that an event made, and none of whom
// nothing has changed in the end.
func (e *Engine) settleFeed(pos Position, told int, out *Changes) {
	out.coalesce(pos, told, e.people.asBefore)
	e.people.firsts = e.people.firsts[:0]
}

// scan decides on a scan; it answers false when nothing has changed.
func (e *Engine) scan(b *Batch, k int, tube uint32, who PersonOrdinal, hash uint64, it *item) bool {
	p := e.places(b, k)
	it.site, it.household = p.site, uint32(it.arg)
	it.decision = e.master.decide(who, it.at, p.round, p.area)
	of := uint32(it.arg >> 32)
	if it.linked = of != 0; it.linked {
		it.link = e.findTube(b, of-1)
	}
	a := e.tubes.admitScan(tube, who, it, e.askFacts)
	if b.Strict && a.outcome != Duplicate && !e.knownPerson(b, k, who) {
		return false
	}
	b.Outcome[k], b.Flags[k], b.Detail[k] = a.outcome, a.flags, a.detail
	if a.outcome.Refused() || a.outcome == Duplicate && a.flags == 0 {
		return false
	}
	tube, who = e.ensure(b, k, tube, who, hash, it.scanMode(), it.capacity())
	if it.linked {
		it.link = e.ensureTube(b, of-1, ModeUnset, e.policy.PoolCapacity)
	}
	if p.area|it.household != 0 {
		e.noteScan(who, p.area, it)
	}
	f := e.tubes.scan(tube, who, a, it)
	if a.outcome == Accepted {
		b.Flags[k] = f
	}
	return true
}

// noteScan keeps what a scan says of its person's area and household.
func (e *Engine) noteScan(who PersonOrdinal, area uint32, it *item) {
	if e.nameMoves(who, area, it.at) {
		e.moving(who, func() { e.master.noteScan(who, area, it.at, it.household) })
		return
	}
	e.master.noteScan(who, area, it.at, it.household)
}

// knownPerson refuses, with strict master data, who is on no roster and where nobody
// put the site.
func (e *Engine) knownPerson(b *Batch, k int, who PersonOrdinal) bool {
	site := b.Text(b.Contexts[b.Ctx[k]].Site)
	switch {
	case who == 0 || !e.master.rostered(who):
		b.Outcome[k] = RefusedPersonUnknown
	case len(site) > 0 && !e.master.siteKnown(site):
		b.Outcome[k] = RefusedSiteUnknown
	default:
		return true
	}
	b.Flags[k], b.Detail[k] = 0, 0
	return false
}

// tubeEvent takes what a station says of a tube.
func (e *Engine) tubeEvent(b *Batch, k int, it *item) {
	p := e.places(b, k)
	if b.Strict {
		if site := b.Text(b.Contexts[b.Ctx[k]].Site); len(site) > 0 && !e.master.siteKnown(site) {
			it.refusal = RefusedSiteUnknown
		}
	}
	it.site = p.site
	capacity := e.policy.PoolCapacity
	if b.Kind[k] == KindTubeOpen {
		if p.round != 0 {
			it.policy = e.master.policyFor(p.round, it.at)
		}
		switch {
		case it.arg != 0:
			capacity = int(it.arg)
		case it.mode == Single:
			capacity = 1
		}
	}
	if b.Outcome[k] = it.refusal; it.refusal != Accepted && e.findTube(b, b.Tube[k]) == 0 {
		return
	}
	tube := e.ensureTube(b, b.Tube[k], it.mode, capacity)
	switch b.Kind[k] {
	case KindTubeOpen:
		b.Outcome[k], b.Flags[k] = e.tubes.open(tube, it)
	case KindTubeClose:
		b.Outcome[k], b.Flags[k] = e.tubes.close(tube, it)
	default:
		b.Outcome[k], b.Flags[k] = e.tubes.befall(tube, extraVoid, it)
	}
}

// labEvent takes what a laboratory or a carrier says of a tube.
func (e *Engine) labEvent(b *Batch, k int, it *item) {
	name := b.Text(b.Contexts[b.Ctx[k]].Lab)
	strange := b.Strict && len(name) > 0 && !e.master.labKnown(name)
	if !strange { // else it gets no number for a tube that nobody knows
		it.lab = e.master.lab(name)
	}
	if strange || it.lab == noLab {
		it.refusal = RefusedLabUnknown
		if b.Outcome[k] = it.refusal; e.findTube(b, b.Tube[k]) == 0 {
			return
		}
		it.lab = e.master.lab(name)
	}
	it.cdc = e.master.isCDC(it.lab)
	if b.Lab.Len != 0 {
		it.speaksFor = e.master.lab(b.Text(b.Lab))
	}
	tube := e.ensureTube(b, b.Tube[k], ModeUnset, e.policy.PoolCapacity)
	switch b.Kind[k] {
	case KindTubeReceive:
		b.Outcome[k], b.Flags[k] = e.tubes.befall(tube, extraReceive, it)
	case KindTubeReject:
		b.Outcome[k], b.Flags[k] = e.tubes.befall(tube, extraReject, it)
	case KindTubeLost:
		b.Outcome[k], b.Flags[k] = e.tubes.befall(tube, extraLost, it)
	default:
		b.Outcome[k], b.Flags[k] = e.tubes.result(tube, it)
	}
}

// applyToPerson takes events that name no tube, and master data.
func (e *Engine) applyToPerson(b *Batch, k int, who PersonOrdinal, hash uint64, pos Position, out *Changes) {
	switch kind := b.Kind[k]; kind {
	case KindArea, KindSite, KindLab, KindRound, KindRoster:
		e.putMaster(b, k, who, hash)
		return
	case KindDischarge, KindMerge, KindUnmerge:
		may := RoleCDC
		if kind != KindDischarge {
			may |= RoleCommand
		}
		if b.Roles&may == 0 {
			b.Outcome[k] = RefusedNotPermitted
		}
	case KindAcknowledge, KindUnreachable:
		if n := uint32(b.Arg[k]); who == 0 && b.Person[k] == 0 {
			if n == 0 || n > e.people.orderCount {
				b.Outcome[k] = RefusedRecollectionUnknown
				return
			}
			who = PersonOrdinal(e.people.order.get(n).person)
		}
	}
	if b.Outcome[k] == RefusedNotPermitted || b.Strict && !e.knownPerson(b, k, who) {
		if e.saidAlready(b, k, who) {
			b.Outcome[k] = Duplicate
		}
		return
	}
	if b.Kind[k] == KindExcuse && e.places(b, k).round == 0 { // no room for one more round
		b.Outcome[k] = RefusedField
		return
	}
	if who == 0 {
		who = e.ensurePerson(b, k, hash)
	}
	reason, at := uint32(b.Arg[k]), b.At[k]
	switch b.Kind[k] {
	case KindExcuse:
		b.Outcome[k] = e.excuse(who, e.places(b, k).round, reason, at)
	case KindDischarge:
		b.Outcome[k], b.Flags[k] = e.discharge(who, at, reason, pos, out)
	case KindAcknowledge:
		b.Outcome[k], b.Flags[k] = e.called(noteAcknowledged, who, at)
	case KindUnreachable:
		b.Outcome[k], b.Flags[k] = e.called(noteUnreachable, who, at)
	case KindMerge:
		b.Outcome[k] = e.merge(noteMerge, who, e.other(b, k), at, pos, out)
	case KindUnmerge:
		b.Outcome[k] = e.merge(noteUnmerge, who, e.other(b, k), at, pos, out)
	}
}

// saidAlready tells whether an event of a person has come before.
func (e *Engine) saidAlready(b *Batch, k int, who PersonOrdinal) bool {
	if who == 0 {
		return false
	}
	x := note{at: b.At[k], arg: uint32(b.Arg[k])}
	switch b.Kind[k] {
	case KindDischarge:
		x.kind = uint32(noteDischarge)
	case KindExcuse:
		x.kind = excuseKind(e.places(b, k).round)
	case KindAcknowledge:
		x.arg, x.kind = 0, uint32(noteAcknowledged)
	case KindUnreachable:
		x.arg, x.kind = 0, uint32(noteUnreachable)
	case KindMerge, KindUnmerge:
		other, _, _ := e.findOther(b, k)
		x.arg, x.kind = uint32(other), uint32(noteMerge)
		if b.Kind[k] == KindUnmerge {
			x.kind = uint32(noteUnmerge)
		}
	}
	return e.notes.has(who, x)
}

// findOther is the second identity of a merge, 0 if he has no number yet.
func (e *Engine) findOther(b *Batch, k int) (who PersonOrdinal, document []byte, hash uint64) {
	ref := PersonRef(b.Arg[k])
	if ref.Type() == RefOrdinal {
		return ref.Ordinal(), nil, 0
	}
	if ref.Type() == RefDocument {
		document = b.Text(ref.Document())
	}
	hash = hashPerson(ref, document)
	return e.registry.find(ref, document, hash), document, hash
}

// other is findOther, who gets a number.
func (e *Engine) other(b *Batch, k int) PersonOrdinal {
	who, document, hash := e.findOther(b, k)
	if who == 0 {
		who = e.number(PersonRef(b.Arg[k]), document, hash)
	}
	return who
}

// putMaster takes one item of master data.
func (e *Engine) putMaster(b *Batch, k int, who PersonOrdinal, hash uint64) {
	p := e.master.plan(b, k, who)
	b.Outcome[k] = p.outcome
	if p.outcome.Refused() {
		b.Detail[k] = uint32(p.field)
		return
	}
	if p.outcome == Duplicate {
		return
	}
	if b.Kind[k] != KindRoster {
		e.replan(p.moves, func() { e.master.apply(&p) })
		return
	}
	if who == 0 {
		who = e.ensurePerson(b, k, hash)
		p.who = who
	}
	if !p.moves {
		e.master.apply(&p)
		return
	}
	e.moving(who, func() {
		e.master.apply(&p)
		e.enroll(who, b.Received, p.wasRostered, p.wasArea)
	})
}

func (e *Engine) document(b *Batch, k int) []byte {
	if ref := b.Person[k]; ref.Type() == RefDocument {
		return b.Text(ref.Document())
	}
	return nil
}

// places are the numbers of an item's site, round and area.
func (e *Engine) places(b *Batch, k int) *places {
	p := &e.placeOf[b.Ctx[k]]
	if !p.known {
		c := &b.Contexts[b.Ctx[k]]
		*p = places{known: true, site: e.master.site(b.Text(c.Site)), round: e.master.round(b.Text(c.Round)), area: e.master.area(b.Text(c.Area))}
	}
	return p
}

// ensure makes the tube and the person of an accepted event known.
func (e *Engine) ensure(b *Batch, k int, tube uint32, who PersonOrdinal, hash uint64, m Mode, capacity int) (uint32, PersonOrdinal) {
	if tube == 0 {
		tube = e.ensureTube(b, b.Tube[k], m, capacity)
	}
	if who == 0 && b.Person[k] != 0 {
		who = e.ensurePerson(b, k, hash)
	}
	return tube, who
}

// findTube is a tube of a batch, 0 if it is not known.
func (e *Engine) findTube(b *Batch, local uint32) uint32 {
	if i := e.tubeOf[local]; i > 0 {
		return i - 1
	}
	return e.tubes.find(b.Text(b.Tubes[local]), b.TubeHash[local])
}

// ensureTube makes a tube of a batch known. capacity is what it has room for at once.
func (e *Engine) ensureTube(b *Batch, local uint32, m Mode, capacity int) uint32 {
	if i := e.tubeOf[local]; i > 1 {
		return i - 1
	}
	code := b.Text(b.Tubes[local])
	i := e.tubes.find(code, b.TubeHash[local])
	if i == 0 {
		i = e.tubes.add(code, b.TubeHash[local], m, capacity)
	}
	e.tubeOf[local] = i + 1
	return i
}

func (e *Engine) ensurePerson(b *Batch, k int, hash uint64) PersonOrdinal {
	return e.number(b.Person[k], e.document(b, k), hash)
}

func (e *Engine) number(ref PersonRef, document []byte, hash uint64) PersonOrdinal {
	e.people.words.grow(e.registry.count + 1) // before readers without lock can find the person
	who := e.registry.add(ref, document, hash)
	e.fresh[hash%uint64(len(e.fresh))] = true
	return who
}

// deliver takes the effects of one event across the seam, writes the feed, and counts
// coverage. several tells that one person may have been told of more than once.
func (e *Engine) deliver(pos Position, tube uint32, out *Changes) (several bool) {
	if len(e.tubes.again) > 0 {
		e.tubes.finish()
		tube, several = 0, true
	}
	merged := e.drain(pos, tube, out)
	several = several || merged || len(e.people.answers) > 0
	e.settleAnswers(pos, out)
	for _, r := range e.tubes.recounts {
		e.recount(r.person, r.round)
	}
	e.tubes.recounts = e.tubes.recounts[:0]
	return several
}

// drain gives effects to the people half. tube is theirs, 0 if they are of several.
func (e *Engine) drain(pos Position, tube uint32, out *Changes) (several bool) {
	f := &e.tubes.effects
	if e.seam != nil {
		e.seam(f)
	}
	f.next = 0
	for i, who := range f.Person {
		facts, test := f.Facts[i], uint32(f.Test[i])
		c, told := e.people.apply(who, f.Test[i], f.Swabbed[i], facts, f.note(facts))
		of := tube
		if of == 0 {
			of = e.tubes.of(test)
		}
		if told {
			e.feed(pos, &c, TubeIndex(of), f.Swabbed[i], facts, out)
			if len(e.people.others) > 0 && *e.people.words.get(uint32(who))&wordSide != 0 {
				e.feedOthers(pos, out)
				several = true
			}
		}
		e.cover(who, of, test, facts)
	}
	return several
}

// settleAnswers tells tubes that are released as a whole which members have their
// negative, and their members what follows. An answer depends on single tubes only, so
// it ends.
func (e *Engine) settleAnswers(pos Position, out *Changes) {
	for k := 0; k < len(e.people.answers); k++ {
		a := e.people.answers[k]
		e.tubes.effects.reset()
		e.tubes.setReady(a.tube, a.test, a.ready)
		e.drain(pos, a.tube, out)
	}
	e.people.answers = e.people.answers[:0]
}

// feedOthers writes entries for the other identities of a human.
func (e *Engine) feedOthers(pos Position, out *Changes) {
	for i := range e.people.others {
		e.feed(pos, &e.people.others[i], 0, 0, 0, out)
	}
	e.people.others = e.people.others[:0]
}

// feed adds the entry of a changed person. In the simple case everything follows from
// the effect; otherwise the person's status is composed as for a reader. Of swabs in
// the same second readers choose by tube code, which the people half does not know:
// there an entry may come that shows no difference, never one too few.
func (e *Engine) feed(pos Position, c *changed, tube TubeIndex, swab Seconds, f TestFacts, out *Changes) {
	entry := Change{Cursor: MakeCursor(pos, len(out.List)+1), Person: c.person, State: wordState(c.word), Previous: c.previous,
		TubesOff: uint32(len(out.Tubes))}
	if c.fresh {
		entry.Since, entry.NegativeSwab = swab, c.negative
		if f.outcome() == OutcomeNegative {
			entry.Since, entry.NegativeSwab = f.reported(), swab
		}
		out.Tubes = append(out.Tubes, tube)
	} else {
		s := &e.composing
		e.compose(c.person, c.word, s)
		entry.Since, entry.NegativeSwab, entry.Order = s.Since, s.LastNegative.Swabbed, s.Order.Number
		out.Tubes = s.appendTubes(out.Tubes)
	}
	entry.TubesLen = uint32(len(out.Tubes)) - entry.TubesOff
	out.List = append(out.List, entry)
}
