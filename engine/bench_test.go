package engine

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// goPages is the allocator of tests.
type goPages struct{}

func (goPages) Page() []byte { return make([]byte, PageBytes) }
func (goPages) Free([]byte)  {}

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

const benchPeople = 4 << 20

// BenchmarkApply is a first day of new people, then days of known ones, in site order
// and in random order: what the writer's goroutine costs a scan.
func BenchmarkApply(b *testing.B) {
	for _, order := range []string{"site", "random"} {
		b.Run("new/"+order, func(b *testing.B) { benchDays(b, order, 0) })
		b.Run("known/"+order, func(b *testing.B) { benchDays(b, order, 1) })
	}
}

func benchDays(b *testing.B, order string, warm int) {
	e := New(DefaultConfig(), goPages{})
	perm := rand.New(rand.NewPCG(1, 2)).Perm(benchPeople)
	person := func(i int) uint64 {
		i %= benchPeople
		if order == "random" {
			i = perm[i]
		}
		return 99010119900000000 + uint64(i)
	}
	var batch Batch
	var out Changes
	pos := Position(0)
	next := 0
	step := func(scans int) {
		for done := 0; done < scans; done += 1000 {
			pos++
			dayBatch(&batch, next, 1000, person, 700000000)
			next += 1000
			b.StartTimer()
			e.Apply(pos, []*Batch{&batch}, &out)
			b.StopTimer()
		}
	}
	b.StopTimer()
	for range warm {
		n := next
		step(benchPeople)
		for i := n / 10; i < next/10; i += 1000 {
			pos++
			resultBatch(&batch, i, min(1000, next/10-i), 700040000)
			e.Apply(pos, []*Batch{&batch}, &out)
		}
		b.ResetTimer()
	}
	step(b.N)
	b.ReportMetric(0, "B/op")
	if next > benchPeople {
		var sum uint64
		for _, p := range e.Bytes() {
			sum += p.Bytes
		}
		b.ReportMetric(float64(sum)/float64(next), "B/scan-all")
	}
}

// BenchmarkApplyResults is what a negative pool costs each of its members.
func BenchmarkApplyResults(b *testing.B) {
	e := New(DefaultConfig(), goPages{})
	var batch Batch
	var out Changes
	pos := Position(0)
	tubes := 0
	b.StopTimer()
	for done := 0; done < b.N; done += 10000 {
		for range 10 {
			pos++
			dayBatch(&batch, tubes*10, 1000, func(i int) uint64 { return 99010119900000000 + uint64(i) }, 700000000)
			e.Apply(pos, []*Batch{&batch}, &out)
			tubes += 100
		}
		pos++
		resultBatch(&batch, tubes-1000, 1000, 700040000)
		b.StartTimer()
		e.Apply(pos, []*Batch{&batch}, &out)
		b.StopTimer()
	}
}
