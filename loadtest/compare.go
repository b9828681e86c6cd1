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
	if string(w.state) != stateNames[e.state] {
		return fmt.Sprintf("state: got %s because of%s; want %s because of%s", w.state, showWire(w.causes), stateNames[e.state], c.showCauses(e.causes))
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
	if why := c.compareErrand("recollection", &w.order, &e.order); why != "" {
		return why
	}
	if why := c.compareErrand("recheck", &w.recheck, &e.recheck); why != "" {
		return why
	}
	return c.compareMerged(w, e)
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
	expires := e.expires()
	valid := expires != never && e.state < stateHeld && c.at < expires
	code, until := "grey", never
	switch {
	case e.state >= stateSuspect:
		code = "red"
	case e.state == stateHeld:
		code = "yellow"
	case valid:
		code, until = "green", expires
	}
	switch {
	case string(w.code) != code:
		return fmt.Sprintf("code: got %s; want %s", w.code, code)
	case !c.same(w.codeUntil, until):
		return fmt.Sprintf("code_until: got %s; want %s", w.codeUntil, c.show(until))
	case e.state == stateUnknown && !w.hasProof:
		return "" // nothing to prove
	case w.valid != valid:
		return fmt.Sprintf("proof.valid: got %t; want %t", w.valid, valid)
	case !c.same(w.expires, expires):
		return fmt.Sprintf("proof.expires_at: got %s; want %s", w.expires, c.show(expires))
	case string(w.window) != e.windowText():
		return fmt.Sprintf("proof.window: got %s; want %s", w.window, e.windowText())
	}
	return ""
}

// expires is when the last negative proves nothing any more; never without one.
func (e *expectation) expires() seconds {
	switch {
	case !e.hasNegative:
		return never
	case e.byReport:
		return e.negative.reported + e.window
	}
	return e.negative.swab + e.window
}

func (e *expectation) windowText() string {
	if e.window == windowSeconds {
		return "48h"
	}
	return fmt.Sprintf("%dh", e.window/3600)
}

// compareCauses takes the causes in any order.
func (c *comparer) compareCauses(w *wireStatus, e *expectation) string {
	if len(w.causes) != len(e.causes) {
		return fmt.Sprintf("causes: got %d%s; want %d%s", len(w.causes), showWire(w.causes), len(e.causes), c.showCauses(e.causes))
	}
	for i := range e.causes {
		want, found := &e.causes[i], false
		for _, got := range w.causes {
			found = found || c.sameTube(got.tube, want.tube) && string(got.kind) == causeKinds[want.kind] && c.same(got.since, want.since) && got.early == want.early
		}
		if !found {
			return fmt.Sprintf("causes: got%s; want%s", showWire(w.causes), c.showCauses(e.causes))
		}
	}
	return ""
}

func showWire(causes []wireCause) (s string) {
	for _, x := range causes {
		s += fmt.Sprintf(" %s %s since %s", x.kind, x.tube, x.since)
	}
	return s
}

func (c *comparer) showCauses(causes []cause) (s string) {
	for _, x := range causes {
		s += fmt.Sprintf(" %s %s since %s", causeKinds[x.kind], x.tube, c.show(x.since))
	}
	return s
}

// compareErrand compares an order or a recheck task with what has to be open.
func (c *comparer) compareErrand(what string, w *wireOrder, e *errand) string {
	switch {
	case e.due == never && w.isOpen():
		return fmt.Sprintf("%s: got an open one of kind %s; want none", what, w.kind)
	case e.due == never:
		return ""
	case !w.isOpen():
		return fmt.Sprintf("%s: got none; want an open one of kind %s", what, e.kind)
	case string(w.kind) != e.kind:
		return fmt.Sprintf("%s.kind: got %s; want %s", what, w.kind, e.kind)
	case !c.same(w.due, e.due):
		return fmt.Sprintf("%s.due_at: got %s; want %s", what, w.due, c.show(e.due))
	case string(w.state) != e.state:
		return fmt.Sprintf("%s.state: got %s; want %s", what, w.state, e.state)
	}
	return ""
}

// compareMerged wants the name of the identity that stands for the human, where it is
// not this one.
func (c *comparer) compareMerged(w *wireStatus, e *expectation) string {
	switch {
	case e.root == e.id && w.mergedInto != nil:
		return "merged_into: got one; want none"
	case e.root != e.id && string(w.mergedInto) != string(e.root.append(nil)):
		return "merged_into: got none or another; want the identity that stands for the human"
	}
	return ""
}
