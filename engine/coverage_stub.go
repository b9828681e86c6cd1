package engine

type coverage struct{ hash uint64 }

func newCoverage(Allocator) *coverage { return &coverage{} }

func (e *Engine) cover(who PersonOrdinal, tube, test uint32, f TestFacts) {}
func (e *Engine) recount(who PersonOrdinal, r RoundID)                    {}
func (e *Engine) excuse(who PersonOrdinal, r RoundID, reason uint32, at Seconds) Outcome {
	x := note{at: at, arg: reason, kind: excuseKind(r)}
	if e.notes.has(who, x) {
		return Duplicate
	}
	e.notes.add(who, x)
	return Accepted
}
func (e *Engine) moving(who PersonOrdinal, change func())      { change() }
func (e *Engine) movingAll(all []PersonOrdinal, change func()) { change() }
func (e *Engine) replan(moves bool, change func())             { change() }
func (e *Engine) coverAt(received Seconds)                     {}

type coverageScalars struct{}

func (c *coverage) columns() []pager             { return nil }
func (c *coverage) scalars() (s coverageScalars) { return s }
func (c *coverage) load(coverageScalars) error   { return nil }
