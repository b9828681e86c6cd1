package engine

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
)

// goPages is the allocator of tests.
type goPages struct{}

func (goPages) Page() []byte { return make([]byte, PageBytes) }

// dayBatch fills b with one batch of scans: tubes of ten, people in a row or at random.
func dayBatch(b *Batch, first, n int, person func(i int) uint64, at Seconds) {
	b.Reset()
	b.Received, b.Roles = at, RoleAll
	b.Contexts = append(b.Contexts, Context{Site: b.Put([]byte("S01")), Station: b.Put([]byte("A1"))})
	for i := first; i < first+n; i++ {
		if i == first || i%10 == 0 {
			s := b.Put(fmt.Appendf(nil, "T%011d", i/10))
			b.Tubes = append(b.Tubes, s)
			b.TubeHash = append(b.TubeHash, HashTube(b.Text(s)))
		}
		b.Add(KindScan, 0, uint32(len(b.Tubes)-1), ResidentRef(person(i)), at+Seconds(i%600), 0, 0, Span{})
	}
}

func resultBatch(b *Batch, first, n int, at Seconds) {
	b.Reset()
	b.Received, b.Roles = at, RoleAll
	b.Contexts = append(b.Contexts, Context{Lab: b.Put([]byte("L1"))})
	for i := first; i < first+n; i++ {
		s := b.Put(fmt.Appendf(nil, "T%011d", i))
		b.Tubes = append(b.Tubes, s)
		b.TubeHash = append(b.TubeHash, HashTube(b.Text(s)))
		b.Add(KindResult, 0, uint32(len(b.Tubes)-1), 0, at, 0, ResultArg(at, Final, Negative), Span{})
	}
}

const benchPeople = 2 << 20

// benchDay is a day of scans as ready batches, then its results as ready batches.
func benchDay(order string, day int) (scans, results []*Batch) {
	perm := rand.New(rand.NewPCG(1, 2)).Perm(benchPeople)
	person := func(i int) uint64 {
		i %= benchPeople
		if order == "random" {
			i = perm[i]
		}
		return 99010119900000000 + uint64(i)
	}
	first := day * benchPeople
	at := Seconds(700000000 + day*86400)
	for i := first; i < first+benchPeople; i += 1000 {
		b := &Batch{}
		dayBatch(b, i, min(1000, first+benchPeople-i), person, at)
		scans = append(scans, b)
	}
	for i := first / 10; i < (first+benchPeople)/10; i += 1000 {
		b := &Batch{}
		resultBatch(b, i, min(1000, (first+benchPeople)/10-i), at+40000)
		results = append(results, b)
	}
	return scans, results
}

// BenchmarkApply is what the writer's goroutine costs: a first day of new people, a day
// of known ones (by ordinal, as decoders name them), and the negative results of a day, a member.
func BenchmarkApply(b *testing.B) {
	for _, order := range []string{"site", "random"} {
		scans, results := benchDay(order, 0)
		again, _ := benchDay(order, 1)
		var out Changes
		apply := func(e *Engine, batches []*Batch) {
			for _, batch := range batches {
				e.Apply(e.Applied()+1, []*Batch{batch}, &out)
			}
		}
		b.Run("new/"+order, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				e := New(DefaultConfig(), goPages{})
				runtime.GC()
				b.StartTimer()
				apply(e, scans)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchPeople, "ns/scan")
		})
		e := New(DefaultConfig(), goPages{})
		apply(e, scans)
		b.Run("results/"+order, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				e := New(DefaultConfig(), goPages{})
				apply(e, scans)
				runtime.GC()
				b.StartTimer()
				apply(e, results)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchPeople, "ns/member")
		})
		for _, batch := range again {
			e.FindResidents(batch.Person)
		}
		b.Run("known/"+order, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				e := New(DefaultConfig(), goPages{})
				apply(e, scans)
				apply(e, results)
				runtime.GC()
				b.StartTimer()
				apply(e, again)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchPeople, "ns/scan")
		})
	}
}
