package engine

import (
	"fmt"
	"testing"
	"time"
)

// benchTown has people in communities of 2,560, in tubes of ten; every eleventh is missing.
func benchTown(b *testing.B, people int) *coverTown {
	c := newCoverTown(b)
	fill := &Batch{Roles: RoleAll, Contexts: make([]Context, 1), Received: coverStart}
	flush := func() {
		c.apply(fill)
		fill.Reset()
		fill.Contexts = append(fill.Contexts, Context{Round: fill.Put([]byte("r1"))})
	}
	for i := range people {
		if i%2560 == 0 {
			c.area(fmt.Sprintf("c%06d", i/2560), fmt.Sprintf("d%d", i/2560/100))
		}
		fill.Add(KindRoster, 0, NoTube, coverRef(i), 0, 0, 0, fill.Put(AppendField(nil, FieldArea, fmt.Appendf(nil, "c%06d", i/2560))))
		if fill.Len() == 10000 || i == people-1 {
			flush()
		}
	}
	c.round("r1", 0)
	for i := range people {
		if i%11 == 0 {
			continue
		}
		if i%10 == 1 || len(fill.Tubes) == 0 {
			c.tube(fill, fmt.Sprint("T", i/10))
		}
		fill.Add(KindScan, ItemLate, uint32(len(fill.Tubes)-1), coverRef(i), coverStart, 0, 0, Span{})
		if fill.Len() == 10000 || i == people-1 {
			flush()
		}
	}
	return c
}

// BenchmarkCover is what coverage costs a first swab, and its first result.
func BenchmarkCover(b *testing.B) {
	for _, kind := range []string{"plain", "rostered"} {
		b.Run(kind, func(b *testing.B) {
			people := 1 << 18
			c := newCoverTown(b)
			if kind == "rostered" {
				c = benchTown(b, people)
			} else {
				var fill Batch
				for i := 0; i < people; i += 10000 {
					dayBatch(&fill, i, min(10000, people-i), func(i int) uint64 { return 99010119900000000 + uint64(i) }, coverStart)
					c.apply(&fill)
				}
			}
			fresh := newCoverage(goPages{})
			fresh.whole, fresh.within, fresh.placed = c.coverage.whole, c.coverage.within, c.coverage.placed
			c.coverage = fresh
			var swabs, results time.Duration
			n := 0
			for b.Loop() {
				fresh.hash = 0
				for r := range fresh.shares {
					for page := range fresh.shares[r].pageCount() {
						clear(fresh.shares[r].pageBytes(page))
					}
				}
				c.setStates(StateSampled)
				start := time.Now()
				n += c.coverAll(factFirst)
				swabs += time.Since(start)
				c.setStates(StateNegative)
				start = time.Now()
				c.coverAll(TestFacts(OutcomeNegative) << 32)
				results += time.Since(start)
			}
			b.ReportMetric(float64(swabs.Nanoseconds())/float64(n), "ns/swab")
			b.ReportMetric(float64(results.Nanoseconds())/float64(n), "ns/result")
		})
	}
}

func (c *coverTown) setStates(s State) {
	for who := uint32(1); who <= c.registry.count; who++ {
		w := c.people.words.mut(who)
		*w = *w&^(7<<32) | uint64(s)<<32
	}
}

// coverAll tells of every test, tube by tube, as effects come.
func (c *coverTown) coverAll(f TestFacts) (n int) {
	for tube := uint32(1); tube <= c.tubes.count; tube++ {
		h := c.tubes.headers.get(tube)
		for test := h.first; test < h.first+uint32(h.used); test++ {
			c.cover(PersonOrdinal(*c.tubes.member.get(test)), tube, test, f)
			n++
		}
	}
	return n
}

// BenchmarkCoverRead is what readers wait for: counts of all areas, a list's first row.
func BenchmarkCoverRead(b *testing.B) {
	c := benchTown(b, 1<<20)
	b.Run("all areas", func(b *testing.B) {
		for b.Loop() {
			c.Coverage("r1", "", true, func(*CoverageView) bool { return true })
		}
	})
	b.Run("one community", func(b *testing.B) {
		for b.Loop() {
			c.Coverage("r1", "c000100", false, func(*CoverageView) bool { return true })
		}
	})
	b.Run("states of a cold round", func(b *testing.B) {
		for b.Loop() {
			s := c.surveyOf(2, 0, true)
			s.countStates()
		}
	})
	b.Run("missing of one community", func(b *testing.B) {
		for b.Loop() {
			c.Missing("r1", "c000100", 0, 1, func(PersonOrdinal) bool { return true })
		}
	})
	b.Run("missing of everybody", func(b *testing.B) {
		for b.Loop() {
			c.Missing("r1", "", 0, 0, func(PersonOrdinal) bool { return true })
		}
	})
}
