package engine_test

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"poolwise/engine"
)

var (
	seedOnly = flag.Uint64("seed", 0, "run only this random day")
	seeds    = flag.Int("seeds", 2000, "how many random days")
)

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
		last /= 10
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
	master, rest := parted(events)
	for _, ev := range master {
		r.add(ev)
	}
	for _, ev := range rest {
		if r.barred(ev) == engine.Accepted {
			r.add(ev)
		}
	}
	for round := range 4 {
		order := events
		if round > 0 {
			order = slices.Concat(master, shuffled(seed, uint64(round), rest))
		}
		desk := newDesk()
		for _, part := range cuts(order, seed, uint64(round)) {
			for i, a := range desk.apply(part, desk.find, batches(seed)) {
				if want := r.barred(part[i]); a.outcome.Refused() && a.outcome != want || want != engine.Accepted && a.outcome != want {
					return fmt.Errorf("%s: a late event is refused only for who says it; want %s, got %s", part[i], want.Code(), a)
				}
			}
		}
		if err := desk.agrees(r, events); err != nil {
			return fmt.Errorf("in this order of arrival:\n%s%w", tellEvents(order), err)
		}
		if err := desk.twice(r, order); err != nil {
			return err
		}
		if err := desk.agrees(r, events); err != nil {
			return fmt.Errorf("after everything was sent twice in this order:\n%s%w", tellEvents(order), err)
		}
	}
	return nil
}

// parted parts master data, which keeps its order, from events.
func parted(events []event) (master, rest []event) {
	for _, ev := range events {
		if ev.isMaster() {
			master = append(master, ev)
		} else {
			rest = append(rest, ev)
		}
	}
	return master, rest
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

// twice sends all events again in one group: nothing happens.
func (d *desk) twice(r *reference, events []event) error {
	_, events = parted(events)
	if len(events) == 0 {
		return nil
	}
	for i, a := range d.apply(events, d.find, never) {
		if want := r.barred(events[i]); a.outcome != engine.Duplicate && (want == engine.Accepted || a.outcome != want) {
			return fmt.Errorf("%s: sent again, want a duplicate; got %s", events[i], a)
		}
	}
	if n := len(d.groups[len(d.groups)-1].changes.List); n != 0 {
		return fmt.Errorf("everything sent again, want no change; got %d feed entries", n)
	}
	return nil
}

// agrees compares every person, every tube, the list of open orders, the coverage of every area in every
// round, the missing lists and the alerts with the reference.
func (d *desk) agrees(r *reference, events []event) error {
	names := peopleOf(events)
	open := map[string]string{}
	for _, name := range names {
		want, got := r.person(name), d.person(name, names)
		if want.String() != got.String() {
			return fmt.Errorf("%s: want %s;\n got %s", name, want, got)
		}
		for _, o := range []orderWord{want.order, want.recheck} {
			if o.kind != "" && want.mergedInto == "" {
				open[fmt.Sprint(name, " ", o)] = name
			}
		}
	}
	alerts := d.alerts()
	for _, tube := range tubesOf(events) {
		want, got := r.tubeOf(tube), d.tubeOf(tube, names)
		if want.round == "" {
			got.round = "" // nobody named one: readers are shown where its people belong
		}
		if want.String() != got.String() {
			return fmt.Errorf("tube %s: want %s;\n got %s", tube, want, got)
		}
		if want, got := fmt.Sprint(r.alerts(tube)), fmt.Sprint(alerts[tube]); want != got {
			return fmt.Errorf("alerts of tube %s: want %s; got %s", tube, want, got)
		}
	}
	var err error
	d.Orders(engine.OrderFilter{Limit: 1000, OpenOnly: true, Kinds: 7}, func(o *engine.OrderView) bool {
		got := fmt.Sprint(d.nameOf(o.Person, names), " ", d.orderWord(o))
		if open[got] == "" {
			err = errors.Join(err, fmt.Errorf("open orders: nobody expects %s", got))
		}
		delete(open, got)
		return true
	})
	for order := range open {
		err = errors.Join(err, fmt.Errorf("open orders: want %s; got none", order))
	}
	return errors.Join(err, d.covers(r, events, names), d.Check())
}

// covers compares coverage and missing lists.
func (d *desk) covers(r *reference, events []event, names []string) error {
	rounds := slices.Compact(append([]string{"default"}, distinct(events, event.rounds)...))
	areas := append([]string{""}, distinct(events, event.areas)...)
	for _, round := range rounds {
		for _, area := range areas {
			if want, got := r.coverage(round, area), d.coverage(round, area); want != got {
				return fmt.Errorf("coverage of area %q in round %s: want %+v; got %+v", area, round, want, got)
			}
			want, got := r.missing(round, area), d.missing(round, area, names)
			slices.Sort(got)
			if !slices.Equal(want, got) {
				return fmt.Errorf("missing of area %q in round %s: want %s; got %s", area, round, want, got)
			}
		}
	}
	return nil
}

// inOrder sends one event after the other and compares, after each, its answer,
// every status, and the entries it made in the feed.
func inOrder(seed uint64, events []event) error {
	r, desk, names := newReference(), newDesk(), peopleOf(events)
	before := map[string]personWord{}
	feed := feedReader{desk: desk, book: r, names: names, tied: map[string]bool{}}
	merges := slices.ContainsFunc(events, func(ev event) bool { return ev.kind == engine.KindMerge })
	for i, ev := range events {
		tell := func(err error) error { return fmt.Errorf("after event %d, %s: %w", i+1, ev, err) }
		known := nobody
		if toss(seed, 200, ev).one(2) {
			known = desk.find
		}
		want := r.arrive(ev)
		if !merges {
			ev.number = desk.orderOf(ev)
		}
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

// orderOf is the number of the person's open order, by which half of those who are called are called.
func (d *desk) orderOf(ev event) uint32 {
	p := d.find(ev.person)
	if ev.kind != engine.KindAcknowledge && ev.kind != engine.KindUnreachable || ev.number != 0 || p == 0 || ev.at%1200 != 0 {
		return ev.number
	}
	var s engine.Status
	d.Status(p, &s)
	return max(s.Order.Number, s.Recheck.Number)
}

// feedReader follows the feed of a desk that applies one event a group.
type feedReader struct {
	desk  *desk
	book  *reference
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
		if f.desk.swabsShareSecond(f.book.humanOf(name).identities) {
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
		// It may tell once too often: of swabs in the same second readers choose by tube code, which the
		// people half does not know.
		if before[name].String() == after[name].String() && !f.tied[name] {
			return fmt.Errorf("feed: an entry for %s, who has not changed: %s", name, after[name])
		}
		var tubes []string
		for _, t := range changes.TubesOf(i) {
			tubes = append(tubes, f.desk.code(t))
		}
		slices.Sort(tubes)
		w := after[name]
		tubes = slices.Compact(tubes)
		want := fmt.Sprint(before[name].state, " to ", w.state, " since ", clock(w.since), " negative ", clock(w.negative.swab), " order ", w.order.kind != "", slices.Compact(w.tubes()))
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
