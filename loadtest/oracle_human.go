package loadtest

import (
	"cmp"
	"slices"
)

// humanEvents are the events about people without a tube: few, so that they are
// looked through for everybody who has any.
type humanEvents struct {
	merges     []merging
	discharges []personNote
	calls      []personNote
	excuses    []personNote
}

// merging says that two identities are one human, or are not.
type merging struct {
	from, to int32
	at       seconds
	undo     bool
}

// personNote is one fact about an identity.
type personNote struct {
	who         int32
	at          seconds
	unreachable bool
	round       roundID
}

func (h *humanEvents) reset() {
	h.merges, h.discharges, h.calls, h.excuses = h.merges[:0], h.discharges[:0], h.calls[:0], h.excuses[:0]
}

// addHuman collects an event that names no tube.
func (o *oracle) addHuman(ev *Event) {
	who := o.person(ev.who())
	n := personNote{who: who, at: ev.At, unreachable: ev.Kind == Unreachable, round: ev.Round}
	h := &o.human
	switch ev.Kind {
	case Merge, Unmerge:
		h.merges = append(h.merges, merging{who, o.person(identity{ev.Person, !ev.Noted}), ev.At, ev.Kind == Unmerge})
	case Discharge:
		h.discharges = append(h.discharges, n)
	case Acknowledge, Unreachable:
		h.calls = append(h.calls, n)
	case Excuse:
		h.excuses = append(h.excuses, n)
	}
}

// joinHumans finds who is one human: the newest word on a pair counts, of two in one
// second that they are not.
func (o *oracle) joinHumans() {
	h := &o.human
	slices.SortFunc(h.merges, func(a, b merging) int {
		undo := func(m merging) int {
			if m.undo {
				return 1
			}
			return 0
		}
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to), cmp.Compare(a.at, b.at), cmp.Compare(undo(a), undo(b)))
	})
	inForce := h.merges[:0:0]
	for i, m := range h.merges {
		last := i+1 == len(h.merges) || h.merges[i+1].from != m.from || h.merges[i+1].to != m.to
		if last && !m.undo {
			inForce = append(inForce, m)
		}
	}
	for range inForce { // as often as the longest chain could be
		for _, m := range inForce {
			human := min(o.people[m.from].human, o.people[m.to].human)
			o.people[m.from].human, o.people[m.to].human = human, human
		}
	}
	for _, m := range inForce {
		o.people[m.from].joined, o.people[m.to].joined = true, true
		o.electRoot(o.people[m.from].human, inForce)
	}
	for _, list := range [][]personNote{h.discharges, h.calls, h.excuses} {
		for _, n := range list {
			o.people[o.people[n.who].human].extra = true
		}
	}
}

// electRoot finds the identity of a human that orders name: the one that is merged
// into none; of several, or where there is none, the one with the smallest text.
func (o *oracle) electRoot(human int32, inForce []merging) {
	root, rootFree := int32(-1), false
	for i := range o.people {
		if o.people[i].human != human {
			continue
		}
		free := !slices.ContainsFunc(inForce, func(m merging) bool { return m.from == int32(i) })
		smaller := root < 0 || string(o.people[i].id.append(nil)) < string(o.people[root].id.append(nil))
		if root < 0 || free && !rootFree || free == rootFree && smaller {
			root, rootFree = int32(i), free
		}
	}
	for i := range o.people {
		if o.people[i].human == human {
			o.people[i].root = root
		}
	}
}

// discharge takes away what discharges remove, the earliest first: one counts where a
// confirmed test that none before it took was swabbed and reported by then, and then
// takes all that was swabbed and reported by then.
func (o *oracle) discharge() {
	list := o.human.discharges
	slices.SortFunc(list, func(a, b personNote) int { return cmp.Compare(a.at, b.at) })
	for _, d := range list {
		head := o.people[o.people[d.who].human].head
		by := func(x *test) bool { return x.outcome != waits && x.swab <= d.at && x.since <= d.at }
		if !o.any(head, func(x *test) bool { return x.outcome == confirms && !x.removed && by(x) }) {
			continue
		}
		for i := head; i >= 0; i = o.tests[i].next {
			x := &o.tests[i]
			x.removed = x.removed || by(x)
		}
	}
}
