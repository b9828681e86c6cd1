package engine

import (
	"fmt"
	"testing"
)

// BenchmarkPutAreas is what an area costs to put while ten rounds stand: a city of 100,000
// areas in five levels, put from the top down, every child in its district's order or not.
func BenchmarkPutAreas(b *testing.B) {
	const areas, rounds, batch = 100_000, 10, 10_000
	code := func(i int) string { return fmt.Sprintf("99%06d", (i*40_503)%1_000_003) }
	for _, shape := range []string{"tree", "flat"} {
		b.Run(shape, func(b *testing.B) {
			for b.Loop() {
				c := newCoverTown(b)
				for r := range rounds {
					c.round(fmt.Sprint("r", r), 0, code(r))
				}
				fill := &Batch{Roles: RoleAll, Contexts: make([]Context, 1)}
				for i := range areas {
					item := AppendField(nil, FieldKey, []byte(code(i)))
					if shape == "tree" && i > 0 {
						item = AppendField(item, FieldParent, []byte(code((i-1)/20)))
					}
					fill.Add(KindArea, 0, NoTube, 0, 0, 0, 0, fill.Put(item))
					if fill.Len() == batch {
						c.apply(fill)
						fill.Reset()
						fill.Contexts = append(fill.Contexts, Context{})
					}
				}
			}
			b.ReportMetric(float64(areas)*float64(b.N)/b.Elapsed().Seconds(), "areas/s")
		})
	}
}
