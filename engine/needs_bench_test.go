package engine

import "testing"

// BenchmarkNeeds is what it costs the gatherer, a scan of a known person in a new tube, that
// something has gone cold: nothing is fetched.
func BenchmarkNeeds(b *testing.B) {
	e, _ := coldWeek(b, 6)
	batch := &Batch{}
	at := Seconds(700000000/secondsPerDay+6) * secondsPerDay
	dayBatch(batch, 6*20_000, 20_000, func(i int) uint64 { return 99010119900000000 + uint64(i%20_000) }, at+3600)
	e.FindResidents(batch.Person)
	group := []*Batch{batch}
	for b.Loop() {
		e.Needs(group, inTurn)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/20_000, "ns/scan")
}
