package engine_test

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"poolwise/engine"
)

var (
	seedOnly = flag.Uint64("seed", 0, "run only this random day")
	seeds    = flag.Int("seeds", 500, "how many random days")
)

// A random day is few tubes, few people and few distinct times, so that ties, re-used
// tubes, results before scans and unscans before scans happen all the time.

// dice throws what a day is made of.
type dice struct{ *rand.Rand }

func newDice(seed uint64, use uint64) dice { return dice{rand.New(rand.NewPCG(seed, use))} }

// one in n
func (d dice) one(n int) bool { return d.IntN(n) == 0 }

// toss are dice of one event's own: what they decide of it stays decided while others are dropped.
func toss(seed, use uint64, ev event) dice {
	return newDice(seed, use^engine.HashTube([]byte(ev.sameness())))
}

// day is the events of a seed. Where pure, the events are all late, and whatever is not
// part of an event's identity follows from it: the set of accepted events is then the
// same in every order of arrival.
func day(seed uint64, pure bool) []event {
	d := newDice(seed, 1)
	people := []string{"ada", "ben", "cem", "dan", "eva", "fay", "gus"}[:1+d.IntN(7)]
	tubes := []string{"T1", "T2", "T3", "T4", "T5"}[:1+d.IntN(5)]
	labs := []string{"L1", "L2", "L3"}[:1+d.IntN(3)]
	times := 2 + d.IntN(10)
	events := make([]event, 3+d.IntN(45))
	for i := range events {
		ev := event{tube: tubes[d.IntN(len(tubes))], at: noon(d.IntN(times)), members: -1, roles: engine.RoleAll}
		how := d
		switch dice := d.IntN(100); {
		case dice < 52:
			ev.kind = engine.KindScan
		case dice < 64:
			ev.kind = engine.KindUnscan
		case dice < 73:
			ev.kind = engine.KindTubeOpen
		case dice < 77:
			ev.kind = engine.KindTubeClose
		default:
			ev.kind = engine.KindResult
			ev.stage = []engine.Stage{engine.Final, engine.Final, engine.Final, engine.Final, engine.Preliminary, engine.Corrected, engine.Withdrawn}[d.IntN(7)]
			ev.lab = labs[d.IntN(len(labs))]
			ev.verdict = []engine.Verdict{engine.Negative, engine.Negative, engine.Inconclusive, engine.Positive, engine.Positive, engine.Invalid}[d.IntN(6)]
			ev.reported = noon(d.IntN(times))
		}
		if ev.kind == engine.KindScan || ev.kind == engine.KindUnscan {
			ev.person = people[d.IntN(len(people))]
			if d.one(2) { // some tubes are mostly one person's
				ev.person = people[int(ev.tube[1])%len(people)]
			}
		}
		if pure {
			how = toss(seed, 0, ev)
		}
		ev.late = pure || d.one(3)
		ev.fill(how)
		events[i] = ev
	}
	return events
}

// noon are the few instants of a random day.
func noon(n int) engine.Seconds { return midnight + 12*3600 + engine.Seconds(n)*600 }

// fill throws what is not part of an event's identity.
func (ev *event) fill(d dice) {
	mode := []engine.Mode{engine.ModeUnset, engine.Pool, engine.Household, engine.Single, engine.Single}
	switch ev.kind {
	case engine.KindScan:
		if int(ev.tube[1])%2 == 0 || d.one(5) { // even tubes are mostly single
			ev.mode = mode[d.IntN(5)]
		}
		if int(ev.tube[1])%2 == 0 && !d.one(4) {
			ev.mode = engine.Single
		}
	case engine.KindUnscan:
		ev.roles = []engine.Role{engine.RoleAll, engine.RoleStation, engine.RoleStation, engine.RoleCommand, engine.RoleCDC}[d.IntN(5)]
	case engine.KindTubeOpen:
		ev.mode = mode[d.IntN(5)]
		ev.capacity = []int{0, 0, 1, 2, 3, 5}[d.IntN(6)]
		ev.purpose = []engine.Purpose{engine.PurposeUnset, engine.Screening, engine.Recheck}[d.IntN(3)]
		ev.retained = d.one(3)
	case engine.KindTubeClose:
		ev.members = d.IntN(4) - 1
	case engine.KindResult:
		back := 0
		if d.one(2) {
			back = d.IntN(5)
		}
		ev.at = max(ev.reported-engine.Seconds(back*600), noon(0)-600)
	}
}

// trial is what is tried with a day's events. It draws its own dice from the seed, so that a
// shrunk day is tried the same way.
type trial struct {
	name string
	pure bool
	run  func(seed uint64, events []event) error
}

var trials = []trial{
	{"any order", true, anyOrder},
	{"in order", false, inOrder},
	{"groups and replay", false, groupsAndReplay},
	{"snapshot", false, snapshotAndTail},
}

// TestRandomDays ensures that on random days the engine answers every event and every
// question as the reference does: in any order of arrival, sent twice, cut into any
// batches, replayed from the journal's bytes, and continued from a snapshot.
func TestRandomDays(t *testing.T) {
	first, last := uint64(1), uint64(*seeds)
	if testing.Short() { // under the race detector: the whole number runs without it
		last /= 5
	}
	if *seedOnly != 0 {
		first, last = *seedOnly, *seedOnly
	}
	for _, tr := range trials {
		t.Run(tr.name, func(t *testing.T) {
			failures := 0
			for seed := first; seed <= last && failures < 3; seed++ {
				events := day(seed, tr.pure)
				if err := attempt(tr, seed, events); err != nil {
					failures++
					small, why := shrink(events, err, func(fewer []event) error { return attempt(tr, seed, fewer) })
					t.Errorf("%v\n%d of %d events are enough:\n%sreplay with: go test ./engine -run TestRandomDays -seed=%d",
						why, len(small), len(events), tellEvents(small), seed)
				}
			}
		})
	}
}

// attempt turns a panic into an error, so that it can be shrunk too.
func attempt(tr trial, seed uint64, events []event) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v at %s", p, where(debug.Stack()))
		}
	}()
	if len(events) == 0 {
		return nil
	}
	return tr.run(seed, events)
}

// where are the lines of the engine that a stack goes through.
func where(stack []byte) (lines string) {
	for _, line := range strings.Split(string(stack), "\n") {
		if path, _, _ := strings.Cut(strings.TrimSpace(line), " "); strings.Contains(path, "/engine/") && !strings.Contains(path, "_test.go") {
			lines += " " + path[strings.LastIndex(path, "/")+1:]
		}
	}
	return lines
}

// anyOrder ensures that four other orders of arrival, with duplicates between, end like the set itself.
func anyOrder(seed uint64, events []event) error {
	r := newReference()
	for _, ev := range events {
		r.add(ev)
	}
	for round := range 4 {
		order := events
		if round > 0 {
			order = shuffled(seed, uint64(round), events)
		}
		desk := newDesk()
		for _, part := range cuts(order, seed, uint64(round)) {
			for i, a := range desk.apply(part, desk.find, batches(seed)) {
				if a.outcome.Refused() {
					return fmt.Errorf("%s: a late event is never refused; got %s", part[i], a)
				}
			}
		}
		if err := desk.agrees(r, events); err != nil {
			return fmt.Errorf("in this order of arrival:\n%s%w", tellEvents(order), err)
		}
		if err := desk.twice(order); err != nil {
			return err
		}
		if err := desk.agrees(r, events); err != nil {
			return fmt.Errorf("after everything was sent twice in this order:\n%s%w", tellEvents(order), err)
		}
	}
	return nil
}

// shuffled is another order of arrival, in which some events come twice.
func shuffled(seed, round uint64, events []event) (order []event) {
	type ranked struct {
		event
		rank float64
	}
	var all []ranked
	for _, ev := range events {
		d := toss(seed, 1000+round, ev)
		all = append(all, ranked{ev, d.Float64()})
		if d.one(4) {
			all = append(all, ranked{ev, d.Float64()})
		}
	}
	slices.SortStableFunc(all, func(a, b ranked) int { return cmp.Compare(a.rank, b.rank) })
	for _, r := range all {
		order = append(order, r.event)
	}
	return order
}

// cuts cuts a day into groups.
func cuts(events []event, seed, use uint64) (parts [][]event) {
	mean := 1 + newDice(seed, 2000+use).IntN(12)
	for from, i := 0, 1; i <= len(events); i++ {
		if i == len(events) || toss(seed, 2000+use, events[i]).one(mean) {
			parts = append(parts, events[from:i])
			from = i
		}
	}
	return parts
}

// batches cuts a group into batches: before an event, one time in four.
func batches(seed uint64) func(event) bool {
	return func(ev event) bool { return toss(seed, 3000, ev).one(4) }
}

// twice sends everything again in one group: nothing happens.
func (d *desk) twice(events []event) error {
	for i, a := range d.apply(events, d.find, never) {
		if a.outcome != engine.Duplicate {
			return fmt.Errorf("%s: sent again, want a duplicate; got %s", events[i], a)
		}
	}
	if n := len(d.groups[len(d.groups)-1].changes.List); n != 0 {
		return fmt.Errorf("everything sent again, want no change; got %d feed entries", n)
	}
	return nil
}

// agrees compares every person, every tube and the list of open orders with the reference.
func (d *desk) agrees(r *reference, events []event) error {
	names := peopleOf(events)
	open := map[string]string{}
	for _, name := range names {
		want, got := r.person(name), d.person(name)
		if want.String() != got.String() {
			return fmt.Errorf("%s: want %s;\n got %s", name, want, got)
		}
		if want.order.kind != "" {
			open[name] = fmt.Sprint(want.order)
		}
	}
	for _, tube := range tubesOf(events) {
		if want, got := r.tubeOf(tube), d.tubeOf(tube, names); want.String() != got.String() {
			return fmt.Errorf("tube %s: want %s;\n got %s", tube, want, got)
		}
	}
	var err error
	d.Orders(engine.OrderFilter{Limit: 1000, OpenOnly: true}, func(o *engine.OrderView) bool {
		name := d.nameOf(o.Person, names)
		if got := fmt.Sprint(d.orderWord(o)); got != open[name] {
			err = errors.Join(err, fmt.Errorf("open orders: %s: want %q; got %q", name, open[name], got))
		}
		delete(open, name)
		return true
	})
	for name, order := range open {
		err = errors.Join(err, fmt.Errorf("open orders: %s: want %s; got none", name, order))
	}
	return errors.Join(err, d.Check())
}

// inOrder sends one event after the other and compares, after each, its answer,
// every status, and the entries it made in the feed.
func inOrder(seed uint64, events []event) error {
	r, desk, names := newReference(), newDesk(), peopleOf(events)
	before := map[string]personWord{}
	feed := feedReader{desk: desk, names: names, tied: map[string]bool{}}
	for i, ev := range events {
		tell := func(err error) error { return fmt.Errorf("after event %d, %s: %w", i+1, ev, err) }
		known := nobody
		if toss(seed, 200, ev).one(2) {
			known = desk.find
		}
		want := r.arrive(ev)
		if got := desk.apply([]event{ev}, known, never)[0]; want.String() != got.String() {
			return tell(fmt.Errorf("want %s; got %s", want, got))
		}
		if err := desk.agrees(r, events); err != nil {
			return tell(err)
		}
		after := map[string]personWord{}
		for _, name := range names {
			after[name] = r.person(name)
		}
		if err := feed.read(before, after); err != nil {
			return tell(err)
		}
		before = after
	}
	return nil
}

// feedReader follows the feed of a desk that applies one event a group.
type feedReader struct {
	desk  *desk
	names []string
	last  engine.Cursor
	tied  map[string]bool // people who have, or had, two tests with one swab time
}

// read ensures that the entries of the last event are those people whose announced status
// changed, each once, with rising cursors, and that each says what the status says.
func (f *feedReader) read(before, after map[string]personWord) error {
	changes := &f.desk.groups[len(f.desk.groups)-1].changes
	told := map[string]bool{}
	for _, name := range f.names {
		if p := f.desk.find(name); p != 0 && f.desk.swabsShareSecond(p) {
			f.tied[name] = true
		}
	}
	for i, c := range changes.List {
		name := f.desk.nameOf(c.Person, f.names)
		if c.Cursor <= f.last || c.Cursor.Position() != f.desk.applied {
			return fmt.Errorf("feed: want a cursor of position %d above %x; got %x", f.desk.applied, f.last, c.Cursor)
		}
		f.last = c.Cursor
		if told[name] {
			return fmt.Errorf("feed: two entries for %s from one event", name)
		}
		told[name] = true
		// Of swabs in the same second readers choose by tube code, which the people half does not
		// know: it may tell once too often.
		if before[name].String() == after[name].String() && !f.tied[name] {
			return fmt.Errorf("feed: an entry for %s, who has not changed: %s", name, after[name])
		}
		var tubes []string
		for _, t := range changes.TubesOf(i) {
			tubes = append(tubes, f.desk.code(t))
		}
		slices.Sort(tubes)
		w := after[name]
		want := fmt.Sprint(before[name].state, " to ", w.state, " since ", clock(w.since), " negative ", clock(w.negative.swab), " order ", w.order.kind != "", w.tubes())
		got := fmt.Sprint(c.Previous, " to ", c.State, " since ", clock(c.Since), " negative ", clock(c.NegativeSwab), " order ", c.Order != 0, tubes)
		if want != got {
			return fmt.Errorf("feed: %s: want %s; got %s", name, want, got)
		}
	}
	for _, name := range f.names {
		if before[name].announced() != after[name].announced() && !told[name] {
			return fmt.Errorf("feed: no entry for %s, who was %s and is %s", name, before[name], after[name])
		}
	}
	return nil
}

// groupsAndReplay ensures that the same order of arrival cut into groups and batches gives the same
// answers and the same feed as event by event, and its journal, applied to another engine, the same
// state hash and feed after every group.
func groupsAndReplay(seed uint64, events []event) error {
	single, grouped := newDesk(), newDesk()
	var want, got []answer
	for _, ev := range events {
		want = append(want, single.apply([]event{ev}, nobody, never)...)
	}
	var hashes []uint64
	for _, part := range cuts(events, seed, 0) {
		got = append(got, grouped.apply(part, grouped.find, batches(seed))...)
		hashes = append(hashes, grouped.StateHash())
		if err := grouped.Check(); err != nil {
			return fmt.Errorf("after group %d: %w", grouped.applied, err)
		}
	}
	for i := range events {
		if want[i] != got[i] {
			return fmt.Errorf("%s: event by event answered %s, in groups %s", events[i], want[i], got[i])
		}
	}
	if w, g := single.entries(), grouped.entries(); w != g {
		return fmt.Errorf("feed event by event:\n%sfeed in groups:\n%s", w, g)
	}
	again := newDesk()
	for i, group := range grouped.groups {
		changes, err := again.replay(group.encoded)
		if err != nil {
			return err
		}
		if w, g := entriesOf(&group.changes, true), entriesOf(&changes, true); w != g {
			return fmt.Errorf("feed of group %d:\n%sreplayed:\n%s", i+1, w, g)
		}
		if hash := again.StateHash(); hash != hashes[i] {
			return fmt.Errorf("state hash after group %d: want %x; got %x from the replay", i+1, hashes[i], hash)
		}
	}
	return again.Check()
}

func (d *desk) entries() string {
	var b strings.Builder
	for i := range d.groups {
		b.WriteString(entriesOf(&d.groups[i].changes, false))
	}
	return b.String()
}

func entriesOf(c *engine.Changes, cursors bool) string {
	var b strings.Builder
	for i, e := range c.List {
		tubes := c.TubesOf(i)
		e.TubesOff, e.TubesLen = 0, 0
		if !cursors {
			e.Cursor = 0
		}
		fmt.Fprintf(&b, "   %+v %v\n", e, tubes)
	}
	return b.String()
}
