package engine

import (
	"fmt"
	"testing"
)

// chainStart is the swab of the first test of a long chain.
const chainStart Seconds = 700000000

// longChain is an engine and one person in it, of whom test after test is said.
type longChain struct {
	*Engine
	pos Position
}

func newLongChain() *longChain { return &longChain{Engine: New(DefaultConfig(), goPages{})} }

// say applies items that add fills a batch with, a thousand at a time.
func (c *longChain) say(n int, add func(b *Batch, i int)) {
	b := &Batch{}
	var out Changes
	for i := 0; i < n; {
		b.Reset()
		b.Received, b.Roles = chainStart+Seconds(n), RoleAll
		lab := b.Put([]byte("L1"))
		b.Contexts = append(b.Contexts, Context{Lab: lab}, Context{Lab: lab, Mode: Single})
		for ; i < n && b.Len() < 1000; i++ {
			add(b, i)
		}
		c.pos++
		c.Apply(c.pos, []*Batch{b}, &out)
	}
}

// swab adds a scan of the person in a pool or alone, and its result if there is one.
func swab(b *Batch, tube string, m Mode, at Seconds, v Verdict) {
	code := b.Put([]byte(tube))
	b.Tubes, b.TubeHash = append(b.Tubes, code), append(b.TubeHash, HashTube(b.Text(code)))
	t := uint32(len(b.Tubes) - 1)
	b.Add(KindScan, ItemLate, t, ResidentRef(99010119900000000), at, uint32(when(m == Single, 1)), 0, Span{})
	if v != VerdictNone {
		b.Add(KindResult, ItemLate, t, 0, at, 0, ResultArg(at, Final, v), Span{})
	}
}

// told is how many entries a history tells, and the first of them.
func (c *longChain) told(kind HistoryKind) (n int, first Seconds) {
	c.History(1, HistoryCut{}, 1<<20, func(h *HistoryEntry) bool {
		if h.Kind == kind {
			if n++; n == 1 {
				first = h.At
			}
		}
		return true
	})
	return n, first
}

// TestHistoryTellsSoManyTests ensures that of a human with more tests than a history looks at,
// or more notes, the oldest are not told, and all others are.
func TestHistoryTellsSoManyTests(t *testing.T) {
	const most, more = 65_536, 100
	c := newLongChain()
	c.say(most+more, func(b *Batch, i int) {
		swab(b, fmt.Sprint("T", i), Pool, chainStart+Seconds(i), Negative)
	})
	if n, first := c.told(HistoryTest); n != most || first != chainStart+more {
		t.Errorf("got %d tests from %d on; want %d from %d on", n, first-chainStart, most, more)
	}
	for i := range Seconds(most + more) { // not by events: each looks whether one like it is there
		c.notes.add(1, note{at: chainStart + i, kind: excuseKind(RoundDefault)})
	}
	if n, first := c.told(HistoryExcuse); n != most || first != chainStart+more {
		t.Errorf("got %d notes from %d on; want %d from %d on", n, first-chainStart, most, more)
	}
}

// TestHistoryLooksForSoManyClosers ensures that what closed a cause is found as far as a
// history looks for it, and that a cause closed by a test farther off is told as closed, by none.
func TestHistoryLooksForSoManyClosers(t *testing.T) {
	const most = 4096
	c := newLongChain()
	c.say(1, func(b *Batch, _ int) { swab(b, "P", Pool, chainStart, VerdictNone) })
	c.say(most-2, func(b *Batch, i int) { // the positive itself is one of those looked at
		swab(b, fmt.Sprint("T", i), Pool, chainStart+10+Seconds(i), Negative)
	})
	c.say(1, func(b *Batch, _ int) {
		swab(b, "S", Single, chainStart+2*most, Negative)
		swab(b, "P", Pool, chainStart, Positive)
	})
	see := func() (cause HistoryCause) {
		c.History(1, HistoryCut{}, 1, func(h *HistoryEntry) bool {
			cause = h.Test.Cause
			return true
		})
		return cause
	}
	if cause := see(); cause.Kind != CauseHold || cause.Open || cause.ClosedCode != "S" {
		t.Errorf("the last that is looked at: got %+v; want a hold closed by S", cause)
	}
	c.say(1, func(b *Batch, _ int) { swab(b, "one more", Pool, chainStart+1, Negative) })
	if cause := see(); cause.Kind != CauseHold || cause.Open || cause.ClosedCode != "" || cause.ClosedBy != 0 {
		t.Errorf("one farther off: got %+v; want a hold closed by nobody knows what", cause)
	}
}

// TestHistoryBeginsAgainSoOften ensures that a history whose human changes at every page is read
// anew so often and no more: then what is told is the human of that moment.
func TestHistoryBeginsAgainSoOften(t *testing.T) {
	const pages, most = 80, 32
	c := newLongChain()
	c.say(pages*historyPage, func(b *Batch, i int) { swab(b, fmt.Sprint("T", i), Pool, chainStart+Seconds(i), VerdictNone) })
	told := 0
	c.History(1, HistoryCut{}, 1<<20, func(*HistoryEntry) bool {
		if told++; told%historyPage == 1 {
			c.say(1, func(b *Batch, _ int) {
				swab(b, fmt.Sprint("N", told), Pool, chainStart+1<<20+Seconds(told), VerdictNone)
			})
		}
		return true
	})
	if want := pages*historyPage + most - 1; told != want {
		t.Errorf("got %d tests; want %d, those of the first %d changes among them", told, want, most-1)
	}
}

// fleeting is a cold store from which nothing stays: whatever is fetched makes the writer let
// go of what was fetched before.
type fleeting struct {
	Pages
	tidy    func()
	fetched int
}

func (f *fleeting) Fetch(column uint8, page uint32, into []byte) error {
	if f.fetched++; f.fetched < 8192 { // else nobody is ever done
		f.tidy()
	}
	return f.Pages.Fetch(column, page, into)
}

// TestCoverageBySiteFetchesSoOften ensures that a reader who finds a page gone whenever he
// has fetched another tries so often, and then fetches all of one person's under the lock.
func TestCoverageBySiteFetchesSoOften(t *testing.T) {
	const most = 1024
	e, store := coldWeek(t, 6)
	var out Changes
	b := &Batch{Roles: RoleAll, Received: chainStart, Contexts: make([]Context, 1)}
	b.Add(KindRoster, 0, NoTube, ResidentRef(99010119900000000), 0, 0, 0, b.Put(AppendField(nil, FieldArea, []byte("990101"))))
	e.Apply(e.Applied()+1, []*Batch{b}, &out)
	f := &fleeting{Pages: store, tidy: func() { e.Tidy(0) }}
	x := e.coldState()
	x.pages, x.most = f, 0
	before := e.Cold()
	e.CoverageBy("default", "990101", BySite, func(v *CoverageByView) bool {
		if v.Value == "S01" && v.Sampled != 1 {
			t.Errorf("got %+v; want one person", v.CoverageView)
		}
		return true
	})
	locked := int(e.Cold().Faulted - before.Faulted)
	if let := f.fetched - locked; let != most+1 || locked == 0 {
		t.Errorf("got %d pages fetched while the writer may go on, %d under the lock; want %d, and some", let, locked, most+1)
	}
}
