package engine_test

import (
	"cmp"
	"slices"

	"poolwise/engine"
)

// The door: what an arriving event is answered, from what is known at that moment.
// Only here does the order of arrival count.

// barred is why nobody may say this, whatever else is known of the tube: it stands before all but the
// look for duplicates, also for a second scan of a bound pair, and bars late events too.
func (r *reference) barred(ev event) engine.Outcome {
	cdc, command := ev.roles&engine.RoleCDC != 0, ev.roles&engine.RoleCommand != 0
	switch ev.kind {
	case engine.KindDischarge:
		if !cdc {
			return engine.RefusedNotPermitted
		}
	case engine.KindMerge, engine.KindUnmerge:
		if !cdc && !command {
			return engine.RefusedNotPermitted
		}
	case engine.KindAcknowledge, engine.KindUnreachable:
		if ev.person == "" {
			return engine.RefusedRecollectionUnknown
		}
	case engine.KindResult:
		if _, known := r.master.labs[ev.lab]; ev.strict && !known {
			return engine.RefusedLabUnknown
		}
	case engine.KindTubeReceive:
		if _, known := r.master.labs[ev.lab]; ev.strict && ev.lab != "" && !known {
			return engine.RefusedLabUnknown
		}
	case engine.KindScan:
		if _, known := r.master.rostered(ev.person); ev.strict && !known {
			return engine.RefusedPersonUnknown
		}
		if _, known := r.master.sites[ev.site]; ev.strict && ev.site != "" && !known {
			return engine.RefusedSiteUnknown
		}
	}
	return engine.Accepted
}

// arrive answers one event and, where it is taken, puts it into the set.
func (r *reference) arrive(ev event) answer {
	ev = r.named(ev)
	if ev.isMaster() {
		r.memo = memo{}
		if r.master.put(ev) {
			return answer{}
		}
		return answer{outcome: engine.Duplicate}
	}
	if r.known[ev.sameness()] {
		return answer{outcome: engine.Duplicate}
	}
	again := ev.kind == engine.KindScan && r.bound(ev.tube, ev.person).ok
	if no := r.barred(ev); no != engine.Accepted && !again {
		r.saw("refused "+no.Code(), true)
		return answer{outcome: no}
	}
	switch ev.kind {
	case engine.KindScan:
		return r.arriveScan(ev)
	case engine.KindUnscan:
		return r.arriveUnscan(ev)
	case engine.KindTransfer:
		return r.arriveTransfer(ev)
	case engine.KindResult:
		return r.arriveResult(ev)
	}
	r.add(ev)
	var a answer
	switch ev.kind {
	case engine.KindTubeOpen:
		a.flags |= r.crowded(ev.tube)
		set(&a.flags, engine.FlagCapacityOverPolicy, ev.round != "" && ev.capacity > r.mostAt(ev))
	case engine.KindTubeClose:
		set(&a.flags, engine.FlagCountMismatch, ev.members >= 0 && ev.members != len(r.members(ev.tube)))
	case engine.KindTubeVoid, engine.KindTubeReject, engine.KindTubeLost:
		set(&a.flags, engine.FlagResultOfVoidTube, r.says(ev.tube).grave())
	case engine.KindAcknowledge, engine.KindUnreachable:
		w := r.person(ev.person)
		set(&a.flags, engine.FlagNoOrder, w.order.kind == "" && w.recheck.kind == "")
	case engine.KindDischarge:
		set(&a.flags, engine.FlagNotConfirmed, !r.dischargeCounts(r.humanOf(ev.person).root, ev.at))
	}
	return a
}

// named puts the person of an order number into an event.
func (r *reference) named(ev event) event {
	if ev.number != 0 && int(ev.number) <= len(r.given) {
		ev.person = r.given[ev.number-1]
	}
	return ev
}

// number gives every order that has none yet the next number; one event opens at most one in a story
// that asks by number.
func (r *reference) number(had map[string]bool) {
	for _, name := range r.everybody() {
		w := r.person(name)
		for _, o := range []orderWord{w.order, w.recheck} {
			key := name
			if o.kind == "recheck" {
				key += " recheck"
			}
			if open := o.kind != "" && w.mergedInto == ""; open && !had[key] {
				r.given = append(r.given, name)
			}
		}
		had[name], had[name+" recheck"] = w.order.kind != "" && w.mergedInto == "", w.recheck.kind != "" && w.mergedInto == ""
	}
}

// mostAt is how many may share a tube at a site by the policy of the tube.open's round.
func (r *reference) mostAt(ev event) int {
	v := r.master.inForce(ev.round, ev.at)
	if !v.put {
		return 30
	}
	limit := v.caps[r.master.risk(r.master.sites[ev.site])]
	if limit == "household" {
		return 30
	}
	return int(secondsOf(limit))
}

// modeNow is a tube's mode as far as it is known: by its opening, else by its scans so far, else by this scan.
func (r *reference) modeNow(s scan) engine.Mode {
	if len(r.scans[s.tube]) > 0 {
		return r.mode(s.tube)
	}
	return r.modeOf(s.tube, map[engine.Mode]bool{s.says(): true})
}

// obstacle is one reason not to take a live scan, and the flag of a late one.
type obstacle struct {
	there   bool
	outcome engine.Outcome
	flag    engine.Flags
	detail  int
}

// obstacles are all reasons, first that applies first.
func (r *reference) obstacles(ev event) []obstacle {
	s := scan{ev, r.master.decide(ev)}
	mode, state := r.modeNow(s), r.person(ev.person).state
	members, capacity := len(r.members(ev.tube)), r.capacity(ev.tube)
	round, _ := r.tubeRound(ev.tube)
	mixed := mode != engine.Single
	held := state == engine.StateHeld || state == engine.StateSuspect || state == engine.StateConfirmed
	home, first := cmp.Or(ev.household, r.master.homes[ev.person]), ""
	for _, name := range r.arrived[ev.tube] {
		if first == "" && slices.Contains(r.members(ev.tube), name) {
			first = name
		}
	}
	others := r.master.homes[first]
	return []obstacle{
		{r.has(engine.KindTubeVoid, ev.tube), engine.RefusedTubeVoid, engine.FlagTubeVoid, 0},
		{r.says(ev.tube).verdict != engine.VerdictNone, engine.RefusedTubeAlreadyResulted, engine.FlagAfterResult, 0},
		{r.has(engine.KindTubeClose, ev.tube), engine.RefusedTubeClosed, engine.FlagAfterClose, 0},
		{ev.round != "" && round != "" && ev.round != round, engine.RefusedTubeOfOtherRound, engine.FlagTubeOfOtherRound, 0},
		{mixed && (held || s.alone), engine.RefusedMustBeSingle, engine.FlagMustBeSingle, 0},
		{s.deferred, engine.RefusedDeferred, engine.FlagDeferred, 0},
		{r.mode(ev.tube) == engine.Household && home != "" && others != "" && home != others, engine.RefusedHouseholdMismatch, engine.FlagHouseholdMismatch, 0},
		{members >= capacity, engine.RefusedTubeFull, engine.FlagOverCapacity, members<<8 | capacity},
		{mixed && s.most != 0 && members+1 > s.most, engine.RefusedCapacityOverPolicy, engine.FlagCapacityOverPolicy, members<<8 | s.most},
		{r.inOtherTube(ev), engine.RefusedPersonInOtherTube, engine.FlagInOtherTube, 0},
	}
}

func (r *reference) arriveScan(ev event) answer {
	if r.bound(ev.tube, ev.person).ok {
		r.add(ev) // its time counts, where it is the earliest or the newest
		return answer{outcome: engine.Duplicate, flags: engine.FlagAlreadyBound}
	}
	var f engine.Flags
	for _, o := range r.obstacles(ev) {
		r.saw("flagged "+o.outcome.Code(), o.there && ev.late)
		if o.there && !ev.late {
			r.saw("refused "+o.outcome.Code(), true)
			return answer{outcome: o.outcome, detail: uint32(o.detail)}
		}
		set(&f, o.flag, o.there)
	}
	expects := r.person(ev.person).order.kind == "single"
	r.add(ev)
	b := r.bound(ev.tube, ev.person)
	set(&f, engine.FlagUnbound, !b.ok)
	set(&f, engine.FlagSwabAfterTest, r.testedBefore(ev.tube, b.swab))
	set(&f, engine.FlagSampledAfterTest, b.ok && r.testOf(ev.tube, ev.person, b).late)
	set(&f, engine.FlagExpectsSingle, expects && r.mode(ev.tube) != engine.Single)
	return answer{flags: f | r.crowded(ev.tube)}
}

// testedBefore tells whether the tube's negative tells nothing of a swab.
func (r *reference) testedBefore(tube string, swab engine.Seconds) bool {
	v := r.says(tube)
	return v.verdict == engine.Negative && v.first(func(x result) bool { return x.verdict == engine.Negative && x.at >= swab }) == 0
}

func (r *reference) arriveUnscan(ev event) answer {
	var f engine.Flags
	set(&f, engine.FlagNotBound, r.bound(ev.tube, ev.person).swab == 0) // never was in it
	r.add(ev)
	set(&f, engine.FlagUnscanRequested, r.asks(ev))
	return answer{flags: f}
}

func (r *reference) arriveTransfer(ev event) answer {
	var f engine.Flags
	set(&f, engine.FlagNotBound, !r.bound(ev.tube, ev.person).ok)
	set(&f, engine.FlagOverCapacity, len(r.members(ev.to)) >= r.capacity(ev.to) && !r.bound(ev.to, ev.person).ok)
	set(&f, engine.FlagAfterClose, r.has(engine.KindTubeClose, ev.to))
	set(&f, engine.FlagAfterResult, r.says(ev.to).verdict != engine.VerdictNone)
	r.add(ev)
	set(&f, engine.FlagTransferRequested, r.asks(ev))
	return answer{flags: f}
}

func (r *reference) arriveResult(ev event) answer {
	other := ev.speaks != "" && ev.speaks != ev.lab
	if other && !ev.late {
		r.saw("refused lab_mismatch", true)
		return answer{outcome: engine.RefusedLabMismatch}
	}
	before := r.conflicts(ev.tube, ev.lab)
	r.add(ev)
	v := r.says(ev.tube)
	var f engine.Flags
	members := r.members(ev.tube)
	set(&f, engine.FlagTubeUnknown, len(members) == 0)
	for _, name := range members {
		b := r.bound(ev.tube, name)
		set(&f, engine.FlagSwabAfterTest, r.testedBefore(ev.tube, b.swab))
		set(&f, engine.FlagSampledAfterTest, r.testOf(ev.tube, name, b).late)
	}
	set(&f, engine.FlagVerdictConflict, r.conflicts(ev.tube, ev.lab) > before)
	var received event
	for _, x := range r.custody[engine.KindTubeReceive][ev.tube] {
		if x.at > received.at {
			received = x
		}
	}
	set(&f, engine.FlagLabMismatch, other || received.lab != "" && received.lab != ev.lab)
	lost := r.has(engine.KindTubeLost, ev.tube) || r.has(engine.KindTubeReject, ev.tube)
	set(&f, engine.FlagResultOfVoidTube, v.grave() && (lost || r.has(engine.KindTubeVoid, ev.tube)))
	return answer{flags: f}
}

// conflicts counts a laboratory's plain finals that disagree with its standing positive.
func (r *reference) conflicts(tube, lab string) int {
	var said []result
	for _, x := range r.results[tube] {
		if x.lab == lab {
			said = append(said, x)
		}
	}
	_, conflicts := fold(said)
	return conflicts
}

// crowded is the flag of a single tube that holds several people.
func (r *reference) crowded(tube string) (f engine.Flags) {
	set(&f, engine.FlagSingleWithMany, r.mode(tube) == engine.Single && len(r.members(tube)) > 1)
	return f
}

// inOtherTube tells whether the human is bound to another tube that is open: not closed, and nothing
// came of it yet. A pool and the tube of a specimen retained of it are not others to each other.
func (r *reference) inOtherTube(ev event) bool {
	for _, t := range r.allTests(r.humanOf(ev.person).root) {
		outcome, _ := r.tubeOutcome(t.tube)
		if t.tube != ev.of && t.of != ev.tube && t.tube != ev.tube && outcome == engine.VerdictNone && r.says(t.tube).verdict == engine.VerdictNone && !r.has(engine.KindTubeClose, t.tube) {
			return true
		}
	}
	return false
}

func set(f *engine.Flags, bit engine.Flags, on bool) {
	if on {
		*f |= bit
	}
}
