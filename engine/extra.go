package engine

// extra is one record of a tube's list, latest first: 16 bytes.
type extra struct {
	next uint32
	at   uint32 // Seconds; result: reported_at; run: header; in, out, link: move
	slot uint32 // of a pair: TestIndex; result: tested_at; open: policy, 0 = names no round; close: members + 1; void: HashReason
	kind uint8
	a    uint8  // result: see resultExtra; open: Mode | Purpose<<2 | retained<<4; unscan: 1 = by cdc or command; scan, policy: 1 = the scan named its round; ready: 0 or 1; receive: upper bits of the lab
	b    uint16 // result, receive: lower bits of the lab; open: capacity, 0 = not said; capacity: capacity; scan, policy: policyID
}

const (
	extraResult uint8 = 1 + iota
	extraOpen
	extraClose
	extraScan   // a scan of a pair that has several events
	extraUnscan // an unscan
	extraSwab   // swab time of a slot far from the tube's base
	extraRun    // further slots
	extraPolicy // policy of a slot that is not the header's
	extraCapacity
	extraVoid
	extraReceive
	extraReject
	extraLost
	extraIn    // a transfer into this tube
	extraOut   // a transfer out of it
	extraLink  // a scan says: retained_of
	extraReady // release "all": the member has his single negative
)

// resultExtra is the record of a result. a: Stage, Verdict<<2, cdc<<5, upper bits of
// the lab<<6. REQUIRES: lab < MaxLabs.
func resultExtra(lab uint32, cdc bool, s Stage, v Verdict, tested, reported Seconds) extra {
	e := extra{kind: extraResult, at: uint32(reported), slot: uint32(tested), a: uint8(s) | uint8(v)<<2 | uint8(lab>>16)<<6, b: uint16(lab)}
	if cdc {
		e.a |= resultCDC
	}
	return e
}

const resultCDC = 1 << 5

func (e *extra) lab() uint32      { return uint32(e.b) | uint32(e.a>>6)<<16 }
func (e *extra) stage() Stage     { return Stage(e.a & 3) }
func (e *extra) verdict() Verdict { return Verdict(e.a >> 2 & 7) }
func (e *extra) cdc() bool        { return e.a&resultCDC != 0 }

func (t *tubes) addExtra(i uint32, e extra) {
	t.extraCount++
	t.extras.grow(t.extraCount)
	h := t.headers.mut(i)
	e.next = h.extras
	*t.extras.mut(t.extraCount) = e
	h.extras = t.extraCount
	t.hash += mixExtra(i, &e)
}

func mixExtra(i uint32, e *extra) uint64 {
	return mix(uint64(i)*mixA ^ mix(uint64(e.at)<<32|uint64(e.slot)) ^ mix(uint64(e.kind)<<24|uint64(e.a)<<16|uint64(e.b)))
}

// addResult puts a result where it belongs among the tube's results: by lab, then in
// the order in which a lab's results are folded. So a fold is one walk, however often
// a laboratory changes its mind.
func (t *tubes) addResult(i uint32, e extra) {
	t.addExtra(i, e) // at the front
	h := t.headers.mut(i)
	at := h.extras
	before := uint32(0)
	for x := t.extras.get(at).next; x != 0; x = t.extras.get(x).next {
		if o := t.extras.get(x); o.kind == extraResult && (o.lab() < e.lab() || o.lab() == e.lab() && resultKey(o) < resultKey(&e)) {
			before = x
		}
	}
	if before == 0 {
		return
	}
	h.extras = t.extras.get(at).next
	t.extras.mut(at).next = t.extras.get(before).next
	t.extras.mut(before).next = at
}

// hasExtra tells whether the tube has an equal record already.
func (t *tubes) hasExtra(i uint32, e extra) bool {
	for x := t.headers.get(i).extras; x != 0; {
		o := *t.extras.get(x)
		x, o.next = o.next, 0
		if o == e {
			return true
		}
	}
	return false
}

// said is what events other than scans and results say of a tube.
type said struct {
	opened
	custody
	capacityByPolicy int // the smallest that policy gave a scan and the header does not tell; 0: none
	readyKnown       bool
}

// opened is what the newest tube.open says; capacity by the newest that states one,
// policy by the newest that names a round.
type opened struct {
	known    bool
	mode     Mode
	purpose  Purpose
	capacity int
	retained bool
	policy   policyID
}

// custody is what befell a tube; 0: it did not.
type custody struct {
	void, lost              Seconds // earliest
	rejected, rejectedAgain Seconds // earliest, newest
	received                Seconds // newest
	receivedBy              uint32  // laboratory of the newest
}

// marred tells whether the tube cannot be tested any more, unless a result says otherwise.
func (c *custody) marred() bool { return c.void|c.lost|c.rejected != 0 }

// mustSince is the earliest word that its people have to be swabbed again.
func (c *custody) mustSince(invalid Seconds) (at Seconds) {
	at = invalid
	for _, x := range [...]Seconds{c.void, c.lost, c.rejected} {
		if x != 0 && (at == 0 || x < at) {
			at = x
		}
	}
	return at
}

// said walks a tube's records once.
func (t *tubes) said(i uint32) (w said) {
	var at, capacityAt, policyAt uint32
	var first uint8
	for x := t.headers.at(i).extras; x != 0; {
		e := t.extras.at(x)
		x = e.next
		switch e.kind {
		case extraOpen:
			if rank := openRank(e.a); !w.known || e.at > at || e.at == at && rank < first {
				w.known, at, first = true, e.at, rank
				w.mode, w.purpose, w.retained = Mode(e.a&3), Purpose(e.a>>2&3), e.a>>4&1 != 0
			}
			if c := int(e.b); c != 0 && (capacityAt == 0 || e.at > capacityAt || e.at == capacityAt && c > w.capacity) {
				capacityAt, w.capacity = e.at, c
			}
			if p := policyID(e.slot); p != 0 && (policyAt == 0 || e.at > policyAt || e.at == policyAt && t.master.roundBefore(p, w.policy)) {
				policyAt, w.policy = e.at, p
			}
		case extraCapacity:
			if w.capacityByPolicy == 0 || int(e.b) < w.capacityByPolicy {
				w.capacityByPolicy = int(e.b)
			}
		case extraReady:
			w.readyKnown = true
		case extraVoid, extraReceive, extraReject, extraLost:
			w.custody.take(e)
		}
	}
	return w
}

func (c *custody) take(e *extra) {
	at := Seconds(e.at)
	earliest := func(x *Seconds) {
		if *x == 0 || at < *x {
			*x = at
		}
	}
	switch e.kind {
	case extraVoid:
		earliest(&c.void)
	case extraLost:
		earliest(&c.lost)
	case extraReject:
		earliest(&c.rejected)
		c.rejectedAgain = max(c.rejectedAgain, at)
	case extraReceive:
		if at > c.received {
			c.received, c.receivedBy = at, uint32(e.b)|uint32(e.a)<<16
		}
	}
}

// openRank orders what several tube.open of one second say, smallest first: pool >
// household > single, who does not say last; then the graver purpose; then not retained.
func openRank(a uint8) uint8 {
	mode := a & 3
	if mode == uint8(ModeUnset) {
		mode = uint8(Single) + 1
	}
	return mode<<3 | (3-a>>2&3)<<1 | a>>4&1
}
