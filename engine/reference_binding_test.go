package engine_test

import (
	"slices"

	"poolwise/engine"
)

// Who lies in which tube, and who is one human with whom: decided by the newest of what was said.

// binding is the place of one identity in one tube.
type binding struct {
	ok     bool
	swab   engine.Seconds // S
	first  *scan          // the pair's earliest scan, else the one that gives S; nil: there is none
	direct bool           // first is the pair's own
	of     string         // the tube that it is retained_of
}

// asks tells whether an unscan or a transfer is only a request: it comes after the report of a
// standing positive or inconclusive, from somebody who may not take it back.
func (r *reference) asks(ev event) bool {
	v := r.says(ev.tube)
	return v.grave() && ev.at > v.reported && ev.roles&(engine.RoleCDC|engine.RoleCommand) == 0
}

// bound tells whether the person lies in the tube, and since when the swab exists.
func (r *reference) bound(tube, person string) binding {
	return keep(&r.memo.bound, [2]string{tube, person}, func() (b binding) {
		var scanned, in, out, undone engine.Seconds
		var named engine.Seconds
		for i, s := range r.scans[tube][person] {
			scanned = max(scanned, s.at)
			if b.first == nil || s.at < b.first.at {
				b.first = &r.scans[tube][person][i]
			}
			if s.of != "" && s.at > named {
				b.of, named = s.of, s.at
			}
		}
		for _, t := range r.transfers[person] {
			asks := r.asks(t)
			r.saw("transfer that is a request", asks)
			r.saw("transfer that takes effect", !asks)
			r.saw("transfer after a positive by cdc or command", !asks && r.says(t.tube).grave() && t.at > r.says(t.tube).reported)
			if asks {
				continue
			}
			if t.to == tube {
				in = max(in, t.at)
			}
			if t.tube == tube {
				out = max(out, t.at)
			}
		}
		for _, u := range r.unscans[tube][person] {
			if asks := r.asks(u); !asks {
				undone = max(undone, u.at)
			} else {
				r.saw("unscan that is a request", true)
			}
		}
		b.direct = b.first != nil
		switch newest := max(scanned, in, out, undone); {
		case newest == 0, undone == newest:
		case in == newest:
			b.ok = true
			r.saw("bound by transfer", true)
			r.saw("transfer in and out of the same second", out == newest)
		case out == newest:
			r.saw("transfer ties with a scan", scanned == newest)
			r.saw("transferred away", true)
		default:
			b.ok = true
		}
		b.swab, b.first = r.origin(tube, person, b.first)
		return b
	})
}

// origin is the earliest scan of the person in the tube or in any tube from which effective
// transfers lead to it; where there is none, the time of the earliest of those transfers.
func (r *reference) origin(tube, person string, own *scan) (swab engine.Seconds, first *scan) {
	from := map[string]bool{tube: true}
	var moved engine.Seconds
	for grown := true; grown; {
		grown = false
		for _, t := range r.transfers[person] {
			if !from[t.to] || r.asks(t) {
				continue
			}
			if moved == 0 || t.at < moved {
				moved = t.at
			}
			if !from[t.tube] {
				from[t.tube], grown = true, true
			}
		}
	}
	var sources []string
	for source := range from {
		sources = append(sources, source)
	}
	slices.Sort(sources)
	for _, source := range sources {
		for i, s := range r.scans[source][person] {
			if first == nil || s.at < first.at {
				first = &r.scans[source][person][i]
			}
		}
	}
	if first == nil {
		return moved, nil
	}
	r.saw("S from another tube", own == nil || first.at < own.at)
	r.saw("S from two tubes ago", len(from) > 2 && own == nil)
	swab = first.at
	if own != nil {
		first = own
	}
	return swab, first
}

// members are the people bound to a tube, by name.
func (r *reference) members(tube string) []string {
	return keep(&r.memo.members, tube, func() (in []string) {
		for person := range r.pairs[tube] {
			if r.bound(tube, person).ok {
				in = append(in, person)
			}
		}
		slices.Sort(in)
		return in
	})
}

// human is one or several identities.
type human struct {
	root       string
	identities []string // sorted by name, the root among them
}

// mergesInto tells whether, of what was said of two identities, the newest is a merge.
func (r *reference) mergesInto(from, to string) bool {
	var newest engine.Seconds
	in := false
	for _, m := range r.merges {
		if m.person != from || m.to != to || m.at < newest {
			continue
		}
		tie := m.at == newest
		newest = m.at
		if m.kind == engine.KindUnmerge {
			r.saw("unmerge ties with a merge", tie && in)
			in = false
		} else if !tie {
			in = true
		}
	}
	return in
}

// humanOf is everybody that merges in force join with a person.
func (r *reference) humanOf(name string) human {
	return keep(&r.memo.humans, name, func() human {
		all := []string{name}
		out := map[string]bool{} // merged into another
		for i := 0; i < len(all); i++ {
			for _, m := range r.merges {
				for _, pair := range [][2]string{{m.person, m.to}, {m.to, m.person}} {
					if pair[0] == all[i] && r.mergesInto(m.person, m.to) {
						out[m.person] = true
						if !slices.Contains(all, pair[1]) {
							all = append(all, pair[1])
						}
					}
				}
			}
		}
		candidates := slices.DeleteFunc(slices.Clone(all), func(name string) bool { return out[name] })
		r.saw("a circle of merges", len(candidates) == 0)
		r.saw("merge in force", len(all) > 1)
		r.saw("merge of three", len(all) > 2)
		r.saw("merged into two", len(candidates) > 1)
		if len(candidates) == 0 {
			candidates = all
		}
		root := slices.MinFunc(candidates, byID)
		slices.Sort(all)
		return human{root, all}
	})
}

// test is the place of one identity in one tube, and what it says of the human.
type test struct {
	tube, person string
	mode         engine.Mode
	purpose      engine.Purpose
	alone        bool // the only one bound to it
	retained     bool // the tube's individual specimens are kept
	of           string
	swab         engine.Seconds
	outcome      engine.Verdict // VerdictNone: none yet; Invalid: must resample
	opens        engine.CauseKind
	reported     engine.Seconds
	prelim       bool
	cdc          bool // a cdc's negative counts for him
	late         bool // a negative tells nothing of him: it was tested before the swab
	round        string
	policy       *policyVersion
}

// testOf works out one binding.
func (r *reference) testOf(tube, person string, b binding) test {
	t := test{tube: tube, person: person, mode: r.mode(tube), purpose: r.purpose(tube), alone: len(r.members(tube)) == 1,
		retained: r.opened(tube).retained, of: b.of, swab: b.swab}
	t.round, t.policy = r.roundOf(tube, b)
	r.decideOutcome(&t)
	switch {
	case t.outcome == engine.Invalid:
		t.opens = engine.CauseMust
	case t.outcome == engine.Inconclusive, t.outcome == engine.Positive && t.mode != engine.Single && t.of == "":
		t.opens = engine.CauseHold
	case t.outcome == engine.Positive:
		t.opens = engine.CauseSuspect
		r.decideSuspect(&t)
	}
	return t
}

// roundOf is the round of a test, and its policy's version.
func (r *reference) roundOf(tube string, b binding) (string, *policyVersion) {
	if b.first != nil && b.first.own {
		return b.first.decision.round, b.first.policy
	}
	if round, p := r.tubeRound(tube); round != "" {
		r.saw("a test's round by its tube", true)
		return round, p
	}
	if b.first != nil && !b.direct { // he keeps the round of the tube that he was swabbed into
		if round, p := r.tubeRound(b.first.tube); round != "" {
			return round, p
		}
	}
	if b.first != nil {
		r.saw("a test's round by the area", b.first.decision.round != "default")
		return b.first.decision.round, b.first.policy
	}
	return "default", r.master.rounds["default"][0] // nobody was scanned, a transfer is all there is
}

// decideOutcome is the tube's, and of a negative whether it says anything of this swab.
func (r *reference) decideOutcome(t *test) {
	v := r.says(t.tube)
	outcome, since := r.tubeOutcome(t.tube)
	t.outcome, t.reported = outcome, since
	switch outcome {
	case engine.Positive, engine.Inconclusive:
		t.prelim = v.prelim
	case engine.Negative:
		rejected := r.newest(engine.KindTubeReject, t.tube)
		counts := func(x result) bool {
			return x.verdict == engine.Negative && x.at > rejected && x.at >= t.swab
		}
		t.reported = v.first(counts)
		t.cdc = v.first(func(x result) bool { return counts(x) && x.cdc }) != 0
		if t.reported == 0 {
			t.outcome, t.late = engine.VerdictNone, true
		}
	}
}

// tubeOutcome is what the tube means for its members, and since when.
func (r *reference) tubeOutcome(tube string) (outcome engine.Verdict, since engine.Seconds) {
	v := r.says(tube)
	void, lost, rejected := r.has(engine.KindTubeVoid, tube), r.has(engine.KindTubeLost, tube), r.has(engine.KindTubeReject, tube)
	if v.grave() {
		r.saw("positive of a void tube", void)
		r.saw("positive of a lost or rejected tube", lost || rejected)
		return v.verdict, v.reported
	}
	lastReject := r.newest(engine.KindTubeReject, tube)
	negative := v.first(func(x result) bool { return x.verdict == engine.Negative && x.at > lastReject })
	r.saw("negative of a void tube", void && v.verdict == engine.Negative)
	if !void && v.verdict == engine.Negative && negative != 0 {
		r.saw("negative of a lost tube", lost)
		r.saw("negative tested after the rejection", rejected)
		return engine.Negative, negative
	}
	r.saw("negative tested before the rejection", !void && v.verdict == engine.Negative)
	for _, at := range []engine.Seconds{r.earliest(engine.KindTubeVoid, tube), r.earliest(engine.KindTubeReject, tube), r.earliest(engine.KindTubeLost, tube)} {
		if at != 0 && (since == 0 || at < since) {
			since = at
		}
	}
	if v.verdict == engine.Invalid && (since == 0 || v.reported < since) {
		since = v.reported
	}
	if since == 0 {
		return engine.VerdictNone, 0
	}
	r.saw("must by void", void)
	r.saw("must by lost", lost && !void)
	r.saw("must by rejection", rejected && !void)
	r.saw("must by invalid", v.verdict == engine.Invalid)
	return engine.Invalid, since
}

// decideSuspect makes a suspect confirmed where a cdc says so of a single tube, or negative where a
// cdc says so of the same specimen and policy lets that release.
func (r *reference) decideSuspect(t *test) {
	v := r.says(t.tube)
	r.saw("positive specimen of a retained pool", t.of != "")
	positive := func(x result) bool { return x.verdict == engine.Positive && x.cdc }
	if at := v.first(positive); at != 0 && t.mode == engine.Single {
		t.opens, t.reported, t.prelim = engine.CauseConfirmed, at, true
		for _, x := range v.standing {
			t.prelim = t.prelim && (!positive(x) || x.stage == engine.Preliminary)
		}
		r.saw("confirmed", true)
		r.saw("confirmed, preliminary", t.prelim)
		return
	}
	negative := v.first(func(x result) bool { return x.verdict == engine.Negative && x.cdc && x.at >= t.swab })
	r.saw("cdc negative on the same tube leaves a suspect", negative != 0 && !t.policy.sameSpecimen)
	if negative != 0 && t.policy.sameSpecimen {
		t.outcome, t.opens, t.reported, t.prelim, t.cdc = engine.Negative, engine.CauseNone, negative, false, true
		r.saw("suspect released by the same specimen", true)
	}
}

// allTests are all places where one of the human's identities is bound, by tube code and identity.
func (r *reference) allTests(root string) []test {
	return keep(&r.memo.tests, "all "+root, func() (all []test) {
		for tube := range r.pairs {
			for _, name := range r.humanOf(root).identities {
				if b := r.bound(tube, name); b.ok {
					all = append(all, r.testOf(tube, name, b))
				}
			}
		}
		slices.SortFunc(all, byTube)
		return all
	})
}

// tests are those that count: not removed by a discharge.
func (r *reference) tests(root string) []test {
	return keep(&r.memo.tests, root, func() []test {
		all := r.allTests(root)
		for _, at := range r.dischargesOf(root) {
			if discharges(all, at) {
				all = slices.DeleteFunc(slices.Clone(all), func(t test) bool { return t.removedBy(at) })
			}
		}
		return all
	})
}

// discharges tells whether a discharge counts: there is a confirmed cause, swabbed and reported by then.
func discharges(all []test, at engine.Seconds) bool {
	return slices.ContainsFunc(all, func(t test) bool { return t.opens == engine.CauseConfirmed && t.removedBy(at) })
}

// removedBy tells whether a discharge that counts removes the test: negatives too.
func (t test) removedBy(at engine.Seconds) bool {
	return t.outcome != engine.VerdictNone && t.swab <= at && t.reported <= at
}

// dischargesOf are the times of a human's discharges, each once, earliest first.
func (r *reference) dischargesOf(root string) (at []engine.Seconds) {
	for _, name := range r.humanOf(root).identities {
		for _, d := range r.discharges[name] {
			at = append(at, d.at)
		}
	}
	slices.Sort(at)
	return slices.Compact(at)
}

// dischargeCounts tells whether the human's discharge of that second counts.
func (r *reference) dischargeCounts(root string, when engine.Seconds) bool {
	all := r.allTests(root)
	for _, at := range r.dischargesOf(root) {
		if counts := discharges(all, at); counts {
			r.saw("discharge that counts", true)
			r.saw("discharge that removes negatives", slices.ContainsFunc(all, func(t test) bool { return t.outcome == engine.Negative && t.removedBy(at) }))
			if at == when {
				return true
			}
			all = slices.DeleteFunc(slices.Clone(all), func(t test) bool { return t.removedBy(at) })
		}
	}
	r.saw("discharge that does not count", true)
	return false
}
