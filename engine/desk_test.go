package engine_test

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"poolwise/engine"
)

// pages is the tests' allocator: plain memory, and a count of what was handed out.
type pages struct{ taken int }

func (p *pages) Page() []byte { p.taken++; return make([]byte, engine.PageBytes) }

// policy is that of the round "default".
var policy = engine.DefaultConfig()

// desk is an engine that is spoken to in events and names.
type desk struct {
	*engine.Engine
	pages   *pages
	applied engine.Position
	// groups are all that was applied, encoded as a journal would hold them, with the
	// feed that each made.
	groups []group
}

type group struct {
	encoded []byte
	changes engine.Changes
}

func newDesk() *desk {
	p := &pages{}
	return &desk{Engine: engine.New(policy, p), pages: p}
}

// refOf names a person: every third by a passport, the others by a resident ID.
func refOf(name string) (ref engine.PersonRef, document []byte) {
	h := fnv.New64a()
	h.Write([]byte(name))
	sum := h.Sum64()
	if sum%3 == 0 {
		return engine.DocumentRef(engine.Span{}), []byte("passport:TST:" + strings.ToUpper(name))
	}
	return engine.ResidentRef(99010119000000000 + sum%1000000000), nil
}

// find is the person's ordinal, 0 when never heard of.
func (d *desk) find(name string) engine.PersonOrdinal {
	ref, document := refOf(name)
	return d.Find(ref, document)
}

// batchOf writes events into one batch. Where known answers an ordinal, the batch
// names the person by it, as a decoder does. REQUIRES: equal roles.
func batchOf(events []event, known func(name string) engine.PersonOrdinal) *engine.Batch {
	b := &engine.Batch{Received: midnight + 23*3600, Roles: events[0].roles}
	tubes := map[string]uint32{}
	contexts := map[string]uint32{}
	for i, ev := range events {
		if ev.roles != b.Roles {
			panic("BUG: one batch has one principal")
		}
		tube, ok := tubes[ev.tube]
		if !ok {
			tube = uint32(len(b.Tubes))
			tubes[ev.tube] = tube
			b.Tubes = append(b.Tubes, b.Put([]byte(ev.tube)))
			b.TubeHash = append(b.TubeHash, engine.HashTube([]byte(ev.tube)))
		}
		key := fmt.Sprint(ev.lab, "|", ev.mode, "|", ev.purpose)
		ctx, ok := contexts[key]
		if !ok {
			ctx = uint32(len(b.Contexts))
			contexts[key] = ctx
			c := engine.Context{Mode: ev.mode, Purpose: ev.purpose}
			if ev.lab != "" {
				c.Lab = b.Put([]byte(ev.lab))
			}
			b.Contexts = append(b.Contexts, c)
		}
		var person engine.PersonRef
		if ev.person != "" {
			ref, document := refOf(ev.person)
			if p := known(ev.person); p != 0 {
				ref = engine.OrdinalRef(p)
			} else if document != nil {
				ref = engine.DocumentRef(b.Put(document))
			}
			person = ref
		}
		var extra engine.Span
		if i%7 == 3 {
			extra = b.Put([]byte(`{"id":"x"}`))
		}
		b.Add(ev.kind, ev.bits(), tube, person, ev.at, ctx, ev.arg(), extra)
	}
	return b
}

func (ev event) bits() uint8 {
	var bits uint8
	if ev.late {
		bits |= engine.ItemLate
	}
	if ev.retained {
		bits |= engine.ItemRetained
	}
	return bits
}

func (ev event) arg() uint64 {
	switch ev.kind {
	case engine.KindTubeOpen:
		return uint64(ev.capacity)
	case engine.KindTubeClose:
		return uint64(ev.members + 1)
	case engine.KindResult:
		return engine.ResultArg(ev.reported, ev.stage, ev.verdict)
	}
	return 0
}

// nobody is known: every person is named by a key.
func nobody(string) engine.PersonOrdinal { return 0 }

// apply applies one group of events, cut into batches where the principal changes
// and where cut says so, and answers each event.
func (d *desk) apply(events []event, known func(string) engine.PersonOrdinal, cut func(event) bool) []answer {
	var batches []*engine.Batch
	for from, i := 0, 1; i <= len(events); i++ {
		if i == len(events) || events[i].roles != events[from].roles || cut(events[i]) {
			batches = append(batches, batchOf(events[from:i], known))
			from = i
		}
	}
	var encoded []byte
	for _, b := range batches {
		encoded = engine.AppendBatch(encoded, b)
	}
	changes := d.applyBatches(batches)
	d.groups = append(d.groups, group{encoded, changes})
	var answers []answer
	for _, b := range batches {
		for i := range b.Len() {
			a := answer{outcome: b.Outcome[i], flags: b.Flags[i]}
			if a.outcome == engine.RefusedTubeFull {
				a.detail = b.Detail[i]
			}
			answers = append(answers, a)
		}
	}
	return answers
}

// applyBatches is Apply at the next position.
func (d *desk) applyBatches(batches []*engine.Batch) (changes engine.Changes) {
	d.applied++
	d.Apply(d.applied, batches, &changes)
	return changes
}

// replay applies one encoded group.
func (d *desk) replay(encoded []byte) (engine.Changes, error) {
	var batches []*engine.Batch
	for rest := encoded; len(rest) > 0; {
		b := &engine.Batch{}
		var err error
		if rest, err = engine.DecodeBatch(rest, b); err != nil {
			return engine.Changes{}, fmt.Errorf("cannot decode a batch of group %d: %w", d.applied+1, err)
		}
		batches = append(batches, b)
	}
	return d.applyBatches(batches), nil
}

// code of a tube, empty for none.
func (d *desk) code(t engine.TubeIndex) string {
	if t == 0 {
		return ""
	}
	return string(d.AppendTubeCode(nil, t))
}

// person asks the engine for one status.
func (d *desk) person(name string) personWord {
	p := d.find(name)
	if p == 0 {
		return personWord{}
	}
	var s engine.Status
	d.Status(p, &s)
	return d.word(&s)
}

func (d *desk) word(s *engine.Status) personWord {
	w := personWord{state: s.State, since: s.Since, pendingTube: d.code(s.PendingTube), pendingSwab: s.PendingSwab}
	if n := s.LastNegative; n.Tube != 0 {
		w.negative = negativeWord{d.code(n.Tube), n.Swabbed, n.Reported, n.Mode}
	}
	for _, c := range s.Causes {
		w.causes = append(w.causes, causeWord{c.Kind, d.code(c.Tube), c.Since, c.Swabbed, c.Preliminary, false})
	}
	slices.SortFunc(w.causes, func(a, b causeWord) int { return strings.Compare(a.tube, b.tube) })
	if s.Order.Number != 0 && s.Order.State.IsOpen() {
		w.order = d.orderWord(&s.Order)
	}
	return w
}

func (d *desk) orderWord(o *engine.OrderView) orderWord {
	w := orderWord{kind: "single", due: o.Due}
	if o.Kind == engine.OrderAny {
		w.kind = "any"
	}
	for _, t := range o.Causes {
		w.causes = append(w.causes, d.code(t))
	}
	slices.Sort(w.causes)
	return w
}

// tubeOf asks the engine for one tube.
func (d *desk) tubeOf(code string, names []string) tubeWord {
	t := d.FindTube([]byte(code))
	if t == 0 {
		return tubeWord{mode: engine.Pool, capacity: policy.PoolCapacity}
	}
	var v engine.TubeView
	d.Tube(t, &v)
	w := tubeWord{mode: v.Mode, capacity: v.Capacity, verdict: v.Verdict, reported: v.Reported}
	for _, m := range v.Members {
		if m.Bound {
			w.members = append(w.members, fmt.Sprintf("%s@%s", d.nameOf(m.Person, names), clock(m.Swabbed)))
		}
	}
	slices.Sort(w.members)
	return w
}

func (d *desk) nameOf(p engine.PersonOrdinal, names []string) string {
	for _, name := range names {
		if d.find(name) == p {
			return name
		}
	}
	return fmt.Sprintf("person %d, whom nobody named", p)
}

// swabsShareSecond tells whether a person has, or had, two tests with one swab time.
func (d *desk) swabsShareSecond(p engine.PersonOrdinal) bool {
	seen := map[engine.Seconds]bool{}
	var v engine.TubeView
	for i := engine.TubeIndex(1); uint64(i) <= d.Counts().Tubes; i++ {
		d.Tube(i, &v)
		for _, m := range v.Members {
			if m.Person != p {
				continue
			}
			if seen[m.Swabbed] {
				return true
			}
			seen[m.Swabbed] = true
		}
	}
	return false
}
