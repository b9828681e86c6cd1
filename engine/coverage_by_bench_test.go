package engine

import "testing"

// BenchmarkCoverBy is what a question by circle, group or site costs.
func BenchmarkCoverBy(b *testing.B) {
	const people = 1 << 20
	c := benchTown(b, people)
	ask := func(name, area string, by By, per int) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				c.CoverageBy("r1", area, by, func(*CoverageByView) bool { return true })
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(per), "ns/person")
		})
	}
	ask("circle", "", ByCircle, people)
	ask("group", "", ByGroup, people)
	ask("site", "", BySite, people)
	ask("circle of a community", "c000100", ByCircle, 2560)
	ask("site of a community", "c000100", BySite, 2560)
	c.clock += 10
	c.round("r1", c.clock-5)
	ask("circle, closed", "", ByCircle, people)
}
