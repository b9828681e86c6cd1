package loadtest

import (
	"bytes"
	"fmt"
	"time"
)

// judgedAt is the instant at which the statuses of a day are read: 9:00 two days
// after the base day. By then every event has happened, and the proofs of those
// swabbed before 9:00 have lapsed, those of all others not.
const judgedAt seconds = 57 * 3600

// comparer compares answers with expectations.
type comparer struct {
	clock *calendar
	at    seconds // the instant for which code and proof are judged
	text  []byte
}

// same tells whether a text of the wire is the instant at; never wants null.
func (c *comparer) same(wire []byte, at seconds) bool {
	if at == never || wire == nil {
		return at == never && wire == nil
	}
	c.text = c.clock.appendTime(c.text[:0], at)
	if bytes.Equal(c.text, wire) {
		return true
	}
	t, err := time.Parse(time.RFC3339, string(wire)) // the server may run in another zone
	return err == nil && t.Equal(c.clock.instant(at))
}

func (c *comparer) sameTube(wire []byte, tube TubeCode) bool {
	if tube.Series == 0 || wire == nil {
		return tube.Series == 0 && wire == nil
	}
	c.text = tube.append(c.text[:0])
	return bytes.Equal(c.text, wire)
}

// compare says what differs, or nothing.
func (c *comparer) compare(w *wireStatus, e *expectation) string {
	if string(w.state) != e.state {
		return fmt.Sprintf("state: got %s; want %s", w.state, e.state)
	}
	if !c.same(w.since, e.since) {
		return fmt.Sprintf("since: got %s; want %s", w.since, c.show(e.since))
	}
	if why := c.compareNegative(w, e); why != "" {
		return why
	}
	if why := c.compareProof(w, e); why != "" {
		return why
	}
	if !c.sameTube(w.pending, e.pending) {
		return fmt.Sprintf("pending: got %s; want %s", w.pending, e.pending)
	}
	if len(w.causes) > 0 || len(e.causes) > 0 {
		if why := c.compareCauses(w, e); why != "" {
			return why
		}
	}
	return c.compareOrder(w, e)
}

func (c *comparer) show(at seconds) string {
	if at == never {
		return "null"
	}
	return string(c.clock.appendTime(nil, at))
}

func (c *comparer) compareNegative(w *wireStatus, e *expectation) string {
	if !e.hasNegative || w.tube == nil {
		if e.hasNegative || w.tube != nil {
			return fmt.Sprintf("last_negative: got tube %s; want one: %t", w.tube, e.hasNegative)
		}
		return ""
	}
	n := &e.negative
	switch {
	case !c.sameTube(w.tube, n.tube):
		return fmt.Sprintf("last_negative: got tube %s; want %s", w.tube, n.tube)
	case !c.same(w.sampled, n.swab):
		return fmt.Sprintf("last_negative.sampled_at: got %s; want %s", w.sampled, c.show(n.swab))
	case !c.same(w.reported, n.reported):
		return fmt.Sprintf("last_negative.reported_at: got %s; want %s", w.reported, c.show(n.reported))
	case string(w.basis) != modeNames[n.mode]:
		return fmt.Sprintf("last_negative.basis: got %s; want %s", w.basis, modeNames[n.mode])
	}
	return ""
}

// compareProof checks code, code_until and proof at the fixed instant.
func (c *comparer) compareProof(w *wireStatus, e *expectation) string {
	expires := never
	if e.hasNegative {
		expires = e.negative.swab + windowSeconds
	}
	blocked := e.state == "held" || e.state == "suspect"
	valid := e.hasNegative && !blocked && c.at < expires
	code, until := "grey", never
	switch {
	case e.state == "suspect":
		code = "red"
	case e.state == "held":
		code = "yellow"
	case valid:
		code, until = "green", expires
	}
	switch {
	case string(w.code) != code:
		return fmt.Sprintf("code: got %s; want %s", w.code, code)
	case !c.same(w.codeUntil, until):
		return fmt.Sprintf("code_until: got %s; want %s", w.codeUntil, c.show(until))
	case e.state == "unknown" && !w.hasProof:
		return "" // nothing to prove
	case w.valid != valid:
		return fmt.Sprintf("proof.valid: got %t; want %t", w.valid, valid)
	case !c.same(w.expires, expires):
		return fmt.Sprintf("proof.expires_at: got %s; want %s", w.expires, c.show(expires))
	case string(w.window) != "48h":
		return fmt.Sprintf("proof.window: got %s; want 48h", w.window)
	}
	return ""
}

// compareCauses takes the causes in any order.
func (c *comparer) compareCauses(w *wireStatus, e *expectation) string {
	if len(w.causes) != len(e.causes) {
		return fmt.Sprintf("causes: got %d; want %d", len(w.causes), len(e.causes))
	}
	for i := range e.causes {
		want, kind, found := &e.causes[i], "hold", false
		if want.suspect {
			kind = "suspect"
		}
		for _, got := range w.causes {
			if c.sameTube(got.tube, want.tube) {
				found = true
				if string(got.kind) != kind || !c.same(got.since, want.since) {
					return fmt.Sprintf("cause %s: got %s since %s; want %s since %s", want.tube, got.kind, got.since, kind, c.show(want.since))
				}
			}
		}
		if !found {
			return fmt.Sprintf("causes: got no %s; want %s since %s", want.tube, kind, c.show(want.since))
		}
	}
	return ""
}

// compareOrder wants an open order of kind single where the oracle has one. Who is
// only suspect may show a recheck task or none: the rules leave it open.
func (c *comparer) compareOrder(w *wireStatus, e *expectation) string {
	open := w.orderState != nil && string(w.orderState) != "fulfilled" && string(w.orderState) != "cancelled"
	if !e.order {
		if open && !(e.state == "suspect" && string(w.orderKind) == "recheck") {
			return fmt.Sprintf("recollection: got an open order of kind %s; want none", w.orderKind)
		}
		return ""
	}
	switch {
	case !open:
		return "recollection: got none; want an open order"
	case string(w.orderKind) != "single":
		return fmt.Sprintf("recollection.kind: got %s; want single", w.orderKind)
	case !c.same(w.due, e.due):
		return fmt.Sprintf("recollection.due_at: got %s; want %s", w.due, c.show(e.due))
	}
	return ""
}
