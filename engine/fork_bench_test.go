package engine

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

const forkBenchPeople = 1_000_000

// forkCity is a million people, swabbed on two days, with the first day's results, and
// some areas; a roster or not.
func forkCity(areas int) *Engine {
	e := New(DefaultConfig(), goPages{})
	var out Changes
	b := &Batch{}
	for i := 0; i < areas; i += 10_000 {
		b.Reset()
		b.Contexts = append(b.Contexts, Context{})
		for k := i; k < min(areas, i+10_000); k++ {
			item := AppendField(nil, FieldKey, fmt.Appendf(nil, "99%06d", k))
			if k > 0 {
				item = AppendField(item, FieldParent, fmt.Appendf(nil, "99%06d", (k-1)/20))
			}
			b.Add(KindArea, 0, NoTube, 0, 0, 0, 0, b.Put(item))
		}
		e.Apply(e.Applied()+1, []*Batch{b}, &out)
	}
	person := func(i int) uint64 { return 99010119900000000 + uint64(i%forkBenchPeople) }
	for i := 0; i < 2*forkBenchPeople; i += 10_000 {
		dayBatch(b, i, 10_000, person, Seconds(700000000+i/forkBenchPeople*86400))
		e.Apply(e.Applied()+1, []*Batch{b}, &out)
	}
	for i := 0; i < forkBenchPeople/10; i += 10_000 {
		resultBatch(b, i, 10_000, 700000000+40000)
		e.Apply(e.Applied()+1, []*Batch{b}, &out)
	}
	return e
}

// BenchmarkFork is what a dry run costs before it looks at anything.
func BenchmarkFork(b *testing.B) {
	for _, areas := range []int{0, 100_000} {
		e := forkCity(areas)
		b.Run(fmt.Sprint("areas", areas), func(b *testing.B) {
			for b.Loop() {
				e.Fork()
				e.EndFork()
			}
		})
	}
}

// BenchmarkDryRun is what the writer stands still for: scans of people at random into new
// tubes, new people, and results of tubes at random, in a city of a million.
func BenchmarkDryRun(b *testing.B) {
	e := forkCity(0)
	rng := rand.New(rand.NewPCG(3, 4))
	perm := rng.Perm(forkBenchPeople)
	tubes := rng.Perm(forkBenchPeople / 10)
	for _, n := range []int{1_000, 10_000, 100_000} {
		known, unknown, results := &Batch{}, &Batch{}, &Batch{}
		at := Seconds(700000000 + 2*86400)
		dayBatch(known, 5_000_000, n, func(i int) uint64 { return 99010119900000000 + uint64(perm[i-5_000_000]) }, at)
		e.FindResidents(known.Person)
		dayBatch(unknown, 5_000_000, n, func(i int) uint64 { return 99010119950000000 + uint64(perm[i-5_000_000]) }, at)
		results.Received, results.Roles = at, RoleAll
		results.Contexts = append(results.Contexts, Context{Lab: results.Put([]byte("L1"))})
		for i := range min(n, len(tubes)) {
			s := results.Put(fmt.Appendf(nil, "T%011d", forkBenchPeople/10+tubes[i]))
			results.Tubes = append(results.Tubes, s)
			results.TubeHash = append(results.TubeHash, HashTube(results.Text(s)))
			results.Add(KindResult, 0, uint32(i), 0, at, 0, ResultArg(at, Final, Negative), Span{})
		}
		for _, x := range []struct {
			name  string
			batch *Batch
		}{{"known", known}, {"new", unknown}, {"results", results}} {
			b.Run(fmt.Sprint(x.name, "/", n), func(b *testing.B) {
				pages := 0
				for b.Loop() {
					f := e.Fork()
					f.Apply(e.Applied()+1, []*Batch{x.batch}, &e.forks.changes)
					pages = len(e.forks.taken)
					e.EndFork()
				}
				b.ReportMetric(float64(pages), "pages")
			})
		}
	}
}
