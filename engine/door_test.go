package engine_test

import "poolwise/engine"

// The door: what an arriving event is answered, from what is known at that moment.
// Only here does the order of arrival count.

// arrive answers one event and, where it is taken, puts it into the set.
func (r *reference) arrive(ev event) answer {
	if r.known[ev.sameness()] {
		return answer{outcome: engine.Duplicate}
	}
	var a answer
	switch ev.kind {
	case engine.KindScan:
		a = r.arriveScan(ev)
	case engine.KindUnscan:
		a = r.arriveUnscan(ev)
	case engine.KindTubeOpen:
		r.add(ev)
		a.flags |= r.crowded(ev.tube)
	case engine.KindTubeClose:
		if ev.members >= 0 && ev.members != len(r.members(ev.tube)) {
			a.flags |= engine.FlagCountMismatch
		}
		r.add(ev)
	case engine.KindResult:
		a = r.arriveResult(ev)
	}
	return a
}

func (r *reference) arriveScan(ev event) answer {
	if _, ok := r.bound(ev.tube, ev.person); ok {
		r.add(ev) // its time counts, where it is the earliest or the newest
		return answer{outcome: engine.Duplicate, flags: engine.FlagAlreadyBound}
	}
	resulted := r.says(ev.tube).verdict != engine.VerdictNone
	closed := len(r.closes[ev.tube]) > 0
	members, capacity := len(r.members(ev.tube)), r.capacity(ev.tube)
	elsewhere := r.inOtherTube(ev.person, ev.tube)
	if !ev.late {
		switch {
		case resulted:
			return answer{outcome: engine.RefusedTubeAlreadyResulted}
		case closed:
			return answer{outcome: engine.RefusedTubeClosed}
		case members >= capacity:
			return answer{outcome: engine.RefusedTubeFull, detail: uint32(members<<8 | capacity)}
		case elsewhere:
			return answer{outcome: engine.RefusedPersonInOtherTube}
		}
	}
	expects := r.person(ev.person).order.kind == "single"
	r.add(ev)
	var f engine.Flags
	swab, ok := r.bound(ev.tube, ev.person)
	set(&f, engine.FlagUnbound, !ok)
	set(&f, engine.FlagOverCapacity, members >= capacity)
	set(&f, engine.FlagAfterClose, closed)
	set(&f, engine.FlagAfterResult, resulted)
	set(&f, engine.FlagInOtherTube, elsewhere)
	v := r.says(ev.tube)
	set(&f, engine.FlagSwabAfterTest, v.verdict == engine.Negative && v.tested < swab)
	set(&f, engine.FlagExpectsSingle, expects && r.mode(ev.tube) != engine.Single)
	f |= r.crowded(ev.tube)
	return answer{flags: f}
}

func (r *reference) arriveUnscan(ev event) answer {
	r.add(ev)
	var f engine.Flags
	set(&f, engine.FlagNotBound, len(r.scans[ev.tube][ev.person]) == 0)
	set(&f, engine.FlagUnscanRequested, r.asks(ev))
	return answer{flags: f}
}

func (r *reference) arriveResult(ev event) answer {
	before := r.conflicts(ev.tube, ev.lab)
	r.add(ev)
	after := r.says(ev.tube)
	var f engine.Flags
	members := r.members(ev.tube)
	set(&f, engine.FlagTubeUnknown, len(members) == 0)
	for _, name := range members {
		swab, _ := r.bound(ev.tube, name)
		set(&f, engine.FlagSwabAfterTest, after.verdict == engine.Negative && after.tested < swab)
	}
	set(&f, engine.FlagVerdictConflict, r.conflicts(ev.tube, ev.lab) > before)
	return answer{flags: f}
}

// conflicts counts a laboratory's plain finals that disagree with its standing positive.
func (r *reference) conflicts(tube, lab string) int {
	var said []event
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

// inOtherTube tells whether the person is bound to another tube that is open: not closed, no verdict.
func (r *reference) inOtherTube(person, tube string) bool {
	for other := range r.scans {
		_, bound := r.bound(other, person)
		resulted := r.says(other).verdict != engine.VerdictNone
		if other != tube && bound && !resulted && len(r.closes[other]) == 0 {
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
