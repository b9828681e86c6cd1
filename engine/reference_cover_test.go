package engine_test

import (
	"cmp"
	"slices"

	"poolwise/engine"
)

// Coverage, missing lists and alerts, counted from scratch.

// covered is what one human is to a round.
type covered struct {
	root, node string
	rostered   bool
	sampled    bool
	excused    bool
	received   bool
	resulted   bool
	state      engine.State
}

func (c covered) missing() bool { return c.rostered && !c.sampled && !c.excused }

// everybody are the names that events and the roster know, sorted.
func (r *reference) everybody() (names []string) {
	known := map[string]bool{}
	for _, in := range r.pairs {
		for name := range in {
			known[name] = true
		}
	}
	for name := range r.master.people {
		known[name] = true
	}
	for _, x := range r.excuses {
		known[x.person] = true
	}
	for name := range r.discharges {
		known[name] = true
	}
	for name := range r.calls {
		known[name] = true
	}
	for _, m := range r.merges {
		known[m.person], known[m.to] = true, true
	}
	for name := range known {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// round is what every human is to a round.
func (r *reference) round(name string) []covered {
	return keep(&r.memo.covers, name, func() (all []covered) {
		for _, person := range r.everybody() {
			if h := r.humanOf(person); h.root == person {
				all = append(all, r.coveredIn(name, h))
			}
		}
		return all
	})
}

func (r *reference) coveredIn(round string, h human) covered {
	c := covered{root: h.root, state: r.person(h.root).state}
	versions := r.master.rounds[round]
	var last *policyVersion // as it stands: who is expected hangs on the round's areas as they were put last
	var closes engine.Seconds
	if len(versions) > 0 {
		last = versions[len(versions)-1]
		closes = last.closes
	}
	for _, name := range h.identities {
		p, ok := r.master.before(name, closes)
		if ok && last != nil {
			_, within := r.master.covers(last, p.area)
			c.rostered = c.rostered || within
		}
		after, _ := r.master.rostered(name)
		r.saw("roster put after the closing", closes != 0 && after != p)
	}
	c.node = r.nodeOf(h, closes)
	for _, t := range r.allTests(h.root) {
		if t.round != round || r.has(engine.KindTubeVoid, t.tube) {
			continue
		}
		c.sampled = true
		c.received = c.received || r.has(engine.KindTubeReceive, t.tube)
		c.resulted = c.resulted || t.outcome != engine.VerdictNone
	}
	for _, x := range r.excuses {
		if x.round == round && slices.Contains(h.identities, x.person) {
			r.saw("excused", !c.sampled && c.rostered)
			r.saw("excused and sampled", c.sampled)
			r.saw("excused who is not expected", !c.sampled && !c.rostered)
			c.excused = !c.sampled
		}
	}
	r.saw("missing", c.missing())
	r.saw("unrostered", c.sampled && !c.rostered)
	return c
}

// nodeOf is the area that a human is counted in: the root's rostered one, else another identity's by
// the smallest ID, else the newest that a scan named.
func (r *reference) nodeOf(h human, closes engine.Seconds) string {
	others := slices.Clone(h.identities)
	slices.SortFunc(others, func(a, b string) int {
		if (a == h.root) != (b == h.root) {
			if a == h.root {
				return -1
			}
			return 1
		}
		return byID(a, b)
	})
	for _, name := range others {
		if p, ok := r.master.before(name, closes); ok && p.area != "" {
			return p.area
		}
	}
	var newest scanArea
	for _, name := range others {
		n, ok := r.master.named[name]
		if ok && (newest.area == "" || cmp.Or(cmp.Compare(n.at, newest.at), -cmp.Compare(n.area, newest.area)) > 0) {
			newest = n
		}
	}
	return newest.area
}

// coverage are the counts of one area and all below it; an empty area is everything.
func (r *reference) coverage(round, area string) coverWord {
	var w coverWord
	for _, c := range r.round(round) {
		if area != "" && !slices.Contains(r.master.above(c.node), area) {
			continue
		}
		if c.missing() {
			w.missing++
		}
		if c.rostered && c.excused {
			w.excused++
		}
		if c.sampled && !c.rostered {
			w.unrostered++
		}
		if c.rostered || c.sampled {
			w.expected++
		}
		if !c.sampled {
			continue
		}
		w.sampled++
		for _, x := range []struct {
			count *int
			is    bool
		}{{&w.received, c.received}, {&w.resulted, c.resulted}, {&w.negative, c.state == engine.StateNegative}, {&w.must, c.state == engine.StateMustResample},
			{&w.held, c.state == engine.StateHeld}, {&w.suspect, c.state == engine.StateSuspect}, {&w.confirmed, c.state == engine.StateConfirmed}} {
			if x.is {
				*x.count++
			}
		}
	}
	return w
}

// missing are the people of an area who have not been sampled, by name.
func (r *reference) missing(round, area string) (names []string) {
	for _, c := range r.round(round) {
		if c.missing() && (area == "" || slices.Contains(r.master.above(c.node), area)) {
			names = append(names, c.root)
		}
	}
	return names
}

// alerts are the conditions that hold for a tube, in the order of the kinds.
func (r *reference) alerts(tube string) (kinds []engine.AlertKind) {
	raise := func(kind engine.AlertKind, on bool) {
		if on {
			kinds = append(kinds, kind)
			r.saw("alert "+kind.String(), true)
		}
	}
	v, members := r.says(tube), r.members(tube)
	lost := r.has(engine.KindTubeLost, tube) || r.has(engine.KindTubeReject, tube)
	raise(engine.AlertTubeUnknown, v.verdict != engine.VerdictNone && len(members) == 0)
	raise(engine.AlertResultOfVoidTube, v.grave() && (lost || r.has(engine.KindTubeVoid, tube)))
	raise(engine.AlertVerdictConflict, v.conflicts > 0)
	raise(engine.AlertSinglesNegative, r.singlesNegative(tube))
	late := false
	for _, name := range members {
		late = late || r.testOf(tube, name, r.bound(tube, name)).late
	}
	raise(engine.AlertSampledAfterTest, late)
	var newest event
	for _, c := range r.custody[engine.KindTubeClose][tube] {
		if c.at > newest.at || c.at == newest.at && c.members > newest.members {
			newest = c
		}
	}
	raise(engine.AlertCountMismatch, newest.at != 0 && newest.members >= 0 && newest.members != len(members))
	return kinds
}

// singlesNegative: a positive pool whose members all went free by a single negative.
func (r *reference) singlesNegative(tube string) bool {
	members := r.members(tube)
	if r.mode(tube) == engine.Single || r.says(tube).verdict != engine.Positive || len(members) == 0 {
		return false
	}
	for _, name := range members {
		all := r.tests(r.humanOf(name).root)
		i := slices.IndexFunc(all, func(t test) bool { return t.tube == tube && t.person == name })
		if i < 0 || all[i].opens != engine.CauseHold || !r.released(all[i], all) {
			return false
		}
		if slices.ContainsFunc(all, func(o test) bool { return o.opens >= engine.CauseSuspect && o.swab >= all[i].swab }) {
			return false
		}
	}
	return true
}

// released tells whether a hold is closed by a single negative, or by that of its retained specimen.
func (r *reference) released(t test, all []test) bool {
	return slices.ContainsFunc(all, func(o test) bool {
		specimen := t.retained && o.of == t.tube && o.frees() && o.swab == t.swab
		return specimen || t.releasedBy(o) && (!t.policy.releaseAll || r.allAnswered(t.tube))
	})
}
