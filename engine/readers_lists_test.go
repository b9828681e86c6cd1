package engine_test

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"poolwise/engine"
)

// TestListsBesideTheWriter ensures that whoever reads histories, everybody's statuses and lists of
// tubes while groups are applied sees each person's history at one moment, everybody who was known,
// and every tube that was there.
func TestListsBesideTheWriter(t *testing.T) {
	groups := 300
	if testing.Short() {
		groups = 60
	}
	day, names := busyDay(60, groups)
	d := newDesk()
	var done atomic.Bool
	var all sync.WaitGroup
	var entries, people, tubes atomic.Int64
	for n, look := range []func(*reader) (int, error){(*reader).history, (*reader).everybody, (*reader).tubes} {
		all.Go(func() {
			r := readerOf(d, names, uint64(n))
			count := []*atomic.Int64{&entries, &people, &tubes}[n]
			for looks := 0; looks < 50 || !done.Load(); looks++ {
				seen, err := look(r)
				if count.Add(int64(seen)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for _, events := range day {
		d.apply(events, nobody, never)
	}
	done.Store(true)
	all.Wait()
	ensureSound(t, d)
	t.Logf("%d entries of histories, %d statuses, %d tubes", entries.Load(), people.Load(), tubes.Load())
}

func (r *reader) history() (seen int, err error) {
	name := r.names[r.dice.IntN(len(r.names))]
	p := r.d.find(name)
	if p == 0 {
		return 0, nil
	}
	var tests []engine.TestView
	var last engine.HistoryCut
	_, more := r.d.History(p, engine.HistoryCut{}, 64, func(h *engine.HistoryEntry) bool { // as many as are read at one moment
		if c := h.HistoryCut; c.At < last.At || c == last {
			err = fmt.Errorf("%s: %+v after %+v", name, c, last)
		}
		if last = h.HistoryCut; h.Kind == engine.HistoryTest {
			tests = append(tests, h.Test)
		}
		return err == nil
	})
	if more || err != nil {
		return len(tests), err
	}
	for i := range tests {
		if err := harmonizes(&tests[i], tests); err != nil {
			return len(tests), fmt.Errorf("%s: %w in\n%+v", name, err, tests)
		}
	}
	return len(tests), nil
}

// harmonizes ensures that what a test opened is open if and only if no other test of the history closes it.
func harmonizes(t *engine.TestView, all []engine.TestView) error {
	c := t.Cause
	closed := false
	for i := range all {
		o := &all[i]
		single := o.Outcome == engine.MemberNegative && o.Mode == engine.Single && o.Members == 1
		positive := o.Cause.Kind == engine.CauseSuspect
		switch {
		case !o.Bound:
		case c.Pending:
			closed = closed || o.Swabbed > t.Swabbed && (o.Outcome == engine.MemberNegative || o.Outcome >= engine.MemberInconclusive)
		case c.Kind == engine.CauseHold:
			closed = closed || o.Swabbed > t.Swabbed && single || positive && o.Swabbed >= t.Swabbed
		}
	}
	by := slices.ContainsFunc(all, func(o engine.TestView) bool { return o.Code == c.ClosedCode && o.Swabbed >= t.Swabbed })
	switch {
	case c.Known && (c.Open == closed || by != closed):
		return fmt.Errorf("%s: open is %v, closed by %q; want %v", t.Code, c.Open, c.ClosedCode, !closed)
	case t.Bound && (t.Outcome == engine.MemberNone) != (t.Cause.Pending):
		return fmt.Errorf("%s: outcome %s, pending %v", t.Code, t.Outcome, t.Cause.Pending)
	}
	return nil
}

func (r *reader) everybody() (seen int, err error) {
	known, last, as := r.d.Known(), engine.PersonOrdinal(0), r.d.Applied()
	r.d.People("", 0, 1000, func(p engine.PersonOrdinal) bool {
		if p != last+1 {
			err = fmt.Errorf("person %d after %d", p, last)
			return false
		}
		last = p
		seen++
		if r.d.Status(p, &r.status); r.status.AsOf < as {
			err = fmt.Errorf("person %d: a status as of %d; want %d or later", p, r.status.AsOf, as)
		}
		return err == nil
	})
	if err == nil && last < known {
		err = fmt.Errorf("got %d people; want %d", last, known)
	}
	return seen, err
}

func (r *reader) tubes() (seen int, err error) {
	f := engine.TubeFilter{Limit: 1000}
	if r.dice.IntN(2) == 0 {
		f.States = 1 << r.dice.IntN(int(engine.TubeLost)+1)
	}
	if f.Lab = fmt.Sprint("L", r.dice.IntN(2)); r.d.FindTube([]byte("POOL0-0")) == 0 {
		f.Lab = ""
	}
	last, count := engine.TubeIndex(0), r.d.Counts().Tubes
	_, more, missed := r.d.Tubes(f, func(v *engine.TubeView) bool {
		switch {
		case v.Index <= last, r.d.code(v.Index) != v.Code:
			err = fmt.Errorf("tube %s after %d", v.Code, last)
		case f.States != 0 && f.States>>v.Resolution&1 == 0:
			err = fmt.Errorf("tube %s is %s; want %b", v.Code, v.Resolution, f.States)
		}
		last = v.Index
		seen++
		return err == nil
	})
	if f.States == 0 && f.Lab == "" && missed == engine.MissedNone && err == nil && uint64(seen) < count && !more {
		err = fmt.Errorf("got %d tubes; want %d", seen, count)
	}
	return seen, err
}
