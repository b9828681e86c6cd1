package engine_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"poolwise/engine"
)

// busyDay is groups of a few hundred people who are scanned, resulted, held, released,
// unscanned and scanned again, all while others read.
func busyDay(people, groups int) (day [][]event, names []string) {
	for i := range people {
		names = append(names, fmt.Sprintf("p%d", i))
	}
	d := newDice(1, 500)
	for g := range groups {
		var events []event
		for range 40 {
			who := d.IntN(people)
			ev := event{kind: engine.KindScan, tube: fmt.Sprintf("POOL%d-%d", who/10, g/10), person: names[who], at: noon(g), late: true, roles: engine.RoleAll, members: -1}
			switch d.IntN(5) {
			case 0:
				ev.tube, ev.mode = fmt.Sprintf("ONE%d-%d", who, g/10), engine.Single
			case 1:
				ev.kind = engine.KindUnscan
			case 2, 3:
				ev.kind, ev.person = engine.KindResult, ""
				ev.verdict = []engine.Verdict{engine.Negative, engine.Negative, engine.Inconclusive, engine.Positive}[d.IntN(4)]
				ev.stage, ev.lab, ev.reported = engine.Final, fmt.Sprint("L", d.IntN(2)), noon(g)+300
				if d.one(2) {
					ev.tube = fmt.Sprintf("ONE%d-%d", who, g/10)
				}
			}
			events = append(events, ev)
		}
		day = append(day, events)
	}
	return day, names
}

// TestReadersBesideTheWriter ensures that whoever reads while groups are applied, and while a
// snapshot is copied, sees every person at one moment, and never an older one than before.
func TestReadersBesideTheWriter(t *testing.T) {
	groups := 300
	if testing.Short() {
		groups = 60
	}
	day, names := busyDay(200, groups)
	d := newDesk()
	var done atomic.Bool
	var all sync.WaitGroup
	for reader := range 3 {
		all.Go(func() {
			r := readerOf(d, names, uint64(reader))
			for n := 0; n < 2000 || !done.Load(); n++ {
				if err := r.look(); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	var snap *engine.Snapshot
	var copied []page
	var copier sync.WaitGroup
	var hash uint64
	for i, events := range day {
		d.apply(events, nobody, never)
		if i == groups/3 {
			hash = d.StateHash()
			snap = d.BeginSnapshot(16)
			copier.Go(func() { copied = copyAll(snap) })
		}
	}
	done.Store(true)
	all.Wait()
	copier.Wait()
	d.EndSnapshot()
	ensureSound(t, d)
	loaded, err := load(snap.At(), snap.Meta(), copied)
	if err != nil {
		t.Fatal(err)
	}
	if got := loaded.StateHash(); got != hash {
		t.Errorf("a snapshot copied beside the writer: want state hash %x; got %x", hash, got)
	}
	ensureSound(t, loaded)
}

func copyAll(snap *engine.Snapshot) (copied []page) {
	for {
		buf := make([]byte, engine.PageBytes)
		p, ok := snap.Next(buf)
		if !ok {
			return copied
		}
		copied = append(copied, page{p.Column, p.Page, p.Data})
	}
}

// reader asks for random people, tubes and orders, and remembers how new the answers were.
type reader struct {
	d      *desk
	names  []string
	dice   *rand.Rand
	asOf   engine.Position
	status engine.Status
	tube   engine.TubeView
}

func readerOf(d *desk, names []string, n uint64) *reader {
	return &reader{d: d, names: names, dice: rand.New(rand.NewPCG(2, n))}
}

func (r *reader) look() error {
	name := r.names[r.dice.IntN(len(r.names))]
	applied := r.d.Applied()
	if applied < r.asOf {
		return fmt.Errorf("applied went back from %d to %d", r.asOf, applied)
	}
	p := r.d.find(name)
	if p == 0 {
		return nil
	}
	r.d.Status(p, &r.status)
	if r.status.AsOf < applied || r.status.AsOf < r.asOf {
		return fmt.Errorf("%s: want a status as of %d or later; got %d", name, max(applied, r.asOf), r.status.AsOf)
	}
	r.asOf = r.status.AsOf
	if err := consistent(&r.status); err != nil {
		return fmt.Errorf("%s: %w: %+v", name, err, r.status)
	}
	if got, want := string(r.d.AppendPersonID(nil, p)), idOf(name); got != want {
		return fmt.Errorf("%s: want the ID %s; got %s", name, want, got)
	}
	if tube := r.d.FindTube(fmt.Appendf(nil, "POOL%d-%d", r.dice.IntN(20), r.dice.IntN(6))); tube != 0 {
		r.d.Tube(tube, &r.tube)
		if got := r.d.code(tube); got != r.tube.Code || r.tube.Index != tube {
			return fmt.Errorf("tube %d: want the code %s; got %s", tube, got, r.tube.Code)
		}
		for _, m := range r.tube.Members {
			if m.Person == 0 {
				return fmt.Errorf("tube %s: a member who is nobody", r.tube.Code)
			}
		}
	}
	if r.dice.IntN(50) != 0 {
		return nil
	}
	var bad error
	r.d.Orders(engine.OrderFilter{Limit: 100, OpenOnly: true}, func(o *engine.OrderView) bool {
		if !o.State.IsOpen() || len(o.Causes) == 0 || o.Due != o.Opened+policy.Recollect {
			bad = fmt.Errorf("an open order that is none: %+v", *o)
		}
		return bad == nil
	})
	return bad
}

// idOf is the canonical identity behind a name.
func idOf(name string) string {
	ref, document := refOf(name)
	if document != nil {
		return string(document)
	}
	digits := fmt.Sprintf("%017d", ref.Digits17())
	sum := 0
	for i, weight := range [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		sum += int(digits[i]-'0') * weight
	}
	return digits + "10X98765432"[sum%11:sum%11+1]
}

// consistent ensures that the parts of a status say the same.
func consistent(s *engine.Status) error {
	strongest, holds, due := engine.StateUnknown, 0, engine.Seconds(0)
	for _, c := range s.Causes {
		state := map[engine.CauseKind]engine.State{engine.CauseMust: engine.StateMustResample, engine.CauseHold: engine.StateHeld,
			engine.CauseSuspect: engine.StateSuspect, engine.CauseConfirmed: engine.StateConfirmed}[c.Kind]
		strongest = max(strongest, state)
		if c.Tube == 0 || c.Since == 0 || c.Swabbed == 0 {
			return fmt.Errorf("a cause without tube, report or swab")
		}
		if c.Kind == engine.CauseHold {
			holds++
			if due == 0 || c.Since+policy.Recollect < due {
				due = c.Since + policy.Recollect
			}
		}
	}
	switch {
	case len(s.Causes) > 0:
	case s.PendingTube != 0:
		strongest = engine.StateSampled
	case s.LastNegative.Tube != 0:
		strongest = engine.StateNegative
	}
	open := s.Order.Number != 0 && s.Order.State.IsOpen()
	switch {
	case s.State != strongest:
		return fmt.Errorf("want %s from what is open; got %s", strongest, s.State)
	case s.ProofBlocked != (s.State >= engine.StateHeld):
		return fmt.Errorf("proof blocked is %v while %s", s.ProofBlocked, s.State)
	case open != (holds > 0):
		return fmt.Errorf("an open order is %v with %d holds", open, holds)
	case open && (len(s.Order.Causes) != holds || s.Order.Due != due):
		return fmt.Errorf("the order's causes or due are not the holds'")
	case s.State == engine.StateSampled && (s.Since == 0 || s.Since > s.PendingSwab):
		return fmt.Errorf("sampled since %s with a swab of %s", clock(s.Since), clock(s.PendingSwab))
	case s.State == engine.StateNegative && s.Since != s.LastNegative.Reported:
		return fmt.Errorf("negative since another time than its report")
	case s.State == engine.StateUnknown && s.Since != 0:
		return fmt.Errorf("unknown since %s", clock(s.Since))
	}
	return nil
}
