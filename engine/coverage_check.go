package engine

import (
	"fmt"
	"slices"
)

// What coverage is to snapshots, to the account of memory, and to Check.

// coverageScalars are what is not in pages.
type coverageScalars struct {
	Used, Cold, Whole []bool
	Placed, Joined    bool
	Closed            bool
	Within            [][]uint32 // by RoundID: areas as runs, a run of no, a run of yes, and so on
	Late              []Seconds
	Now, Next         Seconds
	Chunks            [][]uint32
	Runs, Births      uint32
	Hash              uint64
}

// scalars are a copy: coverage may change while it is encoded.
func (c *coverage) scalars() coverageScalars {
	s := coverageScalars{Used: slices.Clone(c.used), Cold: slices.Clone(c.cold), Whole: slices.Clone(c.whole), Placed: c.placed, Joined: c.joined, Closed: c.closed,
		Late: slices.Clone(c.late), Now: c.now, Next: c.next, Runs: c.runs, Births: c.birthCount, Hash: c.hash}
	for _, row := range c.chunks {
		s.Chunks = append(s.Chunks, slices.Clone(row))
	}
	for _, within := range c.within {
		s.Within = append(s.Within, runsOf(within))
	}
	return s
}

// load takes scalars; the pages come beside.
func (c *coverage) load(s coverageScalars) error {
	n := len(c.used)
	if len(s.Used) != n || len(s.Cold) != n || len(s.Whole) != n || len(s.Within) != n || len(s.Late) != n || len(s.Chunks) != n {
		return fmt.Errorf("cannot load coverage: got %d rounds; want %d", len(s.Used), n)
	}
	copy(c.used, s.Used)
	copy(c.cold, s.Cold)
	copy(c.whole, s.Whole)
	copy(c.late, s.Late)
	copy(c.chunks, s.Chunks)
	for r, runs := range s.Within {
		c.within[r] = within(runs)
	}
	c.now, c.next, c.runs, c.birthCount, c.placed, c.joined, c.closed, c.hash = s.Now, s.Next, s.Runs, s.Births, s.Placed, s.Joined, s.Closed, s.Hash
	c.arrange()
	return nil
}

// runsOf writes a row of yes and no as lengths of runs, the first of no.
func runsOf(row []bool) (runs []uint32) {
	is := false
	for i := 0; i < len(row); is = !is {
		n := uint32(0)
		for ; i < len(row) && row[i] == is; i++ {
			n++
		}
		runs = append(runs, n)
	}
	return runs
}

func within(runs []uint32) (row []bool) {
	for i, n := range runs {
		for range n {
			row = append(row, i%2 == 1)
		}
	}
	return row
}

// columns are its pages in a snapshot.
func (c *coverage) columns() []pager {
	list := []pager{c.births, c.tallies}
	for r := 1; r < len(c.shares); r++ {
		list = append(list, c.shares[r])
	}
	return list
}

// bytes is what it holds, by its own account.
func (c *coverage) bytes() []Part {
	shares, rows := uint64(0), uint64(0)
	for r := range c.shares {
		shares += c.shares[r].bytes()
		rows += uint64(4*cap(c.chunks[r]) + cap(c.within[r]))
	}
	return []Part{{"round_shares", "person", shares}, {"round_tallies", "", c.tallies.bytes() + c.births.bytes() + rows}}
}

// checkedLooks bounds what sums and lists of single areas cost Check: each takes a look
// at all areas and people. The first areas are checked, area 0 always.
const checkedLooks = 1 << 22

// checkCoverage proves I8: every share is what the human's tests and excuses say, every
// tally the sum of the shares and the roster, in every area expected = sampled + excused
// + missing with the missing counted one by one, and children and own people add up.
func (e *Engine) checkCoverage() error {
	if err := e.checkShares(); err != nil {
		return err
	}
	for r := RoundID(0); int(r) <= e.master.roundCount(); r++ {
		if err := e.checkTallies(r); err != nil {
			return err
		}
		if r == 0 {
			continue
		}
		if err := e.checkCovers(r); err != nil {
			return err
		}
		for area := range min(len(e.master.areas), 1+checkedLooks/(len(e.master.areas)+int(e.registry.count))) {
			if err := e.checkSums(r, uint32(area)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *Engine) checkShares() error {
	c := e.coverage
	hash := uint64(0)
	for o := PersonOrdinal(1); uint32(o) <= e.registry.count; o++ {
		clear(c.seen)
		if e.people.root(o) == o {
			e.gather(o)
		}
		for r := RoundID(1); int(r) < len(c.seen); r++ {
			got := c.share(r, o)
			if got&shareFacts != c.seen[r] {
				return fmt.Errorf("I8: person %d has share %b of round %d; want %b", o, got&shareFacts, r, c.seen[r])
			}
			hash += mixShare(r, o, got)
		}
		for _, r := range c.hot {
			if got := c.share(r, o); got != e.shareOf(o, c.seen[r]) {
				return fmt.Errorf("I8: person %d is counted as %b in round %d; want %b", o, got, r, e.shareOf(o, c.seen[r]))
			}
		}
	}
	for i := uint32(1); i <= c.birthCount; i++ {
		hash += mixBirth(c.births.get(i))
	}
	if hash != c.hash {
		return fmt.Errorf("I7: hash of coverage is %x; from scratch %x", c.hash, hash)
	}
	return nil
}

// checkTallies counts a round, or the live roster, from the shares and master data.
func (e *Engine) checkTallies(r RoundID) error {
	c := e.coverage
	want := make([]tally, len(e.master.areas))
	missing := make([]uint64, len(want))
	for o := PersonOrdinal(1); uint32(o) <= e.registry.count; o++ {
		if e.people.root(o) != o {
			continue
		}
		w := e.where(r, o)
		t := &want[w.node]
		if r == 0 || c.late[r] != 0 {
			t.enrol(w, more)
		}
		if r == 0 {
			continue
		}
		b := c.share(r, o)
		t.take(b, w.expected, more)
		if w.stray {
			t.stray++
		}
		if w.expected && b&(shareSampled|shareExcused) == 0 {
			missing[w.node]++
		}
	}
	s := &survey{e: e, locked: true, round: r, lines: make([]surveyLine, len(want))} // a line an area
	for area := range want {
		s.lineOf = append(s.lineOf, int32(area)+1)
	}
	s.sum()
	for area := range want {
		var got tally
		if t := c.peek(r, uint32(area)); t != nil {
			got = *t
		}
		if got != want[area] {
			return fmt.Errorf("I8: round %d, area %d: tally %v; want %v", r, area, got, want[area])
		}
		if r == 0 {
			continue
		}
		own := &s.lines[area]
		if own.Missing != missing[area] || own.Expected != own.Sampled+own.Excused+own.Missing {
			return fmt.Errorf("I8: round %d, area %d: %d expected, %d sampled, %d excused, %d missing; want %d missing", r, area,
				own.Expected, own.Sampled, own.Excused, own.Missing, missing[area])
		}
	}
	return nil
}

// checkCovers proves that what a round covers follows from its version put last, and the tree.
func (e *Engine) checkCovers(r RoundID) error {
	p := e.master.lastPut(r)
	for area := range uint32(len(e.master.areas)) {
		want := false
		if p != nil {
			_, want = e.master.covers(p, area)
		}
		if got := e.coverage.covers(e.master, r, area); got != want {
			return fmt.Errorf("I8: round %d covers area %d: %v; want %v", r, area, got, want)
		}
	}
	return nil
}

// checkSums proves that an area is the sum of its children and its own people, and that
// the list of its missing has the length of their count.
func (e *Engine) checkSums(r RoundID, area uint32) error {
	whole, parts := e.surveyOf(r, area, false), e.surveyOf(r, area, true)
	whole.locked, parts.locked = true, true
	whole.sum()
	parts.sum()
	var sum CoverageView
	for i := range parts.lines {
		sum.plus(&parts.lines[i].CoverageView)
	}
	want := whole.lines[0].CoverageView
	sum.Round, sum.Area = want.Round, want.Area
	if sum != want {
		return fmt.Errorf("I8: round %d, area %d: children and own people are %v; want %v", r, area, sum, want)
	}
	length := 0
	whole.scan(0, func(found []PersonOrdinal) bool {
		length += len(found)
		return true
	})
	if found, fits := whole.gather(0); uint64(length) != want.Missing || fits && len(found) != length {
		return fmt.Errorf("I8: round %d, area %d: %d people are listed as missing, %d through its lists; counted %d", r, area, length, len(found), want.Missing)
	}
	return nil
}

// plus adds counts up.
func (v *CoverageView) plus(o *CoverageView) {
	v.Expected += o.Expected
	v.Unrostered += o.Unrostered
	v.Sampled += o.Sampled
	v.Excused += o.Excused
	v.Missing += o.Missing
	v.Received += o.Received
	v.Resulted += o.Resulted
	v.Negative += o.Negative
	v.MustResample += o.MustResample
	v.Held += o.Held
	v.Suspect += o.Suspect
	v.Confirmed += o.Confirmed
}
