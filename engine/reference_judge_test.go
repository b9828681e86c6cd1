package engine_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"poolwise/engine"
)

// What is open for a human, by comparing every test with every other.

func byTube(a, b test) int {
	return cmp.Or(strings.Compare(a.tube, b.tube), strings.Compare(a.person, b.person))
}

// byID orders names by the text of the identities behind them.
func byID(a, b string) int { return strings.Compare(idOf(a), idOf(b)) }

// frees is a negative of a single tube with one member.
func (t test) frees() bool {
	return t.outcome == engine.Negative && t.mode == engine.Single && t.alone
}

// closedBy tells whether the human's other test closes what t opened, or its wait for an outcome, by
// the table of causes; release "all" comes on top.
func (t test) closedBy(o test) bool {
	positive := o.opens == engine.CauseSuspect || o.opens == engine.CauseConfirmed
	switch t.opens {
	case engine.CauseConfirmed: // only a discharge ends it
		return false
	case engine.CauseSuspect:
		return o.frees() && o.purpose == engine.Recheck && o.cdc && o.swab > t.swab || o.opens == engine.CauseConfirmed && o.swab > t.swab
	case engine.CauseHold:
		return t.releasedBy(o) || positive && o.swab >= t.swab
	default: // must resample, pending
		return o.outcome >= engine.Negative && o.swab > t.swab
	}
}

// releasedBy tells whether a hold ends well: by a single negative, or by the retained specimen's.
func (t test) releasedBy(o test) bool {
	specimen := t.retained && o.of == t.tube && o.frees() && o.swab == t.swab
	return o.frees() && o.swab > t.swab || specimen
}

// closed tells whether one of the human's tests closes what t opened.
func (r *reference) closed(t test, all []test) bool {
	for _, o := range all {
		if !t.closedBy(o) {
			continue
		}
		single := t.opens == engine.CauseHold && o.frees() && o.swab > t.swab
		specimen := t.opens == engine.CauseHold && t.retained && o.of == t.tube && o.frees() && o.swab == t.swab
		if single && !specimen && t.mode != engine.Single && t.policy.releaseAll && !r.allAnswered(t.tube) {
			r.saw("release all waits", true)
			continue
		}
		r.sawClosing(t, o, single, specimen)
		return true
	}
	return false
}

// allAnswered tells whether each member of a tube has an answer: a single negative swabbed later than
// here, a suspect or confirmed swabbed then or later, or a discharge that removed the test.
func (r *reference) allAnswered(tube string) bool {
	for _, name := range r.members(tube) {
		swab, removed := r.bound(tube, name).swab, true
		answered := false
		for _, o := range r.tests(r.humanOf(name).root) {
			removed = removed && (o.tube != tube || o.person != name)
			answered = answered || o.frees() && o.swab > swab ||
				(o.opens == engine.CauseSuspect || o.opens == engine.CauseConfirmed) && o.swab >= swab
		}
		if !answered && !removed {
			return false
		}
	}
	return true
}

func (r *reference) sawClosing(t, o test, single, specimen bool) {
	if r.seen == nil {
		return
	}
	switch t.opens {
	case engine.CauseHold:
		r.saw("hold closed by single", single && !specimen)
		r.saw("hold closed by single of another identity", single && o.person != t.person)
		r.saw("release all released", single && t.mode != engine.Single && t.policy.releaseAll)
		r.saw("hold closed by retained specimen", specimen)
		r.saw("hold taken over by suspect", o.opens == engine.CauseSuspect)
		r.saw("hold taken over by confirmed", o.opens == engine.CauseConfirmed)
		r.saw("hold taken over at equal S", !single && !specimen && o.swab == t.swab)
	case engine.CauseSuspect:
		r.saw("suspect closed by recheck", o.frees())
		r.saw("suspect closed by confirmed", o.opens == engine.CauseConfirmed)
	case engine.CauseMust:
		r.saw("must closed by "+o.outcome.String(), true)
	default:
		r.saw("pending closed by "+o.outcome.String(), true)
	}
}

// person answers everything about one person from the whole set.
func (r *reference) person(name string) personWord {
	return keep(&r.memo.words, name, func() personWord {
		h := r.humanOf(name)
		if name != h.root {
			w := r.person(h.root)
			w.mergedInto = h.root
			return w
		}
		return r.judge(h)
	})
}

func (r *reference) judge(h human) personWord {
	var w personWord
	var open, waiting []test
	all := r.tests(h.root)
	for _, t := range all {
		if t.outcome == engine.Negative && t.newerNegative(w.negative) {
			w.negative = negativeWord{t.tube, t.swab, t.reported, t.mode}
		}
		switch {
		case t.outcome == engine.Negative || r.closed(t, all):
		case t.opens != engine.CauseNone:
			open = append(open, t)
			w.addCause(causeWord{t.opens, t.tube, t.reported, t.swab, t.prelim})
		default:
			waiting = append(waiting, t)
			if w.pendingTube == "" || t.swab < w.pendingFirst {
				w.pendingFirst = t.swab
			}
			if w.pendingTube == "" || t.swab > w.pendingSwab {
				w.pendingTube, w.pendingSwab = t.tube, t.swab
			}
		}
	}
	slices.SortFunc(w.causes, func(a, b causeWord) int { return cmp.Or(strings.Compare(a.tube, b.tube), cmp.Compare(a.kind, b.kind)) })
	w.decide()
	r.decideOrders(&w, h, open, waiting, all)
	r.saw("state "+w.state.String(), true)
	return w
}

// addCause keeps one line for each tube and kind: of two identities in one tube the earlier.
func (w *personWord) addCause(c causeWord) {
	for i, old := range w.causes {
		if old.tube == c.tube && old.kind == c.kind {
			w.causes[i].since, w.causes[i].swab = min(old.since, c.since), min(old.swab, c.swab)
			return
		}
	}
	w.causes = append(w.causes, c)
}

// newerNegative: by swab, then by report, then by smaller tube code (tests come by tube code).
func (t test) newerNegative(n negativeWord) bool {
	return n.tube == "" || cmp.Or(cmp.Compare(t.swab, n.swab), cmp.Compare(t.reported, n.reported)) > 0
}

// decide takes state and since from what is open.
func (w *personWord) decide() {
	strongest := engine.CauseNone
	for _, c := range w.causes {
		strongest = max(strongest, c.kind)
	}
	switch {
	case strongest != engine.CauseNone:
		w.state = map[engine.CauseKind]engine.State{engine.CauseMust: engine.StateMustResample, engine.CauseHold: engine.StateHeld,
			engine.CauseSuspect: engine.StateSuspect, engine.CauseConfirmed: engine.StateConfirmed}[strongest]
		for _, c := range w.causes {
			if c.kind == strongest && (w.since == 0 || c.since < w.since) {
				w.since = c.since
			}
		}
	case w.pendingTube != "":
		w.state, w.since = engine.StateSampled, w.pendingFirst
	case w.negative.tube != "":
		w.state, w.since = engine.StateNegative, w.negative.reported
	}
}

// decideOrders: one order while held by what is no retained pool, or while a new swab of any kind is
// needed; and a recheck while suspect.
func (r *reference) decideOrders(w *personWord, h human, open, waiting, all []test) {
	single := slices.ContainsFunc(open, func(t test) bool {
		bad := t.retained && slices.ContainsFunc(all, func(o test) bool { return o.of == t.tube && o.outcome == engine.Invalid })
		r.saw("retained pool recalls for a bad specimen", t.opens == engine.CauseHold && bad)
		r.saw("retained pool recalls nobody", t.opens == engine.CauseHold && t.retained && !bad)
		return t.opens == engine.CauseHold && (!t.retained || bad)
	})
	switch {
	case single:
		w.order = r.order("single", h, open, waiting, engine.CauseHold, engine.CauseMust)
	case w.state == engine.StateMustResample:
		w.order = r.order("any", h, open, waiting, engine.CauseHold, engine.CauseMust)
	}
	if slices.ContainsFunc(open, func(t test) bool { return t.opens == engine.CauseSuspect }) {
		w.recheck = r.order("recheck", h, open, waiting, engine.CauseSuspect)
	}
	r.saw("order and recheck at once", w.order.kind != "" && w.recheck.kind != "")
	r.saw("order single with must", single && slices.ContainsFunc(open, func(t test) bool { return t.opens == engine.CauseMust }))
}

// order is an open order for all open causes of some kinds.
func (r *reference) order(kind string, h human, open, waiting []test, kinds ...engine.CauseKind) orderWord {
	o := orderWord{kind: kind, state: engine.OrderOpen}
	var latest engine.Seconds
	for _, t := range open {
		if !slices.Contains(kinds, t.opens) {
			continue
		}
		if !slices.Contains(o.causes, t.tube) {
			o.causes = append(o.causes, t.tube)
		}
		if due := t.reported + t.policy.recollect; o.due == 0 || due < o.due {
			o.due = due
		}
		if o.opened == 0 || t.reported < o.opened {
			o.opened = t.reported
		}
		latest = max(latest, t.swab)
	}
	var called engine.Seconds
	for _, name := range h.identities {
		for _, c := range r.calls[name] {
			if c.at < o.opened || c.at < called || c.at == called && o.state == engine.OrderUnreachable {
				continue
			}
			called, o.state = c.at, engine.OrderAcknowledged
			if c.kind == engine.KindUnreachable {
				o.state = engine.OrderUnreachable
			}
		}
	}
	for _, t := range waiting {
		fits := t.mode == engine.Single && t.purpose == engine.Recheck
		switch kind {
		case "any":
			fits = true
		case "single":
			fits = t.mode == engine.Single
		}
		if fits && t.swab > latest {
			o.state = engine.OrderSwabbed
		}
	}
	r.saw("order "+kind, true)
	r.saw(kind+" "+o.state.String(), true)
	return o
}

// tubeOf answers what is known of one tube.
func (r *reference) tubeOf(tube string) tubeWord {
	w := tubeWord{mode: r.mode(tube), purpose: r.purpose(tube), capacity: r.capacity(tube), retained: r.opened(tube).retained,
		void: r.has(engine.KindTubeVoid, tube), lost: r.has(engine.KindTubeLost, tube), received: r.has(engine.KindTubeReceive, tube),
		rejected: r.newest(engine.KindTubeReject, tube)}
	if w.round, _ = r.tubeRound(tube); w.round == "default" {
		w.round = ""
	}
	for _, name := range r.members(tube) {
		w.members = append(w.members, fmt.Sprintf("%s@%s", name, clock(r.bound(tube, name).swab)))
	}
	v := r.says(tube)
	w.verdict, w.reported = v.verdict, v.reported
	w.resolution = r.resolution(tube)
	return w
}

// resolution: a tube that is more than negative is resolved when every member has an answer.
func (r *reference) resolution(tube string) string {
	if v := r.says(tube); v.verdict == engine.Negative || v.verdict == engine.VerdictNone {
		return ""
	}
	for _, name := range r.members(tube) {
		for _, c := range r.person(name).causes {
			if c.tube == tube && (c.kind == engine.CauseHold || c.kind == engine.CauseMust) {
				return "resolving"
			}
		}
	}
	return "resolved"
}
