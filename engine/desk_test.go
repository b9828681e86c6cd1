package engine_test

import (
	"cmp"
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
// names the person by it, as a decoder does. REQUIRES: one sender and one receipt.
func batchOf(events []event, known func(name string) engine.PersonOrdinal) *engine.Batch {
	b := &engine.Batch{Received: events[0].when(), Roles: events[0].roles, Strict: events[0].strict}
	if events[0].speaks != "" {
		b.Lab = b.Put([]byte(events[0].speaks))
	}
	w := batchWriter{b, known, map[string]uint32{}, map[string]uint32{}}
	for i, ev := range events {
		if !ev.sameSender(events[0]) {
			panic("BUG: one batch has one principal")
		}
		tube := engine.NoTube
		if ev.tube != "" {
			tube = w.tube(ev.tube)
		}
		var extra engine.Span
		switch {
		case ev.isMaster():
			extra = b.Put(ev.masterItem())
		case i%7 == 3:
			extra = b.Put([]byte(`{"id":"x"}`))
		}
		var person engine.PersonRef
		if ev.person != "" {
			person = w.person(ev.person)
		}
		b.Add(ev.kind, ev.bits(), tube, person, ev.at, w.context(ev), w.arg(ev), extra)
	}
	return b
}

// sameSender tells whether two events can stand in one batch.
func (ev event) sameSender(o event) bool {
	return ev.roles == o.roles && ev.when() == o.when() && ev.strict == o.strict && ev.speaks == o.speaks
}

// batchWriter gives tubes, people and contexts their places in a batch.
type batchWriter struct {
	b        *engine.Batch
	known    func(string) engine.PersonOrdinal
	tubes    map[string]uint32
	contexts map[string]uint32
}

func (w *batchWriter) tube(code string) uint32 {
	i, ok := w.tubes[code]
	if !ok {
		i = uint32(len(w.b.Tubes))
		w.tubes[code] = i
		w.b.Tubes = append(w.b.Tubes, w.b.Put([]byte(code)))
		w.b.TubeHash = append(w.b.TubeHash, engine.HashTube([]byte(code)))
	}
	return i
}

func (w *batchWriter) person(name string) engine.PersonRef {
	ref, document := refOf(name)
	if p := w.known(name); p != 0 {
		return engine.OrdinalRef(p)
	} else if document != nil {
		return engine.DocumentRef(w.b.Put(document))
	}
	return ref
}

func (w *batchWriter) context(ev event) uint32 {
	key := fmt.Sprint(ev.lab, "|", ev.mode, "|", ev.purpose, "|", ev.round, "|", ev.area, "|", ev.site)
	i, ok := w.contexts[key]
	if !ok {
		i = uint32(len(w.b.Contexts))
		w.contexts[key] = i
		text := func(code string) (s engine.Span) {
			if code != "" {
				s = w.b.Put([]byte(code))
			}
			return s
		}
		w.b.Contexts = append(w.b.Contexts, engine.Context{Mode: ev.mode, Purpose: ev.purpose, Lab: text(ev.lab), Round: text(ev.round),
			Area: text(ev.area), Site: text(ev.site)})
	}
	return i
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

func (w *batchWriter) arg(ev event) (arg uint64) {
	switch ev.kind {
	case engine.KindScan:
		if ev.household != "" {
			arg = engine.HashHousehold([]byte(ev.household))
		}
		if ev.of != "" {
			arg |= uint64(w.tube(ev.of)+1) << 32
		}
	case engine.KindTransfer:
		arg = uint64(w.tube(ev.to)) | engine.HashReason([]byte(ev.reason))<<32
	case engine.KindTubeOpen:
		arg = uint64(ev.capacity)
	case engine.KindTubeClose:
		arg = uint64(ev.members + 1)
	case engine.KindResult:
		arg = engine.ResultArg(ev.reported, ev.stage, ev.verdict)
	case engine.KindTubeVoid, engine.KindExcuse, engine.KindDischarge:
		arg = engine.HashReason([]byte(ev.reason))
	case engine.KindAcknowledge, engine.KindUnreachable:
		arg = uint64(ev.number)
	case engine.KindMerge, engine.KindUnmerge:
		arg = uint64(w.person(ev.to))
	}
	return arg
}

// fieldOf are the engine's numbers for the words of the stories.
var fieldOf = map[string]engine.Field{"parent": engine.FieldParent, "risk": engine.FieldRisk, "area": engine.FieldArea, "kind": engine.FieldKind,
	"household": engine.FieldHousehold, "opens": engine.FieldOpensAt, "closes": engine.FieldClosesAt, "areas": engine.FieldAreas,
	"low": engine.FieldCapLow, "medium": engine.FieldCapMedium, "high": engine.FieldCapHigh, "closed": engine.FieldCapClosed,
	"recollect": engine.FieldSLARecollect, "recheck": engine.FieldRecheck, "release": engine.FieldRelease, "effective": engine.FieldEffectiveAt}

// masterItem is a master data item in the form of the journal.
func (ev event) masterItem() (item []byte) {
	code, fields := ev.item()
	if ev.kind != engine.KindRoster {
		item = engine.AppendField(item, engine.FieldKey, []byte(code))
	}
	for _, f := range fields {
		number := fieldOf[f.word]
		switch {
		case f.word == "groups" && ev.kind == engine.KindRoster:
			number = engine.FieldGroups
		case f.word == "groups":
			number = engine.FieldSingleGroups
		case f.word == "vaccinated" && ev.kind == engine.KindRoster:
			number = engine.FieldVaccinatedAt
		case f.word == "vaccinated":
			number = engine.FieldVaccinated48h
		}
		if number == 0 {
			panic("BUG: no field " + f.word)
		}
		item = engine.AppendField(item, number, []byte(f.value))
	}
	return item
}

// nobody is known: every person is named by a key.
func nobody(string) engine.PersonOrdinal { return 0 }

// apply applies one group of events, cut into batches where the principal changes
// and where cut says so, and answers each event.
func (d *desk) apply(events []event, known func(string) engine.PersonOrdinal, cut func(event) bool) []answer {
	var batches []*engine.Batch
	for from, i := 0, 1; i <= len(events); i++ {
		if i == len(events) || !events[i].sameSender(events[from]) || cut(events[i]) {
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
			if a.outcome == engine.RefusedTubeFull || a.outcome == engine.RefusedCapacityOverPolicy {
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

// person asks the engine for one status; names are those who may be meant by an answer.
func (d *desk) person(name string, names []string) personWord {
	p := d.find(name)
	if p == 0 {
		return personWord{}
	}
	var s engine.Status
	d.Status(p, &s)
	w := d.word(&s)
	if s.MergedInto != 0 {
		w.mergedInto = d.nameOf(s.MergedInto, names)
	}
	return w
}

func (d *desk) word(s *engine.Status) personWord {
	w := personWord{state: s.State, since: s.Since, pendingTube: d.code(s.PendingTube), pendingSwab: s.PendingSwab}
	if n := s.LastNegative; n.Tube != 0 {
		w.negative = negativeWord{d.code(n.Tube), n.Swabbed, n.Reported, n.Mode}
	}
	for _, c := range s.Causes {
		w.causes = append(w.causes, causeWord{c.Kind, d.code(c.Tube), c.Since, c.Swabbed, c.Preliminary})
	}
	slices.SortFunc(w.causes, func(a, b causeWord) int { return cmp.Or(strings.Compare(a.tube, b.tube), cmp.Compare(a.kind, b.kind)) })
	w.order, w.recheck = d.orderWord(&s.Order), d.orderWord(&s.Recheck)
	return w
}

func (d *desk) orderWord(o *engine.OrderView) (w orderWord) {
	if o.Number == 0 || !o.State.IsOpen() {
		return w
	}
	w = orderWord{kind: o.Kind.String(), opened: o.Opened, due: o.Due, state: o.State}
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
		return tubeWord{mode: engine.Pool, purpose: engine.Screening, capacity: policy.PoolCapacity}
	}
	var v engine.TubeView
	d.Tube(t, &v)
	w := tubeWord{mode: v.Mode, purpose: max(v.Purpose, engine.Screening), capacity: v.Capacity, verdict: v.Verdict, reported: v.Reported, round: v.Round,
		retained: v.Retained, void: v.VoidAt != 0, lost: v.LostAt != 0, received: v.ReceivedAt != 0, rejected: v.RejectedAt,
		resolution: v.Resolution.String()}
	if w.round == "default" {
		w.round = "" // nobody named one
	}
	for _, m := range v.Members {
		if m.Bound {
			w.members = append(w.members, fmt.Sprintf("%s@%s", d.nameOf(m.Person, names), clock(m.Swabbed)))
		}
	}
	slices.Sort(w.members)
	return w
}

// alerts are the conditions that hold, by tube code, in the order of the kinds.
func (d *desk) alerts() map[string][]engine.AlertKind {
	all := map[string][]engine.AlertKind{}
	after, more := uint64(0), true
	for more {
		after, more = d.Alerts(after, 3, func(a *engine.AlertView) bool {
			all[a.Code] = append(all[a.Code], a.Kind)
			return true
		})
	}
	for _, kinds := range all {
		slices.Sort(kinds)
	}
	return all
}

// coverage of one area in one round; an empty area is everything. Its children and its own people must
// add up to it.
func (d *desk) coverage(round, area string) (w coverWord) {
	var sum coverWord
	_, ok := d.Coverage(round, area, false, func(v *engine.CoverageView) bool {
		w = coverOf(v)
		return true
	})
	d.Coverage(round, area, true, func(v *engine.CoverageView) bool {
		sum = sum.plus(coverOf(v))
		return true
	})
	if ok && sum != w {
		panic(fmt.Sprintf("BUG: round %s, area %q: %+v in all, its parts sum to %+v", round, area, w, sum))
	}
	return w
}

func coverOf(v *engine.CoverageView) coverWord {
	return coverWord{int(v.Expected), int(v.Unrostered), int(v.Sampled), int(v.Excused), int(v.Missing), int(v.Received), int(v.Resulted),
		int(v.Negative), int(v.MustResample), int(v.Held), int(v.Suspect), int(v.Confirmed)}
}

// missing are the names of an area's people who have not been sampled, asked two at a time.
func (d *desk) missing(round, area string, names []string) (missing []string) {
	after, more := engine.PersonOrdinal(0), true
	for more {
		after, more, _, _ = d.Missing(round, area, after, 2, func(p engine.PersonOrdinal) bool {
			missing = append(missing, d.nameOf(p, names))
			return true
		})
	}
	return missing
}

func (d *desk) nameOf(p engine.PersonOrdinal, names []string) string {
	for _, name := range names {
		if d.find(name) == p {
			return name
		}
	}
	return fmt.Sprintf("person %d, whom nobody named", p)
}

// swabsShareSecond tells whether a human has, or had, two tests with one swab time.
func (d *desk) swabsShareSecond(identities []string) bool {
	seen := map[engine.Seconds]bool{}
	var v engine.TubeView
	for i := engine.TubeIndex(1); uint64(i) <= d.Counts().Tubes; i++ {
		d.Tube(i, &v)
		for _, m := range v.Members {
			if !slices.ContainsFunc(identities, func(name string) bool { return d.find(name) == m.Person }) {
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
