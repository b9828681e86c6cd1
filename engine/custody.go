package engine

// item is one event, resolved to what the halves speak of.
type item struct {
	late      bool
	retained  bool // tube.open: individual specimens retained
	roles     Role
	at        Seconds
	mode      Mode
	purpose   Purpose
	site      uint32
	lab       uint32
	cdc       bool     // lab is one of disease control
	speaksFor uint32   // laboratory of the principal, 0: any
	policy    policyID // tube.open: of the round that it names, 0: names none
	household uint32
	linked    bool   // scan: says retained_of
	link      uint32 // then: that tube
	decision  decision
	refusal   Outcome // with strict master data: unless the event is a duplicate
	arg       uint64
}

// scanMode is what a scan says of its tube's mode: its own word, else an individual's
// specimen is single, else what policy gave it.
func (it *item) scanMode() Mode {
	switch {
	case it.mode != ModeUnset:
		return it.mode
	case it.linked:
		return Single
	}
	return it.decision.mode
}

// capacity for a tube that a scan opens.
func (it *item) capacity() int {
	if it.scanMode() == Single {
		return 1
	}
	return int(it.decision.capacity)
}

func saysOf(m Mode) uint8 {
	switch m {
	case Single:
		return saysSingle
	case Household:
		return saysHousehold
	}
	return saysPool
}

// modeOf is what the scans of a tube say together: single only if all say so.
func modeOf(says uint8) Mode {
	switch {
	case says&saysPool != 0:
		return Pool
	case says&saysHousehold != 0:
		return Household
	}
	return Single
}

func purposeSays(p Purpose) uint8 {
	switch p {
	case Recheck:
		return saysRecheck
	case Recollection:
		return saysRecollection
	}
	return saysScreening
}

// purposeOf is what the scans say together: the least particular of them.
func purposeOf(says uint8) Purpose {
	switch {
	case says&saysPurpose == saysRecheck:
		return Recheck
	case says&saysScreening == 0 && says&saysRecollection != 0:
		return Recollection
	}
	return PurposeUnset
}

// scan binds a person, or adds one more scan to a pair that has a slot.
func (t *tubes) scan(i uint32, who PersonOrdinal, a admission, it *item) Flags {
	h := t.headers.mut(i)
	d := &it.decision
	t.capped(i, h, it)
	h.says |= saysOf(it.scanMode()) | purposeSays(it.purpose)
	if h.site() == 0 {
		h.setSite(it.site)
	}
	word := policyWord(d.policy, d.own)
	mixed := h.says&saysPolicies != 0 || h.where&^whereSite != 0 && h.where&^whereSite != word
	if mixed {
		t.rounds(i)
		h.says |= saysPolicies
	}
	s, first := a.slot, a.slot == 0
	if first {
		s = t.newSlot(i, who)
		t.setSwab(i, s, it.at, placeBound)
		h = t.headers.mut(i)
		h.bound++
		if mixed {
			t.setSlotPolicy(i, s, d.policy, d.own)
		} else {
			h.setPolicy(word)
		}
	} else {
		t.materialize(i, s)
		e := extra{kind: extraScan, slot: s, at: uint32(it.at), b: uint16(d.policy)}
		if d.own {
			e.a = 1
		}
		t.addExtra(i, e)
	}
	if it.link != 0 {
		t.link(i, s, it.link, it.at)
	}
	if !first {
		t.rebind(i, s)
	}
	t.resettle(i)
	how := tellChanged
	if mixed && t.moved(i) {
		how = tellMembers
	}
	t.refresh(i, s, first, how)
	return t.scanFlags(i, s, a.flags, it)
}

// capped keeps the smallest capacity that policy gave any scan of the tube.
func (t *tubes) capped(i uint32, h *header, it *item) {
	c := int(it.decision.capacity)
	if h.says&saysMode == 0 { // its first scan
		if h.used == 0 && h.extras == 0 && int(h.slots()) == c {
			h.room |= roomByPolicy
		} else if c != t.master.poolCapacity() {
			t.addExtra(i, extra{kind: extraCapacity, b: uint16(c)})
		}
		return
	}
	if c == int(h.slots()) && h.room&roomByPolicy != 0 {
		return
	}
	w := t.said(i)
	if c < t.policyCapacity(h, &w) {
		t.addExtra(i, extra{kind: extraCapacity, b: uint16(c)})
	}
}

// policyCapacity is the smallest that policy gave the scans of a tube.
func (t *tubes) policyCapacity(h *header, w *said) int {
	c := w.capacityByPolicy
	switch {
	case h.room&roomByPolicy != 0 && (c == 0 || int(h.slots()) < c):
		return int(h.slots())
	case c == 0:
		return t.master.poolCapacity()
	}
	return c
}

func (t *tubes) scanFlags(i, s uint32, f Flags, it *item) Flags {
	h := t.headers.get(i)
	single := factMode(h.facts) == Single
	if single {
		f &^= FlagExpectsSingle
		if h.bound > 1 {
			f |= FlagSingleWithMany
		}
	}
	if *t.place.get(s)&placeBound == 0 {
		f |= FlagUnbound
	}
	if swab := t.swab(i, s); factVerdict(h.facts) == Negative && t.verdict(i).tested < swab {
		f |= FlagSwabAfterTest
		if w := t.said(i); *t.place.get(s)&placeBound != 0 && t.isLate(i, swab, &w) {
			f |= FlagSampledAfterTest
		}
	}
	return f
}

// unscan undoes a binding. slot is 0 when the pair was never scanned: it is
// remembered, for the scan may be on its way.
func (t *tubes) unscan(i uint32, who PersonOrdinal, slot uint32, it *item) (f Flags) {
	first := slot == 0
	if first || t.swab(i, slot) == 0 {
		f |= FlagNotBound
	}
	slot = t.eventful(i, slot, who)
	e := extra{kind: extraUnscan, slot: slot, at: uint32(it.at)}
	if it.roles&(RoleCDC|RoleCommand) != 0 {
		e.a = 1
	}
	t.addExtra(i, e)
	t.rebind(i, slot)
	t.refresh(i, slot, first, tellChanged)
	if !t.unscanCounts(t.headers.get(i), &e) {
		f |= FlagUnscanRequested
	}
	return f
}

// unscanCounts: one later than the report of the tube's standing positive or
// inconclusive counts only from cdc or command.
func (t *tubes) unscanCounts(h *header, e *extra) bool {
	return e.a == 1 || !grave(factVerdict(h.facts)) || e.at <= uint32(h.facts)
}

// materialize turns a plain slot, which has one scan, into one with a list of events.
func (t *tubes) materialize(i, s uint32) {
	if place := *t.place.get(s); place&placeEvents == 0 {
		p, named := t.slotPolicy(t.headers.get(i), s)
		e := extra{kind: extraScan, slot: s, at: uint32(t.swab(i, s)), b: uint16(p)}
		if named {
			e.a = 1
		}
		t.addExtra(i, e)
		t.setPlace(s, place|placeEvents)
	}
}

// rebind decides a pair by its newest scan, transfer or unscan (tie: unscan >
// transfer > scan). The swab's time is that of the earliest scan.
func (t *tubes) rebind(i, s uint32) {
	if t.hasMoves(i, s) {
		t.settleMoves(i, s)
		return
	}
	h := t.headers.get(i)
	var swab, scanned, undone uint32
	var policy policyID
	var named bool
	for x := h.extras; x != 0; x = t.extras.get(x).next {
		e := t.extras.get(x)
		if e.slot != s {
			continue
		}
		switch {
		case e.kind == extraScan:
			if swab == 0 || e.at < swab {
				swab, policy, named = e.at, policyID(e.b), e.a != 0
			}
			scanned = max(scanned, e.at)
		case e.kind == extraUnscan && t.unscanCounts(h, e):
			undone = max(undone, e.at)
		}
	}
	if Seconds(swab) != t.swab(i, s) {
		t.setSwab(i, s, Seconds(swab), 0)
	}
	if swab != 0 {
		t.setSlotPolicy(i, s, policy, named)
	}
	if bound := scanned > undone; bound != (*t.place.get(s)&placeBound != 0) {
		t.setBound(i, s, bound)
	}
}

// open takes a tube.open. It may come after scans and results: mode, capacity and
// purpose follow the newest, and everything that hangs on them.
func (t *tubes) open(i uint32, it *item) (Outcome, Flags) {
	e := extra{kind: extraOpen, at: uint32(it.at), slot: uint32(it.policy), a: uint8(it.mode) | uint8(it.purpose)<<2, b: uint16(it.arg)}
	if it.retained {
		e.a |= 1 << 4
	}
	if t.hasOpen(i, e) {
		return Duplicate, 0
	}
	if it.refusal != Accepted {
		return it.refusal, 0
	}
	if h := t.headers.mut(i); h.site() == 0 {
		h.setSite(it.site)
	}
	if it.policy != 0 {
		t.rounds(i)
	}
	t.addExtra(i, e)
	how := tellChanged
	if it.policy != 0 { // another policy may have another SLA in the same round
		t.resettle(i)
		t.moved(i)
		how = tellMembers
	}
	t.refresh(i, 0, false, how)
	var f Flags
	h := t.headers.get(i)
	if factMode(h.facts) == Single && h.bound > 1 {
		f |= FlagSingleWithMany
	}
	if it.policy != 0 && int(it.arg) > t.master.largestCap(it.policy, it.site) {
		f |= FlagCapacityOverPolicy
	}
	return Accepted, f
}

func (t *tubes) hasOpen(i uint32, e extra) bool {
	for x := t.headers.get(i).extras; x != 0; x = t.extras.get(x).next {
		o := t.extras.get(x)
		if o.kind == e.kind && o.at == e.at && o.a == e.a && o.b == e.b && (o.slot == e.slot || o.slot != 0 && e.slot != 0 &&
			t.master.policy(policyID(o.slot)).round == t.master.policy(policyID(e.slot)).round) {
			return true
		}
	}
	return false
}

// close takes a tube.close; members is what was counted, compared with the scans.
func (t *tubes) close(i uint32, it *item) (Outcome, Flags) {
	e := extra{kind: extraClose, at: uint32(it.at), slot: uint32(it.arg)}
	facts := t.headers.get(i).facts
	switch first := *t.closed.get(i); {
	case first == e.at && facts>>tubeCounted&63 == it.arg || t.hasExtra(i, e):
		return Duplicate, 0
	case it.refusal != Accepted:
		return it.refusal, 0
	case first == 0 && it.arg < 64:
		*t.closed.mut(i) = e.at
		t.hash += mixExtra(i, &e)
		t.setFacts(i, facts|it.arg<<tubeCounted)
	default:
		t.addExtra(i, e)
	}
	t.refresh(i, 0, false, tellChanged)
	if it.arg != 0 && it.arg-1 != uint64(t.headers.get(i).bound) {
		return Accepted, FlagCountMismatch
	}
	return Accepted, 0
}

// befall takes a tube.void, receive, reject or lost.
func (t *tubes) befall(i uint32, kind uint8, it *item) (Outcome, Flags) {
	e := extra{kind: kind, at: uint32(it.at)}
	switch kind {
	case extraVoid:
		e.slot = uint32(it.arg)
	case extraReceive:
		e.a, e.b = uint8(it.lab>>16), uint16(it.lab)
	}
	for x := t.headers.get(i).extras; x != 0; x = t.extras.get(x).next {
		if o := t.extras.get(x); o.kind == e.kind && o.at == e.at && o.slot == e.slot {
			return Duplicate, 0
		}
	}
	if it.refusal != Accepted {
		return it.refusal, 0
	}
	w := t.said(i)
	t.addExtra(i, e)
	if kind == extraReject {
		t.newest, t.rejectedBefore, t.rejectedSet = t.extraCount, w.rejectedAgain, true
	}
	t.refresh(i, 0, false, tellResult)
	t.newest, t.rejectedSet = 0, false
	if kind != extraReceive && grave(factVerdict(t.headers.get(i).facts)) {
		return Accepted, FlagResultOfVoidTube
	}
	return Accepted, 0
}

// result takes what a laboratory says. A tube without members keeps it until its scans come.
func (t *tubes) result(i uint32, it *item) (Outcome, Flags) {
	reported, stage, verdict := ResultOf(it.arg)
	e := resultExtra(it.lab, it.cdc, stage, verdict, it.at, reported)
	earlier := false
	for x := t.headers.get(i).extras; x != 0; x = t.extras.get(x).next {
		o := t.extras.get(x)
		if o.kind != e.kind {
			continue
		}
		if o.at == e.at && o.b == e.b && (o.a^e.a)&^resultCDC == 0 {
			return Duplicate, 0
		}
		earlier = true
	}
	if it.refusal != Accepted {
		return it.refusal, 0
	}
	var f Flags
	if it.speaksFor != 0 && it.speaksFor != it.lab {
		if !it.late {
			return RefusedLabMismatch, 0
		}
		f |= FlagLabMismatch
	}
	t.results++
	if !earlier {
		t.addExtra(i, e)
		v := t.refresh(i, 0, false, tellChanged)
		return Accepted, f | t.resultFlags(i, it, &v, v.conflicts > 0)
	}
	before, labBefore := t.verdict(i), t.labStanding(i, it.lab)
	t.addResult(i, e)
	after := t.verdict(i)
	t.newest = t.extraCount
	how := tellChanged
	if before.tested != after.tested || after.labs > 1 || before.confirmed != after.confirmed || before.cdcNegative != after.cdcNegative ||
		before.confirmedPrelim != after.confirmedPrelim || after.cdcNegative {
		how = tellResult
	}
	t.refresh(i, 0, false, how)
	t.newest = 0
	return Accepted, f | t.resultFlags(i, it, &after, t.labStanding(i, it.lab).conflicts > labBefore.conflicts)
}

func (t *tubes) resultFlags(i uint32, it *item, after *standing, conflict bool) (f Flags) {
	h := t.headers.get(i)
	if h.bound == 0 {
		f |= FlagTubeUnknown
	}
	if conflict {
		f |= FlagVerdictConflict
	}
	if h.facts&tubeMarred != 0 && grave(after.verdict) {
		f |= FlagResultOfVoidTube
	}
	if h.facts&tubeReceived != 0 {
		if w := t.said(i); w.receivedBy != 0 && w.receivedBy != it.lab {
			f |= FlagLabMismatch
		}
	}
	if after.verdict == Negative && t.swabbedAfter(i, after.tested) {
		f |= FlagSwabAfterTest
		if w := t.said(i); t.sampledLate(i, &w) > 0 {
			f |= FlagSampledAfterTest
		}
	}
	return f
}

func (t *tubes) swabbedAfter(i uint32, tested Seconds) (found bool) {
	if h := t.headers.get(i); h.facts&tubeGrown == 0 && h.base != 0 && Seconds(h.base)+2048 <= tested && h.says&saysWide == 0 {
		return false // no swab of a plain slot is farther from the base than that
	}
	t.runs(i, func(h *header) bool {
		for s := h.first; s < h.first+uint32(h.used) && !found; s++ {
			found = *t.place.get(s)&placeBound != 0 && t.swab(i, s) > tested
		}
		return !found
	})
	return found
}
