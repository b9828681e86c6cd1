package engine

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
)

// Ensures that on random days every count and every list is what a book kept by hand
// says, after each kind of event: rosters, moves, areas under another parent, rounds
// that close, open again and change their areas, excuses, swabs taken back.
func TestCoverRandomDays(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 5))
		c := newCoverTown(t)
		areas := []string{"d1", "d2", "c11", "c12", "c21", "c22", ""}
		rounds := []string{"default", "r1", "r2", "r3"}
		some := func(list ...string) string { return list[rng.IntN(len(list))] }
		tube := func() string { return fmt.Sprint("T", rng.IntN(5)) }
		for range 10 + rng.IntN(60) {
			i, at := rng.IntN(coverPeople), coverStart+Seconds(rng.IntN(20))
			switch rng.IntN(18) {
			case 0:
				c.area(some(areas[2:6]...), some("d1", "d2"))
			case 1:
				var in []string
				for range rng.IntN(3) {
					in = append(in, some(areas[:6]...))
				}
				slices.Sort(in)
				c.round(some(rounds...), []Seconds{0, 0, coverStart + Seconds(1+rng.IntN(100))}[rng.IntN(3)], slices.Compact(in)...)
			case 2, 3, 4:
				c.roster(i, some(areas...))
			case 5, 6:
				c.excuseOf(i, some(rounds...))
			case 7, 8, 9, 10:
				c.scan(i, tube(), at, some("", "", "r1", "r2", "default"), some("", "", "c11", "c21", "d2"))
			case 11:
				c.unscan(i, tube(), at)
			case 12, 13:
				c.result(tube(), []Stage{Final, Corrected, Withdrawn}[rng.IntN(3)], Verdict(1+rng.IntN(4)), at)
			case 14:
				c.clock += Seconds(rng.IntN(40))
			case 15:
				c.befall([]Kind{KindTubeVoid, KindTubeReceive, KindTubeReceive, KindTubeLost, KindTubeOpen}[rng.IntN(5)], tube(), at, some("", "r1", "r2"))
			case 16:
				if to := rng.IntN(coverPeople); to != i {
					c.person([]Kind{KindMerge, KindMerge, KindUnmerge}[rng.IntN(3)], i, at, uint64(coverRef(to)), "")
				}
			case 17:
				c.person(KindDischarge, i, at, 1, "")
			}
			for _, r := range c.rounds { // areas that rounds mention are known from then on
				for _, a := range r.areas {
					if _, ok := c.parents[a]; !ok {
						c.parents[a] = ""
					}
				}
			}
			for _, n := range c.named {
				if _, ok := c.parents[n.area]; !ok {
					c.parents[n.area] = ""
				}
			}
			for _, list := range c.rosters {
				for _, r := range list {
					if _, ok := c.parents[r.area]; !ok && r.area != "" {
						c.parents[r.area] = ""
					}
				}
			}
		}
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			c.tb = t
			c.ensureCovered()
			coverSnapshot(c)
		})
	}
}

// coverSnapshot puts coverage through its snapshot form and back.
func coverSnapshot(c *coverTown) {
	text, err := json.Marshal(c.coverage.scalars())
	if err != nil {
		c.tb.Fatal(err)
	}
	var s coverageScalars
	if err := json.Unmarshal(text, &s); err != nil {
		c.tb.Fatal(err)
	}
	loaded := newCoverage(goPages{})
	if err := loaded.load(s); err != nil {
		c.tb.Fatal(err)
	}
	from, to := c.coverage.columns(), loaded.columns()
	ids := map[uint8]bool{}
	for i := range from {
		if ids[from[i].columnID()] || from[i].columnID() != to[i].columnID() {
			c.tb.Fatalf("columns share number %d", from[i].columnID())
		}
		ids[from[i].columnID()] = true
		for page := range from[i].pageCount() {
			to[i].loadPage(page, from[i].pageBytes(page))
		}
	}
	if !slices.Equal(loaded.hot, c.coverage.hot) {
		c.tb.Fatalf("loaded hot rounds %v; want %v", loaded.hot, c.coverage.hot)
	}
	c.coverage = loaded
	c.ensureCovered()
}

// Ensures that of more rounds than are counted as states change, the others are counted
// on reading, with the same result.
func TestCoverColdRounds(t *testing.T) {
	c := newCoverTown(t)
	c.area("c11", "d1")
	c.parents["d1"] = ""
	const rounds = maxHot + 3
	for r := range rounds {
		c.round(fmt.Sprint("r", r), 0, "d1")
		for i := range coverPeople {
			if r == 0 {
				c.roster(i, []string{"c11", "d1", ""}[i%3])
			}
			if i != r {
				c.scan(i, fmt.Sprint("T", r, i%4), coverStart+Seconds(r), fmt.Sprint("r", r), "")
			}
		}
		c.result(fmt.Sprint("T", r, 0), Final, Negative, coverStart+Seconds(r+1))
		c.result(fmt.Sprint("T", r, 1), Final, Positive, coverStart+Seconds(r+1))
	}
	if len(c.coverage.hot) != maxHot || slices.Contains(c.coverage.hot, 2) {
		t.Fatalf("got hot rounds %v; want the %d last", c.coverage.hot, maxHot)
	}
	c.ensureCovered()
	coverSnapshot(c)
	c.round("r0", 0, "c11") // counted from scratch
	c.ensureCovered()
}

// Ensures that children come in the order of their codes, the area's own people last,
// and that what does not exist is not found.
func TestCoverLines(t *testing.T) {
	c := newCoverTown(t)
	for _, a := range []string{"c3", "c1", "c2"} {
		c.area(a, "d")
	}
	c.round("r1", 0, "d")
	for i, a := range []string{"c1", "c2", "d", "c2"} {
		c.roster(i, a)
	}
	c.scan(3, "T1", coverStart, "r1", "")
	c.scan(4, "T1", coverStart, "r1", "") // of no area
	type line struct {
		area              string
		own               bool
		expected, missing uint64
	}
	lines := func(area string, children bool) (got []line) {
		asOf, ok := c.Coverage("r1", area, children, func(v *CoverageView) bool {
			got = append(got, line{v.Area, v.Own, v.Expected, v.Missing})
			return true
		})
		if !ok || asOf != c.pos {
			t.Fatalf("area %q: found %v as of %d; want as of %d", area, ok, asOf, c.pos)
		}
		return got
	}
	if got, want := lines("d", true), []line{{"c1", false, 1, 1}, {"c2", false, 2, 1}, {"c3", false, 0, 0}, {"d", true, 1, 1}}; !slices.Equal(got, want) {
		t.Errorf("got %v; want %v", got, want)
	}
	if got, want := lines("", true), []line{{"d", false, 4, 3}, {"", true, 1, 0}}; !slices.Equal(got, want) {
		t.Errorf("got %v; want %v", got, want)
	}
	if got, want := lines("", false), []line{{"", false, 5, 3}}; !slices.Equal(got, want) {
		t.Errorf("got %v; want %v", got, want)
	}
	for _, x := range [][2]string{{"r2", "d"}, {"r1", "d2"}, {"", "d"}} {
		_, ok := c.Coverage(x[0], x[1], false, func(*CoverageView) bool { return true })
		_, _, _, listed := c.Missing(x[0], x[1], 0, 0, func(PersonOrdinal) bool { return true })
		if ok || listed {
			t.Errorf("round %q, area %q: found %v, listed %v", x[0], x[1], ok, listed)
		}
	}
	seen := 0
	last, more, _, _ := c.Missing("r1", "d", 0, 0, func(PersonOrdinal) bool { seen++; return seen < 2 })
	if seen != 2 || !more || last != c.find(1) {
		t.Errorf("stopped after %d at %d, more %v; want 2 at %d", seen, last, more, c.find(1))
	}
}

// Ensures that readers beside the writer see counts that add up, whatever it is doing.
func TestCoverReadersBesideWriter(t *testing.T) {
	c := newCoverTown(t)
	for i := range 40 {
		c.area(fmt.Sprint("c", i), fmt.Sprint("d", i%4))
	}
	c.round("r1", coverStart+200, "d0", "d1")
	var stop atomic.Bool
	var readers sync.WaitGroup
	for reader := range 2 {
		readers.Go(func() {
			for k := reader; !stop.Load(); k++ {
				area := []string{"", "d0", "c4"}[k%3]
				_, ok := c.Coverage("r1", area, k%2 == 0, func(v *CoverageView) bool {
					if v.Expected != v.Sampled+v.Excused+v.Missing || v.Negative+v.Held+v.MustResample+v.Suspect+v.Confirmed > v.Sampled {
						t.Errorf("%+v", *v)
					}
					return true
				})
				last := PersonOrdinal(0)
				c.Missing("r1", area, 0, 0, func(who PersonOrdinal) bool {
					if who <= last {
						t.Errorf("person %d is listed after %d", who, last)
					}
					last = who
					return true
				})
				if !ok {
					t.Errorf("area %q: not found", area)
				}
			}
		})
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range 3000 {
		person, tube := rng.IntN(900), fmt.Sprint("T", rng.IntN(200))
		switch c.clock = coverStart + Seconds(i/10); i % 6 {
		case 0, 1:
			c.roster(person, fmt.Sprint("c", rng.IntN(40)))
		case 2, 3:
			c.scan(person, tube, c.clock, "r1", fmt.Sprint("c", rng.IntN(40)))
		case 4:
			c.result(tube, Final, Verdict(1+rng.IntN(4)), c.clock)
		case 5:
			c.person([]Kind{KindMerge, KindUnmerge, KindExcuse}[rng.IntN(3)], person, c.clock, uint64(coverRef(rng.IntN(900))), "r1")
		}
	}
	stop.Store(true)
	readers.Wait()
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
}
