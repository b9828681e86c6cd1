package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"poolwise/engine"
)

// branches are what random days have to come by, each often.
var branches = strings.Split(strings.TrimSpace(`
transfer that is a request
transfer that takes effect
transfer after a positive by cdc or command
transfer in and out of the same second
transfer ties with a scan
transferred away
bound by transfer
S from another tube
S from two tubes ago
unscan that is a request
merge in force
merge of three
merged into two
a circle of merges
unmerge ties with a merge
a test's round by its tube
a test's round by the area
positive of a void tube
positive of a lost or rejected tube
negative of a void tube
negative of a lost tube
negative tested after the rejection
negative tested before the rejection
must by void
must by lost
must by rejection
must by invalid
positive specimen of a retained pool
confirmed
confirmed, preliminary
cdc negative on the same tube leaves a suspect
suspect released by the same specimen
discharge that counts
discharge that removes negatives
discharge that does not count
release all waits
release all released
hold closed by single
hold closed by single of another identity
hold closed by retained specimen
hold taken over by suspect
hold taken over by confirmed
hold taken over at equal S
suspect closed by recheck
suspect closed by confirmed
must closed by negative
must closed by inconclusive
must closed by positive
pending closed by negative
pending closed by inconclusive
pending closed by positive
state unknown
state negative
state sampled
state must_resample
state held
state suspect
state confirmed
retained pool recalls nobody
retained pool recalls for a bad specimen
order and recheck at once
order single with must
order single
order any
order recheck
single open
single acknowledged
single unreachable
single swabbed
any swabbed
recheck open
recheck acknowledged
recheck unreachable
recheck swabbed
roster put after the closing
excused
excused and sampled
excused who is not expected
missing
unrostered
alert tube_unknown
alert result_of_void_tube
alert verdict_conflict
alert pool_positive_singles_negative
alert sampled_after_test
alert count_mismatch
refused not_permitted
refused person_unknown
refused site_unknown
refused lab_unknown
refused lab_mismatch
refused recollection_unknown
refused tube_void
refused tube_already_resulted
refused tube_closed
refused tube_of_other_round
refused must_be_single
refused deferred
refused household_mismatch
refused tube_full
refused capacity_over_policy
refused person_in_other_tube
flagged tube_void
flagged tube_already_resulted
flagged tube_closed
flagged tube_of_other_round
flagged must_be_single
flagged deferred
flagged household_mismatch
flagged tube_full
flagged capacity_over_policy
flagged person_in_other_tube
`), "\n")

// TestEveryBranchIsReached ensures that random days come by every kind of event and every branch of
// the rules, so that what they compare is all of it.
func TestEveryBranchIsReached(t *testing.T) {
	seen := map[string]int{}
	for seed := range uint64(2000) {
		events := day(seed/2, seed%2 == 0)
		r := newReference()
		r.seen = seen
		for i, ev := range events {
			seen["event "+ev.kind.String()]++
			r.arrive(ev)
			if i%4 == 3 || i == len(events)-1 {
				r.everything(events)
			}
		}
	}
	for kind := engine.KindScan; kind <= engine.KindRoster; kind++ {
		if seen["event "+kind.String()] < 20 {
			t.Errorf("want every kind of event at least 20 times; got %s %d times", kind, seen["event "+kind.String()])
		}
	}
	for _, branch := range branches {
		if seen[branch] < 5 {
			t.Errorf("want every branch at least 5 times; got %q %d times", branch, seen[branch])
		}
		delete(seen, branch)
	}
	for branch := range seen {
		if !strings.HasPrefix(branch, "event ") && !slices.Contains([]string{"any open", "any acknowledged", "any unreachable"}, branch) {
			t.Errorf("the branch %q is reached, but nobody asks for it", branch)
		}
	}
}

// everything asks the reference all questions.
func (r *reference) everything(events []event) string {
	var b strings.Builder
	for _, name := range peopleOf(events) {
		fmt.Fprintln(&b, name, r.person(name))
	}
	for _, tube := range tubesOf(events) {
		fmt.Fprintln(&b, tube, r.tubeOf(tube), r.alerts(tube))
	}
	for _, round := range append([]string{"default"}, distinct(events, event.rounds)...) {
		for _, area := range append([]string{""}, distinct(events, event.areas)...) {
			fmt.Fprintln(&b, round, area, r.coverage(round, area), r.missing(round, area))
		}
	}
	return b.String()
}

// TestReferenceIsPure ensures that the reference itself knows no order of arrival.
func TestReferenceIsPure(t *testing.T) {
	for seed := range uint64(300) {
		events := day(seed, true)
		master, rest := parted(events)
		want := ""
		for round := range uint64(4) {
			order := rest
			if round > 0 {
				order = shuffled(seed, round, rest)
			}
			r := newReference()
			for _, ev := range slices.Concat(master, order) {
				r.arrive(ev)
			}
			got := r.everything(events)
			if want == "" {
				want = got
			} else if got != want {
				t.Fatalf("seed %d: %s\nafter\n%s", seed, firstDifference(want, got), tellEvents(order))
			}
		}
	}
}
