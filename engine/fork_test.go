package engine_test

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"poolwise/engine"
)

var drySeeds = flag.Int("dryseeds", 300, "how many random days with dry runs")

// TestDryRuns ensures that on random days a dry run of each batch answers what the batch is
// answered a moment later, and that nothing is left of dry runs: state, feed and a snapshot
// under way are, byte for byte, those of a day without.
func TestDryRuns(t *testing.T) {
	first, last := uint64(1), uint64(*drySeeds)
	if testing.Short() {
		last /= 10
	}
	if *seedOnly != 0 {
		first, last = *seedOnly, *seedOnly
	}
	tried := map[engine.Kind]int{}
	tr := trial{"dry runs", false, func(seed uint64, events []event) error { return dryRuns(seed, events, tried) }}
	failures := 0
	for seed := first; seed <= last && failures < 3; seed++ {
		events := day(seed, seed%2 == 0)
		if err := attempt(tr, seed, events); err != nil {
			failures++
			small, why := shrink(events, err, func(fewer []event) error { return attempt(tr, seed, fewer) })
			t.Errorf("%v\n%d of %d events are enough:\n%sreplay with: go test ./engine -run TestDryRuns -seed=%d",
				why, len(small), len(events), tellEvents(small), seed)
		}
	}
	for kind := engine.KindScan; *seedOnly == 0 && kind <= engine.KindRoster; kind++ {
		if tried[kind] == 0 {
			t.Errorf("%s was never dry run", kind)
		}
	}
}

// twin is a desk and the snapshot under way of it.
type twin struct {
	*desk
	snap   *engine.Snapshot
	copied []page
}

func (d *twin) next() bool {
	buf := make([]byte, engine.PageBytes)
	p, ok := d.snap.Next(buf)
	if ok {
		d.copied = append(d.copied, page{p.Column, p.Page, bytes.Clone(p.Data)})
	}
	return ok
}

// dryRuns carries a day through two desks, one of which tries everything before, and
// begins a snapshot of both on the way.
func dryRuns(seed uint64, events []event, tried map[engine.Kind]int) error {
	plain, dry := &twin{desk: newDesk()}, &twin{desk: newDesk()}
	parts := batchesOf(events, seed)
	dice := newDice(seed, 600)
	begin := dice.IntN(len(parts) + 1)
	for i, part := range parts {
		for _, d := range []*twin{plain, dry} {
			if i == begin {
				d.snap = d.BeginSnapshot(0)
			}
		}
		for n := dice.IntN(4); plain.snap != nil && n > 0 && plain.next() && dry.next(); n-- {
		}
		if dice.one(3) { // of another batch, which comes at another time or has come
			dry.DryRun(batchOf(parts[dice.IntN(len(parts))], dry.find))
		}
		for _, ev := range part {
			tried[ev.kind]++
		}
		if err := dry.tryAndApply(part, dice.one(2), dice.one(2)); err != nil {
			return fmt.Errorf("batch %d of %d, which begins with %s: %w", i+1, len(parts), part[0], err)
		}
		plain.apply(part, plain.find, never)
		if want, got := plain.StateHash(), dry.StateHash(); want != got {
			return fmt.Errorf("state hash after batch %d: want %x; got %x with dry runs", i+1, want, got)
		}
	}
	return same(plain, dry)
}

// batchesOf cuts a day into batches; in every third day each event is one.
func batchesOf(events []event, seed uint64) (parts [][]event) {
	cut := batches(seed)
	for from, i := 0, 1; i <= len(events); i++ {
		if i == len(events) || seed%3 == 0 || !events[i].sameSender(events[from]) || cut(events[i]) {
			parts = append(parts, events[from:i])
			from = i
		}
	}
	return parts
}

// tryAndApply dry runs a batch and applies it. whole: the fork itself is looked at too.
func (d *twin) tryAndApply(part []event, whole, private bool) error {
	trial, real := batchOf(part, d.find), batchOf(part, d.find)
	if private {
		trial.Private, real.Private = []byte("sealed"), []byte("sealed")
	}
	before, hash := d.dump(), d.StateHash()
	if whole {
		fork := d.Fork()
		var changes engine.Changes
		fork.Apply(d.applied+1, []*engine.Batch{trial}, &changes)
		if err := fork.Check(); err != nil {
			return fmt.Errorf("the fork: %w", err)
		}
		if err := d.applyAs(real, &changes, fork.StateHash(), before, hash); err != nil {
			return err
		}
	} else {
		if !d.DryRun(trial) {
			return fmt.Errorf("the dry run does not fit")
		}
		if err := d.applyAs(real, nil, 0, before, hash); err != nil {
			return err
		}
	}
	if !slices.Equal(trial.Outcome, real.Outcome) || !slices.Equal(trial.Flags, real.Flags) || !slices.Equal(trial.Detail, real.Detail) || !slices.Equal(trial.Who, real.Who) {
		return fmt.Errorf("want %v %v %v %v; got %v %v %v %v from the dry run", real.Outcome, real.Flags, real.Detail, real.Who, trial.Outcome, trial.Flags, trial.Detail, trial.Who)
	}
	return nil
}

// applyAs ensures that nothing has changed, and applies a batch as its fork did: nil, it is not known how.
func (d *twin) applyAs(b *engine.Batch, forked *engine.Changes, forkedHash uint64, before string, hash uint64) error {
	if forked != nil {
		d.EndFork()
	}
	if after := d.dump(); after != before || d.StateHash() != hash {
		return fmt.Errorf("a dry run left a trace: %s", firstDifference(before, after))
	}
	encoded := engine.AppendBatch(nil, b)
	changes := d.applyBatches([]*engine.Batch{b})
	d.groups = append(d.groups, group{encoded, changes})
	if forked == nil {
		return nil
	}
	if want, got := entriesOf(&changes, true), entriesOf(forked, true); want != got {
		return fmt.Errorf("feed:\n%sof the fork:\n%s", want, got)
	}
	if want := d.StateHash(); want != forkedHash {
		return fmt.Errorf("state hash: want %x; got %x from the fork", want, forkedHash)
	}
	return nil
}

// same ensures that two desks and their snapshots are equal.
func same(plain, dry *twin) error {
	for _, d := range []*twin{plain, dry} {
		if d.snap == nil {
			d.snap = d.BeginSnapshot(0)
		}
		for d.next() {
		}
		d.EndSnapshot()
		slices.SortFunc(d.copied, func(a, b page) int {
			return cmp.Or(cmp.Compare(a.column, b.column), cmp.Compare(a.number, b.number))
		})
	}
	if want, got := plain.dump(), dry.dump(); want != got {
		return fmt.Errorf("with dry runs: %s", firstDifference(want, got))
	}
	if want, got := plain.entries(), dry.entries(); want != got {
		return fmt.Errorf("feed with dry runs: %s", firstDifference(want, got))
	}
	if want, got := string(plain.snap.Meta()), string(dry.snap.Meta()); want != got {
		return fmt.Errorf("meta:\n%s\nwith dry runs:\n%s", want, got)
	}
	if len(plain.copied) != len(dry.copied) {
		return fmt.Errorf("snapshot: want %d pages; got %d with dry runs", len(plain.copied), len(dry.copied))
	}
	for i, p := range plain.copied {
		if q := dry.copied[i]; p.column != q.column || p.number != q.number || !bytes.Equal(p.data, q.data) {
			return fmt.Errorf("snapshot: page %d of column %d is another with dry runs", p.number, p.column)
		}
	}
	return dry.Check()
}

// TestDryRunsBesideReaders ensures that readers see nothing of dry runs, and that none of
// these, under the race detector, touches what they read while a snapshot is copied.
func TestDryRunsBesideReaders(t *testing.T) {
	groups := 200
	if testing.Short() {
		groups = 40
	}
	day, names := busyDay(200, groups)
	d, plain := newDesk(), newDesk()
	var done atomic.Bool
	var all sync.WaitGroup
	for n := range 3 {
		all.Go(func() {
			r := readerOf(d, names, uint64(n))
			for looks := 0; looks < 500 || !done.Load(); looks++ {
				if err := r.look(); err != nil {
					t.Error(err)
					return
				}
				if p := d.find("never"); p != 0 {
					t.Errorf("a reader sees person %d, who is only in dry runs", p)
					return
				}
			}
		})
	}
	var snap *engine.Snapshot
	for i, events := range day {
		if i%50 == 10 && snap == nil {
			snap = d.BeginSnapshot(16)
			all.Go(func() { copyAll(snap) })
		}
		ghost := events[0]
		ghost.kind, ghost.person, ghost.tube = engine.KindScan, "never", fmt.Sprint("GHOST", i)
		d.DryRun(batchOf(append(slices.Clone(events), ghost), d.find))
		d.apply(events, nobody, never)
		plain.apply(events, nobody, never)
		if want, got := plain.StateHash(), d.StateHash(); want != got {
			t.Fatalf("state hash after group %d: want %x; got %x", i+1, want, got)
		}
	}
	done.Store(true)
	all.Wait()
	d.EndSnapshot()
	ensureSound(t, d)
}
