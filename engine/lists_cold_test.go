package engine_test

import (
	"fmt"
	"reflect"
	"sync"
	"testing"

	"poolwise/engine"
)

// shelf is a cold store in memory.
type shelf struct {
	mu    sync.Mutex
	pages map[[2]uint32][]byte
}

func (s *shelf) Fetch(column uint8, page uint32, into []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	data, ok := s.pages[[2]uint32{uint32(column), page}]
	if !ok {
		return fmt.Errorf("page %d of column %d was never written", page, column)
	}
	copy(into, data)
	return nil
}

// forget takes a snapshot, gives its cold pages to the shelf and lets them go.
func (d *desk) forget(s *shelf, now engine.Seconds) {
	snap := d.BeginSnapshot(0)
	for _, p := range coldOf(snap) {
		s.mu.Lock()
		s.pages[[2]uint32{uint32(p.column), p.number}] = p.data
		s.mu.Unlock()
	}
	snap.Committed()
	d.EndSnapshot()
	d.Tidy(now)
}

func coldOf(snap *engine.Snapshot) (cold []page) {
	buf := make([]byte, engine.PageBytes)
	for p, ok := snap.Next(buf); ok; p, ok = snap.Next(buf) {
		if p.Cold {
			cold = append(cold, page{p.Column, p.Page, append([]byte(nil), p.Data...)})
		}
	}
	return cold
}

// coldMonth is a month of daily rounds on two desks, of which one keeps three days in memory.
func coldMonth(t testing.TB, people, days int) (cold, whole *desk) {
	t.Helper()
	s := &shelf{pages: map[[2]uint32][]byte{}}
	cold, whole = newDesk(), newDesk()
	cold.KeepCold(engine.ColdConfig{Pages: s, HotDays: 2, Fetched: 16})
	dice := newDice(3, 4)
	var waiting []string
	for day := range days {
		start := midnight + engine.Seconds(day)*86400
		var events []event
		add := func(ev event) {
			ev.late, ev.members, ev.roles, ev.received = true, -1, engine.RoleAll, start+12*3600
			events = append(events, ev)
		}
		result := func(tube string, at engine.Seconds, one int) {
			v := engine.Negative
			if dice.one(one) {
				v = among(dice, engine.Positive, engine.Inconclusive, engine.Invalid)
			}
			add(event{kind: engine.KindResult, tube: tube, lab: among(dice, "L1", "L2"), verdict: v, stage: among(dice, engine.Final, engine.Corrected), at: at, reported: at + 600})
		}
		for _, tube := range waiting {
			result(tube, start, 60)
		}
		waiting = waiting[:0]
		for i := range people {
			if (i+day)%3 == 0 {
				continue
			}
			ev := event{kind: engine.KindScan, tube: fmt.Sprintf("D%dP%d", day, i/10), person: fmt.Sprint("p", i), at: start + 3600 + engine.Seconds(i%600), site: fmt.Sprint("S", i%7)}
			if i%9 == 0 {
				ev.tube, ev.mode = fmt.Sprintf("D%dS%d", day, i), engine.Single
			}
			if len(waiting) == 0 || waiting[len(waiting)-1] != ev.tube {
				waiting = append(waiting, ev.tube)
			}
			add(ev)
		}
		for range 20 { // a month late
			i, d := dice.IntN(people), dice.IntN(day+1)
			at := midnight + engine.Seconds(d)*86400
			switch dice.IntN(4) {
			case 0:
				result(fmt.Sprintf("D%dP%d", d, i/10), at+50000, 2)
			case 1:
				add(event{kind: engine.KindUnscan, tube: fmt.Sprintf("D%dP%d", d, i/10), person: fmt.Sprint("p", i), at: at + 7200})
			case 2:
				add(event{kind: engine.KindDischarge, person: fmt.Sprint("p", i), at: at + 80000})
			case 3:
				add(event{kind: engine.KindTubeReceive, tube: fmt.Sprintf("D%dP%d", d, i/10), lab: "L3", at: at + 20000})
			}
		}
		for _, d := range []*desk{cold, whole} {
			d.apply(events, d.find, never)
			d.groups = d.groups[:0]
			d.Tidy(start + 12*3600)
		}
		cold.forget(s, start+12*3600)
	}
	if c := cold.Cold(); c.Kept == 0 || cold.StateHash() != whole.StateHash() {
		t.Fatalf("got %+v; want two equal engines, one of which forgets", c)
	}
	return cold, whole
}

// TestHistoryOfAMonth ensures that a history tells what left memory weeks ago as if it had
// not, and that nothing of it is fetched while the writer waits.
func TestHistoryOfAMonth(t *testing.T) {
	const people, days = 1200, 30
	cold, whole := coldMonth(t, people, days)
	tests, longest := 0, 0
	for i := 0; i < people; i += 7 {
		name := fmt.Sprint("p", i)
		all := func(d *desk, page int) (entries []string) {
			d.eachHistory(name, page, func(h *engine.HistoryEntry) { entries = append(entries, fmt.Sprintf("%+v", *h)) })
			return entries
		}
		before := cold.Cold().Faulted
		got, want := all(cold, 1000), all(whole, 1000)
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%s:\ngot  %s\nwant %s", name, got, want)
		}
		if n := cold.Cold().Faulted - before; n > 0 {
			t.Fatalf("%s: %d pages were come upon", name, n)
		}
		if got := all(cold, 3); !reflect.DeepEqual(got, want) {
			t.Fatalf("%s, three at a time:\ngot  %s\nwant %s", name, got, want)
		}
		tests, longest = tests+len(got), max(longest, len(got))
		cold.Tidy(0)
	}
	if c := cold.Cold(); longest < days/2 || c.Prefetched == 0 || c.Dropped == 0 {
		t.Errorf("got %d entries, at the most %d, %+v; want a month of them, from cold pages", tests, longest, c)
	}
}
